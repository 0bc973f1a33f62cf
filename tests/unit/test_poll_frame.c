/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The frame parser over tables of frames: one sound frame a kind, then one
 * change at a time, each with the verdict it must get. Every frame is parsed
 * from a heap block of exactly its size, and every prefix of every frame too.
 */
#include <stdlib.h>

#include <rte_ip.h>

#include "dataplane/poll/checksum.h"
#include "dataplane/poll/usual_frame.h"
#include "tests/unit/poll_frames.h"
#include "tests/unit/unit_run.h"

static unsigned usual_seen;

/* What the poll loop takes in line is what the parser says: every frame of
 * every test comes by here. */
static void
expect_usual_agrees(const struct frame_host *host, const uint8_t *data,
    size_t bytes, unsigned sums, enum packet_verdict v, const struct frame *f)
{
	struct frame usual;

	if (!usual_frame_parse(host, data, bytes, sums, &usual))
		return;
	usual_seen++;
	ck_assert_int_eq(v, PACKET_QUERY);
	ck_assert(usual_frame_is(f));
	ck_assert_uint_eq(usual.l3, f->l3);
	ck_assert_uint_eq(usual.l4, f->l4);
	ck_assert_uint_eq(usual.l4_bytes, f->l4_bytes);
	ck_assert(!usual.ip6 && !f->ip6);
}

static enum packet_verdict
parse_sums(const struct made *m, unsigned sums, struct frame *f)
{
	struct frame_host host = made_host();
	uint8_t *exact = malloc(m->n ? m->n : 1);
	enum packet_verdict v;

	memcpy(exact, m->b, m->n);
	v = frame_parse(&host, exact, m->n, sums, f);
	expect_usual_agrees(&host, exact, m->n, sums, v, f);
	free(exact);
	return v;
}

static enum packet_verdict
parse(const struct made *m)
{
	struct frame f;

	return parse_sums(m, 0, &f);
}

static void
expect(const struct made *m, enum packet_verdict wanted, const char *what)
{
	enum packet_verdict v = parse(m);

	ck_assert_msg(v == wanted, "%s: %s, expected %s", what,
	    v == PACKET_QUERY ? "query" : packet_verdict_name(v),
	    wanted == PACKET_QUERY ? "query" : packet_verdict_name(wanted));
}

START_TEST(queries_in_all_forms)
{
	for (unsigned i = 0; i < 4; i++)
		for (size_t bytes = 0; bytes < 70; bytes++) {
			struct made m = made_udp(i & 1, i & 2, bytes);
			struct frame f;

			ck_assert_int_eq(parse_sums(&m, 0, &f), PACKET_QUERY);
			ck_assert_uint_eq(f.l3, m.l3);
			ck_assert_uint_eq(f.l4, m.l4);
			ck_assert_uint_eq(f.l4_bytes, 8 + bytes);
			ck_assert_int_eq(f.ip6, m.ip6);
			ck_assert_mem_eq(frame_client(&f, m.b),
			    m.ip6 ? client_ip6 : client_ip4,
			    frame_client_bytes(&f));
		}
	/* untagged IPv4 goes the short way, whatever its length */
	ck_assert_uint_eq(usual_seen, 70);
}
END_TEST

/* Ethernet pads to 60 octets; the padding is not the message, and may hold
 * anything. */
START_TEST(padding_is_not_message)
{
	for (unsigned i = 0; i < 2; i++) {
		struct made m = made_udp(false, i, 3);
		struct frame f;

		memset(m.b + m.n, 0xa5, 60);
		m.n = 60;
		ck_assert_int_eq(parse_sums(&m, 0, &f), PACKET_QUERY);
		ck_assert_uint_eq(f.l4_bytes, 11);
	}
}
END_TEST

/* No prefix of a sound frame is read behind its end (ASan looks), and none is
 * a query or answered: the lengths do not add up. */
START_TEST(every_prefix)
{
	struct made all[] = {made_udp(false, false, 40),
	    made_udp(true, true, 41), made_echo(false, true, 9),
	    made_echo(true, false, 8), made_arp(), made_solicitation(true)};

	for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
		for (size_t n = 0; n < all[i].n; n++) {
			struct made m = all[i];
			enum packet_verdict v;

			m.n = n;
			v = parse(&m);
			ck_assert_msg(v == PACKET_DROP_FRAME_SHORT ||
					  v == PACKET_DROP_IP_LENGTH,
			    "frame %u cut at %zu: %s", i, n,
			    packet_verdict_name(v));
		}
}
END_TEST

/* One octet of a sound frame set to another value. `finish` says whether the
 * checksums are made right again for it. */
struct change {
	const char *what;
	int at; /* from l3 on, or from l4 on: + L4 */
	uint8_t value;
	bool finish;
	enum packet_verdict verdict;
};

enum { L4 = 1000, MAC = 2000 };

static void
expect_changes(const struct made *sound, uint8_t protocol,
    const struct change *c, unsigned n)
{
	for (; n; n--, c++) {
		struct made m = *sound;
		size_t at = c->at >= MAC  ? (size_t)c->at - MAC
		            : c->at >= L4 ? m.l4 + (size_t)c->at - L4
		                          : m.l3 + (size_t)c->at;

		m.b[at] = c->value;
		if (c->finish) {
			made_finish(&m, protocol);
			m.b[at] = c->value;
		}
		expect(&m, c->verdict, c->what);
	}
}

#define COUNT(a) (sizeof a / sizeof *a)

static const struct change ethernet[] = {
    {"another's MAC", MAC + 5, 2, false, PACKET_DROP_FRAME_MAC},
    {"group MAC, one host's IP", MAC, 3, false, PACKET_DROP_FRAME_GROUP},
    {"from our MAC (net_tap)", MAC + 11, 1, false, PACKET_QUERY},
    {"from a group MAC", MAC + 6, 3, false, PACKET_DROP_FRAME_SOURCE},
    {"LLDP", MAC + 12, 0x88, false, PACKET_PUNT_ETHERTYPE},
};

static const struct change ip4[] = {
    {"version 6", 0, 0x65, false, PACKET_DROP_IP_VERSION},
    {"header of 16", 0, 0x44, false, PACKET_DROP_IP_VERSION},
    {"header of 60", 0, 0x4f, false, PACKET_DROP_IP_CHECKSUM},
    {"length below header", 3, 19, false, PACKET_DROP_IP_LENGTH},
    {"length beyond frame", 2, 1, false, PACKET_DROP_IP_LENGTH},
    {"TTL flipped", 8, 3, false, PACKET_DROP_IP_CHECKSUM},
    {"checksum flipped", 10, 0xee, false, PACKET_DROP_IP_CHECKSUM},
    {"more fragments", 6, 0x20, true, PACKET_PUNT_FRAGMENT},
    {"offset, high", 6, 0x01, true, PACKET_PUNT_FRAGMENT},
    {"offset, low", 7, 0x01, true, PACKET_PUNT_FRAGMENT},
    {"do not fragment", 6, 0x40, true, PACKET_QUERY},
    {"from 0/8", 12, 0, true, PACKET_DROP_SOURCE_ADDRESS},
    {"from 127/8", 12, 127, true, PACKET_DROP_SOURCE_ADDRESS},
    {"from multicast", 12, 224, true, PACKET_DROP_SOURCE_ADDRESS},
    {"from class E", 12, 255, true, PACKET_DROP_SOURCE_ADDRESS},
    {"to another", 19, 99, true, PACKET_PUNT_ADDRESS},
    {"to our second", 19, 54, true, PACKET_QUERY},
    {"UDP length 7", L4 + 5, 7, false, PACKET_DROP_UDP_LENGTH},
    {"UDP length 0", L4 + 5, 0, false, PACKET_DROP_UDP_LENGTH},
    {"UDP length beyond", L4 + 4, 1, false, PACKET_DROP_UDP_LENGTH},
    {"UDP length one more", L4 + 5, 49, false, PACKET_DROP_UDP_LENGTH},
    {"UDP checksum", L4 + 6, 0x11, false, PACKET_DROP_UDP_CHECKSUM},
    {"payload flipped", L4 + 20, 0xff, false, PACKET_DROP_UDP_CHECKSUM},
    {"port 54", L4 + 3, 54, true, PACKET_PUNT_UDP_PORT},
};

START_TEST(ip4_udp_changed)
{
	struct made m = made_udp(false, false, 40),
		    tagged = made_udp(false, true, 40);

	expect_changes(&m, 17, ethernet, COUNT(ethernet));
	expect_changes(&m, 17, ip4, COUNT(ip4));
	expect_changes(&tagged, 17, ip4, COUNT(ip4));
}
END_TEST

static const struct change ip6[] = {
    {"version 4", 0, 0x45, false, PACKET_DROP_IP_VERSION},
    {"length beyond", 4, 1, false, PACKET_DROP_IP_LENGTH},
    {"length one more", 5, 49, false, PACKET_DROP_IP_LENGTH},
    {"length 0", 5, 0, false, PACKET_DROP_UDP_LENGTH},
    {"length 7", 5, 7, false, PACKET_DROP_UDP_LENGTH},
    {"from multicast", 8, 0xff, true, PACKET_DROP_SOURCE_ADDRESS},
    {"to another", 39, 9, true, PACKET_PUNT_ADDRESS},
    {"to our second", 39, 0x54, true, PACKET_QUERY},
    {"hop by hop", 6, 0, false, PACKET_PUNT_OPTIONS},
    {"routing", 6, 43, false, PACKET_PUNT_OPTIONS},
    {"fragment", 6, 44, false, PACKET_PUNT_FRAGMENT},
    {"ESP", 6, 50, false, PACKET_PUNT_OPTIONS},
    {"AH", 6, 51, false, PACKET_PUNT_OPTIONS},
    {"destination options", 6, 60, false, PACKET_PUNT_OPTIONS},
    {"mobility", 6, 135, false, PACKET_PUNT_OPTIONS},
    {"no next header", 6, 59, false, PACKET_PUNT_PROTOCOL},
    {"OSPF", 6, 89, false, PACKET_PUNT_PROTOCOL},
    {"TCP", 6, 6, false, PACKET_PUNT_TCP},
    {"UDP length 7", L4 + 5, 7, false, PACKET_DROP_UDP_LENGTH},
    {"UDP length beyond", L4 + 4, 1, false, PACKET_DROP_UDP_LENGTH},
    {"payload flipped", L4 + 20, 0xff, false, PACKET_DROP_UDP_CHECKSUM},
    {"port 853", L4 + 2, 3, true, PACKET_PUNT_UDP_PORT},
};

START_TEST(ip6_udp_changed)
{
	struct made m = made_udp(true, false, 40),
		    tagged = made_udp(true, true, 40);

	expect_changes(&m, 17, ethernet, COUNT(ethernet));
	expect_changes(&m, 17, ip6, COUNT(ip6));
	expect_changes(&tagged, 17, ip6, COUNT(ip6));
}
END_TEST

START_TEST(ip4_other_protocols)
{
	const struct {
		uint8_t protocol;
		enum packet_verdict verdict;
	} rows[] = {{6, PACKET_PUNT_TCP}, {2, PACKET_PUNT_PROTOCOL},
	    {41, PACKET_PUNT_PROTOCOL}, {132, PACKET_PUNT_PROTOCOL},
	    {58, PACKET_PUNT_PROTOCOL}};

	for (unsigned i = 0; i < COUNT(rows); i++) {
		struct made m = made_udp(false, false, 40);

		made_finish(&m, rows[i].protocol);
		expect(&m, rows[i].verdict, "protocol");
	}
}
END_TEST

START_TEST(ip4_options_are_for_the_kernel)
{
	struct made m = made_udp(false, false, 40);

	memmove(m.b + m.l4 + 4, m.b + m.l4, 48);
	memset(m.b + m.l4, 1, 4); /* no operation */
	m.n += 4;
	m.b[m.l3] = 0x46;
	made_put16(m.b + m.l3 + 2, (unsigned)(m.n - m.l3));
	made_put16(m.b + m.l3 + 10, 0);
	expect(&m, PACKET_DROP_IP_CHECKSUM, "options, no checksum");
	made_put16(
	    m.b + m.l3 + 10, (uint16_t)~made_fold(made_sum(0, m.b + m.l3, 24)));
	expect(&m, PACKET_PUNT_OPTIONS, "options");
	m.n = m.l3 + 22;
	expect(&m, PACKET_DROP_FRAME_SHORT, "frame ends inside options");
}
END_TEST

START_TEST(own_addresses_are_martians)
{
	struct made m = made_udp(false, false, 40);

	memcpy(m.b + m.l3 + 12, our_ip4, 4);
	made_finish(&m, 17);
	expect(&m, PACKET_DROP_SOURCE_ADDRESS, "own IPv4");
	m = made_udp(true, false, 40);
	memcpy(m.b + m.l3 + 8, our_ip6, 16);
	made_finish(&m, 17);
	expect(&m, PACKET_DROP_SOURCE_ADDRESS, "own IPv6");
	memset(m.b + m.l3 + 8, 0, 16);
	made_finish(&m, 17);
	expect(&m, PACKET_DROP_SOURCE_ADDRESS, "unspecified");
	m.b[m.l3 + 23] = 1;
	made_finish(&m, 17);
	expect(&m, PACKET_DROP_SOURCE_ADDRESS, "loopback");
	m.b[m.l3 + 18] = m.b[m.l3 + 19] = 0xff;
	made_finish(&m, 17);
	expect(&m, PACKET_DROP_SOURCE_ADDRESS, "v4-mapped");
	memset(m.b + 6, 0, 6);
	expect(&m, PACKET_DROP_FRAME_SOURCE, "from MAC zero");
}
END_TEST

START_TEST(udp_checksum_zero)
{
	struct made m = made_udp(false, false, 40);

	made_put16(m.b + m.l4 + 6, 0);
	expect(&m, PACKET_QUERY, "IPv4: none made (RFC 768)");
	m = made_udp(true, false, 40);
	made_put16(m.b + m.l4 + 6, 0);
	expect(&m, PACKET_DROP_UDP6_UNSUMMED, "IPv6 (RFC 8200 section 8.1)");
}
END_TEST

START_TEST(source_port_zero)
{
	for (unsigned i = 0; i < 2; i++) {
		struct made m = made_udp(i, false, 40);

		made_put16(m.b + m.l4, 0);
		made_finish(&m, 17);
		expect(&m, PACKET_DROP_SOURCE_PORT, "source port 0");
	}
}
END_TEST

/* RFC 768 lets UDP's length be less than IP's: the rest is not the message. */
START_TEST(udp_shorter_than_ip)
{
	struct made m = made_udp(false, false, 39);
	struct frame f;

	m.n++;
	made_put16(m.b + m.l3 + 2, (unsigned)(m.n - m.l3));
	made_put16(m.b + m.l3 + 10, 0);
	made_put16(
	    m.b + m.l3 + 10, (uint16_t)~made_fold(made_sum(0, m.b + m.l3, 20)));
	ck_assert_int_eq(parse_sums(&m, 0, &f), PACKET_QUERY);
	ck_assert_uint_eq(f.l4_bytes, 47);
}
END_TEST

START_TEST(word_of_the_hardware)
{
	struct made m = made_udp(false, false, 40);
	struct frame f;

	ck_assert_int_eq(
	    parse_sums(&m, FRAME_IP_SUM_BAD, &f), PACKET_DROP_IP_CHECKSUM);
	ck_assert_int_eq(
	    parse_sums(&m, FRAME_L4_SUM_BAD, &f), PACKET_DROP_UDP_CHECKSUM);
	m.b[m.l3 + 10] ^= 1;
	m.b[m.l4 + 6] ^= 1;
	ck_assert_int_eq(
	    parse_sums(&m, FRAME_L4_SUM_GOOD, &f), PACKET_DROP_IP_CHECKSUM);
	ck_assert_int_eq(
	    parse_sums(&m, FRAME_IP_SUM_GOOD, &f), PACKET_DROP_UDP_CHECKSUM);
	ck_assert_int_eq(
	    parse_sums(&m, FRAME_IP_SUM_GOOD | FRAME_L4_SUM_GOOD, &f),
	    PACKET_QUERY);
	made_put16(m.b + m.l4 + 6, 0); /* nothing that could be bad */
	ck_assert_int_eq(
	    parse_sums(&m, FRAME_IP_SUM_GOOD | FRAME_L4_SUM_BAD, &f),
	    PACKET_QUERY);
}
END_TEST

static const struct change echo4[] = {
    {"checksum", L4 + 2, 0x77, false, PACKET_DROP_ICMP},
    {"payload", L4 + 9, 0x77, false, PACKET_DROP_ICMP},
    {"code 1", L4 + 1, 1, true, PACKET_DROP_ICMP},
    {"echo reply", L4, 0, true, PACKET_PUNT_ICMP},
    {"timestamp", L4, 13, true, PACKET_PUNT_ICMP},
    {"unreachable", L4, 3, true, PACKET_PUNT_ICMP_ERROR},
    {"redirect", L4, 5, true, PACKET_PUNT_ICMP_ERROR},
    {"time exceeded", L4, 11, true, PACKET_PUNT_ICMP_ERROR},
    {"to another", 19, 99, true, PACKET_PUNT_ADDRESS},
    {"from multicast", 12, 230, true, PACKET_DROP_SOURCE_ADDRESS},
    {"group MAC", MAC, 3, false, PACKET_DROP_FRAME_GROUP},
};

static const struct change echo6[] = {
    {"checksum", L4 + 2, 0x77, false, PACKET_DROP_ICMP},
    {"code 1", L4 + 1, 1, true, PACKET_DROP_ICMP},
    {"echo reply", L4, 129, true, PACKET_PUNT_ICMP},
    {"packet too big", L4, 2, true, PACKET_PUNT_ICMP_ERROR},
    {"router advertisement", L4, 134, true, PACKET_PUNT_ICMP},
    {"listener report", L4, 143, true, PACKET_PUNT_ICMP},
    {"advertisement", L4, 136, true, PACKET_PUNT_NEIGHBOUR},
    {"to another", 39, 99, true, PACKET_PUNT_ADDRESS},
    {"from multicast", 8, 0xff, true, PACKET_DROP_SOURCE_ADDRESS},
    {"group MAC", MAC, 0x33, false, PACKET_DROP_FRAME_GROUP},
};

START_TEST(echo_changed)
{
	struct made m;

	for (size_t bytes = 0; bytes < 40; bytes++) {
		m = made_echo(false, bytes & 1, bytes);
		expect(&m, PACKET_ECHO_ANSWERED, "ping");
		m = made_echo(true, bytes & 1, bytes);
		expect(&m, PACKET_ECHO_ANSWERED, "ping6");
	}
	m = made_echo(false, false, 40);
	expect_changes(&m, 1, echo4, COUNT(echo4));
	m = made_echo(true, false, 40);
	expect_changes(&m, 58, echo6, COUNT(echo6));
}
END_TEST

START_TEST(icmp_too_short)
{
	for (unsigned i = 0; i < 2; i++)
		for (size_t n = 0; n < 8; n++) {
			struct made m = made_echo(i, false, 0);

			m.n = m.l4 + n;
			made_finish(&m, i ? 58 : 1);
			expect(&m, PACKET_DROP_ICMP, "cut ICMP");
		}
}
END_TEST

START_TEST(arp_changed)
{
	static const struct change changes[] = {
	    {"token ring", 1, 6, false, PACKET_DROP_ARP},
	    {"not IPv4", 2, 9, false, PACKET_DROP_ARP},
	    {"MAC of 5", 4, 5, false, PACKET_DROP_ARP},
	    {"IP of 16", 5, 16, false, PACKET_DROP_ARP},
	    {"reply", 7, 2, false, PACKET_PUNT_ARP},
	    {"operation 9", 7, 9, false, PACKET_PUNT_ARP},
	    {"for another", 27, 1, false, PACKET_PUNT_ARP},
	    {"for our second", 27, 54, false, PACKET_ARP_ANSWERED},
	    {"from a group MAC", 8, 1, false, PACKET_DROP_ARP},
	    {"from multicast", 14, 239, false, PACKET_DROP_ARP},
	    {"from loopback", 14, 127, false, PACKET_DROP_ARP},
	};
	struct made m = made_arp(), probe = made_arp(), claim = made_arp();

	expect(&m, PACKET_ARP_ANSWERED, "request");
	expect_changes(&m, 0, changes, COUNT(changes));
	memset(probe.b + 14 + 14, 0, 4);
	expect(&probe, PACKET_ARP_ANSWERED, "probe (RFC 5227)");
	memcpy(claim.b + 14 + 14, our_ip4, 4);
	expect(&claim, PACKET_PUNT_ARP, "our address claimed");
	memcpy(m.b, our_mac, 6);
	m.n = 60;
	expect(&m, PACKET_ARP_ANSWERED, "to our MAC, padded");
}
END_TEST

START_TEST(solicitation_changed)
{
	static const struct change changes[] = {
	    {"hop limit 254", 7, 254, true, PACKET_DROP_NEIGHBOUR},
	    {"code 1", L4 + 1, 1, true, PACKET_DROP_NEIGHBOUR},
	    {"target multicast", L4 + 8, 0xff, true, PACKET_DROP_NEIGHBOUR},
	    {"option of 0", L4 + 25, 0, true, PACKET_DROP_NEIGHBOUR},
	    {"option beyond", L4 + 25, 2, true, PACKET_DROP_NEIGHBOUR},
	    {"unknown option", L4 + 24, 99, true, PACKET_NEIGHBOUR_ANSWERED},
	    {"another's", L4 + 23, 9, true, PACKET_PUNT_NEIGHBOUR},
	    {"to another's group", 39, 9, true, PACKET_DROP_NEIGHBOUR},
	    {"from multicast", 8, 0xff, true, PACKET_DROP_SOURCE_ADDRESS},
	    {"checksum", L4 + 2, 9, false, PACKET_DROP_ICMP},
	};
	struct made m = made_solicitation(false);

	expect(&m, PACKET_NEIGHBOUR_ANSWERED, "solicitation");
	expect_changes(&m, 58, changes, COUNT(changes));
	memcpy(m.b, our_mac, 6); /* to ourselves: is it still there? */
	memcpy(m.b + m.l3 + 24, our_ip6, 16);
	made_finish(&m, 58);
	expect(&m, PACKET_NEIGHBOUR_ANSWERED, "unicast");
	m.n -= 8;
	made_finish(&m, 58);
	expect(&m, PACKET_NEIGHBOUR_ANSWERED, "without option");
	m.n -= 1;
	made_finish(&m, 58);
	expect(&m, PACKET_DROP_NEIGHBOUR, "target cut");
}
END_TEST

/* RFC 4862: who looks for a double of its new address. */
START_TEST(probe_for_a_double)
{
	struct made m = made_solicitation(false);

	memset(m.b + m.l3 + 8, 0, 16);
	made_finish(&m, 58);
	expect(&m, PACKET_DROP_NEIGHBOUR, "unspecified, with its MAC");
	m.n -= 8;
	made_finish(&m, 58);
	expect(&m, PACKET_NEIGHBOUR_ANSWERED, "probe");
	memcpy(m.b + m.l3 + 24, our_ip6, 16);
	made_finish(&m, 58);
	expect(&m, PACKET_DROP_NEIGHBOUR, "probe to one host");
}
END_TEST

/* Our sums beside DPDK's, over lengths, offsets and contents that carry. */
START_TEST(checksum_twins)
{
	uint8_t b[512];
	uint32_t random = 1;

	for (unsigned round = 0; round < 3; round++) {
		for (size_t i = 0; i < sizeof b; i++) {
			random = random * 1664525 + 1013904223;
			b[i] = round == 0   ? 0xff
			       : round == 1 ? 0
			                    : (uint8_t)(random >> 24);
		}
		for (size_t at = 0; at < 9; at++)
			for (size_t n = 0; n < 300; n++)
				ck_assert_uint_eq(
				    checksum_fold(checksum_add(0, b + at, n)),
				    rte_raw_cksum(b + at, n));
	}
	ck_assert_uint_eq(checksum_fold(~0ull), 0xffff);
	ck_assert_uint_eq(checksum_fold(0xffffffffull), 0xffff);
}
END_TEST

START_TEST(verdicts_have_names)
{
	for (unsigned v = 0; v < PACKET_VERDICT_COUNT; v++) {
		ck_assert_str_ne(packet_verdict_name(v), "?");
		for (unsigned w = 0; w < v; w++)
			ck_assert_str_ne(
			    packet_verdict_name(v), packet_verdict_name(w));
		ck_assert_int_eq(
		    packet_verdict_is_answered(v) + packet_verdict_is_punt(v) +
			(v >= PACKET_DROP_FRAME_SHORT) + (v < VERDICT_COUNT),
		    1);
	}
	ck_assert_str_eq(packet_verdict_name(PACKET_VERDICT_COUNT), "?");
}
END_TEST

UNIT_MAIN("poll_frame", queries_in_all_forms, padding_is_not_message,
    every_prefix, ip4_udp_changed, ip6_udp_changed, ip4_other_protocols,
    ip4_options_are_for_the_kernel, own_addresses_are_martians,
    udp_checksum_zero, source_port_zero, udp_shorter_than_ip,
    word_of_the_hardware, echo_changed, icmp_too_short, arp_changed,
    solicitation_changed, probe_for_a_double, checksum_twins,
    verdicts_have_names)
