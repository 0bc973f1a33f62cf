/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Versions of zones in, a proven generation out: chooses slots, builds the
 * cells that changed, verifies them, checks the whole, proves the answers. A
 * zone at fault is left at its last good version (or out, if it has none) and
 * named; the others go on. Runs in holdfastd and `holdfast compile`; needs the
 * store's owner lock; writes cells, records and the candidate manifest to the
 * store.
 */
#ifndef HOLDFAST_COMPILE_H
#define HOLDFAST_COMPILE_H

#include <stdbool.h>

#include "base/err.h"
#include "snapshot/load.h"
#include "snapshot/records.h"
#include "snapshot/store.h"

/* One zone as it should be served. The compiler borrows. Small, for there may
 * be a million of them, and nearly all pass. */
struct compile_zone {
	const struct zone_records *records;   /* the version wanted */
	const struct zone_records *last_good; /* or NULL */
	/* in: 0 and NULL, or why `records` are not to be taken but last_good,
	 * say since a guard has refused them; out, ended with
	 * compile_zones_fini() */
	struct err *why; /* of a status that is not 0 */
	int status;      /* 0: records are in the generation; else why not */
	bool by_guard;   /* it was a guard that refused it */
	/* in: last_good, signed again, of a zone that nobody configures any
	 * more: guards have no say in it */
	bool renewal;
};

/* Why a zone was refused, in words. */
const char *compile_zone_why(const struct compile_zone *z);
/* Frees what compile_generation() has given them; not the array. */
void compile_zones_fini(struct compile_zone *zones, size_t count);

enum compile_step { /* for progress and for tests that kill at each one */
	COMPILE_STEP_PLAN,
	COMPILE_STEP_CELLS,
	COMPILE_STEP_LOAD,
	COMPILE_STEP_PROVE,
	COMPILE_STEP_RECORDS,
	COMPILE_STEP_MANIFEST,
	COMPILE_STEP_COUNT
};

/* What a process remembers from one compile_generation() to the next, so that
 * one changed record does not cost a look at all records. NULL: out of memory.
 * Without it everything works, from the packs of the store. */
struct compile_memory;
struct compile_memory *compile_memory_new(void);
void compile_memory_free(struct compile_memory *m);

struct compile_options {
	bool prove; /* true but in benchmarks */
	/* the parent as it is loaded, say result.loaded of the last time, so
	 * that it has been checked whole: its cells are shared instead of read
	 * again; may be NULL */
	const struct generation *base;
	struct compile_memory
	    *memory; /* read and brought up to date; or NULL */
	void (*progress)(
	    void *arg, enum compile_step step, uint64_t done, uint64_t total);
	void *arg;
	unsigned shared_slot_bits; /* tests: ~0u or 0xff: choose */
	uint64_t split_bytes; /* tests: a zone larger than this is split; 0:
	                         choose (512 KiB) */
};

struct compile_result {
	struct digest generation; /* of the manifest in candidates/ */
	bool unchanged;           /* same as the parent: nothing was written */
	unsigned cells_built, cells_kept;
	unsigned zones_refused; /* those with status != 0 */
	unsigned zones_changed;
	uint64_t answers_proven;
	struct generation *loaded; /* the candidate, as it was proven; the
	                              caller frees it */
};

/* `parent`: the manifest of the generation that this one follows (bytes as
 * read from the store), or NULL. Cells whose input did not change are kept. A
 * zone whose version is at fault goes back to last_good, or is left out if it
 * has none; ERR_REFUSED if a last good version itself does not pass any more,
 * since to leave it out would be worse than to stay with the parent.
 * `options` may be NULL. */
int compile_generation(struct store *store, const void *parent,
    size_t parent_bytes, struct compile_zone *zones, size_t nzones,
    const struct compile_options *options, struct compile_result *result,
    struct err *err);

/* The records of all zones of a generation, from its packs: what a restarted
 * control process, `holdfast diff` and rollback start from. Sealed; sorted by
 * apex; the caller frees each and the array. */
int compile_read_zones(struct store *store, const struct digest *generation,
    struct zone_records ***zones, size_t *nzones, struct err *err);

#endif
