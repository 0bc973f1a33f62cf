/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the engine keeps about each query of a burst, between its stages and
 * between find and write. Private to dataplane/answer.
 *
 *   parse -> zone -> name -> decide | -> write
 *           (find)                    (write)
 */
#ifndef HOLDFAST_ANSWER_BATCH_H
#define HOLDFAST_ANSWER_BATCH_H

#include "dataplane/answer/answer.h"
#include "dataplane/answer/cookie.h"
#include "dataplane/answer/hashed_search.h"
#include "dataplane/answer/name_lookup.h"
#include "dataplane/answer/order_search.h"

/* What is to be written. */
enum outcome {
	OUTCOME_LOOKUP, /* not decided yet */
	OUTCOME_DROP,
	OUTCOME_HEADER,   /* an error, header (and OPT) only */
	OUTCOME_QUESTION, /* an error, or no records, with the question */
	OUTCOME_BLOCK,    /* one block behind the question */
	OUTCOME_DENIAL,   /* one block, and what shows what is not there */
	OUTCOME_COMPOSE,  /* blocks one after the other: chains, links */
	OUTCOME_CHAOS,    /* a TXT record of class CH */
	OUTCOME_TSIG,     /* NOTAUTH with the TSIG error BADKEY */
};

/* What a zone has for a name and type. */
enum found_kind {
	FOUND_ANSWER,
	FOUND_RRSIG,
	FOUND_NSEC, /* of the chain: nothing but signatures behind it */
	FOUND_CNAME,
	FOUND_DNAME,
	FOUND_REFERRAL,
	FOUND_NODATA,
	FOUND_NXDOMAIN,
};

struct found {
	const struct block_d *block; /* the form that was asked for */
	uint8_t kind;                /* enum found_kind */
	uint8_t owner_bytes; /* octets of the name it was compiled for */
	uint8_t key_labels;  /* labels of the name to account to */
	/* for proofs of absence: a wildcard stands in for the name; labels of
	 * the closest encloser, where the name is not there */
	bool expanded;
	uint8_t encloser_labels;
	const struct node_d *node; /* the name's, the wildcard's, the cut's;
	                              NULL: none */
};

/* Options that the query has and that its response may answer. */
enum want {
	WANT_NSID = 1 << 0,
	WANT_ZONEVERSION = 1 << 1,
	WANT_EXPIRE = 1 << 2,
	WANT_KEEPALIVE = 1 << 3,
	WANT_COOKIE = 1 << 4,
};

struct answer_state {
	struct answer_query *query;
	/* of the stages of find: where the next one looks */
	const struct cell_ref *cell;
	const struct bucket_d *bucket;
	const struct node_d *guess;
	uint64_t mixed; /* hash of the whole name, mixed */
	uint16_t apex_tag;
	int16_t depth; /* of the apex that is tried first */

	struct zone_view view;
	struct found found;
	uint16_t question_end; /* 0: there is no readable question */
	uint16_t qtype, qclass;
	uint16_t flags;       /* of the response, rcode left out */
	uint32_t limit;       /* most octets of the response */
	uint16_t rcode;       /* extended */
	uint16_t ede;         /* extended error, or EDE_NONE */
	uint16_t tsig_at;     /* offset of the query's TSIG record */
	uint8_t outcome;      /* enum outcome */
	uint8_t wants;        /* enum want */
	uint8_t cookie_bytes; /* of the query's; 0: none, or cookies are off */
	bool any_class, has_opt, want_do;
	bool is_capped; /* set and read only where query_ctx.ttl_cap is */
	uint8_t search; /* index among the batch's searches, or SEARCH_NONE */
	const char *chaos;
	struct query_name name;
	uint8_t cookie[COOKIE_BYTES]; /* of the response */
} __attribute__((aligned(64)));

enum { EDE_NONE = 0xffff, SEARCH_NONE = 0xff };

/* A proof of absence that a burst has prepared (denial_stages.c). */
struct denial_search {
	const struct answer_state *state;
	/* found: NSEC: where the name stands that is the one asked for or in
	 * front of it; NSEC3: the record that is nearest to the hash of the
	 * suffix of so many labels; NULL and without a name: not searched */
	const uint8_t *before;
	struct hashed_place place;
	uint8_t hash[NSEC3_HASH_BYTES];
	uint8_t hash_labels;
	bool in_ranges; /* `order` is that of the ranges of a split zone */
	/* where the next stage looks; NULL: nowhere */
	const struct order_d *order;
	const struct hashed_d *hashed;
	uint32_t index; /* of a node of the level */
	uint32_t level;
	struct order_key key;
};

/* Of this answer: 0, none, for zones that are not on probation. */
static inline uint32_t
answer_ttl_cap(const struct answer_state *s, const struct query_ctx *ctx)
{
	return ctx->ttl_cap && s->is_capped ? ctx->ttl_cap : 0;
}

/* Three RRsets at most for each step of a chain. */
enum { DENIAL_PROOFS_MAX = 3 * (ANSWER_CHAIN_MAX + 2) };

/* An RRset with its signatures, and its owner: a hash, or labels above the
 * apex; `at` is where that name stands in the message already, or 0. */
struct denial_proof {
	const struct block_d *block;
	const uint8_t *hash;   /* NULL: labels */
	const uint8_t *labels; /* lower case */
	uint8_t labels_bytes;  /* 0: the apex */
	uint16_t at;
};

/* What is to be shown; no RRset twice. */
struct denial {
	unsigned count;
	unsigned written; /* of them, in the message */
	struct denial_proof proofs[DENIAL_PROOFS_MAX];
};

enum {
	KEPT_ZONES = 64,
	KEPT_POINTERS_MAX = 30,
	KEPT_BYTES = 1152,
};

/* What all NXDOMAIN answers of a zone for names right below its apex have in
 * common (denial_kept.h). Nothing that this refers to is read: the zone and the
 * generation may be gone. */
struct denial_kept {
	uint64_t generation; /* its number; 0: nothing is kept */
	const struct zone_d *zone;
	const struct block_d *proofs[2];
	uint16_t bytes, records;
	uint16_t npointers, reserved;
	/* compression pointers: where, and what with a query name of no octets
	 */
	struct {
		uint16_t at, value;
	} pointers[KEPT_POINTERS_MAX];
	uint8_t octets[KEPT_BYTES] __attribute__((aligned(64)));
};

struct answer_batch {
	struct answer_state state[ANSWER_BATCH_MAX];
	struct query_name target; /* of the chain step in hand */
	struct denial denial;     /* of the answer in hand */
	unsigned nsearches;
	struct denial_search searches[ANSWER_BATCH_MAX];
	/* Queries as find and write take them from the tags on. */
	struct answer_state *order[ANSWER_BATCH_MAX];
	/* From one burst to the next: by what of the zone's address. */
	struct denial_kept kept[KEPT_ZONES];
};

/* Parses the message: fills all of `s` but what the zone decides. Sets outcome
 * LOOKUP, or the outcome and the verdict of a message that needs no zone. */
void query_parse(struct answer_state *s, const struct generation *g,
    const struct query_ctx *ctx, struct answer_query *q);

/* Whether the forms with signatures are wanted: of an unsigned zone nobody can
 * use them, and NSD and Knot leave them out. */
static inline bool
answer_wants_signatures(const struct answer_state *s)
{
	return s->want_do && s->view.zone->flags & ZONE_SIGNED;
}

/* What the zone has for (name, type): `node` is the exact node or NULL. The
 * usual case, a node that owns the type, is answer.c's. */
void found_decide(struct found *out, const struct generation *g,
    const struct zone_view *view, const struct query_name *name,
    const struct node_d *node, uint16_t type, bool want_do);

/* Whether the zone that answers is known: s->view is it, s->found is in it. */
static inline bool
answer_has_zone(const struct answer_state *s)
{
	return s->outcome == OUTCOME_BLOCK || s->outcome == OUTCOME_DENIAL ||
	       s->outcome == OUTCOME_COMPOSE;
}

/* Octets of the OPT record that the response will have. */
unsigned response_opt_bytes(
    const struct answer_state *s, const struct query_ctx *ctx);

/* Writes the response of a decided query; sets q->response_bytes. */
void response_write(struct answer_batch *b, struct answer_state *s,
    const struct generation *g, const struct query_ctx *ctx,
    struct answer_query *q);

#endif
