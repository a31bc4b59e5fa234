#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later
# The house rules: lint.sh [--build FOLDER] [RULE...], from `make lint`, ./run check and CI. Each rule is a function that prints what breaks it, one
# place a line, and nothing otherwise. It may say "skip: reason" where a tool is missing. lint-fires.sh breaks every rule once and sees it caught.
# shellcheck disable=SC2317 # the rules are called by name
set -u
LC_ALL=C
export LC_ALL
here=$(cd "$(dirname "$0")/.." && pwd -P) || exit 1
libraries=
if [ "${1-}" = --build ]; then
	libraries=$(cd "$2" && pwd -P)/.libs
	shift 2
fi
cd "$here" || exit 1
# shellcheck source=tests/tally.sh
. tests/tally.sh
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

c_files() { find include src tools tests bench examples ports fuzz -name '*.[ch]' 2>/dev/null | sort; }
manual() { find man -name '*.[1-9]' | sort; }
scripts() { find run .ci/run tests tools ports fuzz \( -name run -o -name '*.sh' \) 2>/dev/null | sort; }
build_files() { find Makefile.am sources.mk configure.ac ./*.pc.in src/*.map -maxdepth 0 2>/dev/null; }
text_files() { c_files; scripts; build_files; manual; find README docs tests -name README -o -name '*.md' -o -name '*.tsv' 2>/dev/null; }

rule_licence() {	# the first line, or the one under #!
	{ c_files; scripts; build_files; manual; find completion debian/rules debian/copyright -type f; } | while read -r file; do
		head -n 2 "$file" | grep -q 'SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later' || echo "$file: no SPDX line"
	done
}

rule_lengths() {	# functions of 70 lines at most, files of fewer than 600; a body opens and closes in column 0
	c_files | while read -r file; do
		awk '/^\{/ { open = NR } /^\}/ && open { if (NR - open - 1 > 70) print FILENAME ":" open ": a function of " NR - open - 1 " lines"; open = 0 }
			END { if (NR >= 600) print FILENAME ": " NR " lines" }' "$file"
	done
}

rule_layout() {	# tabs, no blanks at the end of a line, lines of 200 at most (a row of an X() table may be longer: it is one)
	{ c_files; scripts; } | while read -r file; do
		awk '/[ \t\r]$/ { print FILENAME ":" NR ": a blank at the end" }
			/^        / { print FILENAME ":" NR ": indented by blanks" }
			length > 200 && !/^\tX\(/ { print FILENAME ":" NR ": " length " columns" }' "$file"
		[ -z "$(tail -c 1 "$file")" ] || echo "$file: no newline at the end"
	done
}

rule_words() {	# work that was put off, and words of the workshop
	text_files | grep -v '^docs/.*\.tsv$' | while read -r file; do
		grep -nE '\b(T[O]DO|F[I]XME|X[X]X)\b|\bfor n[o]w\b|not im[p]lemented|/wor[k]/|\bissue #?[0-9]' "$file" | sed "s|^|$file:|"
	done
}

# public headers < base < pasid < iommu < mmctx < {inval, pri} < engine; backends/*, check, event < public headers and base. The core and the public
# headers may have what a freestanding compiler brings; the rest libc; only event and the tools libevent; the tools base and the SMMUv3 codec, too. A name without a folder is of the own room.
rule_layers() {
	c_files | grep -E '^(include|src|examples|tools)/' | xargs grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*["<]' /dev/null | awk '
	BEGIN {
		split("base pasid iommu mmctx inval pri engine pcie", names, " ")
		rooms["base"] = "base"; rooms["pasid"] = "base pasid"; rooms["iommu"] = "base pasid iommu"; rooms["mmctx"] = "base pasid iommu mmctx"
		rooms["inval"] = rooms["mmctx"] " inval"; rooms["pri"] = rooms["mmctx"] " pri"; rooms["engine"] = rooms["mmctx"] " inval pri engine"
		rooms["pcie"] = "base pcie"; rooms["check"] = "base check"; rooms["event"] = "base event"; rooms["backends"] = "base"
		for (i in names) core[names[i]] = 1
		bare = "^(stdatomic|stdbool|stddef|stdint|limits)\\.h$"
	}
	function bad() { print file ":" line ": may not include " name }
	{
		split($0, part, ":"); file = part[1]; line = part[2]
		angle = $0 ~ /include[ \t]*</
		name = $0; sub(/^[^"<]*["<]/, "", name); sub(/[">].*/, "", name)
		split(file, path, "/"); top = path[1]; room = path[2]
		slash = index(name, "/"); into = slash ? substr(name, 1, slash - 1) : ""
		if (into == "event2" && !(top == "src" && room == "event") && top != "tools" && top != "examples") bad()
		else if (into == "iovm" && angle) next
		else if (top == "include") { if (!angle || name !~ bare) bad() }
		else if (top == "tools" && (into == "base" || name ~ /^backends\/smmuv3\/(codec|fields)\.h$/)) next
		else if (top == "examples" || top == "tools") { if (into in rooms && !angle) bad() }
		else if (angle) { if (room in core && name !~ bare) bad() }
		else if (into == "" || (into == "backends" && room == "backends" && index(name, "backends/" path[3] "/") == 1)) next
		else if (index(" " rooms[room] " ", " " into " ") == 0) bad()
	}'
}

rule_headers() {	# each public header alone: as C11, as a freestanding kernel sees it, as C++
	for header in include/iovm/*.h; do
		printf '#include <iovm/%s>\n#include <iovm/%s>\nextern int alone;\n' "${header##*/}" "${header##*/}" >"$work/alone.c"
		cp "$work/alone.c" "$work/alone.cc"
		${CC:-gcc} -std=c11 -pedantic -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror -Iinclude -fsyntax-only "$work/alone.c" 2>&1 | sed "s|^|$header: C11: |"
		${CC:-gcc} -std=c11 -ffreestanding -nostdinc -isystem "$(${CC:-gcc} -print-file-name=include)" -Wall -Werror -Iinclude -fsyntax-only "$work/alone.c" 2>&1 | sed "s|^|$header: freestanding: |"
		! command -v g++ >/dev/null || g++ -std=c++11 -pedantic -Wall -Wextra -Werror -Iinclude -fsyntax-only "$work/alone.cc" 2>&1 | sed "s|^|$header: C++: |"
	done
	command -v g++ >/dev/null || echo 'skip: headers as C++: no g++ here'
}

rule_symbols() {	# the libraries define iovm_* and iommu_iovm_*, and libiovm itself needs mem* alone
	[ -n "$libraries" ] || { echo 'skip: symbols: no build folder given (--build)'; return; }
	for library in "$libraries"/libiovm*.a; do
		[ -f "$library" ] || { echo "$libraries: no libraries"; continue; }
		nm -g --defined-only "$library" 2>/dev/null | awk 'NF == 3 { print $3 }' | grep -vE '^(iovm_|iommu_iovm_)' | sed "s|^|${library##*/}: defines |"
	done
	nm -g "$libraries/libiovm.a" | awk '$1 == "U" { want[$2] = 1 } NF == 3 { have[$3] = 1 }
		END { for (s in want) if (!(s in have) && s !~ /^(mem(cpy|move|set|cmp)|_GLOBAL_OFFSET_TABLE_)$/) print "libiovm.a: needs " s }'
}

rule_exports() {	# what the libraries show is what is listed in debian/*.symbols
	[ -n "$libraries" ] || { echo 'skip: exports: no build folder given (--build)'; return; }
	sh tests/exports.sh "$libraries"
}

rule_lists() {	# what is in the tree is built and is in the tarball
	{ c_files; scripts; manual; find LICENSES completion docs tests/data tests/corpus tests/mutants -type f 2>/dev/null; } | while read -r file; do
		grep -qF -e "$file" Makefile.am sources.mk && continue
		grep -qE -e "(^|[[:space:]])${file%.c}([[:space:]]|\$)" Makefile.am && continue
		grep -qE -e "^	$(dirname "$file")([[:space:]]|\$)" Makefile.am && continue	# a folder that is packed whole
		echo "$file: neither in Makefile.am nor in sources.mk"
	done
}

# man/: in order; a page for each verb, with each of its options; each call of the libraries; the examples of sections 3 and 7 compile
rule_manual() {
	if command -v mandoc >/dev/null; then
		manual | xargs mandoc -Tlint 2>/dev/null | grep -v 'referenced manual not found'	# which depends on what is installed
	else
		echo 'skip: manual: no mandoc here'
	fi
	manual | while read -r page; do
		! command -v mandoc >/dev/null || mandoc -Tascii "$page" | sed 's/.\x08//g' | awk -v page="$page" 'length > 80 { print page ": beyond 80 columns: " $0 }'
	done
	manual | xargs sed -n 's/^\.Xr \(io[a-z0-9_-]*\) \([0-9]\).*/\1.\2/p' | sort -u | while read -r page; do
		[ -f "man/$page" ] || echo "man: $page is referred to, and not there"
	done
	sed -n 's/^ \(i[a-z0-9_]*\)@.*/\1/p' debian/*.symbols | while read -r call; do
		page=$(grep -lE "^\.Nm $call( |\$)" man/*.[37])
		grep -qE "^\.F[no] $call( |\$)" "${page:-/dev/null}" || echo "man: no page has $call"
	done
	for page in man/*.[37]; do
		sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/p' "$page" | sed -n '/^\.Bd/,/^\.Ed/{/^\.[BE]d/d;s/\\e/\\/g;p}' >"$work/example.c"
		[ -s "$work/example.c" ] || echo "$page: no example"
		${CC:-gcc} -std=gnu11 -Wall -Werror -Iinclude -fsyntax-only "$work/example.c" 2>&1 | sed "s|^|$page: |"
	done
	program=${libraries:-.}/../iovm
	[ -x "$program" ] || { echo 'skip: verbs of the manual: no program given (--build)'; return; }
	"$program" --help | sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p' | while read -r verb; do
		{ [ -f "man/iovm-$verb.1" ] && grep -q "^\.It Cm $verb\$" man/iovm.1; } || { echo "man: no page iovm-$verb.1, or iovm.1 does not name it"; continue; }
		"$program" "$verb" --help | grep -o -e '--[a-z][a-z0-9-]*' | sort -u | while read -r option; do
			grep -qE "^\..*\\\\${option#-}( |\$)" "man/iovm-$verb.1" || echo "man/iovm-$verb.1: does not have $option"
		done
	done
}

rule_scripts() {
	scripts | while read -r file; do
		sh -n "$file" 2>&1
		! command -v shellcheck >/dev/null || shellcheck -x -f gcc "$file"
	done
	command -v shellcheck >/dev/null || echo 'skip: shell scripts: no shellcheck here'
}

rule_readme() {	# each program that README shows is one of examples/, line by line
	[ -f README ] || { echo 'README: missing'; return; }
	awk -v out="$work/readme" '/^```c$/ { n++; file = out n ".c"; next } /^```/ { file = "" } file { print > file }' README
	for shown in "$work"/readme*.c; do
		[ -f "$shown" ] || { echo 'README: shows no program'; continue; }
		found=
		for example in examples/*.c; do
			tail -n "$(wc -l <"$shown")" "$example" | cmp -s - "$shown" && found=$example
		done
		[ -n "$found" ] || echo "README: a program that is not the end of any file of examples/: $(grep -m 1 . "$shown")"
	done
}

rule_mutants() {	# each seeded bug still applies, and names a test that is there: mutants.sh, which tries a few of them only, calls it broken else
	command -v patch >/dev/null || { echo 'skip: seeded bugs: no patch here'; return; }
	for bug in tests/mutants/*.patch; do
		patch -p1 --force --no-backup-if-mismatch --fuzz=0 --dry-run <"$bug" >/dev/null 2>&1 || echo "$bug: does not apply"
		kills=$(sed -n '1,/^---/s/^kills: *//p' "$bug")
		case $kills in
		I[0-9]* | baremetal) ;;
		*) grep -qE "^	tests/${kills%%:*}([[:space:]]|\$)" Makefile.am || echo "$bug: killed by no test: $kills" ;;
		esac
	done
}

all='licence lengths layout words layers headers symbols exports lists manual scripts readme mutants'
# shellcheck disable=SC2086 # a list of names
[ $# -gt 0 ] || set -- $all
for rule; do
	"rule_$rule" >"$work/out" 2>&1
	grep '^skip: ' "$work/out" | while read -r line; do echo "      $line"; done
	skips=$(grep -c '^skip: ' "$work/out")
	grep -v '^skip: ' "$work/out" >"$work/broken"
	if [ -s "$work/broken" ]; then
		sed 's/^/      /' "$work/broken"
		result 1 "lint $rule"
	elif [ "$skips" -gt 0 ] && { [ "$rule" = symbols ] || [ "$rule" = exports ]; }; then
		result 77 "lint $rule"
	else
		count 0 0 "$skips"
		result 0 "lint $rule"
	fi
done
finish
