/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Frames for the tests of the packet path, made field by field, with checksums
 * summed the slow way that RFC 1071 describes, apart from the code under test.
 */
#ifndef HOLDFAST_TESTS_POLL_FRAMES_H
#define HOLDFAST_TESTS_POLL_FRAMES_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "dataplane/poll/frame.h"

#define OUR_MAC                                                                \
	{                                                                      \
		0x02, 0, 0, 0, 0, 0x01                                         \
	}
#define CLIENT_MAC                                                             \
	{                                                                      \
		0x02, 0, 0, 0, 0, 0x99                                         \
	}
#define OUR_IP4                                                                \
	{                                                                      \
		192, 0, 2, 53                                                  \
	}
#define CLIENT_IP4                                                             \
	{                                                                      \
		198, 51, 100, 7                                                \
	}
#define OUR_IP6                                                                \
	{                                                                      \
		0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x12, 0x34,     \
		    0x53                                                       \
	}
#define CLIENT_IP6                                                             \
	{                                                                      \
		0x20, 1, 0xd, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7         \
	}

static const uint8_t our_mac[6] = OUR_MAC, client_mac[6] = CLIENT_MAC;
static const uint8_t our_ip4[4] = OUR_IP4, client_ip4[4] = CLIENT_IP4;
static const uint8_t our_ip6[16] = OUR_IP6, client_ip6[16] = CLIENT_IP6;

struct made {
	uint8_t b[2048];
	size_t n;
	size_t l3, l4;
	bool ip6;
};

static inline struct frame_host
made_host(void)
{
	struct frame_host h = {
	    .mac = OUR_MAC, .naddresses4 = 2, .naddresses6 = 2};
	const uint8_t other4[4] = {192, 0, 2, 54};

	memcpy(&h.addresses4[0], other4, 4);
	memcpy(&h.addresses4[1], our_ip4, 4);
	memcpy(h.addresses6[1], our_ip6, 16);
	memcpy(h.addresses6[0], our_ip6, 16);
	h.addresses6[0][15] = 0x54;
	return h;
}

/* RFC 1071 section 4.1, a pair of octets at a time. */
static inline uint32_t
made_sum(uint32_t sum, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	return sum;
}

static inline uint16_t
made_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static inline void
made_put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline uint16_t
made_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* What the L4 sum of a packet folds to: 0xffff if it holds. */
static inline uint16_t
made_l4_sum(const uint8_t *b, size_t l3, bool ip6, size_t *l4_bytes)
{
	const uint8_t *ip = b + l3;
	size_t header = ip6 ? 40 : 20;
	size_t n = ip6 ? made_get16(ip + 4) : made_get16(ip + 2) - 20u;
	uint8_t protocol = ip[ip6 ? 6 : 9];
	uint32_t sum = 0;

	if (protocol != 1) {
		sum = made_sum(0, ip + (ip6 ? 8 : 12), ip6 ? 32 : 8);
		sum += protocol + (uint32_t)n;
	}
	if (l4_bytes)
		*l4_bytes = n;
	return made_fold(made_sum(sum, ip + header, n));
}

/* Where the checksum of a protocol is, from L4 on. */
static inline size_t
made_sum_at(uint8_t protocol)
{
	return protocol == 17 ? 6 : protocol == 6 ? 16 : 2;
}

/* Sets lengths and checksums right for what stands there. */
static inline void
made_finish(struct made *m, uint8_t protocol)
{
	uint8_t *ip = m->b + m->l3, *l4 = m->b + m->l4;
	size_t n = m->n - m->l4;

	if (m->ip6) {
		made_put16(ip + 4, (unsigned)n);
		ip[6] = protocol;
	} else {
		made_put16(ip + 2, (unsigned)n + 20);
		ip[9] = protocol;
		made_put16(ip + 10, 0);
		made_put16(ip + 10, (uint16_t)~made_fold(made_sum(0, ip, 20)));
	}
	if (protocol == 17)
		made_put16(l4 + 4, (unsigned)n);
	if (n < made_sum_at(protocol) + 2)
		return;
	made_put16(l4 + made_sum_at(protocol), 0);
	made_put16(l4 + made_sum_at(protocol),
	    (uint16_t)~made_l4_sum(m->b, m->l3, m->ip6, NULL));
}

/* Ethernet, perhaps a tag, and an IP header; the payload comes behind. */
static inline struct made
made_ip(bool ip6, bool tagged)
{
	struct made m = {.ip6 = ip6};
	uint8_t *ip;

	memcpy(m.b, our_mac, 6);
	memcpy(m.b + 6, client_mac, 6);
	m.l3 = 14;
	if (tagged) {
		made_put16(m.b + 12, 0x8100);
		made_put16(m.b + 14, 0x6000 | 42);
		m.l3 = 18;
	}
	made_put16(m.b + m.l3 - 2, ip6 ? 0x86dd : 0x0800);
	ip = m.b + m.l3;
	m.l4 = m.l3 + (ip6 ? 40 : 20);
	if (ip6) {
		memcpy(ip, (uint8_t[]){0x6a, 0xbc, 0xde, 0xf0}, 4);
		ip[7] = 57;
		memcpy(ip + 8, client_ip6, 16);
		memcpy(ip + 24, our_ip6, 16);
	} else {
		memcpy(ip, (uint8_t[]){0x45, 0xb9, 0, 0, 0x12, 0x34}, 6);
		ip[8] = 57;
		memcpy(ip + 12, client_ip4, 4);
		memcpy(ip + 16, our_ip4, 4);
	}
	m.n = m.l4;
	return m;
}

/* A UDP packet to port 53 with `bytes` octets of payload. */
static inline struct made
made_udp(bool ip6, bool tagged, size_t bytes)
{
	struct made m = made_ip(ip6, tagged);

	made_put16(m.b + m.l4, 4321);
	made_put16(m.b + m.l4 + 2, 53);
	for (size_t i = 0; i < bytes; i++)
		m.b[m.l4 + 8 + i] = (uint8_t)(i * 7 + 1);
	m.n = m.l4 + 8 + bytes;
	made_finish(&m, 17);
	return m;
}

static inline struct made
made_echo(bool ip6, bool tagged, size_t bytes)
{
	struct made m = made_ip(ip6, tagged);

	m.b[m.l4] = ip6 ? 128 : 8;
	made_put16(m.b + m.l4 + 4, 0x4242);
	made_put16(m.b + m.l4 + 6, 3);
	for (size_t i = 0; i < bytes; i++)
		m.b[m.l4 + 8 + i] = (uint8_t)i;
	m.n = m.l4 + 8 + bytes;
	made_finish(&m, ip6 ? 58 : 1);
	return m;
}

static inline struct made
made_arp(void)
{
	struct made m = {.n = 42, .l3 = 14, .l4 = 14};
	uint8_t *arp = m.b + 14;

	memset(m.b, 0xff, 6);
	memcpy(m.b + 6, client_mac, 6);
	made_put16(m.b + 12, 0x0806);
	memcpy(arp, (uint8_t[]){0, 1, 8, 0, 6, 4, 0, 1}, 8);
	memcpy(arp + 8, client_mac, 6);
	memcpy(arp + 14, client_ip4, 4);
	memcpy(arp + 24, our_ip4, 4);
	return m;
}

/* With a source link-layer address, to the solicited-node address. */
static inline struct made
made_solicitation(bool tagged)
{
	struct made m = made_ip(true, tagged);
	uint8_t *ip = m.b + m.l3, *icmp = m.b + m.l4;

	memcpy(m.b, (uint8_t[]){0x33, 0x33, 0xff, 0x12, 0x34, 0x53}, 6);
	memcpy(ip + 24,
	    (uint8_t[]){
		0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0x12, 0x34, 0x53},
	    16);
	ip[7] = 255;
	icmp[0] = 135;
	memcpy(icmp + 8, our_ip6, 16);
	icmp[24] = 1;
	icmp[25] = 1;
	memcpy(icmp + 26, client_mac, 6);
	m.n = m.l4 + 32;
	made_finish(&m, 58);
	return m;
}

#endif
