/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A response to its fingerprint (query_set.h). Run by the receiving core for
 * every answer, so it is one walk over the octets, without memory of its own
 * but a few hundred octets on the stack; an answer of one address costs a walk
 * over the question and three multiplications or so. Hostile input: every read
 * is bounded by the message, pointers of compression lead backwards only, and
 * no more of them are followed for a name than a name has labels.
 */
#include <string.h>

#include "base/name.h"
#include "base/wire.h"
#include "tools/load/fingerprint.h"
#include "tools/load/query_set.h"

enum {
	POINTER_TO_QUESTION = 0xc000 | DNS_HEADER_BYTES,
	SOA_NUMBERS_BYTES = 20,
	/* two names and what is around them */
	EXPANDED_MAX = 2 * DNS_NAME_MAX + SOA_NUMBERS_BYTES,
	OVER_WRITE = 8, /* names are copied by eights */
};

struct walk {
	const uint8_t *message;
	size_t bytes, at;
	size_t qname_bytes;
	uint8_t qname[DNS_NAME_MAX + OVER_WRITE]; /* lower case */
};

/* Eight octets with ASCII letters lowered: added to seven bits of an octet, one
 * number carries into its top bit from A on, the other from behind Z. */
static inline uint64_t
eight_lower(uint64_t x)
{
	const uint64_t each = 0x0101010101010101ull;
	uint64_t low = x & 0x7f * each;
	uint64_t from_a = low + (0x80 - 'A') * each;
	uint64_t behind_z = low + (0x7f - 'Z') * each;

	return x | ((from_a ^ behind_z) & ~x & 0x80 * each) >> 2;
}

/* Copies a label with its length octet, lowered, and perhaps some octets more
 * to where there is room for them. `left` octets of the message are readable.
 */
static inline void
label_copy(uint8_t *out, const uint8_t *label, size_t left)
{
	size_t n = *label + 1u, i = 0;
	uint64_t eight;

	for (; i < n && left - i >= 8; i += 8) {
		memcpy(&eight, label + i, 8);
		eight = eight_lower(eight);
		memcpy(out + i, &eight, 8);
	}
	if (i < n)
		name_lower(out + i, label + i, n - i);
}

/* Follows the pointer at `from`; 0 if it leads nowhere it may: before `start`,
 * where the octets that it ends began, and not into the header. */
static size_t
pointer_follow(const struct walk *w, size_t from, size_t start)
{
	size_t target;

	if (w->bytes - from < 2)
		return 0;
	target = wire_load16(w->message + from) & DNS_POINTER_MAX;
	return target < start && target >= DNS_HEADER_BYTES ? target : 0;
}

/* Reads the name at w->at, decompressed and in lower case. Its octets, or 0 if
 * it is unsound. */
static size_t
name_read(struct walk *w, uint8_t out[DNS_NAME_MAX + OVER_WRITE])
{
	size_t from = w->at, start = from, n = 0, end = 0;
	unsigned pointers = 0;

	for (;;) {
		if (from >= w->bytes)
			return 0;
		uint8_t label = w->message[from];

		if (label >= 0xc0) {
			if (!end)
				end = from + 2;
			from = start = pointer_follow(w, from, start);
			if (!from || ++pointers > DNS_LABELS_MAX)
				return 0;
			continue;
		}
		if (label > DNS_LABEL_MAX || n + label + 1u > DNS_NAME_MAX ||
		    w->bytes - from <= label)
			return 0;
		label_copy(out + n, w->message + from, w->bytes - from);
		n += label + 1u;
		from += label + 1u;
		if (label == 0)
			break;
	}
	w->at = end ? end : from;
	return n;
}

static bool
name_skip(struct walk *w)
{
	while (w->at < w->bytes) {
		uint8_t label = w->message[w->at];

		if (label >= 0xc0) {
			w->at += 2;
			return w->at <= w->bytes;
		}
		if (label > DNS_LABEL_MAX)
			return false;
		w->at += label + 1u;
		if (label == 0)
			return true;
	}
	return false;
}

/* The shape of the RDATA that RFC 3597 section 4 lets a server compress: so
 * many octets, names, octets. False for other types. */
static bool
shape_find(uint16_t type, size_t *front, unsigned *names, size_t *back)
{
	*front = type == DNS_TYPE_MX ? 2 : 0;
	*names = type == DNS_TYPE_SOA || type == DNS_TYPE_MINFO ? 2 : 1;
	*back = type == DNS_TYPE_SOA ? SOA_NUMBERS_BYTES : 0;
	return (type >= DNS_TYPE_NS && type <= DNS_TYPE_MR) ||
	       type == DNS_TYPE_PTR || type == DNS_TYPE_MINFO ||
	       type == DNS_TYPE_MX;
}

/* Decompresses r->rdata, of r->rdata_bytes at w->at, into `out`. */
static bool
rdata_expand(struct walk *w, struct fingerprint_record *r,
    uint8_t out[EXPANDED_MAX + OVER_WRITE])
{
	size_t front, back, end = w->at + r->rdata_bytes, n = 0;
	unsigned names;

	if (!shape_find(r->type, &front, &names, &back)) {
		w->at = end;
		return true;
	}
	if (r->rdata_bytes < front + back)
		return false;
	memcpy(out, w->message + w->at, front);
	n = front;
	w->at += front;
	while (names-- > 0) {
		size_t bytes = name_read(w, out + n);

		if (!bytes)
			return false;
		n += bytes;
	}
	if (w->at + back != end)
		return false;
	memcpy(out + n, w->message + w->at, back);
	w->at = end;
	r->rdata = out;
	r->rdata_bytes = (uint16_t)(n + back);
	r->rdata_is_lower = true;
	return true;
}

/* Leaves r->owner NULL if it is the query name. */
static bool
owner_read(struct walk *w, struct fingerprint_record *r,
    uint8_t out[DNS_NAME_MAX + OVER_WRITE])
{
	size_t n;

	if (w->bytes - w->at >= 2 &&
	    wire_load16(w->message + w->at) == POINTER_TO_QUESTION) {
		w->at += 2;
		return true;
	}
	n = name_read(w, out);
	if (n && (n != w->qname_bytes || memcmp(out, w->qname, n) != 0)) {
		r->owner = out;
		r->owner_bytes = (uint16_t)n;
	}
	return n > 0;
}

static bool
record_read(
    struct walk *w, struct fingerprint *f, enum fingerprint_section section)
{
	struct fingerprint_record r = {0};
	uint8_t owner[DNS_NAME_MAX + OVER_WRITE];
	uint8_t expanded[EXPANDED_MAX + OVER_WRITE];
	const uint8_t *p;

	if (!owner_read(w, &r, owner) || w->bytes - w->at < 10)
		return false;
	p = w->message + w->at;
	r.type = wire_load16(p);
	r.class = wire_load16(p + 2);
	r.ttl = wire_load32(p + 4);
	r.rdata_bytes = wire_load16(p + 8);
	r.rdata = p + 10;
	w->at += 10;
	return w->bytes - w->at >= r.rdata_bytes &&
	       rdata_expand(w, &r, expanded) && fingerprint_add(f, section, &r);
}

static bool
record_skip(struct walk *w)
{
	if (!name_skip(w) || w->bytes - w->at < 10)
		return false;
	size_t bytes = 10u + wire_load16(w->message + w->at + 8);

	if (w->bytes - w->at < bytes)
		return false;
	w->at += bytes;
	return true;
}

bool
answer_fingerprint(const uint8_t *message, size_t bytes, uint64_t *out)
{
	struct walk w = {.message = message, .bytes = bytes};
	struct fingerprint f = {0};
	unsigned flags, n;

	if (bytes < DNS_HEADER_BYTES || wire_load16(message + 4) != 1)
		return false;
	flags = wire_load16(message + 2);
	w.at = DNS_HEADER_BYTES;
	w.qname_bytes = name_read(&w, w.qname);
	if (!(flags & DNS_FLAG_QR) || !w.qname_bytes || bytes - w.at < 4)
		return false;
	w.at += 4;
	for (n = wire_load16(message + 6); n > 0; n--)
		if (!record_read(&w, &f, FINGERPRINT_ANSWER))
			return false;
	for (n = wire_load16(message + 8); n > 0; n--)
		if (!record_read(&w, &f, FINGERPRINT_AUTHORITY))
			return false;
	for (n = wire_load16(message + 10); n > 0; n--)
		if (!record_skip(&w))
			return false;
	if (w.at != bytes)
		return false;
	*out = fingerprint_end(
	    &f, flags & 0xf, flags & DNS_FLAG_AA, flags & DNS_FLAG_TC);
	return true;
}
