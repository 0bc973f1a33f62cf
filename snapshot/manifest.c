/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Writing a manifest: header, slots, splits, then the verifier's yes, so that
 * nothing is written that no reader would take. Control and tools; allocates
 * through the caller's struct bytes.
 */
#include "snapshot/manifest.h"

#include <string.h>

#include "snapshot/verify.h"

static void
header_fill(struct manifest_header_d *h, const struct manifest_parts *parts)
{
	memset(h, 0, sizeof *h);
	memcpy(h->magic, MANIFEST_MAGIC, sizeof h->magic);
	h->version = FORMAT_VERSION;
	h->bytes_total = sizeof *h +
	                 (uint64_t)parts->nslots * sizeof *parts->slots +
	                 (uint64_t)parts->nsplits * sizeof *parts->splits;
	for (uint32_t i = 0; i < parts->nsplits; i++)
		if (parts->splits[i].denial_slots)
			h->features_required |= FEATURE_DENIAL;
	h->slot_bits = parts->slot_bits;
	h->nslots = parts->nslots;
	h->nsplits = parts->nsplits;
	h->nzones = parts->nzones;
	memcpy(h->depths, parts->depths, sizeof h->depths);
	memcpy(h->key, parts->key.k, sizeof h->key);
	if (parts->parent)
		memcpy(h->parent, parts->parent, DIGEST_BYTES);
}

int
manifest_write(
    const struct manifest_parts *parts, struct bytes *out, struct err *err)
{
	struct manifest_header_d h;
	size_t start = out->len;
	int rc;

	header_fill(&h, parts);
	bytes_append(out, &h, sizeof h);
	if (parts->nslots)
		bytes_append(
		    out, parts->slots, parts->nslots * sizeof *parts->slots);
	if (parts->nsplits)
		bytes_append(
		    out, parts->splits, parts->nsplits * sizeof *parts->splits);
	if (out->failed)
		return err_set(
		    err, ERR_NO_MEMORY, "out of memory for a manifest");
	rc = manifest_verify(out->data + start, out->len - start, err);
	if (rc < 0)
		out->len = start;
	return rc;
}
