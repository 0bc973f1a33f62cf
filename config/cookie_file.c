/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Reading, making, replacing and watching the file of cookie secrets; see
 * cookie_file.h. The texts of errors never quote a line of it.
 */
#include "config/cookie_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"

enum {
	COOKIE_FILE_BYTES_MAX = 4096,
	COOKIE_FILE_DIGITS = 2 * COOKIE_FILE_SECRET_BYTES,
	COOKIE_FILE_MODE = 0640,
	PATH_BYTES_MAX = 4096,
};

char *
cookie_file_path(const char *secret_file, const char *store_dir)
{
	char *path;

	if (secret_file)
		return strdup(secret_file);
	if (asprintf(&path, "%s/" COOKIE_FILE_NAME, store_dir) < 0)
		return NULL;
	return path;
}

int
cookie_secret_random(uint8_t out[COOKIE_FILE_SECRET_BYTES], struct err *err)
{
	if (getrandom(out, COOKIE_FILE_SECRET_BYTES, 0) !=
	    COOKIE_FILE_SECRET_BYTES)
		return err_set_errno(
		    err, "no random numbers for a cookie secret");
	return 0;
}

static int
digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
secret_parse(uint8_t out[COOKIE_FILE_SECRET_BYTES], const char *line, size_t n)
{
	if (n != COOKIE_FILE_DIGITS)
		return false;
	for (unsigned i = 0; i < COOKIE_FILE_SECRET_BYTES; i++) {
		int high = digit_value(line[2 * i]);
		int low = digit_value(line[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static int
line_parse(struct cookie_file *out, const char *path, unsigned number,
    const char *line, size_t n, struct err *err)
{
	while (n && (line[n - 1] == '\r' || line[n - 1] == ' ' ||
			line[n - 1] == '\t'))
		n--;
	if (n == 0 || line[0] == '#')
		return 0;
	if (out->count == COOKIE_FILE_SECRETS_MAX)
		return err_set(err, ERR_LIMIT,
		    "%s:%u: more than %d cookie secrets", path, number,
		    COOKIE_FILE_SECRETS_MAX);
	if (!secret_parse(out->secrets[out->count], line, n))
		return err_set(err, ERR_SYNTAX,
		    "%s:%u: a cookie secret is %d hexadecimal digits and "
		    "nothing else",
		    path, number, COOKIE_FILE_DIGITS);
	out->count++;
	return 0;
}

int
cookie_file_parse(struct cookie_file *out, const char *path, const void *text,
    size_t bytes, struct err *err)
{
	const char *at = text, *end = at + bytes;
	unsigned number = 0;

	*out = (struct cookie_file){0};
	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t n = (size_t)((stop ? stop : end) - at);
		int rc = line_parse(out, path, ++number, at, n, err);

		if (rc)
			return rc;
		at += n + (stop != NULL);
	}
	if (out->count == 0)
		return err_set(err, ERR_SYNTAX,
		    "%s: no cookie secret in it: a line of %d hexadecimal "
		    "digits",
		    path, COOKIE_FILE_DIGITS);
	if (out->count == 2 && memcmp(out->secrets[0], out->secrets[1],
				   COOKIE_FILE_SECRET_BYTES) == 0)
		return err_set(err, ERR_SEMANTIC,
		    "%s: the two cookie secrets are the same", path);
	return 0;
}

/* Whoever can read the file can make cookies for any address. */
static int
mode_check(const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return err_set_errno(err, "%s: cannot stat", path);
	if (st.st_mode & (S_IRWXO | S_IWGRP))
		return err_set(err, ERR_REFUSED,
		    "%s: its mode %03o lets others at the cookie secrets; say "
		    "chmod 640 (or 600)",
		    path, st.st_mode & 0777);
	return 0;
}

int
cookie_file_read(struct cookie_file *out, const char *path, struct err *err)
{
	struct bytes text;
	int rc;

	bytes_init(&text);
	rc = file_read(AT_FDCWD, path, COOKIE_FILE_BYTES_MAX, &text, err);
	if (!rc)
		rc = mode_check(path, err);
	if (!rc)
		rc = cookie_file_parse(out, path, text.data, text.len, err);
	if (text.data)
		explicit_bzero(text.data, text.len);
	bytes_fini(&text);
	return rc;
}

static size_t
text_write(const struct cookie_file *f, char *out, size_t room)
{
	size_t n = (size_t)snprintf(out, room,
	    "# DNS cookie secrets (RFC 9018): the first makes, all are "
	    "accepted.\n");

	for (unsigned i = 0; i < f->count; i++) {
		for (unsigned k = 0; k < COOKIE_FILE_SECRET_BYTES; k++)
			n += (size_t)snprintf(
			    out + n, room - n, "%02x", f->secrets[i][k]);
		out[n++] = '\n';
	}
	return n;
}

static void
folder_of(char folder[PATH_BYTES_MAX], const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		strcpy(folder, ".");
	else
		snprintf(folder, PATH_BYTES_MAX, "%.*s",
		    slash == path ? 1 : (int)(slash - path), path);
}

/* Owner, group and mode: the old file's, else ours, the folder's group. A group
 * that we are no member of can't be given; then the file stays ours. */
static int
access_set(int fd, const char *path, const char *folder, struct err *err)
{
	struct stat old, dir;

	if (stat(path, &old) == 0) {
		if (fchown(fd, old.st_uid, old.st_gid) < 0 &&
		    (old.st_uid != geteuid() || old.st_gid != getegid()))
			return err_set_errno(err,
			    "%s: cannot keep its owner %u:%u; run this as that "
			    "user or as root",
			    path, old.st_uid, old.st_gid);
		if (fchmod(fd, old.st_mode & 0770) < 0)
			return err_set_errno(err, "%s: cannot chmod", path);
		return 0;
	}
	if (stat(folder, &dir) == 0 && dir.st_gid != getegid() &&
	    fchown(fd, (uid_t)-1, dir.st_gid) < 0 && errno != EPERM)
		return err_set_errno(err, "%s: cannot chown", path);
	if (fchmod(fd, COOKIE_FILE_MODE) < 0)
		return err_set_errno(err, "%s: cannot chmod", path);
	return 0;
}

/* The temporary file into place. */
static int
file_place(
    const char *temporary, const char *path, bool replace, struct err *err)
{
	if (replace ? rename(temporary, path) == 0
		    : link(temporary, path) == 0) {
		if (!replace)
			unlink(temporary);
		return 0;
	}
	if (errno == EEXIST)
		return err_set(err, ERR_EXISTS, "%s: it is there", path);
	return err_set_errno(err, "%s: cannot put it there", path);
}

int
cookie_file_write(const struct cookie_file *f, const char *path, bool replace,
    struct err *err)
{
	char folder[PATH_BYTES_MAX], temporary[PATH_BYTES_MAX + 32], text[256];
	size_t n = text_write(f, text, sizeof text);
	int fd, rc;

	if (strlen(path) >= PATH_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "%.64s...: too long", path);
	folder_of(folder, path);
	snprintf(temporary, sizeof temporary,
	    "%s/" FILE_TEMPORARY_PREFIX "cookies-XXXXXX", folder);
	fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 */
	if (fd < 0)
		return err_set_errno(
		    err, "%s: cannot write in %s", path, folder);
	rc = access_set(fd, path, folder, err);
	if (!rc)
		rc = file_write_all(fd, text, n, err);
	if (!rc && fsync(fd) < 0)
		rc = err_set_errno(err, "%s: cannot sync", path);
	if (!rc)
		rc = file_place(temporary, path, replace, err);
	if (rc)
		unlink(temporary);
	close(fd);
	explicit_bzero(text, sizeof text);
	return rc;
}

/* --- watching ------------------------------------------------------------- */

/* True if the file is another than the one that was seen; remembers it. */
static bool
watch_differs(struct cookie_watch *w, const char *path)
{
	struct cookie_watch now = {.looked = true};
	struct stat st;

	if (stat(path, &st) == 0) {
		now.device = st.st_dev;
		now.inode = st.st_ino;
		now.bytes = st.st_size;
		/* a chmod as well: it may have been the trouble */
		now.changed = st.st_ctim;
	}
	if (w->looked && now.device == w->device && now.inode == w->inode &&
	    now.bytes == w->bytes && now.changed.tv_sec == w->changed.tv_sec &&
	    now.changed.tv_nsec == w->changed.tv_nsec)
		return false;
	*w = now;
	return true;
}

/* Two daemons may both find none: the second takes the first's. */
static int
file_begin(const char *path, struct err *err)
{
	struct cookie_file f = {.count = 1};
	int rc = cookie_secret_random(f.secrets[0], err);

	if (!rc)
		rc = cookie_file_write(&f, path, false, err);
	explicit_bzero(&f, sizeof f);
	return rc == ERR_EXISTS ? 0 : rc;
}

int
cookie_watch_look(struct cookie_watch *w, const char *path,
    struct cookie_file *out, struct err *err)
{
	bool first = !w->looked;
	int rc;

	if (!watch_differs(w, path))
		return 0;
	rc = cookie_file_read(out, path, err);
	if (rc == ERR_NOT_FOUND && first) {
		rc = file_begin(path, err);
		watch_differs(w, path);
		if (!rc)
			rc = cookie_file_read(out, path, err);
	}
	return rc ? rc : 1;
}
