#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later
# install.sh BUILD-FOLDER: what `make install` leaves there under a DESTDIR is all that users need: README's program, tests/original.c and the examples build by pkg-config
# alone and run under ASan; each header compiles alone; the libraries show what is listed and need what is said; the manual is in order. Uninstalling leaves nothing.
set -u
LC_ALL=C
export LC_ALL
build=$(cd "$1" && pwd -P) || exit 2
here=$(cd "$(dirname "$0")/.." && pwd -P) || exit 2
# shellcheck source=tests/tally.sh
. "$here/tests/tally.sh"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
root=$work/root
prefix=$root$(sed -n 's/^prefix=//p' "$build/libiovm.pc")
CC=${CC:-cc}

make -C "$build" -j"$jobs" install DESTDIR="$root" >log 2>&1
result $? 'make install' log
[ -d "$prefix/lib/pkgconfig" ] || finish

# none NAME WHAT-BREAKS-IT
none() {
	[ -z "$2" ] || printf '%s\n' "$2" >&2
	[ -z "$2" ]
	result $? "$1"
}
none 'the libraries export what debian/*.symbols list' "$(sh "$here/tests/exports.sh" "$prefix/lib")"
changed=$(sh "$here/tests/abi.sh" "$prefix/lib")
if [ $? = 77 ]; then
	result 77 'ABI: no abidiff here; install abigail-tools'
else
	none 'programs built against what tests/data/*.abi describe run on with the libraries (else: make abi, in a folder with shared libraries)' "$changed"
fi
for library in libiovm libiovm-event libiovm-sim; do
	none "$library.so shows iovm_ and iommu_iovm_ alone, with a version" "$(nm -D --defined-only "$prefix/lib/$library.so" |
		awk 'NF == 3 && $2 != "A" && $3 !~ /^(iovm_[a-z]|iommu_iovm_)[a-z0-9_]*@@IOVM_0$/')"
	readelf -d "$prefix/lib/$library.so" | grep -q "SONAME.*\[$library\.so\.0\]"
	result $? "$library.so is $library.so.0"
done
needs() { readelf -d "$prefix/lib/$1.so" | sed -n 's/.*(NEEDED).*\[\(.*\)\.so\..*/\1/p' | grep -vxE "$2"; }
none 'libiovm.so needs libc alone' "$(needs libiovm 'libc|ld-linux.*')"
none 'libiovm-sim.so needs libiovm alone' "$(needs libiovm-sim 'libc|ld-linux.*|libiovm')"
none 'libiovm-event.so needs libiovm and libevent alone: no jemalloc, no libunwind' "$(needs libiovm-event 'libc|ld-linux.*|libiovm|libevent_core-2\.[0-9]')"

for header in "$prefix"/include/iovm/*.h; do
	name=iovm/${header##*/}
	printf '#include <%s>\n#include <%s>\nextern int alone;\n' "$name" "$name" | tee alone.c >alone.cc
	{ $CC -std=c11 -pedantic -Wall -Wextra -Werror -I"$prefix/include" -fsyntax-only alone.c &&
		$CC -std=c11 -ffreestanding -nostdinc -isystem "$($CC -print-file-name=include)" -Wall -Werror -I"$prefix/include" -fsyntax-only alone.c &&
		{ ! command -v g++ >/dev/null || g++ -std=c++11 -pedantic -Wall -Wextra -Werror -I"$prefix/include" -fsyntax-only alone.cc; }; } 2>log
	result $? "<$name> alone: C11, C++, freestanding" log
done
none 'every public header is installed' "$(diff -rq "$here/include/iovm" "$prefix/include/iovm")"

# program NAME 'MODULES' SOURCE...: built by what pkg-config says and run, both ways of linking; what it prints is in out
flags='-std=gnu11 -Wall -g'
program() {
	program_name=$1 program_modules=$2
	shift 2
	PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_PATH=$prefix/lib/pkgconfig
	export PKG_CONFIG_SYSROOT_DIR PKG_CONFIG_PATH
	# shellcheck disable=SC2046,SC2086 # lists of flags
	$CC $flags -fsanitize=address,undefined -fno-sanitize-recover=all -o program "$@" $(pkg-config --cflags --libs $program_modules) >log 2>&1 &&
		LD_LIBRARY_PATH=$prefix/lib ./program >out 2>>log
	result $? "$program_name by pkg-config, under ASan" log
	# shellcheck disable=SC2046,SC2086 # lists of flags
	$CC $flags -static -o program "$@" $(pkg-config --static --cflags --libs $program_modules) >log 2>&1 && ./program >out 2>>log
	result $? "$program_name by pkg-config --static" log
}
examples=$here/examples stubs=$here/examples/stubs
awk '/^```c$/ { on = 1; next } /^```/ { on = 0 } on' "$here/README" >readme.c
program "README's program" libiovm-sim readme.c
awk '/^```c$/ { seen = 1; next } seen && /^```$/ && ++ticks == 2 { on = 1; next } /^```/ { on = 0 } on' "$here/README" | cmp -s - out
result $? "README's program prints what README says"
program tests/original.c 'libiovm-sim check' -D_GNU_SOURCE "$here/tests/original.c" "$here/tests/original_world.c" "$here/tests/harness.c"
program examples/kernel.c libiovm "$examples/kernel.c" "$stubs/kernel_main.c" "$stubs/direct.c"
program examples/hypervisor.c libiovm "$examples/hypervisor.c" "$stubs/hypervisor_main.c" "$stubs/direct.c"
program examples/libevent.c 'libiovm-event libevent_core' "$examples/libevent.c" "$stubs/accel.c" "$stubs/direct.c"
program examples/ownloop.c libiovm "$examples/ownloop.c" "$stubs/ownloop_main.c" "$stubs/accel.c" "$stubs/direct.c"
program examples/drivertest.c 'libiovm-sim check' "$examples/drivertest.c" "$examples/acc.c"
program examples/vmm.c libiovm-sim "$examples/vmm.c"

none 'every call has a page of the manual' "$(sed -n 's/^ \(i[a-z0-9_]*\)@.*/\1/p' "$here"/debian/*.symbols | while read -r call; do
	[ -s "$prefix/share/man/man3/$call.3" ] || [ -s "$prefix/share/man/man7/$call.7" ] || echo "$call"; done)"
# completed WORD...: what bash offers for the last one
completed() {
	# shellcheck disable=SC2016 # for bash
	bash -c '. "$1" && shift && COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) && _iovm && echo "${COMPREPLY[*]}"' bash "$prefix/share/bash-completion/completions/iovm.bash" "$prefix/bin/iovm" "$@"
}
if command -v bash >/dev/null; then
	[ "$(completed dec)" = decode ] && [ "$(completed soak --mm p)" = process ] && [ "$(completed soak --no)" = --no-hash ]
	result $? 'bash completes verbs, options and their words'
	touch l1 TLBI none x.trace
	[ "$(completed decode --kind l1)" = 'l1std l1cd' ] && [ "$(completed encode --kind l)" = l1 ] && [ "$(completed soak --inject '')" = 'none all' ]
	result $? 'bash completes kinds and faults, not files'
	[ "$(completed encode atc)" = ATC_INV ] && [ "$(completed decode --reg cr0)" = 'CR0 CR0ACK' ] && [ "$(completed encode --list STOP)" = STOP_MARKER ]
	result $? 'bash completes the names of records'
	[ "$(completed check-trace x.)" = x.trace ] && [ "$(completed soak --trace x.)" = x.trace ] && [ "$(completed decode '<' x.)" = x.trace ] &&
		[ -z "$(completed soak --seed '')$(completed soak '')$(completed decode x)$(completed doctor '')" ]
	result $? 'bash completes files where one is named, and nowhere else'
else
	result 77 'completion: no bash here'
fi
LD_LIBRARY_PATH='' "$prefix/bin/iovm" soak --mm sim --seed 1 --steps 20000 >out 2>log
result $? 'the installed iovm runs without our libraries' log

make -C "$build" uninstall DESTDIR="$root" >log 2>&1
none 'make uninstall leaves no file' "$(find "$root" ! -type d)"
finish
