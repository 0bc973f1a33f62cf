/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Zones that `compile` signs (zone_words.h): by the signer of holdfastd, on top
 * of what the store has. Keys are read only, since each of their steps must be
 * followed by others, in time, which a command that ends can't see to.
 */
#include <stdio.h>

#include "base/clock.h"
#include "control/sign/zone_signer.h"
#include "tools/store_zones.h"
#include "tools/zone_words.h"

static int
zone_sign(struct zone_read *r, const struct tool *t,
    const struct zone_records *live, struct err *err)
{
	const struct config *c = t->loaded;
	struct zone_signer s = {.keys_path = c->control.keys,
	    .policy = config_policy_of(c, r->zone),
	    .served = live,
	    .previous = live,
	    .now = zone_words_now(t),
	    .now_is_known = t->at || clock_is_synchronised(),
	    .keys_fixed = true};
	int rc = zone_signer_run(&s, r->records, err);

	if (rc)
		return rc;
	zone_records_free(r->records);
	r->records = s.result.zone;
	r->is_signed = true;
	r->made = s.result.made;
	r->kept = s.result.kept;
	r->due = s.due;
	return 0;
}

int
zone_words_sign(struct zone_words *w, const struct tool *t,
    struct store_zones *in, struct progress *p, struct err *err)
{
	for (unsigned i = 0; i < w->nzones; i++) {
		struct zone_read *r = &w->read[i];
		int rc;

		if (!r->records ||
		    zone_words_mode(r->zone, t) != ZONE_DNSSEC_SIGN)
			continue;
		progress_step(p, "signing", i, w->nzones);
		rc = zone_sign(
		    r, t, store_zones_live_find(in, r->zone->apex), err);
		if (rc == ERR_NO_MEMORY)
			return err_add(err, "%s", r->zone->file);
		if (rc == 0)
			continue;
		err_set(&r->why, rc, "%s: can't be signed: %s", r->zone->file,
		    err->text);
		zone_records_free(r->records);
		r->records = NULL;
		w->refused++;
	}
	progress_end(p);
	return 0;
}
