/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The part of the frame parser that finds neighbours: ARP (RFC 826) and
 * neighbour solicitations (RFC 4861). Poll cores run it; it is rare.
 */
#include "base/wire.h"
#include "dataplane/poll/frame_wire.h"

enum packet_verdict
frame_arp_parse(const struct frame_host *host, const uint8_t *data,
    size_t bytes, struct frame *out)
{
	/* Ethernet, IPv4, their address lengths */
	static const uint8_t kind[6] = {0, 1, 8, 0, 6, 4};
	const uint8_t *arp = data + out->l3, *sender = arp + 14;

	if (bytes - out->l3 < FRAME_ARP_BYTES)
		return PACKET_DROP_FRAME_SHORT;
	if (memcmp(arp, kind, sizeof kind) || arp[8] & 1)
		return PACKET_DROP_ARP;
	/* 0.0.0.0 is a probe (RFC 5227) and gets its answer */
	if (sender[0] == 127 || sender[0] >= 224)
		return PACKET_DROP_ARP;
	out->ip6 = false;
	out->l4 = out->l3;
	out->l4_bytes = FRAME_ARP_BYTES;
	if (wire_load16(arp + 6) != 1 ||
	    !frame_address4_is_ours(host, arp + 24))
		return PACKET_PUNT_ARP;
	/* somebody else claims our address: the kernel may log it */
	if (frame_address4_is_ours(host, sender))
		return PACKET_PUNT_ARP;
	return PACKET_ARP_ANSWERED;
}

/* ff02::1:ffXX:XXXX with the last three octets of the target */
static bool
is_solicited_node(const uint8_t *address, const uint8_t *target)
{
	static const uint8_t prefix[13] = {
	    0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff};

	return !memcmp(address, prefix, sizeof prefix) &&
	       !memcmp(address + 13, target + 13, 3);
}

/* Options fill the packet in units of 8 octets, none of length 0; a source
 * link-layer address must not come from the unspecified address. */
static bool
options_are_sound(const uint8_t *option, size_t bytes, bool unspecified)
{
	while (bytes) {
		if (bytes < 2 || option[1] == 0 || option[1] * 8u > bytes)
			return false;
		if (unspecified && option[0] == 1)
			return false;
		bytes -= option[1] * 8u;
		option += option[1] * 8u;
	}
	return true;
}

enum packet_verdict
frame_solicitation_parse(
    const struct frame_host *host, const uint8_t *data, const struct frame *f)
{
	static const uint8_t unspecified[16];
	const uint8_t *ip = data + f->l3, *icmp = data + f->l4;
	const uint8_t *source = ip + 8, *destination = ip + 24;
	const uint8_t *target = icmp + 8;
	bool probe = !memcmp(source, unspecified, 16); /* RFC 4862 */

	/* RFC 4861 section 7.1.1 */
	if (ip[7] != 255 || icmp[1] != 0 ||
	    f->l4_bytes < FRAME_SOLICITATION_BYTES || target[0] == 0xff)
		return PACKET_DROP_NEIGHBOUR;
	if (!options_are_sound(icmp + FRAME_SOLICITATION_BYTES,
		f->l4_bytes - FRAME_SOLICITATION_BYTES, probe))
		return PACKET_DROP_NEIGHBOUR;
	if (probe && !is_solicited_node(destination, target))
		return PACKET_DROP_NEIGHBOUR;
	if (!frame_address6_is_ours(host, target))
		return PACKET_PUNT_NEIGHBOUR;
	if (!is_solicited_node(destination, target) &&
	    memcmp(destination, target, 16))
		return PACKET_DROP_NEIGHBOUR;
	if (source[0] == 0xff || frame_address6_is_ours(host, source))
		return PACKET_DROP_SOURCE_ADDRESS;
	return PACKET_NEIGHBOUR_ANSWERED;
}
