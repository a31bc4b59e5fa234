#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later
# ./run coverage: the suite in a build that counts which lines and branches of src/ and tools/ it reaches. A table of files on stdout, the pages with each line in
# BUILD/coverage/index.html, then what the suite counted.
set -u
build=$1
here=$(cd "$(dirname "$0")/.." && pwd -P) || exit 3
# shellcheck source=tests/tally.sh
. "$here/tests/tally.sh"
work=$build/coverage
mkdir -p "$work" && cd "$work" || exit 3

if [ "$(cat options 2>/dev/null)" != "$(cksum <"$build/stamp")" ]; then
	progress 'coverage: configure'
	../../configure --disable-maintainer-mode --disable-shared CFLAGS='-g -O0 --coverage' >configure.log 2>&1 || { result 1 'coverage: configure' configure.log; finish; }
	cksum <"$build/stamp" >options
fi
progress 'coverage: build and tests'
find . -name '*.gcda' -exec rm -f {} +
tests=$(make -s --no-print-directory print-tests | grep -v '^examples/static$' | tr '\n' ' ')	# which has no libc to count with
suite "$work" '' TESTS="$tests" check_PROGRAMS="$(echo "$tests" | tr ' ' '\n' | grep -v '\.sh$' | tr '\n' ' ')" >tests.out
progress 'coverage: table'
gcovr --root "$here" --object-directory . --filter "$here/src/" --filter "$here/tools/" --txt table --html-details index.html . >gcovr.log 2>&1
result $? "coverage: $work/index.html" gcovr.log
cat table
grep -v '^ok' tests.out
finish
