/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The reply writer; see reply.h. Poll cores run it once an answer.
 */
#include "dataplane/poll/reply.h"

#include "base/wire.h"
#include "dataplane/poll/checksum.h"
#include "dataplane/poll/frame_wire.h"
#include "dataplane/poll/usual_frame.h"

static inline void
swap(uint8_t *a, uint8_t *b, size_t bytes)
{
	uint8_t t[16];

	memcpy(t, a, bytes);
	memcpy(a, b, bytes);
	memcpy(b, t, bytes);
}

static void
write_ip4(uint8_t *ip, size_t l4_bytes, uint8_t protocol)
{
	static const uint8_t start[] = {0x45, 0}; /* DSCP 0, Not-ECT */

	memcpy(ip, start, 2);
	wire_store16(ip + 2, (uint16_t)(FRAME_IP4_BYTES + l4_bytes));
	/* DF: an atomic datagram, whose identification may be 0 (RFC 6864) */
	wire_store32(ip + 4, 0x00004000);
	ip[8] = REPLY_HOP_LIMIT;
	ip[9] = protocol;
	wire_store16(ip + 10, 0);
	swap(ip + 12, ip + 16, 4);
	checksum_store(ip + 10,
	    (uint16_t)~checksum_fold(checksum_add(0, ip, FRAME_IP4_BYTES)));
}

static inline void
write_ip6(uint8_t *ip, size_t l4_bytes, uint8_t protocol, uint8_t hop_limit)
{
	wire_store32(ip, 0x60000000);
	wire_store16(ip + 4, (uint16_t)l4_bytes);
	ip[6] = protocol;
	ip[7] = hop_limit;
	swap(ip + 8, ip + 24, 16);
}

/* The header, made as usual_reply_write() makes IPv4's; returns the addresses'
 * part of the pseudo header. */
static inline uint64_t
answer_ip6(uint8_t *ip, uint16_t udp_bytes)
{
	uint64_t first = 0x60 | (uint64_t)__builtin_bswap16(udp_bytes) << 32 |
	                 (uint64_t)FRAME_PROTOCOL_UDP << 48 |
	                 (uint64_t)REPLY_HOP_LIMIT << 56;
	uint64_t from[2], to[2];

	memcpy(from, ip + 8, 16);
	memcpy(to, ip + 24, 16);
	memcpy(ip, &first, 8);
	memcpy(ip + 8, to, 16);
	memcpy(ip + 24, from, 16);
	return checksum_add64(
	    checksum_add64(from[0], from[1]), checksum_add64(to[0], to[1]));
}

size_t
reply_udp(uint8_t *data, const struct frame *f, size_t bytes, unsigned offload)
{
	uint8_t *udp = data + f->l4;
	uint16_t length = (uint16_t)(FRAME_UDP_BYTES + bytes), sum;
	uint16_t length_be = __builtin_bswap16(length);
	uint64_t pseudo, all;
	uint32_t ports;

	if (!f->ip6)
		return usual_reply_write(data, f->l3, bytes, offload);
	swap(data, data + FRAME_MAC_BYTES, FRAME_MAC_BYTES);
	pseudo = checksum_add64(answer_ip6(data + f->l3, length),
	    (uint64_t)length_be + (FRAME_PROTOCOL_UDP << 8));
	memcpy(&ports, udp, 4);
	ports = ports << 16 | ports >> 16;
	if (offload & REPLY_UDP_SUM_BY_PORT) {
		sum = checksum_fold(pseudo);
	} else {
		all = checksum_add64(pseudo, (uint64_t)ports + length_be);
		sum = (uint16_t)~checksum_fold(
		    checksum_add(all, udp + FRAME_UDP_BYTES, bytes));
		if (sum == 0) /* it would say "no checksum" (RFC 768) */
			sum = 0xffff;
	}
	memcpy(udp, &ports, 4);
	memcpy(udp + 4, &length_be, 2);
	memcpy(udp + 6, &sum, 2);
	return (size_t)f->l4 + length;
}

size_t
reply_echo(uint8_t *data, const struct frame *f)
{
	uint8_t *ip = data + f->l3, *icmp = data + f->l4;
	uint64_t pseudo = 0;

	swap(data, data + FRAME_MAC_BYTES, FRAME_MAC_BYTES);
	wire_store16(icmp + 2, 0);
	if (f->ip6) {
		icmp[0] = FRAME_ICMP6_ECHO_REPLY;
		write_ip6(
		    ip, f->l4_bytes, FRAME_PROTOCOL_ICMP6, REPLY_HOP_LIMIT);
		pseudo = checksum_pseudo(
		    ip + 8, 32, FRAME_PROTOCOL_ICMP6, f->l4_bytes);
	} else {
		icmp[0] = 0; /* echo reply */
		write_ip4(ip, f->l4_bytes, FRAME_PROTOCOL_ICMP);
	}
	checksum_store(icmp + 2,
	    (uint16_t)~checksum_fold(checksum_add(pseudo, icmp, f->l4_bytes)));
	return (size_t)f->l4 + f->l4_bytes;
}

size_t
reply_arp(const struct frame_host *host, uint8_t *data, const struct frame *f)
{
	uint8_t *arp = data + f->l3;

	memcpy(data, data + FRAME_MAC_BYTES, FRAME_MAC_BYTES);
	memcpy(data + FRAME_MAC_BYTES, host->mac, FRAME_MAC_BYTES);
	wire_store16(arp + 6, 2);
	swap(arp + 8, arp + 18, 10); /* sender's pair becomes the target's */
	memcpy(arp + 8, host->mac, FRAME_MAC_BYTES);
	return (size_t)f->l3 + FRAME_ARP_BYTES;
}

size_t
reply_neighbour(
    const struct frame_host *host, uint8_t *data, const struct frame *f)
{
	static const uint8_t all_nodes[16] = {0xff, 2, [15] = 1};
	static const uint8_t all_nodes_mac[FRAME_MAC_BYTES] = {
	    0x33, 0x33, 0, 0, 0, 1};
	static const uint8_t unspecified[16];
	uint8_t *ip = data + f->l3, *icmp = data + f->l4;
	/* RFC 4861 section 7.2.4: who has no address yet hears it with all */
	bool probe = !memcmp(ip + 8, unspecified, 16);

	memcpy(data, probe ? all_nodes_mac : data + FRAME_MAC_BYTES,
	    FRAME_MAC_BYTES);
	memcpy(data + FRAME_MAC_BYTES, host->mac, FRAME_MAC_BYTES);
	write_ip6(ip, REPLY_ADVERTISEMENT_BYTES, FRAME_PROTOCOL_ICMP6, 255);
	memcpy(ip + 8, icmp + 8, 16); /* from the target */
	if (probe)
		memcpy(ip + 24, all_nodes, 16);
	wire_store32(icmp, (uint32_t)FRAME_ICMP6_ADVERTISEMENT << 24);
	/* flags: solicited, override */
	wire_store32(icmp + 4, probe ? 0x20000000 : 0x60000000);
	icmp[24] = 2; /* target link-layer address, one unit of 8 octets */
	icmp[25] = 1;
	memcpy(icmp + 26, host->mac, FRAME_MAC_BYTES);
	checksum_store(icmp + 2,
	    (uint16_t)~checksum_fold(
		checksum_add(checksum_pseudo(ip + 8, 32, FRAME_PROTOCOL_ICMP6,
				 REPLY_ADVERTISEMENT_BYTES),
		    icmp, REPLY_ADVERTISEMENT_BYTES)));
	return (size_t)f->l4 + REPLY_ADVERTISEMENT_BYTES;
}
