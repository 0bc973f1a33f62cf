/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What became of a packet. Every packet that a poll core receives gets exactly
 * one verdict and counts in exactly one counter: that of the engine's verdict
 * (dataplane/answer/verdict.h) if it was a query, else that of one row here.
 * The values go on where the engine's end, so one array of counters holds both
 * and its sum is the number of packets received.
 */
#ifndef HOLDFAST_PACKET_VERDICT_H
#define HOLDFAST_PACKET_VERDICT_H

#include <stdbool.h>

#include "dataplane/answer/verdict.h"

/* clang-format off */
#define PACKET_ANSWERED(X) \
	X(ARP_ANSWERED,       "arp_answered",       "an ARP request for a service address") \
	X(NEIGHBOUR_ANSWERED, "neighbour_answered", "a neighbour solicitation for a service address") \
	X(ECHO_ANSWERED,      "echo_answered",      "a ping of a service address")

/* Handed to the kernel through the exception port. */
#define PACKET_PUNTED(X) \
	X(PUNT_TCP,        "punt_tcp",        "TCP to a service address") \
	X(PUNT_UDP_PORT,   "punt_udp_port",   "UDP to a port other than 53") \
	X(PUNT_FRAGMENT,   "punt_fragment",   "a fragment of an IP packet") \
	X(PUNT_OPTIONS,    "punt_options",    "IPv4 options or IPv6 extension headers") \
	X(PUNT_PROTOCOL,   "punt_protocol",   "an IP protocol that is not UDP, TCP or ICMP") \
	X(PUNT_ICMP,       "punt_icmp",       "ICMP or ICMPv6 that is no error, echo request or neighbour discovery") \
	X(PUNT_ICMP_ERROR, "punt_icmp_error", "an ICMP or ICMPv6 error") \
	X(PUNT_NEIGHBOUR,  "punt_neighbour",  "a neighbour advertisement, or a solicitation for another's address") \
	X(PUNT_ARP,        "punt_arp",        "an ARP reply, or a request for another's address") \
	X(PUNT_ADDRESS,    "punt_address",    "to an address that is not a service address") \
	X(PUNT_ETHERTYPE,  "punt_ethertype",  "neither ARP nor IP")

#define PACKET_DROPPED(X) \
	X(DROP_FRAME_SHORT,    "drop_frame_short",    "the frame ends inside a header") \
	X(DROP_FRAME_CHAINED,  "drop_frame_chained",  "a frame larger than a receive buffer") \
	X(DROP_FRAME_MAC,      "drop_frame_mac",      "to another host's MAC address") \
	X(DROP_FRAME_SOURCE,   "drop_frame_source",   "from a multicast or zero MAC address") \
	X(DROP_FRAME_GROUP,    "drop_frame_group",    "a packet for one host in a frame for many (RFC 1122 section 3.3.6)") \
	X(DROP_ARP,            "drop_arp",            "ARP that is not Ethernet and IPv4, or from an impossible sender") \
	X(DROP_IP_VERSION,     "drop_ip_version",     "the IP version or header length contradicts the frame") \
	X(DROP_IP_LENGTH,      "drop_ip_length",      "the IP length exceeds the frame or does not cover its headers") \
	X(DROP_IP_CHECKSUM,    "drop_ip_checksum",    "wrong IPv4 header checksum") \
	X(DROP_SOURCE_ADDRESS, "drop_source_address", "a martian: from our own, a multicast, broadcast, loopback or unspecified address") \
	X(DROP_SOURCE_PORT,    "drop_source_port",    "a query from port 0") \
	X(DROP_UDP_LENGTH,     "drop_udp_length",     "the UDP length contradicts the IP length") \
	X(DROP_UDP_CHECKSUM,   "drop_udp_checksum",   "wrong UDP checksum") \
	X(DROP_UDP6_UNSUMMED,  "drop_udp6_unsummed",  "UDP over IPv6 with checksum 0 (RFC 8200 section 8.1)") \
	X(DROP_ICMP,           "drop_icmp",           "ICMP or ICMPv6 too short or with a wrong checksum") \
	X(DROP_NEIGHBOUR,      "drop_neighbour",      "neighbour discovery that RFC 4861 section 7.1 tells to discard") \
	X(DROP_ADDRESS,        "drop_address",        "not to a service address, and there is no exception port") \
	X(DROP_NO_EXCEPTION,   "drop_no_exception",   "for the kernel, and there is no exception port") \
	X(DROP_PUNT_LIMIT,     "drop_punt_limit",     "for the kernel, over the exception port's rate limit") \
	X(DROP_PUNT_RING,      "drop_punt_ring",      "for the kernel, and the ring to it was full") \
	X(DROP_TX_FULL,        "drop_tx_full",        "answered, and the port's transmit queue was full")
/* clang-format on */

#define PACKET_VERDICTS(X)                                                     \
	PACKET_ANSWERED(X)                                                     \
	PACKET_PUNTED(X)                                                       \
	PACKET_DROPPED(X)

enum packet_verdict {
	PACKET_VERDICT_BEFORE_FIRST = VERDICT_COUNT - 1,
#define PACKET_VERDICT_ENUM(name, text, meaning) PACKET_##name,
	PACKET_VERDICTS(PACKET_VERDICT_ENUM)
#undef PACKET_VERDICT_ENUM
	    PACKET_VERDICT_COUNT,
	/* Not counted: the engine's verdict on the query is. */
	PACKET_QUERY = PACKET_VERDICT_COUNT,
};

/* The counter's name of an engine's or a packet's verdict; "?" for neither. */
const char *packet_verdict_name(unsigned v);
const char *packet_verdict_meaning(unsigned v);

static inline bool
packet_verdict_is_answered(unsigned v)
{
	return v >= VERDICT_COUNT && v < PACKET_PUNT_TCP;
}

static inline bool
packet_verdict_is_punt(unsigned v)
{
	return v >= PACKET_PUNT_TCP && v < PACKET_DROP_FRAME_SHORT;
}

#endif
