/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the commands print: JSON lines, times, sizes, and a progress bar.
 */
#ifndef HOLDFAST_TOOL_OUTPUT_H
#define HOLDFAST_TOOL_OUTPUT_H

#include <jansson.h>

#include "snapshot/digest.h"
#include "tools/command.h"

/* Prints the object on one line and gives it back to its maker: frees it. */
void output_json(json_t *object);
json_t *output_json_digest(const struct digest *d); /* null for zeros */

/* "2026-11-21 10:04:05 UTC", or "-" for 0. */
char *output_time(char dst[32], uint64_t seconds);
/* "1.5 MiB" */
char *output_bytes(char dst[32], uint64_t bytes);
/* "3 h 20 min" */
char *output_duration(char dst[32], uint64_t ms);

enum { PROGRESS_STEPS_MAX = 12 };

/* A bar on standard error, on a terminal only, for work of over a second; and
 * how long each step took. */
struct progress {
	const char *steps[PROGRESS_STEPS_MAX]; /* as they came */
	uint64_t took_ns[PROGRESS_STEPS_MAX];
	unsigned nsteps, current;
	uint64_t since_ns; /* of the current step */
	uint64_t began_ms, drawn_ms;
	bool on, visible;
};

void progress_begin(struct progress *p, const struct tool *t);
void progress_step(
    struct progress *p, const char *step, uint64_t done, uint64_t total);
void progress_end(struct progress *p); /* wipes it */
/* {"step": seconds, ...}, the current one until now. */
json_t *progress_seconds(struct progress *p);

#endif
