/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The reader's end of the rings of samples (sample.h): control and tools. The
 * writer's process may be broken or replaced: every number in the file is
 * checked before it is used, and a copy counts only if it was not overwritten
 * while it was made. Allocates when a file is opened.
 */
#include "base/sample.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PERMILLE_MAX = 1000, UNSOUND_MAX = 4096 };

int
sample_reader_init(struct sample_reader *r, const char *path, unsigned verdicts,
    struct err *err)
{
	*r = (struct sample_reader){
	    .path = strdup(path),
	    .verdicts = verdicts,
	    .fd = -1,
	    .batch = calloc(SAMPLE_READ_BATCH, sizeof *r->batch),
	};
	if (r->path && r->batch)
		return 0;
	sample_reader_fini(r);
	return err_set(err, ERR_NO_MEMORY, "%s: out of memory", path);
}

static void
file_close(struct sample_reader *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
	free(r->next);
	r->next = NULL;
	r->blocks = r->block = 0;
	r->at = r->have = 0;
}

void
sample_reader_fini(struct sample_reader *r)
{
	file_close(r);
	free(r->path);
	free(r->batch);
	*r = (struct sample_reader){.fd = -1};
}

static int
head_check(const struct sample_ring_d *h, const struct sample_reader *r,
    struct err *err)
{
	if (h->magic != SAMPLE_MAGIC)
		return err_set(
		    err, ERR_CORRUPT, "%s: not a file of samples", r->path);
	if (h->version != SAMPLE_VERSION || h->verdicts != r->verdicts)
		return err_set(err, ERR_VERSION,
		    "%s: samples of another version of Holdfast", r->path);
	if (h->blocks == 0 || h->blocks > SAMPLE_BLOCKS_MAX ||
	    h->slots < SAMPLE_SLOTS_MIN || h->slots > SAMPLE_SLOTS_MAX ||
	    h->slots & (h->slots - 1))
		return err_set(err, ERR_CORRUPT,
		    "%s: %u rings of %u slots: damaged", r->path, h->blocks,
		    h->slots);
	return 0;
}

/* Takes over fd, also on failure. */
static int
file_take(
    struct sample_reader *r, int fd, const struct stat *st, struct err *err)
{
	struct sample_ring_d head;
	int rc = 0;

	if (!S_ISREG(st->st_mode) ||
	    pread(fd, &head, sizeof head, 0) != (ssize_t)sizeof head)
		rc = err_set(
		    err, ERR_CORRUPT, "%s: not a file of samples", r->path);
	if (rc == 0)
		rc = head_check(&head, r, err);
	if (rc == 0) {
		r->next = calloc(head.blocks, sizeof *r->next);
		if (!r->next)
			rc = err_set(
			    err, ERR_NO_MEMORY, "%s: out of memory", r->path);
	}
	if (rc) {
		close(fd);
		return rc;
	}
	r->fd = fd;
	r->blocks = head.blocks;
	r->slots = head.slots;
	r->device = st->st_dev;
	r->inode = st->st_ino;
	return 0;
}

int
sample_reader_follow(struct sample_reader *r, struct err *err)
{
	struct stat st;
	int fd, rc;

	if (r->fd >= 0 && stat(r->path, &st) == 0 && r->device == st.st_dev &&
	    r->inode == st.st_ino)
		return 0;
	file_close(r);
	fd = open(r->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		rc = errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
		err_set_errno(err, "%s: cannot open", r->path);
		if (err)
			err->code = rc;
		return rc;
	}
	if (fstat(fd, &st) < 0) {
		close(fd);
		return err_set_errno(err, "%s: cannot stat", r->path);
	}
	return file_take(r, fd, &st, err);
}

static off_t
block_offset(const struct sample_reader *r, unsigned block)
{
	return (off_t)(sizeof(struct sample_ring_d) +
		       block * (SAMPLE_BLOCK_HEAD +
				   (size_t)r->slots *
				       sizeof(struct sample_slot_d)));
}

static bool
written_read(const struct sample_reader *r, unsigned block, uint64_t *written)
{
	return pread(r->fd, written, sizeof *written, block_offset(r, block)) ==
	       (ssize_t)sizeof *written;
}

/* Copies the next samples of the block that lie in one piece; false: none. */
static bool
batch_read(struct sample_reader *r, unsigned block)
{
	uint64_t written, *next = &r->next[block], first, n;
	size_t bytes;

	r->at = r->have = 0;
	if (!written_read(r, block, &written) || written == *next)
		return false;
	if (written < *next) /* no writer of ours does that */
		*next = written;
	if (written - *next >= r->slots) {
		r->lost += written - *next - (r->slots - 1);
		*next = written - (r->slots - 1);
	}
	first = *next & (r->slots - 1);
	n = written - *next;
	if (n > SAMPLE_READ_BATCH)
		n = SAMPLE_READ_BATCH;
	if (n > r->slots - first)
		n = r->slots - first;
	bytes = n * sizeof *r->batch;
	if (n == 0 ||
	    pread(r->fd, r->batch, bytes,
		block_offset(r, block) + SAMPLE_BLOCK_HEAD +
		    (off_t)(first * sizeof *r->batch)) != (ssize_t)bytes ||
	    !written_read(r, block, &written) || written < *next)
		return false;
	*next += n;
	r->have = (uint32_t)n;
	/* those that the writer has come round to meanwhile: written is at
	 * least sample + slots, or it is at work on that slot */
	if (written >= *next - n + r->slots) {
		uint64_t over = written - (*next - n + r->slots) + 1;

		r->at = over < n ? (uint32_t)over : (uint32_t)n;
		r->lost += r->at;
	}
	return r->at < r->have;
}

static bool
slot_take(const struct sample_reader *r, const struct sample_slot_d *d,
    struct sample *out)
{
	bool stripped;

	if (d->query_bytes > SAMPLE_QUERY_MAX ||
	    d->query_bytes < SAMPLE_QUERY_MIN || d->verdict >= r->verdicts ||
	    d->side >= SAMPLE_SIDES || d->transport > 1 ||
	    d->permille >= PERMILLE_MAX || d->weight == 0)
		return false;
	*out = (struct sample){.time_ms = (uint64_t)d->time * 1000,
	    .generation = d->generation,
	    .hash = d->hash,
	    .weight = d->weight,
	    .response_bytes = d->response_bytes,
	    .query_bytes = d->query_bytes,
	    .permille = d->permille,
	    .verdict = d->verdict,
	    .rcode = d->rcode,
	    .side = d->side,
	    .transport = d->transport,
	    .stripped = d->stripped != 0};
	return sample_query_take(out->query, d->query, d->query_bytes,
		   &stripped) == d->query_bytes &&
	       !stripped;
}

bool
sample_next(struct sample_reader *r, struct sample *out)
{
	/* a writer gone mad can't keep us here */
	for (unsigned tries = 0; tries < UNSOUND_MAX; tries++) {
		while (r->at == r->have) {
			if (r->block == r->blocks) {
				r->block = 0;
				return false;
			}
			/* a batch may have been overtaken, and there is more */
			if (!batch_read(r, r->block) && r->at == r->have)
				r->block++;
		}
		if (slot_take(r, &r->batch[r->at++], out)) {
			r->read++;
			return true;
		}
		r->unsound++;
	}
	return false;
}
