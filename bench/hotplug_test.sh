#!/usr/bin/env bash
# A scenario under its base policies: it completes and meets its expectations.
#
#   run_test.sh IOVALAB SCENARIO

set -euo pipefail

iovalab="$1"
scenario="$2"
out="${TEST_TMPDIR:?}/out"

if ! "${iovalab}" --quiet run --format=json "${scenario}" >"${out}"; then
  tail -n 20 "${out}" >&2
  echo "${scenario} did not run as expected" >&2
  exit 1
fi
grep -q COMPLETED "${out}"
grep -q SAFE "${out}"
