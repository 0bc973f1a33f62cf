/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which answer is whose: sound answers to many queries in any order, then each
 * thing that may be wrong about one, changed alone.
 */
#include <stdlib.h>

#include "tests/unit/load_rig.h"
#include "tests/unit/unit_run.h"
#include "tools/load/answer_match.h"

enum { QUERIES = 50, FIRST_PORT = 16384 };

struct rig {
	struct flow_plan plan;
	struct query_set *set;
	struct query_parts *parts;
	struct asked asked;
};

static void
rig_open(struct rig *r)
{
	*r = (struct rig){.plan = rig_plan(100, 50), .set = rig_set(QUERIES)};
	ck_assert_int_eq(query_parts_make(&r->parts, r->set, NULL), 0);
	r->asked = (struct asked){
	    .flows = &r->plan, .set = r->set, .parts = r->parts, .salt = 12345};
	ck_assert_int_eq(outstanding_init(&r->asked.outstanding,
			     OUTSTANDING_BITS_MIN, FIRST_PORT, NULL),
	    0);
	for (uint32_t i = 0; i < QUERIES; i++)
		outstanding_push(&r->asked.outstanding, 1000 + i, i);
}

static void
rig_close(struct rig *r)
{
	outstanding_fini(&r->asked.outstanding);
	query_set_free(&r->set);
	free(r->parts);
}

static size_t
make_answer(const struct rig *r, uint64_t sequence, uint8_t *frame)
{
	uint32_t query = (uint32_t)sequence;
	const struct load_query *q = &r->set->queries[query];
	struct flow_message m = {.bytes = r->set->messages + q->at,
	    .length = q->bytes,
	    .sum = r->parts[query].sum,
	    .id = outstanding_id(&r->asked.outstanding, sequence),
	    .source_port = outstanding_port(&r->asked.outstanding, sequence)};
	size_t n = flow_frame_write(
	    frame, &r->plan, asked_flow(&r->asked, sequence), &m);

	return rig_answer(frame, n, 0);
}

/* The checksum is not what is tested here. */
static enum answer_match
match(const struct rig *r, const uint8_t *frame, size_t n, struct answer *a)
{
	uint8_t *exact = rig_exact(frame, n);
	struct load_frame f;
	enum answer_match m;

	ck_assert_int_eq(load_frame_parse(exact, n,
			     LOAD_SUM_IP_GOOD | LOAD_SUM_UDP_GOOD, &f),
	    LOAD_PACKET_UDP);
	m = answer_match(&r->asked, exact, &f, a);
	free(exact);
	return m;
}

START_TEST(each_finds_its_query)
{
	struct rig r;

	rig_open(&r);
	for (uint64_t i = 0; i < QUERIES; i++) {
		uint64_t sequence = i * 29 % QUERIES;
		uint8_t frame[RIG_FRAME_MAX];
		size_t n = make_answer(&r, sequence, frame);
		struct answer a;

		ck_assert_int_eq(match(&r, frame, n, &a), ANSWER_FIRST);
		ck_assert_uint_eq(a.sequence, sequence);
		ck_assert_uint_eq(a.slot->query, sequence);
		ck_assert_uint_eq(a.slot->due, 1000 + sequence);
		outstanding_settle(&r.asked.outstanding, a.slot);
		ck_assert_int_eq(match(&r, frame, n, &a), ANSWER_DUPLICATE);
	}
	ck_assert_uint_eq(r.asked.outstanding.waiting, 0);
	rig_close(&r);
}
END_TEST

START_TEST(late_after_the_time_out)
{
	struct rig r;
	uint8_t frame[RIG_FRAME_MAX];
	struct answer a;
	size_t n;

	rig_open(&r);
	outstanding_expire(&r.asked.outstanding, 1005, 0);
	n = make_answer(&r, 4, frame);
	ck_assert_int_eq(match(&r, frame, n, &a), ANSWER_LATE);
	n = make_answer(&r, 5, frame);
	ck_assert_int_eq(match(&r, frame, n, &a), ANSWER_FIRST);
	rig_close(&r);
}
END_TEST

/* Offsets from the UDP header on. */
START_TEST(one_thing_wrong)
{
	static const struct {
		unsigned at;
		uint8_t flip;
		enum answer_match match;
		const char *what;
	} rows[] = {
	    {1, 1, ANSWER_MISMATCHED, "port of the server"},
	    {3, 1, ANSWER_MISMATCHED, "port of the client"},
	    {8, 1, ANSWER_MISMATCHED, "ID"},
	    {9, 1, ANSWER_MISMATCHED, "ID"},
	    {10, 0x80, ANSWER_NOT_DNS, "QR"},
	    {10, 0x10, ANSWER_MISMATCHED, "opcode"},
	    {10, 0x06, ANSWER_FIRST, "AA and TC"},
	    {11, 0xff, ANSWER_FIRST, "RCODE and the rest of the flags"},
	    {13, 1, ANSWER_MISMATCHED, "QDCOUNT"},
	    {15, 1, ANSWER_FIRST, "ANCOUNT"},
	    {21, 0x20, ANSWER_MISMATCHED, "case of the name"},
	    {22, 1, ANSWER_MISMATCHED, "name"},
	    {20 + 4 + 8 + 1, 1, ANSWER_MISMATCHED, "type"},
	    {20 + 4 + 8 + 3, 1, ANSWER_MISMATCHED, "class"},
	};
	struct rig r;

	rig_open(&r);
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
		for (uint64_t sequence = 10; sequence < 20; sequence++) {
			uint8_t frame[RIG_FRAME_MAX];
			size_t n = make_answer(&r, sequence, frame);
			unsigned udp = frame[12] == 0x86 ? 54 : 34;
			struct answer a;

			frame[udp + rows[i].at] ^= rows[i].flip;
			ck_assert_msg(match(&r, frame, n, &a) == rows[i].match,
			    "%s", rows[i].what);
		}
	rig_close(&r);
}
END_TEST

START_TEST(addresses_are_compared)
{
	struct rig r;

	rig_open(&r);
	for (uint64_t sequence = 0; sequence < QUERIES; sequence++) {
		uint8_t frame[RIG_FRAME_MAX];
		size_t n = make_answer(&r, sequence, frame);
		bool ip6 = frame[12] == 0x86;
		struct answer a;

		frame[ip6 ? 37 : 29] ^= 1; /* the server's last octet */
		ck_assert_int_eq(match(&r, frame, n, &a), ANSWER_MISMATCHED);
		frame[ip6 ? 37 : 29] ^= 1;
		frame[ip6 ? 53 : 33] ^= 1; /* the client's */
		ck_assert_int_eq(match(&r, frame, n, &a), ANSWER_MISMATCHED);
	}
	rig_close(&r);
}
END_TEST

/* A message cut anywhere is never taken for more than it is. */
START_TEST(short_messages)
{
	struct rig r;
	uint8_t frame[RIG_FRAME_MAX];
	size_t n;

	rig_open(&r);
	for (uint64_t sequence = 0; sequence < 10; sequence++) {
		n = make_answer(&r, sequence, frame);
		if (frame[12] == 0x86)
			continue;
		for (unsigned bytes = 0; bytes + 42 < n; bytes++) {
			enum answer_match wanted = ANSWER_FIRST;
			struct answer a;

			wire_store16(frame + 16, (uint16_t)(28 + bytes));
			wire_store16(frame + 38, (uint16_t)(8 + bytes));
			if (bytes < 12)
				wanted = ANSWER_NOT_DNS;
			else if (bytes < r.parts[sequence].question_end)
				wanted = ANSWER_MISMATCHED;
			ck_assert_int_eq(
			    match(&r, frame, 42 + bytes, &a), wanted);
		}
	}
	rig_close(&r);
}
END_TEST

START_TEST(ends_of_questions)
{
	static const uint8_t sound[] = {
	    0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 0, 0, 1, 0, 1};
	uint8_t m[sizeof sound];

	ck_assert_uint_eq(query_question_end(sound, sizeof sound), 19);
	for (size_t n = 0; n < sizeof sound; n++) {
		uint8_t *exact = rig_exact(sound, n);

		ck_assert_uint_eq(query_question_end(exact, n), 0);
		free(exact);
	}
	memcpy(m, sound, sizeof m);
	m[5] = 2;
	ck_assert_uint_eq(query_question_end(m, sizeof m), 0);
	m[5] = 1;
	m[12] = 0xc0; /* a pointer */
	ck_assert_uint_eq(query_question_end(m, sizeof m), 0);
}
END_TEST

START_TEST(sets_with_a_bad_query)
{
	struct query_set *set = rig_set(3);
	struct query_parts *parts = NULL;
	struct err err;

	set->messages[set->queries[1].at + 5] = 0;
	ck_assert_int_eq(query_parts_make(&parts, set, &err), ERR_SEMANTIC);
	ck_assert_ptr_nonnull(strstr(err.text, "query 1 "));
	query_set_free(&set);
}
END_TEST

UNIT_MAIN("answer_match", each_finds_its_query, late_after_the_time_out,
    one_thing_wrong, addresses_are_compared, short_messages, ends_of_questions,
    sets_with_a_bad_query)
