/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of control/publish/zone_trial.c: what becomes of zones whose
 * versions are in a candidate.
 */
#include <string.h>

#include "base/name.h"
#include "control/compile/compile.h"
#include "control/publish/zone_trial.h"
#include "tests/unit/publish_rig.h"
#include "tests/unit/unit_run.h"

static struct zone_table t;
static struct err err;
static struct zone_entry *a, *b;

/* Both zones are served with serial 1; a.test. is to be 2. */
static void
begin(void)
{
	static const char text[] = "zones:\n  - {name: a.test, file: /a}\n"
				   "  - {name: b.test, file: /b}\n";
	struct config *config;

	zone_table_init(&t);
	ck_assert_int_eq(
	    config_parse(&config, "/x/y", text, sizeof text - 1, &err), 0);
	ck_assert_int_eq(zone_table_configure(&t, config, &err), 0);
	config_free(&config);
	a = &t.zones[0];
	b = &t.zones[1];
	a->served = publish_rig_zone("a.test.", 1);
	b->served = publish_rig_zone("b.test.", 1);
	a->wanted = publish_rig_zone("a.test.", 2);
	t.pending = true;
}

static void
try_it(void)
{
	struct compile_zone zones[2] = {
	    {.records = a->wanted, .last_good = a->served},
	    {.records = b->served, .last_good = b->served}};
	struct zone_entry *entries[2] = {a, b};

	t.pending = false;
	zone_trial_begin(&t, zones, entries, 2, "on trial");
	compile_zones_fini(zones, 2);
}

static struct zone_entry *
trial_at(const char *text)
{
	uint8_t name[DNS_NAME_MAX];

	ck_assert_int_gt(name_from_text(name, text, &err), 0);
	return zone_trial_find(&t, name);
}

START_TEST(test_committed)
{
	begin();
	try_it();
	ck_assert_uint_eq(a->served->serial, 1);
	ck_assert_uint_eq(a->trial->serial, 2);
	ck_assert_ptr_null(a->wanted);
	ck_assert_str_eq(a->why, "on trial");
	ck_assert_int_eq(a->state, ZONE_WAITING);
	ck_assert_ptr_eq(trial_at("www.a.test."), a);
	ck_assert_ptr_eq(trial_at("a.test."), a);
	ck_assert_ptr_null(trial_at("www.b.test."));
	ck_assert_ptr_null(trial_at("test."));
	a->returns = 2;
	zone_trial_commit(&t, true, 77);
	ck_assert_uint_eq(a->served->serial, 2);
	ck_assert_ptr_null(a->trial);
	ck_assert_int_eq(a->state, ZONE_SERVED);
	ck_assert_uint_eq(a->changed_at, 77);
	ck_assert_ptr_null(a->why);
	/* until the soak is over its questions are still about it */
	ck_assert_ptr_eq(trial_at("www.a.test."), a);
	ck_assert_uint_eq(a->returns, 2);
	zone_soak_end(&t);
	ck_assert_ptr_null(trial_at("www.a.test."));
	ck_assert_uint_eq(a->returns, 0);
	zone_table_fini(&t);
}
END_TEST

START_TEST(test_returned)
{
	begin();
	try_it();
	zone_trial_return(&t);
	ck_assert_uint_eq(a->served->serial, 1);
	ck_assert_uint_eq(a->wanted->serial, 2);
	ck_assert_ptr_null(a->trial);
	ck_assert_int_eq(a->state, ZONE_WAITING);
	ck_assert(t.pending);
	ck_assert_ptr_null(b->wanted);
	zone_table_fini(&t);
}
END_TEST

static void
configure(const char *text)
{
	struct config *config;

	ck_assert_int_eq(
	    config_parse(&config, "/x/y", text, strlen(text), &err), 0);
	ck_assert_int_eq(zone_table_configure(&t, config, &err), 0);
	config_free(&config);
}

/* A zone is taken out of the configuration while its version is on trial: what
 * is served of it is what the candidate has, if that goes live. */
START_TEST(test_not_configured_any_more)
{
	static const char only_b[] = "zones: [{name: b.test, file: /b}]";

	for (unsigned live = 0; live < 2; live++) {
		begin();
		try_it();
		configure(only_b);
		ck_assert_uint_eq(t.nleaving, 1);
		ck_assert_uint_eq(t.leaving[0].records->serial, 1);
		if (live)
			zone_trial_commit(&t, false, 1);
		else
			zone_trial_return(&t);
		ck_assert_uint_eq(t.nleaving, 1);
		ck_assert_uint_eq(t.leaving[0].records->serial, 1 + live);
		ck_assert_ptr_null(t.leaving[0].trial);
		zone_table_fini(&t);
	}
	/* and configured again before that is decided */
	begin();
	try_it();
	configure(only_b);
	configure("zones:\n  - {name: a.test, file: /a}\n"
		  "  - {name: b.test, file: /b}\n");
	ck_assert_uint_eq(t.nleaving, 0);
	zone_trial_commit(&t, false, 1);
	ck_assert_uint_eq(t.zones[0].served->serial, 2);
	zone_table_fini(&t);
	/* or forgotten */
	begin();
	try_it();
	configure(only_b);
	zone_trial_forget(&t);
	ck_assert_ptr_null(t.leaving[0].trial);
	zone_table_fini(&t);
}
END_TEST

/* A zone is taken out, and is configured again while that is on trial. */
START_TEST(test_taking_out_is_undone)
{
	static const char *const with_a[] = {
	    "zones: [{name: b.test, file: /b}]",
	    "zones: [{name: b.test, file: /b}, {name: a.test, file: /a}]"};
	struct compile_zone zones[1];
	struct zone_entry *entries[1];

	begin();
	configure(with_a[0]);
	entries[0] = &t.zones[0];
	zones[0] = (struct compile_zone){
	    .records = entries[0]->served, .last_good = entries[0]->served};
	for (unsigned i = 0; i < 3; i++) {
		struct config *config;

		ck_assert_int_eq(config_parse(&config, "/x/y", with_a[i == 1],
				     strlen(with_a[i == 1]), &err),
		    0);
		/* only if that has the zone again */
		ck_assert_int_eq(zone_trial_is_undone(&t, config), i == 1);
		config_free(&config);
		if (i == 0)
			zone_trial_begin(&t, zones, entries, 1, "on trial");
	}
	zone_trial_return(&t);
	configure(with_a[1]);
	ck_assert_uint_eq(t.zones[0].served->serial, 1);
	ck_assert_uint_eq(t.nleaving, 0);
	compile_zones_fini(zones, 1);
	zone_table_fini(&t);
}
END_TEST

START_TEST(test_condemned)
{
	begin();
	try_it();
	zone_trial_condemn(&t, a, "bad");
	zone_trial_return(&t);
	ck_assert_int_eq(a->state, ZONE_CONDEMNED);
	ck_assert_str_eq(a->why, "bad");
	ck_assert_uint_eq(a->served->serial, 1);
	ck_assert_ptr_null(a->trial);
	ck_assert(!t.pending);
	zone_table_fini(&t);
}
END_TEST

/* A version that soaks: what was said of it stays when its source is read again
 * and is the same. */
START_TEST(test_condemned_in_the_soak)
{
	begin();
	try_it();
	zone_trial_commit(&t, true, 99);
	ck_assert(a->soaking);
	zone_trial_condemn(&t, a, "bad");
	ck_assert_int_eq(a->state, ZONE_CONDEMNED);
	ck_assert_str_eq(a->why, "bad");
	ck_assert_uint_eq(a->served->serial, 2);
	zone_trial_forget(&t);
	ck_assert(!a->soaking);
	ck_assert_str_eq(a->why, "bad");
	zone_table_fini(&t);
}
END_TEST

START_TEST(test_sources_wait)
{
	begin();
	try_it();
	t.looks = false;
	t.all_look = false;
	a->look = true;
	zone_table_look(&t, a);
	ck_assert_uint_eq(zone_table_read(&t, false), 0);
	/* /a can't be read, which nobody has tried */
	ck_assert_int_eq(a->state, ZONE_WAITING);
	ck_assert(!t.looks);
	zone_trial_commit(&t, false, 1);
	ck_assert(t.looks);
	zone_table_fini(&t);
}
END_TEST

START_TEST(test_refused_by_the_compiler)
{
	struct compile_zone zones[1];
	struct zone_entry *entries[1];

	begin();
	zones[0] = (struct compile_zone){.records = a->wanted,
	    .last_good = a->served,
	    .status = ERR_REFUSED};
	entries[0] = a;
	zone_trial_begin(&t, zones, entries, 1, "on trial");
	ck_assert_ptr_null(a->trial);
	ck_assert_ptr_null(a->wanted);
	ck_assert_int_eq(a->state, ZONE_REFUSED);
	compile_zones_fini(zones, 1);
	zone_table_fini(&t);
}
END_TEST

START_TEST(test_something_else_is_live)
{
	begin();
	try_it();
	zone_trial_forget(&t);
	ck_assert_ptr_null(a->trial);
	ck_assert_ptr_null(a->wanted);
	ck_assert(a->unread);
	zone_table_fini(&t);
}
END_TEST

START_TEST(test_kept_over_a_reload)
{
	static const char text[] = "zones:\n  - {name: a.test, file: /other}\n";
	struct config *config;

	begin();
	try_it();
	ck_assert_int_eq(
	    config_parse(&config, "/x/y", text, sizeof text - 1, &err), 0);
	ck_assert_int_eq(zone_table_configure(&t, config, &err), 0);
	config_free(&config);
	ck_assert_uint_eq(t.count, 1);
	ck_assert_uint_eq(t.zones[0].trial->serial, 2);
	zone_trial_commit(&t, false, 1);
	ck_assert_uint_eq(t.zones[0].served->serial, 2);
	zone_table_fini(&t);
}
END_TEST

UNIT_MAIN("zone_trial", test_committed, test_returned,
    test_not_configured_any_more, test_taking_out_is_undone, test_condemned,
    test_condemned_in_the_soak, test_sources_wait, test_refused_by_the_compiler,
    test_something_else_is_live, test_kept_over_a_reload)
