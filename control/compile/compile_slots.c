/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Slots, one after the other: a shared slot first, then the slots of the split
 * zones whose apexes are in it, so that a zone is planned once and no more
 * plans are alive than a slot has zones. Allocates plans, one cell and one pack
 * at a time. Runs in holdfastd and `holdfast compile`.
 *
 * A cell is kept when what it is made from is what the kept one was made from:
 * the versions of its zones, their splits, and its place. A process that has
 * compiled the parent remembers that as a digest, and which zones there were,
 * so that slots where none of them has changed are not looked at; another
 * compares packs.
 */
#include "control/compile/compile_slots.h"

#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "control/compile/compile_group.h"
#include "control/compile/compile_packs.h"
#include "control/compile/compile_zones.h"
#include "snapshot/verify.h"

const struct layout_zone *
group_member(const struct slot_group *g, uint32_t i)
{
	return &g->w->layout->zones[g->members[i]];
}

void
slot_zone_refuse(
    struct slot_work *w, const struct layout_zone *z, const struct err *why)
{
	char apex[NAME_TEXT_MAX];
	struct err named = *why;

	err_add(&named, "zone %s", name_to_text(apex, z->records->apex));
	compile_zone_refuse(z->zone, &named);
	w->refused[z - w->layout->zones] = true;
	w->nrefused++;
}

/* --- inputs --------------------------------------------------------------- */

static void
input_zone(struct bytes *b, const struct layout_zone *z)
{
	bytes_append(b, z->records->apex, z->records->apex_bytes);
	bytes_append(b, z->records->version.b, DIGEST_BYTES);
	bytes_append(b, &z->split, sizeof z->split);
	bytes_append(b, &z->split_bits, sizeof z->split_bits);
}

/* The digest of what a cell is made from. `z` NULL: the shared one. */
void
group_input_digest(struct slot_group *g, const struct layout_slot *slot,
    const struct layout_zone *z, struct digest *out)
{
	struct bytes *b = &g->input;

	bytes_clear(b);
	bytes_append(b, g->w->key->k, sizeof g->w->key->k);
	bytes_append(b, &slot->split, sizeof slot->split);
	bytes_append(b, &slot->number, sizeof slot->number);
	bytes_append(b, &slot->bits, sizeof slot->bits);
	if (z)
		input_zone(b, z);
	for (uint32_t i = 0; !z && i < g->count; i++)
		input_zone(b, group_member(g, i));
	if (b->failed)
		memset(out, 0, sizeof *out); /* kept as not known */
	else
		digest_of(out, b->data, b->len);
}

static bool
is_empty(const struct slot_d *slot)
{
	static const uint8_t zeros[DIGEST_BYTES];

	return memcmp(slot->cell, zeros, DIGEST_BYTES) == 0;
}

/* Takes a slot from a table that knows inputs. */
bool
group_take_known(struct slot_work *w, uint32_t at,
    const struct layout_slot *slot, const struct slot_table *from)
{
	uint32_t there;

	if (!from || digest_is_zero(&w->table.inputs[at]))
		return false;
	there = slot_table_find(from, w->layout, slot);
	if (there >= from->nslots ||
	    !digest_equal(&from->inputs[there], &w->table.inputs[at]))
		return false;
	w->table.slots[at] = from->slots[there];
	w->table.parts[at] = from->parts[there];
	return true;
}

/* Takes the cell of a split slot, not its pack, from a table that knows what it
 * depends on: a zone that changed elsewhere. */
static bool
take_part(struct slot_work *w, uint32_t at, const struct layout_slot *slot,
    const struct slot_table *from)
{
	uint32_t there =
	    from ? slot_table_find(from, w->layout, slot) : UINT32_MAX;

	if (there == UINT32_MAX || there >= from->nslots ||
	    digest_is_zero(&w->table.parts[at]) ||
	    !digest_equal(&from->parts[there], &w->table.parts[at]))
		return false;
	memcpy(w->table.slots[at].cell, from->slots[there].cell, DIGEST_BYTES);
	return true;
}

/* Whether the parent had the zones of a shared slot split as they are now: its
 * packs don't say. */
static bool
splits_agree(const struct slot_group *g, const struct slot_table *parent)
{
	for (uint32_t i = 0; i < g->count; i++) {
		const struct layout_zone *z = group_member(g, i);
		uint16_t then = parent->nsplits
		                    ? slot_table_split_find(parent, z->records)
		                    : NO_SPLIT;

		if (then != z->split ||
		    (then != NO_SPLIT &&
			(parent->splits[then].bits != z->split_bits ||
			    parent->splits[then].denial_kind !=
				z->denial.kind)))
			return false;
	}
	return true;
}

/* Takes a slot from the parent if its pack is the one in hand. */
static bool
take_packed(struct slot_group *g, uint32_t at, const struct layout_slot *slot,
    const struct digest *pack)
{
	const struct slot_table *parent = g->w->parent;
	uint32_t there =
	    parent ? slot_table_find(parent, g->w->layout, slot) : UINT32_MAX;

	if (there == UINT32_MAX || there >= parent->nslots ||
	    memcmp(parent->slots[there].records, pack->b, DIGEST_BYTES) != 0 ||
	    (slot->split == NO_SPLIT && !splits_agree(g, parent)))
		return false;
	g->w->table.slots[at] = parent->slots[there];
	return true;
}

/* Whether the parent has this cell there; of a denial cell, wherever among
 * those of the split. */
static bool
parent_has(const struct slot_work *w, const struct layout_slot *slot,
    const struct slot_d *now)
{
	struct digest cell;
	uint32_t there;

	if (!w->parent)
		return false;
	there = slot_table_find(w->parent, w->layout, slot);
	if (there < w->parent->nslots &&
	    memcmp(now->cell, w->parent->slots[there].cell, DIGEST_BYTES) == 0)
		return true;
	if (!layout_slot_is_denial(slot))
		return false;
	memcpy(cell.b, now->cell, DIGEST_BYTES);
	return slot_table_denial_find(w->parent, w->layout, slot, &cell) !=
	       UINT32_MAX;
}

/* Notes whether the slot's cell is one that the parent has. */
void
group_slot_done(struct slot_work *w, uint32_t at,
    const struct layout_slot *slot, bool built)
{
	const struct slot_d *now = &w->table.slots[at];

	w->is_new[at] = !is_empty(now) && !parent_has(w, slot, now);
	w->cells_built += built && !is_empty(now);
	w->cells_kept += !built && !is_empty(now);
}

/* --- building
 * ---------------------------------------------------------------------- */

bool
group_is_lost(int code)
{
	return code == ERR_NO_MEMORY || code == ERR_IO;
}

/* Makes the plan of a member; a zone that can't be planned is refused and has
 * none then. */
int
group_plan_make(struct slot_group *g, uint32_t i, struct err *err)
{
	const struct layout_zone *z = group_member(g, i);
	int code;

	if (g->plans[i])
		return 0;
	code = zone_plan_new(
	    &g->plans[i], z->records, g->w->key, z->split, z->split_bits, err);
	if (code)
		g->plans[i] = NULL;
	if (code == 0 || group_is_lost(code))
		return code;
	slot_zone_refuse(g->w, z, err);
	return 0;
}

/* What the verifier must find in a slot. */
static struct cell_expect
cell_expect_make(const struct slot_work *w, const struct layout_slot *slot)
{
	const struct layout *l = w->layout;
	bool shared = slot->split == NO_SPLIT;
	struct cell_expect expect = {
	    .key = w->key,
	    .kind = shared ? CELL_SHARED : CELL_SPLIT,
	    .slot = slot->number,
	    .slot_bits = slot->bits,
	    .split = shared ? NULL : &l->splits[slot->split],
	    .split_no = slot->split,
	    .splits = l->splits,
	    .nsplits = l->nsplits,
	};

	if (!layout_slot_is_denial(slot))
		return expect;
	expect.kind = CELL_DENIAL_NSEC;
	expect.slot = expect.slot_bits = 0;
	if (expect.split->denial_kind == DENIAL_NSEC3) {
		expect.kind = CELL_DENIAL_NSEC3;
		expect.slot = slot->number - (1u << slot->bits);
		expect.slot_bits =
		    (uint32_t)__builtin_ctz(expect.split->denial_slots);
	}
	return expect;
}

static int
cell_build(struct slot_group *g, const struct layout_slot *slot,
    const struct zone_plan *const *plans, size_t count, struct err *err)
{
	const struct name_key *key = g->w->key;
	const struct split_d *split;
	struct zone_denial denial;

	if (slot->split == NO_SPLIT)
		return cell_build_shared(
		    plans, count, key, slot->number, slot->bits, &g->cell, err);
	if (!layout_slot_is_denial(slot))
		return cell_build_split(
		    plans[0], key, slot->number, &g->cell, err);
	split = &g->w->layout->splits[slot->split];
	denial = (struct zone_denial){split->denial_kind, split->denial_slots};
	return cell_build_denial(plans[0], key, &denial,
	    slot->number - (1u << slot->bits), &g->cell, err);
}

/* Builds and verifies into g->cell. */
int
group_cell_make(struct slot_group *g, const struct layout_slot *slot,
    const struct zone_plan *const *plans, size_t count, struct err *err)
{
	const struct cell_expect expect = cell_expect_make(g->w, slot);
	int code;

	bytes_clear(&g->cell);
	code = cell_build(g, slot, plans, count, err);
	if (code)
		return code;
	code = cell_verify(g->cell.data, g->cell.len, &expect, err);
	return code ? err_add(err, "the verifier refuses what was built") : 0;
}

/* A shared cell failed: whose fault is it? Whoever fails alone; if none does,
 * all versions that are not the last good ones. */
static void
group_blame(struct slot_group *g, const struct layout_slot *slot,
    const struct err *together)
{
	size_t before = g->w->nrefused;
	struct err why;

	for (uint32_t i = 0; i < g->count; i++) {
		const struct zone_plan *plan = g->plans[i];

		if (group_cell_make(g, slot, &plan, 1, &why))
			slot_zone_refuse(g->w, group_member(g, i), &why);
	}
	for (uint32_t i = 0; g->w->nrefused == before && i < g->count; i++) {
		const struct layout_zone *z = group_member(g, i);

		if (z->records != z->zone->last_good)
			slot_zone_refuse(g->w, z, together);
	}
	if (g->w->nrefused == before)
		slot_zone_refuse(g->w, group_member(g, 0), together);
}

static int
pack_put(struct slot_group *g, uint32_t at, struct err *err)
{
	struct digest digest;
	int code = store_put(g->w->store, STORE_RECORDS, g->pack.data,
	    g->pack.len, &digest, err);

	if (code == 0)
		memcpy(g->w->table.slots[at].records, digest.b, DIGEST_BYTES);
	return code;
}

/* Puts g->cell into the store and its digest into the table. */
int
group_cell_put(struct slot_group *g, uint32_t at, struct err *err)
{
	struct digest digest;
	int code = store_put(
	    g->w->store, STORE_CELL, g->cell.data, g->cell.len, &digest, err);

	if (code == 0)
		memcpy(g->w->table.slots[at].cell, digest.b, DIGEST_BYTES);
	return code;
}

/* Puts g->cell and g->pack. A cell without names is no cell, but where there
 * are records to keep: NSEC3 records are at no name. */
static int
slot_put(struct slot_group *g, uint32_t at, bool has_records, struct err *err)
{
	const struct cell_header_d *h = (const void *)g->cell.data;
	int code;

	if (h->nnodes == 0 && !has_records)
		return 0;
	code = group_cell_put(g, at, err);
	return code ? code : pack_put(g, at, err);
}

static int
shared_build(
    struct slot_group *g, const struct layout_slot *slot, struct err *err)
{
	bool planned = true;
	int code = 0;

	for (uint32_t i = 0; i < g->count && code == 0; i++) {
		code = group_plan_make(g, i, err);
		planned &= g->plans[i] != NULL;
	}
	if (code || !planned)
		return code; /* refused: another round follows */
	code = group_cell_make(
	    g, slot, (const struct zone_plan *const *)g->plans, g->count, err);
	if (group_is_lost(code))
		return code;
	if (code) {
		group_blame(g, slot, err);
		return 0;
	}
	return slot_put(g, slot->number, true, err);
}

static int
shared_fill(struct slot_group *g, uint32_t at, struct err *err)
{
	struct slot_work *w = g->w;
	struct layout_slot slot = layout_slot_at(w->layout, at);
	struct digest pack;
	bool kept;
	int code = 0;

	group_input_digest(g, &slot, NULL, &w->table.inputs[at]);
	kept = g->count == 0 || group_take_known(w, at, &slot, w->before) ||
	       group_take_known(w, at, &slot, w->remembered);
	if (!kept) {
		code = pack_shared_slot(
		    w->layout, g->members, g->count, &g->pack, &pack, err);
		kept = code == 0 && !w->remembered &&
		       take_packed(g, at, &slot, &pack);
		if (code == 0 && !kept)
			code = shared_build(g, &slot, err);
	}
	if (code == 0)
		group_slot_done(w, at, &slot, !kept);
	return code;
}

/* --- split zones
 * ------------------------------------------------------------------- */

static int
split_build(struct slot_group *g, uint32_t i, uint32_t at,
    const struct layout_slot *slot, bool has_records, bool *kept,
    struct err *err)
{
	const struct zone_plan *plan;
	int code = group_plan_make(g, i, err);

	plan = g->plans[i];
	if (code || !plan)
		return code;
	code = zone_plan_slot_digest(
	    plan, slot->number, &g->w->table.parts[at], err);
	if (code)
		return code;
	*kept = take_part(g->w, at, slot, g->w->before) ||
	        take_part(g->w, at, slot, g->w->remembered);
	if (*kept && !(has_records && is_empty(&g->w->table.slots[at])))
		return is_empty(&g->w->table.slots[at]) ? 0
		                                        : pack_put(g, at, err);
	*kept = false;
	code = group_cell_make(g, slot, &plan, 1, err);
	if (group_is_lost(code))
		return code;
	if (code) {
		slot_zone_refuse(g->w, group_member(g, i), err);
		return 0;
	}
	return slot_put(g, at, has_records, err);
}

static int
split_slot_fill(struct slot_group *g, uint32_t i, uint32_t at,
    struct split_records *records, struct err *err)
{
	struct slot_work *w = g->w;
	struct layout_slot slot = layout_slot_at(w->layout, at);
	const struct layout_zone *z = group_member(g, i);
	struct digest pack;
	bool kept;
	int code = 0;

	group_input_digest(g, &slot, z, &w->table.inputs[at]);
	kept = group_take_known(w, at, &slot, w->before) ||
	       group_take_known(w, at, &slot, w->remembered);
	if (!kept && !records->records)
		code = split_records_init(records, w->key, z, err);
	if (!kept && code == 0) {
		code = pack_split_slot(
		    z, records, slot.number, &g->pack, &pack, err);
		kept = code == 0 && !w->remembered &&
		       take_packed(g, at, &slot, &pack);
		if (code == 0 && !kept)
			code = split_build(g, i, at, &slot,
			    records->first[slot.number] !=
				records->first[slot.number + 1],
			    &kept, err);
	}
	if (code == 0)
		group_slot_done(w, at, &slot, !kept);
	return code;
}

static int
split_zone_fill(struct slot_group *g, uint32_t i, struct err *err)
{
	const struct layout_zone *z = group_member(g, i);
	const struct split_d *split = &g->w->layout->splits[z->split];
	struct split_records records = {0};
	bool is_parents = false;
	int code = 0;

	for (uint32_t s = 0; s < split_slots(split) && code == 0; s++) {
		uint32_t at = split->first_slot + s;

		if (g->w->refused[g->members[i]])
			break;
		if (s == 1u << split->bits)
			is_parents = denial_is_parents(g, i);
		code = s >> split->bits == 0
		           ? split_slot_fill(g, i, at, &records, err)
		           : denial_slot_fill(g, i, at, is_parents, err);
	}
	split_records_fini(&records);
	return code;
}

/* --- all of them
 * -------------------------------------------------------------------- */

static int
group_run(struct slot_work *w, uint32_t slot, struct err *err)
{
	const struct layout *l = w->layout;
	struct slot_group g = {
	    .w = w,
	    .members = l->by_slot + l->slot_first[slot],
	    .count = l->slot_first[slot + 1] - l->slot_first[slot],
	};
	int code;

	g.plans = calloc(g.count + 1u, sizeof *g.plans);
	if (!g.plans)
		return err_set(err, ERR_NO_MEMORY, "no memory for plans");
	bytes_init(&g.cell);
	bytes_init(&g.pack);
	bytes_init(&g.input);
	code = shared_fill(&g, slot, err);
	for (uint32_t i = 0; i < g.count && code == 0; i++)
		if (group_member(&g, i)->split != NO_SPLIT)
			code = split_zone_fill(&g, i, err);
	for (uint32_t i = 0; i < g.count; i++)
		if (g.plans[i])
			zone_plan_free(g.plans[i]);
	free(g.plans);
	bytes_fini(&g.cell);
	bytes_fini(&g.pack);
	bytes_fini(&g.input);
	return code;
}

/* A slot that is made from what it was made from, as the layout has found. */
static void
slot_repeat(struct slot_work *w, uint32_t at)
{
	const struct slot_table *from = w->remembered;
	struct layout_slot slot = layout_slot_at(w->layout, at);
	uint32_t there = slot_table_find(from, w->layout, &slot);

	w->table.slots[at] = from->slots[there];
	w->table.inputs[at] = from->inputs[there];
	w->table.parts[at] = from->parts[there];
	group_slot_done(w, at, &slot, false);
}

/* All that need not be filled. */
static void
slots_repeat(struct slot_work *w)
{
	const struct layout *l = w->layout;

	for (uint32_t s = 0; s < 1u << l->shared_bits; s++)
		if (!l->is_dirty[s])
			slot_repeat(w, s);
	for (uint32_t i = 0; i < l->nsplits; i++) {
		const struct split_d *split = &l->splits[i];
		const struct layout_zone *z;

		if (l->split_zone[i] == SIZE_MAX)
			continue;
		z = &l->zones[l->split_zone[i]];
		if (l->is_dirty[name_slot(z->apex_hash, l->shared_bits)])
			continue;
		for (uint32_t n = 0; n < split_slots(split); n++)
			slot_repeat(w, split->first_slot + n);
	}
}

int
slot_work_run(struct slot_work *w, struct err *err)
{
	uint32_t shared = 1u << w->layout->shared_bits;
	int code = slot_table_init(&w->table, w->layout, w->key, err);

	w->is_new = calloc(w->layout->nslots, sizeof *w->is_new);
	w->refused = calloc(w->layout->nzones + 1, sizeof *w->refused);
	if (code == 0 && (!w->is_new || !w->refused))
		code = err_set(err, ERR_NO_MEMORY, "no memory for slots");
	if (code == 0)
		slots_repeat(w);
	for (uint32_t s = 0; s < shared && code == 0; s++) {
		if (!w->layout->is_dirty[s])
			continue;
		code = group_run(w, s, err);
		if (w->options->progress)
			w->options->progress(
			    w->options->arg, COMPILE_STEP_CELLS, s + 1, shared);
	}
	return code;
}

void
slot_work_fini(struct slot_work *w)
{
	slot_table_fini(&w->table);
	free(w->is_new);
	free(w->refused);
	w->is_new = w->refused = NULL;
}
