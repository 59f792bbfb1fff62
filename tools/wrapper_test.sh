#!/bin/bash
# The `iovalab` script: when it builds, what it shows, where it may be called
# from. Scripts stand in for Bazel and for tools/setup.
set -euo pipefail
wrapper="$(readlink -f iovalab)"
workspace_dir="$(readlink -f tools/workspace_dir)"
export HOME="${TEST_TMPDIR}/home" LOG="${TEST_TMPDIR}/builds"
export TMPDIR="${TEST_TMPDIR}/tmp"
unset XDG_CACHE_HOME
mkdir -p "${TEST_TMPDIR}/bin" "${HOME}" "${TMPDIR}"
export PATH="${TEST_TMPDIR}/bin:${PATH}"
fail() { echo "FAILED: $*"; exit 1; }

cat >"${TEST_TMPDIR}/bin/bazel" <<'SCRIPT'
#!/bin/bash
[[ "$PWD" != *" "* ]] || { echo "blanks"; exit 1; }
[[ ! -e broken ]] || { echo "noise of the compiler"; exit 1; }
cat >/dev/null  # must not eat the command's input
sleep 0.2
echo "noise"
mkdir -p out/cli
ln -sfn out bazel-bin
echo built >>"${LOG}"
printf '#!/bin/bash\necho "$PWD|$*"\ncat\nexit 1\n' >out/cli/new
chmod +x out/cli/new
mv out/cli/new out/cli/iovalab
SCRIPT
chmod +x "${TEST_TMPDIR}/bin/bazel"

tree() {  # path: makes a project there
  mkdir -p "$1/cli" "$1/tools" "$1/scenarios"
  cp "${wrapper}" "$1/iovalab"
  cp "${workspace_dir}" "$1/tools/workspace_dir"
  printf '#!/bin/bash\n' >"$1/tools/setup"
  chmod +x "$1/tools/setup"
  touch "$1/cli/main.cc" "$1/WORKSPACE"
  : >"${LOG}"
}
builds() {
  local n
  n="$(wc -l <"${LOG}")"
  [[ "${n}" == "$1" ]] || fail "$2: ${n} builds, not $1"
}
call() { status=0; out="$(echo input | "$@" 2>"${TEST_TMPDIR}/err")" || status=$?; }

for where in "${TEST_TMPDIR}/plain" "${TEST_TMPDIR}/with blank"; do
  tree "${where}"
  cd "${TEST_TMPDIR}"
  call "${where}/iovalab" run "a b" --x
  [[ "${status}" == 1 ]] || fail "exit status ${status}, not the program's"
  [[ "${out}" == "${TEST_TMPDIR}|run a b --x"$'\n'input ]] || fail "wrong output: ${out}"
  grep -q building "${TEST_TMPDIR}/err" || fail "does not say that it builds"
  grep -q noise "${TEST_TMPDIR}/err" && fail "shows noise"
  builds 1 "first use"
  call "${where}/iovalab"
  [[ ! -s "${TEST_TMPDIR}/err" ]] || fail "says something on second use"
  builds 1 "second use"

  ln -sfn "${where}/iovalab" "${TEST_TMPDIR}/link"
  (cd / && call "${TEST_TMPDIR}/link" && [[ "${out}" == "/|"* ]]) || fail "through a link"
  builds 1 "through a link"

  sleep 0.01 && touch "${where}/cli/main.cc"
  call "${where}/iovalab"
  builds 2 "after a change"
  sleep 0.01 && touch "${where}/scenarios/new.textproto"
  call "${where}/iovalab"
  builds 2 "after a new scenario"
  rm "${where}/cli/main.cc"
  call "${where}/iovalab"
  builds 3 "after a removal"
  : >"$(readlink -f "$("${where}/tools/workspace_dir")/bazel-bin/cli/iovalab")"
  call "${where}/iovalab"
  builds 4 "after another configuration's build"
done

cd "${TEST_TMPDIR}"
tree fails
touch fails/broken
call fails/iovalab
[[ "${status}" == 2 ]] || fail "a failed build exits with ${status}"
grep -q "noise of the compiler" err || fail "hides why the build failed"

tree crowd
for i in {1..8}; do (echo | crowd/iovalab >/dev/null 2>&1 || true) & done
wait
builds 1 "eight first uses at once"

if [[ ${EUID} -ne 0 ]]; then
  touch crowd/cli/later.cc && chmod -w crowd
  call crowd/iovalab
  builds 1 "without write access"
  [[ "${status}" == 1 ]] || fail "without write access: exit status ${status}"
  chmod +w crowd
fi
[[ -z "$(ls -A "${TMPDIR}")" ]] || fail "leaves files behind: $(ls -A "${TMPDIR}")"
echo ok
