/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Files read whole and files written safely. A new file is written under a
 * temporary name in the same directory and linked or renamed into place, so a
 * reader never sees half of it. Used by control, tools and management threads.
 */
#ifndef HOLDFAST_FILE_H
#define HOLDFAST_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/err.h"

/* Temporary names start with this. A kill may leave one behind; the owner of
 * a directory removes such files when it opens it. */
#define FILE_TEMPORARY_PREFIX ".new-"

enum file_flags {
	FILE_SYNC = 1, /* fsync file and directory before returning */
	FILE_REPLACE =
	    2, /* rename over an existing file; without: ERR_EXISTS */
};

/* Reads a regular file of at most `most` bytes into `out` (appended). A
 * directory, device or larger file is an error that says so; ERR_NOT_FOUND if
 * there is none. On failure `out` has the length it had. */
int file_read(int dir_fd, const char *path, size_t most, struct bytes *out,
    struct err *err);

/* Writes atomically under `path` with `mode` (the umask does not matter). On
 * failure nothing is left. */
int file_write(int dir_fd, const char *path, unsigned mode, const void *data,
    size_t bytes, unsigned flags, struct err *err);

/* write(2) until all is out or an error; 0 or ERR_IO. */
int file_write_all(int fd, const void *data, size_t bytes, struct err *err);

/* mkdir -p. */
int file_make_directories(const char *path, unsigned mode, struct err *err);

#endif
