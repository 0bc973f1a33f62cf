/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Zones that are not configured any more and are served on, since guards do not
 * let them go (guard_vanish.c). One that was signed here is signed again as
 * long as its keys are there, by the policy "default" and what its own version
 * shows (NSEC or NSEC3, ZONEMD, CDS, TTL of the keys), for nobody knows what
 * the configuration said; its keys take no step. For others there is an alarm
 * before their signatures end, like for every zone. Worker thread.
 */
#ifndef HOLDFAST_ZONE_KEPT_H
#define HOLDFAST_ZONE_KEPT_H

#include "control/compile/compile.h"
#include "control/publish/zone_table.h"

/* Signs again what is due. */
void zones_kept_sign(struct zone_table *t, uint64_t now);
/* Keys have changed: those that could not be signed are tried again. */
void zones_kept_keys(struct zone_table *t, uint64_t now);
/* The clock was set: when each is due is found anew. */
void zones_kept_plan(struct zone_table *t, uint64_t now);

/* Logs those whose signatures end within the horizon, each once a stage. */
void zones_kept_alarms(struct zone_table *t, uint64_t now);

/* For status and metrics; takes the table's lock for the time of the call. */
struct zone_kept_counts {
	uint64_t signing_fails, signatures_ending;
	uint64_t signatures_end; /* the first, or DNSSEC_NEVER */
};
void zones_kept_count(struct zone_table *t, struct zone_kept_counts *out);

/* --- of one zone, for the table; with its lock held ----------------------- */

/* When the zone is to be signed again. */
void zone_kept_due(
    struct zone_table *t, struct zone_leaving *l, uint64_t sign_due);
/* What became of it in a compiler. */
void zone_kept_compiled(struct zone_table *t, struct zone_leaving *l,
    const struct compile_zone *compiled);
/* What was compiled is live, and the zone in it. */
void zone_kept_live(struct zone_table *t, struct zone_leaving *l);
/* It is configured again: the entry takes over what is served and tried. */
void zone_kept_back(struct zone_leaving *l, struct zone_entry *e);
void zone_kept_fini(struct zone_leaving *l);

#endif
