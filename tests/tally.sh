# shellcheck shell=sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later
# What the scripts share: counting, running one build folder's suite, and how a test of the program begins. Lines about single tests go to stdout: they are
# the result; progress goes to stderr. A test that left no count is a failure, as is a `make check` that fails though every count is good.
passed=0 failed=0 skipped=0
jobs=${IOVM_JOBS:-1}
began=$(date +%s)

progress() { printf '[%4d s] %s\n' $(($(date +%s) - began)) "$*" >&2; }
count() {
	passed=$((passed + $1))
	failed=$((failed + $2))
	skipped=$((skipped + $3))
}
# result STATUS NAME [LOG]: one check that has no count of its own; 77 is a skip
result() {
	case $1 in
	0) count 1 0 0; echo "ok    $2" ;;
	77) count 0 0 1; echo "skip  $2" ;;
	*)
		count 0 1 0
		echo "FAIL  $2"
		[ $# -lt 3 ] || tail -n 40 "$3" >&2 ;;
	esac
}
# tally NAME FILE LOG: adds what a test program counted
tally() {
	tally_name=$1
	# shellcheck disable=SC2046 # four words
	set -- "$2" "$3" $(grep -v '^skip: ' "$2" 2>/dev/null | tail -n 1)
	case $#,${4-},${5-},${6-} in
	6,*[!0-9,]*,* | 6,*,*[!0-9,]*,* | 6,*,*[!0-9,]*) set -- "$1" "$2" ;;
	esac
	if [ $# != 6 ]; then
		count 0 1 0
		echo "FAIL  $tally_name: printed no count"
		tail -n 40 "$2" >&2
		return
	fi
	count "$4" "$5" "$6"
	if [ "$5" = 0 ]; then
		echo "ok    $tally_name: $4 passed, $6 skipped"
	else
		echo "FAIL  $tally_name: $4 passed, $5 failed, $6 skipped"
		tail -n 40 "$2" >&2
	fi
	sed -n 's/^skip: /      skipped: /p' "$1"
}
# suite FOLDER LABEL [MAKE-ARGUMENT...]: make check there
suite() {
	suite_folder=$1 suite_label=$2 suite_failed=$failed
	shift 2
	rm -rf "$suite_folder/counts"
	make -C "$suite_folder" -j"$jobs" check "$@" >"$suite_folder/check.log" 2>&1
	suite_status=$?
	suite_tests=$(make -C "$suite_folder" -s --no-print-directory print-tests "$@")
	for suite_test in $suite_tests; do
		suite_name=$(basename "$(dirname "$suite_test")")-$(basename "$suite_test")
		suite_before=$failed
		tally "$suite_label${suite_test%.sh}" "$suite_folder/counts/$suite_name" "$suite_folder/${suite_test%.sh}.log"
		if [ "$failed" = "$suite_before" ] && ! grep -qE '^:test-result: (PASS|SKIP)' "$suite_folder/${suite_test%.sh}.trs"; then
			result 1 "$suite_label${suite_test%.sh}: failed, though its tests passed" "$suite_folder/${suite_test%.sh}.log"
		fi
	done
	[ -n "$suite_tests" ] || result 1 "${suite_label}make check: there are no tests"
	[ $suite_status = 0 ] || [ "$failed" != "$suite_failed" ] || result 1 "${suite_label}make check" "$suite_folder/check.log"
}
# delegate NAME COMMAND...: a script that ends with a line of counts; its other lines are passed on. Its own failure without a count counts as one.
delegate() {
	delegate_name=$1
	shift
	delegate_out=$("$@")
	delegate_status=$?
	delegate_last=$(printf '%s\n' "$delegate_out" | tail -n 1)
	case $delegate_last in
	[0-9]*' passed, '[0-9]*' failed, '[0-9]*' skipped')
		printf '%s\n' "$delegate_out" | sed '$d'
		# shellcheck disable=SC2086 # six words
		set -- $delegate_last
		count "$1" "$3" "$5"
		[ "$delegate_status" = 0 ] || [ "$3" != 0 ] || result 1 "$delegate_name: exit status $delegate_status" ;;
	*)
		[ -z "$delegate_out" ] || printf '%s\n' "$delegate_out"
		result 1 "$delegate_name: printed no count (exit status $delegate_status)" ;;
	esac
}
# with_program [BUILD-FOLDER]: for a test of `iovm`, which is $iovm of $build from here on; its files are in a folder of its own, $work, where it goes on
with_program() {
	build=$(cd "${1-.}" && pwd -P) || exit 2
	iovm=$build/iovm
	[ -x "$iovm" ] || { echo "${0##*/}: no program $iovm" >&2; exit 2; }
	work=$(mktemp -d) || exit 1
	trap 'rm -rf "$work"' EXIT
	cd "$work" || exit 1
}
finish() {
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ] && [ $((passed + skipped)) != 0 ]
	exit
}
