#!/bin/bash
# smoke_test BENCHMARK: runs a benchmark program at a tiny size, to see that it
# works; times are not looked at.
set -euo pipefail
exec "$1" --benchmark_min_time=0.001
