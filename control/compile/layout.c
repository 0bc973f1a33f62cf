/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Choosing slots; see layout.h. Runs in holdfastd and `holdfast compile`;
 * allocates the tables of struct layout. Deterministic: the same zones, parent
 * and key give the same layout.
 */
#include "control/compile/layout.h"

#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "control/compile/compile_memory.h"
#include "snapshot/manifest.h"

enum {
	RECORD_BYTES_ROUGH = 40, /* node, type, block and bucket of a record */
	ROUGH_MARGIN = 4, /* rough sums are within this factor of the truth */
};

uint64_t
layout_apex_hash(const struct name_key *key, const struct zone_records *z)
{
	uint8_t name[DNS_NAME_MAX + 1 + NAME_HASH_OVERREAD] = {0};

	memcpy(name, z->apex, z->apex_bytes);
	return name_hash(key, name);
}

/* What a zone takes in cells. A million small zones are not worth a look at
 * each of their records. */
static uint64_t
zone_bytes(const struct zone_records *z, uint64_t split_bytes)
{
	uint64_t rough = z->names.len + z->rdata.len +
	                 (uint64_t)z->count * RECORD_BYTES_ROUGH;

	if (rough < split_bytes / ROUGH_MARGIN)
		return rough;
	return zone_bytes_estimate(z);
}

/* Bits of the least power of two that leaves at most `most` bytes a slot. */
static unsigned
bits_for(uint64_t bytes, uint64_t most)
{
	unsigned bits = 0;

	while (bits < SLOT_BITS_MAX && bytes >> bits > most)
		bits++;
	return bits;
}

/* The parent's number of slots stays while the average is from a third of a
 * cell's usual size to nearly three times of it. */
static unsigned
bits_choose(uint64_t bytes, uint64_t usual, const uint32_t *parent_bits)
{
	if (parent_bits) {
		uint64_t average = bytes >> *parent_bits;

		if (average <= usual * 8 / 3 &&
		    (average >= usual / 3 || *parent_bits == 0))
			return *parent_bits;
	}
	return bits_for(bytes, usual * 4 / 3);
}

static const struct split_d *
parent_split_find(
    const void *parent, const struct zone_records *z, uint32_t *number)
{
	const struct split_d *splits = parent ? manifest_splits(parent) : NULL;
	uint32_t count = parent ? manifest_header(parent)->nsplits : 0;

	for (uint32_t i = 0; i < count; i++) {
		if (splits[i].apex_bytes == z->apex_bytes &&
		    memcmp(splits[i].apex, z->apex, z->apex_bytes) == 0) {
			*number = i;
			return &splits[i];
		}
	}
	return NULL;
}

/* Whether a zone is split: those that were stay so until they have shrunk well
 * below the limit. */
static void
zone_split_decide(struct layout_zone *z, const void *parent,
    uint64_t split_bytes, uint64_t cell_bytes)
{
	uint32_t number = NO_SPLIT, bits;
	bool large = z->bytes > split_bytes / 4;
	const struct split_d *old =
	    large ? parent_split_find(parent, z->records, &number) : NULL;

	z->split = NO_SPLIT;
	z->split_bits = 0;
	if (!old && z->bytes <= split_bytes)
		return;
	bits = old ? old->bits : 0;
	/* a new zone's number is given when all old ones have theirs */
	z->split = old ? (uint16_t)number : SPLITS_MAX;
	z->split_bits =
	    (uint8_t)bits_choose(z->bytes, cell_bytes, old ? &bits : NULL);
}

static int
splits_number(struct layout *l, const void *parent, struct err *err)
{
	uint32_t cap = parent ? manifest_header(parent)->nsplits : 0, at = 0;

	for (size_t i = 0; i < l->nzones; i++)
		cap += l->zones[i].split == SPLITS_MAX;
	l->nsplits = parent ? manifest_header(parent)->nsplits : 0;
	l->splits = calloc(cap + 1u, sizeof *l->splits);
	l->split_zone = malloc((cap + 1u) * sizeof *l->split_zone);
	if (!l->splits || !l->split_zone)
		return err_set(err, ERR_NO_MEMORY, "no memory for splits");
	for (uint32_t i = 0; i < cap; i++)
		l->split_zone[i] = SIZE_MAX;
	for (size_t i = 0; i < l->nzones; i++)
		if (l->zones[i].split < SPLITS_MAX)
			l->split_zone[l->zones[i].split] = i;
	for (size_t i = 0; i < l->nzones; i++) {
		if (l->zones[i].split != SPLITS_MAX)
			continue;
		while (l->split_zone[at] != SIZE_MAX)
			at++;
		if (at >= SPLITS_MAX)
			return err_set(err, ERR_LIMIT,
			    "more than %d zones are large: see the limits in "
			    "snapshot-format.md",
			    SPLITS_MAX);
		l->split_zone[at] = i;
		l->zones[i].split = (uint16_t)at;
		if (at >= l->nsplits)
			l->nsplits = at + 1;
	}
	return 0;
}

/* How many denial cells the split zones will have. */
static void
denials_count(struct layout *l, const void *parent, const struct name_key *key)
{
	uint64_t cell_bytes = l->split_bytes < LAYOUT_DENIAL_BYTES
	                          ? l->split_bytes
	                          : LAYOUT_DENIAL_BYTES;

	for (size_t i = 0; i < l->nzones; i++) {
		struct layout_zone *z = &l->zones[i];
		const struct known_zone *k =
		    z->known ? &l->before->zones[z->known - 1] : NULL;
		const struct split_d *old;
		struct zone_denial before = {0};
		uint32_t number;

		z->denial = before;
		if (z->split == NO_SPLIT)
			continue;
		if (k && k->split != NO_SPLIT) {
			z->denial = k->denial;
			continue;
		}
		old = parent_split_find(parent, z->records, &number);
		if (old) {
			before.kind = old->denial_kind;
			before.slots = old->denial_slots;
		}
		zone_denial_count(
		    z->records, key, cell_bytes, &before, &z->denial);
	}
}

static void
splits_place(struct layout *l)
{
	uint32_t first = 1u << l->shared_bits;

	for (uint32_t i = 0; i < l->nsplits; i++) {
		struct split_d *s = &l->splits[i];

		s->first_slot = first;
		if (l->split_zone[i] == SIZE_MAX)
			continue;
		const struct layout_zone *z = &l->zones[l->split_zone[i]];

		s->bits = z->split_bits;
		s->apex_bytes = z->records->apex_bytes;
		memcpy(s->apex, z->records->apex, s->apex_bytes);
		s->denial_kind = z->denial.kind;
		s->denial_slots = z->denial.slots;
		first += split_slots(s);
	}
	l->nslots = first;
}

/* --- what the table before says of it ------------------------------------- */

static uint32_t
shared_slot(const struct layout *l, uint64_t apex_hash)
{
	return name_slot(apex_hash, l->shared_bits);
}

/* Zones that the table does not have as they are now, and those that it has and
 * that are gone. Its zones and ours are in one order. */
static void
zones_mark_dirty(struct layout *l)
{
	const struct slot_table *t = l->before;
	size_t at = 0;

	for (size_t i = 0; i < l->nzones; i++) {
		const struct layout_zone *z = &l->zones[i];
		const struct known_zone *k =
		    z->known ? &t->zones[z->known - 1] : NULL;

		if (!k || z->split != k->split ||
		    z->split_bits != k->split_bits)
			l->is_dirty[shared_slot(l, z->apex_hash)] = true;
		if (!k)
			continue;
		for (; at < z->known - 1; at++)
			l->is_dirty[shared_slot(l, t->zones[at].apex_hash)] =
			    true;
		at++;
	}
	for (; at < t->nzones; at++)
		l->is_dirty[shared_slot(l, t->zones[at].apex_hash)] = true;
}

/* True if the table knows what all slots of a split were made from. */
static bool
split_is_known(const struct layout *l, const struct split_d *split)
{
	const struct slot_table *t = l->before;

	for (uint32_t n = 0; n < split_slots(split); n++) {
		struct layout_slot slot =
		    layout_slot_at(l, split->first_slot + n);
		uint32_t there = slot_table_find(t, l, &slot);

		if (there >= t->nslots || digest_is_zero(&t->inputs[there]))
			return false;
	}
	return true;
}

/* Slots whose inputs it could not note. */
static void
slots_mark_dirty(struct layout *l)
{
	for (uint32_t s = 0; s < 1u << l->shared_bits; s++)
		l->is_dirty[s] |= digest_is_zero(&l->before->inputs[s]);
	for (uint32_t i = 0; i < l->nsplits; i++) {
		const struct layout_zone *z;

		if (l->split_zone[i] == SIZE_MAX ||
		    split_is_known(l, &l->splits[i]))
			continue;
		z = &l->zones[l->split_zone[i]];
		l->is_dirty[shared_slot(l, z->apex_hash)] = true;
	}
}

static int
slots_compare(struct layout *l, struct err *err)
{
	uint32_t slots = 1u << l->shared_bits;

	l->is_dirty = calloc(slots, sizeof *l->is_dirty);
	if (!l->is_dirty)
		return err_set(err, ERR_NO_MEMORY, "no memory for slots");
	if (l->before && l->before->shared_bits == l->shared_bits) {
		zones_mark_dirty(l);
		slots_mark_dirty(l);
	} else {
		memset(l->is_dirty, true, slots * sizeof *l->is_dirty);
	}
	return 0;
}

/* --- the whole ------------------------------------------------------------ */

static int
zones_place(struct layout *l, struct err *err)
{
	uint32_t slots = 1u << l->shared_bits;
	uint32_t *first = calloc(slots + 2u, sizeof *first);

	l->slot_first = first;
	if (!first)
		return err_set(err, ERR_NO_MEMORY, "no memory for slots");
	/* counting sort; first[s + 1] is where slot s goes on */
	for (size_t i = 0; i < l->nzones; i++) {
		uint32_t s = shared_slot(l, l->zones[i].apex_hash);

		first[s + 2] += l->is_dirty[s];
	}
	for (uint32_t s = 2; s < slots + 2; s++)
		first[s] += first[s - 1];
	l->by_slot = malloc((first[slots + 1] + 1u) * sizeof *l->by_slot);
	if (!l->by_slot)
		return err_set(err, ERR_NO_MEMORY, "no memory for slots");
	for (size_t i = 0; i < l->nzones; i++) {
		uint32_t s = shared_slot(l, l->zones[i].apex_hash);

		if (l->is_dirty[s])
			l->by_slot[first[s + 1]++] = (uint32_t)i;
	}
	return 0;
}

void
layout_zone_look(
    const struct layout *l, const struct name_key *key, struct layout_zone *z)
{
	z->known = 0;
	z->depth = (uint8_t)name_labels(z->records->apex);
	z->bytes = zone_bytes(z->records, l->split_bytes);
	z->apex_hash = layout_apex_hash(key, z->records);
}

int
layout_make(struct layout *l, const void *parent, const struct name_key *key,
    unsigned shared_bits, struct err *err)
{
	/* tests that split small zones want small cells of them */
	uint64_t cell_bytes = l->split_bytes == LAYOUT_SPLIT_BYTES
	                          ? LAYOUT_CELL_BYTES
	                          : l->split_bytes;
	uint64_t shared = 0;
	int code;

	l->depths[0] = l->depths[1] = 0;
	for (size_t i = 0; i < l->nzones; i++) {
		struct layout_zone *z = &l->zones[i];

		l->depths[z->depth / 64] |= 1ull << z->depth % 64;
		zone_split_decide(z, parent, l->split_bytes, cell_bytes);
		if (z->split == NO_SPLIT)
			shared += z->bytes;
	}
	l->shared_bits = shared_bits;
	if (l->shared_bits > SLOT_BITS_MAX)
		l->shared_bits = bits_choose(shared, LAYOUT_SHARED_BYTES,
		    parent ? &manifest_header(parent)->slot_bits : NULL);
	code = splits_number(l, parent, err);
	if (code == 0) {
		denials_count(l, parent, key);
		splits_place(l);
		code = slots_compare(l, err);
	}
	return code ? code : zones_place(l, err);
}

void
layout_fini(struct layout *l)
{
	free(l->splits);
	free(l->split_zone);
	free(l->is_dirty);
	free(l->by_slot);
	free(l->slot_first);
	l->splits = NULL;
	l->split_zone = NULL;
	l->is_dirty = NULL;
	l->by_slot = l->slot_first = NULL;
}

struct layout_slot
layout_slot_at(const struct layout *l, uint32_t slot)
{
	uint32_t low = 0, high = l->nsplits;

	if (slot < 1u << l->shared_bits)
		return (struct layout_slot){
		    .split = NO_SPLIT,
		    .number = slot,
		    .bits = l->shared_bits,
		};
	/* the last split that begins at or before the slot; empty ones in
	 * front of it begin there, too */
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (l->splits[middle].first_slot <= slot)
			low = middle;
		else
			high = middle;
	}
	return (struct layout_slot){
	    .split = (uint16_t)low,
	    .number = slot - l->splits[low].first_slot,
	    .bits = l->splits[low].bits,
	};
}
