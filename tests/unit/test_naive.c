/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The naive resolver against answers that are written down by hand, most of
 * them examples of the RFCs themselves.
 */
#include <check.h>
#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "control/compile/naive.h"
#include "tests/unit/unit_run.h"
#include "tests/unit/zone_text.h"

/* RFC 4592 section 2.2.1, with what other rules need. */
static const char wildcards[] =
    "@ 3600 SOA ns.example.com. host 1 3600 600 86400 300\n"
    "@ 3600 NS ns.example.com.\n"
    "@ 3600 NS ns.example.net.\n"
    "* 3600 TXT \"this is a wildcard\"\n"
    "* 3600 MX 10 host1\n"
    "sub.* 3600 TXT \"this is not a wildcard\"\n"
    "host1 3600 A 192.0.2.1\n"
    "_ssh._tcp.host1 3600 SRV 0 0 22 host1\n"
    "_ssh._tcp.host2 3600 SRV 0 0 22 host2\n"
    "subdel 3600 NS ns.example.com.\n"
    "subdel 3600 NS ns.example.net.\n";

static const char plain[] =
    "@ 3600 SOA ns host 1 3600 600 86400 300\n"
    "@ 3600 NS ns\n"
    "ns 3600 A 192.0.2.1\n"
    "www 60 A 192.0.2.2\n"
    "www 60 A 192.0.2.3\n"
    "a.ent 60 A 192.0.2.4\n"
    "alias 60 CNAME www\n"
    "chain 60 CNAME alias\n"
    "out 60 CNAME www.elsewhere.\n"
    "none 60 CNAME nothing\n"
    "nodata 60 CNAME ns\n"
    "loop1 60 CNAME loop2\n"
    "loop2 60 CNAME loop1\n"
    "self 60 CNAME self\n"
    "cut 7200 NS ns.cut\n"
    "cut 7200 NS ns.deep.cut\n"
    "cut 7200 NS ns.other\n"
    "cut 7200 NS ns\n"
    "cut 7200 NS ns.elsewhere.\n"
    "ns.cut 7200 A 192.0.2.5\n"
    "ns.deep.cut 7200 AAAA 2001:db8::5\n"
    "hidden.cut 7200 TXT \"hidden\"\n"
    "other 7200 NS ns.other\n"
    "ns.other 7200 A 192.0.2.6\n"
    "safe 7200 NS ns.safe\n"
    "safe 7200 DS 1 8 2 "
    "0123456789012345678901234567890123456789012345678901234567890123\n"
    "ns.safe 7200 A 192.0.2.7\n"
    "tocut 60 CNAME www.cut\n"
    "frobozz 90 DNAME frobozz-division.acme\n"
    "frobozz 90 TXT \"beside\"\n"
    "www.frobozz-division.acme 60 A 192.0.2.8\n"
    "dname-out 90 DNAME elsewhere.\n"
    "dname-long 90 DNAME "
    "a123456789012345678901234567890123456789012345678901234567890."
    "a123456789012345678901234567890123456789012345678901234567890."
    "a123456789012345678901234567890123456789012345678901234567890\n"
    "*.cname 60 CNAME www\n"
    "two 60 TXT \"two\"\n"
    "two 60 MX 10 www\n";

static const char child[] = "@ 3600 SOA ns host 9 3600 600 86400 60\n"
			    "@ 3600 NS ns\n"
			    "ns 3600 A 192.0.2.5\n"
			    "www 3600 A 192.0.2.9\n";

#define SIGNATURE(covers)                                                      \
	" 60 RRSIG " covers                                                    \
	" 8 2 60 20300101000000 20200101000000 1 signed. c2lnbmF0dXJl\n"

static const char signed_zone[] =
    "@ 60 SOA ns host 9 3600 600 86400 30\n"
    "@" SIGNATURE(
	"SOA") "@ 60 NS ns\n"
	       "@" SIGNATURE(
		   "NS") "@ 60 DNSKEY 256 3 8 AwEAAcw=\n"
			 "ns 60 A 192.0.2.1\n"
			 "ns" SIGNATURE(
			     "A") "safe 60 NS ns.safe\n"
				  "safe 60 DS 1 8 2 "
				  "0123456789012345678901234567890123456789012345678901234567890123\n"
				  "safe" SIGNATURE(
				      "DS") "ns.safe 60 A 192.0.2.2\n"
					    "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom 60 NSEC3 1 1 12 aabbccdd "
					    "2t7b4g4vsa5smi47k61mv5bv1a22bojr A RRSIG\n"
					    "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom" SIGNATURE(
						"NSEC3");

/* Sections by letter: n answer, u authority, r required and o optional
 * additional; records as ldns writes them, in any order. */
static const struct question {
	const char *name, *type;
	bool dnssec_ok;
	const char *rcode;   /* with " AA" */
	const char *records; /* a line each */
} questions[] = {
#define WILD_SOA                                                               \
	"u wild. 300 SOA ns.example.com. host.wild. 1 3600 600 86400 300\n"
    /* RFC 4592 section 2.2.1: the responses synthesised */
    {"host3.wild.", "MX", 0, "NOERROR AA",
	"n host3.wild. 3600 MX 10 host1.wild.\n"},
    {"host3.wild.", "A", 0, "NOERROR AA", WILD_SOA},
    {"foo.bar.wild.", "TXT", 0, "NOERROR AA",
	"n foo.bar.wild. 3600 TXT \"this is a wildcard\"\n"},
    /* and those that are not */
    {"host1.wild.", "MX", 0, "NOERROR AA", WILD_SOA},
    {"sub.*.wild.", "MX", 0, "NOERROR AA", WILD_SOA},
    {"_telnet._tcp.host1.wild.", "SRV", 0, "NXDOMAIN AA", WILD_SOA},
    {"host.subdel.wild.", "A", 0, "NOERROR",
	"u subdel.wild. 3600 NS ns.example.com.\n"
	"u subdel.wild. 3600 NS ns.example.net.\n"},
    {"ghost.*.wild.", "MX", 0, "NXDOMAIN AA", WILD_SOA},
    /* section 2.3: an asterisk that is asked for */
    {"*.wild.", "TXT", 0, "NOERROR AA",
	"n *.wild. 3600 TXT \"this is a wildcard\"\n"},
    /* section 2.2.2: empty non-terminals block */
    {"_tcp.host2.wild.", "MX", 0, "NOERROR AA", WILD_SOA},
    {"host2.wild.", "MX", 0, "NOERROR AA", WILD_SOA},
    {"x.host2.wild.", "MX", 0, "NXDOMAIN AA", WILD_SOA},

#define SOA                                                                    \
	"u example. 300 SOA ns.example. host.example. 1 3600 600 86400 300\n"
    /* RFC 1034 section 4.3.2, RFC 2308, RFC 8020 */
    {"www.example.", "A", 0, "NOERROR AA",
	"n www.example. 60 A 192.0.2.2\nn www.example. 60 A 192.0.2.3\n"},
    {"www.example.", "AAAA", 0, "NOERROR AA", SOA},
    {"ent.example.", "A", 0, "NOERROR AA", SOA},
    {"b.ent.example.", "A", 0, "NXDOMAIN AA", SOA},
    {"nothing.example.", "A", 0, "NXDOMAIN AA", SOA},
    {"example.", "SOA", 0, "NOERROR AA",
	"n example. 3600 SOA ns.example. host.example. "
	"1 3600 600 86400 300\n"},
    {"elsewhere.", "A", 0, "REFUSED", ""},
    {".", "NS", 0, "REFUSED", ""},
    /* CNAME: RFC 1034 section 3.6.2; the rcode: RFC 6604 */
    {"chain.example.", "A", 0, "NOERROR AA",
	"n chain.example. 60 CNAME alias.example.\n"
	"n alias.example. 60 CNAME www.example.\n"
	"n www.example. 60 A 192.0.2.2\nn www.example. 60 A 192.0.2.3\n"},
    {"chain.example.", "CNAME", 0, "NOERROR AA",
	"n chain.example. 60 CNAME alias.example.\n"},
    {"out.example.", "A", 0, "NOERROR AA",
	"n out.example. 60 CNAME www.elsewhere.\n"},
    {"none.example.", "A", 0, "NXDOMAIN AA",
	"n none.example. 60 CNAME nothing.example.\n" SOA},
    {"nodata.example.", "AAAA", 0, "NOERROR AA",
	"n nodata.example. 60 CNAME ns.example.\n" SOA},
    {"loop1.example.", "A", 0, "NOERROR AA",
	"n loop1.example. 60 CNAME loop2.example.\n"
	"n loop2.example. 60 CNAME loop1.example.\n"},
    {"self.example.", "A", 0, "NOERROR AA",
	"n self.example. 60 CNAME self.example.\n"},
    {"x.cname.example.", "A", 0, "NOERROR AA",
	"n x.cname.example. 60 CNAME www.example.\n"
	"n www.example. 60 A 192.0.2.2\nn www.example. 60 A 192.0.2.3\n"},
#define CUT                                                                    \
	"u cut.example. 7200 NS ns.cut.example.\n"                             \
	"u cut.example. 7200 NS ns.deep.cut.example.\n"                        \
	"u cut.example. 7200 NS ns.other.example.\n"                           \
	"u cut.example. 7200 NS ns.example.\n"                                 \
	"u cut.example. 7200 NS ns.elsewhere.\n"                               \
	"r ns.cut.example. 7200 A 192.0.2.5\n"                                 \
	"r ns.deep.cut.example. 7200 AAAA 2001:db8::5\n"                       \
	"o ns.other.example. 7200 A 192.0.2.6\n"                               \
	"o ns.example. 3600 A 192.0.2.1\n"
    /* referrals: RFC 1034 section 4.3.2, RFC 9471 */
    {"cut.example.", "NS", 0, "NOERROR", CUT},
    {"x.y.cut.example.", "A", 0, "NOERROR", CUT},
    {"hidden.cut.example.", "TXT", 0, "NOERROR", CUT},
    {"ns.cut.example.", "A", 0, "NOERROR", CUT},
    {"tocut.example.", "A", 0, "NOERROR AA",
	"n tocut.example. 60 CNAME www.cut.example.\n" CUT},
    /* DS: RFC 4035 section 3.1.4.1 */
    {"cut.example.", "DS", 0, "NOERROR AA", SOA},
    {"x.cut.example.", "DS", 0, "NOERROR", CUT},
    {"safe.example.", "DS", 0, "NOERROR AA",
	"n safe.example. 7200 DS 1 8 2 "
	"0123456789012345678901234567890123456789012345678901234567890123"
	"\n"},
    {"example.", "DS", 0, "NOERROR AA", SOA},
    {"child.example.", "DS", 0, "NXDOMAIN AA", SOA},
    {"child.example.", "AAAA", 0, "NOERROR AA",
	"u child.example. 60 SOA ns.child.example. host.child.example. "
	"9 3600 600 86400 60\n"},
    {"www.child.example.", "A", 0, "NOERROR AA",
	"n www.child.example. 3600 A 192.0.2.9\n"},
    /* DNAME: RFC 6672 sections 2.2 and 3.2 */
    {"www.frobozz.example.", "A", 0, "NOERROR AA",
	"n frobozz.example. 90 DNAME frobozz-division.acme.example.\n"
	"n www.frobozz.example. 90 CNAME "
	"www.frobozz-division.acme.example.\n"
	"n www.frobozz-division.acme.example. 60 A 192.0.2.8\n"},
    {"frobozz.example.", "TXT", 0, "NOERROR AA",
	"n frobozz.example. 90 TXT \"beside\"\n"},
    {"frobozz.example.", "A", 0, "NOERROR AA", SOA},
    {"x.frobozz.example.", "A", 0, "NXDOMAIN AA",
	"n frobozz.example. 90 DNAME frobozz-division.acme.example.\n"
	"n x.frobozz.example. 90 CNAME "
	"x.frobozz-division.acme.example.\n" SOA},
    {"x.frobozz.example.", "CNAME", 0, "NOERROR AA",
	"n frobozz.example. 90 DNAME frobozz-division.acme.example.\n"
	"n x.frobozz.example. 90 CNAME "
	"x.frobozz-division.acme.example.\n"},
    {"x.y.dname-out.example.", "A", 0, "NOERROR AA",
	"n dname-out.example. 90 DNAME elsewhere.\n"
	"n x.y.dname-out.example. 90 CNAME x.y.elsewhere.\n"},
    {"a123456789012345678901234567890123456789012345678901234567890."
     "dname-long.example.",
	"A", 0, "YXDOMAIN AA",
	"n dname-long.example. 90 DNAME "
	"a123456789012345678901234567890123456789012345678901234567890."
	"a123456789012345678901234567890123456789012345678901234567890."
	"a123456789012345678901234567890123456789012345678901234567890."
	"example.\n"},
    /* ANY: RFC 8482; both sets are noted */
    {"two.example.", "ANY", 0, "NOERROR AA",
	"n two.example. 60 TXT \"two\"\n"
	"n two.example. 60 MX 10 www.example.\n"},

#define SIG(owner, ttl, covers)                                                \
	owner " " ttl " RRSIG " covers                                         \
	      " 8 2 60 20300101000000 20200101000000 1 signed. c2lnbmF0dXJl\n"
    /* RFC 4035 section 3.1 */
    {"ns.signed.", "A", 0, "NOERROR AA", "n ns.signed. 60 A 192.0.2.1\n"},
    {"ns.signed.", "A", 1, "NOERROR AA",
	"n ns.signed. 60 A 192.0.2.1\nn " SIG("ns.signed.", "60", "A")},
    {"ns.signed.", "AAAA", 1, "NOERROR AA",
	"u signed. 30 SOA ns.signed. host.signed. 9 3600 600 86400 30\n"
	"u " SIG("signed.", "30", "SOA")},
    {"x.safe.signed.", "A", 1, "NOERROR",
	"u safe.signed. 60 NS ns.safe.signed.\n"
	"u safe.signed. 60 DS 1 8 2 "
	"0123456789012345678901234567890123456789012345678901234567890123"
	"\nu " SIG(
	    "safe.signed.", "60", "DS") "r ns.safe.signed. 60 A 192.0.2.2\n"},
    {"ns.signed.", "RRSIG", 0, "NOERROR AA", "n " SIG("ns.signed.", "60", "A")},
    /* RFC 5155 section 7.2.8 */
    {"0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.signed.", "NSEC3", 0, "NXDOMAIN AA",
	"u signed. 30 SOA ns.signed. host.signed. 9 3600 600 86400 30\n"},
};

struct rig {
	struct zone_records *zones[4];
	struct naive *naive;
	struct naive_answer answer;
};

static void
rig_open(struct rig *r)
{
	struct err err;

	*r = (struct rig){0};
	r->zones[0] = zone_from_text("example.", plain);
	r->zones[1] = zone_from_text("child.example.", child);
	r->zones[2] = zone_from_text("signed.", signed_zone);
	r->zones[3] = zone_from_text("wild.", wildcards);
	ck_assert_int_eq(
	    naive_open(&r->naive, (const struct zone_records *const *)r->zones,
		4, &err),
	    0);
}

static void
rig_close(struct rig *r)
{
	naive_close(&r->naive);
	naive_answer_fini(&r->answer);
	for (unsigned i = 0; i < 4; i++)
		zone_records_free(r->zones[i]);
}

/* The record that a line of the table means. */
static bool
line_matches(const char *line, const struct naive_record *r)
{
	static const char sections[] = "nuro";
	ldns_rr *rr = NULL;
	size_t at = 0;
	bool same;

	ck_assert_int_eq(
	    ldns_rr_new_frm_str(&rr, line + 2, 0, NULL, NULL), LDNS_STATUS_OK);
	same = sections[r->section] == line[0] &&
	       (uint16_t)ldns_rr_get_type(rr) == r->type &&
	       ldns_rr_ttl(rr) == r->ttl &&
	       name_equal(ldns_rdf_data(ldns_rr_owner(rr)), r->owner);
	for (size_t i = 0; same && i < ldns_rr_rd_count(rr); i++) {
		const ldns_rdf *rdf = ldns_rr_rdf(rr, i);
		size_t bytes = ldns_rdf_size(rdf);

		same = bytes <= r->rdata_bytes - at &&
		       memcmp(ldns_rdf_data(rdf), r->rdata + at, bytes) == 0;
		at += bytes;
	}
	same = same && at == r->rdata_bytes;
	ldns_rr_free(rr);
	return same;
}

static void
records_check(const struct question *q, const struct naive_answer *a)
{
	char *copy = strdup(q->records), *rest = copy, *line;
	size_t lines = 0;

	while ((line = strsep(&rest, "\n")) != NULL) {
		bool found = false;

		if (line[0] == '\0')
			continue;
		lines++;
		for (size_t i = 0; i < a->count && !found; i++)
			found = line_matches(line, &a->records[i]);
		ck_assert_msg(
		    found, "%s %s: no \"%s\"", q->name, q->type, line);
	}
	ck_assert_msg(lines == a->count, "%s %s: %zu records, expected %zu",
	    q->name, q->type, a->count, lines);
	free(copy);
}

START_TEST(answers_are_those_of_the_rfcs)
{
	struct rig r;
	struct err err;

	rig_open(&r);
	for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
		const struct question *q = &questions[i];
		uint16_t type = (uint16_t)ldns_get_rr_type_by_name(q->type);
		char rcode[64];

		ck_assert_int_eq(naive_ask(r.naive, name_from_test(q->name),
				     type, q->dnssec_ok, &r.answer, &err),
		    0);
		snprintf(rcode, sizeof rcode, "%s%s",
		    ldns_lookup_by_id(ldns_rcodes, r.answer.rcode)->name,
		    r.answer.aa ? " AA" : "");
		ck_assert_msg(strcmp(rcode, q->rcode) == 0,
		    "%s %s: expected %s, found %s", q->name, q->type, q->rcode,
		    rcode);
		records_check(q, &r.answer);
	}
	rig_close(&r);
}
END_TEST

START_TEST(case_of_the_question_is_kept)
{
	static const uint8_t name[] = "\3wWw\7eXAMPLE";
	struct rig r;
	struct err err;

	rig_open(&r);
	ck_assert_int_eq(
	    naive_ask(r.naive, name, DNS_TYPE_A, false, &r.answer, &err), 0);
	ck_assert_uint_eq(r.answer.count, 2);
	ck_assert_ptr_eq(r.answer.records[0].owner, name);
	rig_close(&r);
}
END_TEST

START_TEST(empty_non_terminals_are_names_of_the_zone)
{
	struct rig r;
	struct err err;
	const struct naive_zone *z;
	const struct naive_name *n;

	rig_open(&r);
	ck_assert_int_eq(naive_zone_open(r.naive, 0, &z, &err), 0);
	n = naive_name_find(z, name_from_test("ent.example."));
	ck_assert_ptr_nonnull(n);
	ck_assert_uint_eq(n->count, 0);
	ck_assert_ptr_nonnull(
	    naive_name_find(z, name_from_test("acme.example.")));
	ck_assert_ptr_null(
	    naive_name_find(z, name_from_test("nothing.example.")));
	rig_close(&r);
}
END_TEST

/* A parent with many children keeps its index while theirs come and go. */
START_TEST(many_zones_share_the_indexes)
{
	enum { MANY = 40 };
	struct zone_records *zones[MANY];
	struct naive *naive;
	struct naive_answer answer = {0};
	struct err err;
	char apex[32];

	zones[0] = zone_from_text("example.", plain);
	for (unsigned i = 1; i < MANY; i++) {
		snprintf(apex, sizeof apex, "z%02u.example.", i);
		zones[i] = zone_from_text(apex, child);
	}
	ck_assert_int_eq(
	    naive_open(
		&naive, (const struct zone_records *const *)zones, MANY, &err),
	    0);
	for (unsigned i = 1; i < MANY; i++) {
		snprintf(apex, sizeof apex, "z%02u.example.", i);
		ck_assert_int_eq(naive_ask(naive, name_from_test(apex),
				     DNS_TYPE_NS, false, &answer, &err),
		    0);
		ck_assert_uint_eq(answer.zone, i);
		ck_assert_uint_eq(answer.count, 1);
		ck_assert_int_eq(naive_ask(naive, name_from_test(apex),
				     DNS_TYPE_DS, false, &answer, &err),
		    0);
		ck_assert_uint_eq(answer.zone, 0);
		ck_assert_uint_eq(answer.rcode, DNS_RCODE_NXDOMAIN);
	}
	naive_close(&naive);
	naive_answer_fini(&answer);
	for (unsigned i = 0; i < MANY; i++)
		zone_records_free(zones[i]);
}
END_TEST

UNIT_MAIN("naive", answers_are_those_of_the_rfcs, case_of_the_question_is_kept,
    empty_non_terminals_are_names_of_the_zone, many_zones_share_the_indexes)
