/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The folders that a parser may read: those of the zone files, each once. If
 * there are more than a rule each is worth, the deepest give way to the folders
 * that they are in. Worker thread; allocates a path a folder.
 */
#ifndef HOLDFAST_PARSER_FOLDERS_H
#define HOLDFAST_PARSER_FOLDERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/err.h"

/* What was there under a folder's path: another folder may come under it. */
struct folder_identity {
	uint64_t device, inode; /* 0: nothing */
};

struct parser_folders {
	char **paths; /* sorted, no two alike, once settled */
	size_t count, cap;
	struct folder_identity *seen; /* of each, when last noted; or NULL */
};

void parser_folders_fini(struct parser_folders *f);
/* The folder of this file; settle afterwards. */
int parser_folders_add(
    struct parser_folders *f, const char *file, struct err *err);
/* Sorts, unites, and has at most `most`. */
void parser_folders_settle(struct parser_folders *f, size_t most);
/* Remembers what is there now. */
void parser_folders_note(struct parser_folders *f);
/* True if neither the file's folder nor one above it is among those that were
 * noted, or if something else is there now. */
bool parser_folders_are_stale(const struct parser_folders *f, const char *file);

#endif
