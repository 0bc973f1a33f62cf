/* SPDX-License-Identifier: BSD-2-Clause
 *
 * How the rows of the tables are written, what they share, and the sections of
 * the file, which stand in config_schema_daemons.c, config_schema_control.c and
 * config_schema_zones.c. For those and config_schema.c alone.
 */
#ifndef HOLDFAST_CONFIG_SCHEMA_ROWS_H
#define HOLDFAST_CONFIG_SCHEMA_ROWS_H

#include <ctype.h>
#include <string.h>

#include "base/prefix.h"
#include "config/config_schema.h"

/* clang-format off */
#define FIELD(type, member) \
	.offset = offsetof(struct type, member), \
	.size = sizeof(((struct type *)NULL)->member)
#define ARRAY(type, member, count) \
	FIELD(type, member), .count_offset = offsetof(struct type, count)
#define ROWS(table) .rows = table, .nrows = sizeof table / sizeof table[0]
/* clang-format on */

#define COUNT_ROWS(table)                                                      \
	_Static_assert(sizeof table / sizeof table[0] <= SCHEMA_ROWS_MAX,      \
	    "rows seen are kept in 32 bits")

#define LOWER_DIGITS "abcdefghijklmnopqrstuvwxyz0123456789"

extern const char *const schema_dnssec_words[];

extern const struct schema_section schema_answer, schema_dataplane,
    schema_sockets, schema_limits, schema_control, schema_rollout,
    schema_guards, schema_zone;

static inline bool
only(const char *text, const char *letters)
{
	return text[strspn(text, letters)] == '\0';
}

static inline bool
is_group(const char *text)
{
	return only(text, LOWER_DIGITS "-_") && !isdigit((uint8_t)text[0]) &&
	       text[0] != '-';
}

static inline bool
is_prefix(const char *text)
{
	struct prefix p;

	return prefix_parse(&p, text, NULL) == 0;
}

static inline bool
is_policy_name(const char *text)
{
	return only(text, LOWER_DIGITS "-");
}

#endif
