/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The parser of received frames; workers run it once a packet. A straight walk
 * down the headers, each step bounded by what the one before has found.
 */
#include "tools/load/load_frame.h"

#include "base/wire.h"
#include "tools/load/inet_sum.h"

/* l4 and l4_bytes lie within the frame; `pseudo` lacks the length. */
static enum load_packet
parse_udp(
    const uint8_t *data, unsigned sums, uint64_t pseudo, struct load_frame *f)
{
	const uint8_t *udp = data + f->l4;
	uint16_t length, sum;

	if (f->l4_bytes < LOAD_UDP_BYTES)
		return LOAD_PACKET_MALFORMED;
	length = wire_load16(udp + 4);
	if (length < LOAD_UDP_BYTES || length > f->l4_bytes)
		return LOAD_PACKET_MALFORMED;
	f->l4_bytes = length; /* RFC 768: less than IP's is legal */
	sum = wire_load16(udp + 6);
	if (sum == 0) /* none; not allowed in IPv6 (RFC 8200 section 8.1) */
		return f->ip6 ? LOAD_PACKET_MALFORMED : LOAD_PACKET_UDP;
	if (sums & LOAD_SUM_UDP_BAD)
		return LOAD_PACKET_MALFORMED;
	if (!(sums & LOAD_SUM_UDP_GOOD) &&
	    inet_sum_fold(inet_sum_add(
		inet_sum_add16(pseudo, length), udp, length)) != 0xffff)
		return LOAD_PACKET_MALFORMED;
	return LOAD_PACKET_UDP;
}

static enum load_packet
parse_ip4(
    const uint8_t *data, size_t bytes, unsigned sums, struct load_frame *f)
{
	const uint8_t *ip = data + f->l3;
	size_t avail = bytes - f->l3;
	unsigned header, total;

	if (avail < LOAD_IP4_BYTES)
		return LOAD_PACKET_MALFORMED;
	header = (ip[0] & 15u) * 4;
	total = wire_load16(ip + 2);
	if (ip[0] >> 4 != 4 || header < LOAD_IP4_BYTES || header > total ||
	    total > avail || sums & LOAD_SUM_IP_BAD)
		return LOAD_PACKET_MALFORMED;
	if (!(sums & LOAD_SUM_IP_GOOD) &&
	    inet_sum_fold(inet_sum_add(0, ip, header)) != 0xffff)
		return LOAD_PACKET_MALFORMED;
	if (wire_load16(ip + 6) & 0x3fff) /* more fragments, or an offset */
		return LOAD_PACKET_FRAGMENT;
	f->ip6 = false;
	f->l4 = (uint16_t)(f->l3 + header);
	f->l4_bytes = (uint16_t)(total - header);
	if (ip[9] == LOAD_PROTOCOL_UDP)
		return parse_udp(data, sums,
		    inet_sum_pseudo(ip + 12, 8, LOAD_PROTOCOL_UDP), f);
	if (ip[9] == LOAD_PROTOCOL_ICMP4 && f->l4_bytes >= 8 &&
	    data[f->l4] == 3)
		return LOAD_PACKET_UNREACHABLE;
	return LOAD_PACKET_OTHER;
}

static enum load_packet
parse_icmp6(const uint8_t *data, unsigned sums, const struct load_frame *f)
{
	const uint8_t *ip = data + f->l3, *icmp = data + f->l4;
	uint64_t pseudo = inet_sum_pseudo(ip + 8, 32, LOAD_PROTOCOL_ICMP6);

	if (f->l4_bytes < 8)
		return LOAD_PACKET_MALFORMED;
	if (!(sums & LOAD_SUM_UDP_GOOD) &&
	    inet_sum_fold(inet_sum_add(inet_sum_add16(pseudo, f->l4_bytes),
		icmp, f->l4_bytes)) != 0xffff)
		return LOAD_PACKET_MALFORMED;
	if (icmp[0] == 1)
		return LOAD_PACKET_UNREACHABLE;
	if (icmp[0] != LOAD_ICMP6_SOLICITATION &&
	    icmp[0] != LOAD_ICMP6_ADVERTISEMENT)
		return LOAD_PACKET_OTHER;
	/* RFC 4861 section 7.1: from a neighbour, whole */
	if (ip[7] != 255 || icmp[1] != 0 || f->l4_bytes < LOAD_NEIGHBOUR_BYTES)
		return LOAD_PACKET_MALFORMED;
	return icmp[0] == LOAD_ICMP6_SOLICITATION ? LOAD_PACKET_SOLICITATION
	                                          : LOAD_PACKET_ADVERTISEMENT;
}

static enum load_packet
parse_ip6(
    const uint8_t *data, size_t bytes, unsigned sums, struct load_frame *f)
{
	const uint8_t *ip = data + f->l3;

	if (bytes - f->l3 < LOAD_IP6_BYTES || ip[0] >> 4 != 6)
		return LOAD_PACKET_MALFORMED;
	f->ip6 = true;
	f->l4 = (uint16_t)(f->l3 + LOAD_IP6_BYTES);
	f->l4_bytes = wire_load16(ip + 4);
	if (f->l4_bytes > bytes - f->l4)
		return LOAD_PACKET_MALFORMED;
	switch (ip[6]) {
	case LOAD_PROTOCOL_UDP:
		return parse_udp(data, sums,
		    inet_sum_pseudo(ip + 8, 32, LOAD_PROTOCOL_UDP), f);
	case LOAD_PROTOCOL_ICMP6:
		return parse_icmp6(data, sums, f);
	case LOAD_PROTOCOL_FRAGMENT:
		return LOAD_PACKET_FRAGMENT;
	default:
		return LOAD_PACKET_OTHER;
	}
}

/* Ethernet and IPv4 (RFC 826). */
static enum load_packet
parse_arp(const uint8_t *data, size_t bytes, struct load_frame *f)
{
	static const uint8_t kind[6] = {0, 1, 8, 0, 6, 4};
	const uint8_t *arp = data + f->l3;

	f->ip6 = false;
	f->l4 = f->l3;
	f->l4_bytes = LOAD_ARP_BYTES;
	if (bytes - f->l3 < LOAD_ARP_BYTES)
		return LOAD_PACKET_MALFORMED;
	if (memcmp(arp, kind, sizeof kind) != 0)
		return LOAD_PACKET_OTHER;
	switch (wire_load16(arp + 6)) {
	case 1:
		return LOAD_PACKET_ARP_REQUEST;
	case 2:
		return LOAD_PACKET_ARP_REPLY;
	default:
		return LOAD_PACKET_OTHER;
	}
}

enum load_packet
load_frame_parse(
    const uint8_t *data, size_t bytes, unsigned sums, struct load_frame *out)
{
	if (bytes < LOAD_ETHERNET_BYTES || bytes > UINT16_MAX)
		return LOAD_PACKET_MALFORMED;
	out->l3 = LOAD_ETHERNET_BYTES;
	switch (wire_load16(data + 12)) {
	case LOAD_TYPE_IP4:
		return parse_ip4(data, bytes, sums, out);
	case LOAD_TYPE_IP6:
		return parse_ip6(data, bytes, sums, out);
	case LOAD_TYPE_ARP:
		return parse_arp(data, bytes, out);
	default:
		return LOAD_PACKET_OTHER;
	}
}
