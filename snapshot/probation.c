/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Sets of zones on probation, and which zones two generations say different
 * things of. Management threads and tests; a set is one allocation.
 *
 * Nothing is taken from what the builder says of its own work: the cells of the
 * two generations are compared, and those that are the same file are passed
 * over.
 */
#include "snapshot/probation.h"

#include <stdlib.h>
#include <string.h>

#include "snapshot/cell_table.h"
#include "snapshot/load.h"

struct probation *
probation_new(uint32_t most)
{
	uint32_t places = 8; /* a cache line */
	struct probation *p;

	while (places < 2 * most)
		places *= 2;
	p = calloc(1, sizeof *p + places * sizeof p->table[0]);
	if (p)
		p->mask = places - 1;
	return p;
}

void
probation_free(struct probation **p)
{
	free(*p);
	*p = NULL;
}

static void
hold_all(struct probation *p)
{
	memset(p->table, 0, (p->mask + 1u) * sizeof p->table[0]);
	p->count = 0;
	p->all = true;
}

void
probation_add(struct probation *p, uint64_t hash)
{
	uint32_t at = probation_place(p, hash);

	if (probation_holds(p, hash))
		return;
	if (p->count == (p->mask + 1) / 2) {
		hold_all(p);
		return;
	}
	while (p->table[at])
		at = (at + 1) & p->mask;
	p->table[at] = probation_key(hash);
	p->count++;
}

void
probation_add_all(struct probation *p, const struct probation *others)
{
	if (others->all)
		hold_all(p);
	for (uint32_t i = 0; i <= others->mask && !p->all; i++)
		if (others->table[i])
			probation_add(p, others->table[i]);
}

int
probation_copy(
    struct probation **out, const struct probation *of, struct err *err)
{
	*out = NULL;
	if (!of || (!of->all && of->count == 0))
		return 0;
	*out = probation_new(of->count);
	if (!*out)
		return err_set(err, ERR_NO_MEMORY, "out of memory");
	probation_add_all(*out, of);
	return 0;
}

/* --- what changed --------------------------------------------------------- */

/* The zone with this apex, in lower case and as generation_check_whole() has
 * it: in a buffer, or a cell, that may be read beyond. */
static const struct zone_d *
zone_of(const struct generation *g, const uint8_t *apex, unsigned bytes,
    uint64_t hash)
{
	const struct cell_key key = {
	    .hash = hash, .name = apex, .bytes = bytes, .is_apex = true};
	const struct cell_ref *cell = &g->slots[name_slot(hash, g->slot_bits)];
	uint64_t compared = 0;
	uint32_t off = cell_lookup(cell->base, cell->nbuckets, &key, &compared);

	return off ? (const struct zone_d *)(const void *)(cell->base + off) - 1
	           : NULL;
}

/* The zone that has, or would have, the names of one that is not there. */
static void
add_above(struct probation *p, const struct generation *g, const uint8_t *apex,
    unsigned bytes)
{
	for (unsigned at = 0; apex[at];) {
		uint64_t hash;

		at += apex[at] + 1u;
		hash = name_hash(&g->key, apex + at);
		if (!zone_of(g, apex + at, bytes - at, hash))
			continue;
		probation_add(p, hash);
		return;
	}
}

static bool
content_is_known(const struct zone_d *z)
{
	static const uint8_t unknown[sizeof z->content];

	return memcmp(z->content, unknown, sizeof unknown) != 0;
}

/* `there`: the other generation. `came`: the zone is of the new one. */
static void
zone_compare(struct probation *p, const struct generation *g,
    const struct generation *there, const struct zone_d *z, bool came)
{
	const struct node_d *apex = (const struct node_d *)(z + 1);
	const uint8_t *name = (const uint8_t *)(apex + 1);
	uint64_t hash = name_hash(&g->key, name);
	const struct zone_d *other =
	    zone_of(there, name, apex->name_bytes, hash);

	if (!other)
		add_above(p, g, name, apex->name_bytes);
	if (came && (!other || !content_is_known(z) ||
			memcmp(z->content, other->content, sizeof z->content)))
		probation_add(p, hash);
}

static void
slot_compare(struct probation *p, const struct generation *g,
    const struct generation *of, const struct generation *there, uint32_t slot)
{
	const struct cell_ref *cell = &of->slots[slot];
	const struct bucket_d *b = cell_buckets(cell->base);

	for (uint32_t i = 0; i < cell->nbuckets && !p->all; i++)
		for (unsigned k = 0; k < b[i].count; k++) {
			const struct node_d *n =
			    (const void *)(cell->base + b[i].node_off[k]);

			if (n->flags & NODE_APEX)
				zone_compare(p, g, there,
				    (const struct zone_d *)n - 1, of == g);
		}
}

static bool
slot_is_same(
    const struct generation *g, const struct generation *base, uint32_t slot)
{
	return g->slot_bits == base->slot_bits &&
	       digest_equal(generation_cell_digest(g, slot),
		   generation_cell_digest(base, slot));
}

void
probation_add_changed(struct probation *p, const struct generation *g,
    const struct generation *base)
{
	if (!base || memcmp(&g->key, &base->key, sizeof g->key) != 0) {
		hold_all(p);
		return;
	}
	for (uint32_t i = 0; i < 1u << g->slot_bits && !p->all; i++)
		if (!slot_is_same(g, base, i))
			slot_compare(p, g, g, base, i);
	for (uint32_t i = 0; i < 1u << base->slot_bits && !p->all; i++)
		if (!slot_is_same(base, g, i))
			slot_compare(p, g, base, g, i);
}
