/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Denial of existence in cells; see denial_cell.h. Runs in control and tools;
 * writes into its caller's buffer.
 */
#include "snapshot/denial_cell.h"

#include <string.h>

#include "base/dns.h"
#include "base/wire.h"
#include "snapshot/denial_hashed.h"
#include "snapshot/denial_order.h"

/* Parameters, and the hashes that most proofs need. A wildcard that would be
 * too long a name can't be asked for: its hash stays zero. */
static void
nsec3_fill(struct denial_d *d, const struct zone_plan *p)
{
	const struct zone_records *z = p->zone;
	const uint8_t *rdata = record_rdata(z, p->nsec3_param);
	uint8_t wildcard[2 + DNS_NAME_MAX + 1] = {1, '*'};

	d->iterations = wire_load16(rdata + 2);
	d->salt_bytes = rdata[4];
	plan_nsec3_hash(
	    p, p->nsec3_param, z->apex, z->apex_bytes, d->apex_hash);
	if (z->apex_bytes + 2 > DNS_NAME_MAX)
		return;
	memcpy(wildcard + 2, z->apex, z->apex_bytes);
	plan_nsec3_hash(
	    p, p->nsec3_param, wildcard, z->apex_bytes + 2u, d->wildcard_hash);
}

int
denial_append(struct bytes *heap, struct block_builder *b,
    const struct zone_plan *p, uint32_t *off, struct err *err)
{
	struct denial_d d = {.kind = (uint8_t)p->denial};
	size_t at;
	int rc = 0;

	if (p->denial == DENIAL_NSEC3)
		nsec3_fill(&d, p);
	bytes_align(heap, 8);
	at = bytes_append(heap, &d, sizeof d);
	if (d.salt_bytes)
		bytes_append(heap, record_rdata(p->zone, p->nsec3_param) + 5,
		    d.salt_bytes);
	bytes_align(heap, 4);
	*off = (uint32_t)at;
	if (p->split == NO_SPLIT) {
		bytes_align(heap, CELL_ALIGN);
		d.chain_off = (uint32_t)heap->len;
		rc =
		    p->denial == DENIAL_NSEC
			? order_append(heap, p, p->chain, p->chain_count, err)
			: hashed_append(heap, b, p, 0, p->hashed_count, 0, err);
	}
	if (rc < 0)
		return rc;
	if (heap->failed)
		return err_set(err, ERR_NO_MEMORY, "no memory for a cell");
	memcpy(heap->data + at, &d, sizeof d);
	if (heap->len > CELL_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "its cell is over %u bytes",
		    CELL_BYTES_MAX);
	return 0;
}
