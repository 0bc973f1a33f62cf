/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which TCP connections a worker has, and for how long: accepting, limits,
 * time-outs, closing. An idle connection holds its struct and no buffer. Run by
 * the workers; allocates the connections.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dataplane/sockets/tcp_conn.h"

enum { ACCEPT_BURST = 32 };

int
tcp_new(struct tcp **out, const struct service *service,
    struct answer_batch *batch, struct burst_log *log, struct sampler *sampler,
    counter_t *counters, int epoll_fd, struct err *err)
{
	struct tcp *t = calloc(1, sizeof *t);

	if (t)
		t->work = malloc(TCP_WORK_BYTES);
	if (t == NULL || t->work == NULL) {
		free(t);
		return err_set(err, ERR_NO_MEMORY, "no memory for TCP buffers");
	}
	t->service = service;
	t->batch = batch;
	t->log = log;
	t->sampler = sampler;
	t->quarantine = guard_quarantine_find(service->guard);
	t->counters = counters;
	t->epoll_fd = epoll_fd;
	t->list.next = t->list.prev = &t->list;
	*out = t;
	return 0;
}

/* --- the ring of connections ------------------------------------------------
 */

static void
conn_unlink(struct tcp_conn *c)
{
	c->prev->next = c->next;
	c->next->prev = c->prev;
}

static void
conn_append(struct tcp *t, struct tcp_conn *c)
{
	c->prev = t->list.prev;
	c->next = &t->list;
	c->prev->next = c;
	t->list.prev = c;
}

static bool
conn_is_idle(const struct tcp_conn *c)
{
	return c->in == NULL && c->out == NULL;
}

static void
count_open(struct tcp *t)
{
	atomic_store_explicit(
	    &t->counters[COUNT_TCP_OPEN], t->count, memory_order_relaxed);
}

void
conn_close(struct tcp *t, struct tcp_conn *c)
{
	close(c->source.fd); /* leaves the epoll set by that */
	c->source.fd = -1;
	input_drop(t, c);
	output_drop(t, c);
	conn_unlink(c);
	tcp_clients_leave(t->service->clients, c->client);
	c->next = t->dead;
	t->dead = c;
	t->count--;
	count_open(t);
}

void
conn_close_counted(struct tcp *t, struct tcp_conn *c, unsigned counter)
{
	count_one(t->counters, counter);
	conn_close(t, c);
}

void
tcp_reap(struct tcp *t)
{
	while (t->dead) {
		struct tcp_conn *next = t->dead->next;

		free(t->dead);
		t->dead = next;
	}
}

void
tcp_free(struct tcp **t)
{
	if (*t == NULL)
		return;
	while ((*t)->list.next != &(*t)->list)
		conn_close(*t, (*t)->list.next);
	tcp_reap(*t);
	free((*t)->work);
	free(*t);
	*t = NULL;
}

/* --- accepting
 * ---------------------------------------------------------------- */

/* Makes room by closing the connection that has been idle for longest (RFC 7766
 * section 6.2.3: a server under load may). */
static bool
evict_one(struct tcp *t)
{
	struct tcp_conn *c;

	for (c = t->list.next; c != &t->list; c = c->next) {
		if (conn_is_idle(c)) {
			conn_close_counted(t, c, COUNT_TCP_EVICTED);
			return true;
		}
	}
	return false;
}

/* A denied client is not answered over TCP either: the connection is closed,
 * whatever `denied` says of UDP. */
static bool
client_is_denied(const struct tcp *t, const struct tcp_conn *c)
{
	const struct prefix_set *p =
	    atomic_load_explicit(&t->service->prefixes, memory_order_acquire);

	return p && prefix_set_class(p, c->address, c->address_bytes) &
	                PREFIX_DENIED;
}

static bool
client_admit(struct tcp *t, uint64_t client)
{
	enum tcp_admission said;

	said = tcp_clients_enter(t->service->clients, client);
	if (said == TCP_REFUSED_ALL && evict_one(t))
		said = tcp_clients_enter(t->service->clients, client);
	if (said == TCP_REFUSED_CLIENT)
		count_one(t->counters, COUNT_TCP_LIMIT_CLIENT);
	else if (said == TCP_REFUSED_ALL)
		count_one(t->counters, COUNT_TCP_LIMIT_CLIENTS);
	return said == TCP_ADMITTED;
}

static void
conn_address(struct tcp_conn *c, const struct sockaddr_storage *peer)
{
	if (peer->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)peer;

		c->address_bytes = 4;
		memcpy(c->address, &in->sin_addr, 4);
	} else {
		const struct sockaddr_in6 *in6 = (const void *)peer;

		c->address_bytes = 16;
		memcpy(c->address, &in6->sin6_addr, 16);
	}
	c->client = tcp_client_key(c->address, c->address_bytes);
}

/* Owns fd from here on. */
static void
conn_begin(
    struct tcp *t, int fd, const struct sockaddr_storage *peer, uint64_t now_ms)
{
	struct tcp_conn *c = calloc(1, sizeof *c);
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};

	if (c == NULL) {
		count_one(t->counters, COUNT_TCP_LIMIT_MEMORY);
		goto refuse;
	}
	conn_address(c, peer);
	if (client_is_denied(t, c)) {
		count_one(t->counters, COUNT_TCP_LIMIT_DENIED);
		goto refuse;
	}
	if (!client_admit(t, c->client))
		goto refuse;
	if (epoll_ctl(t->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0) {
		tcp_clients_leave(t->service->clients, c->client);
		count_one(t->counters, COUNT_TCP_LIMIT_FILES);
		goto refuse;
	}
	c->source = (struct event_source){.kind = SOURCE_TCP, .fd = fd};
	c->interest = EPOLLIN;
	c->deadline_ms = now_ms + t->service->limits.idle_ms;
	conn_append(t, c);
	t->count++;
	count_one(t->counters, COUNT_TCP_ACCEPTED);
	count_open(t);
	return;
refuse:
	free(c);
	close(fd);
}

bool
tcp_accept(struct tcp *t, int listen_fd, uint64_t now_ms)
{
	for (unsigned i = 0; i < ACCEPT_BURST; i++) {
		struct sockaddr_storage peer;
		socklen_t bytes = sizeof peer;
		int fd = accept4(listen_fd, (struct sockaddr *)&peer, &bytes,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			conn_begin(t, fd, &peer, now_ms);
		} else if (errno == EMFILE || errno == ENFILE ||
			   errno == ENOBUFS || errno == ENOMEM) {
			count_one(t->counters, COUNT_TCP_LIMIT_FILES);
			return evict_one(t);
		} else if (errno == EAGAIN) {
			break;
		} /* else that one connection was gone again: the next */
	}
	return true;
}

static void
conn_interest(struct tcp *t, struct tcp_conn *c)
{
	uint32_t want = c->out ? EPOLLOUT : EPOLLIN;
	struct epoll_event ev = {.events = want, .data.ptr = c};

	if (want == c->interest)
		return;
	c->interest = want;
	if (epoll_ctl(t->epoll_fd, EPOLL_CTL_MOD, c->source.fd, &ev) < 0)
		conn_close(t, c);
}

void
tcp_event(struct tcp *t, struct event_source *source, uint32_t events,
    const struct live *live, uint64_t now_ms)
{
	struct tcp_conn *c = (struct tcp_conn *)source;

	if (c->source.fd < 0)
		return;
	if (events & EPOLLERR) { /* reset by the client */
		conn_close(t, c);
		return;
	}
	conn_unlink(c);
	conn_append(t, c);
	if (c->out) {
		if (!conn_send(t, c, now_ms))
			return;
	} else if (!conn_read(t, c, now_ms)) {
		return;
	}
	if (conn_answer(t, c, live, now_ms))
		conn_interest(t, c);
}

/* --- time
 * ------------------------------------------------------------------------ */

static unsigned
overdue_reason(const struct tcp_conn *c)
{
	if (c->out)
		return COUNT_TCP_SLOW_READER;
	return c->in ? COUNT_TCP_SLOW_WRITER : COUNT_TCP_IDLE;
}

void
tcp_sweep(struct tcp *t, uint64_t now_ms)
{
	struct tcp_conn *c = t->list.next;

	while (c != &t->list) {
		struct tcp_conn *next = c->next;

		if (c->deadline_ms <= now_ms)
			conn_close_counted(t, c, overdue_reason(c));
		c = next;
	}
}

unsigned
tcp_drain(struct tcp *t)
{
	struct tcp_conn *c = t->list.next;

	while (c != &t->list) {
		struct tcp_conn *next = c->next;

		if (c->out == NULL)
			conn_close(t, c);
		c = next;
	}
	return t->count;
}
