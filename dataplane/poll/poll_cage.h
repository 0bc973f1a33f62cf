/* SPDX-License-Identifier: BSD-2-Clause
 *
 * How holdfast-dataplane gives up what it had to have at its start: it becomes
 * its user, keeps no capability that no driver needs, and opens nothing but the
 * store, the run directory and the folders of its lists from then on.
 *
 *   prepare  before the store and EAL: who it will be
 *   open     ports are started, the cores' threads are there and wait
 *   enter    each core as its loop begins; then the others and the lock
 *
 * Main thread, where it says nothing else.
 */
#ifndef HOLDFAST_POLL_CAGE_H
#define HOLDFAST_POLL_CAGE_H

#include <stdatomic.h>

#include "config/config.h"
#include "sandbox/answer_cage.h"
#include "sandbox/privileges.h"

struct poll_cage {
	const struct config *config;
	struct privileges_user user; /* name NULL: none */
	struct answer_cage cage;
	bool is_open;
	atomic_uint entered; /* threads, those of cores left out */
};

int poll_cage_prepare(
    struct poll_cage *p, const struct config *config, struct err *err);

/* Files of our own that the user has to own; NULL at the end. */
int poll_cage_open(
    struct poll_cage *p, const char *const *files, struct err *err);

/* Called by a core before its loop; only says what does not work. */
void poll_cage_enter_core(const struct poll_cage *p);

/* DPDK's own thread, the main one, and the lock. `cores` threads of cores enter
 * by themselves. */
void poll_cage_enter(struct poll_cage *p, unsigned cores);

/* Tests of debug builds: tries to leave (sandbox/answer_cage.h). */
void poll_cage_try(void);

#endif
