# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later
# bash completion for iovm. What can be typed is what `iovm --help` and `iovm VERB --help` say, so this file needs no change when they do.
_iovm() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} program=${COMP_WORDS[0]} help values

	COMPREPLY=()
	if [ "$COMP_CWORD" = 1 ]; then
		help=$("$program" --help 2>/dev/null | sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p')
		mapfile -t COMPREPLY < <(compgen -W "$help --help --version" -- "$word")
		return
	fi
	help=$("$program" "${COMP_WORDS[1]}" --help 2>/dev/null)
	case $before in
	--*)	# "--mm sim|process": the words it takes
		values=$(sed -n "s/.*$before \([a-z0-9]*|[a-z0-9|]*\)\( .*\)*\$/\1/p" <<<"$help" | head -n 1)
		[ -z "$values" ] || { mapfile -t COMPREPLY < <(compgen -W "${values//|/ }" -- "$word"); return; } ;;
	esac
	case $word in
	-*) mapfile -t COMPREPLY < <(compgen -W "$(grep -o -e '--[a-z][a-z0-9-]*' <<<"$help" | sort -u)" -- "$word") ;;
	*) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
	esac
}
complete -o filenames -F _iovm iovm
