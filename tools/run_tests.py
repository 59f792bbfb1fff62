#!/usr/bin/env python3
"""Runs Bazel's tests and the repository's own checks, and counts.

Not for direct use: tools/test installs what is missing first.

A check is a program that prints a line "ok: NAME", "FAILED: NAME: WHY" or
"skipped: NAME: WHY" for each thing it looked at; indented lines are details.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

CHECKS = ["tools/checks", "tools/asan", "tools/determinism", "tools/capture/capture_test"]


class Count:
    def __init__(self):
        self.passed = []
        self.failed = []
        self.skipped = []


def read_events(path):
    """Yields what Bazel reported, up to where it stopped."""
    for line in path.read_text(errors="replace").splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            return  # Bazel was killed while writing it


def count_bazel_events(events, status, count):
    """`status` is Bazel's own: 0, or why not (3: tests failed)."""
    results = {}  # test: whether it passed
    for event in events:
        ident = event["id"]
        if "testSummary" in ident:
            summary = event.get("testSummary", {})
            results[ident["testSummary"]["label"]] = (
                summary.get("overallStatus") in ("PASSED", "FLAKY"))
        elif "targetCompleted" in ident:
            label = ident["targetCompleted"]["label"]
            if not event.get("completed", {}).get("success", False):
                results[label] = False
        elif "aborted" in event and "pattern" not in ident:
            label = next(iter(ident.values()), {}).get("label")
            if label:
                results[label] = False
    for label, passed in sorted(results.items()):
        (count.passed if passed else count.failed).append(label)
    # Broken BUILD files, no tests at all, a crash: no target says so.
    if status != 0 and all(results.values()):
        count.failed.append(f"bazel test (exit status {status})")
    if not results:
        count.failed.append("bazel test (it ran no test)")


def run_bazel(count, arguments):
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "events.json"
        status = subprocess.run(
            ["bazel", "test", "--keep_going", f"--build_event_json_file={report}",
             *(arguments or ["//..."])], check=False).returncode
        count_bazel_events(read_events(report) if report.exists() else [], status, count)


def count_check_line(line, count):
    word, _, rest = line.partition(": ")
    if word == "ok":
        count.passed.append(rest)
    elif word == "FAILED":
        count.failed.append(rest)
    elif word == "skipped":
        count.skipped.append(rest)


def run_check(check, count):
    print(f"\n{check}", flush=True)
    failed_before = len(count.failed)
    with subprocess.Popen([check], stdout=subprocess.PIPE, text=True, errors="replace") as process:
        for line in process.stdout:
            print(line, end="", flush=True)
            count_check_line(line.rstrip("\n"), count)
    if process.returncode != 0 and len(count.failed) == failed_before:
        count.failed.append(f"{check} (exit status {process.returncode})")


def main():
    count = Count()
    try:
        run_bazel(count, sys.argv[1:])
        for check in CHECKS:
            run_check(check, count)
    except OSError as error:
        count.failed.append(str(error))
    print()
    for name in count.skipped:
        print(f"skipped: {name}")
    for name in count.failed:
        print(f"FAILED: {name}")
    print(f"{len(count.passed)} passed, {len(count.failed)} failed")
    return 1 if count.failed else 0


if __name__ == "__main__":
    sys.exit(main())
