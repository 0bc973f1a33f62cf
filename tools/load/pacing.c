/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The schedule's start and its gaps; workers.
 */
#include "tools/load/pacing.h"

unsigned
pacing_burst(double rate)
{
	double burst = rate / PACING_BURSTS_A_SECOND;

	if (burst >= PACING_BURST_MAX)
		return PACING_BURST_MAX;
	return burst < 1 ? 1 : (unsigned)burst;
}

void
pacing_start(struct pacer *p, double rate, unsigned burst, uint64_t start,
    uint64_t cycles_a_second)
{
	*p = (struct pacer){.start = start,
	    .interval = (double)cycles_a_second * burst / rate,
	    .burst = burst,
	    .next_due = start};
}

uint64_t
pacing_skip(struct pacer *p, uint64_t now)
{
	uint64_t before = p->index;

	if (p->next_due > now)
		return 0;
	p->index = (uint64_t)((double)(now - p->start) / p->interval);
	pacing_next(p);
	while (pacing_is_due(p, now)) /* rounding */
		pacing_next(p);
	return (p->index - before) * p->burst;
}
