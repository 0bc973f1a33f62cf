/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Zones that ldns signs, as lines of text, so that a test can break one line.
 */
#ifndef HOLDFAST_SIGNED_ZONE_H
#define HOLDFAST_SIGNED_ZONE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum signed_denial { SIGNED_NSEC, SIGNED_NSEC3, SIGNED_OPT_OUT };

struct signed_options {
	const char *apex; /* "t." */
	enum signed_denial denial;
	uint8_t algorithm; /* DNSSEC number; 0: 13 */
	uint64_t inception, expiration;
};

/* `text`: records with absolute owners. A malloc'ed text, a record a line in
 * ldns's spelling ("owner\tTTL\tIN\tTYPE\tRDATA"); NULL: it can't be. The keys
 * are new each time. `ds`: if not NULL, the DS of the key, malloc'ed, too. */
char *signed_zone_text(
    const char *text, const struct signed_options *options, char **ds);

#endif
