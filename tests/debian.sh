#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later
# debian.sh: builds the Debian packages from a copy of the tree, as a packager would, and asks lintian. A machine without the packager's tools skips.
set -u
LC_ALL=C
export LC_ALL
here=$(cd "$(dirname "$0")/.." && pwd -P) || exit 2
# shellcheck source=tests/tally.sh
. "$here/tests/tally.sh"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

for tool in dpkg-buildpackage dh lintian; do
	command -v $tool >/dev/null || { result 77 "debian: no $tool here; install dpkg-dev, debhelper and lintian"; finish; }
done
mkdir "$work/libiovm"
(cd "$here" && tar cf - --exclude=./.git --exclude=./build --exclude=./autom4te.cache --exclude='*.o' .) | (cd "$work/libiovm" && tar xf -)
cd "$work/libiovm" || exit 1
# the tests ran elsewhere; build dependencies are what configure finds
DEB_BUILD_OPTIONS="nocheck parallel=$jobs" dpkg-buildpackage -us -uc -b -d >"$work/log" 2>&1
result $? 'dpkg-buildpackage -us -uc -b' "$work/log"
cd "$work" || exit 1
for package in libiovm0 libiovm-event0 libiovm-sim0 libiovm-dev libiovm-tools; do
	dpkg-deb -c "$package"_*.deb >"$package" 2>&1 && grep -q '^-.*/usr/' "$package"
	result $? "$package" "$package"
done
grep -o 'docs/[A-Z]*\.md' "$here/README" | sort -u >documents
while read -r document; do
	grep -qF -e "/${document#docs/}" libiovm-dev
	result $? "libiovm-dev has $document, which README names" libiovm-dev
done <documents
field() { dpkg-deb -f "$1"_*.deb "$2"; }
case $(field libiovm0 Depends) in 'libc6 (>= '*\) | libc6) true ;; *) false ;; esac
result $? 'libiovm0 depends on libc alone'
case $(field libiovm-event0 Depends) in *libevent-core*libiovm0*) true ;; *) false ;; esac
result $? 'libiovm-event0 depends on libevent and libiovm0'
case $(field libiovm-tools Depends) in *libiovm*) false ;; *) true ;; esac
result $? 'libiovm-tools stands alone'
[ "$(id -u)" != 0 ] || root=--allow-root
# shellcheck disable=SC2086 # nothing, or an option
lintian ${root-} --fail-on error,warning ./*.changes >said 2>&1
result $? 'lintian: no error, no warning' said
finish
