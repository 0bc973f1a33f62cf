/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The file of cookie secrets: what is taken and what is said of the rest, who
 * may read it, how it is made, replaced and watched.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/cookie_file.h"
#include "tests/unit/unit_run.h"

#define ONE "e5e973e5a6b2a43f48e7dc849e37bfcf"
#define TWO "dd3bdf9344b678b185a6f5cb60fca715"

static const struct {
	const char *text;
	int rc;
	unsigned count;
	const char *says;
} rows[] = {
    {ONE "\n", 0, 1, NULL},
    {ONE, 0, 1, NULL},
    {"# comment\n\n" ONE " \t\r\n" TWO "\n# more\n", 0, 2, NULL},
    {"E5E973E5A6B2A43F48E7DC849E37BFCF", 0, 1, NULL},
    {"", ERR_SYNTAX, 0, "F: no cookie secret in it"},
    {"# nothing\n", ERR_SYNTAX, 0, "F: no cookie secret in it"},
    {"\n" ONE "0\n", ERR_SYNTAX, 0, "F:2: a cookie secret is 32"},
    {"e5e973e5a6b2a43f48e7dc849e37bfc\n", ERR_SYNTAX, 0, "F:1: "},
    {"e5e973e5a6b2a43f48e7dc849e37bfcx\n", ERR_SYNTAX, 0, "F:1: "},
    {"0x" ONE "\n", ERR_SYNTAX, 0, "F:1: "},
    {" " ONE "\n", ERR_SYNTAX, 0, "F:1: "},
    {ONE "\n" TWO "\n" ONE "\n", ERR_LIMIT, 0, "F:3: more than 2"},
    {ONE "\n" ONE "\n", ERR_SEMANTIC, 0, "F: the two"},
};

START_TEST(texts)
{
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		size_t n = strlen(rows[i].text);
		char *exact = malloc(n + 1);
		struct cookie_file f;
		struct err err;
		int rc;

		memcpy(exact, rows[i].text, n);
		exact = realloc(exact, n ? n : 1);
		rc = cookie_file_parse(&f, "F", exact, n, &err);
		ck_assert_int_eq(rc, rows[i].rc);
		if (rc == 0) {
			ck_assert_uint_eq(f.count, rows[i].count);
			ck_assert_uint_eq(f.secrets[0][0], 0xe5);
			ck_assert_uint_eq(f.secrets[0][15], 0xcf);
		} else {
			ck_assert_msg(strncmp(err.text, rows[i].says,
					  strlen(rows[i].says)) == 0,
			    "%s", err.text);
			ck_assert_ptr_null(strstr(err.text, "e5e9"));
		}
		free(exact);
	}
}
END_TEST

static unsigned
mode_of(const char *path)
{
	struct stat st;

	ck_assert_int_eq(stat(path, &st), 0);
	return st.st_mode & 07777;
}

START_TEST(made_and_replaced)
{
	char dir[UNIT_PATH_MAX], path[UNIT_PATH_MAX];
	struct cookie_file f = {.count = 1}, got;
	struct err err;

	unit_directory_make(dir);
	unit_path(path, dir, "secrets");
	ck_assert_int_eq(cookie_file_read(&got, path, &err), ERR_NOT_FOUND);
	ck_assert_int_eq(cookie_secret_random(f.secrets[0], &err), 0);
	ck_assert_int_eq(cookie_file_write(&f, path, false, &err), 0);
	ck_assert_uint_eq(mode_of(path), 0640);
	ck_assert_int_eq(cookie_file_read(&got, path, &err), 0);
	ck_assert_mem_eq(&got, &f, sizeof f);
	ck_assert_int_eq(cookie_file_write(&f, path, false, &err), ERR_EXISTS);
	f.count = 2;
	ck_assert_int_eq(cookie_secret_random(f.secrets[1], &err), 0);
	ck_assert_int_eq(chmod(path, 0600), 0);
	ck_assert_int_eq(cookie_file_write(&f, path, true, &err), 0);
	ck_assert_uint_eq(mode_of(path), 0600);
	ck_assert_int_eq(cookie_file_read(&got, path, &err), 0);
	ck_assert_mem_eq(&got, &f, sizeof f);
	ck_assert_int_eq(chmod(path, 0644), 0);
	ck_assert_int_eq(cookie_file_read(&got, path, &err), ERR_REFUSED);
	/* nothing else is left behind */
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

START_TEST(watched)
{
	char dir[UNIT_PATH_MAX], path[UNIT_PATH_MAX];
	struct cookie_watch w = {0}, other = {0};
	struct cookie_file first, second, again;
	struct err err;

	unit_directory_make(dir);
	unit_path(path, dir, "secrets");
	/* the first look makes it, another's first look takes that one */
	ck_assert_int_eq(cookie_watch_look(&w, path, &first, &err), 1);
	ck_assert_int_eq(cookie_watch_look(&other, path, &second, &err), 1);
	ck_assert_mem_eq(&first, &second, sizeof first);
	ck_assert_int_eq(cookie_watch_look(&w, path, &again, &err), 0);
	second.secrets[0][0] ^= 1;
	ck_assert_int_eq(cookie_file_write(&second, path, true, &err), 0);
	ck_assert_int_eq(cookie_watch_look(&w, path, &again, &err), 1);
	ck_assert_mem_eq(&again, &second, sizeof again);
	/* told once; not made again by anybody but a first look */
	ck_assert_int_eq(chmod(path, 0666), 0);
	ck_assert_int_eq(
	    cookie_watch_look(&w, path, &again, &err), ERR_REFUSED);
	ck_assert_int_eq(cookie_watch_look(&w, path, &again, &err), 0);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(
	    cookie_watch_look(&w, path, &again, &err), ERR_NOT_FOUND);
	ck_assert_int_eq(cookie_watch_look(&w, path, &again, &err), 0);
	ck_assert_int_eq(cookie_file_write(&first, path, true, &err), 0);
	ck_assert_int_eq(cookie_watch_look(&w, path, &again, &err), 1);
	unit_directory_remove(dir);
}
END_TEST

START_TEST(places)
{
	char *path = cookie_file_path(NULL, "/store");

	ck_assert_str_eq(path, "/store/cookies.secret");
	free(path);
	path = cookie_file_path("/etc/secret", "/store");
	ck_assert_str_eq(path, "/etc/secret");
	free(path);
}
END_TEST

UNIT_MAIN("cookie_file", texts, made_and_replaced, watched, places)
