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

/* A question as it is remembered; what it points to is good until the traffic
 * is added to or followed again. */
struct traffic_question {
	const uint8_t *name; /* in lower case */
	uint8_t name_bytes;
	uint8_t transport;
	uint16_t type;
	bool chained; /* it was answered by an alias */
	bool absent;  /* it did not exist */
	uint64_t samples, weight;
	/* what its OPT offers; 0: it has none */
	uint16_t size;
	bool dnssec_ok;
};

/* Calls `visit` for every question that is remembered, until it returns
 * something else than 0, which is returned. */
int traffic_visit(struct traffic *t, uint64_t now,
    int (*visit)(void *arg, const struct traffic_question *q), void *arg);

/* The question as a message, with id 0; octets. */
size_t traffic_query_write(
    const struct traffic_question *q, uint8_t query[SAMPLE_QUERY_MAX]);

struct traffic_facts {
	uint64_t questions; /* remembered now */
	uint64_t samples;   /* taken since the start */
	uint64_t lost;      /* overwritten before they were read */
	uint64_t unsound;   /* of them, dropped */
	uint64_t evicted;   /* questions that made way for others */
};
void traffic_facts(const struct traffic *t, struct traffic_facts *out);

#endif
