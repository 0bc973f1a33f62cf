/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the defence of a poll core costs besides the limits, which profile full
 * of bench_engine has: the copy of the burst in hand for the guard, and the
 * lookup of a client among prefixes. Prints a JSON line each; TSC cycles a
 * query, the least and the median of many bursts of 32.
 *
 *   bench_defence
 */
#include <stdio.h>
#include <stdlib.h>
#include <x86intrin.h>

#include "dataplane/guard/burst_log.h"
#include "dataplane/limit/prefix_set.h"

enum {
	BURST = 32,
	BURSTS = 8191,
	ROOM = 2048, /* of a packet buffer */
	BUFFERS = 256,
};

static uint64_t took[BURSTS];

/* xorshift: the same addresses every time. */
static uint64_t
draw(void)
{
	static uint64_t state = 88172645463325252ull;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static int
ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t
now(void)
{
	unsigned cpu;

	return __rdtscp(&cpu);
}

static void
report(const char *what, unsigned size)
{
	qsort(took, BURSTS, sizeof *took, ascending);
	printf("{\"what\": \"%s\", \"size\": %u, \"least\": %.1f, "
	       "\"median\": %.1f}\n",
	    what, size, (double)took[0] / BURST,
	    (double)took[BURSTS / 2] / BURST);
}

/* Messages lie where a port has just put them: near, each in a buffer of its
 * own. */
static void
copy_measure(struct burst_log *log, uint8_t *buffers, uint32_t bytes)
{
	static const uint8_t client[16] = {192, 0, 2, 1};
	struct answer_query q[BURST];

	for (unsigned r = 0; r < BURSTS; r++) {
		uint64_t start;

		for (unsigned i = 0; i < BURST; i++) {
			size_t at = (r * BURST + i) % BUFFERS;

			q[i] = (struct answer_query){
			    .message = buffers + at * ROOM,
			    .bytes = bytes,
			    .capacity = ROOM,
			    .client = client,
			    .client_bytes = 4};
			__builtin_prefetch(q[i].message);
		}
		start = now();
		burst_log_hold_all(log, NULL, q, BURST, ANSWER_UDP);
		took[r] = now() - start;
		burst_log_end(log);
	}
	report("guard's copy, octets", bytes);
}

static struct prefix_set *
prefixes_make(unsigned count, struct err *err)
{
	struct prefix_rules rules = {0};
	struct prefix_set *set = NULL;
	char text[32];
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < count; i++) {
		uint64_t v = draw();

		snprintf(text, sizeof text, "%u.%u.%u.0/24",
		    (unsigned)(v % 220 + 1), (unsigned)(v >> 8 & 255),
		    (unsigned)(v >> 16 & 255));
		rc = prefix_rules_add(
		    &rules, PREFIX_LIST_DENY, text, "bench", err);
	}
	if (rc == 0)
		rc = prefix_set_new(&set, &rules, err);
	prefix_rules_fini(&rules);
	return set;
}

static int
prefixes_measure(unsigned count, struct err *err)
{
	struct prefix_set *set = prefixes_make(count, err);
	uint8_t clients[BURST][4];
	unsigned denied = 0;

	if (!set)
		return -1;
	for (unsigned r = 0; r < BURSTS; r++) {
		uint64_t start;

		for (unsigned i = 0; i < BURST; i++) {
			uint64_t v = draw();

			memcpy(clients[i], &v, sizeof clients[i]);
		}
		start = now();
		for (unsigned i = 0; i < BURST; i++)
			denied += prefix_set_class(set, clients[i], 4);
		took[r] = now() - start;
	}
	/* used, or the compiler leaves the lookups out */
	if (denied > BURSTS * BURST)
		printf("more were denied than asked\n");
	report("prefix of a client, IPv4 prefixes", count);
	prefix_set_free(&set);
	return 0;
}

int
main(void)
{
	static const uint32_t bytes[] = {32, 64, 96};
	static const unsigned counts[] = {16, 1000, 100000};
	uint8_t *buffers = aligned_alloc(64, (size_t)BUFFERS * ROOM);
	struct burst_log *log = NULL;
	struct err err = {0};
	int rc = buffers ? burst_log_new(&log, BURST, ROOM, &err) : -1;

	if (rc == 0)
		memset(buffers, 1, (size_t)BUFFERS * ROOM);
	for (unsigned i = 0; rc == 0 && i < 3; i++)
		copy_measure(log, buffers, bytes[i]);
	for (unsigned i = 0; rc == 0 && i < 3; i++)
		rc = prefixes_measure(counts[i], &err);
	burst_log_free(&log);
	free(buffers);
	if (rc)
		fprintf(stderr, "bench_defence: %s\n", err.text);
	return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}
