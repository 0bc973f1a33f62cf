/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The guard that asks what clients ask (guard_replay.h).
 */
#include "control/guard/guard_replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/name.h"
#include "control/guard/replay_check.h"

struct guard_replay {
	struct traffic *traffic;
	struct replay *replay;
	struct replay_limits limits;
	unsigned learn_permille;
	struct guard_replay_counts counts;
};

/* What a check needs to say something. */
struct saying {
	struct guards *guards;
	const struct replay_subjects *subjects;
	int rc;
};

void
guard_replay_configure(struct guard_replay *r, const struct config *c)
{
	const struct config_replay *o = &c->guards.replay;

	r->limits = (struct replay_limits){.minutes = o->minutes,
	    .lost_permille = o->lost_permille,
	    .truncated_permille = o->truncated_permille,
	    .growth_permille = o->growth_permille,
	    .least = o->least};
	r->learn_permille = o->learn_permille;
	traffic_remember(r->traffic, o->minutes);
	replay_configure(r->replay, &c->answer);
}

int
guard_replay_new(struct guard_replay **out, const char *run_dir,
    const struct config *c, uint64_t now, struct err *err)
{
	struct guard_replay *r = calloc(1, sizeof *r);
	int rc;

	*out = NULL;
	if (!r)
		return err_set(err, ERR_NO_MEMORY, "no memory for replays");
	rc = traffic_new(
	    &r->traffic, run_dir, c->guards.replay.minutes, now, err);
	if (rc == 0)
		rc = replay_new(&r->replay, &c->answer, err);
	if (rc) {
		guard_replay_free(&r);
		return rc;
	}
	guard_replay_configure(r, c);
	*out = r;
	return 0;
}

void
guard_replay_free(struct guard_replay **r)
{
	if (!*r)
		return;
	replay_free(&(*r)->replay);
	traffic_free(&(*r)->traffic);
	free(*r);
	*r = NULL;
}

void
guard_replay_follow(struct guard_replay *r, uint64_t now)
{
	struct traffic_facts f;

	traffic_follow(r->traffic, now);
	traffic_facts(r->traffic, &f);
	r->counts.samples = f.samples;
	r->counts.lost = f.lost;
	r->counts.unsound = f.unsound;
}

/* --- the zones in question ---------------------------------------------- */

static bool
is_subject(const struct compile_zone *z)
{
	return z->status == 0 && !z->renewal && z->records != z->last_good &&
	       (!z->last_good ||
		   !digest_equal(&z->records->version, &z->last_good->version));
}

static int
subjects_list(struct replay_subjects *out, const struct compile_zone *zones,
    size_t n, struct err *err)
{
	struct replay_subject *list;
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += is_subject(&zones[i]);
	list = calloc(count + 1, sizeof *list);
	if (!list)
		return err_set(err, ERR_NO_MEMORY, "no memory for replays");
	count = 0;
	for (size_t i = 0; i < n; i++)
		if (is_subject(&zones[i]))
			list[count++] = (struct replay_subject){
			    .apex = zones[i].records->apex,
			    .was = zones[i].last_good};
	return replay_subjects_make(out, list, count, err);
}

/* --- names that are asked for most -------------------------------------- */

static void
learn(void *arg, const uint8_t *name, double permille)
{
	struct saying *s = arg;
	char why[64];

	snprintf(why, sizeof why, "protected for its %.1f %% of the traffic",
	    permille / 10);
	if (s->rc == 0)
		s->rc = guards_protect(s->guards, name, why);
}

int
guard_replay_learn(struct guard_replay *r, struct guards *g,
    const struct compile_zone *zones, size_t n, uint64_t now, struct err *err)
{
	struct replay_subjects subjects;
	struct saying s = {.guards = g};
	int rc;

	guards_protect_begin(g);
	if (r->learn_permille == 0)
		return 0;
	rc = subjects_list(&subjects, zones, n, err);
	if (rc)
		return rc;
	rc = replay_subject_shares(&subjects, r->traffic, now,
	    r->learn_permille, r->limits.least, learn, &s, err);
	replay_subjects_fini(&subjects);
	if (rc == 0 && s.rc)
		rc = err_set(err, s.rc, "no memory for protected names");
	return rc;
}

/* --- zones that go ------------------------------------------------------- */

struct farewell {
	const struct replay_subjects *subjects;
	bool (*has_zone)(void *arg, const uint8_t *apex);
	void *arg;
	struct {
		uint64_t samples, weight;
	} * asked, all; /* of each subject, and of whatever was answered */
};

/* The deepest zone that the name is in counts. */
static int
farewell_visit(void *arg, const struct traffic_question *q)
{
	struct farewell *f = arg;
	unsigned labels = name_labels(q->name);

	if (q->absent)
		return 0;
	f->all.weight += q->weight;
	for (unsigned i = 0; i <= labels; i++) {
		const uint8_t *apex = name_parent(q->name, i);
		const struct replay_subject *s =
		    replay_subject_find(f->subjects, apex);

		if (s) {
			size_t at = (size_t)(s - f->subjects->list);

			f->asked[at].samples += q->samples;
			f->asked[at].weight += q->weight;
		}
		if (s || f->has_zone(f->arg, apex))
			break;
	}
	return 0;
}

static void
farewell_say(const struct guard_replay *r, const struct farewell *f,
    struct guard_leaving *leaving, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		double permille =
		    1000.0 * (double)f->asked[i].weight / (double)f->all.weight;

		if (f->asked[i].samples >= r->limits.least &&
		    permille > r->learn_permille)
			snprintf(leaving[i].asked, sizeof leaving[i].asked,
			    "%.1f %% of what was asked in the last %u minutes "
			    "was asked of it; limit: %u.%u %% (replay: "
			    "learn_permille)",
			    permille / 10, r->limits.minutes,
			    r->learn_permille / 10, r->learn_permille % 10);
	}
}

int
guard_replay_leaving(struct guard_replay *r, struct guard_leaving *leaving,
    size_t n, bool (*has_zone)(void *arg, const uint8_t *apex), void *arg,
    uint64_t now, struct err *err)
{
	struct replay_subject *list;
	struct replay_subjects subjects;
	struct farewell f = {
	    .subjects = &subjects, .has_zone = has_zone, .arg = arg};
	int rc;

	if (n == 0 || r->learn_permille == 0)
		return 0;
	list = calloc(n, sizeof *list);
	f.asked = calloc(n, sizeof *f.asked);
	for (size_t i = 0; list && i < n; i++)
		list[i].apex = leaving[i].records->apex;
	rc = list && f.asked
	         ? replay_subjects_make(&subjects, list, n, err)
	         : err_set(err, ERR_NO_MEMORY, "no memory for replays");
	if (rc == 0) {
		(void)traffic_visit(r->traffic, now, farewell_visit, &f);
		farewell_say(r, &f, leaving, n);
		replay_subjects_fini(&subjects);
	} else if (!f.asked) {
		free(list);
	}
	free(f.asked);
	return rc;
}

/* --- the candidate ------------------------------------------------------ */

static bool
name_is_protected(void *arg, const uint8_t *apex, const uint8_t *name)
{
	const struct saying *s = arg;

	return guards_name_is_protected(s->guards, apex, name);
}

static void
verdict_say(void *arg, const struct replay_finding *f)
{
	struct saying *s = arg;
	const uint8_t *apex = s->subjects->list[f->subject].apex;
	struct guard_verdict v = {.kind = GUARD_REPLAY,
	    .action = guards_action(s->guards, apex, GUARD_REPLAY)};

	if (v.action > GUARD_WARN && !f->blocking)
		v.action = GUARD_WARN;
	memcpy(v.apex, apex, name_length(apex));
	snprintf(v.what, sizeof v.what, "%s", f->text);
	if (v.action != GUARD_OFF && s->rc == 0)
		s->rc = guards_verdict_add(s->guards, &v);
}

static void
tally_add(struct guard_replay *r, const struct replay_tally *t)
{
	r->counts.asked += t->asked;
	r->counts.worse += t->lost;
	r->counts.unblamed += t->other;
	if (t->other)
		log_warn("replay: %lu questions would be answered worse, and "
			 "no zone that is another now is to blame",
		    (unsigned long)t->other);
}

int
guard_replay_check(struct guard_replay *r, struct guards *g,
    const struct guard_candidate *c, uint64_t now, struct err *err)
{
	struct replay_subjects subjects;
	struct saying s = {.guards = g, .subjects = &subjects};
	struct replay_tally tally = {0};
	int rc = subjects_list(&subjects, c->zones, c->n, err);
	const struct replay_checks checks = {.replay = r->replay,
	    .limits = &r->limits,
	    .active = c->active,
	    .candidate = c->candidate,
	    .subjects = &subjects,
	    .is_protected = name_is_protected,
	    .found = verdict_say,
	    .arg = &s};

	if (rc)
		return rc;
	rc = replay_check(&checks, r->traffic, now, &tally, err);
	replay_subjects_fini(&subjects);
	tally_add(r, &tally);
	if (rc == 0 && s.rc)
		rc = err_set(err, s.rc, "no memory for verdicts of a replay");
	return rc;
}

void
guard_replay_counts(
    const struct guard_replay *r, struct guard_replay_counts *out)
{
	*out = r->counts;
}

/* --- for the canary ----------------------------------------------------- */

struct losses {
	struct replay *replay;
	const struct generation *active, *candidate;
	bool (*wanted)(void *arg, const uint8_t *name);
	void (*lost)(void *arg, const uint8_t *name);
	void *arg;
};

static int
loss_visit(void *arg, const struct traffic_question *q)
{
	const struct losses *l = arg;
	uint8_t query[SAMPLE_QUERY_MAX];
	struct replay_pair pair;

	if (!l->wanted(l->arg, q->name))
		return 0;
	replay_pair(l->replay, l->active, l->candidate, query,
	    traffic_query_write(q, query), q->transport, &pair);
	if (replay_change_is_loss(pair.change))
		l->lost(l->arg, q->name);
	return 0;
}

void
guard_replay_losses(struct guard_replay *r, const struct generation *active,
    const struct generation *candidate, uint64_t now,
    bool (*wanted)(void *arg, const uint8_t *name),
    void (*lost)(void *arg, const uint8_t *name), void *arg)
{
	struct losses l = {.replay = r->replay,
	    .active = active,
	    .candidate = candidate,
	    .wanted = wanted,
	    .lost = lost,
	    .arg = arg};

	traffic_visit(r->traffic, now, loss_visit, &l);
}
