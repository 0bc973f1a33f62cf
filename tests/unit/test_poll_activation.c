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

/* NULL: to the parent. */
static int
go_back(struct rig *r, const struct digest *to, const uint64_t *expect)
{
	const struct rollback_request q = {
	    .generation = to, .steps = 1, .expect = expect};

	return activation_rollback(&r->a, &q, &r->err);
}

/* `n` committed generations, each on the one before. */
static void
commit_chain(struct rig *r, struct digest *chain, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const struct digest *parent = i ? &chain[i - 1] : NULL;

		chain[i] = candidate(r, i + 1, parent);
		OK(r, activate(r, r->a.number, parent, &chain[i]));
		OK(r, activation_commit(
			  &r->a, r->a.number, &chain[i], 0, &r->err));
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
	OK(&r, activation_commit(&r.a, 1, &d, 0, &r.err));
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
	ck_assert_int_eq(
	    activation_commit(&r.a, 4, &late, 0, &r.err), ERR_STALE);
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
	ck_assert_int_eq(activation_commit(&r.a, 3, &d, 0, &r.err), ERR_STALE);
	ck_assert_int_eq(activation_commit(&r.a, 4, &d, 0, &r.err), ERR_STALE);
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
	ck_assert_int_eq(
	    activation_commit(&r.a, 4, &first, 0, &r.err), ERR_STALE);
	OK(&r, activation_return(&r.a, 4, &r.err));
	check_state(&r, 5, &chain[0], NULL);
	rig_remove(&r);
}
END_TEST

/* What cores see: whether the zone is on probation in each generation. */
static void
check_probation(struct rig *r, bool stable, bool cand, uint64_t soak_until)
{
	const struct live_pair *pair = live_pair_read(r->a.live);
	struct probation *a, *b;
	struct page_state page;

	ck_assert_int_eq(pair->stable_probation != NULL, stable);
	ck_assert_int_eq(pair->candidate_probation != NULL, cand);
	ck_assert(page_read_probation(r->a.page, &page, &a, &b));
	ck_assert_int_eq(a != NULL, stable);
	ck_assert_int_eq(b != NULL, cand);
	ck_assert_uint_eq(page.soak_until_ms, soak_until);
	probation_free(&a);
	probation_free(&b);
}

START_TEST(probation_of_a_candidate_and_in_a_soak)
{
	struct digest chain[2], d;
	struct rig r;

	rig_make(&r);
	commit_chain(&r, chain, 1);
	check_probation(&r, false, false, 0);
	chain[1] = candidate(&r, 2, &chain[0]);
	OK(&r, activate(&r, 2, &chain[0], &chain[1]));
	check_probation(&r, false, true, 0);
	ck_assert_uint_eq(
	    live_pair_read(r.a.live)->candidate_probation->count, 1);
	ck_assert_int_eq(activation_commit(&r.a, 3, &chain[1],
			     ACTIVATION_DEADLINE_MS_MAX + 1, &r.err),
	    ERR_USAGE);
	OK(&r, activation_commit(&r.a, 3, &chain[1], 60000, &r.err));
	check_probation(&r, true, false, clock_ms + 60000);
	/* the next candidate has it too, and a return leaves it to the stable
	 * one; a commit without a soak of its own does not end this one */
	d = candidate(&r, 3, &chain[1]);
	OK(&r, activate(&r, 4, &chain[1], &d));
	check_probation(&r, true, true, clock_ms + 60000);
	OK(&r, activation_return(&r.a, 5, &r.err));
	check_probation(&r, true, false, clock_ms + 60000);
	OK(&r, activate(&r, 6, &chain[1], &d));
	OK(&r, activation_commit(&r.a, 7, &d, 0, &r.err));
	check_probation(&r, true, false, clock_ms + 60000);
	clock_ms += 59999;
	activation_timer(&r.a);
	check_probation(&r, true, false, clock_ms + 1);
	clock_ms++;
	activation_timer(&r.a);
	check_probation(&r, false, false, 0);
	check_state(&r, 8, &d, NULL);
	rig_remove(&r);
}
END_TEST

START_TEST(probation_ends_when_proven_or_rolled_back)
{
	struct digest chain[3];
	struct rig r;

	rig_make(&r);
	commit_chain(&r, chain, 1);
	for (unsigned i = 1; i < 3; i++) {
		chain[i] = candidate(&r, i + 1, &chain[i - 1]);
		OK(&r, activate(&r, r.a.number, &chain[i - 1], &chain[i]));
		OK(&r, activation_commit(
			   &r.a, r.a.number, &chain[i], 5000, &r.err));
		check_probation(&r, true, false, clock_ms + 5000);
		if (i == 2)
			break;
		ck_assert_int_eq(
		    activation_proven(&r.a, 3, &chain[1], &r.err), ERR_STALE);
		ck_assert_int_eq(
		    activation_proven(&r.a, 4, &chain[0], &r.err), ERR_STALE);
		OK(&r, activation_proven(&r.a, 4, &chain[1], &r.err));
		OK(&r, activation_proven(&r.a, 4, &chain[1], &r.err));
		check_probation(&r, false, false, 0);
		check_state(&r, 4, &chain[1], NULL);
	}
	OK(&r, go_back(&r, NULL, NULL));
	check_probation(&r, false, false, 0);
	check_state(&r, 7, &chain[1], NULL);
	rig_remove(&r);
}
END_TEST

/* Who dies in a soak has proven nothing by that. */
START_TEST(probation_outlives_the_process)
{
	struct digest chain[1];
	struct rig r;

	rig_make(&r);
	chain[0] = candidate(&r, 1, NULL);
	OK(&r, activate(&r, 0, NULL, &chain[0]));
	OK(&r, activation_commit(&r.a, 1, &chain[0], 60000, &r.err));
	for (unsigned i = 0; i < 3; i++) {
		/* the last time the clock has begun anew with the machine */
		clock_ms = i == 2 ? 5 : clock_ms + 30000;
		rig_stop(&r);
		rig_start(&r);
		OK(&r, activation_boot(&r.a, &r.err));
		check_probation(&r, i == 0, false, i ? 0 : clock_ms + 30000);
		if (i == 1) {
			struct page_state s = {
			    .soak_until_ms = 1ull << 40, .stable = chain[0]};
			struct probation *p = probation_new(1);

			p->all = true;
			page_write_probation(r.a.page, &s, p, NULL);
			probation_free(&p);
		}
	}
	rig_remove(&r);
}
END_TEST

START_TEST(rollback_by_steps)
{
	struct rollback_request q = {.steps = 2};
	struct digest chain[4];
	struct rig r;

	rig_make(&r);
	commit_chain(&r, chain, 4);
	OK(&r, activation_rollback(&r.a, &q, &r.err));
	check_state(&r, 9, &chain[1], NULL);
	ck_assert_int_eq(activation_rollback(&r.a, &q, &r.err), ERR_NOT_FOUND);
	q.steps = UINT64_MAX;
	ck_assert_int_eq(activation_rollback(&r.a, &q, &r.err), ERR_NOT_FOUND);
	check_state(&r, 9, &chain[1], NULL);
	rig_remove(&r);
}
END_TEST

/* Nothing is activated or committed while the operator holds publication, and
 * what is live stays; a rollback is the operator's own. */
START_TEST(publication_is_held)
{
	struct digest chain[2], d;
	struct rig r;

	rig_make(&r);
	commit_chain(&r, chain, 2);
	d = candidate(&r, 3, &chain[1]);
	OK(&r, activate(&r, 4, &chain[1], &d));
	OK(&r, store_hold_set(r.store, true, &r.err));
	OK(&r, store_hold_set(r.store, true, &r.err));
	ck_assert(store_is_held(r.store));
	ck_assert_int_eq(
	    activation_commit(&r.a, 5, &d, 0, &r.err), ERR_REFUSED);
	OK(&r, activation_return(&r.a, 5, &r.err));
	ck_assert_int_eq(activate(&r, 6, &chain[1], &d), ERR_REFUSED);
	OK(&r, go_back(&r, NULL, NULL));
	check_state(&r, 7, &chain[0], NULL);
	OK(&r, store_hold_set(r.store, false, &r.err));
	OK(&r, store_hold_set(r.store, false, &r.err));
	d = candidate(&r, 4, &chain[0]);
	OK(&r, activate(&r, 7, &chain[0], &d));
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
	ck_assert_int_eq(go_back(&r, &d, NULL), ERR_NOT_FOUND);
	ck_assert_int_eq(go_back(&r, &chain[2], NULL), ERR_EXISTS);
	ck_assert_int_eq(go_back(&r, &chain[0], &expect), ERR_STALE);
	check_state(&r, 6, &chain[2], NULL);
	OK(&r, go_back(&r, NULL, NULL));
	check_state(&r, 7, &chain[1], NULL);
	check_current(&r, 7, &chain[1]);
	ck_assert_uint_eq(condemned(&r, &list), 1);
	ck_assert(digest_equal(&list[0].generation, &chain[2]));
	free(list);
	/* forward again pardons that one, and condemns what it leaves */
	expect = 7;
	OK(&r, go_back(&r, &chain[2], &expect));
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
	OK(&r, go_back(&r, NULL, NULL));
	check_state(&r, 7, &chain[0], NULL);
	ck_assert_int_eq(go_back(&r, NULL, NULL), ERR_NOT_FOUND);
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
	    activation_commit(&r.a, r.a.number, &d, 0, &r.err), ERR_BUSY);
	check_current(&r, 2, &chain[0]);
	live_reader_quiescent(r.a.live, 0);
	ck_assert_uint_eq(live_reclaim(r.a.live), 0);
	OK(&r, activation_commit(&r.a, r.a.number, &d, 0, &r.err));
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
	OK(&r, go_back(&r, NULL, NULL));
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
	OK(&r, go_back(&r, NULL, NULL));
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
    rollback_under_a_candidate, rollback_by_steps, publication_is_held,
    probation_of_a_candidate_and_in_a_soak,
    probation_ends_when_proven_or_rolled_back, probation_outlives_the_process,
    grace_periods, boot_from_current, boot_from_a_parent,
    boot_passes_the_condemned_by, boot_without_a_sound_current)
