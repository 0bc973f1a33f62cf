/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which questions the proof asks about a name. Every type that is there is
 * always asked. Of the others (types that are not there, names that must not
 * be there) all are asked in a small proof, and in a large one a few for each
 * name in turn, so that a large zone has all of them asked thousands of times
 * without paying for all of them everywhere. Names with rules of their own
 * (wildcard, empty non-terminal, DNAME) are asked everything. In a signed zone
 * each name is also asked for a type that it has not, and for the name that
 * comes next in canonical order: what shows its place in the chain.
 */
#ifndef HOLDFAST_PROVE_QUESTIONS_H
#define HOLDFAST_PROVE_QUESTIONS_H

#include "control/compile/naive.h"

/* `name` is lower case; valid during the call. Not 0 ends the asking. */
typedef int (*prove_ask)(void *arg, const uint8_t *name, uint16_t type);

/* How many of the others to ask for each of so many names. */
unsigned prove_questions_extras(uint64_t names);

/* `turn` counts the names of a proof. Returns 0 or what `ask` returned. */
int prove_questions_of_name(const struct naive_zone *zone, size_t name,
    uint64_t turn, unsigned extras, bool is_signed, prove_ask ask, void *arg);

#endif
