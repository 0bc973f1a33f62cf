/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Queries made from zones: names that are there, names beside them, and names
 * that nobody has ever asked for. Main thread.
 */
#ifndef HOLDFAST_QUERY_DRAW_H
#define HOLDFAST_QUERY_DRAW_H

#include "tools/load/query_build.h"
#include "tools/load/query_zones.h"

/* Adds `count` queries. */
int query_draw(struct query_build *b, const struct query_zones *z,
    const struct query_mix *mix, uint32_t count, struct draw *d,
    struct err *err);

#endif
