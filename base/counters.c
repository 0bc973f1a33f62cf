/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The counters file: created and mapped by its one writer, opened read-only
 * by anybody. The writer's threads touch only their blocks; everything here
 * runs once at start, or in readers (holdfastd, `holdfast stats`). A reader
 * trusts nothing in the file: sizes are checked and texts copied out before
 * they are used, since the writer's process might be broken or replaced.
 */
#include "base/counters.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cache_line.h"

/* The alignment is the format's, so it is a number, whatever CORE_ALIGN is. */
enum { COUNTERS_VERSION = 1, COUNTERS_BLOCK_ALIGN = 128 };
_Static_assert((int)COUNTERS_BLOCK_ALIGN % CORE_ALIGN == 0,
    "a block shares no line with its neighbours");

struct counters {
	uint8_t *map;
	size_t map_bytes;
	struct counters_header_d header; /* a copy: the file's may change */
	char (*names)[COUNTERS_NAME_MAX];
	char (*labels)[COUNTERS_NAME_MAX];
};

static uint32_t
align_up(uint32_t n)
{
	return (n + COUNTERS_BLOCK_ALIGN - 1) & -(uint32_t)COUNTERS_BLOCK_ALIGN;
}

/* The one layout that version 1 has: offsets follow from the counts, which
 * keep every sum below 2^32. */
static size_t
layout_set(struct counters_header_d *h)
{
	h->names_off = sizeof *h;
	h->labels_off = h->names_off + h->nnames * COUNTERS_NAME_MAX;
	h->blocks_off =
	    align_up(h->labels_off + h->nblocks * COUNTERS_NAME_MAX);
	h->block_bytes = align_up(h->nnames * (uint32_t)sizeof(uint64_t));
	return h->blocks_off + (size_t)h->nblocks * h->block_bytes;
}

/* A text of at most 63 printable characters. */
static bool
text_is_sound(const char text[COUNTERS_NAME_MAX])
{
	size_t len = strnlen(text, COUNTERS_NAME_MAX);

	if (len == 0 || len == COUNTERS_NAME_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < 0x20 || text[i] > 0x7e)
			return false;
	}
	return true;
}

static int
counts_check(unsigned nnames, unsigned nblocks, int code, const char *path,
    struct err *err)
{
	if (nnames && nnames <= COUNTERS_MAX && nblocks &&
	    nblocks <= COUNTERS_BLOCKS_MAX)
		return 0;
	return err_set(err, code,
	    "%s: %u counters in %u blocks; there may be 1 to %d in 1 to %d",
	    path, nnames, nblocks, COUNTERS_MAX, COUNTERS_BLOCKS_MAX);
}

static struct counters *
counters_alloc(unsigned nnames, unsigned nblocks)
{
	struct counters *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->header.nnames = nnames;
	c->header.nblocks = nblocks;
	c->names = calloc(nnames, COUNTERS_NAME_MAX);
	c->labels = calloc(nblocks, COUNTERS_NAME_MAX);
	if (!c->names || !c->labels)
		counters_close(&c);
	return c;
}

static int
texts_copy(char (*dst)[COUNTERS_NAME_MAX], const char *const *src, unsigned n,
    struct err *err)
{
	for (unsigned i = 0; i < n; i++) {
		if (strlen(src[i]) >= COUNTERS_NAME_MAX)
			return err_set(err, ERR_LIMIT,
			    "counter name \"%s\" is longer than %d characters",
			    src[i], COUNTERS_NAME_MAX - 1);
		strcpy(dst[i], src[i]);
		if (!text_is_sound(dst[i]))
			return err_set(err, ERR_USAGE,
			    "counter name \"%s\" is empty or not printable",
			    src[i]);
	}
	return 0;
}

static uint64_t
realtime_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Fills the mapping of the new file; the blocks are zero already. */
static void
header_write(struct counters *c)
{
	struct counters_header_d *h = &c->header;

	h->magic = COUNTERS_MAGIC;
	h->version = COUNTERS_VERSION;
	h->writer_pid = (uint32_t)getpid();
	h->started_ms = realtime_ms();
	memcpy(c->map, h, sizeof *h);
	memcpy(c->map + h->names_off, c->names,
	    (size_t)h->nnames * COUNTERS_NAME_MAX);
	memcpy(c->map + h->labels_off, c->labels,
	    (size_t)h->nblocks * COUNTERS_NAME_MAX);
}

/* Makes the file under a temporary name, maps and fills it, then renames it:
 * a reader of the old file keeps the old file. Memory is taken now, so that
 * no later store meets a full tmpfs (SIGBUS). */
static int
file_create(struct counters *c, const char *path, struct err *err)
{
	char temporary[PATH_MAX];
	int fd, rc = 0;

	if (snprintf(temporary, sizeof temporary, "%s.tmp-%ld", path,
		(long)getpid()) >= (int)sizeof temporary)
		return err_set(err, ERR_LIMIT, "%.200s: path too long", path);
	fd = open(temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_set_errno(err, "%s: cannot create", temporary);
	errno = posix_fallocate(fd, 0, (off_t)c->map_bytes);
	if (errno) {
		rc = err_set_errno(
		    err, "%s: cannot take %zu bytes", temporary, c->map_bytes);
		goto out;
	}
	c->map =
	    mmap(NULL, c->map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (c->map == MAP_FAILED) {
		c->map = NULL;
		rc = err_set_errno(err, "%s: cannot map", temporary);
		goto out;
	}
	header_write(c);
	if (fchmod(fd, 0644) < 0 || rename(temporary, path) < 0)
		rc = err_set_errno(err, "%s: cannot put in place", path);
out:
	if (rc < 0)
		unlink(temporary);
	close(fd);
	return rc;
}

int
counters_create(struct counters **out, const char *path,
    const char *const *names, unsigned nnames, const char *const *labels,
    unsigned nblocks, struct err *err)
{
	struct counters *c;
	int rc = counts_check(nnames, nblocks, ERR_LIMIT, path, err);

	*out = NULL;
	if (rc < 0)
		return rc;
	c = counters_alloc(nnames, nblocks);
	if (!c)
		return err_set(err, ERR_NO_MEMORY, "%s: out of memory", path);
	c->map_bytes = layout_set(&c->header);
	rc = texts_copy(c->names, names, nnames, err);
	if (rc == 0)
		rc = texts_copy(c->labels, labels, nblocks, err);
	if (rc == 0)
		rc = file_create(c, path, err);
	if (rc < 0) {
		counters_close(&c);
		return rc;
	}
	*out = c;
	return 0;
}

_Atomic uint64_t *
counters_block(struct counters *c, unsigned block)
{
	return (
	    _Atomic uint64_t *)(void *)(c->map + c->header.blocks_off +
					(size_t)block * c->header.block_bytes);
}

/* Compares the header with the only one these counts may have. */
static int
header_check(const struct counters_header_d *h, uint64_t file_bytes,
    const char *path, struct err *err)
{
	struct counters_header_d want = *h;
	size_t bytes;
	int rc;

	if (h->magic != COUNTERS_MAGIC)
		return err_set(
		    err, ERR_CORRUPT, "%s: not a file of counters", path);
	if (h->version != COUNTERS_VERSION)
		return err_set(err, ERR_VERSION,
		    "%s: counters of version %u, this program reads %d", path,
		    h->version, COUNTERS_VERSION);
	rc = counts_check(h->nnames, h->nblocks, ERR_CORRUPT, path, err);
	if (rc < 0)
		return rc;
	bytes = layout_set(&want);
	if (memcmp(&want, h, sizeof want) != 0)
		return err_set(err, ERR_CORRUPT,
		    "%s: offsets in the header are wrong", path);
	if (file_bytes < bytes)
		return err_set(err, ERR_CORRUPT,
		    "%s: %llu bytes, but the header asks for %zu", path,
		    (unsigned long long)file_bytes, bytes);
	return 0;
}

static int
texts_check(const struct counters *c, const char *path, struct err *err)
{
	for (unsigned i = 0; i < c->header.nnames; i++) {
		if (!text_is_sound(c->names[i]))
			return err_set(err, ERR_CORRUPT,
			    "%s: name %u is not printable text", path, i);
	}
	for (unsigned i = 0; i < c->header.nblocks; i++) {
		if (!text_is_sound(c->labels[i]))
			return err_set(err, ERR_CORRUPT,
			    "%s: label %u is not printable text", path, i);
	}
	return 0;
}

/* Maps the open file and copies its texts. On failure the caller closes c. */
static int
file_map(struct counters *c, int fd, const char *path, struct err *err)
{
	const struct counters_header_d *h = &c->header;

	c->map = mmap(NULL, c->map_bytes, PROT_READ, MAP_SHARED, fd, 0);
	if (c->map == MAP_FAILED) {
		c->map = NULL;
		return err_set_errno(err, "%s: cannot map", path);
	}
	memcpy(c->names, c->map + h->names_off,
	    (size_t)h->nnames * COUNTERS_NAME_MAX);
	memcpy(c->labels, c->map + h->labels_off,
	    (size_t)h->nblocks * COUNTERS_NAME_MAX);
	return texts_check(c, path, err);
}

static int
fd_open(struct counters **out, int fd, const char *path, struct err *err)
{
	struct counters_header_d h;
	struct counters *c;
	struct stat st;
	int rc;

	if (fstat(fd, &st) < 0)
		return err_set_errno(err, "%s: cannot stat", path);
	if (!S_ISREG(st.st_mode) || st.st_size < (off_t)sizeof h ||
	    pread(fd, &h, sizeof h, 0) != (ssize_t)sizeof h)
		return err_set(
		    err, ERR_CORRUPT, "%s: not a file of counters", path);
	rc = header_check(&h, (uint64_t)st.st_size, path, err);
	if (rc < 0)
		return rc;
	c = counters_alloc(h.nnames, h.nblocks);
	if (!c)
		return err_set(err, ERR_NO_MEMORY, "%s: out of memory", path);
	c->header = h;
	c->map_bytes = layout_set(&c->header);
	rc = file_map(c, fd, path, err);
	if (rc < 0)
		counters_close(&c);
	*out = c;
	return rc;
}

int
counters_open(struct counters **out, const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int rc;

	*out = NULL;
	if (fd < 0) {
		rc = errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
		err_set_errno(err, "%s: cannot open", path);
		if (err)
			err->code = rc;
		return rc;
	}
	rc = fd_open(out, fd, path, err);
	close(fd);
	return rc;
}

unsigned
counters_names(const struct counters *c)
{
	return c->header.nnames;
}

unsigned
counters_blocks(const struct counters *c)
{
	return c->header.nblocks;
}

const char *
counters_name(const struct counters *c, unsigned name)
{
	return c->names[name];
}

const char *
counters_label(const struct counters *c, unsigned block)
{
	return c->labels[block];
}

uint64_t
counters_value(const struct counters *c, unsigned block, unsigned name)
{
	const _Atomic uint64_t *values =
	    (const _Atomic uint64_t *)(const void *)(c->map +
						     c->header.blocks_off +
						     (size_t)block *
							 c->header.block_bytes);

	return atomic_load_explicit(&values[name], memory_order_relaxed);
}

uint32_t
counters_writer_pid(const struct counters *c)
{
	return c->header.writer_pid;
}

void
counters_close(struct counters **c)
{
	if (!*c)
		return;
	if ((*c)->map)
		munmap((*c)->map, (*c)->map_bytes);
	free((*c)->names);
	free((*c)->labels);
	free(*c);
	*c = NULL;
}
