/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Loading: from files of the store to a generation in sealed memory. Called by
 * management threads (poll, sockets) and by control and tools; never by a
 * thread that answers. Steps: read and verify the manifest; take memory for all
 * cells that no loaded generation has yet (memfd, fallocate; huge pages when
 * asked for and there, ordinary ones otherwise; what can't be had is
 * ERR_NO_MEMORY, never a fault later); copy the cells in; unmap, seal against
 * writing, map read-only; then check digests and structure of the sealed bytes.
 * Cells that `base` has already are shared, with a reference counted.
 */
#ifndef HOLDFAST_LOAD_H
#define HOLDFAST_LOAD_H

#include <stdbool.h>

#include "base/err.h"
#include "snapshot/generation.h"
#include "snapshot/store.h"

struct load_options {
	bool huge_pages;
	/* share cells of this generation (may be NULL). When its cells lie in
	 * more than a few segments, everything is loaded afresh into one: that
	 * is the repacking. */
	const struct generation *base;
	/* called now and then with bytes done and total; may be NULL */
	void (*progress)(void *arg, uint64_t done, uint64_t total);
	void *arg;
};

/* Looks in generations/, then candidates/. */
int generation_load(struct generation **out, struct store *s,
    const struct digest *digest, const struct load_options *options,
    struct err *err);

/* As generation_load() with the manifest in hand: a candidate that nobody may
 * find in the store before it is proven. Its cells are in the store. */
int generation_load_manifest(struct generation **out, struct store *s,
    const void *manifest, size_t manifest_bytes,
    const struct load_options *options, struct err *err);

/* From bytes in memory, for proofs and tests: borrows nothing, copies cells.
 * cells[i] is the cell of slot i, or empty (NULL, 0). Verified like files. */
struct load_bytes {
	const void *data;
	size_t bytes;
};
int generation_from_bytes(struct generation **out, const void *manifest,
    size_t manifest_bytes, const struct load_bytes *cells, struct err *err);

/* Drops the generation and the memory that no other shares. Only after no
 * reader can see it. */
void generation_free(struct generation **g);

/* What must hold across the cells of a zone: each name's parent exists, each
 * split's apex node names its split and no other, depth masks agree, and no
 * name is below a cut unless marked. Linear in the names of the zones that are
 * not wholly in cells of `base`, a generation that has passed this check (NULL:
 * in those of all). Control calls it on every manifest, `holdfast verify` on
 * demand. */
int generation_check_whole(
    const struct generation *g, const struct generation *base, struct err *err);

/* The digest of the cell in a slot (zeros: empty), and its size. */
const struct digest *generation_cell_digest(
    const struct generation *g, uint32_t slot);
uint64_t generation_cell_bytes(const struct generation *g, uint32_t slot);
const struct digest *generation_records_digest(
    const struct generation *g, uint32_t slot);

#endif
