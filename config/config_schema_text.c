/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The schema in words: what a row allows, and what a mistyped name may have
 * meant. Allocates nothing.
 */
#include "config/config_schema.h"

#include <stdarg.h>
#include <string.h>

/* A text that is put together in a buffer and cut where that ends. */
struct line {
	char *at, *end;
};

static void __attribute__((format(printf, 2, 3)))
line_add(struct line *l, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(l->at, (size_t)(l->end - l->at), format, args);
	va_end(args);
	if (n > 0)
		l->at += n < l->end - l->at ? n : l->end - l->at - 1;
}

static void
add_words(struct line *l, const char *const *words)
{
	for (unsigned i = 0; words[i] != NULL; i++)
		line_add(l, "%s%s",
		    i == 0                 ? ""
		    : words[i + 1] == NULL ? " or "
					   : ", ",
		    words[i]);
}

static void
add_text(struct line *l, const struct schema_row *row)
{
	if (row->words != NULL)
		add_words(l, row->words);
	else if (row->check != NULL)
		line_add(l, "%s", row->allowed);
	else if (row->flags & SCHEMA_ABSOLUTE)
		line_add(l, "absolute paths");
	else
		line_add(l, "texts of at most %u octets", row->high);
	if (row->flags & SCHEMA_NULLABLE)
		line_add(l, "; or off");
}

char *
schema_allowed(char *dst, size_t bytes, const struct schema_row *row)
{
	struct line l = {.at = dst, .end = dst + bytes};

	*dst = '\0';
	switch (row->type) {
	case SCHEMA_NUMBER:
		line_add(&l, "%u to %u",
		    row->flags & SCHEMA_LIST ? 0 : row->low,
		    row->flags & SCHEMA_LIST ? row->item_high : row->high);
		if (row->flags & SCHEMA_RANGES)
			line_add(&l, " and ranges as 2-5");
		if (row->flags & SCHEMA_POWER)
			line_add(&l, ", powers of two");
		break;
	case SCHEMA_BOOL:
		line_add(&l, "true or false");
		break;
	case SCHEMA_WORD:
		add_words(&l, row->words);
		break;
	case SCHEMA_TEXT:
		add_text(&l, row);
		break;
	case SCHEMA_ADDRESS:
		line_add(&l, "IPv4 and IPv6 addresses%s",
		    row->flags & SCHEMA_SERVICE
			? " that a host can own, without a port"
			: ", with @PORT or for port 53");
		break;
	case SCHEMA_APEX:
		line_add(&l, "domain names");
		break;
	case SCHEMA_SECTION:
	case SCHEMA_SECTIONS:
		line_add(&l, "sections");
		break;
	}
	return dst;
}

const struct schema_row *
schema_row_find(const struct schema_section *s, const char *name)
{
	for (unsigned i = 0; i < s->nrows; i++)
		if (strcmp(s->rows[i].name, name) == 0)
			return &s->rows[i];
	return NULL;
}

enum { SUGGEST_NAME_MAX = 32 };

static unsigned
least(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

/* Letters to add, take away or change to get from one to the other. Both are
 * shorter than SUGGEST_NAME_MAX. */
static unsigned
edit_distance(const char *a, const char *b)
{
	unsigned row[SUGGEST_NAME_MAX + 1], nb = (unsigned)strlen(b);

	for (unsigned j = 0; j <= nb; j++)
		row[j] = j;
	for (unsigned i = 0; a[i] != '\0'; i++) {
		unsigned diagonal = row[0];

		row[0] = i + 1;
		for (unsigned j = 1; j <= nb; j++) {
			unsigned above = row[j];

			row[j] = least(above + 1, row[j - 1] + 1,
			    diagonal + (a[i] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[nb];
}

static const char *
nearest_find(const struct schema_section *s, const char *name)
{
	unsigned best = 1 + (unsigned)strlen(name) / 3;
	const char *found = NULL;

	if (best > 3)
		best = 3;
	for (unsigned i = 0; i < s->nrows; i++) {
		unsigned d = edit_distance(name, s->rows[i].name);

		if (d < best || (d == best && found == NULL)) {
			best = d;
			found = s->rows[i].name;
		}
	}
	return found;
}

/* Sections nest as deep as the tables do. */
static const struct schema_section *
section_with_find(const struct schema_section *s, const char *name)
{
	const struct schema_section *found = NULL;

	if (schema_row_find(s, name) != NULL)
		return s;
	for (unsigned i = 0; i < s->nrows && found == NULL; i++)
		if (s->rows[i].section != NULL)
			found = section_with_find(s->rows[i].section, name);
	return found;
}

char *
schema_suggest(
    char *dst, size_t bytes, const struct schema_section *s, const char *name)
{
	struct line l = {.at = dst, .end = dst + bytes};
	const struct schema_section *other;
	const char *near;

	*dst = '\0';
	if (strlen(name) < SUGGEST_NAME_MAX) {
		other = section_with_find(&schema_root, name);
		near = nearest_find(s, name);
		if (near != NULL) {
			line_add(&l, "did you mean \"%s\"?", near);
			return dst;
		}
		if (other != NULL) {
			line_add(&l, "did you mean \"%s%s%s\"?", other->path,
			    other->path[0] ? "." : "", name);
			return dst;
		}
	}
	line_add(&l, "known here are ");
	for (unsigned i = 0; i < s->nrows; i++)
		line_add(&l, "%s%s",
		    i == 0             ? ""
		    : i + 1 < s->nrows ? ", "
				       : " and ",
		    s->rows[i].name);
	return dst;
}
