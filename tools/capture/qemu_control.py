"""Talking to a running QEMU: its monitor (QMP) and its qtest socket.

For tools/capture/capture. Every wait has an end: a QEMU that does not answer
is gone.
"""

import json
import re
import socket

ANSWER_SECONDS = 30


class Gone(Exception):
    """QEMU ended, or does not answer."""


def socket_pair():
    """(ours, QEMU's): no path, so nothing to be left behind."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    ours.settimeout(ANSWER_SECONDS)
    return ours, theirs


class Lines:
    def __init__(self, connection):
        self.connection = connection
        self.partial = b""

    def send(self, text):
        try:
            self.connection.sendall(text.encode() + b"\n")
        except OSError as error:
            raise Gone(f"it takes no command ({error})") from error

    def receive(self):
        while b"\n" not in self.partial:
            try:
                more = self.connection.recv(1 << 16)
            except OSError as error:
                raise Gone(f"no answer ({error})") from error
            if not more:
                raise Gone
            self.partial += more
        line, self.partial = self.partial.split(b"\n", 1)
        return line.decode(errors="replace")


class Monitor:
    def __init__(self, connection):
        self.lines = Lines(connection)
        self.lines.receive()  # its greeting
        self.execute("qmp_capabilities")

    def execute(self, command, **arguments):
        self.lines.send(json.dumps({"execute": command, "arguments": arguments}))
        while True:
            answer = json.loads(self.lines.receive())
            if "event" in answer:
                continue
            if "error" in answer:
                raise Gone(f"{command}: {answer['error'].get('desc', '')}")
            return answer["return"]

    def human(self, line):
        """A command of the human monitor; what it prints."""
        text = self.execute("human-monitor-command", **{"command-line": line})
        return text.replace("\r\n", "\n").rstrip("\n") + "\n"


class Qtest:
    """Memory of the guest, byte for byte, as the CPU would access it."""

    def __init__(self, connection):
        self.lines = Lines(connection)

    def ask(self, line):
        self.lines.send(line)
        while True:
            words = self.lines.receive().split()
            if words and words[0] != "IRQ":
                break
        if words[0] != "OK":
            raise Gone(f"qtest {line}: {' '.join(words)}")
        return int(words[1], 16) if len(words) > 1 else None

    def read(self, size, address):
        return self.ask(f"read{size} {address:#x}")

    def write_byte(self, address, value):
        self.ask(f"writeb {address:#x} {value:#x}")


SECTION = re.compile(r"^  ([0-9a-f]{16})-([0-9a-f]{16}) \(prio -?\d+, ([^)]*)\): (.*)$")


def system_view(mtree):
    """Of `info mtree -f`: (first, last, type, name) of the system's sections."""
    for view in mtree.split("FlatView #"):
        if ' AS "memory"' not in view:
            continue
        for line in view.splitlines():
            if match := SECTION.match(line):
                yield int(match[1], 16), int(match[2], 16), match[3], match[4]


def dump(monitor, path):
    """The memory map, in the form of a session of the human monitor."""
    mtree = monitor.human("info mtree -f")
    text = f"(qemu) info mtree -f\n{mtree}"
    commands = ["info ramblock"]
    # QEMU 7.2's info ramblock does not say host addresses.
    commands += [f"gpa2hva {first:#x}" for first, _, kind, _ in system_view(mtree)
                 if kind in ("ram", "rom", "nv-ram")]
    for command in commands:
        text += f"(qemu) {command}\n{monitor.human(command)}"
    path.write_text(text)
