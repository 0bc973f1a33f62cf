/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the slots of a generation were made from, so that the next one need not
 * make packs of everything to see what has changed. Inside of the compiler.
 */
#ifndef HOLDFAST_COMPILE_MEMORY_H
#define HOLDFAST_COMPILE_MEMORY_H

#include "control/compile/layout.h"

struct slot_table {
	struct digest generation; /* zeros: not one that is in the store */
	struct name_key key;
	unsigned shared_bits;
	uint32_t nslots, nsplits;
	struct split_d *splits;
	struct digest *inputs; /* zeros: not known */
	struct digest *parts;  /* of split slots: what the cell depends on of
	                          its zone; zeros: not known */
	struct slot_d *slots;
};

struct compile_memory {
	struct slot_table tables[2]; /* the newest first */
};

/* For the slots of a layout, none of them known yet. */
int slot_table_init(struct slot_table *t, const struct layout *l,
    const struct name_key *key, struct err *err);
/* From a verified manifest; inputs are not known. */
int slot_table_from_manifest(
    struct slot_table *t, const void *manifest, struct err *err);
void slot_table_fini(struct slot_table *t);

/* The slot of the table that holds what the layout's slot holds if its zones
 * are the same: UINT32_MAX if there is none. */
uint32_t slot_table_find(const struct slot_table *t, const struct layout *l,
    const struct layout_slot *slot);
/* The number of the split with this apex, or NO_SPLIT. */
uint16_t slot_table_split_find(
    const struct slot_table *t, const struct zone_records *z);

/* Keeps a table (cleared) as the newest; the oldest is forgotten. */
void compile_memory_keep(struct compile_memory *m, struct slot_table *t);
const struct slot_table *compile_memory_find(
    const struct compile_memory *m, const struct digest *generation);

#endif
