/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Neighbours: asking for a server's MAC address, and answering who asks for a
 * client's, so that servers of a kernel can be driven too. All clients live
 * behind the port's one MAC address. Pure; the caller owns the frames.
 */
#ifndef HOLDFAST_LOAD_NEIGHBOUR_H
#define HOLDFAST_LOAD_NEIGHBOUR_H

#include "tools/load/load_flow.h"

/* What any of these frames needs. */
enum { NEIGHBOUR_ROOM = LOAD_ETHERNET_BYTES + LOAD_IP6_BYTES + 32 };

/* Asks for the server's address on behalf of the first client: ARP, or a
 * solicitation to its group (RFC 4861 section 4.3). Returns the length. */
size_t neighbour_ask(
    uint8_t *frame, const struct flow_plan *p, const struct flow_server *s);

/* Turns an ARP request or a solicitation for a client's address into its
 * answer, in place. Returns the length; 0: it is none of ours. */
size_t neighbour_answer(uint8_t *frame, enum load_packet kind,
    const struct load_frame *f, const struct flow_plan *p);

/* Takes a MAC address from an ARP reply or an advertisement; true if it is that
 * of a server. */
bool neighbour_learn(const uint8_t *frame, enum load_packet kind,
    const struct load_frame *f, struct flow_plan *p);

#endif
