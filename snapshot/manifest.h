/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Writing a manifest (control, tools) and looking at one that the verifier has
 * accepted. Allocates through struct bytes only.
 */
#ifndef HOLDFAST_MANIFEST_H
#define HOLDFAST_MANIFEST_H

#include "base/bytes.h"
#include "base/err.h"
#include "snapshot/format.h"
#include "snapshot/hash.h"

struct manifest_parts {
	const uint8_t *parent; /* DIGEST_BYTES, or NULL for the first */
	struct name_key key;
	uint64_t depths[2];
	uint32_t slot_bits, nzones;
	const struct slot_d *slots;
	uint32_t nslots;
	const struct split_d *splits;
	uint32_t nsplits;
};

/* Appends the manifest's bytes; runs the verifier over them. */
int manifest_write(
    const struct manifest_parts *parts, struct bytes *out, struct err *err);

/* Views into verified bytes. */
static inline const struct manifest_header_d *
manifest_header(const void *manifest)
{
	return manifest;
}

static inline const struct slot_d *
manifest_slots(const void *manifest)
{
	return (const void *)((const struct manifest_header_d *)manifest + 1);
}

static inline const struct split_d *
manifest_splits(const void *manifest)
{
	return (const void *)(manifest_slots(manifest) +
			      manifest_header(manifest)->nslots);
}

#endif
