/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The live line of a run, on standard error: drawn over and over on a terminal,
 * a line every five seconds elsewhere. Main thread.
 */
#ifndef HOLDFAST_LOAD_PROGRESS_H
#define HOLDFAST_LOAD_PROGRESS_H

#include <stddef.h>

#include "tools/load/load_stats.h"

struct load_progress {
	bool quiet, terminal, drawn;
	uint64_t began_ms, next_ms, last_ms;
	double cycles_a_microsecond;
	unsigned nworkers;
	struct load_sums last;
};

void progress_open(
    struct load_progress *p, bool quiet, uint64_t hz, unsigned nworkers);
/* Milliseconds until the next look makes sense. */
unsigned progress_pause_ms(const struct load_progress *p);
/* Draws if it is time to; `what` is the trial's name. */
void progress_show(
    struct load_progress *p, const char *what, const struct load_sums *now);
void progress_wipe(struct load_progress *p);

/* For query_mix.progress: making the query set. */
void progress_step(
    void *progress, const char *step, uint64_t done, uint64_t total);

/* "12.3 M", "450 k", "999": four significant characters; returns dst. */
char *text_count(char *dst, size_t room, double n);
/* "12.3 us" from microseconds. */
char *text_time(char *dst, size_t room, double microseconds);

#endif
