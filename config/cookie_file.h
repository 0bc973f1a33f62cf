/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The file with the secrets of DNS cookies (RFC 9018 section 4.4): a line of 32
 * hexadecimal digits a secret, one or two of them; the first makes cookies,
 * both are accepted. Empty lines and lines that start with "#" are skipped. All
 * nodes of an anycast set have the same file, so it is replaced as a whole, by
 * rename, and looked at again while the daemons run. Secrets are never logged,
 * in no error text either.
 *
 * Main and management threads, and the operator's command; allocates nothing
 * that stays.
 */
#ifndef HOLDFAST_COOKIE_FILE_H
#define HOLDFAST_COOKIE_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/err.h"
#include "config/config.h"

#define COOKIE_FILE_NAME "cookies.secret" /* in the store's directory */

enum { COOKIE_FILE_SECRET_BYTES = 16, COOKIE_FILE_SECRETS_MAX = 2 };

struct cookie_file {
	unsigned count;
	uint8_t secrets[COOKIE_FILE_SECRETS_MAX][COOKIE_FILE_SECRET_BYTES];
};

/* Where the file of a configuration is, for free(): `secret_file`, or the
 * default's name in the store's directory. NULL: out of memory. */
char *cookie_file_path(const char *secret_file, const char *store_dir);

/* A secret from the kernel's random numbers. */
int cookie_secret_random(
    uint8_t out[COOKIE_FILE_SECRET_BYTES], struct err *err);

/* From bytes; `path` is for messages. ERR_SYNTAX names the line. */
int cookie_file_parse(struct cookie_file *out, const char *path,
    const void *text, size_t bytes, struct err *err);

/* ERR_NOT_FOUND if there is none; ERR_REFUSED if everybody may read or write
 * it. */
int cookie_file_read(
    struct cookie_file *out, const char *path, struct err *err);

/* Replaces the file in one step, with owner, group and mode of the one that was
 * there; a new one gets mode 0640 and the group of its directory, so that the
 * daemons, which have a group in common, can read it and nobody else. Without
 * `replace` a file that is there is ERR_EXISTS. */
int cookie_file_write(const struct cookie_file *f, const char *path,
    bool replace, struct err *err);

/* What is seen of a file from look to look. All zero to begin with. */
struct cookie_watch {
	bool looked;
	dev_t device;
	ino_t inode;
	off_t bytes;
	struct timespec changed;
};

/* Reads the file if it is another than at the last look: 1, and `out` is it; 0:
 * nothing is new; negative: it can't be used, said once for each state of it
 * (0 after that). The first look makes a file that is missing. */
int cookie_watch_look(struct cookie_watch *w, const char *path,
    struct cookie_file *out, struct err *err);

#endif
