/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The zones of a store: their versions in the current generation, and those
 * that a rollback condemned. For commands that write to a store which nobody
 * else uses; needs its owner lock. Holds the records of all zones.
 */
#ifndef HOLDFAST_STORE_ZONES_H
#define HOLDFAST_STORE_ZONES_H

#include "control/publish/condemned.h"

struct store_zones {
	struct zone_table table;
	struct condemned condemned;
};

/* The zones of `generation` (zeros: none yet) and `more`, which are borrowed
 * for the call. */
int store_zones_open(struct store_zones *z, struct store *s,
    const struct digest *generation, const struct config_zone *more,
    unsigned nmore, struct err *err);
void store_zones_close(struct store_zones *z);

/* The version of the current generation, or NULL. */
const struct zone_records *store_zones_live_find(
    struct store_zones *z, const uint8_t *apex);

/* True if a rollback left this version, and it is not live. */
bool store_zones_condemns(struct store_zones *z, const struct zone_records *r);

#endif
