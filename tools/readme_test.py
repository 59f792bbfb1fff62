#!/usr/bin/env python3
"""Runs what README.md shows, and compares.

    readme_test.py README PROGRAM [--update]

A line "    $ ./iovalab ..." of README is run with PROGRAM, and the indented lines
below it, up to the next unindented one, are what it must print. The scenario
that README shows must run as expected. --update writes the outputs instead.
"""

import pathlib
import subprocess
import sys
import tempfile

INDENT = "    "
PROMPT = INDENT + "$ ./iovalab "


def run(program, words):
    done = subprocess.run([program, "--color=never", "--quiet", *words],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.stdout, done.returncode


def indented(text):
    return [(INDENT + line).rstrip() for line in text.splitlines()]


def renew(lines, program):
    """The lines of README with every output as it is now."""
    out, commands, i = [], 0, 0
    while i < len(lines):
        line = lines[i]
        out.append(line)
        i += 1
        if not line.startswith(PROMPT):
            continue
        commands += 1
        end = i
        while end < len(lines) and (lines[end].startswith(INDENT) or not lines[end]
                                    or lines[end].startswith("@")):
            if lines[end].startswith(INDENT + "$"):
                break
            end += 1
        text, status = run(program, line[len(PROMPT):].split())
        if status != 0:
            sys.exit(f"README.md: {line.strip()}: exit status {status}\n{text}")
        out += indented(text) + [""]
        i = end
    return out, commands


def scenario_of(lines):
    begin = lines.index(INDENT + "# proto-file: scenarios/scenario.proto")
    end = begin
    while lines[end].startswith(INDENT):
        end += 1
    return "\n".join(line[len(INDENT):] for line in lines[begin:end]) + "\n"


def main():
    readme, program = pathlib.Path(sys.argv[1]), sys.argv[2]
    lines = readme.read_text().splitlines()
    now, commands = renew(lines, program)
    if "--update" in sys.argv[3:]:
        readme.write_text("\n".join(now) + "\n")
        return
    failed = commands < 2
    if failed:
        print("README.md shows fewer than two commands")
    for number, (was, is_now) in enumerate(zip(lines, now), 1):
        if was != is_now:
            print(f"README.md:{number}: says\n  {was}\nnow it is\n  {is_now}")
            failed = True
            break
    failed = failed or len(lines) != len(now)
    with tempfile.NamedTemporaryFile("w", suffix=".textproto") as scenario:
        scenario.write(scenario_of(lines))
        scenario.flush()
        text, status = run(program, ["compare", scenario.name])
        if status != 0:
            print(f"README.md's scenario: exit status {status}\n{text}")
            failed = True
    if failed:
        sys.exit("to renew the outputs: tools/readme_test.py README.md bazel-bin/cli/iovalab --update")


if __name__ == "__main__":
    main()
