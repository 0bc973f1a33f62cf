/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The verifier: reads a cell or manifest that anybody may have written and says
 * yes only if every offset, length, count, order, pointer and name in it is
 * sound. After yes, the engine reads anywhere the bytes point without a check,
 * and every response it makes of them is well formed. Allocates nothing; any
 * thread; time linear in the bytes.
 */
#ifndef HOLDFAST_VERIFY_H
#define HOLDFAST_VERIFY_H

#include <stddef.h>

#include "base/err.h"
#include "snapshot/format.h"
#include "snapshot/hash.h"

/* What the manifest says that the cell is. */
struct cell_expect {
	const struct name_key *key;
	enum cell_kind kind;
	uint32_t slot;
	uint32_t slot_bits;
	const struct split_d *split; /* of all but CELL_SHARED */
	uint32_t split_no;           /* the same */
	/* of CELL_SHARED: to check the split numbers that apex nodes name */
	const struct split_d *splits;
	uint32_t nsplits;
};

/* Structure only; the digest is the loader's. `cell` is aligned to 64. On
 * refusal the text names the offset and what is wrong there. */
int cell_verify(const uint8_t *cell, size_t bytes,
    const struct cell_expect *expect, struct err *err);

/* A manifest by itself: sizes, order, masks, at most 16 depths, split table. */
int manifest_verify(const uint8_t *manifest, size_t bytes, struct err *err);

#endif
