#!/bin/bash
# golden_test: runs a scenario and compares what it prints with its goldens.
set -euo pipefail
source tools/golden_lib.sh

failed=0
for kind in trace table; do
  status=0
  produce "${kind}" >"${TEST_TMPDIR}/${kind}" 2>"${TEST_TMPDIR}/stderr" || status=$?
  if ((status != 0)); then
    echo "FAILED: iovalab ${commands[${kind}]}: exit status ${status} (1: an expectation failed)"
    cat "${TEST_TMPDIR}/stderr"
    ((status == 2)) || tail -n 40 "${TEST_TMPDIR}/${kind}"
    failed=1
  fi
  if [[ ! -e "${golden}.${kind}" ]]; then
    echo "FAILED: no golden ${golden}.${kind}; to write it: ${update}"
    failed=1
  elif ((status != 2)) && ! diff -u --label "${golden}.${kind} (golden)" --label "now" \
    "${golden}.${kind}" "${TEST_TMPDIR}/${kind}" >"${TEST_TMPDIR}/diff"; then
    echo "FAILED: the ${kind} changed:"
    head -n 200 "${TEST_TMPDIR}/diff"
    echo "If the change is right: ${update}"
    failed=1
  fi
done
exit "${failed}"
