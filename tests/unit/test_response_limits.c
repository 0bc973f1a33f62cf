/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What holds for every UDP response, whatever size the client says: it is at
 * most min(client's size, configured maximum); OPT is there exactly if it was
 * asked for, whole and last; what is left out is left out by whole RRsets; and
 * TC is set exactly if an answer, authority record or in-domain glue (RFC 9471)
 * is missing (RFC 2181 section 9). Checked by asking random questions, each
 * over a stream as well, which has everything.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/dns.h"
#include "base/name.h"
#include "base/wire.h"
#include "tests/unit/answer_rig.h"
#include "tests/unit/unit_run.h"

#if defined(__SANITIZE_ADDRESS__)
enum { QUESTIONS = 1500 };
#else
enum { QUESTIONS = 6000 };
#endif
enum { RECORDS_MAX = 4096 };

#define SIG(covers, labels)                                                    \
	" RRSIG " covers " 8 " labels                                          \
	" 300 20300101000000 20200101000000 1 s.test. "                        \
	"c2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJl\n"
#define LONG                                                                   \
	"0123456789012345678901234567890123456789012345678901234567890123"     \
	"0123456789012345678901234567890123456789012345678901234567890123"

static const char plain_text[] =
    "$ORIGIN p.test.\n$TTL 300\n@ SOA ns host 1 2 3 4 5\n@ NS ns\n"
    "ns A 192.0.2.1\n"
    "$GENERATE 1-40 a40 A 192.0.2.$\n$GENERATE 1-3 a40 TXT \"$\"\n"
    "$GENERATE 1-9 t9 TXT \"$-0123456789012345678901234567890123456789\"\n"
    "$GENERATE 1-200 t200 TXT \"$-" LONG "\"\n"
    "$GENERATE 1-19 c$ CNAME c${1}\nc20 CNAME a40\n"
    "*.w CNAME c17\n$GENERATE 1-30 *.m MX \"$ m$.w.m\"\n"
    "dn DNAME w\nlong CNAME "
    "a123456789012345678901234567890123456789012345678901234567890."
    "b123456789012345678901234567890123456789012345678901234567890.dn\n"
    "$GENERATE 1-13 cut NS n$.cut\n$GENERATE 1-13 n$.cut A 192.0.2.$\n"
    "$GENERATE 1-13 n$.cut AAAA 2001:db8::$\n"
    "$GENERATE 1-13 cut NS m$.sib\nsib NS m1.sib\n"
    "$GENERATE 1-13 m$.sib A 192.0.2.$\n"
    "$GENERATE 1-13 m$.sib AAAA 2001:db8::$\n";

static const char signed_text[] =
    "$ORIGIN s.test.\n$TTL 300\n@ SOA ns host 1 2 3 4 5\n@" SIG(
	"SOA", "2") "@ NS ns\n@" SIG("NS",
	"2") "@ DNSKEY 256 3 8 AwEAAQ==\nns A 192.0.2.1\nns" SIG("A",
	"3") "c CNAME d\nc" SIG("CNAME", "3") "d CNAME many\nd" SIG("CNAME",
	"3") "$GENERATE 1-20 many A 192.0.2.$\nmany" SIG("A",
	"3") "$GENERATE 1-8 cut NS n$.cut\n"
	     "$GENERATE 1-8 n$.cut A 192.0.2.$\n"
	     "cut DS 1 8 1 0000000000000000000000000000000000000000\n"
	     "cut DS 2 8 1 0000000000000000000000000000000000000000\n"
	     "cut" SIG("DS", "3") "dn DNAME e\ndn" SIG(
		 "DNAME", "3") "x.e CNAME many\nx.e" SIG("CNAME", "4");

static const struct text_zone zones[] = {
    {"p.test.", plain_text, false}, {"s.test.", signed_text, false}};
static const struct text_zone split[] = {{"p.test.", plain_text, true}};

static const char *const names[] = {"p.test.", "a40.p.test.", "t9.p.test.",
    "t200.p.test.", "c1.p.test.", "c15.p.test.", "y.w.p.test.", "y.m.p.test.",
    "y.dn.p.test.", "long.p.test.", "x.y.z.cut.p.test.", "cut.p.test.",
    "none.p.test.", "s.test.", "ns.s.test.", "c.s.test.", "d.s.test.",
    "many.s.test.", "cut.s.test.", "y.cut.s.test.", "x.dn.s.test.",
    "none.s.test.", "not.ours."};
static const uint16_t types[] = {DNS_TYPE_A, DNS_TYPE_TXT, DNS_TYPE_MX,
    DNS_TYPE_ANY, DNS_TYPE_RRSIG, DNS_TYPE_DS, DNS_TYPE_CNAME, DNS_TYPE_NS};

static uint64_t random_state = 1;

/* 0 to n - 1; splitmix64. */
static unsigned
random_below(unsigned n)
{
	uint64_t z = (random_state += 0x9e3779b97f4a7c15ull);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return (unsigned)((z ^ z >> 31) % n);
}

/* --- responses, read without the engine's help
 * -------------------------------------- */

struct seen {
	uint8_t owner[DNS_NAME_MAX + 1]; /* lower case */
	unsigned section;
	uint16_t type, covers;
	const uint8_t *rdata; /* as on the wire */
	size_t rdata_bytes;
};

struct reading {
	struct seen records[RECORDS_MAX];
	unsigned count, opts;
	uint16_t flags, opt_rdata_bytes;
	bool opt_last;
};

/* Writes the name at *at out; *at moves behind it. */
static void
name_expand(
    const uint8_t *m, size_t bytes, size_t *at, uint8_t out[DNS_NAME_MAX + 1])
{
	size_t p = *at, n = 0;
	bool jumped = false;

	for (bool ended = false; !ended;) {
		ck_assert_uint_lt(p, bytes);
		if (m[p] >= 0xc0) {
			ck_assert_uint_lt(p + 1, bytes);

			size_t to = wire_load16(m + p) & 0x3fff;

			ck_assert_uint_lt(to, p);
			if (!jumped)
				*at = p + 2;
			jumped = true;
			p = to;
			continue;
		}
		ck_assert_uint_le(m[p], DNS_LABEL_MAX);
		ck_assert_uint_le(n + m[p] + 1u, DNS_NAME_MAX);
		memcpy(out + n, m + p, m[p] + 1u);
		ended = m[p] == 0;
		n += m[p] + 1u;
		p += m[p] + 1u;
	}
	if (!jumped)
		*at = p;
	name_lower(out, out, n);
}

static void
response_read(const uint8_t *m, size_t bytes, struct reading *r)
{
	size_t at = DNS_HEADER_BYTES;
	uint8_t name[DNS_NAME_MAX + 1];

	r->count = r->opts = 0;
	r->opt_last = true;
	r->flags = wire_load16(m + 2);
	ck_assert_uint_eq(wire_load16(m + 4), 1);
	name_expand(m, bytes, &at, name);
	at += 4;
	for (unsigned section = 0; section < 3; section++)
		for (unsigned i = wire_load16(m + 6 + 2 * section); i > 0;
		     i--) {
			struct seen *s = &r->records[r->count];

			ck_assert_uint_lt(r->count, RECORDS_MAX);
			name_expand(m, bytes, &at, s->owner);
			ck_assert_uint_le(at + 10, bytes);
			s->section = section;
			s->type = wire_load16(m + at);
			s->rdata_bytes = wire_load16(m + at + 8);
			at += 10;
			s->rdata = m + at;
			s->covers = s->type == DNS_TYPE_RRSIG
			                ? wire_load16(s->rdata)
			                : 0;
			at += s->rdata_bytes;
			ck_assert_uint_le(at, bytes);
			if (s->type == DNS_TYPE_OPT) {
				r->opts++;
				r->opt_rdata_bytes = (uint16_t)s->rdata_bytes;
				r->opt_last = at == bytes;
				continue;
			}
			r->count++;
		}
	ck_assert_uint_eq(at, bytes);
}

static bool
same_set(const struct seen *a, const struct seen *b)
{
	return a->section == b->section && a->type == b->type &&
	       a->covers == b->covers && name_equal(a->owner, b->owner);
}

/* Records of the set of `s`. */
static unsigned
set_count(const struct reading *r, const struct seen *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->count; i++)
		n += same_set(&r->records[i], s);
	return n;
}

/* Glue that lies at or below the name that is delegated. */
static bool
glue_is_in_domain(const struct reading *r, const struct seen *glue)
{
	for (unsigned i = 0; i < r->count; i++) {
		const struct seen *ns = &r->records[i];

		if (ns->section == 1 && ns->type == DNS_TYPE_NS)
			return name_is_at_or_below(glue->owner, ns->owner);
	}
	return false;
}

static void
compare(const struct reading *whole, const struct reading *cut)
{
	bool missing = false;

	for (unsigned i = 0; i < cut->count; i++)
		ck_assert_msg(set_count(cut, &cut->records[i]) ==
				  set_count(whole, &cut->records[i]),
		    "a part of an RRset of type %u", cut->records[i].type);
	for (unsigned i = 0; i < whole->count; i++) {
		const struct seen *s = &whole->records[i];

		if (s->section == 2 && !glue_is_in_domain(whole, s))
			continue;
		missing |= set_count(cut, s) == 0;
	}
	ck_assert_msg(missing == !!(cut->flags & DNS_FLAG_TC),
	    "TC %d, but required records are %smissing", !missing,
	    missing ? "" : "not ");
	ck_assert_uint_eq(whole->flags & (uint16_t)~DNS_FLAG_TC,
	    cut->flags & (uint16_t)~DNS_FLAG_TC);
}

/* --- questions
 * -------------------------------------------------------------------- */

struct asked {
	uint8_t message[512];
	size_t bytes;
	unsigned limit; /* of a UDP response */
	bool edns, nsid;
};

static unsigned
size_choose(void)
{
	switch (random_below(4)) {
	case 0:
		return random_below(65536);
	case 1:
		return random_below(600);
	default:
		return 512 + random_below(1200);
	}
}

static void
question_make(struct asked *a, const struct rig *r)
{
	struct wire_writer w = wire_writer_make(a->message, sizeof a->message);
	const char *text = names[random_below(sizeof names / sizeof *names)];
	unsigned size = size_choose(), most = r->config.udp_max;
	uint8_t name[DNS_NAME_MAX];
	struct err err;

	ck_assert_int_gt(name_from_text(name, text, &err), 0);
	a->edns = random_below(4) > 0;
	a->nsid = a->edns && random_below(2);
	a->limit = !a->edns || size < 512 ? 512 : size;
	a->limit = a->limit < most ? a->limit : most;
	wire_write(&w, "\x12\x34\0\0\0\1\0\0\0\0\0", 11);
	wire_write8(&w, a->edns);
	wire_write(&w, name, name_length(name));
	wire_write16(&w, types[random_below(sizeof types / sizeof *types)]);
	wire_write16(&w, DNS_CLASS_IN);
	if (a->edns) {
		wire_write(&w, "\0\0\x29", 3);
		wire_write16(&w, (uint16_t)size);
		wire_write16(&w, 0);
		wire_write16(&w, random_below(2) ? 0x8000 : 0);
		wire_write(
		    &w, a->nsid ? "\0\4\0\3\0\0" : "\0\0", a->nsid ? 6 : 2);
	}
	a->bytes = (size_t)(w.at - a->message);
}

static void
ask_both(struct rig *r, const struct asked *a)
{
	static struct reading whole, cut;
	static uint8_t stream[DNS_MESSAGE_MAX];
	size_t bytes;

	rig_send(r, a->message, a->bytes, ANSWER_STREAM);
	bytes = r->response_bytes;
	memcpy(stream, r->response, bytes);
	response_read(stream, bytes, &whole);
	rig_send(r, a->message, a->bytes, ANSWER_UDP);
	ck_assert_uint_le(r->response_bytes, a->limit);
	response_read(r->response, r->response_bytes, &cut);
	ck_assert_uint_eq(cut.opts, a->edns);
	ck_assert(!a->edns || cut.opt_last);
	if (a->nsid && r->config.nsid_bytes)
		ck_assert_uint_ge(
		    cut.opt_rdata_bytes, 4u + r->config.nsid_bytes);
	ck_assert_uint_eq(cut.opt_rdata_bytes, whole.opt_rdata_bytes);
	compare(&whole, &cut);
	ck_assert_int_eq(
	    cut.flags & DNS_FLAG_TC ? r->verdict : VERDICT_TRUNCATED,
	    VERDICT_TRUNCATED);
}

static void
many_asked(const struct text_zone *z, unsigned n)
{
	struct rig r;

	rig_open(&r, z, n);
	for (unsigned i = 0; i < QUESTIONS; i++) {
		struct asked a;

		r.config.udp_max =
		    (uint16_t)(512 +
			       random_below(random_below(2) ? 3585 : 800));
		r.config.nsid_bytes =
		    (uint8_t)random_below(ANSWER_NSID_MAX + 1);
		r.ttl_cap = random_below(4) ? 0 : 30;
		question_make(&a, &r);
		ask_both(&r, &a);
	}
	rig_close(&r);
}

START_TEST(sizes_in_shared_cells)
{
	many_asked(zones, 2);
}
END_TEST

START_TEST(sizes_in_split_cells)
{
	many_asked(split, 1);
}
END_TEST

/* A TSIG record with names so long that the reply to it would not fit. */
START_TEST(refused_signatures_keep_to_the_limit)
{
	struct rig r;

	rig_open(&r, zones, 1);
	for (unsigned labels = 1; labels <= 4; labels++)
		for (unsigned edns = 0; edns < 2; edns++) {
			uint8_t m[1200];
			struct wire_writer w = wire_writer_make(m, sizeof m);
			unsigned rdata;

			wire_write(&w, "\x12\x34\0\0\0\1\0\0\0\0\0", 11);
			wire_write8(&w, (uint8_t)(1 + edns));
			for (unsigned i = 0; i < labels; i++)
				wire_write(&w,
				    "\75"
				    "0123456789012345678901234567890123456789"
				    "012345678901234567890",
				    62);
			wire_write(&w, "\0\0\1\0\1", 5);
			if (edns)
				wire_write(&w, "\0\0\x29\2\0\0\0\0\0\0\0", 11);
			for (unsigned i = 0; i < labels; i++)
				wire_write(&w,
				    "\75"
				    "0123456789012345678901234567890123456789"
				    "012345678901234567890",
				    62);
			wire_write(&w, "\0\0\xfa\0\xff\0\0\0\0", 9);
			rdata = labels * 62 + 1 + 8 + 8;
			wire_write16(&w, (uint16_t)rdata);
			for (unsigned i = 0; i < labels; i++)
				wire_write(&w,
				    "\75"
				    "0123456789012345678901234567890123456789"
				    "012345678901234567890",
				    62);
			wire_write(&w,
			    "\0"
			    "12345678"
			    "\0\0\0\0\0\0\0\0",
			    17);
			rig_send(&r, m, (size_t)(w.at - m), ANSWER_UDP);
			ck_assert_int_eq(r.verdict, VERDICT_NOTAUTH);
			ck_assert_uint_le(r.response_bytes, 512);
			ck_assert_uint_eq(wire_load16(r.response + 10),
			    labels < 3 ? 1 : edns);
		}
	rig_close(&r);
}
END_TEST

UNIT_MAIN("response_limits", sizes_in_shared_cells, sizes_in_split_cells,
    refused_signatures_keep_to_the_limit)
