/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Matching a response with the expected records, octet by octet; see
 * prove_match.h. Decoding by ldns costs some twenty allocations for one SOA
 * record, which was half of the proof's time. This shares no code with engine
 * or builder, and may only say yes: each name is followed through its pointers
 * and compared with the expected one, and so is everything else. The proof goes
 * on to have ldns decode what was matched now and then, so that neither is
 * trusted alone (prove_compare.c).
 */
#include "control/compile/prove_match.h"

#include <string.h>

#include "base/name.h"
#include "base/wire.h"

struct matcher {
	const uint8_t *wire;
	struct wire_reader r; /* the record in hand */
};

/* A label of the response against one of the same length. */
static bool
label_matches(const uint8_t *label, const uint8_t *expected, unsigned bytes)
{
	uint8_t a[DNS_LABEL_MAX], b[DNS_LABEL_MAX];

	if (memcmp(label, expected, bytes) == 0)
		return true;
	name_lower(a, label, bytes);
	name_lower(b, expected, bytes);
	return memcmp(a, b, bytes) == 0;
}

/* The name at the cursor, which goes behind it, against a name in wire form.
 * RFC 1035 section 4.1.4: a pointer leads to a prior occurrence; here it must
 * lead in front of where the name that has it began, so there is an end. */
static bool
name_matches(struct matcher *m, const uint8_t *expected)
{
	struct wire_reader r = m->r;
	size_t begin = (size_t)(r.at - m->wire);
	bool jumped = false;

	for (;;) {
		unsigned label = wire_read8(&r);

		if (label >= 0xc0) {
			size_t to = (label & 0x3f) << 8 | wire_read8(&r);

			if (!jumped)
				m->r = r;
			jumped = true;
			if (r.failed || to < DNS_HEADER_BYTES || to >= begin)
				return false;
			r = wire_reader_make(
			    m->wire + to, (size_t)(m->r.end - m->wire) - to);
			begin = to;
			continue;
		}
		if (label != *expected || label > DNS_LABEL_MAX || r.failed)
			return false;
		if (label == 0)
			break;
		const uint8_t *octets = wire_take_find(&r, label);

		if (!octets || !label_matches(octets, expected + 1, label))
			return false;
		expected += label + 1;
	}
	if (!jumped)
		m->r = r;
	return true;
}

/* Octets at the cursor against as many of the expected RDATA. */
static bool
octets_match(struct matcher *m, const uint8_t *expected, size_t bytes)
{
	const uint8_t *octets = wire_take_find(&m->r, bytes);

	return octets && memcmp(octets, expected, bytes) == 0;
}

/* Names in the RDATA of a type that may be compressed, and octets in front of
 * them; none: RDATA must be as it was. */
static unsigned
names_in(uint16_t type, unsigned *octets_before)
{
	*octets_before = type == DNS_TYPE_MX ? 2 : 0;
	switch (type) {
	case DNS_TYPE_SOA:
	case DNS_TYPE_MINFO:
		return 2;
	case DNS_TYPE_NS:
	case DNS_TYPE_CNAME:
	case DNS_TYPE_PTR:
	case DNS_TYPE_MX:
		return 1;
	default:
		return 0;
	}
}

static bool
rdata_matches(struct matcher *m, const struct naive_record *e)
{
	size_t bytes = wire_read16(&m->r), at;
	unsigned before, names = names_in(e->type, &before);

	if (m->r.failed || bytes != wire_left(&m->r))
		return false;
	if (!octets_match(m, e->rdata, before))
		return false;
	for (at = before; names > 0; names--) {
		if (!name_matches(m, e->rdata + at))
			return false;
		at += name_length(e->rdata + at);
	}
	return at <= e->rdata_bytes &&
	       octets_match(m, e->rdata + at, e->rdata_bytes - at) &&
	       wire_left(&m->r) == 0;
}

static bool
record_matches(struct matcher *m, const struct naive_record *e)
{
	return name_matches(m, e->owner) && wire_read16(&m->r) == e->type &&
	       wire_read16(&m->r) == DNS_CLASS_IN &&
	       wire_read32(&m->r) == e->ttl && rdata_matches(m, e);
}

/* OPT, if it was asked for, and nothing behind it (RFC 6891 section 6.1.2):
 * version 0, the DO of the question, no options. */
static bool
tail_matches(const struct prove_question *q, const uint8_t *tail, size_t bytes)
{
	static const uint8_t opt[] = {0, 0, DNS_TYPE_OPT};

	if (!q->edns)
		return bytes == 0;
	return bytes == DNS_OPT_BYTES && memcmp(tail, opt, sizeof opt) == 0 &&
	       wire_load32(tail + 5) == (q->dnssec_ok ? 0x8000 : 0) &&
	       wire_load16(tail + 9) == 0;
}

/* The counts of the header are those of the expected sections. */
static bool
counts_match(const struct prove_question *q, const struct naive_answer *e,
    const uint8_t *wire)
{
	size_t counts[3] = {0, 0, q->edns};

	for (size_t i = 0; i < e->count; i++) {
		unsigned section = e->records[i].section;

		counts[section == NAIVE_OPTIONAL ? NAIVE_REQUIRED : section]++;
	}
	return wire_load16(wire + 6) == counts[0] &&
	       wire_load16(wire + 8) == counts[1] &&
	       wire_load16(wire + 10) == counts[2];
}

bool
prove_match(const struct prove_question *q, const struct naive_answer *e,
    const struct prove_measure *measure, const uint8_t *wire, size_t bytes)
{
	uint32_t at = measure->question_end;
	unsigned section = 0;

	if (e->any_one_set || measure->count != e->count ||
	    !counts_match(q, e, wire))
		return false;
	for (size_t i = 0; i < e->count; i++) {
		struct matcher m = {.wire = wire};

		/* the sections, one behind the other */
		if (e->records[i].section < section)
			return false;
		section = e->records[i].section;
		m.r = wire_reader_make(wire + at, measure->ends[i] - at);
		if (!record_matches(&m, &e->records[i]))
			return false;
		at = measure->ends[i];
	}
	return tail_matches(q, wire + at, bytes - at);
}
