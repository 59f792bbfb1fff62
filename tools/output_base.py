"""Where Bazel keeps a build whose options differ from the usual build's.

Not for the usual build, which has Bazel's own place. An output base of its own
stays warm: changing options to and fro in one would analyse all anew, and write
over the usual build's outputs.
"""

import hashlib
import os
import pathlib

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")


def output_base(name):
    """Of the build `name` of the tree in the current directory."""
    return CACHE / "iovalab" / f"{name}-{hashlib.sha256(os.getcwd().encode()).hexdigest()[:16]}"
