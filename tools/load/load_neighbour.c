/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ARP (RFC 826) and IPv6 neighbour discovery (RFC 4861), as little of them as
 * clients of one link need. Workers answer, the main thread asks.
 */
#include "tools/load/load_neighbour.h"

enum { OPTION_SOURCE_MAC = 1, OPTION_TARGET_MAC = 2, OPTION_BYTES = 8 };

static void
ethernet_write(
    uint8_t *frame, const uint8_t *to, const uint8_t *from, uint16_t type)
{
	memcpy(frame, to, LOAD_MAC_BYTES);
	memcpy(frame + LOAD_MAC_BYTES, from, LOAD_MAC_BYTES);
	wire_store16(frame + 12, type);
}

static size_t
arp_ask(uint8_t *frame, const struct flow_plan *p, const struct flow_server *s)
{
	static const uint8_t everybody[] = {255, 255, 255, 255, 255, 255};
	static const uint8_t request[] = {0, 1, 8, 0, 6, 4, 0, 1};
	uint8_t *arp = frame + LOAD_ETHERNET_BYTES;

	ethernet_write(frame, everybody, p->mac, LOAD_TYPE_ARP);
	memset(arp, 0, LOAD_ARP_BYTES);
	memcpy(arp, request, sizeof request);
	memcpy(arp + 8, p->mac, LOAD_MAC_BYTES);
	flow_client4(p, 0, arp + 14);
	memcpy(arp + 24, s->address, 4);
	return (size_t)LOAD_ETHERNET_BYTES + LOAD_ARP_BYTES;
}

/* The header in front of an ICMPv6 message of 32 octets that is there, and its
 * sum. Addresses are there too. */
static size_t
icmp6_finish(uint8_t *ip)
{
	enum { MESSAGE = LOAD_NEIGHBOUR_BYTES + OPTION_BYTES };
	uint8_t *icmp = ip + LOAD_IP6_BYTES;
	uint64_t sum;

	wire_store32(ip, 0x60000000);
	wire_store16(ip + 4, MESSAGE);
	ip[6] = LOAD_PROTOCOL_ICMP6;
	ip[7] = 255;
	wire_store16(icmp + 2, 0);
	sum = inet_sum_pseudo(ip + 8, 32, LOAD_PROTOCOL_ICMP6);
	inet_sum_store(icmp + 2,
	    inet_sum_add(inet_sum_add16(sum, MESSAGE), icmp, MESSAGE));
	return (size_t)LOAD_ETHERNET_BYTES + LOAD_IP6_BYTES + MESSAGE;
}

static void
option_write(uint8_t *icmp, uint8_t option, const uint8_t *mac)
{
	icmp[LOAD_NEIGHBOUR_BYTES] = option;
	icmp[LOAD_NEIGHBOUR_BYTES + 1] = 1; /* unit: eight octets */
	memcpy(icmp + LOAD_NEIGHBOUR_BYTES + 2, mac, LOAD_MAC_BYTES);
}

static size_t
solicitation_ask(
    uint8_t *frame, const struct flow_plan *p, const struct flow_server *s)
{
	static const uint8_t group[] = {
	    0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff};
	uint8_t *ip = frame + LOAD_ETHERNET_BYTES;
	uint8_t *icmp = ip + LOAD_IP6_BYTES;
	uint8_t mac[LOAD_MAC_BYTES] = {0x33, 0x33, 0xff};

	memcpy(mac + 3, s->address + 13, 3);
	ethernet_write(frame, mac, p->mac, LOAD_TYPE_IP6);
	flow_client6(p, 0, ip + 8);
	memcpy(ip + 24, group, sizeof group);
	memcpy(ip + 37, s->address + 13, 3);
	memset(icmp, 0, 8);
	icmp[0] = LOAD_ICMP6_SOLICITATION;
	memcpy(icmp + 8, s->address, 16);
	option_write(icmp, OPTION_SOURCE_MAC, p->mac);
	return icmp6_finish(ip);
}

size_t
neighbour_ask(
    uint8_t *frame, const struct flow_plan *p, const struct flow_server *s)
{
	return s->ip6 ? solicitation_ask(frame, p, s) : arp_ask(frame, p, s);
}

static size_t
arp_answer(
    uint8_t *frame, const struct load_frame *f, const struct flow_plan *p)
{
	uint8_t *arp = frame + f->l3;
	uint8_t target[4];

	if (!flow_net_holds(&p->net4, arp + 24))
		return 0;
	memcpy(target, arp + 24, 4);
	ethernet_write(frame, arp + 8, p->mac, LOAD_TYPE_ARP);
	arp[7] = 2;                    /* reply */
	memcpy(arp + 18, arp + 8, 10); /* who asked: MAC and IP address */
	memcpy(arp + 8, p->mac, LOAD_MAC_BYTES);
	memcpy(arp + 14, target, 4);
	return (size_t)LOAD_ETHERNET_BYTES + LOAD_ARP_BYTES;
}

/* To the asker's MAC address that Ethernet told; solicited and overriding. */
static size_t
solicitation_answer(
    uint8_t *frame, const struct load_frame *f, const struct flow_plan *p)
{
	uint8_t *ip = frame + f->l3, *icmp = ip + LOAD_IP6_BYTES;
	static const uint8_t nobody[16];
	uint8_t mac[LOAD_MAC_BYTES];

	if (!flow_net_holds(&p->net6, icmp + 8))
		return 0;
	/* A host that looks whether its address is taken has none yet; it did
	 * not take one of ours. */
	if (memcmp(ip + 8, nobody, 16) == 0)
		return 0;
	memcpy(mac, frame + LOAD_MAC_BYTES, LOAD_MAC_BYTES);
	ethernet_write(frame, mac, p->mac, LOAD_TYPE_IP6);
	memcpy(ip + 24, ip + 8, 16);
	memcpy(ip + 8, icmp + 8, 16);
	icmp[0] = LOAD_ICMP6_ADVERTISEMENT;
	wire_store32(icmp + 4, 0x60000000);
	option_write(icmp, OPTION_TARGET_MAC, p->mac);
	return icmp6_finish(ip);
}

size_t
neighbour_answer(uint8_t *frame, enum load_packet kind,
    const struct load_frame *f, const struct flow_plan *p)
{
	switch (kind) {
	case LOAD_PACKET_ARP_REQUEST:
		return arp_answer(frame, f, p);
	case LOAD_PACKET_SOLICITATION:
		return solicitation_answer(frame, f, p);
	default:
		return 0;
	}
}

/* Without the option the address is Ethernet's: an answer to one host comes
 * from its own. */
static const uint8_t *
advertised_mac(const uint8_t *frame, const struct load_frame *f)
{
	const uint8_t *option = frame + f->l4 + LOAD_NEIGHBOUR_BYTES;

	if (f->l4_bytes >= LOAD_NEIGHBOUR_BYTES + OPTION_BYTES &&
	    option[0] == OPTION_TARGET_MAC && option[1] == 1)
		return option + 2;
	return frame + LOAD_MAC_BYTES;
}

bool
neighbour_learn(const uint8_t *frame, enum load_packet kind,
    const struct load_frame *f, struct flow_plan *p)
{
	bool ip6 = kind == LOAD_PACKET_ADVERTISEMENT, any = false;
	const uint8_t *mac, *address;

	if (ip6) {
		mac = advertised_mac(frame, f);
		address = frame + f->l4 + 8;
	} else if (kind == LOAD_PACKET_ARP_REPLY) {
		mac = frame + f->l3 + 8;
		address = frame + f->l3 + 14;
	} else {
		return false;
	}
	for (unsigned i = 0; i < p->nservers4 + p->nservers6; i++) {
		struct flow_server *s = &p->servers[i];

		if (s->ip6 != ip6 ||
		    memcmp(s->address, address, ip6 ? 16 : 4) != 0)
			continue;
		memcpy(s->mac, mac, LOAD_MAC_BYTES);
		s->mac_known = any = true;
	}
	return any;
}
