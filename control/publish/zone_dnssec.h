/* SPDX-License-Identifier: BSD-2-Clause
 *
 * DNSSEC of the zones of holdfastd: new versions are checked before they are
 * compiled; what is served is looked at in idle turns, gives alarms, and stays
 * whatever is found. Worker thread only.
 */
#ifndef HOLDFAST_ZONE_DNSSEC_H
#define HOLDFAST_ZONE_DNSSEC_H

#include "control/publish/zone_table.h"

/* By the zone's mode. 0: it may be taken, `out` says what is known of it. */
int zone_dnssec_check(const struct zone_table *t, const struct zone_entry *e,
    const struct zone_records *z, struct zone_dnssec *out, struct err *err);

/* Refuses wanted versions that would break the link between a parent and a
 * child that are both here. */
int zone_dnssec_links(struct zone_table *t, struct err *err);

/* Checks versions that are served and have not been checked since this process
 * runs, until `until_ms` (CLOCK_MONOTONIC) has come. Returns whether some are
 * left. */
bool zone_dnssec_served(struct zone_table *t, uint64_t until_ms);

/* What is to be said of signatures that end then. */
enum zone_alarm zone_alarm_stage(
    const struct zone_table *t, uint64_t end, uint64_t now);

/* Logs zones whose signatures end within the horizon, each once a stage. */
void zone_dnssec_alarms(struct zone_table *t, uint64_t now);

/* Served, signed, and not known to be without fault. */
bool zone_dnssec_unverified(const struct zone_entry *e);
/* "unsigned", "verified", "faults", "unverified" */
const char *zone_dnssec_word(const struct zone_entry *e);

#endif
