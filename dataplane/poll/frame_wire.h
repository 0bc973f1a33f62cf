/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the files of the frame parser and the reply writer share: numbers of
 * the protocols and tests on Ethernet addresses. Inline, any thread.
 */
#ifndef HOLDFAST_FRAME_WIRE_H
#define HOLDFAST_FRAME_WIRE_H

#include <string.h>

#include "dataplane/poll/frame.h"

enum frame_numbers {
	FRAME_TYPE_IP4 = 0x0800,
	FRAME_TYPE_ARP = 0x0806,
	FRAME_TYPE_VLAN = 0x8100,
	FRAME_TYPE_IP6 = 0x86dd,

	FRAME_PROTOCOL_ICMP = 1,
	FRAME_PROTOCOL_TCP = 6,
	FRAME_PROTOCOL_UDP = 17,
	FRAME_PROTOCOL_ICMP6 = 58,

	FRAME_ICMP6_ECHO = 128,
	FRAME_ICMP6_ECHO_REPLY = 129,
	FRAME_ICMP6_SOLICITATION = 135,
	FRAME_ICMP6_ADVERTISEMENT = 136,
};

static inline bool
frame_is_for_group(const uint8_t *data)
{
	return data[0] & 1;
}

/* A reply to this source goes to one host. It may have our own MAC address: the
 * kernel's end of a net_tap port does, and our own frames, should they come
 * back, come from our own IP address too. */
static inline bool
frame_source_is_sound(const uint8_t *data)
{
	static const uint8_t zero[FRAME_MAC_BYTES];
	const uint8_t *source = data + FRAME_MAC_BYTES;

	return !(source[0] & 1) && memcmp(source, zero, FRAME_MAC_BYTES);
}

/* ARP at out->l3 of the frame. */
enum packet_verdict frame_arp_parse(const struct frame_host *host,
    const uint8_t *data, size_t bytes, struct frame *out);

/* An ICMPv6 neighbour solicitation of l4_bytes at l4; its checksum is good. */
enum packet_verdict frame_solicitation_parse(
    const struct frame_host *host, const uint8_t *data, const struct frame *f);

#endif
