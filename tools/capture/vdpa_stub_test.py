#!/usr/bin/env python3
"""The stub device, asked by a Python program in QEMU's place."""

import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent

# Run under the stub. Ioctl numbers: linux/vhost.h, of type 0xaf.
CLIENT = r"""
import errno, fcntl, os, struct, sys

READ, WRITE = 2, 1
def ask(fd, number, form, data=b"", direction=READ):
    size = struct.calcsize(form)
    buffer = bytearray(data or bytes(size))
    fcntl.ioctl(fd, direction << 30 | size << 16 | 0xaf << 8 | number, buffer)
    return struct.unpack(form, buffer)

fd = os.open("/dev/vhost-vdpa-3", os.O_RDWR)
other = os.open("/dev/vhost-vdpa-4", os.O_RDWR)
assert fd != other
assert ask(fd, 0x00, "<Q") == (1 << 32 | 1 << 33 | 1 << 15 | 1 << 16 | 1 << 5 | 1 << 3,)
assert ask(fd, 0x70, "<I") == (1,)                                   # device id: net
assert ask(fd, 0x78, "<QQ") == (0, 0xffffffffffff)                   # IOVA range
assert ask(fd, 0x72, "<B", b"\x0b", WRITE) == (0x0b,)                # status
assert ask(fd, 0x71, "<B") == (0x0b,)
assert ask(other, 0x71, "<B") == (0,)                                # each has its own
try:
    ask(fd, 0x7f, "<Q")
    raise AssertionError("an ioctl that nobody knows")
except OSError as error:
    assert error.errno == errno.ENOTTY

def message(kind, asid, iova, size, uaddr, perm):
    head = struct.pack("<II", 2, asid)  # VHOST_IOTLB_MSG_V2
    return (head + struct.pack("<QQQBB", iova, size, uaddr, perm, kind)).ljust(72, b"\0")

assert os.write(fd, message(5, 0, 0, 0, 0, 0)) == 72
assert os.write(fd, message(2, 1, 0x1000, 0x2000, 0x7f0000000000, 3)) == 72
assert os.write(fd, message(3, 0, 0x1000, 0x2000, 0, 0)) == 72
try:
    os.write(fd, b"short")
    raise AssertionError("a message that is none")
except OSError as error:
    assert error.errno == errno.EINVAL
os.close(fd)
reused = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o600)  # a file like any other
assert reused == fd
assert os.write(reused, b"text") == 4
assert os.fstat(reused).st_size == 4
"""

LOG = """\
open /dev/vhost-vdpa-3
open /dev/vhost-vdpa-4
ioctl SET_STATUS 0xb
ioctl 0x8008af7f: ENOTTY
iotlb BATCH_BEGIN asid=0 iova=0x0 size=0x0 uaddr=0x0 perm=0
iotlb UPDATE asid=1 iova=0x1000 size=0x2000 uaddr=0x7f0000000000 perm=3
iotlb INVALIDATE asid=0 iova=0x1000 size=0x2000 uaddr=0x0 perm=0
"""


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        subprocess.run(["cc", "-Wall", "-Wextra", "-Werror", "-O1", "-U_FORTIFY_SOURCE", "-shared",
                        "-fPIC", "-o", folder / "stub.so", HERE / "vdpa_stub.c"], check=True)
        subprocess.run(
            [sys.executable, "-c", CLIENT, folder / "file"], check=True,
            env={**os.environ, "LD_PRELOAD": str(folder / "stub.so"),
                 "IOVALAB_VDPA_LOG": str(folder / "log")})
        text = (folder / "log").read_text()
        if text != LOG:
            sys.exit(f"the log is\n{text}not\n{LOG}")


if __name__ == "__main__":
    main()
