/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the answers to a set of queries should be, as fingerprints: the naive
 * resolver is asked for each. It shares no code with the engine, so a server
 * under test is not compared with itself. Main thread.
 */
#ifndef HOLDFAST_QUERY_EXPECT_H
#define HOLDFAST_QUERY_EXPECT_H

#include "tools/load/query_build.h"
#include "tools/load/query_zones.h"

/* Sets `expected` of every query whose one right answer is known. Unknown stays
 * what these zones have no part in (the server may have others), messages that
 * are more than a plain question of class IN with or without EDNS, and what
 * expected.h names. */
int query_expect(struct query_build *b, const struct query_zones *z,
    const struct query_mix *mix, struct err *err);

#endif
