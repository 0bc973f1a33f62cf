/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Trials; see load_run.h. The main thread sleeps while workers measure, but for
 * a short look now and then.
 */
#include "tools/load/load_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_malloc.h>

#include "base/log.h"
#include "tools/load/load_progress.h"

/* A schedule that is later than this is not made up for: the rest is counted as
 * unsent. Less than a time-out, more than what a scheduler takes away. */
#define BEHIND_MAX_S 0.1
/* Of what was due, so much may be unsent in a trial that passes. */
#define UNSENT_SHARE 0.001
/* Workers begin together, after the main thread has told them all. */
#define START_AFTER_S 0.01
#define BUSY_LIMIT    0.95
#define PROBE_SECONDS 0.3
#define PROBE_WINDOW  256
#define PROBE_SHARE   0.75
#define CONFIRMATIONS 6

double
load_result_busy(const struct load_result *t)
{
	uint64_t all = t->sums.counters[LOAD_CYCLES];

	return all ? (double)t->sums.counters[LOAD_CYCLES_BUSY] / (double)all
	           : 0;
}

double
load_result_cycles(const struct load_result *t)
{
	uint64_t sent = t->sums.counters[LOAD_SENT];

	return sent ? (double)t->sums.counters[LOAD_CYCLES_BUSY] / (double)sent
	            : 0;
}

double
load_result_lost_ppm(const struct load_result *t)
{
	uint64_t sent = t->sums.counters[LOAD_SENT];

	return sent ? (double)t->sums.counters[LOAD_LOST] * 1e6 / (double)sent
	            : 0;
}

/* Busy: more cannot be sent. Late without the port having refused a burst: the
 * worker did not get to it. */
static bool
is_generator_limited(const struct load_result *t, const struct load_limits *l)
{
	const uint64_t *c = t->sums.counters;
	bool late = (double)t->sums.behind_most >
	            BEHIND_MAX_S / 2 * (double)l->cycles_a_second;

	return load_result_busy(t) > BUSY_LIMIT || c[LOAD_NO_BUFFERS] > 0 ||
	       ((late || c[LOAD_UNSENT]) && c[LOAD_HELD] == 0);
}

void
load_result_judge(struct load_result *t, const struct load_limits *l)
{
	const uint64_t *c = t->sums.counters;
	double due = (double)(c[LOAD_SENT] + c[LOAD_UNSENT]);
	double stall = (double)t->sums.stall_most / (double)l->cycles_a_second;
	double each = t->seconds > 0
	                  ? (double)c[LOAD_ANSWERED] / t->seconds / l->nworkers
	                  : 0;

	t->generator_limited = is_generator_limited(t, l);
	t->stalled = stall * each > l->ring;
	t->passed = c[LOAD_SENT] > 0 && c[LOAD_WRONG] == 0 &&
	            load_result_lost_ppm(t) <= l->max_loss_ppm &&
	            (double)c[LOAD_UNSENT] <= due * UNSENT_SHARE;
}

/* --- workers -------------------------------------------------------------- */

static int
open_inbox(struct load_worker *w, struct err *err)
{
	char name[32];

	if (w->nworkers == 1)
		return 0;
	snprintf(name, sizeof name, "holdfast_load_%u", w->number);
	w->inbox =
	    rte_ring_create(name, WORKER_INBOX, SOCKET_ID_ANY, RING_F_SC_DEQ);
	if (!w->inbox)
		return err_set(err, ERR_NO_MEMORY,
		    "no memory for the rings between workers; raise --memory");
	return 0;
}

static int
open_worker(struct load_run *r, unsigned i, struct err *err)
{
	const struct load_options *o = r->options;
	struct load_worker *w = &r->workers[i];
	double rate = o->mode == LOAD_AT_RATE ? o->rate / r->nworkers : 4e6;
	unsigned bits = outstanding_bits(rate, o->timeout_ms * 1.25e-3);

	w->number = i;
	w->nworkers = r->nworkers;
	w->crew = r->workers;
	w->port = r->port->id;
	w->queue = (uint16_t)i;
	w->pool = r->port->pool;
	w->lcore = i + 1;
	w->ending = r->ending;
	w->leaving = &r->leaving;
	w->reflects = o->reflect;
	w->trusted_sums =
	    o->trust_checksums ? LOAD_SUM_IP_GOOD | LOAD_SUM_UDP_GOOD : 0;
	if (r->port->checks_sums)
		w->sum_flags =
		    RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK;
	w->next_query = (uint32_t)((uint64_t)r->set->count * i / r->nworkers);
	w->asked.flows = &o->flows;
	w->asked.set = r->set;
	w->asked.parts = r->parts;
	w->asked.salt = (uint64_t)i << 40;
	if (outstanding_init(&w->asked.outstanding, bits,
		(uint16_t)(WORKER_FIRST_PORT + (i << (bits - 16))), err))
		return err->code;
	if (o->mix.cookie_percent > 0 &&
	    cookie_jar_init(&w->jar, &o->flows, err))
		return err->code;
	return open_inbox(w, err);
}

static int
launch(struct load_run *r, struct err *err)
{
	for (unsigned i = 0; i < r->nworkers; i++)
		if (rte_eal_remote_launch(
			load_worker_main, &r->workers[i], r->workers[i].lcore))
			return err_set(err, ERR_BUSY,
			    "lcore %u is busy already", r->workers[i].lcore);
	return 0;
}

int
load_run_open(struct load_run *r, struct err *err)
{
	int rc = query_parts_make(&r->parts, r->set, err);

	if (rc)
		return rc;
	r->nworkers = r->options->ncpus;
	r->cycles_a_second = rte_get_tsc_hz();
	r->workers = aligned_alloc(64, r->nworkers * sizeof *r->workers);
	if (!r->workers)
		return err_set(err, ERR_NO_MEMORY, "out of memory");
	memset(r->workers, 0, r->nworkers * sizeof *r->workers);
	for (unsigned i = 0; i < r->nworkers && !rc; i++)
		rc = open_worker(r, i, err);
	return rc ? rc : launch(r, err);
}

void
load_run_close(struct load_run *r)
{
	atomic_store(&r->leaving, true);
	for (unsigned i = 0; r->workers && i < r->nworkers; i++) {
		rte_eal_wait_lcore(r->workers[i].lcore);
		rte_ring_free(r->workers[i].inbox);
		outstanding_fini(&r->workers[i].asked.outstanding);
		cookie_jar_fini(&r->workers[i].jar);
	}
	free(r->workers);
	free(r->parts);
	r->workers = NULL;
	r->parts = NULL;
}

/* --- a trial -------------------------------------------------------------- */

static void
collect(const struct load_run *r, struct load_sums *sums)
{
	load_sums_clear(sums);
	for (unsigned i = 0; i < r->nworkers; i++)
		load_stats_collect(sums, &r->workers[i].stats);
}

static uint64_t
trials_done(const struct load_run *r)
{
	uint64_t least = UINT64_MAX;

	for (unsigned i = 0; i < r->nworkers; i++) {
		uint64_t done = atomic_load_explicit(
		    &r->workers[i].trials_done, memory_order_acquire);

		least = done < least ? done : least;
	}
	return least;
}

/* The content of all answers below a rate, of a sample above. */
static unsigned
check_every(const struct load_options *o, double rate)
{
	return rate > 0 && rate < o->check_all_below ? 1 : o->check_every;
}

static void
wait_trial(struct load_run *r, struct load_progress *p, const char *what,
    uint64_t wanted)
{
	struct load_sums sums;

	while (trials_done(r) < wanted) {
		usleep(progress_pause_ms(p) * 1000);
		if (p->quiet || trials_done(r) >= wanted)
			continue;
		collect(r, &sums);
		progress_show(p, what, &sums);
	}
	progress_wipe(p);
}

/* One trial by all workers: `rate` queries a second, or `window` outstanding.
 * Fills `result`. */
static void
run_trial(struct load_run *r, struct load_result *result, double rate,
    unsigned window, double warmup, double seconds, const char *what)
{
	static struct load_trial trials[WORKERS_MAX];
	const struct load_options *o = r->options;
	double hz = (double)r->cycles_a_second;
	uint64_t start = rte_rdtsc() + (uint64_t)(START_AFTER_S * hz);
	uint64_t wanted = trials_done(r) + 1;
	struct load_progress progress;

	for (unsigned i = 0; i < r->nworkers; i++) {
		trials[i] = (struct load_trial){
		    .rate = rate / r->nworkers,
		    .window = window / r->nworkers,
		    .start = start,
		    .warm_end = start + (uint64_t)(warmup * hz),
		    .end = start + (uint64_t)((warmup + seconds) * hz),
		    .timeout = (uint64_t)(o->timeout_ms * 1e-3 * hz),
		    .behind_max = (uint64_t)(BEHIND_MAX_S * hz),
		    .cycles_a_second = r->cycles_a_second,
		    .check_every = check_every(o, rate),
		};
		atomic_store_explicit(
		    &r->workers[i].trial, &trials[i], memory_order_release);
	}
	progress_open(&progress, o->quiet, r->cycles_a_second, r->nworkers);
	wait_trial(r, &progress, what, wanted);
	*result = (struct load_result){.rate = rate};
	collect(r, &result->sums);
	result->seconds =
	    (double)result->sums.counters[LOAD_CYCLES] / hz / r->nworkers;
	load_result_judge(
	    result, &(struct load_limits){.max_loss_ppm = o->max_loss_ppm,
			.cycles_a_second = r->cycles_a_second,
			.nworkers = r->nworkers,
			.ring = o->ring});
}

/* --- the search ------------------------------------------------------------
 */

static bool
is_ending(const struct load_run *r)
{
	return atomic_load(r->ending);
}

static const char *
verdict(const struct load_result *t)
{
	const uint64_t *c = t->sums.counters;

	if (t->passed)
		return "passed";
	if (c[LOAD_WRONG])
		return "wrong answers";
	return c[LOAD_LOST] ? "lost" : "not sent in time";
}

static void
search_trial(struct load_run *r, double rate, double seconds, double warmup)
{
	struct load_result *t = &r->result;
	char what[32], text[16];

	snprintf(what, sizeof what, "trial %u, %s/s", r->ntrials + 1,
	    text_count(text, sizeof text, rate));
	run_trial(r, t, rate, 0, warmup, seconds, what);
	if (r->ntrials < SEARCH_TRIALS_MAX)
		r->trials[r->ntrials++] = *t;
	if (!r->options->quiet)
		fprintf(stderr, "%s: %s (%.0f ppm lost, busy %.0f %%)\n", what,
		    verdict(t), load_result_lost_ppm(t),
		    load_result_busy(t) * 100);
}

/* What the server answers in a closed loop, a second. */
static double
probe(struct load_run *r)
{
	struct load_result *t = &r->result;

	run_trial(r, t, 0, RTE_MAX((unsigned)PROBE_WINDOW, r->nworkers),
	    PROBE_SECONDS / 3, PROBE_SECONDS, "probe");
	return t->seconds > 0
	           ? (double)t->sums.counters[LOAD_ANSWERED] / t->seconds
	           : 0;
}

/* A server's link may be up before it has anything to answer from: it is asked
 * again for as long as a link is waited for. The probe that saw it begin is no
 * guess at its rate, so one more follows. */
static double
first_rate(struct load_run *r)
{
	const struct load_options *o = r->options;
	uint64_t until =
	    rte_rdtsc() + (uint64_t)o->wait_link * r->cycles_a_second;
	double rate;
	bool waited = false;

	if (o->rate > 0)
		return o->rate;
	while ((rate = probe(r)) == 0 && rte_rdtsc() < until && !is_ending(r))
		waited = true;
	if (waited && rate > 0 && !is_ending(r))
		rate = probe(r);
	return rate * PROBE_SHARE;
}

/* The result is a run of the whole length; if it fails, that of a rate a step
 * lower. */
static void
confirm(struct load_run *r, double rate)
{
	const struct load_options *o = r->options;

	for (unsigned i = 0; i < CONFIRMATIONS && !is_ending(r); i++) {
		search_trial(r, rate, o->seconds, o->warmup);
		if (r->result.passed) {
			r->found = rate;
			return;
		}
		rate *= 1 - o->precision_percent / 100;
	}
}

static int
run_search(struct load_run *r, struct err *err)
{
	const struct load_options *o = r->options;
	struct rate_search s;
	double rate = first_rate(r);

	if (rate == 0 && !is_ending(r))
		return err_set(err, ERR_UNAVAILABLE,
		    "the server answers nothing: is it the right address, "
		    "does it serve there, does it know the way back?");
	search_begin(&s, rate, o->precision_percent / 100);
	while (search_goes_on(&s) && !is_ending(r)) {
		search_trial(r, s.next, o->trial_seconds,
		    RTE_MIN(o->warmup, o->trial_seconds / 4));
		if (!is_ending(r))
			search_take(&s, r->result.passed, r->result.stalled);
	}
	if (s.low > 0)
		confirm(r, s.low);
	return 0;
}

int
load_run_do(struct load_run *r, struct err *err)
{
	const struct load_options *o = r->options;
	char what[32], text[16];

	switch (o->mode) {
	case LOAD_SEARCH:
		return run_search(r, err);
	case LOAD_WINDOW:
		snprintf(what, sizeof what, "window %u", o->window);
		run_trial(
		    r, &r->result, 0, o->window, o->warmup, o->seconds, what);
		return 0;
	case LOAD_AT_RATE:
		snprintf(what, sizeof what, "rate %s/s",
		    text_count(text, sizeof text, o->rate));
		run_trial(
		    r, &r->result, o->rate, 0, o->warmup, o->seconds, what);
		return 0;
	}
	return 0;
}
