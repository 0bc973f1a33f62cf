/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The writer's end of the rings of samples (sample.h): the file is made by the
 * main thread, then each thread that answers has a block of its own. What is
 * here runs a few hundred times a second at most.
 */
#include "base/sample.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/message.h"
#include "base/name.h"
#include "base/wire.h"

enum {
	KEPT_SECONDS = 10, /* of samples, while nobody reads: both sides' */
	CREDIT_PARTS = 4,  /* of a second are saved up */
};

/* Of a turn's `haste`: any tick is late enough. */
#define DUE_NOW UINT64_MAX

struct sample_ring {
	uint8_t *map;
	size_t bytes;
	uint32_t slots;
};

static uint32_t
slots_for(unsigned per_second)
{
	uint32_t slots = SAMPLE_SLOTS_MIN;

	while (slots < SAMPLE_SLOTS_MAX && slots < per_second * KEPT_SECONDS)
		slots *= 2;
	return slots;
}

static size_t
block_bytes(uint32_t slots)
{
	return SAMPLE_BLOCK_HEAD + (size_t)slots * sizeof(struct sample_slot_d);
}

static int
ring_map(struct sample_ring *r, int fd, const char *path, struct err *err)
{
	/* now, or a full tmpfs is a bus error at the first sample, and its
	 * pages are faults on the query path */
	errno = posix_fallocate(fd, 0, (off_t)r->bytes);
	if (errno)
		return err_set_errno(
		    err, "%s: cannot take %zu bytes", path, r->bytes);
	r->map = mmap(NULL, r->bytes, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_POPULATE, fd, 0);
	if (r->map != MAP_FAILED)
		return 0;
	r->map = NULL;
	return err_set_errno(err, "%s: cannot map", path);
}

/* Under a temporary name, then renamed: a reader of the old file keeps it until
 * it looks again. The group may read it (control is in it), others not. */
static int
file_make(struct sample_ring *r, const struct sample_ring_d *head,
    const char *path, struct err *err)
{
	char temporary[PATH_MAX];
	int fd, rc;

	if (snprintf(temporary, sizeof temporary, "%s.tmp-%ld", path,
		(long)getpid()) >= (int)sizeof temporary)
		return err_set(err, ERR_LIMIT, "%.200s: path too long", path);
	unlink(temporary);
	fd = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (fd < 0)
		return err_set_errno(err, "%s: cannot create", temporary);
	rc = ring_map(r, fd, temporary, err);
	if (rc == 0) {
		memcpy(r->map, head, sizeof *head);
		if (fchmod(fd, 0640) < 0 || rename(temporary, path) < 0)
			rc =
			    err_set_errno(err, "%s: cannot put in place", path);
	}
	if (rc)
		unlink(temporary);
	close(fd);
	return rc;
}

int
sample_ring_create(struct sample_ring **out, const char *path, unsigned blocks,
    unsigned per_second, unsigned verdicts, struct err *err)
{
	struct sample_ring *r;
	struct sample_ring_d head = {.magic = SAMPLE_MAGIC,
	    .version = SAMPLE_VERSION,
	    .writer_pid = (uint32_t)getpid(),
	    .blocks = blocks,
	    .slots = slots_for(per_second),
	    .verdicts = verdicts,
	    .started_ms = clock_ms(CLOCK_REALTIME)};
	int rc;

	*out = NULL;
	if (blocks == 0 || blocks > SAMPLE_BLOCKS_MAX)
		return err_set(err, ERR_LIMIT,
		    "%s: samples of %u threads; there may be 1 to %d", path,
		    blocks, SAMPLE_BLOCKS_MAX);
	r = calloc(1, sizeof *r);
	if (!r)
		return err_set(err, ERR_NO_MEMORY, "%s: out of memory", path);
	r->slots = head.slots;
	r->bytes = sizeof head + blocks * block_bytes(r->slots);
	rc = file_make(r, &head, path, err);
	if (rc)
		sample_ring_close(&r);
	*out = r;
	return rc;
}

void
sample_ring_close(struct sample_ring **r)
{
	if (!*r)
		return;
	if ((*r)->map)
		munmap((*r)->map, (*r)->bytes);
	free(*r);
	*r = NULL;
}

void
sampler_init(struct sampler *s, struct sample_ring *r, unsigned block,
    unsigned per_second, uint64_t hz, uint64_t now)
{
	uint8_t *at;

	*s = (struct sampler){0};
	if (!r || per_second == 0)
		return;
	at = r->map + sizeof(struct sample_ring_d) +
	     block * block_bytes(r->slots);
	s->written = (_Atomic uint64_t *)(void *)at;
	s->slots = (struct sample_slot_d *)(void *)(at + SAMPLE_BLOCK_HEAD);
	s->slot_mask = r->slots - 1;
	s->interval = hz / per_second ? hz / per_second : 1;
	s->random = (now ^ (block + 1) * 0x9e3779b97f4a7c15ull) | 1;
	s->credit_max = hz / CREDIT_PARTS;
	for (unsigned i = 0; i < SAMPLE_SIDES; i++)
		s->turn[i] = (struct sampler_turn){.last = now,
		    .haste = DUE_NOW,
		    .credit = (int64_t)s->credit_max};
}

/* xorshift64: not to be guessed is no aim, to follow no period is. */
static uint64_t
random_next(struct sampler *s)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return s->random;
}

unsigned
sampler_pick(struct sampler *s, unsigned n)
{
	return (unsigned)((random_next(s) >> 32) * n >> 32);
}

/* The turn is taken: it costs half an interval to one and a half, so that no
 * client's rhythm is met again and again. What comes in while nothing is asked
 * is saved up to a quarter of a second's. A clock that was set back makes one
 * turn due, and saves nothing. */
static void
turn_spend(struct sampler *s, struct sampler_turn *t, uint64_t now)
{
	uint64_t elapsed = now - t->last;
	uint64_t cost = s->interval / 2 + random_next(s) % s->interval;

	if (elapsed > INT64_MAX)
		elapsed = 0;
	if (elapsed > s->credit_max)
		elapsed = s->credit_max;
	t->credit += (int64_t)elapsed;
	if (t->credit > (int64_t)s->credit_max)
		t->credit = (int64_t)s->credit_max;
	t->credit -= (int64_t)cost;
	if (t->credit < -(int64_t)(2 * s->interval))
		t->credit = -(int64_t)(2 * s->interval);
	t->last = now;
	t->haste = t->credit < 0 ? ~(uint64_t)-t->credit : DUE_NOW;
}

bool
sampler_take(struct sampler *s, enum sample_side side, uint64_t now,
    const uint8_t *query, size_t bytes, unsigned transport, unsigned permille)
{
	struct sampler_turn *t = &s->turn[side];
	struct sample_slot_d *slot;
	bool stripped;
	size_t taken;

	if (!s->written || side >= SAMPLE_SIDES)
		return false;
	slot =
	    &s->slots[atomic_load_explicit(s->written, memory_order_relaxed) &
		      s->slot_mask];
	turn_spend(s, t, now);
	/* a reader that copies this slot's old sample sees `written` */
	atomic_thread_fence(memory_order_release);
	taken = sample_query_take(slot->query, query, bytes, &stripped);
	if (taken == 0)
		return false;
	slot->query_bytes = (uint16_t)taken;
	slot->stripped = stripped;
	slot->side = (uint8_t)side;
	slot->transport = (uint8_t)transport;
	slot->permille = (uint16_t)permille;
	slot->weight = t->seen > UINT32_MAX ? UINT32_MAX : (uint32_t)t->seen;
	t->seen = 0;
	s->held = slot;
	return true;
}

void
sampler_finish(struct sampler *s, const struct sample_outcome *o)
{
	struct sample_slot_d *slot = s->held;
	uint64_t n = atomic_load_explicit(s->written, memory_order_relaxed);

	slot->time = o->time;
	slot->generation = o->generation;
	slot->hash = o->response_bytes
	                 ? message_hash(o->response, o->response_bytes)
	                 : 0;
	slot->response_bytes = (uint16_t)o->response_bytes;
	slot->verdict = o->verdict;
	slot->rcode = o->rcode;
	s->held = NULL;
	atomic_store_explicit(s->written, n + 1, memory_order_release);
}

/* An OPT record and nothing behind it. */
static bool
is_opt(const uint8_t *at, size_t bytes)
{
	return bytes >= DNS_OPT_BYTES && at[0] == 0 &&
	       wire_load16(at + 1) == DNS_TYPE_OPT &&
	       wire_load16(at + 9) == bytes - DNS_OPT_BYTES;
}

size_t
sample_query_take(uint8_t dst[SAMPLE_QUERY_MAX], const uint8_t *src,
    size_t bytes, bool *stripped)
{
	uint16_t additional;
	size_t name, end;

	*stripped = false;
	if (bytes < SAMPLE_QUERY_MIN || src[2] & 0xf8 /* QR, opcode */ ||
	    wire_load16(src + 4) != 1 || wire_load32(src + 6) != 0)
		return 0;
	additional = wire_load16(src + 10);
	name =
	    name_length_find(src + DNS_HEADER_BYTES, bytes - DNS_HEADER_BYTES);
	end = DNS_HEADER_BYTES + name + 4;
	if (name == 0 || end > bytes || additional > 1)
		return 0;
	if (additional == 0 ? end != bytes : !is_opt(src + end, bytes - end))
		return 0;
	*stripped = additional && bytes - end > DNS_OPT_BYTES;
	if (additional)
		end += DNS_OPT_BYTES;
	memmove(dst, src, end);
	if (additional)
		wire_store16(dst + end - 2, 0);
	return end;
}
