/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Fuzz target: the frame parser, the reply writer and the finisher of sums.
 * The first octet chooses what the port says of checksums, the rest is the
 * frame, in a heap block of exactly its size (and what a reply may need).
 * Checked besides the absence of crashes: a query lies inside the frame with
 * its lengths, a reply is no longer than its room, and the parser, given a
 * reply from the other side, finds its sums right.
 */
#include <stdlib.h>
#include <string.h>

#include "base/wire.h"
#include "dataplane/poll/frame_finish.h"
#include "dataplane/poll/reply.h"
#include "dataplane/poll/usual_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static const struct frame_host us = {
    .mac = {2, 0, 0, 0, 0, 1},
    .naddresses4 = 1,
    .naddresses6 = 1,
    .addresses4 = {0x350200c0}, /* 192.0.2.53 */
    .addresses6 = {{0x20, 1, 0xd, 0xb8, [13] = 0x12, 0x34, 0x53}},
};

static void
check(bool holds)
{
	if (!holds)
		abort();
}

/* Room for what the verdict sends, then the reply, and its sums. */
static void
check_reply(const uint8_t *frame, size_t bytes, const struct frame *f,
    enum packet_verdict v)
{
	enum { MESSAGE = 37 };
	size_t room = bytes, n = 0;
	uint8_t *b;

	if (v == PACKET_QUERY && room < (size_t)f->l4 + 8 + MESSAGE)
		room = (size_t)f->l4 + 8 + MESSAGE;
	if (v == PACKET_NEIGHBOUR_ANSWERED &&
	    room < (size_t)f->l4 + REPLY_ADVERTISEMENT_BYTES)
		room = (size_t)f->l4 + REPLY_ADVERTISEMENT_BYTES;
	b = calloc(1, room);
	memcpy(b, frame, bytes);
	if (v == PACKET_QUERY)
		n = reply_udp(b, f, MESSAGE, 0);
	else if (v == PACKET_ARP_ANSWERED)
		n = reply_arp(&us, b, f);
	else if (v == PACKET_NEIGHBOUR_ANSWERED)
		n = reply_neighbour(&us, b, f);
	else
		n = reply_echo(b, f);
	check(n <= room);
	check(!memcmp(b + 6, us.mac, 6));
	if (v == PACKET_QUERY) { /* nothing is left for a finisher to do */
		uint8_t *again = malloc(n);

		memcpy(again, b, n);
		frame_finish(again, n);
		check(!memcmp(again, b, n));
		free(again);
	}
	free(b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	enum packet_verdict v;
	struct frame f, usual;
	unsigned sums;
	uint8_t *frame;

	if (bytes == 0)
		return 0;
	sums = data[0] & 15;
	bytes--;
	frame = malloc(bytes ? bytes : 1);
	memcpy(frame, data + 1, bytes);
	v = frame_parse(&us, frame, bytes, sums, &f);
	if (usual_frame_parse(&us, frame, bytes, sums, &usual))
		check(v == PACKET_QUERY && usual_frame_is(&f) &&
		      usual.l3 == f.l3 && usual.l4 == f.l4 &&
		      usual.l4_bytes == f.l4_bytes && !f.ip6);
	check((unsigned)v >= VERDICT_COUNT && v <= PACKET_QUERY);
	if (v == PACKET_QUERY) {
		check(f.l4_bytes >= 8);
		check((size_t)f.l4 + f.l4_bytes <= bytes);
		check(wire_load16(frame + f.l4 + 2) == 53);
	}
	if (v == PACKET_QUERY || packet_verdict_is_answered(v))
		check_reply(frame, bytes, &f, v);
	frame_finish(frame, bytes);
	free(frame);
	return 0;
}
