/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the machine has: this process' CPUs, and huge pages as another of the
 * kernel's files counts them.
 */
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "base/machine.h"
#include "tests/unit/unit_run.h"

START_TEST(cpus)
{
	cpu_set_t have, one;
	unsigned cpu = 0;
	struct err err;

	ck_assert_int_eq(sched_getaffinity(0, sizeof have, &have), 0);
	while (!CPU_ISSET(cpu, &have))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	ck_assert_int_eq(sched_setaffinity(0, sizeof one, &one), 0);
	ck_assert_int_eq(machine_cpu_check(cpu, "here", &err), 0);
	ck_assert_int_eq(
	    machine_cpu_check(cpu + 1, "wan.cores", &err), ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "wan.cores: "));
	ck_assert_ptr_nonnull(strstr(err.text, "it has 1 CPUs"));
	ck_assert_int_eq(
	    machine_cpu_check(CPU_SETSIZE, "here", &err), ERR_NOT_FOUND);
	ck_assert_int_eq(machine_cpu_check(~0U, "here", &err), ERR_NOT_FOUND);
}
END_TEST

/* /proc/meminfo has those of the default size only. */
START_TEST(huge_pages)
{
	unsigned long free_pages = 0, kib = 0;
	char line[200];
	FILE *f = fopen("/proc/meminfo", "re");

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof line, f)) {
		sscanf(line, "HugePages_Free: %lu", &free_pages);
		sscanf(line, "Hugepagesize: %lu", &kib);
	}
	fclose(f);
	ck_assert_uint_ge(
	    machine_huge_pages_free_mib(), free_pages * kib >> 10);
}
END_TEST

UNIT_MAIN("machine", cpus, huge_pages)
