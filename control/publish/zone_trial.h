/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Zones whose versions are in a candidate that some clients try. From the begin
 * of a canary to its end they are neither what is served nor what is wanted,
 * and their sources are not read: what has changed in them is looked at
 * afterwards. Worker thread; takes the table's lock.
 */
#ifndef HOLDFAST_ZONE_TRIAL_H
#define HOLDFAST_ZONE_TRIAL_H

#include "control/publish/zone_table.h"

/* What was compiled is on trial now; what the compiler refused is refused.
 * `why`: what the zones on trial wait for. */
void zone_trial_begin(struct zone_table *t, struct compile_zone *compiled,
    struct zone_entry *const *entries, size_t count, const char *why);

/* All versions on trial are served, and are marked as soaking if `soak`. */
void zone_trial_commit(struct zone_table *t, bool soak, uint64_t now);

/* The version on trial is condemned (condemned.h): nobody wants it. Of one that
 * soaks `why` is said, until its source is read again, and is another. */
void zone_trial_condemn(
    struct zone_table *t, struct zone_entry *e, const char *why);

/* The candidate is gone. Other versions on trial are wanted again. */
void zone_trial_return(struct zone_table *t);

/* Whether a zone is configured again that the generation on trial is without:
 * that may not go live any more. */
bool zone_trial_is_undone(const struct zone_table *t, const struct config *c);

/* What is live is another generation, which is read anew: nothing is on trial
 * or soaking any more, and all sources are looked at. */
void zone_trial_forget(struct zone_table *t);

/* A soak that another process began: nobody knows which zones it is about, so
 * it is about all. */
void zone_soak_adopt(struct zone_table *t);

/* The soak is over: zones that passed have no returns in a row any more. */
void zone_soak_end(struct zone_table *t);

/* The zone with the longest apex at or above `name` (wire form, lower case)
 * that is on trial or soaking. NULL if there is none. */
struct zone_entry *zone_trial_find(struct zone_table *t, const uint8_t *name);

#endif
