/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Counters' names, and their sums over workers.
 */
#include "tools/load/load_stats.h"

#include <string.h>

#define LOAD_COUNTER_NAME(id, name, text) [LOAD_##id] = name,
#define LOAD_COUNTER_TEXT(id, name, text) [LOAD_##id] = text,
const char *const load_counter_names[LOAD_COUNTERS_MAX] = {
    LOAD_COUNTERS(LOAD_COUNTER_NAME)};
const char *const load_counter_texts[LOAD_COUNTERS_MAX] = {
    LOAD_COUNTERS(LOAD_COUNTER_TEXT)};

void
load_stats_clear(struct load_stats *s)
{
	for (unsigned i = 0; i < LOAD_COUNTERS_MAX; i++)
		latency_store(&s->counters[i], 0);
	for (unsigned i = 0; i < LOAD_RCODES; i++)
		latency_store(&s->rcodes[i], 0);
	latency_store(&s->behind_most, 0);
	latency_store(&s->stall_most, 0);
	latency_store(&s->gap_most, 0);
	latency_clear(&s->latency);
}

void
load_sums_clear(struct load_sums *s)
{
	memset(s, 0, sizeof *s);
	latency_sum_clear(&s->latency);
}

static void
collect_most(uint64_t *to, const _Atomic uint64_t *from)
{
	uint64_t value = latency_load(from);

	if (value > *to)
		*to = value;
}

void
load_stats_collect(struct load_sums *to, const struct load_stats *s)
{
	for (unsigned i = 0; i < LOAD_COUNTERS_MAX; i++)
		to->counters[i] += latency_load(&s->counters[i]);
	for (unsigned i = 0; i < LOAD_RCODES; i++)
		to->rcodes[i] += latency_load(&s->rcodes[i]);
	collect_most(&to->behind_most, &s->behind_most);
	collect_most(&to->stall_most, &s->stall_most);
	collect_most(&to->gap_most, &s->gap_most);
	latency_collect(&to->latency, &s->latency);
}
