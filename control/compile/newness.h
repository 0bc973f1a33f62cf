/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which names must be proven: those whose cell is new, and those whose absence
 * would be proven by a denial cell that is new. Inside of the compiler.
 */
#ifndef HOLDFAST_NEWNESS_H
#define HOLDFAST_NEWNESS_H

#include "control/compile/compile_slots.h"
#include "snapshot/generation.h"

struct newness {
	const struct slot_work *w;
	const struct generation *g; /* the candidate */
	/* the split zone that was asked for last: what is new of its NSEC chain
	 */
	const struct layout_zone *zone;
	struct new_range *ranges; /* in canonical order */
	uint32_t count;
	bool failed; /* out of memory: all names are taken for new */
};

/* Whether a zone has a new cell. */
bool zone_is_new(const struct slot_work *w, const struct layout_zone *z);

/* Whether a name of zone `zone` of the layout is new, as prove_options.wanted;
 * `newness` begins with w and g set, the rest zero. */
bool name_is_new(void *newness, size_t zone, const uint8_t *name);
void newness_fini(struct newness *n);

#endif
