/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The naive resolver's proofs of absence, against the examples of the RFCs.
 */
#include <check.h>
#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "control/compile/naive.h"
#include "tests/rig/denial_zones.h"
#include "tests/unit/unit_run.h"
#include "tests/unit/zone_text.h"

struct rig {
	struct zone_records *zones[2];
	struct naive *naive;
	struct naive_answer answer;
};

static void
rig_open(struct rig *r)
{
	struct err err;

	*r = (struct rig){0};
	r->zones[0] = zone_from_text("example.", denial_zone_nsec3);
	r->zones[1] = zone_from_text("nsec.", denial_zone_nsec);
	ck_assert_int_eq(
	    naive_open(&r->naive, (const struct zone_records *const *)r->zones,
		2, &err),
	    0);
}

static void
rig_close(struct rig *r)
{
	naive_close(&r->naive);
	naive_answer_fini(&r->answer);
	zone_records_free(r->zones[0]);
	zone_records_free(r->zones[1]);
}

static void
ask(struct rig *r, const struct denial_question *q, bool dnssec_ok)
{
	struct err err;

	ck_assert_int_eq(naive_ask(r->naive, name_from_test(q->name),
			     (uint16_t)ldns_get_rr_type_by_name(q->type),
			     dnssec_ok, &r->answer, &err),
	    0);
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The owner as the table has it. */
static char *
owner_text(const struct rig *r, const struct naive_record *record)
{
	char text[NAME_TEXT_MAX];
	const uint8_t *apex = r->zones[r->answer.zone]->apex;
	char *end;

	name_to_text(text, record->owner);
	if (name_equal(record->owner, apex))
		return strdup("@");
	end = strrchr(text, '.');
	*end = 0;
	*strrchr(text, '.') = 0;
	return strdup(text);
}

static bool
is_proof(const struct naive_record *r)
{
	return r->section == NAIVE_AUTHORITY &&
	       (r->type == DNS_TYPE_NSEC || r->type == DNS_TYPE_NSEC3);
}

static void
owners_check(const struct rig *r, const struct denial_question *q)
{
	char *owners[16], text[1024] = "";
	size_t count = 0;

	for (size_t i = 0; i < r->answer.count; i++)
		if (is_proof(&r->answer.records[i]) && count < 16)
			owners[count++] = owner_text(r, &r->answer.records[i]);
	qsort(owners, count, sizeof owners[0], by_text);
	for (size_t i = 0; i < count; i++) {
		strcat(text, owners[i]);
		strcat(text, " ");
		free(owners[i]);
	}
	ck_assert_msg(strcmp(text, q->owners) == 0,
	    "%s %s: expected \"%s\", found \"%s\"", q->name, q->type, q->owners,
	    text);
}

/* As many signatures of NSEC or NSEC3 records as there are such records. */
static void
signatures_check(const struct rig *r, const struct denial_question *q)
{
	int balance = 0;

	for (size_t i = 0; i < r->answer.count; i++) {
		const struct naive_record *n = &r->answer.records[i];
		uint16_t covered =
		    naive_type_covered(n->type, n->rdata, n->rdata_bytes);

		balance += is_proof(n);
		balance -=
		    n->section == NAIVE_AUTHORITY &&
		    (covered == DNS_TYPE_NSEC || covered == DNS_TYPE_NSEC3);
	}
	ck_assert_msg(balance == 0, "%s %s: %+d", q->name, q->type, balance);
}

START_TEST(proofs_are_those_of_the_rfcs)
{
	struct rig r;

	rig_open(&r);
	for (size_t i = 0; i < denial_question_count; i++) {
		const struct denial_question *q = &denial_questions[i];

		ask(&r, q, true);
		ck_assert_str_eq(
		    ldns_lookup_by_id(ldns_rcodes, r.answer.rcode)->name,
		    q->rcode);
		owners_check(&r, q);
		signatures_check(&r, q);
	}
	rig_close(&r);
}
END_TEST

START_TEST(without_dnssec_ok_nothing_is_shown)
{
	struct rig r;

	rig_open(&r);
	for (size_t i = 0; i < denial_question_count; i++) {
		ask(&r, &denial_questions[i], false);
		for (size_t k = 0; k < r.answer.count; k++)
			ck_assert(!is_proof(&r.answer.records[k]));
	}
	rig_close(&r);
}
END_TEST

UNIT_MAIN("naive denial", proofs_are_those_of_the_rfcs,
    without_dnssec_ok_nothing_is_shown)
