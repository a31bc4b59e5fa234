#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later
# sizes.sh [--write]: what libiovm's sources become on each kind of machine, as a kernel compiles them: text, data, the deepest stack of each public call,
# and what the objects leave undefined. With --write it goes into docs/SIZES.md and between the marks of docs/PORTING.md; without, it is compared with
# what stands there, as far as the same compilers are here: numbers may drift by a tenth, names may not.
# The stack of a call is the largest sum of frames along its calls inside libiovm; what it calls of the host's, and of a backend's, comes on top.
set -u
LC_ALL=C
export LC_ALL
here=$(cd "$(dirname "$0")/.." && pwd -P) || exit 1
cd "$here" || exit 1
# shellcheck source=tests/tally.sh
. tests/tally.sh
work=$(mktemp -d) || exit 3
trap 'rm -rf "$work"' EXIT
flags='-std=gnu11 -O2 -DNDEBUG -ffreestanding -fno-stack-protector -fno-common -fno-asynchronous-unwind-tables -Iinclude -Isrc'

targets() {	# NAME|PREFIX|FLAGS
	cat <<'LIST'
x86-64|x86_64-linux-gnu-|-m64 -mgeneral-regs-only -mno-red-zone -mcmodel=kernel -fno-pie
aarch64|aarch64-linux-gnu-|-mgeneral-regs-only -mno-outline-atomics -fno-pie
arm|arm-linux-gnueabi-|-march=armv7-a -mgeneral-regs-only -fno-pie
i386|x86_64-linux-gnu-|-m32 -march=i686 -mgeneral-regs-only -fno-pie
LIST
}
lists='iovm_core_sources iovm_smmuv3_sources iovm_pcie_sources'
sources() {	# LIST: the files of one list of sources.mk
	awk -v list="$1" '$1 == list { on = 1; next } on && /^\t/ { print $1; next } { on = 0 }' sources.mk
}

build() {	# NAME PREFIX FLAGS: objects, call graphs; 1 if a compiler is missing, 2 if something does not compile
	command -v "$2gcc" >/dev/null || return 1
	for list in $lists; do
		mkdir -p "$work/$1/$list"
		for source in $(sources "$list"); do
			object=$work/$1/$list/$(echo "$source" | tr / -)
			# shellcheck disable=SC2086 # a list of flags
			"$2gcc" $flags $3 -fcallgraph-info=su -c "$source" -o "${object%.c}.o" || return 2
		done
	done
}

undefined() {	# NAME PREFIX: what none of the objects defines
	"$2nm" -g "$work/$1"/*/*.o | awk '$1 == "U" { want[$2] = 1; next } NF == 3 { have[$3] = 1 }
		END { for (s in want) if (!(s in have)) print s }' | sort | tr '\n' ' ' | sed 's/ $//'
}

text_of() {	# NAME PREFIX LIST: text data bss
	"$2size" "$work/$1/$3"/*.o | awk 'NR > 1 { t += $1; d += $2; b += $3 } END { print t, d, b }'
}

# deepest PATTERN FILE...: each function's frame and the edges between them; then the deepest way down from each one whose name matches
deepest() {
	pattern=$1
	shift
	cat "$@" | awk -v pattern="$pattern" '
	/^node:/ {
		split($0, q, "\""); name = q[2]
		if (match(q[4], /[0-9]+ bytes/)) frame[name] = substr(q[4], RSTART, RLENGTH) + 0
	}
	/^edge:/ { split($0, q, "\""); callee[q[2], ++n[q[2]]] = q[4] }
	function down(f,   i, d, most) {
		if (f in known) return known[f]
		known[f] = 0	# a circle would end here; there is none
		most = 0
		for (i = 1; i <= n[f]; i++) { d = down(callee[f, i]); if (d > most) most = d }
		return known[f] = most + frame[f]
	}
	END { for (f in frame) if (f ~ pattern) print f, down(f) }' | sort
}

sizes_page() {
	echo '# Sizes'
	echo
	# shellcheck disable=SC2016 # marks of code, no commands
	echo 'What a kernel gets when it compiles `sources.mk` with `-O2 -DNDEBUG`. Written by `make sizes`; bytes. There is no writable data: everything lives in memory that the host gives.'
	echo
	echo '| machine | compiler | core: text | SMMUv3 driver: text | PCIe: text | data | bss |'
	echo '|---|---|---|---|---|---|---|'
	while read -r name prefix; do
		# shellcheck disable=SC2046 # three numbers each
		set -- $(text_of "$name" "$prefix" iovm_core_sources) $(text_of "$name" "$prefix" iovm_smmuv3_sources) $(text_of "$name" "$prefix" iovm_pcie_sources)
		echo "| $name | $("${prefix}gcc" --version | head -n 1) | $1 | $4 | $7 | $(($2 + $5 + $8)) | $(($3 + $6 + $9)) |"
	done <"$work/built"
	echo
	echo '## Stack'
	echo
	printf '%s ' 'The deepest stack of each call inside libiovm, in bytes. On top come what it calls of the host (handlers, callbacks, the port)'
	echo 'and the backend below it (the SMMUv3 driver: at most the last row).'
	echo
	names=$(cut -d ' ' -f 1 "$work/built" | tr '\n' ' ')
	echo "| call | $(echo "$names" | sed 's/ $//; s/ / | /g') |"
	echo "|---$(echo "$names" | sed 's/[^ ]* */|---/g')|"
	first=$(head -n 1 "$work/built" | cut -d ' ' -f 1)
	cut -d ' ' -f 1 "$work/$first/stack" | grep -vE '^iovm_(strerror|system_port|iommu_hw|deadline)$' | while read -r call; do
		row="| \`$call\` |"
		for name in $names; do row="$row $(awk -v c="$call" '$1 == c { print $2 }' "$work/$name/stack") |"; done
		echo "$row"
	done
	row='| the driver, below them |'
	for name in $names; do row="$row $(awk '$2 > m { m = $2 } END { print m + 0 }' "$work/$name/inner") |"; done
	echo "$row"
}

glue_table() {
	echo '| machine | compiler and flags | the objects need |'
	echo '|---|---|---|'
	targets | while IFS='|' read -r name prefix own; do
		grep -q "^$name " "$work/built" || continue
		echo "| $name | \`${prefix}gcc $own\` | \`$(undefined "$name" "$prefix")\` |"
	done
}

: >"$work/built"
targets >"$work/targets"
while IFS='|' read -r name prefix own; do
	build "$name" "$prefix" "$own" >"$work/log" 2>&1
	case $? in
	0)
		echo "$name $prefix" >>"$work/built"
		deepest '^iovm_[a-z]' "$work/$name"/*/*.ci >"$work/$name/stack"
		deepest '^iovm__smmu_' "$work/$name"/iovm_smmuv3_sources/*.ci >"$work/$name/inner" ;;
	1) result 77 "sizes $name: no ${prefix}gcc here" ;;
	*) result 1 "sizes $name: does not compile" "$work/log" ;;
	esac
done <"$work/targets"
sizes_page >"$work/SIZES.md"
glue_table >"$work/glue"

# between FILE: what stands between the marks
between() { awk '/^<!-- glue: / { on = 1; next } /^<!-- end of glue -->/ { on = 0 } on' "$1"; }
if [ "${1-}" = --write ]; then
	cp "$work/SIZES.md" docs/SIZES.md
	awk -v table="$work/glue" '/^<!-- glue: / { print; while ((getline line < table) > 0) print line; on = 1; next } /^<!-- end of glue -->/ { on = 0 } !on' docs/PORTING.md >"$work/PORTING.md" &&
		cp "$work/PORTING.md" docs/PORTING.md
	result $? 'sizes written'
else
	between docs/PORTING.md | cmp -s - "$work/glue"
	result $? 'docs/PORTING.md says what the objects need (else: make sizes)'
	# numbers of the same row may drift by a tenth
	awk -F ' *[|] *' 'NR == FNR { row[$2] = $0; next } !($2 in row) { print "no row: " $2; next }
		{ n = split(row[$2], old); for (i = 3; i < n; i++) if (old[i] ~ /^[0-9]+$/ && ($i < old[i] * 0.9 - 16 || $i > old[i] * 1.1 + 16)) print $2 ": " old[i] " is now " $i }' \
		docs/SIZES.md "$work/SIZES.md" >"$work/drift"
	[ ! -s "$work/drift" ]
	result $? 'docs/SIZES.md (else: make sizes)' "$work/drift"
fi
finish
