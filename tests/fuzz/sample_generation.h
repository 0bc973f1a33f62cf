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

/* 0: one zone in one cell; 1: split; 2, 3: the same of two signed zones, one
 * with NSEC and one with NSEC3. */
enum { SAMPLE_GENERATIONS = 4 };

/* The text of the unsigned zone: a name for most answer rules. */
extern const char sample_zone_text[];

/* Made on first use, kept until exit. */
const struct generation *sample_generation(unsigned i);

/* True if the message parses to its last octet: names with pointers that lead
 * backwards to sound names, counts that are true, a QR bit. */
bool response_is_sound(const uint8_t *m, size_t bytes);

#endif
