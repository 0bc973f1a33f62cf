/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Files of keys (key_directory.h).
 */
#include "control/sign/key_directory.h"

#include <dirent.h>
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

#include "base/clock.h"
#include "base/file.h"
#include "base/name.h"
#include "control/sign/key_state.h"
#include "snapshot/digest.h"

#define STATE_SUFFIX "+state.json"

enum {
	KEY_FILE_BYTES_MAX = 16384,
	STATE_BYTES_MAX = 65536,
	NAME_BYTES_MAX = 200, /* of a zone in a file's name, else its digest */
	LOCK_POLL_MS = 10,
};

/* The zone's part of file names, "Kexample.org.". */
static void
zone_part(char dst[NAME_MAX], const uint8_t *apex)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
	char text[4 * DNS_NAME_MAX + 2];
	size_t n = 0;

	text[n++] = 'K';
	if (apex[0] == 0)
		text[n++] = '.';
	for (const uint8_t *p = apex; *p; p += *p + 1) {
		for (unsigned i = 1; i <= *p; i++) {
			if (strchr(plain, p[i]) && p[i])
				text[n++] = (char)p[i];
			else
				n += (size_t)snprintf(
				    text + n, sizeof text - n, "%%%02X", p[i]);
		}
		text[n++] = '.';
	}
	text[n] = '\0';
	if (n > NAME_BYTES_MAX) {
		struct digest d;

		digest_of(&d, apex, name_length(apex));
		digest_to_text(text + 1, &d);
	}
	memcpy(dst, text, strlen(text) + 1);
}

static void
state_name(char dst[NAME_MAX], const uint8_t *apex)
{
	char zone[NAME_MAX];

	zone_part(zone, apex);
	snprintf(dst, NAME_MAX, "%.220s" STATE_SUFFIX, zone);
}

static void
key_name(char dst[NAME_MAX], const struct zone_keys *k,
    const struct zone_key *key, const char *suffix)
{
	char zone[NAME_MAX];

	zone_part(zone, k->apex);
	snprintf(dst, NAME_MAX, "%.220s+%03u+%05u.%s", zone, key->algorithm,
	    key->tag, suffix);
}

/* As root makes it, it is for the user whose folder it is in. */
static int
directory_make(const char *path, struct err *err)
{
	char copy[PATH_MAX];
	struct stat st;

	if (snprintf(copy, sizeof copy, "%s", path) >= (int)sizeof copy)
		return err_set(err, ERR_LIMIT, "%.200s...: too long", path);
	if (mkdir(path, 0700) != 0)
		return errno == EEXIST
		           ? 0
		           : err_set_errno(err, "%s: can't make it", path);
	if (geteuid() == 0 && stat(dirname(copy), &st) == 0 &&
	    chown(path, st.st_uid, st.st_gid) != 0)
		return err_set_errno(err, "%s: can't give it away", path);
	return 0;
}

int
key_directory_open(
    struct key_directory *d, const char *path, bool create, struct err *err)
{
	struct stat st;
	int rc;

	*d = (struct key_directory){
	    .fd = -1, .lock_fd = KEY_DIRECTORY_NO_LOCK, .path = path};
	if (create && (rc = directory_make(path, err)) != 0)
		return rc;
	d->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->fd < 0) {
		rc = errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
		err_set_errno(err, "%s: can't open the folder of keys", path);
		if (err)
			err->code = rc;
		return rc;
	}
	if (fstat(d->fd, &st) != 0 || (st.st_mode & 077) == 0)
		return 0;
	key_directory_close(d);
	return err_set(err, ERR_REFUSED,
	    "%s: others may look into the folder of keys (mode %03o); chmod "
	    "700 it, and take keys that they may have read for known",
	    path, (unsigned)st.st_mode & 0777);
}

void
key_directory_close(struct key_directory *d)
{
	key_directory_unlock(d);
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
}

int
key_directory_lock(struct key_directory *d, unsigned wait_ms, struct err *err)
{
	uint64_t end = clock_ms(CLOCK_MONOTONIC) + wait_ms;
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	d->lock_fd = openat(
	    d->fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (d->lock_fd < 0)
		return err_set_errno(err, "%s/lock: can't open it", d->path);
	while (fcntl(d->lock_fd, F_OFD_SETLK, &lock) != 0) {
		int why = errno;

		if ((why == EAGAIN || why == EACCES || why == EINTR) &&
		    clock_ms(CLOCK_MONOTONIC) < end) {
			usleep(LOCK_POLL_MS * 1000);
			continue;
		}
		key_directory_unlock(d);
		errno = why;
		if (why == EAGAIN || why == EACCES)
			return err_set(err, ERR_BUSY,
			    "%s: another process is changing keys", d->path);
		return err_set_errno(err, "%s/lock: can't lock it", d->path);
	}
	return 0;
}

void
key_directory_unlock(struct key_directory *d)
{
	if (d->lock_fd >= 0)
		close(d->lock_fd);
	d->lock_fd = KEY_DIRECTORY_NO_LOCK;
}

static int
secret_read(struct key_directory *d, const struct zone_keys *k,
    struct zone_key *key, struct err *err)
{
	char name[NAME_MAX];
	struct bytes text = {0};
	int rc;

	key_name(name, k, key, "private");
	/* at once all the room, so that no copy stays behind in freed memory */
	rc = bytes_reserve(&text, KEY_FILE_BYTES_MAX + 1)
	         ? file_read(d->fd, name, KEY_FILE_BYTES_MAX, &text, err)
	         : err_set(err, ERR_NO_MEMORY, "no memory for a key");
	if (rc == 0)
		rc = zone_key_secret_take(k, key, text.data, text.len, err);
	/* not as if there were no keys: others would be made in their place */
	if (rc == ERR_NOT_FOUND)
		rc = err_set(err, ERR_CORRUPT,
		    "%s/%s is not there, and the state has that key; restore "
		    "it from its copy",
		    d->path, name);
	else if (rc)
		err_add(err, "%s/%s", d->path, name);
	if (text.data)
		explicit_bzero(text.data, text.len);
	bytes_fini(&text);
	return rc;
}

int
key_directory_read(struct key_directory *d, const uint8_t *apex, bool secrets,
    struct zone_keys *k, struct err *err)
{
	char name[NAME_MAX], path[PATH_MAX];
	struct bytes text = {0};
	int rc;

	*k = (struct zone_keys){0};
	state_name(name, apex);
	snprintf(path, sizeof path, "%s/%s", d->path, name);
	rc = file_read(d->fd, name, STATE_BYTES_MAX, &text, err);
	if (rc)
		err_add(err, "%s", d->path);
	else
		rc = key_state_parse(k, path, text.data, text.len, err);
	bytes_fini(&text);
	if (rc == 0 && !name_equal(k->apex, apex))
		rc = err_set(
		    err, ERR_CORRUPT, "%s: the state of another zone", path);
	for (unsigned i = 0; secrets && rc == 0 && i < k->count; i++)
		if (k->keys[i].state != KEY_REMOVED)
			rc = secret_read(d, k, &k->keys[i], err);
	return rc;
}

static int
key_file_write(struct key_directory *d, const char *name, const char *text,
    struct err *err)
{
	int rc = file_write(d->fd, name, 0600, text, strlen(text),
	    FILE_SYNC | FILE_REPLACE, err);

	return rc ? err_add(err, "%s", d->path) : 0;
}

int
key_directory_add(struct key_directory *d, const struct zone_keys *k,
    const struct zone_key *key, struct err *err)
{
	char *private = NULL, *public = NULL;
	char name[NAME_MAX];
	int rc = zone_key_private_text(key, &private, err);

	if (rc == 0)
		rc = zone_key_public_text(k, key, &public, err);
	if (rc == 0) {
		key_name(name, k, key, "private");
		rc = key_file_write(d, name, private, err);
	}
	if (rc == 0) {
		key_name(name, k, key, "key");
		rc = key_file_write(d, name, public, err);
	}
	zone_key_text_free(private);
	zone_key_text_free(public);
	return rc;
}

int
key_directory_write(
    struct key_directory *d, const struct zone_keys *k, struct err *err)
{
	char name[NAME_MAX];
	char *text = NULL;
	int rc = key_state_text(k, &text, err);

	state_name(name, k->apex);
	if (rc == 0)
		rc = key_file_write(d, name, text, err);
	free(text);
	return rc;
}

void
key_directory_forget(struct key_directory *d, const struct zone_keys *k,
    const struct zone_key *key)
{
	char name[NAME_MAX];

	key_name(name, k, key, "private");
	unlinkat(d->fd, name, 0);
	key_name(name, k, key, "key");
	unlinkat(d->fd, name, 0);
}

static bool
is_state_name(const char *name)
{
	size_t n = strlen(name), suffix = strlen(STATE_SUFFIX);

	return name[0] == 'K' && n > suffix &&
	       strcmp(name + n - suffix, STATE_SUFFIX) == 0;
}

/* The name of the zone is in the file, whatever the file is called. */
static int
each_file(struct key_directory *d, const char *name,
    int (*zone)(void *arg, const uint8_t *apex, struct err *err), void *arg,
    struct err *err)
{
	struct bytes text = {0};
	struct zone_keys *k = calloc(1, sizeof *k);
	char path[PATH_MAX];
	int rc = k ? file_read(d->fd, name, STATE_BYTES_MAX, &text, err)
	           : err_set(err, ERR_NO_MEMORY, "no memory");

	snprintf(path, sizeof path, "%s/%s", d->path, name);
	if (rc == 0)
		rc = key_state_parse(k, path, text.data, text.len, err);
	bytes_fini(&text);
	if (rc == 0)
		rc = zone(arg, k->apex, err);
	free(k);
	return rc;
}

int
key_directory_each(struct key_directory *d,
    int (*zone)(void *arg, const uint8_t *apex, struct err *err), void *arg,
    struct err *err)
{
	int fd = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	struct err one;
	int rc = 0;

	if (!list) {
		rc = err_set_errno(err, "%s: can't read it", d->path);
		if (fd >= 0)
			close(fd);
		return rc;
	}
	while ((entry = readdir(list)) != NULL)
		if (is_state_name(entry->d_name) &&
		    each_file(d, entry->d_name, zone, arg, &one) != 0 &&
		    rc == 0)
			rc = err_set(err, one.code, "%s", one.text);
	closedir(list);
	return rc;
}

void
key_directory_stamp(
    struct key_directory *d, const uint8_t *apex, struct key_stamp *out)
{
	char name[NAME_MAX];
	struct stat st;

	*out = (struct key_stamp){0};
	state_name(name, apex);
	if (fstatat(d->fd, name, &st, 0) != 0)
		return;
	out->inode = st.st_ino;
	out->bytes = (uint64_t)st.st_size;
	out->changed_ns =
	    (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec;
}
