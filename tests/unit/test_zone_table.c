/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of control/publish/zone_table.c: real zone files in a scratch
 * directory, their ages set by hand; what is live is said, not published.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"
#include "config/config.h"
#include "control/compile/compile.h"
#include "control/publish/zone_table.h"
#include "control/source/watch.h"
#include "tests/rig/signed_zone.h"
#include "tests/unit/unit_run.h"
#include "tests/unit/zone_text.h"

enum { SETTLE_MS = 10000 };

static char dir[UNIT_PATH_MAX];
static struct zone_table t;
static struct err err;

static void
file_age(const char *name, int seconds)
{
	struct timespec times[2];
	char path[UNIT_PATH_MAX];

	clock_gettime(CLOCK_REALTIME, &times[0]);
	times[0].tv_sec -= seconds;
	times[1] = times[0];
	ck_assert_int_eq(
	    utimensat(AT_FDCWD, unit_path(path, dir, name), times, 0), 0);
}

static void
file_put(const char *name, const char *text)
{
	char path[UNIT_PATH_MAX];

	ck_assert_int_eq(file_write(AT_FDCWD, unit_path(path, dir, name), 0644,
			     text, strlen(text), FILE_REPLACE, &err),
	    0);
	file_age(name, 60);
}

/* By a rename, as young as it is. */
static void
zone_renamed(const char *name, unsigned serial)
{
	char text[200], path[UNIT_PATH_MAX];

	snprintf(text, sizeof text,
	    "$TTL 60\n@ SOA ns h %u 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n",
	    serial);
	ck_assert_int_eq(file_write(AT_FDCWD, unit_path(path, dir, name), 0644,
			     text, strlen(text), FILE_REPLACE, &err),
	    0);
}

static void
zone_put(const char *name, unsigned serial)
{
	zone_renamed(name, serial);
	file_age(name, 60);
}

/* "NAME FILE" pairs. */
static int
configure(const char *const *zones)
{
	struct bytes text = {0};
	struct config *c = NULL;
	char path[UNIT_PATH_MAX];
	int rc;

	bytes_printf(&text, "zones:\n");
	for (; *zones; zones += 2)
		bytes_printf(
		    &text, "  - {name: %s, file: %s}\n", zones[0], zones[1]);
	ck_assert_msg(config_parse(&c, unit_path(path, dir, "x.yaml"),
			  text.data, text.len, &err) == 0,
	    "%s", err.text);
	rc = zone_table_configure(&t, c, &err);
	config_free(&c);
	bytes_fini(&text);
	return rc;
}

#define CONFIGURE(...)                                                         \
	ck_assert_int_eq(configure((const char *const[]){__VA_ARGS__, NULL}), 0)

static struct zone_entry *
zone(const char *name)
{
	return zone_table_find(&t, name_from_test(name));
}

/* Of who is at fault: it was a guard that said so. */
static bool by_guard;

/* As a turn does whose generation got live; the zone `at_fault` did not. */
static void
went_live(const char *at_fault)
{
	struct compile_zone *c = calloc(t.count, sizeof *c);
	struct zone_entry **e = calloc(t.count, sizeof *e);
	size_t n = 0;

	ck_assert(c && e);
	for (size_t i = 0; i < t.count; i++) {
		struct zone_entry *z = &t.zones[i];

		if (z->state == ZONE_CONDEMNED || !z->wanted)
			continue;
		c[n] = (struct compile_zone){.records = z->wanted};
		if (at_fault && z == zone(at_fault)) {
			c[n].why = &err;
			c[n].by_guard = by_guard;
			c[n].status =
			    err_set(&err, ERR_REFUSED, "the proof says no");
		}
		e[n++] = z;
	}
	zone_table_went_live(&t, c, e, n, 1234);
	t.pending = false;
	free(c);
	free(e);
}

static void
start(void)
{
	unit_directory_make(dir);
	zone_table_init(&t);
	t.settle_ms = SETTLE_MS;
	zone_put("a", 1);
	zone_put("b", 1);
	CONFIGURE("a.test", "a", "b.test", "b");
	ck_assert_uint_eq(t.count, 2);
	ck_assert_uint_eq(zone_table_read(&t, false), 0);
	ck_assert(t.pending && !t.looks);
	ck_assert_int_eq(zone("a.test.")->state, ZONE_WAITING);
	went_live(NULL);
	ck_assert_int_eq(zone("a.test.")->state, ZONE_SERVED);
	ck_assert_uint_eq(zone("a.test.")->served->serial, 1);
	ck_assert_uint_eq(zone("a.test.")->changed_at, 1234);
}

static void
stop(void)
{
	zone_table_fini(&t);
	unit_directory_remove(dir);
}

START_TEST(test_only_what_is_looked_at)
{
	start();
	zone_put("a", 2);
	ck_assert_uint_eq(zone_table_read(&t, false), 0);
	ck_assert(!t.pending);
	zone_table_look(&t, zone("b.test."));
	ck_assert_uint_eq(zone_table_read(&t, false), 0);
	ck_assert(!t.pending);
	zone_table_look(&t, zone("a.test."));
	ck_assert_uint_eq(zone_table_read(&t, false), 0);
	ck_assert(t.pending);
	ck_assert_uint_eq(zone("a.test.")->wanted->serial, 2);
	ck_assert_uint_eq(zone("a.test.")->served->serial, 1);
	went_live(NULL);
	ck_assert_uint_eq(zone("a.test.")->served->serial, 2);
	zone_put("b", 3);
	ck_assert_uint_eq(zone_table_read(&t, true), 0);
	ck_assert_uint_eq(zone("b.test.")->wanted->serial, 3);
	stop();
}
END_TEST

START_TEST(test_unchanged_content)
{
	start();
	zone_put("a", 1);
	ck_assert_uint_eq(zone_table_read(&t, true), 0);
	ck_assert(!t.pending);
	ck_assert_int_eq(zone("a.test.")->state, ZONE_SERVED);
	ck_assert_ptr_null(zone("a.test.")->wanted);
	stop();
}
END_TEST

/* A file that is younger than settle_ms is not read, whoever asks. */
START_TEST(test_young_file)
{
	unsigned wait;

	start();
	zone_put("a", 2);
	file_age("a", 0);
	wait = zone_table_read(&t, true);
	ck_assert_uint_gt(wait, SETTLE_MS / 2);
	ck_assert_uint_le(wait, SETTLE_MS);
	ck_assert(t.looks && !t.pending);
	ck_assert_int_eq(zone("a.test.")->state, ZONE_SERVED);
	ck_assert_uint_eq(zone("a.test.")->served->serial, 1);
	file_age("a", SETTLE_MS / 1000 + 1);
	ck_assert_uint_eq(zone_table_read(&t, false), 0);
	ck_assert_uint_eq(zone("a.test.")->wanted->serial, 2);
	/* a clock that was set back must not hold a file back for ever */
	zone_put("b", 2);
	file_age("b", -3600);
	ck_assert_uint_eq(zone_table_read(&t, true), 0);
	ck_assert_uint_eq(zone("b.test.")->wanted->serial, 2);
	stop();
}
END_TEST

/* One that the watch saw come by a rename is, if nobody has written to it
 * since.
 */
START_TEST(test_young_file_renamed_into_place)
{
	struct watch_options options = {.settle_ms = SETTLE_MS};
	char path[UNIT_PATH_MAX];
	FILE *f;

	start();
	ck_assert_int_eq(watch_open(&t.watch, &options, 1000, &err), 0);
	ck_assert_int_eq(watch_add(t.watch, unit_path(path, dir, "a"),
			     zone("a.test.")->watched, 1000, &err),
	    0);
	zone_renamed("a", 2);
	ck_assert_uint_eq(zone_table_notice(&t, 1000), 1);
	ck_assert_uint_eq(zone_table_read(&t, false), 0);
	ck_assert_uint_eq(zone("a.test.")->wanted->serial, 2);
	went_live(NULL);
	/* read young, and yet not read again */
	ck_assert_uint_eq(zone_table_notice(&t, 1000 + 2 * SETTLE_MS), 0);
	zone_renamed("a", 3);
	f = fopen(unit_path(path, dir, "a"), "a");
	ck_assert_ptr_nonnull(f);
	fputs("more A 192.0.2.2\n", f);
	fclose(f);
	ck_assert_uint_eq(zone_table_notice(&t, 1000), 0);
	ck_assert_uint_gt(zone_table_read(&t, true), 0);
	ck_assert_ptr_null(zone("a.test.")->wanted);
	watch_close(&t.watch);
	stop();
}
END_TEST

START_TEST(test_included_file_is_young)
{
	start();
	file_put(
	    "a", "$TTL 60\n@ SOA ns h 2 2 3 4 5\n@ NS ns\n$INCLUDE part\n");
	file_put("part", "ns A 192.0.2.1\n");
	ck_assert_uint_eq(zone_table_read(&t, true), 0);
	went_live(NULL);
	ck_assert_uint_eq(zone("a.test.")->stamp.count, 2);
	file_put("part", "ns A 192.0.2.2\n");
	file_age("part", 0);
	ck_assert_uint_gt(zone_table_read(&t, true), 0);
	ck_assert_ptr_null(zone("a.test.")->wanted);
	file_age("part", 60);
	ck_assert_uint_eq(zone_table_read(&t, true), 0);
	ck_assert_ptr_nonnull(zone("a.test.")->wanted);
	stop();
}
END_TEST

START_TEST(test_bad_file)
{
	const struct zone_entry *e;

	start();
	file_put("a", "$TTL 60\n@ SOA ns h 2 2 3 4 5\n@ NS ns\nns A 1.2.3\n");
	ck_assert_uint_eq(zone_table_read(&t, true), 0);
	e = zone("a.test.");
	ck_assert_int_eq(e->state, ZONE_REFUSED);
	ck_assert_ptr_nonnull(strstr(e->why, "/a:4:"));
	ck_assert_ptr_null(e->wanted);
	ck_assert_uint_eq(e->served->serial, 1);
	ck_assert(!t.pending);
	zone_put("a", 3);
	ck_assert_uint_eq(zone_table_read(&t, true), 0);
	ck_assert_int_eq(e->state, ZONE_WAITING);
	ck_assert_ptr_null(e->why);
	stop();
}
END_TEST

/* Such a version is read again at every look, since something else may let it
 * pass: until then it is refused. Another one waits. */
START_TEST(test_refused_by_a_guard)
{
	start();
	zone_put("a", 2);
	ck_assert_uint_eq(zone_table_read(&t, true), 0);
	ck_assert_int_eq(zone("a.test.")->state, ZONE_WAITING);
	by_guard = true;
	went_live("a.test.");
	by_guard = false;
	ck_assert_int_eq(zone("a.test.")->state, ZONE_REFUSED);
	ck_assert_uint_eq(zone_table_read(&t, true), 0);
	ck_assert(t.pending);
	ck_assert_uint_eq(zone("a.test.")->wanted->serial, 2);
	ck_assert_int_eq(zone("a.test.")->state, ZONE_REFUSED);
	ck_assert_str_eq(zone("a.test.")->why, "the proof says no");
	zone_put("a", 3);
	ck_assert_uint_eq(zone_table_read(&t, true), 0);
	ck_assert_int_eq(zone("a.test.")->state, ZONE_WAITING);
	went_live(NULL);
	ck_assert_int_eq(zone("a.test.")->state, ZONE_SERVED);
	stop();
}
END_TEST

START_TEST(test_refused_by_the_proof)
{
	start();
	zone_put("a", 2);
	zone_put("b", 2);
	ck_assert_uint_eq(zone_table_read(&t, true), 0);
	went_live("a.test.");
	ck_assert_int_eq(zone("a.test.")->state, ZONE_REFUSED);
	ck_assert_str_eq(zone("a.test.")->why, "the proof says no");
	ck_assert_uint_eq(zone("a.test.")->served->serial, 1);
	ck_assert_uint_eq(zone("b.test.")->served->serial, 2);
	/* the same file is not tried again, once it is old enough to be known
	 * by its time */
	zone("a.test.")->stamp.racy = zone("b.test.")->stamp.racy = false;
	ck_assert_uint_eq(zone_table_read(&t, true), 0);
	ck_assert(!t.pending);
	ck_assert_int_eq(zone("a.test.")->state, ZONE_REFUSED);
	stop();
}
END_TEST

START_TEST(test_configurations)
{
	struct zone_records *served;

	start();
	served = zone("a.test.")->served;
	zone_put("c", 7);
	CONFIGURE("c.test", "c", "a.test", "a");
	ck_assert_uint_eq(t.count, 2);
	ck_assert_ptr_null(zone("b.test."));
	ck_assert_ptr_eq(zone("a.test.")->served, served);
	ck_assert_int_eq(zone("a.test.")->state, ZONE_SERVED);
	ck_assert_int_eq(zone("c.test.")->state, ZONE_WAITING);
	ck_assert_uint_eq(zone_table_read(&t, false), 0);
	ck_assert_uint_eq(zone("c.test.")->wanted->serial, 7);
	ck_assert_ptr_null(zone("a.test.")->wanted);
	/* another file: it is read, and what is live stays until then */
	CONFIGURE("a.test", "c");
	ck_assert_ptr_eq(zone("a.test.")->served, served);
	ck_assert_int_eq(zone("a.test.")->state, ZONE_WAITING);
	ck_assert_uint_eq(zone_table_read(&t, false), 0);
	ck_assert_uint_eq(zone("a.test.")->wanted->serial, 7);
	stop();
}
END_TEST

enum { DAY = 86400, BEGINS = 1700000000 };

/* Serial 9 of a.test., signed from BEGINS on. */
static void
signed_put(void)
{
	struct signed_options o = {.apex = "a.test.",
	    .denial = SIGNED_NSEC,
	    .inception = BEGINS,
	    .expiration = BEGINS + 30 * DAY};
	char *text = signed_zone_text(
	    "a.test. 60 IN SOA ns.a.test. h.a.test. 9 2 3 4 5\n"
	    "a.test. 60 IN NS ns.a.test.\nns.a.test. 60 IN A 192.0.2.1\n",
	    &o, NULL);

	ck_assert_ptr_nonnull(text);
	file_put("a", text);
	free(text);
}

/* The version comes by itself when its signatures are valid, and not before. */
START_TEST(test_signatures_that_begin_later)
{
	struct zone_entry *e;

	start();
	signed_put();
	t.now_s = BEGINS - 3600;
	ck_assert_uint_eq(zone_table_read(&t, true), 0);
	e = zone("a.test.");
	ck_assert_int_eq(e->state, ZONE_REFUSED);
	ck_assert_ptr_nonnull(
	    strstr(e->why, "it is tried again 2023-11-14T22:13:20Z"));
	ck_assert_uint_eq(e->retry_at, BEGINS);
	e->stamp.racy = zone("b.test.")->stamp.racy = false;
	/* nobody asks, and nothing is read */
	t.now_s = BEGINS - 1;
	ck_assert_uint_eq(zone_table_read(&t, false), 0);
	ck_assert_int_eq(e->state, ZONE_REFUSED);
	/* a new configuration does not forget it */
	CONFIGURE("a.test", "a", "b.test", "b");
	e = zone("a.test.");
	ck_assert_uint_eq(zone_table_read(&t, false), 0);
	ck_assert_uint_eq(e->retry_at, BEGINS);
	ck_assert(!t.pending && !t.looks);
	t.now_s = BEGINS;
	ck_assert_uint_eq(zone_table_read(&t, false), 0);
	ck_assert_int_eq(e->state, ZONE_WAITING);
	ck_assert_uint_eq(e->wanted->serial, 9);
	ck_assert_uint_eq(e->retry_at, 0);
	ck_assert_uint_eq(t.retry_due, 0);
	ck_assert_ptr_null(e->why);
	stop();
}
END_TEST

/* Another version takes its place: nothing is due any more. */
START_TEST(test_signatures_that_begin_later_are_replaced)
{
	start();
	signed_put();
	t.now_s = BEGINS - 3600;
	ck_assert_uint_eq(zone_table_read(&t, true), 0);
	ck_assert_int_eq(zone("a.test.")->state, ZONE_REFUSED);
	zone_put("a", 1);
	ck_assert_uint_eq(zone_table_read(&t, true), 0);
	ck_assert_int_eq(zone("a.test.")->state, ZONE_SERVED);
	t.now_s = BEGINS;
	ck_assert_uint_eq(zone_table_read(&t, false), 0);
	ck_assert_uint_eq(t.retry_due, 0);
	ck_assert(!t.pending && !t.looks);
	stop();
}
END_TEST

/* What is live, as a generation of the store would say it. */
static struct zone_records **
live(unsigned serial_a, unsigned serial_b)
{
	struct zone_records **z = calloc(4, sizeof(*z));
	const unsigned serials[] = {serial_a, serial_b};
	unsigned n = 0;

	ck_assert_ptr_nonnull(z);
	z[n++] =
	    zone_from_text("0.test.", "@ 60 SOA n h 1 2 3 4 5\n@ 60 NS n\n");
	for (unsigned i = 0; i < 2; i++) {
		struct bytes text = {0};

		bytes_printf(&text,
		    "@ 60 SOA ns h %u 2 3 4 5\n@ 60 NS ns\n"
		    "ns 60 A 192.0.2.1\n",
		    serials[i]);
		bytes_append_zero(&text, 1);
		z[n++] = zone_from_text(
		    i ? "b.test." : "a.test.", (char *)text.data);
		bytes_fini(&text);
	}
	z[n++] =
	    zone_from_text("z.test.", "@ 60 SOA n h 1 2 3 4 5\n@ 60 NS n\n");
	return z;
}

/* A rollback: the file is as it was, and is the newer version. */
START_TEST(test_live_went_back)
{
	struct condemned_version condemned;

	start();
	zone_put("a", 2);
	ck_assert_uint_eq(zone_table_read(&t, true), 0);
	went_live(NULL);
	condemned.version = zone("a.test.")->served->version;
	memcpy(condemned.apex, zone("a.test.")->apex, sizeof condemned.apex);
	ck_assert_int_eq(zone_table_set_live(&t, live(1, 1), 4, &err), 0);
	t.condemned = &condemned;
	t.ncondemned = 1;
	zone_table_look(&t, NULL);
	ck_assert_uint_eq(zone_table_read(&t, false), 0);
	ck_assert_int_eq(zone("a.test.")->state, ZONE_CONDEMNED);
	ck_assert_ptr_nonnull(strstr(zone("a.test.")->why, "release a.test."));
	ck_assert_uint_eq(zone("a.test.")->served->serial, 1);
	ck_assert_int_eq(zone("b.test.")->state, ZONE_SERVED);
	ck_assert(!t.pending);
	/* looked at again, nothing changes; released, it is wanted */
	ck_assert_uint_eq(zone_table_read(&t, true), 0);
	ck_assert_int_eq(zone("a.test.")->state, ZONE_CONDEMNED);
	t.ncondemned = 0;
	zone_table_look(&t, zone("a.test."));
	ck_assert_uint_eq(zone_table_read(&t, false), 0);
	ck_assert_int_eq(zone("a.test.")->state, ZONE_WAITING);
	ck_assert(t.pending);
	ck_assert_uint_eq(zone("a.test.")->wanted->serial, 2);
	stop();
}
END_TEST

/* Without a list: what somebody else put live is not what the source says. */
START_TEST(test_live_is_another)
{
	start();
	ck_assert_int_eq(zone_table_set_live(&t, live(9, 1), 4, &err), 0);
	zone_table_look(&t, NULL);
	ck_assert_uint_eq(zone_table_read(&t, false), 0);
	ck_assert_uint_eq(zone("a.test.")->wanted->serial, 1);
	ck_assert_ptr_null(zone("b.test.")->wanted);
	ck_assert_int_eq(zone_table_set_live(&t, calloc(1, 8), 0, &err), 0);
	ck_assert_ptr_null(zone("a.test.")->served);
	ck_assert_ptr_null(zone("b.test.")->served);
	zone_table_look(&t, NULL);
	ck_assert_uint_eq(zone_table_read(&t, false), 0);
	ck_assert_uint_eq(zone("b.test.")->wanted->serial, 1);
	stop();
}
END_TEST

UNIT_MAIN("zone_table", test_only_what_is_looked_at, test_unchanged_content,
    test_young_file, test_young_file_renamed_into_place,
    test_included_file_is_young, test_bad_file, test_refused_by_the_proof,
    test_refused_by_a_guard, test_configurations,
    test_signatures_that_begin_later,
    test_signatures_that_begin_later_are_replaced, test_live_went_back,
    test_live_is_another)
