/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Counters that others may read at any time: a file on tmpfs, mapped by its one
 * writing process and read-only by everyone else. It describes itself, so a
 * reader needs no header of the writer's version. A block a core or port; each
 * block starts on its own cache lines and has one writing thread, which folds
 * its sums in with relaxed stores once a burst.
 *
 *   counters_header_d | names (64 bytes each) | block labels (64 bytes each)
 *   | block 0 values (uint64_t each, padded to 128 bytes) | block 1 ...
 *
 * A name is "family{label}" without quotes, e.g. "verdict{nxdomain}",
 * "cycles_log2{7}": the part before the brace is the family.
 */
#ifndef HOLDFAST_COUNTERS_H
#define HOLDFAST_COUNTERS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define COUNTERS_MAGIC 0x31544e4346484c44ull
enum { COUNTERS_NAME_MAX = 64, COUNTERS_MAX = 1024, COUNTERS_BLOCKS_MAX = 512 };

struct counters_header_d {
	uint64_t magic;
	uint32_t version, nnames, nblocks, block_bytes;
	uint32_t names_off, labels_off, blocks_off, writer_pid;
	uint64_t started_ms; /* CLOCK_REALTIME */
	uint8_t reserved[16];
};
_Static_assert(sizeof(struct counters_header_d) == 64, "counters header");

struct counters; /* a mapping of such a file */

/* Writer: replaces the file at `path`. `labels` name the blocks ("core 1"). */
int counters_create(struct counters **out, const char *path,
    const char *const *names, unsigned nnames, const char *const *labels,
    unsigned nblocks, struct err *err);
/* The values of a block, in the order of the names. */
_Atomic uint64_t *counters_block(struct counters *c, unsigned block);

static inline void
counters_add(_Atomic uint64_t *value, uint64_t n)
{
	/* one writer: a plain add is enough, no locked instruction */
	atomic_store_explicit(value,
	    atomic_load_explicit(value, memory_order_relaxed) + n,
	    memory_order_relaxed);
}

/* Reader: maps read-only and checks every size in the header. */
int counters_open(struct counters **out, const char *path, struct err *err);
unsigned counters_names(const struct counters *c);
unsigned counters_blocks(const struct counters *c);
const char *counters_name(const struct counters *c, unsigned name);
const char *counters_label(const struct counters *c, unsigned block);
uint64_t counters_value(
    const struct counters *c, unsigned block, unsigned name);
uint32_t counters_writer_pid(const struct counters *c);
void counters_close(struct counters **c);

#endif
