/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The worker thread (worker.h): a poll loop over requests and changes of files.
 */
#include "control/publish/worker.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "control/parser/parser.h"
#include "control/sandbox/control_fault.h"
#include "control/source/watch.h"

enum {
	FOLLOW_MS = 1000, /* how often the data plane is asked what is live */
	RETRY_MS = 2000,  /* after a turn that failed, twice that the next */
	RETRY_MOST_MS = 60000,
	/* how long a request waits for files that are being written */
	SETTLE_PATIENCE_MS = 5000,
};

struct worker {
	struct cycle cycle;
	struct config *config;
	struct watch *watch;
	pthread_t thread;
	pthread_mutex_t lock; /* of the four below */
	struct work *first, **last;
	bool stop;
	int wake; /* eventfd */
	int64_t turn_due_ms;
	int retry_ms;
};

/* Signed, as the watch has it: differences may be negative. */
static int64_t
now_ms(void)
{
	return (int64_t)clock_ms(CLOCK_MONOTONIC);
}

struct zone_table *
worker_zones(struct worker *w)
{
	return &w->cycle.zones;
}

const struct guards *
worker_guards(const struct worker *w)
{
	return w->cycle.guards;
}

static void
worker_wake(struct worker *w)
{
	uint64_t one = 1;

	while (write(w->wake, &one, sizeof one) < 0 && errno == EINTR)
		;
}

void
worker_ask(struct worker *w, struct work *work)
{
	bool late;

	work->next = NULL;
	pthread_mutex_lock(&w->lock);
	late = w->stop;
	if (!late) {
		*w->last = work;
		w->last = &work->next;
	}
	pthread_mutex_unlock(&w->lock);
	if (late) {
		work->code = err_set(
		    &work->err, ERR_UNAVAILABLE, "holdfastd is stopping");
		work->done(work);
		return;
	}
	worker_wake(w);
}

static struct work *
work_take_find(struct worker *w, bool *stop)
{
	struct work *work;

	pthread_mutex_lock(&w->lock);
	*stop = w->stop;
	work = w->first;
	if (work) {
		w->first = work->next;
		if (!w->first)
			w->last = &w->first;
	}
	pthread_mutex_unlock(&w->lock);
	return work;
}

static bool
text_equal(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Says what of the new configuration only a restart brings. */
static void
config_fixed(const struct config *old, const struct config *fresh)
{
	const struct config_control *a = &old->control, *b = &fresh->control;

	if (!text_equal(a->socket_group, b->socket_group))
		log_warn("%s: control: socket_group: restart holdfastd for "
			 "this one",
		    fresh->path);
	if (!text_equal(a->user, b->user))
		log_warn("%s: control: user: restart holdfastd for this one",
		    fresh->path);
	if (a->sandbox != b->sandbox)
		log_warn("%s: control: sandbox: restart holdfastd for this one",
		    fresh->path);
	if (a->sandbox && !text_equal(a->keys, b->keys))
		log_warn("%s: control: keys: holdfastd is confined to the "
			 "folders that it started with; restart it for this "
			 "one",
		    fresh->path);
	if (a->metrics_on != b->metrics_on ||
	    memcmp(&a->metrics, &b->metrics, sizeof a->metrics) != 0)
		log_warn("%s: control: metrics: restart holdfastd for this one",
		    fresh->path);
}

static int
config_reload(struct worker *w, struct err *err)
{
	struct config *fresh = NULL;
	int rc;

	control_fault();
	rc = config_load(&fresh, w->config->path, err);

	if (rc == 0 && strcmp(fresh->store_dir, w->config->store_dir) != 0)
		rc = err_set(err, ERR_REFUSED,
		    "%s: the store's directory can't change while holdfastd "
		    "runs; restart it",
		    w->config->path);
	if (rc == 0 && strcmp(fresh->run_dir, w->config->run_dir) != 0)
		rc = err_set(err, ERR_REFUSED,
		    "%s: the run directory can't change while holdfastd runs; "
		    "restart it",
		    w->config->path);
	if (rc == 0)
		rc = cycle_configure(&w->cycle, fresh, err);
	if (rc) {
		config_free(&fresh);
		log_error("%s; the configuration stays as it was", err->text);
		return rc;
	}
	config_fixed(w->config, fresh);
	if (parser_configure(w->cycle.zones.parser, fresh, err) != 0)
		log_warn("%s; the parser has the folders of before", err->text);
	watch_settle(w->watch, fresh->control.settle_ms);
	config_free(&w->config);
	w->config = fresh;
	log_info("%s: %u zones", fresh->path, fresh->nzones);
	return 0;
}

/* A turn, and more of them while files that it should read are being written:
 * who edits a file and asks for a reload means that file. */
static int
cycle_settled(struct worker *w, bool force, struct work *work)
{
	int64_t end = now_ms() + SETTLE_PATIENCE_MS, left, wait;
	bool changed = false, candidate = false;
	int rc;

	for (;; force = false) {
		rc = cycle_run(&w->cycle, force, &work->result, &work->err);
		changed |= work->result.changed;
		candidate |= work->result.candidate;
		left = end - now_ms();
		if (rc || !w->cycle.again_ms || left <= 0)
			break;
		wait = (int64_t)w->cycle.again_ms + 1;
		if (cycle_is_watching(&w->cycle) && wait > CYCLE_WATCH_MS)
			wait = CYCLE_WATCH_MS;
		usleep((useconds_t)(wait < left ? wait : left) * 1000);
		cycle_watch(&w->cycle);
	}
	work->result.changed = changed;
	work->result.candidate = candidate;
	if (w->cycle.again_ms)
		w->turn_due_ms = now_ms() + w->cycle.again_ms;
	return rc;
}

static int
work_look(struct worker *w, struct work *work)
{
	struct zone_table *t = &w->cycle.zones;

	if (work->have_zone) {
		struct zone_entry *e = zone_table_find(t, work->zone);

		if (!e)
			return err_set(&work->err, ERR_NOT_FOUND,
			    "no such zone; \"holdfast zones\" lists them");
		zone_table_look(t, e);
	}
	return cycle_settled(w, !work->have_zone, work);
}

static int
work_override(struct worker *w, struct work *work)
{
	const struct guard_override o = {.apex = work->zone,
	    .version = work->version,
	    .reason = work->reason,
	    .who = work->who};

	return cycle_override(&w->cycle, &o, work->for_s, &work->err);
}

/* What an operator decides is not done behind his back: he has given up, and
 * has done something else perhaps. Who only ends his requests waits still. */
static bool
asker_has_gone(const struct work *work)
{
	struct pollfd p = {.fd = work->asker};

	if (work->kind == WORK_RELOAD || work->kind == WORK_LOOK)
		return false;
	return poll(&p, 1, 0) == 1 && p.revents & POLLHUP;
}

static void
work_do(struct worker *w, struct work *work)
{
	if (asker_has_gone(work)) {
		log_warn("a request of %s is left: nobody waits for it any "
			 "more",
		    work->who);
		work->code =
		    err_set(&work->err, ERR_UNAVAILABLE, "nobody waits for it");
		work->done(work);
		return;
	}
	w->cycle.who = work->who;
	switch (work->kind) {
	case WORK_RELOAD:
		work->code = config_reload(w, &work->err);
		if (work->code == 0)
			work->code = cycle_settled(w, true, work);
		break;
	case WORK_LOOK:
		work->code = work_look(w, work);
		break;
	case WORK_ROLLBACK:
		work->code = cycle_rollback(&w->cycle,
		    &(struct rollback_wish){.steps = work->steps,
			.generation =
			    work->have_generation ? &work->generation : NULL,
			.force = work->force},
		    &work->result, &work->left, &work->err);
		w->turn_due_ms = now_ms();
		break;
	case WORK_RELEASE:
		work->code = work->have_zone
		                 ? cycle_release(&w->cycle, work->zone,
				       &work->released, &work->err)
		                 : cycle_hold(&w->cycle, false, work->reason,
				       &work->err);
		w->turn_due_ms = now_ms();
		break;
	case WORK_HOLD:
		work->code =
		    cycle_hold(&w->cycle, true, work->reason, &work->err);
		break;
	case WORK_PIN:
	case WORK_UNPIN:
		work->code = cycle_pin(&w->cycle, &work->generation,
		    work->kind == WORK_PIN, &work->err);
		break;
	case WORK_OVERRIDE:
		work->code = work_override(w, work);
		if (work->code == 0)
			work->code = cycle_settled(w, false, work);
		break;
	}
	w->cycle.who = NULL;
	work->done(work);
}

static void
turn(struct worker *w)
{
	struct cycle_result result;
	struct err err;
	int rc = cycle_run(&w->cycle, false, &result, &err);

	int wait = FOLLOW_MS;

	if (rc) {
		wait = w->retry_ms;
		w->retry_ms =
		    wait < RETRY_MOST_MS / 2 ? wait * 2 : RETRY_MOST_MS;
	} else {
		w->retry_ms = RETRY_MS;
		if (w->cycle.again_ms && w->cycle.again_ms < FOLLOW_MS)
			wait = (int)w->cycle.again_ms;
	}
	w->turn_due_ms = now_ms() + wait;
}

static int
wait_ms(const struct worker *w)
{
	int64_t now = now_ms(), left = w->turn_due_ms - now;
	int64_t watch = watch_timeout_ms(w->watch, now);

	if (watch >= 0 && watch < left)
		left = watch;
	if (cycle_is_watching(&w->cycle) && left > CYCLE_WATCH_MS)
		left = CYCLE_WATCH_MS;
	return left < 0 ? 0 : (int)left;
}

static void *
worker_main(void *arg)
{
	struct worker *w = arg;
	bool stop = false;

	turn(w);
	while (!stop) {
		struct pollfd p[2] = {{.fd = w->wake, .events = POLLIN},
		    {.fd = watch_fd(w->watch), .events = POLLIN}};
		struct work *work;
		uint64_t count;
		size_t noticed;

		poll(p, p[1].fd >= 0 ? 2 : 1, wait_ms(w));
		if (p[0].revents & POLLIN &&
		    read(w->wake, &count, sizeof count) < 0 && errno != EAGAIN)
			log_warn("eventfd: %s", strerror(errno));
		/* before requests: who renames a file and asks for a reload
		 * need not wait for it to settle */
		noticed = zone_table_notice(&w->cycle.zones, now_ms());
		while ((work = work_take_find(w, &stop)) != NULL && !stop)
			work_do(w, work);
		if (work) { /* it came when we were told to stop */
			work->code = err_set(&work->err, ERR_UNAVAILABLE,
			    "holdfastd is stopping");
			work->done(work);
		}
		if (!stop && cycle_watch(&w->cycle))
			w->turn_due_ms = now_ms();
		if (!stop && (noticed || now_ms() >= w->turn_due_ms))
			turn(w);
	}
	return NULL;
}

static void
worker_end(struct worker *w)
{
	watch_close(&w->watch);
	config_free(&w->config);
	if (w->wake >= 0)
		close(w->wake);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

int
worker_start(struct worker **out, struct config **config, struct parser *parser,
    struct control_status *status, struct err *err)
{
	struct worker *w = calloc(1, sizeof *w);
	struct watch_options options = {
	    .settle_ms = (*config)->control.settle_ms};
	int rc;

	if (!w)
		return err_set(err, ERR_NO_MEMORY, "no memory");
	w->last = &w->first;
	w->retry_ms = RETRY_MS;
	pthread_mutex_init(&w->lock, NULL);
	w->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	rc = w->wake < 0 ? err_set_errno(err, "eventfd")
	                 : watch_open(&w->watch, &options, now_ms(), err);
	if (rc == 0)
		rc = cycle_open(&w->cycle, *config, status, err);
	if (rc) {
		worker_end(w);
		return rc;
	}
	w->cycle.zones.watch = w->watch;
	w->cycle.zones.parser = parser;
	w->config = *config;
	*config = NULL;
	if (pthread_create(&w->thread, NULL, worker_main, w) != 0) {
		rc = err_set_errno(err, "can't start the worker thread");
		cycle_close(&w->cycle);
		worker_end(w);
		return rc;
	}
	*out = w;
	return 0;
}

void
worker_stop(struct worker *w)
{
	struct work *work;
	bool stop;

	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_mutex_unlock(&w->lock);
	worker_wake(w);
	pthread_join(w->thread, NULL);
	while ((work = work_take_find(w, &stop)) != NULL) {
		work->code = err_set(
		    &work->err, ERR_UNAVAILABLE, "holdfastd is stopping");
		work->done(work);
	}
}

void
worker_free(struct worker **w)
{
	if (!*w)
		return;
	cycle_close(&(*w)->cycle);
	worker_end(*w);
	*w = NULL;
}
