#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later
# What programs were compiled against, beyond names: tests/data/NAME.abi has for each library the types that its public headers show and its calls take, as libabigail sees them.
# A member that moves, an argument that changes, is seen here before a program that was built yesterday meets it. What is private may change.
#   abi.sh FOLDER           prints how the shared libraries in FOLDER differ from that; nothing: programs built against it run on. Exit 77: no abidiff here
#   abi.sh --write FOLDER   describes them anew (make abi): for what is added, or together with a new soname
set -u
LC_ALL=C
export LC_ALL
here=$(cd "$(dirname "$0")/.." && pwd -P) || exit 1
write=
[ "$1" != --write ] || { write=yes; shift; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
command -v abidiff >/dev/null || exit 77

for name in libiovm libiovm-event libiovm-sim; do
	library=$1/$name.so stored=$here/tests/data/$name.abi
	if [ ! -f "$library" ]; then
		echo "$name: no shared library in $1"
	elif [ "$write" ]; then	# where a type stands says whether it is public: a path's last part is enough for that
		abidw --headers-dir "$here/include/iovm" --drop-private-types --no-comp-dir-path --no-corpus-path --type-id-style hash "$library" >"$work/new" || exit 1
		sed "1a<!-- SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later; written by make abi -->
			s|path='[^']*/|path='|" "$work/new" >"$stored"
	else
		abidiff --headers-dir2 "$here/include/iovm" --drop-private-types --no-added-syms "$stored" "$library" >"$work/said" 2>&1 || sed "s|^|$name: |" "$work/said"
	fi
done
