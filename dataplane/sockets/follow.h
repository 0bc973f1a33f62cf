/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which generations holdfast-sockets answers from: those of the data plane's
 * page while a data plane is alive, else the store's `current`. Run by the main
 * thread, which loads and verifies by itself, swaps, and waits for the workers'
 * grace; the workers only read the result (grace.h).
 */
#ifndef HOLDFAST_FOLLOW_H
#define HOLDFAST_FOLLOW_H

#include "base/err.h"
#include "dataplane/sockets/grace.h"
#include "dataplane/sockets/sockets_counters.h"
#include "snapshot/store.h"

struct follow;

/* `run_dir` NULL: no page is looked for. Takes the store. */
int follow_new(struct follow **out, struct store **store, const char *run_dir,
    struct grace *grace, counter_t *counters, struct err *err);
/* Only when no worker runs any more. */
void follow_free(struct follow **f);

/* The stable generation and the store, until the next tick; either may be NULL.
 */
const struct generation *follow_stable_find(const struct follow *f);
struct store *follow_store_find(const struct follow *f);

/* Readable when something in the store has changed: tick then. */
int follow_fd(const struct follow *f);

/* Looks, and loads what is new. Returns the milliseconds until it wants to look
 * again. */
int follow_tick(struct follow *f);

#endif
