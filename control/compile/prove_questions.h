/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which questions the proof asks about a name. Every type that is there is
 * always asked. Of the others (types that are not there, names that must not
 * be there) all are asked in a small proof, and in a large one two a name,
 * another two for each name, so that a large zone has all of them asked
 * thousands of times without paying for all of them everywhere.
 */
#ifndef HOLDFAST_PROVE_QUESTIONS_H
#define HOLDFAST_PROVE_QUESTIONS_H

#include "control/compile/naive.h"

/* `name` is lower case; valid during the call. Not 0 ends the asking. */
typedef int (*prove_ask)(void *arg, const uint8_t *name, uint16_t type);

/* `turn` counts the names of a proof; `all`: a small one. Returns 0 or what
 * `ask` returned. */
int prove_questions_of_name(const struct naive_zone *zone, size_t name,
    uint64_t turn, bool all, prove_ask ask, void *arg);

#endif
