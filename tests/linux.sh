#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later
# linux.sh [FOLDER]: ports/linux built by kbuild against the headers of Debian's kernels, in FOLDER/linux. Seen in its log and its module:
# no warning, every symbol is the kernel's and open to our licence, frames under 2 KiB, no floating point or vector register. For x86-64,
# and for AArch64 where an SMMU is, if ports/linux/arm64-headers.sh has put that kernel's headers into FOLDER/arm64-headers. What is missing
# is a skip that says how to get it.
set -u
LC_ALL=C
export LC_ALL
here=$(cd "$(dirname "$0")/.." && pwd -P) || exit 1
out=${1:-$(mktemp -d)}
[ $# -gt 0 ] || trap 'rm -rf "$out"' EXIT
mkdir -p "$out" && out=$(cd "$out" && pwd -P) || exit 1
headers_arm64=$out/arm64-headers
case $out in
*[[:space:]:]*)	# kbuild takes no such path
	out=$(mktemp -d)
	trap 'rm -rf "$out"' EXIT ;;
esac
cd "$here" || exit 1
# shellcheck source=tests/tally.sh
. tests/tally.sh

newest() {	# FOLDER ARCHITECTURE: the headers there of the newest kernel, or nothing
	find "$1" -mindepth 1 -maxdepth 1 -name "linux-headers-*-$2" 2>/dev/null | sort -V | tail -n 1
}
build() {	# NAME HEADERS MAKE-ARGUMENT...
	tree=$out/linux/$1
	headers=$2
	shift 2
	rm -rf "$tree"
	mkdir -p "$tree/ports" && cp -R sources.mk include src "$tree" && cp -R ports/linux "$tree/ports" || return 1
	make -C "$headers" -j"$jobs" M="$tree/ports/linux" W=1 KCFLAGS=-Wframe-larger-than=2048 "$@" modules >"$tree/log" 2>&1
}
only() {	# TEXT LOG: lines with it, in LOG.found; true if there are any
	grep -E "$1" "$2" | grep -v 'the compiler differs from the one used' >"$2.found"
}
verdict() {	# NAME NM OBJDUMP REGISTERS
	log=$tree/log module=$tree/ports/linux/iovm.ko
	! only 'frame size of' "$log"
	result $? "linux $1: frames under 2 KiB" "$log.found"
	sed -i '/frame size of/d' "$log"
	! only 'warning:|error:|\*\*\*.*\.o\]' "$log" && [ -f "${module%.ko}.o" ]
	result $? "linux $1: compiles without warnings" "$log.found"
	! only 'modpost:' "$log" && [ -f "$module" ]
	result $? "linux $1: links as a module, all symbols are the kernel's" "$log.found"
	[ -f "$module" ] || return
	[ "$("$2" "$module" | grep -c ' __ksymtab_iovm_linux_')" = 4 ]
	result $? "linux $1: exports its four calls"
	"$3" -d --no-show-raw-insn "$module" >"$log.code" && [ "$(wc -l <"$log.code")" -gt 1000 ] && ! only "$4" "$log.code"
	result $? "linux $1: no floating point or vector register" "$log.code.found"
}
target() {	# NAME HEADERS REMEDY PREFIX REGISTERS
	if [ -z "$2" ]; then
		result 77 "linux $1: no kernel headers here: $3"
	elif ! command -v "$4gcc-12" >/dev/null || ! command -v "$4objdump" >/dev/null; then
		result 77 "linux $1: no $4gcc-12 or $4objdump here"
	else
		progress "linux $1: $2"
		build "$1" "$2" ${4:+"CROSS_COMPILE=$4"}
		verdict "$1" "$4nm" "$4objdump" "$5"
	fi
}

if [ "$(uname -m)" != x86_64 ]; then
	result 77 'linux: the tools of kernel headers run on x86-64'
else
	target x86_64 "$(newest /usr/src amd64)" 'apt-get install --no-install-recommends linux-headers-amd64' '' '%[xyz]mm[0-9]|%st\>|%mm[0-7]'
	target aarch64 "$(newest "$headers_arm64/usr/src" arm64)" 'sh ports/linux/arm64-headers.sh FOLDER/arm64-headers' aarch64-linux-gnu- \
		'[[:space:],{][vqdsh][0-9]+(\.[0-9]*[bhsd])?(\[[0-9]+\])?[,}]'
fi
finish
