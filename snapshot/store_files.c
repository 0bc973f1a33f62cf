/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Files of a store: those named by their digest, and the small text files. What
 * is written goes to a temporary name first; a file that has its final name is
 * whole as far as this process got, and durable once its sync came back. Runs
 * in control, tools and management threads; allocates what it reads.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "snapshot/fault.h"
#include "snapshot/store_parts.h"
#include "snapshot/verify.h"

static const struct {
	const char *folder, *suffix;
	size_t most;
} kinds[] = {
    [STORE_CELL] = {"cells", ".cell", CELL_BYTES_MAX},
    [STORE_RECORDS] = {"records", ".records", (size_t)4 << 30},
    [STORE_CANDIDATE] = {"candidates", ".manifest", (size_t)1 << 30},
    [STORE_GENERATION] = {"generations", ".manifest", (size_t)1 << 30},
};

#ifdef HOLDFAST_FAULTS
void (*store_step_hook)(const char *name);

void
store_step(const char *name)
{
	if (store_step_hook)
		store_step_hook(name);
	if (fault_hit(name))
		raise(SIGKILL);
}
#endif

const char *
store_kind_folder(enum store_kind kind)
{
	return kinds[kind].folder;
}

void
store_file_name(
    char dst[STORE_NAME_MAX], enum store_kind kind, const struct digest *digest)
{
	char text[DIGEST_TEXT_MAX];

	snprintf(dst, STORE_NAME_MAX, "%s/%s%s", kinds[kind].folder,
	    digest_to_text(text, digest), kinds[kind].suffix);
}

bool
store_name_digest(enum store_kind kind, const char *name, struct digest *out)
{
	char text[DIGEST_TEXT_MAX];

	if (strlen(name) <= DIGEST_TEXT_MAX - 1 ||
	    strcmp(name + DIGEST_TEXT_MAX - 1, kinds[kind].suffix) != 0)
		return false;
	memcpy(text, name, DIGEST_TEXT_MAX - 1);
	text[DIGEST_TEXT_MAX - 1] = '\0';
	return digest_from_text(out, text, NULL) == 0;
}

int
store_may_write(const struct store *s, struct err *err)
{
	if (s->flags & STORE_READ_ONLY)
		return err_set(err, ERR_USAGE,
		    "%s: the store was opened for reading only", s->dir);
	return 0;
}

/* Says what a failed write means for the operator. */
static int
write_failed(const struct store *s, const char *name, struct err *err)
{
	int code = errno;

	errno = code;
	err_set_errno(err, "%s/%s: cannot write", s->dir, name);
	if (err && (code == ENOSPC || code == EDQUOT)) {
		size_t used = strlen(err->text);

		snprintf(err->text + used, sizeof err->text - used,
		    "; free some space and try again: nothing was changed");
	}
	return ERR_IO;
}

int
store_folder_sync(struct store *s, const char *folder, struct err *err)
{
	int fd = openat(s->fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = 0;

	if (fd < 0)
		return err_set_errno(err, "%s/%s: cannot open", s->dir, folder);
	if (fsync(fd) < 0 || fault_hit("store-fsync"))
		rc = err_set_errno(err, "%s/%s: cannot sync", s->dir, folder);
	close(fd);
	return rc;
}

/* Writes a new file under a temporary name, which it returns. Leaves nothing on
 * failure. */
static int
temporary_write(struct store *s, const char *folder, const char *prefix,
    const void *data, size_t bytes, bool sync, char name[STORE_NAME_MAX],
    struct err *err)
{
	int fd, rc = 0;

	snprintf(name, STORE_NAME_MAX, "%s/%s%ld-%u", folder, prefix,
	    (long)getpid(), s->temporaries++);
	fd = openat(s->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (fd < 0 && errno == EEXIST) {
		/* of a process with our number that is long gone */
		unlinkat(s->fd, name, 0);
		fd = openat(
		    s->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	}
	if (fd < 0)
		return write_failed(s, name, err);
	store_step("store-kill-created");
	errno = ENOSPC;
	if (fault_hit("store-write") ||
	    file_write_all(fd, data, bytes, NULL) < 0)
		rc = write_failed(s, name, err);
	store_step("store-kill-written");
	errno = EIO;
	if (rc == 0 && sync && (fault_hit("store-fsync") || fsync(fd) < 0))
		rc = write_failed(s, name, err);
	if (close(fd) < 0 && rc == 0)
		rc = write_failed(s, name, err);
	if (rc < 0)
		unlinkat(s->fd, name, 0);
	return rc;
}

/* True if the file has these bytes. What a crash before the sync left under a
 * final name may have any. */
static bool
file_is(struct store *s, const char *name, const void *data, size_t bytes)
{
	struct bytes have;
	bool same;

	bytes_init(&have);
	same = file_read(s->fd, name, bytes, &have, NULL) == 0 &&
	       have.len == bytes &&
	       (bytes == 0 || memcmp(have.data, data, bytes) == 0);
	bytes_fini(&have);
	return same;
}

/* Gives a temporary file its final name; what is there already and is the same
 * stays. */
static int
temporary_link(struct store *s, const char *temporary, const char *name,
    const void *data, size_t bytes, struct err *err)
{
	int rc = 0;

	errno = ENOSPC;
	if (fault_hit("store-link") ||
	    linkat(s->fd, temporary, s->fd, name, 0) < 0) {
		if (errno != EEXIST)
			rc = write_failed(s, name, err);
		else if (!file_is(s, name, data, bytes) &&
			 renameat(s->fd, temporary, s->fd, name) < 0)
			rc = write_failed(s, name, err);
	}
	store_step("store-kill-linked");
	unlinkat(s->fd, temporary, 0);
	return rc;
}

int
store_put(struct store *s, enum store_kind kind, const void *data, size_t bytes,
    struct digest *digest, struct err *err)
{
	bool manifest = kind == STORE_CANDIDATE || kind == STORE_GENERATION;
	char name[STORE_NAME_MAX], temporary[STORE_NAME_MAX];
	int rc = store_may_write(s, err);

	digest_of(digest, data, bytes);
	if (rc < 0)
		return rc;
	store_file_name(name, kind, digest);
	if (!file_is(s, name, data, bytes)) {
		rc = temporary_write(s, kinds[kind].folder,
		    STORE_TEMPORARY_OWNER, data, bytes, manifest, temporary,
		    err);
		if (rc == 0)
			rc = temporary_link(
			    s, temporary, name, data, bytes, err);
	} else if (manifest) {
		/* used again: its hour as a candidate starts anew */
		utimensat(s->fd, name, NULL, 0);
	}
	if (rc == 0 && manifest)
		rc = store_folder_sync(s, kinds[kind].folder, err);
	store_step("store-kill-put");
	return rc;
}

int
store_sync(struct store *s, struct err *err)
{
	int rc = store_may_write(s, err);

	if (rc < 0)
		return rc;
	errno = EIO;
	if (fault_hit("store-syncfs") || syncfs(s->fd) < 0)
		return err_set_errno(err, "%s: cannot sync", s->dir);
	store_step("store-kill-synced");
	return 0;
}

int
store_open_file(struct store *s, enum store_kind kind,
    const struct digest *digest, int *fd, uint64_t *bytes, struct err *err)
{
	char name[STORE_NAME_MAX];
	struct stat st;

	store_file_name(name, kind, digest);
	*fd = openat(s->fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (*fd < 0) {
		int rc = errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;

		err_set_errno(err, "%s/%s: cannot open", s->dir, name);
		if (err)
			err->code = rc;
		return rc;
	}
	if (fstat(*fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(*fd);
		*fd = -1;
		return err_set(
		    err, ERR_CORRUPT, "%s/%s: no regular file", s->dir, name);
	}
	*bytes = (uint64_t)st.st_size;
	return 0;
}

int
store_get(struct store *s, enum store_kind kind, const struct digest *digest,
    struct bytes *out, struct err *err)
{
	char name[STORE_NAME_MAX], a[DIGEST_TEXT_MAX], b[DIGEST_TEXT_MAX];
	struct digest is;
	size_t start = out->len;
	int rc;

	store_file_name(name, kind, digest);
	rc = file_read(s->fd, name, kinds[kind].most, out, err);
	if (rc < 0) {
		err_add(err, "%s", s->dir);
		return rc;
	}
	digest_of(&is, out->data + start, out->len - start);
	if (digest_equal(&is, digest))
		return 0;
	out->len = start;
	return err_set(err, ERR_CORRUPT,
	    "%s/%s: damaged: the digest of its bytes is %s, not %s", s->dir,
	    name, digest_to_text(a, &is), digest_to_text(b, digest));
}

bool
store_has(struct store *s, enum store_kind kind, const struct digest *digest)
{
	char name[STORE_NAME_MAX];

	store_file_name(name, kind, digest);
	return faccessat(s->fd, name, F_OK, 0) == 0;
}

void
store_text_seal(struct bytes *text)
{
	char hex[DIGEST_TEXT_MAX];
	struct digest sum;

	digest_of(&sum, text->data, text->len);
	bytes_printf(text, "sum %s\n", digest_to_text(hex, &sum));
}

int
store_text_check(const char *name, struct bytes *text, struct err *err)
{
	enum { SUM_LINE = 4 + DIGEST_TEXT_MAX }; /* newline for terminator */
	char hex[DIGEST_TEXT_MAX];
	struct digest sum;
	size_t body;

	if (text->len < SUM_LINE || memchr(text->data, '\0', text->len))
		return err_set(err, ERR_CORRUPT,
		    "%s: damaged: it does not end in its check sum", name);
	body = text->len - SUM_LINE;
	digest_of(&sum, text->data, body);
	digest_to_text(hex, &sum);
	if (memcmp(text->data + body, "sum ", 4) != 0 ||
	    memcmp(text->data + body + 4, hex, DIGEST_TEXT_MAX - 1) != 0 ||
	    text->data[text->len - 1] != '\n')
		return err_set(err, ERR_CORRUPT,
		    "%s: damaged: its check sum is not that of its lines",
		    name);
	text->len = body;
	text->data[body] = '\0';
	return 0;
}

int
store_text_write(struct store *s, const char *name, const struct bytes *text,
    const char *prefix, struct err *err)
{
	char temporary[STORE_NAME_MAX];
	int rc = store_may_write(s, err);

	if (rc < 0)
		return rc;
	if (text->failed)
		return err_set(err, ERR_NO_MEMORY,
		    "%s/%s: out of memory while writing it", s->dir, name);
	rc = temporary_write(
	    s, ".", prefix, text->data, text->len, true, temporary, err);
	if (rc < 0)
		return rc;
	errno = ENOSPC;
	if (fault_hit("store-rename") ||
	    renameat(s->fd, temporary, s->fd, name) < 0) {
		rc = write_failed(s, name, err);
		unlinkat(s->fd, temporary, 0);
		return rc;
	}
	store_step("store-kill-renamed");
	return store_folder_sync(s, ".", err);
}

int
store_folder_each(struct store *s, enum store_kind kind,
    int (*each)(void *arg, const struct digest *digest, const char *path,
	struct err *err),
    void *arg, struct err *err)
{
	int rc = 0, fd = openat(s->fd, kinds[kind].folder,
			O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!d) {
		rc = err_set_errno(
		    err, "%s/%s: cannot list", s->dir, kinds[kind].folder);
		if (fd >= 0)
			close(fd);
		return rc;
	}
	while (rc == 0 && (entry = readdir(d))) {
		char path[STORE_NAME_MAX];
		struct digest digest;

		if (!store_name_digest(kind, entry->d_name, &digest))
			continue;
		store_file_name(path, kind, &digest);
		rc = each(arg, &digest, path, err);
	}
	closedir(d);
	return rc;
}

int
store_manifest_read(struct store *s, enum store_kind kind,
    const struct digest *digest, struct bytes *out, struct err *err)
{
	char name[STORE_NAME_MAX];
	int rc = store_get(s, kind, digest, out, err);

	if (rc < 0)
		return rc;
	rc = manifest_verify(out->data, out->len, err);
	if (rc < 0) {
		store_file_name(name, kind, digest);
		err_add(err, "%s/%s", s->dir, name);
	}
	return rc;
}
