/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The files of a zone: opened, read whole into memory, remembered in the stamp.
 * A file is read, not mapped: one that shrinks while it is mapped would end the
 * process. $INCLUDE can't leave the include root: the file is opened first and
 * then asked where it is, so a link that changes meanwhile gains nothing. Runs
 * where zonefile.h runs; allocates the texts of the files that are open.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "control/source/zonefile_parser.h"

/* A change within the clock tick of the one before keeps the file's time; no
 * kernel's tick is longer. */
enum { STAMP_RACY_MS = 100 };

static int64_t
ns_of(const struct timespec *t)
{
	return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

static void
stamp_take(struct zonefile_stamp_file *f, const struct stat *st)
{
	f->device = st->st_dev;
	f->inode = st->st_ino;
	f->bytes = (uint64_t)st->st_size;
	f->modified_ns = ns_of(&st->st_mtim);
	f->changed_ns = ns_of(&st->st_ctim);
}

static bool
stamp_file_unchanged(const struct zonefile_stamp_file *f)
{
	struct zonefile_stamp_file now = {0};
	struct stat st;

	if (stat(f->path, &st))
		return f->inode == 0;
	stamp_take(&now, &st);
	return now.device == f->device && now.inode == f->inode &&
	       now.bytes == f->bytes && now.modified_ns == f->modified_ns &&
	       now.changed_ns == f->changed_ns;
}

bool
zonefile_stamp_unchanged(const struct zonefile_stamp *s)
{
	if (s->racy || s->count == 0)
		return false;
	for (size_t i = 0; i < s->count; i++)
		if (!stamp_file_unchanged(&s->files[i]))
			return false;
	return true;
}

void
zonefile_stamp_fini(struct zonefile_stamp *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->files[i].path);
	free(s->files);
	*s = (struct zonefile_stamp){0};
}

/* Adds a file to the stamp; `st` NULL: it could not be opened. */
static int
stamp_add(struct zonefile_stamp *s, const char *path, const struct stat *st,
    struct err *err)
{
	struct zonefile_stamp_file *grown, *f;
	struct timespec now;

	grown = realloc(s->files, (s->count + 1) * sizeof *grown);
	if (!grown)
		return err_set(err, ERR_NO_MEMORY, "out of memory");
	s->files = grown;
	f = &s->files[s->count];
	*f = (struct zonefile_stamp_file){.path = strdup(path)};
	if (!f->path)
		return err_set(err, ERR_NO_MEMORY, "out of memory");
	s->count++;
	if (!st)
		return 0;
	stamp_take(f, st);
	clock_gettime(CLOCK_REALTIME, &now);
	if (ns_of(&now) - f->changed_ns < STAMP_RACY_MS * 1000000ll)
		s->racy = true;
	return 0;
}

int
zonefile_check_unchanged(const struct zonefile_parser *p, struct err *err)
{
	for (size_t i = 0; i < p->stamp.count; i++)
		if (!stamp_file_unchanged(&p->stamp.files[i]))
			return err_set(err, ERR_BUSY,
			    "%s changed while it was read; it will be read "
			    "again when it is at rest (write zone files under "
			    "another name and rename them)",
			    p->stamp.files[i].path);
	return 0;
}

int
zonefile_set_folder(
    struct zonefile_parser *p, const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');

	p->folder = strndup(path, slash ? (size_t)(slash + 1 - path) : 0);
	if (!p->folder)
		return err_set(err, ERR_NO_MEMORY, "out of memory");
	return 0;
}

static int
include_root_find(struct zonefile_parser *p, struct err *err)
{
	const char *root = p->options->include_root;

	if (p->include_root)
		return 0;
	if (!root)
		root = *p->folder ? p->folder : ".";
	p->include_root = realpath(root, NULL);
	if (!p->include_root)
		return err_set_errno(
		    err, "folder %s of the zone file and its includes", root);
	/* "/" becomes "", so that a slash follows every root */
	if (strcmp(p->include_root, "/") == 0)
		*p->include_root = 0;
	return 0;
}

/* Where is the open file? Must be below the include root. */
static int
check_inside_root(
    struct zonefile_parser *p, int fd, const char *path, struct err *err)
{
	int rc = include_root_find(p, err);
	char link[64], real[PATH_MAX];
	size_t root;
	ssize_t n;

	if (rc)
		return rc;
	root = strlen(p->include_root);
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, real, sizeof real - 1);
	if (n < 0)
		return err_set_errno(err, "where %s is: %s", path, link);
	real[n] = 0;
	if (strncmp(real, p->include_root, root) != 0 || real[root] != '/')
		return err_set(err, ERR_REFUSED,
		    "%s is outside of %s/, which $INCLUDE may not leave", path,
		    p->include_root);
	return 0;
}

static int
check_kind(const struct zonefile_parser *p, const struct stat *st,
    const char *path, struct err *err)
{
	if (S_ISDIR(st->st_mode))
		return err_set(err, ERR_IO,
		    "%s is a directory; name the zone file in it", path);
	if (!S_ISREG(st->st_mode))
		return err_set(err, ERR_IO, "%s is not a regular file", path);
	if ((uint64_t)st->st_size > p->bytes_left)
		return err_set(err, ERR_LIMIT,
		    "%s has %lld octets: the files of the zone are over the "
		    "limit",
		    path, (long long)st->st_size);
	for (unsigned i = 0; i < p->depth; i++)
		if (p->frames[i].inode == st->st_ino &&
		    p->frames[i].device == st->st_dev)
			return err_set(err, ERR_SYNTAX,
			    "%s includes itself; remove the $INCLUDE", path);
	return 0;
}

/* Reads as many octets as the file had when it was opened. */
static int
read_text(int fd, const struct stat *st, const char *path, char **text,
    struct err *err)
{
	size_t want = (size_t)st->st_size, have = 0;
	ssize_t n;

	*text = malloc(want + 1);
	if (!*text)
		return err_set(err, ERR_NO_MEMORY,
		    "out of memory for the %zu octets of %s", want, path);
	/* one more than there should be: it shows that the file grew; at its
	 * end a file gives less than it was asked for, once */
	while (have <= want) {
		n = read(fd, *text + have, want + 1 - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set_errno(err, "reading %s", path);
		have += (size_t)n;
		if (n == 0 || have == want)
			break;
	}
	if (have != want)
		return err_set(err, ERR_BUSY,
		    "%s changed while it was read; it will be read again when "
		    "it is at rest",
		    path);
	return 0;
}

/* A file that is there and may not be opened is known by its times as others
 * are, or it would seem to have changed. One that is not there stays unknown:
 * it may come the next moment. */
static int
open_failed(struct zonefile_parser *p, const char *path, struct err *err)
{
	int rc, cause = errno;
	struct err other;
	struct stat st;
	bool known = cause != ENOENT && stat(path, &st) == 0;

	p->stamp.denied |= cause == EACCES || cause == EPERM;
	errno = cause;
	rc = err_set_errno(err, "%s can't be opened", path);
	return stamp_add(&p->stamp, path, known ? &st : NULL, &other)
	           ? ERR_NO_MEMORY
	           : rc;
}

static int
open_and_read(struct zonefile_parser *p, const char *path, bool include,
    struct stat *st, char **text, struct err *err)
{
	/* not blocking: a FIFO must not hold the process */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int rc;

	if (fd < 0)
		return open_failed(p, path, err);
	rc = include ? check_inside_root(p, fd, path, err) : 0;
	if (!rc && fstat(fd, st))
		rc = err_set_errno(err, "%s", path);
	if (!rc)
		rc = stamp_add(&p->stamp, path, st, err);
	if (!rc)
		rc = check_kind(p, st, path, err);
	if (!rc)
		rc = read_text(fd, st, path, text, err);
	close(fd);
	return rc;
}

static void
push_frame(struct zonefile_parser *p, char *path, char *text,
    const void *octets, size_t bytes)
{
	struct zonefile_frame *f = &p->frames[p->depth++];

	*f = (struct zonefile_frame){.path = path, .text = text};
	memcpy(f->origin_before, p->origin, sizeof p->origin);
	memcpy(f->owner_before, p->owner, sizeof p->owner);
	f->has_owner_before = p->has_owner;
	zonefile_lexer_init(&f->lexer, octets, bytes, 1);
	p->bytes_left -= bytes;
}

int
zonefile_push_file(
    struct zonefile_parser *p, const char *path, bool include, struct err *err)
{
	char *copy = NULL, *text = NULL;
	struct stat st;
	int rc;

	if (p->depth == ZONEFILE_DEPTH_MAX ||
	    p->stamp.count == ZONEFILE_FILES_MAX)
		return err_set(err, ERR_LIMIT,
		    "more than %d files within one another, or %d in all",
		    ZONEFILE_DEPTH_MAX, ZONEFILE_FILES_MAX);
	rc = open_and_read(p, path, include, &st, &text, err);
	if (!rc && !(copy = strdup(path)))
		rc = err_set(err, ERR_NO_MEMORY, "out of memory");
	if (rc) {
		free(text);
		return rc;
	}
	push_frame(p, copy, text, text, (size_t)st.st_size);
	zonefile_frame_current(p)->device = st.st_dev;
	zonefile_frame_current(p)->inode = st.st_ino;
	return 0;
}

int
zonefile_push_text(struct zonefile_parser *p, const char *path,
    const void *text, size_t bytes, struct err *err)
{
	char *copy = strdup(path);

	if (!copy)
		return err_set(err, ERR_NO_MEMORY, "out of memory");
	if (bytes > p->bytes_left) {
		free(copy);
		return err_set(err, ERR_LIMIT,
		    "%s has %zu octets: over the limit", path, bytes);
	}
	push_frame(p, copy, NULL, text, bytes);
	return 0;
}

void
zonefile_pop(struct zonefile_parser *p)
{
	struct zonefile_frame *f = zonefile_frame_current(p);

	memcpy(p->origin, f->origin_before, sizeof p->origin);
	memcpy(p->owner, f->owner_before, sizeof p->owner);
	p->has_owner = f->has_owner_before;
	zonefile_lexer_fini(&f->lexer);
	free(f->path);
	free(f->text);
	p->depth--;
}
