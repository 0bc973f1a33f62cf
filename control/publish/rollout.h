/* SPDX-License-Identifier: BSD-2-Clause
 *
 * How a generation comes to all clients: first some have it (canary), then all,
 * watched for a while (soak). Decides only; cycle_rollout.c does. Time and what
 * the data plane says are parameters, so nothing here waits.
 *
 *   idle -> canary -> soak -> idle       committed, then proven
 *              |        |
 *              |        +-> idle         back to the parent
 *              +----------> idle         the candidate goes away
 *
 * One candidate at a time: what changes meanwhile joins the next one.
 */
#ifndef HOLDFAST_ROLLOUT_H
#define HOLDFAST_ROLLOUT_H

#include "config/config.h"
#include "control/publish/canary_evidence.h"
#include "snapshot/digest.h"

enum rollout_phase { ROLLOUT_IDLE, ROLLOUT_CANARY, ROLLOUT_SOAK };

extern const char *const rollout_phase_word[];

struct rollout_settings {
	bool on, undecided_returns;
	unsigned permille, cost_percent;
	uint64_t least_ms, most_ms, soak_ms, hold_down_ms;
	struct canary_rates rates;
};

void rollout_settings_from(
    struct rollout_settings *s, const struct config_rollout *c);

/* What the data plane's page says. */
struct rollout_seen {
	bool alive; /* it is there, and beats */
	uint32_t pid;
	struct digest stable, candidate; /* candidate zeros: none */
};

enum rollout_move {
	ROLLOUT_WAIT,
	ROLLOUT_COMMIT, /* canary: for all clients now */
	ROLLOUT_PROVEN, /* soak: over, and nothing spoke against it */
	ROLLOUT_RETURN, /* back; the zones at fault are condemned */
	ROLLOUT_LOST,   /* the data plane has something else; nobody's fault */
};

/* Deaths of the data plane with one generation that are a verdict: the first
 * may have been an operator's restart. */
enum { ROLLOUT_DEATHS = 2 };

struct rollout {
	struct rollout_settings settings;
	enum rollout_phase phase;
	struct digest generation, parent;
	uint64_t since_ms;  /* of the phase */
	uint64_t canary_ms; /* that the canary took, once in the soak */
	uint32_t pid;       /* of the data plane; 0: not seen yet */
	struct evidence evidence;
	/* the data plane ended with it */
	struct digest died;
	unsigned deaths;
	/* after a return that named no zone */
	uint64_t held_until_ms;
	unsigned returns;
};

void rollout_init(struct rollout *r);
void rollout_fini(struct rollout *r);

/* Begins a canary, or a soak; the evidence starts anew. */
int rollout_begin(struct rollout *r, enum rollout_phase phase,
    const struct digest *generation, const struct digest *parent,
    uint64_t now_ms, struct err *err);
void rollout_end(struct rollout *r);

/* What is to be done now. `why`: a static sentence, unless it is WAIT. */
enum rollout_move rollout_step(struct rollout *r,
    const struct rollout_seen *seen, uint64_t now_ms, const char **why);

/* The data plane ended often enough for a verdict: all that changed is at
 * fault. */
bool rollout_has_killed(const struct rollout *r);

/* How long after the n-th return in a row the next version waits. */
uint64_t rollout_hold_down_ms(
    const struct rollout_settings *s, unsigned returns);

/* Share of clients times milliseconds that have had the generation. */
uint64_t rollout_exposure_ms(const struct rollout *r, uint64_t now_ms);
/* Until the phase ends at the latest. */
uint64_t rollout_left_ms(const struct rollout *r, uint64_t now_ms);

#endif
