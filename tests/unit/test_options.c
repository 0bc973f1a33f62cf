/* SPDX-License-Identifier: BSD-2-Clause
 *
 * EDNS options but COOKIE: which response has which, and what is in it.
 */
#include <check.h>
#include <string.h>

#include "base/wire.h"
#include "tests/rig/denial_zones.h"
#include "tests/unit/option_query.h"
#include "tests/unit/unit_run.h"

#define SOA " SOA ns host 4242 3600 600 86400 300\n@ NS ns.other.\n"

static const struct text_zone zones[] = {
    {"ex.test.",
	"$ORIGIN ex.test.\n$TTL 300\n@" SOA "www A 192.0.2.3\n"
	"c CNAME www\nsub NS ns.sub\nns.sub A 192.0.2.9\ndn DNAME t\n"
	"x.t A 192.0.2.5\n*.w TXT \"w\"\n",
	false},
    {"child.ex.test.",
	"$ORIGIN child.ex.test.\n$TTL 300\n@ SOA ns host 7 1 2 "
	"99 4\n@ NS ns.other.\n",
	false},
    {".",
	"$ORIGIN .\n$TTL 300\n. SOA ns.other. host. 1 1 2 1234567 4\n"
	". NS ns.other.\nex NS ns.other.\n",
	false},
};

static void
ask(struct rig *r, const char *name, uint16_t type, unsigned code,
    enum answer_transport transport)
{
	struct option_query q;

	option_query_begin(&q, name, type);
	option_query_add(&q, code, NULL, 0);
	rig_send(r, q.message, q.bytes, transport);
}

static void
version_is(
    struct rig *r, const char *name, uint16_t type, int labels, uint32_t serial)
{
	const uint8_t *p;
	unsigned bytes;

	ask(r, name, type, DNS_OPTION_ZONEVERSION, ANSWER_UDP);
	p = option_response_find(r, DNS_OPTION_ZONEVERSION, &bytes);
	if (labels < 0) {
		ck_assert_ptr_null(p);
		return;
	}
	ck_assert_msg(p != NULL, "%s", name);
	ck_assert_uint_eq(bytes, 6);
	ck_assert_int_eq(p[0], labels);
	ck_assert_int_eq(p[1], 0);
	ck_assert_uint_eq(wire_load32(p + 2), serial);
}

START_TEST(zone_version)
{
	struct rig r;

	rig_open(&r, zones, 2);
	version_is(&r, "www.ex.test.", DNS_TYPE_A, 2, 4242);
	version_is(&r, "www.ex.test.", DNS_TYPE_TXT, 2, 4242);
	version_is(&r, "no.ex.test.", DNS_TYPE_A, 2, 4242);
	version_is(&r, "c.ex.test.", DNS_TYPE_A, 2, 4242);
	version_is(&r, "x.dn.ex.test.", DNS_TYPE_A, 2, 4242);
	version_is(&r, "y.w.ex.test.", DNS_TYPE_TXT, 2, 4242);
	/* a downward referral is the parent's */
	version_is(&r, "x.sub.ex.test.", DNS_TYPE_A, 2, 4242);
	version_is(&r, "child.ex.test.", DNS_TYPE_SOA, 3, 7);
	version_is(&r, "x.child.ex.test.", DNS_TYPE_A, 3, 7);
	version_is(&r, "child.ex.test.", DNS_TYPE_DS, 2, 4242);
	version_is(&r, "elsewhere.", DNS_TYPE_A, -1, 0);
	version_is(&r, "ex.test.", DNS_TYPE_AXFR, -1, 0);
	rig_close(&r);
	rig_open(&r, zones, 3);
	version_is(&r, "elsewhere.", DNS_TYPE_A, 0, 1);
	rig_close(&r);
}
END_TEST

/* Of signed zones, for DO: proofs take other ways through the engine. */
START_TEST(zone_version_beside_proofs)
{
	const struct text_zone signed_zones[] = {
	    {"nsec.", denial_zone_nsec, false},
	    {"example.", denial_zone_nsec3, false},
	};
	struct rig r;

	rig_open(&r, signed_zones, 2);
	for (size_t i = 0; i < denial_question_count; i++) {
		struct option_query q;
		const uint8_t *p;
		unsigned bytes;

		option_query_begin(&q, denial_questions[i].name, DNS_TYPE_TXT);
		option_query_add(&q, DNS_OPTION_ZONEVERSION, NULL, 0);
		/* DO */
		q.message[q.opt_at + 7] |= 0x80;
		rig_send(&r, q.message, q.bytes, ANSWER_STREAM);
		p = option_response_find(&r, DNS_OPTION_ZONEVERSION, &bytes);
		ck_assert_msg(p != NULL, "%s", denial_questions[i].name);
		ck_assert_uint_eq(bytes, 6);
		ck_assert_int_eq(p[0], 1);
		ck_assert_int_eq(p[1], 0);
	}
	rig_close(&r);
}
END_TEST

/* Of a client that errs: asked for twice, answered once (the look for it sees
 * to that). */
START_TEST(zone_version_asked_twice)
{
	struct option_query q;
	unsigned bytes;
	struct rig r;

	rig_open(&r, zones, 1);
	option_query_begin(&q, "no.ex.test.", DNS_TYPE_A);
	option_query_add(&q, DNS_OPTION_ZONEVERSION, NULL, 0);
	option_query_add(&q, DNS_OPTION_ZONEVERSION, NULL, 0);
	rig_send(&r, q.message, q.bytes, ANSWER_UDP);
	ck_assert_ptr_nonnull(
	    option_response_find(&r, DNS_OPTION_ZONEVERSION, &bytes));
	rig_close(&r);
}
END_TEST

START_TEST(zone_version_with_data_is_a_mistake)
{
	struct option_query q;
	struct rig r;

	rig_open(&r, zones, 1);
	option_query_begin(&q, "www.ex.test.", DNS_TYPE_A);
	option_query_add(&q, DNS_OPTION_ZONEVERSION, "\2\0", 2);
	rig_send(&r, q.message, q.bytes, ANSWER_UDP);
	ck_assert_int_eq(r.verdict, VERDICT_FORMERR);
	ck_assert_ptr_nonnull(option_response_opt(&r));
	rig_close(&r);
}
END_TEST

static void
expire_is(struct rig *r, const char *name, uint16_t type, uint32_t expire)
{
	const uint8_t *p;
	unsigned bytes;

	ask(r, name, type, DNS_OPTION_EXPIRE, ANSWER_UDP);
	p = option_response_find(r, DNS_OPTION_EXPIRE, &bytes);
	ck_assert_int_eq(p != NULL, expire != 0);
	if (!p)
		return;
	ck_assert_uint_eq(bytes, 4);
	ck_assert_uint_eq(wire_load32(p), expire);
}

START_TEST(expire)
{
	struct rig r;

	rig_open(&r, zones, 3);
	expire_is(&r, "ex.test.", DNS_TYPE_SOA, 86400);
	expire_is(&r, "child.ex.test.", DNS_TYPE_SOA, 99);
	expire_is(&r, ".", DNS_TYPE_SOA, 1234567);
	expire_is(&r, "ex.test.", DNS_TYPE_NS, 0);
	expire_is(&r, "ex.test.", DNS_TYPE_ANY, 0);
	expire_is(&r, "www.ex.test.", DNS_TYPE_SOA, 0);
	expire_is(&r, "c.ex.test.", DNS_TYPE_SOA, 0);
	expire_is(&r, "no.ex.test.", DNS_TYPE_SOA, 0);
	expire_is(&r, "ex.test.", DNS_TYPE_AXFR, 0);
	rig_close(&r);
}
END_TEST

START_TEST(keepalive)
{
	struct option_query q;
	const uint8_t *p;
	unsigned bytes;
	struct rig r;

	rig_open(&r, zones, 1);
	ask(&r, "www.ex.test.", DNS_TYPE_A, DNS_OPTION_KEEPALIVE,
	    ANSWER_STREAM);
	ck_assert_ptr_null(
	    option_response_find(&r, DNS_OPTION_KEEPALIVE, &bytes));
	r.keepalive = 300;
	ask(&r, "www.ex.test.", DNS_TYPE_A, DNS_OPTION_KEEPALIVE, ANSWER_UDP);
	ck_assert_ptr_null(
	    option_response_find(&r, DNS_OPTION_KEEPALIVE, &bytes));
	ask(&r, "www.ex.test.", DNS_TYPE_A, DNS_OPTION_KEEPALIVE,
	    ANSWER_STREAM);
	p = option_response_find(&r, DNS_OPTION_KEEPALIVE, &bytes);
	ck_assert_ptr_nonnull(p);
	ck_assert_uint_eq(bytes, 2);
	ck_assert_uint_eq(wire_load16(p), 300);
	option_query_begin(&q, "www.ex.test.", DNS_TYPE_A);
	option_query_add(&q, DNS_OPTION_KEEPALIVE, "\0\1", 2);
	rig_send(&r, q.message, q.bytes, ANSWER_STREAM);
	ck_assert_int_eq(r.verdict, VERDICT_ANSWER);
	ck_assert_ptr_null(
	    option_response_find(&r, DNS_OPTION_KEEPALIVE, &bytes));
	rig_close(&r);
}
END_TEST

static const struct {
	const char *name;
	uint16_t type;
	enum answer_transport transport;
	int ede;
} errors[] = {
    {"www.ex.test.", DNS_TYPE_A, ANSWER_UDP, -1},
    {"no.ex.test.", DNS_TYPE_A, ANSWER_UDP, -1},
    {"elsewhere.", DNS_TYPE_A, ANSWER_UDP, DNS_EDE_NOT_AUTHORITATIVE},
    {"ex.test.", DNS_TYPE_AXFR, ANSWER_UDP, DNS_EDE_NOT_SUPPORTED},
    {"ex.test.", DNS_TYPE_AXFR, ANSWER_STREAM, DNS_EDE_NOT_SUPPORTED},
    {"ex.test.", DNS_TYPE_IXFR, ANSWER_UDP, DNS_EDE_NOT_SUPPORTED},
};

START_TEST(extended_errors)
{
	struct rig r;

	rig_open(&r, zones, 1);
	for (unsigned i = 0; i < sizeof errors / sizeof *errors; i++) {
		const uint8_t *p;
		unsigned bytes;

		ask(&r, errors[i].name, errors[i].type, 65001,
		    errors[i].transport);
		p = option_response_find(&r, DNS_OPTION_EDE, &bytes);
		ck_assert_int_eq(p ? wire_load16(p) : -1, errors[i].ede);
		/* what we do not know is not sent back */
		ck_assert_ptr_null(option_response_find(&r, 65001, &bytes));
	}
	rig_close(&r);
}
END_TEST

/* All at once, in a response that just fits and in one that does not. */
START_TEST(all_together)
{
	static const unsigned codes[] = {DNS_OPTION_NSID,
	    DNS_OPTION_ZONEVERSION, DNS_OPTION_EXPIRE, DNS_OPTION_KEEPALIVE,
	    65001};
	unsigned bytes;
	struct rig r;

	rig_open(&r, zones, 1);
	r.config.nsid_bytes = ANSWER_NSID_MAX;
	r.keepalive = 1;
	for (unsigned t = 0; t < 2; t++) {
		struct option_query q;

		option_query_begin(&q, "ex.test.", DNS_TYPE_SOA);
		for (unsigned i = 0; i < 5; i++)
			option_query_add(&q, codes[i], NULL, 0);
		rig_send(
		    &r, q.message, q.bytes, t ? ANSWER_STREAM : ANSWER_UDP);
		for (unsigned i = 0; i < 5; i++)
			ck_assert_int_eq(
			    option_response_find(&r, codes[i], &bytes) != NULL,
			    i < 3 || (i == 3 && t));
	}
	rig_close(&r);
}
END_TEST

UNIT_MAIN("options", zone_version, zone_version_beside_proofs,
    zone_version_asked_twice, zone_version_with_data_is_a_mistake, expire,
    keepalive, extended_errors, all_together)
