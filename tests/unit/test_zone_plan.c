/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of snapshot/zone_plan*.c: which names exist, and as what.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "snapshot/zone_plan.h"
#include "tests/unit/unit_run.h"
#include "tests/unit/zone_text.h"

#define APEX                                                                   \
	"example. 3600 IN SOA ns.example. host.example. 7 2 3 4 60\n"          \
	"example. 3600 IN NS ns.example.\n"

static const struct name_key key = {
    {0x243f6a8885a308d3ull, 0x13198a2e03707345ull}};

static struct zone_plan *
plan_of(const char *text, uint16_t split, unsigned bits)
{
	struct zone_records *z = zone_from_text("example.", text);
	struct zone_plan *p;
	struct err err;

	ck_assert_msg(
	    zone_plan_new(&p, z, &key, split, bits, &err) == 0, "%s", err.text);
	return p;
}

static void
plan_end(struct zone_plan *p)
{
	struct zone_records *z =
	    (struct zone_records *)(uintptr_t)zone_plan_records(p);

	zone_plan_free(p);
	zone_records_free(z);
}

static const char *
flags_text(unsigned flags)
{
	static const char letters[] = "acCDwWEO"; /* by bit */
	static char text[16];
	unsigned n = 0;

	for (unsigned i = 0; i < 8; i++)
		if (flags & 1u << i)
			text[n++] = letters[i];
	text[n] = '\0';
	return text;
}

/* "name:flags name:flags ..." in the order of the plan, apex left out. */
static const char *
plan_text(const struct zone_plan *p)
{
	static char text[4096];
	char name[NAME_TEXT_MAX];
	size_t at = 0;

	text[0] = '\0';
	for (size_t i = 1; i < p->count; i++) {
		name_to_text(name, plan_node_name(p, &p->nodes[i]));
		name[strlen(name) - strlen(".example.")] = '\0';
		at += (size_t)snprintf(text + at, sizeof text - at, "%s%s:%s",
		    i > 1 ? " " : "", name, flags_text(p->nodes[i].flags));
	}
	return text;
}

static const struct row {
	const char *about, *records, *nodes;
} rows[] = {
    {"plain names, in canonical order",
	"b.example. 1 IN A 192.0.2.1\na.example. 1 IN A 192.0.2.1\n", "a: b:"},
    {"empty non-terminals between a name and the apex",
	"a.b.c.example. 1 IN A 192.0.2.1\n", "c:E b.c:E a.b.c:"},
    {"empty non-terminals once, and not where there are records",
	"a.b.c.example. 1 IN A 192.0.2.1\nc.example. 1 IN A 192.0.2.1\n"
	"z.b.c.example. 1 IN A 192.0.2.1\nq.y.c.example. 1 IN A 192.0.2.1\n",
	"c: b.c:E a.b.c: z.b.c: y.c:E q.y.c:"},
    {"labels alike at one depth and not above are other names",
	"a.b.x.example. 1 IN A 192.0.2.1\na.b.y.example. 1 IN A 192.0.2.1\n",
	"x:E b.x:E a.b.x: y:E b.y:E a.b.y:"},
    {"a wildcard is seen from its parent alone",
	"*.w.example. 1 IN A 192.0.2.1\nv.example. 1 IN A 192.0.2.1\n",
	"v: w:wE *.w:W"},
    {"an empty non-terminal \"*\" is a wildcard too",
	"a.*.w.example. 1 IN A 192.0.2.1\n", "w:wE *.w:WE a.*.w:"},
    {"a star inside a label is none", "*a.w.example. 1 IN A 192.0.2.1\n",
	"w:E *a.w:"},
    {"below a cut nothing exists",
	"cut.example. 1 IN NS ns.cut.example.\n"
	"ns.cut.example. 1 IN A 192.0.2.1\n"
	"a.b.cut.example. 1 IN A 192.0.2.1\n"
	"b.cut.example. 1 IN NS x.\ncuta.example. 1 IN A 192.0.2.1\n",
	"cut:c cuta:"},
    {"below a DNAME nothing exists",
	"d.example. 1 IN DNAME x.\na.d.example. 1 IN A 192.0.2.1\n", "d:D"},
    {"a CNAME", "a.example. 1 IN CNAME x.\n", "a:C"},
    {"NS and DNAME at a wildcard are cut and DNAME",
	"*.a.example. 1 IN NS x.\n*.b.example. 1 IN DNAME x.\n"
	"x.*.a.example. 1 IN A 192.0.2.1\n",
	"a:wE *.a:cW b:wE *.b:DW"},
    {"names of NSEC3 alone are no names, nor what is above them",
	"aaaa.b.example. 1 IN NSEC3 1 0 0 - "
	"35mthgpgcu1qg68fab165klnsnk3dpvl A\n"
	"aaaa.b.example. 1 IN RRSIG NSEC3 13 3 1 20300101000000 "
	"20200101000000 1 example. AAAA\n"
	"c.example. 1 IN A 192.0.2.1\n",
	"c:"},
    {"a name with a signature over nothing exists, empty",
	"s.example. 1 IN RRSIG A 13 2 1 20300101000000 "
	"20200101000000 1 example. AAAA\n",
	"s:E"},
};

START_TEST(names_exist_as_they_should)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[2048];
		struct zone_plan *p;

		snprintf(text, sizeof text, APEX "%s", rows[i].records);
		p = plan_of(text, NO_SPLIT, 0);
		ck_assert_msg(strcmp(plan_text(p), rows[i].nodes) == 0,
		    "%s: %s", rows[i].about, plan_text(p));
		ck_assert_uint_eq(p->nodes[0].flags & NODE_APEX, NODE_APEX);
		plan_end(p);
	}
}
END_TEST

START_TEST(hashes_are_those_of_the_whole_names)
{
	struct zone_plan *p = plan_of(APEX "a.b.c.example. 1 IN A 192.0.2.1\n"
					   "*.b.example. 1 IN A 192.0.2.1\n"
					   "a-label-of-more-than-16-octets."
					   "example. 1 IN A 192.0.2.1\n",
	    NO_SPLIT, 0);

	for (size_t i = 0; i < p->count; i++)
		ck_assert_uint_eq(p->nodes[i].hash,
		    name_hash(&key, plan_node_name(p, &p->nodes[i])));
	ck_assert_uint_eq(zone_plan_apex_hash(p), p->nodes[0].hash);
	plan_end(p);
}
END_TEST

START_TEST(linked_glue_of_split_zones_is_planned)
{
	/* one.example links to a name below another cut, to the cut itself and
	 * to plain data; what is below it is its own */
	struct zone_plan *p =
	    plan_of(APEX "ns.example. 1 IN A 192.0.2.1\n"
			 "one.example. 1 IN NS ns.two.example.\n"
			 "one.example. 1 IN NS two.example.\n"
			 "one.example. 1 IN NS ns.example.\n"
			 "one.example. 1 IN NS ns.one.example.\n"
			 "one.example. 1 IN NS none.two.example.\n"
			 "ns.one.example. 1 IN A 192.0.2.2\n"
			 "three.example. 1 IN NS NS.two.example.\n"
			 "two.example. 1 IN NS ns.two.example.\n"
			 "two.example. 1 IN A 192.0.2.3\n"
			 "ns.two.example. 1 IN AAAA 2001:db8::1\n",
		3, 2);
	size_t in_slots = 0;

	ck_assert_str_eq(plan_text(p), "ns: one:c three:c two:c ns.two:O");
	ck_assert_uint_eq(p->existing, 5);
	ck_assert_uint_eq(p->nodes[5].cut_labels, 2);
	ck_assert(p->nodes[4].is_linked);
	ck_assert(!p->nodes[2].is_linked);
	for (unsigned slot = 0; slot < 4; slot++)
		for (uint32_t i = p->slot_first[slot];
		     i < p->slot_first[slot + 1]; i++, in_slots++)
			ck_assert_uint_eq(
			    name_slot(p->nodes[p->by_slot[i]].hash, 2), slot);
	ck_assert_uint_eq(in_slots, p->count - 1);
	plan_end(p);
}
END_TEST

static void
expect_refused(struct zone_records *z, const char *words)
{
	struct zone_plan *p;
	struct err err;

	ck_assert_int_lt(zone_plan_new(&p, z, &key, NO_SPLIT, 0, &err), 0);
	ck_assert_ptr_null(p);
	ck_assert_msg(strstr(err.text, words) != NULL, "%s", err.text);
	zone_records_free(z);
}

static struct zone_records *
zone_open(void)
{
	struct err err;
	struct zone_records *z =
	    zone_records_new(name_from_test("example."), &err);
	uint8_t soa[22] = {0};

	zone_records_add(z, z->apex, DNS_TYPE_SOA, 1, soa, sizeof soa, &err);
	return z;
}

static void
add(struct zone_records *z, const char *owner, uint16_t type, const void *rdata,
    size_t bytes)
{
	struct err err;

	ck_assert_int_eq(zone_records_add(z, name_from_test(owner), type, 1,
			     rdata, bytes, &err),
	    0);
}

static struct zone_records *
sealed(struct zone_records *z)
{
	struct err err;

	ck_assert_msg(
	    zone_records_seal(z, NULL, NULL, &err) == 0, "%s", err.text);
	return z;
}

START_TEST(records_that_make_no_block_are_refused_by_name)
{
	static const struct {
		uint16_t type;
		const char *rdata;
		size_t bytes;
	} bad[] = {
	    {DNS_TYPE_A, "123", 3},
	    {DNS_TYPE_AAAA, "1234", 4},
	    {DNS_TYPE_NS, "\xc0\x0c", 2},
	    {DNS_TYPE_MX, "1", 1},
	    {DNS_TYPE_RRSIG, "", 0},
	    {0, "", 0},
	    {DNS_TYPE_OPT, "", 0},
	    {DNS_TYPE_ANY, "", 0},
	    {DNS_TYPE_AXFR, "", 0},
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct zone_records *z = zone_open();

		add(z, "bad.example.", bad[i].type, bad[i].rdata, bad[i].bytes);
		expect_refused(sealed(z), "bad.example.");
	}
}
END_TEST

START_TEST(two_chains_at_a_name_are_refused)
{
	struct zone_records *z = zone_open();

	add(z, "c.example.", DNS_TYPE_CNAME, "\1a\0", 3);
	add(z, "c.example.", DNS_TYPE_CNAME, "\1b\0", 3);
	expect_refused(sealed(z), "c.example.");
	z = zone_open();
	add(z, "example.", DNS_TYPE_CNAME, "\1a\0", 3);
	expect_refused(sealed(z), "example.");
}
END_TEST

START_TEST(an_rrset_over_64_kib_is_refused)
{
	struct zone_records *z = zone_open();
	uint8_t rdata[40000] = {255};

	add(z, "fits.example.", DNS_TYPE_NULL, rdata, sizeof rdata);
	rdata[0] = 1;
	add(z, "long.example.", DNS_TYPE_NULL, rdata, sizeof rdata);
	rdata[0] = 2;
	add(z, "long.example.", DNS_TYPE_NULL, rdata, sizeof rdata);
	expect_refused(sealed(z), "long.example. TYPE10");
}
END_TEST

START_TEST(a_name_over_256_kib_is_refused)
{
	struct zone_records *z = zone_open();
	uint8_t rdata[60000] = {0};

	for (uint16_t type = 1000; type < 1006; type++)
		add(z, "many.example.", type, rdata, sizeof rdata);
	expect_refused(sealed(z), "256 KiB");
}
END_TEST

START_TEST(a_name_of_more_than_255_types_is_refused)
{
	struct zone_records *z = zone_open();

	for (uint16_t type = 1000; type < 1256; type++)
		add(z, "many.example.", type, "", 0);
	expect_refused(sealed(z), "255 types");
}
END_TEST

START_TEST(glue_that_cannot_be_told_of_is_refused)
{
	struct zone_records *z = zone_open();
	char name[64];
	uint8_t target[DNS_NAME_MAX];
	struct err err;

	for (unsigned i = 0; i < 300; i++) {
		int bytes;

		snprintf(name, sizeof name, "ns%u.cut.example.", i);
		bytes = name_from_text(target, name, &err);
		add(z, "cut.example.", DNS_TYPE_NS, target, (size_t)bytes);
		add(z, name, DNS_TYPE_A, "1234", 4);
	}
	expect_refused(sealed(z), "cut.example.");
}
END_TEST

START_TEST(a_wildcard_apex_is_refused)
{
	struct err err;
	struct zone_records *z =
	    zone_records_new(name_from_test("*.example."), &err);
	uint8_t soa[22] = {0};

	zone_records_add(z, z->apex, DNS_TYPE_SOA, 1, soa, sizeof soa, &err);
	expect_refused(sealed(z), "wildcard");
}
END_TEST

UNIT_MAIN("zone_plan", names_exist_as_they_should,
    hashes_are_those_of_the_whole_names, linked_glue_of_split_zones_is_planned,
    records_that_make_no_block_are_refused_by_name,
    two_chains_at_a_name_are_refused, an_rrset_over_64_kib_is_refused,
    a_name_over_256_kib_is_refused, a_name_of_more_than_255_types_is_refused,
    glue_that_cannot_be_told_of_is_refused, a_wildcard_apex_is_refused)
