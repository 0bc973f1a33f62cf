/* SPDX-License-Identifier: BSD-2-Clause
 *
 * CPUs and huge pages, as the kernel tells them.
 */
#include "base/machine.h"

#include <dirent.h>
#include <sched.h>
#include <stdio.h>

#define HUGE_PAGES_DIR "/sys/kernel/mm/hugepages"

int
machine_cpu_check(unsigned cpu, const char *where, struct err *err)
{
	cpu_set_t have;

	if (sched_getaffinity(0, sizeof have, &have))
		return err_set_errno(err, "sched_getaffinity");
	if (cpu < CPU_SETSIZE && CPU_ISSET(cpu, &have))
		return 0;
	return err_set(err, ERR_NOT_FOUND,
	    "%s: this process may not run on CPU %u; it has %d CPUs (nproc, "
	    "taskset -pc $$ and the cgroup's cpuset say which)",
	    where, cpu, CPU_COUNT(&have));
}

static uint64_t
free_pages(const char *size_dir)
{
	char path[512];
	unsigned long long n = 0;
	FILE *f;

	snprintf(
	    path, sizeof path, HUGE_PAGES_DIR "/%s/free_hugepages", size_dir);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%llu", &n) != 1)
		n = 0;
	fclose(f);
	return n;
}

uint64_t
machine_huge_pages_free_mib(void)
{
	unsigned long long page_kib;
	uint64_t kib = 0;
	struct dirent *e;
	DIR *d = opendir(HUGE_PAGES_DIR);

	if (!d)
		return 0;
	while ((e = readdir(d)))
		if (sscanf(e->d_name, "hugepages-%llukB", &page_kib) == 1)
			kib += page_kib * free_pages(e->d_name);
	closedir(d);
	return kib >> 10;
}
