/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Comparing a response, decoded by ldns, with what the naive resolver expects.
 * A walk of our own over the bytes checks what ldns is lenient about: that the
 * records end where the message does, and that names which must not be
 * compressed are not. Runs inside the proof; allocates the lists of struct
 * prove_compare, kept from question to question, and ldns's packet.
 */
#include "control/compile/prove_compare.h"

#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/wire.h"
#include "control/compile/prove_match.h"
#include "control/compile/prove_text.h"

enum {
	DECODED_FIRST = 4096, /* responses of a proof; then one in so many: */
	DECODED_EVERY = 16,
};

void
prove_compare_fini(struct prove_compare *c)
{
	free(c->measure.ends);
	free(c->used);
}

static int
fault(struct err *err, const struct prove_question *q, const char *expected,
    const char *found)
{
	char question[400];

	prove_question_text(question, sizeof question, q);
	return err_set(err, ERR_REFUSED, "%s: expected %s, found %s", question,
	    expected, found);
}

static int
fault_numbers(struct err *err, const struct prove_question *q, const char *what,
    unsigned expected, unsigned found)
{
	char e[64], f[64];

	snprintf(e, sizeof e, "%s %u", what, expected);
	snprintf(f, sizeof f, "%u", found);
	return fault(err, q, e, f);
}

/* Other flags or another rcode: the text has the first record expected, too. */
static int
fault_flags(struct err *err, const struct prove_question *q,
    const struct naive_answer *e, unsigned expected, unsigned found)
{
	char flags[PROVE_TEXT_MAX], record[PROVE_TEXT_MAX];
	char all[2 * PROVE_TEXT_MAX + 8], other[PROVE_TEXT_MAX];

	prove_flags_text(flags, expected);
	prove_flags_text(other, found);
	prove_expected_text(record, e->count ? &e->records[0] : NULL);
	snprintf(all, sizeof all, "%s with %s", flags, record);
	return fault(err, q, all, other);
}

/* --- the walk over the bytes ---------------------------------------------- */

/* RFC 3597 section 4: only these may have compressed names in their RDATA. */
static bool
may_compress(uint16_t type)
{
	return (type >= DNS_TYPE_NS && type <= DNS_TYPE_MR) ||
	       type == DNS_TYPE_PTR || type == DNS_TYPE_MINFO ||
	       type == DNS_TYPE_MX;
}

static void
skip_name(struct wire_reader *r)
{
	for (;;) {
		uint8_t label = wire_read8(r);

		if (label >= 0xc0) {
			wire_read8(r);
			return;
		}
		if (label == 0 || r->failed)
			return;
		wire_take_find(r, label);
	}
}

static bool
end_note(struct prove_measure *m, uint32_t end)
{
	if (m->count == m->cap) {
		size_t cap = m->cap ? 2 * m->cap : 64;
		void *ends = realloc(m->ends, cap * sizeof *m->ends);

		if (!ends)
			return false;
		m->ends = ends;
		m->cap = cap;
	}
	m->ends[m->count++] = end;
	return true;
}

/* Notes where each record but OPT ends. NULL, or what is wrong. */
static const char *
measure_take(struct prove_measure *m, const uint8_t *wire, size_t bytes)
{
	struct wire_reader r = wire_reader_make(wire, bytes);
	unsigned records = 0;

	m->count = 0;
	for (unsigned i = 0; i < 6; i++) {
		unsigned n = wire_read16(&r);

		records += i >= 3 ? n : 0;
	}
	skip_name(&r);
	wire_take_find(&r, 4);
	m->question_end = (uint32_t)(r.at - wire);
	for (; records > 0 && !r.failed; records--) {
		skip_name(&r);
		uint16_t type = wire_read16(&r);

		wire_take_find(&r, 6);
		wire_take_find(&r, wire_read16(&r));
		if (type != DNS_TYPE_OPT &&
		    !end_note(m, (uint32_t)(r.at - wire)))
			return "no memory";
		if (type == DNS_TYPE_OPT && records > 1)
			return "records behind OPT";
	}
	if (r.failed)
		return "records that are cut off";
	return r.at == r.end ? NULL : "octets behind the last record";
}

/* --- header and question -----------------------------------------------------
 */

/* The header's flags; RD and CD are asked with 0. `truncated` is what TC should
 * be. */
static int
compare_header(const struct prove_question *q, const struct naive_answer *e,
    bool truncated, const uint8_t *wire, size_t bytes, struct err *err)
{
	unsigned expected = DNS_FLAG_QR | (e->aa ? DNS_FLAG_AA : 0) |
	                    (truncated ? DNS_FLAG_TC : 0) | e->rcode;
	size_t name_bytes = name_length(q->name);

	if (bytes < DNS_HEADER_BYTES + name_bytes + 4)
		return fault(err, q, "a response", "fewer octets than it has");
	unsigned found = wire_load16(wire + 2);

	/* a chain that is cut off has not come to the name that gives the rcode
	 * (RFC 6604 section 3) */
	if (truncated && (found & 0xf) == DNS_RCODE_NOERROR)
		expected &= ~0xfu;
	if (found != expected)
		return fault_flags(err, q, e, expected, found);
	if (wire_load16(wire + 4) != 1 ||
	    memcmp(wire + DNS_HEADER_BYTES, q->name, name_bytes) != 0 ||
	    wire_load16(wire + DNS_HEADER_BYTES + name_bytes) != q->type ||
	    wire_load16(wire + DNS_HEADER_BYTES + name_bytes + 2) !=
		DNS_CLASS_IN)
		return fault(err, q, "the question, case kept", "another");
	return 0;
}

static int
compare_edns(
    const struct prove_question *q, const ldns_pkt *packet, struct err *err)
{
	if (ldns_pkt_edns(packet) != q->edns)
		return fault_numbers(err, q, "OPT records", q->edns, !q->edns);
	if (q->edns && ldns_pkt_edns_version(packet) != 0)
		return fault_numbers(
		    err, q, "EDNS version", 0, ldns_pkt_edns_version(packet));
	if (q->edns && ldns_pkt_edns_do(packet) != q->dnssec_ok)
		return fault_numbers(err, q, "DO", q->dnssec_ok, !q->dnssec_ok);
	return 0;
}

/* --- records
 * --------------------------------------------------------------------- */

/* RDATA as ldns decoded it against that of the source. Names in types that may
 * be compressed take their case from where the pointer leads. */
static bool
rdata_matches(const ldns_rr *found, const struct naive_record *e)
{
	size_t at = 0;

	for (size_t i = 0; i < ldns_rr_rd_count(found); i++) {
		const ldns_rdf *rdf = ldns_rr_rdf(found, i);
		const uint8_t *data = ldns_rdf_data(rdf);
		size_t bytes = ldns_rdf_size(rdf);

		if (bytes > e->rdata_bytes - at)
			return false;
		if (ldns_rdf_get_type(rdf) == LDNS_RDF_TYPE_DNAME &&
		    may_compress(e->type)) {
			if (name_length(e->rdata + at) != bytes ||
			    !name_equal(e->rdata + at, data))
				return false;
		} else if (memcmp(e->rdata + at, data, bytes) != 0) {
			return false;
		}
		at += bytes;
	}
	return at == e->rdata_bytes;
}

/* ldns 1.8 takes the name of an NSAP-PTR for a string and misreads all that
 * comes behind it. So it is shown such records as of a type that nobody knows,
 * whose RDATA it takes as octets. */
enum { TYPE_NSAP_PTR = 23, TYPE_SHOWN_INSTEAD = 65279 };

static uint16_t
type_shown(uint16_t type)
{
	return type == TYPE_NSAP_PTR ? TYPE_SHOWN_INSTEAD : type;
}

static bool
record_matches(const ldns_rr *found, const struct naive_record *e)
{
	return ldns_rr_get_type(found) == (ldns_rr_type)type_shown(e->type) &&
	       ldns_rr_ttl(found) == e->ttl &&
	       ldns_rr_get_class(found) == LDNS_RR_CLASS_IN &&
	       name_equal(ldns_rdf_data(ldns_rr_owner(found)), e->owner) &&
	       rdata_matches(found, e);
}

static bool
in_section(const struct naive_record *e, enum naive_section section)
{
	return e->section == section ||
	       (section == NAIVE_REQUIRED && e->section == NAIVE_OPTIONAL);
}

/* An expected record of the section that the found one could be meant for. */
static const struct naive_record *
likely_find(const struct prove_compare *c, const struct naive_answer *e,
    enum naive_section section, const ldns_rr *found)
{
	const struct naive_record *likely = NULL;

	for (size_t i = 0; i < e->count; i++) {
		const struct naive_record *r = &e->records[i];

		if (c->used[i] || !in_section(r, section))
			continue;
		if (!likely)
			likely = r;
		if (ldns_rr_get_type(found) ==
			(ldns_rr_type)type_shown(r->type) &&
		    name_equal(ldns_rdf_data(ldns_rr_owner(found)), r->owner))
			return r;
	}
	return likely;
}

static int
fault_records(struct err *err, const struct prove_question *q,
    enum naive_section section, const struct naive_record *expected,
    ldns_rr *found)
{
	static const char *const names[] = {
	    [NAIVE_ANSWER] = "answer",
	    [NAIVE_AUTHORITY] = "authority",
	    [NAIVE_REQUIRED] = "additional",
	    [NAIVE_OPTIONAL] = "additional",
	};
	char e[PROVE_TEXT_MAX], f[PROVE_TEXT_MAX];
	char where[PROVE_TEXT_MAX + 40];

	prove_expected_text(e, expected);
	prove_found_text(f, found);
	snprintf(
	    where, sizeof where, "%s in the %s section", e, names[section]);
	return fault(err, q, where, f);
}

/* Each found record is an expected one, and none is there twice. `at` is where
 * the search starts: records mostly come in the order expected. */
static int
compare_section(struct prove_compare *c, const struct prove_question *q,
    const struct naive_answer *e, enum naive_section section,
    const ldns_rr_list *found, struct err *err)
{
	size_t count = found ? ldns_rr_list_rr_count(found) : 0, at = 0;

	for (size_t i = 0; i < count; i++) {
		ldns_rr *rr = ldns_rr_list_rr(found, i);
		size_t tries = 0;

		for (; tries < e->count; tries++, at++) {
			if (at >= e->count)
				at = 0;
			if (!c->used[at] &&
			    in_section(&e->records[at], section) &&
			    record_matches(rr, &e->records[at]))
				break;
		}
		if (tries == e->count)
			return fault_records(err, q, section,
			    likely_find(c, e, section, rr), rr);
		c->used[at++] = 1;
	}
	return 0;
}

static uint16_t
covered(const struct naive_record *r)
{
	return naive_type_covered(r->type, r->rdata, r->rdata_bytes);
}

static bool
same_set(const struct naive_record *a, const struct naive_record *b)
{
	return a->section == b->section && a->type == b->type &&
	       covered(a) == covered(b) && name_equal(a->owner, b->owner);
}

/* What must be there is; of what may be there, an RRset is whole or absent. */
static int
compare_missing(const struct prove_compare *c, const struct prove_question *q,
    const struct naive_answer *e, struct err *err)
{
	for (size_t i = 0; i < e->count; i++) {
		const struct naive_record *r = &e->records[i];
		bool missing = !c->used[i] && r->section != NAIVE_OPTIONAL;

		for (size_t j = 0; j < e->count && !c->used[i] && !missing; j++)
			missing = c->used[j] && same_set(r, &e->records[j]);
		if (missing)
			return fault_records(
			    err, q, (enum naive_section)r->section, r, NULL);
	}
	return 0;
}

/* The type of a set among the answers for a name, and what it signs; a set of
 * signatures only if there is no other. */
static uint16_t
type_found(const ldns_rr_list *answer, const uint8_t *name, uint16_t *signs)
{
	uint16_t type = 0;

	*signs = 0;
	for (size_t i = 0; i < ldns_rr_list_rr_count(answer); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(answer, i);

		if (!name_equal(ldns_rdf_data(ldns_rr_owner(rr)), name))
			continue;
		type = (uint16_t)ldns_rr_get_type(rr);
		if (type != DNS_TYPE_RRSIG) {
			*signs = 0;
			break;
		}
		*signs =
		    (uint16_t)ldns_rdf2rr_type(ldns_rr_rrsig_typecovered(rr));
	}
	return type;
}

/* Where any one set is right, the one that the response chose is expected and
 * no other: the others count as used. If it chose none, all are missing. */
static void
choose_set(struct prove_compare *c, const struct naive_answer *e,
    const ldns_pkt *packet)
{
	uint16_t type = 0, signs = 0;

	for (size_t i = 0; i < e->count; i++) {
		const struct naive_record *r = &e->records[i];

		if (!r->choice)
			continue;
		if (type == 0)
			type = type_found(
			    ldns_pkt_answer(packet), r->owner, &signs);
		bool chosen =
		    type == type_shown(r->type) && signs == covered(r);

		if (type != DNS_TYPE_RRSIG && e->has_signatures)
			chosen |= type_shown(covered(r)) == type;
		c->used[i] = type && !chosen;
	}
}

static int
compare_packet(struct prove_compare *c, const struct prove_question *q,
    const struct naive_answer *e, const ldns_pkt *packet, struct err *err)
{
	int code = compare_edns(q, packet, err);

	memset(c->used, 0, e->count);
	if (e->any_one_set)
		choose_set(c, e, packet);
	if (code == 0)
		code = compare_section(
		    c, q, e, NAIVE_ANSWER, ldns_pkt_answer(packet), err);
	if (code == 0)
		code = compare_section(
		    c, q, e, NAIVE_AUTHORITY, ldns_pkt_authority(packet), err);
	if (code == 0)
		code = compare_section(
		    c, q, e, NAIVE_REQUIRED, ldns_pkt_additional(packet), err);
	return code ? code : compare_missing(c, q, e, err);
}

static bool
used_reserve(struct prove_compare *c, size_t count)
{
	if (count >= c->used_cap) {
		void *used = realloc(c->used, 2 * count + 64);

		if (!used)
			return false;
		c->used = used;
		c->used_cap = 2 * count + 64;
	}
	return true;
}

/* The records of a section in the order of the message, and whether a type that
 * must not be compressed is as long as it was. */
static int
compare_lengths(const struct prove_question *q, const ldns_rr_list *found,
    const struct prove_measure *m, const uint8_t *wire, size_t *at,
    struct err *err)
{
	size_t count = found ? ldns_rr_list_rr_count(found) : 0;

	for (size_t i = 0; i < count && *at < m->count; i++, (*at)++) {
		const ldns_rr *rr = ldns_rr_list_rr(found, i);
		uint32_t begin = *at ? m->ends[*at - 1] : m->question_end;
		struct wire_reader r =
		    wire_reader_make(wire + begin, m->ends[*at] - begin);
		size_t bytes = 0;

		if (may_compress((uint16_t)ldns_rr_get_type(rr)))
			continue;
		skip_name(&r);
		wire_take_find(&r, 8);
		for (size_t j = 0; j < ldns_rr_rd_count(rr); j++)
			bytes += ldns_rdf_size(ldns_rr_rdf(rr, j));
		if (wire_read16(&r) != bytes)
			return fault(err, q, "RDATA uncompressed (RFC 3597)",
			    "a compressed name in it");
	}
	return 0;
}

/* The response, with the types that ldns can read. */
static const uint8_t *
wire_shown(struct prove_compare *c, const struct prove_measure *m,
    const uint8_t *wire, size_t bytes)
{
	memcpy(c->shown, wire, bytes);
	for (size_t i = 0; i < m->count; i++) {
		uint32_t begin = i ? m->ends[i - 1] : m->question_end;
		struct wire_reader r =
		    wire_reader_make(wire + begin, m->ends[i] - begin);

		skip_name(&r);

		size_t at = (size_t)(r.at - wire);

		wire_store16(c->shown + at, type_shown(wire_read16(&r)));
	}
	return c->shown;
}

static int
compare_decoded(struct prove_compare *c, const struct prove_question *q,
    const struct naive_answer *e, const uint8_t *wire, size_t bytes,
    struct prove_measure *m, struct err *err)
{
	ldns_pkt *packet = NULL;
	size_t at = 0;
	ldns_status s =
	    ldns_wire2pkt(&packet, wire_shown(c, m, wire, bytes), bytes);

	if (s != LDNS_STATUS_OK)
		return fault(err, q, "a response that ldns can read",
		    ldns_get_errorstr_by_id(s));
	int code = compare_packet(c, q, e, packet, err);

	if (code == 0)
		code = compare_lengths(
		    q, ldns_pkt_answer(packet), m, wire, &at, err);
	if (code == 0)
		code = compare_lengths(
		    q, ldns_pkt_authority(packet), m, wire, &at, err);
	if (code == 0)
		code = compare_lengths(
		    q, ldns_pkt_additional(packet), m, wire, &at, err);
	ldns_pkt_free(packet);
	return code;
}

/* How many of the records found must be there: all but the optional ones, which
 * stand last. */
static size_t
required_count(
    const struct prove_compare *c, const struct naive_answer *e, size_t found)
{
	for (size_t i = 0; i < e->count; i++)
		found -= c->used[i] && e->records[i].section == NAIVE_OPTIONAL;
	return found;
}

static bool
is_to_be_decoded(struct prove_compare *c)
{
	return c->compared++ < DECODED_FIRST ||
	       c->compared % DECODED_EVERY == 0;
}

static int
compare_records(struct prove_compare *c, const struct prove_question *q,
    const struct naive_answer *e, const uint8_t *wire, size_t bytes,
    struct err *err)
{
	struct prove_measure *m = &c->measure;

	if (!is_to_be_decoded(c) && prove_match(q, e, m, wire, bytes)) {
		memset(c->used, true, e->count);
		return 0;
	}
	c->decoded++;
	return compare_decoded(c, q, e, wire, bytes, m, err);
}

int
prove_compare_whole(struct prove_compare *c, const struct prove_question *q,
    const struct naive_answer *expected, const uint8_t *wire, size_t bytes,
    struct err *err)
{
	struct prove_measure *m = &c->measure;
	int code = compare_header(q, expected, false, wire, bytes, err);
	const char *wrong = code ? NULL : measure_take(m, wire, bytes);

	if (code)
		return code;
	if (wrong)
		return fault(err, q, "a sound message", wrong);
	if (!used_reserve(c, expected->count))
		return err_set(err, ERR_NO_MEMORY, "no memory for the proof");
	code = compare_records(c, q, expected, wire, bytes, err);
	if (code == 0 && q->udp_bytes == 0) {
		m->required = required_count(c, expected, m->count);
		memcpy(c->stream, wire, bytes);
		c->stream_bytes = bytes;
	}
	return code;
}

/* --- UDP
 * ------------------------------------------------------------------------ */

/* True if a record that ends at offset `end` of the stream's response is the
 * last of its RRset there. */
static bool
is_set_end(const struct prove_compare *c, size_t records)
{
	const struct prove_measure *m = &c->measure;
	ldns_rr *rr[2] = {NULL, NULL};
	bool differ = true;

	if (records == 0 || records == m->count)
		return true;
	for (size_t i = 0; i < 2; i++) {
		size_t r = records - 1 + i;
		size_t at = r ? m->ends[r - 1] : m->question_end;

		if (ldns_wire2rr(&rr[i], c->stream, c->stream_bytes, &at,
			LDNS_SECTION_ANSWER))
			rr[i] = NULL;
	}
	if (rr[0] && rr[1])
		differ = ldns_rr_get_type(rr[0]) != ldns_rr_get_type(rr[1]) ||
		         ldns_dname_compare(
			     ldns_rr_owner(rr[0]), ldns_rr_owner(rr[1])) != 0 ||
		         (ldns_rr_get_type(rr[0]) == LDNS_RR_TYPE_RRSIG &&
			     ldns_rdf_compare(ldns_rr_rrsig_typecovered(rr[0]),
				 ldns_rr_rrsig_typecovered(rr[1])) != 0);
	ldns_rr_free(rr[0]);
	ldns_rr_free(rr[1]);
	return differ;
}

/* With TC: the bytes are those of the stream's response up to the end of an
 * RRset. */
static int
compare_cut(struct prove_compare *c, const struct prove_question *q,
    const uint8_t *wire, size_t bytes, struct err *err)
{
	const struct prove_measure *m = &c->measure;
	size_t records = 0, end;

	for (unsigned i = 6; i < DNS_HEADER_BYTES; i += 2)
		records += wire_load16(wire + i);
	records -= records && q->edns;
	if (records >= m->required)
		return fault_numbers(err, q, "fewer records with TC than",
		    (unsigned)m->required, (unsigned)records);
	end = records ? m->ends[records - 1] : m->question_end;
	if (bytes != end + (q->edns ? DNS_OPT_BYTES : 0) ||
	    memcmp(wire + DNS_HEADER_BYTES, c->stream + DNS_HEADER_BYTES,
		end - DNS_HEADER_BYTES) != 0)
		return fault(err, q, "a prefix of the whole response with TC",
		    "other octets");
	if (!is_set_end(c, records))
		return fault(err, q, "whole RRsets with TC", "a part of one");
	return 0;
}

int
prove_compare_udp(struct prove_compare *c, const struct prove_question *q,
    const struct naive_answer *expected, const uint8_t *wire, size_t bytes,
    struct err *err)
{
	const struct prove_measure *m = &c->measure;
	size_t needed =
	    m->required ? m->ends[m->required - 1] : m->question_end;
	bool truncated = needed + (q->edns ? DNS_OPT_BYTES : 0) > q->udp_bytes;
	int code;

	if (bytes > q->udp_bytes)
		return fault_numbers(
		    err, q, "octets at most", q->udp_bytes, (unsigned)bytes);
	if (truncated) {
		code = compare_header(q, expected, true, wire, bytes, err);
		return code ? code : compare_cut(c, q, wire, bytes, err);
	}
	struct prove_measure stream = c->measure;

	c->measure = (struct prove_measure){0};
	code = prove_compare_whole(c, q, expected, wire, bytes, err);
	free(c->measure.ends);
	c->measure = stream;
	return code;
}
