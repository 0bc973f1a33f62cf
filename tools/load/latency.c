/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Reading the histogram; main thread.
 */
#include "tools/load/latency.h"

#include <string.h>

void
latency_clear(struct latency *h)
{
	for (unsigned i = 0; i < LATENCY_BUCKETS; i++)
		latency_store(&h->buckets[i], 0);
	latency_store(&h->sum, 0);
	latency_store(&h->most, 0);
	latency_store(&h->least, UINT64_MAX);
}

void
latency_sum_clear(struct latency_sum *s)
{
	memset(s, 0, sizeof *s);
	s->least = UINT64_MAX;
}

void
latency_collect(struct latency_sum *to, const struct latency *h)
{
	uint64_t least = latency_load(&h->least), most = latency_load(&h->most);

	for (unsigned i = 0; i < LATENCY_BUCKETS; i++) {
		uint64_t n = latency_load(&h->buckets[i]);

		to->buckets[i] += n;
		to->count += n;
	}
	to->sum += latency_load(&h->sum);
	to->least = least < to->least ? least : to->least;
	to->most = most > to->most ? most : to->most;
}

/* A histogram that was cleared in between counts from zero. */
void
latency_since(struct latency_sum *now, const struct latency_sum *before)
{
	if (before->count > now->count)
		return;
	now->count = 0;
	for (unsigned i = 0; i < LATENCY_BUCKETS; i++) {
		now->buckets[i] -= now->buckets[i] >= before->buckets[i]
		                       ? before->buckets[i]
		                       : now->buckets[i];
		now->count += now->buckets[i];
	}
}

static uint64_t
bucket_middle(unsigned bucket)
{
	unsigned octave = bucket / LATENCY_STEPS;

	if (octave <= 1)
		return bucket;
	octave--;
	return ((uint64_t)(bucket - octave * LATENCY_STEPS) << octave) +
	       (UINT64_C(1) << octave) / 2;
}

uint64_t
latency_quantile(const struct latency_sum *s, double share)
{
	uint64_t wanted = (uint64_t)(share * (double)s->count + 0.5);
	uint64_t seen = 0, value;

	if (s->count == 0)
		return 0;
	if (wanted >= s->count)
		return s->most;
	if (wanted == 0)
		wanted = 1;
	for (unsigned i = 0; i < LATENCY_BUCKETS; i++) {
		seen += s->buckets[i];
		if (seen < wanted)
			continue;
		value = bucket_middle(i);
		return value < s->most ? value : s->most;
	}
	return s->most;
}
