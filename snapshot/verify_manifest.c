/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The verifier's part for manifests: sizes, masks, slots, the split table. Any
 * thread; allocates nothing.
 */
#include <string.h>

#include "base/name.h"
#include "snapshot/manifest.h"
#include "snapshot/verify.h"
#include "snapshot/verify_block.h"

static bool
all_zero(const uint8_t *p, size_t n)
{
	while (n--)
		if (p[n])
			return false;
	return true;
}

static int
identity_verify(
    const struct manifest_header_d *h, size_t bytes, struct err *err)
{
	uint32_t unknown;

	if (bytes < sizeof *h)
		return err_set(err, ERR_CORRUPT,
		    "%zu bytes are too few for a manifest", bytes);
	if (memcmp(h->magic, MANIFEST_MAGIC, sizeof h->magic) != 0)
		return err_set(err, ERR_CORRUPT, "this is no manifest");
	if (h->version != FORMAT_VERSION)
		return err_set(err, ERR_VERSION,
		    "the manifest has format version %u, this program reads "
		    "version %u: compile the zones anew, into an empty store",
		    h->version, FORMAT_VERSION);
	unknown = h->features_required & ~FEATURES_KNOWN;
	if (unknown)
		return err_set(err, ERR_VERSION,
		    "the manifest needs feature %u, which this program does "
		    "not have",
		    (unsigned)__builtin_ctz(unknown));
	return 0;
}

static int
header_verify(const struct manifest_header_d *h, size_t bytes, struct err *err)
{
	uint64_t need = sizeof *h +
	                (uint64_t)h->nslots * sizeof(struct slot_d) +
	                (uint64_t)h->nsplits * sizeof(struct split_d);
	int depths = __builtin_popcountll(h->depths[0]) +
	             __builtin_popcountll(h->depths[1]);

	if (h->bytes_total != bytes || need != bytes)
		return err_set(err, ERR_CORRUPT,
		    "manifest: %zu bytes, but its counts make %llu", bytes,
		    (unsigned long long)need);
	if (h->slot_bits > SLOT_BITS_MAX)
		return err_set(err, ERR_CORRUPT, "manifest: 2^%u shared slots",
		    h->slot_bits);
	if (h->nsplits > SPLITS_MAX)
		return err_set(
		    err, ERR_CORRUPT, "manifest: %u splits", h->nsplits);
	if (depths > APEX_DEPTHS_MAX)
		return err_set(err, ERR_LIMIT,
		    "manifest: zones at %d depths, more than %d", depths,
		    APEX_DEPTHS_MAX);
	if ((depths == 0) != (h->nzones == 0))
		return err_set(err, ERR_CORRUPT,
		    "manifest: %u zones at %d depths", h->nzones, depths);
	if ((h->key[1] & 1) == 0)
		return err_set(
		    err, ERR_CORRUPT, "manifest: no key of this format");
	if (!all_zero(h->reserved, sizeof h->reserved))
		return err_set(
		    err, ERR_CORRUPT, "manifest: reserved is not zero");
	return 0;
}

/* Apex: a sound name in lower case with zeros behind, or nothing at all. */
static const char *
split_verify(const struct split_d *s, uint64_t next)
{
	if (s->denial_slots || s->denial_kind)
		return "denial cells, which there are none of";
	if (s->bits > SLOT_BITS_MAX)
		return "it is not sound";
	if (!all_zero(s->apex + s->apex_bytes, sizeof s->apex - s->apex_bytes))
		return "octets behind its apex";
	if (s->apex_bytes == 0)
		return s->bits || (s->first_slot && s->first_slot != next)
		           ? "it is not in use but has slots"
		           : NULL;
	if (name_length_find(s->apex, s->apex_bytes) != s->apex_bytes ||
	    (s->apex_bytes > 1 &&
		labels_verify(s->apex, s->apex_bytes - 1u) == 0))
		return "its apex is no name in lower case";
	if (s->first_slot != next)
		return "its slots do not follow those before it";
	return NULL;
}

static int
splits_verify(const void *manifest, struct err *err)
{
	const struct manifest_header_d *h = manifest_header(manifest);
	const struct split_d *splits = manifest_splits(manifest);
	uint64_t next = 1ull << h->slot_bits;

	for (uint32_t i = 0; i < h->nsplits; i++) {
		const char *why = split_verify(&splits[i], next);

		if (why)
			return err_set(
			    err, ERR_CORRUPT, "manifest: split %u: %s", i, why);
		if (splits[i].apex_bytes)
			next += 1ull << splits[i].bits;
	}
	if (next != h->nslots)
		return err_set(err, ERR_CORRUPT,
		    "manifest: %u slots, but its tables make %llu", h->nslots,
		    (unsigned long long)next);
	return 0;
}

int
manifest_verify(const uint8_t *manifest, size_t bytes, struct err *err)
{
	const struct manifest_header_d *h = manifest_header(manifest);
	const struct slot_d *slots = manifest_slots(manifest);
	int rc = identity_verify(h, bytes, err);

	if (rc == 0)
		rc = header_verify(h, bytes, err);
	if (rc == 0)
		rc = splits_verify(manifest, err);
	for (uint32_t i = 0; rc == 0 && i < h->nslots; i++)
		if (all_zero(slots[i].cell, DIGEST_BYTES) !=
		    all_zero(slots[i].records, DIGEST_BYTES))
			rc = err_set(err, ERR_CORRUPT,
			    "manifest: slot %u has a cell without records, or "
			    "records without a cell",
			    i);
	return rc;
}
