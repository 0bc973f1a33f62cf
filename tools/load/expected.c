/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Expected fingerprints (expected.h). The size of a response is taken from
 * above: names are counted in full but for what every server compresses, which
 * is looked for only where the message would not fit without. Allocates
 * nothing.
 */
#include "tools/load/expected.h"

#include <string.h>

#include "base/name.h"
#include "base/wire.h"
#include "tools/load/fingerprint.h"

enum { RECORD_FIXED_BYTES = 10, RRSIG_LABELS_AT = 3, POINTER_BYTES = 2 };

/* --- what cannot be known --------------------------------------------------
 */

/* RFC 4035 section 3.1.3.3: an answer that a wildcard stands in for has fewer
 * labels in its signature than in its owner (RFC 4034 section 3.1.3), and a
 * proof beside it that the name itself is not there. */
static bool
is_expanded(const struct naive_record *r)
{
	unsigned labels = name_labels(r->owner);

	if (r->type != DNS_TYPE_RRSIG || r->rdata_bytes <= RRSIG_LABELS_AT)
		return false;
	if (name_is_wildcard(r->owner))
		labels--;
	return r->rdata[RRSIG_LABELS_AT] < labels;
}

/* RFC 4035 section 3.1.3 and 3.1.4: all but a whole answer and a referral to a
 * signed zone has NSEC or NSEC3 records. */
static bool
needs_denial(const struct naive_answer *a)
{
	bool authority = false, ds = false;

	for (size_t i = 0; i < a->count; i++) {
		const struct naive_record *r = &a->records[i];

		if (is_expanded(r))
			return true;
		authority |= r->section == NAIVE_AUTHORITY;
		ds |= r->section == NAIVE_AUTHORITY && r->type == DNS_TYPE_DS;
	}
	return authority && !ds;
}

/* --- the size ----------------------------------------------------------------
 */

static bool
is_inside(const uint8_t *p, const uint8_t *name)
{
	return p >= name && p < name + name_length(name);
}

/* Octets at the end of `name` that are also the end of `other`. */
static size_t
common_end(const uint8_t *name, const uint8_t *other)
{
	unsigned a = name_labels(name), b = name_labels(other);

	if (a > b)
		name = name_parent(name, a - b);
	else
		other = name_parent(other, b - a);
	while (!name_equal(name, other)) {
		name = name_parent(name, 1);
		other = name_parent(other, 1);
	}
	return name_length(name);
}

/* The least of what `name` takes when one of `others` is in front of it. */
static size_t
name_size(const uint8_t *name, const uint8_t *const *others, unsigned n)
{
	size_t all = name_length(name), best = all;

	for (unsigned i = 0; i < n; i++) {
		size_t common = others[i] ? common_end(name, others[i]) : 1;

		if (common > 1 && all - common + POINTER_BYTES < best)
			best = all - common + POINTER_BYTES;
	}
	return best;
}

/* True if the record is an address of a server that one before it names. */
static bool
is_named_before(const struct naive_answer *a, size_t record)
{
	for (size_t i = 0; i < record; i++)
		if (a->records[i].rdata == a->records[record].owner)
			return true;
	return false;
}

static size_t
size_of_all(const struct naive_answer *a, const uint8_t *qname)
{
	size_t bytes = DNS_HEADER_BYTES + name_length(qname) + 4;

	for (size_t i = 0; i < a->count; i++) {
		const struct naive_record *r = &a->records[i];

		if (r->section == NAIVE_OPTIONAL)
			continue;
		bytes += RECORD_FIXED_BYTES + r->rdata_bytes;
		bytes += is_inside(r->owner, qname) ? POINTER_BYTES
		                                    : name_length(r->owner);
	}
	return bytes;
}

/* As that, with names behind a pointer where the query name, the name of a
 * server or the name just before them has the same end. */
static size_t
size_compressed(const struct naive_answer *a, const uint8_t *qname)
{
	size_t bytes = DNS_HEADER_BYTES + name_length(qname) + 4;
	const uint8_t *before[] = {qname, NULL, NULL}; /* owner, RDATA */

	for (size_t i = 0; i < a->count; i++) {
		const struct naive_record *r = &a->records[i];
		bool name = r->type == DNS_TYPE_NS || r->type == DNS_TYPE_CNAME;

		if (r->section == NAIVE_OPTIONAL)
			continue;
		bytes += RECORD_FIXED_BYTES;
		bytes += is_named_before(a, i) ? POINTER_BYTES
		                               : name_size(r->owner, before, 3);
		before[1] = r->owner;
		bytes += name ? name_size(r->rdata, before, 3) : r->rdata_bytes;
		if (name)
			before[2] = r->rdata;
	}
	return bytes;
}

static bool
fits(const struct naive_answer *a, const uint8_t *qname, size_t room)
{
	return size_of_all(a, qname) <= room ||
	       size_compressed(a, qname) <= room;
}

/* --- the fingerprint ---------------------------------------------------------
 */

static bool
record_add(struct fingerprint *f, const struct naive_record *r,
    const uint8_t *qname, size_t qname_bytes)
{
	uint8_t lower[DNS_NAME_MAX];
	struct fingerprint_record record = {
	    .rdata = r->rdata,
	    .ttl = r->ttl,
	    .type = r->type,
	    .class = DNS_CLASS_IN,
	    .rdata_bytes = r->rdata_bytes,
	};

	if (r->owner != qname && !name_equal(r->owner, qname)) {
		record.owner = lower;
		record.owner_bytes =
		    (uint16_t)(is_inside(r->owner, qname)
				   ? qname_bytes - (size_t)(r->owner - qname)
				   : name_length(r->owner));
		name_lower(lower, r->owner, record.owner_bytes);
	}
	return fingerprint_add(f,
	    r->section == NAIVE_ANSWER ? FINGERPRINT_ANSWER
				       : FINGERPRINT_AUTHORITY,
	    &record);
}

uint64_t
expected_fingerprint(
    const struct naive_answer *a, const uint8_t *qname, size_t room)
{
	struct fingerprint f = {0};
	size_t qname_bytes = name_length(qname);

	if (a->any_one_set || (a->has_signatures && needs_denial(a)) ||
	    !fits(a, qname, room))
		return 0;
	for (size_t i = 0; i < a->count; i++) {
		const struct naive_record *r = &a->records[i];

		if (r->section <= NAIVE_AUTHORITY &&
		    !record_add(&f, r, qname, qname_bytes))
			return 0;
	}
	return fingerprint_end(&f, a->rcode, a->aa, false);
}
