#!/bin/bash
# run_tests.py counts what Bazel and the checks report, and never says that all
# is well when something went wrong. A script stands in for Bazel.
set -euo pipefail
runner="$(readlink -f tools/run_tests.py)"
asan="$(readlink -f tools/asan)"
cd "${TEST_TMPDIR}"
mkdir -p bin tools/capture
export PATH="${PWD}/bin:${PATH}"
fail() { echo "FAILED: $*"; cat log; exit 1; }

bazel() {  # exit status, lines of its report
  printf '%s\n' "${@:2}" >events
  cat >bin/bazel <<SCRIPT
#!/bin/bash
for word in "\$@"; do
  [[ "\${word}" == --build_event_json_file=* ]] && cp ${PWD}/events "\${word#*=}"
done
exit $1
SCRIPT
  chmod +x bin/bazel
}
check() {  # name, exit status, output
  printf '#!/bin/bash\nprintf "%%b" "%s"\nexit %s\n' "$3" "$2" >"tools/$1"
  chmod +x "tools/$1"
}
summary() { echo '{"id":{"testSummary":{"label":"'"$1"'"}},"testSummary":{"overallStatus":"'"$2"'"}}'; }
target() { echo '{"id":{"targetCompleted":{"label":"'"$1"'"}},"completed":{'"$2"'}}'; }
expect() {  # exit status, last line
  status=0
  python3 "${runner}" >log 2>&1 || status=$?
  [[ "${status}" == "$1" ]] || fail "exit status ${status}, not $1"
  [[ "$(tail -n 1 log)" == "$2" ]] || fail "the last line is not: $2"
}

check checks 0 "ok: one\n    detail\nskipped: two: no npm\n"
check asan 0 ""
check determinism 0 "ok: three\n"
check capture/capture_test 0 ""
bazel 0 "$(target //a:lib '"success":true')" "$(target //a:t '"success":true')" "$(summary //a:t PASSED)"
# A library that builds is no test.
expect 0 "3 passed, 0 failed"
bazel 3 "$(summary //a:t PASSED)" "$(summary //a:u FAILED)" "$(summary //a:v TIMEOUT)"
expect 1 "3 passed, 2 failed"
bazel 1 "$(summary //a:t PASSED)" "$(target //a:lib '')"  # does not build
expect 1 "3 passed, 1 failed"
bazel 1 "$(summary //a:t PASSED)"  # a broken BUILD file
expect 1 "3 passed, 1 failed"
bazel 37 '{"id":{"testSumm'  # it crashed
expect 1 "2 passed, 2 failed"
rm bin/bazel && ln -s /bin/true bin/bazel  # it reported nothing
expect 1 "2 passed, 1 failed"

rm bin/bazel
bazel 0 "$(summary //a:t PASSED)"
check checks 1 "ok: one\nFAILED: two: because\n"
expect 1 "3 passed, 1 failed"
check checks 1 ""  # it died
expect 1 "2 passed, 1 failed"
rm tools/checks
expect 1 "1 passed, 1 failed"

# tools/asan, with the same stand-in: its lines are about tests alone.
expect_asan() {  # exit status, line
  status=0
  python3 "${asan}" >log 2>/dev/null || status=$?
  [[ "${status}" == "$1" ]] || fail "asan: exit status ${status}, not $1"
  grep -qxF "$2" log || fail "asan: no line: $2"
}
touch WORKSPACE
random=//model/iommu:page_table_random_test
bazel 0 "$(summary "${random}" PASSED)"
echo 'echo noise' >>bin/bazel
sed -i '/^exit/d' bin/bazel  # or it would not get there
expect_asan 0 "ok: asan: ${random}"
[[ "$(wc -l <log)" == 1 ]] || fail "asan: Bazel's lines are among ours"
bazel 3 "$(summary "${random}" FAILED)"
expect_asan 1 "FAILED: asan: ${random}"
bazel 0 "$(summary //a:t PASSED)"
expect_asan 1 "FAILED: asan: ${random} is not among the tests"
echo ok
