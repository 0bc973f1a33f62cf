/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Who asks whom: clients, servers, and the frames between them. The flow of a
 * query follows from its sequence number alone, so that nothing is stored about
 * it and an answer is held against the same computation. Frames are a copy of
 * the server's header, made beforehand, with the client's numbers put in; the
 * sums of all that never changes are known. Pure; read-only during a run.
 */
#ifndef HOLDFAST_LOAD_FLOW_H
#define HOLDFAST_LOAD_FLOW_H

#include <stdalign.h>

#include "base/err.h"
#include "base/wire.h"
#include "tools/load/inet_sum.h"
#include "tools/load/load_frame.h"

enum {
	FLOW_SERVERS_MAX = 16,
	FLOW_HEADER_ROOM = 64, /* a frame's headers, as they are copied */
	FLOW_HOP_LIMIT = 64,
};

/* An address and how many of its bits are the network's. IPv4: four bytes. */
struct flow_net {
	bool ip6;
	uint8_t address[16];
	uint8_t bits;
};

struct flow_server {
	alignas(64) uint8_t header[FLOW_HEADER_ROOM];
	uint64_t ip_sum, udp_sum; /* of what is the same in all frames */
	bool ip6;
	bool mac_known;
	uint8_t address[16]; /* IPv4: four bytes */
	uint8_t mac[LOAD_MAC_BYTES];
	uint16_t port;
};

struct flow_plan {
	struct flow_server servers[FLOW_SERVERS_MAX]; /* IPv4 in front */
	unsigned nservers4, nservers6;
	uint8_t mac[LOAD_MAC_BYTES]; /* ours */
	struct flow_net net4, net6;
	uint32_t clients;
	uint32_t ip6_share; /* of 65536 queries */
};

struct flow {
	const struct flow_server *server;
	uint32_t client; /* 0 .. clients - 1 */
};

/* Clients have the addresses behind the network's own: they must fit. */
int flow_plan_check(const struct flow_plan *p, struct err *err);
/* Adds a server; its MAC address may come later. */
int flow_server_add(struct flow_plan *p, bool ip6, const uint8_t *address,
    uint16_t port, struct err *err);
/* Makes the headers, once all MAC addresses are known. */
void flow_plan_finish(struct flow_plan *p);

bool flow_net_holds(const struct flow_net *net, const uint8_t *address);

/* `key` is a sequence number, salted for each worker. The golden ratio spreads
 * neighbours: clients take turns, every one is asked as often as any other. */
static inline struct flow
flow_of(const struct flow_plan *p, uint64_t key)
{
	uint64_t h = key * 0x9e3779b97f4a7c15u;
	uint32_t client = (uint32_t)(((h >> 32) * p->clients) >> 32);
	bool ip6 = ((h >> 16) & 0xffff) < p->ip6_share;
	unsigned of = ip6 ? p->nservers6 : p->nservers4;
	unsigned server = (unsigned)(((h & 0xffff) * of) >> 16);

	return (struct flow){
	    &p->servers[ip6 ? p->nservers4 + server : server], client};
}

static inline void
flow_client4(const struct flow_plan *p, uint32_t client, uint8_t *out)
{
	wire_store32(out, wire_load32(p->net4.address) + 1 + client);
}

/* Every client has a /64 of its own, as far as there are enough: limits of
 * servers look at prefixes. */
static inline void
flow_client6(const struct flow_plan *p, uint32_t client, uint8_t *out)
{
	memcpy(out, p->net6.address, 16);
	if (p->net6.bits <= 48)
		wire_store16(out + 6, (uint16_t)client);
	wire_store32(out + 12, wire_load32(out + 12) + 1 + client);
}

/* What changes in a frame besides its flow. */
struct flow_message {
	const uint8_t *bytes; /* may be over-read by 31 octets */
	uint16_t length;
	uint16_t sum; /* inet_sum_fold() of the message with ID 0 */
	uint16_t id, source_port;
};

static inline void
flow_message_copy(uint8_t *to, const struct flow_message *m)
{
	for (unsigned i = 0; i < m->length; i += 32)
		memcpy(to + i, m->bytes + i, 32);
	wire_store16(to, m->id);
}

static inline void
flow_udp_write(uint8_t *udp, const struct flow_message *m, uint64_t sum)
{
	uint16_t length = (uint16_t)(LOAD_UDP_BYTES + m->length);

	flow_message_copy(udp + LOAD_UDP_BYTES, m);
	wire_store16(udp, m->source_port);
	wire_store16(udp + 4, length);
	/* twice the length: the pseudo header has it too */
	sum = inet_sum_add16(inet_sum_add16(sum, length), length);
	sum = inet_sum_add16(inet_sum_add16(sum, m->id), m->source_port);
	inet_sum_store(udp + 6, sum + m->sum);
}

/* Writes the whole frame and returns its length; needs LOAD_HEADERS_MAX and the
 * message's length, rounded up to 32, of room. */
static inline size_t
flow_frame_write(uint8_t *frame, const struct flow_plan *p, struct flow flow,
    const struct flow_message *m)
{
	const struct flow_server *s = flow.server;
	uint8_t *ip = frame + LOAD_ETHERNET_BYTES;
	uint16_t length = (uint16_t)(LOAD_UDP_BYTES + m->length);
	uint64_t client;

	memcpy(frame, s->header, FLOW_HEADER_ROOM);
	if (s->ip6) {
		wire_store16(ip + 4, length);
		flow_client6(p, flow.client, ip + 8);
		client = inet_sum_add(0, ip + 8, 16);
		flow_udp_write(ip + LOAD_IP6_BYTES, m, s->udp_sum + client);
		return (size_t)LOAD_ETHERNET_BYTES + LOAD_IP6_BYTES + length;
	}
	length += LOAD_IP4_BYTES;
	wire_store16(ip + 2, length);
	flow_client4(p, flow.client, ip + 12);
	client = inet_sum_add(0, ip + 12, 4);
	inet_sum_store(ip + 10, inet_sum_add16(s->ip_sum + client, length));
	flow_udp_write(ip + LOAD_IP4_BYTES, m, s->udp_sum + client);
	return (size_t)LOAD_ETHERNET_BYTES + length;
}

/* Does this frame go from the flow's server to its client? */
static inline bool
flow_is_answered_by(const struct flow_plan *p, struct flow flow,
    const struct load_frame *f, const uint8_t *data)
{
	const uint8_t *addresses = load_frame_addresses(f, data);
	const struct flow_server *s = flow.server;
	uint8_t client[16];

	if (f->ip6 != s->ip6 || wire_load16(data + f->l4) != s->port)
		return false;
	if (f->ip6) {
		flow_client6(p, flow.client, client);
		return memcmp(addresses, s->address, 16) == 0 &&
		       memcmp(addresses + 16, client, 16) == 0;
	}
	flow_client4(p, flow.client, client);
	return memcmp(addresses, s->address, 4) == 0 &&
	       memcmp(addresses + 4, client, 4) == 0;
}

#endif
