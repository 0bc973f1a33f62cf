/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The engine: query bytes and a generation in, response bytes and a verdict
 * out. Pure: no system call, no lock, no allocation, no clock, no global state;
 * any thread, any number at once, each with its own struct answer_batch.
 * The poll cores, the socket server, the proof and the tools all call it, so
 * that what is proven is what is served.
 *
 * Two calls a burst. find parses, looks up and decides; write makes the
 * responses in place, in the buffers of the queries. Limits may act between.
 */
#ifndef HOLDFAST_ANSWER_H
#define HOLDFAST_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/answer/verdict.h"
#include "snapshot/generation.h"
#include "snapshot/probation.h"

enum {
	ANSWER_BATCH_MAX = 64,
	ANSWER_NSID_MAX = 64,
	ANSWER_TEXT_MAX = 128,
	/* CNAME and DNAME steps followed for one query; then the chain so far
	 * is the answer, and the client goes on from there */
	ANSWER_CHAIN_MAX = 20,
};

/* From the configuration; read-only while queries run. */
struct answer_config {
	uint16_t udp_max; /* largest UDP response, 512..4096, default 1232 */
	uint8_t nsid[ANSWER_NSID_MAX];
	uint8_t nsid_bytes;  /* 0: option not answered */
	bool require_cookie; /* what query_ctx says without load */
	/* CHAOS TXT (RFC 4892); empty: REFUSED */
	char identity[ANSWER_TEXT_MAX]; /* id.server, hostname.bind */
	char version[ANSWER_TEXT_MAX];  /* version.server, version.bind */
};

/* udp_max 1232, nothing else on. */
void answer_config_default(struct answer_config *c);

enum answer_transport { ANSWER_UDP, ANSWER_STREAM };

/* What the query's COOKIE option (RFC 7873) says of its sender. */
enum answer_cookie {
	ANSWER_COOKIE_NONE,   /* no option, or cookies are off */
	ANSWER_COOKIE_CLIENT, /* a client cookie alone, or a server cookie that
	                         is not ours or too old */
	ANSWER_COOKIE_VALID,  /* our server cookie for this client: its address
	                         is not spoofed */
};

struct cookie_secrets; /* dataplane/answer/cookie.h */

/* What a burst has in common. */
struct query_ctx {
	const struct answer_config *config;
	enum answer_transport transport;
	/* Cap on every TTL written; 0: none. */
	uint32_t ttl_cap;
	/* The zones whose TTLs are capped; NULL: all of them. */
	const struct probation *probation;
	/* The clients are denied: REFUSED is said to be for that (RFC 8914
	 * section 4.19). For use with answer_nothing. */
	bool prohibited;
	/* Wall clock in seconds since 1970, modulo 2^32: of cookies. */
	uint32_t now;
	/* NULL: cookies are off, and the option is one of the unknown. */
	const struct cookie_secrets *secrets;
	/* Over UDP, who sends a cookie that is not valid gets BADCOOKIE and a
	 * good one (RFC 7873 section 5.2.3): by configuration, or under load.
	 */
	bool require_cookie;
	/* Answer to the keepalive option of streams (RFC 7828), in units of
	 * 100 ms; 0: none. */
	uint16_t keepalive;
};

/* The zones of `set` (NULL: none) are on probation. */
static inline void
query_ctx_probation(struct query_ctx *ctx, const struct probation *set)
{
	ctx->probation = set;
	ctx->ttl_cap = set ? PROBATION_TTL_MAX : 0;
}

/* Octets at the end of a buffer that the engine may read and scribble on. */
enum { ANSWER_SPARE_BYTES = 64, ANSWER_BUFFER_MIN = 576 + ANSWER_SPARE_BYTES };

/* One query of a burst. The buffer has `capacity` octets from `message`: at
 * least ANSWER_BUFFER_MIN, and at least `bytes` + ANSWER_SPARE_BYTES. The
 * response is at most capacity - ANSWER_SPARE_BYTES. */
struct answer_query {
	/* in */
	uint8_t *message;
	uint32_t bytes;
	uint32_t capacity;
	const uint8_t *client; /* its address, network order; outlives write */
	uint8_t client_bytes;  /* 4 or 16; 0: not known, so no cookies */
	/* out: of find */
	uint8_t cookie;      /* enum answer_cookie */
	uint8_t verdict;     /* enum verdict; write may turn it to TRUNCATED */
	uint8_t rcode;       /* low byte; BADVERS is 16 */
	uint8_t apex_labels; /* of the zone that answers; for limit keys */
	uint8_t key_labels; /* of the name to account to: qname, cut, wildcard's
	                       parent, apex for what does not exist */
	uint64_t key_hash;  /* hash of that name */
	/* out: of write */
	uint32_t response_bytes; /* 0: nothing is to be sent */
	/* Of the limits in front of the engine (dataplane/limit/limits.h), kept
	 * here for those behind it; the engine does not look at it. */
	uint8_t limit_class;
};

/* A generation without zones: every question is refused. */
extern const struct generation answer_nothing;

/* Scratch of one thread, and what it keeps between bursts: about 200 KiB,
 * aligned to 64. */
struct answer_batch;
struct answer_batch *answer_batch_new(void); /* NULL: out of memory */
void answer_batch_free(struct answer_batch *b);

/* n <= ANSWER_BATCH_MAX. `g` may be NULL: everything is SERVFAIL then. */
void answer_batch_find(struct answer_batch *b, const struct generation *g,
    const struct query_ctx *ctx, struct answer_query *q, unsigned n);
/* Same arguments as the find before it. Queries whose verdict the caller has
 * set to a VERDICT_DROP_* get no response, and what would have been an answer
 * with records is empty and has TC set if it is VERDICT_SLIPPED. */
void answer_batch_write(struct answer_batch *b, const struct generation *g,
    const struct query_ctx *ctx, struct answer_query *q, unsigned n);

/* Both for one message. Returns the response's octets, 0 for none. */
size_t answer_one(struct answer_batch *b, const struct generation *g,
    const struct query_ctx *ctx, uint8_t *message, size_t bytes,
    size_t capacity, enum verdict *verdict);

#endif
