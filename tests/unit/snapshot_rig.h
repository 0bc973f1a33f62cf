/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Snapshots for tests: zones as text, through the real builder, to cells and a
 * manifest in memory. A mistake ends the test.
 */
#ifndef HOLDFAST_SNAPSHOT_RIG_H
#define HOLDFAST_SNAPSHOT_RIG_H

#include "snapshot/load.h"
#include "snapshot/manifest.h"
#include "snapshot/verify.h"

enum {
	RIG_WHOLE = 0xff,
	RIG_SPLITS = 4,
	RIG_DENIAL_BYTES = 128, /* of NSEC3 records a slot */
};

struct rig_zone {
	const char *apex, *text;
	unsigned split_bits; /* RIG_WHOLE: not split */
};

struct rig {
	struct name_key key;
	unsigned slot_bits;
	uint32_t nslots, nsplits, nzones;
	uint64_t depths[2];
	struct bytes *cells;  /* [nslots]; empty: nothing hashes there */
	struct slot_d *slots; /* [nslots] */
	struct split_d splits[RIG_SPLITS];
	struct bytes manifest;
	struct digest digest; /* of the manifest */
};

/* `parent` may be NULL. */
void rig_make(struct rig *r, const struct name_key *key,
    const struct rig_zone *zones, size_t count, unsigned slot_bits,
    const struct digest *parent);
void rig_free(struct rig *r);

/* Writes the manifest anew, after slots were changed. */
void rig_manifest(struct rig *r, const struct digest *parent);

/* What the verifier is told of the cell in a slot. */
void rig_expect(const struct rig *r, uint32_t slot, struct cell_expect *out);

/* The generation from memory. */
struct generation *rig_generation(const struct rig *r);

/* Cells, records (made up), and the manifest as a candidate. */
void rig_put(struct rig *r, struct store *s);

/* A key that tests share. */
extern const struct name_key rig_key;

/* Zones with a name for about everything that a cell can have: "rig.test." is
 * plain, "signed.test." has signatures, "split.test." is in split cells. */
extern const struct rig_zone rig_zones[];
extern const size_t rig_zones_count;

/* Zones that prove absence: "nsec.test." and "nsecs.test." by NSEC,
 * "nsec3.test." and "nsec3s.test." by NSEC3; the second ones are in split
 * cells, that of NSEC with two ranges (by rig_key). */
extern const struct rig_zone rig_denial_zones[];
extern const size_t rig_denial_zones_count;

#endif
