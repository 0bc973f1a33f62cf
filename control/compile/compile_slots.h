/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Filling the slots of a layout: which cells can be kept, and building,
 * verifying and storing the others, one at a time. Inside of the compiler.
 */
#ifndef HOLDFAST_COMPILE_SLOTS_H
#define HOLDFAST_COMPILE_SLOTS_H

#include "control/compile/compile_memory.h"
#include "snapshot/cell_builder.h"

struct slot_work {
	struct store *store;
	const struct name_key *key;
	const struct layout *layout;
	const struct slot_table *before; /* the round before this, or NULL */
	const struct slot_table *remembered; /* the parent with its inputs, or
	                                        NULL */
	const struct slot_table *parent;     /* from its manifest, or NULL */
	const struct compile_options *options;
	/* out */
	struct slot_table table;
	bool *is_new; /* [nslots]: the cell is not the parent's */
	unsigned cells_built, cells_kept;
	bool *refused;   /* [zones of the layout] at fault in this round */
	size_t nrefused; /* how many times; 0: the table is whole */
};

/* Marks zones at fault (compile_zone.status and .why) and goes on; then the
 * table is not whole. Other errors (store, memory) end it. Cells and packs that
 * were built are in the store, where no manifest names them yet. */
int slot_work_run(struct slot_work *w, struct err *err);

/* Marks a zone of the layout at fault. */
void slot_zone_refuse(
    struct slot_work *w, const struct layout_zone *z, const struct err *why);

void slot_work_fini(struct slot_work *w);

#endif
