/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The guard that asks what clients ask: follows the samples of data plane and
 * sockets, and before a candidate is published answers what was asked in the
 * last minutes, and every protected name, from both generations. Between them
 * it tells the other guards which names are asked for most. Worker thread only.
 */
#ifndef HOLDFAST_GUARD_REPLAY_H
#define HOLDFAST_GUARD_REPLAY_H

#include "config/config.h"
#include "control/guard/guards.h"

struct guard_replay;

/* `run_dir`: where the daemons' samples are. `now`: seconds of a clock that is
 * never set, as in all that follows. */
int guard_replay_new(struct guard_replay **out, const char *run_dir,
    const struct config *c, uint64_t now, struct err *err);
void guard_replay_free(struct guard_replay **r);

void guard_replay_configure(struct guard_replay *r, const struct config *c);

/* Once a turn, that is once a second or so. */
void guard_replay_follow(struct guard_replay *r, uint64_t now);

/* Before guards_before(): names of the zones that are others now, protected for
 * their share of the traffic. */
int guard_replay_learn(struct guard_replay *r, struct guards *g,
    const struct compile_zone *zones, size_t n, uint64_t now, struct err *err);

/* Before guards_vanish(): what clients ask of the zones that are to go, in
 * canonical order. More than the share for which a name is protected keeps a
 * zone. `has_zone`: whether there is a zone of this name that does not go. */
int guard_replay_leaving(struct guard_replay *r, struct guard_leaving *leaving,
    size_t n, bool (*has_zone)(void *arg, const uint8_t *apex), void *arg,
    uint64_t now, struct err *err);

/* Before guards_after(), with the same candidate: adds verdicts to `g`. */
int guard_replay_check(struct guard_replay *r, struct guards *g,
    const struct guard_candidate *c, uint64_t now, struct err *err);

/* What was asked in the last minutes and would lose its answer: what the check
 * of the same pair has judged and let pass. Names are in lower case; those for
 * which `wanted` is false are not asked. */
void guard_replay_losses(struct guard_replay *r,
    const struct generation *active, const struct generation *candidate,
    uint64_t now, bool (*wanted)(void *arg, const uint8_t *name),
    void (*lost)(void *arg, const uint8_t *name), void *arg);

/* Since the start. */
struct guard_replay_counts {
	uint64_t samples, lost,
	    unsound; /* taken; overwritten before; dropped */
	uint64_t asked, worse, unblamed; /* questions, of both generations */
};
void guard_replay_counts(
    const struct guard_replay *r, struct guard_replay_counts *out);

#endif
