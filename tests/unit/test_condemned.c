/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of control/publish/condemned.c: what a rollback left, taken over
 * from the store, kept in its file, released; files that are damaged.
 */
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "config/config.h"
#include "control/publish/condemned.h"
#include "tests/unit/publish_rig.h"
#include "tests/unit/zone_text.h"

static struct publish_rig r;
static struct zone_table t;
static struct condemned c;
static struct err err;

static void
open_all(void)
{
	static const char text[] = "zones:\n  - {name: a.test, file: /a}\n"
				   "  - {name: b.test, file: /b}\n";
	struct config *config;

	publish_rig_open(&r);
	zone_table_init(&t);
	ck_assert_int_eq(
	    config_parse(&config, "/x/y", text, sizeof text - 1, &err), 0);
	ck_assert_int_eq(zone_table_configure(&t, config, &err), 0);
	config_free(&config);
	ck_assert_int_eq(condemned_read(&c, r.p.store, &err), 0);
}

static void
close_all(void)
{
	condemned_free(&c);
	zone_table_fini(&t);
	publish_rig_close(&r);
}

/* What the table says is live. */
static void
serve(unsigned serial_a, unsigned serial_b)
{
	zone_records_free(t.zones[0].served);
	zone_records_free(t.zones[1].served);
	t.zones[0].served =
	    serial_a ? publish_rig_zone("a.test.", serial_a) : NULL;
	t.zones[1].served =
	    serial_b ? publish_rig_zone("b.test.", serial_b) : NULL;
}

static void
roll_back(const struct digest *to, unsigned serial_a, unsigned serial_b)
{
	uint64_t activation;

	ck_assert_int_eq(
	    publisher_rollback(&r.p, &r.live, to, &activation, &err), 0);
	ck_assert_int_eq(publisher_live(&r.p, &r.live, &err), 0);
	serve(serial_a, serial_b);
	ck_assert_msg(
	    condemned_adopt(&c, r.p.store, &t, &r.live.generation, &err) == 0,
	    "%s", err.text);
}

static bool
is_condemned(const char *apex, unsigned serial)
{
	struct zone_records *z = publish_rig_zone(apex, serial);
	bool found;

	t.condemned = c.versions;
	t.ncondemned = c.count;
	found = zone_table_is_condemned(&t, z->apex, &z->version);
	zone_records_free(z);
	return found;
}

START_TEST(test_what_a_rollback_left)
{
	struct digest first;

	open_all();
	ck_assert_uint_eq(c.count, 0);
	first = publish_rig_publish(&r, 1, 1);
	publish_rig_publish(&r, 2, 1);
	roll_back(&first, 1, 1);
	ck_assert_uint_eq(c.count, 1);
	ck_assert(is_condemned("a.test.", 2));
	ck_assert(!is_condemned("a.test.", 1));
	ck_assert(!is_condemned("b.test.", 1));
	/* the same list again says nothing new */
	ck_assert_int_eq(
	    condemned_adopt(&c, r.p.store, &t, &r.live.generation, &err), 0);
	ck_assert_uint_eq(c.count, 1);
	/* another process reads what this one wrote */
	condemned_free(&c);
	ck_assert_int_eq(condemned_read(&c, r.p.store, &err), 0);
	ck_assert_uint_eq(c.count, 1);
	ck_assert(is_condemned("a.test.", 2));
	close_all();
}
END_TEST

START_TEST(test_zone_that_was_not_there_before)
{
	struct digest first;

	open_all();
	first = publish_rig_publish(&r, 1, 0);
	publish_rig_publish(&r, 1, 5);
	roll_back(&first, 1, 0);
	ck_assert(is_condemned("b.test.", 5));
	ck_assert(!is_condemned("a.test.", 1));
	close_all();
}
END_TEST

START_TEST(test_going_back_pardons)
{
	struct digest first, second;

	open_all();
	first = publish_rig_publish(&r, 1, 1);
	second = publish_rig_publish(&r, 2, 2);
	roll_back(&first, 1, 1);
	ck_assert_uint_eq(c.count, 2);
	roll_back(&second, 2, 2);
	ck_assert(!is_condemned("a.test.", 2) && !is_condemned("b.test.", 2));
	ck_assert(is_condemned("a.test.", 1) && is_condemned("b.test.", 1));
	close_all();
}
END_TEST

/* Released, live again, left again: each rollback counts, also when the list
 * has the same generation and the same length as before. */
START_TEST(test_left_twice)
{
	struct digest first, second;
	size_t n;

	open_all();
	first = publish_rig_publish(&r, 1, 1);
	second = publish_rig_publish(&r, 2, 1);
	for (unsigned i = 0; i < 3; i++) {
		roll_back(&first, 1, 1);
		ck_assert(is_condemned("a.test.", 2));
		ck_assert_uint_eq(c.nseen, 1);
		ck_assert_int_eq(
		    condemned_release(&c, r.p.store, t.zones[0].apex, &n, &err),
		    0);
		ck_assert_int_eq(condemned_adopt(&c, r.p.store, &t,
				     &r.live.generation, &err),
		    0);
		ck_assert(!is_condemned("a.test.", 2));
		publish_rig_publish(&r, 2, 1);
		ck_assert(digest_equal(&second, &r.live.generation));
		serve(2, 1);
		ck_assert_int_eq(condemned_adopt(&c, r.p.store, &t,
				     &r.live.generation, &err),
		    0);
		ck_assert_uint_eq(c.nseen, 0);
	}
	close_all();
}
END_TEST

START_TEST(test_release)
{
	struct digest first;
	size_t n;

	open_all();
	first = publish_rig_publish(&r, 1, 1);
	publish_rig_publish(&r, 2, 2);
	roll_back(&first, 1, 1);
	ck_assert_int_eq(condemned_release(&c, r.p.store,
			     name_from_test("none.test."), &n, &err),
	    0);
	ck_assert_uint_eq(n, 0);
	ck_assert_uint_eq(c.count, 2);
	ck_assert_int_eq(
	    condemned_release(&c, r.p.store, t.zones[0].apex, &n, &err), 0);
	ck_assert_uint_eq(n, 1);
	ck_assert(!is_condemned("a.test.", 2));
	/* it stays released, also for a process that starts anew */
	condemned_free(&c);
	ck_assert_int_eq(condemned_read(&c, r.p.store, &err), 0);
	ck_assert_int_eq(
	    condemned_adopt(&c, r.p.store, &t, &r.live.generation, &err), 0);
	ck_assert(!is_condemned("a.test.", 2));
	ck_assert(is_condemned("b.test.", 2));
	close_all();
}
END_TEST

static void
file_put(const char *text)
{
	char path[UNIT_PATH_MAX];

	ck_assert_int_eq(file_write(AT_FDCWD,
			     unit_path(path, r.store_dir, "condemned-zones"),
			     0644, text, strlen(text), FILE_REPLACE, &err),
	    0);
}

#define HEAD "holdfast-condemned-zones 1\n"
#define HEX  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

START_TEST(test_damaged_files)
{
	static const struct {
		const char *text, *line;
	} bad[] = {{"nonsense\n", ":1:"},
	    {"holdfast-condemned-zones 2\n", ":1:"}, {HEAD "nonsense\n", ":2:"},
	    {HEAD "seen x\n", ":2:"}, {HEAD "seen " HEX "\nzone\n", ":3:"},
	    {HEAD "zone " HEX "\n", ":2:"}, {HEAD "zone " HEX " \n", ":2:"},
	    {HEAD "zone " HEX "xa.test.\n", ":2:"},
	    {HEAD "zone x" HEX " a.test.\n", ":2:"},
	    {HEAD "zone " HEX " a..test.\n", ":2:"}};

	open_all();
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		file_put(bad[i].text);
		condemned_free(&c);
		ck_assert_msg(
		    condemned_read(&c, r.p.store, &err) == ERR_CORRUPT, "%s",
		    bad[i].text);
		ck_assert_msg(
		    strstr(err.text, bad[i].line) != NULL, "%s", err.text);
		ck_assert_ptr_nonnull(strstr(err.text, "condemned-zones"));
	}
	condemned_free(&c);
	file_put(
	    HEAD "seen " HEX "\nzone " HEX " a.test.\nzone " HEX " a.test.\n");
	ck_assert_int_eq(condemned_read(&c, r.p.store, &err), 0);
	ck_assert_uint_eq(c.count, 1); /* one and the same */
	ck_assert_uint_eq(c.nseen, 1);
	close_all();
}
END_TEST

UNIT_MAIN("condemned", test_what_a_rollback_left,
    test_zone_that_was_not_there_before, test_going_back_pardons,
    test_left_twice, test_release, test_damaged_files)
