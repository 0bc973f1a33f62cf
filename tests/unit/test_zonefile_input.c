/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of control/source/zonefile_input.c: zone files and what they
 * include, as files: half written, missing, elsewhere, in a circle; the stamp.
 * The real zones of $SHARED/zones are counted against ldns-read-zone when they
 * are there.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/name.h"
#include "control/source/zonefile.h"
#include "tests/unit/unit_run.h"

#define HEAD "$TTL 60\n@ SOA a b 1 2 3 4 5\n@ NS ns.u.\n"

static const uint8_t apex[] = "\1t";
static char dir[UNIT_PATH_MAX];

static void
write_file(const char *name, const char *text)
{
	char path[UNIT_PATH_MAX];
	struct err err;

	ck_assert_msg(file_write(AT_FDCWD, unit_path(path, dir, name), 0644,
			  text, strlen(text), FILE_REPLACE, &err) == 0,
	    "%s", err.text);
}

static int
load(struct zone_records **z, const char *name,
    const struct zonefile_options *options, struct err *err)
{
	char path[UNIT_PATH_MAX];

	return zonefile_load(z, unit_path(path, dir, name), apex, options, err);
}

static void
load_fails(const char *name, int code, const char *says)
{
	struct zonefile_stamp stamp;
	struct zonefile_options options = {.stamp = &stamp};
	struct zone_records *z;
	struct err err;
	int rc = load(&z, name, &options, &err);

	ck_assert_msg(rc == code, "%d: %s", rc, rc ? err.text : "accepted");
	ck_assert_msg(
	    strstr(err.text, says) != NULL, "'%s' not '%s'", err.text, says);
	zonefile_stamp_fini(&stamp);
}

static bool
has(const struct zone_records *z, const char *owner)
{
	uint8_t name[DNS_NAME_MAX + 1];
	size_t n;

	ck_assert_int_gt(name_from_text(name, owner, NULL), 0);
	return zone_records_find(z, name, DNS_TYPE_A, &n) != NULL;
}

START_TEST(an_included_file_has_its_own_origin_and_gives_back_ours)
{
	struct zonefile_stamp stamp;
	struct zonefile_options options = {.stamp = &stamp};
	struct zone_records *z;
	char path[UNIT_PATH_MAX];
	struct err err;

	unit_directory_make(dir);
	mkdir(unit_path(path, dir, "sub"), 0755);
	write_file("z", HEAD "o A 1.2.3.4\n$INCLUDE one sub ; c\n A 1.2.3.5\n"
			     "p A 1.2.3.4\n$INCLUDE \"sub/two\"\nq A 1.2.3.4");
	/* paths in it are of the zone file's folder too */
	write_file("one", "x A 1.2.3.4\n$ORIGIN deep\ny A 1.2.3.4\n"
			  "$INCLUDE sub/three");
	write_file("sub/two", "r A 1.2.3.4\n$TTL 5\n");
	write_file("sub/three", "z A 1.2.3.4");
	ck_assert_msg(load(&z, "z", &options, &err) == 0, "%s", err.text);
	ck_assert(has(z, "o.t") && has(z, "x.sub.t") && has(z, "p.t"));
	ck_assert(has(z, "y.deep.sub.t") && has(z, "z.deep.sub.t"));
	ck_assert(has(z, "r.t") && has(z, "q.t"));
	/* the blank owner behind the include is the one before it */
	ck_assert_uint_eq(z->count, 10);
	ck_assert_uint_eq(stamp.count, 4);
	ck_assert_ptr_nonnull(strstr(stamp.files[1].path, "/one"));
	zone_records_free(z);
	zonefile_stamp_fini(&stamp);
	unit_directory_remove(dir);
}
END_TEST

START_TEST(includes_in_a_circle_or_too_deep_are_refused)
{
	char name[16], text[128];

	unit_directory_make(dir);
	write_file("z", HEAD "$INCLUDE z\n");
	load_fails("z", ERR_SYNTAX, "z:4: ");
	load_fails("z", ERR_SYNTAX, "includes itself");
	write_file("z", HEAD "$INCLUDE a\n");
	write_file("a", "$INCLUDE b\n");
	write_file("b", "\n$INCLUDE a\n");
	load_fails("z", ERR_SYNTAX, "/b:2: ");
	write_file("z", HEAD "$INCLUDE f0\n");
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof name, "f%d", i);
		snprintf(text, sizeof text, "$INCLUDE f%d\n", i + 1);
		write_file(name, text);
	}
	load_fails("z", ERR_LIMIT, "more than 16 files within one another");
	/* the same file twice is no circle */
	write_file("z", HEAD "$INCLUDE a x\n$INCLUDE a y\n");
	write_file("a", "@ A 1.2.3.4\n");
	struct zone_records *z;
	struct err err;
	ck_assert_msg(load(&z, "z", NULL, &err) == 0, "%s", err.text);
	ck_assert(has(z, "x.t") && has(z, "y.t"));
	zone_records_free(z);
	unit_directory_remove(dir);
}
END_TEST

START_TEST(includes_stay_inside_their_root)
{
	char path[UNIT_PATH_MAX], root[UNIT_PATH_MAX];
	struct zonefile_options options = {0};
	struct zone_records *z;
	struct err err;

	unit_directory_make(dir);
	mkdir(unit_path(path, dir, "zones"), 0755);
	mkdir(unit_path(path, dir, "zones2"), 0755);
	write_file("secret", "x A 1.2.3.4\n");
	write_file("zones2/secret", "x A 1.2.3.4\n");
	write_file("zones/z", HEAD "$INCLUDE ../secret\n");
	load_fails("zones/z", ERR_REFUSED, "z:4: ");
	load_fails("zones/z", ERR_REFUSED, "which $INCLUDE may not leave");
	write_file("zones/z", HEAD "$INCLUDE /etc/passwd\n");
	load_fails("zones/z", ERR_REFUSED, "is outside of");
	write_file("zones/z", HEAD "$INCLUDE ../zones2/secret\n");
	load_fails("zones/z", ERR_REFUSED, "is outside of");
	/* nor by a link */
	ck_assert_int_eq(
	    symlink("../secret", unit_path(path, dir, "zones/link")), 0);
	write_file("zones/z", HEAD "$INCLUDE link\n");
	load_fails("zones/z", ERR_REFUSED, "is outside of");
	/* a wider root allows it */
	options.include_root = strcpy(root, dir);
	ck_assert_msg(load(&z, "zones/z", &options, &err) == 0, "%s", err.text);
	zone_records_free(z);
	options.include_root = "/";
	ck_assert_msg(load(&z, "zones/z", &options, &err) == 0, "%s", err.text);
	zone_records_free(z);
	options.include_root = "/no/such/folder";
	ck_assert_int_eq(load(&z, "zones/z", &options, &err), ERR_IO);
	unit_directory_remove(dir);
}
END_TEST

START_TEST(what_is_no_zone_file_gets_a_clear_error)
{
	char path[UNIT_PATH_MAX];
	struct zonefile_options small = {.bytes_max = 10};
	struct zone_records *z;
	struct err err;

	unit_directory_make(dir);
	load_fails("none", ERR_IO, "none can't be opened: No such file");
	load_fails(".", ERR_IO, "is a directory");
	write_file("empty", "");
	load_fails("empty", ERR_SEMANTIC, "empty: no records");
	ck_assert_int_eq(mkfifo(unit_path(path, dir, "fifo"), 0644), 0);
	load_fails("fifo", ERR_IO, "is not a regular file");
	write_file("z", HEAD);
	ck_assert_int_eq(load(&z, "z", &small, &err), ERR_LIMIT);
	write_file("z", HEAD "$INCLUDE none\n");
	load_fails("z", ERR_IO, "none can't be opened");
	load_fails("z", ERR_IO, "z:4: ");
	write_file("z", HEAD "$INCLUDE \"\"\n");
	load_fails("z", ERR_SYNTAX, "an empty or impossible file name");
	write_file("z", HEAD "$INCLUDE a\\000b\n");
	load_fails("z", ERR_SYNTAX, "an empty or impossible file name");
	write_file("z", HEAD "$INCLUDE a b..c\n");
	load_fails("z", ERR_SYNTAX, "name 'b..c'");
	unit_directory_remove(dir);
}
END_TEST

/* Changes the file while it is read: from the warning about its first TTL. */
static void
append_to_it(void *arg, const char *text)
{
	FILE *f = fopen(arg, "a");

	(void)text;
	fputs("more A 1.2.3.4\n", f);
	fclose(f);
}

START_TEST(a_file_that_changes_while_it_is_read_is_busy)
{
	char path[UNIT_PATH_MAX];
	struct zonefile_options options = {.warn = append_to_it, .arg = path};
	struct zone_records *z;
	struct err err;

	unit_directory_make(dir);
	unit_path(path, dir, "z");
	write_file("z", HEAD "x 2147483648 A 1.2.3.4\n");
	ck_assert_int_eq(load(&z, "z", &options, &err), ERR_BUSY);
	ck_assert_ptr_nonnull(strstr(err.text, "changed while it was read"));
	/* also where it does not parse: it may be half written */
	write_file("z", HEAD "x 2147483648 A 1.2.3.4\ny A 1.2.\n");
	ck_assert_int_eq(load(&z, "z", &options, &err), ERR_BUSY);
	unit_directory_remove(dir);
}
END_TEST

/* Makes a file old enough for its stamp to be trusted. */
static void
age_file(struct zonefile_stamp *stamp)
{
	stamp->racy = false;
}

START_TEST(the_stamp_says_whether_a_file_changed)
{
	struct zonefile_stamp stamp;
	struct zonefile_options options = {.stamp = &stamp};
	struct zone_records *z;
	struct err err;

	unit_directory_make(dir);
	write_file("z", HEAD "$INCLUDE a\n");
	write_file("a", "x A 1.2.3.4\n");
	ck_assert_int_eq(load(&z, "z", &options, &err), 0);
	zone_records_free(z);
	/* just written: a second change could have the same time */
	ck_assert(stamp.racy);
	ck_assert(!zonefile_stamp_unchanged(&stamp));
	age_file(&stamp);
	ck_assert(zonefile_stamp_unchanged(&stamp));
	/* same size, another file */
	write_file("a", "y A 1.2.3.4\n");
	ck_assert(!zonefile_stamp_unchanged(&stamp));
	zonefile_stamp_fini(&stamp);
	ck_assert(!zonefile_stamp_unchanged(&stamp));
	/* a file that is not there yet is in the stamp of the failure */
	write_file("z", HEAD "$INCLUDE later\n");
	ck_assert_int_eq(load(&z, "z", &options, &err), ERR_IO);
	ck_assert_uint_eq(stamp.count, 2);
	age_file(&stamp);
	ck_assert(zonefile_stamp_unchanged(&stamp));
	write_file("later", "x A 1.2.3.4\n");
	ck_assert(!zonefile_stamp_unchanged(&stamp));
	zonefile_stamp_fini(&stamp);
	unit_directory_remove(dir);
}
END_TEST

/* Records that ldns-read-zone prints, or 0 if it can't be run. */
static size_t
count_by_ldns(const char *path)
{
	char command[512];
	size_t n = 0;
	FILE *f;

	snprintf(command, sizeof command,
	    "ldns-read-zone '%s' 2>/dev/null | sort -u | wc -l", path);
	f = popen(command, "r");
	if (!f || fscanf(f, "%zu", &n) != 1)
		n = 0;
	if (f)
		pclose(f);
	return n;
}

START_TEST(real_zones_load_whole)
{
	static const struct {
		const char *file, *apex;
	} zones[] = {{"root-2014062501.zone", "."},
	    {"root-2020020102.zone", "."}, {"root-2026082201-nosig.zone", "."},
	    {"gov-2026-08-22.txt", "gov."}};
	const char *shared = getenv("SHARED");
	uint8_t name[DNS_NAME_MAX + 1];
	struct zone_records *z;
	char path[512];
	struct err err;

	for (size_t i = 0; i < sizeof zones / sizeof *zones; i++) {
		snprintf(path, sizeof path, "%s/zones/%s",
		    shared ? shared : "../shared", zones[i].file);
		if (access(path, R_OK)) {
			printf("SKIP %s is not there\n", path);
			continue;
		}
		name_from_text(name, zones[i].apex, &err);
		ck_assert_msg(zonefile_load(&z, path, name, NULL, &err) == 0,
		    "%s", err.text);
		if (count_by_ldns(path))
			ck_assert_uint_eq(z->count, count_by_ldns(path));
		ck_assert_uint_gt(z->count, 7000);
		zone_records_free(z);
	}
}
END_TEST

UNIT_MAIN("zonefile_input",
    an_included_file_has_its_own_origin_and_gives_back_ours,
    includes_in_a_circle_or_too_deep_are_refused,
    includes_stay_inside_their_root, what_is_no_zone_file_gets_a_clear_error,
    a_file_that_changes_while_it_is_read_is_busy,
    the_stamp_says_whether_a_file_changed, real_zones_load_whole)
