/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Links from parent to child among the zones of one turn: which new version
 * would break one? A version is at fault only if without it the link holds, or
 * never held; a parent does not wait for a child that was broken before.
 */
#ifndef HOLDFAST_DNSSEC_LINKS_H
#define HOLDFAST_DNSSEC_LINKS_H

#include "control/dnssec/dnssec.h"

struct dnssec_member {
	const uint8_t *apex;
	const struct zone_records *wanted; /* a new version, or NULL */
	const struct zone_records *served; /* what stays without it, or NULL */
	bool skip; /* its keys are not known yet: links to it hold */
	bool lax;  /* may break a link: it is said, and taken all the same */
};

/* `members`: sorted by apex. A wanted version
 * at fault that is not lax is set to NULL. `fault` hears each fault once. */
int dnssec_links_check(struct dnssec_member *members, size_t count,
    void (*fault)(void *arg, size_t member, bool refused, const char *why),
    void *arg, struct err *err);

#endif
