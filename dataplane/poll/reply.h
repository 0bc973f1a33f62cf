/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Turns a received frame into the one that goes back: addresses and ports
 * swapped, every other header field written afresh, so that nothing of the
 * sender's choosing (TTL, DSCP, ECN, identification, flow label) is mirrored.
 * The 802.1Q tag stays. Pure, in place, no DPDK; poll cores run it. Each
 * function takes a frame that frame_parse() has accepted and returns the bytes
 * to send.
 */
#ifndef HOLDFAST_REPLY_H
#define HOLDFAST_REPLY_H

#include "dataplane/poll/frame.h"

enum reply_offload {
	REPLY_IP_SUM_BY_PORT = 1,  /* IPv4 header checksum is left zero */
	REPLY_UDP_SUM_BY_PORT = 2, /* UDP gets the pseudo header's sum alone */
};

enum { REPLY_HOP_LIMIT = 64, REPLY_ADVERTISEMENT_BYTES = 32 };

/* The message of `bytes` octets stands behind the UDP header already. */
size_t reply_udp(
    uint8_t *data, const struct frame *f, size_t bytes, unsigned offload);
size_t reply_echo(uint8_t *data, const struct frame *f);
size_t reply_arp(
    const struct frame_host *host, uint8_t *data, const struct frame *f);
/* Needs FRAME_ETHERNET_BYTES + FRAME_TAG_BYTES + FRAME_IP6_BYTES +
 * REPLY_ADVERTISEMENT_BYTES of room: more than the solicitation may have. */
size_t reply_neighbour(
    const struct frame_host *host, uint8_t *data, const struct frame *f);

#endif
