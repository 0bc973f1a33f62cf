/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Milliseconds or nanoseconds of a clock: CLOCK_MONOTONIC for time-outs,
 * CLOCK_BOOTTIME for what other processes compare, CLOCK_REALTIME for people.
 * Any thread; never on the query path.
 */
#ifndef HOLDFAST_CLOCK_H
#define HOLDFAST_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t
clock_ns(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static inline uint64_t
clock_ms(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

#endif
