/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Who may write a new store is what the umask says: control and data plane are
 * different users of one group, and either may be the one that makes it.
 */
#include <stdio.h>
#include <sys/stat.h>

#include "snapshot/store.h"
#include "tests/unit/unit_run.h"

static void
expect_mode(const char *dir, const char *name, unsigned mode)
{
	char path[UNIT_PATH_MAX];
	struct stat st;

	ck_assert_int_eq(stat(unit_path(path, dir, name), &st), 0);
	ck_assert_msg((st.st_mode & 07777) == mode, "%s has mode %o", name,
	    (unsigned)(st.st_mode & 07777));
}

START_TEST(folders_follow_the_umask)
{
	static const struct {
		unsigned umask, folder, lock;
	} cases[] = {{0007, 0770, 0660}, {0022, 0755, 0640}};
	char dir[UNIT_PATH_MAX], store[UNIT_PATH_MAX];
	struct err err;

	for (size_t i = 0; i < 2; i++) {
		unit_directory_make(dir);
		umask(cases[i].umask);
		unit_path(store, dir, "new/store");
		if (store_create(store, &err) != 0)
			ck_abort_msg("%s", err.text);
		expect_mode(dir, "new/store", cases[i].folder);
		expect_mode(store, "cells", cases[i].folder);
		expect_mode(store, "generations", cases[i].folder);
		expect_mode(store, "commit.lock", cases[i].lock);
		expect_mode(store, "holdfast-store", 0640);
		unit_directory_remove(dir);
	}
}
END_TEST

UNIT_MAIN("store_modes", folders_follow_the_umask)
