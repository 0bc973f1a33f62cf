/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What fuzz targets of the engine have in common: generations to ask, and a
 * strict reader of responses.
 */
#ifndef HOLDFAST_SAMPLE_GENERATION_H
#define HOLDFAST_SAMPLE_GENERATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "snapshot/generation.h"

/* 0: all zones in one cell; 1: split. */
enum { SAMPLE_GENERATIONS = 2 };

/* The zone text that they are made of: a name for most answer rules. */
extern const char sample_zone_text[];

/* Made on first use, kept until exit. */
const struct generation *sample_generation(unsigned i);

/* True if the message parses to its last octet: names with pointers that lead
 * backwards to sound names, counts that are true, a QR bit. */
bool response_is_sound(const uint8_t *m, size_t bytes);

#endif
