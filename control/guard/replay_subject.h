/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The zones that a replay is about: those whose version is another, or that are
 * new. Borrowed from the turn; read-only.
 */
#ifndef HOLDFAST_REPLAY_SUBJECT_H
#define HOLDFAST_REPLAY_SUBJECT_H

#include "control/guard/traffic.h"
#include "snapshot/records.h"

struct replay_subject {
	const uint8_t *apex;
	const struct zone_records *was; /* NULL: it is new */
};

/* With an index by apex. */
struct replay_subjects {
	struct replay_subject *list;
	size_t count;
	uint32_t *places; /* of a hash table: index + 1; 0: none */
	uint64_t mask;    /* of it */
};

/* Takes the list, which is freed with the rest. ERR_NO_MEMORY: it is freed at
 * once. */
int replay_subjects_make(struct replay_subjects *out,
    struct replay_subject *list, size_t count, struct err *err);
void replay_subjects_fini(struct replay_subjects *s);

/* The one with this apex (in lower case), or NULL. */
const struct replay_subject *replay_subject_find(
    const struct replay_subjects *s, const uint8_t *apex);

/* The deepest one that the name is at or below, or NULL. */
const struct replay_subject *replay_subject_above_find(
    const struct replay_subjects *s, const uint8_t *name);

/* Names below subjects that have more than `permille` of what was asked of the
 * subject and answered, in `least` samples at least. 0, or ERR_NO_MEMORY. */
int replay_subject_shares(const struct replay_subjects *s,
    struct traffic *traffic, uint64_t now, unsigned permille, unsigned least,
    void (*share)(void *arg, const uint8_t *name, double permille), void *arg,
    struct err *err);

#endif
