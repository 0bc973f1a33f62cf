/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Zones of the table that are signed here: their versions signed when the
 * source was read, and signed again in time whatever has become of the source.
 * What is served stays when it fails, and the table says so. Worker thread
 * only.
 */
#ifndef HOLDFAST_ZONE_SIGNING_H
#define HOLDFAST_ZONE_SIGNING_H

#include "control/publish/zone_table.h"

/* Puts the signed version in the place of the source that was read. On failure
 * `*records` stays. */
int zone_sign(struct zone_table *t, struct zone_entry *e,
    struct zone_records **records, struct err *err);

/* Signs again what is due: signatures that end, steps of keys, keys that
 * somebody else has changed. */
void zones_sign_due(struct zone_table *t, uint64_t now);

/* What the zone was signed from was left by a rollback, in whatever version.
 */
bool zone_source_is_condemned(const struct zone_table *t,
    const struct zone_entry *e, const struct zone_records *records);

/* Under the table's lock, when a signed version went live: keys that wait for
 * that are looked at. */
void zone_signing_live(struct zone_table *t, struct zone_entry *e);
/* The same when it is condemned, or did not pass the compiler: when to sign
 * again is a matter of what is served, not of that version. */
void zone_signing_aside(struct zone_table *t, struct zone_entry *e);
void zone_signing_refused(struct zone_table *t, struct zone_entry *e);

/* True if the zones are signed the same way. */
bool zone_signing_equal(const struct zone_entry *a, const struct zone_entry *b);

#endif
