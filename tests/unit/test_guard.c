/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a crash has left, tried by the guard of the next process: a store, a
 * burst that a child leaves when it dies, and what is in quarantine then. Needs
 * a build with fault points: names harm the engine.
 */
#include "dataplane/guard/guard.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/wire.h"
#include "dataplane/guard/crash_files.h"
#include "dataplane/guard/fault_handler.h"
#include "dataplane/guard/quarantine_file.h"
#include "snapshot/fault.h"
#include "snapshot/load.h"
#include "tests/rig/text_store.h"
#include "tests/unit/option_query.h"
#include "tests/unit/unit_run.h"

enum { QUERIES_MAX = 4, ROOM = 1024 };

#define DEATH "query-of-death.ex.test."
#define HANG  "query-of-hang.ex.test."

static char dir[UNIT_PATH_MAX], crash_dir[UNIT_PATH_MAX];
static struct store *store;
static struct digest first, second; /* generations of the store */
static struct answer_config config;
static struct err err;

static struct generation *
loaded(const struct digest *d)
{
	const struct load_options options = {0};
	struct generation *g;

	ck_assert_msg(
	    generation_load(&g, store, d, &options, &err) == 0, "%s", err.text);
	return g;
}

/* False: this build has no fault points. */
static bool
start(void)
{
	char path[UNIT_PATH_MAX];

	unit_directory_make(dir);
	unit_path(path, dir, "store");
	unit_path(crash_dir, path, QUARANTINE_FOLDER);
	ck_assert_int_eq(store_create(path, &err), 0);
	ck_assert_int_eq(store_open(&store, path, 0, &err), 0);
	for (unsigned i = 0; i < 2; i++)
		ck_assert_msg(
		    text_store_put(store, "ex.test.",
			i ? "@ 60 SOA ns h 2 2 3 4 5\n@ 60 NS ns\n"
			  : "@ 60 SOA ns h 1 2 3 4 5\n@ 60 NS ns\n",
			i ? &first : NULL, i ? &second : &first, &err) == 0,
		    "%s", err.text);
	answer_config_default(&config);
	return fault_set("death-by-name", 1);
}

static void
stop(void)
{
	fault_clear_all();
	store_close(&store);
	unit_directory_remove(dir);
}

static struct guard *
guard_of(unsigned trial_ms, unsigned query_ms)
{
	struct guard_options o = {.program = "prog",
	    .store_dir = store_dir(store),
	    .expiry_s = 3600,
	    .threads = 1,
	    .burst_queries = QUERIES_MAX,
	    .query_bytes = ROOM,
	    .trial_ms = trial_ms,
	    .query_ms = query_ms};
	struct guard *g;

	ck_assert_int_eq(guard_new(&g, &o, &err), 0);
	return g;
}

static void
query_make(const char *name, struct option_query *out)
{
	option_query_begin(out, name, DNS_TYPE_A);
}

static void
burst_hold(
    struct burst_log *log, const struct generation *g, const char *const *names)
{
	static struct option_query made[QUERIES_MAX];
	struct answer_query q[QUERIES_MAX];
	unsigned n = 0;

	for (; names[n]; n++) {
		query_make(names[n], &made[n]);
		q[n] = (struct answer_query){.message = made[n].message,
		    .bytes = (uint32_t)made[n].bytes,
		    .capacity = ROOM};
	}
	burst_log_hold_all(log, g, q, n, ANSWER_UDP);
}

/* A process dies of these, answered from `g`. `number`: who else ends it. */
static void
crash(const struct generation *g, const char *const *names)
{
	const struct rlimit none = {0};
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct guard *guard = guard_of(0, 0);
		struct burst_log *log = guard_log_find(guard, 0);

		setrlimit(RLIMIT_CORE, &none);
		guard_arm(guard);
		if (fault_handler_enter(log, NULL))
			_exit(1);
		burst_hold(log, g, names);
		abort();
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

#define CRASH(g, ...) crash(g, (const char *const[]){__VA_ARGS__, NULL})

static bool
held(const struct guard *g, const char *name)
{
	struct option_query q;

	query_make(name, &q);
	return quarantine_holds(
	    guard_quarantine_find(g), q.message, (uint32_t)q.bytes);
}

static unsigned
files(const char *suffix)
{
	DIR *d = opendir(crash_dir);
	struct dirent *e;
	unsigned n = 0;

	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d)) != NULL) {
		const char *dot = strrchr(e->d_name, '.');

		n += dot && strcmp(dot, suffix) == 0;
	}
	closedir(d);
	return n;
}

START_TEST(the_guilty_alone_are_held)
{
	if (start()) {
		struct generation *g = loaded(&first);
		struct guard *guard;

		CRASH(g, "a.ex.test.", DEATH, "b.ex.test.", HANG);
		ck_assert_uint_eq(files(".burst"), 1);
		guard = guard_of(0, 100);
		guard_replay(guard, store, g, &config);
		ck_assert(held(guard, DEATH) && held(guard, HANG));
		ck_assert(!held(guard, "a.ex.test."));
		ck_assert(!held(guard, "b.ex.test."));
		ck_assert_uint_eq(files(".burst"), 0);
		ck_assert_uint_eq(files(".crash"), 1);
		ck_assert_uint_eq(files(".query"), 2);
		guard_free(&guard);
		/* the next process knows them without a trial */
		guard = guard_of(0, 0);
		ck_assert_uint_eq(guard_look(guard), 2);
		ck_assert(held(guard, DEATH));
		guard_free(&guard);
		generation_free(&g);
	}
	stop();
}
END_TEST

/* Nothing is stable yet; the candidate that answered is in the store. */
START_TEST(tried_with_the_generation_that_answered)
{
	if (start()) {
		struct generation *candidate = loaded(&second);
		struct guard *guard;

		CRASH(candidate, DEATH);
		generation_free(&candidate);
		guard = guard_of(0, 0);
		guard_replay(guard, store, NULL, &config);
		ck_assert(held(guard, DEATH));
		guard_free(&guard);
	}
	stop();
}
END_TEST

/* It is gone, or was never there: without it no query is guilty. */
START_TEST(a_generation_that_is_gone)
{
	if (start()) {
		struct generation *candidate = loaded(&second);
		struct guard *guard;

		memset(&candidate->digest, 0x5a, sizeof candidate->digest);
		CRASH(candidate, DEATH);
		generation_free(&candidate);
		guard = guard_of(0, 0);
		guard_replay(guard, store, NULL, &config);
		ck_assert(!held(guard, DEATH));
		ck_assert_uint_eq(files(".crash"), 1);
		guard_free(&guard);
	}
	stop();
}
END_TEST

/* Two queries that hang, and time for one at most: the daemon has to come up.
 */
START_TEST(the_trial_ends_in_time)
{
	if (start()) {
		struct generation *g = loaded(&first);
		struct guard *guard;

		CRASH(g, HANG, "query-of-hang.other.ex.test.");
		guard = guard_of(200, 300);
		guard_replay(guard, store, g, &config);
		ck_assert(!held(guard, "query-of-hang.other.ex.test."));
		ck_assert_uint_le(guard_look(guard), 1);
		/* and does not try them again and again */
		ck_assert_uint_eq(files(".burst"), 0);
		guard_free(&guard);
		generation_free(&g);
	}
	stop();
}
END_TEST

START_TEST(of_many_crashes_the_newest_are_kept)
{
	if (start()) {
		struct generation *g = loaded(&first);
		struct guard *guard;

		for (unsigned i = 0; i < GUARD_CRASHES_KEPT + 4; i++) {
			CRASH(g, "a.ex.test.");
			guard = guard_of(0, 0);
			guard_replay(guard, store, g, &config);
			ck_assert_uint_eq(guard_look(guard), 0);
			guard_free(&guard);
			ck_assert_uint_eq(files(".crash"),
			    i < GUARD_CRASHES_KEPT ? i + 1
						   : GUARD_CRASHES_KEPT);
		}
		generation_free(&g);
	}
	stop();
}
END_TEST

UNIT_MAIN("guard", the_guilty_alone_are_held,
    tried_with_the_generation_that_answered, a_generation_that_is_gone,
    the_trial_ends_in_time, of_many_crashes_the_newest_are_kept)
