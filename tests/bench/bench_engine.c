/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Cost of a query in the engine: time-stamp-counter cycles and instructions of
 * the two batch calls, nothing else: queries are in their buffers before the
 * clock starts, answers are checked in a pass of their own. One zone of N names
 * with an A record each; 80 % of the queries hit; names are asked in an order
 * that comes back to one only after all others. The same zone signed, with NSEC
 * and with NSEC3, is asked for hits alone and misses alone, with DO and
 * without. sampled_ratio: the same with one query in a while sampled, as poll
 * cores do, by the cost without.
 *
 *   bench_engine [--names N,N,...] [--zones plain,nsec,nsec3]
 *                [--profiles NAME,...] [--queries N] [--out FILE]
 *
 * tsc_cycles_per_query is the median of five passes and least_cycles the least;
 * quiet_cycles is the first decile of the bursts of one pass: with neighbours
 * on the machine the rest shows what they do.
 * A JSON line a case goes to FILE. Compare ratios within one run: the machine
 * may be shared and its clock changes.
 */
#include <linux/perf_event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x86intrin.h>

#include "base/dns.h"
#include "base/wire.h"
#include "dataplane/answer/cookie.h"
#include "dataplane/answer/sampled_query.h"
#include "dataplane/limit/limits.h"
#include "tests/bench/hosts_snapshot.h"

enum {
	BATCH = 32,
	BUFFER_BYTES = 2240, /* an mbuf's stride: an odd number of lines */
	QUERIES_LEAST = 4 << 20,
	ROUNDS = 5, /* the median is reported */
	/* A burst that took this many times the median was interrupted: it is
	 * left out of the mean, and counted. */
	INTERRUPTED = 8,
	STEPPED_BURSTS = 4,         /* a step costs 20 microseconds */
	SIGNED_NAMES_MAX = 1000000, /* 10 million signed ones do not fit */
};

struct profile {
	const char *name;
	unsigned edns_percent, do_percent, hit_percent;
	/* within the share of EDNS; one of four has no server cookie yet */
	unsigned cookie_percent;
	bool limited; /* response rates are kept, and never reached */
};

static const struct profile unsigned_profiles[] = {
    {"plain", 0, 0, 80, 0, false},
    {"edns", 90, 70, 80, 0, false},
    {"full", 90, 70, 80, 30, true},
    {NULL, 0, 0, 0, 0, false},
};
static const struct profile signed_profiles[] = {
    {"hit", 0, 0, 100, 0, false},
    {"do-hit", 100, 100, 100, 0, false},
    {"nxdomain", 0, 0, 0, 0, false},
    {"do-nxdomain", 100, 100, 0, 0, false},
    {NULL, 0, 0, 0, 0, false},
};

static const struct zone_kind {
	const char *name;
	enum bench_chain chain;
	const struct profile *profiles;
} zone_kinds[] = {
    {"plain", BENCH_UNSIGNED, unsigned_profiles},
    {"nsec", BENCH_NSEC, signed_profiles},
    {"nsec3", BENCH_NSEC3, signed_profiles},
};

struct bench {
	struct answer_batch *batch;
	struct answer_query q[BATCH];
	uint32_t asked[BATCH]; /* number of the name; MISS: does not exist */
	uint8_t clients[BATCH][4];
	struct cookie_secrets secrets;
	struct limiter limiter;
	bool sampled; /* as poll cores do, at the default rate */
	struct sampler sampler;
	uint8_t *buffers;
	uint64_t next, names, step, random;
	double interrupted; /* share of bursts */
	double quiet;       /* least first decile of a pass, cycles a query */
	const struct zone_kind *kind;
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

enum { BENCH_NOW = 1800000000 };

/* The COOKIE option of a client that has been here before, or has not. Returns
 * its octets. */
static unsigned
cookie_option_make(struct bench *b, uint8_t *p, const uint8_t client[4])
{
	uint64_t bits = bench_random(b);
	bool knows = bits % 4 != 0;
	uint8_t cookie[COOKIE_BYTES];

	cookie_take(cookie, &b->secrets, BENCH_NOW - (uint32_t)(bits % 1024),
	    (const uint8_t *)&bits, COOKIE_CLIENT_BYTES, client, 4);
	wire_store16(p, DNS_OPTION_COOKIE);
	wire_store16(p + 2, knows ? COOKIE_BYTES : COOKIE_CLIENT_BYTES);
	memcpy(p + 4, cookie, COOKIE_BYTES);
	return 4u + (knows ? COOKIE_BYTES : COOKIE_CLIENT_BYTES);
}

/* A query for name `i`, or for one that does not exist. */
static unsigned
query_make(
    struct bench *b, uint8_t *m, uint32_t i, bool hit, const uint8_t client[4])
{
	uint8_t *p = m + DNS_HEADER_BYTES;
	unsigned percent = (unsigned)(bench_random(b) % 100);
	bool signed_zone = b->kind->chain != BENCH_UNSIGNED;
	bool edns = percent < b->profile->edns_percent;
	bool want_do = percent < b->profile->do_percent;

	memset(m, 0, DNS_HEADER_BYTES);
	wire_store16(m, (uint16_t)i);
	m[5] = 1;
	m[11] = edns;
	p += bench_label(p, hit || signed_zone ? 'h' : 'x', i);
	if (!hit && signed_zone) {
		/* right behind a name: any place of the chain */
		*p++ = 'x';
		m[DNS_HEADER_BYTES]++;
	}
	memcpy(p, BENCH_APEX_WIRE, sizeof BENCH_APEX_WIRE);
	p += sizeof BENCH_APEX_WIRE;
	memcpy(p, "\0\1\0\1", 4);
	p += 4;
	if (edns) {
		memcpy(p, "\0\0\x29\x04\xd0\0\0\0\0\0\0", DNS_OPT_BYTES);
		p[7] = want_do ? 0x80 : 0;
		if (b->profile->cookie_percent &&
		    bench_random(b) % b->profile->edns_percent <
			b->profile->cookie_percent)
			p[10] = (uint8_t)cookie_option_make(
			    b, p + DNS_OPT_BYTES, client);
		p += DNS_OPT_BYTES + p[10];
	}
	return (unsigned)(p - m);
}

static void
burst_fill(struct bench *b)
{
	for (unsigned k = 0; k < BATCH; k++) {
		uint8_t *m = b->buffers + (size_t)k * BUFFER_BYTES;
		uint32_t i = (uint32_t)b->next;
		bool hit = bench_random(b) % 100 < b->profile->hit_percent;

		b->next = (b->next + b->step) % b->names;
		b->asked[k] = i | (hit ? 0 : MISS);
		memcpy(b->clients[k], &i, 4);
		b->q[k] = (struct answer_query){.message = m,
		    .bytes = query_make(b, m, i, hit, b->clients[k]),
		    .capacity = 2048,
		    .client = b->clients[k],
		    .client_bytes = 4};
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
		bool proof =
		    b->kind->chain != BENCH_UNSIGNED && b->profile->do_percent;
		bool good = q->response_bytes > question &&
		            (m[3] & 15) == (hit ? 0 : DNS_RCODE_NXDOMAIN) &&
		            m[7] == hit * (1 + proof) &&
		            (proof ? (m[9] >= 4) == !hit : m[9] == !hit) &&
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

static inline uint64_t
burst_run(
    struct bench *b, const struct generation *g, const struct query_ctx *ctx)
{
	static const uint64_t key[2] = {1, 2};
	unsigned ignored, sampled = SAMPLED_NONE;
	uint64_t start = __rdtsc();

	if (b->sampled)
		sampled = sampled_query_begin(&b->sampler, SAMPLE_STABLE, start,
		    b->q, BATCH, ANSWER_UDP, key);
	answer_batch_find(b->batch, g, ctx, b->q, BATCH);
	if (b->profile->limited)
		limiter_respond(&b->limiter, start, b->q, BATCH);
	answer_batch_write(b->batch, g, ctx, b->q, BATCH);
	if (b->sampled)
		sampled_query_end(&b->sampler, sampled, g, ctx, b->q);
	return __rdtscp(&ignored) - start;
}

static int
by_cycles(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* The mean of a query over the bursts that nothing interrupted; sorts. */
static double
mean_kept(uint32_t *cycles, size_t bursts, size_t *kept)
{
	uint64_t sum = 0;

	*kept = 0;
	qsort(cycles, bursts, sizeof *cycles, by_cycles);
	while (*kept < bursts &&
	       cycles[*kept] <= INTERRUPTED * (uint64_t)cycles[bursts / 2])
		sum += cycles[(*kept)++];
	return (double)sum / (double)*kept / BATCH;
}

/* One pass; returns cycles a query. */
static double
pass(struct bench *b, const struct generation *g, const struct query_ctx *ctx,
    uint64_t queries)
{
	size_t bursts = (queries + BATCH - 1) / BATCH, kept;
	uint32_t *cycles = calloc(bursts, sizeof *cycles);
	double mean;

	if (!cycles)
		exit(1);
	for (size_t i = 0; i < bursts; i++) {
		uint64_t took;

		burst_fill(b);
		took = burst_run(b, g, ctx);
		cycles[i] = took < UINT32_MAX ? (uint32_t)took : UINT32_MAX;
	}
	mean = mean_kept(cycles, bursts, &kept);
	if (cycles[bursts / 10] < b->quiet * BATCH)
		b->quiet = (double)cycles[bursts / 10] / BATCH;
	free(cycles);
	b->interrupted += (double)(bursts - kept) / (double)bursts / ROUNDS;
	return mean;
}

/* Every other burst is one whose queries may be sampled: what that costs, by
 * what the others cost. */
static double
sampled_ratio(struct bench *b, const struct generation *g,
    const struct query_ctx *ctx, uint64_t queries)
{
	size_t bursts = queries / BATCH + 1, kept;
	uint32_t *cycles[2];
	double mean[2];

	for (unsigned k = 0; k < 2; k++) {
		cycles[k] = calloc(bursts, sizeof **cycles);
		if (!cycles[k])
			exit(1);
	}
	for (size_t i = 0; i < 2 * bursts; i++) {
		uint64_t took;

		b->sampled = i & 1;
		burst_fill(b);
		took = burst_run(b, g, ctx);
		cycles[i & 1][i / 2] =
		    took < UINT32_MAX ? (uint32_t)took : UINT32_MAX;
	}
	b->sampled = false;
	for (unsigned k = 0; k < 2; k++) {
		mean[k] = mean_kept(cycles[k], bursts, &kept);
		free(cycles[k]);
	}
	return mean[1] / mean[0];
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

/* By the processor's counter, where the machine lends one. */
static double
instructions_counted(struct bench *b, const struct generation *g,
    const struct query_ctx *ctx, int fd)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < STEPPED_BURSTS; i++) {
		uint64_t before, none;

		burst_fill(b);
		before = instructions_read(fd);
		none = instructions_read(fd) - before;
		before = instructions_read(fd);
		burst_run(b, g, ctx);
		sum += instructions_read(fd) - before - none;
	}
	return (double)sum / STEPPED_BURSTS / BATCH;
}

/* Without one: a child runs the bursts step by step between two traps. */
static void
stepped_child(
    struct bench *b, const struct generation *g, const struct query_ctx *ctx)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	for (unsigned i = 0; i < STEPPED_BURSTS; i++) {
		burst_fill(b);
		__asm__ volatile("int3");
		burst_run(b, g, ctx);
		__asm__ volatile("int3");
	}
	_exit(0);
}

static double
instructions_stepped(
    struct bench *b, const struct generation *g, const struct query_ctx *ctx)
{
	pid_t pid = fork();
	uint64_t steps = 0;
	int status;

	if (pid < 0)
		return 0;
	if (pid == 0)
		stepped_child(b, g, ctx);
	for (unsigned trap = 0; trap < STEPPED_BURSTS; trap++) {
		long word;

		waitpid(pid, &status, 0); /* the trap in front */
		do {
			ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL);
			waitpid(pid, &status, 0);
			steps++;
			word = ptrace(PTRACE_PEEKUSER, pid,
			    (void *)(16 * sizeof(long)), NULL); /* rip */
			word = ptrace(PTRACE_PEEKTEXT, pid, (void *)word, NULL);
		} while (WIFSTOPPED(status) && (word & 0xff) != 0xcc);
		ptrace(PTRACE_CONT, pid, NULL, NULL); /* into the trap behind */
		waitpid(pid, &status, 0);
		ptrace(PTRACE_CONT, pid, NULL, NULL);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return (double)steps / STEPPED_BURSTS / BATCH;
}

static double
instructions_measure(
    struct bench *b, const struct generation *g, const struct query_ctx *ctx)
{
	int fd = instructions_open();
	double n = fd >= 0 ? instructions_counted(b, g, ctx, fd)
	                   : instructions_stepped(b, g, ctx);

	if (fd >= 0)
		close(fd);
	return n;
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
	struct query_ctx ctx = {.config = &config,
	    .transport = ANSWER_UDP,
	    .now = BENCH_NOW,
	    .secrets = &b->secrets};
	double cycles[ROUNDS], ratio, instructions;
	char line[512];

	answer_config_default(&config);
	b->names = snap->names;
	b->step = (uint64_t)((double)b->names * 0.6180339887) | 1;
	while (gcd(b->step, b->names) != 1)
		b->step++;
	b->next = 0;
	b->random = 88172645463325252ull;
	check_pass(b, snap->generation, &ctx, queries);
	b->interrupted = 0;
	b->quiet = UINT32_MAX;
	for (unsigned r = 0; r < ROUNDS; r++)
		cycles[r] = pass(b, snap->generation, &ctx, queries);
	qsort(cycles, ROUNDS, sizeof *cycles, by_value);
	ratio = sampled_ratio(b, snap->generation, &ctx, queries);
	instructions = instructions_measure(b, snap->generation, &ctx);
	snprintf(line, sizeof line,
	    "{\"names\": %lu, \"zone\": \"%s\", \"hit\": %.2f, \"batch\": %d, "
	    "\"profile\": \"%s\", \"tsc_cycles_per_query\": %.1f, "
	    "\"instructions_per_query\": %.0f, \"bytes_per_name\": %.1f, "
	    "\"least_cycles\": %.1f, \"quiet_cycles\": %.1f, "
	    "\"sampled_ratio\": %.4f, "
	    "\"interrupted\": %.5f}\n",
	    snap->names, b->kind->name, b->profile->hit_percent / 100.0, BATCH,
	    b->profile->name, cycles[ROUNDS / 2], instructions,
	    (double)snap->generation->bytes / (double)snap->names, cycles[0],
	    b->quiet, ratio, b->interrupted);
	fputs(line, stdout);
	fputs(line, out);
	fflush(stdout);
}

/* A prefix of its own for every 256 clients, as data planes have it; the
 * accounts are those of one core. */
static void
limiter_open(struct bench *b, struct limits *limits, void **accounts)
{
	const struct config_limit config = {.rrl = CONFIG_RRL_ON,
	    .responses_per_second = 1000000,
	    .slip = 2,
	    .ipv4_prefix = 24,
	    .ipv6_prefix = 56,
	    .client_ipv4_prefix = 32,
	    .client_ipv6_prefix = 64,
	    .accounts = 65536};
	struct err err;
	size_t bytes;

	if (limits_from_config(limits, &config, &err) != 0) {
		fprintf(stderr, "bench_engine: %s\n", err.text);
		exit(1);
	}
	bytes = limiter_bytes(limits);
	*accounts = aligned_alloc(64, bytes);
	if (!*accounts)
		exit(1);
	memset(*accounts, 0, bytes);
	limiter_init(&b->limiter, limits, *accounts, 1, 2000000000);
}

/* Names in a list are separated by commas. */
static bool
list_has(const char *list, const char *name)
{
	size_t n = strlen(name);

	while (list && (strncmp(list, name, n) != 0 ||
			   (list[n] != ',' && list[n] != 0))) {
		list = strchr(list, ',');
		list = list ? list + 1 : NULL;
	}
	return list != NULL;
}

/* The ring of one core. */
static struct sample_ring *
sampler_open(struct bench *b)
{
	enum { PER_SECOND = 200 };
	char path[64];
	struct sample_ring *ring;
	struct err err;

	snprintf(
	    path, sizeof path, "/dev/shm/bench_engine.%ld", (long)getpid());
	if (sample_ring_create(
		&ring, path, 1, PER_SECOND, VERDICT_COUNT, &err)) {
		fprintf(stderr, "bench_engine: %s\n", err.text);
		exit(1);
	}
	unlink(path);
	sampler_init(&b->sampler, ring, 0, PER_SECOND, 2000000000, __rdtsc());
	return ring;
}

static void
bench_names(uint64_t names, const struct zone_kind *kind, const char *profiles,
    uint64_t queries, FILE *out)
{
	static const uint8_t secret[1][COOKIE_SECRET_BYTES] = {
	    "a secret, fixed"};
	struct bench b = {.batch = answer_batch_new(),
	    .kind = kind,
	    .buffers = aligned_alloc(64, (size_t)BATCH * BUFFER_BYTES)};
	struct hosts_snapshot snap;
	struct sample_ring *ring;
	struct limits limits;
	void *accounts;
	struct err err;

	if (!b.batch || !b.buffers ||
	    hosts_snapshot_make(&snap, names, kind->chain, &err) != 0) {
		fprintf(stderr, "bench_engine: %s\n", err.text);
		exit(1);
	}
	memset(b.buffers, 0, (size_t)BATCH * BUFFER_BYTES);
	cookie_secrets_set(&b.secrets, secret, 1);
	limiter_open(&b, &limits, &accounts);
	ring = sampler_open(&b);
	for (b.profile = kind->profiles; b.profile->name; b.profile++)
		if (!profiles || list_has(profiles, b.profile->name))
			bench_case(&b, &snap, queries, out);
	hosts_snapshot_free(&snap);
	answer_batch_free(b.batch);
	free(b.buffers);
	free(accounts);
	sample_ring_close(&ring);
}

/* Of each kind in the list that has a place at that size. */
static void
bench_zones(uint64_t names, const char *list, const char *profiles,
    uint64_t queries, FILE *out)
{
	for (unsigned i = 0; i < sizeof zone_kinds / sizeof *zone_kinds; i++) {
		const struct zone_kind *kind = &zone_kinds[i];

		if (list_has(list, kind->name) &&
		    (kind->chain == BENCH_UNSIGNED ||
			names <= SIGNED_NAMES_MAX))
			bench_names(names, kind, profiles, queries, out);
	}
}

int
main(int argc, char **argv)
{
	const char *zones = "plain,nsec,nsec3";
	const char *names = "1000,100000,1000000,10000000";
	const char *profiles = NULL;
	const char *path = "build/bench/engine.jsonl";
	uint64_t queries = QUERIES_LEAST;
	FILE *out;

	for (int i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--names"))
			names = argv[i + 1];
		else if (!strcmp(argv[i], "--zones"))
			zones = argv[i + 1];
		else if (!strcmp(argv[i], "--profiles"))
			profiles = argv[i + 1];
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

		bench_zones(
		    strtoull(p, &end, 10), zones, profiles, queries, out);
		p = *end == ',' ? end + 1 : end;
	}
	fclose(out);
	return 0;
}
