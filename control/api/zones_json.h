/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Zones as operators see them, one JSON object each, and all that is known of
 * one that does not get live. Main thread.
 */
#ifndef HOLDFAST_ZONES_JSON_H
#define HOLDFAST_ZONES_JSON_H

#include <jansson.h>

#include "control/api/control_socket.h"
#include "control/publish/zone_table.h"

/* Why a zone that is not configured any more is in the list. */
#define ZONE_KEPT_WHY                                                          \
	"it is not configured any more and is served on: holdfast explain "    \
	"tells why"

/* null if there is none. */
json_t *api_digest_json(bool have, const struct digest *d);

/* Seconds since 1970; null for DNSSEC_NEVER. */
json_t *api_time_json(uint64_t seconds);

/* {"ok": true, "zone": {...}}, with the table's lock held. */
json_t *zone_json(const struct zone_entry *e);
/* The same of one that is served and not configured. */
json_t *zone_leaving_json(const struct zone_leaving *l);

/* The last line of an answer: what the guards said of the zone, and what it is
 * now. Reads the guards' file. */
json_t *zone_explain_json(const struct control_context *c, const uint8_t *apex);

#endif
