/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The parser of received frames: sound ones of each kind, then one change at a
 * time, and every prefix; each frame in a heap block of exactly its size.
 */
#include <stdlib.h>

#include "tests/unit/load_rig.h"
#include "tests/unit/unit_run.h"
#include "tools/load/load_neighbour.h"

struct made {
	uint8_t b[RIG_FRAME_MAX];
	size_t n;
};

static struct made
made_answer(bool ip6)
{
	struct flow_plan p = rig_plan(100, ip6 ? 100 : 0);
	struct query_set *set = rig_set(1);
	struct flow_message m = {.bytes = set->messages,
	    .length = set->queries[0].bytes,
	    .sum = inet_sum_fold(
		inet_sum_add(0, set->messages, set->queries[0].bytes)),
	    .id = 77,
	    .source_port = 20001};
	struct made made = {0};

	made.n = flow_frame_write(made.b, &p, flow_of(&p, 3), &m);
	rig_answer(made.b, made.n, 0);
	query_set_free(&set);
	return made;
}

static enum load_packet
parse(const struct made *m, unsigned sums, struct load_frame *f)
{
	uint8_t *exact = rig_exact(m->b, m->n);
	enum load_packet kind = load_frame_parse(exact, m->n, sums, f);

	free(exact);
	return kind;
}

START_TEST(answers)
{
	for (unsigned ip6 = 0; ip6 < 2; ip6++) {
		struct made m = made_answer(ip6);
		struct load_frame f;

		ck_assert_int_eq(parse(&m, 0, &f), LOAD_PACKET_UDP);
		ck_assert_uint_eq(f.l3, 14);
		ck_assert_uint_eq(f.l4, ip6 ? 54 : 34);
		ck_assert_int_eq(f.ip6, ip6);
		ck_assert_uint_eq(f.l4 + f.l4_bytes, m.n);
		ck_assert_ptr_eq(
		    load_frame_addresses(&f, m.b), m.b + (ip6 ? 22 : 26));
		/* Ethernet's padding is not the message's */
		m.n += 5;
		ck_assert_int_eq(parse(&m, 0, &f), LOAD_PACKET_UDP);
		ck_assert_uint_eq(f.l4 + f.l4_bytes, m.n - 5);
	}
}
END_TEST

START_TEST(every_prefix_is_malformed)
{
	for (unsigned ip6 = 0; ip6 < 2; ip6++) {
		struct made m = made_answer(ip6);
		struct load_frame f;

		while (m.n-- > 0)
			ck_assert_int_eq(
			    parse(&m, 0, &f), LOAD_PACKET_MALFORMED);
	}
}
END_TEST

/* Every octet of headers and message is covered by a check or a checksum, but
 * for those that a router may change or that concern the MAC layer. */
START_TEST(every_flipped_bit_is_seen)
{
	for (unsigned ip6 = 0; ip6 < 2; ip6++) {
		struct made sound = made_answer(ip6);
		unsigned udp = ip6 ? 54 : 34;
		struct load_frame f;

		for (unsigned i = 14; i < sound.n; i++) {
			struct made m = sound;
			enum load_packet kind;

			/* IPv6: class, flow, hop limit are nobody's */
			if (ip6 && (i <= 17 || i == 20 || i == 21))
				continue;
			m.b[i] ^= 4;
			kind = parse(&m, 0, &f);
			ck_assert_msg(kind != LOAD_PACKET_UDP,
			    "IPv%c, octet %u", ip6 ? '6' : '4', i);
		}
		/* and nothing of it where the port has looked */
		sound.b[udp + 20] ^= 4;
		ck_assert_int_eq(
		    parse(&sound, LOAD_SUM_IP_GOOD | LOAD_SUM_UDP_GOOD, &f),
		    LOAD_PACKET_UDP);
		ck_assert_int_eq(
		    parse(&sound, LOAD_SUM_UDP_BAD, &f), LOAD_PACKET_MALFORMED);
	}
}
END_TEST

START_TEST(no_checksum)
{
	for (unsigned ip6 = 0; ip6 < 2; ip6++) {
		struct made m = made_answer(ip6);
		struct load_frame f;

		memset(m.b + (ip6 ? 54 : 34) + 6, 0, 2);
		ck_assert_int_eq(parse(&m, 0, &f),
		    ip6 ? LOAD_PACKET_MALFORMED : LOAD_PACKET_UDP);
	}
}
END_TEST

/* One octet of the IP header set, sums trusted. */
START_TEST(kinds)
{
	static const struct {
		bool ip6;
		unsigned at;
		uint8_t value;
		enum load_packet kind;
	} rows[] = {
	    {false, 12, 0x81, LOAD_PACKET_OTHER},     /* a tag */
	    {false, 14, 0x55, LOAD_PACKET_MALFORMED}, /* version */
	    {false, 14, 0x44, LOAD_PACKET_MALFORMED}, /* header length */
	    {false, 20, 0x20, LOAD_PACKET_FRAGMENT},  /* more fragments */
	    {false, 21, 1, LOAD_PACKET_FRAGMENT},
	    {false, 23, 6, LOAD_PACKET_OTHER},
	    {false, 23, 1, LOAD_PACKET_OTHER}, /* ICMP, no type 3 */
	    {false, 16, 0xff, LOAD_PACKET_MALFORMED},
	    {false, 38, 0xff, LOAD_PACKET_MALFORMED}, /* UDP length */
	    {true, 14, 0x40, LOAD_PACKET_MALFORMED},
	    {true, 20, 6, LOAD_PACKET_OTHER},
	    {true, 20, 44, LOAD_PACKET_FRAGMENT},
	    {true, 18, 0xff, LOAD_PACKET_MALFORMED},
	    {true, 59, 0x07, LOAD_PACKET_MALFORMED},
	};
	const unsigned trust = LOAD_SUM_IP_GOOD | LOAD_SUM_UDP_GOOD;

	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct made m = made_answer(rows[i].ip6);
		struct load_frame f;

		m.b[rows[i].at] = rows[i].value;
		ck_assert_msg(
		    parse(&m, trust, &f) == rows[i].kind, "row %u", i);
	}
}
END_TEST

START_TEST(unreachable)
{
	struct made m = made_answer(false);
	struct load_frame f;

	m.b[23] = 1;
	m.b[34] = 3;
	ck_assert_int_eq(
	    parse(&m, LOAD_SUM_IP_GOOD, &f), LOAD_PACKET_UNREACHABLE);
	m = made_answer(true);
	m.b[20] = 58;
	m.b[54] = 1;
	ck_assert_int_eq(
	    parse(&m, LOAD_SUM_UDP_GOOD, &f), LOAD_PACKET_UNREACHABLE);
	ck_assert_int_eq(parse(&m, 0, &f), LOAD_PACKET_MALFORMED);
}
END_TEST

START_TEST(neighbours)
{
	struct flow_plan p = rig_plan(100, 50);
	struct load_frame f;
	struct made m;

	m.n = neighbour_ask(m.b, &p, &p.servers[0]);
	ck_assert_int_eq(parse(&m, 0, &f), LOAD_PACKET_ARP_REQUEST);
	m.b[21] = 2;
	ck_assert_int_eq(parse(&m, 0, &f), LOAD_PACKET_ARP_REPLY);
	m.b[21] = 3;
	ck_assert_int_eq(parse(&m, 0, &f), LOAD_PACKET_OTHER);
	m.b[19] = 8;
	ck_assert_int_eq(parse(&m, 0, &f), LOAD_PACKET_OTHER);
	m.n--;
	ck_assert_int_eq(parse(&m, 0, &f), LOAD_PACKET_MALFORMED);
	m.n = neighbour_ask(m.b, &p, &p.servers[1]);
	ck_assert_int_eq(parse(&m, 0, &f), LOAD_PACKET_SOLICITATION);
	m.b[21] = 64; /* came over a router */
	ck_assert_int_eq(parse(&m, 0, &f), LOAD_PACKET_MALFORMED);
}
END_TEST

UNIT_MAIN("load_frame", answers, every_prefix_is_malformed,
    every_flipped_bit_is_seen, no_checksum, kinds, unreachable, neighbours)
