/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The reply writer: each reply is taken apart field by field, and its sums are
 * made again by the test's own arithmetic.
 */
#include <stdlib.h>

#include "dataplane/poll/frame_finish.h"
#include "dataplane/poll/reply.h"
#include "tests/unit/poll_frames.h"
#include "tests/unit/unit_run.h"

static struct frame
parsed(const struct made *m, enum packet_verdict wanted)
{
	struct frame_host host = made_host();
	struct frame f;

	ck_assert_int_eq(frame_parse(&host, m->b, m->n, 0, &f), wanted);
	return f;
}

/* What every reply to one host has in common. */
static void
check_headers(const struct made *m, uint8_t hop_limit)
{
	const uint8_t *ip = m->b + m->l3;

	ck_assert_mem_eq(m->b, client_mac, 6);
	ck_assert_mem_eq(m->b + 6, our_mac, 6);
	if (m->l3 == 18) { /* the tag stays, priority and all */
		ck_assert_uint_eq(made_get16(m->b + 12), 0x8100);
		ck_assert_uint_eq(made_get16(m->b + 14), 0x6000 | 42);
	}
	if (m->ip6) {
		ck_assert_uint_eq(made_get16(ip), 0x6000); /* no class */
		ck_assert_uint_eq(made_get16(ip + 2), 0);  /* no flow label */
		ck_assert_uint_eq(made_get16(ip + 4), m->n - m->l4);
		ck_assert_uint_eq(ip[7], hop_limit);
		ck_assert_mem_eq(ip + 8, our_ip6, 16);
		ck_assert_mem_eq(ip + 24, client_ip6, 16);
		return;
	}
	ck_assert_uint_eq(made_get16(ip), 0x4500); /* DSCP 0, Not-ECT */
	ck_assert_uint_eq(made_get16(ip + 2), m->n - m->l3);
	ck_assert_uint_eq(made_get16(ip + 4), 0);
	ck_assert_uint_eq(made_get16(ip + 6), 0x4000); /* DF */
	ck_assert_uint_eq(ip[8], hop_limit);
	ck_assert_mem_eq(ip + 12, our_ip4, 4);
	ck_assert_mem_eq(ip + 16, client_ip4, 4);
}

static bool
ip4_sum_holds(const struct made *m)
{
	return made_fold(made_sum(0, m->b + m->l3, 20)) == 0xffff;
}

START_TEST(answers_of_all_lengths)
{
	for (unsigned i = 0; i < 4; i++)
		for (size_t bytes = 12; bytes < 1300; bytes += 7) {
			struct made m = made_udp(i & 1, i & 2, 40);
			struct frame f = parsed(&m, PACKET_QUERY);

			memset(m.b + m.l4 + 8, (int)bytes, bytes);
			m.n = reply_udp(m.b, &f, bytes, 0);
			ck_assert_uint_eq(m.n, m.l4 + 8 + bytes);
			check_headers(&m, 64);
			ck_assert_uint_eq(made_get16(m.b + m.l4), 53);
			ck_assert_uint_eq(made_get16(m.b + m.l4 + 2), 4321);
			ck_assert_uint_eq(
			    made_get16(m.b + m.l4 + 4), bytes + 8);
			ck_assert_uint_eq(
			    made_l4_sum(m.b, m.l3, m.ip6, NULL), 0xffff);
			ck_assert(m.ip6 || ip4_sum_holds(&m));
		}
}
END_TEST

/* A sum that comes out as 0 is sent as 0xffff: 0 would mean "none". The last
 * two octets of the payload are chosen to make it so. */
START_TEST(computed_zero)
{
	for (unsigned i = 0; i < 2; i++) {
		struct made m = made_udp(i, false, 40);
		struct frame f = parsed(&m, PACKET_QUERY);
		struct made again;
		uint16_t sum;

		made_put16(m.b + m.l4 + 8 + 38, 0);
		again = m;
		again.n = reply_udp(again.b, &f, 40, 0);
		/* the complement of what all else sums to */
		sum = made_get16(again.b + m.l4 + 6);
		made_put16(m.b + m.l4 + 8 + 38, sum);
		m.n = reply_udp(m.b, &f, 40, 0);
		ck_assert_uint_eq(made_get16(m.b + m.l4 + 6), 0xffff);
		ck_assert_uint_eq(made_l4_sum(m.b, m.l3, m.ip6, NULL), 0xffff);
	}
}
END_TEST

/* What a port finishes: no IPv4 sum, and of UDP the pseudo header's alone. */
START_TEST(sums_by_the_port)
{
	for (unsigned i = 0; i < 2; i++) {
		struct made m = made_udp(i, false, 40);
		struct frame f = parsed(&m, PACKET_QUERY);
		uint16_t pseudo;
		const uint8_t *ip = m.b + m.l3;

		m.n = reply_udp(
		    m.b, &f, 100, REPLY_IP_SUM_BY_PORT | REPLY_UDP_SUM_BY_PORT);
		pseudo = made_fold(
		    made_sum(17 + 108, ip + (m.ip6 ? 8 : 12), m.ip6 ? 32 : 8));
		ck_assert_uint_eq(made_get16(m.b + m.l4 + 6), pseudo);
		if (!m.ip6)
			ck_assert_uint_eq(made_get16(ip + 10), 0);
	}
}
END_TEST

START_TEST(echo_replies)
{
	for (unsigned i = 0; i < 4; i++)
		for (size_t bytes = 0; bytes < 100; bytes++) {
			struct made m = made_echo(i & 1, i & 2, bytes);
			struct made asked = m;
			struct frame f = parsed(&m, PACKET_ECHO_ANSWERED);

			m.n = reply_echo(m.b, &f);
			ck_assert_uint_eq(m.n, asked.n);
			check_headers(&m, 64);
			ck_assert_uint_eq(m.b[m.l4], m.ip6 ? 129 : 0);
			ck_assert_mem_eq(
			    m.b + m.l4 + 4, asked.b + m.l4 + 4, 4 + bytes);
			ck_assert_uint_eq(
			    made_l4_sum(m.b, m.l3, m.ip6, NULL), 0xffff);
			ck_assert(m.ip6 || ip4_sum_holds(&m));
		}
}
END_TEST

START_TEST(arp_reply)
{
	struct frame_host host = made_host();
	struct made m = made_arp();
	struct frame f = parsed(&m, PACKET_ARP_ANSWERED);
	const uint8_t *arp = m.b + 14;

	ck_assert_uint_eq(reply_arp(&host, m.b, &f), 42);
	ck_assert_mem_eq(m.b, client_mac, 6);
	ck_assert_mem_eq(m.b + 6, our_mac, 6);
	ck_assert_uint_eq(made_get16(arp + 6), 2);
	ck_assert_mem_eq(arp + 8, our_mac, 6);
	ck_assert_mem_eq(arp + 14, our_ip4, 4);
	ck_assert_mem_eq(arp + 18, client_mac, 6);
	ck_assert_mem_eq(arp + 24, client_ip4, 4);
}
END_TEST

static void
check_advertisement(const struct made *m, uint32_t flags)
{
	const uint8_t *icmp = m->b + m->l4;

	ck_assert_uint_eq(m->n, m->l4 + 32);
	ck_assert_uint_eq(m->b[m->l3 + 7], 255);
	ck_assert_mem_eq(m->b + m->l3 + 8, our_ip6, 16);
	ck_assert_uint_eq(made_get16(icmp), 136 << 8);
	ck_assert_uint_eq(made_get16(icmp + 4), flags);
	ck_assert_uint_eq(made_get16(icmp + 6), 0);
	ck_assert_mem_eq(icmp + 8, our_ip6, 16);
	ck_assert_uint_eq(made_get16(icmp + 24), 0x0201);
	ck_assert_mem_eq(icmp + 26, our_mac, 6);
	ck_assert_uint_eq(made_l4_sum(m->b, m->l3, true, NULL), 0xffff);
}

START_TEST(neighbour_advertisement)
{
	struct frame_host host = made_host();

	for (unsigned tagged = 0; tagged < 2; tagged++) {
		struct made m = made_solicitation(tagged);
		struct frame f = parsed(&m, PACKET_NEIGHBOUR_ANSWERED);

		m.n = reply_neighbour(&host, m.b, &f);
		check_headers(&m, 255);
		check_advertisement(&m, 0x6000); /* solicited, override */
	}
}
END_TEST

/* RFC 4861 section 7.2.4: an answer to nobody goes to all. */
START_TEST(advertisement_for_a_probe)
{
	static const uint8_t all_mac[6] = {0x33, 0x33, 0, 0, 0, 1};
	static const uint8_t all[16] = {0xff, 2, [15] = 1};
	struct frame_host host = made_host();
	struct made m = made_solicitation(false);
	struct frame f;

	memset(m.b + m.l3 + 8, 0, 16);
	m.n -= 8;
	made_finish(&m, 58);
	f = parsed(&m, PACKET_NEIGHBOUR_ANSWERED);
	m.n = reply_neighbour(&host, m.b, &f);
	ck_assert_mem_eq(m.b, all_mac, 6);
	ck_assert_mem_eq(m.b + m.l3 + 24, all, 16);
	check_advertisement(&m, 0x2000); /* override alone */
}
END_TEST

/* What a trusted link left unfinished holds when the kernel gets it. */
START_TEST(unfinished_sums)
{
	for (unsigned i = 0; i < 8; i++) {
		uint8_t protocol = i & 4 ? 6 : 17;
		struct made m = made_udp(i & 1, i & 2, 41), right;
		size_t at = made_sum_at(protocol);

		made_finish(&m, protocol);
		right = m;
		made_put16(m.b + m.l4 + at, 0x1234);
		memset(m.b + m.n, 0x55, 9); /* padding */
		frame_finish(m.b, m.n + 9);
		ck_assert_mem_eq(m.b, right.b, m.n);
	}
}
END_TEST

START_TEST(what_is_left_as_it_is)
{
	struct made all[] = {made_udp(false, false, 40),
	    made_udp(false, false, 40), made_udp(false, false, 40),
	    made_udp(true, false, 40), made_arp(), made_udp(true, false, 40)};

	all[0].b[all[0].l3 + 6] = 0x20;            /* a fragment */
	made_put16(all[1].b + all[1].l4 + 6, 0);   /* no checksum wanted */
	made_put16(all[2].b + all[2].l3 + 2, 900); /* beyond the frame */
	made_put16(all[3].b + all[3].l3 + 4, 900);
	made_put16(all[5].b + all[5].l3 + 4, 5); /* no whole header */
	for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
		for (size_t n = 0; n <= all[i].n; n++) {
			uint8_t *exact = malloc(n + 1);

			memcpy(exact, all[i].b, n);
			exact = realloc(exact, n ? n : 1);
			frame_finish(exact, n);
			ck_assert(n == 0 || !memcmp(exact, all[i].b, n));
			free(exact);
		}
}
END_TEST

UNIT_MAIN("poll_reply", answers_of_all_lengths, computed_zero, sums_by_the_port,
    echo_replies, arp_reply, neighbour_advertisement, advertisement_for_a_probe,
    unfinished_sums, what_is_left_as_it_is)
