/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Blocks behind the question of a message. The block's bytes were verified, the
 * message has room up to the limit (and 64 octets more that may be scribbled
 * on): nothing is checked here but what the limit asks.
 */
#include "base/wire.h"
#include "dataplane/answer/response.h"

enum { POINTER = 0xc000 };

struct block_cut {
	uint32_t bytes; /* of the response bytes that are kept */
	uint16_t an, ns, ar;
	bool truncated;
};

/* How much of the block's octets [from, to), where RRsets begin, fits into
 * `room`, by whole RRsets; bytes counts from the block's start. Additional
 * records that may be left out do not set TC; in-domain glue does (RFC 9471).
 */
static struct block_cut
block_fit(const struct block_d *b, uint32_t from, uint32_t to, uint32_t room)
{
	struct block_cut cut = {.bytes = from};

	if (b->len <= room && to - from == b->len)
		return (struct block_cut){b->len, b->an, b->ns, b->ar, false};
	for (unsigned i = 0; i < b->nmark && cut.bytes < to; i++) {
		const struct mark_d *m = block_marks(b) + i;
		unsigned section = m->section_rrs >> 14;
		uint16_t records = m->section_rrs & 0x3fff;

		if (m->end <= from)
			continue;
		if (m->end - from > room) {
			cut.truncated = section != MARK_OPTIONAL;
			return cut;
		}
		cut.bytes = m->end;
		if (section == MARK_ANSWER)
			cut.an += records;
		else if (section == MARK_AUTHORITY)
			cut.ns += records;
		else
			cut.ar += records;
	}
	cut.truncated = cut.bytes < to;
	return cut;
}

struct reloc_by {
	uint32_t base;     /* 16 + octets compiled for: a block's start then */
	uint32_t owner;    /* pointer to the owner */
	uint32_t block;    /* added to pointers into the block */
	uint32_t parted;   /* those from this octet of it on: */
	uint32_t behind;   /* more to add */
	uint32_t near_end; /* octets to the end that both names share */
	uint32_t from_query,
	    from_owner; /* message offsets of the names' ends */
};

static uint16_t
reloc_value(const struct reloc_by *by, unsigned kind, unsigned value)
{
	unsigned to_end = by->base - 4 - value; /* L + 12 - (12 + s) */

	switch (kind) {
	case RELOC_OWNER:
		return (uint16_t)by->owner;
	case RELOC_BLOCK:
		return (uint16_t)(value + by->block +
				  (value - by->base >= by->parted ? by->behind
								  : 0));
	default:
		return (uint16_t)(to_end <= by->near_end
				      ? by->from_query - to_end
				      : by->from_owner - to_end);
	}
}

/* General form: the block starts at any place, its owner is any name. Octets
 * [from, to) of it stand at `at`. */
static void
block_relocate(uint8_t *at, const struct block_d *b, uint32_t from, uint32_t to,
    const struct reloc_by *by)
{
	bool wide = b->flags & BLOCK_WIDE;
	const uint16_t *narrow_relocs = (const uint16_t *)block_relocs(b);
	const uint32_t *wide_relocs = (const uint32_t *)block_relocs(b);

	for (unsigned i = 0; i < b->nreloc; i++) {
		unsigned kind =
		    wide ? wide_relocs[i] >> 30 : narrow_relocs[i] >> 14;
		unsigned p = wide ? wide_relocs[i] & 0x3fffffff
		                  : narrow_relocs[i] & 0x3fffu;

		if (p < from || p >= to)
			continue;
		wire_store16(at + p - from,
		    POINTER | reloc_value(by, kind,
				  wire_load16(at + p - from) & 0x3fff));
	}
}

static void
block_cap_ttls(uint8_t *at, const struct block_d *b, uint32_t from, uint32_t to,
    uint32_t cap)
{
	const uint16_t *ttls = block_ttls(b);

	for (unsigned i = 0; i < block_records(b) && ttls[i] < to; i++)
		if (ttls[i] >= from && wire_load32(at + ttls[i] - from) > cap)
			wire_store32(at + ttls[i] - from, cap);
}

/* For a block whose first octet stands, or would stand, at `block_at`. */
static struct reloc_by
reloc_by_make(const struct composer *c, uint32_t block_at,
    unsigned compiled_bytes, struct block_owner owner)
{
	return (struct reloc_by){
	    .base = 16 + compiled_bytes,
	    .owner = owner.at,
	    .block = block_at - (16 + compiled_bytes),
	    .parted = ~0u,
	    .near_end = owner.at == DNS_HEADER_BYTES ? ~0u : c->apex_bytes,
	    .from_query = DNS_HEADER_BYTES + (uint32_t)c->query_bytes,
	    .from_owner = (uint32_t)owner.at + owner.bytes,
	};
}

/* Octets [from, cut->bytes) of the block. */
static void
part_write(struct composer *c, const struct block_d *b, uint32_t from,
    const struct block_cut *cut, const struct reloc_by *by)
{
	uint8_t *at = c->message + c->at;

	memcpy(at, block_response(b) + from, cut->bytes - from);
	block_relocate(at, b, from, cut->bytes, by);
	if (c->ttl_cap)
		block_cap_ttls(at, b, from, cut->bytes, c->ttl_cap);
	c->at += cut->bytes - from;
	c->an += cut->an;
	c->ns += cut->ns;
	c->ar += cut->ar;
	c->truncated |= cut->truncated;
}

static uint32_t
composer_room(const struct composer *c)
{
	return c->limit > c->at ? c->limit - c->at : 0;
}

void
composer_block(struct composer *c, const struct block_d *b,
    unsigned compiled_bytes, struct block_owner owner)
{
	struct reloc_by by = reloc_by_make(c, c->at, compiled_bytes, owner);
	struct block_cut cut = block_fit(b, 0, b->len, composer_room(c));

	part_write(c, b, 0, &cut, &by);
}

void
composer_rrset(struct composer *c, const struct block_d *b,
    unsigned compiled_bytes, struct block_owner owner)
{
	struct reloc_by by = reloc_by_make(c, c->at, compiled_bytes, owner);
	uint32_t end = b->nmark ? block_marks(b)[0].end : b->len;
	struct block_cut cut = block_fit(b, 0, end, composer_room(c));

	part_write(c, b, 0, &cut, &by);
}

/* Where the authority section of a referral's block ends. */
static uint32_t
authority_end(const struct block_d *b)
{
	uint32_t end = b->nmark ? 0 : b->len;

	for (unsigned i = 0; i < b->nmark; i++)
		if (block_marks(b)[i].section_rrs >> 14 <= MARK_AUTHORITY)
			end = block_marks(b)[i].end;
	return end;
}

void
composer_referral(struct composer *c, const struct block_d *b,
    unsigned compiled_bytes, struct block_owner owner, struct denial *d)
{
	struct reloc_by by = reloc_by_make(c, c->at, compiled_bytes, owner);
	uint32_t end = authority_end(b), proofs;
	struct block_cut cut = block_fit(b, 0, end, composer_room(c));

	part_write(c, b, 0, &cut, &by);
	proofs = c->at;
	composer_denial(c, d);
	if (c->truncated || end == b->len)
		return;
	by.parted = end;
	by.behind = c->at - proofs;
	cut = block_fit(b, end, b->len, composer_room(c));
	part_write(c, b, end, &cut, &by);
}

/* Relocations of a form for DO are of 16 bits unless the form is wide; those
 * between the marks all lead to the owner (the verifier saw to it). */
static void
rrsig_own(uint8_t *at, const struct block_d *b, uint32_t from, uint32_t to,
    uint32_t owner)
{
	bool wide = b->flags & BLOCK_WIDE;

	for (unsigned i = 0; i < b->nreloc; i++) {
		uint32_t p =
		    wide ? ((const uint32_t *)block_relocs(b))[i] & 0x3fffffff
			 : ((const uint16_t *)block_relocs(b))[i] & 0x3fffu;

		if (p >= from && p < to)
			wire_store16(
			    at + p - from, (uint16_t)(POINTER | owner));
	}
}

void
composer_rrsig(
    struct composer *c, const struct block_d *b, struct block_owner owner)
{
	const struct mark_d *m = block_marks(b);
	uint32_t from = m[0].end, to = m[1].end;
	uint32_t room = c->limit > c->at ? c->limit - c->at : 0;
	uint8_t *at = c->message + c->at;
	const uint16_t *ttls = block_ttls(b);

	if (to - from > room) {
		c->truncated = true;
		return;
	}
	memcpy(at, block_response(b) + from, to - from);
	rrsig_own(at, b, from, to, owner.at);
	for (unsigned i = 0; c->ttl_cap && i < block_records(b); i++)
		if (ttls[i] >= from && ttls[i] < to &&
		    wire_load32(at + ttls[i] - from) > c->ttl_cap)
			wire_store32(at + ttls[i] - from, c->ttl_cap);
	c->at += to - from;
	c->an += m[1].section_rrs & 0x3fff;
}
