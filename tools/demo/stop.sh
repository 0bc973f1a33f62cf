#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Ends a demo that was kept (`make demo KEEP=1`) and removes all that it made.
# demo.sh puts a copy of this into the demo's folder, beside the file `kept`
# with its namespaces and processes.
set -u
top=$(cd "$(dirname "$0")" && pwd)
namespaces='' daemons=''
# shellcheck source=/dev/null
. "$top/kept" || exit 1

# Still the process that was started? A number may be another's by now.
is_ours() { grep -qszF "$top/holdfast.yaml" "/proc/$1/cmdline"; }

for pid in $daemons; do
	is_ours "$pid" || continue
	kill -TERM "$pid"
	for _ in $(seq 100); do
		is_ours "$pid" || break
		sleep 0.05
	done
	! is_ours "$pid" || kill -KILL "$pid"
done
for namespace in $namespaces; do
	ip netns del "$namespace"
done
rm -rf "$top"
echo "The demo is stopped and removed."
