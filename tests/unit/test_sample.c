/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Samples: what the writer takes a reader gets, within its budget; what is
 * overwritten is lost and counted; nothing of a client is kept; a new file is
 * noticed; a hostile file gives nothing unsound.
 */
#include "base/sample.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/wire.h"
#include "tests/unit/unit_run.h"

enum { HZ = 1000000, PER_SECOND = 100, VERDICTS = 24 };

static char dir[UNIT_PATH_MAX], path[UNIT_PATH_MAX];

struct rig {
	struct sample_ring *ring;
	struct sampler sampler;
	struct sample_reader reader;
	uint64_t now;
	struct err err;
};

#define OK(r, call) ck_assert_msg((call) == 0, "%s", (r)->err.text)

static void
rig_make(struct rig *r)
{
	*r = (struct rig){.now = 5 * HZ};
	unit_directory_make(dir);
	unit_path(path, dir, "x.samples");
	OK(r, sample_ring_create(
		  &r->ring, path, 2, PER_SECOND, VERDICTS, &r->err));
	sampler_init(&r->sampler, r->ring, 1, PER_SECOND, HZ, r->now);
	OK(r, sample_reader_init(&r->reader, path, VERDICTS, &r->err));
	OK(r, sample_reader_follow(&r->reader, &r->err));
}

static void
rig_remove(struct rig *r)
{
	sample_reader_fini(&r->reader);
	sample_ring_close(&r->ring);
	unit_directory_remove(dir);
}

/* nN.example. A, with an OPT and `options` octets of options. */
static size_t
query_make(uint8_t *q, unsigned n, bool opt, unsigned options)
{
	size_t at = DNS_HEADER_BYTES;

	memset(q, 0, 600);
	wire_store16(q, (uint16_t)n);
	q[5] = 1;
	q[11] = opt;
	q[at] = (uint8_t)snprintf((char *)q + at + 1, 32, "n%u", n);
	at += q[at] + 1u;
	memcpy(q + at, "\7example\0\0\1\0\1", 13);
	at += 13;
	if (!opt)
		return at;
	memcpy(q + at, "\0\0\51\4\320\0\0\200\0", 9);
	wire_store16(q + at + 9, (uint16_t)options);
	memset(q + at + 11, 0xaa, options);
	return at + 11 + options;
}

static bool
offer(struct rig *r, enum sample_side side, unsigned n)
{
	uint8_t q[600], response[] = {0, 0, 0x84, 3, 0, 0, 0, 0, 0, 0, 0, 0};
	size_t bytes = query_make(q, n, true, 0);
	const struct sample_outcome o = {.response = response,
	    .response_bytes = sizeof response,
	    .time = 1000,
	    .generation = 77,
	    .verdict = 4,
	    .rcode = 3};

	if (!sampler_is_due(&r->sampler, side, r->now, 1) ||
	    !sampler_take(&r->sampler, side, r->now, q, bytes, 1, 321))
		return false;
	sampler_finish(&r->sampler, &o);
	return true;
}

START_TEST(reader_gets_what_was_taken)
{
	struct rig r;
	struct sample s;

	rig_make(&r);
	ck_assert(!sample_next(&r.reader, &s));
	ck_assert(offer(&r, SAMPLE_CANDIDATE, 7));
	ck_assert(sample_next(&r.reader, &s));
	ck_assert_uint_eq(s.time_ms, 1000000);
	ck_assert_uint_eq(s.generation, 77);
	ck_assert_uint_ne(s.hash, 0);
	ck_assert_uint_eq(s.weight, 1);
	ck_assert_uint_eq(s.response_bytes, 12);
	ck_assert_uint_eq(s.permille, 321);
	ck_assert_uint_eq(s.verdict, 4);
	ck_assert_uint_eq(s.rcode, 3);
	ck_assert_uint_eq(s.side, SAMPLE_CANDIDATE);
	ck_assert_uint_eq(s.transport, 1);
	ck_assert_mem_eq(s.query + 12, "\2n7\7example", 12);
	ck_assert(!sample_next(&r.reader, &s));
	ck_assert(offer(&r, SAMPLE_STABLE, 8));
	ck_assert(sample_next(&r.reader, &s));
	ck_assert_uint_eq(s.side, SAMPLE_STABLE);
	ck_assert_uint_eq(r.reader.read, 2);
	rig_remove(&r);
}
END_TEST

/* Whatever the load: the budget a second, of each side its own, and a quarter
 * of it at once. */
START_TEST(budget_is_kept)
{
	unsigned taken[2] = {0, 0};
	uint64_t weight = 0;
	struct rig r;
	struct sample s;

	rig_make(&r);
	while (offer(&r, SAMPLE_STABLE, 1))
		taken[0]++;
	ck_assert_uint_ge(taken[0], PER_SECOND / 4 - 12);
	ck_assert_uint_le(taken[0], PER_SECOND / 4 + 12);
	while (sample_next(&r.reader, &s))
		;
	taken[0] = 0;
	for (unsigned i = 0; i < 10 * HZ / 100; i++) {
		r.now += 100;
		taken[0] += offer(&r, SAMPLE_STABLE, i);
		taken[1] += offer(&r, SAMPLE_CANDIDATE, i);
		while (sample_next(&r.reader, &s))
			weight += s.side == SAMPLE_STABLE ? s.weight : 0;
	}
	for (unsigned side = 0; side < 2; side++) {
		ck_assert_uint_ge(taken[side], 10 * PER_SECOND * 9 / 10);
		ck_assert_uint_le(
		    taken[side], 10 * PER_SECOND * 11 / 10 + PER_SECOND / 4);
	}
	/* each query is spoken for once, but for those since the last */
	ck_assert_uint_le(weight, 10 * HZ / 100 + 1);
	ck_assert_uint_ge(weight, 10 * HZ / 100 - 400);
	ck_assert_uint_eq(r.reader.lost, 0);
	/* a clock that was set back goes on within the budget */
	r.now -= HZ;
	ck_assert(offer(&r, SAMPLE_STABLE, 1));
	taken[0] = 0;
	for (unsigned i = 0; i < 1000; i++)
		taken[0] += offer(&r, SAMPLE_STABLE, i);
	ck_assert_uint_le(taken[0], PER_SECOND / 4 + 12);
	rig_remove(&r);
}
END_TEST

START_TEST(zero_takes_nothing)
{
	struct sampler s = {0};
	struct rig r;

	for (uint64_t now = 0; now < 100; now++)
		ck_assert(!sampler_is_due(&s, SAMPLE_STABLE, now, 32));
	rig_make(&r);
	sampler_init(&r.sampler, r.ring, 0, 0, HZ, r.now);
	ck_assert(!offer(&r, SAMPLE_STABLE, 1));
	sampler_init(&r.sampler, r.ring, 0, PER_SECOND, HZ, r.now);
	ck_assert(!offer(&r, SAMPLE_NOT, 1));
	ck_assert(
	    !sampler_take(&s, SAMPLE_STABLE, 1, (uint8_t[32]){0}, 32, 0, 0));
	rig_remove(&r);
}
END_TEST

START_TEST(every_query_of_a_burst_is_picked)
{
	unsigned picked[32] = {0};
	struct rig r;

	rig_make(&r);
	for (unsigned i = 0; i < 32000; i++)
		picked[sampler_pick(&r.sampler, 32)]++;
	for (unsigned i = 0; i < 32; i++) {
		ck_assert_uint_gt(picked[i], 800);
		ck_assert_uint_lt(picked[i], 1200);
	}
	rig_remove(&r);
}
END_TEST

START_TEST(what_is_overwritten_is_lost)
{
	struct rig r;
	struct sample s;
	unsigned total, got = 0, last = 0;

	rig_make(&r);
	total = 3 * r.reader.slots;
	for (unsigned i = 1; i <= total; i++) {
		r.now += HZ;
		ck_assert(offer(&r, SAMPLE_STABLE, i));
	}
	while (sample_next(&r.reader, &s)) {
		unsigned n = wire_load16(s.query);

		ck_assert_uint_gt(n, last);
		last = n;
		got++;
	}
	ck_assert_uint_eq(last, total);
	ck_assert_uint_eq(got, r.reader.slots - 1);
	ck_assert_uint_eq(r.reader.lost, total - got);
	rig_remove(&r);
}
END_TEST

START_TEST(clients_leave_nothing)
{
	uint8_t q[600], out[SAMPLE_QUERY_MAX];
	bool stripped;
	size_t bytes = query_make(q, 1, true, 100), plain;

	plain = sample_query_take(out, q, bytes, &stripped);
	ck_assert_uint_eq(plain, bytes - 100);
	ck_assert(stripped);
	ck_assert_ptr_null(memchr(out, 0xaa, plain));
	ck_assert_uint_eq(wire_load16(out + plain - 2), 0);
	ck_assert_uint_eq(out[plain - 4], 0x80); /* DO */
	ck_assert_uint_eq(sample_query_take(out, out, plain, &stripped), plain);
	ck_assert(!stripped);
	/* no plain questions */
	for (size_t n = 0; n < bytes; n++)
		ck_assert_uint_eq(sample_query_take(out, q, n, &stripped), 0);
	q[2] = 0x80;
	ck_assert_uint_eq(sample_query_take(out, q, bytes, &stripped), 0);
	q[2] = 0x28; /* an update */
	ck_assert_uint_eq(sample_query_take(out, q, bytes, &stripped), 0);
	q[2] = 0;
	q[7] = 1; /* an answer */
	ck_assert_uint_eq(sample_query_take(out, q, bytes, &stripped), 0);
	q[7] = 0;
	q[bytes - 110] = 250; /* another record than OPT */
	ck_assert_uint_eq(sample_query_take(out, q, bytes, &stripped), 0);
	bytes = query_make(q, 1, false, 0);
	ck_assert_uint_eq(sample_query_take(out, q, bytes, &stripped), bytes);
	ck_assert_uint_eq(sample_query_take(out, q, bytes + 1, &stripped), 0);
	q[12] = 0xc0;
	ck_assert_uint_eq(sample_query_take(out, q, bytes, &stripped), 0);
}
END_TEST

START_TEST(new_file_is_noticed)
{
	struct sample_ring *second;
	struct sampler s;
	struct sample out;
	struct stat st;
	struct rig r;

	rig_make(&r);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0640);
	ck_assert(offer(&r, SAMPLE_STABLE, 1));
	OK(&r, sample_ring_create(&second, path, 1, 1000, VERDICTS, &r.err));
	sampler_init(&s, second, 0, 1000, HZ, r.now);
	ck_assert(sample_next(&r.reader, &out)); /* the old one's */
	OK(&r, sample_reader_follow(&r.reader, &r.err));
	ck_assert(!sample_next(&r.reader, &out));
	r.sampler = s;
	ck_assert(offer(&r, SAMPLE_STABLE, 2));
	ck_assert(sample_next(&r.reader, &out));
	ck_assert_uint_eq(wire_load16(out.query), 2);
	unlink(path);
	ck_assert_int_eq(
	    sample_reader_follow(&r.reader, &r.err), ERR_NOT_FOUND);
	ck_assert(!sample_next(&r.reader, &out));
	sample_ring_close(&second);
	rig_remove(&r);
}
END_TEST

static void
poke(off_t at, const void *bytes, size_t n)
{
	int fd = open(path, O_WRONLY);

	ck_assert_int_eq(pwrite(fd, bytes, n, at), (int)n);
	close(fd);
}

START_TEST(hostile_head_is_refused)
{
	static const struct {
		off_t at;
		uint32_t value;
		int code;
	} bad[] = {{0, 0, ERR_CORRUPT}, {8, 2, ERR_VERSION},
	    {16, 0, ERR_CORRUPT}, {16, 513, ERR_CORRUPT}, {20, 0, ERR_CORRUPT},
	    {20, 300, ERR_CORRUPT}, {20, 16384, ERR_CORRUPT},
	    {24, VERDICTS + 1, ERR_VERSION}};

	for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct rig r;

		rig_make(&r);
		sample_reader_fini(&r.reader);
		poke(bad[i].at, &bad[i].value, 4);
		OK(&r, sample_reader_init(&r.reader, path, VERDICTS, &r.err));
		ck_assert_int_eq(
		    sample_reader_follow(&r.reader, &r.err), bad[i].code);
		rig_remove(&r);
	}
}
END_TEST

START_TEST(hostile_samples_are_dropped)
{
	enum { BLOCK = 128 + SAMPLE_BLOCK_HEAD, SLOT = BLOCK };
	uint64_t written = UINT64_MAX - 5;
	struct sample s;
	struct rig r;
	unsigned got = 0;
	uint8_t ones[64];

	rig_make(&r);
	sampler_init(&r.sampler, r.ring, 0, PER_SECOND, HZ, r.now);
	for (unsigned i = 0; i < 4; i++)
		ck_assert(offer(&r, SAMPLE_STABLE, i));
	memset(ones, 0xff, sizeof ones);
	poke(SLOT + 320, ones, 36);      /* every number of the second */
	poke(SLOT + 640 + 36, ones, 64); /* the query of the third */
	while (sample_next(&r.reader, &s))
		got++;
	ck_assert_uint_eq(got, 2);
	ck_assert_uint_eq(r.reader.unsound, 2);
	poke(128, &written, 8);
	while (sample_next(&r.reader, &s))
		got++;
	ck_assert_uint_le(got, 8);
	written = 1;
	poke(128, &written, 8);
	ck_assert(!sample_next(&r.reader, &s));
	ck_assert_int_eq(truncate(path, 200), 0);
	ck_assert(!sample_next(&r.reader, &s));
	rig_remove(&r);
}
END_TEST

UNIT_MAIN("sample", reader_gets_what_was_taken, budget_is_kept,
    zero_takes_nothing, every_query_of_a_burst_is_picked,
    what_is_overwritten_is_lost, clients_leave_nothing, new_file_is_noticed,
    hostile_head_is_refused, hostile_samples_are_dropped)
