#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later
# Breaks each rule of lint.sh once, in a copy of the tree, and sees that the rule, and what it says, names the place. Needs what lint.sh needs in full:
# it is CI's, where g++ and shellcheck are there.
set -u
here=$(cd "$(dirname "$0")/.." && pwd -P) || exit 1
# shellcheck source=tests/tally.sh
. "$here/tests/tally.sh"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# fires RULE WHAT-IT-MUST-SAY COMMAND: the command, run in the copy, breaks the rule; the untouched copy keeps it
fires() {
	rm -rf "$work/tree"
	mkdir "$work/tree"
	(cd "$here" && tar cf - --exclude=./.git --exclude=./build --exclude=./autom4te.cache .) | (cd "$work/tree" && tar xf -)
	rm -rf "${work:?}/lib"
	mkdir -p "$work/lib/.libs"
	(cd "$work" && echo 'int iovm_of_mine(void); int iovm_of_mine(void) { return 0; }' >good.c && cc -c good.c && ar rc lib/.libs/libiovm.a good.o)
	before=$(sh "$work/tree/tests/lint.sh" --build "$work/lib" "$1" 2>&1)
	(cd "$work/tree" && eval "$3")
	after=$(sh "$work/tree/tests/lint.sh" --build "$work/lib" "$1" 2>&1)
	status=$?
	case $before in *"$2"*) status=0 ;; esac
	case $after in *"$2"*) ;; *) status=0 ;; esac
	[ $status != 0 ] || printf '%s\n' "$after" >&2
	[ $status != 0 ]
	result $? "lint $1 fires: $2"
}

file=src/pasid/rogue.c
mit='/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */'
fires licence $file "echo 'int x;' >$file"
fires lengths "$file:1: a function of 71 lines" "{ echo '{'; yes ';' | head -n 71; echo '}'; } >$file"
fires lengths "$file: 600 lines" "yes ';' | head -n 600 >$file"
fires layout "$file:1: a blank at the end" "echo 'int x; ' >$file"
fires layout "$file:1: indented by blanks" "echo '        int x;' >$file"
fires layout "$file:1: 201 columns" "printf '%0201d\n' 0 >$file"
fires layout "$file: no newline" "printf 'int x;' >$file"
fires words "$file:1:" "echo '/* T''ODO */' >$file"
fires words "docs/rogue.md:1:" "mkdir -p docs; echo 'right f''or now' >docs/rogue.md"
fires layers "may not include iommu/iommu.h" "echo '#include \"iommu/iommu.h\"' >$file"
fires layers "may not include stdio.h" "echo '#include <stdio.h>' >$file"
fires layers "may not include engine/x.h" "echo '#include \"engine/x.h\"' >src/pri/rogue.c"
fires layers "may not include pri/pri.h" "echo '#include \"pri/pri.h\"' >src/inval/rogue.c"
fires layers "may not include event2/event.h" "echo '#include <event2/event.h>' >src/check/rogue.c"
fires layers "may not include pasid/bitmap.h" "echo '#include \"pasid/bitmap.h\"' >src/backends/sim/rogue.c"
fires layers "may not include backends/sim/x.h" "mkdir -p src/backends/smmuv3; echo '#include \"backends/sim/x.h\"' >src/backends/smmuv3/rogue.c"
fires layers "may not include base/bits.h" "echo '#include \"base/bits.h\"' >examples/rogue.c"
fires layers "may not include base/bits.h" "echo '#include \"base/bits.h\"' >include/iovm/rogue.h"
fires headers "include/iovm/rogue.h: C11:" "echo 'struct x { uint64_t a; };' >include/iovm/rogue.h"
fires headers "include/iovm/rogue.h: freestanding:" "echo '#include <no_such_header.h>' >include/iovm/rogue.h"
fires headers "include/iovm/rogue.h: C++:" "printf '#pragma once\nextern int class;\n' >include/iovm/rogue.h"
fires symbols "libiovm.a: defines rogue" "echo 'int rogue;' >../r.c; cc -c ../r.c -o ../r.o; ar r ../lib/.libs/libiovm.a ../r.o"
fires symbols "libiovm.a: needs puts" "echo 'int puts(const char *); int iovm_r(void); int iovm_r(void) { return puts(\"\"); }' >../r.c; cc -c ../r.c -o ../r.o; ar r ../lib/.libs/libiovm.a ../r.o"
fires exports "libiovm: shows, unlisted (make exports): iovm_rogue@" "echo 'int iovm_rogue;' >../r.c; cc -c ../r.c -o ../r.o; ar r ../lib/.libs/libiovm.a ../r.o"
fires exports "libiovm: does not show, though listed: iovm_gone@" "echo ' iovm_gone@IOVM_0 0.1.0' >>debian/libiovm0.symbols"
fires lists "$file: neither" "echo '$mit' >$file"
fires manual "man: no page has iovm_rogue" "echo ' iovm_rogue@IOVM_0 0.1.0' >>debian/libiovm0.symbols"
fires manual "man: iovm_rogue.3 is referred to" "echo '.Xr iovm_rogue 3' >>man/iovm.3"
fires manual "rogue.3: no example" "printf '.Sh EXAMPLES\n' >man/rogue.3"
fires manual "iovm_new.3: " "sed -i 's/sizeof(config)/sizeof config)/' man/iovm_new.3"
fires manual "man/iovm.3: beyond 80 columns" "printf '.Bd -literal\n%081d\n.Ed\n' 0 >>man/iovm.3"
fires manual "unknown macro" "echo '.Rogue' >>man/iovm.3"
fires manual "man: no page iovm-rogue.1" "printf '#!/bin/sh\necho \"  rogue  a verb\"\n' >../lib/iovm; chmod +x ../lib/iovm"
fires manual "man/iovm-encode.1: does not have --rogue" "printf '#!/bin/sh\necho \"  encode  --rogue\"\n' >../lib/iovm; chmod +x ../lib/iovm"
fires mutants "gap-1.patch: does not apply" "sed -i 's/^-/-x/' tests/mutants/gap-1.patch"
fires mutants "gap-1.patch: killed by no test: rogue:x" "sed -i 's/^kills: .*/kills: rogue:x/' tests/mutants/gap-1.patch"
fires mutants "gap-1.patch: killed by no test" "sed -i '/^kills: /d' tests/mutants/gap-1.patch"
fires scripts "tests/rogue.sh:2:" "printf '#!/bin/sh\nrm \$1/*\n' >tests/rogue.sh"
fires readme "a program that is not the end" "printf '\n\140\140\140c\nint rogue;\n\140\140\140\n' >>README"
finish
