/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Cells from text (built_cell.h).
 */
#include "tests/unit/built_cell.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "tests/unit/zone_text.h"

const struct name_key built_key = {
    {0x243f6a8885a308d3ull, 0x13198a2e03707345ull}};

void
built_plan_add(struct built *b, const char *apex, const char *text,
    uint16_t split, unsigned bits)
{
	struct err err;

	b->zones[b->n] = zone_from_text(apex, text);
	ck_assert_msg(zone_plan_new(&b->plans[b->n], b->zones[b->n], &built_key,
			  split, bits, &err) == 0,
	    "%s", err.text);
	b->n++;
}

void
built_cell_verify(const struct bytes *cell, const struct cell_expect *e)
{
	uint8_t *aligned = aligned_alloc(CELL_ALIGN, cell->len);
	struct err err;

	memcpy(aligned, cell->data, cell->len);
	ck_assert_msg(
	    cell_verify(aligned, cell->len, e, &err) == 0, "%s", err.text);
	free(aligned);
	walk_table(cell);
}

void
built_shared_make(struct built *b)
{
	struct cell_expect e = {.key = &built_key, .kind = CELL_SHARED};
	struct err err;

	bytes_init(&b->cell);
	ck_assert_msg(
	    cell_build_shared((const struct zone_plan *const *)b->plans, b->n,
		&built_key, 0, 0, &b->cell, &err) == 0,
	    "%s", err.text);
	built_cell_verify(&b->cell, &e);
}

void
built_free(struct built *b)
{
	bytes_fini(&b->cell);
	while (b->n > 0) {
		b->n--;
		zone_plan_free(b->plans[b->n]);
		zone_records_free(b->zones[b->n]);
	}
}

struct built
built_from_text(const char *text)
{
	struct built b = {0};

	built_plan_add(&b, "example.", text, NO_SPLIT, 0);
	built_shared_make(&b);
	return b;
}

const struct node_d *
built_node(const struct bytes *cell, const char *name, const char *apex)
{
	const uint8_t *wire = name_from_test(name);
	size_t above = name_length(wire) - name_length(name_from_test(apex));
	const struct node_d *n = walk_node_find(
	    cell, name_hash(&built_key, wire), wire, (unsigned)above, false);

	ck_assert_msg(n != NULL, "%s is not in the table", name);
	return n;
}

const struct node_d *
built_apex(const struct bytes *cell, const char *apex)
{
	const uint8_t *wire = name_from_test(apex);
	const struct node_d *n =
	    walk_node_find(cell, name_hash(&built_key, wire), wire,
		(unsigned)name_length(wire), true);

	ck_assert_ptr_nonnull(n);
	return n;
}

void
built_answer_check(const struct built *b, const char *owner, uint16_t type,
    const char *query, bool want_do, const char *answer)
{
	const struct node_d *n = strcmp(owner, "example.") == 0
	                             ? built_apex(&b->cell, owner)
	                             : built_node(&b->cell, owner, "example.");
	const struct block_d *block = walk_block_find(n, type);
	const char *text;

	ck_assert_msg(block != NULL, "%s has no type %u", owner, type);
	if (want_do)
		block = walk_do_form(block);
	text = walk_message(block, (unsigned)name_length(name_from_test(owner)),
	    name_from_test(query), 0);
	ck_assert_msg(
	    strcmp(text, answer) == 0, "%s for %s:\n%s", owner, query, text);
}

const struct zone_d *
built_zone(const struct node_d *apex)
{
	return (const struct zone_d *)(const void *)apex - 1;
}

void
built_split_make(struct built *b, uint32_t slot, unsigned bits)
{
	struct split_d split = {.bits = (uint8_t)bits};
	struct cell_expect e = {.key = &built_key,
	    .kind = CELL_SPLIT,
	    .slot = slot,
	    .slot_bits = bits,
	    .split = &split,
	    .split_no = 5};
	struct err err;

	split.apex_bytes = b->zones[0]->apex_bytes;
	memcpy(split.apex, b->zones[0]->apex, split.apex_bytes);
	bytes_clear(&b->cell);
	ck_assert_msg(cell_build_split(
			  b->plans[0], &built_key, slot, &b->cell, &err) == 0,
	    "%s", err.text);
	built_cell_verify(&b->cell, &e);
}
