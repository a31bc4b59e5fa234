#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later
# porting.sh BUILD [DOCUMENT]: does what docs/PORTING.md tells a reader to do, in order, in an empty folder, with a copy of the tree for the sources and
# the `iovm` of BUILD. Its frames are of four kinds, and a fifth is a failure:
#   sh     commands: must succeed                      text   what the commands right above it print; ... stands for any text, or lines
#   c      a file, named in its first line             make   the same
# Each sh and text frame is a result. A C file must end up in a program that some command runs on QEMU, so that none is shown and never tried.
set -u
LC_ALL=C
export LC_ALL
here=$(cd "$(dirname "$0")/.." && pwd -P) || exit 1
build=$(cd "${1:?usage: porting.sh BUILD [DOCUMENT]}" && pwd -P) || exit 1
document=${2:-$here/docs/PORTING.md}
# shellcheck source=tests/tally.sh
. "$here/tests/tally.sh"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
mkdir "$work/frames" "$work/source" "$work/kernel"

# ---- the frames: frames/NUMBER.KIND.LINE ----------------------------------------------------------------------------------------------------
awk -v out="$work/frames" '
	/^```/ && !inside { inside = 1; kind = substr($0, 4); file = sprintf("%s/%03d.%s.%d", out, ++n, kind ~ /^[a-z]+$/ ? kind : "unknown", NR); printf "" >file; next }
	/^```$/ { inside = 0; close(file); next }
	/^```/ { print "line " NR ": a frame within a frame" }
	inside { print >file; next }
	/^(    |\t)/ { print "line " NR ": indented text, which nobody runs" }
	END { if (inside) print "a frame that does not end" }' "$document" >"$work/wrong"
before=
for frame in "$work"/frames/*; do
	kind=${frame##*/[0-9][0-9][0-9].}
	line=${kind##*.} kind=${kind%.*}
	case $kind in
	sh) ;;
	text) [ "$before" = sh ] || echo "line $line: text that no command above it prints" ;;
	c) head -n 1 "$frame" | grep -qE '^/\* [a-z]+\.[ch] \*/$' || echo "line $line: C without the name of its file" ;;
	make) head -n 1 "$frame" | grep -qE '^# [A-Za-z]+$' || echo "line $line: make without the name of its file" ;;
	*) echo "line $line: a frame of a kind that this test does not know" ;;
	esac
	before=$kind
done >>"$work/wrong"
for kind in sh text c make; do
	ls "$work/frames"/*."$kind".* >/dev/null 2>&1 || echo "no $kind frame at all"
done >>"$work/wrong"
[ ! -s "$work/wrong" ]
result $? 'porting: each frame is of a kind that is tried' "$work/wrong"
[ ! -s "$work/wrong" ] || finish

# ---- what it takes ----------------------------------------------------------------------------------------------------------------------------
for need in aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu make:make "${QEMU:-qemu-system-aarch64}:qemu-system-arm" qemu-aarch64:qemu-user; do
	command -v "${need%:*}" >/dev/null && continue
	result 77 "porting: no ${need%:*} here (apt-get install --no-install-recommends ${need##*:})"
	finish
done
if [ ! -x "$build/iovm" ]; then
	result 77 'porting: no iovm in the build folder (configure says what it is missing)'
	finish
fi
tar -C "$here" -cf - LICENSES sources.mk include src ports examples | tar -C "$work/source" -xf - || exit 1
IOVM=$work/source
PATH=$build:$PATH
export IOVM PATH
unset MAKEFLAGS MFLAGS MAKELEVEL CC CFLAGS
cd "$work/kernel" || exit 1

# ---- doing it -----------------------------------------------------------------------------------------------------------------------------------
# like EXPECTED GOT: a line of dots alone is any number of lines, dots within a line any text
like() {
	awk '
	function quoted(s) { gsub(/[][\\.^$*+?(){}|]/, "\\\\&", s); gsub(/\\\.\\\.\\\./, ".*", s); return "^" s "$" }
	NR == FNR { want[++wants] = $0; next }
	{ got[++gots] = $0 }
	END {
		for (w = g = 1; w <= wants; w++) {
			if (want[w] == "...") { any = 1; continue }
			while (any && g <= gots && got[g] !~ quoted(want[w])) g++
			if (g > gots || got[g] !~ quoted(want[w])) { print "expected: " want[w]; print "but got:  " (g > gots ? "the end" : got[g]); exit 1 }
			g++
			any = 0
		}
		if (!any && g <= gots) { print "not expected: " got[g]; exit 1 }
	}' "$1" "$2"
}

for frame in "$work"/frames/*; do
	kind=${frame##*/[0-9][0-9][0-9].}
	line=${kind##*.} kind=${kind%.*}
	first=$(head -n 1 "$frame")
	case $kind in
	c) cp "$frame" "$(expr "$first" : '/\* \(.*\) \*/')" ;;
	make) cp "$frame" "${first#\# }" ;;
	sh)
		progress "line $line: $first"
		timeout 120 sh -eu "$frame" >"$work/out" 2>"$work/err"
		status=$?
		cat "$work/out" >>"$work/err"
		result $status "porting: line $line: $first" "$work/err" ;;
	text)
		like "$frame" "$work/out" >"$work/difference"
		result $? "porting: line $line: prints what is shown" "$work/difference" ;;
	esac
done

sed -n 's|^/\* \([a-z]*\.c\) \*/$|\1|p' "$work"/frames/*.c.* >"$work/files"
while read -r file; do
	found=
	for program in *.elf; do
		aarch64-linux-gnu-nm -a "$program" 2>/dev/null | grep -q " a $file\$" && grep -q "^sh qemu.sh $program" "$work"/frames/*.sh.* && found=yes
	done
	[ -n "$found" ]
	result $? "porting: $file is in a program that was run"
done <"$work/files"
finish
