/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The DNSSEC checks of `check` and `compile` (zone_words.h).
 */
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "control/dnssec/dnssec.h"
#include "control/source/zonefile.h"
#include "tools/zone_words.h"

/* What warnings and progress need. */
struct checking {
	const char *file;
	struct progress *progress;
};

static void
warn_print(void *arg, const char *text)
{
	const struct checking *c = arg;

	progress_end(c->progress);
	fprintf(stderr, "warning: %s: DNSSEC: %s\n", c->file, text);
}

static void
signatures_show(void *arg, uint64_t done, uint64_t total)
{
	const struct checking *c = arg;

	progress_step(c->progress, "signatures", done, total);
}

uint64_t
zone_words_now(const struct tool *t)
{
	return t->at ? t->at : clock_ms(CLOCK_REALTIME) / 1000;
}

enum config_dnssec
zone_words_mode(const struct config_zone *z, const struct tool *t)
{
	if (t->dnssec != ZONE_DNSSEC_DEFAULT)
		return t->dnssec;
	return z->dnssec == ZONE_DNSSEC_DEFAULT ? ZONE_DNSSEC_VERIFY
	                                        : z->dnssec;
}

/* One zone that is to be verified, or to be warned of. */
static int
zone_check_dnssec(struct zone_read *r, enum config_dnssec mode,
    const struct dnssec_options *options, struct err *err)
{
	const struct checking *c = options->arg;
	struct dnssec_result result;
	struct err why;
	int rc = dnssec_check(r->records, options, &result, &why);

	if (rc == ERR_NO_MEMORY)
		return err_set(err, rc, "%s: %s", r->zone->file, why.text);
	if (rc == 0)
		return 0;
	if (mode == ZONE_DNSSEC_WARN) {
		progress_end(c->progress);
		fprintf(stderr, "warning: %s: %s\n", r->zone->file, why.text);
		return 0;
	}
	err_set(&r->why, rc, "%s: %s", r->zone->file, why.text);
	zone_records_free(r->records);
	r->records = NULL;
	return 0;
}

/* Whatever is said of signatures: the price is the data plane's. */
static bool
zone_refuse_iterations(
    struct zone_words *w, struct zone_read *r, const struct tool *t)
{
	unsigned most = t->loaded ? t->loaded->control.nsec3_iterations_max
	                          : (unsigned)NSEC3_ITERATIONS_MAX;
	struct err why;

	if (zone_iterations_check(r->records, most, &why) == 0)
		return false;
	err_set(&r->why, ERR_SEMANTIC, "%s: %s", r->zone->file, why.text);
	zone_records_free(r->records);
	r->records = NULL;
	w->refused++;
	return true;
}

/* What was signed here is held to what others' signers are. */
static bool
zone_is_checked(const struct zone_read *r, enum config_dnssec mode)
{
	return mode == ZONE_DNSSEC_VERIFY || mode == ZONE_DNSSEC_WARN ||
	       r->is_signed;
}

int
zone_words_dnssec(struct zone_words *w, const struct tool *t, unsigned nzones,
    struct progress *p, struct err *err)
{
	struct checking c = {.progress = p};
	unsigned hours = t->loaded ? t->loaded->control.signature_horizon_h
	                           : (unsigned)SIGNATURE_HORIZON_DEFAULT_H;
	struct dnssec_options options = {.now = zone_words_now(t),
	    .warn = warn_print,
	    .progress = signatures_show,
	    .arg = &c};
	int rc = 0;

	progress_step(p, "signatures", 0, 1);
	for (unsigned i = 0; rc == 0 && i < nzones; i++) {
		struct zone_read *r = &w->read[i];
		enum config_dnssec mode = zone_words_mode(r->zone, t);

		if (!r->records || zone_refuse_iterations(w, r, t) ||
		    !zone_is_checked(r, mode))
			continue;
		c.file = r->zone->file;
		/* the signer's own policy says how long they live */
		options.horizon_s = r->is_signed ? 0 : (uint64_t)hours * 3600;
		rc = zone_check_dnssec(r, mode, &options, err);
		w->refused += rc == 0 && !r->records;
	}
	progress_end(p);
	return rc;
}
