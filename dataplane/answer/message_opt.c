/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Walks a message of any opcode, record by record; see message_opt.h. Hostile
 * input: every read is bounded, compression pointers are not followed.
 */
#include "dataplane/answer/message_opt.h"

#include "base/dns.h"
#include "base/wire.h"

enum { POINTER_FROM = 0xc0, TYPE_AND_CLASS = 4, TTL_BYTES = 4 };

/* A name: labels, then the root or a pointer. UPDATE may compress. */
static void
name_skip(struct wire_reader *r)
{
	uint8_t n;

	while ((n = wire_read8(r)) != 0 && n <= DNS_LABEL_MAX)
		wire_take_find(r, n);
	if (n >= POINTER_FROM)
		wire_read8(r);
	else if (n != 0)
		r->failed = true;
}

unsigned
message_opt_find(const uint8_t *m, size_t bytes, const uint8_t **opt)
{
	unsigned questions = wire_load16(m + 4), found = 0;
	unsigned before = wire_load16(m + 6) + wire_load16(m + 8);
	unsigned records = before + wire_load16(m + 10);
	struct wire_reader r =
	    wire_reader_make(m + DNS_HEADER_BYTES, bytes - DNS_HEADER_BYTES);

	for (unsigned i = 0; i < questions && !r.failed; i++) {
		name_skip(&r);
		wire_take_find(&r, TYPE_AND_CLASS);
	}
	for (unsigned i = 0; i < records && !r.failed; i++) {
		const uint8_t *start = r.at;

		name_skip(&r);

		bool root = r.at == start + 1;
		unsigned type = wire_read16(&r);

		wire_take_find(&r, 2 + TTL_BYTES);
		wire_take_find(&r, wire_read16(&r));
		if (i >= before && root && type == DNS_TYPE_OPT && !r.failed) {
			*opt = start;
			found++;
		}
	}
	return r.failed || wire_left(&r) ? 0 : found;
}
