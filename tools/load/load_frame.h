/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What comes back from the wire: from the bytes of an Ethernet frame to its
 * kind, and where its parts lie. Pure: bytes in, offsets out, no DPDK, no
 * allocation; never reads behind the bytes given. Whether an answer was asked
 * for is answer_match.h's business.
 *
 *   Ethernet 14 | IPv4 20 or IPv6 40 | UDP 8 | message | padding
 *   0           l3                   l4      l4 + 8
 */
#ifndef HOLDFAST_LOAD_FRAME_H
#define HOLDFAST_LOAD_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum load_frame_sizes {
	LOAD_MAC_BYTES = 6,
	LOAD_ETHERNET_BYTES = 14,
	LOAD_IP4_BYTES = 20,
	LOAD_IP6_BYTES = 40,
	LOAD_UDP_BYTES = 8,
	LOAD_ARP_BYTES = 28,
	LOAD_NEIGHBOUR_BYTES = 24, /* of ICMPv6: header and target */
	LOAD_HEADERS_MAX =
	    LOAD_ETHERNET_BYTES + LOAD_IP6_BYTES + LOAD_UDP_BYTES,
};

enum load_frame_numbers {
	LOAD_TYPE_IP4 = 0x0800,
	LOAD_TYPE_ARP = 0x0806,
	LOAD_TYPE_IP6 = 0x86dd,
	LOAD_PROTOCOL_ICMP4 = 1,
	LOAD_PROTOCOL_UDP = 17,
	LOAD_PROTOCOL_FRAGMENT = 44,
	LOAD_PROTOCOL_ICMP6 = 58,
	LOAD_ICMP6_SOLICITATION = 135,
	LOAD_ICMP6_ADVERTISEMENT = 136,
};

enum load_packet {
	LOAD_PACKET_UDP, /* sound, not empty */
	LOAD_PACKET_ARP_REQUEST,
	LOAD_PACKET_ARP_REPLY,
	LOAD_PACKET_SOLICITATION, /* neighbours; the ICMPv6 sum is good */
	LOAD_PACKET_ADVERTISEMENT,
	LOAD_PACKET_UNREACHABLE, /* ICMP says that nobody is there */
	LOAD_PACKET_FRAGMENT,    /* a large answer; not put together here */
	LOAD_PACKET_MALFORMED,   /* IP or UDP lengths or sums are wrong */
	LOAD_PACKET_OTHER,       /* no business of ours */
};

/* What the port's hardware, or the operator, has said of the checksums. */
enum frame_said {
	LOAD_SUM_IP_GOOD = 1,
	LOAD_SUM_IP_BAD = 2,
	LOAD_SUM_UDP_GOOD = 4,
	LOAD_SUM_UDP_BAD = 8,
};

struct load_frame {
	uint16_t l3, l4;
	uint16_t l4_bytes; /* with its payload, without the frame's padding */
	bool ip6;
};

/* Fills `out` for UDP, ARP and neighbours; else its contents mean nothing. */
enum load_packet load_frame_parse(
    const uint8_t *data, size_t bytes, unsigned sums, struct load_frame *out);

/* Source and destination address, 4 or 16 bytes each, one behind the other. */
static inline const uint8_t *
load_frame_addresses(const struct load_frame *f, const uint8_t *data)
{
	return data + f->l3 + (f->ip6 ? 8 : 12);
}

#endif
