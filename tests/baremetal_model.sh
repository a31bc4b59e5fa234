#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later
# baremetal_model.sh, from the build folder: the program of ports/baremetal-aarch64 on the model, which does the plainest thing, and then whatever it may.
set -u
for seed in 0 1 2 3 4 5 6 7 8; do
	output=$(./tests/baremetal -s $seed 2>&1) && continue
	printf '%s\n' "$output" | grep -E '^FAIL|broken' | head -n 40
	echo "tests/baremetal -s $seed failed"
	exit 1
done
