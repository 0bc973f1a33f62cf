/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A generation in memory: what a reader needs to answer from a snapshot. Made
 * by the loader (load.h) in one thread, then read-only and shared by all
 * readers of the process until the loader frees it after their grace period.
 *
 *   name -> hash of its suffixes -> slots[] -> cell -> bucket -> node -> block
 */
#ifndef HOLDFAST_GENERATION_H
#define HOLDFAST_GENERATION_H

#include <stdint.h>

#include "snapshot/digest.h"
#include "snapshot/format.h"
#include "snapshot/hash.h"

/* An empty slot refers to a static cell with one empty bucket: readers need no
 * test for it. */
struct cell_ref {
	const uint8_t *base;
	uint32_t nbuckets;
	uint32_t reserved;
};

struct split_ref {
	uint32_t first_slot;
	uint32_t bits;
	uint32_t denial_first; /* slot of the first denial cell: its chain is at
	                          sizeof(struct cell_header_d) */
	uint16_t denial_slots; /* 0: absence is not proven */
	uint8_t denial_kind;   /* enum denial_kind */
	uint8_t denial_bits;   /* NSEC3: log2 of denial_slots */
};
_Static_assert(sizeof(struct split_ref) == 16, "four to a cache line");

struct generation {
	/* hot: read for every query */
	struct name_key key;
	uint64_t depths[2];
	const struct cell_ref *slots;
	const struct split_ref *splits;
	uint32_t slot_bits;
	/* cold */
	uint32_t nslots, nsplits, nzones;
	/* of the generations that this process has made: no two have the same.
	 * 0: not known, so nothing of it is kept for later */
	uint64_t number;
	uint64_t bytes;       /* of all cells */
	struct digest digest; /* of the manifest */
	struct digest parent;
	struct generation_memory *memory; /* the loader's */
};

#endif
