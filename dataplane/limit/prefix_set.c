/* SPDX-License-Identifier: BSD-2-Clause
 *
 * From prefixes to sorted pieces; see prefix_set.h. Main and management
 * threads; allocates the set and, while it is made, its boundaries.
 */
#include "dataplane/limit/prefix_set.h"

#include <stdbool.h>
#include <stdlib.h>

enum {
	INDEX_BITS_LEAST = 4,
	INDEX_BITS_MOST = 16,
	DEPTH_MAX = 129, /* prefixes in each other, /0 to /128 */
};

static __uint128_t
prefix_first(const struct prefix *p)
{
	__uint128_t v = 0;

	for (unsigned i = 0; i < 16; i++)
		v = v << 8 | p->bytes[i];
	return v;
}

static __uint128_t
prefix_last(const struct prefix *p)
{
	return p->bits == 128 ? prefix_first(p)
	                      : prefix_first(p) | ~(__uint128_t)0 >> p->bits;
}

/* Families apart, then a prefix in front of what it contains. */
static int
rules_order(const void *left, const void *right)
{
	const struct prefix_rule *a = left, *b = right;
	int order = (int)b->prefix.v4 - (int)a->prefix.v4;

	if (order == 0)
		order = memcmp(a->prefix.bytes, b->prefix.bytes, 16);
	if (order == 0)
		order = (int)a->prefix.bits - (int)b->prefix.bits;
	if (order == 0)
		order = (int)a->list - (int)b->list;
	return order;
}

static int
contradiction(
    const struct prefix_rule *a, const struct prefix_rule *b, struct err *err)
{
	char text[PREFIX_TEXT_MAX];

	return err_set(err, ERR_SEMANTIC,
	    "%s:%u: %s is denied here and allowed in %s:%u", b->file, b->line,
	    prefix_text(text, &b->prefix), a->file, a->line);
}

static int
rules_check(const struct prefix_rules *r, struct err *err)
{
	for (size_t i = 1; i < r->count; i++) {
		const struct prefix_rule *a = &r->rules[i - 1],
					 *b = &r->rules[i];

		if (a->list == PREFIX_LIST_ALLOW &&
		    b->list == PREFIX_LIST_DENY &&
		    a->prefix.v4 == b->prefix.v4 &&
		    a->prefix.bits == b->prefix.bits &&
		    !memcmp(a->prefix.bytes, b->prefix.bytes, 16))
			return contradiction(a, b, err);
	}
	return 0;
}

/* The prefixes around the address that the sweep has come to, the innermost at
 * the end; none twice. */
struct around {
	unsigned depth;
	struct {
		__uint128_t last;
		bool denied;
	} in[DEPTH_MAX];
};

static void
around_leave(struct around *a, __uint128_t at)
{
	while (a->depth && a->in[a->depth - 1].last < at)
		a->depth--;
}

static void
around_enter(struct around *a, const struct prefix_rule *r)
{
	/* each is longer than the one around it: 129 at most, from /0 on */
	a->in[a->depth].last = prefix_last(&r->prefix);
	a->in[a->depth++].denied = r->list == PREFIX_LIST_DENY;
}

static bool
rule_repeats(const struct prefix_rule *rules, size_t i)
{
	return i > 0 && rules_order(&rules[i - 1], &rules[i]) == 0;
}

struct pieces_draft {
	__uint128_t *first;
	uint8_t *class;
	size_t count;
};

static int
addresses_order(const void *left, const void *right)
{
	__uint128_t a, b;

	memcpy(&a, left, sizeof a);
	memcpy(&b, right, sizeof b);
	return a < b ? -1 : a > b;
}

/* Every address where a piece may begin, sorted, some twice. */
static void
draft_boundaries(
    struct pieces_draft *d, const struct prefix_rule *rules, size_t n)
{
	d->first[d->count++] = 0;
	for (size_t i = 0; i < n; i++) {
		__uint128_t last = prefix_last(&rules[i].prefix);

		d->first[d->count++] = prefix_first(&rules[i].prefix);
		if (last != ~(__uint128_t)0)
			d->first[d->count++] = last + 1;
	}
	qsort(d->first, d->count, sizeof *d->first, addresses_order);
}

/* One pass over the boundaries: what is around each, and a piece where that
 * makes a difference. */
static void
draft_classes(struct pieces_draft *d, const struct prefix_rule *rules, size_t n)
{
	struct around access = {0}, exempt = {0};
	size_t next = 0, kept = 0;

	for (size_t i = 0; i < d->count; i++) {
		__uint128_t at = d->first[i];
		unsigned class;

		around_leave(&access, at);
		around_leave(&exempt, at);
		for (; next < n && prefix_first(&rules[next].prefix) == at;
		     next++) {
			if (rule_repeats(rules, next))
				continue;
			around_enter(rules[next].list == PREFIX_LIST_EXEMPT
					 ? &exempt
					 : &access,
			    &rules[next]);
		}
		class = access.depth && access.in[access.depth - 1].denied
		            ? PREFIX_DENIED
		            : 0;
		class |= exempt.depth ? PREFIX_EXEMPT : 0;
		if (kept && d->first[kept - 1] == at) {
			d->class[kept - 1] = (uint8_t) class;
			continue;
		}
		if (kept && d->class[kept - 1] == class)
			continue;
		d->first[kept] = at;
		d->class[kept++] = (uint8_t) class;
	}
	d->count = kept;
}

static unsigned
index_bits(size_t pieces)
{
	unsigned bits = INDEX_BITS_LEAST;

	while (bits < INDEX_BITS_MOST && (size_t)1 << bits < 2 * pieces)
		bits++;
	return bits;
}

static void
index_fill(uint32_t *index, unsigned bits, const struct pieces_draft *d)
{
	uint32_t piece = 0;

	for (size_t i = 0; i < (size_t)1 << bits; i++) {
		__uint128_t at = (__uint128_t)i << (128 - bits);

		while (piece + 1 < d->count && d->first[piece + 1] <= at)
			piece++;
		index[i] = piece;
	}
	index[(size_t)1 << bits] = (uint32_t)d->count - 1;
}

static size_t
pieces_bytes(const struct pieces_draft *d)
{
	size_t index = ((size_t)1 << index_bits(d->count)) + 1;
	size_t bytes = d->count * (sizeof *d->first + sizeof *d->class) +
	               index * sizeof(uint32_t);

	return (bytes + 63) / 64 * 64;
}

/* At `to`, aligned: addresses, index, classes. */
static void
pieces_set(struct prefix_pieces *p, uint8_t *to, const struct pieces_draft *d)
{
	unsigned bits = index_bits(d->count);
	uint32_t *index = (uint32_t *)(to + d->count * sizeof *d->first);
	uint8_t *class = (uint8_t *)(index + ((size_t)1 << bits) + 1);

	memcpy(to, d->first, d->count * sizeof *d->first);
	index_fill(index, bits, d);
	memcpy(class, d->class, d->count);
	*p = (struct prefix_pieces){.first = (const __uint128_t *)to,
	    .class = class,
	    .index = index,
	    .shift = 128 - bits,
	    .count = (uint32_t)d->count};
}

static bool
draft_make(struct pieces_draft *d, const struct prefix_rule *rules, size_t n)
{
	size_t most = 2 * n + 1;

	d->first = aligned_alloc(16, most * sizeof *d->first);
	d->class = malloc(most);
	if (!d->first || !d->class)
		return false;
	draft_boundaries(d, rules, n);
	draft_classes(d, rules, n);
	return true;
}

static void
draft_fini(struct pieces_draft *d)
{
	free(d->first);
	free(d->class);
}

static struct prefix_set *
set_make(const struct pieces_draft *v4, const struct pieces_draft *v6)
{
	struct prefix_set *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->memory = aligned_alloc(64, pieces_bytes(v4) + pieces_bytes(v6));
	if (!s->memory) {
		free(s);
		return NULL;
	}
	pieces_set(&s->v4, s->memory, v4);
	pieces_set(&s->v6, (uint8_t *)s->memory + pieces_bytes(v4), v6);
	return s;
}

int
prefix_set_new(
    struct prefix_set **out, struct prefix_rules *rules, struct err *err)
{
	struct pieces_draft v4 = {0}, v6 = {0};
	size_t n4 = 0;
	int rc = 0;

	*out = NULL;
	if (rules->count == 0)
		return 0;
	qsort(rules->rules, rules->count, sizeof *rules->rules, rules_order);
	rc = rules_check(rules, err);
	if (rc)
		return rc;
	while (n4 < rules->count && rules->rules[n4].prefix.v4)
		n4++;
	if (draft_make(&v4, rules->rules, n4) &&
	    draft_make(&v6, rules->rules + n4, rules->count - n4))
		*out = set_make(&v4, &v6);
	draft_fini(&v4);
	draft_fini(&v6);
	return *out ? 0
	            : err_set(err, ERR_NO_MEMORY, "no memory for %zu prefixes",
			  rules->count);
}

void
prefix_set_free(struct prefix_set **s)
{
	if (!*s)
		return;
	free((*s)->memory);
	free(*s);
	*s = NULL;
}
