#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later
# soak.sh [BUILD-FOLDER]: short soaks on each backend, of which ci.sh has the long ones: all faults at once; each fault of registers and queues alone, which is
# delivered and survived; the one that no engine survives, which is named; a seed that repeats its trace byte for byte; and several threads at once.
set -u
LC_ALL=C
export LC_ALL
unset IOVM_COMMAND
here=$(cd "$(dirname "$0")" && pwd -P)
# shellcheck source=tests/tally.sh
. "$here/tally.sh"
with_program "$@"

all_at_once() {	# BACKEND
	for seed in 1 2 3 4 5; do
		"$iovm" soak --backend "$1" --mm sim --steps 20000 --seed $seed --inject all --json >json 2>err
		result $? "soak: $1, seed $seed" err
	done
}

same_again() {	# BACKEND
	for again in 1 2; do
		"$iovm" soak --backend "$1" --mm sim --steps 20000 --seed 6 --inject all --trace $again.trace >out 2>err
		result $? "soak: $1, seed 6, run $again" err
	done
	cmp 1.trace 2.trace >out 2>&1
	result $? "soak: $1, the same seed has the same trace" out
	"$iovm" check-trace 1.trace >out 2>&1
	result $? "soak: $1, its trace is as good when it is read again" out
}

injected() { sed -n "s/^  \"$1\": \([0-9]*\),*$/\1/p" json; }

# Not every seed has the devices, or the moment, that a fault needs
alone() {	# FAULT
	count=0
	for seed in 1 2 3 4 5; do
		"$iovm" soak --backend smmuv3 --mm sim --steps 20000 --seed $seed --inject "$1" --json >json 2>err || { result 1 "soak: $1 alone, seed $seed" err; return; }
		count=$(injected "$1")
		[ "${count:-0}" = 0 ] || break
	done
	[ "${count:-0}" != 0 ]
	result $? "soak: $1 alone is delivered and survived" json
}

# A TLB that goes on answering what it was told to forget: who waits for it waits in vain, and the checker must see whose pages were reached
tlb_still_answers() {
	ASAN_OPTIONS=detect_leaks=0 "$iovm" soak --backend smmuv3 --mm sim --steps 20000 --seed 1 --inject F39 --json >json 2>err
	[ $? = 1 ] && grep -q '^iovm soak: I26 violated ' err && [ "$(injected F39)" -gt 0 ]
	result $? 'soak: F39 alone is not survived, and I26 is named' err
}

# One PASID for a thousand spaces is too few for work: that is said, and what it takes to say it is not called a leak
too_little_work() {
	"$iovm" soak --mm sim --steps 400000 --seed 1 --devices 256 --mms 1024 --pasid-bits 1 --priq-log2 3 >out 2>err
	[ $? = 1 ] && grep -q '^  ! idle: requests ' out && grep -q '^  leaks: 0 bytes, ' out
	result $? 'soak: too little work is no success, and no leak' out
}

# Worlds beyond those that are drawn are worlds, too
shapes() {	# BACKEND
	while read -r shape; do
		# shellcheck disable=SC2086 # a list of options
		"$iovm" soak --backend "$1" --mm sim --seed 2 $shape >out 2>&1
		result $? "soak: $1, $shape" out
	done <<-END
	--devices 256 --steps 400000
	--devices 64 --mms 1024 --iommus 16 --steps 100000
	--devices 1 --mms 1 --steps 20000
	END
}

# Ctrl-Z, a suspended machine, one that is busy elsewhere: time in which nothing runs is no idleness of the world
stopped_meanwhile() {
	"$iovm" soak --mm sim --duration 3s --seed 1 --no-hash >out 2>err &
	sleep 1
	kill -STOP $!
	sleep 1
	kill -CONT $!
	wait $!
	result $? 'soak: stopped for a third of its time, it is good all the same' out
}

# again NAME WORDS OPTION...: the command at the report's end has these words, and is one that is taken
again() {
	again_name=$1 again_words=$2
	shift 2
	ASAN_OPTIONS=detect_leaks=0 "$iovm" soak "$@" >out 2>err
	command=$(sed -n 's/^  again: .* soak //p' out)
	case " $command " in
	*" $again_words "*)
		# shellcheck disable=SC2086 # a list of options
		ASAN_OPTIONS=detect_leaks=0 "$iovm" soak $command >out 2>err
		[ $? -lt 2 ] ;;
	*) false ;;
	esac
	result $? "soak: the command that does it again: $again_name" err
}

# ... and is one that the reader has: ./run or the installed program, on the page, in the object and in the report alike
who_is_typed() {	# COMMAND
	"$iovm" soak --mm sim --seed 1 --steps 2000 --report x.html >out 2>err && "$iovm" soak --mm sim --seed 1 --steps 2000 --json >json 2>err &&
		grep -q "^  again: $1 soak --mm sim --seed 1 --steps 2000" out && grep -q "\"command\": \"$1 soak --mm" json && grep -q "<code>$1 soak --mm" x.html
	result $? "soak: the command that does it again is of $1" out
}

several_threads() {
	for threads in 2 5 12; do
		"$iovm" soak --backend smmuv3 --threads $threads --steps 20000 --seed $threads --json >json 2>err
		result $? "soak: $threads threads" err
	done
	"$iovm" soak --backend smmuv3 --threads 6 --kinds mixed --steps 20000 --seed 9 --inject none --json >json 2>err
	result $? 'soak: 6 threads, and nothing goes wrong' err
	"$iovm" soak --backend smmuv3 --threads 2 --steps 5 --trace threads.trace >out 2>err
	[ $? = 2 ] && grep -q -e '--trace' err && [ ! -e threads.trace ]
	result $? 'soak: threads have no trace' err
	"$iovm" soak --backend smmuv3 --threads 2 --steps 5 --inject smmu-off >out 2>err
	[ $? = 2 ] && grep -q 'F37' err
	result $? 'soak: threads do not stop for an SMMU that is switched off' err
}

for backend in sim smmuv3; do
	all_at_once $backend
	same_again $backend
	shapes $backend
done
for fault in F21 F22 F25 F28 F29 F30 F31 F32 F33 F34 F35 F36 F37 F38; do
	alone $fault
done
tlb_still_answers
too_little_work
stopped_meanwhile
again 'threads are for processes' '--mm sim' --threads 2 --duration 300ms --seed 1
again 'what was planted' '--plant leak' --plant leak --kills 2 --seed 1
who_is_typed iovm
IOVM_COMMAND=./run
export IOVM_COMMAND
who_is_typed ./run
several_threads
finish
