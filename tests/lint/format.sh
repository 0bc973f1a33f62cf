#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Sources are as `make format` leaves them (clang-format 14).
set -eu
tool=$(command -v clang-format-14 || command -v clang-format) ||
	{ echo "clang-format is not installed"; exit 77; }
bad=$(git ls-files -co --exclude-standard '*.c' '*.h' |
	xargs -P"$(nproc)" -n16 "$tool" --dry-run 2>&1 |
	sed -n 's/^\([^:]*\):.*clang-format-violations.*/\1 is not formatted/p' |
	sort -u)
if [ -n "$bad" ]; then
	echo "$bad"
	echo "make format"
	exit 1
fi
