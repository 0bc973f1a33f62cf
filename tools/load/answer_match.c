/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Matching of answers; workers run it once a packet. The question is compared
 * octet by octet with the query's own, which was sent microseconds ago and is
 * in a cache still.
 */
#include "tools/load/answer_match.h"

#include "base/dns.h"

enum { HEADER_QR = 0x80, HEADER_OPCODE = 0x78 };

static bool
answers_query(const struct asked *a, const struct answer *answer)
{
	uint32_t query = answer->slot->query;
	const uint8_t *asked = a->set->messages + a->set->queries[query].at;
	const uint8_t *got = answer->message;
	unsigned end = a->parts[query].question_end;

	return answer->bytes >= end &&
	       ((got[2] ^ asked[2]) & HEADER_OPCODE) == 0 &&
	       memcmp(got + 4, asked + 4, 2) == 0 &&
	       memcmp(got + DNS_HEADER_BYTES, asked + DNS_HEADER_BYTES,
		   end - DNS_HEADER_BYTES) == 0;
}

enum answer_match
answer_match(const struct asked *a, const uint8_t *data,
    const struct load_frame *f, struct answer *out)
{
	const uint8_t *udp = data + f->l4;
	struct flow flow;

	out->message = udp + LOAD_UDP_BYTES;
	out->bytes = f->l4_bytes - (unsigned)LOAD_UDP_BYTES;
	if (out->bytes < DNS_HEADER_BYTES || !(out->message[2] & HEADER_QR))
		return ANSWER_NOT_DNS;
	out->slot = outstanding_find(&a->outstanding, wire_load16(udp + 2),
	    wire_load16(out->message), &out->sequence);
	if (!out->slot || out->slot->state == SLOT_EMPTY)
		return ANSWER_MISMATCHED;
	flow = asked_flow(a, out->sequence);
	if (!flow_is_answered_by(a->flows, flow, f, data) ||
	    !answers_query(a, out))
		return ANSWER_MISMATCHED;
	switch (out->slot->state) {
	case SLOT_WAITING:
		return ANSWER_FIRST;
	case SLOT_ANSWERED:
		return ANSWER_DUPLICATE;
	default:
		return ANSWER_LATE;
	}
}
