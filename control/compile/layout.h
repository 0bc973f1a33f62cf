/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The layout of a generation: which zones are split, how many slots there are,
 * and which zone hashes where. It follows the parent's as far as it can: every
 * number that changes moves names to other cells, which must be built anew.
 * Inside of the compiler (compile.c).
 */
#ifndef HOLDFAST_LAYOUT_H
#define HOLDFAST_LAYOUT_H

#include "control/compile/compile.h"
#include "snapshot/cell_builder.h"
#include "snapshot/format.h"
#include "snapshot/hash.h"

enum {
	LAYOUT_CELL_BYTES = 1536 * 1024, /* on average, of split zones */
	/* of shared ones: all zones of a cell are proven anew when one of them
	 * has changed, with some thirty questions a zone */
	LAYOUT_SHARED_BYTES = 256 * 1024,
	LAYOUT_DENIAL_BYTES = 256 * 1024, /* NSEC3 cells, on average */
	LAYOUT_SPLIT_BYTES =
	    512 * 1024, /* larger zones get cells of their own */
};

/* A zone and the version of it that is compiled. */
struct layout_zone {
	struct compile_zone *zone;
	const struct zone_records *records;
	uint64_t apex_hash;
	uint64_t bytes; /* estimated */
	uint32_t known; /* index in the table before, plus 1; 0: not there */
	struct zone_denial denial; /* of a split zone */
	uint16_t split;            /* or NO_SPLIT */
	uint8_t split_bits;
	uint8_t depth; /* labels of the apex */
};

struct slot_table;

struct layout {
	struct layout_zone *zones; /* by apex */
	size_t nzones;
	/* what is remembered of the parent, its zones too; or NULL */
	const struct slot_table *before;
	uint64_t split_bytes; /* a zone larger than this is split */
	uint64_t depths[2];
	unsigned shared_bits;
	uint32_t nslots;
	struct split_d *splits;
	size_t *split_zone; /* of each split: index of its zone, or SIZE_MAX */
	uint32_t nsplits;
	/* [shared slots]: not all zones of the slot are as the table before has
	 * them; what it says of the other slots holds */
	bool *is_dirty;
	/* zones by shared slot: those of slot s, if it is dirty, are
	 * by_slot[slot_first[s]] .. by_slot[slot_first[s + 1] - 1], by apex */
	uint32_t *by_slot, *slot_first;
};

/* A slot of the layout. */
struct layout_slot {
	uint16_t split;  /* NO_SPLIT: shared */
	uint32_t number; /* among the slots of its table; of a split: from
	                    2^bits on those of denial cells */
	unsigned bits;
};

static inline bool
layout_slot_is_denial(const struct layout_slot *slot)
{
	return slot->split != NO_SPLIT && slot->number >> slot->bits != 0;
}

/* Slots of a split in use, those of its names and of denial. */
static inline uint32_t
split_slots(const struct split_d *split)
{
	return (1u << split->bits) + split->denial_slots;
}

/* What must be known of a zone, from its records. */
void layout_zone_look(
    const struct layout *l, const struct name_key *key, struct layout_zone *z);

/* Lays out l->zones (set by the caller, sorted by apex, no two alike).
 * `parent`: a verified manifest or NULL. ERR_LIMIT when there are more zones to
 * split than numbers. */
int layout_make(struct layout *l, const void *parent,
    const struct name_key *key, unsigned shared_bits, struct err *err);
/* Frees what layout_make() took; not the zones. */
void layout_fini(struct layout *l);

struct layout_slot layout_slot_at(const struct layout *l, uint32_t slot);

/* Hash of an apex, as the snapshot's tables have it. */
uint64_t layout_apex_hash(
    const struct name_key *key, const struct zone_records *z);

#endif
