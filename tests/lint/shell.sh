#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Shell scripts pass shellcheck.
set -eu
command -v shellcheck >/dev/null ||
	{ echo "shellcheck is not installed"; exit 77; }
git grep -lE --untracked '^#!/bin/(ba)?sh' -- ':!*.md' | xargs shellcheck -x
