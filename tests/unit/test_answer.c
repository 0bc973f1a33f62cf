/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The engine, asked as dig would: a table of questions and whole answers, over
 * a zone in one cell and the same zone split over several; then messages that
 * are no plain questions, byte by byte.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/wire.h"
#include "tests/unit/answer_rig.h"

#define SOA "ex.test. 300 SOA ns1.ex.test. host.ex.test. 1 3600 600 86400 300"

static const char zone_text[] =
    "$ORIGIN ex.test.\n"
    "$TTL 3600\n"
    "@ SOA ns1 host 1 3600 600 86400 300\n"
    "@ NS ns1\n"
    "@ NS ns2.other.\n"
    "@ MX 10 mail\n"
    "ns1 A 192.0.2.1\n"
    "mail AAAA 2001:db8::25\n"
    "www A 192.0.2.3\n"
    "www AAAA 2001:db8::3\n"
    "two A 192.0.2.20\n"
    "two A 192.0.2.21\n"
    "odd TYPE65280 \\# 4 00010203\n"
    "sub NS ns.sub\n"
    "sub NS ns.sib\n"
    "sub NS ns1\n"
    "sub DS 1 8 2 "
    "0000000000000000000000000000000000000000000000000000000000000000\n"
    "ns.sub A 192.0.2.9\n"
    "sib NS ns.sib\n"
    "ns.sib A 192.0.2.10\n"
    "ns.sib AAAA 2001:db8::10\n"
    "deep.ent A 192.0.2.4\n"
    "* TXT \"apex wildcard\"\n"
    "*.w CNAME www\n"
    "*.m MX 5 x.m\n"
    "x.m A 192.0.2.5\n"
    "sub.*.wild A 192.0.2.6\n"
    "c1 CNAME c2\n"
    "c2 CNAME www\n"
    "cnx CNAME no.such.ent\n"
    "cnodata CNAME ent\n"
    "cout CNAME www.elsewhere.\n"
    "ccut CNAME host.sub\n"
    "capex CNAME @\n"
    "loop1 CNAME loop2\n"
    "loop2 CNAME loop1\n"
    "self CNAME self\n"
    "dn DNAME t\n"
    "x.t A 192.0.2.8\n"
    "cdn CNAME x.dn\n"
    "dout DNAME elsewhere.\n"
    "UPPER A 192.0.2.7\n";

static const struct {
	const char *question, *answer;
} asks[] = {
    {"www.ex.test A", "NOERROR aa | www.ex.test. 3600 A 192.0.2.3 | |"},
    {"WwW.eX.tEsT AAAA", "NOERROR aa | WwW.eX.tEsT. 3600 AAAA 2001:db8::3 | |"},
    {"upper.ex.test A", "NOERROR aa | upper.ex.test. 3600 A 192.0.2.7 | |"},
    {"two.ex.test A", "NOERROR aa | two.ex.test. 3600 A 192.0.2.20; "
		      "two.ex.test. 3600 A 192.0.2.21 | |"},
    {"odd.ex.test TYPE65280",
	"NOERROR aa | odd.ex.test. 3600 TYPE65280 \\# 4 00010203 | |"},
    {"www.ex.test TXT", "NOERROR aa | | " SOA " |"},
    {"www.ex.test TYPE4711 +edns=1232", "NOERROR aa edns | | " SOA " |"},
    {"ex.test SOA",
	"NOERROR aa | ex.test. 3600 SOA ns1.ex.test. host.ex.test. 1 3600 600 "
	"86400 300 | |"},
    {"ex.test NS", "NOERROR aa | ex.test. 3600 NS ns1.ex.test.; "
		   "ex.test. 3600 NS ns2.other. | |"},
    {"ex.test MX", "NOERROR aa | ex.test. 3600 MX 10 mail.ex.test. | |"},
    {"ex.test A", "NOERROR aa | | " SOA " |"},
    {"ex.test DS", "NOERROR aa | | " SOA " |"},
    {"test A", "REFUSED | | |"},
    {". NS", "REFUSED | | |"},
    {"elsewhere A +edns=1232", "REFUSED edns | | |"},
    {"notex.test A", "REFUSED | | |"},
    /* wildcards, and what blocks them (RFC 4592) */
    {"any.ex.test TXT",
	"NOERROR aa | any.ex.test. 3600 TXT \"apex wildcard\" | |"},
    {"a.b.c.ex.test TXT",
	"NOERROR aa | a.b.c.ex.test. 3600 TXT \"apex wildcard\" | |"},
    {"any.ex.test A", "NOERROR aa | | " SOA " |"},
    {"*.ex.test TXT", "NOERROR aa | *.ex.test. 3600 TXT \"apex wildcard\" | |"},
    {"x.www.ex.test TXT", "NXDOMAIN aa | | " SOA " |"},
    {"x.ent.ex.test TXT", "NXDOMAIN aa | | " SOA " |"},
    {"ent.ex.test TXT", "NOERROR aa | | " SOA " |"},
    {"ent.ex.test ANY", "NOERROR aa | | " SOA " |"},
    {"q.m.ex.test MX", "NOERROR aa | q.m.ex.test. 3600 MX 5 x.m.ex.test. | |"},
    {"q.r.m.ex.test MX",
	"NOERROR aa | q.r.m.ex.test. 3600 MX 5 x.m.ex.test. | |"},
    {"x.m.ex.test MX", "NOERROR aa | | " SOA " |"},
    {"q.wild.ex.test A", "NOERROR aa | | " SOA " |"},
    {"sub.q.wild.ex.test A", "NOERROR aa | | " SOA " |"},
    {"sub.*.wild.ex.test A",
	"NOERROR aa | sub.*.wild.ex.test. 3600 A 192.0.2.6 | |"},
    {"y.*.wild.ex.test A", "NXDOMAIN aa | | " SOA " |"},
    {"foo.w.ex.test A", "NOERROR aa | foo.w.ex.test. 3600 CNAME www.ex.test.; "
			"www.ex.test. 3600 A 192.0.2.3 | |"},
    /* delegations */
    {"sub.ex.test A", "NOERROR | | sub.ex.test. 3600 NS ns.sib.ex.test.; "
		      "sub.ex.test. 3600 NS ns.sub.ex.test.; "
		      "sub.ex.test. 3600 NS ns1.ex.test. | "
		      "ns.sub.ex.test. 3600 A 192.0.2.9; "
		      "ns.sib.ex.test. 3600 A 192.0.2.10; "
		      "ns.sib.ex.test. 3600 AAAA 2001:db8::10; "
		      "ns1.ex.test. 3600 A 192.0.2.1"},
    {"ns.sib.ex.test A", "NOERROR | | sib.ex.test. 3600 NS ns.sib.ex.test. | "
			 "ns.sib.ex.test. 3600 A 192.0.2.10; "
			 "ns.sib.ex.test. 3600 AAAA 2001:db8::10"},
    {"a.b.ns.sib.ex.test TXT +edns=1232",
	"NOERROR edns | | sib.ex.test. 3600 NS ns.sib.ex.test. | "
	"ns.sib.ex.test. 3600 A 192.0.2.10; "
	"ns.sib.ex.test. 3600 AAAA 2001:db8::10"},
    {"sib.ex.test NS", "NOERROR | | sib.ex.test. 3600 NS ns.sib.ex.test. | "
		       "ns.sib.ex.test. 3600 A 192.0.2.10; "
		       "ns.sib.ex.test. 3600 AAAA 2001:db8::10"},
    {"sub.ex.test DS",
	"NOERROR aa | sub.ex.test. 3600 DS 1 8 2 "
	"0000000000000000000000000000000000000000000000000000000000000000 | |"},
    {"sib.ex.test DS", "NOERROR aa | | " SOA " |"},
    {"x.sib.ex.test DS", "NOERROR | | sib.ex.test. 3600 NS ns.sib.ex.test. | "
			 "ns.sib.ex.test. 3600 A 192.0.2.10; "
			 "ns.sib.ex.test. 3600 AAAA 2001:db8::10"},
    /* aliases */
    {"c1.ex.test A", "NOERROR aa | c1.ex.test. 3600 CNAME c2.ex.test.; "
		     "c2.ex.test. 3600 CNAME www.ex.test.; "
		     "www.ex.test. 3600 A 192.0.2.3 | |"},
    {"c1.ex.test CNAME", "NOERROR aa | c1.ex.test. 3600 CNAME c2.ex.test. | |"},
    {"c1.ex.test ANY", "NOERROR aa | c1.ex.test. 3600 CNAME c2.ex.test. | |"},
    {"c1.ex.test TXT", "NOERROR aa | c1.ex.test. 3600 CNAME c2.ex.test.; "
		       "c2.ex.test. 3600 CNAME www.ex.test. | " SOA " |"},
    {"cnx.ex.test A",
	"NXDOMAIN aa | cnx.ex.test. 3600 CNAME no.such.ent.ex.test. | " SOA
	" |"},
    {"cnodata.ex.test A",
	"NOERROR aa | cnodata.ex.test. 3600 CNAME ent.ex.test. | " SOA " |"},
    {"cout.ex.test A",
	"NOERROR aa | cout.ex.test. 3600 CNAME www.elsewhere. | |"},
    {"capex.ex.test MX", "NOERROR aa | capex.ex.test. 3600 CNAME ex.test.; "
			 "ex.test. 3600 MX 10 mail.ex.test. | |"},
    {"ccut.ex.test A",
	"NOERROR aa | ccut.ex.test. 3600 CNAME host.sub.ex.test. | "
	"sub.ex.test. 3600 NS ns.sib.ex.test.; "
	"sub.ex.test. 3600 NS ns.sub.ex.test.; "
	"sub.ex.test. 3600 NS ns1.ex.test. | "
	"ns.sub.ex.test. 3600 A 192.0.2.9; "
	"ns.sib.ex.test. 3600 A 192.0.2.10; "
	"ns.sib.ex.test. 3600 AAAA 2001:db8::10; "
	"ns1.ex.test. 3600 A 192.0.2.1"},
    {"loop1.ex.test A",
	"NOERROR aa | loop1.ex.test. 3600 CNAME loop2.ex.test.; "
	"loop2.ex.test. 3600 CNAME loop1.ex.test. | |"},
    {"self.ex.test A",
	"NOERROR aa | self.ex.test. 3600 CNAME self.ex.test. | |"},
    /* redirection */
    {"dn.ex.test DNAME", "NOERROR aa | dn.ex.test. 3600 DNAME t.ex.test. | |"},
    {"dn.ex.test A", "NOERROR aa | | " SOA " |"},
    {"x.dn.ex.test A", "NOERROR aa | dn.ex.test. 3600 DNAME t.ex.test.; "
		       "x.dn.ex.test. 3600 CNAME x.t.ex.test.; "
		       "x.t.ex.test. 3600 A 192.0.2.8 | |"},
    {"X.dn.ex.test CNAME", "NOERROR aa | dn.ex.test. 3600 DNAME t.ex.test.; "
			   "X.dn.ex.test. 3600 CNAME X.t.ex.test. | |"},
    {"y.x.dn.ex.test A",
	"NXDOMAIN aa | dn.ex.test. 3600 DNAME t.ex.test.; "
	"y.x.dn.ex.test. 3600 CNAME y.x.t.ex.test. | " SOA " |"},
    {"cdn.ex.test A", "NOERROR aa | cdn.ex.test. 3600 CNAME x.dn.ex.test.; "
		      "dn.ex.test. 3600 DNAME t.ex.test.; "
		      "x.dn.ex.test. 3600 CNAME x.t.ex.test.; "
		      "x.t.ex.test. 3600 A 192.0.2.8 | |"},
    {"x.dout.ex.test A", "NOERROR aa | dout.ex.test. 3600 DNAME elsewhere.; "
			 "x.dout.ex.test. 3600 CNAME x.elsewhere. | |"},
};

static struct rig rig;

static void
whole(void)
{
	const struct text_zone z = {"ex.test.", zone_text, false};

	rig_open(&rig, &z, 1);
}

static void
split(void)
{
	const struct text_zone z = {"ex.test.", zone_text, true};

	rig_open(&rig, &z, 1);
}

static void
done(void)
{
	rig_close(&rig);
}

START_TEST(ask)
{
	ck_assert_str_eq(rig_ask(&rig, asks[_i].question), asks[_i].answer);
}
END_TEST

START_TEST(ask_by_tcp)
{
	char question[256];

	snprintf(question, sizeof question, "%s +tcp", asks[_i].question);
	ck_assert_str_eq(rig_ask(&rig, question), asks[_i].answer);
}
END_TEST

START_TEST(ttl_cap)
{
	rig.ttl_cap = 30;
	ck_assert_str_eq(rig_ask(&rig, "c2.ex.test A"),
	    "NOERROR aa | c2.ex.test. 30 CNAME www.ex.test.; "
	    "www.ex.test. 30 A 192.0.2.3 | |");
	ck_assert_str_eq(rig_ask(&rig, "x.dn.ex.test A"),
	    "NOERROR aa | dn.ex.test. 30 DNAME t.ex.test.; "
	    "x.dn.ex.test. 30 CNAME x.t.ex.test.; "
	    "x.t.ex.test. 30 A 192.0.2.8 | |");
	ck_assert_str_eq(rig_ask(&rig, "x.www.ex.test A"),
	    "NXDOMAIN aa | | ex.test. 30 SOA ns1.ex.test. host.ex.test. 1 3600 "
	    "600 86400 300 |");
}
END_TEST

/* Every kind of answer, of a zone on probation and of one that is not. */
static const char probation_zone[] =
    "$TTL 3600\n"
    "@ SOA ns hm 1 3600 600 86400 300\n@ NS ns\nns A 192.0.2.53\n"
    "@ DNSKEY 257 3 13 AwEAAQ==\n@ NSEC sub NS SOA DNSKEY NSEC\n"
    "www A 192.0.2.3\nc CNAME www\n*.w TXT \"w\"\nd DNAME t\n"
    "a.t A 192.0.2.8\nsub NS ns.sub\nns.sub A 192.0.2.9\n"
    "www RRSIG A 13 3 3600 20300101000000 20200101000000 1 @ AQ==\n";

static const struct {
	const char *name, *type;
} probation_asks[] = {{"www.", "A"}, {"www.", "A +do"},
    {"www.", "A +do +edns=512"}, {"c.", "A"}, {"c.", "A +do"}, {"x.w.", "TXT"},
    {"a.d.", "A"}, {"x.d.", "A"}, {"x.sub.", "A"}, {"x.sub.", "A +do"},
    {"nope.", "A"}, {"nope.", "A +do"}, {"www.", "MX"}, {"www.", "MX +do"},
    {"", "SOA"}, {"", "DNSKEY +do"}, {"www.", "RRSIG"}, {"www.", "ANY"}};

/* All TTLs are 30, or none is. */
static void
probation_check(const char *apex, bool capped)
{
	unsigned n = sizeof probation_asks / sizeof *probation_asks;

	for (unsigned i = 0; i < 2 * n; i++) {
		char question[128];
		const char *said;
		unsigned ttls = 0;

		snprintf(question, sizeof question, "%s%s %s",
		    probation_asks[i / 2].name, apex,
		    probation_asks[i / 2].type);
		if (i % 2)
			strcat(question, " +tcp");
		said = rig_ask(&rig, question);
		for (const char *at = said; (at = strstr(at, ".test. "));) {
			at += strlen(".test. ");
			/* a number in front of a type */
			if (*at < '0' || *at > '9' || strchr(at, ' ')[1] < 'A')
				continue;
			ttls++;
			ck_assert_msg((strncmp(at, "30 ", 3) == 0) == capped,
			    "%s: %s", question, said);
		}
		ck_assert_msg(ttls > 0, "%s: %s", question, said);
	}
}

START_TEST(zones_on_probation)
{
	const struct text_zone z[] = {{"new.test.", probation_zone, _i & 1},
	    {"old.test.", probation_zone, _i & 2}};
	static const uint8_t apex[128] = "\3new\4test";
	struct probation *p = probation_new(1);

	rig_open(&rig, z, 2);
	probation_add(p, name_hash(&rig.g->key, apex));
	rig.ttl_cap = PROBATION_TTL_MAX;
	rig.probation = p;
	probation_check("new.test.", true);
	probation_check("old.test.", false);
	p->all = true;
	probation_check("old.test.", true);
	rig.probation = NULL;
	rig.ttl_cap = 0;
	probation_check("new.test.", false);
	probation_free(&p);
	rig_close(&rig);
}
END_TEST

/* Raw messages: header words and what must come back. */
static const struct {
	const char *what;
	uint16_t flags, qd, an, ns, ar;
	const char *rest;
	unsigned rest_bytes;
	enum verdict verdict;
	int rcode;       /* -1: no response */
	unsigned qd_out; /* QDCOUNT of the response */
} raws[] = {
#define Q   "\3www\2ex\4test\0\0\1\0\1"
#define QN  17
#define OPT "\0\0\51\4\320\0\0\0\0\0\0"
    {"plain", 0, 1, 0, 0, 0, Q, QN, VERDICT_ANSWER, 0, 1},
    {"recursion desired", 0x0100, 1, 0, 0, 0, Q, QN, VERDICT_ANSWER, 0, 1},
    {"a response", 0x8000, 1, 0, 0, 0, Q, QN, VERDICT_DROP_RESPONSE, -1, 0},
    {"no question", 0, 0, 0, 0, 0, "", 0, VERDICT_FORMERR, 1, 0},
    {"two questions", 0, 2, 0, 0, 0, Q Q, 2 * QN, VERDICT_FORMERR, 1, 0},
    {"question cut off", 0, 1, 0, 0, 0, Q, QN - 1, VERDICT_FORMERR, 1, 0},
    {"name cut off", 0, 1, 0, 0, 0, Q, 6, VERDICT_FORMERR, 1, 0},
    {"pointer in the name", 0, 1, 0, 0, 0, "\300\14\0\1\0\1", 6,
	VERDICT_FORMERR, 1, 0},
    {"trailing octets", 0, 1, 0, 0, 0, Q "xyz", QN + 3, VERDICT_ANSWER, 0, 1},
    {"answer in a query", 0, 1, 1, 0, 0, Q, QN, VERDICT_FORMERR, 1, 1},
    {"authority in a query", 0, 1, 0, 1, 0, Q, QN, VERDICT_FORMERR, 1, 1},
    {"OPT", 0, 1, 0, 0, 1, Q OPT, QN + 11, VERDICT_ANSWER, 0, 1},
    {"OPT cut off", 0, 1, 0, 0, 1, Q OPT, QN + 10, VERDICT_FORMERR, 1, 1},
    {"OPT missing", 0, 1, 0, 0, 1, Q, QN, VERDICT_FORMERR, 1, 1},
    {"octets behind OPT", 0, 1, 0, 0, 1, Q OPT "x", QN + 12, VERDICT_FORMERR, 1,
	1},
    {"two OPTs", 0, 1, 0, 0, 2, Q OPT OPT, QN + 22, VERDICT_FORMERR, 1, 1},
    {"OPT of another owner", 0, 1, 0, 0, 1, Q "\1a" OPT, QN + 13,
	VERDICT_FORMERR, 1, 1},
    {"version 1", 0, 1, 0, 0, 1, Q "\0\0\51\4\320\0\1\0\0\0\0", QN + 11,
	VERDICT_BADVERS, 0, 1},
    {"option cut off", 0, 1, 0, 0, 1, Q "\0\0\51\4\320\0\0\0\0\0\3\0\3\0",
	QN + 14, VERDICT_FORMERR, 1, 1},
    {"option too long", 0, 1, 0, 0, 1, Q "\0\0\51\4\320\0\0\0\0\0\4\0\3\0\5",
	QN + 15, VERDICT_FORMERR, 1, 1},
    {"unknown option", 0, 1, 0, 0, 1,
	Q "\0\0\51\4\320\0\0\0\0\0\6\375\351\0\2hi", QN + 17, VERDICT_ANSWER, 0,
	1},
    {"NOTIFY", 0x2000, 1, 0, 0, 0, Q, QN, VERDICT_REFUSED, 5, 0},
    {"UPDATE", 0x2800, 1, 0, 0, 0, Q, QN, VERDICT_NOTIMP, 4, 0},
    {"IQUERY", 0x0800, 1, 0, 0, 0, Q, QN, VERDICT_NOTIMP, 4, 0},
    {"opcode 15", 0x7800, 0, 0, 0, 0, "", 0, VERDICT_NOTIMP, 4, 0},
    {"class CH", 0, 1, 0, 0, 0, "\2id\6server\0\0\20\0\3", 15, VERDICT_REFUSED,
	5, 1},
    {"class HS", 0, 1, 0, 0, 0, "\3www\2ex\4test\0\0\1\0\4", QN,
	VERDICT_REFUSED, 5, 1},
};

START_TEST(raw)
{
	uint8_t m[512] = {0xab, 0xcd};

	wire_store16(m + 2, raws[_i].flags);
	wire_store16(m + 4, raws[_i].qd);
	wire_store16(m + 6, raws[_i].an);
	wire_store16(m + 8, raws[_i].ns);
	wire_store16(m + 10, raws[_i].ar);
	memcpy(m + 12, raws[_i].rest, raws[_i].rest_bytes);
	rig_send(&rig, m, 12 + raws[_i].rest_bytes, ANSWER_UDP);
	ck_assert_msg(rig.verdict == raws[_i].verdict, "%s: %s", raws[_i].what,
	    verdict_name(rig.verdict));
	if (raws[_i].rcode < 0) {
		ck_assert_uint_eq(rig.response_bytes, 0);
		return;
	}
	ck_assert_uint_ge(rig.response_bytes, 12);
	ck_assert_uint_eq(wire_load16(rig.response), 0xabcd);
	ck_assert_int_eq(rig.response[3] & 15, raws[_i].rcode);
	ck_assert_msg(wire_load16(rig.response + 4) == raws[_i].qd_out, "%s",
	    raws[_i].what);
	ck_assert_uint_eq(rig.response[2] & 0x79, (raws[_i].flags >> 8) & 0x79);
	ck_assert(rig.response[2] & 0x80);
}
END_TEST

START_TEST(chaos_when_configured)
{
	static const uint8_t id[] =
	    "\0\1\0\0\0\1\0\0\0\0\0\0\2ID\6server\0\0\20\0\3";
	static const uint8_t answer[] = "\300\14\0\20\0\3\0\0\0\0\0\6\5edge1";

	strcpy(rig.config.identity, "edge1");
	rig_send(&rig, id, sizeof id - 1, ANSWER_UDP);
	ck_assert_int_eq(rig.verdict, VERDICT_CHAOS);
	ck_assert_uint_eq(
	    rig.response_bytes, sizeof id - 1 + sizeof answer - 1);
	ck_assert_mem_eq(
	    rig.response + sizeof id - 1, answer, sizeof answer - 1);
}
END_TEST

START_TEST(nsid_when_configured)
{
	const char *text;

	memcpy(rig.config.nsid, "edge1", 5);
	rig.config.nsid_bytes = 5;
	text = rig_ask(&rig, "www.ex.test A +nsid");
	ck_assert_str_eq(
	    text, "NOERROR aa edns | www.ex.test. 3600 A 192.0.2.3 | |");
	ck_assert_mem_eq(
	    rig.response + rig.response_bytes - 9, "\0\3\0\5edge1", 9);
}
END_TEST

START_TEST(too_short_is_dropped)
{
	uint8_t m[16] = {0};

	for (unsigned n = 0; n < 12; n++) {
		rig_send(&rig, m, n, ANSWER_UDP);
		ck_assert_int_eq(rig.verdict, VERDICT_DROP_SHORT);
		ck_assert_uint_eq(rig.response_bytes, 0);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("answer");
	TCase *one = tcase_create("one cell"), *four = tcase_create("split");
	TCase *many = tcase_create("two zones");
	SRunner *r = srunner_create(s);
	int n = (int)(sizeof asks / sizeof *asks), failed;

	tcase_add_checked_fixture(one, whole, done);
	tcase_add_checked_fixture(four, split, done);
	tcase_add_loop_test(one, ask, 0, n);
	tcase_add_loop_test(one, ask_by_tcp, 0, n);
	tcase_add_loop_test(four, ask, 0, n);
	tcase_add_test(one, ttl_cap);
	tcase_add_test(four, ttl_cap);
	tcase_add_loop_test(one, raw, 0, (int)(sizeof raws / sizeof *raws));
	tcase_add_test(one, chaos_when_configured);
	tcase_add_test(one, nsid_when_configured);
	tcase_add_test(one, too_short_is_dropped);
	tcase_add_loop_test(many, zones_on_probation, 0, 4);
	suite_add_tcase(s, one);
	suite_add_tcase(s, four);
	suite_add_tcase(s, many);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
