/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Inside of the store: what snapshot/store*.c share.
 */
#ifndef HOLDFAST_STORE_PARTS_H
#define HOLDFAST_STORE_PARTS_H

#include "snapshot/store.h"

enum {
	STORE_NAME_MAX = 128, /* "generations/" DIGEST ".manifest" */
	STORE_TEXT_MOST = 64 << 20,
};

struct store {
	char *dir;
	int fd;
	unsigned flags;
	struct name_key key;
	int lock_fd[2]; /* owner, commit; -1: not held */
	unsigned temporaries;
};

/* Whose temporary files a name is of: each lock's next taker removes those
 * that the one before left. */
#define STORE_TEMPORARY        ".new-"
#define STORE_TEMPORARY_OWNER  ".new-o-"
#define STORE_TEMPORARY_COMMIT ".new-c-"

/* "cells/DIGEST.cell" */
void store_file_name(char dst[STORE_NAME_MAX], enum store_kind kind,
    const struct digest *digest);
/* "cells" */
const char *store_kind_folder(enum store_kind kind);

/* The digest in a file's name ("DIGEST.cell"); false for other names. */
bool store_name_digest(
    enum store_kind kind, const char *name, struct digest *out);

/* ERR_USAGE for a handle that was opened to read. */
int store_may_write(const struct store *s, struct err *err);

/* Makes the entries of a folder ("." for the store itself) durable. */
int store_folder_sync(struct store *s, const char *folder, struct err *err);

/* A text file ends in a line "sum DIGEST" over all before it. Appends that. */
void store_text_seal(struct bytes *text);
/* Checks it and cuts it off; terminates the text. */
int store_text_check(const char *name, struct bytes *text, struct err *err);
/* Replaces a text file of the store by rename, synced. */
int store_text_write(struct store *s, const char *name,
    const struct bytes *text, const char *prefix, struct err *err);

/* Calls `each` for the digests of a folder. */
int store_folder_each(struct store *s, enum store_kind kind,
    int (*each)(void *arg, const struct digest *digest, const char *path,
	struct err *err),
    void *arg, struct err *err);

/* A manifest of the store, read, its digest and structure checked. */
int store_manifest_read(struct store *s, enum store_kind kind,
    const struct digest *digest, struct bytes *out, struct err *err);

/* Files with a digest a line; "#" starts a comment. */
#define STORE_PINS     "pins"
#define STORE_WANTED   "wanted"   /* by a rollback; commit lock */
#define STORE_REMOVING "removing" /* by retention; owner lock */

/* None for a file that is not there. Caller frees. */
int store_digests_read(struct store *s, const char *name, struct digest **out,
    size_t *count, struct err *err);

/* Where a test may kill the process: see tests/unit/test_store_crash.c. */
#ifdef HOLDFAST_FAULTS
extern void (*store_step_hook)(const char *name); /* or what it sees there */
void store_step(const char *name);
#else
static inline void
store_step(const char *name)
{
	(void)name;
}
#endif

#endif
