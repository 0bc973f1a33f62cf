/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The state machine of generations; see activation.h. Management thread;
 * loading takes memory (snapshot/load.h), the rest allocates nothing but the
 * lists that a rollback reads and writes.
 */
#include "dataplane/poll/activation.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/log.h"
#include "dataplane/poll/protected_names.h"
#include "snapshot/load.h"

static struct digest
stable_digest(const struct activation *a)
{
	return a->stable ? a->stable->digest : (struct digest){0};
}

void
activation_write_page(struct activation *a)
{
	struct page_state s = {
	    .activation = a->number,
	    .stable = stable_digest(a),
	    .canary_permille = a->canary_permille,
	    .canary_key = {a->canary_key[0], a->canary_key[1]},
	    .deadline_ms = a->deadline_ms,
	    .soak_until_ms = a->soak_until_ms,
	};

	if (a->candidate)
		s.candidate = a->candidate->digest;
	if (a->page)
		page_write_probation(
		    a->page, &s, a->stable_probation, a->candidate_probation);
}

/* What there is to answer from. */
struct sides {
	struct generation *stable, *candidate;
	struct probation *stable_probation, *candidate_probation;
};

static struct sides
sides_now(const struct activation *a)
{
	return (struct sides){a->stable, a->candidate, a->stable_probation,
	    a->candidate_probation};
}

/* What changes at once: the pair that cores see, our own view of it, the
 * number, the page. Takes `*garbage`, which `next` does not name. */
static int
swap(struct activation *a, const struct sides *next,
    struct live_garbage *garbage, uint64_t number, struct err *err)
{
	struct live_pair pair = {
	    .stable = next->stable,
	    .candidate = next->candidate,
	    .canary_permille = next->candidate ? a->canary_permille : 0,
	    .canary_key = {a->canary_key[0], a->canary_key[1]},
	    .stable_probation = next->stable_probation,
	    .candidate_probation = next->candidate_probation,
	};
	int rc = live_replace(a->live, &pair, garbage, err);

	if (rc)
		return rc;
	a->stable = next->stable;
	a->candidate = next->candidate;
	a->stable_probation = next->stable_probation;
	a->candidate_probation = next->candidate_probation;
	if (!a->candidate) {
		a->canary_permille = 0;
		a->deadline_ms = 0;
	}
	if (!a->stable_probation)
		a->soak_until_ms = 0;
	a->number = number;
	activation_write_page(a);
	return 0;
}

static int
compare_number(const struct activation *a, uint64_t expect, struct err *err)
{
	if (expect == a->number)
		return 0;
	return err_set(err, ERR_STALE,
	    "expected activation %lu, but it is %lu; ask for the status and "
	    "build on that",
	    (unsigned long)expect, (unsigned long)a->number);
}

static int
compare_parent(
    const struct activation *a, const struct digest *parent, struct err *err)
{
	struct digest stable = stable_digest(a);
	char is[DIGEST_TEXT_MAX], was[DIGEST_TEXT_MAX];

	if (digest_equal(parent, &stable))
		return 0;
	return err_set(err, ERR_STALE,
	    "built on generation %s, but %s is live; build on that",
	    digest_to_text(was, parent), digest_to_text(is, &stable));
}

int
activation_load(struct activation *a, const struct digest *digest,
    struct generation **out, struct err *err)
{
	struct load_options options = {
	    .huge_pages = a->huge_pages,
	    .base = a->stable,
	    .progress = a->progress,
	    .arg = a->progress_arg,
	};

	/* memory of the last one first, if it can be had back */
	live_reclaim(a->live);
	return generation_load(out, a->store, digest, &options, err);
}

int
activation_set_stable(struct activation *a, struct generation **generation,
    struct probation **probation, uint64_t number, struct err *err)
{
	struct live_garbage old = {a->stable, a->stable_probation};
	struct sides next = {.stable = *generation,
	    .stable_probation = probation ? *probation : NULL};
	int rc = swap(a, &next, &old, number, err);

	if (rc)
		return rc;
	*generation = NULL;
	if (probation)
		*probation = NULL;
	return 0;
}

/* The zones that `g` changes, and those that the stable one has changed and not
 * proven. */
static int
candidate_probation(struct activation *a, const struct generation *g,
    struct probation **out, struct err *err)
{
	struct probation *all = probation_new(PROBATION_ZONES_MAX);
	int rc;

	if (!all)
		return err_set(err, ERR_NO_MEMORY, "out of memory");
	probation_add_changed(all, g, a->stable);
	if (a->stable_probation)
		probation_add_all(all, a->stable_probation);
	rc = probation_copy(out, all, err);
	probation_free(&all);
	return rc;
}

/* Everything that may fail or take time has been done: `g` is loaded. */
static int
take_candidate(struct activation *a, const struct activation_request *r,
    struct generation *g, struct probation *probation, struct err *err)
{
	struct live_garbage old = {a->candidate, a->candidate_probation};
	struct sides next = sides_now(a);
	uint32_t permille = a->canary_permille;
	uint64_t deadline = a->deadline_ms, key[2];
	int rc;

	next.candidate = g;
	next.candidate_probation = probation;
	memcpy(key, a->canary_key, sizeof key);
	a->canary_permille = r->permille;
	a->deadline_ms = a->now_ms() + r->deadline_ms;
	/* other clients each time; without randomness, the same ones */
	if (getrandom(a->canary_key, sizeof key, GRND_NONBLOCK) < 0)
		memcpy(a->canary_key, key, sizeof key);
	rc = compare_number(a, r->expect, err);
	if (!rc)
		rc = compare_parent(a, &r->parent, err);
	if (!rc)
		rc = swap(a, &next, &old, a->number + 1, err);
	if (rc) {
		a->canary_permille = permille;
		a->deadline_ms = deadline;
		memcpy(a->canary_key, key, sizeof key);
	}
	return rc;
}

int
activation_activate(
    struct activation *a, const struct activation_request *r, struct err *err)
{
	struct probation *probation = NULL;
	struct generation *g = NULL;
	int rc;

	if (r->permille > 1000 || r->deadline_ms == 0 ||
	    r->deadline_ms > ACTIVATION_DEADLINE_MS_MAX)
		return err_set(err, ERR_USAGE,
		    "permille is 0 to 1000, deadline_ms 1 to %d",
		    ACTIVATION_DEADLINE_MS_MAX);
	if (store_is_held(a->store))
		return err_set(err, ERR_REFUSED,
		    "publication is held; `holdfast release` ends that");
	/* once before the load, which is dear, and once behind it */
	rc = compare_number(a, r->expect, err);
	if (!rc)
		rc = compare_parent(a, &r->parent, err);
	if (!rc)
		rc = activation_load(a, &r->generation, &g, err);
	if (rc)
		return rc;
	if (!digest_equal(&g->parent, &r->parent))
		rc = err_set(err, ERR_STALE,
		    "the generation's manifest names another parent than the "
		    "request");
	if (!rc && a->protected_names)
		rc = protected_names_check(a->protected_names, g, err);
	if (!rc)
		rc = candidate_probation(a, g, &probation, err);
	if (!rc)
		rc = take_candidate(a, r, g, probation, err);
	if (rc) {
		probation_free(&probation);
		generation_free(&g);
	}
	return rc;
}

/* Writes `current` for `g` with the next number. */
static int
write_current(struct activation *a, const struct generation *g, uint64_t number,
    struct err *err)
{
	int rc = store_commit(a->store, &a->current, &g->digest, number, err);

	if (rc)
		return rc;
	return store_current_read(a->store, &a->current, err);
}

/* What stands when the candidate is stable. *old: what does not any more. */
static struct sides
sides_committed(
    const struct activation *a, bool soaks, struct live_garbage *old)
{
	struct sides next = {.stable = a->candidate,
	    .stable_probation =
		soaks ? a->candidate_probation : a->stable_probation};

	*old = (struct live_garbage){.generation = a->stable,
	    .probation = soaks ? a->stable_probation : a->candidate_probation};
	return next;
}

static int
commit_check(struct activation *a, uint64_t expect,
    const struct digest *generation, uint64_t soak_ms, struct err *err)
{
	int rc = compare_number(a, expect, err);

	if (rc)
		return rc;
	if (soak_ms > ACTIVATION_DEADLINE_MS_MAX)
		return err_set(err, ERR_USAGE, "soak_ms is 0 to %d",
		    ACTIVATION_DEADLINE_MS_MAX);
	if (!a->candidate || !digest_equal(&a->candidate->digest, generation))
		return err_set(err, ERR_STALE, "%s; activate it again",
		    a->candidate ? "another generation is the candidate"
				 : "there is no candidate: its deadline has "
				   "passed, or it was returned");
	if (store_is_held(a->store))
		return err_set(err, ERR_REFUSED,
		    "publication is held; `holdfast release` ends that");
	if (live_reclaim(a->live) >= LIVE_PAIRS - 1)
		return err_set(err, ERR_BUSY,
		    "a core does not move on; restart the data plane");
	return 0;
}

int
activation_commit(struct activation *a, uint64_t expect,
    const struct digest *generation, uint64_t soak_ms, struct err *err)
{
	uint64_t until = a->now_ms() + soak_ms, before = a->soak_until_ms;
	struct live_garbage old;
	struct sides next = sides_committed(a, soak_ms != 0, &old);
	int rc = commit_check(a, expect, generation, soak_ms, err);

	if (!rc)
		rc = write_current(a, a->candidate, a->number + 1, err);
	if (rc)
		return rc;
	/* what was not proven yet is not proven the sooner for a new one */
	if (soak_ms && until > before)
		a->soak_until_ms = until;
	rc = swap(a, &next, &old, a->number + 1, err);
	if (rc)
		a->soak_until_ms = before;
	return rc;
}

static int
end_probation(struct activation *a, struct err *err)
{
	struct live_garbage old = {.probation = a->stable_probation};
	struct sides next = sides_now(a);

	next.stable_probation = NULL;
	return swap(a, &next, &old, a->number, err);
}

int
activation_proven(struct activation *a, uint64_t expect,
    const struct digest *generation, struct err *err)
{
	struct digest stable = stable_digest(a);
	int rc = compare_number(a, expect, err);

	if (rc)
		return rc;
	if (!digest_equal(&stable, generation))
		return err_set(
		    err, ERR_STALE, "another generation is the stable one");
	return a->stable_probation ? end_probation(a, err) : 0;
}

int
activation_return(struct activation *a, uint64_t expect, struct err *err)
{
	struct live_garbage old = {a->candidate, a->candidate_probation};
	struct sides next = sides_now(a);
	int rc = compare_number(a, expect, err);

	if (rc)
		return rc;
	if (!a->candidate)
		return err_set(err, ERR_NOT_FOUND, "there is no candidate");
	next.candidate = NULL;
	next.candidate_probation = NULL;
	return swap(a, &next, &old, a->number + 1, err);
}

static bool
serves(const struct generation *g, uint32_t slot, const struct digest *records)
{
	return slot < g->nslots &&
	       digest_equal(records, generation_records_digest(g, slot));
}

/* Whoever returns to a version that was condemned once has pardoned it. */
static size_t
drop_pardoned(
    const struct generation *to, struct store_condemned *list, size_t count)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		if (!serves(to, list[i].slot, &list[i].records))
			list[n++] = list[i];
	return n;
}

/* The slots that differ between what is left and what is returned to. */
static size_t
list_left_slots(const struct generation *left, const struct generation *to,
    struct store_condemned *list)
{
	size_t n = 0;

	for (uint32_t i = 0; i < left->nslots; i++) {
		const struct digest *mine = generation_records_digest(left, i);

		if (!digest_is_zero(mine) && !serves(to, i, mine))
			list[n++] =
			    (struct store_condemned){.generation = left->digest,
				.slot = i,
				.records = *mine};
	}
	return n;
}

static int
condemn(struct activation *a, const struct generation *to, struct err *err)
{
	uint32_t most = a->stable ? a->stable->nslots : 0;
	struct store_condemned *old = NULL, *list;
	size_t count = 0;
	int rc = store_condemned_read(a->store, &old, &count, err);

	if (rc)
		return rc;
	list = reallocarray(old, count + most + 1, sizeof *list);
	if (!list) {
		free(old);
		return err_set(err, ERR_NO_MEMORY, "out of memory");
	}
	count = drop_pardoned(to, list, count);
	if (a->stable)
		count += list_left_slots(a->stable, to, list + count);
	rc = store_condemned_write(a->store, list, count, err);
	free(list);
	return rc;
}

/* The candidate, if any, was built on what is left: it goes first. */
static int
roll_to(struct activation *a, struct generation **to, struct err *err)
{
	int rc = 0;

	if (a->candidate)
		rc = activation_return(a, a->number, err);
	if (!rc && live_reclaim(a->live) >= LIVE_PAIRS - 1)
		rc = err_set(err, ERR_BUSY,
		    "a core does not move on; restart the data plane");
	if (!rc)
		rc = condemn(a, *to, err);
	if (!rc)
		rc = write_current(a, *to, a->number + 1, err);
	if (!rc)
		rc = activation_set_stable(a, to, NULL, a->number + 1, err);
	return rc;
}

/* The generation so many parents back. */
static int
ancestor_find(
    struct activation *a, uint64_t steps, struct digest *out, struct err *err)
{
	int rc = 0;

	*out = a->stable ? a->stable->parent : (struct digest){0};
	for (uint64_t i = 1; rc == 0 && i < steps && !digest_is_zero(out); i++)
		rc = store_parent_read(a->store, out, out, err);
	if (rc == 0 && digest_is_zero(out))
		rc = err_set(err, ERR_NOT_FOUND,
		    steps > 1 ? "there are not so many generations before this "
				"one"
			      : "there is no generation before this one");
	return rc;
}

static int
target_find(struct activation *a, const struct rollback_request *r,
    struct digest *out, struct err *err)
{
	struct digest stable = stable_digest(a);
	char text[DIGEST_TEXT_MAX];
	int rc = 0;

	if (r->generation)
		*out = *r->generation;
	else
		rc = ancestor_find(a, r->steps, out, err);
	if (rc)
		return rc;
	if (digest_equal(out, &stable))
		return err_set(err, ERR_EXISTS, "generation %s is live already",
		    digest_to_text(text, out));
	if (!store_has(a->store, STORE_GENERATION, out))
		return err_set(err, ERR_NOT_FOUND,
		    "generation %s was never committed, or retention has "
		    "removed it; `holdfast history` lists those there are",
		    digest_to_text(text, out));
	return 0;
}

int
activation_rollback(
    struct activation *a, const struct rollback_request *r, struct err *err)
{
	struct generation *g = NULL;
	struct digest target;
	int rc = r->expect ? compare_number(a, *r->expect, err) : 0;

	if (!rc)
		rc = target_find(a, r, &target, err);
	if (!rc)
		rc = store_want(a->store, &target, err);
	if (!rc)
		rc = activation_load(a, &target, &g, err);
	if (!rc && a->protected_names && !r->force) {
		rc = protected_names_check(a->protected_names, g, err);
		if (rc)
			err_add(err, "force=yes rolls back nevertheless");
	}
	if (!rc && r->expect)
		rc = compare_number(a, *r->expect, err);
	if (!rc)
		rc = roll_to(a, &g, err);
	generation_free(&g);
	return rc;
}

static void
soak_timer(struct activation *a)
{
	struct err err;

	if (!a->stable_probation || a->now_ms() < a->soak_until_ms)
		return;
	if (end_probation(a, &err))
		log_error("the soak is over: %s", err.text);
	else
		log_info("the soak is over: no zone of the stable generation "
			 "is on probation any more");
}

void
activation_timer(struct activation *a)
{
	struct err err;

	live_reclaim(a->live);
	soak_timer(a);
	if (!a->candidate || a->now_ms() < a->deadline_ms)
		return;
	if (activation_return(a, a->number, &err))
		log_error("candidate past its deadline: %s", err.text);
	else
		log_warn("the candidate was not committed by its deadline: "
			 "the stable generation answers alone");
}

void
activation_fini(struct activation *a)
{
	generation_free(&a->candidate);
	generation_free(&a->stable);
	probation_free(&a->candidate_probation);
	probation_free(&a->stable_probation);
}
