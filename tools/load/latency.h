/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A histogram of times, log-linear: 64 buckets an octave, so that no value is
 * more than 1.6 % from what its bucket says. Values are cycles of the TSC; the
 * reader converts. One writer, any reader at any time; 20 KiB, of which a run
 * touches a few lines.
 */
#ifndef HOLDFAST_LATENCY_H
#define HOLDFAST_LATENCY_H

#include <stdatomic.h>
#include <stdint.h>

enum {
	LATENCY_STEP_BITS = 6,
	LATENCY_STEPS = 1 << LATENCY_STEP_BITS,
	LATENCY_OCTAVES = 40, /* above: all in the last bucket */
	LATENCY_BUCKETS = LATENCY_STEPS * LATENCY_OCTAVES,
};

struct latency {
	_Atomic uint64_t buckets[LATENCY_BUCKETS];
	_Atomic uint64_t sum, least, most;
};

/* A copy that nobody writes to; what is reckoned with. */
struct latency_sum {
	uint64_t buckets[LATENCY_BUCKETS];
	uint64_t count, sum, least, most;
};

static inline unsigned
latency_bucket(uint64_t value)
{
	unsigned octave, bucket;

	if (value < LATENCY_STEPS)
		return (unsigned)value;
	octave = 63 - (unsigned)__builtin_clzll(value) - LATENCY_STEP_BITS;
	bucket = octave * LATENCY_STEPS + (unsigned)(value >> octave);
	return bucket < LATENCY_BUCKETS ? bucket : LATENCY_BUCKETS - 1;
}

static inline void
latency_store(_Atomic uint64_t *to, uint64_t value)
{
	atomic_store_explicit(to, value, memory_order_relaxed);
}

static inline uint64_t
latency_load(const _Atomic uint64_t *from)
{
	return atomic_load_explicit(from, memory_order_relaxed);
}

static inline void
latency_add(struct latency *h, uint64_t value)
{
	_Atomic uint64_t *bucket = &h->buckets[latency_bucket(value)];

	latency_store(bucket, latency_load(bucket) + 1);
	latency_store(&h->sum, latency_load(&h->sum) + value);
	if (value > latency_load(&h->most))
		latency_store(&h->most, value);
	if (value < latency_load(&h->least))
		latency_store(&h->least, value);
}

void latency_clear(struct latency *h);

/* Adds what `h` holds to `to`, which the caller has cleared with
 * latency_sum_clear(). */
void latency_collect(struct latency_sum *to, const struct latency *h);
void latency_sum_clear(struct latency_sum *s);
/* now -= before: what has come since. */
void latency_since(struct latency_sum *now, const struct latency_sum *before);

/* The value that `share` (0 to 1) of all are not above: the middle of its
 * bucket, but never beyond the largest. 0 when there is none. */
uint64_t latency_quantile(const struct latency_sum *s, double share);

#endif
