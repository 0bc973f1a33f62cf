/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Each defect of snapshot/fault.c that the builder can have: cells with it pass
 * verifier and loader, and the proof finds it and names the zone's name. In
 * profiles without fault points, that none can be set.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "control/compile/prove.h"
#include "snapshot/fault.h"
#include "tests/rig/text_generation.h"
#include "tests/unit/unit_run.h"

/* For each fault a place to show. `child` is in front in canonical order never:
 * zones are sorted by apex. */
static const char parent[] =
    "$TTL 3600\n"
    "@ 7200 SOA ns host 1 7200 3600 1209600 600\n@ NS ns\nns A 192.0.2.1\n"
    "@ DNSKEY 257 3 13 AAAA\n"
    "@ RRSIG SOA 13 1 7200 20300101000000 20200101000000 1 @ AAAA\n"
    "ns AAAA 2001:db8::1\nmany A 192.0.2.2\nmany A 192.0.2.3\n"
    "many TXT \"Case\"\n"
    "m MX 10 a.m\nm MX 20 m\nx.y.z A 192.0.2.4\n"
    "chain CNAME many\n*.w TXT \"star\"\nmoved DNAME w\n"
    "cut NS ns.cut\ncut NS ns.two\nns.cut A 192.0.2.5\n"
    "cut DS 1 13 2 "
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n"
    "cut RRSIG DS 13 2 3600 20300101000000 20200101000000 1 @ AAAA\n"
    "two NS ns.two\nns.two A 192.0.2.6\nchild NS ns.child\n"
    "ns.child A 192.0.2.7\n";
static const char child[] =
    "$TTL 3600\n@ SOA ns host 1 7200 3600 1209600 600\n@ NS ns\n"
    "ns A 192.0.2.7\nwww A 192.0.2.8\n";

enum { ZONES = 2 };

/* The proof's status over the zones built anew; *why: of the first fault. */
static int
zones_prove(bool split, const char *fault, unsigned every, struct err *why)
{
	const struct text_zone zones[ZONES] = {
	    {"example.", parent, split}, {"child.example.", child, false}};
	static const uint32_t subjects[ZONES] = {0, 1};
	struct zone_records *records[ZONES];
	struct prove_fault faults[ZONES];
	struct generation *g = NULL;
	uint64_t answers;
	struct err err;
	size_t n = 0;
	int rc;

	if (fault)
		ck_assert_msg(fault_set(fault, every), "%s", fault);
	rc = text_generation_make(&g, records, zones, ZONES, &err);
	fault_clear_all();
	ck_assert_msg(rc == 0, "%s: %s", fault ? fault : "no fault", err.text);
	rc = prove_zones(g, (const struct zone_records *const *)records, ZONES,
	    subjects, ZONES, NULL, faults, ZONES, &n, &answers, &err);
	*why = n > 0 ? faults[0].why : err;
	for (unsigned i = 0; i < ZONES; i++)
		zone_records_free(records[i]);
	generation_free(&g);
	return rc;
}

START_TEST(sound_zones_are_proven)
{
	struct err why = {0};

	ck_assert_msg(zones_prove(false, NULL, 0, &why) == 0, "%s", why.text);
	ck_assert_msg(zones_prove(true, NULL, 0, &why) == 0, "%s", why.text);
}
END_TEST

#ifdef HOLDFAST_FAULTS
static bool
is_of_builder(const char *name)
{
	return strncmp(name, "builder-", 8) == 0;
}

START_TEST(the_proof_finds_every_defect_of_the_builder)
{
	const char *name;
	unsigned found = 0;

	for (unsigned i = 0; (name = fault_name_find(i)) != NULL; i++) {
		for (unsigned split = 0; split < 2; split++) {
			struct err why = {0};

			if (!is_of_builder(name))
				continue;
			ck_assert_msg(
			    zones_prove(split, name, 1, &why) == ERR_REFUSED,
			    "%s, split %u: not found", name, split);
			ck_assert_msg(strcasestr(why.text, "example.") != NULL,
			    "%s: %s", name, why.text);
			if (getenv("VERBOSE"))
				printf("%s: %s\n", name, why.text);
			found++;
		}
	}
	ck_assert_uint_ge(found, 2 * 14);
}
END_TEST
#else
START_TEST(the_proof_finds_every_defect_of_the_builder)
{
	const char *name = fault_name_find(0);

	ck_assert_ptr_nonnull(name);
	ck_assert(!fault_set(name, 1));
	ck_assert(!fault_hit("builder-ttl-wrong"));
}
END_TEST
#endif

START_TEST(names_of_faults_are_unique)
{
	const char *a, *b;

	for (unsigned i = 0; (a = fault_name_find(i)) != NULL; i++)
		for (unsigned k = 0; k < i; k++) {
			b = fault_name_find(k);
			ck_assert_str_ne(a, b);
		}
	ck_assert(!fault_set("no-such-fault", 1));
}
END_TEST

START_TEST(faults_of_the_environment)
{
	static const bool wanted[] = {false, false, true, false, false, true};

	setenv("HOLDFAST_FAULT", "no-such,store-link,store-write:3", 1);
	fault_set_from_environment();
	unsetenv("HOLDFAST_FAULT");
	for (unsigned i = 0; i < 6; i++) {
		bool each = fault_hit("store-link");
		bool third = fault_hit("store-write");

#ifdef HOLDFAST_FAULTS
		ck_assert(each);
		ck_assert_int_eq(third, wanted[i]);
#else
		ck_assert(!each && !third && i < sizeof wanted);
#endif
	}
	fault_clear_all();
	ck_assert(!fault_hit("store-link"));
}
END_TEST

UNIT_MAIN("fault", sound_zones_are_proven,
    the_proof_finds_every_defect_of_the_builder, names_of_faults_are_unique,
    faults_of_the_environment)
