/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the parts of a cycle share: cycle.c (turns), cycle_turn.c (compiles and
 * publishes), cycle_rollout.c (canary and soak), rollback.c (what operators ask
 * for). Inside of them only.
 */
#ifndef HOLDFAST_CYCLE_PARTS_H
#define HOLDFAST_CYCLE_PARTS_H

#include "control/publish/cycle.h"

/* Somebody else may have moved `current`: a rollback by the data plane, or this
 * is the start. Then the live generation's zones are read from their packs. */
int cycle_live_look(struct cycle *c, struct err *err);

/* Readers of the table see the list only while it does not change. */
void cycle_condemned_show(struct cycle *c, bool show);
int cycle_condemned_follow(struct cycle *c, struct err *err);

/* What was read goes live, or into a canary, if anything has changed. */
int cycle_publish(
    struct cycle *c, struct cycle_result *result, struct err *err);

/* Of the generations that rollbacks left the newest stay: an operator may want
 * to look at them. */
void cycle_retain(struct cycle *c);

/* What canary and soak look like now goes into the status. */
void cycle_rollout_show(struct cycle *c);

/* The candidate is gone; what was not condemned is wanted again. */
void cycle_trial_over(struct cycle *c);

/* Back: the candidate goes away, or all clients get the parent; versions of the
 * zones at fault are condemned, and their next ones wait. True if there is
 * something for a turn to do. */
bool cycle_canary_return(struct cycle *c, const char *why);
bool cycle_soak_return(struct cycle *c, const char *why);

/* Overrides that operators gave for zones which look bad. Returns whether there
 * were any: then it is to be looked at again. */
bool cycle_overrides_take(struct cycle *c);

/* A line in the audit log; `why` may be NULL. */
void cycle_audit(struct cycle *c, const char *event,
    const struct digest *generation, const char *why);

/* What is being done now, for those who look and for tests that kill. */
void cycle_step_word(void *arg, const char *word);

#endif
