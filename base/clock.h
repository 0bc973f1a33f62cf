/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Milliseconds or nanoseconds of a clock: CLOCK_MONOTONIC for time-outs,
 * CLOCK_BOOTTIME for what other processes compare, CLOCK_REALTIME for people.
 * Any thread; never on the query path.
 *
 * In the debug and asan profiles the clock of people can jump: the file that
 * HOLDFAST_CLOCK_JUMP in the environment names has the seconds (clock.c).
 */
#ifndef HOLDFAST_CLOCK_H
#define HOLDFAST_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#ifdef HOLDFAST_FAULTS
int64_t clock_jump_s(clockid_t which); /* 0 for clocks that cannot be set */
#else
static inline int64_t
clock_jump_s(clockid_t which)
{
	(void)which;
	return 0;
}
#endif

/* Whether somebody (NTP, PTP) keeps the wall clock right, as the kernel knows;
 * false if it can't be asked. */
bool clock_is_synchronised(void);

static inline uint64_t
clock_ns(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	t.tv_sec += clock_jump_s(which);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static inline uint64_t
clock_ms(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	t.tv_sec += clock_jump_s(which);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

#endif
