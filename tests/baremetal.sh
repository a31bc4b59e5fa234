#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later
# baremetal.sh BUILD [--qemu PATH]: ports/baremetal-aarch64 built by the cross compiler alone into BUILD/baremetal and run on QEMU's SMMUv3, which we did
# not write: its own checks, twice the same to the byte; the commands that QEMU says it decoded against those in our queue, in order; the objects
# against libiovm.a's; and the whole run against one of the same program on the model (BUILD/tests/baremetal): every command, event and transfer in
# order, and the data, but for the quirks below. QEMU=PATH is another emulator. Less than a minute.
set -u
LC_ALL=C
export LC_ALL
here=$(cd "$(dirname "$0")/.." && pwd -P) || exit 1
# shellcheck source=tests/tally.sh
. "$here/tests/tally.sh"
build=$(cd "${1:?usage: baremetal.sh BUILD [--qemu PATH]}" && pwd -P) || exit 1
[ "${2-}" != --qemu ] || QEMU=${3:?--qemu PATH}
QEMU=${QEMU:-qemu-system-aarch64}
export QEMU
out=$build/baremetal
port=$here/ports/baremetal-aarch64
mkdir -p "$out" && cd "$out" || exit 1

for tool in "${CROSS:-aarch64-linux-gnu-}gcc" "$QEMU"; do
	command -v "$tool" >/dev/null && continue
	result 77 "baremetal: no $tool here (apt-get install gcc-aarch64-linux-gnu qemu-system-arm)"
	finish
done

# run_once NUMBER [QEMU-OPTION...]: its text to run.NUMBER, its exit status is ours
run_once() {
	number=$1
	shift
	timeout 50 sh "$port/qemu.sh" iovm.elf "$@" >"run.$number" 2>"run.$number.err"
}

# ---- what QEMU decoded, and what was in the queue, a command a line ---------------------------------------------------------------------
# Both as: NAME OPERANDS. A range is the sum of the pieces that QEMU cuts it into; they follow each other.
qemu_commands() {
	awk '
	function hex(s, n, i) { n = 0; s = substr(s, 3); for (i = 1; i <= length(s); i++) n = n * 16 + index("123456789abcdef", substr(s, i, 1)); return n }
	function value(name, s) { s = $0; if (!sub(".*[ ,]" name "= ?", "", s)) return ""; sub(/[ ,].*/, "", s); return s }
	function flush() {
		if (name == "") return
		if (pages) operands = sprintf(" vmid=%s asid=%s addr=%.0f pages=%d tg=%s ttl=%s leaf=%s", vmid, asid, at, pages, tg, ttl, leaf)
		print name operands
		name = ""
	}
	$1 == "smmuv3_cmdq_opcode" { flush(); name = $3; sub(/^SMMU_CMD_/, "", name); operands = ""; pages = 0 }
	$1 == "smmuv3_cmdq_cfgi_ste" { operands = sprintf(" sid=%d", hex(value("streamid"))) }
	$1 == "smmuv3_cmdq_cfgi_ste_range" { operands = sprintf(" from=%.0f to=%.0f", hex(value("start")), hex(value("end"))) }
	$1 == "smmuv3_cmdq_cfgi_cd" { operands = sprintf(" sid=%d", hex(value("sid"))) }
	$1 == "smmuv3_cmdq_tlbi_nh_asid" { operands = " asid=" value("asid") }
	$1 ~ /^smmuv3_(s1_)?range_inval$/ {
		piece = hex(value("num_pages"))
		if (!pages) { at = end = hex(value("addr")); vmid = value("vmid"); asid = value("asid"); tg = value("tg"); ttl = value("ttl"); leaf = value("leaf") }
		if (hex(value("addr")) != end) print "GAP"
		pages += piece
		end += piece * 4096
	}
	END { flush() }' "$1"
}
# lines_of NOTES: one a line, kind and four words in hexadecimal
lines_of() { od -An -v --endian=little -tx8 -w40 "$1" | sed 's/^ *//'; }
# queued LINES: the two words of each command
queued() { sed -n 's/^0000000000000000 \([0-9a-f]* [0-9a-f]*\) .*/\1/p' "$1"; }
queue_commands() {
	queued "$1" | awk '
	BEGIN {
		split("03 CFGI_STE 04 CFGI_STE_RANGE 05 CFGI_CD 06 CFGI_CD_ALL 10 TLBI_NH_ALL 11 TLBI_NH_ASID 12 TLBI_NH_VA 13 TLBI_NH_VAA 28 TLBI_S12_VMALL" \
		      " 2a TLBI_S2_IPA 30 TLBI_NSNH_ALL 46 SYNC", word, " ")
		for (i = 1; i in word; i += 2) known[word[i]] = word[i + 1]
	}
	function bits(w, from, width, n, i, digit) {	# of a word in 16 hex digits, bit by bit
		n = 0
		for (i = from + width - 1; i >= from; i--) {
			digit = index("123456789abcdef", substr(w, 16 - int(i / 4), 1))
			n = n * 2 + int(digit / 2 ^ (i % 4)) % 2
		}
		return n
	}
	{
		op = substr($1, 15, 2)
		name = op in known ? known[op] : "INVALID"
		sid = bits($1, 32, 32)
		range = bits($2, 0, 5)
		if (name == "CFGI_STE" || name ~ /^CFGI_CD/) name = name " sid=" sid
		else if (name == "CFGI_STE_RANGE") {
			span = 2 ^ (range + 1)
			from = range == 31 ? 0 : int(sid / span) * span
			name = name sprintf(" from=%.0f to=%.0f", from, from + span - 1)
		} else if (name == "TLBI_NH_ASID") name = name " asid=" bits($1, 48, 16)
		else if (name ~ /^TLBI_(NH_VAA?|S2_IPA)$/) {
			tg = bits($2, 10, 2)
			pages = tg ? (bits($1, 12, 5) + 1) * 2 ^ bits($1, 20, 5) : 1
			name = name sprintf(" vmid=%d asid=%d addr=%.0f pages=%d tg=%d ttl=%d leaf=%d", bits($1, 32, 16), name == "TLBI_NH_VA" ? bits($1, 48, 16) : -1,
					    bits($2, 12, 52) * 4096,
					    pages, tg, bits($2, 8, 2), bits($2, 0, 1))
		}
		print name
	}'
}

# ---- build ---------------------------------------------------------------------------------------------------------------------------------
ln -sfn "$port" port	# the way there may have blanks, which make cannot take
make -f port/Makefile clean >build.log 2>&1
make -f port/Makefile >>build.log 2>&1
status=$?
result $status 'baremetal: built by the cross compiler alone' build.log
[ $status = 0 ] || finish

archive=$build/.libs/libiovm.a
if [ -f "$archive" ]; then
	ar t "$archive" | sed 's/^\(lt[0-9]*-\)*//' | sort >objects.archive	# libtool's names for two of one name
	(cd lib && ls -- *.o) | sed 's/.*-//' | sort >objects.port
	diff objects.archive objects.port >objects.diff
	result $? 'baremetal: the objects of libiovm.a, no more, no less' objects.diff
else
	result 77 'baremetal: no libiovm.a in the build folder to compare the objects with'
fi

# ---- run ------------------------------------------------------------------------------------------------------------------------------------
rm -f trace notes.qemu notes.model
if "$QEMU" -machine none -trace help 2>/dev/null | grep -q smmuv3_cmdq_opcode; then
	NOTES=notes.qemu run_once 1 -trace 'smmuv3_cmdq_*' -trace 'smmuv3_*range_inval' -D trace
	status=$?
else
	NOTES=notes.qemu run_once 1
	status=$?
fi
grep -E '^(FAIL|skip|      broken)' run.1
# shellcheck disable=SC2046 # six words
set -- $(tail -n 1 run.1 | sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p')
if [ $# = 3 ]; then
	count "$@"
	echo "      the program: $1 passed, $2 failed, $3 skipped"
	[ "$status,$2" = 0,0 ] || [ "$2" != 0 ] || result 1 "baremetal: exit status $status"
	[ "$status" != 0 ] || [ "$2" = 0 ] || result 1 'baremetal: exit status 0 though checks failed'
else
	result 1 "baremetal: did not come to its end (exit status $status)" run.1
	cat run.1.err >&2
fi
run_once 2
[ $? = "$status" ]
result $? 'baremetal: again, the same exit status' run.2
cmp run.1 run.2 >cmp.log 2>&1
result $? 'baremetal: two runs, the same to the byte' cmp.log

lines_of notes.qemu >lines.qemu
if [ -s trace ]; then
	qemu_commands trace >commands.qemu
	queue_commands lines.qemu >commands.queue
	n=$(wc -l <commands.queue)
	diff commands.qemu commands.queue >commands.diff && [ "$n" -gt 1000 ] && grep -q 'TLBI_NH_VA .*pages=[2-9]' commands.queue
	result $? "baremetal: QEMU decoded what was in the queue, $n commands in order" commands.diff
	# The same words by our own decoder, under the names that QEMU gave them
	if [ -x "$build/iovm" ]; then
		queued lines.qemu | awk 'NR == FNR { name[NR] = $1 ($2 $3 == "from=0to=4294967295" ? "_ALL" : ""); next }
			{ sub(/_STE_RANGE_ALL$/, "_ALL", name[FNR]) } name[FNR] != "INVALID" { print "CMD\t" name[FNR] "\t" $1 " " $2 }' commands.qemu - >commands.tsv
		"$build/iovm" decode --tsv <commands.tsv >commands.decoded && ! grep -E 'ERR|MISMATCH|RESERVED' commands.decoded >commands.wrong &&
			[ "$(wc -l <commands.decoded)" = "$(wc -l <commands.tsv)" ] && [ -s commands.decoded ]
		result $? 'baremetal: iovm decode knows them by the names that QEMU gave them' commands.wrong
	else
		result 77 'baremetal: no iovm in the build folder to decode them with'
	fi
else
	result 77 'baremetal: this QEMU traces no commands'
fi

# ---- the same on the model ------------------------------------------------------------------------------------------------------------------
# Quirks: where QEMU's SMMUv3 and the model differ, and either the model's board (tests/baremetal_board.c) does as QEMU, or QEMU's run is rewritten here.
#	at-once		QEMU carries out commands within the store to CMDQ_PROD: the board lets the model come to rest after each store
#	words		QEMU splits a DMA that is refused into words, each with a record of its own: the board's edu devices do
#	no-gbpa		7.2 has GBPA RAZ/WI, off means bypass: if the program says so, the board hides the model's
#	class		7.2 leaves CLASS of faults at 0 where 7.3.13 says 2, "the input address caused it"
#	full-is-abort	a full event queue gives GERROR.EVENTQ_ABT_ERR, not EVENTQ_PROD.OVFLG (7.4): the same records are lost, but it takes more dispatches
#	id		IDR0.NS1ATS says 1 on the model (no split-stage ATS), and its IDR3.BBML 0, where 7.2 has 0 and 2: no driver of ours looks at either
quirk_class() {
	awk '$1 == "0000000000000001" && $2 ~ /1[0-3]$/ && substr($3, 6, 1) == "0" { $3 = substr($3, 1, 5) "2" substr($3, 7) } { print }' "$1"
}
quirks_of_text() {
	sed -e 's/^ *IDR0 .*/(id)/' -e 's/\(counters: .* deaths\), [0-9]* dispatches/\1 (full-is-abort)/' "$1"
}

if [ ! -x "$build/tests/baremetal" ]; then
	result 77 'baremetal: no tests/baremetal in the build folder: make check builds it'
	finish
fi
set -- -i "$(sed -n 's/^ *IDR0 \([0-9a-f]*\) IDR1 \([0-9a-f]*\) IDR3 \([0-9a-f]*\) IDR5 \([0-9a-f]*\) AIDR \([0-9a-f]*\)$/\1 \2 \3 \4 \5/p' run.1)"
! grep -q 'this SMMU has no GBPA' run.1 || set -- "$@" -g
"$build/tests/baremetal" "$@" notes.model >run.model 2>run.model.err
result $? 'baremetal: on the model, every check and every duty of a driver' run.model.err
lines_of notes.model >lines.model
quirk_class lines.qemu | diff - lines.model >lines.diff && [ "$(wc -l <lines.model)" -gt 100000 ]
result $? "baremetal: QEMU and the model, $(wc -l <lines.model) commands, events and transfers in order, and the data" lines.diff
quirks_of_text run.1 >text.qemu
quirks_of_text run.model | diff text.qemu - >text.diff
result $? 'baremetal: QEMU and the model, the same text' text.diff
finish
