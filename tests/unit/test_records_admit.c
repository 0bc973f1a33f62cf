/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of snapshot/records_admit.c: records that claim to be sealed, each
 * kind of lie about them.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "snapshot/records.h"
#include "tests/unit/unit_run.h"
#include "tests/unit/zone_text.h"

static const char *const text = "@ 60 SOA ns h 7 3600 600 86400 60\n"
				"@ 60 NS ns\n"
				"a 60 A 192.0.2.1\n"
				"a 60 A 192.0.2.2\n"
				"a 30 TXT \"x\"\n"
				"b 60 A 192.0.2.1\n";

enum { A1 = 2, A2 = 3, TXT = 4, B = 5, RECORDS = 6 };

/* The same records as somebody else would hand them over: each owner once, in
 * order, and RDATA in order; names and RDATA end where ASan sees it. */
static struct zone_records *
handed_over(void)
{
	struct zone_records *from = zone_from_text("example.", text);
	struct err err;
	struct zone_records *z = zone_records_new(from->apex, &err);

	ck_assert_ptr_nonnull(z);
	ck_assert_uint_eq(from->count, RECORDS);
	for (size_t i = 0; i < from->count; i++) {
		const struct record *r = &from->records[i];

		ck_assert_int_eq(
		    zone_records_add(z, record_owner(from, r), r->type, r->ttl,
			record_rdata(from, r), r->rdata_bytes, &err),
		    0);
	}
	zone_records_free(from);
	return z;
}

static void
expect_refusal(struct zone_records *z, const char *says)
{
	struct err err = {0};

	ck_assert_int_eq(zone_records_admit(z, &err), ERR_CORRUPT);
	ck_assert_msg(
	    strstr(err.text, says) != NULL, "%s: not %s", err.text, says);
	zone_records_free(z);
}

static void
swap(struct record *a, struct record *b)
{
	struct record x = *a;

	*a = *b;
	*b = x;
}

START_TEST(what_is_sealed_is_admitted)
{
	struct zone_records *z = handed_over();
	struct zone_records *same = zone_from_text("example.", text);
	struct err err = {0};

	ck_assert_msg(zone_records_admit(z, &err) == 0, "%s", err.text);
	ck_assert(digest_equal(&z->version, &same->version));
	ck_assert_uint_eq(z->serial, 7);
	zone_records_free(same);
	zone_records_free(z);
}
END_TEST

START_TEST(without_a_soa_it_is_no_zone)
{
	struct zone_records *z = handed_over();
	struct err err = {0};

	z->records[0].type = DNS_TYPE_A; /* before NS */
	z->records[1].type = DNS_TYPE_A;
	ck_assert_int_lt(zone_records_admit(z, &err), 0);
	zone_records_free(z);
}
END_TEST

START_TEST(owners)
{
	struct zone_records *z = handed_over();
	uint8_t *b = z->names.data + z->records[B].owner;

	b[1] = 'B';
	expect_refusal(z, "record 5 of 6: its owner has capitals");

	z = handed_over();
	z->names.data[z->records[B].owner + 1] = 'a';
	expect_refusal(z, "not in canonical order");

	z = handed_over();
	z->names.data[z->records[B].owner] = 64;
	expect_refusal(z, "not a sound name");

	z = handed_over(); /* the label before the apex becomes another */
	z->names.data[z->records[B].owner + 4] ^= 1;
	expect_refusal(z, "not in the zone");

	z = handed_over(); /* it ends as the apex does, in one label */
	z->names.data[z->records[B].owner] = 9;
	expect_refusal(z, "not in the zone");

	z = handed_over();
	z->records[B].owner++;
	expect_refusal(z, "not behind those before");

	z = handed_over(); /* back to a name of before */
	z->records[B].owner = z->records[0].owner;
	expect_refusal(z, "not behind those before");

	z = handed_over(); /* the last name is cut off */
	z->names.len--;
	expect_refusal(z, "not a sound name");

	z = handed_over();
	z->names.len += 1;
	expect_refusal(z, "belong to no record");

	z = handed_over();
	z->records[0].owner = UINT32_MAX;
	expect_refusal(z, "not behind those before");
}
END_TEST

START_TEST(records)
{
	struct zone_records *z = handed_over();

	z->records[A2].ttl = 59;
	expect_refusal(z, "TTLs differ within the RRset");

	z = handed_over();
	z->records[TXT].ttl = 1u << 31;
	expect_refusal(z, "TTL over 2^31 - 1");

	z = handed_over();
	z->records[TXT].type = DNS_TYPE_A;
	z->records[A2].type = DNS_TYPE_TXT;
	expect_refusal(z, "types are not in order");

	z = handed_over(); /* the address of A1 twice */
	z->rdata.data[z->records[A2].rdata + 3] = 1;
	expect_refusal(z, "or there twice");

	z = handed_over();
	z->rdata.data[z->records[A2].rdata + 3] = 0;
	expect_refusal(z, "RDATA is not in order");

	z = handed_over();
	swap(&z->records[A1], &z->records[A2]);
	expect_refusal(z, "its RDATA is not behind that before");

	z = handed_over();
	z->records[B].rdata = UINT32_MAX;
	expect_refusal(z, "its RDATA is not behind that before");

	z = handed_over();
	z->records[B].rdata_bytes = 5;
	expect_refusal(z, "its RDATA is not behind that before");

	z = handed_over();
	z->records[B].rdata_bytes = 3;
	expect_refusal(z, "belong to no record");

	z = handed_over(); /* a name that never ends */
	z->rdata.data[z->records[1].rdata] = 63;
	expect_refusal(z, "not the shape of its type");
}
END_TEST

START_TEST(nothing_is_no_zone)
{
	struct err err;
	struct zone_records *z =
	    zone_records_new((const uint8_t *)"\7example", &err);

	ck_assert_int_lt(zone_records_admit(z, &err), 0);
	zone_records_free(z);
}
END_TEST

UNIT_MAIN("records_admit", what_is_sealed_is_admitted,
    without_a_soa_it_is_no_zone, owners, records, nothing_is_no_zone)
