/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Neighbours: two generators, as it were, that ask each other. What one asks
 * the other answers, if it is about its clients, and the first learns from it.
 */
#include "tests/unit/load_rig.h"
#include "tests/unit/unit_run.h"
#include "tools/load/load_neighbour.h"

static const uint8_t asker_mac[6] = {2, 0, 0, 0, 0, 0xa};

/* Asks for the first clients of rig_plan(), as servers. */
static struct flow_plan
asker(void)
{
	struct flow_plan p = {
	    .mac = {2, 0, 0, 0, 0, 0xa},
	    .net4 = {.address = {192, 0, 2}, .bits = 24},
	    .net6 = {.ip6 = true, .address = {0x20, 1, 0xd, 0xb8}, .bits = 48},
	    .clients = 1,
	};
	struct flow_plan other = rig_plan(1, 50);
	uint8_t a[16];

	flow_client4(&other, 0, a);
	ck_assert_int_eq(flow_server_add(&p, false, a, 53, NULL), 0);
	flow_client6(&other, 0, a);
	ck_assert_int_eq(flow_server_add(&p, true, a, 53, NULL), 0);
	return p;
}

START_TEST(asked_answered_learnt)
{
	struct flow_plan p = asker(), other = rig_plan(1, 50);

	for (unsigned i = 0; i < 2; i++) {
		uint8_t frame[NEIGHBOUR_ROOM];
		struct load_frame f;
		size_t n = neighbour_ask(frame, &p, &p.servers[i]);
		enum load_packet kind = load_frame_parse(frame, n, 0, &f);

		ck_assert_uint_le(n, NEIGHBOUR_ROOM);
		ck_assert_uint_eq(frame[0] & 1, 1); /* to many */
		n = neighbour_answer(frame, kind, &f, &other);
		ck_assert_uint_gt(n, 0);
		ck_assert_mem_eq(frame, asker_mac, 6);
		kind = load_frame_parse(frame, n, 0, &f);
		ck_assert_int_eq(kind,
		    i ? LOAD_PACKET_ADVERTISEMENT : LOAD_PACKET_ARP_REPLY);
		ck_assert(!p.servers[i].mac_known);
		ck_assert(neighbour_learn(frame, kind, &f, &p));
		ck_assert(p.servers[i].mac_known);
		ck_assert_mem_eq(p.servers[i].mac, other.mac, 6);
	}
}
END_TEST

/* An address that is no client's. */
START_TEST(silent_about_others)
{
	struct flow_plan p = asker(), other = rig_plan(1, 50);

	for (unsigned i = 0; i < 2; i++) {
		uint8_t frame[NEIGHBOUR_ROOM];
		struct load_frame f;
		enum load_packet kind;
		size_t n;

		p.servers[i].address[1] ^= 0x80;
		n = neighbour_ask(frame, &p, &p.servers[i]);
		kind = load_frame_parse(frame, n, 0, &f);
		ck_assert_uint_eq(neighbour_answer(frame, kind, &f, &other), 0);
		ck_assert(!neighbour_learn(frame, kind, &f, &p));
	}
}
END_TEST

START_TEST(learns_of_servers_only)
{
	struct flow_plan p = asker(), other = rig_plan(1, 50);

	for (unsigned i = 0; i < 2; i++) {
		uint8_t frame[NEIGHBOUR_ROOM];
		struct load_frame f;
		enum load_packet kind;
		size_t n = neighbour_ask(frame, &p, &p.servers[i]);

		kind = load_frame_parse(frame, n, 0, &f);
		n = neighbour_answer(frame, kind, &f, &other);
		kind = load_frame_parse(frame, n, 0, &f);
		p.servers[i].address[3] ^= 1;
		ck_assert(!neighbour_learn(frame, kind, &f, &p));
		ck_assert(!p.servers[i].mac_known);
	}
}
END_TEST

/* An advertisement to one host may lack the option: Ethernet tells. */
START_TEST(advertisement_without_option)
{
	struct flow_plan p = asker(), other = rig_plan(1, 50);
	uint8_t frame[NEIGHBOUR_ROOM];
	struct load_frame f;
	size_t n = neighbour_ask(frame, &p, &p.servers[1]);
	enum load_packet kind = load_frame_parse(frame, n, 0, &f);

	neighbour_answer(frame, kind, &f, &other);
	wire_store16(frame + 18, 24);
	kind = load_frame_parse(frame, n - 8, LOAD_SUM_UDP_GOOD, &f);
	ck_assert_int_eq(kind, LOAD_PACKET_ADVERTISEMENT);
	ck_assert(neighbour_learn(frame, kind, &f, &p));
	ck_assert_mem_eq(p.servers[1].mac, other.mac, 6);
}
END_TEST

/* Duplicate address detection asks from nowhere (RFC 4862): not answered. */
START_TEST(asked_from_nowhere)
{
	struct flow_plan p = asker(), other = rig_plan(1, 50);
	uint8_t frame[NEIGHBOUR_ROOM];
	struct load_frame f;
	size_t n = neighbour_ask(frame, &p, &p.servers[1]);

	memset(frame + 22, 0, 16);
	ck_assert_int_eq(load_frame_parse(frame, n, LOAD_SUM_UDP_GOOD, &f),
	    LOAD_PACKET_SOLICITATION);
	ck_assert_uint_eq(
	    neighbour_answer(frame, LOAD_PACKET_SOLICITATION, &f, &other), 0);
}
END_TEST

UNIT_MAIN("load_neighbour", asked_answered_learnt, silent_about_others,
    learns_of_servers_only, advertisement_without_option, asked_from_nowhere)
