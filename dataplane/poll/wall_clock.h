/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The time of day on poll cores, which make no system calls: the time-stamp
 * counter against an origin that the management thread corrects once a second,
 * so that steps and drift of the system's clock are followed, and time goes on
 * when management is busy.
 */
#ifndef HOLDFAST_WALL_CLOCK_H
#define HOLDFAST_WALL_CLOCK_H

#include <stdatomic.h>
#include <stdint.h>

struct wall_clock {
	_Atomic uint64_t origin; /* the counter when `base` was, modulo 2^64 */
	/* set before cores start */
	uint64_t hz;
	uint64_t reciprocal; /* 2^64 / hz */
	int64_t base;        /* seconds since 1970 */
};

/* At counter `tsc` it is `unix_ns`. Management thread. */
static inline void
wall_clock_set(struct wall_clock *w, uint64_t tsc, int64_t unix_ns)
{
	__int128 since = unix_ns - w->base * 1000000000;
	uint64_t cycles = (uint64_t)(since * (__int128)w->hz / 1000000000);

	atomic_store_explicit(&w->origin, tsc - cycles, memory_order_relaxed);
}

static inline void
wall_clock_init(
    struct wall_clock *w, uint64_t hz, uint64_t tsc, int64_t unix_ns)
{
	w->hz = hz;
	w->reciprocal = UINT64_MAX / hz;
	w->base = unix_ns / 1000000000;
	wall_clock_set(w, tsc, unix_ns);
}

/* Seconds since 1970, modulo 2^32. Any thread: one shared cache line. */
static inline uint32_t
wall_clock_seconds(const struct wall_clock *w, uint64_t tsc)
{
	int64_t cycles = (int64_t)(tsc - atomic_load_explicit(
					     &w->origin, memory_order_relaxed));
	int64_t seconds =
	    (int64_t)(((__int128)cycles * (__int128)w->reciprocal) >> 64);

	return (uint32_t)(w->base + seconds);
}

#endif
