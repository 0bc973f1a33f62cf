/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of the cell builder: what it builds is read by hand, decoded by
 * ldns under names as long as compiled and longer, and given to the verifier.
 * Split zones: test_cell_split.c; sizes: test_cell_sizes.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/wire.h"
#include "snapshot/fault.h"
#include "tests/unit/built_cell.h"
#include "tests/unit/unit_run.h"
#include "tests/unit/zone_text.h"

START_TEST(answers_decode_to_the_records)
{
	struct built b = built_from_text(
	    SOA "@ IN NS ns.example.\n@ IN MX 10 mail.example.\n"
		"a IN A 192.0.2.1\na IN A 192.0.2.2\n"
		"m IN MX 10 mail.m.example.\nm IN MX 20 m.example.\n"
		"m IN MX 30 b.mail.m.example.\nm IN MX 40 example.\n"
		"m IN MX 50 Other.Net.\nm IN MX 60 x.other.net.\nm IN MX 0 .\n"
		"s IN SRV 1 2 3 s.example.\np IN PTR a.p.example.\n"
		"t IN TXT \"x\" \"yz\"\nu IN TYPE65280 \\# 3 c00cff\n"
		"c IN CNAME A.Example.\n");

	built_answer_check(&b, "example.", DNS_TYPE_NS, "example.", false,
	    "example. NS ns.example.||");
	built_answer_check(&b, "example.", DNS_TYPE_SOA, "example.", false,
	    "example. SOA ns.example. host.example. 7 2 3 4 60||");
	built_answer_check(&b, "a.example.", DNS_TYPE_A, "a.example.", false,
	    "a.example. A 192.0.2.1; a.example. A 192.0.2.2||");
	built_answer_check(&b, "m.example.", DNS_TYPE_MX, "m.example.", false,
	    "m.example. MX 0 .; m.example. MX 10 mail.m.example.; "
	    "m.example. MX 20 m.example.; m.example. MX 30 b.mail.m.example.; "
	    "m.example. MX 40 example.; m.example. MX 50 Other.Net.; "
	    "m.example. MX 60 x.Other.Net.||");
	built_answer_check(&b, "s.example.", DNS_TYPE_SRV, "s.example.", false,
	    "s.example. SRV 1 2 3 s.example.||");
	built_answer_check(&b, "p.example.", DNS_TYPE_PTR, "p.example.", false,
	    "p.example. PTR a.p.example.||");
	built_answer_check(&b, "u.example.", 65280, "u.example.", false,
	    "u.example. TYPE65280 \\# 3 c00cff||");
	built_answer_check(&b, "c.example.", DNS_TYPE_CNAME, "c.example.",
	    false, "c.example. CNAME A.example.||");
	built_free(&b);
}
END_TEST

START_TEST(names_are_compressed_as_far_as_they_may)
{
	struct built b = built_from_text(
	    SOA "m IN MX 10 mail.m.example.\nm IN MX 20 m.example.\n"
		"s IN SRV 1 2 3 s.example.\nt IN RP s.example. s.example.\n");
	const struct block_d *mx = walk_block_find(
	    built_node(&b.cell, "m.example.", "example."), DNS_TYPE_MX);
	const struct block_d *srv = walk_block_find(
	    built_node(&b.cell, "s.example.", "example."), DNS_TYPE_SRV);

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
	struct built b = built_from_text(
	    SOA "*.w IN MX 10 *.w.example.\n*.w IN MX 20 a.w.example.\n"
		"*.w IN MX 30 w.example.\n*.w IN PTR x.*.w.example.\n"
		"*.w IN RRSIG MX " SIG);

	built_answer_check(&b, "*.w.example.", DNS_TYPE_MX, "*.w.example.",
	    false,
	    "*.w.example. MX 10 *.w.example.; *.w.example. MX 20 "
	    "a.w.example.; *.w.example. MX 30 w.example.||");
	built_answer_check(&b, "*.w.example.", DNS_TYPE_MX,
	    "much.longer.w.example.", false,
	    "much.longer.w.example. MX 10 *.w.example.; much.longer.w.example."
	    " MX 20 a.w.example.; much.longer.w.example. MX 30 w.example.||");
	built_answer_check(&b, "*.w.example.", DNS_TYPE_PTR, "q.w.example.",
	    false, "q.w.example. PTR x.*.w.example.||");
	built_answer_check(&b, "*.w.example.", DNS_TYPE_MX, "q.w.example.",
	    true,
	    "q.w.example. MX 10 *.w.example.; q.w.example. MX 20 a.w.example.;"
	    " q.w.example. MX 30 w.example.; q.w.example. RRSIG MX" SIG_TEXT
	    "||");
	built_free(&b);
}
END_TEST

START_TEST(referrals_serve_any_name_below)
{
	struct built b = built_from_text(
	    SOA SIGNED CUT "cut IN DS " DS_TEXT "\ncut IN RRSIG DS " SIG);
	const struct node_d *cut =
	    built_node(&b.cell, "cut.example.", "example.");
	const struct block_d *plain = walk_block_find(cut, DNS_TYPE_NS);

	ck_assert_uint_eq(cut->flags, NODE_CUT);
	ck_assert_uint_eq(cut->ntypes, 2);
	ck_assert_str_eq(walk_marks(plain), "1:7 2:1 2:1 2:1 3:1 3:1 3:1 3:1");
	ck_assert_str_eq(walk_marks(walk_do_form(plain)),
	    "1:7 1:1 1:1 2:1 2:1 2:1 3:1 3:1 3:1 3:1");
	built_answer_check(&b, "cut.example.", DNS_TYPE_NS, "cut.example.",
	    false, "|" CUT_NS("cut.example.") "|" IN_DOMAIN SIBLINGS);
	built_answer_check(&b, "cut.example.", DNS_TYPE_NS,
	    "a.much.longer.name.under.cut.example.", false,
	    "|" CUT_NS("cut.example.") "|" IN_DOMAIN SIBLINGS);
	built_answer_check(&b, "cut.example.", DNS_TYPE_NS, "x.cut.example.",
	    true,
	    "|" CUT_NS("cut.example.") "; cut.example. DS " DS_TEXT
				       "; cut.example. RRSIG DS" SIG_TEXT
				       "|" IN_DOMAIN SIBLINGS);
	built_answer_check(&b, "cut.example.", DNS_TYPE_DS, "cut.example.",
	    true,
	    "cut.example. DS " DS_TEXT "; cut.example. RRSIG DS" SIG_TEXT "||");
	built_free(&b);
}
END_TEST

START_TEST(a_cut_at_a_wildcard_has_its_glue)
{
	struct built b = built_from_text(SOA "*.w IN NS *.w.example.\n"
					     "*.w IN NS ns.*.w.example.\n"
					     "*.w IN A 192.0.2.1\n"
					     "ns.*.w IN A 192.0.2.2\n");

	built_answer_check(&b, "*.w.example.", DNS_TYPE_NS, "x.*.w.example.",
	    false,
	    "|*.w.example. NS *.w.example.; *.w.example. NS ns.*.w.example.|"
	    "*.w.example. A 192.0.2.1; ns.*.w.example. A 192.0.2.2");
	built_free(&b);
}
END_TEST

START_TEST(an_unsigned_zone_refers_without_ds)
{
	struct built b =
	    built_from_text(SOA "cut IN NS x.\ncut IN DS " DS_TEXT);
	const struct block_d *ns = walk_block_find(
	    built_node(&b.cell, "cut.example.", "example."), DNS_TYPE_NS);

	ck_assert_uint_eq(ns->flags, 0);
	ck_assert_uint_eq(ns->nmark, 0);
	built_free(&b);
}
END_TEST

START_TEST(chains_are_marked_and_compressed_to_the_apex_alone)
{
	struct built b = built_from_text(
	    SOA "in IN CNAME a.in.example.\nout IN CNAME in.example.net.\n"
		"apex IN CNAME example.\n*.w IN CNAME x.w.example.\n"
		"in IN RRSIG CNAME " SIG "d IN DNAME other.example.\n");
	const struct block_d *in = walk_block_find(
	    built_node(&b.cell, "in.example.", "example."), DNS_TYPE_CNAME);
	const struct block_d *out = walk_block_find(
	    built_node(&b.cell, "out.example.", "example."), DNS_TYPE_CNAME);

	ck_assert_uint_eq(in->flags, BLOCK_CHASE | BLOCK_DO_FOLLOWS);
	ck_assert_uint_eq(walk_do_form(in)->flags, BLOCK_CHASE);
	ck_assert_uint_eq(in->len, 12 + 2 + 3 + 2);
	ck_assert_uint_eq(out->flags, 0);
	ck_assert_uint_eq(out->len, 12 + 16);
	built_answer_check(&b, "apex.example.", DNS_TYPE_CNAME, "apex.example.",
	    false, "apex.example. CNAME example.||");
	built_answer_check(&b, "*.w.example.", DNS_TYPE_CNAME, "q.r.w.example.",
	    false, "q.r.w.example. CNAME x.w.example.||");
	built_answer_check(&b, "d.example.", DNS_TYPE_DNAME, "q.r.d.example.",
	    false, "d.example. DNAME other.example.||");
	built_free(&b);
}
END_TEST

START_TEST(negative_answers_live_as_rfc_2308_says)
{
	struct built b =
	    built_from_text(SOA SIGNED "@ IN NSEC3PARAM 1 0 0 -\n");
	const struct node_d *apex = built_apex(&b.cell, "example.");
	const struct zone_d *z = built_zone(apex);
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
	struct built b = built_from_text(SOA SIGNED CUT);
	const struct block_d *ns = walk_block_find(
	    built_node(&b.cell, "cut.example.", "example."), DNS_TYPE_NS);
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

	built_plan_add(&b, ".",
	    ". 86400 IN SOA a. b. 1 2 3 4 60\n. IN NS a.\na. IN A 192.0.2.1\n"
	    "com. IN NS a.com.\na.com. IN A 192.0.2.2\nc. IN CNAME .\n",
	    NO_SPLIT, 0);
	built_shared_make(&b);
	apex = built_apex(&b.cell, ".");
	no = (const void *)(b.cell.data + built_zone(apex)->negative_off);
	ck_assert_str_eq(walk_message(walk_block_find(apex, DNS_TYPE_NS), 1,
			     name_from_test("."), 0),
	    ". NS a.||");
	ck_assert_str_eq(walk_message(no, 1, name_from_test("no.such."), 0),
	    "|. SOA a. b. 1 2 3 4 60|");
	com = built_node(&b.cell, "com.", ".");
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

	built_plan_add(&b, "sub.example.",
	    "@ IN SOA ns.example. h.example. 9 2 3 4 60\n@ IN NS ns.example.\n"
	    "www IN A 192.0.2.1\n",
	    NO_SPLIT, 0);
	built_plan_add(
	    &b, "example.", SOA "sub IN NS ns.example.\n", NO_SPLIT, 0);
	built_shared_make(&b);
	h = (const void *)b.cell.data;
	ck_assert_uint_eq(h->nzones, 2);
	ck_assert_uint_eq(h->depths[0], 6);
	cut = built_node(&b.cell, "sub.example.", "example.");
	apex = built_apex(&b.cell, "sub.example.");
	ck_assert_uint_eq(cut->flags, NODE_CUT);
	ck_assert_uint_eq(
	    cut->anchor + 40, (uintptr_t)built_apex(&b.cell, "example.") -
				  (uintptr_t)b.cell.data);
	ck_assert_uint_eq(
	    built_node(&b.cell, "www.sub.example.", "sub.example.")->anchor,
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

	built_plan_add(&b, "b.", "@ IN SOA a. b. 1 2 3 4 5\nx IN A 192.0.2.1\n",
	    NO_SPLIT, 0);
	built_plan_add(&b, "a.", "@ IN SOA a. b. 1 2 3 4 5\ny IN A 192.0.2.1\n",
	    NO_SPLIT, 0);
	built_shared_make(&b);
	turned[0] = b.plans[1];
	turned[1] = b.plans[0];
	bytes_init(&other);
	ck_assert_int_eq(
	    cell_build_shared(turned, 2, &built_key, 0, 0, &other, &err), 0);
	ck_assert_uint_eq(other.len, b.cell.len);
	ck_assert_mem_eq(other.data, b.cell.data, other.len);
	turned[0] = b.plans[1];
	bytes_clear(&other);
	turned[1] = b.plans[1];
	ck_assert_int_eq(
	    cell_build_shared(turned, 2, &built_key, 0, 0, &other, &err),
	    ERR_USAGE);
	bytes_fini(&other);
	built_free(&b);
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
	struct built sound = built_from_text(everything);
	const char *name;
	unsigned faults = 0;

	for (unsigned i = 0; (name = fault_name_find(i)) != NULL; i++) {
		struct built b;

		if (strncmp(name, "builder-", 8) != 0)
			continue;
		ck_assert(fault_set(name, 1));
		b = built_from_text(everything);
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
    the_order_of_zones_does_not_matter,
    every_fault_passes_the_verifier_and_changes_the_cell)
