/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Zones as text to a loaded generation (text_generation.h). One shared cell for
 * all, four more for each zone that is to be split.
 */
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "control/source/zonefile.h"
#include "snapshot/cell_builder.h"
#include "snapshot/manifest.h"
#include "tests/rig/text_generation.h"

enum {
	SPLIT_BITS = 2,
	SPLIT_CELLS = 1 << SPLIT_BITS,
	DENIAL_CELLS_MAX = 64,
	DENIAL_BYTES = 128, /* of NSEC3 records a cell */
	SLOTS_MAX = 1 + TEXT_ZONES_MAX * (SPLIT_CELLS + DENIAL_CELLS_MAX)
};

static const struct name_key text_key = {
    {0x243f6a8885a308d3ull, 0x13198a2e03707345ull}};

struct parts {
	struct zone_records *records[TEXT_ZONES_MAX];
	struct zone_plan *plans[TEXT_ZONES_MAX];
	struct bytes cells[SLOTS_MAX], manifest_bytes;
	struct slot_d slots[SLOTS_MAX];
	struct split_d splits[TEXT_ZONES_MAX];
	struct manifest_parts manifest;
};

static int
parts_read(
    struct parts *p, const struct text_zone *zones, unsigned n, struct err *err)
{
	uint16_t splits = 0;

	for (unsigned i = 0; i < n; i++) {
		uint8_t apex[DNS_NAME_MAX];
		unsigned labels;
		int rc = name_from_text(apex, zones[i].apex, err);

		if (rc > 0)
			rc = zonefile_parse(&p->records[i], zones[i].apex,
			    zones[i].text, strlen(zones[i].text), apex, NULL,
			    err);
		if (rc == 0)
			rc = zone_plan_new(&p->plans[i], p->records[i],
			    &text_key,
			    zones[i].split ? splits++ : (uint16_t)NO_SPLIT,
			    zones[i].split ? SPLIT_BITS : 0, err);
		if (rc < 0)
			return rc;
		labels = name_labels(apex);
		p->manifest.depths[labels / 64] |= 1ull << labels % 64;
	}
	return 0;
}

static int
parts_split(struct parts *p, unsigned zone, struct err *err)
{
	const struct zone_records *z = p->records[zone];
	struct split_d *s = &p->splits[p->manifest.nsplits++];
	struct zone_denial denial;
	int rc = 0;

	s->first_slot = p->manifest.nslots;
	s->bits = SPLIT_BITS;
	s->apex_bytes = z->apex_bytes;
	memcpy(s->apex, z->apex, z->apex_bytes);
	for (uint32_t i = 0; rc == 0 && i < SPLIT_CELLS; i++)
		rc = cell_build_split(p->plans[zone], &text_key, i,
		    &p->cells[p->manifest.nslots++], err);
	zone_denial_count(z, &text_key, DENIAL_BYTES, NULL, &denial);
	if (denial.slots > DENIAL_CELLS_MAX)
		return err_set(err, ERR_LIMIT, "%u denial cells", denial.slots);
	s->denial_kind = denial.kind;
	s->denial_slots = denial.slots;
	for (uint32_t i = 0; rc == 0 && i < denial.slots; i++)
		rc = cell_build_denial(p->plans[zone], &text_key, &denial, i,
		    &p->cells[p->manifest.nslots++], err);
	return rc;
}

static int
parts_build(
    struct parts *p, const struct text_zone *zones, unsigned n, struct err *err)
{
	int rc = cell_build_shared((const struct zone_plan *const *)p->plans, n,
	    &text_key, 0, 0, &p->cells[0], err);

	for (unsigned i = 0; rc == 0 && i < n; i++)
		if (zones[i].split)
			rc = parts_split(p, i, err);
	return rc;
}

static bool
slot_is_denial(const struct parts *p, uint32_t slot)
{
	for (uint32_t i = 0; i < p->manifest.nsplits; i++) {
		const struct split_d *s = &p->splits[i];
		uint32_t denial = s->first_slot + SPLIT_CELLS;

		if (slot >= denial && slot < denial + s->denial_slots)
			return true;
	}
	return false;
}

static int
parts_load(struct parts *p, struct generation **out, struct err *err)
{
	struct load_bytes cells[SLOTS_MAX];
	int rc;

	for (uint32_t i = 0; i < p->manifest.nslots; i++) {
		struct digest d;

		cells[i] =
		    (struct load_bytes){p->cells[i].data, p->cells[i].len};
		if (!p->cells[i].len)
			continue;
		digest_of(&d, p->cells[i].data, p->cells[i].len);
		memcpy(p->slots[i].cell, d.b, DIGEST_BYTES);
		/* no packs here: any digest will do */
		if (!slot_is_denial(p, i))
			memcpy(p->slots[i].records, d.b, DIGEST_BYTES);
	}
	rc = manifest_write(&p->manifest, &p->manifest_bytes, err);
	if (rc == 0)
		rc = generation_from_bytes(out, p->manifest_bytes.data,
		    p->manifest_bytes.len, cells, err);
	return rc;
}

static void
parts_free(struct parts *p, struct zone_records **records, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		zone_plan_free(p->plans[i]);
		if (records)
			records[i] = p->records[i];
		else
			zone_records_free(p->records[i]);
	}
	for (unsigned i = 0; i < SLOTS_MAX; i++)
		bytes_fini(&p->cells[i]);
	bytes_fini(&p->manifest_bytes);
	free(p);
}

int
text_generation_make(struct generation **out, struct zone_records **records,
    const struct text_zone *zones, unsigned n, struct err *err)
{
	struct parts *p = calloc(1, sizeof *p);
	int rc;

	if (!p)
		return err_set(err, ERR_NO_MEMORY, "no memory for %u zones", n);
	p->manifest = (struct manifest_parts){.key = text_key,
	    .nzones = n,
	    .slots = p->slots,
	    .nslots = 1,
	    .splits = p->splits};
	rc = parts_read(p, zones, n, err);
	if (rc == 0)
		rc = parts_build(p, zones, n, err);
	if (rc == 0)
		rc = parts_load(p, out, err);
	parts_free(p, records, n);
	return rc;
}
