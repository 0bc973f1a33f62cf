/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Builds the tree of a YAML document from the events of libyaml. Run by the
 * thread that loads the configuration. Open lists and mappings are kept on a
 * small stack, so nothing recurses on input; libyaml's own parser is a state
 * machine that reads no further than the event asked for, so what is too deep
 * or too large is refused where it is.
 */
#include "config/config_document.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* A list or mapping whose end has not come yet. */
struct open_node {
	uint32_t node, last; /* last child so far */
	uint32_t key;        /* read, and waiting for its value */
	uint32_t key_line;
};

struct document_builder {
	struct document *d;
	const char *path;
	struct err *err;
	struct open_node open[DOCUMENT_DEPTH_MAX];
	unsigned depth;
	unsigned documents;
	bool done;
};

const char *
document_text(const struct document *d, uint32_t offset)
{
	return (const char *)d->text.data + offset;
}

uint32_t
document_key_find(const struct document *d, uint32_t node, const char *key)
{
	if (d->nodes[node].kind != DOCUMENT_MAP)
		return DOCUMENT_NONE;
	for (uint32_t i = d->nodes[node].first; i != DOCUMENT_NONE;
	     i = d->nodes[i].next)
		if (strcmp(document_text(d, d->nodes[i].key), key) == 0)
			return i;
	return DOCUMENT_NONE;
}

uint32_t
document_item_find(const struct document *d, uint32_t node, uint32_t index)
{
	uint32_t i = d->nodes[node].first;

	if (d->nodes[node].kind != DOCUMENT_LIST)
		return DOCUMENT_NONE;
	while (i != DOCUMENT_NONE && index-- != 0)
		i = d->nodes[i].next;
	return i;
}

static uint32_t
event_line(const yaml_event_t *e)
{
	return (uint32_t)e->start_mark.line + 1;
}

static int
builder_fail(struct document_builder *b, const yaml_event_t *e, const char *why)
{
	return err_set(
	    b->err, ERR_SYNTAX, "%s:%u: %s", b->path, event_line(e), why);
}

/* Copies a scalar's text; refuses what would not print or would end early. */
static int
builder_text(struct document_builder *b, const yaml_event_t *e, uint32_t *out)
{
	const uint8_t *p = e->data.scalar.value;
	size_t n = e->data.scalar.length;

	for (size_t i = 0; i < n; i++)
		if (p[i] < 0x20 || p[i] == 0x7f)
			return builder_fail(b, e,
			    "a value or key with a line break or another "
			    "control character in it");
	*out = (uint32_t)bytes_append(&b->d->text, p, n);
	bytes_append_zero(&b->d->text, 1);
	if (b->d->text.failed)
		return err_set(
		    b->err, ERR_NO_MEMORY, "%s: out of memory", b->path);
	return 0;
}

/* A new node, linked to the innermost open list or mapping. */
static int
builder_node(struct document_builder *b, const yaml_event_t *e,
    enum document_kind kind, uint32_t *out)
{
	struct document *d = b->d;
	struct open_node *in = b->depth ? &b->open[b->depth - 1] : NULL;
	struct document_node *n, *grown;

	if (d->nnodes == DOCUMENT_NODES_MAX)
		return builder_fail(b, e,
		    "more values than a configuration may have; name the zones "
		    "in a list file (zones_from)");
	if (d->nnodes == d->cap) {
		uint32_t cap = d->cap ? 2 * d->cap : 256;

		grown = reallocarray(d->nodes, cap, sizeof *d->nodes);
		if (grown == NULL)
			return err_set(b->err, ERR_NO_MEMORY,
			    "%s: out of memory", b->path);
		d->nodes = grown;
		d->cap = cap;
	}
	*out = d->nnodes++;
	n = &d->nodes[*out];
	*n = (struct document_node){.line = event_line(e),
	    .key = DOCUMENT_NONE,
	    .text = DOCUMENT_NONE,
	    .first = DOCUMENT_NONE,
	    .next = DOCUMENT_NONE,
	    .kind = (uint8_t)kind};
	if (in == NULL)
		return 0;
	if (in->key != DOCUMENT_NONE) {
		n->key = in->key;
		n->line = in->key_line;
		in->key = DOCUMENT_NONE;
	}
	if (in->last == DOCUMENT_NONE)
		d->nodes[in->node].first = *out;
	else
		d->nodes[in->last].next = *out;
	in->last = *out;
	d->nodes[in->node].children++;
	return 0;
}

/* True if the next node is a key, not a value. */
static bool
builder_wants_key(const struct document_builder *b)
{
	const struct open_node *in;

	if (b->depth == 0)
		return false;
	in = &b->open[b->depth - 1];
	return b->d->nodes[in->node].kind == DOCUMENT_MAP &&
	       in->key == DOCUMENT_NONE;
}

static int
builder_open(
    struct document_builder *b, const yaml_event_t *e, enum document_kind kind)
{
	uint32_t node = 0;
	int rc;

	if (builder_wants_key(b))
		return builder_fail(b, e,
		    "a list or a mapping where the name of an option is "
		    "expected");
	if (b->depth == DOCUMENT_DEPTH_MAX)
		return builder_fail(b, e, "lists and mappings nest too deep");
	rc = builder_node(b, e, kind, &node);
	if (rc != 0)
		return rc;
	b->open[b->depth++] = (struct open_node){
	    .node = node, .last = DOCUMENT_NONE, .key = DOCUMENT_NONE};
	return 0;
}

static int
builder_scalar(struct document_builder *b, const yaml_event_t *e)
{
	uint32_t text = 0, node = 0;
	int rc = builder_text(b, e, &text);

	if (rc != 0)
		return rc;
	if (builder_wants_key(b)) {
		b->open[b->depth - 1].key = text;
		b->open[b->depth - 1].key_line = event_line(e);
		return 0;
	}
	rc = builder_node(b, e, DOCUMENT_TEXT, &node);
	if (rc != 0)
		return rc;
	b->d->nodes[node].text = text;
	b->d->nodes[node].plain =
	    e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	return 0;
}

/* Anchors, tags and aliases change what a value is behind the reader's back. */
static int
builder_decorations(struct document_builder *b, const yaml_event_t *e)
{
	const yaml_char_t *anchor = NULL, *tag = NULL;

	if (e->type == YAML_SCALAR_EVENT) {
		anchor = e->data.scalar.anchor;
		tag = e->data.scalar.tag;
	} else if (e->type == YAML_SEQUENCE_START_EVENT) {
		anchor = e->data.sequence_start.anchor;
		tag = e->data.sequence_start.tag;
	} else if (e->type == YAML_MAPPING_START_EVENT) {
		anchor = e->data.mapping_start.anchor;
		tag = e->data.mapping_start.tag;
	}
	if (anchor != NULL || e->type == YAML_ALIAS_EVENT)
		return builder_fail(b, e,
		    "anchors (&name) and aliases (*name) are not allowed, "
		    "write the value out, or in quotes if it starts with & "
		    "or *");
	if (tag != NULL)
		return builder_fail(b, e,
		    "tags (!type) are not allowed, write the value in quotes "
		    "if it starts with !");
	return 0;
}

static int
builder_event(struct document_builder *b, const yaml_event_t *e)
{
	int rc = builder_decorations(b, e);

	if (rc != 0)
		return rc;
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (b->documents++ != 0)
			return builder_fail(b, e,
			    "a second document starts here, a configuration "
			    "is one");
		return 0;
	case YAML_MAPPING_START_EVENT:
		return builder_open(b, e, DOCUMENT_MAP);
	case YAML_SEQUENCE_START_EVENT:
		return builder_open(b, e, DOCUMENT_LIST);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		b->depth--;
		return 0;
	case YAML_SCALAR_EVENT:
		return builder_scalar(b, e);
	case YAML_STREAM_END_EVENT:
		b->done = true;
		return 0;
	default:
		return 0;
	}
}

/* libyaml knows the line of what it could not parse, but only the offset of
 * what is no UTF-8. */
static int
builder_syntax(struct document_builder *b, const yaml_parser_t *p,
    const uint8_t *text, size_t bytes)
{
	unsigned line = 1;
	int rc;

	if (p->error == YAML_MEMORY_ERROR)
		return err_set(
		    b->err, ERR_NO_MEMORY, "%s: out of memory", b->path);
	if (p->error != YAML_READER_ERROR) {
		rc = err_set(b->err, ERR_SYNTAX, "%s:%zu: %s%s%s", b->path,
		    p->problem_mark.line + 1, p->problem, p->context ? " " : "",
		    p->context ? p->context : "");
		if (p->context != NULL &&
		    p->context_mark.line < p->problem_mark.line)
			rc = err_set(b->err, rc, "%s that starts in line %zu",
			    b->err->text, p->context_mark.line + 1);
		return rc;
	}
	for (size_t i = 0; i < bytes && i < p->problem_offset; i++)
		line += text[i] == '\n';
	return err_set(b->err, ERR_SYNTAX, "%s:%u: not UTF-8 text: %s", b->path,
	    line, p->problem);
}

int
document_parse(struct document *d, const char *path, const void *text,
    size_t bytes, struct err *err)
{
	struct document_builder b = {.d = d, .path = path, .err = err};
	yaml_parser_t parser;
	yaml_event_t event;
	int rc = 0;

	/* a mark at the start is no indentation; libyaml takes it for some */
	if (bytes >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text = (const uint8_t *)text + 3;
		bytes -= 3;
	}
	memset(d, 0, sizeof *d);
	bytes_init(&d->text);
	if (!yaml_parser_initialize(&parser))
		return err_set(err, ERR_NO_MEMORY, "%s: out of memory", path);
	/* named, or other byte order marks would switch it to UTF-16 */
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, text, bytes);
	while (rc == 0 && !b.done) {
		if (!yaml_parser_parse(&parser, &event)) {
			rc = builder_syntax(&b, &parser, text, bytes);
			break;
		}
		rc = builder_event(&b, &event);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	if (rc == 0 && d->nnodes == 0)
		rc = err_set(err, ERR_SYNTAX, "%s:1: " DOCUMENT_EMPTY, path);
	return rc;
}

void
document_fini(struct document *d)
{
	free(d->nodes);
	bytes_fini(&d->text);
	memset(d, 0, sizeof *d);
}
