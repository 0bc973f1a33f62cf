/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What becomes of an answer between two generations, as a client would see it:
 * one zone before, one after, a question, a change.
 */
#include "control/guard/replay.h"

#include <stdio.h>
#include <string.h>

#include "base/message.h"
#include "base/name.h"
#include "base/wire.h"
#include "tests/rig/text_generation.h"
#include "tests/unit/unit_run.h"

#define HEAD "$TTL 60\n@ SOA ns hm 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n"

enum { DO = 1, EDNS = 2, TCP = 4 };

struct row {
	const char *before, *after; /* behind HEAD; NULL: there is no zone */
	const char *name;
	uint16_t type;
	unsigned flags;
	enum replay_change change;
};

#define TEN(x)    x x x x x x x x x x
#define LONG_TEXT "\"" TEN("0123456789") "\""
#define LONG_TXT                                                               \
	"t TXT 1" LONG_TEXT "\nt TXT 2" LONG_TEXT "\nt TXT 3" LONG_TEXT        \
	"\nt TXT 4" LONG_TEXT "\nt TXT 5" LONG_TEXT "\n"

static const struct row rows[] = {
    {"a A 192.0.2.2\n", "a A 192.0.2.2\n", "a", DNS_TYPE_A, 0, REPLAY_SAME},
    /* what nobody sees but in a TTL */
    {"a 60 A 192.0.2.2\n", "a 30 A 192.0.2.2\n", "a", DNS_TYPE_A, 0,
	REPLAY_SAME},
    {"a A 192.0.2.2\n", "a A 192.0.2.3\n", "a", DNS_TYPE_A, 0, REPLAY_CHANGED},
    {"", "a A 192.0.2.3\n", "a", DNS_TYPE_A, 0, REPLAY_BETTER},
    {"a TXT x\n", "a A 192.0.2.3\n", "a", DNS_TYPE_A, 0, REPLAY_BETTER},
    {"a TXT x\n", "", "a", DNS_TYPE_A, 0, REPLAY_CHANGED},
    {"a A 192.0.2.2\n", "", "a", DNS_TYPE_A, 0, REPLAY_TO_NXDOMAIN},
    {"a A 192.0.2.2\n", "", "a", DNS_TYPE_A, EDNS | DO, REPLAY_TO_NXDOMAIN},
    {"a A 192.0.2.2\n", "", "a", DNS_TYPE_A, TCP, REPLAY_TO_NXDOMAIN},
    {"a A 192.0.2.2\n", "a TXT x\n", "a", DNS_TYPE_A, 0, REPLAY_TO_NODATA},
    {"a A 192.0.2.2\n", NULL, "a", DNS_TYPE_A, 0, REPLAY_TO_REFUSED},
    {"", NULL, "a", DNS_TYPE_A, 0, REPLAY_TO_REFUSED},
    {NULL, "", "a", DNS_TYPE_A, 0, REPLAY_CHANGED},
    {NULL, "a A 192.0.2.2\n", "a", DNS_TYPE_A, 0, REPLAY_BETTER},
    /* an accidental delegation, and one that is meant */
    {"a.b A 192.0.2.2\n", "b NS ns.other.\na.b A 192.0.2.2\n", "a.b",
	DNS_TYPE_A, 0, REPLAY_TO_REFERRAL},
    {"", "b NS ns.other.\n", "a.b", DNS_TYPE_A, 0, REPLAY_BETTER},
    {"b NS ns.other.\n", "", "a.b", DNS_TYPE_A, 0, REPLAY_TO_NXDOMAIN},
    {"b NS ns.other.\n", "a.b A 192.0.2.2\n", "a.b", DNS_TYPE_A, 0,
	REPLAY_CHANGED},
    /* wildcards: one that covers what did not exist, one that takes the place
     * of a name, one that is nearer than the one before, with other data or
     * without any of the type, and an empty non-terminal in between */
    {"", "* A 192.0.2.9\n", "a", DNS_TYPE_A, 0, REPLAY_TO_WILDCARD},
    {"", "* A 192.0.2.9\n", "a", DNS_TYPE_TXT, 0, REPLAY_CHANGED},
    {"a A 192.0.2.2\n", "* A 192.0.2.9\n", "a", DNS_TYPE_A, 0, REPLAY_SHADOWED},
    {"a A 192.0.2.2\n", "* A 192.0.2.2\n", "a", DNS_TYPE_A, 0, REPLAY_SAME},
    {"* A 192.0.2.9\n", "* A 192.0.2.9\n*.b A 192.0.2.3\n", "a.b", DNS_TYPE_A,
	0, REPLAY_SHADOWED},
    {"* A 192.0.2.9\n", "* A 192.0.2.9\n*.b CNAME ns\n", "a.b", DNS_TYPE_A, 0,
	REPLAY_SHADOWED},
    {"* A 192.0.2.9\n", "* A 192.0.2.9\n*.b TXT x\n", "a.b", DNS_TYPE_A, 0,
	REPLAY_TO_NODATA},
    {"* A 192.0.2.9\n", "* A 192.0.2.9\nc.b A 192.0.2.3\n", "b", DNS_TYPE_A, 0,
	REPLAY_TO_NODATA},
    {"* A 192.0.2.9\n", "* A 192.0.2.9\nc.b A 192.0.2.3\n", "a.b", DNS_TYPE_A,
	0, REPLAY_TO_NXDOMAIN},
    {"* A 192.0.2.9\n", "* A 192.0.2.8\n", "a", DNS_TYPE_A, 0, REPLAY_CHANGED},
    {"* A 192.0.2.9\n", "* A 192.0.2.9\na A 192.0.2.2\n", "a", DNS_TYPE_A, 0,
	REPLAY_CHANGED},
    /* chains count by their end */
    {"a CNAME b\nb A 192.0.2.2\n", "a CNAME b\n", "a", DNS_TYPE_A, 0,
	REPLAY_TO_NXDOMAIN},
    {"a CNAME b\nb A 192.0.2.2\n", "a CNAME b\nb TXT x\n", "a", DNS_TYPE_A, 0,
	REPLAY_TO_NODATA},
    {"a A 192.0.2.2\n", "a CNAME b.other.\n", "a", DNS_TYPE_A, 0,
	REPLAY_CHANGED},
    {"a CNAME b\nb A 192.0.2.2\n", "a CNAME c.b\nb NS ns.other.\n", "a",
	DNS_TYPE_A, 0, REPLAY_TO_REFERRAL},
    {"a CNAME b\n", "a CNAME b\nb A 192.0.2.2\n", "a", DNS_TYPE_A, 0,
	REPLAY_BETTER},
    {"a CNAME b\n", "a CNAME b\n", "a", DNS_TYPE_CNAME, 0, REPLAY_SAME},
    {"d DNAME e\na.e A 192.0.2.2\n", "d DNAME e\n", "a.d", DNS_TYPE_A, 0,
	REPLAY_TO_NXDOMAIN},
    {"d DNAME e\na.e A 192.0.2.2\n", "d DNAME f\na.f A 192.0.2.2\n", "a.d",
	DNS_TYPE_A, 0, REPLAY_CHANGED},
    /* sizes; what does not fit is judged by the whole */
    {"t TXT a\n", LONG_TXT, "t", DNS_TYPE_TXT, 0, REPLAY_TRUNCATED},
    {"t TXT a\n", LONG_TXT, "t", DNS_TYPE_TXT, EDNS, REPLAY_SIZE_JUMP},
    {"t TXT a\n", LONG_TXT, "t", DNS_TYPE_TXT, TCP, REPLAY_SIZE_JUMP},
    {LONG_TXT, "t TXT a\n", "t", DNS_TYPE_TXT, 0, REPLAY_CHANGED},
    {LONG_TXT, "", "t", DNS_TYPE_TXT, 0, REPLAY_TO_NXDOMAIN},
    {LONG_TXT, "t A 192.0.2.2\n", "t", DNS_TYPE_TXT, 0, REPLAY_TO_NODATA},
    {LONG_TXT, LONG_TXT, "t", DNS_TYPE_TXT, 0, REPLAY_SAME},
};

static struct generation *
generation_make(const char *text)
{
	struct text_zone zone[2] = {
	    {.apex = "example."}, {.apex = "unrelated.", .text = HEAD}};
	struct generation *g = NULL;
	char whole[2048];
	struct err err;

	snprintf(whole, sizeof whole, HEAD "%s", text ? text : "");
	zone[0].text = whole;
	ck_assert_msg(text_generation_make(
			  &g, NULL, zone + !text, text ? 2 : 1, &err) == 0,
	    "%s", err.text);
	return g;
}

static size_t
query_make(
    uint8_t *q, const char *name, uint16_t type, unsigned flags, uint16_t size)
{
	char text[300];
	struct err err;
	size_t at = DNS_HEADER_BYTES;

	memset(q, 0, SAMPLE_QUERY_MAX);
	q[5] = 1;
	q[11] = (flags & (DO | EDNS)) != 0;
	snprintf(text, sizeof text, "%s.example.", name);
	at += (size_t)name_from_text(q + at, text, &err);
	wire_store16(q + at, type);
	wire_store16(q + at + 2, DNS_CLASS_IN);
	at += 4;
	if (!q[11])
		return at;
	wire_store16(q + at + 1, DNS_TYPE_OPT);
	wire_store16(q + at + 3, size);
	q[at + 7] = flags & DO ? 0x80 : 0;
	return at + DNS_OPT_BYTES;
}

START_TEST(changes)
{
	const struct config_answer answer = {.udp_max = 1232};
	struct replay *r;
	struct err err;

	ck_assert_int_eq(replay_new(&r, &answer, &err), 0);
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *row = &rows[i];
		struct generation *was = generation_make(row->before);
		struct generation *is = generation_make(row->after);
		uint8_t q[SAMPLE_QUERY_MAX];
		size_t n =
		    query_make(q, row->name, row->type, row->flags, 1232);
		struct replay_pair p;
		enum replay_change change = replay_pair(r, was, is, q, n,
		    row->flags & TCP ? ANSWER_STREAM : ANSWER_UDP, &p);

		ck_assert_msg(change == row->change,
		    "row %u: %s %u: %s, not %s", i, row->name, row->type,
		    replay_change_word(change),
		    replay_change_word(row->change));
		ck_assert_uint_eq(p.change, change);
		generation_free(&was);
		generation_free(&is);
	}
	replay_free(&r);
}
END_TEST

START_TEST(without_generations)
{
	const struct config_answer answer = {.udp_max = 1232};
	struct generation *g = generation_make("a A 192.0.2.2\n");
	uint8_t q[SAMPLE_QUERY_MAX];
	size_t n = query_make(q, "a", DNS_TYPE_A, 0, 0);
	struct replay_pair p;
	struct replay *r;
	struct err err;

	ck_assert_int_eq(replay_new(&r, &answer, &err), 0);
	ck_assert_int_eq(
	    replay_pair(r, NULL, g, q, n, ANSWER_UDP, &p), REPLAY_BETTER);
	ck_assert_int_eq(
	    replay_pair(r, g, NULL, q, n, ANSWER_UDP, &p), REPLAY_TO_SERVFAIL);
	ck_assert_uint_eq(p.rcode[0], 0);
	ck_assert_uint_eq(p.rcode[1], DNS_RCODE_SERVFAIL);
	ck_assert_uint_eq(p.apex_labels[0], 1);
	ck_assert_uint_gt(p.cycles[0], 0);
	/* what is no question changes nothing */
	ck_assert_int_eq(
	    replay_pair(r, g, NULL, q, 12, ANSWER_UDP, &p), REPLAY_SAME);
	ck_assert_int_eq(
	    replay_pair(r, g, NULL, q, n - 1, ANSWER_UDP, &p), REPLAY_SAME);
	generation_free(&g);
	replay_free(&r);
}
END_TEST

/* What was sent is compared with what the engine makes only where both must be
 * alike. */
START_TEST(comparable)
{
	struct sample plain = {.hash = 7,
			  .verdict = VERDICT_NXDOMAIN,
			  .response_bytes = 300,
			  .transport = ANSWER_UDP},
		      s;

	plain.query_bytes =
	    (uint16_t)query_make(plain.query, "a", 1, EDNS, 1232);
	ck_assert(replay_is_comparable(&plain));
	s = plain;
	s.hash = 0;
	ck_assert(!replay_is_comparable(&s));
	s = plain;
	s.verdict = VERDICT_SLIPPED;
	ck_assert(!replay_is_comparable(&s));
	s.verdict = VERDICT_BADCOOKIE;
	ck_assert(!replay_is_comparable(&s));
	s = plain;
	s.stripped = true;
	ck_assert(replay_is_comparable(&s));
	s.response_bytes = 500;
	ck_assert(!replay_is_comparable(&s));
	s.response_bytes = 100;
	s.verdict = VERDICT_TRUNCATED;
	ck_assert(!replay_is_comparable(&s));
	s = plain;
	s.verdict = VERDICT_TRUNCATED;
	ck_assert(replay_is_comparable(&s));
	/* the port's MTU may have cut it */
	s.query_bytes = (uint16_t)query_make(s.query, "a", 1, EDNS, 4096);
	ck_assert(!replay_is_comparable(&s));
	s.verdict = VERDICT_ANSWER;
	ck_assert(replay_is_comparable(&s));
	s.response_bytes = 1200;
	ck_assert(!replay_is_comparable(&s));
	s.transport = ANSWER_STREAM;
	ck_assert(replay_is_comparable(&s));
}
END_TEST

UNIT_MAIN("replay", changes, without_generations, comparable)
