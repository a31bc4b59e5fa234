#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later
# freestanding.sh [FOLDER]: compiles the sources of sources.mk as kernels do, with every compiler that is here, and looks at what the objects leave
# undefined: mem{cpy,move,set,cmp} and nothing else. One line a target on stdout; a compiler that is missing is a skip. Objects go to FOLDER.
set -u
LC_ALL=C
export LC_ALL
here=$(cd "$(dirname "$0")/.." && pwd -P) || exit 1
out=${1:-$(mktemp -d)}
[ $# -gt 0 ] || trap 'rm -rf "$out"' EXIT
mkdir -p "$out" && out=$(cd "$out" && pwd -P) || exit 1
cd "$here" || exit 1
# shellcheck source=tests/tally.sh
. tests/tally.sh

sources=$(sed -n 's/^	\(src[^ ]*\.c\).*/\1/p' sources.mk)
[ -n "$sources" ] || { echo "freestanding.sh: no sources in sources.mk" >&2; exit 1; }
flags='-std=gnu11 -O2 -ffreestanding -fno-stack-protector -fno-common -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wno-unused-parameter -Werror -Iinclude -Isrc'

compile() {	# FOLDER COMPILER-AND-FLAGS...
	folder=$1
	shift
	for source in $sources; do
		# shellcheck disable=SC2086 # a list of flags
		"$@" $flags -c "$source" -o "$folder/$(echo "$source" | tr / -).o" || return 1
	done
}
# The objects use each other: what remains undefined is what none of them defines
remaining() {
	"$1" -g "$2"/*.o | awk '$1 == "U" { want[$2] = 1; next } NF == 3 { have[$3] = 1 }
		END { for (s in want) if (!(s in have) && s !~ /^mem(cpy|move|set|cmp)$/) print s }' | sort
}
target() {	# NAME NM COMPILER-AND-FLAGS...
	name=$1 nm=$2
	shift 2
	if ! command -v "$1" >/dev/null || ! command -v "$nm" >/dev/null; then
		result 77 "freestanding $name: no $1 or $nm here"
		return
	fi
	rm -rf "${out:?}/$name"
	mkdir -p "$out/$name"
	if ! compile "$out/$name" "$@" >"$out/$name/log" 2>&1; then
		result 1 "freestanding $name: does not compile" "$out/$name/log"
		return
	fi
	left=$(remaining "$nm" "$out/$name")
	if [ -z "$left" ]; then
		result 0 "freestanding $name"
	else
		result 1 "freestanding $name: needs $(echo "$left" | tr '\n' ' ')"
	fi
}

target gcc-x86_64 nm gcc -m64 -mgeneral-regs-only -mno-red-zone -mcmodel=kernel -fno-pie
target gcc-x86_64-ndebug nm gcc -m64 -mgeneral-regs-only -fno-builtin -DNDEBUG -fno-pie
target gcc-aarch64 aarch64-linux-gnu-nm aarch64-linux-gnu-gcc -mgeneral-regs-only -fno-pie -mno-outline-atomics
target gcc-arm arm-linux-gnueabi-nm arm-linux-gnueabi-gcc -march=armv7-a -mgeneral-regs-only -fno-pie -fno-pie
target gcc-i386 nm gcc -m32 -march=i686 -mgeneral-regs-only -fno-pie
target clang-x86_64 llvm-nm clang --target=x86_64-none-elf -mgeneral-regs-only -mno-red-zone -mcmodel=kernel
target clang-aarch64 llvm-nm clang --target=aarch64-none-elf -mgeneral-regs-only
target clang-i386 llvm-nm clang --target=i686-none-elf -mgeneral-regs-only
target clang-arm llvm-nm clang --target=armv7-linux-gnueabi -mfloat-abi=soft
finish
