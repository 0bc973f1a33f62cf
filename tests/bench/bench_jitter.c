/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the machine takes from a core that polls: spins for some seconds, notes
 * each gap between two looks at the clock, and prints a JSON line. `wait_us` is
 * how long something waits that arrives at a random time, at best: a latency
 * below that cannot be had here.
 *
 *   bench_jitter CPU SECONDS
 */
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <x86intrin.h>

#define GAPS_MAX 1000000u
/* Shorter ones are the loop itself. */
#define GAP_LEAST_US 1.0

struct jitter {
	double cycles_a_us;
	uint64_t *gaps; /* cycles */
	size_t count;
	uint64_t all;
};

static int
descending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x < y) - (x > y);
}

static double
cycles_a_us(void)
{
	struct timespec pause = {.tv_nsec = 100000000}, from, to;
	uint64_t start = __rdtsc(), end;

	clock_gettime(CLOCK_MONOTONIC, &from);
	nanosleep(&pause, NULL);
	end = __rdtsc();
	clock_gettime(CLOCK_MONOTONIC, &to);
	return (double)(end - start) /
	       ((double)(to.tv_sec - from.tv_sec) * 1e6 +
		   (double)(to.tv_nsec - from.tv_nsec) / 1e3);
}

static void
spin(struct jitter *j, double seconds)
{
	uint64_t least = (uint64_t)(GAP_LEAST_US * j->cycles_a_us);
	uint64_t start = __rdtsc(), last = start;
	uint64_t end = start + (uint64_t)(seconds * 1e6 * j->cycles_a_us);

	while (last < end && j->count < GAPS_MAX) {
		uint64_t now = __rdtsc();

		if (now - last >= least)
			j->gaps[j->count++] = now - last;
		last = now;
	}
	j->all = last - start;
	qsort(j->gaps, j->count, sizeof *j->gaps, descending);
}

/* The wait that a share of all arrivals is above. Gaps longer than w make the
 * part of each that is left at w wait longer than w. */
static double
wait_us(const struct jitter *j, double share)
{
	double limit = share * (double)j->all, sum = 0;

	for (size_t n = 0; n < j->count; n++) {
		double next = n + 1 < j->count ? (double)j->gaps[n + 1] : 0;

		sum += (double)j->gaps[n];
		if (sum - (double)(n + 1) * next >= limit)
			return (sum - limit) / (double)(n + 1) / j->cycles_a_us;
	}
	return 0;
}

int
main(int argc, char **argv)
{
	struct jitter j = {.gaps = malloc(GAPS_MAX * sizeof *j.gaps)};
	double lost = 0;
	cpu_set_t cpus;

	if (argc != 3 || !j.gaps) {
		fputs("usage: bench_jitter CPU SECONDS\n", stderr);
		return 2;
	}
	CPU_ZERO(&cpus);
	CPU_SET((size_t)atoi(argv[1]), &cpus);
	if (sched_setaffinity(0, sizeof cpus, &cpus) != 0) {
		perror("bench_jitter: CPU");
		return 1;
	}
	j.cycles_a_us = cycles_a_us();
	spin(&j, atof(argv[2]));
	for (size_t i = 0; i < j.count; i++)
		lost += (double)j.gaps[i];
	printf("{\"cpu\": %s, \"lost_percent\": %.3f, \"wait_us\": "
	       "{\"p99\": %.1f, \"p99.9\": %.1f, \"max\": %.1f}}\n",
	    argv[1], 100 * lost / (double)j.all, wait_us(&j, .01),
	    wait_us(&j, .001),
	    j.count ? (double)j.gaps[0] / j.cycles_a_us : 0.0);
	free(j.gaps);
	return 0;
}
