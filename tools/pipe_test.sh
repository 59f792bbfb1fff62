#!/bin/bash
# Pipes as users make them: a log or a monitor's dump into import, its scenario
# into compare. What is data goes to standard output, all else to the error one.
set -euo pipefail
iovalab="${PWD}/cli/iovalab"
captures="${PWD}/testdata/captures"
log="${captures}/qemu72-q35-4g-novga-svq.log.gz"
dump="${captures}/qemu72-q35-4g-novga-svq.monitor.gz"
cd "${TEST_TMPDIR}"
fail() { echo "FAILED: $*"; head -50 out err; exit 1; }
expect() {  # a row of the table in `out` begins so
  grep -q "^$1 " out || fail "no row \"$1\""
}

# A log, gzipped and not, from a file and from standard input: one scenario.
"${iovalab}" import "${log}" -o - >from_file 2>err || fail "exit status $?"
[[ -s from_file && ! -s err ]] || fail "import -o - wrote to standard error"
for read in cat zcat; do
  "${read}" "${log}" | "${iovalab}" import - -o - >from_stdin 2>err || fail "${read}: $?"
  diff <(grep -v ^source: from_file) <(grep -v ^source: from_stdin) >out || fail "${read}: another"
done

"${iovalab}" import "${log}" -o - | "${iovalab}" compare - >out 2>err || fail "exit status $?"
[[ ! -s err ]] || fail "compare - wrote to standard error"
expect "hva  *FAULTS"
expect "gpa  *SAFE"
"${iovalab}" compare - --format=json <from_file >out 2>err || fail "exit status $?"
python3 -c 'import json,sys; assert len(json.load(open("out"))["rows"]) == 5' || fail "no JSON"
"${iovalab}" run - --set mapping=hva <from_file >out 2>err || fail "run -: $?"

# The guess is a diagnostic: not in the output that others read.
zcat "${log}" | "${iovalab}" import - --predict >out 2>err || fail "exit status $?"
[[ "$(tail -n 1 out)" == "predicted 28 of 28 map operations" ]] || fail "no sum"
grep -q "guessed" err && ! grep -q "guessed" out || fail "the note is in the output"

# Dumps: as one file, on standard input, and each output in a file of its own.
zcat "${dump}" | "${iovalab}" import - -o - | "${iovalab}" compare - >out 2>err || fail "dump: $?"
expect "hva  *UNSAFE"
expect "gpa  *SAFE"
zcat "${dump}" >session
"${iovalab}" import session -o - >whole
csplit -s -z -f part session '/^(qemu) info/' '{*}'
"${iovalab}" import part?? -o - >of_parts 2>err || fail "parts: $?"
diff <(grep -v ^source: whole) <(grep -v ^source: of_parts) >out || fail "parts: another scenario"
"${iovalab}" import part?? >out || fail "parts: $?"
grep -q "since part02:122)" out || fail "the line of its file"
"${iovalab}" import session --predict >out 2>err || fail "exit status $?"
grep -q "no map operations to predict" err || fail "no note"
status=0
"${iovalab}" import session "${log}" -o - >out 2>err || status=$?
[[ "${status}" == 2 && ! -s out ]] || fail "one scenario of two captures"

# A guest behind an IOMMU: its files are one scenario, held to what they record.
guest="${captures}/qemu72-q35-2g-vtd-linux"
vtd=("${guest}.log.gz" "${guest}.ftrace-iommu.txt.gz" "${guest}.dmesg-dmar.txt.gz")
"${iovalab}" import "${vtd[@]}" -o - >guest.textproto 2>err || fail "guest: $?"
[[ ! -s err ]] || fail "import of a guest wrote to standard error"
"${iovalab}" run - <guest.textproto >out 2>err || fail "run of a guest: $?"
[[ "$(grep -c "^  *dmesg: DMAR: \[DMA Read NO_PASID\] Request device" out)" == 6 ]] ||
  fail "not 6 lines of dmesg"
"${iovalab}" import "${vtd[@]}" -o written >out 2>err || fail "guest: $?"
diff guest.textproto written || fail "guest: another scenario"
[[ "$(tail -n 1 out)" == "faults: reproduced 30 of 30" ]] || fail "guest: no report"
status=0
"${iovalab}" import "${vtd[@]}" "${log}" -o - >out 2>err || status=$?
[[ "${status}" == 2 && ! -s out ]] || fail "one scenario of two machines"
sed 's/code: 6/code: 5/' guest.textproto >altered
status=0
"${iovalab}" run altered >out 2>err || status=$?
[[ "${status}" == 1 ]] && grep -q "^expectation .*code 0x6" out || fail "altered"

# Nothing comes: said once by each, and no success.
status=0
("${iovalab}" import none -o - | "${iovalab}" compare -) >out 2>err || status=$?
[[ "${status}" == 2 && ! -s out && "$(wc -l <err)" == 2 ]] || fail "a missing log"
echo ok
