/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What is remembered of the traffic: questions and how often, for some minutes,
 * whatever floods come.
 */
#include "control/guard/traffic.h"

#include <stdio.h>
#include <string.h>

#include "base/name.h"
#include "base/wire.h"
#include "dataplane/answer/verdict.h"
#include "snapshot/dataplane_protocol.h"
#include "tests/unit/unit_run.h"

enum { MINUTES = 8, START = 1000000 }; /* a slice is a minute then */

static char dir[UNIT_PATH_MAX];
static struct traffic *traffic;
static struct err err;

static void
traffic_make(void)
{
	unit_directory_make(dir);
	ck_assert_msg(traffic_new(&traffic, dir, MINUTES, START, &err) == 0,
	    "%s", err.text);
}

static void
traffic_remove(void)
{
	traffic_free(&traffic);
	unit_directory_remove(dir);
}

static struct sample
sample_make(const char *name, uint16_t type, uint16_t size, bool dnssec_ok)
{
	struct sample s = {.weight = 1, .verdict = VERDICT_ANSWER};
	size_t at = DNS_HEADER_BYTES;

	s.query[5] = 1;
	at += (size_t)name_from_text(s.query + at, name, &err);
	wire_store16(s.query + at, type);
	wire_store16(s.query + at + 2, DNS_CLASS_IN);
	at += 4;
	if (size) {
		s.query[11] = 1;
		wire_store16(s.query + at + 1, DNS_TYPE_OPT);
		wire_store16(s.query + at + 3, size);
		s.query[at + 7] = dnssec_ok ? 0x80 : 0;
		at += DNS_OPT_BYTES;
	}
	s.query_bytes = (uint16_t)at;
	return s;
}

struct sum {
	unsigned questions, absent, chained;
	uint64_t samples, weight;
	const char *name; /* only of this one */
};

static int
sum_visit(void *arg, const struct traffic_question *q)
{
	struct sum *s = arg;
	char text[NAME_TEXT_MAX];
	uint8_t query[SAMPLE_QUERY_MAX], again[SAMPLE_QUERY_MAX];
	size_t bytes = traffic_query_write(q, query);
	bool stripped;

	ck_assert_uint_eq(
	    sample_query_take(again, query, bytes, &stripped), bytes);
	name_to_text(text, q->name);
	if (s->name && strcmp(s->name, text) != 0)
		return 0;
	s->questions++;
	s->absent += q->absent;
	s->chained += q->chained;
	s->samples += q->samples;
	s->weight += q->weight;
	return 0;
}

static struct sum
sum_of(const char *name, uint64_t now)
{
	struct sum s = {.name = name};

	ck_assert_int_eq(traffic_visit(traffic, now, sum_visit, &s), 0);
	return s;
}

START_TEST(questions_are_told_apart)
{
	static const struct {
		const char *name;
		uint16_t type, size;
		bool dnssec_ok;
		uint8_t transport;
	} rows[] = {{"a.example.", 1, 0, false, 0},
	    {"b.example.", 1, 0, false, 0}, {"a.example.", 28, 0, false, 0},
	    {"a.example.", 1, 512, false, 0}, {"a.example.", 1, 1232, false, 0},
	    {"a.example.", 1, 1232, true, 0}, {"a.example.", 1, 4096, true, 0},
	    {"a.example.", 1, 1232, true, 1}};
	enum { ROWS = sizeof rows / sizeof *rows };
	struct sample s;
	struct sum sum;

	traffic_make();
	for (unsigned i = 0; i < 3 * ROWS; i++) {
		s = sample_make(rows[i % ROWS].name, rows[i % ROWS].type,
		    rows[i % ROWS].size, rows[i % ROWS].dnssec_ok);
		s.transport = rows[i % ROWS].transport;
		s.weight = 100;
		traffic_add(traffic, &s, START);
	}
	sum = sum_of(NULL, START);
	ck_assert_uint_eq(sum.questions, ROWS);
	ck_assert_uint_eq(sum.samples, 3 * ROWS);
	ck_assert_uint_eq(sum.weight, 300 * ROWS);
	/* case, and sizes that make no difference, are not told apart */
	s = sample_make("A.exAmple.", 1, 1300, true);
	traffic_add(traffic, &s, START);
	ck_assert_uint_eq(sum_of(NULL, START).questions, ROWS);
	/* nor is counted what is no answer of ours */
	s.verdict = VERDICT_REFUSED;
	traffic_add(traffic, &s, START);
	s.verdict = VERDICT_DROP_LIMITED;
	traffic_add(traffic, &s, START);
	ck_assert_uint_eq(sum_of(NULL, START).samples, 3 * ROWS + 1);
	traffic_remove();
}
END_TEST

START_TEST(minutes_pass)
{
	struct sample s = sample_make("a.example.", 1, 0, false);

	traffic_make();
	for (unsigned minute = 0; minute < 20; minute++)
		traffic_add(traffic, &s, START + 60 * minute);
	ck_assert_uint_eq(sum_of(NULL, START + 60 * 19).samples, MINUTES);
	ck_assert_uint_eq(sum_of(NULL, START + 60 * 22 + 59).samples, 5);
	/* a clock that stands still or goes back forgets nothing */
	ck_assert_uint_eq(sum_of(NULL, START).samples, 5);
	ck_assert_uint_eq(sum_of(NULL, START + 60 * 27).samples, 0);
	ck_assert_uint_eq(sum_of(NULL, START + 60 * 27).questions, 0);
	traffic_add(traffic, &s, START + 60 * 27);
	ck_assert_uint_eq(sum_of(NULL, START + 3600 * 24 * 365).questions, 0);
	traffic_remove();
}
END_TEST

/* Names at random, four for one of what is really asked, three times as many as
 * there is room for. */
static void
flood(enum verdict verdict)
{
	char name[64];
	unsigned n = 0;

	for (unsigned i = 0; i < 3 * TRAFFIC_QUESTIONS_MAX; i++) {
		struct sample s;

		if (i % 500 == 0) {
			snprintf(name, sizeof name, "www%u.example.", n++ % 10);
			s = sample_make(name, 1, 0, false);
		} else {
			snprintf(name, sizeof name, "x%u.example.", i);
			s = sample_make(name, 1, 0, false);
			s.verdict = (uint8_t)verdict;
		}
		traffic_add(traffic, &s, START);
	}
}

START_TEST(floods_push_nothing_out)
{
	struct traffic_facts f;
	struct sum sum;

	traffic_make();
	flood(VERDICT_NXDOMAIN);
	sum = sum_of("www3.example.", START);
	ck_assert_uint_eq(sum.samples, 3 * TRAFFIC_QUESTIONS_MAX / 5000 + 1);
	sum = sum_of(NULL, START);
	ck_assert_uint_eq(sum.absent, TRAFFIC_QUESTIONS_MAX / 4);
	ck_assert_uint_eq(sum.questions, sum.absent + 10);
	traffic_remove();
	/* names below a wildcard are there: the heavy ones stay all the same */
	traffic_make();
	flood(VERDICT_ANSWER);
	for (unsigned i = 0; i < 10; i++) {
		char name[32];

		snprintf(name, sizeof name, "www%u.example.", i);
		sum = sum_of(name, START);
		ck_assert_uint_ge(
		    sum.samples, 3 * TRAFFIC_QUESTIONS_MAX / 5000 - 2);
	}
	traffic_facts(traffic, &f);
	ck_assert_uint_eq(f.questions, TRAFFIC_QUESTIONS_MAX * 3 / 4);
	ck_assert_uint_gt(f.evicted, TRAFFIC_QUESTIONS_MAX);
	traffic_remove();
}
END_TEST

START_TEST(files_are_followed)
{
	const char *const names[] = {
	    DATAPLANE_SAMPLES_NAME, SOCKETS_SAMPLES_NAME};
	const uint8_t response[DNS_HEADER_BYTES] = {0};
	char path[UNIT_PATH_MAX];

	traffic_make();
	traffic_follow(traffic, START); /* there are none */
	for (unsigned i = 0; i < 2; i++) {
		struct sample s = sample_make("a.example.", 1, 0, false);
		const struct sample_outcome o = {.response = response,
		    .response_bytes = sizeof response,
		    .verdict = VERDICT_CNAME};
		struct sample_ring *ring;
		struct sampler sampler;

		unit_path(path, dir, names[i]);
		ck_assert_int_eq(sample_ring_create(
				     &ring, path, 1, 100, VERDICT_COUNT, &err),
		    0);
		sampler_init(&sampler, ring, 0, 100, 1000, 5000);
		ck_assert(sampler_is_due(&sampler, SAMPLE_STABLE, 6000, 3));
		ck_assert(sampler_take(&sampler, SAMPLE_STABLE, 6000, s.query,
		    s.query_bytes, 0, 0));
		sampler_finish(&sampler, &o);
		traffic_follow(traffic, START);
		ck_assert_uint_eq(sum_of(NULL, START).samples, i + 1);
		ck_assert_uint_eq(sum_of(NULL, START).weight, 3 * (i + 1));
		ck_assert_uint_eq(sum_of(NULL, START).chained, 1);
		sample_ring_close(&ring);
	}
	traffic_follow(traffic, START);
	ck_assert_uint_eq(sum_of(NULL, START).samples, 2);
	traffic_remove();
}
END_TEST

UNIT_MAIN("traffic", questions_are_told_apart, minutes_pass,
    floods_push_nothing_out, files_are_followed)
