/* SPDX-License-Identifier: BSD-2-Clause
 *
 * When queries are due: an open loop's schedule, which does not wait for
 * answers. Queries are due in small bursts of equal distance, because a burst
 * costs a port less than its queries one by one; latency counts from the due
 * time, however late the sender is. Pure; times are TSC cycles.
 */
#ifndef HOLDFAST_PACING_H
#define HOLDFAST_PACING_H

#include <stdbool.h>
#include <stdint.h>

enum {
	PACING_BURST_MAX = 32,
	/* Bursts grow with the rate until one comes every 4 microseconds. */
	PACING_BURSTS_A_SECOND = 250000,
};

struct pacer {
	uint64_t start;
	double interval; /* cycles from burst to burst */
	unsigned burst;
	uint64_t index;    /* of the next burst */
	uint64_t next_due; /* its time */
};

unsigned pacing_burst(double rate);
void pacing_start(struct pacer *p, double rate, unsigned burst, uint64_t start,
    uint64_t cycles_a_second);

/* The schedule goes on behind a time that could not be made up for: skips all
 * bursts due before `now` and returns how many queries that leaves out. */
uint64_t pacing_skip(struct pacer *p, uint64_t now);

static inline bool
pacing_is_due(const struct pacer *p, uint64_t now)
{
	return p->next_due <= now;
}

static inline void
pacing_next(struct pacer *p)
{
	p->index++;
	p->next_due = p->start + (uint64_t)((double)p->index * p->interval);
}

#endif
