/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Walks a document's tree with the tables of the schema and fills the fields
 * that they name. Run by the thread that loads the configuration; allocates the
 * arrays and texts of the fields. Functions that call themselves follow the
 * tables, five levels deep, never the input.
 */
#include "config/config_walk.h"

#include <stdlib.h>
#include <string.h>

#include "config/config_quote.h"
#include "config/config_scalar.h"
#include "config/config_schema.h"

/* Where the walk is; the path of the option is kept for messages. */
struct walk {
	const struct document *d;
	const char *file;
	struct err *err;
	char path[160]; /* "dataplane.ports[0].mtu" */
	size_t len;
};

static int section_walk(
    struct walk *w, const struct schema_section *s, void *base, uint32_t node);

static const struct document_node *
walk_node(const struct walk *w, uint32_t node)
{
	return &w->d->nodes[node];
}

/* Appends to the path; returns the length to go back to. */
static size_t
walk_enter(struct walk *w, const char *name)
{
	size_t before = w->len;

	w->len += (size_t)snprintf(w->path + w->len, sizeof w->path - w->len,
	    "%s%s", before ? "." : "", name);
	return before;
}

static size_t
walk_enter_item(struct walk *w, unsigned index)
{
	size_t before = w->len;

	w->len += (size_t)snprintf(
	    w->path + w->len, sizeof w->path - w->len, "[%u]", index);
	return before;
}

static void
walk_leave(struct walk *w, size_t before)
{
	w->len = before;
	w->path[before] = '\0';
}

/* Puts file, line and option in front of what is in w->err. */
static int
walk_blame(struct walk *w, uint32_t node)
{
	if (w->len == 0)
		return err_add(
		    w->err, "%s:%u", w->file, walk_node(w, node)->line);
	return err_add(w->err, "%s:%u: option \"%s\"", w->file,
	    walk_node(w, node)->line, w->path);
}

static int
walk_fail(struct walk *w, uint32_t node, const char *why)
{
	err_set(w->err, ERR_SYNTAX, "%s", why);
	return walk_blame(w, node);
}

static bool
is_null(const struct walk *w, uint32_t node)
{
	const struct document_node *n = walk_node(w, node);
	const char *text;

	if (n->kind != DOCUMENT_TEXT || !n->plain)
		return false;
	text = document_text(w->d, n->text);
	return *text == '\0' || strcmp(text, "~") == 0 ||
	       strcmp(text, "null") == 0;
}

static int
scalar_walk(
    struct walk *w, const struct schema_row *row, void *field, uint32_t node)
{
	const struct document_node *n = walk_node(w, node);
	int rc;

	if (n->kind != DOCUMENT_TEXT)
		return walk_fail(w, node,
		    n->kind == DOCUMENT_LIST
			? "a list is given, allowed is one value"
			: "a mapping is given, allowed is one value");
	rc = scalar_set(
	    row, field, document_text(w->d, n->text), n->plain, w->err);
	return rc ? walk_blame(w, node) : 0;
}

/* Room for `more` elements behind the `*count` that are there, zeroed. */
static int
array_grow(struct walk *w, const struct schema_row *row, void **array,
    unsigned count, unsigned more, size_t each)
{
	void *grown;

	if (more > row->high || count > row->high - more)
		return err_set(w->err, ERR_LIMIT,
		    "too many values, allowed are %u", row->high);
	grown = reallocarray(*array, count + more, each);
	if (grown == NULL)
		return err_set(w->err, ERR_NO_MEMORY, "out of memory");
	memset((char *)grown + count * each, 0, more * each);
	*array = grown;
	return 0;
}

/* One item of a list of scalars; a range becomes several elements. */
static int
item_walk(struct walk *w, const struct schema_row *row, void **array,
    unsigned *count, uint32_t node)
{
	const struct document_node *n = walk_node(w, node);
	size_t each = scalar_bytes(row);
	unsigned first = 0, last = 0;
	int rc = 0;

	if (row->flags & SCHEMA_RANGES && n->kind == DOCUMENT_TEXT)
		rc = scalar_range(
		    row, document_text(w->d, n->text), &first, &last, w->err);
	if (rc == 0)
		rc = array_grow(w, row, array, *count, last - first + 1, each);
	if (rc != 0)
		return walk_blame(w, node);
	if (row->flags & SCHEMA_RANGES && n->kind == DOCUMENT_TEXT) {
		while (first <= last)
			((unsigned *)*array)[(*count)++] = first++;
		return 0;
	}
	rc = scalar_walk(w, row, (char *)*array + *count * each, node);
	*count += rc == 0;
	return rc;
}

static int
list_walk(
    struct walk *w, const struct schema_row *row, void *base, uint32_t node)
{
	const struct document_node *n = walk_node(w, node);
	void **array = (void *)((char *)base + row->offset);
	unsigned *count = (void *)((char *)base + row->count_offset);
	unsigned index = 0;

	if (is_null(w, node))
		return 0;
	if (n->kind != DOCUMENT_LIST) /* one value stands for a list of one */
		return item_walk(w, row, array, count, node);
	for (uint32_t i = n->first; i != DOCUMENT_NONE;
	     i = walk_node(w, i)->next) {
		size_t before = walk_enter_item(w, index++);
		int rc = item_walk(w, row, array, count, i);

		if (rc != 0)
			return rc;
		walk_leave(w, before);
	}
	return 0;
}

/* A list of mappings, each an element of an array of structs. */
static int
sections_walk(
    struct walk *w, const struct schema_row *row, void *base, uint32_t node)
{
	const struct schema_section *s = row->section;
	const struct document_node *n = walk_node(w, node);
	void **array = (void *)((char *)base + row->offset);
	unsigned *count = (void *)((char *)base + row->count_offset);

	if (is_null(w, node))
		return 0;
	if (n->kind != DOCUMENT_LIST)
		return walk_fail(
		    w, node, "allowed is a list: items that start with \"- \"");
	if (array_grow(w, row, array, 0, n->children, s->bytes) != 0)
		return walk_blame(w, node);
	for (uint32_t i = n->first; i != DOCUMENT_NONE;
	     i = walk_node(w, i)->next) {
		size_t before = walk_enter_item(w, *count);
		void *element = (char *)*array + *count * s->bytes;
		int rc;

		++*count; /* from here on config_free() looks at it */
		rc = schema_defaults(s, element, w->err);
		if (rc == 0)
			rc = section_walk(w, s, element, i);
		if (rc != 0)
			return rc;
		walk_leave(w, before);
	}
	return 0;
}

static int
row_walk(
    struct walk *w, const struct schema_row *row, void *base, uint32_t node)
{
	if (row->type == SCHEMA_SECTION)
		return section_walk(w, row->section, base, node);
	if (row->type == SCHEMA_SECTIONS)
		return sections_walk(w, row, base, node);
	if (row->flags & SCHEMA_LIST)
		return list_walk(w, row, base, node);
	return scalar_walk(w, row, (char *)base + row->offset, node);
}

static int
unknown_option(struct walk *w, const struct schema_section *s, uint32_t node)
{
	const char *key = document_text(w->d, walk_node(w, node)->key);
	char quoted[CONFIG_QUOTE_MAX], suggestion[512];

	schema_suggest(suggestion, sizeof suggestion, s, key);
	config_quote(quoted, key);
	return err_set(w->err, ERR_SYNTAX, "%s:%u: unknown option \"%s%s%s, %s",
	    w->file, walk_node(w, node)->line, w->path, w->len ? "." : "",
	    quoted + 1, suggestion);
}

static bool
row_is_empty(const struct schema_row *row, const char *base)
{
	const struct config_zone *z = (const void *)(base + row->offset);

	if (row->type == SCHEMA_APEX)
		return z->name == NULL;
	if (row->flags & SCHEMA_LIST)
		return *(const unsigned *)(base + row->count_offset) == 0;
	return *(char *const *)(base + row->offset) == NULL;
}

static int
required_check(struct walk *w, const struct schema_section *s, const void *base,
    uint32_t node)
{
	for (unsigned i = 0; i < s->nrows; i++) {
		const struct schema_row *row = &s->rows[i];

		if (!(row->flags & SCHEMA_REQUIRED) || !row_is_empty(row, base))
			continue;
		walk_enter(w, row->name);
		return err_set(w->err, ERR_SYNTAX,
		    "%s:%u: option \"%s\" is missing or empty, and has no "
		    "default",
		    w->file, walk_node(w, node)->line, w->path);
	}
	return 0;
}

static int
section_walk(
    struct walk *w, const struct schema_section *s, void *base, uint32_t node)
{
	uint32_t seen[SCHEMA_ROWS_MAX] = {0}; /* line of each row's option */

	if (is_null(w, node)) /* a section with all its lines commented out */
		return required_check(w, s, base, node);
	if (walk_node(w, node)->kind != DOCUMENT_MAP)
		return walk_fail(
		    w, node, "allowed is a section: lines \"option: value\"");
	for (uint32_t i = walk_node(w, node)->first; i != DOCUMENT_NONE;
	     i = walk_node(w, i)->next) {
		const struct schema_row *row = schema_row_find(
		    s, document_text(w->d, walk_node(w, i)->key));
		size_t before;
		int rc;

		if (row == NULL)
			return unknown_option(w, s, i);
		before = walk_enter(w, row->name);
		if (seen[row - s->rows] != 0)
			return err_set(w->err, ERR_SYNTAX,
			    "%s:%u: option \"%s\" is given twice, first in "
			    "line %u",
			    w->file, walk_node(w, i)->line, w->path,
			    seen[row - s->rows]);
		seen[row - s->rows] = walk_node(w, i)->line;
		rc = row_walk(w, row, base, i);
		if (rc != 0)
			return rc;
		walk_leave(w, before);
	}
	return required_check(w, s, base, node);
}

int
config_walk(struct config *c, const struct document *d, const char *file,
    struct err *err)
{
	struct walk w = {.d = d, .file = file, .err = err};

	/* not as a section: a file cut to nothing must not pass for defaults */
	if (is_null(&w, 0))
		return err_set(err, ERR_SYNTAX, "%s:1: " DOCUMENT_EMPTY, file);
	return section_walk(&w, &schema_root, c, 0);
}
