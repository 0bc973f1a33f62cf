/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Files read whole, and files written so that a reader never sees half of
 * one. Runs in control, tools and management threads; allocates only what the
 * caller's buffer grows by.
 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Reads until end of file or an error. A file may grow while it is read: one
 * byte over `most` is enough to refuse it. */
static int
fd_read_all(
    int fd, const char *path, size_t most, struct bytes *out, struct err *err)
{
	size_t start = out->len;

	for (;;) {
		size_t got = out->len - start;
		size_t want = most - got < 65536 ? most - got + 1 : 65536;
		ssize_t n;

		if (!bytes_reserve(out, want))
			return err_set(err, ERR_NO_MEMORY,
			    "%s: out of memory while reading it", path);
		n = read(fd, out->data + out->len, want);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set_errno(err, "%s: cannot read", path);
		if (n == 0)
			return 0;
		if ((size_t)n > most - got)
			return err_set(err, ERR_LIMIT,
			    "%s: larger than %zu bytes", path, most);
		out->len += (size_t)n;
	}
}

static int
fd_check_regular(int fd, const char *path, size_t most, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set_errno(err, "%s: cannot stat", path);
	if (S_ISDIR(st.st_mode))
		return err_set(
		    err, ERR_IO, "%s: it is a directory, not a file", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_IO,
		    "%s: it is a device, pipe or socket, not a regular file",
		    path);
	if ((unsigned long long)st.st_size > most)
		return err_set(err, ERR_LIMIT,
		    "%s: %lld bytes, larger than %zu", path,
		    (long long)st.st_size, most);
	return 0;
}

int
file_read(int dir_fd, const char *path, size_t most, struct bytes *out,
    struct err *err)
{
	size_t start = out->len;
	int fd, rc;

	/* O_NONBLOCK: opening a FIFO must not wait for its writer. */
	fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		rc = errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
		err_set_errno(err, "%s: cannot open", path);
		if (err)
			err->code = rc;
		return rc;
	}
	rc = fd_check_regular(fd, path, most, err);
	if (rc == 0)
		rc = fd_read_all(fd, path, most, out, err);
	if (rc < 0)
		out->len = start;
	close(fd);
	return rc;
}

int
file_write_all(int fd, const void *data, size_t bytes, struct err *err)
{
	const char *at = data;

	while (bytes) {
		ssize_t n = write(fd, at, bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set_errno(err, "cannot write");
		at += n;
		bytes -= (size_t)n;
	}
	return 0;
}

/* A temporary name beside `path`, its directory kept. Process id and a count
 * make it unique among the living; O_EXCL does among the dead. */
static int
temporary_name(char dst[PATH_MAX], const char *path, struct err *err)
{
	static atomic_uint count;
	const char *slash = strrchr(path, '/');
	int dir = slash ? (int)(slash - path) + 1 : 0;
	int n = snprintf(dst, PATH_MAX, "%.*s" FILE_TEMPORARY_PREFIX "%ld-%u",
	    dir, path, (long)getpid(), atomic_fetch_add(&count, 1));

	if (n < 0 || n >= PATH_MAX)
		return err_set(
		    err, ERR_LIMIT, "%.200s...: path too long", path);
	return 0;
}

/* Makes the directory entry of `path` durable. */
static int
directory_sync(int dir_fd, const char *path, struct err *err)
{
	char dir[PATH_MAX] = ".";
	const char *slash = strrchr(path, '/');
	int fd, rc = 0;

	if (slash)
		snprintf(
		    dir, sizeof dir, "%.*s", (int)(slash - path) + 1, path);
	fd = openat(dir_fd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set_errno(
		    err, "%s: cannot open its directory", path);
	if (fsync(fd) < 0)
		rc = err_set_errno(err, "%s: cannot sync its directory", path);
	close(fd);
	return rc;
}

/* Creates the temporary file with all of the data; on failure it may be left
 * behind for the caller to remove. */
static int
temporary_write(int dir_fd, const char *temporary, unsigned mode,
    const void *data, size_t bytes, unsigned flags, struct err *err)
{
	int fd = openat(
	    dir_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int rc;

	if (fd < 0 && errno == EEXIST) {
		/* of a process that had our id and died */
		unlinkat(dir_fd, temporary, 0);
		fd = openat(dir_fd, temporary,
		    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	}
	if (fd < 0)
		return err_set_errno(err, "cannot create %s", temporary);
	rc = file_write_all(fd, data, bytes, err);
	/* fchmod: the mode asked for, whatever the umask is */
	if (rc == 0 && fchmod(fd, mode) < 0)
		rc = err_set_errno(err, "cannot set mode %o", mode);
	if (rc == 0 && (flags & FILE_SYNC) && fsync(fd) < 0)
		rc = err_set_errno(err, "cannot sync");
	if (close(fd) < 0 && rc == 0)
		rc = err_set_errno(err, "cannot close");
	return rc;
}

/* Gives the temporary file its name. */
static int
temporary_place(int dir_fd, const char *temporary, const char *path,
    unsigned flags, struct err *err)
{
	if (flags & FILE_REPLACE) {
		if (renameat(dir_fd, temporary, dir_fd, path) < 0)
			return err_set_errno(err, "cannot rename into place");
		return 0;
	}
	/* link(2) fails where rename(2) would replace */
	if (linkat(dir_fd, temporary, dir_fd, path, 0) < 0) {
		if (errno == EEXIST)
			return err_set(err, ERR_EXISTS, "it exists already");
		return err_set_errno(err, "cannot link into place");
	}
	unlinkat(dir_fd, temporary, 0);
	return 0;
}

int
file_write(int dir_fd, const char *path, unsigned mode, const void *data,
    size_t bytes, unsigned flags, struct err *err)
{
	char temporary[PATH_MAX];
	int rc = temporary_name(temporary, path, err);

	if (rc < 0)
		return rc;
	rc = temporary_write(dir_fd, temporary, mode, data, bytes, flags, err);
	if (rc == 0)
		rc = temporary_place(dir_fd, temporary, path, flags, err);
	if (rc < 0) {
		unlinkat(dir_fd, temporary, 0);
		err_add(err, "%s", path);
		return rc;
	}
	if (!(flags & FILE_SYNC))
		return 0;
	rc = directory_sync(dir_fd, path, err);
	/* What was replaced is gone; what is new and not durable goes, too. */
	if (rc < 0 && !(flags & FILE_REPLACE))
		unlinkat(dir_fd, path, 0);
	return rc;
}

static int
directory_make(const char *path, unsigned mode, struct err *err)
{
	struct stat st;

	if (mkdir(path, mode) == 0)
		return 0;
	if (errno != EEXIST)
		return err_set_errno(err, "%s: cannot make directory", path);
	if (stat(path, &st) < 0)
		return err_set_errno(err, "%s: cannot stat", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ERR_EXISTS,
		    "%s: it exists, but is no directory", path);
	return 0;
}

int
file_make_directories(const char *path, unsigned mode, struct err *err)
{
	char part[PATH_MAX];
	size_t len = strlen(path);
	int rc;

	if (len == 0 || len >= sizeof part)
		return err_set(err, ERR_USAGE,
		    "%.200s: a directory's path has 1 to %d bytes", path,
		    PATH_MAX - 1);
	memcpy(part, path, len + 1);
	for (size_t i = 1; i < len; i++) {
		if (part[i] != '/')
			continue;
		part[i] = '\0';
		rc = directory_make(part, mode, err);
		if (rc < 0)
			return rc;
		part[i] = '/';
	}
	return directory_make(part, mode, err);
}
