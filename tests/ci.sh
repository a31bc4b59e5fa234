#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later
# ./run check --ci: what a submission must pass beyond ./run check, in 20 minutes on two cores. Each stage has its own folder under build/ci and says
# when it begins; a stage that fails does not stop the others. CI_STAGES="asan soak" runs those alone.
# shellcheck disable=SC2317 # the stages are called by name
set -u
build=$1
here=$(cd "$(dirname "$0")/.." && pwd -P) || exit 3
# shellcheck source=tests/tally.sh
. "$here/tests/tally.sh"
work=$build/ci
mkdir -p "$work" && cd "$work" || exit 3

# configured NAME OPTION...: build/ci/NAME, anew when the options or what makes configure are others; its log on failure
configured() {
	name=$1
	shift
	want="$* $(cat "$here/configure.ac" "$here/Makefile.am" "$here/sources.mk" | cksum)"
	[ "$want" != "$(cat "$work/$name/options" 2>/dev/null)" ] || return 0
	rm -rf "${work:?}/$name"
	mkdir -p "$work/$name"
	(cd "$work/$name" && ../../../configure --disable-maintainer-mode "$@") >"$work/$name.log" 2>&1 || return 1
	printf '%s\n' "$want" >"$work/$name/options"
}
# whole_suite NAME OPTION...: configure and make check there
whole_suite() {
	if configured "$@"; then
		suite "$work/$1" "$1: "
	else
		result 1 "$1: configure" "$work/$1.log"
	fi
}

stage_rules() {
	delegate rules sh "$here/tests/lint-fires.sh"
}

stage_asan() {
	whole_suite asan --enable-sanitizers=address,undefined --disable-shared CFLAGS='-g -O1'
}

stage_tsan() {
	configured tsan --enable-sanitizers=thread --disable-shared CFLAGS='-g -O1' || { result 1 'tsan: configure' "$work/tsan.log"; return; }
	threaded=$(make -C "$work/tsan" -s --no-print-directory print-threaded-tests | tr '\n' ' ')
	CK_FORK=no suite "$work/tsan" 'tsan: ' TESTS="$threaded" check_PROGRAMS="$threaded"
	make -C "$work/tsan" -j"$jobs" iovm >"$work/tsan-soak.log" 2>&1
	for threads in 4 16; do
		"$work/tsan/iovm" soak --backend smmuv3 --kinds mixed --threads "$threads" --steps 16000 >>"$work/tsan-soak.log" 2>&1
		result $? "tsan: a soak of $threads threads" "$work/tsan-soak.log"
	done
}

stage_threads() {	# a million batches by sixteen threads through one command queue; the other stages try fewer
	make -C "$build" tests/smmu_threads >"$work/threads.log" 2>&1 && IOVM_TEST_BATCHES=1000000 "$build/tests/smmu_threads" >>"$work/threads.log" 2>&1
	result $? 'threads: 16 on one command queue, a million batches' "$work/threads.log"
}

stage_clang() {	# shared libraries, warnings are errors: the examples run against the export maps
	whole_suite clang --enable-werror CC=clang
}

stage_installed() {	# what make install leaves is enough for pkg-config's users, and shows our names alone
	configured installed --enable-werror && make -C "$work/installed" -j"$jobs" >"$work/installed.log" 2>&1
	result $? 'installed: gcc -Werror' "$work/installed.log"
	delegate installed sh "$here/tests/install.sh" "$work/installed"
}

stage_fresh() {	# a Debian 12 of which nothing but its base is there
	delegate fresh sh "$here/tests/fresh.sh"
}

stage_bare() {	# nothing but a compiler: libiovm, and a summary that says what was left out
	configured bare --disable-examples PKG_CONFIG=/nonexistent >/dev/null 2>&1 || { result 1 'bare: configure' "$work/bare.log"; return; }
	make -C "$work/bare" -j"$jobs" >"$work/bare.log" 2>&1 && [ -f "$work/bare/libiovm.la" ] && [ ! -f "$work/bare/iovm" ]
	result $? 'bare: libiovm with a compiler alone' "$work/bare.log"
}

stage_aarch64() {
	configured aarch64 --host=aarch64-linux-gnu --disable-sim --disable-examples --without-libevent PKG_CONFIG=/nonexistent &&
		make -C "$work/aarch64" -j"$jobs" >"$work/aarch64.log" 2>&1
	result $? 'aarch64: libiovm' "$work/aarch64.log"
	configured aarch64-static --host=aarch64-linux-gnu --disable-sim --without-libevent PKG_CONFIG=/nonexistent &&
		make -C "$work/aarch64-static" -j"$jobs" examples/static >"$work/aarch64.log" 2>&1 &&
		qemu-aarch64 "$work/aarch64-static/examples/static"
	result $? 'aarch64: examples/static under qemu' "$work/aarch64.log"
}

stage_freestanding() {
	delegate freestanding sh "$here/tests/freestanding.sh" "$work/freestanding"
}

stage_distcheck() {
	configured dist --disable-static && make -C "$work/dist" -j"$jobs" distcheck AM_DISTCHECK_CONFIGURE_FLAGS=--disable-static >"$work/distcheck.log" 2>&1
	result $? 'distcheck' "$work/distcheck.log"
}

stage_soak() {	# 20 seeds of 100,000 steps on each backend, as many at a time as there are cores
	mkdir -p "$work/soak"
	rm -f "$work/soak"/*
	# shellcheck disable=SC2016 # for the inner shell
	for backend in sim smmuv3; do seq -f "$backend %g" 20; done | xargs -P "$jobs" -L 1 sh -c '
		"$1/iovm" soak --backend "$3" --mm sim --seed "$4" --steps 100000 --inject all --json >"$2/$3-$4.json" 2>"$2/$3-$4.log"
		echo $? >"$2/$3-$4.status"' sh "$build" "$work/soak"
	for run in $(for backend in sim smmuv3; do seq -f "$backend-%g" 20; done); do
		result "$(cat "$work/soak/$run.status")" "soak: ${run%-*}, seed ${run#*-}, 100,000 steps" "$work/soak/$run.log"
	done
}

stage_baremetal() {	# the driver on an SMMU that others wrote
	make -C "$build" libiovm.la tests/baremetal >"$work/baremetal.log" 2>&1
	delegate baremetal sh "$here/tests/baremetal.sh" "$build"
}

stage_linux() {	# the driver and its glue as a module of a real kernel; arm64's headers come from the registry
	sh "$here/ports/linux/arm64-headers.sh" "$work/arm64-headers" >"$work/linux.log" 2>&1 || :
	delegate linux sh "$here/tests/linux.sh" "$work"
}

stage_porting() {	# what docs/PORTING.md tells a reader to type, and what it tells him of sizes
	delegate porting sh "$here/tests/porting.sh" "$build"
	delegate sizes sh "$here/tests/sizes.sh"
}

stage_docs() {	# what README shows is what its commands print
	delegate docs sh "$here/tests/docs.sh"
}

stage_deny() {	# kernels that refuse a call
	make -C "$build" tests/deny iovm-bench >"$work/deny.log" 2>&1
	delegate deny sh "$here/tests/deny.sh" "$build"
}

stage_fuzz() {
	make -C "$build" fuzz/decode >"$work/fuzz.log" 2>&1
	delegate fuzz "$build/fuzz/decode" --runs 200000
}

stage_mutants() {
	delegate mutants sh "$here/tests/mutants.sh" "$build" --sample 10
}

stage_bench() {	# instructions, which do not depend on the machine's mood
	make -C "$build" iovm-bench >"$work/bench.log" 2>&1 && "$build/iovm-bench" --count >"$work/bench.txt" 2>>"$work/bench.log"
	result $? 'bench --count' "$work/bench.log"
	awk '/SMMUv3 submit, batch of/ { ours[$(NF - 1)] = $NF } /bare ring, batch of/ { bare[$(NF - 1)] = $NF }
		END { for (n in ours) { all++; printf "batch of %d: %.2f x a bare ring\n", n, ours[n] / bare[n]; if (ours[n] > 1.5 * bare[n]) slow = 1 }; exit slow || all != 4 }' \
		"$work/bench.txt" >"$work/bench.ratios"
	result $? 'bench --count: submit within 1.5 x of a bare ring' "$work/bench.ratios"
}

for stage in ${CI_STAGES:-rules freestanding aarch64 baremetal linux porting docs deny fuzz bare installed fresh clang asan tsan threads distcheck soak bench mutants}; do
	progress "$stage"
	"stage_$stage"
done
progress 'done'
finish
