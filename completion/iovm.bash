# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later
# bash completion for iovm. What can be typed is what `iovm --help`, `iovm VERB --help` and `iovm encode --list` say, so this file needs no change when they do.
# Files are offered where one is named.
_iovm_records() {	# PROGRAM KIND
	"$1" encode --list 2>/dev/null | sed -n "s/^$2  *0x[0-9a-f]*  *//p" | sort -u
}

_iovm() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} program=${COMP_WORDS[0]} verb=${COMP_WORDS[1]} help offer=

	COMPREPLY=()
	if [ "$COMP_CWORD" = 1 ]; then
		help=$("$program" --help 2>/dev/null | sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p')
		mapfile -t COMPREPLY < <(compgen -W "$help --help --version" -- "$word")
		return
	fi
	help=$("$program" "$verb" --help 2>/dev/null)
	case $before in
	--trace | --report | *[\<\>]) mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
	--reg) offer=$(_iovm_records "$program" REG) word=${word^^} ;;
	--*)	# "--mm sim|process": the words it takes; a LIST is none
		offer=$(sed -n "s/.*$before \([A-Za-z0-9]*|[A-Za-z0-9|]*\)\( .*\)*\$/\1/p" <<<"$help" | head -n 1 | tr '|' '\n' | grep -v '[A-Z]') ;;
	esac
	case ${offer:+given}/$verb/$word in
	given/*) ;;
	*/-*) offer=$(grep -o -e '--[a-z][a-z0-9-]*' <<<"$help" | sort -u) ;;
	*/check-trace/*) mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
	*/encode/*) offer=$(_iovm_records "$program" '[A-Z0-9]*') word=${word^^} ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$offer" -- "$word")
}
complete -o filenames -F _iovm iovm
