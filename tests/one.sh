#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later
# Runs one test of `make check` from the build folder and leaves counts/FOLDER-NAME: "name passed failed skipped", and the reason of each skip. Programs
# under tests/ write it themselves (harness.c); an example or a script counts as one test, by its exit status (77: skipped, its last line is the reason).
# Who adds up the counts takes a missing one for a failure.
set -u
[ $# -ge 1 ] || { echo "usage: one.sh TEST [ARGUMENT...]" >&2; exit 2; }
folder=$(basename "$(dirname "$1")")
name=$(basename "$1")
mkdir -p counts || exit 99
IOVM_TEST_RESULTS=$(pwd)/counts/$folder-$name
export IOVM_TEST_RESULTS
rm -f "$IOVM_TEST_RESULTS"
case $name in *.sh) set -- "${SHELL:-/bin/sh}" "$@";; esac
case $folder/$name in
examples/* | *.sh)
	output=$("$@" 2>&1)
	status=$?
	printf '%s\n' "$output"
	case $status in
	0) count='1 0 0' ;;
	77) count='0 0 1'; printf 'skip: %s: %s\n' "$name" "$(printf '%s\n' "$output" | tail -n 1)" >"$IOVM_TEST_RESULTS" ;;
	*) count='0 1 0' ;;
	esac
	printf '%s %s\n' "$name" "$count" >>"$IOVM_TEST_RESULTS" ;;
*)
	"$@"
	status=$? ;;
esac
exit $status
