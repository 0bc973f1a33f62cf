/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What every unit test program shares: its main, and a scratch directory.
 * Tests of a program run one after the other, each in a process of its own.
 */
#ifndef HOLDFAST_UNIT_RUN_H
#define HOLDFAST_UNIT_RUN_H

#include <check.h>
#include <stddef.h>

enum { UNIT_PATH_MAX = 256 };

/* Runs the tests; returns main's status. */
int unit_run(const char *suite, const TTest *const *tests, size_t n);

#define UNIT_MAIN(suite, ...)                                                  \
	int main(void)                                                         \
	{                                                                      \
		const TTest *const tests[] = {__VA_ARGS__};                    \
                                                                               \
		return unit_run(suite, tests, sizeof tests / sizeof tests[0]); \
	}

/* A new empty directory, on the tests' TMPDIR or /tmp. The caller removes it
 * with unit_directory_remove(), and everything in it. */
void unit_directory_make(char path[UNIT_PATH_MAX]);
void unit_directory_remove(const char *path);

/* dst = "dir/name"; returns dst. */
char *unit_path(char dst[UNIT_PATH_MAX], const char *dir, const char *name);

#endif
