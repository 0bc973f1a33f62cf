/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Whether this node should be announced: every core turns its loop and a
 * generation is loaded. The age of the data is never a reason: an anycast
 * network that withdraws every node because control is ill serves nobody. The
 * line in RUN/dataplane.health ("healthy" or "unhealthy REASON") is what BIRD
 * or ExaBGP watch. Management thread; pure but for health_write().
 */
#ifndef HOLDFAST_HEALTH_H
#define HOLDFAST_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum {
	/* A core that has not turned its loop for so long hangs. Generous:
	 * on shared machines the scheduler takes CPUs away for a while. */
	HEALTH_STALL_MS = 3000,
	HEALTH_REASON_MAX = 32,
	HEALTH_CORES_MAX = 128,
};

struct health {
	unsigned ncores;
	struct health_core {
		unsigned cpu;
		uint64_t loops;    /* when last looked at */
		uint64_t moved_ms; /* when that changed */
	} cores[HEALTH_CORES_MAX];
	bool healthy;
	char reason[HEALTH_REASON_MAX]; /* a word; "ok" when healthy */
	uint64_t oldest_ms;             /* since the slowest core's last turn */
};

/* `now_ms` starts the clock of every core: it has a stall's time to begin. */
void health_init(
    struct health *h, const unsigned *cpus, unsigned ncores, uint64_t now_ms);

/* A look at the loop counts; true if the line has changed. */
bool health_look(
    struct health *h, const uint64_t *loops, bool loaded, uint64_t now_ms);

/* Replaces the file at `path` in one step. */
int health_write(const struct health *h, const char *path, struct err *err);

#endif
