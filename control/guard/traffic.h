/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What was asked in the last minutes: distinct questions with how often, from
 * the samples of data plane and sockets (base/sample.h). Worker thread only.
 *
 * Bounded: TRAFFIC_QUESTIONS_MAX questions, a quarter of them names that do not
 * exist, so that a flood of random names can't push out what is there. When a
 * part is full, a new question takes the place of the one that was seen least
 * among a few picked at random: what is asked often stays. Time is in slices;
 * what is older than the last of them is forgotten.
 */
#ifndef HOLDFAST_TRAFFIC_H
#define HOLDFAST_TRAFFIC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/sample.h"

enum {
	TRAFFIC_QUESTIONS_MAX = 65536,
	TRAFFIC_SLICES = 8,
	/* samples taken in one go: a writer can't keep the worker busy */
	TRAFFIC_READ_MAX = 65536,
};

struct traffic;

/* `run_dir`: where the daemons put their samples. `now`: seconds of a clock
 * that is never set. */
int traffic_new(struct traffic **out, const char *run_dir, unsigned minutes,
    uint64_t now, struct err *err);
void traffic_free(struct traffic **t);

/* Another length of memory; what is remembered stays. */
void traffic_remember(struct traffic *t, unsigned minutes);

/* Takes what the daemons have written since the last time. */
void traffic_follow(struct traffic *t, uint64_t now);

/* One sample. */
void traffic_add(struct traffic *t, const struct sample *s, uint64_t now);

/* A question as it is remembered. */
struct traffic_question {
	uint8_t query[SAMPLE_QUERY_MAX]; /* id 0, letters in lower case */
	uint16_t query_bytes;
	uint8_t name_bytes; /* the name is at query + DNS_HEADER_BYTES */
	uint16_t type;
	uint8_t transport;
	bool chained; /* it was answered by an alias */
	bool absent;  /* it did not exist */
	uint64_t samples, weight;
};

/* Calls `visit` for every question that is remembered, until it returns
 * something else than 0, which is returned. The question is the visitor's until
 * it returns. */
int traffic_visit(struct traffic *t, uint64_t now,
    int (*visit)(void *arg, const struct traffic_question *q), void *arg);

struct traffic_facts {
	uint64_t questions; /* remembered now */
	uint64_t samples;   /* taken since the start */
	uint64_t lost;      /* overwritten before they were read */
	uint64_t unsound;   /* of them, dropped */
	uint64_t evicted;   /* questions that made way for others */
};
void traffic_facts(const struct traffic *t, struct traffic_facts *out);

#endif
