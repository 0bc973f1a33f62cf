/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The exception port's kernel end: a TAP interface with the port's MAC and the
 * service addresses, so that the kernel answers TCP, BIRD speaks BGP and ssh
 * works as on any Linux host. A plain /dev/net/tun descriptor, owned by the
 * management thread alone. An interface that exists already (`ip tuntap add`)
 * is taken over with its routes and stays when we go.
 */
#ifndef HOLDFAST_TAP_H
#define HOLDFAST_TAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "config/config.h"

struct tap_settings {
	const char *name;
	const uint8_t *mac; /* 6 octets */
	unsigned mtu;
	const struct config_address *addresses;
	unsigned naddresses;
};

/* A non-blocking descriptor; the interface is up. Needs CAP_NET_ADMIN. */
int tap_open(int *fd, const struct tap_settings *settings, struct err *err);

#endif
