/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A file of a store by itself (cell, manifest, records), as `show` and `verify`
 * get it on the command line.
 */
#ifndef HOLDFAST_STORE_FILE_H
#define HOLDFAST_STORE_FILE_H

#include "base/bytes.h"
#include "snapshot/digest.h"
#include "tools/tool_output.h"

enum store_file_kind { FILE_CELL, FILE_MANIFEST, FILE_PACK };

struct store_file {
	const char *path;
	enum store_file_kind kind;
	struct bytes text; /* aligned to 64 in `aligned` */
	uint8_t *aligned;
	struct digest digest; /* of the bytes */
	bool named;           /* the file's name is a digest: */
	struct digest name;
};

/* True if the word means a file and no generation. */
bool store_file_is(const char *word);
int store_file_read(struct store_file *f, const char *path, struct err *err);
void store_file_fini(struct store_file *f);
const char *store_file_kind_name(enum store_file_kind kind);

/* Digest against name, and structure. A cell is checked against what its own
 * header says that it is; the store's key is taken from `key_store`, which may
 * be NULL. */
int store_file_verify(
    const struct store_file *f, struct store *key_store, struct err *err);

/* What is in it, as JSON or text. */
int store_file_show(
    const struct store_file *f, const struct tool *t, struct err *err);

#endif
