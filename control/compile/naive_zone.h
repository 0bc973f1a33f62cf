/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Making and dropping the index of one zone for the naive resolver; what it is
 * for is said in naive.h.
 */
#ifndef HOLDFAST_NAIVE_ZONE_H
#define HOLDFAST_NAIVE_ZONE_H

#include "control/compile/naive.h"

/* Borrows `records`. */
int naive_zone_init(
    struct naive_zone *z, const struct zone_records *records, struct err *err);
void naive_zone_fini(struct naive_zone *z);

/* For hash tables of the naive resolver. */
size_t naive_name_mix(const uint8_t *name, size_t bytes);

#endif
