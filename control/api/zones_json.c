/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Zones as JSON (zones_json.h). Reads the zone table under its lock.
 */
#include "control/api/zones_json.h"

#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "control/api/commands_json.h"
#include "control/dnssec/dnssec.h"
#include "control/guard/guard_state.h"
#include "control/publish/zone_dnssec.h"

static const char *const state_words[] = {
    [ZONE_WAITING] = "waiting",
    [ZONE_SERVED] = "served",
    [ZONE_REFUSED] = "refused",
    [ZONE_CONDEMNED] = "condemned",
};

json_t *
api_digest_json(bool have, const struct digest *d)
{
	char text[DIGEST_TEXT_MAX];

	return have ? json_string(digest_to_text(text, d)) : json_null();
}

json_t *
api_time_json(uint64_t seconds)
{
	return seconds == DNSSEC_NEVER ? json_null()
	                               : json_integer((json_int_t)seconds);
}

/* Of a zone that is signed here; else null. */
static json_t *
signing_json(const struct zone_signing *s)
{
	if (!s->on)
		return json_null();
	return json_pack("{s:I, s:I, s:o}", "ends_first",
	    (json_int_t)s->ends_first, "due", (json_int_t)s->due, "why",
	    s->why ? guard_text_json(s->why) : json_null());
}

json_t *
zone_json(const struct zone_entry *e)
{
	const struct zone_records *z = e->served;

	return json_pack("{s:b, s:{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, "
			 "s:{s:s, s:s, s:o}, s:o}}",
	    "ok", 1, "zone", "name", e->name, "state", state_words[e->state],
	    "serial", z ? json_integer(z->serial) : json_null(), "records",
	    z ? json_integer((json_int_t)z->count) : json_null(), "version",
	    api_digest_json(z != NULL, z ? &z->version : NULL), "file",
	    guard_text_json(e->file), "changed_at",
	    e->changed_at ? json_integer((json_int_t)e->changed_at)
			  : json_null(),
	    "why", e->why ? guard_text_json(e->why) : json_null(), "dnssec",
	    "mode", config_dnssec_text(e->dnssec_mode), "state",
	    zone_dnssec_word(e), "signatures_end",
	    e->dnssec.is_signed ? api_time_json(e->dnssec.expires_at)
				: json_null(),
	    "signing", signing_json(&e->signing));
}

static const char *
leaving_word(const struct zone_leaving *l, const char **why)
{
	if (l->goes) {
		*why = "it is not configured any more; the candidate that some "
		       "clients have is without it";
		return "leaving";
	}
	if (l->kept) {
		*why = ZONE_KEPT_WHY;
		return "kept";
	}
	*why = "it is not configured any more; that waits for its turn";
	return "waiting";
}

json_t *
zone_leaving_json(const struct zone_leaving *l)
{
	const struct zone_records *z = l->records;
	const char *why, *state = leaving_word(l, &why);
	char name[NAME_TEXT_MAX];

	return json_pack("{s:b, s:{s:s, s:s, s:I, s:I, s:o, s:n, s:n, s:s, "
			 "s:n, s:n}}",
	    "ok", 1, "zone", "name", name_to_text(name, z->apex), "state",
	    state, "serial", (json_int_t)z->serial, "records",
	    (json_int_t)z->count, "version", api_digest_json(true, &z->version),
	    "file", "changed_at", "why", why, "dnssec", "signing");
}

/* What there is now of the zone, or NULL. `refused`: something that it should
 * be is not let live. */
static json_t *
zone_now_json(struct zone_table *t, const uint8_t *apex, bool *refused)
{
	json_t *line = NULL, *zone;
	struct zone_entry *e;

	*refused = false;
	pthread_mutex_lock(&t->lock);
	e = zone_table_find(t, apex);
	if (e) {
		*refused = e->state != ZONE_SERVED;
		line = zone_json(e);
	}
	for (size_t i = 0; !e && i < t->nleaving; i++) {
		if (!name_equal(t->leaving[i].records->apex, apex))
			continue;
		*refused = t->leaving[i].kept;
		line = zone_leaving_json(&t->leaving[i]);
	}
	pthread_mutex_unlock(&t->lock);
	zone = json_incref(json_object_get(line, "zone"));
	json_decref(line);
	return zone;
}

json_t *
zone_explain_json(const struct control_context *c, const uint8_t *apex)
{
	struct guard_state s;
	struct err err;
	bool refused;
	json_t *zone = zone_now_json(c->zones, apex, &refused), *guards;
	int rc = guard_state_read(&s, c->store_dir, apex, &err);

	if (rc && rc != ERR_NOT_FOUND) {
		json_decref(zone);
		return command_error(err.code, err.text);
	}
	if (rc && !zone)
		return command_error(ERR_NOT_FOUND,
		    "no such zone; \"holdfast zones\" lists them");
	/* the source may have taken the version back since */
	if (rc == 0)
		s.refused &= refused;
	guards = rc ? json_null() : guard_state_json(&s);
	if (rc == 0)
		guard_state_fini(&s);
	return json_pack("{s:b, s:b, s:o, s:o}", "ok", 1, "done", 1, "guards",
	    guards, "zone", zone ? zone : json_null());
}
