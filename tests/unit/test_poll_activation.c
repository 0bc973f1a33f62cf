/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The state machine of generations over a real store, with the clock and the
 * reading core in the test's hand: compare-and-swap, deadlines, rollback,
 * grace periods, and starting from stores of every kind.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataplane/poll/activation.h"
#include "snapshot/load.h"
#include "tests/rig/text_store.h"
#include "tests/unit/unit_run.h"

static uint64_t clock_ms;

static uint64_t
test_clock(void)
{
	return clock_ms;
}

struct rig {
	char dir[UNIT_PATH_MAX], path[UNIT_PATH_MAX], page_path[UNIT_PATH_MAX];
	struct store *store;
	struct activation a;
	struct err err;
};

#define OK(rig, call) ck_assert_msg((call) == 0, "%s", (rig)->err.text)

static void
rig_start(struct rig *r)
{
	OK(r, store_open(&r->store, r->path, 0, &r->err));
	OK(r, store_lock(r->store, STORE_LOCK_COMMIT, &r->err));
	r->a = (struct activation){.store = r->store, .now_ms = test_clock};
	OK(r, live_new(&r->a.live, 1, &r->err));
	OK(r, page_create(&r->a.page, r->page_path, &r->err));
}

static void
rig_stop(struct rig *r)
{
	activation_fini(&r->a);
	live_free(&r->a.live);
	page_close(&r->a.page);
	store_close(&r->store);
}

static void
rig_make(struct rig *r)
{
	*r = (struct rig){0};
	clock_ms = 1000000;
	unit_directory_make(r->dir);
	unit_path(r->path, r->dir, "store");
	unit_path(r->page_path, r->dir, "page");
	OK(r, store_create(r->path, &r->err));
	rig_start(r);
}

static void
rig_remove(struct rig *r)
{
	rig_stop(r);
	unit_directory_remove(r->dir);
}

/* A candidate on `parent` (may be NULL) that says its number. */
static struct digest
candidate(struct rig *r, unsigned number, const struct digest *parent)
{
	struct digest d;
	char text[400];

	snprintf(text, sizeof text,
	    "$TTL 300\n@ SOA ns hm %u 3600 600 86400 60\n@ NS ns\n"
	    "ns A 192.0.2.53\ngen TXT \"%u\"\n",
	    number, number);
	OK(r, text_store_put(
		  r->store, "example.test.", text, parent, &d, &r->err));
	return d;
}

static int
activate(struct rig *r, uint64_t expect, const struct digest *parent,
    const struct digest *generation)
{
	struct activation_request q = {.expect = expect,
	    .generation = *generation,
	    .permille = 100,
	    .deadline_ms = 5000};

	if (parent)
		q.parent = *parent;
	return activation_activate(&r->a, &q, &r->err);
}

/* `n` committed generations, each on the one before. */
static void
commit_chain(struct rig *r, struct digest *chain, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const struct digest *parent = i ? &chain[i - 1] : NULL;

		chain[i] = candidate(r, i + 1, parent);
		OK(r, activate(r, r->a.number, parent, &chain[i]));
		OK(r,
		    activation_commit(&r->a, r->a.number, &chain[i], &r->err));
	}
}

static void
check_state(struct rig *r, uint64_t number, const struct digest *stable,
    const struct digest *cand)
{
	const struct live_pair *pair = live_pair_read(r->a.live);
	struct page_state page;
	struct page *reader;

	ck_assert_uint_eq(r->a.number, number);
	ck_assert(stable ? digest_equal(&pair->stable->digest, stable)
			 : !pair->stable);
	ck_assert(cand ? digest_equal(&pair->candidate->digest, cand)
		       : !pair->candidate);
	OK(r, page_open(&reader, r->page_path, &r->err));
	ck_assert(page_read(reader, &page, NULL, NULL));
	ck_assert_uint_eq(page.activation, number);
	ck_assert(stable ? digest_equal(&page.stable, stable)
			 : digest_is_zero(&page.stable));
	ck_assert(cand ? digest_equal(&page.candidate, cand)
		       : digest_is_zero(&page.candidate));
	ck_assert_uint_eq(page.canary_permille, cand ? 100 : 0);
	ck_assert_uint_eq(page.deadline_ms, cand ? r->a.deadline_ms : 0);
	page_close(&reader);
}

static void
check_current(struct rig *r, uint64_t activation, const struct digest *d)
{
	struct store_current c;

	OK(r, store_current_read(r->store, &c, &r->err));
	ck_assert_uint_eq(c.activation, activation);
	ck_assert(digest_equal(&c.generation, d));
}

START_TEST(first_generation)
{
	struct rig r;
	struct digest d;

	rig_make(&r);
	ck_assert_int_eq(activation_boot(&r.a, &r.err), ERR_NOT_FOUND);
	d = candidate(&r, 1, NULL);
	OK(&r, activate(&r, 0, NULL, &d));
	check_state(&r, 1, NULL, &d);
	OK(&r, activation_commit(&r.a, 1, &d, &r.err));
	check_state(&r, 2, &d, NULL);
	check_current(&r, 2, &d);
	rig_remove(&r);
}
END_TEST

/* Whoever comes late changes nothing. */
START_TEST(compare_and_swap)
{
	struct digest chain[2], late, alien, none = {{1}};
	struct rig r;

	rig_make(&r);
	commit_chain(&r, chain, 2);
	late = candidate(&r, 7, &chain[0]);
	alien = candidate(&r, 8, &none);
	ck_assert_int_eq(activate(&r, 3, &chain[1], &late), ERR_STALE);
	ck_assert_int_eq(activate(&r, 4, &chain[0], &late), ERR_STALE);
	/* says the right parent, but its manifest names another */
	ck_assert_int_eq(activate(&r, 4, &chain[1], &late), ERR_STALE);
	ck_assert_int_eq(activate(&r, 4, &chain[1], &alien), ERR_STALE);
	ck_assert_int_eq(activate(&r, 4, &chain[1], &none), ERR_NOT_FOUND);
	ck_assert_int_eq(activation_commit(&r.a, 4, &late, &r.err), ERR_STALE);
	ck_assert_int_eq(activation_return(&r.a, 4, &r.err), ERR_NOT_FOUND);
	ck_assert_int_eq(activation_return(&r.a, 3, &r.err), ERR_STALE);
	check_state(&r, 4, &chain[1], NULL);
	check_current(&r, 4, &chain[1]);
	rig_remove(&r);
}
END_TEST

START_TEST(limits_of_a_request)
{
	struct rig r;
	struct activation_request q = {.deadline_ms = 1, .permille = 1001};

	rig_make(&r);
	q.generation = candidate(&r, 1, NULL);
	ck_assert_int_eq(activation_activate(&r.a, &q, &r.err), ERR_USAGE);
	q.permille = 1000;
	q.deadline_ms = 0;
	ck_assert_int_eq(activation_activate(&r.a, &q, &r.err), ERR_USAGE);
	q.deadline_ms = ACTIVATION_DEADLINE_MS_MAX + 1ull;
	ck_assert_int_eq(activation_activate(&r.a, &q, &r.err), ERR_USAGE);
	check_state(&r, 0, NULL, NULL);
	rig_remove(&r);
}
END_TEST

START_TEST(deadline)
{
	struct digest chain[1], d;
	struct rig r;

	rig_make(&r);
	commit_chain(&r, chain, 1);
	d = candidate(&r, 2, &chain[0]);
	OK(&r, activate(&r, 2, &chain[0], &d));
	clock_ms += 4999;
	activation_timer(&r.a);
	check_state(&r, 3, &chain[0], &d);
	clock_ms += 1;
	activation_timer(&r.a);
	check_state(&r, 4, &chain[0], NULL);
	activation_timer(&r.a);
	check_state(&r, 4, &chain[0], NULL);
	ck_assert_int_eq(activation_commit(&r.a, 3, &d, &r.err), ERR_STALE);
	ck_assert_int_eq(activation_commit(&r.a, 4, &d, &r.err), ERR_STALE);
	check_current(&r, 2, &chain[0]);
	rig_remove(&r);
}
END_TEST

START_TEST(candidate_replaced_and_returned)
{
	struct digest chain[1], first, second;
	struct rig r;

	rig_make(&r);
	commit_chain(&r, chain, 1);
	first = candidate(&r, 2, &chain[0]);
	second = candidate(&r, 3, &chain[0]);
	OK(&r, activate(&r, 2, &chain[0], &first));
	OK(&r, activate(&r, 3, &chain[0], &second));
	check_state(&r, 4, &chain[0], &second);
	ck_assert_int_eq(activation_commit(&r.a, 4, &first, &r.err), ERR_STALE);
	OK(&r, activation_return(&r.a, 4, &r.err));
	check_state(&r, 5, &chain[0], NULL);
	rig_remove(&r);
}
END_TEST

static size_t
condemned(struct rig *r, struct store_condemned **list)
{
	size_t n = 0;

	OK(r, store_condemned_read(r->store, list, &n, &r->err));
	return n;
}

START_TEST(rollback)
{
	struct digest chain[3], d;
	struct store_condemned *list;
	struct rig r;
	uint64_t expect = 5;

	rig_make(&r);
	commit_chain(&r, chain, 3);
	d = candidate(&r, 9, &chain[2]);
	ck_assert_int_eq(
	    activation_rollback(&r.a, &d, NULL, &r.err), ERR_NOT_FOUND);
	ck_assert_int_eq(
	    activation_rollback(&r.a, &chain[2], NULL, &r.err), ERR_EXISTS);
	ck_assert_int_eq(
	    activation_rollback(&r.a, &chain[0], &expect, &r.err), ERR_STALE);
	check_state(&r, 6, &chain[2], NULL);
	OK(&r, activation_rollback(&r.a, NULL, NULL, &r.err));
	check_state(&r, 7, &chain[1], NULL);
	check_current(&r, 7, &chain[1]);
	ck_assert_uint_eq(condemned(&r, &list), 1);
	ck_assert(digest_equal(&list[0].generation, &chain[2]));
	free(list);
	/* forward again pardons that one, and condemns what it leaves */
	expect = 7;
	OK(&r, activation_rollback(&r.a, &chain[2], &expect, &r.err));
	ck_assert_uint_eq(condemned(&r, &list), 1);
	ck_assert(digest_equal(&list[0].generation, &chain[1]));
	free(list);
	check_current(&r, 8, &chain[2]);
	rig_remove(&r);
}
END_TEST

/* The candidate was built on what is left: it goes too. */
START_TEST(rollback_under_a_candidate)
{
	struct digest chain[2], d;
	struct rig r;

	rig_make(&r);
	commit_chain(&r, chain, 2);
	d = candidate(&r, 3, &chain[1]);
	OK(&r, activate(&r, 4, &chain[1], &d));
	OK(&r, activation_rollback(&r.a, NULL, NULL, &r.err));
	check_state(&r, 7, &chain[0], NULL);
	ck_assert_int_eq(
	    activation_rollback(&r.a, NULL, NULL, &r.err), ERR_NOT_FOUND);
	rig_remove(&r);
}
END_TEST

/* A core inside a burst keeps what it reads; one that never comes out cannot
 * make management wait, and what it blocks is refused without a change. */
START_TEST(grace_periods)
{
	struct digest chain[1], d;
	struct rig r;
	unsigned done = 0;
	int rc = 0;

	rig_make(&r);
	commit_chain(&r, chain, 1);
	live_reader_start(r.a.live, 0);
	while (live_reclaim(r.a.live))
		live_reader_quiescent(r.a.live, 0);
	d = candidate(&r, 2, &chain[0]);
	while (!rc) {
		rc = activate(&r, r.a.number, &chain[0], &d);
		done += !rc;
	}
	ck_assert_int_eq(rc, ERR_BUSY);
	ck_assert_uint_eq(done, LIVE_PAIRS - 1);
	check_state(&r, 2 + done, &chain[0], &d);
	ck_assert_uint_eq(live_reclaim(r.a.live), LIVE_PAIRS - 1);
	ck_assert_int_eq(
	    activation_commit(&r.a, r.a.number, &d, &r.err), ERR_BUSY);
	check_current(&r, 2, &chain[0]);
	live_reader_quiescent(r.a.live, 0);
	ck_assert_uint_eq(live_reclaim(r.a.live), 0);
	OK(&r, activation_commit(&r.a, r.a.number, &d, &r.err));
	live_reader_stop(r.a.live, 0);
	rig_remove(&r);
}
END_TEST

static void
damage(const char *dir, const char *folder, const struct digest *d,
    const char *suffix)
{
	char path[600], hex[DIGEST_TEXT_MAX];
	int fd;

	snprintf(path, sizeof path, "%s/%s/%s%s", dir, folder,
	    digest_to_text(hex, d), suffix);
	fd = open(path, O_WRONLY | O_TRUNC);
	if (fd < 0 && (!chmod(path, 0644) || 1))
		fd = open(path, O_WRONLY | O_TRUNC);
	ck_assert_int_ge(fd, 0);
	close(fd);
}

START_TEST(boot_from_current)
{
	struct digest chain[2];
	struct rig r;

	rig_make(&r);
	commit_chain(&r, chain, 2);
	rig_stop(&r);
	rig_start(&r);
	OK(&r, activation_boot(&r.a, &r.err));
	check_state(&r, 4, &chain[1], NULL);
	OK(&r, activation_rollback(&r.a, NULL, NULL, &r.err));
	rig_stop(&r);
	rig_start(&r);
	OK(&r, activation_boot(&r.a, &r.err));
	check_state(&r, 5, &chain[0], NULL);
	rig_remove(&r);
}
END_TEST

START_TEST(boot_from_a_parent)
{
	struct digest chain[3];
	struct rig r;

	rig_make(&r);
	commit_chain(&r, chain, 3);
	rig_stop(&r);
	damage(r.path, "generations", &chain[2], ".manifest");
	rig_start(&r);
	OK(&r, activation_boot(&r.a, &r.err));
	check_state(&r, 6, &chain[1], NULL);
	rig_stop(&r);
	damage(r.path, "generations", &chain[1], ".manifest");
	damage(r.path, "generations", &chain[0], ".manifest");
	rig_start(&r);
	ck_assert_int_ne(activation_boot(&r.a, &r.err), 0);
	check_state(&r, 6, NULL, NULL); /* and the page says so */
	rig_remove(&r);
}
END_TEST

/* Bytes of a condemned generation may be sound and still be wrong. */
START_TEST(boot_passes_the_condemned_by)
{
	struct digest chain[3];
	struct rig r;

	rig_make(&r);
	commit_chain(&r, chain, 3);
	OK(&r, activation_rollback(&r.a, NULL, NULL, &r.err));
	rig_stop(&r);
	damage(r.path, "generations", &chain[1], ".manifest");
	rig_start(&r);
	OK(&r, activation_boot(&r.a, &r.err));
	ck_assert(digest_equal(&r.a.stable->digest, &chain[0]));
	rig_remove(&r);
}
END_TEST

START_TEST(boot_without_a_sound_current)
{
	struct digest chain[2], d;
	char path[UNIT_PATH_MAX];
	struct rig r;
	FILE *f;

	rig_make(&r);
	commit_chain(&r, chain, 2);
	rig_stop(&r);
	f = fopen(unit_path(path, r.path, "current"), "w");
	fputs("holdfast-current 1\nnonsense\n", f);
	fclose(f);
	rig_start(&r);
	OK(&r, activation_boot(&r.a, &r.err));
	ck_assert(digest_equal(&r.a.stable->digest, &chain[1]));
	/* and control can go on from there */
	d = candidate(&r, 3, &chain[1]);
	OK(&r, activate(&r, r.a.number, &chain[1], &d));
	rig_remove(&r);
}
END_TEST

UNIT_MAIN("poll_activation", first_generation, compare_and_swap,
    limits_of_a_request, deadline, candidate_replaced_and_returned, rollback,
    rollback_under_a_candidate, grace_periods, boot_from_current,
    boot_from_a_parent, boot_passes_the_condemned_by,
    boot_without_a_sound_current)
