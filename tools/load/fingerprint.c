/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Records to 64 bits (fingerprint.h). The hash is made of 64 x 64 -> 128 bit
 * multiplications whose halves are folded, one for eight octets: a few cycles a
 * record of an address. It finds what went wrong by itself (a wrong octet
 * passes once in 2^64 cases), not what somebody forges who knows it.
 */
#include "tools/load/fingerprint.h"

#include <string.h>

#include "base/name.h"
#include "snapshot/records.h"

/* Odd numbers with half of the bits set, from the digits of e. */
static const uint64_t key_owner = 0xadf85458a2bb4a9bull;
static const uint64_t key_fixed = 0xafdc5620273d3cf1ull;
static const uint64_t key_rdata = 0xd8b9c583ce2d3695ull;
static const uint64_t key_end = 0xa9e13641146433fbull;

static inline uint64_t
fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* The last 0 to 7 octets, and how many there are, as a number. */
static inline uint64_t
tail_load(const uint8_t *p, size_t n)
{
	uint64_t v = (uint64_t)n << 56;
	uint32_t four;
	uint16_t two;

	if (n & 4) {
		memcpy(&four, p, 4);
		v |= four;
		p += 4;
	}
	if (n & 2) {
		memcpy(&two, p, 2);
		v |= (uint64_t)two << 32;
		p += 2;
	}
	if (n & 1)
		v |= (uint64_t)*p << 48;
	return v;
}

static inline uint64_t
absorb(uint64_t h, const uint8_t *p, size_t n, uint64_t key)
{
	uint64_t chunk;

	for (; n >= 8; p += 8, n -= 8) {
		memcpy(&chunk, p, 8);
		h = fold(h ^ chunk, key);
	}
	return fold(h ^ tail_load(p, n), key);
}

/* A copy of RDATA whose names are in lower case, made when one is seen. */
struct lowered {
	const uint8_t *rdata;
	size_t bytes;
	bool copied;
	uint8_t copy[FINGERPRINT_RDATA_LOWER_MAX];
};

static void
name_in_rdata_lower(void *arg, size_t offset, bool may_compress)
{
	struct lowered *l = arg;

	(void)may_compress;
	if (l->bytes > sizeof l->copy)
		return;
	if (!l->copied)
		memcpy(l->copy, l->rdata, l->bytes);
	l->copied = true;
	name_lower(
	    l->copy + offset, l->copy + offset, name_length(l->copy + offset));
}

bool
fingerprint_add(struct fingerprint *f, enum fingerprint_section section,
    const struct fingerprint_record *r)
{
	struct lowered l;
	const uint8_t *rdata = r->rdata;
	uint64_t h = key_end;

	if (r->type != DNS_TYPE_A && r->type != DNS_TYPE_AAAA &&
	    !r->rdata_is_lower) {
		l.rdata = r->rdata;
		l.bytes = r->rdata_bytes;
		l.copied = false;
		if (!rdata_names(r->type, r->rdata, r->rdata_bytes,
			name_in_rdata_lower, &l))
			return false;
		if (l.copied)
			rdata = l.copy;
	}
	if (r->owner)
		h = absorb(h, r->owner, r->owner_bytes, key_owner);
	h = fold(
	    h ^ ((uint64_t)r->type << 48 | (uint64_t)r->class << 32 | r->ttl),
	    key_fixed);
	h = absorb(h + r->rdata_bytes, rdata, r->rdata_bytes, key_rdata);
	f->sum[section] += fold(h ^ key_fixed, key_end);
	return true;
}

uint64_t
fingerprint_end(const struct fingerprint *f, unsigned rcode, bool aa, bool tc)
{
	uint64_t h =
	    fold(key_owner ^ (rcode << 2 | (unsigned)aa << 1 | tc), key_fixed);

	for (unsigned i = 0; i < FINGERPRINT_SECTIONS; i++)
		h = fold(h ^ f->sum[i], key_rdata);
	return h ? h : 1;
}
