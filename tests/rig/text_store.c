/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Candidates in a store, from text; see text_store.h.
 */
#include "tests/rig/text_store.h"

#include <string.h>

#include "base/name.h"
#include "control/source/zonefile.h"
#include "snapshot/cell_builder.h"
#include "snapshot/manifest.h"
#include "snapshot/records.h"

/* The zone's cell and pack; their digests go to the slot. */
static int
put_slot(struct store *s, const struct zone_records *z, struct slot_d *slot,
    struct err *err)
{
	const struct name_key *key = store_key(s);
	struct pack_zone pack = {.zone = z};
	struct zone_plan *plan = NULL;
	struct bytes cell, records;
	struct digest d;
	int rc;

	bytes_init(&cell);
	bytes_init(&records);
	rc = zone_plan_new(&plan, z, key, (uint16_t)NO_SPLIT, 0, err);
	if (!rc)
		rc = cell_build_shared((const struct zone_plan *const *)&plan,
		    1, key, 0, 0, &cell, err);
	if (!rc)
		rc = pack_write(&pack, 1, &records, err);
	if (!rc)
		rc = store_put(s, STORE_CELL, cell.data, cell.len, &d, err);
	if (!rc) {
		memcpy(slot->cell, d.b, DIGEST_BYTES);
		rc = store_put(
		    s, STORE_RECORDS, records.data, records.len, &d, err);
	}
	if (!rc)
		memcpy(slot->records, d.b, DIGEST_BYTES);
	zone_plan_free(plan);
	bytes_fini(&cell);
	bytes_fini(&records);
	return rc;
}

static int
put_manifest(struct store *s, unsigned labels, const struct slot_d *slot,
    const struct digest *parent, struct digest *out, struct err *err)
{
	struct manifest_parts parts = {.parent = parent ? parent->b : NULL,
	    .key = *store_key(s),
	    .nzones = 1,
	    .slots = slot,
	    .nslots = 1};
	struct bytes manifest;
	int rc;

	parts.depths[labels / 64] |= 1ull << labels % 64;
	bytes_init(&manifest);
	rc = manifest_write(&parts, &manifest, err);
	if (!rc)
		rc = store_put(
		    s, STORE_CANDIDATE, manifest.data, manifest.len, out, err);
	bytes_fini(&manifest);
	return rc;
}

int
text_store_put(struct store *s, const char *apex, const char *text,
    const struct digest *parent, struct digest *out, struct err *err)
{
	struct zone_records *z = NULL;
	uint8_t name[DNS_NAME_MAX];
	struct slot_d slot = {0};
	int rc = name_from_text(name, apex, err);

	if (rc < 0)
		return rc;
	rc = zonefile_parse(&z, apex, text, strlen(text), name, NULL, err);
	if (!rc)
		rc = put_slot(s, z, &slot, err);
	if (!rc)
		rc =
		    put_manifest(s, name_labels(name), &slot, parent, out, err);
	if (!rc)
		rc = store_sync(s, err);
	zone_records_free(z);
	return rc;
}
