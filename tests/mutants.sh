#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later
# ./run mutants [--all | --sample N] [--list] [NAME...]: each tests/mutants/NAME.patch is a bug; the tests named in its first lines must see it.
#
#	kills: pasid				a test program of tests/ fails
#	kills: scenario:detach			its test case (Check's CK_RUN_CASE) fails
#	kills: I26				`iovm soak` with a fixed seed exits 1 and names I26
#	soak: --inject F16 --iommus 2		how that soak is run, if not as below
#	kills: baremetal			the program of ports/baremetal-aarch64 fails (or never ends) on QEMU
#
# A worker has one copy of the tree and of a warm build folder: a mutant is applied there, what depends on it is built, the test is run, and the copy is
# restored. Nothing is ever written in the tree itself. A patch that does not apply or build, that a timeout ended, or that something else than what the
# header says has killed is broken. Before the mutants, the same tests must pass without them: else every mutant would seem killed.
set -u
build=$1
shift
here=$(cd "$(dirname "$0")/.." && pwd -P) || exit 3
# shellcheck source=tests/tally.sh
. "$here/tests/tally.sh"
soak_default='--backend sim --mm sim --seed 1 --steps 100000 --inject all --json'
limit=120	# seconds for one test; a mutant that hangs is killed by that

usage() { echo 'usage: ./run mutants [--all | --sample N] [--list] [NAME...]' >&2; exit 2; }
header() { sed -n "1,/^---/s/^$2: *//p" "$1" | head -n 1; }

# verify FOLDER SPECIFICATION SOAK-OPTIONS LOG: 0 the test passes, 1 it fails as named, 2 anything else
verify() {
	case $2 in
	I[0-9]*)
		# shellcheck disable=SC2086 # a list of options
		timeout "$limit" "$1/build/iovm" soak $soak_default $3 >"$4" 2>&1 </dev/null
		case $? in
		0) return 0 ;;
		1) grep -qE "\\b$2 violated " "$4" && return 1 ;;
		esac
		return 2 ;;
	baremetal)
		make -C "$1/ports/baremetal-aarch64" OUT="$1/build/baremetal" >"$4" 2>&1 || return 2
		timeout 60 sh "$1/ports/baremetal-aarch64/qemu.sh" "$1/build/baremetal/iovm.elf" >"$4" 2>&1 </dev/null && return 0
		return 1 ;;
	esac
	program=${2%%:*}
	(
		cd "$1/build" || exit 99
		[ "$program" = "$2" ] || { CK_RUN_CASE=${2#*:}; export CK_RUN_CASE; }
		srcdir=.. IOVM_TEST_RESULTS=$4.count timeout "$limit" "tests/$program" >"$4" 2>&1 </dev/null
	)
	status=$?
	ran=$(awk '!/^skip: / { print $2 + $3 }' "$4.count" 2>/dev/null | tail -n 1)
	rm -f "$4.count"
	case $status,${ran:-0} in
	0,0) return 2 ;;
	0,*) return 0 ;;
	1,0) return 2 ;;
	1,*) return 1 ;;
	esac
	return 2
}

targets() { case $1 in I[0-9]*) echo iovm ;; baremetal) echo libiovm.la ;; *) echo "tests/${1%%:*}" ;; esac; }

# try FOLDER PATCH: prints killed, survived or broken, and why
try() {
	tree=$1 patch=$2
	kills=$(header "$patch" kills) options=$(header "$patch" soak)
	log=$tree/mutant.log
	[ -n "$kills" ] || { echo 'broken: no "kills:" in its header'; return; }
	if ! patch -d "$tree" -p1 --force --no-backup-if-mismatch --fuzz=0 --dry-run <"$patch" >"$log" 2>&1; then
		echo 'broken: does not apply'
		return
	fi
	patch -d "$tree" -p1 --force --no-backup-if-mismatch --fuzz=0 <"$patch" >"$log" 2>&1
	if make -C "$tree/build" "$(targets "$kills")" >"$log" 2>&1; then
		verify "$tree" "$kills" "$options" "$log"
		case $? in
		0) echo "survived: $kills passes" ;;
		1) echo "killed by $kills" ;;
		*) echo "broken: $kills neither passed nor failed as named: $(tail -n 1 "$log" | cut -c 1-150)" ;;
		esac
	else
		echo "broken: does not build: $(grep -m 1 'error' "$log" | cut -c 1-150)"
	fi
	cp "$log" "$results/$(basename "$patch" .patch).log"
	patch -d "$tree" -p1 --force --no-backup-if-mismatch -R <"$patch" >>"$log" 2>&1
}

# The copy keeps modification times, so that make builds what a patch touches and no more. The bare metal's objects are built anew: what they depend on is
# told by the names of the folder that they were built in.
copy_tree() {
	mkdir -p "$1"
	(cd "$here" && tar cf - --exclude=./.git --exclude=./build .) | (cd "$1" && tar xf -)
	(cd "$build" && tar cf - --exclude=./ci --exclude=./baremetal .) | (mkdir -p "$1/build" && cd "$1/build" && tar xf -)
}

choose() {	# the patches, one a line
	case $mode in
	names) for name; do echo "$here/tests/mutants/${name%.patch}.patch"; done ;;
	all) find "$here/tests/mutants" -name '*.patch' | sort ;;
	sample) find "$here/tests/mutants" -name '*.patch' | sort | shuf -n "$sample" | sort ;;
	esac
}

mode=all sample=0 list=
while [ $# -gt 0 ]; do
	case $1 in
	--all) mode=all ;;
	--sample) mode=sample sample=${2-}; shift ;;
	--list) list=yes ;;
	-*) usage ;;
	*) break ;;
	esac
	shift
done
[ $# = 0 ] || mode=names
case $sample in '' | *[!0-9]*) usage ;; esac
work=$(mktemp -d) || exit 3
results=$work/results
mkdir "$results"
workers=
# shellcheck disable=SC2086 # a list of numbers
trap 'rm -rf "$work"' EXIT
for signal in 1 2 15; do
	# shellcheck disable=SC2064 # the number of now
	trap "kill \$workers 2>/dev/null; exit $((128 + signal))" $signal
done
choose "$@" >"$work/patches"
while read -r patch; do
	[ -f "$patch" ] || { echo "mutants: no $patch" >&2; exit 2; }
done <"$work/patches" || exit 2
if [ -n "$list" ]; then
	while read -r patch; do printf '%-40s %s\n' "$(basename "$patch" .patch)" "$(header "$patch" kills)"; done <"$work/patches"
	exit 0
fi

# A worker takes each patch whose turn comes: a folder made is a patch taken
worker() {
	copy_tree "$work/w$1"
	while read -r patch; do
		name=$(basename "$patch" .patch)
		mkdir "$results/$name.taken" 2>/dev/null || continue
		started=$(date +%s)
		verdict=$(try "$work/w$1" "$patch")
		echo "$verdict" >"$results/$name.verdict"
		printf '%s: %s (%d s)\n' "$name" "$verdict" $(($(date +%s) - started))
	done <"$work/patches"
}

# What the chosen mutants are to be killed by must pass on the tree as it is
progress 'the tests without any mutant'
copy_tree "$work/w1"
good=0
while read -r patch; do printf '%s\t%s\n' "$(header "$patch" kills)" "$(header "$patch" soak)"; done <"$work/patches" | sed 's/^I[0-9]*	/I0	/' | sort -u >"$work/tests"
while IFS='	' read -r kills options; do
	[ -n "$kills" ] || continue
	make -C "$work/w1/build" "$(targets "$kills")" >"$work/log" 2>&1 && verify "$work/w1" "$kills" "$options" "$work/log" && continue
	echo "FAIL  without a mutant: $kills $options"
	tail -n 5 "$work/log" >&2
	good=$((good + 1))
done <"$work/tests"

progress "$(wc -l <"$work/patches") mutants"
for n in $(seq "$jobs"); do
	worker "$n" &
	workers="$workers $!"
done
wait
killed=$(cat "$results"/*.verdict 2>/dev/null | grep -c '^killed')
survived=$(cat "$results"/*.verdict 2>/dev/null | grep -c '^survived')
broken=$(($(wc -l <"$work/patches") - killed - survived + good))
mkdir -p "$build/mutants" && cp "$results"/*.log "$build/mutants/" 2>/dev/null
echo "$killed killed, $survived survived, $broken broken"
count "$killed" $((survived + broken)) 0
finish
