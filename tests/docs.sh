#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later
# docs.sh [--write] [DOCUMENT]: runs what README tells a reader to type. A frame that begins with ```console has a command behind "$ " and below it what the command prints:
# lines of it in order, "..." alone for any lines, "..." at the end of a line for the rest of it. The figures in there are nobody's to type: --write (./run docs) puts in
# those of this run, and without it anything but a figure must be as it is shown. Commands within the text are run, too; of both, status 0 is asked.
# IOVM_CHECKED names a file with what `./run check` has just printed; .ci/run gives it, and it is not run again.
set -u
LC_ALL=C
export LC_ALL
here=$(cd "$(dirname "$0")/.." && pwd -P) || exit 1
write=
[ "${1-}" != --write ] || { write=yes; shift; }
document=${1:-$here/README}
# shellcheck source=tests/tally.sh
. "$here/tests/tally.sh"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
cd "$here" || exit 1

# elsewhere COMMAND: who runs it, if not we
elsewhere() {
	case $1 in
	'./configure && make && make check') echo 'the stage distcheck' ;;
	'./run docs') echo 'this' ;;
	'./run bench') echo 'hand: it takes minutes, and a quiet machine' ;;
	*) return 1 ;;
	esac
}
# run COMMAND: its output in out; FILE.html is a file of ours
run() {
	case $1 in
	'./run check') [ -z "${IOVM_CHECKED-}" ] || { cp "$IOVM_CHECKED" "$work/out"; return; } ;;
	esac
	progress "docs: $1"
	NO_COLOR=1 sh -c "$(printf '%s\n' "$1" | sed "s|FILE\.html|'$work/page.html'|")" >"$work/out" 2>"$work/err" </dev/null
}

# the frames: frames/NUMBER, its command in the first line
mkdir "$work/frames"
awk -v out="$work/frames" '
	/^```console$/ { file = sprintf("%s/%02d", out, ++n); next }
	/^```/ { file = "" }
	file { print >file }' "$document"
# shown FRAME OUTPUT: the frame with the output's figures; or what is not there, and 1. Behind dots the next line is the first that differs in its last figure only, or else in any.
shown() {
	awk '
	function plain(s) { gsub(/[0-9a-f]+\.\.\. /, "HASH ", s); gsub(/[0-9][0-9,.]*[0-9]/, "0", s); gsub(/[0-9][kMG]?/, "0", s); gsub(/[ #?]+/, " ", s); sub(/ $/, "", s); return s }
	function named(s) { sub(/[0-9][0-9,.]*[^0-9]*$/, "", s); gsub(/[ #?]+/, " ", s); return s }
	# like W, G: how much of line G is what line W shows, -1: another line
	function like(w, g,    line, end) {
		if (w !~ /[^.]\.\.\.$/) return plain(w) == plain(g) ? length(g) : -1
		line = plain(substr(w, 1, length(w) - 3))
		for (end = length(g); end >= 0 && plain(substr(g, 1, end)) != line; end--);
		return end
	}
	function missing(w, what) { print "shown:  " w; print "but is: " what; exit 1 }
	NR == FNR { if (FNR > 1) want[++wants] = $0; else print; next }
	{ got[++gots] = $0 }
	END {
		for (w = g = 1; w <= wants; w++) {
			if (want[w] ~ /^ *\.\.\.$/) { any = 1; print want[w]; continue }
			at = g
			if (any) {
				for (; at <= gots && (named(want[w]) != named(got[at]) || like(want[w], got[at]) < 0); at++);
				if (at > gots) for (at = g; at <= gots && like(want[w], got[at]) < 0; at++);
			}
			if (at > gots) missing(want[w], "not there")
			end = like(want[w], got[at])
			if (end < 0) missing(want[w], got[at])
			print substr(got[at], 1, end) (want[w] ~ /[^.]\.\.\.$/ ? "..." : "")
			g = at + 1
			any = 0
		}
		if (wants && !any && g <= gots) missing("the end", got[g])
	}' "$1" "$2"
}
: >"$work/seen"
for frame in "$work"/frames/*; do
	[ -f "$frame" ] || break
	command=$(sed -n '1s/^\$ //p' "$frame")
	echo "$command" >>"$work/seen"
	if by=$(elsewhere "$command"); then
		echo "      README: $command: by $by"
		continue
	fi
	run "$command"
	result $? "README: $command" "$work/err"
	if shown "$frame" "$work/out" >"$work/now"; then
		result 0 'README: ...prints what is shown, but for figures'
		mv "$work/now" "$frame"
	else
		result 1 'README: ...prints what is shown, but for figures' "$work/now"
	fi
done
# within the text: code that begins with ./run or ./configure
awk -F '`' '/^```/ { inside = !inside } !inside { for (i = 2; i <= NF; i += 2) if ($i ~ /^\.\//) print $i }' "$document" | sort -u | grep -vxFf "$work/seen" >"$work/spans"
while read -r command; do
	if by=$(elsewhere "$command"); then
		echo "      README: $command: by $by"
		continue
	fi
	run "$command"
	result $? "README: $command" "$work/err"
done <"$work/spans"
[ -s "$work/seen" ]
result $? 'README: shows commands'

if [ "$write" ] && [ "$failed" = 0 ]; then
	awk -v frames="$work/frames" '
		/^```console$/ { print; file = sprintf("%s/%02d", frames, ++n); while ((getline line <file) > 0) print line; on = 1; next }
		/^```/ { on = 0 }
		!on' "$document" >"$work/document" && cat "$work/document" >"$document"
	result $? 'README: written'
fi
finish
