#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# docs/configuration.md is what the schema prints.
set -eu
build=$(dirname "$HOLDFAST_BUILD")
build=${build#"$PWD/"} # as make names its targets
make -s BUILD_DIR="$build" PROFILE=release "$build/release/config-reference"
"$build/release/config-reference" | diff -u docs/configuration.md - ||
	{ echo "make docs"; exit 1; }
