/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Where the parts of a block and a node are (snapshot/format.h draws them).
 * Arithmetic on verified bytes: no checks, inline, read-only.
 */
#ifndef HOLDFAST_BLOCK_H
#define HOLDFAST_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "snapshot/fault.h"
#include "snapshot/format.h"

static inline const uint8_t *
block_response(const struct block_d *b)
{
	return (const uint8_t *)(b + 1);
}

static inline unsigned
block_records(const struct block_d *b)
{
	return (unsigned)b->an + b->ns + b->ar;
}

static inline const uint8_t *
block_relocs(const struct block_d *b)
{
	unsigned align = b->flags & BLOCK_WIDE ? 3 : 1;

	return block_response(b) + ((b->len + align) & ~align);
}

static inline const uint16_t *
block_ttls(const struct block_d *b)
{
	unsigned each = b->flags & BLOCK_WIDE ? 4 : 2;

	return (const uint16_t *)(block_relocs(b) + b->nreloc * each);
}

static inline const struct mark_d *
block_marks(const struct block_d *b)
{
	return (const struct mark_d *)(block_ttls(b) + block_records(b));
}

/* Offset of what follows the marks, from the block's start. */
static inline uint32_t
block_marks_end(const struct block_d *b)
{
	const uint8_t *end = (const uint8_t *)(block_marks(b) + b->nmark);

	return ((uint32_t)(end - (const uint8_t *)b) + 3) & ~3u;
}

static inline const struct links_d *
block_links(const struct block_d *b)
{
	return (
	    const struct links_d *)((const uint8_t *)b + block_marks_end(b));
}

/* The form for DO=1, where BLOCK_DO_FOLLOWS. */
static inline const struct block_d *
block_do_form(const struct block_d *b)
{
	uint32_t off = block_marks_end(b);

	if (b->flags & BLOCK_LINKS)
		off += 4u * block_links(b)->bytes4;
	return (const struct block_d *)((const uint8_t *)b + off);
}

static inline const struct block_d *
block_form(const struct block_d *b, bool want_do)
{
	if (fault_hit("engine-do-ignored"))
		return b;
	return want_do && b->flags & BLOCK_DO_FOLLOWS ? block_do_form(b) : b;
}

static inline const uint8_t *
node_name(const struct node_d *n)
{
	return (const uint8_t *)(n + 1);
}

static inline const struct type_d *
node_types(const struct node_d *n)
{
	return (
	    const struct type_d *)(node_name(n) + ((n->name_bytes + 3u) & ~3u));
}

static inline const struct block_d *
node_block(const struct node_d *n, const struct type_d *t)
{
	return (
	    const struct block_d *)((const uint8_t *)n + 4u * t->block_off4);
}

/* The block of a type, or NULL. Types ascend; most names have one or two. */
static inline const struct block_d *
node_block_find(const struct node_d *n, uint16_t type)
{
	const struct type_d *t = node_types(n), *end = t + n->ntypes;

	for (; t < end; t++)
		if (t->type == type)
			return node_block(n, t);
	return NULL;
}

static inline const struct node_d *
zone_apex(const struct zone_d *z)
{
	return (const struct node_d *)(z + 1);
}

/* Its negative block, the form without signatures. */
static inline const struct block_d *
zone_negative(const struct zone_d *z)
{
	return (const struct block_d *)((const uint8_t *)z -
					zone_apex(z)->anchor + z->negative_off);
}

#endif
