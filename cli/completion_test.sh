#!/bin/bash
# Tests the completion scripts: bash's by asking it as Readline would, the
# others' syntax where their shells are installed.
set -euo pipefail
iovalab="${PWD}/$1"
cd "${TEST_TMPDIR}"
mkdir -p sub
touch one.textproto two.textproto note.txt sub/three.textproto

fail() { echo "FAILED: $*"; exit 1; }

source <("${iovalab}" completion bash)
[[ "$(complete -p iovalab)" == "complete -F _iovalab iovalab" ]] || fail "not registered"

# What is offered for the last of these words, as Readline splits them.
offers() {
  COMP_WORDS=("$@")
  COMP_CWORD=$(($# - 1))
  COMPREPLY=()
  _iovalab iovalab "${@: -1}" ""
  printf '%s\n' "${COMPREPLY[@]}" | sort | tr '\n' ' '
}

# expect WHAT WORD…: what is offered is WHAT, sorted.
expect() {
  local want="$1" got
  shift
  got="$(offers "$@")"
  [[ "${got% }" == "${want}" ]] || fail "$*: offered '${got% }', wanted '${want}'"
}

# has WHAT WORD…: WHAT is among what is offered.
has() {
  local want="$1"
  shift
  [[ " $(offers "$@")" == *" ${want} "* ]] || fail "$*: no '${want}' in '$(offers "$@")'"
}

expect "check" iovalab che
has "run" iovalab ""
has "completion" iovalab --quiet ""
expect "--quiet" iovalab --q
expect "always auto" iovalab --color = a
has "run" iovalab --color always ""
expect "--trace" iovalab run --tr
has "--jobs" iovalab check --
has "--color" iovalab check --
expect "one.textproto sub two.textproto" iovalab run ""
expect "one.textproto" iovalab check --update two.textproto o
expect "sub/three.textproto" iovalab fmt sub/
expect "note.txt" iovalab diff n
expect "mapping=" iovalab run --set map
expect "gpa" iovalab run --set mapping = gp
has "all" iovalab compare --set mapping =
expect "hva,gpa" iovalab compare x.textproto --set mapping = hva,gp
expect "mapping=" iovalab run --set = map
expect "gpa" iovalab run --set = mapping = gp
expect "mapping=" iovalab import log --set ""
expect "json text" iovalab run --format ""
expect "json" iovalab compare --format = j
expect "note.txt" iovalab check --junit n
expect "sub" iovalab compare --traces ""
expect "" iovalab run --seed ""
expect "bash fish zsh" iovalab completion ""
expect "scenarios stores" iovalab list s
has "kernel" iovalab list values ""
expect "version" iovalab help v
expect "" iovalab nonsense --zz

# A reader that does not split at "=" gets whole words.
COMP_WORDBREAKS=' '
expect "--format=json" iovalab run --format=j
expect "mapping=gpa" iovalab run --set mapping=gp

for shell in zsh fish; do
  "${iovalab}" completion "${shell}" >"script.${shell}"
  grep -q "iovalab" "script.${shell}" || fail "${shell}: nothing"
  if command -v "${shell}" >/dev/null; then
    "${shell}" -n "script.${shell}" || fail "${shell}: syntax"
  else
    echo "skipped: ${shell} is not installed"
  fi
done
"${iovalab}" completion sh 2>log && fail "completes for sh"
[[ "$(<log)" == "iovalab: sh: no such shell; one of bash, zsh, fish"* ]] || fail "$(<log)"
echo ok
