/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of snapshot/records.c and records_seal.c.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/wire.h"
#include "snapshot/records.h"
#include "tests/unit/unit_run.h"

static const uint8_t *
wire_name(const char *text)
{
	static uint8_t ring[8][DNS_NAME_MAX + 1];
	static unsigned turn;
	uint8_t *name = ring[turn++ % 8];
	struct err err;

	ck_assert_msg(name_from_text(name, text, &err) > 0, "%s", err.text);
	return name;
}

static void
add(struct zone_records *z, const char *owner, uint16_t type, uint32_t ttl,
    const void *rdata, size_t bytes)
{
	struct err err;

	ck_assert_msg(zone_records_add(z, wire_name(owner), type, ttl, rdata,
			  bytes, &err) == 0,
	    "%s", err.text);
}

static void
add_a(struct zone_records *z, const char *owner, uint32_t ttl, uint32_t address)
{
	uint8_t rdata[4];

	wire_store32(rdata, address);
	add(z, owner, DNS_TYPE_A, ttl, rdata, 4);
}

static void
add_soa(struct zone_records *z, const char *owner, uint32_t serial)
{
	uint8_t rdata[22] = {0};

	wire_store32(rdata + 2, serial);
	add(z, owner, DNS_TYPE_SOA, 3600, rdata, sizeof rdata);
}

static struct zone_records *
zone_new(const char *apex)
{
	struct err err;
	struct zone_records *z = zone_records_new(wire_name(apex), &err);

	ck_assert_ptr_nonnull(z);
	return z;
}

static void
seal(struct zone_records *z)
{
	struct err err;

	ck_assert_msg(
	    zone_records_seal(z, NULL, NULL, &err) == 0, "%s", err.text);
}

static const char *
owner_text(const struct zone_records *z, size_t i)
{
	static char text[NAME_TEXT_MAX];

	return name_to_text(text, record_owner(z, &z->records[i]));
}

START_TEST(sealing_puts_owners_in_the_order_of_rfc_4034)
{
	/* the example of section 6.1, and octets 0 and 1 */
	static const char *const sorted[] = {"example.", "a.example.",
	    "yljkjljk.a.example.", "z.a.example.", "zabc.a.example.",
	    "z.example.", "\\000.z.example.", "\\000\\000.z.example.",
	    "\\000\\001.z.example.", "\\001.z.example.", "\\001a.z.example.",
	    "*.z.example.", "\\200.z.example."};
	const size_t n = sizeof sorted / sizeof *sorted;
	struct zone_records *z = zone_new("example.");

	for (size_t i = n; i-- > 1;)
		add_a(z, sorted[(i * 5) % n ? (i * 5) % n : 1], 60, 1);
	for (size_t i = n; i-- > 1;)
		add_a(z, sorted[i], 60, 1);
	add_soa(z, "EXAMPLE.", 7);
	seal(z);
	ck_assert_uint_eq(z->count, n);
	ck_assert_uint_eq(z->serial, 7);
	for (size_t i = 0; i < n; i++)
		ck_assert_str_eq(owner_text(z, i), sorted[i]);
	zone_records_free(z);
}
END_TEST

START_TEST(owner_names_come_out_in_lower_case_and_are_shared)
{
	struct zone_records *z = zone_new("Example.");
	size_t n;

	add_soa(z, "example.", 1);
	add_a(z, "WWW.example.", 60, 1);
	add_a(z, "b.example.", 60, 1);
	add_a(z, "www.Example.", 60, 2);
	seal(z);
	ck_assert_str_eq(owner_text(z, 3), "www.example.");
	ck_assert_uint_eq(z->records[2].owner, z->records[3].owner);
	ck_assert_ptr_nonnull(
	    zone_records_find(z, wire_name("wWw.eXample."), DNS_TYPE_A, &n));
	ck_assert_uint_eq(n, 2);
	zone_records_free(z);
}
END_TEST

static void
count_warning(void *arg, const char *text)
{
	ck_assert_ptr_nonnull(text);
	++*(unsigned *)arg;
}

START_TEST(sealing_unites_ttls_and_drops_doubles)
{
	struct zone_records *z = zone_new("example.");
	unsigned warnings = 0;
	struct err err;

	add_soa(z, "example.", 1);
	add_a(z, "a.example.", 60, 2);
	add_a(z, "a.example.", 30, 1);
	add_a(z, "a.example.", 90, 1);
	add_a(z, "b.example.", 90, 1);
	add_a(z, "b.example.", 91, 2);
	ck_assert_int_eq(
	    zone_records_seal(z, count_warning, &warnings, &err), 0);
	ck_assert_uint_eq(z->count, 5);
	ck_assert_uint_eq(warnings, 2);
	ck_assert_uint_eq(z->records[1].ttl, 30);
	ck_assert_uint_eq(z->records[2].ttl, 30);
	ck_assert_uint_eq(z->records[4].ttl, 90);
	zone_records_free(z);
}
END_TEST

START_TEST(signatures_keep_the_ttl_of_what_they_cover)
{
	struct zone_records *z = zone_new("example.");

	add_soa(z, "example.", 1);
	add(z, "example.", DNS_TYPE_RRSIG, 60, "\0\1x", 3);
	add(z, "example.", DNS_TYPE_RRSIG, 30, "\0\2x", 3);
	seal(z);
	ck_assert_uint_eq(z->records[1].ttl, 60);
	ck_assert_uint_eq(z->records[2].ttl, 30);
	zone_records_free(z);
}
END_TEST

/* Runs of records that are in order already are merged; a few, and too many for
 * that, and of every length. */
START_TEST(whatever_order_records_come_in)
{
	enum { RECORDS = 300 };
	static const unsigned strides[] = {1, 2, 3, 4, 5, 7, 151, 299};
	struct digest first;

	for (unsigned s = 0; s < sizeof strides / sizeof *strides; s++) {
		struct zone_records *z = zone_new("t.");
		char owner[32];
		struct err err;

		/* `stride` runs, each ascending; the last ones descending */
		for (unsigned start = 0; start < strides[s]; start++)
			for (unsigned i = start; i < RECORDS; i += strides[s]) {
				snprintf(owner, sizeof owner, "h%03u.t.",
				    s == 7 ? RECORDS - 1 - i : i);
				add_a(z, owner, 60, i % 7 ? 1 : 2);
			}
		add_soa(z, "t.", 1);
		ck_assert_int_eq(zone_records_order(z, &err), 0);
		ck_assert_uint_eq(z->count, RECORDS + 1);
		for (unsigned i = 2; i <= RECORDS; i++)
			ck_assert_int_lt(
			    name_compare(record_owner(z, &z->records[i - 1]),
				record_owner(z, &z->records[i])),
			    0);
		ck_assert_uint_eq(z->serial, 1);
		ck_assert_int_eq(zone_records_seal(z, NULL, NULL, &err), 0);
		if (s == 0)
			first = z->version;
		else if (s < 7)
			ck_assert(digest_equal(&first, &z->version));
		zone_records_free(z);
	}
}
END_TEST

START_TEST(the_soa_must_be_one_and_sound)
{
	struct zone_records *z = zone_new("example.");
	struct err err;

	ck_assert_int_eq(zone_records_seal(z, NULL, NULL, &err), ERR_SEMANTIC);
	add(z, "example.", DNS_TYPE_SOA, 1, "\0", 1);
	ck_assert_int_eq(zone_records_seal(z, NULL, NULL, &err), ERR_SEMANTIC);
	add_soa(z, "example.", 1);
	ck_assert_int_eq(zone_records_seal(z, NULL, NULL, &err), ERR_SEMANTIC);
	ck_assert_ptr_nonnull(strstr(err.text, "example."));
	zone_records_free(z);
}
END_TEST

START_TEST(owners_outside_and_unsound_are_refused)
{
	static const uint8_t pointer[] = {1, 'a', 0xc0, 12};
	struct zone_records *z = zone_new("example.");
	struct err err;

	ck_assert_int_eq(zone_records_add(z, wire_name("example.net."), 1, 1,
			     "1234", 4, &err),
	    ERR_SEMANTIC);
	ck_assert_int_eq(zone_records_add(z, wire_name("badexample."), 1, 1,
			     "1234", 4, &err),
	    ERR_SEMANTIC);
	ck_assert_int_eq(
	    zone_records_add(z, pointer, 1, 1, "1234", 4, &err), ERR_SEMANTIC);
	ck_assert_int_eq(zone_records_add(z, wire_name("a.example."), 1, 1,
			     "1234", 65536, &err),
	    ERR_LIMIT);
	ck_assert_uint_eq(z->count, 0);
	zone_records_free(z);
}
END_TEST

START_TEST(the_version_is_of_the_set_of_records)
{
	struct zone_records *a = zone_new("example."),
			    *b = zone_new("example."),
			    *c = zone_new("example.");

	add_soa(a, "example.", 1);
	add_a(a, "x.example.", 60, 1);
	add_a(a, "y.example.", 60, 1);
	add_a(b, "y.EXAMPLE.", 60, 1);
	add_a(b, "x.example.", 60, 1);
	add_soa(b, "example.", 1);
	ck_assert_int_eq(zone_records_merge(c, a, NULL), 0);
	add_a(c, "z.example.", 60, 1);
	seal(a);
	seal(b);
	seal(c);
	ck_assert(digest_equal(&a->version, &b->version));
	ck_assert(!digest_equal(&a->version, &c->version));
	zone_records_free(a);
	zone_records_free(b);
	zone_records_free(c);
}
END_TEST

START_TEST(every_rrset_of_many_is_found)
{
	struct zone_records *z = zone_new("example.");
	char text[64];
	size_t n;

	add_soa(z, "example.", 1);
	/* 7919 is prime: every number once, in no order */
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(text, sizeof text, "h%u.sub%u.example.",
		    i * 7919 % 5000, i * 7919 % 5000 / 100);
		add_a(z, text, 60, i);
	}
	seal(z);
	for (size_t i = 1; i < z->count; i++)
		ck_assert_int_lt(
		    name_compare(record_owner(z, &z->records[i - 1]),
			record_owner(z, &z->records[i])),
		    0);
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(text, sizeof text, "h%u.sub%u.example.", i, i / 100);
		ck_assert_ptr_nonnull(
		    zone_records_find(z, wire_name(text), DNS_TYPE_A, &n));
		ck_assert_uint_eq(n, 1);
		ck_assert_ptr_null(
		    zone_records_find(z, wire_name(text), DNS_TYPE_NS, &n));
	}
	ck_assert_ptr_null(
	    zone_records_find(z, wire_name("zz.example."), DNS_TYPE_A, &n));
	zone_records_free(z);
}
END_TEST

UNIT_MAIN("records", sealing_puts_owners_in_the_order_of_rfc_4034,
    owner_names_come_out_in_lower_case_and_are_shared,
    sealing_unites_ttls_and_drops_doubles,
    signatures_keep_the_ttl_of_what_they_cover, the_soa_must_be_one_and_sound,
    owners_outside_and_unsound_are_refused,
    the_version_is_of_the_set_of_records, every_rrset_of_many_is_found,
    whatever_order_records_come_in)
