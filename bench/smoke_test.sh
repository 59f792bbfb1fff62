#!/bin/bash
# smoke_test BENCHMARK [ARGUMENT]...: runs a benchmark program at a tiny size, to
# see that it works and that its rows are JSON; times are not looked at.
set -euo pipefail
rows="$TEST_TMPDIR/rows.json"
"$1" --smoke --rows="$rows" "${@:2}"
python3 - "$rows" <<'PYTHON'
import json
import sys

rows = [json.loads(line) for line in open(sys.argv[1])]
assert rows, "no rows"
for row in rows:
    # Differences of times this short may come out below zero.
    assert isinstance(row["ours"], (int, float)), row
    assert row["peers"], row
    assert all(isinstance(p["time"], (int, float)) for p in row["peers"]), row
PYTHON
