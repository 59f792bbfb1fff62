# golden_lib: what golden_test.sh and golden_update.sh share. Sourced by them
# with their arguments: PROGRAM SCENARIO PACKAGE NAME (see scenario_test.bzl).

program="$1" scenario="$2" package="$3" name="$4"
golden="${package}/${name}"  # without its ending
update="bazel run //${package}:${name}.update"

# A golden's ending, and the command whose output it is.
declare -A commands=(
  [trace]="run ${scenario} --trace=-"
  [table]="compare ${scenario}"
)

# Prints what a golden of this kind should hold; 1 when an expectation fails.
produce() {
  local words
  read -ra words <<<"${commands[$1]}"
  "${program}" --color=never --quiet "${words[@]}"
}
