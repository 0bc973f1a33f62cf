/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a trial's counters are taken for: passed or not, the generator's limit
 * or the server's, its own stop; and the report that is made of them.
 */
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "tests/unit/load_rig.h"
#include "tests/unit/unit_run.h"
#include "tools/load/load_progress.h"
#include "tools/load/load_report.h"

enum { HZ = 1000000000 };

static const struct load_limits limits = {
    .max_loss_ppm = 10, .cycles_a_second = HZ, .nworkers = 2, .ring = 1000};

/* A second at a million a second, all well, half busy. */
static struct load_result *
good(void)
{
	static struct load_result t;

	t = (struct load_result){.rate = 1e6, .seconds = 1};
	t.sums.counters[LOAD_SENT] = 1000000;
	t.sums.counters[LOAD_ANSWERED] = 1000000;
	t.sums.counters[LOAD_CYCLES] = 2ull * HZ;
	t.sums.counters[LOAD_CYCLES_BUSY] = HZ;
	return &t;
}

START_TEST(verdicts)
{
	static const struct {
		enum load_counter counter;
		uint64_t value;
		bool passed, limited;
	} rows[] = {
	    {LOAD_LATE, 0, true, false},
	    {LOAD_LOST, 10, true, false},
	    {LOAD_LOST, 11, false, false},
	    {LOAD_WRONG, 1, false, false},
	    {LOAD_UNSENT, 1000, true, true},
	    {LOAD_UNSENT, 1010, false, true},
	    {LOAD_NO_BUFFERS, 1, true, true},
	    {LOAD_HELD, 100, true, false},
	    {LOAD_SENT, 0, false, false},
	    {LOAD_CYCLES_BUSY, 1890000000, true, false},
	    {LOAD_CYCLES_BUSY, 1910000000, true, true},
	};

	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct load_result *t = good();

		t->sums.counters[rows[i].counter] = rows[i].value;
		load_result_judge(t, &limits);
		ck_assert_msg(t->passed == rows[i].passed &&
				  t->generator_limited == rows[i].limited,
		    "row %u: passed %d, limited %d", i, t->passed,
		    t->generator_limited);
		ck_assert(!t->stalled);
	}
}
END_TEST

/* A port that refuses is no fault of the generator's. */
START_TEST(unsent_because_the_port_refused)
{
	struct load_result *t = good();

	t->sums.counters[LOAD_UNSENT] = 500000;
	t->sums.counters[LOAD_HELD] = 5;
	t->sums.behind_most = HZ / 10;
	load_result_judge(t, &limits);
	ck_assert(!t->passed);
	ck_assert(!t->generator_limited);
}
END_TEST

/* Two workers have half a million answers a second each: in 2 ms come as many
 * as a queue holds. */
START_TEST(stalls)
{
	struct load_result *t = good();

	t->sums.stall_most = HZ / 1000 * 19 / 10;
	load_result_judge(t, &limits);
	ck_assert(!t->stalled);
	t->sums.stall_most = HZ / 1000 * 21 / 10;
	load_result_judge(t, &limits);
	ck_assert(t->stalled);
}
END_TEST

START_TEST(nothing_at_all)
{
	static struct load_result t;

	load_result_judge(&t, &limits);
	ck_assert(!t.passed);
	ck_assert_double_eq(load_result_busy(&t), 0);
	ck_assert_double_eq(load_result_cycles(&t), 0);
	ck_assert_double_eq(load_result_lost_ppm(&t), 0);
}
END_TEST

static void
fill(struct load_run *r, struct load_options *o, struct load_port *port)
{
	static struct latency h;

	*o = (struct load_options){.device = "net_null0", .mode = LOAD_SEARCH};
	*port = (struct load_port){.driver = "net_null"};
	r->options = o;
	r->port = port;
	r->set = rig_set(10);
	r->cycles_a_second = HZ;
	r->nworkers = 1;
	ck_assert_int_eq(query_parts_make(&r->parts, r->set, NULL), 0);
	r->workers = aligned_alloc(64, sizeof *r->workers);
	memset(r->workers, 0, sizeof *r->workers);
	r->result = *good();
	latency_clear(&h);
	latency_add(&h, 5000);
	latency_sum_clear(&r->result.sums.latency);
	latency_collect(&r->result.sums.latency, &h);
	load_result_judge(&r->result, &limits);
	r->trials[r->ntrials++] = r->result;
	r->found = 1e6;
}

START_TEST(reports)
{
	static struct load_run r;
	char dir[UNIT_PATH_MAX], path[UNIT_PATH_MAX], *text = NULL;
	struct load_options o;
	struct load_port port;
	size_t bytes;
	json_t *all;
	FILE *f;

	fill(&r, &o, &port);
	unit_directory_make(dir);
	o.json = unit_path(path, dir, "report");
	ck_assert_int_eq(load_report_json(&r, NULL), 0);
	all = json_load_file(path, 0, NULL);
	ck_assert_ptr_nonnull(all);
	ck_assert_int_eq(
	    json_integer_value(json_object_get(all, "answered")), 1000000);
	ck_assert_int_eq(json_integer_value(json_object_get(all, "status")), 0);
	ck_assert_double_eq(json_real_value(json_object_get(
				json_object_get(all, "latency_us"), "p99")),
	    5);
	ck_assert_double_eq(json_real_value(json_object_get(
				json_object_get(all, "search"), "rate")),
	    1e6);
	json_decref(all);
	o.json = "/nonexistent/report";
	ck_assert_int_ne(load_report_json(&r, NULL), 0);
	r.workers[0].stats.nwrong = 1; /* told by name */
	r.workers[0].stats.wrong[0].query = 7;
	f = open_memstream(&text, &bytes);
	load_report_table(&r, f);
	fclose(f);
	ck_assert_ptr_nonnull(strstr(text, "q7.example. type 1"));
	ck_assert_ptr_nonnull(strstr(text, "p99.9 5.00 us"));
	ck_assert_ptr_nonnull(strstr(text, "1.00 M/s (1 trials)"));
	free(text);
	free(r.workers);
	free(r.parts);
	query_set_free((struct query_set **)&r.set);
	unit_directory_remove(dir);
}
END_TEST

START_TEST(numbers_for_people)
{
	char text[16];

	ck_assert_str_eq(text_count(text, 16, 0), "0");
	ck_assert_str_eq(text_count(text, 16, 9999), "9999");
	ck_assert_str_eq(text_count(text, 16, 123456), "123 k");
	ck_assert_str_eq(text_count(text, 16, 2.953e6), "2.95 M");
	ck_assert_str_eq(text_count(text, 16, 1.5e10), "15.0 G");
	ck_assert_str_eq(text_time(text, 16, 5.374), "5.37 us");
	ck_assert_str_eq(text_time(text, 16, 1500), "1.50 ms");
	ck_assert_str_eq(text_time(text, 16, 2e6), "2.00 s");
}
END_TEST

UNIT_MAIN("load_run", verdicts, unsent_because_the_port_refused, stalls,
    nothing_at_all, reports, numbers_for_people)
