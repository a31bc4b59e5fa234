#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later
# ./run check: the suite, the examples and the house rules, in the build folder that ./run made. Four minutes at most.
set -u
build=$1
here=$(cd "$(dirname "$0")" && pwd -P)
# shellcheck source=tests/tally.sh
. "$here/tally.sh"

progress 'tests and examples'
suite "$build" ''
progress 'house rules'
delegate "house rules" sh "$here/lint.sh" --build "$build"
progress 'done'
finish
