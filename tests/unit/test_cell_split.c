/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of the cell builder: zones that are split over several cells.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "tests/unit/built_cell.h"
#include "tests/unit/unit_run.h"
#include "tests/unit/zone_text.h"

START_TEST(split_zones_lie_in_slots_by_their_names)
{
	struct built b = {0};
	struct split_d splits[6] = {0};
	struct cell_expect e = {.key = &built_key,
	    .kind = CELL_SHARED,
	    .splits = splits,
	    .nsplits = 6};
	const struct zone_plan *plan;
	const struct node_d *apex;
	unsigned names = 0;
	struct err err;

	built_plan_add(&b, "example.",
	    SOA CUT "a.b IN A 192.0.2.1\n*.b IN A 192.0.2.1\n", 5, 3);
	bytes_init(&b.cell);
	for (uint32_t slot = 0; slot < 8; slot++) {
		built_split_make(&b, slot, 3);
		names += walk_table(&b.cell);
	}
	/* b *.b a.b cut ns two deep.two */
	ck_assert_uint_eq(names, 7);
	bytes_clear(&b.cell);
	plan = b.plans[0];
	ck_assert_int_eq(
	    cell_build_shared(&plan, 1, &built_key, 0, 0, &b.cell, &err), 0);
	splits[5].bits = 3;
	splits[5].apex_bytes = b.zones[0]->apex_bytes;
	memcpy(splits[5].apex, b.zones[0]->apex, splits[5].apex_bytes);
	built_cell_verify(&b.cell, &e);
	ck_assert_uint_eq(walk_table(&b.cell), 1);
	apex = built_apex(&b.cell, "example.");
	ck_assert_uint_eq(built_zone(apex)->split, 5);
	ck_assert_uint_eq(built_zone(apex)->split_bits, 3);
	ck_assert_int_eq(
	    cell_build_split(b.plans[0], &built_key, 8, &b.cell, &err),
	    ERR_USAGE);
	built_free(&b);
}
END_TEST

/* The links of a block as "name ...", each checked. */
static const char *
links_text(const struct block_d *b)
{
	static char text[1024];
	const struct links_d *head = walk_links(b);
	const struct link_d *l = (const void *)(head + 1);
	size_t at = 0;

	for (unsigned i = 0; i < head->count; i++) {
		uint8_t name[DNS_NAME_MAX + NAME_HASH_OVERREAD] = {0};
		char one[NAME_TEXT_MAX];
		const uint8_t *target =
		    (const uint8_t *)(b + 1) + l[i].target_pos;
		uint64_t hash;

		memcpy(
		    name, (const uint8_t *)b + l[i].name_off, l[i].name_bytes);
		ck_assert_mem_eq(target, name, name[0] + 1u);
		memcpy(name + l[i].name_bytes, "\7example", 9);
		hash = name_hash(&built_key, name);
		ck_assert_uint_eq(l[i].hash_low, (uint32_t)hash);
		ck_assert_uint_eq(l[i].hash_high, hash >> 32);
		at += (size_t)snprintf(text + at, sizeof text - at, "%s%s",
		    i ? " " : "", name_to_text(one, name));
	}
	return text;
}

START_TEST(split_zones_link_to_addresses_elsewhere)
{
	struct built b = {0};
	const struct block_d *ns;
	const struct node_d *n;

	built_plan_add(
	    &b, "example.", SOA SIGNED CUT "cut IN DS " DS_TEXT "\n", 5, 0);
	bytes_init(&b.cell);
	built_split_make(&b, 0, 0);
	n = built_node(&b.cell, "cut.example.", "example.");
	ns = walk_block_find(n, DNS_TYPE_NS);
	ck_assert_str_eq(
	    links_text(ns), "ns.example. two.example. deep.two.example.");
	ck_assert_str_eq(links_text(walk_do_form(ns)),
	    "ns.example. two.example. deep.two.example.");
	built_answer_check(&b, "cut.example.", DNS_TYPE_NS, "q.cut.example.",
	    false, "|" CUT_NS("cut.example.") "|" IN_DOMAIN);
	n = built_node(&b.cell, "deep.two.example.", "example.");
	ck_assert_uint_eq(n->flags, NODE_OCCLUDED);
	ck_assert_uint_eq(n->anchor, 2);
	ck_assert_uint_eq(n->ntypes, 1);
	/* a cut that is linked to has its addresses, and is a cut */
	n = built_node(&b.cell, "two.example.", "example.");
	ck_assert_uint_eq(n->flags, NODE_CUT);
	ck_assert_ptr_nonnull(walk_block_find(n, DNS_TYPE_A));
	built_free(&b);
}
END_TEST

enum { DIGEST_SLOTS_BITS = 5, DIGEST_SLOTS = 1 << DIGEST_SLOTS_BITS };

/* Builds all slots of two versions of a zone; returns how many differ, having
 * checked that exactly those have other digests. */
static unsigned
slots_changed(const char *before, const char *after)
{
	struct built a = {0}, b = {0};
	unsigned changed = 0;

	built_plan_add(&a, "example.", before, 5, DIGEST_SLOTS_BITS);
	built_plan_add(&b, "example.", after, 5, DIGEST_SLOTS_BITS);
	for (uint32_t slot = 0; slot < DIGEST_SLOTS; slot++) {
		struct digest x, y;
		struct err err;
		bool same;

		built_split_make(&a, slot, DIGEST_SLOTS_BITS);
		built_split_make(&b, slot, DIGEST_SLOTS_BITS);
		same = a.cell.len == b.cell.len &&
		       memcmp(a.cell.data, b.cell.data, a.cell.len) == 0;
		ck_assert_int_eq(
		    zone_plan_slot_digest(a.plans[0], slot, &x, &err), 0);
		ck_assert_int_eq(
		    zone_plan_slot_digest(b.plans[0], slot, &y, &err), 0);
		ck_assert_msg(same || !digest_equal(&x, &y),
		    "slot %u changed unseen by: %s", slot, after);
		ck_assert_msg(!same || digest_equal(&x, &y),
		    "slot %u is the same after: %s", slot, after);
		changed += !same;
	}
	built_free(&a);
	built_free(&b);
	return changed;
}

START_TEST(a_slot_has_the_digest_of_what_its_cell_is_made_from)
{
	static const struct {
		const char *before, *after;
		unsigned changed;
	} rows[] = {
	    {"a IN A 192.0.2.1\n", "a IN A 192.0.2.1\n", 0},
	    {"a IN A 192.0.2.1\n", "a IN A 192.0.2.2\n", 1},
	    {"a 60 IN A 192.0.2.1\n", "a 61 IN A 192.0.2.1\n", 1},
	    /* the apex is not in these cells */
	    {"@ IN A 192.0.2.1\n", "@ IN A 192.0.2.2\n", 0},
	    /* empty non-terminals and wildcards of names elsewhere */
	    {"", "a.b IN A 192.0.2.1\n", 2},
	    {"b IN A 192.0.2.1\n", "b IN A 192.0.2.1\n*.b IN TXT x\n", 2},
	    /* glue is its cut's */
	    {CUT, CUT "ns.cut IN A 192.0.2.77\n", 1},
	    {CUT, CUT "ns.cut IN TXT \"hidden\"\n", 0},
	    /* links: to what had no address; to another address of it */
	    {"cut IN NS x.example.\nx IN TXT x\n",
		"cut IN NS x.example.\nx IN TXT x\nx IN A 192.0.2.1\n", 2},
	    {CUT, CUT "ns IN A 192.0.2.78\n", 1},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char before[4096], after[4096];
		unsigned changed;

		snprintf(before, sizeof before, SOA "%s", rows[i].before);
		snprintf(after, sizeof after, SOA "%s", rows[i].after);
		changed = slots_changed(before, after);
		ck_assert_msg(changed == rows[i].changed, "%u slots: %s",
		    changed, rows[i].after);
	}
}
END_TEST

UNIT_MAIN("cell_split", split_zones_lie_in_slots_by_their_names,
    split_zones_link_to_addresses_elsewhere,
    a_slot_has_the_digest_of_what_its_cell_is_made_from)
