/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of clocks that jump (base/clock.c): where programs have fault
 * points, and nowhere else.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "tests/unit/unit_run.h"

#ifdef HOLDFAST_FAULTS
#define JUMPS 1
#else
#define JUMPS 0
#endif

static void
jump_put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

START_TEST(test_clock_jumps)
{
	char dir[UNIT_PATH_MAX], path[UNIT_PATH_MAX];

	unit_directory_make(dir);
	unit_path(path, dir, "jump");
	setenv("HOLDFAST_CLOCK_JUMP", path, 1);
	ck_assert_int_eq(clock_jump_s(CLOCK_REALTIME), 0); /* no file */
	jump_put(path, "315360000\n");
	ck_assert_int_eq(clock_jump_s(CLOCK_REALTIME), JUMPS * 315360000);
	ck_assert_int_eq(
	    clock_jump_s(CLOCK_REALTIME_COARSE), JUMPS * 315360000);
	ck_assert_int_eq(clock_jump_s(CLOCK_MONOTONIC), 0);
	ck_assert_int_eq(clock_jump_s(CLOCK_BOOTTIME), 0);
	jump_put(path, "-315360000\n");
	ck_assert_int_eq(clock_jump_s(CLOCK_REALTIME), JUMPS * -315360000);
	jump_put(path, "never\n");
	ck_assert_int_eq(clock_jump_s(CLOCK_REALTIME), 0);
	unsetenv("HOLDFAST_CLOCK_JUMP");
	ck_assert_int_eq(clock_jump_s(CLOCK_REALTIME), 0);
	unit_directory_remove(dir);
}
END_TEST

UNIT_MAIN("clock", test_clock_jumps)
