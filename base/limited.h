/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which prefixes are limited most: a small sketch a core (space-saving: a new
 * prefix takes over the place and the count of the one with the least), in a
 * file of the form of base/counters.h on tmpfs (RUN/dataplane.limited,
 * RUN/sockets.limited). One writer a block, which owns it; anybody may read.
 *
 *   sequence | high low kind count | high low kind count | ... (uint64_t each)
 *
 * `sequence` is odd while a place changes hands, and readers try again; counts
 * only grow. high and low are the address as numbers (IPv4 in the lower half of
 * high), kind is its bits, and 256 more for IPv4; count 0: the place is free.
 */
#ifndef HOLDFAST_LIMITED_H
#define HOLDFAST_LIMITED_H

#include "base/counters.h"
#include "base/err.h"
#include "base/prefix.h"

enum {
	LIMITED_PLACES = 32,
	LIMITED_KIND_V4 = 256,
};

enum limited_value {
	LIMITED_HIGH,
	LIMITED_LOW,
	LIMITED_KIND,
	LIMITED_COUNT,
	LIMITED_PLACE_VALUES,
};

enum { LIMITED_VALUES = 1 + LIMITED_PLACES * LIMITED_PLACE_VALUES };

/* Writer: creates the file with a block a label. */
int limited_create(struct counters **out, const char *path,
    const char *const *labels, unsigned nblocks, struct err *err);

/* A core's end. */
struct limited_block {
	_Atomic uint64_t *values; /* NULL: nobody wants to know */
	unsigned last;            /* the place that counted last */
};

/* One more limited answer or query of the prefix. */
void limited_count(
    struct limited_block *b, uint64_t high, uint64_t low, unsigned kind);

struct limited_prefix {
	struct prefix prefix;
	uint64_t count;
};

/* Reader: those of all blocks together, most limited first; returns how many,
 * at most `most`. A file of another form has none. */
unsigned limited_read(
    const struct counters *c, struct limited_prefix *out, unsigned most);

#endif
