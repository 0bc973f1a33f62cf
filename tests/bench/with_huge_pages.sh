#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# with_huge_pages.sh N COMMAND...: runs the command with N huge pages of 2 MiB
# reserved where that is allowed and they can be had, and gives them back.
set -u
pages=/proc/sys/vm/nr_hugepages
want=$1
shift
before=$(cat $pages 2>/dev/null || echo 0)
give_back() { echo "$before" 2>/dev/null >$pages || true; }
if [ "$before" -lt "$want" ] && { echo "$want" >$pages; } 2>/dev/null; then
	trap give_back EXIT
	trap 'exit 130' INT TERM
fi
echo "huge pages of 2 MiB: $(cat $pages 2>/dev/null || echo 0) ($want wanted)" >&2
"$@"
