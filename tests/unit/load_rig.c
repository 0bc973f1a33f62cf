/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The load generator's counterpart in tests. Written without the code under
 * test where that is easy: the checksum here is the textbook's.
 */
#include "tests/unit/load_rig.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/dns.h"

struct flow_plan
rig_plan(uint32_t clients, unsigned ip6_percent)
{
	static const uint8_t ip4[4] = {192, 0, 2, 53};
	static const uint8_t ip6[16] = {
	    0x20, 1, 0xd, 0xb8, [14] = 0, [15] = 0x53};
	struct flow_plan p = {
	    .mac = {2, 0, 0, 0, 0, 1},
	    .net4 = {.address = {198, 18}, .bits = 15},
	    .net6 = {.ip6 = true, .address = {0x20, 1, 0, 2}, .bits = 48},
	    .clients = clients,
	    .ip6_share = ip6_percent * 65536 / 100,
	};

	ck_assert_int_eq(flow_server_add(&p, true, ip6, 53, NULL), 0);
	ck_assert_int_eq(flow_server_add(&p, false, ip4, 53, NULL), 0);
	for (unsigned i = 0; i < 2; i++) {
		memcpy(p.servers[i].mac, (uint8_t[]){2, 0, 0, 0, 0, 0x53}, 6);
		p.servers[i].mac_known = true;
	}
	flow_plan_finish(&p);
	return p;
}

static size_t
write_query(uint8_t *m, uint32_t number)
{
	char label[16];
	unsigned n = (unsigned)snprintf(label, sizeof label, "q%u", number);
	struct wire_writer w = wire_writer_make(m, 128);
	bool edns = number % 3 == 0;

	wire_write(&w, "\0\0\1\0\0\1\0\0\0\0\0", 11);
	wire_write8(&w, edns);
	wire_write8(&w, (uint8_t)n);
	wire_write(&w, label, n);
	wire_write(&w, "\7example\0\0\1\0\1", 13);
	if (edns)
		wire_write(&w, "\0\0\51\4\320\0\0\0\0\0\0", 11);
	ck_assert(!w.failed);
	return 128 - (size_t)(w.end - w.at);
}

static uint64_t
fingerprint_of_answer(const uint8_t *query, size_t bytes)
{
	uint8_t answer[128];
	uint64_t f = 0;

	memcpy(answer, query, bytes);
	answer[2] |= 0x84;
	ck_assert(answer_fingerprint(answer, bytes, &f));
	return f;
}

struct query_set *
rig_set(uint32_t count)
{
	struct query_set *s = calloc(1, sizeof *s);

	ck_assert_ptr_nonnull(s);
	s->queries = calloc(count, sizeof *s->queries);
	s->messages = calloc(count + 1, 128);
	ck_assert(s->queries && s->messages);
	s->count = s->distinct = count;
	s->of_kind[QUERY_HIT] = s->with_expected = count;
	for (uint32_t i = 0; i < count; i++) {
		uint8_t *m = s->messages + s->message_bytes;

		s->queries[i].at = s->message_bytes;
		s->queries[i].bytes = (uint16_t)write_query(m, i);
		s->queries[i].expected =
		    fingerprint_of_answer(m, s->queries[i].bytes);
		s->message_bytes += s->queries[i].bytes;
	}
	return s;
}

/* RFC 1071, word by word. */
static uint16_t
textbook_sum(uint32_t sum, const uint8_t *p, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static void
swap(uint8_t *a, uint8_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t c = a[i];

		a[i] = b[i];
		b[i] = c;
	}
}

size_t
rig_answer(uint8_t *frame, size_t bytes, unsigned rcode)
{
	bool ip6 = frame[12] == 0x86;
	uint8_t *ip = frame + 14, *udp = ip + (ip6 ? 40 : 20);
	unsigned address = ip6 ? 16 : 4;
	uint8_t *addresses = ip6 ? ip + 8 : ip + 12;
	uint16_t length = wire_load16(udp + 4), sum;

	swap(frame, frame + 6, 6);
	swap(addresses, addresses + address, address);
	swap(udp, udp + 2, 2);
	udp[8 + 2] |= 0x84; /* QR, AA */
	udp[8 + 3] = (uint8_t)rcode;
	wire_store16(udp + 6, 0);
	sum = textbook_sum(17u + length, addresses, 2 * address);
	sum = (uint16_t)~textbook_sum(sum, udp, length);
	wire_store16(udp + 6, sum ? sum : 0xffff);
	return bytes;
}

uint8_t *
rig_exact(const uint8_t *bytes, size_t n)
{
	uint8_t *p = malloc(n ? n : 1);

	ck_assert_ptr_nonnull(p);
	memcpy(p, bytes, n);
	return p;
}
