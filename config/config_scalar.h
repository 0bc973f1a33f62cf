/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One written value to one field of a struct, as its row of the schema says.
 * Errors say what was written and what is allowed ("70000 is out of range,
 * allowed are 1280 to 9000"); the caller puts file, line and option in front.
 */
#ifndef HOLDFAST_CONFIG_SCALAR_H
#define HOLDFAST_CONFIG_SCALAR_H

#include <stdbool.h>

#include "base/err.h"
#include "config/config_schema.h"

/* Sets the field from its text; `plain` if it stood without quotes. A text
 * field's old value is freed. */
int scalar_set(const struct schema_row *row, void *field, const char *text,
    bool plain, struct err *err);

/* Octets of one element of a list of such values. */
size_t scalar_bytes(const struct schema_row *row);

/* For SCHEMA_RANGES: "7", or "2-5"; both ends are numbers allowed in lists. */
int scalar_range(const struct schema_row *row, const char *text,
    unsigned *first, unsigned *last, struct err *err);

#endif
