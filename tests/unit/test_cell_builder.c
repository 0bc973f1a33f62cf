/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of the cell builder: what it builds is read by hand, decoded by
 * ldns under names as long as compiled and longer, and given to the verifier.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/wire.h"
#include "snapshot/cell_builder.h"
#include "snapshot/fault.h"
#include "snapshot/nsec3_hash.h"
#include "snapshot/verify.h"
#include "tests/unit/cell_walk.h"
#include "tests/unit/unit_run.h"
#include "tests/unit/zone_text.h"

#define SOA "@ 3600 IN SOA ns.example. host.example. 7 2 3 4 60\n"
#define SIGNED                                                                 \
	"@ 3600 IN DNSKEY 257 3 13 AAAA\n"                                     \
	"@ 3600 IN RRSIG SOA " SIG
#define SIG      "13 1 3600 20300101000000 20200101000000 1 example. AAAA\n"
#define SIG_TEXT " 13 1 3600 20300101000000 20200101000000 1 example. AAAA"
#define DS_TEXT                                                                \
	"1 13 2 "                                                              \
	"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

enum { BUILT_ZONES_MAX = 4 };

static const struct name_key key = {
    {0x243f6a8885a308d3ull, 0x13198a2e03707345ull}};

/* Zones and the plans of them. */
struct built {
	unsigned n;
	struct zone_records *zones[BUILT_ZONES_MAX];
	struct zone_plan *plans[BUILT_ZONES_MAX];
	struct bytes cell;
};

static void
zone_plan_one(struct built *b, const char *apex, const char *text,
    uint16_t split, unsigned bits)
{
	struct err err;

	b->zones[b->n] = zone_from_text(apex, text);
	ck_assert_msg(zone_plan_new(&b->plans[b->n], b->zones[b->n], &key,
			  split, bits, &err) == 0,
	    "%s", err.text);
	b->n++;
}

static void
expect_verified(const struct bytes *cell, const struct cell_expect *e)
{
	uint8_t *aligned = aligned_alloc(CELL_ALIGN, cell->len);
	struct err err;

	memcpy(aligned, cell->data, cell->len);
	ck_assert_msg(
	    cell_verify(aligned, cell->len, e, &err) == 0, "%s", err.text);
	free(aligned);
	walk_table(cell);
}

static void
build_shared(struct built *b)
{
	struct cell_expect e = {.key = &key, .kind = CELL_SHARED};
	struct err err;

	bytes_init(&b->cell);
	ck_assert_msg(
	    cell_build_shared((const struct zone_plan *const *)b->plans, b->n,
		&key, 0, 0, &b->cell, &err) == 0,
	    "%s", err.text);
	expect_verified(&b->cell, &e);
}

static void
built_free(struct built *b)
{
	bytes_fini(&b->cell);
	while (b->n > 0) {
		b->n--;
		zone_plan_free(b->plans[b->n]);
		zone_records_free(b->zones[b->n]);
	}
}

static struct built
build_text(const char *text)
{
	struct built b = {0};

	zone_plan_one(&b, "example.", text, NO_SPLIT, 0);
	build_shared(&b);
	return b;
}

/* Any node but an apex; `apex` is its zone's. */
static const struct node_d *
node_of(const struct bytes *cell, const char *name, const char *apex)
{
	const uint8_t *wire = name_from_test(name);
	size_t above = name_length(wire) - name_length(name_from_test(apex));
	const struct node_d *n = walk_node_find(
	    cell, name_hash(&key, wire), wire, (unsigned)above, false);

	ck_assert_msg(n != NULL, "%s is not in the table", name);
	return n;
}

static const struct node_d *
apex_of(const struct bytes *cell, const char *apex)
{
	const uint8_t *wire = name_from_test(apex);
	const struct node_d *n = walk_node_find(cell, name_hash(&key, wire),
	    wire, (unsigned)name_length(wire), true);

	ck_assert_ptr_nonnull(n);
	return n;
}

/* The block of `type` at `owner`, asked for as `query`. */
static void
expect_answer(const struct built *b, const char *owner, uint16_t type,
    const char *query, bool want_do, const char *answer)
{
	const struct node_d *n = strcmp(owner, "example.") == 0
	                             ? apex_of(&b->cell, owner)
	                             : node_of(&b->cell, owner, "example.");
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

START_TEST(answers_decode_to_the_records)
{
	struct built b = build_text(
	    SOA "@ IN NS ns.example.\n@ IN MX 10 mail.example.\n"
		"a IN A 192.0.2.1\na IN A 192.0.2.2\n"
		"m IN MX 10 mail.m.example.\nm IN MX 20 m.example.\n"
		"m IN MX 30 b.mail.m.example.\nm IN MX 40 example.\n"
		"m IN MX 50 Other.Net.\nm IN MX 60 x.other.net.\nm IN MX 0 .\n"
		"s IN SRV 1 2 3 s.example.\np IN PTR a.p.example.\n"
		"t IN TXT \"x\" \"yz\"\nu IN TYPE65280 \\# 3 c00cff\n"
		"c IN CNAME A.Example.\n");

	expect_answer(&b, "example.", DNS_TYPE_NS, "example.", false,
	    "example. NS ns.example.||");
	expect_answer(&b, "example.", DNS_TYPE_SOA, "example.", false,
	    "example. SOA ns.example. host.example. 7 2 3 4 60||");
	expect_answer(&b, "a.example.", DNS_TYPE_A, "a.example.", false,
	    "a.example. A 192.0.2.1; a.example. A 192.0.2.2||");
	expect_answer(&b, "m.example.", DNS_TYPE_MX, "m.example.", false,
	    "m.example. MX 0 .; m.example. MX 10 mail.m.example.; "
	    "m.example. MX 20 m.example.; m.example. MX 30 b.mail.m.example.; "
	    "m.example. MX 40 example.; m.example. MX 50 Other.Net.; "
	    "m.example. MX 60 x.Other.Net.||");
	expect_answer(&b, "s.example.", DNS_TYPE_SRV, "s.example.", false,
	    "s.example. SRV 1 2 3 s.example.||");
	expect_answer(&b, "p.example.", DNS_TYPE_PTR, "p.example.", false,
	    "p.example. PTR a.p.example.||");
	expect_answer(&b, "u.example.", 65280, "u.example.", false,
	    "u.example. TYPE65280 \\# 3 c00cff||");
	expect_answer(&b, "c.example.", DNS_TYPE_CNAME, "c.example.", false,
	    "c.example. CNAME A.example.||");
	built_free(&b);
}
END_TEST

START_TEST(names_are_compressed_as_far_as_they_may)
{
	struct built b = build_text(
	    SOA "m IN MX 10 mail.m.example.\nm IN MX 20 m.example.\n"
		"s IN SRV 1 2 3 s.example.\nt IN RP s.example. s.example.\n");
	const struct block_d *mx = walk_block_find(
	    node_of(&b.cell, "m.example.", "example."), DNS_TYPE_MX);
	const struct block_d *srv = walk_block_find(
	    node_of(&b.cell, "s.example.", "example."), DNS_TYPE_SRV);

	/* pointer, type, class, TTL, length; preference, label, pointer */
	ck_assert_uint_eq(mx->len, 12 + 2 + 5 + 2 + 12 + 2 + 2);
	ck_assert_uint_eq(mx->nreloc, 4);
	/* RFC 3597 section 4: only types of RFC 1035 */
	ck_assert_uint_eq(srv->len, 12 + 6 + 11);
	ck_assert_uint_eq(srv->nreloc, 1);
	built_free(&b);
}
END_TEST

START_TEST(wildcards_own_their_records_by_the_query_name)
{
	struct built b = build_text(
	    SOA "*.w IN MX 10 *.w.example.\n*.w IN MX 20 a.w.example.\n"
		"*.w IN MX 30 w.example.\n*.w IN PTR x.*.w.example.\n"
		"*.w IN RRSIG MX " SIG);

	expect_answer(&b, "*.w.example.", DNS_TYPE_MX, "*.w.example.", false,
	    "*.w.example. MX 10 *.w.example.; *.w.example. MX 20 "
	    "a.w.example.; *.w.example. MX 30 w.example.||");
	expect_answer(&b, "*.w.example.", DNS_TYPE_MX, "much.longer.w.example.",
	    false,
	    "much.longer.w.example. MX 10 *.w.example.; much.longer.w.example."
	    " MX 20 a.w.example.; much.longer.w.example. MX 30 w.example.||");
	expect_answer(&b, "*.w.example.", DNS_TYPE_PTR, "q.w.example.", false,
	    "q.w.example. PTR x.*.w.example.||");
	expect_answer(&b, "*.w.example.", DNS_TYPE_MX, "q.w.example.", true,
	    "q.w.example. MX 10 *.w.example.; q.w.example. MX 20 a.w.example.;"
	    " q.w.example. MX 30 w.example.; q.w.example. RRSIG MX" SIG_TEXT
	    "||");
	built_free(&b);
}
END_TEST

#define CUT                                                                    \
	"cut IN NS ns.cut.example.\ncut IN NS cut.example.\n"                  \
	"cut IN NS ns.example.\ncut IN NS deep.two.example.\n"                 \
	"cut IN NS two.example.\ncut IN NS ns.other.\ncut IN NS example.\n"    \
	"cut IN A 192.0.2.1\ncut IN TXT \"hidden\"\n"                          \
	"ns.cut IN A 192.0.2.2\nns.cut IN AAAA 2001:db8::2\n"                  \
	"ns IN A 192.0.2.3\n@ IN A 192.0.2.9\n"                                \
	"two IN NS deep.two.example.\ntwo IN A 192.0.2.5\n"                    \
	"deep.two IN A 192.0.2.4\n"
/* RRsets are in the order of their RDATA octets, lengths of labels included */
#define CUT_NS(cut)                                                            \
	cut " NS ns.cut.example.; " cut " NS ns.other.; " cut                  \
	    " NS ns.example.; " cut " NS cut.example.; " cut                   \
	    " NS two.example.; " cut " NS deep.two.example.; " cut             \
	    " NS example."
#define IN_DOMAIN                                                              \
	"ns.cut.example. A 192.0.2.2; ns.cut.example. AAAA 2001:db8::2; "      \
	"cut.example. A 192.0.2.1"
#define SIBLINGS                                                               \
	"; ns.example. A 192.0.2.3; two.example. A 192.0.2.5; "                \
	"deep.two.example. A 192.0.2.4; example. A 192.0.2.9"

START_TEST(referrals_serve_any_name_below)
{
	struct built b = build_text(
	    SOA SIGNED CUT "cut IN DS " DS_TEXT "\ncut IN RRSIG DS " SIG);
	const struct node_d *cut = node_of(&b.cell, "cut.example.", "example.");
	const struct block_d *plain = walk_block_find(cut, DNS_TYPE_NS);

	ck_assert_uint_eq(cut->flags, NODE_CUT);
	ck_assert_uint_eq(cut->ntypes, 2);
	ck_assert_str_eq(walk_marks(plain), "1:7 2:1 2:1 2:1 3:1 3:1 3:1 3:1");
	ck_assert_str_eq(walk_marks(walk_do_form(plain)),
	    "1:7 1:1 1:1 2:1 2:1 2:1 3:1 3:1 3:1 3:1");
	expect_answer(&b, "cut.example.", DNS_TYPE_NS, "cut.example.", false,
	    "|" CUT_NS("cut.example.") "|" IN_DOMAIN SIBLINGS);
	expect_answer(&b, "cut.example.", DNS_TYPE_NS,
	    "a.much.longer.name.under.cut.example.", false,
	    "|" CUT_NS("cut.example.") "|" IN_DOMAIN SIBLINGS);
	expect_answer(&b, "cut.example.", DNS_TYPE_NS, "x.cut.example.", true,
	    "|" CUT_NS("cut.example.") "; cut.example. DS " DS_TEXT
				       "; cut.example. RRSIG DS" SIG_TEXT
				       "|" IN_DOMAIN SIBLINGS);
	expect_answer(&b, "cut.example.", DNS_TYPE_DS, "cut.example.", true,
	    "cut.example. DS " DS_TEXT "; cut.example. RRSIG DS" SIG_TEXT "||");
	built_free(&b);
}
END_TEST

START_TEST(a_cut_at_a_wildcard_has_its_glue)
{
	struct built b = build_text(SOA "*.w IN NS *.w.example.\n"
					"*.w IN NS ns.*.w.example.\n"
					"*.w IN A 192.0.2.1\n"
					"ns.*.w IN A 192.0.2.2\n");

	expect_answer(&b, "*.w.example.", DNS_TYPE_NS, "x.*.w.example.", false,
	    "|*.w.example. NS *.w.example.; *.w.example. NS ns.*.w.example.|"
	    "*.w.example. A 192.0.2.1; ns.*.w.example. A 192.0.2.2");
	built_free(&b);
}
END_TEST

START_TEST(an_unsigned_zone_refers_without_ds)
{
	struct built b = build_text(SOA "cut IN NS x.\ncut IN DS " DS_TEXT);
	const struct block_d *ns = walk_block_find(
	    node_of(&b.cell, "cut.example.", "example."), DNS_TYPE_NS);

	ck_assert_uint_eq(ns->flags, 0);
	ck_assert_uint_eq(ns->nmark, 0);
	built_free(&b);
}
END_TEST

START_TEST(chains_are_marked_and_compressed_to_the_apex_alone)
{
	struct built b = build_text(
	    SOA "in IN CNAME a.in.example.\nout IN CNAME in.example.net.\n"
		"apex IN CNAME example.\n*.w IN CNAME x.w.example.\n"
		"in IN RRSIG CNAME " SIG "d IN DNAME other.example.\n");
	const struct block_d *in = walk_block_find(
	    node_of(&b.cell, "in.example.", "example."), DNS_TYPE_CNAME);
	const struct block_d *out = walk_block_find(
	    node_of(&b.cell, "out.example.", "example."), DNS_TYPE_CNAME);

	ck_assert_uint_eq(in->flags, BLOCK_CHASE | BLOCK_DO_FOLLOWS);
	ck_assert_uint_eq(walk_do_form(in)->flags, BLOCK_CHASE);
	ck_assert_uint_eq(in->len, 12 + 2 + 3 + 2);
	ck_assert_uint_eq(out->flags, 0);
	ck_assert_uint_eq(out->len, 12 + 16);
	expect_answer(&b, "apex.example.", DNS_TYPE_CNAME, "apex.example.",
	    false, "apex.example. CNAME example.||");
	expect_answer(&b, "*.w.example.", DNS_TYPE_CNAME, "q.r.w.example.",
	    false, "q.r.w.example. CNAME x.w.example.||");
	expect_answer(&b, "d.example.", DNS_TYPE_DNAME, "q.r.d.example.", false,
	    "d.example. DNAME other.example.||");
	built_free(&b);
}
END_TEST

static const struct zone_d *
zone_of(const struct node_d *apex)
{
	return (const struct zone_d *)(const void *)apex - 1;
}

START_TEST(negative_answers_live_as_rfc_2308_says)
{
	struct built b = build_text(SOA SIGNED "@ IN NSEC3PARAM 1 0 0 -\n");
	const struct node_d *apex = apex_of(&b.cell, "example.");
	const struct zone_d *z = zone_of(apex);
	const struct block_d *no =
	    (const void *)(b.cell.data + z->negative_off);
	const uint8_t *response = (const uint8_t *)(no + 1);

	ck_assert_uint_eq(z->serial, 7);
	ck_assert_uint_eq(z->apex_labels, 1);
	ck_assert_uint_eq(z->flags, ZONE_SIGNED | ZONE_NSEC3);
	ck_assert_uint_eq(z->split, NO_SPLIT);
	ck_assert_mem_eq(z->version, b.zones[0]->version.b, 8);
	ck_assert_uint_eq(
	    apex->anchor + 40, (uintptr_t)apex - (uintptr_t)b.cell.data);
	ck_assert_str_eq(
	    walk_message(no, 9, name_from_test("no.such.example."), 0),
	    "|example. SOA ns.example. host.example. 7 2 3 4 60|");
	ck_assert_str_eq(
	    walk_message(walk_do_form(no), 9, name_from_test("a.example."), 9),
	    "|example. 9 SOA ns.example. host.example. 7 2 3 4 60; "
	    "example. 9 RRSIG SOA" SIG_TEXT "|");
	ck_assert_str_eq(walk_marks(walk_do_form(no)), "1:1 1:1");
	/* MINIMUM is less than the SOA's TTL, for the signature too */
	ck_assert_uint_eq(wire_load32(response + 6), 60);
	response = (const uint8_t *)(walk_do_form(no) + 1);
	ck_assert_uint_eq(wire_load32(response + 6), 60);
	built_free(&b);
}
END_TEST

START_TEST(ttl_positions_are_all_ttls)
{
	struct built b = build_text(SOA SIGNED CUT);
	const struct block_d *ns = walk_block_find(
	    node_of(&b.cell, "cut.example.", "example."), DNS_TYPE_NS);
	const char *text =
	    walk_message(ns, 13, name_from_test("cut.example."), 77);
	unsigned ttls = 0;

	while ((text = strstr(text, " 77 ")) != NULL) {
		text++;
		ttls++;
	}
	ck_assert_uint_eq(ttls, (unsigned)ns->an + ns->ns + ns->ar);
	built_free(&b);
}
END_TEST

START_TEST(the_root_is_written_as_one_octet)
{
	struct built b = {0};
	const struct node_d *apex, *com;
	const struct block_d *no;

	zone_plan_one(&b, ".",
	    ". 86400 IN SOA a. b. 1 2 3 4 60\n. IN NS a.\na. IN A 192.0.2.1\n"
	    "com. IN NS a.com.\na.com. IN A 192.0.2.2\nc. IN CNAME .\n",
	    NO_SPLIT, 0);
	build_shared(&b);
	apex = apex_of(&b.cell, ".");
	no = (const void *)(b.cell.data + zone_of(apex)->negative_off);
	ck_assert_str_eq(walk_message(walk_block_find(apex, DNS_TYPE_NS), 1,
			     name_from_test("."), 0),
	    ". NS a.||");
	ck_assert_str_eq(walk_message(no, 1, name_from_test("no.such."), 0),
	    "|. SOA a. b. 1 2 3 4 60|");
	com = node_of(&b.cell, "com.", ".");
	ck_assert_str_eq(walk_message(walk_block_find(com, DNS_TYPE_NS), 5,
			     name_from_test("www.com."), 0),
	    "|com. NS a.com.|a.com. A 192.0.2.2");
	built_free(&b);
}
END_TEST

START_TEST(parent_and_child_share_a_cell)
{
	struct built b = {0};
	const struct node_d *cut, *apex;
	const struct cell_header_d *h;

	zone_plan_one(&b, "sub.example.",
	    "@ IN SOA ns.example. h.example. 9 2 3 4 60\n@ IN NS ns.example.\n"
	    "www IN A 192.0.2.1\n",
	    NO_SPLIT, 0);
	zone_plan_one(
	    &b, "example.", SOA "sub IN NS ns.example.\n", NO_SPLIT, 0);
	build_shared(&b);
	h = (const void *)b.cell.data;
	ck_assert_uint_eq(h->nzones, 2);
	ck_assert_uint_eq(h->depths[0], 6);
	cut = node_of(&b.cell, "sub.example.", "example.");
	apex = apex_of(&b.cell, "sub.example.");
	ck_assert_uint_eq(cut->flags, NODE_CUT);
	ck_assert_uint_eq(cut->anchor + 40,
	    (uintptr_t)apex_of(&b.cell, "example.") - (uintptr_t)b.cell.data);
	ck_assert_uint_eq(
	    node_of(&b.cell, "www.sub.example.", "sub.example.")->anchor,
	    apex->anchor);
	built_free(&b);
}
END_TEST

START_TEST(the_order_of_zones_does_not_matter)
{
	struct built b = {0};
	const struct zone_plan *turned[2];
	struct bytes other;
	struct err err;

	zone_plan_one(&b, "b.", "@ IN SOA a. b. 1 2 3 4 5\nx IN A 192.0.2.1\n",
	    NO_SPLIT, 0);
	zone_plan_one(&b, "a.", "@ IN SOA a. b. 1 2 3 4 5\ny IN A 192.0.2.1\n",
	    NO_SPLIT, 0);
	build_shared(&b);
	turned[0] = b.plans[1];
	turned[1] = b.plans[0];
	bytes_init(&other);
	ck_assert_int_eq(
	    cell_build_shared(turned, 2, &key, 0, 0, &other, &err), 0);
	ck_assert_uint_eq(other.len, b.cell.len);
	ck_assert_mem_eq(other.data, b.cell.data, other.len);
	turned[0] = b.plans[1];
	bytes_clear(&other);
	turned[1] = b.plans[1];
	ck_assert_int_eq(
	    cell_build_shared(turned, 2, &key, 0, 0, &other, &err), ERR_USAGE);
	bytes_fini(&other);
	built_free(&b);
}
END_TEST

static void
split_build(struct built *b, uint32_t slot, unsigned bits)
{
	struct split_d split = {.bits = (uint8_t)bits};
	struct cell_expect e = {.key = &key,
	    .kind = CELL_SPLIT,
	    .slot = slot,
	    .slot_bits = bits,
	    .split = &split,
	    .split_no = 5};
	struct err err;

	split.apex_bytes = b->zones[0]->apex_bytes;
	memcpy(split.apex, b->zones[0]->apex, split.apex_bytes);
	bytes_clear(&b->cell);
	ck_assert_msg(
	    cell_build_split(b->plans[0], &key, slot, &b->cell, &err) == 0,
	    "%s", err.text);
	expect_verified(&b->cell, &e);
}

START_TEST(split_zones_lie_in_slots_by_their_names)
{
	struct built b = {0};
	struct split_d splits[6] = {0};
	struct cell_expect e = {
	    .key = &key, .kind = CELL_SHARED, .splits = splits, .nsplits = 6};
	const struct zone_plan *plan;
	const struct node_d *apex;
	unsigned names = 0;
	struct err err;

	zone_plan_one(&b, "example.",
	    SOA CUT "a.b IN A 192.0.2.1\n*.b IN A 192.0.2.1\n", 5, 3);
	bytes_init(&b.cell);
	for (uint32_t slot = 0; slot < 8; slot++) {
		split_build(&b, slot, 3);
		names += walk_table(&b.cell);
	}
	/* b *.b a.b cut ns two deep.two */
	ck_assert_uint_eq(names, 7);
	bytes_clear(&b.cell);
	plan = b.plans[0];
	ck_assert_int_eq(
	    cell_build_shared(&plan, 1, &key, 0, 0, &b.cell, &err), 0);
	splits[5].bits = 3;
	splits[5].apex_bytes = b.zones[0]->apex_bytes;
	memcpy(splits[5].apex, b.zones[0]->apex, splits[5].apex_bytes);
	expect_verified(&b.cell, &e);
	ck_assert_uint_eq(walk_table(&b.cell), 1);
	apex = apex_of(&b.cell, "example.");
	ck_assert_uint_eq(zone_of(apex)->split, 5);
	ck_assert_uint_eq(zone_of(apex)->split_bits, 3);
	ck_assert_int_eq(
	    cell_build_split(b.plans[0], &key, 8, &b.cell, &err), ERR_USAGE);
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
		hash = name_hash(&key, name);
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

	zone_plan_one(
	    &b, "example.", SOA SIGNED CUT "cut IN DS " DS_TEXT "\n", 5, 0);
	bytes_init(&b.cell);
	split_build(&b, 0, 0);
	n = node_of(&b.cell, "cut.example.", "example.");
	ns = walk_block_find(n, DNS_TYPE_NS);
	ck_assert_str_eq(
	    links_text(ns), "ns.example. two.example. deep.two.example.");
	ck_assert_str_eq(links_text(walk_do_form(ns)),
	    "ns.example. two.example. deep.two.example.");
	expect_answer(&b, "cut.example.", DNS_TYPE_NS, "q.cut.example.", false,
	    "|" CUT_NS("cut.example.") "|" IN_DOMAIN);
	n = node_of(&b.cell, "deep.two.example.", "example.");
	ck_assert_uint_eq(n->flags, NODE_OCCLUDED);
	ck_assert_uint_eq(n->anchor, 2);
	ck_assert_uint_eq(n->ntypes, 1);
	/* a cut that is linked to has its addresses, and is a cut */
	n = node_of(&b.cell, "two.example.", "example.");
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

	zone_plan_one(&a, "example.", before, 5, DIGEST_SLOTS_BITS);
	zone_plan_one(&b, "example.", after, 5, DIGEST_SLOTS_BITS);
	for (uint32_t slot = 0; slot < DIGEST_SLOTS; slot++) {
		struct digest x, y;
		struct err err;
		bool same;

		split_build(&a, slot, DIGEST_SLOTS_BITS);
		split_build(&b, slot, DIGEST_SLOTS_BITS);
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

START_TEST(large_rrsets_are_wide)
{
	struct built b;
	char *text = malloc(1 << 20);
	size_t at = (size_t)sprintf(text, SOA);
	const struct block_d *wide;

	for (unsigned i = 0; i < 2000; i++)
		at += (size_t)sprintf(
		    text + at, "m IN MX %u x%u.m.example.\n", i, i);
	b = build_text(text);
	wide = walk_block_find(
	    node_of(&b.cell, "m.example.", "example."), DNS_TYPE_MX);
	ck_assert_uint_eq(wide->flags, BLOCK_WIDE);
	ck_assert_uint_gt(wide->len, 16383);
	ck_assert_uint_eq(wide->an, 2000);
	ck_assert_ptr_nonnull(
	    strstr(walk_message(wide, 11, name_from_test("m.example."), 0),
		"m.example. MX 1999 x1999.m.example."));
	built_free(&b);
	free(text);
}
END_TEST

static struct zone_records *
zone_with_null(size_t bytes)
{
	struct err err;
	struct zone_records *z = zone_from_text("example.", SOA), *big;
	uint8_t *rdata = calloc(1, bytes);

	big = zone_records_new(z->apex, &err);
	ck_assert_int_eq(zone_records_merge(big, z, &err), 0);
	ck_assert_int_eq(zone_records_add(big, name_from_test("n.example."),
			     DNS_TYPE_NULL, 60, rdata, bytes, &err),
	    0);
	ck_assert_int_eq(zone_records_seal(big, NULL, NULL, &err), 0);
	zone_records_free(z);
	free(rdata);
	return big;
}

START_TEST(the_longest_rrset_is_served_and_no_longer_one)
{
	/* header, question with the longest name, pointer, fixed octets */
	enum { MOST = 65535 - 12 - 255 - 4 - 2 - 10 };
	struct built b = {.n = 1};
	struct err err;

	b.zones[0] = zone_with_null(MOST);
	ck_assert_int_eq(
	    zone_plan_new(&b.plans[0], b.zones[0], &key, NO_SPLIT, 0, &err), 0);
	build_shared(&b);
	ck_assert_uint_eq(
	    walk_block_find(
		node_of(&b.cell, "n.example.", "example."), DNS_TYPE_NULL)
		->len,
	    MOST + 12);
	built_free(&b);
	b.n = 1;
	b.zones[0] = zone_with_null(MOST + 1);
	ck_assert_int_eq(
	    zone_plan_new(&b.plans[0], b.zones[0], &key, NO_SPLIT, 0, &err),
	    ERR_LIMIT);
	b.n = 0;
	zone_records_free(b.zones[0]);
}
END_TEST

START_TEST(optional_glue_beyond_the_limits_is_left_out)
{
	struct built b = {0};
	char *text = malloc(1 << 20);
	size_t at = (size_t)sprintf(text, SOA);
	const struct block_d *ns;

	for (unsigned i = 0; i < 200; i++)
		at += (size_t)sprintf(text + at,
		    "cut IN NS ns%u.example.\nns%u IN A 192.0.2.1\n"
		    "ns%u IN AAAA 2001:db8::1\n",
		    i, i, i);
	b = build_text(text);
	ns = walk_block_find(
	    node_of(&b.cell, "cut.example.", "example."), DNS_TYPE_NS);
	ck_assert_uint_eq(ns->ns, 200);
	ck_assert_uint_eq(ns->ar, 254);
	built_free(&b);
	memset(&b, 0, sizeof b);
	zone_plan_one(&b, "example.", text, 5, 0);
	bytes_init(&b.cell);
	split_build(&b, 0, 0);
	ns = walk_block_find(
	    node_of(&b.cell, "cut.example.", "example."), DNS_TYPE_NS);
	ck_assert_uint_eq(walk_links(ns)->count, LINKS_MAX);
	built_free(&b);
	free(text);
}
END_TEST

static struct zone_records *
hosts(unsigned n)
{
	struct err err;
	struct zone_records *z = zone_from_text("example.", SOA), *big;
	char name[64];

	big = zone_records_new(z->apex, &err);
	ck_assert_int_eq(zone_records_merge(big, z, &err), 0);
	for (unsigned i = 0; i < n; i++) {
		snprintf(name, sizeof name, "h%07u.example.", i);
		zone_records_add(
		    big, name_from_test(name), DNS_TYPE_A, 60, &i, 4, &err);
	}
	ck_assert_int_eq(zone_records_seal(big, NULL, NULL, &err), 0);
	zone_records_free(z);
	return big;
}

START_TEST(a_name_with_an_address_takes_less_than_100_bytes)
{
	enum { HOSTS = 100000 };
	struct built b = {.n = 1};
	uint64_t estimate;
	struct err err;
	char name[64];

	b.zones[0] = hosts(HOSTS);
	ck_assert_int_eq(
	    zone_plan_new(&b.plans[0], b.zones[0], &key, NO_SPLIT, 0, &err), 0);
	build_shared(&b);
	ck_assert_uint_lt(b.cell.len, HOSTS * 80);
	estimate = zone_bytes_estimate(b.zones[0]);
	ck_assert_uint_gt(estimate, b.cell.len * 9 / 10);
	ck_assert_uint_lt(estimate, b.cell.len * 11 / 10);
	for (unsigned i = 0; i < HOSTS; i += 7) {
		snprintf(name, sizeof name, "h%07u.example.", i);
		node_of(&b.cell, name, "example.");
	}
	built_free(&b);
}
END_TEST

/* A record of the length that it usually has, and its signature. */
static void
signed_add(struct zone_records *z, const char *owner, uint16_t type,
    const void *rdata, size_t bytes)
{
	uint8_t signature[18 + 9 + 64] = {(uint8_t)(type >> 8), (uint8_t)type};
	const uint8_t *name = name_from_test(owner);
	struct err err;

	memcpy(signature + 18, "\7example", 9);
	ck_assert_int_eq(
	    zone_records_add(z, name, type, 60, rdata, bytes, &err), 0);
	ck_assert_int_eq(zone_records_add(z, name, DNS_TYPE_RRSIG, 60,
			     signature, sizeof signature, &err),
	    0);
}

/* Every second name is a cut without DS. */
static struct zone_records *
signed_hosts(unsigned n, bool nsec3)
{
	static const uint8_t nsec[] = "\3h12\7example\0\0\7\1\2\3\4\5\6\7";
	uint8_t hash[64] = {1, 0, 0, 0, 0, 20};
	struct err err;
	struct zone_records *z = zone_from_text("example.", SOA), *big;
	char name[64];

	big = zone_records_new(z->apex, &err);
	ck_assert_int_eq(zone_records_merge(big, z, &err), 0);
	signed_add(big, "example.", DNS_TYPE_DNSKEY, "\1\0\3\10A", 5);
	if (nsec3)
		signed_add(big, "example.", DNS_TYPE_NSEC3PARAM, "\1\0\0\0", 5);
	else
		signed_add(big, "example.", DNS_TYPE_NSEC, nsec, sizeof nsec);
	for (unsigned i = 0; i < n; i++) {
		uint8_t digest[NSEC3_HASH_BYTES], label[NSEC3_LABEL_BYTES + 1];

		snprintf(name, sizeof name, "h%07u.example.", i);
		if (i % 2)
			zone_records_add(big, name_from_test(name), DNS_TYPE_NS,
			    60, "\2ns\7example", 12, &err);
		else
			signed_add(big, name, DNS_TYPE_A, &i, 4);
		if (!nsec3) {
			signed_add(big, name, DNS_TYPE_NSEC, nsec, sizeof nsec);
			continue;
		}
		nsec3_hash(digest,
		    i ? name_from_test(name) : name_from_test("example."),
		    i ? 18 : 9, NULL, 0, 0);
		nsec3_label_write(label, digest);
		label[NSEC3_LABEL_BYTES] = '\0';
		snprintf(name, sizeof name, "%s.example.", (char *)label + 1);
		signed_add(big, name, DNS_TYPE_NSEC3, hash, 34);
	}
	ck_assert_int_eq(zone_records_seal(big, NULL, NULL, &err), 0);
	zone_records_free(z);
	return big;
}

START_TEST(signed_zones_are_estimated)
{
	for (unsigned nsec3 = 0; nsec3 < 2; nsec3++) {
		enum { HOSTS = 20000 };
		struct built b = {.n = 1};
		uint64_t estimate;
		struct err err;

		b.zones[0] = signed_hosts(HOSTS, nsec3);
		ck_assert_msg(zone_plan_new(&b.plans[0], b.zones[0], &key,
				  NO_SPLIT, 0, &err) == 0,
		    "%s", err.text);
		build_shared(&b);
		estimate = zone_bytes_estimate(b.zones[0]);
		ck_assert_msg(estimate > b.cell.len * 9 / 10 &&
				  estimate < b.cell.len * 11 / 10,
		    "NSEC%s: %llu for %zu", nsec3 ? "3" : "",
		    (unsigned long long)estimate, b.cell.len);
		built_free(&b);
	}
}
END_TEST

#ifdef HOLDFAST_FAULTS
/* Something of everything, so that each fault has a place to show. */
static const char everything[] = SOA SIGNED CUT
    "cut IN DS " DS_TEXT "\ncut IN RRSIG DS " SIG
    "a.b.c IN A 192.0.2.1\na.b.c IN A 192.0.2.2\na.b.c IN AAAA 2001:db8::1\n"
    "*.w IN TXT \"star\"\nchain IN CNAME ns.example.\n"
    "d IN DNAME w.example.\nm IN MX 10 mail.m.example.\n"
    "m IN MX 20 m.example.\nptr.m IN PTR m.example.\n";

START_TEST(every_fault_passes_the_verifier_and_changes_the_cell)
{
	struct built sound = build_text(everything);
	const char *name;
	unsigned faults = 0;

	for (unsigned i = 0; (name = fault_name_find(i)) != NULL; i++) {
		struct built b;

		if (strncmp(name, "builder-", 8) != 0)
			continue;
		ck_assert(fault_set(name, 1));
		b = build_text(everything);
		fault_clear_all();
		ck_assert_msg(
		    b.cell.len != sound.cell.len ||
			memcmp(b.cell.data, sound.cell.data, b.cell.len) != 0,
		    "%s changes nothing", name);
		built_free(&b);
		faults++;
	}
	ck_assert_uint_ge(faults, 14);
	ck_assert(!fault_set("no-such-fault", 1));
	built_free(&sound);
}
END_TEST
#else
START_TEST(every_fault_passes_the_verifier_and_changes_the_cell)
{
	/* a release build has none */
	ck_assert(!fault_set("builder-ttl-wrong", 1));
}
END_TEST
#endif

UNIT_MAIN("cell_builder", answers_decode_to_the_records,
    names_are_compressed_as_far_as_they_may,
    wildcards_own_their_records_by_the_query_name,
    referrals_serve_any_name_below, a_cut_at_a_wildcard_has_its_glue,
    an_unsigned_zone_refers_without_ds,
    chains_are_marked_and_compressed_to_the_apex_alone,
    negative_answers_live_as_rfc_2308_says, ttl_positions_are_all_ttls,
    the_root_is_written_as_one_octet, parent_and_child_share_a_cell,
    the_order_of_zones_does_not_matter, split_zones_lie_in_slots_by_their_names,
    split_zones_link_to_addresses_elsewhere,
    a_slot_has_the_digest_of_what_its_cell_is_made_from, large_rrsets_are_wide,
    the_longest_rrset_is_served_and_no_longer_one,
    optional_glue_beyond_the_limits_is_left_out,
    a_name_with_an_address_takes_less_than_100_bytes,
    signed_zones_are_estimated,
    every_fault_passes_the_verifier_and_changes_the_cell)
