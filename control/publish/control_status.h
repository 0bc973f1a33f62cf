/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What holdfastd is doing, for the control socket and the metrics: written by
 * the worker, read by other threads, under one lock.
 */
#ifndef HOLDFAST_CONTROL_STATUS_H
#define HOLDFAST_CONTROL_STATUS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "snapshot/digest.h"

/* Counters of control itself; one row: enum, name in metrics and stats, help.
 */
#define CONTROL_COUNTERS(X)                                                    \
	X(CYCLES, "cycles", "times that the sources were looked at")           \
	X(COMMITTED, "generations_committed", "generations put live")          \
	X(FAILED, "generations_failed", "generations that did not get live")   \
	X(CANARIES, "canaries", "candidates that some clients tried")          \
	X(RETURNS, "returns", "canaries and soaks that ended with a return")   \
	X(PROVEN_GENERATIONS, "generations_proven",                            \
	    "generations whose soak is over")                                  \
	X(ROLLBACKS, "rollbacks", "returns to an older generation")            \
	X(REFUSALS, "zone_versions_refused", "versions of zones refused")      \
	X(CELLS_BUILT, "cells_built", "cells built")                           \
	X(CELLS_KEPT, "cells_kept", "cells taken over unchanged")              \
	X(PROVEN, "answers_proven",                                            \
	    "answers compared with the naive resolver")                        \
	X(STALE, "stale", "publications that lost to another one")             \
	X(SIGNATURES_MADE, "signatures_made", "signatures made")               \
	X(SIGNATURES_KEPT, "signatures_kept",                                  \
	    "signatures taken over from the version before")                   \
	X(SAMPLES, "samples", "sampled questions taken from the daemons")      \
	X(SAMPLES_LOST, "samples_lost",                                        \
	    "sampled questions that were overwritten before they were read")   \
	X(SAMPLES_UNSOUND, "samples_unsound",                                  \
	    "sampled questions that were none")                                \
	X(REPLAYED, "questions_replayed",                                      \
	    "questions answered from the live generation and a candidate")     \
	X(REPLAYED_WORSE, "questions_worse",                                   \
	    "of them, those that the candidate would not answer any more")     \
	X(SIGNING_FAILED, "signing_failed",                                    \
	    "times that a zone could not be signed")                           \
	X(PARSER_DEATHS, "parser_deaths",                                      \
	    "parsers of zone files that died, hung or lied")

enum control_counter {
#define CONTROL_COUNTER_ENUM(name, text, help) CONTROL_##name,
	CONTROL_COUNTERS(CONTROL_COUNTER_ENUM)
#undef CONTROL_COUNTER_ENUM
	    CONTROL_COUNTER_COUNT
};

extern const char *const control_counter_name[CONTROL_COUNTER_COUNT];
extern const char *const control_counter_help[CONTROL_COUNTER_COUNT];

/* What is rolled out now, or why nothing is. */
struct control_rollout {
	const char *phase; /* "idle", "canary", "soak" */
	struct digest generation;
	unsigned permille; /* of the clients */
	uint64_t took_ms, left_ms, exposure_ms;
	uint64_t questions, faults; /* compared, and those at fault */
	uint64_t uncounted;         /* asked often, or accepted before */
	bool alarm;                 /* the mix of questions has changed */
	bool pending;               /* changes wait */
	bool held;                  /* by an operator */
	uint64_t hold_down_ms;      /* until something waiting is tried again */
};

struct control_facts {
	const char *work; /* "idle", "reading", ... : a static word */
	bool have_generation, have_candidate, have_error;
	struct digest generation, candidate;
	uint64_t activation;
	uint64_t committed_at;  /* seconds since 1970 */
	uint64_t last_cycle_ms; /* how long the last one with work took */
	bool failed;            /* the last turn */
	char last_error[ERR_TEXT_MAX];
	struct control_rollout rollout;
	uint64_t counter[CONTROL_COUNTER_COUNT];
};

struct control_status {
	pthread_mutex_t lock;
	struct control_facts facts;
};

void control_status_init(struct control_status *s);
void control_status_fini(struct control_status *s);

void control_status_work(struct control_status *s, const char *word);
void control_status_count(
    struct control_status *s, enum control_counter c, uint64_t n);
void control_status_error(struct control_status *s, const char *text);
/* A generation is live; clears the error and the candidate. */
void control_status_live(struct control_status *s,
    const struct digest *generation, uint64_t activation, uint64_t at);
void control_status_candidate(
    struct control_status *s, const struct digest *candidate);

void control_status_rollout(
    struct control_status *s, const struct control_rollout *r);

/* A copy of everything. */
void control_status_read(struct control_status *s, struct control_facts *out);

#endif
