/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the slots of a generation were made from, so that the next one need not
 * make packs of everything to see what has changed. Inside of the compiler.
 */
#ifndef HOLDFAST_COMPILE_MEMORY_H
#define HOLDFAST_COMPILE_MEMORY_H

#include "control/compile/layout.h"

/* What was found out about a zone: it holds for records of the same version,
 * which need not be looked at again. */
struct known_zone {
	struct digest version;
	uint64_t apex_hash, bytes;
	struct zone_denial denial; /* in that generation, if it was split */
	uint16_t split;            /* in that generation */
	uint8_t split_bits, depth;
};

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
	/* all zones that the slots were made from, by apex; NULL: not known */
	struct known_zone *zones;
	size_t nzones;
	uint64_t split_bytes; /* that known_zone.bytes was estimated with */
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
/* The slot of the table with this cell, or with a cell of this part, among the
 * denial slots of the split of the layout's slot, which is a denial slot:
 * ranges of NSEC shift. UINT32_MAX if there is none. */
uint32_t slot_table_denial_find(const struct slot_table *t,
    const struct layout *l, const struct layout_slot *slot,
    const struct digest *cell);
uint32_t slot_table_part_find(const struct slot_table *t,
    const struct layout *l, const struct layout_slot *slot,
    const struct digest *part);
/* The number of the split with this apex, or NO_SPLIT. */
uint16_t slot_table_split_find(
    const struct slot_table *t, const struct zone_records *z);

/* Keeps a table (cleared) as the newest, with the zones of the layout that it
 * was made from; the oldest is forgotten, and the zones of all others. */
void compile_memory_keep(
    struct compile_memory *m, struct slot_table *t, const struct layout *l);
const struct slot_table *compile_memory_find(
    const struct compile_memory *m, const struct digest *generation);

#endif
