/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Where the cycles of a burst go, stage by stage: for `make perf`. In that
 * profile (HOLDFAST_STAGES) each stage ends by reading the time-stamp counter,
 * about 25 cycles a burst each; in all others this is nothing at all. A core's
 * own; the poll loop adds the sums to its counters once a burst.
 */
#ifndef HOLDFAST_STAGE_CLOCK_H
#define HOLDFAST_STAGE_CLOCK_H

#include <stdint.h>

enum stage {
	STAGE_RECEIVE, /* the port's receive function */
	STAGE_FRAME,   /* headers and checksums of what came */
	STAGE_PARSE,   /* message, name, hashes; apex bucket fetched */
	STAGE_ZONE,    /* apex confirmed; name's bucket fetched */
	STAGE_NODE,    /* tags; node fetched */
	STAGE_DECIDE,  /* node confirmed, block chosen */
	STAGE_WRITE,   /* response bytes */
	STAGE_REPLY,   /* headers and checksums of what goes */
	STAGE_SEND,    /* the port's transmit function */
	STAGES,
};

#ifdef HOLDFAST_STAGES
#include <x86intrin.h>

struct stage_clock {
	uint64_t last;
	uint64_t cycles[STAGES];
};
extern _Thread_local struct stage_clock stage_clock;

static inline void
stage_start(uint64_t now)
{
	stage_clock.last = now;
}

static inline void
stage_end(enum stage s)
{
	uint64_t now = __rdtsc();

	stage_clock.cycles[s] += now - stage_clock.last;
	stage_clock.last = now;
}
#else
static inline void
stage_start(uint64_t now)
{
	(void)now;
}

static inline void
stage_end(enum stage s)
{
	(void)s;
}
#endif

#endif
