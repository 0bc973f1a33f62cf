/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Canary and soak of a cycle: does what rollout.h decides. Worker thread only.
 */
#ifndef HOLDFAST_CYCLE_ROLLOUT_H
#define HOLDFAST_CYCLE_ROLLOUT_H

#include "control/publish/cycle.h"

/* Nothing new may be published now: something is rolled out, or is held. */
bool cycle_rollout_waits(struct cycle *c);
/* The zone's next version must wait: it was returned a short while ago. */
bool cycle_zone_waits(struct cycle *c, const struct zone_entry *e);
/* Zones that have waited long enough are to be published. */
void cycle_holds_over(struct cycle *c);

/* Whether what was compiled goes through a canary. */
bool cycle_rollout_wanted(struct cycle *c);
/* What a process before this one left, once what is live is known: a candidate
 * goes away and is tried anew, a soak goes on. */
void cycle_rollout_adopt(struct cycle *c);
/* Activates the candidate for some clients; takes made->loaded. */
int cycle_rollout_begin(struct cycle *c, struct compile_zone *zones,
    struct zone_entry *const *entries, size_t count,
    struct compile_result *made, struct cycle_result *result, struct err *err);

/* An operator ends it: a candidate goes away, what soaks stays. */
void cycle_rollout_stop(struct cycle *c, const char *why);
/* The same, and all versions in the candidate are condemned. */
void cycle_rollout_condemn(struct cycle *c, const char *why);
/* Another generation is live: nothing is on trial any more. */
void cycle_rollout_forget(struct cycle *c);
/* The process ends: a candidate goes away at once. */
void cycle_rollout_close(struct cycle *c);

#endif
