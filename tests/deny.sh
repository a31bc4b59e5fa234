#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later
# deny.sh BUILD-FOLDER: the program, the bench and the suite where the kernel refuses a call (deny.c), as old kernels and containers do. Each either does
# without, by the way that is named here, or ends with exit 3 and a sentence that names the call and the remedy. The suite has all of them refused at once.
set -u
LC_ALL=C
export LC_ALL
here=$(cd "$(dirname "$0")" && pwd -P)
# shellcheck source=tests/tally.sh
. "$here/tally.sh"
with_program "$1"
deny=$build/tests/deny bench=$build/iovm-bench

all=pidfd_open,process_madvise,madvise-populate,process_vm_readv,process_vm_writev,userfaultfd,perf_event_open
"$deny" pidfd_open -- true 2>err
if [ $? = 77 ]; then
	result 77 "deny: $(cat err)"
	finish
fi
! "$deny" no_such_call -- true 2>/dev/null && ! "$deny" pidfd_open=EFUN -- true 2>/dev/null
result $? 'deny: refuses what it does not know'
for error in ENOSYS EPERM EINVAL; do
	"$deny" "$(echo "$all" | sed "s/,/=$error,/g")=$error" 2>err
	result $? "deny: each call is refused with $error" err
done

# soak_by WAY LIST: real processes die and are reported; their pages are made present in this way
soak_by() {
	"$deny" "$2" -- "$iovm" soak --mm process --kills 5 --json >out 2>err && { [ "$1" = any ] || grep -q "\"populate\": \"$1\"" out; }
	result $? "soak without $2: pages by $1" err
}
# soak_says CALL WAY LIST: what was asked for by name is not quietly done otherwise. The reason is by the C library's words: deny knows errors by its own table
soak_says() {
	"$deny" "$3" -- "$iovm" soak --mm process --kills 5 --populate "$2" --json >out 2>err
	[ $? = 3 ] && grep -q "this kernel refuses $1.*: $reason; use --populate auto" err
	result $? "soak --populate $2 without $3: exit 3, naming $1" err
}
for error in ENOSYS EPERM EINVAL; do
	case $error in ENOSYS) reason='Function not [i]mplemented' ;; EPERM) reason='Operation not permitted' ;; *) reason='Invalid argument' ;; esac
	soak_says pidfd_open vector pidfd_open=$error
	soak_says process_madvise vector process_madvise=$error
	soak_says madvise single madvise-populate=$error
	soak_by touch "process_madvise=$error,madvise-populate=$error"
done
own='touch'	# the best that this kernel itself has beside vectors
"$iovm" soak --mm process --kills 5 --populate single --json >out 2>err && own='single'
soak_by "$own" pidfd_open
soak_by "$own" process_madvise=EINVAL
soak_by any madvise-populate=EINVAL
soak_by any process_vm_readv,process_vm_writev
soak_by any userfaultfd=EPERM
soak_by any perf_event_open=EACCES
soak_by touch "$all"
"$deny" "$all" -- "$iovm" soak --mm sim --steps 50000 >out 2>err
result $? 'soak on the pretend machine needs none of them' err

for call in $(echo "$all" | tr , ' ') "$all"; do
	"$deny" "$call" -- "$bench" --case latency --json >out 2>err
	status=$?
	[ $status = 0 ] || { [ $status = 3 ] && grep -q "$call" err; }
	result $? "bench without $call" err
done

# shellcheck disable=SC2016 # for the inner shell
delegate 'suite without any of them' "$deny" "$all" -- sh -c '. "$1/tally.sh"; suite "$2" "denied: "; finish' sh "$here" "$build"
finish
