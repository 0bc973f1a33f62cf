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
	};

	if (a->candidate)
		s.candidate = a->candidate->digest;
	if (a->page)
		page_write(a->page, &s);
}

/* What changes at once: the pair that cores see, our own view of it, the
 * number, the page. Takes `*garbage`, which the new pair does not name. */
static int
swap(struct activation *a, struct generation *stable,
    struct generation *candidate, struct generation **garbage, uint64_t number,
    struct err *err)
{
	struct live_pair pair = {
	    .stable = stable,
	    .candidate = candidate,
	    .canary_permille = candidate ? a->canary_permille : 0,
	    .canary_key = {a->canary_key[0], a->canary_key[1]},
	};
	int rc = live_publish(a->live, &pair, garbage, err);

	if (rc)
		return rc;
	a->stable = stable;
	a->candidate = candidate;
	if (!candidate) {
		a->canary_permille = 0;
		a->deadline_ms = 0;
	}
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
    uint64_t number, struct err *err)
{
	struct generation *old = a->stable;
	int rc = swap(a, *generation, NULL, &old, number, err);

	if (!rc)
		*generation = NULL;
	return rc;
}

/* Everything that may fail or take time has been done: `g` is loaded. */
static int
take_candidate(struct activation *a, const struct activation_request *r,
    struct generation *g, struct err *err)
{
	struct generation *old = a->candidate;
	uint32_t permille = a->canary_permille;
	uint64_t deadline = a->deadline_ms, key[2];
	int rc;

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
		rc = swap(a, a->stable, g, &old, a->number + 1, err);
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
	struct generation *g = NULL;
	int rc;

	if (r->permille > 1000 || r->deadline_ms == 0 ||
	    r->deadline_ms > ACTIVATION_DEADLINE_MS_MAX)
		return err_set(err, ERR_USAGE,
		    "permille is 0 to 1000, deadline_ms 1 to %d",
		    ACTIVATION_DEADLINE_MS_MAX);
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
	else
		rc = take_candidate(a, r, g, err);
	if (rc)
		generation_free(&g);
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

int
activation_commit(struct activation *a, uint64_t expect,
    const struct digest *generation, struct err *err)
{
	struct generation *old = a->stable;
	int rc = compare_number(a, expect, err);

	if (rc)
		return rc;
	if (!a->candidate || !digest_equal(&a->candidate->digest, generation))
		return err_set(err, ERR_STALE, "%s; activate it again",
		    a->candidate ? "another generation is the candidate"
				 : "there is no candidate: its deadline has "
				   "passed, or it was returned");
	if (live_reclaim(a->live) >= LIVE_PAIRS - 1)
		return err_set(err, ERR_BUSY,
		    "a core does not move on; restart the data plane");
	rc = write_current(a, a->candidate, a->number + 1, err);
	if (rc)
		return rc;
	return swap(a, a->candidate, NULL, &old, a->number + 1, err);
}

int
activation_return(struct activation *a, uint64_t expect, struct err *err)
{
	struct generation *old = a->candidate;
	int rc = compare_number(a, expect, err);

	if (rc)
		return rc;
	if (!a->candidate)
		return err_set(err, ERR_NOT_FOUND, "there is no candidate");
	return swap(a, a->stable, NULL, &old, a->number + 1, err);
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
		rc = activation_set_stable(a, to, a->number + 1, err);
	return rc;
}

int
activation_rollback(struct activation *a, const struct digest *generation,
    const uint64_t *expect, struct err *err)
{
	struct digest stable = stable_digest(a), target;
	struct generation *g = NULL;
	char text[DIGEST_TEXT_MAX];
	int rc = expect ? compare_number(a, *expect, err) : 0;

	if (rc)
		return rc;
	if (generation)
		target = *generation;
	else
		target = a->stable ? a->stable->parent : (struct digest){0};
	if (digest_is_zero(&target))
		return err_set(err, ERR_NOT_FOUND,
		    "there is no generation before this one");
	if (digest_equal(&target, &stable))
		return err_set(err, ERR_EXISTS, "generation %s is live already",
		    digest_to_text(text, &target));
	if (!store_has(a->store, STORE_GENERATION, &target))
		return err_set(err, ERR_NOT_FOUND,
		    "generation %s was never committed, or retention has "
		    "removed it; `holdfast status` lists those there are",
		    digest_to_text(text, &target));
	rc = activation_load(a, &target, &g, err);
	if (!rc && expect)
		rc = compare_number(a, *expect, err);
	if (!rc)
		rc = roll_to(a, &g, err);
	generation_free(&g);
	return rc;
}

void
activation_timer(struct activation *a)
{
	struct err err;

	live_reclaim(a->live);
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
}
