/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Inside of the compiler: one shared slot with the split zones whose apexes are
 * in it, which compile_slots.c (names) and compile_denial.c (chains) fill.
 */
#ifndef HOLDFAST_COMPILE_GROUP_H
#define HOLDFAST_COMPILE_GROUP_H

#include "control/compile/compile_slots.h"

struct slot_group {
	struct slot_work *w;
	const uint32_t *members; /* indexes of zones */
	uint32_t count;
	struct zone_plan **plans; /* [count], made when first needed */
	struct bytes cell, pack, input;
};

const struct layout_zone *group_member(const struct slot_group *g, uint32_t i);

/* The digest of what a cell is made from. `z` NULL: the shared one. */
void group_input_digest(struct slot_group *g, const struct layout_slot *slot,
    const struct layout_zone *z, struct digest *out);

/* Takes a slot from a table that knows inputs. */
bool group_take_known(struct slot_work *w, uint32_t at,
    const struct layout_slot *slot, const struct slot_table *from);

/* Makes the plan of a member; a zone that can't be planned is refused and has
 * none then. */
int group_plan_make(struct slot_group *g, uint32_t i, struct err *err);

/* Builds and verifies into g->cell. */
int group_cell_make(struct slot_group *g, const struct layout_slot *slot,
    const struct zone_plan *const *plans, size_t count, struct err *err);

/* Puts g->cell into the store and its digest into the table. */
int group_cell_put(struct slot_group *g, uint32_t at, struct err *err);

/* Notes whether the slot's cell is one that the parent has. */
void group_slot_done(struct slot_work *w, uint32_t at,
    const struct layout_slot *slot, bool built);

/* Errors that are no zone's fault. */
bool group_is_lost(int code);

/* compile_denial.c: whether all of a zone's records are those of the parent, by
 * the packs of its names alone: so are then its denial cells. */
bool denial_is_parents(const struct slot_group *g, uint32_t i);

/* Fills a denial slot of a member; those of its names are filled. */
int denial_slot_fill(struct slot_group *g, uint32_t i, uint32_t at,
    bool is_parents, struct err *err);

#endif
