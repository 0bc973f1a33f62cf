/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Inside of the loader: a generation's cells, wherever their bytes come from.
 */
#ifndef HOLDFAST_LOAD_CELLS_H
#define HOLDFAST_LOAD_CELLS_H

#include "snapshot/load.h"
#include "snapshot/load_memory.h"
#include "snapshot/verify.h"

enum {
	/* A generation refers to at most this many segments. */
	LOAD_SEGMENTS_MAX = 8,
};

struct loaded_cell {
	struct digest cell, records; /* zeros: the slot is empty */
	uint64_t bytes;
	uint64_t offset;  /* in its segment */
	uint32_t segment; /* index in generation_memory */
	bool is_shared;   /* it lies in memory of the base */
};

struct generation_memory {
	struct segment *segments[LOAD_SEGMENTS_MAX];
	unsigned nsegments;
	struct loaded_cell *cells; /* [nslots] */
	struct cell_ref *slots;    /* [nslots] */
	struct split_ref *splits;  /* [nsplits] */
	struct split_d *split_table;
};

/* Where the bytes of cells are. */
struct cell_source {
	int (*size)(void *arg, uint32_t slot, const struct digest *digest,
	    uint64_t *bytes, struct err *err);
	int (*read)(void *arg, uint32_t slot, const struct digest *digest,
	    uint8_t *dst, uint64_t bytes, struct err *err);
	void *arg;
};

/* The generation of a manifest's bytes, which are verified here. */
int generation_make(struct generation **out, const void *manifest,
    size_t manifest_bytes, const struct cell_source *source,
    const struct load_options *options, struct err *err);

/* An empty generation: the manifest verified, its tables copied. */
int generation_new(struct generation **out, const void *manifest,
    size_t manifest_bytes, struct err *err);

/* The split whose slots hold this one; NO_SPLIT for the shared slots. */
uint32_t generation_slot_split(const struct generation *g, uint32_t slot);

/* Whether what cells of `base` were verified against holds in `g` as well. */
bool generation_tables_agree(
    const struct generation *g, const struct generation *base);

/* Where `base` may have the cell of a slot of `g`: the same shared slot, the
 * same slot of the same split, or the slot of a range of NSEC with this very
 * cell; UINT32_MAX: nowhere. */
uint32_t generation_base_slot(
    const struct generation *g, const struct generation *base, uint32_t slot);

/* What the manifest demands of the cell in a slot. */
void generation_cell_expect(
    const struct generation *g, uint32_t slot, struct cell_expect *out);

#endif
