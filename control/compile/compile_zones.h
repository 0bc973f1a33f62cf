/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which zones are compiled, and in which version. Inside of the compiler.
 */
#ifndef HOLDFAST_COMPILE_ZONES_H
#define HOLDFAST_COMPILE_ZONES_H

#include "control/compile/compile_memory.h"

/* A zone that is not in the generation, and why. */
void compile_zone_refuse(struct compile_zone *z, const struct err *why);

/* Sets l->zones: each zone's version (the one wanted, or the last good one)
 * sorted by apex, none twice. What `before` (or NULL) knows of a version is
 * taken from there, its records are not looked at. */
int compile_zones_take(struct layout *l, const struct name_key *key,
    const struct slot_table *before, struct compile_zone *zones, size_t nzones,
    struct err *err);

/* At most APEX_DEPTHS_MAX distinct depths: those that the parent (a verified
 * manifest, or NULL) has come first, then the least deep. Zones of other depths
 * are left out. */
void compile_zones_limit_depths(struct layout *l, const void *parent);

/* Zones that are marked (by their index) step back to their last good version,
 * or out. ERR_REFUSED if it is that one that is refused. */
int compile_zones_step_back(struct layout *l, const struct name_key *key,
    const bool *refused, struct err *err);

#endif
