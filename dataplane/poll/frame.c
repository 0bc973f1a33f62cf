/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The frame parser; poll cores run it once a packet. A straight walk down the
 * headers. Each step takes a bounded part of the frame and either ends with a
 * verdict or calls the next. Neighbour discovery is in frame_neighbour.c.
 */
#include "dataplane/poll/frame.h"

#include "base/wire.h"
#include "dataplane/poll/checksum.h"
#include "dataplane/poll/frame_wire.h"

bool
frame_address4_is_ours(const struct frame_host *host, const uint8_t *a)
{
	uint32_t address;

	memcpy(&address, a, 4);
	for (unsigned i = 0; i < host->naddresses4; i++)
		if (host->addresses4[i] == address)
			return true;
	return false;
}

bool
frame_address6_is_ours(const struct frame_host *host, const uint8_t *a)
{
	for (unsigned i = 0; i < host->naddresses6; i++)
		if (!memcmp(host->addresses6[i], a, 16))
			return true;
	return false;
}

/* What must never come from the wire as the source of something we answer:
 * "this network", loopback, multicast and above, ourselves (RFC 1122 section
 * 3.2.1.3, RFC 6890). */
static bool
source4_is_martian(const struct frame_host *host, const uint8_t *a)
{
	return a[0] == 0 || a[0] == 127 || a[0] >= 224 ||
	       frame_address4_is_ours(host, a);
}

/* Multicast, unspecified, loopback, v4-mapped (all but multicast lie in ::/80
 * or so: the first ten octets are zero), ourselves. */
static bool
source6_is_martian(const struct frame_host *host, const uint8_t *a)
{
	static const uint8_t zeros[10];

	return a[0] == 0xff || !memcmp(a, zeros, sizeof zeros) ||
	       frame_address6_is_ours(host, a);
}

/* l4 and l4_bytes are within the frame; `pseudo` is the pseudo header's sum. */
static enum packet_verdict
parse_udp(const uint8_t *data, unsigned sums, uint64_t pseudo, struct frame *f)
{
	const uint8_t *udp = data + f->l4;
	uint16_t length, sum;

	if (f->l4_bytes < FRAME_UDP_BYTES)
		return PACKET_DROP_UDP_LENGTH;
	length = wire_load16(udp + 4);
	if (length < FRAME_UDP_BYTES || length > f->l4_bytes)
		return PACKET_DROP_UDP_LENGTH;
	if (wire_load16(udp + 2) != FRAME_DNS_PORT)
		return PACKET_PUNT_UDP_PORT;
	f->l4_bytes = length; /* RFC 768: less than IP's is legal */
	sum = wire_load16(udp + 6);
	if (sum == 0 && f->ip6)
		return PACKET_DROP_UDP6_UNSUMMED;
	if (sum != 0 && sums & FRAME_L4_SUM_BAD)
		return PACKET_DROP_UDP_CHECKSUM;
	if (sum != 0 && !(sums & FRAME_L4_SUM_GOOD) &&
	    checksum_fold(checksum_add(
		checksum_add64(pseudo, udp[4] | (uint64_t)udp[5] << 8), udp,
		length)) != 0xffff)
		return PACKET_DROP_UDP_CHECKSUM;
	if (wire_load16(udp) == 0)
		return PACKET_DROP_SOURCE_PORT;
	return PACKET_QUERY;
}

static enum packet_verdict
parse_icmp4(const uint8_t *data, unsigned sums, const struct frame *f)
{
	const uint8_t *icmp = data + f->l4;

	if (f->l4_bytes < 8)
		return PACKET_DROP_ICMP;
	switch (icmp[0]) {
	case 8: /* echo request (RFC 792) */
		break;
	case 3: /* unreachable, source quench, redirect, time exceeded, */
	case 4: /* parameter problem */
	case 5:
	case 11:
	case 12:
		return PACKET_PUNT_ICMP_ERROR;
	default:
		return PACKET_PUNT_ICMP;
	}
	if (icmp[1] != 0)
		return PACKET_DROP_ICMP;
	if (!(sums & FRAME_L4_SUM_GOOD) &&
	    checksum_fold(checksum_add(0, icmp, f->l4_bytes)) != 0xffff)
		return PACKET_DROP_ICMP;
	return PACKET_ECHO_ANSWERED;
}

/* Fields of the header that contradict each other or the frame. */
static enum packet_verdict
check_ip4(const uint8_t *ip, size_t avail, unsigned sums)
{
	unsigned header = (ip[0] & 15u) * 4, total = wire_load16(ip + 2);

	if (ip[0] >> 4 != 4 || header < FRAME_IP4_BYTES)
		return PACKET_DROP_IP_VERSION;
	if (header > avail)
		return PACKET_DROP_FRAME_SHORT;
	if (total < header || total > avail)
		return PACKET_DROP_IP_LENGTH;
	if (sums & FRAME_IP_SUM_BAD)
		return PACKET_DROP_IP_CHECKSUM;
	if (!(sums & FRAME_IP_SUM_GOOD) &&
	    checksum_fold(checksum_add(0, ip, header)) != 0xffff)
		return PACKET_DROP_IP_CHECKSUM;
	return PACKET_QUERY;
}

static enum packet_verdict
parse_ip4(const struct frame_host *host, const uint8_t *data, size_t bytes,
    unsigned sums, struct frame *f)
{
	const uint8_t *ip = data + f->l3;
	enum packet_verdict v;

	if (bytes - f->l3 < FRAME_IP4_BYTES)
		return PACKET_DROP_FRAME_SHORT;
	v = check_ip4(ip, bytes - f->l3, sums);
	if (v != PACKET_QUERY)
		return v;
	if (!frame_address4_is_ours(host, ip + 16))
		return PACKET_PUNT_ADDRESS;
	if (frame_is_for_group(data))
		return PACKET_DROP_FRAME_GROUP;
	if (source4_is_martian(host, ip + 12))
		return PACKET_DROP_SOURCE_ADDRESS;
	if (ip[0] != 0x45)
		return PACKET_PUNT_OPTIONS;
	if (wire_load16(ip + 6) & 0x3fff) /* more fragments, or an offset */
		return PACKET_PUNT_FRAGMENT;
	f->ip6 = false;
	f->l4 = (uint16_t)(f->l3 + FRAME_IP4_BYTES);
	f->l4_bytes = (uint16_t)(wire_load16(ip + 2) - FRAME_IP4_BYTES);
	switch (ip[9]) {
	case FRAME_PROTOCOL_UDP:
		return parse_udp(data, sums,
		    checksum_pseudo(ip + 12, 8, FRAME_PROTOCOL_UDP, 0), f);
	case FRAME_PROTOCOL_TCP:
		return PACKET_PUNT_TCP;
	case FRAME_PROTOCOL_ICMP:
		return parse_icmp4(data, sums, f);
	default:
		return PACKET_PUNT_PROTOCOL;
	}
}

static enum packet_verdict
parse_echo6(const struct frame_host *host, const uint8_t *data, struct frame *f)
{
	const uint8_t *ip = data + f->l3;

	if (!frame_address6_is_ours(host, ip + 24))
		return PACKET_PUNT_ADDRESS;
	if (frame_is_for_group(data))
		return PACKET_DROP_FRAME_GROUP;
	if (source6_is_martian(host, ip + 8))
		return PACKET_DROP_SOURCE_ADDRESS;
	return data[f->l4 + 1] == 0 ? PACKET_ECHO_ANSWERED : PACKET_DROP_ICMP;
}

static enum packet_verdict
parse_icmp6(const struct frame_host *host, const uint8_t *data, unsigned sums,
    struct frame *f)
{
	const uint8_t *ip = data + f->l3, *icmp = data + f->l4;

	if (f->l4_bytes < 4)
		return PACKET_DROP_ICMP;
	if (!(sums & FRAME_L4_SUM_GOOD) &&
	    checksum_fold(checksum_add(
		checksum_pseudo(ip + 8, 32, FRAME_PROTOCOL_ICMP6, f->l4_bytes),
		icmp, f->l4_bytes)) != 0xffff)
		return PACKET_DROP_ICMP;
	switch (icmp[0]) {
	case FRAME_ICMP6_ECHO:
		return f->l4_bytes < 8 ? PACKET_DROP_ICMP
		                       : parse_echo6(host, data, f);
	case FRAME_ICMP6_SOLICITATION:
		return frame_solicitation_parse(host, data, f);
	case FRAME_ICMP6_ADVERTISEMENT:
		return PACKET_PUNT_NEIGHBOUR;
	default: /* RFC 4443 section 2.1: errors are 0 to 127 */
		return icmp[0] < 128 ? PACKET_PUNT_ICMP_ERROR
		                     : PACKET_PUNT_ICMP;
	}
}

static enum packet_verdict
parse_ip6_service(const struct frame_host *host, const uint8_t *data,
    unsigned sums, struct frame *f)
{
	const uint8_t *ip = data + f->l3;

	if (!frame_address6_is_ours(host, ip + 24))
		return PACKET_PUNT_ADDRESS;
	if (frame_is_for_group(data))
		return PACKET_DROP_FRAME_GROUP;
	if (source6_is_martian(host, ip + 8))
		return PACKET_DROP_SOURCE_ADDRESS;
	switch (ip[6]) {
	case FRAME_PROTOCOL_UDP:
		return parse_udp(data, sums,
		    checksum_pseudo(ip + 8, 32, FRAME_PROTOCOL_UDP, 0), f);
	case FRAME_PROTOCOL_TCP:
		return PACKET_PUNT_TCP;
	case 44: /* an atomic fragment (RFC 6946) is one too */
		return PACKET_PUNT_FRAGMENT;
	case 0:  /* hop by hop, routing, ESP, AH, destination options, */
	case 43: /* mobility, HIP, shim6 */
	case 50:
	case 51:
	case 60:
	case 135:
	case 139:
	case 140:
		return PACKET_PUNT_OPTIONS;
	default:
		return PACKET_PUNT_PROTOCOL;
	}
}

static enum packet_verdict
parse_ip6(const struct frame_host *host, const uint8_t *data, size_t bytes,
    unsigned sums, struct frame *f)
{
	const uint8_t *ip = data + f->l3;

	if (bytes - f->l3 < FRAME_IP6_BYTES)
		return PACKET_DROP_FRAME_SHORT;
	if (ip[0] >> 4 != 6)
		return PACKET_DROP_IP_VERSION;
	f->ip6 = true;
	f->l4 = (uint16_t)(f->l3 + FRAME_IP6_BYTES);
	f->l4_bytes = wire_load16(ip + 4);
	if (f->l4_bytes > bytes - f->l4)
		return PACKET_DROP_IP_LENGTH;
	/* neighbour discovery comes to multicast addresses: it looks at the
	 * addresses itself */
	if (ip[6] == FRAME_PROTOCOL_ICMP6)
		return parse_icmp6(host, data, sums, f);
	return parse_ip6_service(host, data, sums, f);
}

enum packet_verdict
frame_parse(const struct frame_host *host, const uint8_t *data, size_t bytes,
    unsigned sums, struct frame *out)
{
	uint16_t type;

	if (bytes < FRAME_ETHERNET_BYTES)
		return PACKET_DROP_FRAME_SHORT;
	if (bytes > UINT16_MAX) /* offsets are 16 bits */
		return PACKET_DROP_FRAME_CHAINED;
	if (!frame_is_for_group(data) && memcmp(data, host->mac, 6))
		return PACKET_DROP_FRAME_MAC;
	if (!frame_source_is_sound(data))
		return PACKET_DROP_FRAME_SOURCE;
	out->l3 = FRAME_ETHERNET_BYTES;
	type = wire_load16(data + 12);
	if (type == FRAME_TYPE_VLAN) {
		if (bytes < FRAME_ETHERNET_BYTES + FRAME_TAG_BYTES)
			return PACKET_DROP_FRAME_SHORT;
		out->l3 += FRAME_TAG_BYTES;
		type = wire_load16(data + 16);
	}
	switch (type) {
	case FRAME_TYPE_IP4:
		return parse_ip4(host, data, bytes, sums, out);
	case FRAME_TYPE_IP6:
		return parse_ip6(host, data, bytes, sums, out);
	case FRAME_TYPE_ARP:
		return frame_arp_parse(host, data, bytes, out);
	default:
		return PACKET_PUNT_ETHERTYPE;
	}
}
