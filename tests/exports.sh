#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later
# What the libraries show, against what they are meant to: debian/NAME0.symbols is the list, one call a line with the version it came with. A call that goes, or
# comes unlisted, is seen here before a user sees it.
#   exports.sh FOLDER           prints what differs between the libraries in FOLDER (shared or not) and the lists; nothing: they agree
#   exports.sh --write FOLDER   brings the lists in line (make exports); what was listed keeps its version
set -u
LC_ALL=C
export LC_ALL
here=$(cd "$(dirname "$0")/.." && pwd -P) || exit 1
write=
[ "$1" != --write ] || { write=yes; shift; }
version=$(sed -n 's/^AC_INIT(\[libiovm\], \[\([0-9.]*\)\].*/\1/p' "$here/configure.ac")
map=IOVM_0

# shown LIBRARY: a shared one's calls with their symbol version; an archive's as the map will have them
shown() {
	case $1 in
	*.a) nm -g --defined-only "$1" 2>/dev/null | awk -v map=$map 'NF == 3 && $3 ~ /^(iovm_[a-z]|iommu_iovm_)/ { print $3 "@" map }' ;;
	*) nm -D --defined-only "$1" | awk 'NF == 3 && $2 != "A" { sub(/@@/, "@", $3); print $3 }' ;;
	esac | sort
}
listed() { sed -n 's/^ \([^ ]*\) .*/\1/p' "$here/debian/${1}0.symbols" | grep -v "^$map@"; }

for name in libiovm libiovm-event libiovm-sim; do
	for library in "$1/$name.so" "$1/$name.a" none; do
		[ ! -f "$library" ] || break
	done
	if [ "$library" = none ]; then	# configure may have left the other two out
		[ $name != libiovm ] || echo "$name: no library in $1"
		continue
	fi
	if [ "$write" ]; then
		list=$here/debian/${name}0.symbols
		{
			printf '%s.so.0 %s0 #MINVER#\n* Build-Depends-Package: libiovm-dev\n %s %s\n' $name $name "$map@$map" "$version"
			shown "$library" | while read -r call; do
				grep -F " $call " "$list" 2>/dev/null || echo " $call $version"
			done
		} >"$list.new" && mv "$list.new" "$list"
		continue
	fi
	{ shown "$library" | sed 's/^/+ /'; listed $name | sed 's/^/- /'; } | sort -k 2 | awk '
		{ n[$2]++; last[$2] = $1 }
		END { for (call in n) if (n[call] == 1) print last[call], call }' | sort -k 2 | sed "s|^+|$name: shows, unlisted (make exports):|; s|^-|$name: does not show, though listed:|"
done
