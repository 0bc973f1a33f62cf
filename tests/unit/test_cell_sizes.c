/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of the cell builder: RRsets and referrals at their limits, and
 * what names take.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/wire.h"
#include "snapshot/nsec3_hash.h"
#include "tests/unit/built_cell.h"
#include "tests/unit/unit_run.h"
#include "tests/unit/zone_text.h"

START_TEST(large_rrsets_are_wide)
{
	struct built b;
	char *text = malloc(1 << 20);
	size_t at = (size_t)sprintf(text, SOA);
	const struct block_d *wide;

	for (unsigned i = 0; i < 2000; i++)
		at += (size_t)sprintf(
		    text + at, "m IN MX %u x%u.m.example.\n", i, i);
	b = built_from_text(text);
	wide = walk_block_find(
	    built_node(&b.cell, "m.example.", "example."), DNS_TYPE_MX);
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
	ck_assert_int_eq(zone_plan_new(&b.plans[0], b.zones[0], &built_key,
			     NO_SPLIT, 0, &err),
	    0);
	built_shared_make(&b);
	ck_assert_uint_eq(
	    walk_block_find(
		built_node(&b.cell, "n.example.", "example."), DNS_TYPE_NULL)
		->len,
	    MOST + 12);
	built_free(&b);
	b.n = 1;
	b.zones[0] = zone_with_null(MOST + 1);
	ck_assert_int_eq(zone_plan_new(&b.plans[0], b.zones[0], &built_key,
			     NO_SPLIT, 0, &err),
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
	b = built_from_text(text);
	ns = walk_block_find(
	    built_node(&b.cell, "cut.example.", "example."), DNS_TYPE_NS);
	ck_assert_uint_eq(ns->ns, 200);
	ck_assert_uint_eq(ns->ar, 254);
	built_free(&b);
	memset(&b, 0, sizeof b);
	built_plan_add(&b, "example.", text, 5, 0);
	bytes_init(&b.cell);
	built_split_make(&b, 0, 0);
	ns = walk_block_find(
	    built_node(&b.cell, "cut.example.", "example."), DNS_TYPE_NS);
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
	ck_assert_int_eq(zone_plan_new(&b.plans[0], b.zones[0], &built_key,
			     NO_SPLIT, 0, &err),
	    0);
	built_shared_make(&b);
	ck_assert_uint_lt(b.cell.len, HOSTS * 80);
	estimate = zone_bytes_estimate(b.zones[0]);
	ck_assert_uint_gt(estimate, b.cell.len * 9 / 10);
	ck_assert_uint_lt(estimate, b.cell.len * 11 / 10);
	for (unsigned i = 0; i < HOSTS; i += 7) {
		snprintf(name, sizeof name, "h%07u.example.", i);
		built_node(&b.cell, name, "example.");
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
		ck_assert_msg(zone_plan_new(&b.plans[0], b.zones[0], &built_key,
				  NO_SPLIT, 0, &err) == 0,
		    "%s", err.text);
		built_shared_make(&b);
		estimate = zone_bytes_estimate(b.zones[0]);
		ck_assert_msg(estimate > b.cell.len * 9 / 10 &&
				  estimate < b.cell.len * 11 / 10,
		    "NSEC%s: %llu for %zu", nsec3 ? "3" : "",
		    (unsigned long long)estimate, b.cell.len);
		built_free(&b);
	}
}
END_TEST

UNIT_MAIN("cell_sizes", large_rrsets_are_wide,
    the_longest_rrset_is_served_and_no_longer_one,
    optional_glue_beyond_the_limits_is_left_out,
    a_name_with_an_address_takes_less_than_100_bytes,
    signed_zones_are_estimated)
