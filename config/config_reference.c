/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The reference for operators, printed from the schema as Markdown: kept in
 * docs/configuration.md, where a test compares it. Run by `make docs` and
 * `holdfast check --schema`; allocates nothing.
 */
#include "config/config_schema.h"

static void
print_default(FILE *out, const struct schema_row *row)
{
	if (row->initial_shown != NULL)
		fprintf(out, "%s", row->initial_shown);
	else if (row->initial != NULL)
		fprintf(out, "`%s`", row->initial);
	else if (row->flags & SCHEMA_REQUIRED)
		fprintf(out, "**required**");
	else if (row->flags & SCHEMA_NULLABLE)
		fprintf(out, "off");
	else
		fprintf(out, "none");
}

static void
print_row(FILE *out, const struct schema_row *row)
{
	char allowed[256];

	fprintf(out, "| `%s` | ", row->name);
	if (row->flags & SCHEMA_LIST)
		fprintf(out, "list, at most %u: ", row->high);
	if (row->type == SCHEMA_SECTIONS)
		fprintf(out, "list of [sections](#%s), at most %u", row->name,
		    row->high);
	else if (row->flags & SCHEMA_LIST && row->type == SCHEMA_TEXT)
		fprintf(out, "texts");
	else
		fprintf(
		    out, "%s", schema_allowed(allowed, sizeof allowed, row));
	fprintf(out, " | ");
	print_default(out, row);
	fprintf(out, " | %s |\n", row->help);
}

static void
print_section(FILE *out, const struct schema_section *s)
{
	fprintf(out, "\n## %s\n%s\n\n", s->path[0] ? s->path : "Top level",
	    s->help);
	fprintf(out, "| option | allowed | default | meaning |\n"
		     "|---|---|---|---|\n");
	for (unsigned i = 0; i < s->nrows; i++)
		if (s->rows[i].type != SCHEMA_SECTION)
			print_row(out, &s->rows[i]);
	for (unsigned i = 0; i < s->nrows; i++)
		if (s->rows[i].section != NULL)
			print_section(out, s->rows[i].section);
}

int
config_schema_print(FILE *out, struct err *err)
{
	fprintf(out,
	    "# Configuration\n"
	    "<!-- printed from the schema by `make docs`, do not edit -->\n\n"
	    "One YAML file, `" CONFIG_PATH_DEFAULT "` unless `--config` names "
	    "another, is read by\n"
	    "all three daemons: each checks all of it and uses its own "
	    "sections. A file with one\n"
	    "mistake is refused whole, with file, line, option and what is "
	    "allowed.\n"
	    "`config/holdfast.yaml.example` shows every option.\n\n"
	    "A list of values may be written as one value where it has one. "
	    "Anchors, aliases and\n"
	    "tags are refused, and so are options that are given twice.\n");
	print_section(out, &schema_root);
	if (fflush(out) != 0 || ferror(out))
		return err_set_errno(err, "cannot write the reference");
	return 0;
}
