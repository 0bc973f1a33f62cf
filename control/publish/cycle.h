/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One turn of the control process: look at the sources, compile what changed,
 * prove it, put it live, keep house. Whatever fails, what is live stays. Worker
 * thread only.
 *
 *   live? -> read -> guards -> compile (and prove) -> guards, on the candidate
 *     -> activate -> commit -> retain
 *          |
 *        canary -> commit -> soak -> proven
 *
 * With a canary the turn ends with the activation; cycle_watch() goes on.
 */
#ifndef HOLDFAST_CYCLE_H
#define HOLDFAST_CYCLE_H

#include "config/config.h"
#include "control/compile/compile.h"
#include "control/guard/guard_replay.h"
#include "control/guard/guards.h"
#include "control/publish/condemned.h"
#include "control/publish/control_status.h"
#include "control/publish/publisher.h"
#include "control/publish/rollout_watch.h"
#include "control/publish/zone_table.h"

struct cycle {
	struct publisher publisher;
	struct zone_table zones;
	struct condemned condemned;
	struct guards *guards;
	struct guard_replay *replay;
	struct guard_replay_counts replayed; /* as they were last shown */
	struct control_status *status;
	struct publisher_live live; /* as of the last look */
	bool live_known;
	bool
	    zones_changed; /* by configuration: compile even if no source did */
	bool prove, worked; /* in this turn something was compiled */
	uint64_t alarms_ms; /* when ends of signatures were looked at */
	unsigned again_ms; /* not 0: a file is being written, come again then */
	const char *who;   /* asks for what is done now; NULL: nobody */
	char said[ERR_TEXT_MAX];       /* the error that was logged last */
	struct compile_memory *memory; /* what the compiler remembers */
	struct generation *loaded;     /* the live one, to share cells with */
	/* canary and soak; cycle_rollout.c */
	struct rollout rollout;
	struct rollout_watch watch;
	struct publisher_step step;      /* of what is rolled out */
	struct generation *trial_loaded; /* the candidate of a canary */
	struct generation *before;       /* the parent of what soaks */
	bool condemn_all;                /* by an operator */
	bool trial_changed;              /* the candidate had `zones_changed` */
	bool adopted;    /* what a process before this one left is known */
	bool said_alone; /* that without a data plane there is no canary */
	uint64_t
	    held_until; /* CLOCK_MONOTONIC, ms: the first zone's; 0: none */
	uint64_t watched_ms; /* when the rollout was looked at last */
};

struct cycle_result {
	bool changed;   /* a new generation is live */
	bool candidate; /* a canary has begun, of `generation` */
	bool waits;     /* there are changes, which wait: control_status.h */
	struct digest generation;
	uint64_t activation;
	char warning[512]; /* of a rollback: a sentence; empty: none */
};

/* Opens the store and reads what is live. */
int cycle_open(struct cycle *c, const struct config *config,
    struct control_status *status, struct err *err);
void cycle_close(struct cycle *c);

/* A reloaded configuration: zones and settings. Store and run directory can't
 * change while it runs: an error says so. */
int cycle_configure(
    struct cycle *c, const struct config *config, struct err *err);

/* One turn. `force`: read the files even if they look unchanged. */
int cycle_run(
    struct cycle *c, bool force, struct cycle_result *result, struct err *err);

/* Whether a canary or a soak goes on: then cycle_watch() is to be called every
 * CYCLE_WATCH_MS or so. Returns true if there is something for a turn to do. */
enum { CYCLE_WATCH_MS = 100 };
bool cycle_is_watching(const struct cycle *c);
bool cycle_watch(struct cycle *c);

/* Back: `steps` parents, or to the generation given. While a canary runs the
 * candidate is the first step. Signatures that have ended are a refusal unless
 * `force`. `left`: what was live, or the candidate. */
struct rollback_wish {
	unsigned steps;
	const struct digest *generation; /* NULL: steps */
	bool force;
};
int cycle_rollback(struct cycle *c, const struct rollback_wish *wish,
    struct cycle_result *result, struct digest *left, struct err *err);

/* Retention keeps the generation, or need not any more. */
int cycle_pin(struct cycle *c, const struct digest *generation, bool pinned,
    struct err *err);
/* Nothing is published until that ends; a canary or soak ends at once. */
int cycle_hold(struct cycle *c, bool held, const char *reason, struct err *err);

/* Versions of the zone that were condemned may be published, and it waits for
 * nothing. */
int cycle_release(
    struct cycle *c, const uint8_t *apex, size_t *released, struct err *err);

/* Lets the version of a zone that a guard refused pass, once, within the next
 * `for_s` seconds; the next turn reads it again. */
int cycle_override(struct cycle *c, const struct guard_override *o,
    uint64_t for_s, struct err *err);

#endif
