/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Kept parts of NXDOMAIN answers; see denial_kept.h. The octets were composed
 * here, of verified blocks; their pointers are found by reading them again, to
 * which no trust is needed: what is not as expected is not kept.
 */
#include "dataplane/answer/denial_kept.h"

#include <string.h>

#include "base/wire.h"

enum { RR_FIXED = 10, RDLENGTH_OFF = 8, SOA_NAMES = 2 };

/* Skips a name; notes where its pointer is, if it has one. */
static void
name_note(struct denial_kept *k, struct wire_reader *r, unsigned query_bytes)
{
	for (;;) {
		uint8_t len = wire_read8(r);

		if (r->failed || len == 0)
			return;
		if (len < 0xc0) {
			wire_take_find(r, len);
			continue;
		}
		if (k->npointers == KEPT_POINTERS_MAX) {
			r->failed = true;
			return;
		}

		unsigned at = (unsigned)(r->at - 1 - k->octets);

		wire_take_find(r, 1);
		k->pointers[k->npointers].at = (uint16_t)at;
		k->pointers[k->npointers++].value =
		    (uint16_t)(wire_load16(k->octets + at) - query_bytes);
		return;
	}
}

static void
record_note(struct denial_kept *k, struct wire_reader *r, unsigned query_bytes)
{
	const uint8_t *fixed, *rdata;

	name_note(k, r, query_bytes);
	fixed = wire_take_find(r, RR_FIXED);
	if (!fixed)
		return;
	rdata = r->at;
	/* no other type that is here has names that may be compressed */
	for (unsigned i = 0;
	     wire_load16(fixed) == DNS_TYPE_SOA && i < SOA_NAMES; i++)
		name_note(k, r, query_bytes);
	if (!r->failed)
		wire_take_find(r, wire_load16(fixed + RDLENGTH_OFF) -
				      (size_t)(r->at - rdata));
}

void
denial_kept_fill(struct denial_kept *k, const struct zone_d *zone,
    const struct generation *g, const struct composer *c,
    const struct denial *denial)
{
	unsigned start = DNS_HEADER_BYTES + c->query_bytes + 4u;
	unsigned bytes = c->at - start;
	struct wire_reader r;

	k->generation = 0;
	if (!g->number || c->truncated || c->an || c->ar ||
	    bytes > KEPT_BYTES || denial->count == 0 || denial->count > 2)
		return;
	memcpy(k->octets, c->message + start, bytes);
	k->npointers = 0;
	r = wire_reader_make(k->octets, bytes);
	for (unsigned i = 0; i < c->ns; i++)
		record_note(k, &r, c->query_bytes);
	if (r.failed || wire_left(&r) != 0)
		return;
	k->bytes = (uint16_t)bytes;
	k->records = c->ns;
	k->proofs[0] = denial->proofs[0].block;
	k->proofs[1] = denial->proofs[denial->count - 1].block;
	k->zone = zone;
	k->generation = g->number;
}
