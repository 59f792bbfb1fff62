#!/bin/bash
# Each of tools/checks fails on what it is there to find, and on nothing else.
set -euo pipefail
checks="$(readlink -f tools/checks)"
style="$(readlink -f .clang-format)"
fail() { echo "FAILED: $*"; cat log; exit 1; }

fresh() {  # an empty tree that passes
  rm -rf "${TEST_TMPDIR}/tree"
  mkdir -p "${TEST_TMPDIR}/tree/tools"
  cd "${TEST_TMPDIR}/tree"
  cp "${checks}" tools/checks
  cp "${style}" .clang-format
}
file() { mkdir -p "$(dirname "$1")" && printf '%b' "$2" >"$1"; }
guarded() { echo "#ifndef $1\\n#define $1\\n\\n$2\\n\\n#endif  // $1\\n"; }
# As without a network: BUILD files are looked at where buildifier can be had.
mkdir -p "${TEST_TMPDIR}/bin"
printf '#!/bin/bash\necho "npm error no network" >&2\nexit 1\n' >"${TEST_TMPDIR}/bin/npm"
chmod +x "${TEST_TMPDIR}/bin/npm"
run() {
  PATH="${TEST_TMPDIR}/bin:/usr/bin:/bin" XDG_CACHE_HOME="${PWD}/none" python3 tools/checks >log 2>&1
}
finds() {  # check, words of the line about it
  run && fail "'$1' finds nothing wrong"
  grep -q "^FAILED: $1" log || fail "'$1' does not fail"
  grep -qF -- "$2" log || fail "'$1' does not say: $2"
  [[ "$(grep -c ^FAILED: log)" == 1 ]] || fail "more than '$1' fails"
}

fresh
file model/vmm/a.h "$(guarded IOVALAB_MODEL_VMM_A_H_ '#include "model/host/b.h"')"
file sim/s.cc '#include "sim/s.h"\n\n#include "util/u.h"\n\n// Not std::string_view.\n'
file testdata/t.cc "int   unformatted; /ho""me/someone/x\\n"
run || fail "a good tree fails"
grep -q "^skipped: buildifier: npm cannot .*no network" log || fail "buildifier is skipped in silence"

fresh
file cli/a.cc 'int   a;\n'
finds clang-format cli/a.cc
python3 tools/checks --fix >log 2>&1 || true
run || fail "--fix does not format"

fresh
file sim/long.cc "$(printf '// x\\n%.0s' {1..401})"
finds "length of files" "sim/long.cc: 401 lines; at most 400"

fresh
file sim/a.h "$(guarded SIM_A_H_ 'extern int a;')"
finds "header guards" IOVALAB_SIM_A_H_

for bad in 'std::string_view a;' '#include <iostream>' '#include <unordered_map>' \
  '// TO''DO: later' '// see /ho''me/someone/notes'; do
  fresh
  file lab/a.cc "${bad}\\n"
  finds "forbidden words" lab/a.cc:1
done

fresh
file model/event/rules.cc '// {Rule::kUsed, {Rule::kUnused,\n'
file model/vmm/a.cc 'int a = Rule::kUsed;\n'
finds "rules cited" "model/event/rules.cc: nothing cites Rule::kUnused"

while read -r from to; do
  fresh
  file "${from}" "#include \"${to}\"\\n"
  finds "direction of includes" "${from}:1: "
done <<'PAIRS'
sim/a.cc model/addr/range.h
model/addr/a.cc model/event/trace.h
model/vmm/a.cc model/guest/driver.h
model/device/a.cc model/kernel/b.h
model/oracle/a.cc model/machine.h
model/vmm/a.cc lab/run.h
model/unknown/a.cc model/addr/range.h
lab/a.cc cli/args.h
util/a.cc sim/check.h
model/vmm/a.cc scenarios/scenario.pb.h
PAIRS
echo ok
