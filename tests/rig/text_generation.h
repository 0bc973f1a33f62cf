/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Zones as text to a loaded generation, through the real parser, builder,
 * verifier and loader: for tests and fuzz targets.
 */
#ifndef HOLDFAST_TEXT_GENERATION_H
#define HOLDFAST_TEXT_GENERATION_H

#include <stdbool.h>

#include "snapshot/load.h"
#include "snapshot/records.h"

enum { TEXT_ZONES_MAX = 8 };

struct text_zone {
	const char *apex, *text;
	bool split; /* over four cells */
};

/* A fixed key: the same text gives the same bytes. `records` gets the zones,
 * which the caller frees; may be NULL. */
int text_generation_make(struct generation **out, struct zone_records **records,
    const struct text_zone *zones, unsigned n, struct err *err);

#endif
