/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The replay before publication: the questions of the last minutes, and those
 * for every protected name, answered from the active generation and from the
 * candidate. What got worse is counted for the zone that is to blame for it:
 * that which answers in the candidate, or did, or which an alias leads to, if
 * its version is another. Worker thread; allocates a table of those zones.
 *
 * Shares are of a zone's answers, by weight: questions that had no answer
 * before count neither way, so that a flood of random names can't make a loss
 * look small.
 */
#ifndef HOLDFAST_REPLAY_CHECK_H
#define HOLDFAST_REPLAY_CHECK_H

#include "control/guard/replay.h"
#include "control/guard/replay_subject.h"
#include "control/guard/traffic.h"

struct replay_limits {
	unsigned minutes;       /* for messages: what traffic remembers */
	unsigned lost_permille; /* of the answers; more is refused */
	unsigned truncated_permille, growth_permille;
	unsigned least; /* sampled questions that must be hit; fewer are luck */
};

struct replay_finding {
	size_t subject; /* index */
	bool blocking;  /* else it is worth a warning */
	char text[400];
};

struct replay_checks {
	struct replay *replay;
	const struct replay_limits *limits;
	const struct generation *active, *candidate;
	const struct replay_subjects *subjects;
	/* may be NULL: no name is */
	bool (*is_protected)(
	    void *arg, const uint8_t *apex, const uint8_t *name);
	void (*found)(void *arg, const struct replay_finding *f);
	void *arg;
};

struct replay_tally {
	uint64_t asked; /* of both generations */
	uint64_t lost;  /* questions, not their weight */
	uint64_t other; /* that got worse with no zone to blame */
};

/* `now`: as for traffic. 0, or ERR_NO_MEMORY. */
int replay_check(const struct replay_checks *c, struct traffic *traffic,
    uint64_t now, struct replay_tally *tally, struct err *err);

#endif
