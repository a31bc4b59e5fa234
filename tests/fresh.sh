#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later
# fresh.sh: what somebody meets who clones this onto a Debian 12 of which nothing but its base is there: in a chroot that debootstrap makes, as root and as a user who may
# become nobody else, without packages and with them, without network, without terminal or standard input, in a path with a blank, on one core, in 1 GB of memory. Then
# what a packager meets. Needs root and a Debian mirror (IOVM_MIRROR); a machine without them skips. Whatever it mounts it unmounts, however it ends.
set -u
LC_ALL=C
export LC_ALL
here=$(cd "$(dirname "$0")/.." && pwd -P) || exit 2
# shellcheck source=tests/tally.sh
. "$here/tests/tally.sh"
mirror=${IOVM_MIRROR:-http://deb.debian.org/debian}
path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

unable() { result 77 "fresh: $1"; finish; }
[ "$(id -u)" = 0 ] || unable 'needs root, for a chroot'
command -v debootstrap >/dev/null || unable 'no debootstrap here (apt-get install debootstrap)'
unshare -n true 2>/dev/null || unable 'may not take the network away (unshare -n)'
work=$(mktemp -d) || exit 1
root=$work/root
small=	# a control group of 1 GB
clean() {
	for mounted in dev/shm proc; do
		! grep -qF " $root/$mounted " /proc/mounts || umount "$root/$mounted" || umount -l "$root/$mounted"
	done
	[ -z "$small" ] || ! [ -d "$small" ] || rmdir "$small"
	rm -rf --one-file-system "$work"
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

progress 'fresh: debootstrap'
debootstrap --variant=minbase bookworm "$root" "$mirror" >"$work/log" 2>&1 || unable "debootstrap: $(tail -n 1 "$work/log")"
{ mount -t proc proc "$root/proc" && mount -t tmpfs tmpfs "$root/dev/shm"; } || unable 'may not mount'
chroot "$root" useradd -m visitor >"$work/log" 2>&1
result $? 'fresh: a user' "$work/log"
# clone OWNER: their own copy, as git has it (or as the tarball had it)
clone() {
	to="$root/home/$1/lib iovm"
	mkdir -p "$root/home/$1"
	if [ -e "$here/.git" ]; then
		git clone -q "$here" "$to"
	else
		mkdir "$to" && (cd "$here" && tar cf - --exclude=./build .) | (cd "$to" && tar xf -)
	fi
	chroot "$root" chown -R "$1:" "/home/$1"
}
clone root
clone visitor
# as USER OWNER COMMAND...: in that copy, with an environment of their own, without terminal and standard input; 1 in out, 2 in err. $around: what it runs under
around=
as() {
	user=$1 owner=$2
	shift 2
	# shellcheck disable=SC2086,SC2016 # $around is words; the rest is for the inner shell
	setsid -w $around chroot --userspec="$user:" "$root" /usr/bin/env -i PATH=$path HOME="/home/$user" LANG=C.UTF-8 LC_ALL=de_DE.UTF-8 http_proxy="${http_proxy-}" https_proxy="${https_proxy-}" \
		sh -c 'cd "$1" && shift && exec "$@" <&-' sh "/home/$owner/lib iovm" "$@" >"$work/out" 2>"$work/err"
}
# ends STATUS NAME: how the command before did
ends() {
	got=$?
	[ $got = "$1" ] || echo "exit status $got, not $1" >>"$work/err"
	[ $got = "$1" ]
	result $? "fresh: $2" "$work/err"
}
one_line() {
	grep -c . "$work/err" | grep -qx 1 && grep -q "$1" "$work/err" && [ ! -s "$work/out" ]
	result $? "fresh: ...in one line" "$work/err"
}
one_object() {
	[ "$(head -c 1 "$work/out")" = '{' ] &&
		[ "$(tail -n 1 "$work/out")" = '}' ] && grep -q '"schema": "iovm-soak"' "$work/out" &&
		sed -n 's/.*"trace_sha256": //p' "$work/out" >"$work/hash.$1" && [ -s "$work/hash.$1" ]
	result $? "fresh: ...prints one JSON object" "$work/out"
}
# whoever calls $work/small lives in 1 GB from then on; left empty where the kernel has no control group for us
for groups in /sys/fs/cgroup/memory /sys/fs/cgroup; do
	small=$groups/libiovm-$$
	mkdir "$small" 2>/dev/null || { small=; continue; }
	for limit in "$small/memory.limit_in_bytes" "$small/memory.max"; do
		! { [ -f "$limit" ] && echo 1073741824 >"$limit"; } 2>/dev/null || break 2
	done
	rmdir "$small"
	small=
done
# shellcheck disable=SC2016 # for the script
printf '#!/bin/sh\necho $$ >%s/cgroup.procs && exec "$@"\n' "$small" >"$work/small"
chmod +x "$work/small"

soak='./run soak --mm sim --seed 1 --steps 200000 --json'

progress 'fresh: without packages'
# shellcheck disable=SC2086 # words
{
	as visitor visitor $soak
	ends 3 'a user without packages'
	one_line 'missing packages; as root type: apt-get install -y --no-install-recommends gcc '
	around='unshare -n'
	as root root $soak
	ends 3 'root without packages and network'
	grep -q 'as root type: apt-get install' "$work/err"
	result $? 'fresh: ...naming what to type' "$work/err"
	around=
	progress 'fresh: root'
	as root root $soak
	ends 0 'root, with what apt brings'
	one_object root
	as visitor root $soak
	ends 3 'a user in the tree of root'
	one_line 'which belongs to root: run as root, or clone'
	progress 'fresh: a user'
	if [ "$small" ]; then
		around="taskset -c 0 $work/small"
		as visitor visitor sh -c 'head -c 1100000000 /dev/zero | tail -n 1'
		ends 137 'a machine of one core and 1 GB, and no more'
	else
		result 77 'fresh: a machine of 1 GB: no control group to be had here'
	fi
	as visitor visitor $soak
	ends 0 'a user, with the packages there'
	around=
	one_object visitor
	around='unshare -n taskset -c 0'
	began_at=$(date +%s)
	as visitor visitor $soak
	ends 0 'again without network, on one core'
	one_object again
	around=
}
echo "      $(($(date +%s) - began_at)) s"
! grep -E '^\+ (autoreconf|\.\./configure|.*apt-get)' "$root/home/visitor/lib iovm/build/setup.log" >&2
result $? 'fresh: ...without autoreconf, configure or apt'
cmp -s "$work/hash.root" "$work/hash.visitor" && cmp -s "$work/hash.root" "$work/hash.again"
result $? 'fresh: the same seed is the same run for all three'
progress 'fresh: check'
[ -z "$small" ] || around=$work/small
as visitor visitor ./run check
around=
ends 0 './run check as a user'
tail -n 1 "$work/out" | grep -qE '^[1-9][0-9]* passed, 0 failed, [0-9]+ skipped$'
result $? "fresh: ...$(tail -n 1 "$work/out")" "$work/out"

left=$(find "$root/dev/shm" "$root/tmp" -mindepth 1; for process in /proc/[0-9]*; do [ "$(readlink "$process/root")" != "$root" ] || tr '\0' ' ' <"$process/cmdline"; done)
[ -z "$left" ] || printf '%s\n' "$left" >&2
[ -z "$left" ]
result $? 'fresh: no process, no file in /tmp or /dev/shm is left'

progress 'fresh: Debian packages'
as root root apt-get install -y --no-install-recommends build-essential debhelper lintian
ends 0 'the tools of a packager'
as visitor visitor env IOVM_JOBS="$jobs" sh tests/debian.sh
cp "$work/err" "$work/log"
delegate 'fresh: Debian packages' cat "$work/out"
grep -q ' 0 failed' "$work/out" || cat "$work/log" >&2

clean
! grep -F "$work" /proc/mounts >&2 && [ ! -e "$work" ]
result $? 'fresh: unmounted and removed'
finish
