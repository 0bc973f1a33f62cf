/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a burst's proofs need of the chain, searched for all of its queries in
 * lockstep: each step fetches the cache line of the next, so that the misses of
 * the queries overlap as they do for names. Warms the cache and leaves what it
 * found as a hint: denial.c decides, and finds the same without.
 *
 *   NSEC    one line a level of the tree, the name and the record
 *   NSEC3   hash; the directory, the hashes, the record
 */
#include "dataplane/answer/denial.h"
#include "dataplane/answer/denial_chain.h"
#include "snapshot/nsec3_hash.h"

enum { LINE = 64 };

/* A record: only its first line to where few at once can be asked for, the
 * others to the cache behind (3 % and more of an answer). */
static inline void
fetch_record(const void *from, unsigned bytes)
{
	const uint8_t *p = from;

	__builtin_prefetch(p);
	for (unsigned at = LINE; at <= bytes; at += LINE)
		__builtin_prefetch(p + at, 0, 2);
}

static inline void
fetch_lines(const void *from, unsigned bytes)
{
	const uint8_t *p = from;

	for (unsigned at = 0; at < bytes; at += LINE)
		__builtin_prefetch(p + at);
	__builtin_prefetch(p + bytes);
}

/* --- NSEC ----------------------------------------------------------------- */

static void
order_start(struct denial_search *d, const struct generation *g)
{
	const struct answer_state *s = d->state;

	order_key_make(&d->key, s->name.lower,
	    s->name.bytes - (unsigned)s->view.apex_bytes);
	d->order = chain_order_top(&s->view, g);
	d->in_ranges = !chain_is_whole(&s->view);
	d->index = 0;
	d->level = 0;
	/* its head, and the root of its tree right behind */
	fetch_lines(d->order, LINE);
}

/* True if there is a further level to step from. */
static bool
order_step(struct denial_search *d)
{
	const struct order_d *o = d->order;

	if (!o || d->level + 1 >= o->levels)
		return false;
	d->index = order_descend(o, d->level, d->index, &d->key);
	d->level++;
	__builtin_prefetch(order_node(o, d->level, d->index));
	return d->level + 1 < o->levels;
}

/* From the order of the ranges to that of one. */
static void
order_enter_range(struct denial_search *d, const struct generation *g)
{
	uint32_t range;

	if (!d->order || !d->in_ranges)
		return;
	range = d->index * ORDER_LEAF_NAMES +
	        order_leaf_descend(d->order, d->index, &d->key);
	d->order = chain_part(&d->state->view, g, 1 + range);
	d->in_ranges = false;
	d->index = 0;
	d->level = 0;
	fetch_lines(d->order, LINE);
}

/* From the leaf to the name, and its NSEC record right behind it. */
static void
order_fetch_block(struct denial_search *d)
{
	if (!d->order)
		return;
	d->before = chain_name_find(
	    d->order, d->index * ORDER_LEAF_NAMES +
			  order_leaf_descend(d->order, d->index, &d->key));
	if (d->before)
		fetch_record(d->before, 2 * LINE);
}

/* --- NSEC3 ---------------------------------------------------------------- */

/* The suffix of the name that is hashed for nearly every proof. */
static unsigned
hashed_suffix(const struct answer_state *s)
{
	const struct found *f = &s->found;

	if (f->kind == FOUND_REFERRAL)
		return f->key_labels;
	return f->kind == FOUND_NODATA && !f->expanded
	           ? s->name.labels
	           : f->encloser_labels + 1u;
}

static void
hashed_start(struct denial_search *d, const struct generation *g)
{
	const struct answer_state *s = d->state;
	unsigned labels = hashed_suffix(s);
	unsigned start = query_name_start(&s->name, labels);

	if (labels == s->view.apex_labels)
		return;
	chain_hash(d->hash, zone_denial(&s->view), s->name.lower + start,
	    s->name.bytes - start);
	d->hash_labels = (uint8_t)labels;
	d->hashed = chain_hashed(&s->view, g, d->hash);
	__builtin_prefetch(d->hashed);
}

static void
hashed_fetch_entry(const struct denial_search *d)
{
	if (d->hashed)
		__builtin_prefetch(
		    hashed_first(d->hashed) + hashed_entry(d->hashed, d->hash));
}

static void
hashed_fetch_names(const struct denial_search *d)
{
	const struct hashed_d *h = d->hashed;
	uint32_t low;

	if (!h)
		return;
	low = hashed_first(h)[hashed_entry(h, d->hash)];
	fetch_lines(hashed_names(h) + (low ? low - 1 : 0), LINE);
}

static void
hashed_fetch_block(struct denial_search *d, const struct generation *g)
{
	if (!d->hashed)
		return;
	d->place = chain_hashed_find(&d->state->view, g, d->hash);
	if (d->place.name)
		fetch_record(
		    hashed_block(d->place.hashed, d->place.name), 3 * LINE);
}

/* --- all of a burst ------------------------------------------------------- */

static void
hashed_stages(struct denial_search *first, const struct denial_search *end,
    const struct generation *g)
{
	struct denial_search *d;

	for (d = first; d < end; d++)
		hashed_fetch_entry(d);
	for (d = first; d < end; d++)
		hashed_fetch_names(d);
	for (d = first; d < end; d++)
		hashed_fetch_block(d, g);
}

/* All to their leaves. A step is short, so that those of many queries are under
 * way at once; a search of several levels in one go would be waited for. */
static void
order_descend_all(struct denial_search *first, const struct denial_search *end)
{
	bool more = true;

	while (more) {
		more = false;
		for (struct denial_search *d = first; d < end; d++)
			more |= order_step(d);
	}
}

static void
order_stages(struct denial_search *first, const struct denial_search *end,
    const struct generation *g)
{
	struct denial_search *d;

	order_descend_all(first, end);
	for (d = first; d < end; d++)
		order_enter_range(d, g);
	order_descend_all(first, end);
	for (d = first; d < end; d++)
		order_fetch_block(d);
}

void
denial_stages(struct answer_batch *b, const struct generation *g)
{
	struct denial_search *d, *end = b->searches + b->nsearches;
	bool hashed = false, ordered = false;

	for (d = b->searches; d < end; d++) {
		d->before = NULL;
		d->place.name = NULL;
		d->order = NULL;
		d->hashed = NULL;
		if (zone_denial(&d->state->view)->kind == DENIAL_NSEC3) {
			hashed_start(d, g);
			hashed = true;
		} else {
			order_start(d, g);
			ordered = true;
		}
	}
	if (ordered)
		order_stages(b->searches, end, g);
	if (hashed)
		hashed_stages(b->searches, end, g);
}
