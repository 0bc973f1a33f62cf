# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The world of the demo: two namespaces, a veth pair, a folder with the
# configuration, zones, store and logs. Sourced by demo.sh, which draws it; has
# from there `here`, its folder, and `failed`, its way out. All that is made is
# named after this process, so that several demos run side by side, and is
# removed by world_remove or by the stop script.

client=hf-client-$$
server=hf-server-$$
ip4=192.0.2.53
ip6=2001:db8::53
top=
declare -A pids=()

refuse() {
	printf '\nmake demo: %s\n' "$1" >&2
	exit 1
}

world_is_possible() {
	[ "$(id -u)" = 0 ] || refuse \
		"root is needed for network namespaces; run it as root, or with sudo"
	[ -c /dev/net/tun ] || refuse \
		"there is no /dev/net/tun for the exception port; load the module tun (modprobe tun), in a container give it the device"
	local why
	why=$(ip netns add "$client" 2>&1) || refuse \
		"network namespaces are not permitted here (${why##*$'\n'}); in a container it needs CAP_SYS_ADMIN and CAP_NET_ADMIN"
	why=$(ip -n "$client" link add hfc type veth peer name hfs 2>&1) || {
		ip netns del "$client"
		refuse "no veth pair can be made here (${why##*$'\n'}); the kernel needs the module veth"
	}
	ip netns del "$client"
}

in_client() { ip netns exec "$client" "$@"; }
in_server() { ip netns exec "$server" "$@"; }

# The server's end has no address and a silent kernel: what answers on the wire
# is the data plane, or what it hands over. The client's kernel finishes its
# checksums itself, as one behind a wire does.
links_make() {
	ip netns add "$client"
	ip netns add "$server"
	ip -n "$client" link set lo up
	ip -n "$server" link set lo up
	ip link add hfc netns "$client" type veth \
		peer name hfs netns "$server"
	ip -n "$client" addr add 192.0.2.1/24 dev hfc
	ip -n "$client" addr add 2001:db8::1/64 dev hfc nodad
	in_client ethtool -K hfc tx off >/dev/null
	in_server sysctl -qw net.ipv6.conf.hfs.disable_ipv6=1 \
		net.ipv4.conf.hfs.arp_ignore=8 net.ipv4.conf.hfs.rp_filter=1
	ip -n "$client" link set hfc up
	ip -n "$server" link set hfs up
}

# The last CPU polls; the first does the rest.
configuration_make() {
	local cpus first last
	cpus=$(python3 -c 'import os; print(*sorted(os.sched_getaffinity(0)))')
	first=${cpus%% *} last=${cpus##* }
	mkdir "$top/zones"
	# shellcheck disable=SC2154
	cp "$here"/*.zone "$top/zones/"
	cat >"$top/holdfast.yaml" <<-END
		store:
		  directory: $top/store
		  run: $top/run
		answer:
		  nsid: "demo"
		dataplane:
		  ports:
		    - name: wan
		      device: "net_af_packet0,iface=hfs"
		      cores: [$last]
		      addresses: [$ip4, "$ip6"]
		      exception: hf-wan
		  management_core: $first
		  memory_mib: 128
		  mbufs: 4095
		  file_prefix: hf-demo-$$
		sockets:
		  listen: [$ip4, "$ip6"]
		rollout: {canary: off} # what is edited is live at once
		zone_directory: $top/zones
		zones:
		  - {name: example.com, file: example.com.zone}
		  - {name: example.net, file: example.net.zone}
		  - {name: 2.0.192.in-addr.arpa, file: 2.0.192.in-addr.arpa.zone}
	END
}

# Starts a daemon in the server's namespace and waits until its log says READY.
daemon_start() {
	local name=$1 ready=$2 log=$top/$1.log
	: >"$log"
	setsid ip netns exec "$server" "$HOLDFAST_BUILD/$name" \
		--config "$top/holdfast.yaml" >>"$log" 2>&1 </dev/null &
	pids[$name]=$!
	for _ in $(seq 300); do
		grep -q -e "$ready" "$log" && return
		kill -0 "${pids[$name]}" 2>/dev/null ||
			failed "$name ended while it started"
		sleep 0.05
	done
	failed "$name did not say \"$ready\" within 15 s"
}

daemon_stop() {
	local pid=${pids[$1]:-}
	[ -n "$pid" ] || return 0
	unset "pids[$1]"
	kill -TERM "$pid" 2>/dev/null || return 0
	for _ in $(seq 100); do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.05
	done
	kill -KILL "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	return 0
}

world_remove() {
	local name
	trap '' INT TERM HUP
	for name in holdfast-sockets holdfastd holdfast-dataplane; do
		daemon_stop "$name"
	done
	ip netns del "$client" 2>/dev/null
	ip netns del "$server" 2>/dev/null
	[ -z "$top" ] || rm -rf "$top"
}

# What stop.sh needs to end a demo that is kept.
stop_script_make() {
	cat >"$top/kept" <<-END
		namespaces="$client $server"
		daemons="${pids[holdfast-sockets]} ${pids[holdfastd]} ${pids[holdfast-dataplane]}"
	END
	cp "$here/stop.sh" "$top/stop"
}
