/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A store as a whole: made, opened, closed, locked. Runs in control, tools and
 * management threads; a handle is one small allocation and three descriptors.
 */
#include "snapshot/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "snapshot/store_parts.h"

#define STORE_FILE   "holdfast-store"
#define OWNER_LOCK   "owner.lock"
#define COMMIT_LOCK  "commit.lock"
#define STORE_FORMAT "holdfast-store %u\nkey %016" PRIx64 " %016" PRIx64 "\n"

static const char *const folders[] = {
    "cells", "records", "candidates", "generations"};

enum { FOLDERS = sizeof folders / sizeof *folders };

/* What an interrupted store_create may have left. */
static bool
name_is_ours(const char *name)
{
	for (unsigned i = 0; i < FOLDERS; i++)
		if (strcmp(name, folders[i]) == 0)
			return true;
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
	       strcmp(name, OWNER_LOCK) == 0 ||
	       strcmp(name, COMMIT_LOCK) == 0 ||
	       strcmp(name, "lost+found") == 0 ||
	       strncmp(name, STORE_TEMPORARY, strlen(STORE_TEMPORARY)) == 0;
}

/* Refuses a directory with other people's files. */
static int
directory_check(int dir_fd, const char *dir, struct err *err)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int rc = 0;

	if (!d) {
		rc = err_set_errno(err, "%s: cannot list", dir);
		if (fd >= 0)
			close(fd);
		return rc;
	}
	while (rc == 0 && (entry = readdir(d)))
		if (!name_is_ours(entry->d_name))
			rc = err_set(err, ERR_SEMANTIC,
			    "%s: no Holdfast store, and not empty (there is "
			    "\"%s\"): name a new or empty directory",
			    dir, entry->d_name);
	closedir(d);
	return rc;
}

static int
folders_make(int dir_fd, const char *dir, struct err *err)
{
	static const char *const locks[] = {OWNER_LOCK, COMMIT_LOCK};

	/* the umask says whether the group may write: control and data plane
	 * are different users of one group, and either may be first */
	for (unsigned i = 0; i < FOLDERS; i++)
		if (mkdirat(dir_fd, folders[i], 0775) < 0 && errno != EEXIST)
			return err_set_errno(
			    err, "%s/%s: cannot create", dir, folders[i]);
	/* by the owner of the store, so that the data plane, which may be
	 * another user, does not make them first */
	for (unsigned i = 0; i < 2; i++) {
		int fd = openat(
		    dir_fd, locks[i], O_RDWR | O_CREAT | O_CLOEXEC, 0660);

		if (fd < 0)
			return err_set_errno(
			    err, "%s/%s: cannot create", dir, locks[i]);
		close(fd);
	}
	return 0;
}

/* The file that makes a directory a store; the last one to be written. */
static int
store_file_write(int dir_fd, const char *dir, struct err *err)
{
	struct bytes text;
	uint64_t key[2];
	int rc;

	if (getrandom(key, sizeof key, 0) != sizeof key)
		return err_set_errno(err, "cannot get random octets");
	bytes_init(&text);
	bytes_printf(&text, STORE_FORMAT, FORMAT_VERSION, key[0], key[1] | 1);
	store_text_seal(&text);
	rc = text.failed ? err_set(err, ERR_NO_MEMORY, "%s: out of memory", dir)
	                 : file_write(dir_fd, STORE_FILE, 0640, text.data,
			       text.len, FILE_SYNC, err);
	bytes_fini(&text);
	/* somebody else made it a store just now: as good */
	return rc == ERR_EXISTS ? 0 : rc;
}

static int
store_is_there(int dir_fd)
{
	return faccessat(dir_fd, STORE_FILE, F_OK, 0) == 0;
}

int
store_create(const char *dir, struct err *err)
{
	int fd, rc = file_make_directories(dir, 0775, err);

	if (rc < 0)
		return rc;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set_errno(err, "%s: cannot open", dir);
	if (!store_is_there(fd)) {
		rc = directory_check(fd, dir, err);
		if (rc == 0)
			rc = folders_make(fd, dir, err);
		if (rc == 0)
			rc = store_file_write(fd, dir, err);
	}
	close(fd);
	return rc;
}

/* Version by name first: what follows is of that version alone. */
static int
version_check(const char *dir, const struct bytes *text, struct err *err)
{
	unsigned version;

	if (text->len == 0 || sscanf((const char *)text->data,
				  "holdfast-store %u", &version) != 1)
		return err_set(err, ERR_SEMANTIC,
		    "%s/" STORE_FILE ": not the file of a Holdfast store", dir);
	if (version != FORMAT_VERSION)
		return err_set(err, ERR_VERSION,
		    "%s: the store has version %u, which is %s than the "
		    "version %u of this program: use a program of that "
		    "version, or compile the zones anew into a new store",
		    dir, version, version > FORMAT_VERSION ? "newer" : "older",
		    FORMAT_VERSION);
	return 0;
}

static int
store_file_read(struct store *s, struct err *err)
{
	struct bytes text;
	char extra;
	int rc;

	bytes_init(&text);
	rc = file_read(s->fd, STORE_FILE, 4096, &text, err);
	if (rc == ERR_NOT_FOUND)
		rc = err_set(err, ERR_NOT_FOUND,
		    "%s: no Holdfast store (there is no " STORE_FILE
		    "); `holdfast compile --store %s` makes one",
		    s->dir, s->dir);
	else if (rc && faccessat(s->fd, STORE_FILE, R_OK, AT_EACCESS) < 0 &&
		 errno == EACCES)
		rc = err_set(err, rc,
		    "%s: this user may not read the store: run as the user or "
		    "in the group that it belongs to",
		    s->dir);
	else if (rc)
		err_add(err, "%s", s->dir);
	bytes_append(&text, "", 1); /* terminated */
	if (rc == 0 && text.failed)
		rc = err_set(err, ERR_NO_MEMORY, "%s: out of memory", s->dir);
	if (rc == 0) {
		text.len--;
		rc = version_check(s->dir, &text, err);
	}
	if (rc == 0 && store_text_check(STORE_FILE, &text, err))
		rc = err_add(err, "%s", s->dir);
	if (rc == 0 && (sscanf((const char *)text.data,
			    "holdfast-store %*u key %" SCNx64 " %" SCNx64 " %c",
			    &s->key.k[0], &s->key.k[1], &extra) != 2 ||
			   (s->key.k[1] & 1) == 0))
		rc = err_set(err, ERR_CORRUPT,
		    "%s/" STORE_FILE ": damaged: it has no key", s->dir);
	bytes_fini(&text);
	return rc;
}

int
store_open(struct store **out, const char *dir, unsigned flags, struct err *err)
{
	struct store *s = calloc(1, sizeof *s);
	int rc;

	*out = NULL;
	if (!s || !(s->dir = strdup(dir))) {
		free(s);
		return err_set(err, ERR_NO_MEMORY, "%s: out of memory", dir);
	}
	s->flags = flags;
	s->lock_fd[0] = s->lock_fd[1] = -1;
	s->fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->fd < 0) {
		rc = errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
		err_set_errno(err, "%s: cannot open the store", dir);
		if (err)
			err->code = rc;
	} else {
		rc = store_file_read(s, err);
	}
	if (rc < 0)
		store_close(&s);
	*out = s;
	return rc;
}

void
store_close(struct store **sp)
{
	struct store *s = *sp;

	*sp = NULL;
	if (!s)
		return;
	store_unlock(s, STORE_LOCK_OWNER);
	store_unlock(s, STORE_LOCK_COMMIT);
	if (s->fd >= 0)
		close(s->fd);
	free(s->dir);
	free(s);
}

const struct name_key *
store_key(const struct store *s)
{
	return &s->key;
}

const char *
store_dir(const struct store *s)
{
	return s->dir;
}

static const char *
lock_file(enum store_lock which)
{
	return which == STORE_LOCK_OWNER ? OWNER_LOCK : COMMIT_LOCK;
}

static int *
lock_fd(struct store *s, enum store_lock which)
{
	return &s->lock_fd[which == STORE_LOCK_OWNER ? 0 : 1];
}

/* Removes what a killed holder of the lock left under temporary names. */
static void
temporaries_remove(struct store *s, const char *folder, const char *prefix)
{
	int fd = openat(s->fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!d) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(d)))
		if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
			unlinkat(dirfd(d), entry->d_name, 0);
	closedir(d);
}

/* Whom the text names: the number that the holder wrote into the file. */
static int
lock_is_busy(struct store *s, enum store_lock which, int fd, struct err *err)
{
	char text[32] = "";
	ssize_t n = pread(fd, text, sizeof text - 1, 0);
	long pid = n > 0 ? strtol(text, NULL, 10) : 0;
	const char *who =
	    which == STORE_LOCK_OWNER
		? "another holdfastd or compile owns the store"
		: "a data plane or another owner commits to the store";

	if (pid > 0)
		return err_set(err, ERR_BUSY,
		    "%s: %s (process %ld has %s); stop it first", s->dir, who,
		    pid, lock_file(which));
	return err_set(err, ERR_BUSY, "%s: %s (it has %s); stop it first",
	    s->dir, who, lock_file(which));
}

int
store_lock(struct store *s, enum store_lock which, struct err *err)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int *held = lock_fd(s, which);
	int fd, rc = store_may_write(s, err);

	if (rc < 0 || *held >= 0)
		return rc;
	fd =
	    openat(s->fd, lock_file(which), O_RDWR | O_CREAT | O_CLOEXEC, 0660);
	if (fd < 0)
		return err_set_errno(
		    err, "%s/%s: cannot open", s->dir, lock_file(which));
	if (fcntl(fd, F_OFD_SETLK, &lock) < 0) {
		rc = errno == EAGAIN || errno == EACCES
		         ? lock_is_busy(s, which, fd, err)
		         : err_set_errno(err, "%s/%s: cannot lock", s->dir,
			       lock_file(which));
		close(fd);
		return rc;
	}
	/* for people; a full disk must not stop us here */
	if (ftruncate(fd, 0) < 0 || dprintf(fd, "%ld\n", (long)getpid()) < 0)
		errno = 0;
	*held = fd;
	if (which == STORE_LOCK_OWNER) {
		for (unsigned i = 0; i < FOLDERS; i++)
			temporaries_remove(
			    s, folders[i], STORE_TEMPORARY_OWNER);
		/* a retention that was killed removes nothing more */
		unlinkat(s->fd, STORE_REMOVING, 0);
	}
	temporaries_remove(s, ".",
	    which == STORE_LOCK_OWNER ? STORE_TEMPORARY_OWNER
				      : STORE_TEMPORARY_COMMIT);
	return 0;
}

bool
store_is_read_only(const struct store *s)
{
	return (s->flags & STORE_READ_ONLY) != 0;
}

int
store_write_now(struct store *s, enum store_lock which, struct err *err)
{
	unsigned flags = s->flags;
	int rc;

	s->flags &= ~(unsigned)STORE_READ_ONLY;
	rc = store_lock(s, which, err);
	if (rc)
		s->flags = flags;
	return rc;
}

void
store_unlock(struct store *s, enum store_lock which)
{
	int *held = lock_fd(s, which);

	if (*held >= 0)
		close(*held);
	*held = -1;
}

bool
store_is_locked(struct store *s, enum store_lock which)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	bool locked;
	int fd;

	if (*lock_fd(s, which) >= 0)
		return false;
	fd = openat(s->fd, lock_file(which), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	locked = fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
	close(fd);
	return locked;
}
