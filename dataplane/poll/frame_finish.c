/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Writes the checksums of TCP and UDP packets; see frame_finish.h. Allocates
 * nothing.
 */
#include "dataplane/poll/frame_finish.h"

#include "base/wire.h"
#include "dataplane/poll/checksum.h"
#include "dataplane/poll/frame_wire.h"

static void
finish_l4(uint8_t *l4, size_t bytes, uint8_t protocol, const uint8_t *addresses,
    size_t address_bytes)
{
	size_t at = protocol == FRAME_PROTOCOL_TCP ? 16 : 6;
	uint64_t pseudo;
	uint16_t sum;

	if (protocol != FRAME_PROTOCOL_TCP && protocol != FRAME_PROTOCOL_UDP)
		return;
	if (bytes < at + 2)
		return;
	if (protocol == FRAME_PROTOCOL_UDP && wire_load16(l4 + at) == 0)
		return; /* the sender makes none */
	wire_store16(l4 + at, 0);
	pseudo = checksum_pseudo(
	    addresses, address_bytes, protocol, (uint16_t)bytes);
	sum = (uint16_t)~checksum_fold(checksum_add(pseudo, l4, bytes));
	checksum_store(l4 + at, sum ? sum : 0xffff);
}

static void
finish_ip4(uint8_t *ip, size_t bytes)
{
	size_t header, total;

	if (bytes < FRAME_IP4_BYTES)
		return;
	header = (ip[0] & 15u) * 4;
	total = wire_load16(ip + 2);
	if (header < FRAME_IP4_BYTES || total < header || total > bytes ||
	    wire_load16(ip + 6) & 0x3fff)
		return;
	finish_l4(ip + header, total - header, ip[9], ip + 12, 8);
}

static void
finish_ip6(uint8_t *ip, size_t bytes)
{
	size_t payload;

	if (bytes < FRAME_IP6_BYTES)
		return;
	payload = wire_load16(ip + 4);
	if (payload <= bytes - FRAME_IP6_BYTES)
		finish_l4(ip + FRAME_IP6_BYTES, payload, ip[6], ip + 8, 32);
}

void
frame_finish(uint8_t *data, size_t bytes)
{
	size_t l3 = FRAME_ETHERNET_BYTES;
	uint16_t type;

	if (bytes < FRAME_ETHERNET_BYTES + FRAME_TAG_BYTES)
		return;
	type = wire_load16(data + 12);
	if (type == FRAME_TYPE_VLAN) {
		l3 += FRAME_TAG_BYTES;
		type = wire_load16(data + 16);
	}
	if (type == FRAME_TYPE_IP4)
		finish_ip4(data + l3, bytes - l3);
	else if (type == FRAME_TYPE_IP6)
		finish_ip6(data + l3, bytes - l3);
}
