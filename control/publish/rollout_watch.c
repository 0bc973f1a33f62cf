/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a rollout is judged by (rollout_watch.h).
 */
#include "control/publish/rollout_watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/name.h"
#include "control/publish/zone_trial.h"
#include "snapshot/dataplane_protocol.h"
#include "snapshot/page.h"

enum {
	BEAT_DEAD_MS = 5000,
	PUMP_MOST = 512,   /* questions a look */
	FOLLOW_MS = 1000,  /* how often a new file is looked for */
	COST_TRIES = 4,    /* a single measurement says nothing */
	COST_LEAST = 1000, /* cycles more: less is the weather */
};

int
rollout_watch_configure(
    struct rollout_watch *w, const struct config *config, struct err *err)
{
	struct replay *fresh;
	int rc = replay_new(&fresh, &config->answer, err);

	if (rc)
		return rc;
	replay_free(&w->replay);
	w->replay = fresh;
	return 0;
}

int
rollout_watch_open(
    struct rollout_watch *w, const struct config *config, struct err *err)
{
	static const char *const names[WATCH_SOURCES] = {
	    DATAPLANE_SAMPLES_NAME, SOCKETS_SAMPLES_NAME};
	int rc = 0;

	*w = (struct rollout_watch){0};
	if (asprintf(&w->page_path, "%s/%s", config->run_dir,
		DATAPLANE_PAGE_NAME) < 0) {
		w->page_path = NULL;
		return err_set(err, ERR_NO_MEMORY, "no memory for a path");
	}
	for (unsigned i = 0; rc == 0 && i < WATCH_SOURCES; i++) {
		char path[4096];

		snprintf(path, sizeof path, "%s/%s", config->run_dir, names[i]);
		rc = sample_reader_init(
		    &w->readers[i], path, VERDICT_COUNT, err);
		w->nreaders += rc == 0;
	}
	return rc ? rc : rollout_watch_configure(w, config, err);
}

void
rollout_watch_close(struct rollout_watch *w)
{
	for (unsigned i = 0; i < w->nreaders; i++)
		sample_reader_fini(&w->readers[i]);
	replay_free(&w->replay);
	free(w->page_path);
	*w = (struct rollout_watch){0};
}

void
rollout_watch_begin(struct rollout_watch *w, const struct generation *before,
    const struct generation *after)
{
	w->before = before;
	w->after = after;
	w->mix = (struct rollout_mix){0};
	w->compared = 0;
	w->followed_ms = 0;
}

void
rollout_watch_end(struct rollout_watch *w)
{
	w->before = w->after = NULL;
}

void
rollout_watch_look(const struct rollout_watch *w, struct rollout_seen *out)
{
	struct page_state state;
	struct page *page;
	uint64_t beat = 0;
	struct err err;

	*out = (struct rollout_seen){0};
	if (page_open(&page, w->page_path, &err) != 0)
		return;
	if (page_read(page, &state, &beat, &out->pid)) {
		out->alive = clock_ms(CLOCK_BOOTTIME) - beat < BEAT_DEAD_MS;
		out->stable = state.stable;
		out->candidate = state.candidate;
	}
	page_close(&page);
}

bool
rollout_mix_add(struct rollout_mix *m, bool error)
{
	double one = error ? 1 : 0;

	m->seen++;
	/* until there is a past, the average of what there is */
	m->slow += (one - m->slow) / (m->seen < 4096 ? (double)m->seen : 4096);
	m->fast += (one - m->fast) / (m->seen < 128 ? (double)m->seen : 128);
	return m->seen > 256 && m->fast > m->slow + 0.25;
}

/* Asked again, so that caches are warm for both and nothing came between: the
 * least of each is what it costs. */
static bool
costs_more(struct rollout_watch *w, const struct sample *s,
    const struct replay_pair *first, unsigned percent)
{
	uint64_t was = first->cycles[0], is = first->cycles[1];

	for (unsigned i = 0; percent && i < COST_TRIES; i++) {
		struct replay_pair again;

		if (is <= was + COST_LEAST || is * 100 <= was * percent)
			return false;
		replay_pair(w->replay, w->before, w->after, s->query,
		    s->query_bytes, s->transport, &again);
		was = again.cycles[0] < was ? again.cycles[0] : was;
		is = again.cycles[1] < is ? again.cycles[1] : is;
	}
	return percent && is > was + COST_LEAST && is * 100 > was * percent;
}

/* Said once a watch. */
static void
mix_look(struct rollout_watch *w, bool error)
{
	if (!rollout_mix_add(&w->mix, error) || w->mix.alarm)
		return;
	w->mix.alarm = true;
	log_warn("the mix of questions has changed: %.0f %% of the last ones "
		 "get an error from both generations, %.0f %% before; this "
		 "says nothing of the candidate",
	    w->mix.fast * 100, w->mix.slow * 100);
}

static enum evidence_fault
fault_of(struct rollout_watch *w, const struct sample *s, unsigned percent)
{
	struct replay_pair pair;

	replay_pair(w->replay, w->before, w->after, s->query, s->query_bytes,
	    s->transport, &pair);
	mix_look(w, pair.rcode[0] != DNS_RCODE_NOERROR);
	if (replay_is_comparable(s) && s->hash != pair.hash[1])
		return EVIDENCE_OTHERWISE;
	if (replay_change_is_loss(pair.change))
		return EVIDENCE_LOSS;
	return costs_more(w, s, &pair, percent) ? EVIDENCE_COST : EVIDENCE_NONE;
}

static void
sample_judge(struct rollout_watch *w, struct rollout *r,
    struct zone_table *zones, const struct sample *s)
{
	uint8_t qname[DNS_NAME_MAX + 1];
	size_t n = name_length_find(
	    s->query + DNS_HEADER_BYTES, s->query_bytes - DNS_HEADER_BYTES);
	const uint8_t *after = s->query + DNS_HEADER_BYTES + n;
	struct evidence_piece p = {.qname = qname};
	const struct zone_entry *e;

	if (n == 0 || s->query_bytes < DNS_HEADER_BYTES + n + 4)
		return;
	name_lower(qname, s->query + DNS_HEADER_BYTES, n);
	p.qtype = (uint16_t)(after[0] << 8 | after[1]);
	e = zone_trial_find(zones, qname);
	p.apex = e ? e->apex : NULL;
	p.fault = fault_of(w, s, r->settings.cost_percent);
	evidence_add(&r->evidence, &p);
	w->compared++;
}

void
rollout_watch_pump(
    struct rollout_watch *w, struct rollout *r, struct zone_table *zones)
{
	uint64_t now = clock_ms(CLOCK_MONOTONIC);
	bool follow = now - w->followed_ms >= FOLLOW_MS;
	uint32_t mark = sample_mark(r->generation.b);
	unsigned taken = 0;
	struct err err;

	if (!w->before || !w->after)
		return;
	if (follow)
		w->followed_ms = now;
	for (unsigned i = 0; i < w->nreaders; i++) {
		struct sample_reader *reader = &w->readers[i];
		struct sample s;

		/* no file: nobody answers there, or it takes no samples */
		if (follow)
			(void)sample_reader_follow(reader, &err);
		while (taken < PUMP_MOST && sample_next(reader, &s)) {
			if (s.generation != mark)
				continue;
			taken++;
			sample_judge(w, r, zones, &s);
		}
	}
}
