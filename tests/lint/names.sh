#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Base names of sources are unique, so that a name says which file is meant. A
# .c and its .h share one.
set -eu
twice=$(git ls-files -co --exclude-standard '*.c' '*.h' | sed 's|.*/||' |
	sort | uniq -d)
if [ -n "$twice" ]; then
	for name in $twice; do
		git ls-files -co --exclude-standard "*/$name" "$name"
	done
	echo "these base names are not unique"
	exit 1
fi
