#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later
# arm64-headers.sh FOLDER: the headers of Debian's kernel for AArch64, of the version whose x86-64 ones are installed, unpacked into FOLDER:
# nothing is installed, and dpkg keeps its one architecture. What does not depend on the architecture, and kbuild's tools, are those of the
# x86-64 packages. Then: make -C FOLDER/usr/src/linux-headers-*-arm64 M=$PWD/ports/linux CROSS_COMPILE=aarch64-linux-gnu- modules
set -eu
folder=$1
release=$(find /usr/src -maxdepth 1 -name 'linux-headers-*-amd64' | sort -V | tail -n 1)
release=${release#/usr/src/linux-headers-}
release=${release%-amd64}
[ -n "$release" ] || { echo "$0: install linux-headers-amd64 first" >&2; exit 3; }
package=linux-headers-$release-arm64
[ ! -d "$folder/usr/src/$package" ] || exit 0
mkdir -p "$folder/apt/lists/partial" "$folder/apt/cache/archives/partial"
folder=$(cd "$folder" && pwd -P)

private() {	# apt-get with lists of its own
	apt-get -q -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Dir::State::Lists="$folder/apt/lists" -o Dir::Cache="$folder/apt/cache" \
		-o Dir::State::Status=/dev/null -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Retries=3 "$@" >&2
}
private update
(cd "$folder/apt" && private download "$package")
rm -rf "$folder/new"
dpkg-deb -x "$folder/apt/$package"_*.deb "$folder/new"
for tools in scripts tools; do	# links to a folder that stands on the installed side
	ln -sfn "/usr/lib/linux-kbuild-${release%.0-*}/$tools" "$folder/new/usr/src/$package/$tools"
done
rm -rf "$folder/apt" "${folder:?}/usr"
mv "$folder/new/usr" "$folder/usr"
rm -rf "$folder/new"
