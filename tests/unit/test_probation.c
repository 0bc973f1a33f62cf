/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Sets of zones on probation, and which zones are put there: those that say
 * something else than before, and none that were only signed again.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "snapshot/probation.h"
#include "tests/rig/text_generation.h"
#include "tests/unit/unit_run.h"

START_TEST(sets)
{
	struct probation *p = probation_new(3), *copy = NULL;

	ck_assert(p != NULL && !probation_holds(p, 5));
	probation_add(p, 5);
	probation_add(p, 5);
	probation_add(p, 0);
	ck_assert_uint_eq(p->count, 2);
	ck_assert(probation_holds(p, 5) && probation_holds(p, 0));
	ck_assert(!probation_holds(p, 6));
	ck_assert_int_eq(probation_copy(&copy, p, NULL), 0);
	ck_assert(probation_holds(copy, 5) && !probation_holds(copy, 6));
	ck_assert_uint_eq(probation_zones(copy, NULL), 2);
	ck_assert_uint_eq(probation_zones(NULL, NULL), 0);
	probation_free(&copy);
	probation_free(&p);
	p = probation_new(0);
	ck_assert_int_eq(probation_copy(&copy, p, NULL), 0);
	ck_assert_ptr_null(copy);
	probation_free(&p);
}
END_TEST

/* Full to the last, every hash is found and no other; one more is all. */
START_TEST(full_sets)
{
	struct probation *p = probation_new(PROBATION_ZONES_MAX), *copy = NULL;

	for (uint64_t i = 0; i < PROBATION_ZONES_MAX; i++)
		probation_add(p, i << 32 | i);
	ck_assert(!p->all && p->count == PROBATION_ZONES_MAX);
	ck_assert_int_eq(probation_copy(&copy, p, NULL), 0);
	for (uint64_t i = 0; i < PROBATION_ZONES_MAX; i++) {
		ck_assert(probation_holds(copy, i << 32 | i));
		ck_assert(!probation_holds(copy, ~(i << 32 | i)));
	}
	probation_add(p, 77);
	ck_assert(p->all && probation_holds(p, 1ull << 63));
	probation_add_all(copy, p);
	ck_assert(copy->all && probation_holds(copy, 1ull << 63));
	probation_free(&p);
	ck_assert_int_eq(probation_copy(&p, copy, NULL), 0);
	ck_assert(p->all && probation_holds(p, 3));
	probation_free(&p);
	probation_free(&copy);
}
END_TEST

#define SOA(serial)                                                            \
	"$TTL 300\n@ SOA ns hm " serial " 3600 600 86400 60\n@ NS ns\n"        \
	"ns A 192.0.2.53\n"
#define KEY "@ DNSKEY 257 3 13 AwEAAQ==\n"
#define SIGNED(type, labels, sig)                                              \
	"@ RRSIG " type " 13 " labels                                          \
	" 300 20300101000000 20200101000000 1 @ " sig "\n"

/* Before and after; NULL: the zone is not there. */
static const struct change {
	const char *what;
	struct change_zone {
		const char *apex, *before, *after;
		bool split;
		bool changed; /* expected */
	} zones[3];
} changes[] = {
    {"nothing", {{"a.test.", SOA("1"), SOA("1"), false, false}}},
    {"the serial alone", {{"a.test.", SOA("1"), SOA("2"), false, false}}},
    {"other timers", {{"a.test.", SOA("1"),
			 "$TTL 300\n@ SOA ns hm 1 3600 600 86400 61\n@ NS ns\n"
			 "ns A 192.0.2.53\n",
			 false, true}}},
    {"a record",
	{{"a.test.", SOA("1"), SOA("1") "x A 192.0.2.1\n", false, true},
	    {"b.test.", SOA("1"), SOA("1"), false, false}}},
    {"a record goes",
	{{"a.test.", SOA("1") "x A 192.0.2.1\n", SOA("1"), false, true}}},
    {"a TTL", {{"a.test.", SOA("1") "x 60 A 192.0.2.1\n",
		  SOA("1") "x 61 A 192.0.2.1\n", false, true}}},
    {"RDATA that moves between records",
	{{"a.test.", SOA("1") "x TXT \"ab\" \"c\"\n",
	    SOA("1") "x TXT \"a\" \"bc\"\n", false, true}}},
    {"an owner that moves", {{"a.test.", SOA("1") "x A 192.0.2.1\n",
				SOA("1") "y A 192.0.2.1\n", false, true}}},
    {"signed again",
	{{"a.test.", SOA("1") KEY SIGNED("SOA", "2", "AQ=="),
	     SOA("2") KEY SIGNED("SOA", "2", "Ag=="), false, false},
	    {"b.test.", SOA("1"), SOA("1") "x A 192.0.2.1\n", false, true}}},
    {"signed for the first time",
	{{"a.test.", SOA("1"), SOA("1") KEY SIGNED("SOA", "2", "Ag=="), false,
	    true}}},
    {"a record of a split zone",
	{{"a.test.", SOA("1") "x A 192.0.2.1\ny A 192.0.2.2\nz A 192.0.2.3\n",
	     SOA("1") "x A 192.0.2.1\ny A 192.0.2.9\nz A 192.0.2.3\n", true,
	     true},
	    {"b.test.", SOA("1") "x A 192.0.2.1\n", SOA("2") "x A 192.0.2.1\n",
		true, false}}},
    {"a new zone, whose names those above had",
	{{"test.", SOA("1"), SOA("1"), false, false},
	    {"a.test.", SOA("1"), SOA("1"), false, true},
	    {"b.a.test.", NULL, SOA("1"), false, true}}},
    {"a zone goes, whose names those above have then",
	{{"test.", SOA("1"), SOA("1"), false, true},
	    {"other.", SOA("1"), SOA("1"), false, false},
	    {"x.y.test.", SOA("1"), NULL, false, false}}},
    {"a zone goes, and nothing is above it",
	{{"a.test.", SOA("1"), SOA("1"), false, false},
	    {"other.", SOA("1"), NULL, false, false}}},
};

static struct generation *
make(const struct change *c, bool after)
{
	struct text_zone zones[3];
	struct generation *g;
	unsigned n = 0;
	struct err err;

	for (unsigned i = 0; i < 3 && c->zones[i].apex; i++) {
		const struct change_zone *z = &c->zones[i];
		const char *text = after ? z->after : z->before;

		if (text)
			zones[n++] =
			    (struct text_zone){z->apex, text, z->split};
	}
	ck_assert_msg(text_generation_make(&g, NULL, zones, n, &err) == 0,
	    "%s: %s", c->what, err.text);
	return g;
}

static uint64_t
apex_hash(const struct generation *g, const char *apex)
{
	uint8_t name[256 + NAME_HASH_OVERREAD] = {0};
	unsigned at = 0;

	while (*apex) {
		size_t n = strcspn(apex, ".");

		name[at] = (uint8_t)n;
		memcpy(name + at + 1, apex, n);
		at += (unsigned)n + 1;
		apex += n + 1;
	}
	return name_hash(&g->key, name);
}

static void
check_change(const struct change *c)
{
	struct generation *before = make(c, false), *after = make(c, true);
	struct probation *p = probation_new(PROBATION_ZONES_MAX);
	uint32_t expected = 0;

	probation_add_changed(p, after, before);
	for (unsigned i = 0; i < 3 && c->zones[i].apex; i++) {
		const struct change_zone *z = &c->zones[i];

		expected += z->changed;
		ck_assert_msg(
		    probation_holds(p, apex_hash(after, z->apex)) == z->changed,
		    "%s: %s", c->what, z->apex);
	}
	ck_assert_uint_eq(p->count, expected);
	ck_assert(!p->all);
	probation_free(&p);
	generation_free(&before);
	generation_free(&after);
}

START_TEST(zones_that_changed)
{
	for (unsigned i = 0; i < sizeof changes / sizeof *changes; i++)
		check_change(&changes[i]);
}
END_TEST

/* Nothing is known of what was there before. */
START_TEST(zones_of_the_first_generation)
{
	struct generation *g = make(&changes[0], false);
	struct probation *p = probation_new(PROBATION_ZONES_MAX);

	probation_add_changed(p, g, NULL);
	ck_assert(p->all);
	ck_assert_uint_eq(probation_zones(p, g), 1);
	probation_free(&p);
	generation_free(&g);
}
END_TEST

UNIT_MAIN("probation", sets, full_sets, zones_that_changed,
    zones_of_the_first_generation)
