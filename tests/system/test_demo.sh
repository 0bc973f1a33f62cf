#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# profiles: release
# polls: one
#
# The demo: all its steps are right and it leaves nothing behind; kept, it
# answers until it is stopped; where it is not possible, it says why.
set -eu
[ "$(id -u)" = 0 ] || { echo "root is needed for namespaces"; exit 77; }
demo=tools/demo/demo.sh

fail() {
	echo "FAILED: $1"
	exit 1
}

# What demos have made. One run beside this test by hand would make it fail.
traces() {
	ip netns list | grep -o 'hf-[a-z]*-[0-9]*' | sort
	find /tmp -maxdepth 1 -name 'holdfast-demo.*'
}

before=$(traces)
$demo
[ "$(traces)" = "$before" ] || fail "the demo left something behind"

kept=$(KEEP=1 $demo)
stop=$(awk '/Stop it:/ { print $3 }' <<<"$kept")
ask=$(sed -n 's/^It runs on\. Ask: *//p' <<<"$kept")
look=$(sed -n 's/^ *Look: *//p' <<<"$kept")
# the words that a user is told to type
answer=$($ask +short) || answer="dig: status $?"
status=$($look) || status="status $?"
$stop
[ "$answer" = 192.0.2.99 ] || fail "kept, it answered '$answer'"
grep -q '3 of 3 served' <<<"$status" || fail "kept, its status was: $status"
[ "$(traces)" = "$before" ] || fail "the stop script left something behind"

folder=$(mktemp -d /tmp/holdfast-test-XXXXXX)
trap 'rm -rf "$folder"' EXIT
cp -r tools/demo "$folder/"
chmod -R a+rX "$folder"
if said=$(setpriv --reuid=65534 --regid=65534 --clear-groups \
	"$folder/demo/demo.sh" 2>&1); then
	fail "without root it should refuse"
fi
grep -q 'root is needed' <<<"$said" || fail "without root it said: $said"

if said=$(HOLDFAST_BUILD=$folder $demo 2>&1); then
	fail "without programs it should fail"
fi
grep -q 'FAILED: holdfast-dataplane ended' <<<"$said" ||
	fail "without programs it said: $said"
[ "$(traces)" = "$before" ] || fail "a failed demo left something behind"
