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
#include "snapshot/cell_builder.h"
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
		first += 1u << s->bits;
	}
	l->nslots = first;
}

static int
zones_place(struct layout *l, struct err *err)
{
	uint32_t slots = 1u << l->shared_bits;
	uint32_t *first = calloc(slots + 2u, sizeof *first);
	uint32_t *by_slot = malloc((l->nzones + 1) * sizeof *by_slot);

	l->slot_first = first;
	l->by_slot = by_slot;
	if (!first || !by_slot)
		return err_set(err, ERR_NO_MEMORY, "no memory for slots");
	/* counting sort; first[s + 1] is where slot s goes on */
	for (size_t i = 0; i < l->nzones; i++)
		first[name_slot(l->zones[i].apex_hash, l->shared_bits) + 2]++;
	for (uint32_t s = 2; s < slots + 2; s++)
		first[s] += first[s - 1];
	for (size_t i = 0; i < l->nzones; i++) {
		uint32_t s = name_slot(l->zones[i].apex_hash, l->shared_bits);

		by_slot[first[s + 1]++] = (uint32_t)i;
	}
	return 0;
}

int
layout_make(struct layout *l, const struct name_key *key, const void *parent,
    const struct compile_options *options, struct err *err)
{
	uint64_t split_bytes =
	    options->split_bytes ? options->split_bytes : LAYOUT_SPLIT_BYTES;
	uint64_t cell_bytes =
	    options->split_bytes ? options->split_bytes : LAYOUT_CELL_BYTES;
	uint64_t shared = 0;
	int code;

	l->depths[0] = l->depths[1] = 0;
	for (size_t i = 0; i < l->nzones; i++) {
		struct layout_zone *z = &l->zones[i];
		unsigned depth = name_labels(z->records->apex);

		l->depths[depth / 64] |= 1ull << depth % 64;
		z->bytes = zone_bytes(z->records, split_bytes);
		z->apex_hash = layout_apex_hash(key, z->records);
		zone_split_decide(z, parent, split_bytes, cell_bytes);
		if (z->split == NO_SPLIT)
			shared += z->bytes;
	}
	l->shared_bits = options->shared_slot_bits;
	if (l->shared_bits > SLOT_BITS_MAX)
		l->shared_bits = bits_choose(shared, LAYOUT_CELL_BYTES,
		    parent ? &manifest_header(parent)->slot_bits : NULL);
	code = splits_number(l, parent, err);
	if (code == 0) {
		splits_place(l);
		code = zones_place(l, err);
	}
	return code;
}

void
layout_fini(struct layout *l)
{
	free(l->splits);
	free(l->split_zone);
	free(l->by_slot);
	free(l->slot_first);
	l->splits = NULL;
	l->split_zone = NULL;
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
