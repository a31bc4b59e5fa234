#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later
# decode.sh [BUILD-FOLDER]: `iovm decode` and `iovm encode` from outside: golden vectors both ways, every bit of every record, logs, dumps, hostile
# bytes, exit codes. The records' bits themselves are tests/codec's; here is what the program makes of them.
set -u
LC_ALL=C
export LC_ALL
here=$(cd "$(dirname "$0")" && pwd -P)
# shellcheck source=tests/tally.sh
. "$here/tally.sh"
with_program "$@"
tab=$(printf '\t')

# expect STATUS NAME COMMAND...: into files out and err
expect() {
	expect_status=$1 expect_name=$2
	shift 2
	"$@" >out 2>err
	expect_got=$?
	[ "$expect_got" = "$expect_status" ] || echo "exit status $expect_got, not $expect_status" >>err
	[ "$expect_got" = "$expect_status" ]
	result $? "$expect_name" err
}
# says NAME LINE [FILE]: one whole line of out
says() {
	grep -qxF -e "$2" "${3-out}"
	result $? "$1" "${3-out}"
}
same() {
	diff -u "$2" "$3" >different
	result $? "$1" different
}

golden() {
	grep -v '^#' "$here/data/golden.tsv" | cut -f 2-4 >fields
	grep -v '^#' "$here/data/golden.tsv" | cut -f 2,3,5 >words
	[ "$(wc -l <fields)" -gt 100 ]
	result $? 'golden: the vectors are there'
	expect 0 'golden: encode' "$iovm" encode --tsv <fields
	same 'golden: every vector encodes to its words' words out
	awk -F '\t' 'NR == FNR { w[FNR] = $0; next } { print $1 ~ /^(QUE|ALG)$/ ? $0 : w[FNR] }' words fields >in
	# words have no zero fields; a result is a result
	awk -F '\t' -v OFS='\t' 'NR == FNR { w[FNR] = $0; next } $1 ~ /^(QUE|ALG)$/ { print w[FNR]; next }
		{ n = split($3, f, ";"); $3 = ""; for (i = 1; i <= n; i++) if (f[i] !~ /=0x0+$/) $3 = $3 ($3 == "" ? "" : ";") f[i]; print }' words fields | order >want
	expect 0 'golden: decode' "$iovm" decode --tsv <in
	order <out >got
	same 'golden: every vector decodes to its fields' want got
}
order() {	# of the fields within a line does not matter
	awk -F '\t' '$1 ~ /^(QUE|ALG)$/ { print; next } { n = split($3, f, ";"); for (i = 2; i <= n; i++) for (k = i; k > 1 && f[k] < f[k - 1]; k--) { t = f[k]; f[k] = f[k - 1]; f[k - 1] = t }
		s = ""; for (i = 1; i <= n; i++) s = s ";" f[i]; print $1 "\t" $2 "\t" s }'
}

every_bit() {
	"$iovm" encode --list >list
	awk 'BEGIN { n["CMD"] = 2; n["EVT"] = 4; n["PRI"] = 2; n["STE"] = 8; n["CD"] = 8; n["L1"] = 1; n["REG"] = 1; zero = "0000000000000000"; ones = "ffffffffffffffff" }
		function line(kind, name, bit,  s, w, at, d) {
			s = ""
			for (w = 0; w < n[kind]; w++) {
				d = bit < 0 ? ones : zero
				if (bit >= 0 && int(bit / 64) == w) { at = 16 - int(bit % 64 / 4); d = substr(zero, 1, at - 1) 2 ^ (bit % 4) substr(zero, at + 1) }
				s = s (w ? " " : "") d
			}
			print kind "\t" name "\t" s
		}
		{ for (b = -1; b < 64 * n[$1]; b++) line($1, $3, b) }' list >in
	[ "$(wc -l <in)" -gt 10000 ]
	result $? 'bits: every record is listed'
	expect 0 'bits: decode' "$iovm" decode --tsv <in
	mv out fields
	expect 0 'bits: encode' "$iovm" encode --tsv <fields
	same 'bits: decode, then encode gives each word back' in out
	# a bit is one field, or it is reserved and named, or it is the opcode or number
	awk -F '\t' 'BEGIN { n["CMD"] = 2; n["EVT"] = 4; n["PRI"] = 2; n["STE"] = 8; n["CD"] = 8; n["L1"] = 1; n["REG"] = 1 }
		{ if ($1 "\t" $2 != was) { was = $1 "\t" $2; bit = -1 } else bit++ }
		bit >= 0 { s = $3; sub(/;?MISMATCH=.*/, "", s); numbered = $1 == "CMD" || $1 == "EVT"
			if (numbered && bit < 8 ? s != "" : s !~ /^[A-Za-z0-9_]+=0x[0-9a-f]+$/ && s != "RESERVED=" bit) print $0 ": bit " bit }' fields >unnamed
	same 'bits: each is in one field, or RESERVED' /dev/null unnamed
}

log() {	# three blocks, two of them equal; a fourth is cut short
	cat <<-END
	[ 1230.000000] pci 0000:01:00.0: BAR 0 assigned
	[ 1234.567890] arm-smmu-v3 2b400000.smmu: event 0x10 received:
	[ 1234.567893] arm-smmu-v3 2b400000.smmu: ${tab}0x0000003100001810
	[ 1234.567894] nvme nvme0: I/O 12 QID 3 timeout, aborting 0x0000000000000bad
	[ 1234.567896] arm-smmu-v3 2b400000.smmu: ${tab}0x0000020800000000
	[ 1234.567899] arm-smmu-v3 2b400000.smmu: ${tab}0x00007f00deadb123
	[ 1234.567902] arm-smmu-v3 2b400000.smmu: ${tab}0x0000000000000000
	[ 1236.000000] usb 1-1: new high-speed USB device number 2
	[ 1237.767890] arm-smmu-v3 2b400000.smmu: event 0x10 received:
	[ 1237.767893] arm-smmu-v3 2b400000.smmu: ${tab}0x0000003100001810
	[ 1237.767896] arm-smmu-v3 2b400000.smmu: ${tab}0x0000020800000000
	[ 1237.767899] arm-smmu-v3 2b400000.smmu: ${tab}0x00007f00deadb456
	[ 1237.767902] arm-smmu-v3 2b400000.smmu: ${tab}0x0000000000000000
	[ 1240.000001] arm-smmu-v3 2b400000.smmu: event 0x07 received:
	[ 1240.000003] arm-smmu-v3 2b400000.smmu: ${tab}0x0000004200000007
	[ 1240.000004] arm-smmu-v3 2b400000.smmu: ${tab}0x0000000800000000
	[ 1240.000005] arm-smmu-v3 2b400000.smmu: ${tab}0x0000000012345000
	[ 1240.000006] arm-smmu-v3 2b400000.smmu: ${tab}0x0000000000000000
	[ 1240.500000] arm-smmu-v3 2b400000.smmu: event 0x02 received:
	[ 1240.500003] arm-smmu-v3 2b400000.smmu: ${tab}0xffff000100000002
	[ 1241.000000] systemd[1]: Reached target sleep
	END
}

pasted_log() {
	log >in
	expect 1 'log: a cut block is exit 1' "$iovm" decode <in
	grep -E '^[A-Z_]+ \(' out >titles
	printf '%s\n' 'F_TRANSLATION (event 0x10), x2 in 3.2 s' 'F_TRANSL_FORBIDDEN (event 0x07)' >want
	same 'log: two entries, one of them x2' want titles
	grep -oE '^  IHI 0070, [0-9.]+\. ' out >clauses
	printf '  IHI 0070, %s. \n' 7.3.13 7.3.8 >want
	same 'log: their clauses' want clauses
	says 'log: where and when' '  seen by 2b400000.smmu at line 2 to line 9, time 1234.567890 to 1237.767890'
	says 'log: who' '  StreamID 0x31 (PCI 00:06.1, if it is a PCI device), SubstreamID 0x1'
	says 'log: the first address is kept' '  191:128  InputAddr     0x7f00deadb123  address that the device used'
	tr '\n' ' ' <out | grep -qF '! Cut short: C_BAD_STREAMID (IHI 0070, 7.3.3), StreamID 0xffff0001, of   2b400000.smmu at line 19 has 1 of its 4 words.'
	result $? 'log: the cut block is reported' out
	says 'log: the sum' '3 whole, 2 distinct, 1 cut short.'
	says 'log: why it is exit 1' 'iovm decode: a record was cut short' err
	sed 's/^/> host kernel: /; s/$/\r/' in >quoted
	"$iovm" decode <in | sed '/seen by/d' >want
	"$iovm" decode <quoted | sed '/seen by/d' >got
	same 'log: quoted, with carriage returns' want got
	esc=$(printf '\033')
	sed "s/^\[.*\] /${esc}[32m&${esc}[0m${esc}[1;31m/; s/\$/${esc}[0m/" in | "$iovm" decode >got
	"$iovm" decode <in >want
	same 'log: in colours' want got
	head -n 18 in >whole
	expect 0 'log: whole blocks are exit 0' "$iovm" decode - <whole
	awk 'BEGIN { for (i = 0; i < 412; i++) { t = i * 7785 + 1000000; p = sprintf("[ %d.%06d] arm-smmu-v3 x.smmu: ", t / 1000000, t % 1000000)
		printf "%sevent 0x10 received:\n%s\t0x0000003100001810\n%s\t0x0000020800000000\n%s\t0x00007f00deadb%03x\n%s\t0x0000000000000000\n", p, p, p, p, i, p } }' >many
	expect 0 'log: a flood' "$iovm" decode <many
	says 'log: a flood is one entry' 'F_TRANSLATION (event 0x10), x412 in 3.1 s'
	sed 's/^.*\] //' many | "$iovm" decode >out
	says 'log: without times, too' 'F_TRANSLATION (event 0x10), x412'
	sed 's/deadb19b/deadc19b/' many | "$iovm" decode >out
	says 'log: another page is another entry' '412 whole, 2 distinct.'
	{ cat many; sed 's/x.smmu/y.smmu/' many; } | "$iovm" decode >out
	says 'log: another SMMU is another entry' '824 whole, 2 distinct.'
	sed -n "s/arm.*${tab}0x/0x/p" many | "$iovm" decode >out
	says 'log: words alone, behind their times' '412 whole, 1 distinct.'
}

two_smmus() {	# word by word in turns; the second lies about its number and contradicts itself; then a command, and words without a head
	awk 'BEGIN { a = "arm-smmu-v3 a.smmu: "; b = "arm-smmu-v3 b.smmu: "
		print a "event 0x10 received:"; print b "event 0x11 received:"
		print a "\t0x0000003100001810"; print b "\t0x0000000800000012"; print a "\t0x0000020800000000"; print b "\t0x0000010480000000"
		print a "\t0x0000000000001000"; print b "\t0x0100000000000000"; print a "\t0x0000000000000000"
		print a "event: F_TRANSLATION client: 0000:01:00.0 sid: 0x31 ssid: 0x1 iova: 0x1000 ipa: 0x0"
		print b "\t0x0000000000123000"
		print a "skipping command in error state:"; print a "\t0x0000420000005840"; print a "\t0x00007f00002000ff"
		print a "\t0x00007f0000200000" }' >in
	expect 1 'two SMMUs: read' "$iovm" decode <in
	says 'two SMMUs: the first' '  0000003100001810 0000020800000000 0000000000001000 0000000000000000'
	says 'two SMMUs: the second' '  0000000800000012 0000010480000000 0100000000000000 0000000000123000'
	says 'two SMMUs: whose it is' '  seen by a.smmu for 0000:01:00.0 at line 1'
	tr -s '\n ' ' ' <out >flat
	for problem in 'The log says event 0x11, its words say 0x12.' 'IPA is set with S2=0' 'CLASS=1 with S2=0' 'InD=1 with RnW=0' 'RESERVED bits are set: 70 71' 'Size=63: 52 is everything'; do
		grep -qF "! $problem" flat
		result $? "contradiction: $problem" flat
	done
	says 'log: a skipped command' 'ATC_INV (command 0x40)'
	grep -qF '! Cut short: event of a.smmu at line 15 has 1 of its 4 words, and no "event' out
	result $? 'log: words without a head' out
	"$iovm" decode 0x02 0x80000000 0 0 >out
	tr -s '\n ' ' ' <out | grep -qF '! Bit 95 (STALL) is set, but C_BAD_STREAMID never stalls'
	result $? 'contradiction: a stall of an event that cannot' out
}

dumps() {
	event='\020\030\000\000\061\000\000\000\000\000\000\000\010\002\000\000\043\261\255\336\000\177\000\000\000\000\000\000\000\000\000\000'
	zero=$(awk 'BEGIN { for (i = 0; i < 32; i++) printf "\\000" }')
	# shellcheck disable=SC2059 # the format is the data
	printf "$zero$event$zero$event" >in
	expect 0 'dump: read' "$iovm" decode <in
	says 'dump: its words' '  0000003100001810 0000020800000000 00007f00deadb123 0000000000000000'
	says 'dump: which records' '  seen at record 2 to record 4'
	says 'dump: empty slots are counted' '2 whole, 1 distinct, 2 empty slots.'
	printf 'abc' >>in
	expect 1 'dump: a part of a record is exit 1' "$iovm" decode <in
	says 'dump: a part of a record' '! Cut short: the dump ends 3 bytes into record 5, which needs 32.'
	head -c 64 in | "$iovm" decode --kind cmd --raw >out 2>err
	says 'dump: commands are of 16 bytes' '2 whole, 2 distinct, 2 empty slots.'
	head -c 128 in | "$iovm" decode --kind ste --raw >out 2>err
	says 'dump: STEs are of 64 bytes' '2 whole, 1 distinct.'
}

arguments() {
	expect 0 'arguments: with separators' "$iovm" decode '0x0000003100001810,20800000000' '{0x00007f00deadb123ULL; 0}'
	says 'arguments: decoded' 'F_TRANSLATION (event 0x10)'
	expect 0 'arguments: a register' "$iovm" decode --reg cr0 0x1d
	says 'arguments: a register by name' 'CR0 (register 0x020)'
	expect 0 'arguments: a register by offset' "$iovm" decode --kind reg --reg 0x20 0x1d
	says 'arguments: the same register' 'CR0 (register 0x020)'
	expect 0 'arguments: L1STD' "$iovm" decode --kind l1std 84000009
	says 'arguments: level 1' 'L1STD (level-1 descriptor)'
	expect 1 'arguments: cut short' "$iovm" decode 0x10 0
	expect 1 'arguments: unknown number' "$iovm" decode 0x55 0 0 0
	expect 2 'arguments: not a word' "$iovm" decode 0x10 0 zz 0
	log >kernel.log
	expect 2 'arguments: a file' "$iovm" decode kernel.log
	says 'arguments: says how to read it' '  input: iovm decode <kernel.log' err
	expect 2 'arguments: 17 digits' "$iovm" decode 00000000000000010 0 0 0
	expect 2 'usage: no such option' "$iovm" decode --no-such
	expect 2 'usage: no such kind' "$iovm" decode --kind foo 0
	expect 2 'usage: which register' "$iovm" decode --kind reg 0
	expect 2 'usage: no such register' "$iovm" decode --reg CR9 0
	expect 2 'usage: --tsv alone' "$iovm" decode --tsv --json
	expect 0 'usage: --help' "$iovm" decode --help
	expect 1 'nothing in it' "$iovm" decode </dev/null
	grep -q '^iovm decode: nothing here looks like SMMUv3 records' err
	result $? 'nothing in it: says so' err
	[ "$(awk 'length > 80' err | wc -l)" = 0 ]
	result $? 'nothing in it: within 80 columns' err
	expect 0 'encode: words' "$iovm" encode ATC_INV SSV=1 SSID=5 SID=0x4200 Size=9 Addr=0x7f0000200000
	says 'encode: these words' '0000420000005840 00007f0000200009'
	expect 0 'encode: CFGI_ALL' "$iovm" encode CFGI_ALL
	says 'encode: the name gives its Range' '0000000000000004 000000000000001f'
	expect 0 'encode: STOP_MARKER' "$iovm" encode STOP_MARKER SID=0x4200 SSID=0x1d
	says 'encode: the name gives its SSV and Last' 'c000001d00004200 0000000000000000'
	expect 0 'encode: STOP_MARKER, spoilt' "$iovm" encode STOP_MARKER Last=0
	says 'encode: what is said counts' '8000000000000000 0000000000000000'
	expect 2 'encode: no such field' "$iovm" encode SYNC FOO=1
	says 'encode: names it' 'iovm encode: FOO=1: SYNC has no field FOO' err
	grep -qE '^  13:12 +CS ' err
	result $? 'encode: lists the fields' err
	expect 2 'encode: does not fit' "$iovm" encode SYNC CS=4
	says 'encode: says so' 'iovm encode: CS=4: CS: 0x4 does not fit into 2 bits' err
	expect 2 'encode: an address with low bits' "$iovm" encode ATC_INV Addr=0x1001
	expect 2 'encode: a field twice' "$iovm" encode TLBI_NH_ASID ASID=5 VMID=1 ASID=6
	says 'encode: names it, too' 'iovm encode: ASID=6: ASID is given twice' err
	expect 0 'encode: names in any case' "$iovm" encode atc_inv ssv=1 sSiD=5 sid=0x4200 SIZE=9 addr=0x7f0000200000
	says 'encode: the same words' '0000420000005840 00007f0000200009'
	expect 2 'encode: a field twice, in another case' "$iovm" encode TLBI_NH_ASID ASID=5 asid=6
	says 'encode: names it as it was typed' 'iovm encode: asid=6: asid is given twice' err
	"$iovm" encode --list | while read -r kind _ name; do "$iovm" encode --list --kind "$kind" "$name" | sed -n "s/^  [0-9][0-9:]*  *\([^ ]*\).*/$name \1/p"; done >fields
	sort -f fields | uniq -di >twice
	[ "$(wc -l <fields)" -gt 300 ] && [ ! -s twice ]
	result $? 'encode: no two fields differ in case alone' twice
	expect 2 'encode: no record' "$iovm" encode FOO
	expect 2 'encode: no kind' "$iovm" encode --kind foo SYNC
	says 'encode: lists the kinds' 'iovm encode: foo: no such kind; there are cmd, evt, pri, ste, cd, l1, reg' err
	expect 2 'encode: nothing' "$iovm" encode
	expect 0 'encode: --list NAME' "$iovm" encode --list STE
}

errors() {
	{
		printf 'CMD\tSYNC\nCMD\tSYNC\t46 0\r\nCMD\tSYNC\t0000000000000046 0\0 1\nFOO\tx\ty\n\nCMD\tSYNC\t1\nCMD\tSYNC\t0000000000000046 0\nCMD\tSYNC\tx 0\nEVT\tSYNC\t0 0 0 0\n'
		printf 'CMD\tLONG\t%070000d\nCMD\tSYNC\t46 0%70000s\nCMD\tCFGI_STE\t0000000000000200 0\nCMD\tMORE\t0\t0\nREG\tCR0(decode)\t1\nQUE\tstate\tlog2=20\nQUE\tstate\tlag2=2\nALG\tfoo\t' 0 ''
	} >in
	expect 1 'ERR: exit 1' "$iovm" decode --tsv <in
	cut -f 1,2 out >got
	printf '%s\t%s\n' ERR SYNC ERR SYNC ERR SYNC ERR x ERR '' ERR SYNC CMD SYNC ERR SYNC ERR SYNC ERR LONG ERR SYNC CMD CFGI_STE ERR MORE REG 'CR0(decode)' \
		ERR state ERR state ERR foo >want
	same 'ERR: one line for each, and the stream goes on' want got
	says 'ERR: a carriage return' "ERR${tab}SYNC${tab}a carriage return at its end: lines end with a newline alone"
	says 'ERR: a fourth column' "ERR${tab}MORE${tab}more than three columns"
	says 'ERR: what is right stays right' "CMD${tab}SYNC${tab}"
	says 'ERR: reserved, and of another number' "CMD${tab}CFGI_STE${tab}RESERVED=9;MISMATCH=0x0"
	[ "$(awk -F '\t' 'NF != 3' out | wc -l)" = 0 ]
	result $? 'ERR: three columns always' out
	printf 'CMD\tSYNC\tCS=0x4\nCMD\tSYNC\tFOO=0x1\nCMD\tSYNC\tCS\nCMD\tSYNC\tCS=0x1;CS=0x1\nCMD\tSYNC\tRESERVED=12\nCMD\tSYNC\t\nCMD\tSYNC\tMISMATCH=FOO\n' >in
	expect 1 'ERR: encode' "$iovm" encode --tsv <in
	printf 'ERR\tSYNC\nERR\tSYNC\nERR\tSYNC\nERR\tSYNC\nERR\tSYNC\nCMD\tSYNC\nERR\tSYNC\n' >want
	cut -f 1,2 out >got
	printf 'CMD\tTLBI_NH_ASID\tasid=0x5\nCMD\tTLBI_NH_ASID\tasid=0x5;ASID=0x6\n' | "$iovm" encode --tsv >any 2>&1
	printf 'CMD\tTLBI_NH_ASID\t0005000000000011 0000000000000000\nERR\tTLBI_NH_ASID\tASID is given twice\n' >case
	same 'ERR: encode takes fields in any case, once' case any
	same 'ERR: encode refuses what does not fit, is unknown, twice or reserved' want got
}

calculations() {
	printf 'ALG\t%s\t%s\n' atc_range 'size=0xffffffffffffffff' atc_range 'iova=0x7ffffffffffff000;size=0x2000' \
		atc_range 'iova=0xfffffffffffff000;size=0xffffffffffffffff' atc_range 'iova=0xfffffffffffff000;size=0x1000' \
		pcie_inv_payload 'addr=0x1234;size=52' ril_split 'addr=0x1000;pages=1;tg_shift=12' ril_split 'pages=0x21;tg_shift=12;ttl=3' \
		ril_split 'pages=0x100000000000;tg_shift=0xc;ttl=1' ril_split 'pages=0;tg_shift=12' >in
	printf 'QUE\t%s\t%s\n' state 'log2=0' state 'log2=0x2;prod=7;cons=1' advance 'log2=0x4;idx=0x1e;n=3' overflow 'prod=0x80000000' >>in
	expect 0 'calculations: done' "$iovm" decode --tsv <in
	{
		printf 'ALG\t%s\t%s\n' atc_range 'addr=0x0 size=52' atc_range 'addr=0x0 size=52' atc_range 'addr=0x0 size=52' atc_range 'addr=0xfffffffffffff000 size=0' \
			pcie_inv_payload 7ffffffffffff800 ril_split '(0x1000,NUM=0,SCALE=1)' ril_split '(0x0,NUM=0,SCALE=0) (0x1000,NUM=0,SCALE=5)'
		printf 'ALG\tril_split\t'
		awk 'BEGIN { for (i = 0; i < 256; i++) printf "%s(0x%x%s,NUM=31,SCALE=31)", i ? " " : "", i, i ? "000000000000" : ""; print "" }'
		printf 'ALG\tril_split\t\n'
		printf 'QUE\t%s\t%s\n' state empty/0 state inconsistent/6 advance 00000001 overflow active
	} >want
	same 'calculations: their results' want out
}

json() {	# a second program reads it, if there is one
	log >in
	"$iovm" decode --json <in >out 2>err
	if command -v jq >/dev/null; then
		jq -r '[.schema, .version, (.entries | length), .entries[0].name, .entries[0].count, .entries[0].microseconds, .entries[0].words[2], .cut_short[0].name,
			(.entries[0].fields[] | select(.name == "RnW") | .value_name)] | map(tostring) | join(" ")' out >got 2>err
	elif command -v python3 >/dev/null; then
		python3 -c 'import json, sys
o = json.load(sys.stdin); e = o["entries"][0]
print(o["schema"], o["version"], len(o["entries"]), e["name"], e["count"], e["microseconds"], e["words"][2], o["cut_short"][0]["name"],
	[f["value_name"] for f in e["fields"] if f["name"] == "RnW"][0])' <out >got 2>err
	else
		result 77 'json: read by another program: neither jq nor python3 is here'
		return
	fi
	echo 'iovm-decode 1 2 F_TRANSLATION 2 3200000 0x00007f00deadb123 C_BAD_STREAMID read' >want
	same 'json: another program reads it' want got
}

streams() {
	log | head -n 18 >in
	if [ -c /dev/full ]; then
		for form in --text --json; do
			"$iovm" decode $form <in >/dev/full 2>err
			[ $? = 3 ] && grep -q 'standard output' err
			result $? "streams: decode $form to a full disk" err
		done
		"$iovm" encode SYNC >/dev/full 2>err
		[ $? = 3 ] && grep -q 'standard output' err
		result $? 'streams: encode to a full disk' err
	fi
	expect 1 'streams: closed standard input' "$iovm" decode <&-
	grep -q 'standard input' err
	result $? 'streams: is named' err
	expect 1 'streams: encode --tsv, too' "$iovm" encode --tsv <&-
	"$iovm" decode 0x10 0 0 0 >&- 2>err
	[ $? = 3 ]
	result $? 'streams: closed standard output' err
}

# hostile NAME OPTION...: any exit status but that of a signal, in 200 MB of address space
hostile() {
	hostile_name=$1
	shift
	# shellcheck disable=SC3045 # dash, bash and busybox have -v
	(ulimit -v "$limit" && "$iovm" "$@" <random >out 2>err)
	hostile_got=$?
	echo "exit status $hostile_got" >>err
	[ $hostile_got -le 1 ]
	result $? "64 MB of random bytes: $hostile_name" err
	[ $hostile_got -le 1 ] || cp random "$build/decode-random"
}

random() {
	limit=200000
	# shellcheck disable=SC3045
	if ! (ulimit -v $limit && "$iovm" --version) >/dev/null 2>&1; then	# an address sanitizer reserves more
		limit=unlimited
		result 77 '64 MB of random bytes in 200 MB: this build needs more to start'
	fi
	head -c 67108864 /dev/urandom >random
	hostile 'as it comes' decode -
	[ "$(tail -n 2 out | tr '\n' ' ' | cut -d ' ' -f 1-4)" = '2097152 whole, 4096 distinct,' ]
	result $? '64 MB of random bytes: every record is counted, a bounded number is kept' out
	[ "$(awk 'length > 80' out | wc -l)" = 0 ]
	result $? '64 MB of random bytes: the page has 80 columns' out
	hostile json decode --json
	for kind in cmd pri ste cd l1std; do
		hostile "$kind" decode --raw --kind $kind
	done
	hostile text decode --text
	hostile 'decode --tsv' decode --tsv
	hostile 'encode --tsv' encode --tsv
	tr -dc '0-9a-fx:; \n\tsmue' <random >letters
	mv letters random
	hostile 'that look like words' decode --text
}

golden
every_bit
pasted_log
two_smmus
dumps
arguments
errors
calculations
json
streams
random
finish
