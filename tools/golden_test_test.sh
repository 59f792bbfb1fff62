#!/bin/bash
# Tests golden_test.sh and golden_update.sh on a program that stands in for
# iovalab.
set -euo pipefail
tools="${PWD}/tools"
cd "${TEST_TMPDIR}"
ln -sfn "${tools}" tools
mkdir -p pkg source/pkg
export BUILD_WORKSPACE_DIRECTORY="${TEST_TMPDIR}/source"

fail() { echo "FAILED: $*"; exit 1; }
program() {  # body: what it prints for `run`, for `compare`, and its exit status
  printf '#!/bin/bash\n[[ "$1 $2" == "--color=never --quiet" ]] || exit 2\n[[ "$3" == run ]] && { [[ "$5" == --trace=- ]] && echo "%s"; } || echo "%s"\nexit %s\n' "$@" >program
  chmod +x program
}
run_test() { tools/golden_test.sh ./program s.textproto pkg one >log 2>&1; }
run_update() { tools/golden_update.sh ./program s.textproto pkg one >log 2>&1; }
says() { grep -qF -- "$1" log || { cat log; fail "no line says: $1"; }; }

program T1 C1 0
run_test && fail "passes without goldens"
says "no golden pkg/one.trace; to write it: bazel run //pkg:one.update"
run_update || fail "cannot update"
says "written: pkg/one.trace"
[[ "$(<source/pkg/one.trace) $(<source/pkg/one.table)" == "T1 C1" ]] || fail "wrong goldens"
run_update && says "same: pkg/one.table"
cp source/pkg/one.* pkg/
run_test || { cat log; fail "does not pass on its goldens"; }

program T2 C1 0
run_test && fail "passes on another trace"
says "-T1"
says "+T2"
says "If the change is right: bazel run //pkg:one.update"

program T1 C2 0
run_test && fail "passes on another table"
says "the table changed"

program T1 C1 1
run_test && fail "passes though an expectation failed"
says "iovalab run s.textproto --trace=-: exit status 1"
run_update && fail "updates though an expectation failed"

program T3 C3 2
run_update && fail "updates in trouble"
[[ "$(<source/pkg/one.trace)" == T1 ]] || fail "wrote a golden in trouble"
echo ok
