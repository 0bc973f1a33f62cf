/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Packs that anybody may have written: what is read is written again and must
 * be the same octets, and whatever zone can be planned must become cells that
 * the verifier accepts. Links the real reader, builder and verifier.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "snapshot/cell_builder.h"
#include "snapshot/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct name_key key = {
    {0x243f6a8885a308d3ull, 0x13198a2e03707345ull}};

/* Denial cells are small, so that there are several. */
enum { ZONES_MAX = 8, SPLIT_BITS = 1, DENIAL_BYTES = 256 };

struct parts {
	struct zone_records *zones[ZONES_MAX];
	unsigned n;
};

static int
part_take(void *arg, struct zone_records *part, uint32_t serial,
    const struct digest *version, struct err *err)
{
	struct parts *p = arg;

	if (p->n == ZONES_MAX) {
		zone_records_free(part);
		return err_set(err, ERR_LIMIT, "enough");
	}
	part->serial = serial;
	part->version = *version;
	p->zones[p->n++] = part;
	return 0;
}

static void
expect_same(const struct parts *p, const uint8_t *data, size_t size)
{
	struct pack_zone zones[ZONES_MAX] = {0};
	struct bytes out;
	struct err err;

	for (unsigned i = 0; i < p->n; i++)
		zones[i].zone = p->zones[i];
	bytes_init(&out);
	if (pack_write(zones, p->n, &out, &err) || out.len != size ||
	    memcmp(out.data, data, size) != 0)
		abort();
	bytes_fini(&out);
}

static void
expect_verified(const struct bytes *cell, const struct cell_expect *expect)
{
	uint8_t *aligned = aligned_alloc(CELL_ALIGN, cell->len);
	struct err err;

	if (!aligned)
		return;
	memcpy(aligned, cell->data, cell->len);
	if (cell_verify(aligned, cell->len, expect, &err)) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
	free(aligned);
}

static void
build_shared(const struct zone_plan *plan, const struct split_d *split)
{
	struct cell_expect expect = {.key = &key,
	    .kind = CELL_SHARED,
	    .splits = split,
	    .nsplits = split ? 1 : 0};
	struct bytes cell;
	struct err err;

	bytes_init(&cell);
	if (cell_build_shared(&plan, 1, &key, 0, 0, &cell, &err)) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
	expect_verified(&cell, &expect);
	bytes_fini(&cell);
}

static void
build_slots(const struct zone_plan *plan, const struct split_d *split)
{
	struct cell_expect expect = {.key = &key,
	    .kind = CELL_SPLIT,
	    .slot_bits = SPLIT_BITS,
	    .split = split};
	struct bytes cell;
	struct err err;

	bytes_init(&cell);
	for (; expect.slot < 1u << SPLIT_BITS; expect.slot++) {
		bytes_clear(&cell);
		if (cell_build_split(plan, &key, expect.slot, &cell, &err)) {
			fprintf(stderr, "%s\n", err.text);
			abort();
		}
		expect_verified(&cell, &expect);
	}
	bytes_fini(&cell);
}

/* Those that prove absence, as counted before the zone was planned. */
static void
build_denial(const struct zone_plan *plan, const struct split_d *split)
{
	const struct zone_denial denial = {
	    split->denial_kind, split->denial_slots};
	bool hashed = denial.kind == DENIAL_NSEC3;
	struct cell_expect expect = {.key = &key,
	    .kind = hashed ? CELL_DENIAL_NSEC3 : CELL_DENIAL_NSEC,
	    .split = split};
	struct bytes cell;
	struct err err;

	if (hashed)
		expect.slot_bits = (uint32_t)__builtin_ctz(denial.slots);
	bytes_init(&cell);
	for (uint32_t i = 0; i < denial.slots; i++) {
		bytes_clear(&cell);
		if (cell_build_denial(plan, &key, &denial, i, &cell, &err)) {
			fprintf(stderr, "%s\n", err.text);
			abort();
		}
		expect.slot = hashed ? i : 0;
		expect_verified(&cell, &expect);
	}
	bytes_fini(&cell);
}

static void
zone_build(const struct zone_records *z)
{
	struct split_d split = {
	    .bits = SPLIT_BITS, .apex_bytes = z->apex_bytes};
	struct zone_denial denial;
	struct zone_plan *plan;
	struct err err;

	zone_denial_count(z, &key, DENIAL_BYTES, NULL, &denial);
	split.denial_kind = denial.kind;
	split.denial_slots = denial.slots;
	memcpy(split.apex, z->apex, z->apex_bytes);
	if (zone_plan_new(&plan, z, &key, NO_SPLIT, 0, &err) == 0)
		build_shared(plan, NULL);
	zone_plan_free(plan);
	if (zone_plan_new(&plan, z, &key, 0, SPLIT_BITS, &err) == 0) {
		build_shared(plan, &split);
		build_slots(plan, &split);
		build_denial(plan, &split);
	}
	zone_plan_free(plan);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	struct parts p = {.n = 0};
	struct err err;
	int rc;

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	rc = pack_read(copy, size, part_take, &p, &err);
	if (rc == 0)
		expect_same(&p, data, size);
	for (unsigned i = 0; i < p.n; i++) {
		if (rc == 0 &&
		    zone_records_seal(p.zones[i], NULL, NULL, &err) == 0) {
			zone_bytes_estimate(p.zones[i]);
			zone_build(p.zones[i]);
		}
		zone_records_free(p.zones[i]);
	}
	free(copy);
	return 0;
}
