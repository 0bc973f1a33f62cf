/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Cost of a query in the engine: time-stamp-counter cycles and instructions of
 * the two batch calls, nothing else: queries are in their buffers before the
 * clock starts, answers are checked in a pass of their own. One zone of N names
 * with an A record each; 80 % of the queries hit; names are asked in an order
 * that comes back to one only after all others.
 *
 *   bench_engine [--names N,N,...] [--queries N] [--out FILE]
 *
 * A JSON line a case goes to FILE. Compare ratios within one run: the machine
 * may be shared and its clock changes.
 */
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <x86intrin.h>

#include "base/dns.h"
#include "base/wire.h"
#include "dataplane/answer/answer.h"
#include "tests/bench/hosts_snapshot.h"

enum {
	BATCH = 32,
	BUFFER_BYTES = 2240, /* an mbuf's stride: an odd number of lines */
	HIT_PERCENT = 80,
	QUERIES_LEAST = 4 << 20,
	ROUNDS = 5, /* the median is reported */
};

struct profile {
	const char *name;
	unsigned edns_percent, do_percent;
};

static const struct profile profiles[] = {{"plain", 0, 0}, {"edns", 90, 70}};

struct bench {
	struct answer_batch *batch;
	struct answer_query q[BATCH];
	uint32_t asked[BATCH]; /* number of the name; MISS: does not exist */
	uint8_t *buffers;
	uint64_t next, names, step, random;
	const struct profile *profile;
};

#define MISS 0x80000000u

static uint64_t
bench_random(struct bench *b)
{
	b->random ^= b->random << 13;
	b->random ^= b->random >> 7;
	b->random ^= b->random << 17;
	return b->random;
}

static uint64_t
gcd(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t r = a % b;

		a = b;
		b = r;
	}
	return a;
}

/* A query for name `i`, or for one that does not exist. */
static unsigned
query_make(struct bench *b, uint8_t *m, uint32_t i, bool hit)
{
	uint8_t *p = m + DNS_HEADER_BYTES;
	unsigned percent = (unsigned)(bench_random(b) % 100);
	bool edns = percent < b->profile->edns_percent;
	bool want_do = percent < b->profile->do_percent;

	memset(m, 0, DNS_HEADER_BYTES);
	wire_store16(m, (uint16_t)i);
	m[5] = 1;
	m[11] = edns;
	p += bench_label(p, hit ? 'h' : 'x', i);
	memcpy(p, BENCH_APEX_WIRE, sizeof BENCH_APEX_WIRE);
	p += sizeof BENCH_APEX_WIRE;
	memcpy(p, "\0\1\0\1", 4);
	p += 4;
	if (edns) {
		memcpy(p, "\0\0\x29\x04\xd0\0\0\0\0\0\0", DNS_OPT_BYTES);
		p[7] = want_do ? 0x80 : 0;
		p += DNS_OPT_BYTES;
	}
	return (unsigned)(p - m);
}

static void
burst_fill(struct bench *b)
{
	for (unsigned k = 0; k < BATCH; k++) {
		uint8_t *m = b->buffers + (size_t)k * BUFFER_BYTES;
		uint32_t i = (uint32_t)b->next;
		bool hit = bench_random(b) % 100 < HIT_PERCENT;

		b->next = (b->next + b->step) % b->names;
		b->asked[k] = i | (hit ? 0 : MISS);
		b->q[k] = (struct answer_query){.message = m,
		    .bytes = query_make(b, m, i, hit),
		    .capacity = 2048};
	}
}

static void
burst_check(const struct bench *b)
{
	for (unsigned k = 0; k < BATCH; k++) {
		const struct answer_query *q = &b->q[k];
		const uint8_t *m = q->message;
		bool hit = !(b->asked[k] & MISS);
		uint32_t i = b->asked[k] & ~MISS;
		unsigned question = DNS_HEADER_BYTES + 1 + m[12] +
		                    (unsigned)sizeof BENCH_APEX_WIRE + 4;
		bool good = q->response_bytes > question &&
		            (m[3] & 15) == (hit ? 0 : DNS_RCODE_NXDOMAIN) &&
		            m[7] == hit && m[9] == !hit &&
		            wire_load16(m) == (uint16_t)i;

		if (good && hit)
			good =
			    wire_load32(m + question + 12) == bench_address(i);
		if (!good) {
			fprintf(stderr,
			    "bench_engine: wrong answer for %s %u\n",
			    hit ? "name" : "missing name", i);
			exit(1);
		}
	}
}

static int
instructions_open(void)
{
	struct perf_event_attr a = {.type = PERF_TYPE_HARDWARE,
	    .size = sizeof a,
	    .config = PERF_COUNT_HW_INSTRUCTIONS,
	    .exclude_kernel = 1,
	    .exclude_hv = 1};

	return (int)syscall(SYS_perf_event_open, &a, 0, -1, -1, 0);
}

static uint64_t
instructions_read(int fd)
{
	uint64_t n = 0;

	return fd >= 0 && read(fd, &n, sizeof n) == sizeof n ? n : 0;
}

/* One pass; returns cycles a query. With `dry` the engine is left out: the
 * instructions of such a pass are what is not the engine's. */
static double
pass(struct bench *b, const struct generation *g, const struct query_ctx *ctx,
    uint64_t queries, bool dry)
{
	uint64_t cycles = 0, done = 0;

	for (; done < queries; done += BATCH) {
		unsigned ignored;
		uint64_t start;

		burst_fill(b);
		if (dry)
			continue;
		start = __rdtsc();
		answer_batch_find(b->batch, g, ctx, b->q, BATCH);
		answer_batch_write(b->batch, g, ctx, b->q, BATCH);
		cycles += __rdtscp(&ignored) - start;
	}
	return (double)cycles / (double)done;
}

static void
check_pass(struct bench *b, const struct generation *g,
    const struct query_ctx *ctx, uint64_t queries)
{
	for (uint64_t done = 0; done < queries; done += BATCH) {
		burst_fill(b);
		answer_batch_find(b->batch, g, ctx, b->q, BATCH);
		answer_batch_write(b->batch, g, ctx, b->q, BATCH);
		burst_check(b);
	}
}

static double
instructions_measure(struct bench *b, const struct generation *g,
    const struct query_ctx *ctx, uint64_t queries)
{
	int fd = instructions_open();
	uint64_t seed = b->random, t0, t1, t2;

	t0 = instructions_read(fd);
	pass(b, g, ctx, queries, true);
	t1 = instructions_read(fd);
	b->random = seed;
	pass(b, g, ctx, queries, false);
	t2 = instructions_read(fd);
	if (fd >= 0)
		close(fd);
	return (double)(t2 - t1 - (t1 - t0)) / (double)queries;
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void
bench_case(struct bench *b, const struct hosts_snapshot *snap, uint64_t queries,
    FILE *out)
{
	struct answer_config config;
	struct query_ctx ctx = {.config = &config, .transport = ANSWER_UDP};
	double cycles[ROUNDS], instructions;
	char line[512];

	answer_config_default(&config);
	b->names = snap->names;
	b->step = (uint64_t)((double)b->names * 0.6180339887) | 1;
	while (gcd(b->step, b->names) != 1)
		b->step++;
	b->next = 0;
	b->random = 88172645463325252ull;
	check_pass(b, snap->generation, &ctx, queries);
	for (unsigned r = 0; r < ROUNDS; r++)
		cycles[r] = pass(b, snap->generation, &ctx, queries, false);
	qsort(cycles, ROUNDS, sizeof *cycles, by_value);
	instructions = instructions_measure(
	    b, snap->generation, &ctx, queries < 1 << 20 ? queries : 1 << 20);
	snprintf(line, sizeof line,
	    "{\"names\": %lu, \"hit\": 0.%02d, \"batch\": %d, "
	    "\"profile\": \"%s\", \"tsc_cycles_per_query\": %.1f, "
	    "\"instructions_per_query\": %.0f, \"bytes_per_name\": %.1f, "
	    "\"least_cycles\": %.1f}\n",
	    snap->names, HIT_PERCENT, BATCH, b->profile->name,
	    cycles[ROUNDS / 2], instructions,
	    (double)snap->generation->bytes / (double)snap->names, cycles[0]);
	fputs(line, stdout);
	fputs(line, out);
	fflush(stdout);
}

static void
bench_names(uint64_t names, uint64_t queries, FILE *out)
{
	struct bench b = {.batch = answer_batch_new(),
	    .buffers = aligned_alloc(64, (size_t)BATCH * BUFFER_BYTES)};
	struct hosts_snapshot snap;
	struct err err;

	if (!b.batch || !b.buffers ||
	    hosts_snapshot_make(&snap, names, &err) != 0) {
		fprintf(stderr, "bench_engine: %s\n", err.text);
		exit(1);
	}
	memset(b.buffers, 0, (size_t)BATCH * BUFFER_BYTES);
	for (unsigned p = 0; p < sizeof profiles / sizeof *profiles; p++) {
		b.profile = &profiles[p];
		bench_case(&b, &snap, queries, out);
	}
	hosts_snapshot_free(&snap);
	answer_batch_free(b.batch);
	free(b.buffers);
}

int
main(int argc, char **argv)
{
	const char *names = "1000,100000,1000000,10000000";
	const char *path = "build/bench/engine.jsonl";
	uint64_t queries = QUERIES_LEAST;
	FILE *out;

	for (int i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--names"))
			names = argv[i + 1];
		else if (!strcmp(argv[i], "--queries"))
			queries = strtoull(argv[i + 1], NULL, 10);
		else if (!strcmp(argv[i], "--out"))
			path = argv[i + 1];
		else
			return 2;
	}
	out = fopen(path, "w");
	if (!out) {
		perror(path);
		return 1;
	}
	for (const char *p = names; *p;) {
		char *end;

		bench_names(strtoull(p, &end, 10), queries, out);
		p = *end == ',' ? end + 1 : end;
	}
	fclose(out);
	return 0;
}
