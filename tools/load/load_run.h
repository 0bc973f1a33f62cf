/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A run: workers started, trials given to them, progress shown, the search for
 * a rate driven. Main thread.
 */
#ifndef HOLDFAST_LOAD_RUN_H
#define HOLDFAST_LOAD_RUN_H

#include "tools/load/load_port.h"
#include "tools/load/load_worker.h"
#include "tools/load/rate_search.h"

/* What a trial came to. Rates are queries a second. */
struct load_result {
	double rate;    /* asked for; 0: closed loop */
	double seconds; /* measured */
	struct load_sums sums;
	bool passed;
	/* busy, or behind: the ceiling may be the generator's own */
	bool generator_limited;
	/* a worker was kept from its CPU for longer than its queue can take:
	 * what is lost may be the generator's own fault */
	bool stalled;
};

/* What a result is judged by. */
struct load_limits {
	double max_loss_ppm;
	uint64_t cycles_a_second;
	unsigned nworkers, ring;
};

struct load_run {
	const struct load_options *options;
	const struct query_set *set;
	const struct load_port *port;
	struct query_parts *parts;
	struct load_worker *workers;
	unsigned nworkers;
	uint64_t cycles_a_second;
	atomic_bool leaving;
	const atomic_bool *ending;
	struct load_result result; /* of the last trial: what is reported */
	/* of a search */
	struct load_result trials[SEARCH_TRIALS_MAX];
	unsigned ntrials;
	double found; /* 0: no rate was without loss */
};

/* Prepares and launches workers on EAL's lcores; the port runs. */
int load_run_open(struct load_run *r, struct err *err);
/* The trial, or the search, that the options ask for. */
int load_run_do(struct load_run *r, struct err *err);
void load_run_close(struct load_run *r);

/* The workers' busy share, 0 to 1; and TSC cycles a query, of busy turns. */
double load_result_busy(const struct load_result *t);
double load_result_cycles(const struct load_result *t);
double load_result_lost_ppm(const struct load_result *t);

/* Fills what lies behind the sums. */
void load_result_judge(struct load_result *t, const struct load_limits *l);

#endif
