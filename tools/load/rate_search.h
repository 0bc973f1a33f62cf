/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The search for the highest rate without loss: first by factors, up or down,
 * until a rate that passes and one that does not are known; then the middle of
 * the two until they are close. A rate counts as failed when two trials of it
 * in a row fail, because a shared machine loses a packet now and then for
 * reasons of its own; more of them where the generator knows that it was
 * stopped itself. Pure; times and rates come from outside.
 */
#ifndef HOLDFAST_RATE_SEARCH_H
#define HOLDFAST_RATE_SEARCH_H

#include <stdbool.h>

enum {
	SEARCH_ATTEMPTS = 2,
	SEARCH_ATTEMPTS_EXCUSED = 4,
	SEARCH_TRIALS_MAX = 64,
};
#define SEARCH_RATE_MIN 100.0
#define SEARCH_RATE_MAX 1e9

struct rate_search {
	double low;        /* the highest rate that passed; 0: none yet */
	double high;       /* the lowest that failed; 0: none yet */
	double next;       /* to be tried */
	double precision;  /* 0.02: low and high are within 2 % */
	unsigned failures; /* of `next`, in a row */
	unsigned trials;
};

void search_begin(struct rate_search *s, double first, double precision);

/* False: it is over, `low` is the result. */
bool search_goes_on(const struct rate_search *s);

/* The trial of `next` has passed or not; `excused`: or it cannot be told. */
void search_take(struct rate_search *s, bool passed, bool excused);

#endif
