/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Following the data plane's page or the store's `current`. A wish (which
 * generations, which share of the clients) is made of what is seen; if it
 * differs from what is live, what is missing is loaded, sharing cells with what
 * is there, and swapped in. What can't be loaded changes nothing: the last good
 * answers stand. Run by the main thread; allocates generations.
 */
#include "dataplane/sockets/follow.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "snapshot/dataplane_protocol.h"
#include "snapshot/load.h"

enum {
	PAGE_POLL_MS = 20,     /* a page that lives is looked at this often */
	STORE_POLL_MS = 1000,  /* should inotify miss something */
	PAGE_DEAD_MS = 5000,   /* a heartbeat older than this: dead */
	PAGE_REOPEN_MS = 1000, /* a page that is late may be another file now */
	LOAD_AGAIN_MS = 5000,  /* a generation that did not load: try again */
	FAILURES_KEPT = 8,
};

struct wish {
	struct digest stable, candidate; /* zeros: none */
	uint32_t permille, reserved;
	uint64_t key[2];
	/* With the generations these say which sets of zones are meant: those
	 * of follow.stable_probation and .candidate_probation, or none. */
	uint64_t soak_until_ms;
	uint32_t stable_probation, candidate_probation;
};

struct follow {
	struct store *store;
	char *page_path; /* NULL: none */
	struct page *page;
	struct grace *grace;
	counter_t *counters;
	int inotify_fd;
	struct live *live;                     /* NULL: the first, static one */
	struct generation *stable, *candidate; /* what `live` refers to */
	struct wish applied;
	/* what the page said last, and its zones on probation */
	struct page_state seen;
	struct probation *stable_probation, *candidate_probation;
	/* did not load: not tried again before its time */
	struct failure {
		struct digest digest;
		uint64_t again_ms;
	} failures[FAILURES_KEPT];
	unsigned next_failure;
	uint64_t page_opened_ms;
	uint64_t store_seen_ms;
	dev_t store_device;
	ino_t store_inode;
	bool page_alive, said_none, said_current;
};

/* Remembers which directory the store is, and asks to be told of changes.
 * Without inotify (its limits are per user) the poll remains. */
static void
store_watch(struct follow *f)
{
	struct stat st = {0};

	if (stat(store_dir(f->store), &st) == 0) {
		f->store_device = st.st_dev;
		f->store_inode = st.st_ino;
	}
	if (f->inotify_fd >= 0)
		(void)inotify_add_watch(f->inotify_fd, store_dir(f->store),
		    IN_MOVED_TO | IN_CLOSE_WRITE);
}

/* A store that was replaced (made anew, or put back from a backup) has the same
 * path and is another directory: it is followed from now on. */
static void
store_look(struct follow *f, uint64_t now)
{
	struct store *next = NULL;
	struct stat st;
	struct err err;

	if (now - f->store_seen_ms < STORE_POLL_MS)
		return;
	f->store_seen_ms = now;
	if (stat(store_dir(f->store), &st) < 0 ||
	    (st.st_dev == f->store_device && st.st_ino == f->store_inode) ||
	    store_open(&next, store_dir(f->store), STORE_READ_ONLY, &err))
		return;
	log_warn("%s is another store now; it is followed", store_dir(next));
	store_close(&f->store);
	f->store = next;
	f->said_none = f->said_current = false;
	memset(f->failures, 0, sizeof f->failures);
	store_watch(f);
}

int
follow_new(struct follow **out, struct store **store, const char *run_dir,
    struct grace *grace, counter_t *counters, struct err *err)
{
	struct follow *f = calloc(1, sizeof *f);

	if (f == NULL || (run_dir && asprintf(&f->page_path, "%s/%s", run_dir,
					 DATAPLANE_PAGE_NAME) < 0)) {
		free(f);
		return err_set(err, ERR_NO_MEMORY, "out of memory");
	}
	f->grace = grace;
	f->counters = counters;
	f->store = *store;
	*store = NULL;
	f->inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	store_watch(f);
	*out = f;
	return 0;
}

static void
pair_free(struct live **l)
{
	if (*l) {
		probation_free(&(*l)->stable_probation);
		probation_free(&(*l)->candidate_probation);
	}
	free(*l);
	*l = NULL;
}

void
follow_free(struct follow **fp)
{
	struct follow *f = *fp;

	if (f == NULL)
		return;
	if (f->page)
		page_close(&f->page);
	if (f->stable)
		generation_free(&f->stable);
	if (f->candidate)
		generation_free(&f->candidate);
	if (f->inotify_fd >= 0)
		close(f->inotify_fd);
	store_close(&f->store);
	probation_free(&f->stable_probation);
	probation_free(&f->candidate_probation);
	pair_free(&f->live);
	free(f->page_path);
	free(f);
	*fp = NULL;
}

const struct generation *
follow_stable_find(const struct follow *f)
{
	return f->stable;
}

struct store *
follow_store_find(const struct follow *f)
{
	return f->store;
}

int
follow_fd(const struct follow *f)
{
	return f->inotify_fd;
}

/* --- what is wished
 * --------------------------------------------------------------- */

static void
page_look(struct follow *f, uint64_t now)
{
	struct err err;

	if (f->page_opened_ms && now - f->page_opened_ms < PAGE_REOPEN_MS)
		return;
	f->page_opened_ms = now;
	if (f->page)
		page_close(&f->page);
	if (page_open(&f->page, f->page_path, &err) &&
	    err.code != ERR_NOT_FOUND)
		log_warn("%s", err.text);
}

/* The zones on probation are read again when what is said of them changed. */
static bool
page_state_read(struct follow *f, struct page_state *state, uint64_t *beat)
{
	struct probation *stable, *candidate;
	uint32_t pid;

	if (!page_read(f->page, state, beat, &pid))
		return false;
	if (memcmp(state, &f->seen, sizeof *state) == 0)
		return true;
	if (!page_read_probation(f->page, state, &stable, &candidate))
		return false;
	probation_free(&f->stable_probation);
	probation_free(&f->candidate_probation);
	f->stable_probation = stable;
	f->candidate_probation = candidate;
	f->seen = *state;
	return true;
}

/* True if a data plane is alive and says what it answers from. */
static bool
wish_from_page(struct follow *f, struct wish *w, uint64_t now)
{
	uint64_t beat = 0;
	struct page_state state;

	if (f->page_path == NULL)
		return false;
	if (f->page == NULL)
		page_look(f, now);
	if (f->page == NULL)
		return false;
	if (!page_state_read(f, &state, &beat) ||
	    beat + PAGE_REOPEN_MS <= now) {
		page_look(f, now);
		if (f->page == NULL || !page_state_read(f, &state, &beat))
			return false;
	}
	if (beat + PAGE_DEAD_MS <= now || digest_is_zero(&state.stable))
		return false;
	w->stable = state.stable;
	w->soak_until_ms = state.soak_until_ms;
	w->stable_probation = state.stable_probation;
	if (!digest_is_zero(&state.candidate) && state.canary_permille) {
		w->candidate = state.candidate;
		w->permille = state.canary_permille;
		memcpy(w->key, state.canary_key, sizeof w->key);
		w->candidate_probation = state.candidate_probation;
	}
	return true;
}

/* An unreadable list condemns nothing: it is only a preference here. */
static bool
is_condemned(struct follow *f, const struct digest *generation)
{
	struct store_condemned *list = NULL;
	bool found = false;
	size_t count = 0;
	struct err err;

	if (store_condemned_read(f->store, &list, &count, &err))
		return false;
	for (size_t i = 0; i < count && !found; i++)
		found = digest_equal(&list[i].generation, generation);
	free(list);
	return found;
}

/* `current` is damaged or names what can't be loaded: before anything was
 * loaded, the newest committed generation that can be is better than none.
 * Those that a rollback condemned come last. */
static bool
wish_from_committed(struct follow *f, struct wish *w, size_t skip)
{
	struct store_entry *list = NULL;
	size_t count = 0;
	bool found = false;
	struct err err;

	if (store_list(f->store, &list, &count, &err))
		return false;
	for (size_t i = 0; i < 2 * count && !found; i++) {
		const struct store_entry *e = &list[i % count];

		if (e->is_candidate ||
		    is_condemned(f, &e->digest) != (i >= count) || skip-- > 0)
			continue;
		w->stable = e->digest;
		found = true;
	}
	free(list);
	return found;
}

/* A data plane that died in a soak has proven nothing by that. */
static void
wish_soak(const struct follow *f, struct wish *w, uint64_t now)
{
	if (!digest_equal(&f->seen.stable, &w->stable) ||
	    f->seen.soak_until_ms <= now)
		return;
	w->soak_until_ms = f->seen.soak_until_ms;
	w->stable_probation = f->seen.stable_probation;
}

static bool
wish_from_current(struct follow *f, struct wish *w, uint64_t now)
{
	struct store_current current;
	struct err err;

	if (store_current_read(f->store, &current, &err)) {
		if (!f->said_current)
			log_error("%s", err.text);
		f->said_current = true;
		return f->stable == NULL && wish_from_committed(f, w, 0);
	}
	f->said_current = false;
	if (digest_is_zero(&current.generation)) {
		if (!f->said_none)
			log_warn("%s has no generation yet: every query gets "
				 "SERVFAIL until one is committed (holdfast "
				 "compile, or holdfastd)",
			    store_dir(f->store));
		f->said_none = true;
		return false;
	}
	w->stable = current.generation;
	wish_soak(f, w, now);
	return true;
}

/* --- how it comes true
 * ---------------------------------------------------------------- */

static struct generation *
loaded_find(struct follow *f, const struct digest *d)
{
	if (f->stable && digest_equal(&f->stable->digest, d))
		return f->stable;
	if (f->candidate && digest_equal(&f->candidate->digest, d))
		return f->candidate;
	return NULL;
}

static struct failure *
failure_find(struct follow *f, const struct digest *d)
{
	for (unsigned i = 0; i < FAILURES_KEPT; i++) {
		if (digest_equal(&f->failures[i].digest, d))
			return &f->failures[i];
	}
	return NULL;
}

/* Said once for each generation, not at every new try. */
static void
failure_note(struct follow *f, const struct digest *d, uint64_t now,
    const struct err *err)
{
	struct failure *known = failure_find(f, d);
	char hex[DIGEST_TEXT_MAX];

	count_one(f->counters, COUNT_GENERATION_FAILURES);
	if (known == NULL) {
		log_error("generation %.16s: %s; %s", digest_to_text(hex, d),
		    err->text,
		    f->stable ? "the one before it goes on answering"
			      : "nothing is loaded yet");
		known = &f->failures[f->next_failure++ % FAILURES_KEPT];
		known->digest = *d;
	}
	known->again_ms = now + LOAD_AGAIN_MS;
}

/* Cells are shared within a store: another has another key. */
static const struct generation *
base_find(const struct follow *f)
{
	if (f->stable && memcmp(&f->stable->key, store_key(f->store),
			     sizeof f->stable->key) == 0)
		return f->stable;
	return NULL;
}

/* What is loaded already, or loads it. NULL if it can't be. */
static struct generation *
generation_get(struct follow *f, const struct digest *d, uint64_t now)
{
	const struct load_options options = {.base = base_find(f)};
	const struct failure *known = failure_find(f, d);
	struct generation *g = loaded_find(f, d);
	char hex[DIGEST_TEXT_MAX];
	struct err err;

	if (g || (known && now < known->again_ms))
		return g;
	if (generation_load(&g, f->store, d, &options, &err)) {
		failure_note(f, d, now, &err);
		return NULL;
	}
	log_info("generation %.16s: loaded, %u zones, %.1f MiB",
	    digest_to_text(hex, d), g->nzones, (double)g->bytes / (1 << 20));
	return g;
}

static struct live *
pair_new(struct follow *f, struct generation *stable,
    struct generation *candidate, const struct wish *w)
{
	struct live *l = malloc(sizeof *l);

	if (l == NULL)
		return NULL;
	*l = (struct live){.stable = stable,
	    .candidate = candidate,
	    .permille = w->permille,
	    .key = {w->key[0], w->key[1]}};
	if ((w->stable_probation && probation_copy(&l->stable_probation,
					f->stable_probation, NULL)) ||
	    (candidate && w->candidate_probation &&
		probation_copy(
		    &l->candidate_probation, f->candidate_probation, NULL)))
		pair_free(&l);
	return l;
}

/* Takes both (candidate may be NULL) and frees what is not used any more.
 * False, and both are not taken, when out of memory. */
static bool
live_swap(struct follow *f, struct generation *stable,
    struct generation *candidate, const struct wish *w)
{
	struct live *next = pair_new(f, stable, candidate, w);
	struct generation *old[2] = {f->stable, f->candidate};

	if (next == NULL) {
		log_error("out of memory: generations stay as they are");
		return false;
	}
	(void)grace_swap(f->grace, next);
	pair_free(&f->live);
	f->live = next;
	f->stable = stable;
	f->candidate = candidate;
	for (unsigned i = 0; i < 2; i++) {
		if (old[i] && old[i] != stable && old[i] != candidate)
			generation_free(&old[i]);
	}
	count_one(f->counters, COUNT_GENERATION_SWAPS);
	return true;
}

static bool
wish_apply(struct follow *f, const struct wish *w, uint64_t now)
{
	struct generation *stable, *candidate = NULL;

	if (f->live && memcmp(w, &f->applied, sizeof *w) == 0)
		return true;
	stable = generation_get(f, &w->stable, now);
	if (stable == NULL)
		return false;
	if (!digest_is_zero(&w->candidate)) {
		/* the clients of a canary that can't be had get what stands */
		candidate = generation_get(f, &w->candidate, now);
		if (candidate == NULL && stable == f->stable &&
		    f->candidate == NULL)
			return false;
	}
	if (!live_swap(f, stable, candidate, w)) {
		if (stable != f->stable && stable != f->candidate)
			generation_free(&stable);
		if (candidate != f->stable && candidate != f->candidate)
			generation_free(&candidate);
		return false;
	}
	if (candidate || digest_is_zero(&w->candidate))
		f->applied = *w;
	return true;
}

/* Nothing is loaded and `current` is no good: its committed parents. */
static void
boot_from_parents(struct follow *f, uint64_t now)
{
	for (size_t i = 0; f->stable == NULL; i++) {
		struct wish w = {0};
		char hex[DIGEST_TEXT_MAX];

		if (!wish_from_committed(f, &w, i))
			break;
		if (wish_apply(f, &w, now))
			log_warn("answers come from the older generation %.16s",
			    digest_to_text(hex, &w.stable));
	}
}

static void
inotify_drain(struct follow *f)
{
	char events[4096];

	while (f->inotify_fd >= 0 &&
	       read(f->inotify_fd, events, sizeof events) > 0)
		;
}

int
follow_tick(struct follow *f)
{
	struct wish w = {0};
	uint64_t now = clock_ms(CLOCK_BOOTTIME);
	bool alive;

	store_look(f, now);
	alive = wish_from_page(f, &w, now);
	inotify_drain(f);
	if (alive != f->page_alive) {
		log_info("following %s",
		    alive ? f->page_path : "the store: no data plane");
		f->page_alive = alive;
	}
	if ((alive || wish_from_current(f, &w, now)) &&
	    !wish_apply(f, &w, now) && f->stable == NULL)
		boot_from_parents(f, now);
	return alive ? PAGE_POLL_MS : STORE_POLL_MS;
}
