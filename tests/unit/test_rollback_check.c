/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of control/publish/rollback_check.c: signatures that have ended,
 * keys that are others, serials that go back.
 */
#include <stdio.h>
#include <string.h>

#include "control/compile/compile.h"
#include "control/publish/rollback_check.h"
#include "tests/unit/publish_rig.h"
#include "tests/unit/zone_text.h"

/* 2026-01-01 and two days more, as RRSIG have them and as seconds */
#define T1 "20260101000000"
#define T2 "20260102000000"
#define T3 "20260103000000"
enum { T1_S = 1767225600, DAY_S = 86400 };

#define SIGNATURE(owner, type, end)                                            \
	owner " 60 RRSIG " type " 13 2 60 " end " 20250101000000 1 a.test. "   \
	      "AAAA\n"

static struct err err;

static struct zone_records *
zone(unsigned serial, const char *more)
{
	char text[2048];

	snprintf(text, sizeof text,
	    "@ 60 SOA ns host %u 3600 600 86400 300\n@ 60 NS ns\n"
	    "ns 60 A 192.0.2.1\n%s",
	    serial, more);
	return zone_from_text("a.test.", text);
}

static uint64_t
end_of(const char *more, uint64_t now)
{
	struct zone_records *z = zone(1, more);
	uint64_t end = rollback_signatures_end(z, now);

	zone_records_free(z);
	return end;
}

START_TEST(test_when_signatures_end)
{
	ck_assert_uint_eq(end_of("", T1_S), UINT64_MAX);
	ck_assert_uint_eq(end_of(SIGNATURE("ns", "A", T1), T1_S), T1_S);
	/* before or behind the time of the check */
	ck_assert_uint_eq(
	    end_of(SIGNATURE("ns", "A", T1), T1_S + 300 * DAY_S), T1_S);
	ck_assert_uint_eq(
	    end_of(SIGNATURE("ns", "A", T1), T1_S - 300 * DAY_S), T1_S);
	/* the last signature of an RRset, the first RRset of the zone */
	ck_assert_uint_eq(
	    end_of(SIGNATURE("ns", "A", T1) SIGNATURE("ns", "A", T2), T1_S),
	    T1_S + DAY_S);
	ck_assert_uint_eq(end_of(SIGNATURE("@", "SOA", T3) SIGNATURE(
				     "@", "NS", T3) SIGNATURE("ns", "A", T2),
			      T1_S),
	    T1_S + DAY_S);
	ck_assert_uint_eq(end_of(SIGNATURE("@", "SOA", T1) SIGNATURE(
				     "@", "NS", T3) SIGNATURE("ns", "A", T2),
			      T1_S),
	    T1_S);
}
END_TEST

static struct publish_rig r;

/* A generation of one zone, committed. */
static struct digest
publish(unsigned serial, const char *more)
{
	struct compile_options options = {.prove = false};
	struct compile_zone z = {.records = zone(serial, more)};
	struct compile_result made;
	struct bytes parent = {0};
	uint64_t activation;

	if (!digest_is_zero(&r.live.generation))
		ck_assert_int_eq(store_get(r.p.store, STORE_GENERATION,
				     &r.live.generation, &parent, &err),
		    0);
	ck_assert_msg(compile_generation(r.p.store, parent.data, parent.len, &z,
			  1, &options, &made, &err) == 0,
	    "%s", err.text);
	ck_assert_int_eq(publisher_publish(&r.p, &r.live, &made.generation,
			     publish_rig_step, NULL, &activation, &err),
	    0);
	ck_assert_int_eq(publisher_live(&r.p, &r.live, &err), 0);
	generation_free(&made.loaded);
	zone_records_free((struct zone_records *)z.records);
	bytes_fini(&parent);
	return made.generation;
}

START_TEST(test_what_a_rollback_brings_back)
{
	struct rollback_report report;
	struct digest a, b, c;

	publish_rig_open(&r);
	a = publish(7, SIGNATURE("ns", "A", T1));
	b = publish(8, SIGNATURE("ns", "A", T2));
	c = publish(8, "more 60 A 192.0.2.2\n");
	/* the serial goes back, the signature holds */
	ck_assert_msg(
	    rollback_check(r.p.store, &b, &a, T1_S - DAY_S, &report, &err) == 0,
	    "%s", err.text);
	ck_assert_uint_eq(report.backwards, 1);
	ck_assert_ptr_nonnull(strstr(report.warning, "from 8 to 7"));
	/* it has ended */
	ck_assert_int_eq(rollback_check(r.p.store, &b, &a, T1_S, &report, &err),
	    ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(err.text, "zone a.test."));
	ck_assert_ptr_nonnull(strstr(err.text, "2026-01-01T00:00:00Z"));
	ck_assert_ptr_nonnull(strstr(err.text, "--force"));
	/* the same serial, no signature */
	ck_assert_int_eq(
	    rollback_check(r.p.store, &b, &c, T1_S, &report, &err), 0);
	ck_assert_uint_eq(report.backwards, 0);
	ck_assert_str_eq(report.warning, "");
	/* what does not change is no reason, however old */
	ck_assert_int_eq(
	    rollback_check(r.p.store, &a, &a, T1_S, &report, &err), 0);
	publish_rig_close(&r);
}
END_TEST

/* Tags by RFC 4034 appendix B: 257 + 3 * 256 + 13 + the key's octets. */
#define KEY_A  "@ 60 DNSKEY 257 3 13 AAAA\n"
#define KEY_B  "@ 60 DNSKEY 257 3 13 AAAB\n"
#define ZONE_Z "@ 60 DNSKEY 256 3 13 AAAC\n"
#define BY(tag)                                                                \
	"@ 60 RRSIG DNSKEY 13 2 60 " T3 " 20250101000000 " tag " a.test. AAAA\n"
#define BY_A BY("1038")
#define BY_B BY("1294")

START_TEST(test_keys_that_a_rollback_keeps)
{
	static const struct {
		const char *was, *is;
		bool kept;
	} rows[] = {
	    {"", "", true},
	    {"", KEY_A BY_A, true},
	    {KEY_A BY_A, KEY_A BY_A, true},
	    {KEY_A BY_A, "", false},
	    {KEY_A BY_A, KEY_B BY_B, false},
	    /* in the middle of a roll, from both sides */
	    {KEY_A KEY_B BY_A BY_B, KEY_A BY_A, true},
	    {KEY_B BY_B, KEY_A KEY_B BY_A BY_B, true},
	    {KEY_A KEY_B BY_B, KEY_A BY_A, false},
	    /* the zone's key is the same, and no DS leads to it */
	    {KEY_A ZONE_Z BY_A, KEY_B ZONE_Z BY_B, false},
	};

	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct zone_records *was = zone(1, rows[i].was);
		struct zone_records *is = zone(1, rows[i].is);

		ck_assert_msg(
		    rollback_keeps_keys(was, is) == rows[i].kept, "row %u", i);
		zone_records_free(was);
		zone_records_free(is);
	}
}
END_TEST

START_TEST(test_back_over_a_roll)
{
	struct rollback_report report;
	struct digest a, b;

	publish_rig_open(&r);
	a = publish(7, KEY_A BY_A);
	b = publish(8, KEY_B BY_B);
	ck_assert_int_eq(rollback_check(r.p.store, &b, &a, T1_S, &report, &err),
	    ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(err.text, "zone a.test."));
	ck_assert_ptr_nonnull(strstr(err.text, "by its DS"));
	ck_assert_ptr_nonnull(strstr(err.text, "--force"));
	ck_assert_uint_eq(report.rekeyed, 1);
	ck_assert_uint_eq(report.ended, 0);
	publish_rig_close(&r);
}
END_TEST

UNIT_MAIN("rollback_check", test_when_signatures_end,
    test_what_a_rollback_brings_back, test_keys_that_a_rollback_keeps,
    test_back_over_a_roll)
