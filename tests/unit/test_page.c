/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of the data plane's page: what a reader sees of a writer that
 * lives, dies, and comes back; and the split of clients.
 */
#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "snapshot/page.h"
#include "tests/unit/unit_run.h"

static char dir[UNIT_PATH_MAX], path[UNIT_PATH_MAX];

static void
setup(void)
{
	unit_directory_make(dir);
	unit_path(path, dir, "dataplane.page");
}

/* A state whose every word follows from one number. */
static struct page_state
state_of(uint64_t n)
{
	struct page_state s = {
	    .activation = n,
	    .canary_permille = (uint32_t)n,
	    .canary_key = {n, n},
	    .deadline_ms = n,
	};

	for (unsigned i = 0; i < DIGEST_BYTES; i += 8) {
		memcpy(s.stable.b + i, &n, 8);
		memcpy(s.candidate.b + i, &n, 8);
	}
	return s;
}

START_TEST(test_write_and_read)
{
	struct page_state s = state_of(7), got;
	struct page *w, *r;
	uint64_t beat;
	uint32_t pid;
	struct stat st;
	struct err err;

	setup();
	ck_assert_int_eq(page_open(&r, path, &err), ERR_NOT_FOUND);
	ck_assert_msg(page_create(&w, path, &err) == 0, "%s", err.text);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0644);
	ck_assert_msg(page_open(&r, path, &err) == 0, "%s", err.text);
	ck_assert(page_read(r, &got, &beat, &pid));
	ck_assert_uint_eq(got.activation, 0);
	page_write(w, &s);
	page_beat(w, 12345);
	ck_assert(page_read(r, &got, &beat, &pid));
	ck_assert(memcmp(&got, &s, sizeof s) == 0);
	ck_assert_uint_eq(beat, 12345);
	ck_assert_uint_eq(pid, (uint32_t)getpid());
	ck_assert(page_read(r, &got, NULL, NULL));
	/* the next writer takes the file over: readers need not open it anew */
	page_close(&w);
	ck_assert_ptr_null(w);
	ck_assert_int_eq(page_create(&w, path, &err), 0);
	ck_assert(page_read(r, &got, NULL, NULL));
	ck_assert_uint_eq(got.activation, 7);
	s = state_of(8);
	page_write(w, &s);
	ck_assert(page_read(r, &got, NULL, NULL));
	ck_assert_uint_eq(got.activation, 8);
	page_close(&w);
	page_close(&r);
	unit_directory_remove(dir);
}
END_TEST

START_TEST(test_writer_killed_while_writing)
{
	struct page_state s = state_of(3), got;
	struct page *w, *r;
	uint32_t odd = 5;
	struct err err;
	int fd;

	setup();
	ck_assert_int_eq(page_create(&w, path, &err), 0);
	page_write(w, &s);
	page_close(&w);
	fd = open(path, O_RDWR);
	ck_assert_int_eq(
	    pwrite(fd, &odd, sizeof odd, offsetof(struct page_d, sequence)),
	    sizeof odd);
	close(fd);
	ck_assert_int_eq(page_open(&r, path, &err), 0);
	ck_assert(!page_read(r, &got, NULL, NULL));
	/* the next one makes it good */
	ck_assert_int_eq(page_create(&w, path, &err), 0);
	page_write(w, &s);
	ck_assert(page_read(r, &got, NULL, NULL));
	ck_assert_uint_eq(got.activation, 3);
	page_close(&w);
	page_close(&r);
	unit_directory_remove(dir);
}
END_TEST

START_TEST(test_other_files)
{
	uint8_t text[PAGE_BYTES] = "not a page";
	struct page_d head = {.magic = PAGE_MAGIC, .version = 1};
	struct page *p;
	struct err err;

	setup();
	for (size_t bytes = 0; bytes <= PAGE_BYTES; bytes += 2048) {
		ck_assert_int_eq(file_write(AT_FDCWD, path, 0644, text, bytes,
				     FILE_REPLACE, &err),
		    0);
		ck_assert_int_eq(page_open(&p, path, &err), ERR_CORRUPT);
		ck_assert_ptr_null(p);
	}
	memcpy(text, &head, sizeof head);
	ck_assert_int_eq(file_write(AT_FDCWD, path, 0644, text, PAGE_BYTES,
			     FILE_REPLACE, &err),
	    0);
	ck_assert_int_eq(page_open(&p, path, &err), ERR_VERSION);
	/* a writer replaces what it finds */
	ck_assert_int_eq(page_create(&p, path, &err), 0);
	page_close(&p);
	ck_assert_int_eq(page_open(&p, path, &err), 0);
	page_close(&p);
	ck_assert_int_ne(page_open(&p, dir, &err), 0);
	ck_assert_int_ne(page_create(&p, "/proc/nowhere/page", &err), 0);
	unit_directory_remove(dir);
}
END_TEST

static void *
writer_run(void *arg)
{
	for (uint64_t n = 1; n <= 200000; n++) {
		struct page_state s = state_of(n);

		page_write(arg, &s);
	}
	return NULL;
}

/* No mix of two states is ever read. */
START_TEST(test_reader_beside_writer)
{
	struct page_state got = {0}, want;
	struct page *w, *r;
	pthread_t thread;
	uint64_t last = 0;
	struct err err;

	setup();
	ck_assert_int_eq(page_create(&w, path, &err), 0);
	ck_assert_int_eq(page_open(&r, path, &err), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, writer_run, w), 0);
	while (got.activation < 200000) {
		if (!page_read(r, &got, NULL, NULL))
			continue; /* preempted in the middle: the next time */
		want = state_of(got.activation);
		ck_assert(memcmp(&got, &want, sizeof got) == 0);
		ck_assert_uint_ge(got.activation, last);
		last = got.activation;
	}
	pthread_join(thread, NULL);
	page_close(&w);
	page_close(&r);
	unit_directory_remove(dir);
}
END_TEST

/* The sets of zones go with the state; a number that no writer writes, and what
 * does not fit, is all zones: TTLs are capped in doubt. */
START_TEST(test_zones_on_probation)
{
	struct page_state s = state_of(5), got;
	struct probation *stable = probation_new(2), *candidate, *a, *b;
	struct page *w, *r;
	struct err err;

	setup();
	ck_assert_int_eq(page_create(&w, path, &err), 0);
	ck_assert_int_eq(page_open(&r, path, &err), 0);
	candidate = probation_new(PROBATION_ZONES_MAX);
	probation_add(stable, 11);
	probation_add(candidate, 12);
	probation_add(candidate, 11);
	page_write_probation(w, &s, stable, candidate);
	ck_assert(page_read_probation(r, &got, &a, &b));
	ck_assert_uint_eq(got.activation, 5);
	ck_assert(a->count == 1 && probation_holds(a, 11));
	ck_assert(
	    b->count == 2 && probation_holds(b, 11) && probation_holds(b, 12));
	probation_free(&a);
	probation_free(&b);
	page_write_probation(w, &s, NULL, candidate);
	ck_assert(page_read_probation(r, &got, &a, &b));
	ck_assert(!a && b->count == 2);
	probation_free(&b);
	for (uint64_t i = 100; candidate->count < PROBATION_ZONES_MAX; i++)
		probation_add(candidate, i);
	probation_add(stable, 13); /* not in the candidate's: one too many */
	page_write_probation(w, &s, stable, candidate);
	ck_assert(page_read_probation(r, &got, &a, &b));
	ck_assert(a->count == 2 && b->all);
	probation_free(&a);
	probation_free(&b);
	page_write(w, &s);
	ck_assert(page_read_probation(r, &got, &a, &b));
	ck_assert(!a && !b);
	page_close(&w);
	page_close(&r);
	probation_free(&stable);
	probation_free(&candidate);
	unit_directory_remove(dir);
}
END_TEST

/* Shares come out as asked for, the same client always on the same side. */
START_TEST(test_clients_are_split_evenly)
{
	const uint64_t keys[][2] = {{0x0123456789abcdefull, 0x42}, {1, 2},
	    {0xfedcba9876543210ull, 0xdeadbeefcafef00dull}};

	for (unsigned k = 0; k < 3; k++) {
		unsigned below = 0, below6 = 0;

		for (uint32_t i = 0; i < 100000; i++) {
			uint8_t a[16] = {0x20, 0x01, 0x0d, 0xb8};
			unsigned p;

			memcpy(a + 12, &i, 4);
			p = page_client_permille(keys[k], a + 12, 4);
			ck_assert_uint_lt(p, 1000);
			ck_assert_uint_eq(
			    p, page_client_permille(keys[k], a + 12, 4));
			below += p < 50;
			p = page_client_permille(keys[k], a, 16);
			ck_assert_uint_lt(p, 1000);
			below6 += p < 50;
		}
		ck_assert_uint_gt(below, 4000);
		ck_assert_uint_lt(below, 6000);
		ck_assert_uint_gt(below6, 4000);
		ck_assert_uint_lt(below6, 6000);
	}
}
END_TEST

UNIT_MAIN("page", test_write_and_read, test_writer_killed_while_writing,
    test_other_files, test_reader_beside_writer, test_zones_on_probation,
    test_clients_are_split_evenly)
