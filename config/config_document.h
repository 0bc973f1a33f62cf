/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A YAML document as a tree of texts, lists and mappings, each with its line:
 * what the loader walks with the schema. One file is one document, in UTF-8,
 * without anchors, aliases and tags, so that a value is what is written where
 * it is used and a small file cannot unfold to a large tree. Used by the thread
 * that loads the configuration; the tree lives in two growing blocks.
 *
 *   nodes  [0] the root   [1] its first child   [2] ...
 *            first --------^     next ------------^
 *   text   "store\0/var/lib/holdfast\0..."   keys and values, by offset
 */
#ifndef HOLDFAST_CONFIG_DOCUMENT_H
#define HOLDFAST_CONFIG_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

enum {
	DOCUMENT_DEPTH_MAX = 8,       /* the schema needs 5 */
	DOCUMENT_NODES_MAX = 2 << 20, /* half a million zones */
	DOCUMENT_NONE = UINT32_MAX    /* no such node, no such text */
};

/* What a file without options is told. */
#define DOCUMENT_EMPTY                                                         \
	"nothing is configured here: the file is empty or has comments alone"

enum document_kind { DOCUMENT_TEXT, DOCUMENT_LIST, DOCUMENT_MAP };

struct document_node {
	uint32_t line;     /* from 1; of the key where there is one */
	uint32_t key;      /* offset of the text, of children of a mapping */
	uint32_t text;     /* offset of the text, of DOCUMENT_TEXT */
	uint32_t first;    /* child */
	uint32_t next;     /* sibling */
	uint32_t children; /* how many */
	uint8_t kind;
	bool plain; /* a text without quotes: only these can be null or off */
};

struct document {
	struct document_node *nodes;
	uint32_t nnodes, cap;
	struct bytes text;
};

/* Texts have no control characters in them. `path` is for messages. The caller
 * calls document_fini() also after an error. */
int document_parse(struct document *d, const char *path, const void *text,
    size_t bytes, struct err *err);
void document_fini(struct document *d);

/* The terminated text at an offset that a node names. */
const char *document_text(const struct document *d, uint32_t offset);

/* The child of a mapping or list; DOCUMENT_NONE if there is none. */
uint32_t document_key_find(
    const struct document *d, uint32_t node, const char *key);
uint32_t document_item_find(
    const struct document *d, uint32_t node, uint32_t index);

#endif
