/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Proofs of absence into a message. An RRset goes in with its signatures or not
 * at all: then there is TC (RFC 4035 section 3.1.3).
 */
#include "base/wire.h"
#include "dataplane/answer/denial.h"
#include "dataplane/answer/response.h"
#include "snapshot/nsec3_hash.h"

enum {
	POINTER = 0xc000,
	OWNER_MAX = DNS_NAME_MAX + NSEC3_LABEL_BYTES + 2,
	TYPE_AND_CLASS = 4,
};

/* An owner name as it is written. */
struct owner_octets {
	unsigned bytes;
	uint8_t octets[OWNER_MAX];
};

static void
owner_point(struct owner_octets *o, unsigned at)
{
	wire_store16(o->octets, (uint16_t)(POINTER | at));
	o->bytes = 2;
}

/* Labels, then the apex, in which the query name ends. */
static void
owner_make(struct owner_octets *o, const struct composer *c,
    const struct denial_proof *p)
{
	unsigned n = p->labels_bytes;

	if (p->at && p->labels_bytes) {
		owner_point(o, p->at);
		return;
	}
	if (p->hash) {
		nsec3_label_write(o->octets, p->hash);
		n = NSEC3_LABEL_BYTES;
	} else {
		n = fault_hit("engine-proof-owner") ? 0 : n;
		memcpy(o->octets, p->labels, n);
	}
	if (c->apex_bytes == 1) {
		o->octets[n] = 0;
		o->bytes = n + 1;
		return;
	}
	wire_store16(o->octets + n,
	    (uint16_t)(POINTER |
		       (DNS_HEADER_BYTES + c->query_bytes - c->apex_bytes)));
	o->bytes = n + 2;
}

/* Where record i of the block begins behind its owner. */
static unsigned
record_start(const struct block_d *b, unsigned i)
{
	return block_ttls(b)[i] - TYPE_AND_CLASS;
}

static unsigned
record_end(const struct block_d *b, unsigned i)
{
	unsigned owner = block_response(b)[0] ? 2 : 1;

	return i + 1 < b->an ? record_start(b, i + 1) - owner : b->len;
}

static void
record_write(struct composer *c, const struct owner_octets *o,
    const struct block_d *b, unsigned i)
{
	unsigned start = record_start(b, i), bytes = record_end(b, i) - start;
	uint8_t *at = c->message + c->at;

	memcpy(at, o->octets, o->bytes);
	at += o->bytes;
	memcpy(at, block_response(b) + start, bytes);
	if (c->ttl_cap && wire_load32(at + TYPE_AND_CLASS) > c->ttl_cap)
		wire_store32(at + TYPE_AND_CLASS, c->ttl_cap);
	c->at += o->bytes + bytes;
}

/* Octets of the block's records without their owners. */
static unsigned
records_bytes(const struct block_d *b)
{
	unsigned owner = block_response(b)[0] ? 2 : 1;

	return b->len - b->an * owner;
}

void
composer_proof(struct composer *c, const struct denial_proof *p)
{
	const struct block_d *b = p->block;
	struct owner_octets first, next;
	unsigned bytes;

	owner_make(&first, c, p);
	next = first;
	/* the others lead to the first one, if a pointer reaches it */
	if (first.bytes > 2 && c->at <= DNS_POINTER_MAX)
		owner_point(&next, c->at);
	bytes = records_bytes(b) + first.bytes + (b->an - 1u) * next.bytes;
	if (c->truncated || c->at + bytes > c->limit) {
		c->truncated = true;
		return;
	}
	record_write(c, &first, b, 0);
	for (unsigned i = 1; i < b->an; i++)
		record_write(c, &next, b, i);
	c->ns += b->an;
}

void
composer_denial(struct composer *c, struct denial *d)
{
	for (; d->written < d->count; d->written++)
		composer_proof(c, &d->proofs[d->written]);
}
