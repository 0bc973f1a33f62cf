/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The processor check agrees with the compiler's own, which knows fewer names
 * and is linked against code that may need them already.
 */
#include "base/cpu.h"

#include <string.h>

#include "tests/unit/unit_run.h"

START_TEST(agrees_with_the_compiler)
{
	struct err err = {0};
	int rc = cpu_check(&err);
	int good =
	    __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
	    __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma") &&
	    __builtin_cpu_supports("popcnt");

	ck_assert_msg(rc == (good ? 0 : ERR_UNAVAILABLE), "%s", err.text);
	ck_assert_int_eq(err.code, rc);
	ck_assert_int_eq(cpu_check(NULL), rc);
}
END_TEST

UNIT_MAIN("cpu", agrees_with_the_compiler)
