/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Prefixes of addresses: "192.0.2.0/24", "2001:db8::/56", or an address alone,
 * which is a prefix of one. Any thread; allocates nothing.
 */
#ifndef HOLDFAST_PREFIX_H
#define HOLDFAST_PREFIX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum { PREFIX_TEXT_MAX = 64 };

/* Bits behind the prefix are zero. */
struct prefix {
	uint8_t bytes[16]; /* network order; an IPv4 address has the first 4 */
	uint8_t bits;      /* 0 to 32, or 0 to 128 */
	bool v4;
};

/* The error names neither file nor line: the caller adds them. A host part that
 * is not zero is one: it is a typing mistake more often than not. */
int prefix_parse(struct prefix *out, const char *text, struct err *err);

/* Whether an address of the prefix's family, 4 or 16 octets, is in it. */
bool prefix_has(const struct prefix *p, const uint8_t *address);

/* "192.0.2.0/24"; returns dst. */
char *prefix_text(char dst[PREFIX_TEXT_MAX], const struct prefix *p);

#endif
