/* SPDX-License-Identifier: BSD-2-Clause
 *
 * From the bytes of an Ethernet frame to one verdict: a query for the engine, a
 * request that the data plane answers itself (ARP, neighbour solicitation,
 * echo), a packet for the kernel, or a reason to drop it. Pure: bytes in,
 * offsets out, no DPDK, no allocation, any thread; never reads behind the
 * bytes given, whatever they say.
 *
 *   Ethernet 14 [802.1Q 4] | IPv4 20 or IPv6 40 | UDP 8 | message | padding
 *   0                      l3                   l4      l4 + 8
 *
 * The parser decides alone on what lies in the frame; whether there is an
 * exception port and room in it is decided later (exception.h).
 */
#ifndef HOLDFAST_FRAME_H
#define HOLDFAST_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/poll/packet_verdict.h"

enum frame_sizes {
	FRAME_MAC_BYTES = 6,
	FRAME_ETHERNET_BYTES = 14,
	FRAME_TAG_BYTES = 4,
	FRAME_IP4_BYTES = 20,
	FRAME_IP6_BYTES = 40,
	FRAME_UDP_BYTES = 8,
	FRAME_ARP_BYTES = 28,
	FRAME_SOLICITATION_BYTES = 24, /* ICMPv6 header and target */
	/* the most that lies in front of a message */
	FRAME_HEADERS_MAX = FRAME_ETHERNET_BYTES + FRAME_TAG_BYTES +
	                    FRAME_IP6_BYTES + FRAME_UDP_BYTES,
	FRAME_ADDRESSES_MAX = 64,
	FRAME_DNS_PORT = 53,
};

/* Who we are on a port. Made at start, read-only then. */
struct frame_host {
	uint8_t mac[FRAME_MAC_BYTES];
	uint8_t naddresses4, naddresses6;
	uint32_t addresses4[FRAME_ADDRESSES_MAX]; /* bytes as on the wire */
	uint8_t addresses6[FRAME_ADDRESSES_MAX][16];
};

/* What the port's hardware, or the operator, has said of the checksums. */
enum frame_sums {
	FRAME_IP_SUM_GOOD = 1,
	FRAME_IP_SUM_BAD = 2,
	FRAME_L4_SUM_GOOD = 4,
	FRAME_L4_SUM_BAD = 8,
};

struct frame {
	uint16_t l3;       /* offset of the ARP, IPv4 or IPv6 header */
	uint16_t l4;       /* offset of the UDP or ICMP header */
	uint16_t l4_bytes; /* with its payload, without the frame's padding */
	bool ip6;
};

/* Fills `out` for PACKET_QUERY and the answered verdicts; else its contents
 * mean nothing. */
enum packet_verdict frame_parse(const struct frame_host *host,
    const uint8_t *data, size_t bytes, unsigned sums, struct frame *out);

bool frame_address4_is_ours(const struct frame_host *host, const uint8_t *a);
bool frame_address6_is_ours(const struct frame_host *host, const uint8_t *a);

/* The client's address: 4 or 16 bytes. */
static inline const uint8_t *
frame_client(const struct frame *f, const uint8_t *data)
{
	return data + f->l3 + (f->ip6 ? 8 : 12);
}

static inline unsigned
frame_client_bytes(const struct frame *f)
{
	return f->ip6 ? 16 : 4;
}

#endif
