#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# make demo: the whole system on this machine, step by step, each step checked.
# Needs root; needs neither a NIC nor huge pages (and uses those that are there).
#
#   demo.sh --check    only says whether the demo is possible here
#   demo.sh            HOLDFAST_BUILD: the programs; KEEP=1: leaves it running
#
#    namespace client                   namespace server
#    +------------------+               +--------------------------------------+
#    |                  |  veth   veth  | DPDK port (net_af_packet)            |
#    |  dig             |  hfc --- hfs -|-- holdfast-dataplane     UDP, ARP, ND|
#    |  192.0.2.1       |               |     |             ^                  |
#    |  2001:db8::1     |               |  all else         | snapshots        |
#    +------------------+               |     |           store <-- holdfastd  |
#                                       |  TAP hf-wan       |          ^       |
#                                       |     | kernel      v        zone files|
#                                       |     +------- holdfast-sockets     TCP|
#                                       |                                      |
#                                       |  service: 192.0.2.53, 2001:db8::53   |
#                                       +--------------------------------------+
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tools/demo/world.sh
. "$here/world.sh"

started=$(date +%s%N)
steps=0
out=

# --- what the reader sees -------------------------------------------------------
title() {
	steps=$((steps + 1))
	printf '\n%d. %s\n\n' "$steps" "$1"
}

say() { printf '   %s\n' "$@"; }

# shown LINES: the output of the last command, no more lines than that.
shown() {
	local lines
	lines=$(wc -l <<<"$out")
	head -n "$1" <<<"$out" | sed "s|$top/||g" | fold -s -w 100 |
		sed 's/^/     /'
	[ "$lines" -le "$1" ] || printf '     ... (%d lines)\n' "$lines"
}

failed() {
	trap '' INT TERM HUP
	{
		printf '\nmake demo: FAILED: %s\n' "$1"
		[ -z "$out" ] || printf -- '--- last output\n%s\n' \
			"$(head -n 20 <<<"$out")"
		for log in "$top"/*.log; do
			[ -s "$log" ] || continue
			printf -- '--- %s, the end\n' "${log##*/}"
			tail -n 12 "$log"
		done
	} >&2
	exit 1
}

# expect WHAT PATTERN...: every pattern is in the output of the last command.
expect() {
	local what=$1 pattern
	shift
	for pattern in "$@"; do
		grep -qE -e "$pattern" <<<"$out" ||
			failed "$what: no \"$pattern\" in the output"
	done
}

# --- commands ---------------------------------------------------------------------
# ask WORDS...: dig in the client; shows rcode, flags, and the records.
ask() {
	local response
	printf '   client$ dig %s\n' "$*"
	response=$(in_client dig +tries=3 +time=2 "$@" 2>&1)
	out=$(awk '
		/->>HEADER<<-/ { sub(/,/, "", $6); status = $6; next }
		/^;; flags:/ { sub(/;; flags: /, ""); sub(/;.*/, "")
			print status ", flags " $0; next }
		/^;; [A-Z]+ SECTION:/ { section = tolower($2); next }
		/^;; Truncated/ { print "truncated: dig asks again over TCP" }
		/^;; (communications|no servers|connection|.*timed out)/ { print }
		/^;/ || /^$/ { next }
		section { printf "%-11s%s\n", section, $0 }' <<<"$response")
	out=$(tr '\t' ' ' <<<"$out")
	shown 7
}

# tool WORDS...: the operator's command on the demo's configuration.
tool() {
	in_server "$HOLDFAST_BUILD/holdfast" "$@" \
		--config "$top/holdfast.yaml" 2>&1
}

operator() {
	local lines=$1
	shift
	printf '   server$ holdfast %s\n' "$*"
	out=$(tool "$@")
	shown "$lines"
}

# wait_for WHAT PATTERN COMMAND...: until the command says it, at most 10 s.
wait_for() {
	local what=$1 pattern=$2
	shift 2
	for _ in $(seq 200); do
		out=$("$@" 2>&1)
		grep -qE -e "$pattern" <<<"$out" && return
		sleep 0.05
	done
	failed "$what: no \"$pattern\" within 10 s"
}

short() { in_client dig +short +tries=2 +time=1 "$@"; }

# edit ZONE SED: changes the file as editors do: a new file, then a rename.
edit() {
	local file=$top/zones/$1.zone
	printf '   server$ sed -i "%s" zones/%s.zone\n' "$2" "$1"
	if ! sed "$2" "$file" >"$file.new" || ! mv "$file.new" "$file"; then
		failed "cannot change $file"
	fi
}

counter() {
	tool stats | awk -v name="$1" '$1 == name { print $2; exit }'
}

# --- steps ------------------------------------------------------------------------
step_start() {
	title "Start: two namespaces, a veth pair, three daemons"
	links_make || failed "the namespaces cannot be set up"
	configuration_make
	daemon_start holdfast-dataplane 'health: '
	say "holdfast-dataplane runs on a DPDK port (net_af_packet) over hfs:"
	out=$(grep -E 'pages|port wan' "$top/holdfast-dataplane.log" |
		sed 's/^info holdfast-dataplane: //')
	shown 4
	ip -n "$server" -4 route add 192.0.2.0/24 dev hf-wan
	ip -n "$server" -6 route add 2001:db8::/64 dev hf-wan
	daemon_start holdfastd 'control socket'
	wait_for "all zones" '3 of 3 served' tool status
	daemon_start holdfast-sockets "answering on $ip6"
	say "holdfastd has read, proven and published the zones." \
		"holdfast-sockets answers TCP behind the exception port hf-wan."
}

step_ask() {
	title "Ask over IPv4, IPv6 and TCP"
	ask @$ip4 www.example.com A
	expect "IPv4" 'NOERROR.*qr aa' '^answer .*A 192\.0\.2\.10$'
	ask @$ip6 www.example.com AAAA
	expect "IPv6" 'NOERROR.*qr aa' '^answer .*AAAA 2001:db8::10$'
	ask +tcp @$ip6 example.com MX
	expect "TCP" 'NOERROR.*qr aa' '^answer .*MX 10 mail\.example\.com\.$'
	ask @$ip4 many.example.com AAAA
	expect "truncation" '^truncated' \
		'^answer .*AAAA 2001:db8:113::60$'
	[ "$(grep -c '^answer' <<<"$out")" = 60 ] ||
		failed "not all of 60 records came over TCP"
}

step_rules() {
	title "Alias, wildcard, redirection, delegation, a name that is not there"
	ask @$ip4 shop.example.com A
	expect "CNAME" 'CNAME www\.example\.com\.$' 'A 192\.0\.2\.10$'
	ask @$ip6 anything.customers.example.net A
	expect "wildcard" \
		'^answer +anything\.customers.* A 198\.51\.100\.80$'
	ask @$ip4 alice.old.example.net A
	expect "DNAME" 'DNAME customers' 'CNAME alice\.customers' \
		'A 198\.51\.100\.81$'
	ask @$ip4 host.labs.example.com A
	expect "referral" 'flags qr rd$' \
		'^authority .*NS ns1\.labs\.example\.com\.$' \
		'^additional .*A 198\.51\.100\.1$'
	ask @$ip6 nobody.example.com A
	expect "NXDOMAIN" 'NXDOMAIN.*qr aa' '^authority .*SOA'
}

step_look() {
	title "The operator's view"
	operator 12 status
	expect "status" '3 of 3 served' 'data plane .*, healthy' 'sockets +pid'
	operator 8 zones
	expect "zones" 'example\.com\..*2026112101' 'example\.net\.'
	operator 24 stats
	expect "counters" 'verdict\{answer\}' 'rcode'
	before=$(counter 'queries{ipv6}')
	short @$ip6 www.example.com >/dev/null
	after=$(counter 'queries{ipv6}')
	[ "$after" -gt "$before" ] ||
		failed "queries{ipv6} was $before and is $after after a query"
	say "One more query over IPv6: queries{ipv6} went from $before to $after."
}

step_change() {
	title "A record changes in its zone file"
	local from
	from=$(date +%s%N)
	edit example.com \
		's/2026112101/2026112102/; s/^www.300 A.192.*/www 300 A 192.0.2.99/'
	wait_for "the new address" '^192\.0\.2\.99$' \
		short @$ip4 www.example.com A
	say "Read, compiled, proven and live after $((($(date +%s%N) - from) /
		1000000)) ms:"
	ask @$ip4 www.example.com A
	expect "the new address" 'A 192\.0\.2\.99$'
	ask +tcp @$ip6 shop.example.com A
	expect "the new address over TCP" 'A 192\.0\.2\.99$'
	operator 6 diff previous current
	expect "diff" '192\.0\.2\.10' '192\.0\.2\.99'
}

step_broken() {
	title "A broken zone file is refused, the old answers stand"
	cp "$top/zones/example.com.zone" "$top/good.zone"
	edit example.com \
		's/2026112102/2026112103/; s/^mail.A.192.*/mail A 192.0.2.256/'
	local line
	line=$(grep -n '^mail A' "$top/zones/example.com.zone" | cut -d: -f1)
	wait_for "the refusal" "example.com.zone:$line: " tool zones example.com
	operator 6 zones example.com
	expect "the refusal" "example.com.zone:$line: "
	ask @$ip4 mail.example.com A
	expect "the old answer" 'A 192\.0\.2\.25$'
	say "The file is put right:"
	cp "$top/good.zone" "$top/zones/example.com.zone"
	operator 4 reload
	wait_for "the zone is served again" ' served ' tool zones example.com
	operator 4 zones example.com
}

step_kill() {
	title "holdfastd is killed; answers go on"
	printf '   server$ kill -KILL %s    # holdfastd\n' "${pids[holdfastd]}"
	kill -KILL "${pids[holdfastd]}"
	wait "${pids[holdfastd]}" 2>/dev/null
	unset 'pids[holdfastd]'
	ask @$ip4 www.example.com A
	expect "IPv4 without holdfastd" 'A 192\.0\.2\.99$'
	ask +tcp @$ip6 www.example.com AAAA
	expect "TCP without holdfastd" 'AAAA 2001:db8::10$'
	operator 8 status
	expect "status without holdfastd" 'holdfastd'
	daemon_start holdfastd 'control socket'
	wait_for "holdfastd adopts what is live" 'served' \
		tool zones example.com
	say "Started again, it takes over what is live:"
	operator 4 zones
	expect "zones after the new start" 'example\.com\. .*served'
}

kept() {
	stop_script_make
	trap - EXIT
	cat <<-END

		It runs on. Ask:     ip netns exec $client dig @$ip4 www.example.com
		                     ip netns exec $client dig +tcp @$ip6 node7.example.net
		        Look:        $HOLDFAST_BUILD/holdfast status --config $top/holdfast.yaml
		        Counters:    $HOLDFAST_BUILD/holdfast stats --config $top/holdfast.yaml
		        Change:      $top/zones/*.zone, logs in $top/*.log
		        Stop it:     $top/stop
	END
}

# --- the run ----------------------------------------------------------------------
world_is_possible
[ "${1:-}" != --check ] || exit 0
: "${HOLDFAST_BUILD:=$here/../../build/release}"
trap world_remove EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
top=$(mktemp -d /tmp/holdfast-demo.XXXXXX) || refuse "no folder in /tmp"

sed -n '/^#    namespace/,/^set/{/^#/s/^#//p}' "$0"
step_start
step_ask
step_rules
step_look
step_change
step_broken
step_kill
printf '\nAll %d steps are right, in %d s.\n' "$steps" \
	$((($(date +%s%N) - started) / 1000000000))
if [ "${KEEP:-}" = 1 ]; then
	kept
fi
