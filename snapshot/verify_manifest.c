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

/* One order and one range at least; a power of two of hash prefixes. */
static bool
denial_is_sound(const struct split_d *s)
{
	switch (s->denial_kind) {
	case DENIAL_NONE:
		return s->denial_slots == 0;
	case DENIAL_NSEC:
		return s->denial_slots >= 2;
	case DENIAL_NSEC3:
		return s->denial_slots > 0 &&
		       (s->denial_slots & (s->denial_slots - 1)) == 0;
	default:
		return false;
	}
}

/* Apex: a sound name in lower case with zeros behind, or nothing at all. */
static const char *
split_verify(const struct split_d *s, uint64_t next)
{
	if (s->bits > SLOT_BITS_MAX)
		return "it is not sound";
	if (!all_zero(s->apex + s->apex_bytes, sizeof s->apex - s->apex_bytes))
		return "octets behind its apex";
	if (!denial_is_sound(s))
		return "it has not the denial cells of its kind";
	if (s->apex_bytes == 0)
		return s->bits || s->denial_slots ||
		               (s->first_slot && s->first_slot != next)
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
	bool denial = false;

	for (uint32_t i = 0; i < h->nsplits; i++) {
		const char *why = split_verify(&splits[i], next);

		if (why)
			return err_set(
			    err, ERR_CORRUPT, "manifest: split %u: %s", i, why);
		if (splits[i].apex_bytes)
			next +=
			    (1ull << splits[i].bits) + splits[i].denial_slots;
		denial |= splits[i].denial_slots > 0;
	}
	if (next != h->nslots)
		return err_set(err, ERR_CORRUPT,
		    "manifest: %u slots, but its tables make %llu", h->nslots,
		    (unsigned long long)next);
	if (denial != !!(h->features_required & FEATURE_DENIAL))
		return err_set(err, ERR_CORRUPT,
		    "manifest: FEATURE_DENIAL without denial cells, or they "
		    "without it");
	return 0;
}

/* Names and shared cells have packs, denial cells have none and are all there.
 */
static const char *
slot_verify(const struct slot_d *slot, bool is_denial)
{
	bool cell = !all_zero(slot->cell, DIGEST_BYTES);
	bool records = !all_zero(slot->records, DIGEST_BYTES);

	if (is_denial)
		return !cell     ? "a denial cell that is not there"
		       : records ? "a denial cell with records"
		                 : NULL;
	return cell == records ? NULL
	                       : "a cell without records, or records without a "
	                         "cell";
}

static int
range_verify(const void *manifest, uint32_t first, uint32_t count,
    bool is_denial, struct err *err)
{
	const struct slot_d *slots = manifest_slots(manifest);

	for (uint32_t i = first; i < first + count; i++) {
		const char *why = slot_verify(&slots[i], is_denial);

		if (why)
			return err_set(err, ERR_CORRUPT,
			    "manifest: slot %u has %s", i, why);
	}
	return 0;
}

/* Behind splits_verify(): the tables make just the slots that there are. */
static int
slots_verify(const void *manifest, struct err *err)
{
	const struct manifest_header_d *h = manifest_header(manifest);
	const struct split_d *s = manifest_splits(manifest);
	uint32_t at = 1u << h->slot_bits;
	int rc = range_verify(manifest, 0, at, false, err);

	for (uint32_t i = 0; rc == 0 && i < h->nsplits; i++) {
		uint32_t names = s[i].apex_bytes ? 1u << s[i].bits : 0;

		rc = range_verify(manifest, at, names, false, err);
		at += names;
		if (rc == 0)
			rc = range_verify(
			    manifest, at, s[i].denial_slots, true, err);
		at += s[i].denial_slots;
	}
	return rc;
}

int
manifest_verify(const uint8_t *manifest, size_t bytes, struct err *err)
{
	const struct manifest_header_d *h = manifest_header(manifest);
	int rc = identity_verify(h, bytes, err);

	if (rc == 0)
		rc = header_verify(h, bytes, err);
	if (rc == 0)
		rc = splits_verify(manifest, err);
	return rc == 0 ? slots_verify(manifest, err) : rc;
}
