#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later
# verbs.sh [BUILD-FOLDER]: what every verb of `iovm` owes its user (help that teaches, within 80 columns, and names no option that is not there), what
# `iovm doctor` prints, and the page that `iovm soak --report` leaves, by whole runs of the program.
set -u
LC_ALL=C
export LC_ALL
here=$(cd "$(dirname "$0")" && pwd -P)
# shellcheck source=tests/tally.sh
. "$here/tally.sh"
with_program "$@"
escape=$(printf '\033')

narrow() {	# FILE NAME
	expand "$1" | awk 'length > 80 { print length ": " $0; bad = 1 } END { exit bad }' >wide
	result $? "$2: within 80 columns" wide
}

help() {
	"$iovm" --help >out 2>err && [ ! -s err ]
	result $? 'help: iovm --help' err
	narrow out 'help: iovm'
	sed -n 's/^  \([a-z][a-z-]*\)  *[a-z].*/\1/p' out >verbs
	[ "$(wc -l <verbs)" -ge 5 ]
	result $? 'help: it lists the verbs' out
	while read -r verb; do
		"$iovm" "$verb" --help >out 2>err && [ ! -s err ]
		result $? "help: $verb --help is a result, on stdout alone" err
		head -n 1 out | grep -q "^usage: iovm $verb" && grep -qE '(^|[ .])Exit: ' out && grep -q "^  .*iovm $verb" out
		result $? "help: $verb has usage, exit codes, an example" out
		narrow out "help: $verb"
		grep -q '^  --help  *this text$' out
		result $? "help: $verb names --help" out
		grep -v 'iovm [a-z]' out | grep -oE -e '--[a-z][a-z0-9-]+' | sort -u >options	# an example may be another verb's
		: >unknown
		while read -r option; do	# with a value that none of them takes: what is asked is whether the name is known
			"$iovm" "$verb" "$option=~" 2>&1 </dev/null | grep 'unrecognized option' >>unknown
		done <options
		[ -s options ] && [ ! -s unknown ]
		result $? "help: $verb names no option that is not there" unknown
	done <verbs
	[ "$("$iovm" --version)" != '' ]
	result $? 'help: iovm --version'
}

# `run` in a tree where there is nothing to set up: what it says by itself, and that nothing is made for that
run_help() {
	mkdir -p tree
	cp "$here/../run" tree/run
	sh tree/run --help >all 2>err && [ ! -s err ]
	result $? 'help: ./run --help' err
	narrow all 'help: ./run'
	timeout 20 sh tree/run sokk >out 2>err
	[ $? = 2 ] && [ ! -s out ]
	result $? 'help: ./run refuses a verb that is none' err
	narrow err 'help: ./run, a verb that is none'
	sed -n 's/^run:   //p' err | tr ' ' '\n' >listed
	tail -n +"$(($(wc -l <verbs) + 1))" listed >own
	head -n "$(wc -l <verbs)" listed | cmp - verbs >wrong 2>&1
	result $? 'help: ./run has the verbs of iovm' wrong
	sed -n 's/^  \([a-z][a-z-]*\)  *[a-z].*/\1/p' all | sort >taught
	sort listed | cmp - taught >wrong 2>&1
	result $? 'help: ./run --help has each verb' wrong
	while read -r verb; do
		timeout 20 sh tree/run "$verb" --help >out 2>err && [ ! -s err ] && head -n 1 out | grep -q "^usage: ./run $verb" && grep -q '^Exit: ' out
		result $? "help: ./run $verb --help has usage and exit codes" err
		narrow out "help: ./run $verb"
	done <own
	[ "$(wc -l <own)" -ge 7 ] && [ ! -e tree/build ]
	result $? 'help: ./run sets nothing up to give help' own
}

pages() {	# what is long: counts of six digits, sentences about what is broken, fields
	"$iovm" soak --mm sim --steps 200000 --seed 1 --no-hash >out 2>err
	result $? 'page: a soak' err
	narrow out 'page: a soak'
	ASAN_OPTIONS=detect_leaks=0 "$iovm" soak --backend smmuv3 --steps 20000 --seed 1 --inject F39 2>err | grep -v '^  again: ' >out	# that is to be copied
	grep -q '^iovm soak: BROKEN' out
	result $? 'page: a soak that fails' out
	narrow out 'page: a soak that fails'
	for record in STE CD CR0 F_TRANSLATION; do "$iovm" encode --list $record; done >out 2>err
	narrow out 'page: fields'
}

doctor() {
	"$iovm" doctor >out 2>err </dev/null
	status=$?
	case $status in
	0) ! grep -q '^  FAIL' out && head -n 1 out | grep -q '^iovm doctor: good\.' ;;
	3) grep -q '^  FAIL' out ;;
	*) false ;;
	esac
	result $? "doctor: exit status $status goes with what it says" out
	narrow out doctor
	! grep -q "$escape" out
	result $? 'doctor: no colour into a file'
	# a finding is a word, a name in its column, a sentence in its column; one that is bad has its remedy in the next lines
	awk '/^  (ok|none|FAIL) / { if (want) bad = bad "\n" want; n++; want = $1 == "ok" ? "" : $0; if (substr($0, 9, 1) == " " || substr($0, 25, 1) == " " || substr($0, 24, 1) != " ") bad = bad "\n" $0 }
		/^                        mend: ./ { want = "" }
		END { if (bad || want || n < 10) { print n " findings" bad "\n" want; exit 1 } }' out >wrong
	result $? 'doctor: columns, and a remedy for each none and FAIL' wrong
	"$iovm" doctor --json >json 2>err </dev/null
	[ $? = $status ]
	result $? 'doctor: --json has the same verdict'
	[ "$(grep -c '"state":' json)" = "$(grep -cE '^  (ok|none|FAIL) ' out)" ]
	result $? 'doctor: --json has the same findings' json
	if script -qec true /dev/null </dev/null >out 2>&1; then	# a terminal: colour there, unless somebody says no
		TERM=xterm NO_COLOR='' script -qec "'$iovm' doctor" /dev/null </dev/null 2>&1 | grep -q "$escape"
		result $? 'doctor: colour on a terminal'
		TERM=xterm NO_COLOR=1 script -qec "'$iovm' doctor" /dev/null </dev/null >out 2>&1 && ! grep -q "$escape" out
		result $? 'doctor: NO_COLOR'
		TERM=dumb script -qec "'$iovm' doctor" /dev/null </dev/null >out 2>&1 && ! grep -q "$escape" out
		result $? 'doctor: TERM=dumb'
	else
		result 77 'doctor: colour on a terminal: script(1) makes none here'
	fi
}

# page NAME SECTIONS OPTION...: the run is good, the page whole, by itself, and tells what the run's object tells
page() {
	name=$1 sections=$2
	shift 2
	rm -f x.html
	"$iovm" soak "$@" --report x.html --json >json 2>err
	result $? "report: $name" err
	{
		[ "$(tail -n 1 x.html)" = '</html>' ] || echo 'no </html> at the end'
		[ "$(grep -c '<section>' x.html)" = "$sections" ] || echo "sections: $(grep -c '<section>' x.html), not $sections"
		grep -iE '<(script|link|img|iframe|object)|https?:|src=|url\(' x.html
		grep -q '<h1>iovm soak: good</h1>' x.html || echo 'the verdict is not there'
		grep -qF -e "$(sed -n 's/^ "command": "\(.*\)",$/\1/p' json)" x.html || echo 'the command is not there'
		requests=$(sed -n 's/^ "requests_emitted": \([0-9]*\),$/\1/p' json | sed -e :a -e 's/\([0-9]\)\([0-9]\{3\}\)\($\|,\)/\1,\2\3/;ta')
		grep -qF "<dt>Requests</dt><dd><b>$requests</b>" x.html || echo "the requests are not there: $requests"
	} >wrong 2>&1
	[ ! -s wrong ]
	result $? "report: $name: the page" wrong
}

report() {
	page 'the pretend machine' 3 --mm sim --steps 30000 --seed 5
	page 'SMMUv3s' 2 --backend smmuv3 --inject none --steps 15000 --seed 5
	page 'processes' 2 --mm process --kills 3 --seed 5
	page 'both parts' 4 --duration 3s --seed 5
	"$iovm" soak --plant leak --kills 2 --seed 5 --report x.html >out 2>err
	[ $? = 1 ] && grep -q '<h1>iovm soak: BROKEN</h1>' x.html && grep -q '<li>leak: the bond of device' x.html
	result $? 'report: a run that fails' x.html
	"$iovm" soak --steps 2000 --seed 1 --report - >out 2>err && [ -f ./- ]
	result $? 'report: - is a name like any other' err
}

probe() {	# one in the program if the header was there, none in the library ever
	command -v readelf >/dev/null || { result 77 'probe: no readelf here'; return; }
	readelf -n "$iovm" 2>/dev/null | grep -A 1 'Provider: iovm' >notes
	if grep -q '^[^#]*-DIOVM_HAVE_SDT' "$build/Makefile"; then
		[ "$(grep -c 'Name: trace' notes)" = 1 ]
	else
		[ ! -s notes ]
	fi
	result $? 'probe: iovm:trace is in the program, if the header was there' notes
	readelf -n "$build"/.libs/libcore.a >notes 2>err && ! grep -q stapsdt notes	# an archive that is not there has none, too
	result $? 'probe: none in libiovm' err
}

help
run_help
pages
doctor
report
probe
finish
