/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The folder of crashes: what is taken, what is kept, what is left alone.
 */
#include "dataplane/guard/crash_files.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "tests/unit/unit_run.h"

static char dir[UNIT_PATH_MAX];
static int dir_fd;
static char taken[1024]; /* "NAME=CONTENT " each, as they came */
static struct err err;

static void
start(void)
{
	unit_directory_make(dir);
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY);
	ck_assert_int_ge(dir_fd, 0);
	taken[0] = 0;
}

static void
stop(void)
{
	close(dir_fd);
	unit_directory_remove(dir);
}

static void
put(const char *name, const char *text)
{
	ck_assert_int_eq(file_write(dir_fd, name, 0600, text, strlen(text),
			     FILE_REPLACE, &err),
	    0);
}

static bool
there(const char *name)
{
	return faccessat(dir_fd, name, F_OK, 0) == 0;
}

static void
hear(void *arg, const char *name, const void *data, size_t bytes)
{
	size_t used = strlen(taken);

	(void)arg;
	snprintf(taken + used, sizeof taken - used, "%s=%.*s ", name,
	    (int)bytes, (const char *)data);
}

START_TEST(the_newest_are_taken_and_kept)
{
	start();
	put("prog-1000000000001-11.burst", "one");
	put("prog-1000000000003-9.burst", "three");
	put("prog-1000000000002-10.burst", "two");
	put("prog-1000000000004-8.burst", "");
	crash_files_take(dir_fd, "prog", 2, 16, hear, NULL);
	ck_assert_str_eq(taken, "prog-1000000000003-9.burst=three "
				"prog-1000000000002-10.burst=two ");
	ck_assert(there("prog-1000000000003-9.crash"));
	ck_assert(there("prog-1000000000002-10.crash"));
	/* beyond the number, and empty: gone */
	ck_assert(!there("prog-1000000000001-11.burst"));
	ck_assert(!there("prog-1000000000001-11.crash"));
	ck_assert(!there("prog-1000000000004-8.burst"));
	ck_assert(!there("prog-1000000000004-8.crash"));
	/* none is taken twice */
	taken[0] = 0;
	crash_files_take(dir_fd, "prog", 2, 16, hear, NULL);
	ck_assert_str_eq(taken, "");
	stop();
}
END_TEST

START_TEST(old_crashes_are_pruned)
{
	char name[64];

	start();
	for (unsigned i = 0; i < 20; i++) {
		snprintf(name, sizeof name, "prog-10000000000%02u-1.crash", i);
		put(name, "old");
	}
	put("other-1000000000000-1.crash", "another program's");
	put("prog-1000000000099-1.burst", "new");
	crash_files_take(dir_fd, "prog", 2, 4, hear, NULL);
	ck_assert_str_eq(taken, "prog-1000000000099-1.burst=new ");
	ck_assert(there("prog-1000000000099-1.crash"));
	for (unsigned i = 0; i < 20; i++) {
		snprintf(name, sizeof name, "prog-10000000000%02u-1.crash", i);
		ck_assert_int_eq(there(name), i >= 17);
	}
	ck_assert(there("other-1000000000000-1.crash"));
	stop();
}
END_TEST

START_TEST(what_is_not_ours_is_left_alone)
{
	static const char *const names[] = {"other-1000000000001-1.burst",
	    "prog-x-1.burst", "prog-1.burst.new", "progress-1-1.burst",
	    "0123456789abcdef.query", "prog-.crash"};

	start();
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		put(names[i], "x");
	crash_files_take(dir_fd, "prog", 16, 0, hear, NULL);
	ck_assert_str_eq(taken, "");
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		ck_assert_msg(there(names[i]), "%s", names[i]);
	stop();
}
END_TEST

/* A process that runs holds the lock of its file. */
START_TEST(a_living_process_keeps_its_file)
{
	char name[CRASH_FILE_NAME_MAX];
	int fd;

	start();
	ck_assert_int_eq(crash_file_create(&fd, name, dir_fd, "prog", &err), 0);
	ck_assert_int_eq(write(fd, "burst", 5), 5);
	crash_files_take(dir_fd, "prog", 16, 16, hear, NULL);
	ck_assert_str_eq(taken, "");
	ck_assert(there(name));
	close(fd);
	crash_files_take(dir_fd, "prog", 16, 16, hear, NULL);
	ck_assert_ptr_nonnull(strstr(taken, "=burst "));
	ck_assert(!there(name));
	stop();
}
END_TEST

/* Somebody planted a link where a file should be. */
START_TEST(links_are_not_followed)
{
	start();
	put("secret", "secret");
	ck_assert_int_eq(
	    symlinkat("secret", dir_fd, "prog-1000000000001-1.burst"), 0);
	crash_files_take(dir_fd, "prog", 16, 16, hear, NULL);
	ck_assert_str_eq(taken, "");
	ck_assert(there("secret"));
	stop();
}
END_TEST

UNIT_MAIN("crash_files", the_newest_are_taken_and_kept, old_crashes_are_pruned,
    what_is_not_ours_is_left_alone, a_living_process_keeps_its_file,
    links_are_not_followed)
