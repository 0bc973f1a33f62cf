/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The query-of-death guard of a daemon: at start it tries what was in hand when
 * a predecessor crashed, query by query in child processes, and quarantines
 * those that crash or hang; then it stands by to write the burst in hand should
 * this process crash. Files in STORE/crash:
 *
 *   PROGRAM-TIME-PID.burst   the running process's, locked and empty; or what
 *                            a crash has left, not tried yet
 *   PROGRAM-TIME-PID.crash   tried; kept for the bug report, the newest few
 *   ID.query, ID.released    quarantine_file.h
 *
 * Nothing here keeps a daemon from answering: where the folder can't be used,
 * that is logged, and the daemon runs without. Main and management threads;
 * allocates at start and when a query is added.
 */
#ifndef HOLDFAST_GUARD_H
#define HOLDFAST_GUARD_H

#include "base/err.h"
#include "dataplane/guard/burst_log.h"
#include "dataplane/guard/quarantine.h"
#include "snapshot/store.h"

enum {
	GUARD_REPLAY_MS = 5000,  /* for all that crashes have left */
	GUARD_BURSTS_MAX = 16,   /* tried at a start: the newest */
	GUARD_CRASHES_KEPT = 16, /* .crash files of a program */
	GUARD_QUERIES_KEPT = 192,
};

struct guard;

struct guard_options {
	const char *program; /* lives on */
	const char *store_dir;
	unsigned expiry_s;
	unsigned threads;       /* that answer */
	unsigned burst_queries; /* of a thread at most, and their octets */
	uint32_t query_bytes;
	/* of the trial at start, and of a query in it; 0: GUARD_REPLAY_MS,
	 * REPLAY_QUERY_MS. Tests have less patience */
	unsigned trial_ms, query_ms;
};

int guard_new(
    struct guard **out, const struct guard_options *o, struct err *err);
void guard_free(struct guard **g);

/* Before anything is answered: tries what crashes have left, with the
 * generation that was live then, if `store` still has it, and with `stable`
 * (NULL: none is loaded); then loads the quarantine. */
void guard_replay(struct guard *g, struct store *store,
    const struct generation *stable, const struct answer_config *config);

/* Opens the file and catches the signals; before the threads start. */
void guard_arm(struct guard *g);

/* For thread i: its log, and the set that it asks. NULL if `g` is. */
struct burst_log *guard_log_find(struct guard *g, unsigned thread);
const struct quarantine *guard_quarantine_find(const struct guard *g);

/* Once a second: what has expired or was released is answered again, what
 * another daemon of this store has quarantined is not. Returns how many queries
 * are in quarantine. */
unsigned guard_look(struct guard *g);

#endif
