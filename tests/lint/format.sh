#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Sources are as `make format` leaves them (clang-format 14).
set -eu
tool=$(command -v clang-format-14 || command -v clang-format) ||
	{ echo "clang-format is not installed"; exit 77; }
bad=0
while read -r file; do
	"$tool" --dry-run -Werror "$file" >/dev/null 2>&1 ||
		{ echo "$file is not formatted"; bad=1; }
done < <(git ls-files -co --exclude-standard '*.c' '*.h')
[ $bad = 0 ] || echo "make format"
exit $bad
