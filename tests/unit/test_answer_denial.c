/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The engine's proofs of absence, against the examples of the RFCs.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/answer/denial_kept.h"
#include "tests/rig/denial_zones.h"
#include "tests/unit/answer_rig.h"
#include "tests/unit/unit_run.h"

enum { OWNERS_MAX = 16 };

/* Both, whole and split. */
static const struct text_zone zones[2][2] = {
    {
	{"example.", denial_zone_nsec3, false},
	{"nsec.", denial_zone_nsec, false},
    },
    {
	{"example.", denial_zone_nsec3, true},
	{"nsec.", denial_zone_nsec, true},
    },
};

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "x.w.example." is "x.w", "example." is "@". */
static char *
owner_above_apex(const char *record)
{
	char *text = strdup(record);

	*strchr(text, ' ') = 0;
	*strrchr(text, '.') = 0;

	char *apex = strrchr(text, '.');

	if (!apex)
		return strcpy(text, "@");
	*apex = 0;
	return text;
}

static bool
is_proof(const char *record)
{
	char type[32] = "";

	return sscanf(record, "%*s %*u %31s", type) == 1 &&
	       (!strcmp(type, "NSEC") || !strcmp(type, "NSEC3"));
}

/* Owners of the NSEC and NSEC3 records in the authority section. */
static void
proofs_of(char *out, const char *response)
{
	char *copy = strdup(response), *owners[OWNERS_MAX], *rest = copy,
	     *record;
	size_t count = 0;

	for (unsigned i = 0; i < 2; i++)
		rest = strstr(rest, " |") + 2;
	*strstr(rest, " |") = 0;
	while ((record = strsep(&rest, ";")) != NULL && count < OWNERS_MAX) {
		record += *record == ' ';
		if (is_proof(record))
			owners[count++] = owner_above_apex(record);
	}
	qsort(owners, count, sizeof *owners, by_text);
	*out = 0;
	for (size_t i = 0; i < count; i++) {
		strcat(out, owners[i]);
		strcat(out, " ");
		free(owners[i]);
	}
	free(copy);
}

static void
question_check(
    struct rig *r, const struct denial_question *q, const char *options)
{
	char question[200], owners[1024];
	const char *said;

	snprintf(
	    question, sizeof question, "%s %s %s", q->name, q->type, options);
	said = rig_ask(r, question);
	ck_assert_msg(strncmp(said, q->rcode, strlen(q->rcode)) == 0,
	    "%s: expected %s: %s", question, q->rcode, said);
	ck_assert_msg(!strstr(said, " tc"), "%s: %s", question, said);
	proofs_of(owners, said);
	ck_assert_msg(
	    strcmp(owners, strstr(options, "+do") ? q->owners : "") == 0,
	    "%s: expected \"%s\": %s", question, q->owners, said);
}

static void
proofs_check(const struct text_zone *z)
{
	struct rig r;

	rig_open(&r, z, 2);
	for (size_t i = 0; i < denial_question_count; i++) {
		question_check(&r, &denial_questions[i], "+do +tcp");
		question_check(&r, &denial_questions[i], "+do");
		question_check(&r, &denial_questions[i], "+do +nsid");
		question_check(&r, &denial_questions[i], "+edns=1232");
	}
	rig_close(&r);
}

START_TEST(proofs_are_those_of_the_rfcs)
{
	proofs_check(zones[0]);
}
END_TEST

START_TEST(split_zones_prove_the_same)
{
	proofs_check(zones[1]);
}
END_TEST

/* Any limit: the response is whole, or has TC; it fits and decodes. */
START_TEST(what_does_not_fit_is_truncated)
{
	struct rig r;
	char question[200], whole[4096];

	rig_open(&r, zones[0], 2);
	for (size_t i = 0; i < denial_question_count; i++) {
		const struct denial_question *q = &denial_questions[i];

		snprintf(question, sizeof question, "%s %s +do +edns=1232",
		    q->name, q->type);
		snprintf(whole, sizeof whole, "%s", rig_ask(&r, question));

		size_t bytes = r.response_bytes;

		for (uint16_t size = 512; size < bytes + 2; size++) {
			const char *said;

			r.config.udp_max = size;
			said = rig_ask(&r, question);
			ck_assert_uint_le(r.response_bytes, size);
			ck_assert_int_eq(
			    strstr(said, " tc") != NULL, size < bytes);
			if (size >= bytes)
				ck_assert_str_eq(said, whole);
		}
		r.config.udp_max = 1232;
	}
	rig_close(&r);
}
END_TEST

START_TEST(ttls_are_capped)
{
	struct rig r;

	rig_open(&r, zones[0], 2);
	r.ttl_cap = 7;
	for (size_t i = 0; i < denial_question_count; i++) {
		char question[200];
		const char *said;

		snprintf(question, sizeof question, "%s %s +do +tcp",
		    denial_questions[i].name, denial_questions[i].type);
		said = rig_ask(&r, question);
		ck_assert_msg(!strstr(said, ". 60 "), "%s", said);
		ck_assert_msg(!strstr(said, ". 30 "), "%s", said);
	}
	rig_close(&r);
}
END_TEST

/* So many names that their chain has ranges; each gap is asked for. */
static const char long_zone[] =
    "@ 60 SOA ns host 9 3600 600 86400 30\n"
    "@ 60 NS ns.elsewhere.\n"
    "@ 60 DNSKEY 256 3 13 AwEAAcw=\n"
    "@ 60 NSEC h10000 NS SOA NSEC DNSKEY\n"
    "$GENERATE 10000-29999 h$ A 192.0.2.1\n"
    "$GENERATE 10000-29998 h$ NSEC \"h${1} A NSEC\"\n"
    "h29999 NSEC @ A NSEC\n";

static void
gaps_check(bool split)
{
	const struct text_zone z = {"long.", long_zone, split};
	struct rig r;

	rig_open(&r, &z, 1);
	for (unsigned i = 10000; i < 30000; i++) {
		char question[64], expected[64], owners[1024];
		const char *said;

		snprintf(question, sizeof question, "h%u\\000.long. A +do", i);
		snprintf(expected, sizeof expected, "@ h%u ", i);
		said = rig_ask(&r, question);
		proofs_of(owners, said);
		ck_assert_msg(strcmp(owners, expected) == 0,
		    "%s: expected %s: %s", question, expected, said);
	}
	rig_close(&r);
}

START_TEST(each_gap_of_a_long_chain_is_found)
{
	gaps_check(false);
}
END_TEST

START_TEST(each_gap_of_a_split_chain_is_found)
{
	gaps_check(true);
}
END_TEST

/* --- what is kept --------------------------------------------------------- */

/* Answers with a batch that never answered, then with the one that did. */
static void
both_batches_check(struct rig *r, const char *question)
{
	struct answer_batch *used = r->batch;
	uint8_t first[4096];
	size_t bytes;

	r->batch = answer_batch_new();
	ck_assert_ptr_nonnull(r->batch);
	rig_ask(r, question);
	bytes = r->response_bytes;
	ck_assert_uint_le(bytes, sizeof first);
	memcpy(first, r->response, bytes);
	answer_batch_free(r->batch);
	r->batch = used;
	rig_ask(r, question);
	ck_assert_msg(r->response_bytes == bytes &&
			  memcmp(r->response, first, bytes) == 0,
	    "%s: another answer than before", question);
}

static void
kept_check(const struct text_zone z[2])
{
	static const char *const options[] = {
	    "+do +tcp", "+do", "+do +nsid", "+do +edns=600"};
	char label[64] = "", question[200];
	struct rig r;

	rig_open(&r, z, 2);
	for (unsigned n = 0; n < 60; n++) {
		label[n] = (char)(n % 3 ? 'a' + n % 26 : '0' + n % 10);
		for (unsigned i = 0; i < 4 * 2; i++) {
			snprintf(question, sizeof question, "%s.%s A %s", label,
			    z[i % 2].apex, options[i / 2]);
			both_batches_check(&r, question);
		}
	}
	for (size_t i = 0; i < denial_question_count; i++) {
		snprintf(question, sizeof question, "%s %s +do",
		    denial_questions[i].name, denial_questions[i].type);
		both_batches_check(&r, question);
	}
	rig_close(&r);
}

START_TEST(what_is_kept_changes_no_octet)
{
	kept_check(zones[0]);
}
END_TEST

START_TEST(what_is_kept_of_split_zones_changes_no_octet)
{
	kept_check(zones[1]);
}
END_TEST

static unsigned
kept_count(const struct answer_batch *b, uint64_t generation)
{
	unsigned n = 0;

	for (unsigned i = 0; i < KEPT_ZONES; i++)
		n += b->kept[i].generation == generation;
	return n;
}

/* The next generation may have another zone at the same address. */
START_TEST(what_is_kept_is_of_one_generation)
{
	struct generation *g, other;
	struct probation *others;
	struct rig r, next;

	rig_open(&r, zones[0], 2);
	rig_open(&next, zones[0], 2);
	g = r.g;
	ck_assert_uint_ne(g->number, 0);
	ck_assert_uint_ne(g->number, next.g->number);

	rig_ask(&r, "zz.nsec. A +do");
	ck_assert_uint_eq(kept_count(r.batch, g->number), 1);
	other = *g;
	other.number = next.g->number;
	r.g = &other;
	rig_ask(&r, "zz.nsec. A +do");
	ck_assert_uint_eq(kept_count(r.batch, g->number), 0);
	ck_assert_uint_eq(kept_count(r.batch, other.number), 1);
	/* not known which */
	other.number = 0;
	rig_ask(&r, "zz.nsec. A +do");
	ck_assert_uint_eq(kept_count(r.batch, 0), KEPT_ZONES);

	/* nothing is kept of answers with capped TTLs */
	r.g = g;
	r.ttl_cap = 7;
	rig_ask(&r, "zz.nsec. A +do");
	ck_assert_uint_eq(kept_count(r.batch, g->number), 0);
	/* another zone's probation is none of ours */
	r.ttl_cap = PROBATION_TTL_MAX;
	others = probation_new(1);
	ck_assert_ptr_nonnull(others);
	probation_add(others, 1);
	r.probation = others;
	rig_ask(&r, "zz.nsec. A +do");
	ck_assert_uint_eq(kept_count(r.batch, g->number), 1);
	probation_free(&others);
	rig_close(&r);
	rig_close(&next);
}
END_TEST

/* As NSD and Knot have it: the delegation, what shows that it is insecure, glue
 * (whose owners are pointers over the proofs). */
static void
referral_check(struct rig *r, const char *question, const char *ns,
    const char *proof, const char *glue)
{
	const char *said = rig_ask(r, question);
	const char *at[3] = {
	    strstr(said, ns), strstr(said, proof), strstr(said, glue)};

	ck_assert_msg(strncmp(said, "NOERROR edns | | ", 17) == 0, "%s", said);
	ck_assert_msg(
	    at[0] == said + 17 && at[1] > at[0] && at[2] > at[1], "%s", said);
	ck_assert_msg(strcmp(at[2], glue) == 0, "%s", said);
}

START_TEST(a_referrals_proofs_stand_behind_its_name_servers)
{
	for (unsigned i = 0; i < 2; i++) {
		struct rig r;

		rig_open(&r, zones[i], 2);
		referral_check(&r, "c.nsec. A +do",
		    "c.nsec. 60 NS ns1.c.nsec.; ", "c.nsec. 60 NSEC ",
		    " | ns1.c.nsec. 60 A 192.0.2.7");
		referral_check(&r, "a.b.longer.label.c.nsec. TXT +do +nsid",
		    "c.nsec. 60 NS ns1.c.nsec.; ", "c.nsec. 60 NSEC ",
		    " | ns1.c.nsec. 60 A 192.0.2.7");
		referral_check(&r, "mc.c.example. MX +do +tcp",
		    "c.example. 60 NS ns1.c.example.; ", " 60 NSEC3 ",
		    " | ns1.c.example. 60 A 192.0.2.7");
		r.ttl_cap = 7;
		referral_check(&r, "x.c.nsec. A +do",
		    "c.nsec. 7 NS ns1.c.nsec.; ", "c.nsec. 7 NSEC ",
		    " | ns1.c.nsec. 7 A 192.0.2.7");
		rig_close(&r);
	}
}
END_TEST

START_TEST(a_referral_behind_an_alias)
{
	static const char start[] =
	    "NOERROR aa edns | x.f.nsec. 60 CNAME q.c.nsec.; ";

	for (unsigned i = 0; i < 2; i++) {
		const char *said, *ns;
		struct rig r;

		rig_open(&r, zones[i], 2);
		said = rig_ask(&r, "x.f.nsec. A +do");
		ck_assert_msg(
		    strncmp(said, start, sizeof start - 1) == 0, "%s", said);
		ns = strstr(said, " | c.nsec. 60 NS ns1.c.nsec.; ");
		ck_assert_msg(ns != NULL, "%s", said);
		/* that no name is nearer than the wildcard, and no DS there */
		ck_assert_msg(strstr(ns, "*.f.nsec. 60 NSEC ns1.nsec.") &&
				  strstr(ns, "c.nsec. 60 NSEC d.nsec.") &&
				  strstr(ns, " | ns1.c.nsec. 60 A 192.0.2.7"),
		    "%s", said);
		rig_close(&r);
	}
}
END_TEST

#define ASK_SIGNATURE(owner)                                                   \
	owner " 60 RRSIG NSEC 13 2 60 20300101000000 20200101000000 1 ask. "   \
	      "c2lnbg==\n"

/* "bare" has nothing but its place in the chain. */
static const char ask_zone[] =
    "@ 60 SOA ns host 9 3600 600 86400 30\n"
    "@ 60 NS ns\n"
    "@ 60 DNSKEY 256 3 13 AwEAAcw=\n"
    "@ 60 NSEC bare NS SOA NSEC DNSKEY\n"
    "bare 60 NSEC ns RRSIG NSEC\n" ASK_SIGNATURE(
	"bare") "ns 60 A 192.0.2.1\n"
		"ns 60 NSEC *.w A RRSIG NSEC\n" ASK_SIGNATURE(
		    "ns") "*.w 60 TXT \"w\"\n"
			  "*.w 60 NSEC @ TXT NSEC\n";

/* An NSEC record stands in the chain alone: asked for by its type, and where
 * any type or any signature will do and there is no other. */
START_TEST(nsec_records_are_answers_too)
{
	static const char signature[] =
	    "RRSIG NSEC 13 2 60 20300101000000 20200101000000 1 ask. c2lnbg==";
	static const struct {
		const char *question, *start;
		bool is_signed;
	} rows[] = {
	    {"ns.ask. NSEC",
		"NOERROR aa | ns.ask. 60 NSEC *.w.ask. A RRSIG NSEC |", false},
	    {"ns.ask. NSEC +do",
		"NOERROR aa edns | ns.ask. 60 NSEC *.w.ask. A RRSIG NSEC; ",
		true},
	    {"NS.ask. RRSIG +do", "NOERROR aa edns | NS.ask. 60 RRSIG", true},
	    {"ns.ask. ANY", "NOERROR aa | ns.ask. 60 A 192.0.2.1 |", false},
	    {"ask. NSEC", "NOERROR aa | ask. 60 NSEC bare.ask. NS SOA NSEC",
		false},
	    {"bare.ask. ANY", "NOERROR aa | bare.ask. 60 NSEC ns.ask.", false},
	    {"bare.ask. RRSIG", "NOERROR aa | bare.ask. 60 RRSIG NSEC", true},
	    {"bare.ask. A", "NOERROR aa | | ask. 30 SOA", false},
	    {"bare.ask. A +do", "NOERROR aa edns | | ask. 30 SOA", true},
	    {"x.w.ask. NSEC", "NOERROR aa | x.w.ask. 60 NSEC ask. TXT NSEC |",
		false},
	};

	for (unsigned split = 0; split < 2; split++) {
		const struct text_zone z = {"ask.", ask_zone, split};
		struct rig r;

		rig_open(&r, &z, 1);
		for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
			const char *said = rig_ask(&r, rows[i].question);

			ck_assert_msg(strncmp(said, rows[i].start,
					  strlen(rows[i].start)) == 0,
			    "%s: %s", rows[i].question, said);
			ck_assert_msg(
			    !strstr(said, signature) == !rows[i].is_signed,
			    "%s: %s", rows[i].question, said);
		}
		r.ttl_cap = 7;
		ck_assert_ptr_nonnull(strstr(
		    rig_ask(&r, "ns.ask. NSEC"), "| ns.ask. 7 NSEC *.w.ask."));
		rig_close(&r);
	}
}
END_TEST

UNIT_MAIN("answer denial", proofs_are_those_of_the_rfcs,
    split_zones_prove_the_same, each_gap_of_a_long_chain_is_found,
    each_gap_of_a_split_chain_is_found, what_does_not_fit_is_truncated,
    ttls_are_capped, what_is_kept_changes_no_octet,
    what_is_kept_of_split_zones_changes_no_octet,
    what_is_kept_is_of_one_generation,
    a_referrals_proofs_stand_behind_its_name_servers,
    a_referral_behind_an_alias, nsec_records_are_answers_too)
