/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The slots of denial cells, behind those of a split zone's names. They have no
 * packs: what they are made from is known by the parts that the process
 * remembers, or by the packs of all the zone's names. Runs in holdfastd and
 * `holdfast compile`.
 */
#include <string.h>

#include "control/compile/compile_group.h"

bool
denial_is_parents(const struct slot_group *g, uint32_t i)
{
	const struct layout_zone *z = group_member(g, i);
	const struct slot_work *w = g->w;
	uint32_t apex_slot = name_slot(z->apex_hash, w->layout->shared_bits);
	uint32_t first = w->layout->splits[z->split].first_slot;

	if (!w->parent || w->remembered)
		return false;
	for (uint32_t n = 0; n <= 1u << z->split_bits; n++) {
		uint32_t at = n ? first + n - 1 : apex_slot;
		struct layout_slot slot = layout_slot_at(w->layout, at);
		uint32_t there = slot_table_find(w->parent, w->layout, &slot);

		if (there >= w->parent->nslots ||
		    memcmp(w->parent->slots[there].records,
			w->table.slots[at].records, DIGEST_BYTES) != 0)
			return false;
	}
	return true;
}

static bool
take_parents(struct slot_work *w, uint32_t at, const struct layout_slot *slot)
{
	uint32_t there = slot_table_find(w->parent, w->layout, slot);

	if (there >= w->parent->nslots)
		return false;
	w->table.slots[at] = w->parent->slots[there];
	return true;
}

static bool
take_denial_part(struct slot_work *w, uint32_t at,
    const struct layout_slot *slot, const struct slot_table *from)
{
	uint32_t there = from ? slot_table_part_find(
				    from, w->layout, slot, &w->table.parts[at])
	                      : UINT32_MAX;

	if (there == UINT32_MAX)
		return false;
	w->table.slots[at] = from->slots[there];
	return true;
}

static int
denial_build(struct slot_group *g, uint32_t i, uint32_t at,
    const struct layout_slot *slot, bool *kept, struct err *err)
{
	const struct split_d *split = &g->w->layout->splits[slot->split];
	const struct zone_denial denial = {
	    split->denial_kind, split->denial_slots};
	const struct zone_plan *plan;
	int code = group_plan_make(g, i, err);

	plan = g->plans[i];
	if (code || !plan)
		return code;
	code = zone_plan_denial_digest(plan, &denial,
	    slot->number - (1u << slot->bits), &g->w->table.parts[at], err);
	if (code)
		return code;
	*kept = take_denial_part(g->w, at, slot, g->w->before) ||
	        take_denial_part(g->w, at, slot, g->w->remembered);
	if (*kept)
		return 0;
	code = group_cell_make(g, slot, &plan, 1, err);
	if (group_is_lost(code))
		return code;
	if (code) {
		slot_zone_refuse(g->w, group_member(g, i), err);
		return 0;
	}
	return group_cell_put(g, at, err);
}

int
denial_slot_fill(struct slot_group *g, uint32_t i, uint32_t at, bool is_parents,
    struct err *err)
{
	struct slot_work *w = g->w;
	struct layout_slot slot = layout_slot_at(w->layout, at);
	bool kept;
	int code = 0;

	group_input_digest(g, &slot, group_member(g, i), &w->table.inputs[at]);
	kept = group_take_known(w, at, &slot, w->before) ||
	       group_take_known(w, at, &slot, w->remembered) ||
	       (is_parents && take_parents(w, at, &slot));
	if (!kept)
		code = denial_build(g, i, at, &slot, &kept, err);
	if (code == 0)
		group_slot_done(w, at, &slot, !kept);
	return code;
}
