#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# profiles: release
#
# The runner itself: a tree of small tests that pass, fail, skip, hang and
# leave processes behind must end in the right lines, counts and exit status.
set -eu
scratch=$(mktemp -d)
top=$scratch/tree
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' TERM INT
mkdir -p "$top"/tests/{system,lint,unit,differential,fuzz}
cp tests/run.py "$top/tests"
cd "$top"

script() { # NAME, body on standard input
	{ echo '#!/bin/bash'; cat; } >"tests/system/$1"
	chmod +x "tests/system/$1"
}
run() { # STATUS ARGUMENT...: runs and keeps the output
	local want=$1 got=0
	shift
	tests/run.py --profiles release "$@" >out 2>&1 || got=$?
	[ "$got" = "$want" ] || fail "exit status $got, not $want"
}
fail() {
	echo "$1"
	cat out
	exit 1
}
expect() { grep -qE -- "$1" out || fail "no line like: $1"; }
left_running() { # is the process that a test wrote down alive?
	local pid
	pid=$(cat left.pid)
	for _ in {1..10}; do
		kill -0 "$pid" 2>/dev/null || return 1
		! grep -q '^State:.*Z' "/proc/$pid/status" || return 1
		sleep 0.1
	done
}
expect_not() { ! grep -qE -- "$1" out || fail "a line like: $1"; }

script test_pass.sh <<'E'
echo not shown
[ "$HOLDFAST_PROFILE" = release ] && [ "${HOLDFAST_BUILD: -14}" = /build/release ]
E
run 0 system
expect '^PASS  system/release/test_pass.sh '
expect '^SKIP  shared '
expect '^1 passed, 0 failed, 1 skipped$'
expect_not 'not shown'
grep -q 'not shown' build/test-logs/system-release-test_pass.sh.log

mkdir -p shared/tools shared/zones
touch shared/tools/diffdns.py
run 0 --shared shared system
expect '^1 passed, 0 failed$'
run 1 --shared elsewhere --shared-given system
expect '^FAIL  shared .*elsewhere'

script test_skip.sh <<'E'
echo why not
exit 77
E
script test_fail.sh <<'E'
echo this went wrong
exit 3
E
script test_crash.sh <<'E'
kill -SEGV $$
E
script test_asan_only.sh <<'E'
# profiles: asan
E
script test_hang.sh <<'E'
# timeout: 1
sleep 60 & echo $! >left.pid
trap 'echo cleaned >trap.out; exit 1' TERM
wait
E
echo 'exit 1' >tests/system/sourced.sh
run 1 --shared shared system
expect '^SKIP  system/release/test_skip.sh +why not$'
expect '^FAIL  system/release/test_fail.sh +exit status 3'
expect 'this went wrong'
expect '^FAIL  system/release/test_crash.sh +signal 11'
expect '^FAIL  system/release/test_hang.sh +killed after 1 s'
expect '^1 passed, 3 failed, 1 skipped$'
expect_not 'asan_only|sourced'
[ "$(tail -1 out)" = '1 passed, 3 failed, 1 skipped' ] || fail "the last line"
[ "$(cat trap.out)" = cleaned ] || fail "the trap did not run"
! left_running || fail "a process was left behind"

run 0 --shared shared --only 'test_p*' system
expect '^1 passed, 0 failed$'

# a test that nobody made executable does not go missing
echo 'exit 1' >tests/system/test_forgotten.sh
run 1 --shared shared --only 'test_f*' system
expect 'test_forgotten.sh: a test that would never run'
rm tests/system/test_forgotten.sh

# side by side but for those that poll; each in a network of its own
for n in 1 2; do
	script test_side_poll$n.sh <<'E'
# polls: one
mkdir polls || exit 1
for _ in {1..100}; do
	[ ! -e beside.out ] || break
	sleep 0.05
done
rmdir polls
E
done
script test_side_beside.sh <<'E'
for _ in {1..100}; do
	[ ! -d polls ] || exec touch beside.out
	sleep 0.05
done
exit 1
E
script test_side_all.sh <<'E'
# polls: all
[ -e beside.out ] && [ ! -d polls ]
E
run 0 --shared shared --only 'test_side*' --jobs 2 system
expect '^4 passed, 0 failed$'
tail -2 out | head -1 | grep -q test_side_all || fail "that one was not the last"
if unshare --net true 2>/dev/null; then
	script test_net_own.sh <<'E'
[ "$(ip -o link | wc -l)" = 1 ] && ip -o addr | grep -q 'inet 127.0.0.1'
E
	script test_net_machine.sh <<'E'
# network: machine
[ "$(readlink /proc/self/ns/net)" = "$NETWORK" ]
E
	NETWORK=$(readlink /proc/self/ns/net) \
		run 0 --shared shared --only 'test_net*' system
fi

# interrupted, it ends what it runs and does not begin another
script test_hang2.sh <<'E'
sleep 60 & echo $! >left.pid
wait
E
rm left.pid
tests/run.py --profiles release --shared shared --only 'test_hang2*' system \
	>out 2>&1 &
for _ in {1..50}; do
	[ ! -s left.pid ] || break
	sleep 0.1
done
kill -TERM $!
got=0
wait $! || got=$?
[ $got = 143 ] || fail "exit status $got when ended by SIGTERM"
! left_running || fail "a process survived the runner"

# a unit test whose program was not built is no success
touch tests/unit/test_none.c
run 1 unit
expect '^FAIL  unit/release/test_none .*cannot run'
run 1 differential
expect '^0 passed, 0 failed, 1 skipped$'
