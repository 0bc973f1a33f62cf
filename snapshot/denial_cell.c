/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Denial of existence in cells; see denial_cell.h. Runs in control and tools;
 * writes into its caller's buffer.
 */
#include "snapshot/denial_cell.h"

#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/wire.h"
#include "snapshot/cell_builder.h"
#include "snapshot/denial_hashed.h"
#include "snapshot/denial_order.h"
#include "snapshot/digest.h"

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
			? order_append(
			      heap, b, p, p->chain, p->chain_count, err)
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

/* --- cells of a split zone ------------------------------------------------ */

/* The first hash that is not of a slot before this one. */
static uint32_t
hashed_first(const struct zone_plan *p, unsigned bits, uint32_t slot)
{
	uint32_t low = 0, high = p->hashed_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (hashed_slot(p->hashed[middle].hash, bits) < slot)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static unsigned
slot_bits_of(const struct zone_denial *denial)
{
	return denial->kind == DENIAL_NSEC3
	           ? (unsigned)__builtin_ctz(denial->slots)
	           : 0;
}

int
denial_cell_find(const struct zone_plan *p, const struct zone_denial *denial,
    uint32_t number, uint32_t *first, uint32_t *count, struct err *err)
{
	uint32_t end;

	*first = *count = 0;
	if (denial->kind == (uint8_t)p->denial && number < denial->slots) {
		if (p->denial == DENIAL_NSEC3) {
			unsigned bits = slot_bits_of(denial);

			*first = hashed_first(p, bits, number);
			*count = hashed_first(p, bits, number + 1) - *first;
		} else if (denial->slots == p->range_count + 1) {
			end = number < p->range_count ? p->ranges[number]
			                              : p->chain_count;
			*first = number ? p->ranges[number - 1] : 0;
			*count = number ? end - *first : p->range_count;
		}
	}
	return *count ? 0
	              : err_set(err, ERR_USAGE,
			    "no denial cell %u of this zone", number);
}

/* The order of the first names of the ranges. */
static int
root_append(struct bytes *out, const struct zone_plan *p, struct err *err)
{
	uint32_t *nodes = malloc(p->range_count * sizeof *nodes);
	int rc;

	if (!nodes)
		return err_set(err, ERR_NO_MEMORY, "no memory for ranges");
	for (uint32_t i = 0; i < p->range_count; i++)
		nodes[i] = p->chain[p->ranges[i]];
	rc = order_append(out, NULL, p, nodes, p->range_count, err);
	free(nodes);
	return rc;
}

static int
chain_append(struct bytes *out, const struct zone_plan *p,
    const struct zone_denial *denial, uint32_t number, struct err *err)
{
	struct block_builder *b;
	uint32_t first, count;
	int rc = denial_cell_find(p, denial, number, &first, &count, err);

	if (rc < 0)
		return rc;
	if (p->denial == DENIAL_NSEC && number == 0)
		return root_append(out, p, err);
	b = block_builder_new();
	if (!b)
		return err_set(err, ERR_NO_MEMORY, "no memory for a block");
	rc = p->denial == DENIAL_NSEC
	         ? order_append(out, b, p, p->chain + first, count, err)
	         : hashed_append(
		       out, b, p, first, count, slot_bits_of(denial), err);
	block_builder_free(b);
	return rc;
}

int
cell_build_denial(const struct zone_plan *plan, const struct name_key *key,
    const struct zone_denial *denial, uint32_t number, struct bytes *out,
    struct err *err)
{
	bool nsec = denial->kind == DENIAL_NSEC;
	struct cell_header_d h = {.version = FORMAT_VERSION,
	    .features_required = FEATURE_DENIAL,
	    .kind = nsec ? CELL_DENIAL_NSEC : CELL_DENIAL_NSEC3,
	    .heap_off = sizeof h,
	    .slot = nsec ? 0 : number,
	    .slot_bits = slot_bits_of(denial),
	    .apex_bytes = plan->zone->apex_bytes,
	    .split = plan->split};
	size_t start = out->len;
	char apex[NAME_TEXT_MAX];
	int rc;

	bytes_append_zero(out, sizeof h);
	rc = chain_append(out, plan, denial, number, err);
	if (rc < 0)
		return err_add(
		    err, "zone %s", name_to_text(apex, plan->zone->apex));
	h.apex_off = (uint32_t)(out->len - start);
	bytes_append(out, plan->zone->apex, h.apex_bytes);
	bytes_align(out, CELL_ALIGN);
	bytes_append_zero(out, CELL_TAIL_BYTES);
	h.bytes_total = (uint32_t)(out->len - start);
	memcpy(h.magic, CELL_MAGIC, sizeof h.magic);
	digest_key_id(h.key_id, key);
	if (out->failed)
		return err_set(err, ERR_NO_MEMORY, "no memory for a cell");
	if (out->len - start > CELL_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "its cell is over %u bytes",
		    CELL_BYTES_MAX);
	memcpy(out->data + start, &h, sizeof h);
	return 0;
}
