/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The walk from a link's header to a query (capture_frame.h): a cursor over the
 * frame, layer by layer. Checksums are not looked at: a capture on the sending
 * machine has unfinished ones.
 */
#include "tools/load/capture_frame.h"

#include <pcap.h>

#include "base/name.h"
#include "base/wire.h"
#include "tools/load/query_set.h"

enum {
	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_IPV6 = 0x86dd,
	ETHERTYPE_VLAN = 0x8100,
	ETHERTYPE_SERVICE_VLAN = 0x88a8,
	IPV4_FRAGMENT = 0x3fff, /* more fragments, or not the first */
	IPV6_HOP_BY_HOP = 0,
	IPV6_ROUTING = 43,
	IPV6_DESTINATION = 60,
	PROTOCOL_UDP = 17,
	PORT_DNS = 53,
};

/* What an EtherType says of links without one. */
static uint16_t
ethertype_of_version(const struct wire_reader *r)
{
	return wire_left(r) && r->at[0] >> 4 == 6 ? ETHERTYPE_IPV6
	                                          : ETHERTYPE_IPV4;
}

/* Steps over the link's header; the EtherType of what is behind. */
static uint16_t
link_read(struct wire_reader *r, int link)
{
	uint16_t type;

	switch (link) {
	case DLT_EN10MB:
		wire_take_find(r, 12);
		return wire_read16(r);
	case DLT_LINUX_SLL:
		wire_take_find(r, 14);
		return wire_read16(r);
	case DLT_LINUX_SLL2:
		type = wire_read16(r);
		wire_take_find(r, 18);
		return type;
	default:
		return ethertype_of_version(r);
	}
}

bool
capture_link_is_known(int link)
{
	static const int known[] = {DLT_EN10MB, DLT_LINUX_SLL, DLT_LINUX_SLL2,
	    DLT_RAW, DLT_IPV4, DLT_IPV6};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i] == link)
			return true;
	return false;
}

/* Leaves in `r` just what the packet says is its payload: links pad. */
static void
payload_keep(struct wire_reader *r, size_t bytes)
{
	if (bytes > wire_left(r))
		r->failed = true;
	else
		r->end = r->at + bytes;
}

/* RFC 791 section 3.1. The protocol of the payload. */
static unsigned
ipv4_read(struct wire_reader *r)
{
	const uint8_t *p = wire_take_find(r, 20);

	if (!p)
		return 0;
	size_t header = (p[0] & 15u) * 4, total = wire_load16(p + 2);

	if (p[0] >> 4 != 4 || header < 20 || total < header ||
	    wire_load16(p + 6) & IPV4_FRAGMENT) {
		r->failed = true;
		return 0;
	}
	payload_keep(r, total - 20);
	wire_take_find(r, header - 20);
	return p[9];
}

/* RFC 8200 sections 3 and 4; a fragment header is a protocol like others. */
static unsigned
ipv6_read(struct wire_reader *r)
{
	const uint8_t *p = wire_take_find(r, 40);

	if (!p || p[0] >> 4 != 6) {
		r->failed = true;
		return 0;
	}
	payload_keep(r, wire_load16(p + 4));
	unsigned next = p[6];

	while (!r->failed && (next == IPV6_HOP_BY_HOP || next == IPV6_ROUTING ||
				 next == IPV6_DESTINATION)) {
		next = wire_read8(r);
		wire_take_find(r, wire_read8(r) * 8u + 6);
	}
	return next;
}

static bool
is_query(const uint8_t *m, size_t bytes)
{
	const unsigned opcode = 15 << DNS_OPCODE_SHIFT;
	size_t name;

	if (bytes < DNS_HEADER_BYTES || bytes > QUERY_MESSAGE_MAX ||
	    wire_load16(m + 2) & (DNS_FLAG_QR | opcode) ||
	    wire_load16(m + 4) != 1)
		return false;
	name = name_length_find(m + DNS_HEADER_BYTES, bytes - DNS_HEADER_BYTES);
	return name && bytes - DNS_HEADER_BYTES - name >= 4;
}

bool
capture_query_find(int link, const uint8_t *frame, size_t bytes,
    const uint8_t **query, size_t *query_bytes)
{
	struct wire_reader r = wire_reader_make(frame, bytes);
	uint16_t type = link_read(&r, link), port;
	unsigned protocol = 0;
	size_t length;

	while (!r.failed &&
	       (type == ETHERTYPE_VLAN || type == ETHERTYPE_SERVICE_VLAN)) {
		wire_read16(&r);
		type = wire_read16(&r);
	}
	if (type == ETHERTYPE_IPV4)
		protocol = ipv4_read(&r);
	else if (type == ETHERTYPE_IPV6)
		protocol = ipv6_read(&r);
	if (r.failed || protocol != PROTOCOL_UDP)
		return false;
	wire_read16(&r);
	port = wire_read16(&r);
	length = wire_read16(&r);
	wire_read16(&r);
	payload_keep(&r, length >= 8 ? length - 8 : SIZE_MAX);
	if (r.failed || port != PORT_DNS || !is_query(r.at, wire_left(&r)))
		return false;
	*query = r.at;
	*query_bytes = wire_left(&r);
	return true;
}
