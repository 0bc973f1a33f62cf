/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The guard's life in a daemon; see guard.h. Main and management threads.
 */
#include "dataplane/guard/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/dns.h"
#include "base/log.h"
#include "base/version.h"
#include "dataplane/guard/crash_files.h"
#include "dataplane/guard/fault_handler.h"
#include "dataplane/guard/quarantine_file.h"
#include "dataplane/guard/query_replay.h"
#include "snapshot/load.h"

struct guard {
	struct guard_options options;
	int dir_fd; /* -1: there is no folder */
	struct quarantine *set;
	struct burst_log **logs;
	char burst_name[CRASH_FILE_NAME_MAX];
	int burst_fd; /* -1: not armed */
	struct timespec listed_mtime;
};

/* --- life -------------------------------------------------------------------
 */

static void
folder_open(struct guard *g)
{
	char path[4096];

	snprintf(
	    path, sizeof path, "%s/" QUARANTINE_FOLDER, g->options.store_dir);
	(void)mkdir(path, 0770); /* it is there, or the open says why not */
	g->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (g->dir_fd < 0)
		log_warn("%s: %s: queries that crash this program can't be "
			 "found out",
		    path, strerror(errno));
}

int
guard_new(struct guard **out, const struct guard_options *o, struct err *err)
{
	struct guard *g = calloc(1, sizeof *g);
	int rc;

	if (!g)
		return err_set(err, ERR_NO_MEMORY, "no memory for the guard");
	g->options = *o;
	g->burst_fd = -1;
	folder_open(g);
	rc = quarantine_new(&g->set, err);
	g->logs = calloc(o->threads, sizeof *g->logs);
	if (!g->logs)
		rc = err_set(err, ERR_NO_MEMORY, "no memory for the guard");
	for (unsigned i = 0; i < o->threads && !rc; i++)
		rc = burst_log_new(
		    &g->logs[i], o->burst_queries, o->query_bytes, err);
	if (rc)
		guard_free(&g);
	*out = g;
	return rc;
}

void
guard_free(struct guard **gp)
{
	struct guard *g = *gp;

	if (!g)
		return;
	if (g->burst_fd >= 0) {
		fault_handler_close();
		unlinkat(g->dir_fd, g->burst_name, 0);
		close(g->burst_fd);
	}
	for (unsigned i = 0; g->logs && i < g->options.threads; i++)
		burst_log_free(&g->logs[i]);
	free(g->logs);
	quarantine_free(&g->set);
	if (g->dir_fd >= 0)
		close(g->dir_fd);
	free(g);
	*gp = NULL;
}

struct burst_log *
guard_log_find(struct guard *g, unsigned thread)
{
	return g ? g->logs[thread] : NULL;
}

const struct quarantine *
guard_quarantine_find(const struct guard *g)
{
	return g ? g->set : NULL;
}

void
guard_arm(struct guard *g)
{
	struct err err;

	if (g->dir_fd < 0)
		return;
	if (crash_file_create(&g->burst_fd, g->burst_name, g->dir_fd,
		g->options.program, &err)) {
		log_warn("%s/" QUARANTINE_FOLDER
			 ": %s: queries that crash this program can't be "
			 "found out",
		    g->options.store_dir, err.text);
		return;
	}
	if (fault_handler_open(
		g->burst_fd, g->options.program, HOLDFAST_VERSION, &err))
		log_warn("%s", err.text);
}

/* --- the quarantine as the folder has it ------------------------------------
 */

static void
complain(const char *text)
{
	log_error("%s", text);
}

static void
folder_list(struct guard *g, uint64_t now)
{
	struct quarantine_record *list = NULL;
	size_t count = 0;
	struct err err;

	if (quarantine_list(&list, &count, g->dir_fd, complain, &err)) {
		log_error("%s: %s", g->options.store_dir, err.text);
		return;
	}
	quarantine_scan_begin(g->set);
	for (size_t i = 0; i < count; i++) {
		const struct quarantine_record *r = &list[i];

		if (!r->released && r->expires_at > now &&
		    quarantine_add(g->set, r->message.data, r->message.len,
			r->expires_at, &err))
			log_error("query %s: %s", r->id, err.text);
	}
	quarantine_scan_end(g->set);
	quarantine_list_free(&list, count);
}

/* A change within the clock's last tick would not change the time again: a
 * folder is listed until it has been quiet for a while. */
static bool
folder_has_changed(struct guard *g, uint64_t now)
{
	struct stat st;

	if (g->dir_fd < 0 || fstat(g->dir_fd, &st))
		return false;
	if (st.st_mtim.tv_sec == g->listed_mtime.tv_sec &&
	    st.st_mtim.tv_nsec == g->listed_mtime.tv_nsec &&
	    now > (uint64_t)st.st_mtim.tv_sec + 2)
		return false;
	g->listed_mtime = st.st_mtim;
	return true;
}

unsigned
guard_look(struct guard *g)
{
	uint64_t now = clock_ms(CLOCK_REALTIME) / 1000;
	unsigned expired, before = atomic_load(&g->set->active), left;

	if (folder_has_changed(g, now))
		folder_list(g, now);
	expired = quarantine_expire(g->set, now);
	left = atomic_load(&g->set->active);
	if (expired)
		log_warn("%u queries have been in quarantine for long enough "
			 "and are answered again",
		    expired);
	else if (before != left)
		log_warn("%u queries are in quarantine, %u were", left, before);
	return left;
}

/* --- what a crash has left --------------------------------------------------
 */

struct attempt {
	struct guard *g;
	struct store *store;
	const struct generation *stable;
	struct generation *other; /* loaded for a query; NULL: none */
	const struct answer_config *config;
	struct replay replay;
	uint64_t until_ms;
	unsigned tried, guilty;
};

/* The generation that the query was answered from, if it is not the stable one
 * and can still be had. */
static const struct generation *
other_find(struct attempt *a, const struct digest *d)
{
	const struct load_options none = {0};

	if (digest_is_zero(d) ||
	    (a->stable && digest_equal(d, &a->stable->digest)))
		return NULL;
	if (a->other && digest_equal(d, &a->other->digest))
		return a->other;
	generation_free(&a->other);
	if (generation_load(&a->other, a->store, d, &none, NULL))
		a->other = NULL;
	return a->other;
}

static bool
query_is_guilty(struct attempt *a, const struct held_query *q, bool *hung)
{
	const struct generation *tries[2] = {
	    a->stable, other_find(a, &q->generation)};
	enum replay_outcome outcome = REPLAY_FINE;
	unsigned signal;
	struct err err;

	for (unsigned i = 0; i < 2 && outcome == REPLAY_FINE; i++) {
		if (i && !tries[i])
			continue;
		if (replay_query(&a->replay, tries[i], a->config, q, &outcome,
			&signal, &err))
			log_error("cannot try a query: %s", err.text);
	}
	*hung = outcome == REPLAY_HUNG;
	return outcome != REPLAY_FINE;
}

static void
record_fill(struct quarantine_record *r, const struct guard *g,
    const struct burst_file_d *head, const struct held_query *q, bool hung)
{
	*r = (struct quarantine_record){
	    .crashed_at = head->crashed_ms / 1000,
	    .expires_at = clock_ms(CLOCK_REALTIME) / 1000 + g->options.expiry_s,
	    .signal = head->signal,
	    .hung = hung,
	    .stream = q->head.transport == ANSWER_STREAM,
	    .client_bytes = q->head.client_bytes,
	    .capacity = q->head.capacity,
	    .generation = q->generation,
	};
	snprintf(r->program, sizeof r->program, "%s", g->options.program);
	snprintf(r->build, sizeof r->build, "%s", HOLDFAST_VERSION);
	memcpy(r->client, q->head.client, sizeof r->client);
	bytes_append(&r->message, q->message, q->head.bytes);
	quarantine_id(r->id, q->message, q->head.bytes);
}

static void
query_quarantine(struct guard *g, const struct burst_file_d *head,
    const struct held_query *q, bool hung)
{
	struct quarantine_record r;
	struct err err;

	record_fill(&r, g, head, q, hung);
	log_error("QUARANTINE: query %s %s this program (signal %u at the "
		  "crash of process %u); it is dropped for %u s. Please report "
		  "%s/" QUARANTINE_FOLDER "/%s.query",
	    r.id, hung ? "hangs" : "crashes", head->signal, head->pid,
	    g->options.expiry_s, g->options.store_dir, r.id);
	if (quarantine_add(
		g->set, q->message, q->head.bytes, r.expires_at, &err) ||
	    (g->dir_fd >= 0 && quarantine_record_write(g->dir_fd, &r, &err)))
		log_error("query %s: %s", r.id, err.text);
	quarantine_record_fini(&r);
}

/* The same query twice in a burst, or in two cores' bursts, is tried once. What
 * the engine drops before it looks can't be named. */
static void
queries_try(struct attempt *a, struct burst_file *f)
{
	struct held_query q;
	bool hung;

	while (burst_file_next(f, &q)) {
		if (q.head.bytes < DNS_HEADER_BYTES ||
		    quarantine_holds(a->g->set, q.message, q.head.bytes))
			continue;
		if (clock_ms(CLOCK_MONOTONIC) >= a->until_ms) {
			log_error("no more time to try what a crash has left: "
				  "the rest is answered untried");
			return;
		}
		a->tried++;
		if (query_is_guilty(a, &q, &hung)) {
			a->guilty++;
			query_quarantine(a->g, &f->head, &q, hung);
		}
	}
}

static void
burst_try(void *arg, const char *name, const void *data, size_t bytes)
{
	struct attempt *a = arg;
	struct burst_file f;
	struct err err;

	a->tried = a->guilty = 0;
	if (burst_file_open(&f, data, bytes, &err)) {
		log_error(QUARANTINE_FOLDER "/%s: %s", name, err.text);
		return;
	}
	log_error("process %u of %s %s crashed with signal %u at address "
		  "0x%" PRIx64 "; trying the queries that it had in hand",
	    f.head.pid, f.head.program, f.head.build, f.head.signal,
	    f.head.address);
	queries_try(a, &f);
	log_error("%u queries tried, %u of them crash or hang this program%s",
	    a->tried, a->guilty,
	    a->guilty ? ""
		      : ": the crash had another cause, or needs more "
			"than one query");
}

void
guard_replay(struct guard *g, struct store *store,
    const struct generation *stable, const struct answer_config *config)
{
	struct attempt a = {.g = g,
	    .store = store,
	    .stable = stable,
	    .config = config,
	    .until_ms =
		clock_ms(CLOCK_MONOTONIC) +
		(g->options.trial_ms ? g->options.trial_ms : GUARD_REPLAY_MS)};
	struct err err;

	if (g->dir_fd < 0)
		return;
	/* before the trial: what is known already is not tried again */
	guard_look(g);
	if (replay_init(&a.replay, &err)) {
		log_error("%s", err.text);
		return;
	}
	if (g->options.query_ms)
		a.replay.query_ms = g->options.query_ms;
	crash_files_take(g->dir_fd, g->options.program, GUARD_BURSTS_MAX,
	    GUARD_CRASHES_KEPT, burst_try, &a);
	replay_fini(&a.replay);
	generation_free(&a.other);
	if (a.guilty)
		quarantine_prune(g->dir_fd, GUARD_QUERIES_KEPT,
		    clock_ms(CLOCK_REALTIME) / 1000);
	guard_look(g);
}
