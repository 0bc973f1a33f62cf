/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The packs of records of slots, from the zones of a layout. Inside of the
 * compiler.
 */
#ifndef HOLDFAST_COMPILE_PACKS_H
#define HOLDFAST_COMPILE_PACKS_H

#include "control/compile/layout.h"

/* The records of a split zone, slot by slot: those of slot s are
 * records[first[s]] .. records[first[s + 1] - 1], in canonical order. */
struct split_records {
	struct record *records; /* NULL: not made yet */
	uint32_t *first;
};

int split_records_init(struct split_records *s, const struct name_key *key,
    const struct layout_zone *z, struct err *err);
void split_records_fini(struct split_records *s);

/* Each writes a pack into `out` (cleared before) and its digest. The shared one
 * has whole zones, and the apexes of split ones. */
int pack_shared_slot(const struct layout *l, const uint32_t *members,
    uint32_t count, struct bytes *out, struct digest *digest, struct err *err);
int pack_split_slot(const struct layout_zone *z, const struct split_records *s,
    uint32_t number, struct bytes *out, struct digest *digest, struct err *err);

#endif
