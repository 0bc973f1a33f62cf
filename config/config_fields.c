/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The structs of the schema's sections from defaults, and back to nothing. Run
 * by the thread that loads the configuration. Functions that call themselves
 * follow the tables, five levels deep.
 */
#include <stdlib.h>

#include "config/config_scalar.h"
#include "config/config_schema.h"

int
schema_defaults(const struct schema_section *s, void *base, struct err *err)
{
	for (unsigned i = 0; i < s->nrows; i++) {
		const struct schema_row *row = &s->rows[i];
		int rc = 0;

		if (row->type == SCHEMA_SECTION)
			rc = schema_defaults(row->section, base, err);
		else if (row->initial != NULL)
			rc = scalar_set(row, (char *)base + row->offset,
			    row->initial, true, err);
		if (rc != 0)
			return err_add(err, "default of %s", row->name);
	}
	return 0;
}

static void
schema_row_free(const struct schema_row *row, char *base)
{
	void **at = (void *)(base + row->offset);
	unsigned n = row->flags & SCHEMA_LIST || row->type == SCHEMA_SECTIONS
	                 ? *(unsigned *)(base + row->count_offset)
	                 : 0;

	if (row->type == SCHEMA_SECTION) {
		schema_free(row->section, base);
	} else if (row->type == SCHEMA_SECTIONS) {
		for (unsigned i = 0; i < n; i++)
			schema_free(row->section,
			    (char *)*at + i * row->section->bytes);
		free(*at);
	} else if (row->flags & SCHEMA_LIST) {
		for (unsigned i = 0; row->type == SCHEMA_TEXT && i < n; i++)
			free(((char **)*at)[i]);
		free(*at);
	} else if (row->type == SCHEMA_APEX) {
		free(((struct config_zone *)base)->name);
	} else if (row->type == SCHEMA_TEXT) {
		free(*at);
	}
}

void
schema_free(const struct schema_section *s, void *base)
{
	for (unsigned i = 0; i < s->nrows; i++)
		schema_row_free(&s->rows[i], base);
}
