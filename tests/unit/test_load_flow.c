/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Flows and their frames: made frames are sound to the parser of received ones,
 * bit for bit what they should say, and belong to their flow alone; clients and
 * servers are used evenly.
 */
#include <stdlib.h>

#include "tests/unit/load_rig.h"
#include "tests/unit/unit_run.h"

enum { SOURCE_PORT = 0xabcd, ID = 0x1234 };

static size_t
make(uint8_t *frame, const struct flow_plan *p, struct flow flow,
    const uint8_t *message, unsigned bytes)
{
	struct flow_message m = {.bytes = message,
	    .length = (uint16_t)bytes,
	    .sum = inet_sum_fold(inet_sum_add(0, message, bytes)),
	    .id = ID,
	    .source_port = SOURCE_PORT};

	return flow_frame_write(frame, p, flow, &m);
}

START_TEST(frames_are_sound)
{
	struct flow_plan p = rig_plan(1000, 50);
	uint8_t message[512 + 64] = {0}, frame[RIG_FRAME_MAX];

	for (unsigned i = 2; i < 512; i++)
		message[i] = (uint8_t)(i * 37);
	for (unsigned bytes = 12; bytes <= 512; bytes++) {
		struct flow flow = flow_of(&p, bytes * 3);
		size_t n = make(frame, &p, flow, message, bytes);
		uint8_t *exact = rig_exact(frame, n);
		const uint8_t *udp;
		struct load_frame f;

		ck_assert_int_eq(
		    load_frame_parse(exact, n, 0, &f), LOAD_PACKET_UDP);
		ck_assert_uint_eq(n, (size_t)f.l4 + 8 + bytes);
		udp = exact + f.l4;
		ck_assert_uint_ne(wire_load16(udp + 6), 0);
		ck_assert_uint_eq(wire_load16(udp), SOURCE_PORT);
		ck_assert_uint_eq(wire_load16(udp + 2), 53);
		ck_assert_uint_eq(wire_load16(udp + 8), ID);
		ck_assert_mem_eq(udp + 10, message + 2, bytes - 2);
		ck_assert_mem_eq(exact, flow.server->mac, 6);
		ck_assert_mem_eq(exact + 6, p.mac, 6);
		free(exact);
	}
}
END_TEST

/* A sum that comes out as zero is sent as ones (RFC 768): over all values of a
 * word in the message it happens. */
START_TEST(no_zero_sum)
{
	struct flow_plan p = rig_plan(10, 0);
	uint8_t message[64] = {0}, frame[RIG_FRAME_MAX];
	unsigned ones = 0;

	for (unsigned word = 0; word < 65536; word++) {
		struct load_frame f;
		size_t n;

		wire_store16(message + 2, (uint16_t)word);
		n = make(frame, &p, flow_of(&p, 1), message, 20);
		ck_assert_int_eq(
		    load_frame_parse(frame, n, 0, &f), LOAD_PACKET_UDP);
		ck_assert_uint_ne(wire_load16(frame + f.l4 + 6), 0);
		ones += wire_load16(frame + f.l4 + 6) == 0xffff;
	}
	ck_assert_uint_ge(ones, 1);
}
END_TEST

START_TEST(an_answer_belongs_to_its_flow)
{
	struct flow_plan p = rig_plan(5000, 50);
	uint8_t message[64] = {0}, frame[RIG_FRAME_MAX];

	for (uint64_t key = 0; key < 3000; key++) {
		struct flow flow = flow_of(&p, key), other;
		size_t n = make(frame, &p, flow, message, 12);
		struct load_frame f;

		other =
		    (struct flow){flow.server, (flow.client + 1) % p.clients};
		rig_answer(frame, n, 0);
		ck_assert_int_eq(
		    load_frame_parse(frame, n, 0, &f), LOAD_PACKET_UDP);
		ck_assert(flow_is_answered_by(&p, flow, &f, frame));
		ck_assert(!flow_is_answered_by(&p, other, &f, frame));
		other =
		    (struct flow){flow.server == &p.servers[0] ? &p.servers[1]
							       : &p.servers[0],
			flow.client};
		ck_assert(!flow_is_answered_by(&p, other, &f, frame));
		frame[f.l4 + 1]++; /* from another port */
		ck_assert(!flow_is_answered_by(&p, flow, &f, frame));
	}
}
END_TEST

START_TEST(clients_take_turns)
{
	enum { CLIENTS = 100, QUERIES = 100000 };
	struct flow_plan p = rig_plan(CLIENTS, 30);
	unsigned of[CLIENTS] = {0}, ip6 = 0;

	for (uint64_t key = 0; key < QUERIES; key++) {
		struct flow flow = flow_of(&p, key);

		ck_assert_uint_lt(flow.client, CLIENTS);
		of[flow.client]++;
		ip6 += flow.server->ip6;
	}
	for (unsigned i = 0; i < CLIENTS; i++) {
		ck_assert_uint_ge(of[i], QUERIES / CLIENTS * 9 / 10);
		ck_assert_uint_le(of[i], QUERIES / CLIENTS * 11 / 10);
	}
	ck_assert_uint_ge(ip6, QUERIES * 29 / 100);
	ck_assert_uint_le(ip6, QUERIES * 31 / 100);
}
END_TEST

START_TEST(servers_take_turns)
{
	struct flow_plan p = rig_plan(100, 0);
	unsigned of[FLOW_SERVERS_MAX] = {0};

	for (uint8_t i = 1; i < 5; i++)
		ck_assert_int_eq(flow_server_add(&p, false,
				     (uint8_t[]){192, 0, 2, i}, 53, NULL),
		    0);
	ck_assert_uint_eq(p.nservers4, 5);
	ck_assert(p.servers[5].ip6);
	for (uint64_t key = 0; key < 50000; key++)
		of[flow_of(&p, key).server - p.servers]++;
	for (unsigned i = 0; i < 5; i++)
		ck_assert_uint_ge(of[i], 9000);
	ck_assert_uint_eq(of[5], 0);
}
END_TEST

START_TEST(addresses_of_clients)
{
	struct flow_plan p = rig_plan(100000, 0);
	uint8_t a[16], b[16];

	flow_client4(&p, 0, a);
	ck_assert_mem_eq(a, ((uint8_t[]){198, 18, 0, 1}), 4);
	flow_client4(&p, 99999, a);
	ck_assert(flow_net_holds(&p.net4, a));
	flow_client6(&p, 1, a);
	flow_client6(&p, 2, b);
	ck_assert(flow_net_holds(&p.net6, a));
	ck_assert_mem_ne(a, b, 8); /* a /64 of its own */
	a[5]++;
	ck_assert(!flow_net_holds(&p.net6, a));
	ck_assert(!flow_net_holds(&p.net4, (uint8_t[]){198, 20, 0, 1}));
	ck_assert(flow_net_holds(&p.net4, (uint8_t[]){198, 19, 0, 1}));
}
END_TEST

START_TEST(plans_that_cannot_be)
{
	struct flow_plan p = rig_plan(131070, 50);
	struct err err;

	ck_assert_int_eq(flow_plan_check(&p, &err), 0);
	p.clients++;
	ck_assert_int_eq(flow_plan_check(&p, &err), ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(err.text, "131070"));
	p = rig_plan(1, 0);
	p.net4.address[3] = 1;
	ck_assert_int_eq(flow_plan_check(&p, &err), ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(err.text, "--client-net4"));
	p = rig_plan(1, 50);
	p.nservers6 = 0;
	ck_assert_int_eq(flow_plan_check(&p, &err), ERR_USAGE);
	p = rig_plan(1, 50);
	p.nservers4 = 0;
	ck_assert_int_eq(flow_plan_check(&p, &err), ERR_USAGE);
	p.ip6_share = 65536;
	ck_assert_int_eq(flow_plan_check(&p, &err), 0);
	p.nservers6 = 0;
	ck_assert_int_eq(flow_plan_check(&p, &err), ERR_USAGE);
	for (unsigned i = 0; i <= FLOW_SERVERS_MAX; i++)
		ck_assert_int_eq(
		    flow_server_add(&p, false, p.net4.address, 53, &err),
		    i < FLOW_SERVERS_MAX ? 0 : ERR_LIMIT);
}
END_TEST

UNIT_MAIN("load_flow", frames_are_sound, no_zero_sum,
    an_answer_belongs_to_its_flow, clients_take_turns, servers_take_turns,
    addresses_of_clients, plans_that_cannot_be)
