#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# What the container runs: the data plane, with the options given; or, if the
# first word is no option, that command (holdfastd, holdfast status, ...). An
# empty store is filled from /zones/zones.list (lines NAME<TAB>FILE) if there is
# one, so that a container answers without a control process. HUGE_PAGES=on (or
# auto, off) stands for that option of the configuration.
set -eu

store=/var/lib/holdfast
list=/zones/zones.list
config=/etc/holdfast/holdfast.yaml

case ${1-} in
holdfastd)
	# The same zones, unless the configuration has its own.
	if [ $# = 1 ] && [ -e "$list" ] && ! grep -q '^zones' "$config"; then
		made=/run/holdfast/holdfastd.yaml
		{ cat "$config" && echo "zones_from: $list"; } >"$made"
		set -- holdfastd --config "$made"
	fi
	exec "$@"
	;;
'' | -*) ;;
*) exec "$@" ;;
esac

if [ ! -e "$store/current" ] && [ -e "$list" ]; then
	status=0
	cd /zones
	holdfast compile --store "$store" --zones-from "$list" || status=$?
	# 3: bad zones are named and left out
	[ "$status" = 0 ] || [ "$status" = 3 ] || exit "$status"
fi
# A killed data plane leaves its vhost-user socket behind, and DPDK would refuse
# to start over it.
sed -n '/virtio_user.*server=1/s/.*[,"]path=\([^,"]*\).*/\1/p' "$config" |
	while read -r socket; do
		[ ! -S "$socket" ] || rm -f "$socket"
	done
if [ -n "${HUGE_PAGES-}" ]; then
	made=/run/holdfast/dataplane.yaml
	sed "s/^\( *huge_pages:\).*/\1 $HUGE_PAGES/" "$config" >"$made"
	config=$made
fi
exec holdfast-dataplane --config "$config" "$@"
