#!/bin/bash
# golden_update: rewrites a scenario's goldens in the source tree. Run it through
# `bazel run`. It refuses while an expectation fails: a golden is no way round.
set -euo pipefail
source tools/golden_lib.sh
: "${BUILD_WORKSPACE_DIRECTORY:?run this with: ${update}}"

new="$(mktemp -d)"
trap 'rm -rf "${new}"' EXIT
for kind in trace table; do
  if ! produce "${kind}" >"${new}/${kind}"; then
    tail -n 40 "${new}/${kind}" >&2
    echo "nothing written: iovalab ${commands[${kind}]}: failed" >&2
    exit 1
  fi
done
for kind in trace table; do
  target="${BUILD_WORKSPACE_DIRECTORY}/${golden}.${kind}"
  if cmp -s "${new}/${kind}" "${target}"; then
    echo "same: ${golden}.${kind}"
  else
    cp "${new}/${kind}" "${target}"
    echo "written: ${golden}.${kind}"
  fi
done
