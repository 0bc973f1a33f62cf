/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One question answered from two generations by the real engine, and what
 * became of the answer. Control's threads, each with a struct replay of its
 * own; allocates when that is made.
 *
 * A question is asked as it was sampled, and once more over a stream where UDP
 * cut an answer, so that what it says is judged by the whole of it. A chain is
 * judged by its end, as a client follows it, through all zones of a generation:
 * an alias whose target has gone is a loss.
 *
 * A shadowing wildcard shows in two ways: a name that had data of its own, or
 * of a wildcard further down, gets a wildcard's from another place (SHADOWED),
 * or no data of that type any more (TO_NODATA). An empty non-terminal that
 * comes between a wildcard and its names shows as TO_NXDOMAIN or TO_NODATA; an
 * accidental delegation as TO_REFERRAL.
 */
#ifndef HOLDFAST_REPLAY_H
#define HOLDFAST_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/sample.h"
#include "config/config.h"
#include "dataplane/answer/answer.h"
#include "snapshot/generation.h"

/* Enum, word, whether it is a loss, how a verdict says it. */
/* clang-format off */
#define REPLAY_CHANGES(X) \
	X(SAME,        "same",        0, "as before") \
	X(CHANGED,     "changed",     0, "other data") \
	X(BETTER,      "better",      0, "an answer that was not there") \
	X(TO_WILDCARD, "to-wildcard", 0, "NXDOMAIN -> a wildcard's data") \
	X(TO_NXDOMAIN, "to-nxdomain", 1, "answer -> NXDOMAIN") \
	X(TO_NODATA,   "to-nodata",   1, "answer -> no data") \
	X(TO_REFUSED,  "to-refused",  1, "answer -> REFUSED") \
	X(TO_SERVFAIL, "to-servfail", 1, "answer -> SERVFAIL") \
	X(TO_REFERRAL, "to-referral", 1, "data -> a delegation") \
	X(SHADOWED,    "shadowed",    1, "data -> another wildcard's data") \
	X(TRUNCATED,   "truncated",   0, "fits into UDP -> truncated") \
	X(SIZE_JUMP,   "size-jump",   0, "more than twice as large")
/* clang-format on */

enum replay_change {
#define REPLAY_ENUM(name, word, loss, meaning) REPLAY_##name,
	REPLAY_CHANGES(REPLAY_ENUM)
#undef REPLAY_ENUM
	    REPLAY_CHANGE_COUNT
};

const char *replay_change_word(enum replay_change c);
const char *replay_change_meaning(enum replay_change c);
/* What was answered is not answered any more. */
bool replay_change_is_loss(enum replay_change c);

/* [0]: of the active generation; [1]: of the candidate. */
struct replay_pair {
	enum replay_change change; /* of what it says */
	bool truncated, size_jump; /* besides, whatever it says */
	uint16_t bytes[2];  /* as sent over the transport that was asked for */
	uint8_t rcode[2];   /* of that */
	uint8_t verdict[2]; /* enum verdict, of that */
	uint32_t hash[2];   /* message_hash() of that */
	uint64_t cycles[2]; /* TSC, of that: one query, caches as they are */
	uint8_t apex_labels[2]; /* of the zone that answered */
};

struct replay;

/* `answer`: how the data plane answers. */
int replay_new(
    struct replay **out, const struct config_answer *answer, struct err *err);
void replay_free(struct replay **r);
void replay_configure(struct replay *r, const struct config_answer *answer);

/* `query` has at most SAMPLE_QUERY_MAX octets; `transport` is an enum
 * answer_transport. Either generation may be NULL: SERVFAIL. */
enum replay_change replay_pair(struct replay *r,
    const struct generation *active, const struct generation *candidate,
    const uint8_t *query, size_t bytes, unsigned transport,
    struct replay_pair *out);

/* Where the answer of a side to the last question led by its alias i, also
 * through other zones of the generation: a name in lower case, or NULL if there
 * were not so many. Only after a change, and for questions that met an alias.
 */
const uint8_t *replay_alias_find(
    const struct replay *r, unsigned side, unsigned i);

/* Whether what the data plane said (sample->hash) can be compared with
 * pair->hash of the generation that it names: it was a plain answer, no limit
 * acted, and no option of the client's could have changed what fits. */
bool replay_is_comparable(const struct sample *s);

#endif
