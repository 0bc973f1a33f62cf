/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Random numbers for making queries: the same seed gives the same numbers on
 * every machine (Zipf's as far as its libm rounds the same). Not for secrets.
 */
#ifndef HOLDFAST_DRAW_H
#define HOLDFAST_DRAW_H

#include <stdint.h>

struct draw {
	uint64_t state;
};

/* A counter in steps of an odd number, mixed so that each bit of it changes
 * half of the bits of the number. */
static inline uint64_t
draw_bits(struct draw *d)
{
	uint64_t x = d->state += 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 32) * 0xd6e8feb86659fd93ull;
	x = (x ^ x >> 32) * 0xd6e8feb86659fd93ull;
	return x ^ x >> 32;
}

/* 0 to n - 1, n > 0. */
static inline uint64_t
draw_below(struct draw *d, uint64_t n)
{
	return (uint64_t)((unsigned __int128)draw_bits(d) * n >> 64);
}

/* 0 <= x < 1. */
static inline double
draw_unit(struct draw *d)
{
	return (double)(draw_bits(d) >> 11) * 0x1p-53;
}

/* Ranks 1 to n, rank k as often as k to the power of minus `exponent`. */
struct zipf {
	double exponent, n;
	double first, last, sure; /* see zipf.c */
};

void zipf_init(struct zipf *z, double exponent, uint64_t n);
uint64_t zipf_draw(const struct zipf *z, struct draw *d);

#endif
