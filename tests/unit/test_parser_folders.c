/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of control/parser/parser_folders.c: which folders a parser may
 * read.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/parser/parser_folders.h"
#include "tests/unit/unit_run.h"

/* The folders of `files` are `expected`, with commas between. */
static void
expect(size_t most, const char *const *files, const char *expected)
{
	struct parser_folders f = {0};
	char all[1024] = "";
	struct err err;

	for (; *files; files++)
		ck_assert_int_eq(parser_folders_add(&f, *files, &err), 0);
	parser_folders_settle(&f, most);
	for (size_t i = 0; i < f.count; i++)
		snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s",
		    i ? "," : "", f.paths[i]);
	ck_assert_str_eq(all, expected);
	parser_folders_fini(&f);
}

START_TEST(each_once)
{
	static const char *const files[] = {
	    "/z/a", "/y/b", "/z/c", "/z/d", "/e", "/z//f", "bare", NULL};
	static const char *const none[] = {NULL};

	expect(9, files, ".,/,/y,/z");
	expect(9, none, "");
}
END_TEST

START_TEST(the_deepest_give_way)
{
	static const char *const files[] = {
	    "/z/1/a", "/z/2/b", "/z/3/x/c", "/y/d", NULL};

	expect(4, files, "/y,/z/1,/z/2,/z/3/x");
	expect(3, files, "/y,/z");
	expect(1, files, "/");
}
END_TEST

static void
make(char path[UNIT_PATH_MAX], const char *top, const char *name)
{
	ck_assert_int_eq(mkdir(unit_path(path, top, name), 0700), 0);
}

START_TEST(another_folder_under_the_name)
{
	char top[UNIT_PATH_MAX], a[UNIT_PATH_MAX], b[UNIT_PATH_MAX],
	    file[UNIT_PATH_MAX + 8], deep[UNIT_PATH_MAX + 16];
	struct parser_folders f = {0};
	struct err err;

	unit_directory_make(top);
	make(a, top, "a");
	snprintf(file, sizeof file, "%s/zone", a);
	snprintf(deep, sizeof deep, "%s/b/c/zone", a);
	ck_assert_int_eq(parser_folders_add(&f, file, &err), 0);
	parser_folders_settle(&f, 8);
	ck_assert(parser_folders_are_stale(&f, file)); /* nothing noted */
	parser_folders_note(&f);
	ck_assert(!parser_folders_are_stale(&f, file));
	ck_assert(!parser_folders_are_stale(&f, deep));
	ck_assert(parser_folders_are_stale(&f, "/elsewhere/zone"));
	ck_assert(parser_folders_are_stale(&f, "bare"));
	make(b, top, "b");
	ck_assert_int_eq(rmdir(a), 0);
	ck_assert(parser_folders_are_stale(&f, file));
	ck_assert_int_eq(rename(b, a), 0);
	ck_assert(parser_folders_are_stale(&f, deep));
	parser_folders_note(&f);
	ck_assert(!parser_folders_are_stale(&f, file));
	parser_folders_fini(&f);
	unit_directory_remove(top);
}
END_TEST

UNIT_MAIN("parser_folders", each_once, the_deepest_give_way,
    another_folder_under_the_name)
