#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# install.sh GROUP...: installs the packages of these groups (packages.txt)
# that are missing; says nothing and touches nothing when none is. Servers that
# come along (nsd, knot, named) are not started: the tests run their own.
set -eu

list=$(dirname "$0")/packages.txt
guard=/usr/sbin/policy-rc.d

wanted() {
	local group
	for group in "$@"; do
		awk -v group="$group" '$1 == group { print $2 }' "$list"
	done | sort -u
}

is_installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = \
		installed ]
}

missing=()
for package in $(wanted "$@"); do
	is_installed "$package" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" != 0 ]; then
	echo "These packages are missing and installing them needs root. Run:"
	echo "  apt-get install --no-install-recommends ${missing[*]}"
	exit 1
fi >&2

# invoke-rc.d and deb-systemd-invoke ask this before they start a service. It
# is ours only for the time of the installation; another's stays as it is.
if [ ! -e "$guard" ]; then
	trap 'rm -f "$guard"' EXIT
	trap 'exit 1' INT TERM HUP
	printf '#!/bin/sh\n# Holdfast installs: no service is started.\nexit 101\n' \
		>"$guard"
	chmod 755 "$guard"
fi

log=$(mktemp)
apt() {
	DEBIAN_FRONTEND=noninteractive apt-get -y -qq \
		-o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
		-o Dpkg::Options::=--force-confold "$@"
}
echo "Installing: ${missing[*]}"
if ! { apt update && apt install --no-install-recommends "${missing[@]}"; } \
	>"$log" 2>&1; then
	cat "$log"
	echo "Installing failed, see above. Packages: ${missing[*]}"
	rm -f "$log"
	exit 1
fi >&2
rm -f "$log"
