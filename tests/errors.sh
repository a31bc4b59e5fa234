#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later
# errors.sh [BUILD-FOLDER]: every way in which a verb of `iovm` can fail from outside: no permission, no space, a full device, signals, a pipe that nobody
# reads, traces that are none, options that are none. Each ends with its exit code and a sentence that names the object, and leaves nothing: no child, no
# file in /dev/shm, no temporary file. As root it runs the program under a user of its own, so that permissions bind and what is left can be told
# from what others leave meanwhile.
# shellcheck disable=SC2317 # most functions are handed on by name
set -u
LC_ALL=C
export LC_ALL
unset IOVM_COMMAND
here=$(cd "$(dirname "$0")" && pwd -P)
# shellcheck source=tests/tally.sh
. "$here/tally.sh"
with_program "$@"
trap 'chmod -R u+rwx "$work"; rm -rf "$work"' EXIT
mkdir tmp
cp "$iovm" iovm || exit 1
TMPDIR=$work/tmp
export TMPDIR
# A run that failed is left as it fell, and its memory with it: no matter for a sanitizer's own verdict
ASAN_OPTIONS=detect_leaks=0
export ASAN_OPTIONS
touch began
iovm=$work/iovm user=$(id -u) as='' other=$((61000 + $$ % 4000))
if [ "$user" = 0 ] && setpriv --reuid "$other" --regid "$other" --clear-groups true 2>/dev/null; then
	user=$other as="setpriv --reuid $other --regid $other --clear-groups"
	chown -R "$other:$other" "$work"
fi

# What is left of the program: processes by the path that only this test has, files by their owner
left_behind() {
	for try in 1 2 3 4 5 6 7 8 9 10; do
		children=$(find /proc/[0-9]* -maxdepth 1 -name exe -lname "$iovm" 2>/dev/null)
		[ -n "$children" ] || break
		sleep 0.2
	done
	[ -z "$children" ] || echo "after ${try}x0.2 s there are still: $children"
	find "$TMPDIR" -mindepth 1
	find /dev/shm -maxdepth 1 -user "$user" -newer began 2>/dev/null
	[ -z "$as" ] || find /tmp -maxdepth 1 -user "$user" -newer began ! -path "$work" 2>/dev/null
}

# ends STATUS NAME PATTERN COMMAND...: with this status, a line that has PATTERN in what it says to either side, and nothing left. Its stdout is that of the caller, or out
ends() {
	want=$1 name=$2 pattern=$3
	shift 3
	"$@" >out 2>err
	judge $?
}
judge() {
	got=$1
	{
		[ "$got" = "$want" ] || echo "exit status $got, not $want"
		cat out err 2>/dev/null | grep -q -e "$pattern" || echo "no line with: $pattern"
		left_behind
	} >wrong
	cat err >>wrong.log
	[ ! -s wrong ]
	result $? "$name" wrong
}
# the same with stdout at a place that takes nothing
into() {
	place=$1 want=$2 name=$3 pattern=$4
	shift 4
	: >out
	"$@" >"$place" 2>err
	judge $?
}
# ... and at a pipe whose reader has left: the program starts when the reader's end is closed, else its words might find room in the pipe before
pipe() {
	want=$1 name=$2 pattern=$3
	shift 3
	: >out
	rm -f status gone left
	mkfifo gone left
	{ : <left; "$@" 2>err; echo $? >status; } >gone &
	: <gone
	: >left
	wait
	judge "$(cat status)"
}

words='0x0000003100001810 0x0000020800000000 0x00007f00deadb123 0'
run="$as $iovm"
# Each verb in a form that has a result
# shellcheck disable=SC2086 # lists of words, here and below
every_verb() {	# COMMAND...: what is done with each
	"$@" soak $run soak --steps 2000 --seed 1
	"$@" 'soak --json' $run soak --steps 2000 --seed 1 --json
	"$@" check-trace $run check-trace good.trace
	"$@" 'check-trace --json' $run check-trace --json good.trace
	"$@" decode $run decode $words
	"$@" 'decode --json' $run decode --json $words
	"$@" encode $run encode TLBI_NH_ASID ASID=5
	"$@" 'encode --list' $run encode --list
	"$@" doctor $run doctor
	"$@" 'doctor --json' $run doctor --json
	for verb in soak check-trace decode encode doctor; do
		"$@" "$verb --help" $run $verb --help
	done
	"$@" '--help' $run --help
	"$@" '--version' $run --version
}

to_full_device() { name=$1; shift; into /dev/full 3 "full device: $name" 'standard output: No space left' "$@"; }
to_nobody() { name=$1; shift; pipe 3 "broken pipe: $name" 'standard output: Broken pipe' "$@"; }
to_closed() {
	want=3 name="closed stdout: $1" pattern='standard output: Bad file descriptor'
	shift
	: >out
	"$@" >&- 2>err
	judge $?
}

# shellcheck disable=SC2086
no_permission() {
	[ -n "$as" ] || [ "$user" != 0 ] || { result 77 'no permission: root without setpriv has every permission'; return; }
	mkdir closed
	cp good.trace secret.trace
	chmod 500 closed
	chmod 0 secret.trace
	[ -z "$as" ] || chown "$other" closed secret.trace
	ends 3 'no permission: soak --trace' 'closed/x: Permission denied' $run soak --steps 2000 --trace closed/x
	ends 3 'no permission: soak --trace --json' 'closed/x: Permission denied' $run soak --steps 2000 --json --trace closed/x
	ends 3 'no permission: soak --report' 'closed/x: Permission denied' $run soak --steps 2000 --report closed/x
	ends 2 'no permission: check-trace' 'secret.trace: Permission denied' $run check-trace secret.trace
}

# shellcheck disable=SC2086
no_space() {
	ends 3 'no space: soak --trace to a full device' '/dev/full: No space left' $run soak --steps 2000 --trace /dev/full
	ends 3 'no space: soak --report to a full device' '/dev/full: No space left' $run soak --steps 2000 --report /dev/full
	ends 3 'no space: --trace on processes' '/dev/full: No space left' $run soak --mm process --kills 1 --trace /dev/full
	ends 3 'no space: soak --trace beyond the limit of files' 'x.trace: File too large' sh -c "ulimit -f 64; exec $run soak --steps 20000 --trace x.trace"
	ends 3 'no space: soak --report beyond the limit of files' 'x.html: File too large' sh -c "ulimit -f 8; exec $run soak --steps 2000 --report x.html"
	ends 3 'no descriptors: soak on processes' 'Too many open files' sh -c "ulimit -n 12; exec $run soak --mm process --kills 1"
	ends 3 'no descriptors: the part that failed is the one to run again' 'again: iovm soak --mm process --seed 1 --duration 300ms' \
		sh -c "ulimit -n 12; exec $run soak --duration 900ms --seed 1"
}

# shellcheck disable=SC2086
no_proc() {
	hidden="mount -t tmpfs none /proc && exec $iovm"
	! grep -q '^SANITIZE = .*-f' "$build/Makefile" || { result 77 'no /proc: a sanitizer cannot do without'; return; }
	$as unshare -rm true 2>/dev/null || { result 77 'no /proc: no user namespaces here'; return; }
	ends 3 'no /proc: doctor' 'mount -t proc proc /proc' $as unshare -rm sh -c "$hidden doctor"
	ends 3 'no /proc: doctor --json' '"good": false' $as unshare -rm sh -c "$hidden doctor --json"
	ends 3 'no /proc: soak on processes' 'mount /proc' $as unshare -rm sh -c "$hidden soak --mm process --kills 1"
}

# signal NUMBER NAME WHAT OPTION...: sent while it runs; the report is printed all the same
signal() {
	number=$1 word=$2 name="SIG$2: $3"
	shift 3
	want=$((128 + number)) pattern='stopped, good so far'
	# shellcheck disable=SC2086
	env --default-signal=HUP $run soak "$@" --seed 1 --duration 60s --report x.html >out 2>err &	# whoever began us may have ignored it
	child=$!
	tries=0
	until grep -q seed err || [ $tries -ge 50 ]; do sleep 0.1; tries=$((tries + 1)); done
	sleep 0.5
	kill -"$word" $child
	wait $child
	judge $?
	grep -q '<h1>iovm soak: stopped, good so far</h1>' x.html && grep -q '</html>' x.html
	result $? "$name: the page is whole"
}

# shellcheck disable=SC2086
signals() {
	for both in '1 HUP' '2 INT' '15 TERM'; do
		signal ${both% *} ${both#* } 'on the pretend machine' --mm sim
		signal ${both% *} ${both#* } 'on processes' --mm process
	done
	nohup $run soak --mm sim --seed 1 --duration 2s >out 2>err &
	child=$!
	sleep 1
	kill -HUP $child
	wait $child
	status=$?
	want=0 name='SIGHUP: nohup means it' pattern='soak: good\.'
	judge $status
	# not to be caught: the children go, too
	$run soak --mm process --seed 1 --duration 60s >out 2>err &
	child=$!
	sleep 1
	kill -KILL $child
	wait $child 2>/dev/null
	status=$?
	want=137 name='SIGKILL: on processes' pattern=seed
	judge $status
}

# `run` in a tree whose autoreconf does not end: a signal to `run` alone ends all of it, with a sentence
# shellcheck disable=SC2016,SC2086 # scripts; a list of words
set_up_stopped() {	# SHELL
	mkdir -p tree bin
	cp "$here/../run" tree/run
	touch tree/configure.ac tree/Makefile.am tree/sources.mk
	for tool in automake libtoolize pkg-config make; do printf '#!/bin/sh\n' >bin/$tool; done
	printf '#!/bin/sh\nwhile [ $# -gt 3 ]; do echo "installed $4"; shift; done\n' >bin/dpkg-query
	printf '#!/bin/sh\nsleep 20 &\ntouch started\nsleep 20\n' >bin/autoreconf
	chmod +x bin/*
	for both in '1 HUP' '2 INT' '13 PIPE' '15 TERM'; do
		rm -rf tree/build tree/started
		PATH=$work/bin:$PATH env --default-signal "$1" tree/run soak >out 2>err &
		child=$!
		for try in 1 2 3 4 5 6 7 8 9 10; do [ ! -e tree/started ] || break; sleep 0.2; done
		kill -"${both#* }" $child
		wait $child
		status=$?
		want=$((128 + ${both% *})) name="SIG${both#* }: set-up, by $1" pattern="^run: stopped by signal ${both% *}\$"
		judge $status
		find /proc/[0-9]* -maxdepth 1 -name cwd -lname "$work/tree*" >wrong 2>/dev/null
		[ ! -s wrong ]
		result $? "$name: nothing goes on" wrong
	done
}

# shellcheck disable=SC2086
corrupt_traces() {
	size=$(wc -c <good.trace)
	: >empty
	ends 2 'trace: empty' 'not a trace' $run check-trace empty
	ends 2 'trace: not there' 'nowhere: No such file' $run check-trace nowhere
	ends 2 'trace: a folder' 'Is a directory' $run check-trace .
	ends 2 'trace: a program' 'not a trace' $run check-trace "$iovm"
	head -c 40 good.trace >x
	ends 2 'trace: ends within the header' 'truncated' $run check-trace x
	head -c 64 good.trace >x
	ends 2 'trace: ends behind the header' 'truncated: no record' $run check-trace x
	{ cat good.trace; head -c 64 /dev/zero; } >x
	ends 2 'trace: nothing behind its end' "record $(((size - 64) / 64 + 1)) is of event 0" $run check-trace x
	strange=$(printf 'x\377y')
	cp good.trace "$strange"
	ends 0 'trace: --json, of a name that is no UTF-8' '"file":"x?y"' $run check-trace --json "$strange"
	head -c $((size - 7)) good.trace >x
	ends 2 'trace: ends within a record' "truncated: it ends 57 bytes into record $(((size - 64) / 64))" $run check-trace x
	{ head -c 8 good.trace; printf '\377'; tail -c +10 good.trace; } >x
	ends 2 'trace: of another version' 'another version' $run check-trace x
	{ head -c 12 good.trace; printf '\7'; tail -c +14 good.trace; } >x
	ends 2 'trace: of another record size' 'another size' $run check-trace x
	{ head -c $((64 + 64 * 400)) good.trace; tail -c +$((65 + 64 * 600)) good.trace; } >x
	ends 1 'trace: 200 records were cut out' 'first: I[0-9]*: record' $run check-trace x
	head -c $((64 + 64 * 1000)) good.trace >x
	ends 1 'trace: its end is missing' 'first: I[0-9]*: ' $run check-trace x
	for seed in 1 2 3 4 5 6 7 8; do	# bytes that are anything, but the events' numbers: the checker must name something, and not fall
		{ head -c 64 good.trace; awk -v seed=$seed 'BEGIN { srand(seed); for (i = 0; i < 300; i++) { s = ""; event = 1 + int(rand() * 51); for (j = 0; j < 64; j++)
			s = s sprintf("\\0%03o", j == 52 ? event + (event > 18) * 13 : j == 53 ? 0 : int(rand() * 256)); print s } }' | while read -r line; do printf %b "$line"; done; } >x
		ends 1 "trace: noise $seed" 'first: I[0-9]*: ' $run check-trace x
	done
}

# shellcheck disable=SC2086
wrong_words() {
	for verb in soak check-trace decode encode doctor; do
		ends 2 "option: $verb --frobnicate" "iovm $verb: unrecognized option '--frobnicate'" $run $verb --frobnicate
		grep -q "Try: iovm $verb --help" err
		result $? "option: $verb says where help is" err
	done
	ends 2 'verb: none' 'usage: iovm VERB' $run
	ends 2 'verb: unknown' "no verb 'frob'" $run frob
	ends 2 'soak: an argument' 'extra' $run soak extra
	ends 2 'soak: --steps without a number' 'requires an argument' $run soak --steps
	ends 2 'soak: --steps 0' 'a number from 1' $run soak --steps 0
	ends 2 'soak: --steps -5' 'a number from 1' $run soak --steps -5
	ends 2 'soak: --seed 2^53' 'a number from 0' $run soak --seed 9007199254740992
	ends 2 'soak: --seed of hex without 0x' 'a number from 0' $run soak --seed a
	ends 0 'soak: --seed 010 is ten' 'seed 10$' $run soak --seed 010 --steps 100
	ends 0 'soak: --seed 0x10 is sixteen' 'seed 16$' $run soak --seed 0x10 --steps 100
	ends 2 'soak: --trace and --report into one file' '--trace and --report: x' $run soak --steps 5 --trace x --report x
	ends 2 'soak: --trace and --report into one file of two names' '--trace and --report' $run soak --steps 5 --trace good.trace --report ./good.trace
	ends 2 'soak: --duration soon' '10s' $run soak --duration soon
	ends 2 'soak: --mm other' 'not one of' $run soak --mm other
	ends 2 'soak: --inject lone-lust' "no fault 'lone-lust'" $run soak --inject lone-lust
	ends 2 'soak: --inject F41' 'F41' $run soak --inject F41
	ends 2 'soak: a fault of the other backend' 'smmuv3' $run soak --inject stall-duplicate
	ends 2 'soak: --steps on processes' '--steps' $run soak --mm process --steps 5
	ends 2 'soak: an SMMUv3 on processes' '--backend smmuv3' $run soak --mm process --backend smmuv3 --kills 1
	ends 2 'soak: faults on processes' '--inject' $run soak --mm process --inject F16 --kills 1
	ends 2 'soak: threads on the pretend machine' '--threads' $run soak --mm sim --threads 2 --steps 5
	ends 2 'soak: a page request queue of 8 on an SMMUv3' '--priq-log2' $run soak --backend smmuv3 --priq-log2 3 --steps 5
	ends 2 'soak: a command queue of 2 without one' '--cmdq-log2' $run soak --cmdq-log2 1 --steps 5
	ends 2 'check-trace: no file' 'which FILE' $run check-trace
	ends 2 'check-trace: two files' 'one FILE' $run check-trace a b
	ends 2 'decode: no hex' 'not a hex word' $run decode hello
	ends 2 'encode: no such record' 'no record of this name' $run encode NONSENSE
	ends 2 'doctor: an argument' 'no argument' $run doctor now
}

# The programs that are no verbs of iovm, where they were built
other_programs() {
	fuzz=$build/fuzz/decode bench=$build/iovm-bench
	if [ -x "$fuzz" ]; then
		into /dev/full 3 'full device: fuzz' 'standard output: No space left' "$fuzz" --runs 10
		into /dev/full 3 'full device: fuzz --help' 'standard output: No space left' "$fuzz" --help
		pipe 3 'broken pipe: fuzz' 'standard output: Broken pipe' "$fuzz" --runs 10
		ends 2 'fuzz: --runs x' ' --runs x: a number' "$fuzz" --runs x
		ends 2 'fuzz: --kind FOO' ' --kind FOO: no such kind' "$fuzz" --kind FOO
		ends 2 'fuzz: --input x' ' --input x: bytes' "$fuzz" --input x
		ends 2 'fuzz: an argument' ' extra: no such option' "$fuzz" extra
		ends 0 'fuzz: --seed 08 is eight' '1 passed, 0 failed' "$fuzz" --runs 10 --seed 08 --kind CMD
	fi
	if [ -x "$bench" ]; then
		ends 2 'bench: --case foo' 'iovm-bench: --case foo: no such case' "$bench" --case foo
		ends 2 'bench: an argument' 'iovm-bench: extra: no such option' "$bench" extra
	fi
}

# shellcheck disable=SC2086
$run soak --steps 2000 --seed 1 --trace good.trace >/dev/null 2>err || { cat err >&2; exit 1; }
no_permission
no_space
no_proc
every_verb to_full_device
every_verb to_nobody
every_verb to_closed
signals
if env --default-signal true 2>/dev/null; then	# who is begun with & ignores SIGINT
	for shell in sh bash; do ! command -v $shell >/dev/null || set_up_stopped $shell; done
else
	result 77 'set-up: no env --default-signal here'
fi
corrupt_traces
wrong_words
other_programs
finish
