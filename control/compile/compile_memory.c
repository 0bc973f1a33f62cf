/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Tables of slots: of the parent, of the round before, of this one. Allocates
 * them; see compile_memory.h.
 */
#include "control/compile/compile_memory.h"

#include <stdlib.h>
#include <string.h>

#include "snapshot/manifest.h"

static int
table_alloc(struct slot_table *t, struct err *err)
{
	t->splits = calloc(t->nsplits + 1u, sizeof *t->splits);
	t->inputs = calloc(t->nslots + 1u, sizeof *t->inputs);
	t->parts = calloc(t->nslots + 1u, sizeof *t->parts);
	t->slots = calloc(t->nslots + 1u, sizeof *t->slots);
	if (t->splits && t->inputs && t->parts && t->slots)
		return 0;
	slot_table_fini(t);
	return err_set(err, ERR_NO_MEMORY, "no memory for a table of slots");
}

int
slot_table_init(struct slot_table *t, const struct layout *l,
    const struct name_key *key, struct err *err)
{
	*t = (struct slot_table){
	    .key = *key,
	    .shared_bits = l->shared_bits,
	    .nslots = l->nslots,
	    .nsplits = l->nsplits,
	};
	int code = table_alloc(t, err);

	if (code == 0 && l->nsplits)
		memcpy(t->splits, l->splits, l->nsplits * sizeof *t->splits);
	return code;
}

int
slot_table_from_manifest(
    struct slot_table *t, const void *manifest, struct err *err)
{
	const struct manifest_header_d *h = manifest_header(manifest);

	*t = (struct slot_table){
	    .key.k = {h->key[0], h->key[1]},
	    .shared_bits = h->slot_bits,
	    .nslots = h->nslots,
	    .nsplits = h->nsplits,
	};
	digest_of(&t->generation, manifest, h->bytes_total);
	int code = table_alloc(t, err);

	if (code == 0) {
		memcpy(t->slots, manifest_slots(manifest),
		    t->nslots * sizeof *t->slots);
		if (t->nsplits)
			memcpy(t->splits, manifest_splits(manifest),
			    t->nsplits * sizeof *t->splits);
	}
	return code;
}

void
slot_table_fini(struct slot_table *t)
{
	free(t->splits);
	free(t->inputs);
	free(t->parts);
	free(t->slots);
	free(t->zones);
	*t = (struct slot_table){0};
}

uint16_t
slot_table_split_find(const struct slot_table *t, const struct zone_records *z)
{
	for (uint32_t i = 0; i < t->nsplits; i++)
		if (t->splits[i].apex_bytes == z->apex_bytes &&
		    memcmp(t->splits[i].apex, z->apex, z->apex_bytes) == 0)
			return (uint16_t)i;
	return NO_SPLIT;
}

uint32_t
slot_table_find(const struct slot_table *t, const struct layout *l,
    const struct layout_slot *slot)
{
	if (slot->split == NO_SPLIT)
		return t->nslots && t->shared_bits == slot->bits ? slot->number
		                                                 : UINT32_MAX;
	const struct split_d *now = &l->splits[slot->split];
	const struct split_d *then = &t->splits[slot->split];

	if (slot->split >= t->nsplits || then->bits != now->bits ||
	    then->apex_bytes != now->apex_bytes ||
	    memcmp(then->apex, now->apex, now->apex_bytes) != 0)
		return UINT32_MAX;
	if (layout_slot_is_denial(slot) &&
	    (then->denial_kind != now->denial_kind ||
		then->denial_slots != now->denial_slots))
		return UINT32_MAX;
	return then->first_slot + slot->number;
}

/* The slots of a table that may have the cell of a denial slot: the same one,
 * or any of the split where numbers shift. None: *first == *end. */
static void
denial_slots_find(const struct slot_table *t, const struct layout *l,
    const struct layout_slot *slot, uint32_t *first, uint32_t *end)
{
	const struct split_d *now = &l->splits[slot->split];
	const struct split_d *then = &t->splits[slot->split];

	*first = *end = 0;
	if (slot->split >= t->nsplits ||
	    then->denial_kind != now->denial_kind ||
	    then->apex_bytes != now->apex_bytes ||
	    memcmp(then->apex, now->apex, now->apex_bytes) != 0)
		return;
	*first = then->first_slot + (1u << then->bits);
	*end = *first + then->denial_slots;
	if (now->denial_kind == DENIAL_NSEC)
		return;
	if (then->denial_slots == now->denial_slots) {
		*first += slot->number - (1u << slot->bits);
		*end = *first + 1;
	} else {
		*end = *first;
	}
}

uint32_t
slot_table_denial_find(const struct slot_table *t, const struct layout *l,
    const struct layout_slot *slot, const struct digest *cell)
{
	uint32_t first, end;

	denial_slots_find(t, l, slot, &first, &end);
	for (; first < end; first++)
		if (memcmp(t->slots[first].cell, cell->b, DIGEST_BYTES) == 0)
			return first;
	return UINT32_MAX;
}

uint32_t
slot_table_part_find(const struct slot_table *t, const struct layout *l,
    const struct layout_slot *slot, const struct digest *part)
{
	uint32_t first, end;

	denial_slots_find(t, l, slot, &first, &end);
	for (; first < end; first++)
		if (digest_equal(&t->parts[first], part))
			return first;
	return UINT32_MAX;
}

struct compile_memory *
compile_memory_new(void)
{
	return calloc(1, sizeof(struct compile_memory));
}

void
compile_memory_free(struct compile_memory *m)
{
	if (!m)
		return;
	slot_table_fini(&m->tables[0]);
	slot_table_fini(&m->tables[1]);
	free(m);
}

static void
zone_note(struct known_zone *k, const struct layout_zone *z)
{
	*k = (struct known_zone){
	    .version = z->records->version,
	    .apex_hash = z->apex_hash,
	    .bytes = z->bytes,
	    .denial = z->denial,
	    .split = z->split,
	    .split_bits = z->split_bits,
	    .depth = z->depth,
	};
}

/* The list of the table that the layout was compared with, brought up to date,
 * if it has as many zones: nearly always one or two differ. */
static void
zones_note(
    struct slot_table *t, struct slot_table *compared, const struct layout *l)
{
	bool same_size = compared && compared->nzones == l->nzones;

	if (same_size) {
		t->zones = compared->zones;
		compared->zones = NULL;
	} else {
		t->zones = malloc((l->nzones + 1) * sizeof *t->zones);
	}
	t->nzones = l->nzones;
	t->split_bytes = l->split_bytes;
	for (size_t i = 0; t->zones && i < l->nzones; i++) {
		const struct layout_zone *z = &l->zones[i];
		struct known_zone *k = &t->zones[i];

		if (same_size && z->known == i + 1) {
			/* its version is the same */
			k->denial = z->denial;
			k->split = z->split;
			k->split_bits = z->split_bits;
		} else {
			zone_note(k, z);
		}
	}
}

void
compile_memory_keep(
    struct compile_memory *m, struct slot_table *t, const struct layout *l)
{
	struct slot_table *compared = NULL;

	for (unsigned i = 0; i < 2; i++)
		if (m->tables[i].zones && l->before == &m->tables[i])
			compared = &m->tables[i];
	zones_note(t, compared, l);
	for (unsigned i = 0; i < 2; i++) {
		free(m->tables[i].zones);
		m->tables[i].zones = NULL;
	}
	slot_table_fini(&m->tables[1]);
	m->tables[1] = m->tables[0];
	m->tables[0] = *t;
	*t = (struct slot_table){0};
}

const struct slot_table *
compile_memory_find(
    const struct compile_memory *m, const struct digest *generation)
{
	for (unsigned i = 0; m && i < 2; i++)
		if (m->tables[i].nslots &&
		    digest_equal(&m->tables[i].generation, generation))
			return &m->tables[i];
	return NULL;
}
