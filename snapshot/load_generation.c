/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The tables of a generation: made from a verified manifest, asked for what a
 * slot has, freed with the memory that no other generation shares. Runs in
 * management threads, control and tools.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "snapshot/load_cells.h"
#include "snapshot/manifest.h"

static int
out_of_memory(struct err *err)
{
	return err_set(
	    err, ERR_NO_MEMORY, "out of memory for the tables of a generation");
}

void
generation_free(struct generation **gp)
{
	struct generation *g = *gp;
	struct generation_memory *m;

	*gp = NULL;
	if (!g)
		return;
	m = g->memory;
	for (unsigned i = 0; m && i < m->nsegments; i++)
		segment_drop(&m->segments[i]);
	if (m) {
		free(m->cells);
		free(m->slots);
		free(m->splits);
		free(m->split_table);
		free(m);
	}
	free(g);
}

const struct digest *
generation_cell_digest(const struct generation *g, uint32_t slot)
{
	return &g->memory->cells[slot].cell;
}

uint64_t
generation_cell_bytes(const struct generation *g, uint32_t slot)
{
	return g->memory->cells[slot].bytes;
}

const struct digest *
generation_records_digest(const struct generation *g, uint32_t slot)
{
	return &g->memory->cells[slot].records;
}

/* At least one element, so that NULL always means out of memory. */
static void *
array_new(size_t count, size_t size)
{
	return calloc(count ? count : 1, size);
}

static void
split_ref_make(
    struct split_ref *ref, const struct split_d *split, uint32_t first_slot)
{
	*ref = (struct split_ref){
	    .first_slot = first_slot,
	    .bits = split->bits,
	    .denial_first =
		first_slot + (split->apex_bytes ? 1u << split->bits : 0),
	    .denial_slots = split->denial_slots,
	    .denial_kind = split->denial_kind,
	};
	if (split->denial_kind == DENIAL_NSEC3)
		ref->denial_bits = (uint8_t)__builtin_ctz(split->denial_slots);
}

static int
tables_new(struct generation *g, const void *manifest, struct err *err)
{
	const struct split_d *splits = manifest_splits(manifest);
	const struct slot_d *slots = manifest_slots(manifest);
	struct generation_memory *m = g->memory;

	m->cells = array_new(g->nslots, sizeof *m->cells);
	m->slots = array_new(g->nslots, sizeof *m->slots);
	m->splits = array_new(g->nsplits, sizeof *m->splits);
	m->split_table = array_new(g->nsplits, sizeof *m->split_table);
	if (!m->cells || !m->slots || !m->splits || !m->split_table)
		return out_of_memory(err);
	for (uint32_t i = 0; i < g->nslots; i++) {
		memcpy(m->cells[i].cell.b, slots[i].cell, DIGEST_BYTES);
		memcpy(m->cells[i].records.b, slots[i].records, DIGEST_BYTES);
	}
	for (uint32_t i = 0, next = 1u << g->slot_bits; i < g->nsplits; i++) {
		m->split_table[i] = splits[i];
		split_ref_make(&m->splits[i], &splits[i], next);
		next = m->splits[i].denial_first + splits[i].denial_slots;
	}
	g->slots = m->slots;
	g->splits = m->splits;
	return 0;
}

/* Threads load at the same time. */
static uint64_t
number_next(void)
{
	static atomic_uint_fast64_t made;

	return atomic_fetch_add_explicit(&made, 1, memory_order_relaxed) + 1;
}

int
generation_new(struct generation **out, const void *manifest,
    size_t manifest_bytes, struct err *err)
{
	const struct manifest_header_d *h = manifest_header(manifest);
	struct generation *g;
	int rc = manifest_verify(manifest, manifest_bytes, err);

	if (rc < 0)
		return rc;
	g = calloc(1, sizeof *g);
	if (!g)
		return out_of_memory(err);
	memcpy(g->key.k, h->key, sizeof g->key.k);
	memcpy(g->depths, h->depths, sizeof g->depths);
	memcpy(g->parent.b, h->parent, DIGEST_BYTES);
	digest_of(&g->digest, manifest, manifest_bytes);
	g->slot_bits = h->slot_bits;
	g->nslots = h->nslots;
	g->nsplits = h->nsplits;
	g->nzones = h->nzones;
	g->number = number_next();
	g->memory = calloc(1, sizeof *g->memory);
	rc = g->memory ? tables_new(g, manifest, err) : out_of_memory(err);
	if (rc < 0)
		generation_free(&g);
	*out = g;
	return rc;
}

/* The split whose slots hold this one; the shared slots have none. Numbers not
 * in use have the first slot of the next one in use, and no slots. */
uint32_t
generation_slot_split(const struct generation *g, uint32_t slot)
{
	uint32_t low = 0, high = g->nsplits;

	if (slot < 1u << g->slot_bits)
		return NO_SPLIT;
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (g->splits[middle].first_slot <= slot)
			low = middle;
		else
			high = middle;
	}
	return low;
}

void
generation_cell_expect(
    const struct generation *g, uint32_t slot, struct cell_expect *out)
{
	uint32_t split = generation_slot_split(g, slot);
	const struct split_d *table = g->memory->split_table;

	*out = (struct cell_expect){
	    .key = &g->key,
	    .kind = CELL_SHARED,
	    .slot = slot,
	    .slot_bits = g->slot_bits,
	    .split_no = split,
	    .splits = table,
	    .nsplits = g->nsplits,
	};
	if (split == NO_SPLIT)
		return;
	out->split = &table[split];
	if (slot < g->splits[split].denial_first) {
		out->kind = CELL_SPLIT;
		out->slot = slot - g->splits[split].first_slot;
		out->slot_bits = table[split].bits;
	} else if (table[split].denial_kind == DENIAL_NSEC) {
		/* these do not know where they are */
		out->kind = CELL_DENIAL_NSEC;
		out->slot = out->slot_bits = 0;
	} else {
		out->kind = CELL_DENIAL_NSEC3;
		out->slot = slot - g->splits[split].denial_first;
		out->slot_bits = g->splits[split].denial_bits;
	}
}

/* The numbers of NSEC cells shift when a range begins or ends in front of them:
 * the cell itself is looked for, first where it would be. */
static uint32_t
base_denial_slot(const struct split_ref *split, const struct split_ref *had,
    const struct generation *g, const struct generation *base, uint32_t slot)
{
	const struct digest *cell = generation_cell_digest(g, slot);
	uint32_t there = had->denial_first + slot - split->denial_first;
	uint32_t end = had->denial_first + had->denial_slots;

	if (split->denial_kind != had->denial_kind)
		return UINT32_MAX;
	if (split->denial_kind == DENIAL_NSEC3)
		return split->denial_slots == had->denial_slots ? there
		                                                : UINT32_MAX;
	if (there < end &&
	    digest_equal(cell, generation_cell_digest(base, there)))
		return there;
	for (uint32_t i = had->denial_first; i < end; i++)
		if (digest_equal(cell, generation_cell_digest(base, i)))
			return i;
	return UINT32_MAX;
}

uint32_t
generation_base_slot(
    const struct generation *g, const struct generation *base, uint32_t slot)
{
	uint32_t split = generation_slot_split(g, slot);

	if (split == NO_SPLIT)
		return slot < 1u << base->slot_bits ? slot : UINT32_MAX;
	if (split >= base->nsplits ||
	    base->memory->split_table[split].apex_bytes == 0 ||
	    base->splits[split].bits != g->splits[split].bits)
		return UINT32_MAX;
	if (slot >= g->splits[split].denial_first)
		return base_denial_slot(
		    &g->splits[split], &base->splits[split], g, base, slot);
	return base->splits[split].first_slot + slot -
	       g->splits[split].first_slot;
}

bool
generation_tables_agree(
    const struct generation *g, const struct generation *base)
{
	const struct split_d *a = g->memory->split_table;
	const struct split_d *b = base->memory->split_table;

	if (memcmp(g->key.k, base->key.k, sizeof g->key.k) != 0 ||
	    g->slot_bits != base->slot_bits || g->nsplits < base->nsplits)
		return false;
	for (uint32_t i = 0; i < base->nsplits; i++)
		if (a[i].bits != b[i].bits ||
		    a[i].apex_bytes != b[i].apex_bytes ||
		    a[i].denial_kind != b[i].denial_kind ||
		    memcmp(a[i].apex, b[i].apex, sizeof a[i].apex) != 0)
			return false;
	return true;
}
