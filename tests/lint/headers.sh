#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Every header compiles alone, with the warnings of the build.
set -eu
{ read -r plain; read -r dpdk; } < <(make -s lint-flags)
export plain dpdk

check() {
	local flags=$plain
	case $1 in
	dataplane/poll/* | tools/load/*) flags="$plain $dpdk" ;;
	esac
	# Through a file that includes it: a header is no main file.
	# shellcheck disable=SC2086
	echo "#include \"$1\"" | gcc $flags -fsyntax-only -x c - ||
		{ echo "$1 does not compile alone"; return 1; }
}
export -f check
git ls-files -co --exclude-standard '*.h' |
	xargs -P"$(nproc)" -I{} bash -c 'check {}'
