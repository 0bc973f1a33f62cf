/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Fuzz target: what the load generator makes of a received frame: the parser,
 * the matching with its query, the neighbours' answers. The first octet says
 * what the port thinks of checksums, the rest is the frame, in a heap block of
 * exactly its size (or what an answer in place needs). Checked besides the
 * absence of crashes: parts lie inside the frame, an answer that matches has
 * its query's question, an answer to a neighbour is sound.
 */
#include <stdlib.h>
#include <string.h>

#include "base/wire.h"
#include "tools/load/answer_match.h"
#include "tools/load/load_neighbour.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

enum { FIRST_PORT = 16384 };

/* example. A and 127 labels; IDs are small, so that a fuzzer finds them. */
static uint8_t messages[2][128] = {
    {0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e',
	0, 0, 1, 0, 1},
    {0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 1, 'b', 0, 0, 28, 0, 1},
};
static struct load_query queries[2] = {
    {.at = 0, .bytes = 25}, {.at = sizeof messages[0], .bytes = 21}};
static struct query_set set = {
    .queries = queries, .count = 2, .messages = messages[0]};
static struct flow_plan plan;
static struct asked asked;

static void
check(bool holds)
{
	if (!holds)
		abort();
}

static void
set_up(void)
{
	static const uint8_t ip6[16] = {0x20, 1, 0xd, 0xb8, [15] = 0x53};
	static const uint8_t ip4[4] = {192, 0, 2, 53};
	struct query_parts *parts;

	plan = (struct flow_plan){
	    .mac = {2, 0, 0, 0, 0, 1},
	    .net4 = {.address = {198, 18}, .bits = 15},
	    .net6 = {.ip6 = true, .address = {0x20, 1, 0, 2}, .bits = 48},
	    .clients = 4,
	    .ip6_share = 32768,
	};
	check(flow_server_add(&plan, false, ip4, 53, NULL) == 0);
	check(flow_server_add(&plan, true, ip6, 53, NULL) == 0);
	check(query_parts_make(&parts, &set, NULL) == 0);
	asked = (struct asked){.flows = &plan, .set = &set, .parts = parts};
	check(outstanding_init(&asked.outstanding, OUTSTANDING_BITS_MIN,
		  FIRST_PORT, NULL) == 0);
	for (uint32_t i = 0; i < 64; i++)
		outstanding_push(&asked.outstanding, i, i % 2);
}

static void
check_udp(const uint8_t *frame, size_t bytes, const struct load_frame *f)
{
	struct answer a;
	unsigned end;

	check(f->l4_bytes >= LOAD_UDP_BYTES);
	check((size_t)f->l4 + f->l4_bytes <= bytes);
	if ((wire_load16(frame + f->l4 + 2) & ~15u) != FIRST_PORT)
		return; /* the worker gives it to nobody */
	if (answer_match(&asked, frame, f, &a) > ANSWER_LATE)
		return;
	end = asked.parts[a.slot->query].question_end;
	check(a.sequence < 64 && a.bytes >= end);
	check(!memcmp(a.message + 12, messages[a.slot->query] + 12, end - 12));
}

static void
check_neighbour(const uint8_t *frame, size_t bytes, enum load_packet kind,
    struct load_frame f)
{
	size_t room = bytes > NEIGHBOUR_ROOM ? bytes : (size_t)NEIGHBOUR_ROOM;
	uint8_t *b = calloc(1, room);
	struct flow_plan learning = plan;
	size_t n;

	memcpy(b, frame, bytes);
	neighbour_learn(b, kind, &f, &learning);
	n = neighbour_answer(b, kind, &f, &plan);
	check(n <= room);
	if (n > 0) {
		kind = load_frame_parse(b, n, 0, &f);
		check(kind == LOAD_PACKET_ARP_REPLY ||
		      kind == LOAD_PACKET_ADVERTISEMENT);
		check(!memcmp(b + LOAD_MAC_BYTES, plan.mac, LOAD_MAC_BYTES));
	}
	free(b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	enum load_packet kind;
	struct load_frame f;
	uint8_t *frame;

	if (!asked.parts)
		set_up();
	if (bytes == 0)
		return 0;
	bytes--;
	frame = malloc(bytes ? bytes : 1);
	memcpy(frame, data + 1, bytes);
	kind = load_frame_parse(frame, bytes, data[0] & 15u, &f);
	check((unsigned)kind <= LOAD_PACKET_OTHER);
	switch (kind) {
	case LOAD_PACKET_UDP:
		check_udp(frame, bytes, &f);
		break;
	case LOAD_PACKET_ARP_REQUEST:
	case LOAD_PACKET_ARP_REPLY:
	case LOAD_PACKET_SOLICITATION:
	case LOAD_PACKET_ADVERTISEMENT:
		check((size_t)f.l4 + f.l4_bytes <= bytes);
		check_neighbour(frame, bytes, kind, f);
		break;
	default:
		break;
	}
	free(frame);
	return 0;
}
