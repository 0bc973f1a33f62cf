/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The plan of clients and servers, made once by the main thread; see
 * load_flow.h for what workers do with it.
 */
#include "tools/load/load_flow.h"

int
flow_server_add(struct flow_plan *p, bool ip6, const uint8_t *address,
    uint16_t port, struct err *err)
{
	unsigned n = p->nservers4 + p->nservers6, at = ip6 ? n : p->nservers4;
	struct flow_server *s = &p->servers[at];

	if (n == FLOW_SERVERS_MAX)
		return err_set(err, ERR_LIMIT, "--server: more than %d servers",
		    FLOW_SERVERS_MAX);
	memmove(s + 1, s, (n - at) * sizeof *s);
	*s = (struct flow_server){.ip6 = ip6, .port = port};
	memcpy(s->address, address, ip6 ? 16 : 4);
	if (ip6)
		p->nservers6++;
	else
		p->nservers4++;
	return 0;
}

static int
net_check(const struct flow_net *net, uint32_t clients, struct err *err)
{
	unsigned host_bits = (net->ip6 ? 128u : 32u) - net->bits;
	/* the network's own address and, in IPv4, the last are left out */
	uint64_t most =
	    (host_bits >= 32 ? UINT64_C(1) << 32 : UINT64_C(1) << host_bits) -
	    2;

	if (host_bits < 2 || clients > most)
		return err_set(err, ERR_USAGE,
		    "--clients %u: the network --client-net%s of /%u has "
		    "room for %lu; widen it or take fewer clients",
		    clients, net->ip6 ? "6" : "4", net->bits,
		    host_bits < 2 ? 0ul : (unsigned long)most);
	for (unsigned bit = net->bits; bit < net->bits + host_bits; bit++)
		if (net->address[bit / 8] >> (7 - bit % 8) & 1)
			return err_set(err, ERR_USAGE,
			    "--client-net%s: bits behind the first %u must "
			    "be zero",
			    net->ip6 ? "6" : "4", net->bits);
	return 0;
}

int
flow_plan_check(const struct flow_plan *p, struct err *err)
{
	int rc = 0;

	if (p->nservers4 + p->nservers6 == 0)
		return err_set(err, ERR_USAGE,
		    "nobody to ask: name the server's address, such as "
		    "--server 192.0.2.53");
	if (p->ip6_share > 0 && p->nservers6 == 0)
		return err_set(err, ERR_USAGE,
		    "--ipv6: there is no --server with an IPv6 address");
	if (p->ip6_share < 65536 && p->nservers4 == 0)
		return err_set(err, ERR_USAGE,
		    "--ipv6: below 100 there must be a --server with an IPv4 "
		    "address");
	if (p->ip6_share < 65536)
		rc = net_check(&p->net4, p->clients, err);
	if (!rc && p->ip6_share > 0)
		rc = net_check(&p->net6, p->clients, err);
	return rc;
}

bool
flow_net_holds(const struct flow_net *net, const uint8_t *address)
{
	unsigned whole = net->bits / 8, rest = net->bits % 8;

	return memcmp(net->address, address, whole) == 0 &&
	       (rest == 0 ||
		   (net->address[whole] ^ address[whole]) >> (8 - rest) == 0);
}

static void
make_header6(struct flow_server *s)
{
	uint8_t *ip = s->header + LOAD_ETHERNET_BYTES;

	ip[0] = 0x60;
	ip[6] = LOAD_PROTOCOL_UDP;
	ip[7] = FLOW_HOP_LIMIT;
	memcpy(ip + 24, s->address, 16);
	wire_store16(ip + LOAD_IP6_BYTES + 2, s->port);
	s->udp_sum = inet_sum_add(0, s->address, 16);
}

/* Identification is zero with "don't fragment" (RFC 6864 section 4.1). */
static void
make_header4(struct flow_server *s)
{
	uint8_t *ip = s->header + LOAD_ETHERNET_BYTES;

	ip[0] = 0x45;
	ip[6] = 0x40;
	ip[8] = FLOW_HOP_LIMIT;
	ip[9] = LOAD_PROTOCOL_UDP;
	memcpy(ip + 16, s->address, 4);
	s->ip_sum = inet_sum_add(0, ip, LOAD_IP4_BYTES);
	wire_store16(ip + LOAD_IP4_BYTES + 2, s->port);
	s->udp_sum = inet_sum_add(0, s->address, 4);
}

void
flow_plan_finish(struct flow_plan *p)
{
	for (unsigned i = 0; i < p->nservers4 + p->nservers6; i++) {
		struct flow_server *s = &p->servers[i];

		memset(s->header, 0, sizeof s->header);
		memcpy(s->header, s->mac, LOAD_MAC_BYTES);
		memcpy(s->header + LOAD_MAC_BYTES, p->mac, LOAD_MAC_BYTES);
		wire_store16(
		    s->header + 12, s->ip6 ? LOAD_TYPE_IP6 : LOAD_TYPE_IP4);
		if (s->ip6)
			make_header6(s);
		else
			make_header4(s);
		s->udp_sum = inet_sum_add16(s->udp_sum, LOAD_PROTOCOL_UDP);
		s->udp_sum = inet_sum_add16(s->udp_sum, s->port);
	}
}
