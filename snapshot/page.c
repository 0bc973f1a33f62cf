/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The data plane's page: a small file on tmpfs, written by one thread of one
 * process, copied by any number of readers under a sequence number. A handle is
 * one small allocation and one mapping.
 */
#include "snapshot/page.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE_VERSION 2

enum {
	STATE_WORDS = sizeof(struct page_state) / sizeof(uint64_t),
	/* a write takes nanoseconds; a writer that was preempted, less than
	 * this many looks are likely to wait for, is read the next time */
	READ_TRIES = 10000,
};
_Static_assert(sizeof(struct page_state) % sizeof(uint64_t) == 0,
    "the state is copied by words");
_Static_assert(sizeof(struct page_d) <= PAGE_BYTES, "room for all of it");

struct page {
	struct page_d *d;
};

/* Words are copied one by one and atomically: a reader may see a mix of two
 * states, which the sequence number then tells it, but no torn word. */
static void
words_copy(void *to, const void *from, unsigned words)
{
	_Atomic uint64_t *dst = to;
	const _Atomic uint64_t *src = from;

	for (unsigned i = 0; i < words; i++)
		atomic_store_explicit(&dst[i],
		    atomic_load_explicit(&src[i], memory_order_relaxed),
		    memory_order_relaxed);
}

static int
page_map(struct page **out, int fd, int protection, const char *path,
    struct err *err)
{
	struct page *p = malloc(sizeof *p);
	void *map;

	if (!p)
		return err_set(err, ERR_NO_MEMORY, "%s: out of memory", path);
	map = mmap(NULL, PAGE_BYTES, protection, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) {
		free(p);
		return err_set_errno(err, "%s: cannot map", path);
	}
	p->d = map;
	*out = p;
	return 0;
}

/* A whole page file of this version? */
static int
page_check(int fd, const char *path, struct err *err)
{
	struct page_d head;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set_errno(err, "%s: cannot stat", path);
	if (!S_ISREG(st.st_mode) || st.st_size != PAGE_BYTES ||
	    pread(fd, &head, sizeof head, 0) != sizeof head ||
	    head.magic != PAGE_MAGIC)
		return err_set(err, ERR_CORRUPT,
		    "%s: not the page of a data plane: remove it", path);
	if (head.version != PAGE_VERSION)
		return err_set(err, ERR_VERSION,
		    "%s: version %u, this program reads version %u", path,
		    head.version, PAGE_VERSION);
	return 0;
}

/* A file of zeros with a head appears under the path all at once. */
static int
page_file_make(const char *path, struct err *err)
{
	struct page_d head = {
	    .magic = PAGE_MAGIC,
	    .version = PAGE_VERSION,
	    .writer_pid = (uint32_t)getpid(),
	};
	char temporary[PATH_MAX];
	int fd, rc = 0;

	if (snprintf(temporary, sizeof temporary, "%s.new-%ld", path,
		(long)getpid()) >= (int)sizeof temporary)
		return err_set(err, ERR_LIMIT, "%s: path too long", path);
	unlink(temporary);
	fd = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_set_errno(err, "%s: cannot create", path);
	/* now, or a full tmpfs is a bus error at the first write */
	errno = posix_fallocate(fd, 0, PAGE_BYTES);
	if (errno || pwrite(fd, &head, sizeof head, 0) != sizeof head ||
	    fchmod(fd, 0644) < 0 || rename(temporary, path) < 0) {
		rc = err_set_errno(err, "%s: cannot write", path);
		unlink(temporary);
	}
	close(fd);
	return rc;
}

int
page_create(struct page **out, const char *path, struct err *err)
{
	int rc, fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	*out = NULL;
	/* readers of the one before keep their mapping if it can go on */
	if (fd < 0 || page_check(fd, path, NULL) < 0) {
		if (fd >= 0)
			close(fd);
		rc = page_file_make(path, err);
		if (rc < 0)
			return rc;
		fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0)
			return err_set_errno(err, "%s: cannot open", path);
	}
	rc = page_map(out, fd, PROT_READ | PROT_WRITE, path, err);
	close(fd);
	if (rc < 0)
		return rc;
	(*out)->d->writer_pid = (uint32_t)getpid();
	return 0;
}

/* Puts the zones of `set` that are not in `but` behind the `n` of the list. */
static uint32_t
list_add(struct page_d *d, uint32_t n, const struct probation *set,
    const struct probation *but)
{
	for (uint32_t i = 0; i <= set->mask; i++) {
		uint64_t hash = set->table[i];

		if (!hash || (but && probation_holds(but, hash)))
			continue;
		if (n == PROBATION_ZONES_MAX)
			return PAGE_PROBATION_ALL;
		words_copy(&d->probation[n++], &hash, 1);
	}
	return n;
}

static void
probation_write(struct page_d *d, struct page_state *state,
    const struct probation *stable, const struct probation *candidate)
{
	uint32_t n = 0;

	if (stable)
		n = stable->all ? PAGE_PROBATION_ALL
		                : list_add(d, 0, stable, NULL);
	state->stable_probation = n;
	state->candidate_probation = 0;
	if (!candidate)
		return;
	if (n == PAGE_PROBATION_ALL || candidate->all)
		state->candidate_probation = PAGE_PROBATION_ALL;
	else
		state->candidate_probation = list_add(d, n, candidate, stable);
}

void
page_write(struct page *p, const struct page_state *state)
{
	page_write_probation(p, state, NULL, NULL);
}

void
page_write_probation(struct page *p, const struct page_state *state,
    const struct probation *stable, const struct probation *candidate)
{
	struct page_state s = *state;
	struct page_d *d = p->d;
	/* odd if the writer before was killed while it wrote */
	uint32_t odd =
	    atomic_load_explicit(&d->sequence, memory_order_relaxed) | 1;

	atomic_store_explicit(&d->sequence, odd, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	probation_write(d, &s, stable, candidate);
	words_copy(&d->state, &s, STATE_WORDS);
	atomic_store_explicit(&d->sequence, odd + 1, memory_order_release);
}

void
page_beat(struct page *p, uint64_t now_ms)
{
	atomic_store_explicit(
	    &p->d->heartbeat_ms, now_ms, memory_order_relaxed);
}

int
page_open(struct page **out, const char *path, struct err *err)
{
	int rc, fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	*out = NULL;
	if (fd < 0) {
		rc = errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
		err_set_errno(err, "%s: cannot open", path);
		if (err)
			err->code = rc;
		return rc;
	}
	rc = page_check(fd, path, err);
	if (rc == 0)
		rc = page_map(out, fd, PROT_READ, path, err);
	close(fd);
	return rc;
}

/* Copies the state, and the list too unless that is NULL. */
static bool
page_copy(const struct page_d *d, struct page_state *out, uint64_t *probation)
{
	for (unsigned i = 0; i < READ_TRIES; i++) {
		uint32_t before =
		    atomic_load_explicit(&d->sequence, memory_order_acquire);

		if (before & 1) {
			__builtin_ia32_pause();
			continue;
		}
		words_copy(out, &d->state, STATE_WORDS);
		if (probation)
			words_copy(
			    probation, d->probation, PROBATION_ZONES_MAX);
		atomic_thread_fence(memory_order_acquire);
		if (atomic_load_explicit(&d->sequence, memory_order_relaxed) !=
		    before)
			continue;
		return true;
	}
	return false;
}

bool
page_read(const struct page *p, struct page_state *out, uint64_t *heartbeat_ms,
    uint32_t *writer_pid)
{
	const struct page_d *d = p->d;

	if (!page_copy(d, out, NULL))
		return false;
	if (heartbeat_ms)
		*heartbeat_ms = atomic_load_explicit(
		    &d->heartbeat_ms, memory_order_relaxed);
	if (writer_pid)
		*writer_pid = d->writer_pid;
	return true;
}

/* The first `n` of the list; a number that no writer writes is all zones. */
static struct probation *
list_read(const uint64_t *list, uint32_t n)
{
	bool all = n > PROBATION_ZONES_MAX;
	struct probation *p = probation_new(all ? 0 : n);

	if (p && all)
		p->all = true;
	for (uint32_t i = 0; p && !all && i < n; i++)
		probation_add(p, list[i]);
	return p;
}

bool
page_read_probation(const struct page *p, struct page_state *out,
    struct probation **stable, struct probation **candidate)
{
	uint64_t *list = calloc(PROBATION_ZONES_MAX, sizeof *list);
	bool ok = list && page_copy(p->d, out, list);

	*stable = *candidate = NULL;
	if (ok && out->stable_probation) {
		*stable = list_read(list, out->stable_probation);
		ok = *stable != NULL;
	}
	if (ok && out->candidate_probation) {
		*candidate = list_read(list, out->candidate_probation);
		ok = *candidate != NULL;
	}
	if (!ok) {
		probation_free(stable);
		probation_free(candidate);
	}
	free(list);
	return ok;
}

void
page_close(struct page **pp)
{
	struct page *p = *pp;

	*pp = NULL;
	if (!p)
		return;
	munmap(p->d, PAGE_BYTES);
	free(p);
}
