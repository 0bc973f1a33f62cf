/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Inside of the loader: segments of sealed memory, each with the cells that
 * were loaded together, shared by generations through a count of references.
 */
#ifndef HOLDFAST_LOAD_MEMORY_H
#define HOLDFAST_LOAD_MEMORY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct segment {
	atomic_uint references;
	bool huge;
	int fd;       /* of the memfd until it is sealed; then -1 */
	uint8_t *map; /* writable until it is sealed, read-only from then on */
	size_t bytes; /* asked for */
	size_t mapped;
};

/* Takes memory for `bytes`, writable, with one reference. Huge pages when asked
 * for and enough are free, ordinary ones otherwise. ERR_NO_MEMORY if it can't
 * be had. */
int segment_new(
    struct segment **out, size_t bytes, bool huge_pages, struct err *err);

/* Unmaps, seals against writing for good, maps read-only. */
int segment_seal(struct segment *s, struct err *err);

void segment_hold(struct segment *s);
/* Drops a reference, and the memory with the last one. */
void segment_drop(struct segment **s);

#endif
