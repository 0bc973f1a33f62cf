/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One captured frame to the DNS query in it: Ethernet with VLAN tags, raw IP,
 * and Linux's "cooked" captures; IPv4 and IPv6 without fragments; UDP to port
 * 53. Hostile bytes, allocates nothing, any thread.
 */
#ifndef HOLDFAST_CAPTURE_FRAME_H
#define HOLDFAST_CAPTURE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True if frames of this link type (DLT_* of libpcap) can be read. */
bool capture_link_is_known(int link);

/* True if the frame has a whole query of opcode QUERY with one question, of at
 * most QUERY_MESSAGE_MAX octets; a pointer into the frame. */
bool capture_query_find(int link, const uint8_t *frame, size_t bytes,
    const uint8_t **query, size_t *query_bytes);

#endif
