/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The sketch of limited prefixes; see limited.h. limited_count() runs on poll
 * cores, for limited packets alone, and allocates nothing.
 */
#include "base/limited.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { READ_TRIES = 1000 };

int
limited_create(struct counters **out, const char *path,
    const char *const *labels, unsigned nblocks, struct err *err)
{
	static const char *const fields[] = {"high", "low", "kind", "count"};
	char text[LIMITED_VALUES][COUNTERS_NAME_MAX];
	const char *names[LIMITED_VALUES];

	strcpy(text[0], "sequence");
	for (unsigned i = 1; i < LIMITED_VALUES; i++)
		snprintf(text[i], COUNTERS_NAME_MAX, "%s{%u}",
		    fields[(i - 1) % LIMITED_PLACE_VALUES],
		    (i - 1) / LIMITED_PLACE_VALUES);
	for (unsigned i = 0; i < LIMITED_VALUES; i++)
		names[i] = text[i];
	return counters_create(
	    out, path, names, LIMITED_VALUES, labels, nblocks, err);
}

static inline uint64_t
value_read(const _Atomic uint64_t *v)
{
	return atomic_load_explicit(v, memory_order_relaxed);
}

static inline void
value_write(_Atomic uint64_t *v, uint64_t n)
{
	atomic_store_explicit(v, n, memory_order_relaxed);
}

static inline _Atomic uint64_t *
place_of(const struct limited_block *b, unsigned i)
{
	return b->values + 1 + i * LIMITED_PLACE_VALUES;
}

static inline bool
place_is(const struct limited_block *b, unsigned i, uint64_t high, uint64_t low,
    unsigned kind)
{
	const _Atomic uint64_t *p = place_of(b, i);

	return value_read(&p[LIMITED_HIGH]) == high &&
	       value_read(&p[LIMITED_LOW]) == low &&
	       value_read(&p[LIMITED_KIND]) == kind;
}

/* Readers that see a part of this see an odd sequence, or another one. */
static void
place_take(struct limited_block *b, unsigned i, uint64_t high, uint64_t low,
    unsigned kind)
{
	_Atomic uint64_t *p = place_of(b, i);
	uint64_t sequence = value_read(b->values);

	value_write(b->values, sequence + 1);
	atomic_thread_fence(memory_order_release);
	value_write(&p[LIMITED_HIGH], high);
	value_write(&p[LIMITED_LOW], low);
	value_write(&p[LIMITED_KIND], kind);
	atomic_store_explicit(b->values, sequence + 2, memory_order_release);
}

void
limited_count(
    struct limited_block *b, uint64_t high, uint64_t low, unsigned kind)
{
	unsigned least = 0;
	uint64_t fewest = UINT64_MAX;

	if (!b->values)
		return;
	if (!place_is(b, b->last, high, low, kind)) {
		unsigned i = 0;

		while (i < LIMITED_PLACES && !place_is(b, i, high, low, kind)) {
			uint64_t n = value_read(&place_of(b, i)[LIMITED_COUNT]);

			if (n < fewest) {
				fewest = n;
				least = i;
			}
			i++;
		}
		if (i == LIMITED_PLACES) {
			place_take(b, least, high, low, kind);
			i = least;
		}
		b->last = i;
	}
	counters_add(&place_of(b, b->last)[LIMITED_COUNT], 1);
}

static bool
place_read(const struct counters *c, unsigned block, unsigned i,
    struct limited_prefix *out)
{
	unsigned at = 1 + i * LIMITED_PLACE_VALUES;
	uint64_t half[2], kind = counters_value(c, block, at + LIMITED_KIND);
	unsigned bits = kind & 255;

	half[0] = counters_value(c, block, at + LIMITED_HIGH);
	half[1] = counters_value(c, block, at + LIMITED_LOW);
	*out = (struct limited_prefix){
	    .prefix = {.bits = (uint8_t)bits, .v4 = kind & LIMITED_KIND_V4},
	    .count = counters_value(c, block, at + LIMITED_COUNT)};
	if (out->prefix.v4)
		half[0] <<= 32;
	half[0] = __builtin_bswap64(half[0]);
	half[1] = __builtin_bswap64(half[1]);
	memcpy(out->prefix.bytes, half, 16);
	return out->count != 0 && bits <= (out->prefix.v4 ? 32 : 128);
}

/* A block as it was at one moment; 0 of a writer that never finished. */
static unsigned
block_read(const struct counters *c, unsigned block,
    struct limited_prefix out[LIMITED_PLACES])
{
	for (unsigned tries = 0; tries < READ_TRIES; tries++) {
		uint64_t before = counters_value(c, block, 0);
		unsigned n = 0;

		atomic_thread_fence(memory_order_acquire);
		for (unsigned i = 0; i < LIMITED_PLACES; i++)
			n += place_read(c, block, i, &out[n]);
		atomic_thread_fence(memory_order_acquire);
		if (before % 2 == 0 && counters_value(c, block, 0) == before)
			return n;
	}
	return 0;
}

static int
by_prefix(const void *left, const void *right)
{
	const struct limited_prefix *a = left, *b = right;

	return memcmp(&a->prefix, &b->prefix, sizeof a->prefix);
}

static int
by_count(const void *left, const void *right)
{
	const struct limited_prefix *a = left, *b = right;

	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return by_prefix(left, right);
}

unsigned
limited_read(
    const struct counters *c, struct limited_prefix *out, unsigned most)
{
	unsigned blocks = counters_blocks(c), n = 0, merged = 0;
	struct limited_prefix *all;

	if (counters_names(c) != LIMITED_VALUES)
		return 0;
	all = calloc((size_t)blocks * LIMITED_PLACES, sizeof *all);
	if (!all)
		return 0;
	for (unsigned b = 0; b < blocks; b++)
		n += block_read(c, b, all + n);
	qsort(all, n, sizeof *all, by_prefix);
	for (unsigned i = 0; i < n; i++) {
		if (merged && by_prefix(&all[merged - 1], &all[i]) == 0)
			all[merged - 1].count += all[i].count;
		else
			all[merged++] = all[i];
	}
	qsort(all, merged, sizeof *all, by_count);
	if (merged > most)
		merged = most;
	memcpy(out, all, merged * sizeof *all);
	free(all);
	return merged;
}
