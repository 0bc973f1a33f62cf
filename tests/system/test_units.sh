#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# profiles: release
#
# The systemd units, users and directories, without a running systemd: the units
# verify, are hardened, agree with sysusers and tmpfiles, and what they start
# is what `make install` installs. Nothing outside of a scratch directory is
# changed.
set -eu

for tool in systemd-analyze systemd-sysusers systemd-tmpfiles; do
	command -v "$tool" >/dev/null || {
		echo "$tool is not installed (package systemd)"
		exit 77
	}
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
failed=0

fail() {
	echo "FAIL: $*"
	failed=1
}

# Verify wants the programs to be there: any executable is good enough.
units="$work/units"
mkdir -p "$units" "$work/bin"
for program in holdfast-dataplane holdfastd holdfast-sockets holdfast; do
	printf '#!/bin/sh\n' >"$work/bin/$program"
	chmod 755 "$work/bin/$program"
done
mkdir "$work/doc" && cp docs/deploy.md "$work/doc"
for unit in config/systemd/*.service; do
	sed -e "s|/usr/sbin/holdfast|$work/bin/holdfast|" \
		-e "s|/usr/bin/holdfast|$work/bin/holdfast|" \
		-e "s|/usr/share/doc/holdfast|$work/doc|" \
		"$unit" >"$units/${unit##*/}"
done
for unit in "$units"/*.service; do
	out=$(systemd-analyze verify --man=no "$unit" 2>&1 |
		grep -F "${unit##*/}" || true)
	[ -z "$out" ] || fail "systemd-analyze verify: $out"
done

# What each unit must say, whatever else changes.
for unit in config/systemd/*.service; do
	for line in ProtectSystem=strict NoNewPrivileges=yes Restart=always \
		CapabilityBoundingSet= SystemCallFilter= Group=holdfast; do
		grep -q "^$line" "$unit" || fail "$unit: no $line"
	done
done
grep -Eq '^(Requires|Wants|BindsTo|PartOf)=.*holdfastd' \
	config/systemd/holdfast-dataplane.service &&
	fail "the data plane depends on the control process"

# Users and groups: made in an empty root, they are those that the units name.
mkdir -p "$work/root/etc" "$work/root/usr/lib/sysusers.d" \
	"$work/root/usr/lib/tmpfiles.d"
cp config/sysusers.d/holdfast.conf "$work/root/usr/lib/sysusers.d/"
cp config/tmpfiles.d/holdfast.conf "$work/root/usr/lib/tmpfiles.d/"
printf 'root:x:0:0::/root:/bin/sh\n' >"$work/root/etc/passwd"
printf 'root:x:0:\n' >"$work/root/etc/group"
systemd-sysusers --root="$work/root" holdfast.conf >"$work/log" 2>&1 ||
	fail "systemd-sysusers: $(cat "$work/log")"
sed -n 's/^User=//p' config/systemd/*.service >"$work/users"
sed -n 's/^\(Supplementary\)*Groups*=//p' config/systemd/*.service >"$work/groups"
while read -r user; do
	grep -q "^$user:" "$work/root/etc/passwd" || fail "no user $user"
done <"$work/users"
while read -r group; do
	grep -q "^$group:" "$work/root/etc/group" || fail "no group $group"
done <"$work/groups"

# Directories; ownership can be set by root only.
if [ "$(id -u)" = 0 ]; then
	systemd-tmpfiles --root="$work/root" --create holdfast.conf \
		>"$work/log" 2>&1 || fail "systemd-tmpfiles: $(cat "$work/log")"
	mode=$(stat -c %a "$work/root/run/holdfast")
	[ "$mode" = 3775 ] || fail "/run/holdfast has mode $mode"
	mode=$(stat -c %a "$work/root/var/lib/holdfast")
	[ "$mode" = 770 ] || fail "/var/lib/holdfast has mode $mode"
fi
[ "$failed" = 0 ] && echo "units, users and directories are sound"
exit "$failed"
