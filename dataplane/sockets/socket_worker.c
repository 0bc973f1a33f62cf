/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The event loop of holdfast-sockets. Each worker owns its sockets, buffers
 * and counters and shares the service read-only; it holds the generations that
 * it answers from only between two waits. Allocates when it is made.
 */
#include "dataplane/sockets/socket_worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "dataplane/guard/fault_handler.h"
#include "dataplane/sockets/listen.h"
#include "dataplane/sockets/tcp.h"
#include "dataplane/sockets/udp.h"

enum {
	EVENTS_MAX = 64,
	UDP_ROUNDS_MAX = 4, /* bursts of one socket before others have a turn */
	SWEEP_MS = 100,
	STOP_MS = 1000,
	NS_PER_SECOND = 1000000000,
};

struct worker {
	struct service *service;
	unsigned number;
	int epoll_fd;
	counter_t *counters;
	struct answer_batch *batch;
	struct burst_log *log; /* the guard's; NULL: none */
	struct sampler sampler;
	struct udp *udp;
	struct tcp *tcp;
	struct event_source stop;
	struct event_source *listeners; /* a UDP and a TCP one an address */
	unsigned nlisteners;
	uint64_t swept_ms, stop_ms; /* stop_ms: end at the latest; 0: runs */
	bool accept_paused;
	bool started;
	pthread_t thread;
};

static int
source_watch(struct worker *w, struct event_source *s, int op, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = s};

	return epoll_ctl(w->epoll_fd, op, s->fd, &ev);
}

static int
listener_add(struct worker *w, const struct config_address *a,
    enum listen_transport how, struct err *err)
{
	struct event_source *s = &w->listeners[w->nlisteners];
	char text[64];
	bool absent;
	int rc;

	s->kind = how == LISTEN_UDP ? SOURCE_UDP : SOURCE_TCP_LISTENER;
	rc = listen_open(&s->fd, a, how, &absent, err);
	if (rc)
		return rc;
	w->nlisteners++;
	if (absent && w->number == 0 && how == LISTEN_UDP)
		log_warn("listen address %s is not on this machine; it is "
			 "served as soon as it is",
		    config_address_text(text, a));
	if (source_watch(w, s, EPOLL_CTL_ADD, EPOLLIN) < 0)
		return err_set_errno(err, "epoll");
	return 0;
}

static int
listeners_open(struct worker *w, const struct config_address *listen,
    unsigned nlisten, struct err *err)
{
	int rc = 0;

	w->listeners = calloc((size_t)nlisten * 2, sizeof *w->listeners);
	if (w->listeners == NULL)
		return err_set(err, ERR_NO_MEMORY, "no memory for listeners");
	for (unsigned i = 0; i < nlisten && !rc; i++) {
		rc = listener_add(w, &listen[i], LISTEN_UDP, err);
		if (!rc)
			rc = listener_add(w, &listen[i], LISTEN_TCP, err);
	}
	return rc;
}

static int
worker_fill(struct worker *w, struct err *err)
{
	int rc;

	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	w->stop.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (w->epoll_fd < 0 || w->stop.fd < 0 ||
	    source_watch(w, &w->stop, EPOLL_CTL_ADD, EPOLLIN) < 0)
		return err_set_errno(err, "cannot make an event loop");
	w->batch = answer_batch_new();
	if (w->batch == NULL)
		return err_set(err, ERR_NO_MEMORY, "no memory for a worker");
	sampler_init(&w->sampler, w->service->samples, w->number,
	    w->service->samples_per_second, NS_PER_SECOND,
	    clock_ns(CLOCK_MONOTONIC));
	rc = udp_new(&w->udp, w->service, w->number, w->batch, w->log,
	    &w->sampler, w->counters, err);
	if (rc)
		return rc;
	return tcp_new(&w->tcp, w->service, w->batch, w->log, &w->sampler,
	    w->counters, w->epoll_fd, err);
}

int
worker_new(struct worker **out, struct service *service, unsigned number,
    const struct config_address *listen, unsigned nlisten, counter_t *counters,
    struct err *err)
{
	struct worker *w = calloc(1, sizeof *w);
	int rc;

	if (w == NULL)
		return err_set(err, ERR_NO_MEMORY, "no memory for a worker");
	w->service = service;
	w->number = number;
	w->log = guard_log_find(service->guard, number);
	w->counters = counters;
	w->stop.kind = SOURCE_STOP;
	w->epoll_fd = w->stop.fd = -1;
	rc = worker_fill(w, err);
	if (!rc)
		rc = listeners_open(w, listen, nlisten, err);
	if (rc)
		worker_free(&w);
	*out = w;
	return rc;
}

void
worker_free(struct worker **wp)
{
	struct worker *w = *wp;

	if (w == NULL)
		return;
	tcp_free(&w->tcp);
	udp_free(&w->udp);
	for (unsigned i = 0; i < w->nlisteners; i++)
		close(w->listeners[i].fd);
	free(w->listeners);
	answer_batch_free(w->batch);
	if (w->stop.fd >= 0)
		close(w->stop.fd);
	if (w->epoll_fd >= 0)
		close(w->epoll_fd);
	free(w);
	*wp = NULL;
}

/* Descriptors are out: a listener that stayed in the set would wake us for
 * nothing until some are free again. */
static void
accept_pause(struct worker *w, bool pause)
{
	for (unsigned i = 0; i < w->nlisteners; i++) {
		if (w->listeners[i].kind == SOURCE_TCP_LISTENER)
			(void)source_watch(w, &w->listeners[i], EPOLL_CTL_MOD,
			    pause ? 0 : EPOLLIN);
	}
	w->accept_paused = pause;
}

static void
udp_rounds(struct worker *w, int fd, const struct live *live)
{
	for (unsigned i = 0; i < UDP_ROUNDS_MAX; i++) {
		if (udp_serve(w->udp, fd, live) < UDP_BURST)
			break;
	}
}

/* No more connections, no more datagrams but those that are here already. */
static void
stop_begin(struct worker *w, const struct live *live, uint64_t now)
{
	if (w->stop_ms)
		return;
	w->stop_ms = now + STOP_MS;
	(void)source_watch(w, &w->stop, EPOLL_CTL_DEL, 0);
	for (unsigned i = 0; i < w->nlisteners; i++) {
		if (w->listeners[i].kind == SOURCE_UDP)
			udp_rounds(w, w->listeners[i].fd, live);
		close(w->listeners[i].fd);
	}
	w->nlisteners = 0;
}

static void
event_handle(struct worker *w, struct epoll_event *ev, const struct live *live,
    uint64_t now)
{
	struct event_source *s = ev->data.ptr;

	switch (s->kind) {
	case SOURCE_STOP:
		stop_begin(w, live, now);
		break;
	case SOURCE_UDP:
		if (!w->stop_ms)
			udp_rounds(w, s->fd, live);
		break;
	case SOURCE_TCP_LISTENER:
		if (!w->stop_ms && !tcp_accept(w->tcp, s->fd, now))
			accept_pause(w, true);
		break;
	case SOURCE_TCP:
		tcp_event(w->tcp, s, ev->events, live, now);
		break;
	}
}

static void
round_handle(struct worker *w, struct epoll_event *events, int n)
{
	const struct live *live = grace_enter(&w->service->grace, w->number);
	uint64_t now = clock_ms(CLOCK_MONOTONIC_COARSE);

	for (int i = 0; i < n; i++)
		event_handle(w, &events[i], live, now);
	if (now - w->swept_ms >= SWEEP_MS) {
		w->swept_ms = now;
		tcp_sweep(w->tcp, now);
		if (w->accept_paused)
			accept_pause(w, false);
	}
	tcp_reap(w->tcp);
	grace_leave(&w->service->grace, w->number);
}

static void *
worker_loop(void *arg)
{
	struct worker *w = arg;
	struct epoll_event events[EVENTS_MAX];
	struct err err;

	if (w->log && fault_handler_enter(w->log, &err))
		log_warn("%s", err.text);
	for (;;) {
		int n = epoll_wait(w->epoll_fd, events, EVENTS_MAX, SWEEP_MS);

		round_handle(w, events, n > 0 ? n : 0);
		if (w->stop_ms &&
		    (tcp_drain(w->tcp) == 0 ||
			clock_ms(CLOCK_MONOTONIC_COARSE) >= w->stop_ms))
			break;
	}
	if (w->log)
		fault_handler_leave(w->log);
	return NULL;
}

/* Signals are the main thread's. */
int
worker_start(struct worker *w, struct err *err)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	rc = pthread_create(&w->thread, NULL, worker_loop, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc)
		return err_set(err, ERR_NO_MEMORY,
		    "cannot start a worker thread: %s", strerror(rc));
	w->started = true;
	return 0;
}

void
worker_stop(struct worker *w)
{
	const uint64_t one = 1;

	if (!w->started)
		return;
	while (write(w->stop.fd, &one, sizeof one) < 0 && errno == EINTR)
		;
	pthread_join(w->thread, NULL);
	w->started = false;
}
