/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of dataplane/sockets/grace.h: what is swapped out is read by
 * nobody any more.
 */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/sockets/grace.h"
#include "tests/unit/unit_run.h"

enum { READERS = 3, SWAPS = 2000 };

static struct grace grace;
static _Atomic int ended;
static _Atomic uint64_t rounds, seen_wrong;

/* A live struct is sound while both halves of its key agree; the writer breaks
 * them before it frees it. */
static void *
reader_run(void *arg)
{
	unsigned number = (unsigned)(uintptr_t)arg;

	while (!atomic_load(&ended)) {
		const struct live *l = grace_enter(&grace, number);

		for (unsigned i = 0; i < 20; i++) {
			if (*(const volatile uint64_t *)&l->key[0] !=
			    *(const volatile uint64_t *)&l->key[1])
				atomic_fetch_add(&seen_wrong, 1);
		}
		atomic_fetch_add(&rounds, 1);
		grace_leave(&grace, number);
	}
	return NULL;
}

START_TEST(test_nobody_reads_the_old)
{
	static struct live ring[2];
	pthread_t threads[READERS];

	grace_init(&grace, READERS, &ring[0]);
	for (uintptr_t i = 0; i < READERS; i++)
		pthread_create(&threads[i], NULL, reader_run, (void *)i);
	/* on a busy machine the swaps could be over before a reader runs */
	while (atomic_load(&rounds) == 0)
		sched_yield();
	for (uint64_t n = 1; n <= SWAPS; n++) {
		struct live *next = &ring[n % 2];
		struct live *old;

		next->key[0] = next->key[1] = n;
		old = (struct live *)grace_swap(&grace, next);
		ck_assert_ptr_eq(old, &ring[(n + 1) % 2]);
		old->key[0] = ~0ull; /* a reader that were late would see */
	}
	atomic_store(&ended, 1);
	for (unsigned i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(atomic_load(&seen_wrong), 0);
}
END_TEST

START_TEST(test_choice_between_stable_and_candidate)
{
	static const struct generation stable, candidate;
	struct live l = {
	    .stable = &stable, .candidate = &candidate, .key = {11, 13}};
	uint8_t address[4] = {192, 0, 2, 0};
	unsigned canary = 0;

	for (l.permille = 0; l.permille <= 1000; l.permille += 1000)
		ck_assert_ptr_eq(live_choose(&l, address, 4),
		    l.permille ? &candidate : &stable);
	l.permille = 250;
	for (unsigned i = 0; i < 65536; i++) {
		address[2] = (uint8_t)(i >> 8);
		address[3] = (uint8_t)i;
		canary += live_choose(&l, address, 4) == &candidate;
	}
	ck_assert_uint_gt(canary, 65536 * 24 / 100);
	ck_assert_uint_lt(canary, 65536 * 26 / 100);
	l.candidate = NULL;
	ck_assert_ptr_eq(live_choose(&l, address, 4), &stable);
}
END_TEST

UNIT_MAIN("grace", test_nobody_reads_the_old,
    test_choice_between_stable_and_candidate)
