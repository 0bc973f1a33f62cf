/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Runner and scratch directories of the unit tests.
 */
#include "tests/unit/unit_run.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

int
unit_run(const char *suite, const TTest *const *tests, size_t n)
{
	Suite *s = suite_create(suite);
	TCase *tc = tcase_create(suite);
	SRunner *sr;
	int failed;

	/* sanitizers on a busy machine are slow; a hang is still found */
	tcase_set_timeout(tc, 120);
	for (size_t i = 0; i < n; i++)
		tcase_add_test(tc, tests[i]);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

void
unit_directory_make(char path[UNIT_PATH_MAX])
{
	const char *top = getenv("TMPDIR");
	int n = snprintf(
	    path, UNIT_PATH_MAX, "%s/holdfast-unit-XXXXXX", top ? top : "/tmp");

	ck_assert_int_lt(n, UNIT_PATH_MAX);
	ck_assert_ptr_nonnull(mkdtemp(path));
}

static int
entry_remove(
    const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

void
unit_directory_remove(const char *path)
{
	ck_assert_int_eq(nftw(path, entry_remove, 16, FTW_DEPTH | FTW_PHYS), 0);
}

char *
unit_path(char dst[UNIT_PATH_MAX], const char *dir, const char *name)
{
	int n = snprintf(dst, UNIT_PATH_MAX, "%s/%s", dir, name);

	ck_assert_int_lt(n, UNIT_PATH_MAX);
	return dst;
}
