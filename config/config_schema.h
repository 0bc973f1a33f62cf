/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The schema of the configuration: one table row an option. The loader walks
 * the document with these tables, sets defaults and frees from them, and the
 * reference in docs/configuration.md is printed from them; a new option is a
 * field in config.h and a row in config_schema_daemons.c (or _control.c,
 * _zones.c). Read-only, any thread.
 */
#ifndef HOLDFAST_CONFIG_SCHEMA_H
#define HOLDFAST_CONFIG_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "config/config.h"

enum schema_type {
	SCHEMA_NUMBER,   /* unsigned or uint16_t, by the field's size */
	SCHEMA_BOOL,     /* bool */
	SCHEMA_WORD,     /* enum, the index among the words */
	SCHEMA_TEXT,     /* char * */
	SCHEMA_ADDRESS,  /* struct config_address */
	SCHEMA_APEX,     /* the names at the start of struct config_zone */
	SCHEMA_SECTION,  /* a mapping with a table of its own */
	SCHEMA_SECTIONS, /* a list of such mappings: array of structs */
};

enum schema_flags {
	SCHEMA_REQUIRED = 1 << 0, /* a list: at least one */
	SCHEMA_LIST = 1 << 1,   /* of scalars: pointer at offset, then count */
	SCHEMA_RANGES = 1 << 2, /* items may be N-M */
	SCHEMA_NULLABLE = 1
	                  << 3, /* text: off, null and ~ without quotes: NULL */
	SCHEMA_POWER = 1 << 4,  /* number: a power of two */
	SCHEMA_ABSOLUTE = 1 << 5, /* text: a path that starts with / */
	SCHEMA_SERVICE = 1 << 6, /* address: one that a host can own; no port */
};

struct schema_row {
	const char *name;
	enum schema_type type;
	unsigned flags;
	size_t offset, size; /* of the field in the section's struct */
	size_t count_offset; /* of lists: an unsigned */
	unsigned low, high;  /* number: range; text: octets; list: items */
	unsigned item_high;  /* list of numbers: their range is 0 to this */
	const char *const *words; /* allowed, NULL at the end; also of text */
	bool (*check)(const char *text); /* text: more than its length */
	const char *allowed;             /* what check wants, for people */
	const char *initial;             /* default as written; NULL: none */
	const char *initial_shown; /* in the reference, where that differs */
	const struct schema_section *section; /* of SECTION and SECTIONS */
	const char *help;
};

struct schema_section {
	const char *path; /* "dataplane.ports[]"; "" is the whole file */
	const char *help;
	const struct schema_row *rows;
	unsigned nrows; /* at most SCHEMA_ROWS_MAX */
	size_t bytes;   /* of the struct that SECTIONS make an array of */
};

enum { SCHEMA_ROWS_MAX = 32 };

extern const struct schema_section schema_root;
extern const struct schema_section schema_policy; /* of config_policy */

/* Sets the defaults of a section's fields; lists of sections stay empty. */
int schema_defaults(
    const struct schema_section *s, void *base, struct err *err);

/* Frees what the fields of a section own. */
void schema_free(const struct schema_section *s, void *base);

/* "1280 to 9000", "auto, software or trust", "true or false", ...: what a row
 * allows. Returns dst. */
char *schema_allowed(char *dst, size_t bytes, const struct schema_row *row);

/* The row of a name, or NULL. */
const struct schema_row *schema_row_find(
    const struct schema_section *s, const char *name);

/* What may have been meant by an unknown name: "did you mean ...?", or where
 * the name is known, or all names known here. Returns dst. */
char *schema_suggest(
    char *dst, size_t bytes, const struct schema_section *s, const char *name);

#endif
