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
#include "snapshot/format.h"
#include "snapshot/hash.h"

enum {
	LAYOUT_CELL_BYTES = 1536 * 1024, /* on average, of shared cells */
	LAYOUT_SPLIT_BYTES =
	    512 * 1024, /* larger zones get cells of their own */
};

/* A zone and the version of it that is compiled. */
struct layout_zone {
	struct compile_zone *zone;
	const struct zone_records *records;
	uint64_t apex_hash;
	uint64_t bytes; /* estimated */
	uint16_t split; /* or NO_SPLIT */
	uint8_t split_bits;
};

struct layout {
	struct layout_zone *zones; /* by apex */
	size_t nzones;
	uint64_t depths[2];
	unsigned shared_bits;
	uint32_t nslots;
	struct split_d *splits;
	size_t *split_zone; /* of each split: index of its zone, or SIZE_MAX */
	uint32_t nsplits;
	/* zones by shared slot: those of slot s are
	 * by_slot[slot_first[s]] .. by_slot[slot_first[s + 1] - 1], by apex */
	uint32_t *by_slot, *slot_first;
};

/* A slot of the layout. */
struct layout_slot {
	uint16_t split;  /* NO_SPLIT: shared */
	uint32_t number; /* among the slots of its table */
	unsigned bits;
};

/* Lays out l->zones (set by the caller, sorted by apex, no two alike).
 * `parent`: a verified manifest or NULL. ERR_LIMIT when there are more zones to
 * split than numbers. */
int layout_make(struct layout *l, const struct name_key *key,
    const void *parent, const struct compile_options *options, struct err *err);
/* Frees what layout_make() took; not the zones. */
void layout_fini(struct layout *l);

struct layout_slot layout_slot_at(const struct layout *l, uint32_t slot);

/* Hash of an apex, as the snapshot's tables have it. */
uint64_t layout_apex_hash(
    const struct name_key *key, const struct zone_records *z);

#endif
