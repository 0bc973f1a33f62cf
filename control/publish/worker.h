/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The worker: the one thread of holdfastd that reads sources, compiles and puts
 * generations live. It turns when a zone file has changed, when the data plane
 * went another way, and when somebody asks; requests are done one after the
 * other, each answered by a callback in the worker's thread.
 */
#ifndef HOLDFAST_WORKER_H
#define HOLDFAST_WORKER_H

#include "control/publish/cycle.h"

struct worker;

enum work_kind {
	WORK_RELOAD, /* configuration again, and every source */
	WORK_LOOK,   /* one zone's source, or all: as if a file had changed */
	WORK_ROLLBACK,
	WORK_RELEASE, /* of a zone's versions; without a zone: of the hold */
	WORK_HOLD,
	WORK_PIN,
	WORK_UNPIN,
	WORK_OVERRIDE,
};

enum { WORK_REASON_MAX = 201 };

/* A request. The caller owns it until `done` is called, which may free it. */
struct work {
	enum work_kind kind;
	bool have_zone, have_generation;
	uint8_t zone[DNS_NAME_MAX + 1];
	bool force;               /* of ROLLBACK */
	struct digest generation; /* of ROLLBACK, PIN, UNPIN */
	unsigned steps;           /* of ROLLBACK without a generation */
	uint64_t for_s;           /* of OVERRIDE */
	char reason[WORK_REASON_MAX];
	char version[DIGEST_TEXT_MAX]; /* of OVERRIDE: first digits */
	char who[32];                  /* who asks: "uid 0" */
	int asker; /* the connection of who asks, open until `done` */
	/* out */
	int code; /* 0, or of err */
	struct err err;
	struct cycle_result result;
	struct digest left; /* of ROLLBACK */
	size_t released;    /* of RELEASE */
	void (*done)(struct work *w);
	void *arg;
	struct work *next;
};

/* Opens the cycle in the caller's thread (so that errors are the caller's),
 * then starts the thread, which takes over `config`; the parser is the thread's
 * until worker_stop(). */
struct parser;
int worker_start(struct worker **out, struct config **config,
    struct parser *parser, struct control_status *status, struct err *err);
/* Ends the thread after the work in hand; requests that wait, and those that
 * come, get ERR_UNAVAILABLE. The zones can still be read. */
void worker_stop(struct worker *w);
void worker_free(struct worker **w);

void worker_ask(struct worker *w, struct work *work);

/* The guards, for their counts. */
const struct guards *worker_guards(const struct worker *w);

/* The zones, for reading under their lock. */
struct zone_table *worker_zones(struct worker *w);

#endif
