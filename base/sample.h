/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A sample of the questions that are really asked, and of what became of them:
 * a file on tmpfs (RUN/dataplane.samples, RUN/sockets.samples) with a ring a
 * thread that answers. One writer a ring, which never waits: what is not read
 * in time is overwritten. Anybody may read, any number of readers.
 *
 *   sample_ring_d | block 0: written (128) slot slot ... | block 1 ...
 *
 * Sample n of a block lies in slot n modulo `slots`; `written` is the number of
 * those that are whole. The next one may be under way in the slot behind them,
 * so a reader's copy of sample n counts only if `written` is still less than
 * n + slots when it has been made.
 *
 * Bounded by time, not by load: a thread takes at most so many samples a second
 * of each side (stable, candidate), saves up a quarter of a second's, and takes
 * a random query of the burst whose turn it is. `weight` says how many queries
 * a sample stands for. A turn without a sample costs an addition and a branch.
 *
 * Of a client nothing is kept: not its address, no EDNS options (cookies,
 * client subnets). Only plain questions are taken: one question, no records but
 * an OPT.
 */
#ifndef HOLDFAST_SAMPLE_H
#define HOLDFAST_SAMPLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/dns.h"
#include "base/err.h"

#define SAMPLE_MAGIC 0x31504d4153484c44ull

enum {
	SAMPLE_VERSION = 1,
	/* header, question, OPT without options */
	SAMPLE_QUERY_MIN = DNS_HEADER_BYTES + 1 + 4,
	SAMPLE_QUERY_MAX = DNS_HEADER_BYTES + DNS_NAME_MAX + 4 + DNS_OPT_BYTES,
	SAMPLE_SLOTS_MIN = 256,
	SAMPLE_SLOTS_MAX = 8192,
	SAMPLE_BLOCKS_MAX = 512,
	SAMPLE_BLOCK_HEAD = 128,
};

enum sample_side {
	SAMPLE_STABLE,
	SAMPLE_CANDIDATE,
	SAMPLE_SIDES,
	SAMPLE_NOT = SAMPLE_SIDES, /* these are never sampled */
};

struct sample_ring_d {
	uint64_t magic;
	uint32_t version, writer_pid;
	uint32_t blocks, slots; /* slots of each block, a power of two */
	uint32_t verdicts;      /* how many the writer knows: its version */
	uint32_t reserved0;
	uint64_t started_ms; /* CLOCK_REALTIME */
	uint8_t reserved[88];
};
_Static_assert(sizeof(struct sample_ring_d) == 128, "ring header");

struct sample_slot_d {
	uint32_t time;       /* seconds since 1970, modulo 2^32 */
	uint32_t generation; /* that answered: sample_mark() of its digest */
	uint32_t hash;       /* message_hash() of the response; 0: none */
	uint32_t weight;     /* queries that it stands for, at least 1 */
	uint16_t response_bytes; /* 0: no response was sent */
	uint16_t query_bytes;
	uint16_t permille; /* of the client: page_client_permille() */
	uint8_t verdict, rcode;
	uint8_t side, transport; /* enum sample_side, enum answer_transport */
	uint8_t stripped;        /* the query had EDNS options */
	uint8_t query[SAMPLE_QUERY_MAX];
	uint8_t reserved[11];
};
_Static_assert(sizeof(struct sample_slot_d) == 320, "sample slot");

/* First octets of a generation's digest: enough to tell it from its parent. */
static inline uint32_t
sample_mark(const uint8_t digest[4])
{
	return (uint32_t)digest[0] | (uint32_t)digest[1] << 8 |
	       (uint32_t)digest[2] << 16 | (uint32_t)digest[3] << 24;
}

/* --- writer ------------------------------------------------------------- */

struct sample_ring;

/* Replaces the file at `path` (0640): a ring for each of `blocks` threads.
 * Main thread, at start. */
int sample_ring_create(struct sample_ring **out, const char *path,
    unsigned blocks, unsigned per_second, unsigned verdicts, struct err *err);
void sample_ring_close(struct sample_ring **r);

/* One thread's end. All zero: off. */
struct sampler {
	struct sampler_turn {
		uint64_t last;       /* ticks */
		uint64_t haste;      /* ~(ticks after `last` when one is due) */
		int64_t credit;      /* ticks saved up, or owed */
		uint64_t seen;       /* queries since the last sample */
	} turn[SAMPLE_SIDES + 1];    /* of SAMPLE_NOT: never due */
	_Atomic uint64_t *written;   /* of the block */
	struct sample_slot_d *slots; /* of the block */
	struct sample_slot_d *held;  /* under way; NULL: none */
	uint32_t slot_mask;
	uint64_t interval, credit_max; /* ticks: between samples, saved up */
	uint64_t random;
};

/* `r` NULL or `per_second` 0: nothing is sampled. `hz`: ticks a second. */
void sampler_init(struct sampler *s, struct sample_ring *r, unsigned block,
    unsigned per_second, uint64_t hz, uint64_t now);

/* Whether one of the `n` queries that are to be answered now is to be sampled.
 * Touches one cache line, the thread's own. */
static inline bool
sampler_is_due(
    struct sampler *s, enum sample_side side, uint64_t now, unsigned n)
{
	struct sampler_turn *t = &s->turn[side];

	t->seen += n;
	return __builtin_expect(now - t->last >= ~t->haste, 0);
}

/* Which of n: at random. */
unsigned sampler_pick(struct sampler *s, unsigned n);

/* Copies the query, before it is answered in place; true if sampler_finish() is
 * to be called when it has been. What is no plain question is not taken. */
bool sampler_take(struct sampler *s, enum sample_side side, uint64_t now,
    const uint8_t *query, size_t bytes, unsigned transport, unsigned permille);

/* What became of the query that was taken. `response` may be NULL if nothing is
 * sent. */
struct sample_outcome {
	const uint8_t *response;
	uint32_t response_bytes;
	uint32_t time;       /* seconds since 1970 */
	uint32_t generation; /* sample_mark(); 0: none */
	uint8_t verdict, rcode;
};
void sampler_finish(struct sampler *s, const struct sample_outcome *o);

/* --- reader ------------------------------------------------------------- */

struct sample {
	uint64_t time_ms; /* since 1970, to the second */
	uint32_t generation, hash, weight;
	uint16_t response_bytes, query_bytes, permille;
	uint8_t verdict, rcode, side, transport;
	bool stripped;
	uint8_t query[SAMPLE_QUERY_MAX]; /* sample_query_take() accepts it */
};

/* Reads by pread(2): a writer that cuts its file short costs samples, and no
 * signal. */
struct sample_reader {
	char *path; /* owned */
	unsigned verdicts;
	int fd; /* -1: none */
	uint64_t device, inode;
	uint32_t blocks, slots;
	uint64_t *next; /* of each block: the sample to be read next */
	/* the block in hand */
	unsigned block;
	uint32_t at, have; /* in `batch` */
	struct sample_slot_d *batch;
	uint64_t read, lost, unsound; /* samples, since the start */
};

enum { SAMPLE_READ_BATCH = 64 };

/* `verdicts`: how many the reader knows; another writer's file is refused. */
int sample_reader_init(struct sample_reader *r, const char *path,
    unsigned verdicts, struct err *err);
void sample_reader_fini(struct sample_reader *r);

/* Opens the file, or the new one if another has taken its place (the writer was
 * started again); call it now and then. ERR_NOT_FOUND: there is none. */
int sample_reader_follow(struct sample_reader *r, struct err *err);

/* The next sample, from the oldest that are still there; false: no more now.
 * Everything in it has been checked. */
bool sample_next(struct sample_reader *r, struct sample *out);

/* A plain question with options left out, as samples have them: octets written
 * to dst, or 0 if it is none. `stripped`: it had options. dst may be src. */
size_t sample_query_take(uint8_t dst[SAMPLE_QUERY_MAX], const uint8_t *src,
    size_t bytes, bool *stripped);

#endif
