/* SPDX-License-Identifier: BSD-2-Clause
 *
 * TCP connections of a worker. An idle connection holds its struct and no
 * buffer: input is kept only while a message is incomplete, output only while
 * the client does not take it, and then nothing more is read from it. Run by
 * the workers; allocates connections and their buffers, within limits.
 */
#include "dataplane/sockets/tcp.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/wire.h"

enum {
	INPUT_FIRST_BYTES = 2048,
	INPUT_MAX_BYTES   = 2 + DNS_MESSAGE_MAX,
	OUTPUT_STOP_BYTES = 64 << 10, /* no further query is answered then */
	OUTPUT_ROOM       = OUTPUT_STOP_BYTES + 2 + MESSAGE_ROOM,
	ACCEPT_BURST      = 32,
};

struct tcp_conn {
	struct event_source source;
	uint32_t interest;            /* of epoll */
	struct tcp_conn *next, *prev; /* longest untouched first */
	uint64_t client;              /* tcp_client_key() */
	uint64_t deadline_ms;
	uint8_t address[16];
	uint8_t address_bytes;
	bool end_of_input; /* the client has closed its half */
	bool refused;      /* malformed: close when the output is gone */
	uint8_t *in;       /* NULL, or an incomplete message or more */
	uint32_t in_bytes, in_room;
	uint8_t *out; /* NULL, or what could not be sent yet */
	uint32_t out_bytes, out_done;
};

struct tcp {
	const struct service *service;
	struct answer_batch *batch;
	counter_t *counters;
	int epoll_fd;
	unsigned count;
	uint64_t held; /* bytes in buffers of connections */
	struct tcp_conn list; /* head of the ring */
	struct tcp_conn *dead;
	uint8_t *work; /* OUTPUT_ROOM: responses of one connection */
	uint32_t work_bytes;
};

int
tcp_new(struct tcp **out, const struct service *service,
    struct answer_batch *batch, counter_t *counters, int epoll_fd,
    struct err *err)
{
	struct tcp *t = calloc(1, sizeof *t);

	if (t)
		t->work = malloc(OUTPUT_ROOM);
	if (t == NULL || t->work == NULL) {
		free(t);
		return err_set(err, ERR_NO_MEMORY, "no memory for TCP buffers");
	}
	t->service = service;
	t->batch = batch;
	t->counters = counters;
	t->epoll_fd = epoll_fd;
	t->list.next = t->list.prev = &t->list;
	*out = t;
	return 0;
}

/* --- the ring of connections ------------------------------------------------ */

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
input_drop(struct tcp *t, struct tcp_conn *c)
{
	t->held -= c->in_room;
	free(c->in);
	c->in = NULL;
	c->in_bytes = c->in_room = 0;
}

static void
output_drop(struct tcp *t, struct tcp_conn *c)
{
	t->held -= c->out_bytes;
	free(c->out);
	c->out = NULL;
	c->out_bytes = c->out_done = 0;
}

static void
count_open(struct tcp *t)
{
	atomic_store_explicit(
	    &t->counters[COUNT_TCP_OPEN], t->count, memory_order_relaxed);
}

static void
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

static void
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

/* --- accepting ---------------------------------------------------------------- */

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
conn_begin(struct tcp *t, int fd, const struct sockaddr_storage *peer,
    uint64_t now_ms)
{
	struct tcp_conn *c = calloc(1, sizeof *c);
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};

	if (c == NULL) {
		count_one(t->counters, COUNT_TCP_LIMIT_MEMORY);
		goto refuse;
	}
	conn_address(c, peer);
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

/* --- answering ---------------------------------------------------------------- */

/* Answers one query behind what is in the work buffer. False: no answer can be
 * given, and the client would wait for it. */
static bool
query_answer(struct tcp *t, struct tcp_conn *c, const struct live *live,
    const uint8_t *message, uint32_t bytes)
{
	const struct generation *g =
	    live_choose(live, c->address, c->address_bytes);
	const struct query_ctx ctx = {
	    .config = &t->service->answer, .transport = ANSWER_STREAM};
	uint8_t *at = t->work + t->work_bytes;
	struct answer_query q = {
	    .message = at + 2, .bytes = bytes, .capacity = DNS_MESSAGE_MAX};

	memcpy(at + 2, message, bytes);
	answer_batch_find(t->batch, g, &ctx, &q, 1);
	answer_batch_write(t->batch, g, &ctx, &q, 1);
	count_one(t->counters, COUNT_VERDICT_TCP + q.verdict);
	if (g && g == live->candidate)
		count_one(t->counters, COUNT_CANARY_QUERIES);
	if (q.response_bytes == 0)
		return false;
	if (q.rcode < COUNT_RCODES)
		count_one(t->counters, COUNT_RCODE + q.rcode);
	counters_add(
	    &t->counters[COUNT_TCP_RESPONSE_BYTES], q.response_bytes);
	wire_store16(at, (uint16_t)q.response_bytes);
	t->work_bytes += 2 + q.response_bytes;
	return true;
}

/* Octets of the message at the start of the input with its length, 0 while it
 * is not all there. */
static uint32_t
input_message(const struct tcp_conn *c, uint32_t at)
{
	uint32_t bytes;

	if (c->in_bytes - at < 2)
		return 0;
	bytes = 2u + wire_load16(c->in + at);
	return c->in_bytes - at < bytes ? 0 : bytes;
}

/* Answers whole messages of the input into the work buffer, as many as it takes
 * and as the pipeline allows. True if there may be more. */
static bool
input_answer(struct tcp *t, struct tcp_conn *c, const struct live *live,
    uint64_t now_ms)
{
	uint32_t at = 0, bytes = 0;
	unsigned n = 0;

	while (!c->refused && n < t->service->limits.pipeline &&
	    t->work_bytes < OUTPUT_STOP_BYTES &&
	    (bytes = input_message(c, at)) != 0) {
		if (!query_answer(t, c, live, c->in + at + 2, bytes - 2))
			c->refused = true;
		at += bytes;
		n++;
	}
	if (at == 0)
		return false;
	c->in_bytes -= at;
	memmove(c->in, c->in + at, c->in_bytes);
	c->deadline_ms = now_ms + t->service->limits.query_ms;
	return bytes != 0 && !c->refused;
}

/* --- reading and writing -------------------------------------------------------- */

/* Keeps what the socket did not take. False: over the limit of memory. */
static bool
output_keep(struct tcp *t, struct tcp_conn *c, uint32_t sent, uint64_t now_ms)
{
	uint32_t left = t->work_bytes - sent;

	if (t->held + left > t->service->limits.memory)
		return false;
	c->out = malloc(left);
	if (c->out == NULL)
		return false;
	memcpy(c->out, t->work + sent, left);
	c->out_bytes = left;
	c->out_done = 0;
	t->held += left;
	c->deadline_ms = now_ms + t->service->limits.query_ms;
	return true;
}

/* Sends the work buffer. False if the connection was closed. */
static bool
work_send(struct tcp *t, struct tcp_conn *c, uint64_t now_ms)
{
	ssize_t sent =
	    send(c->source.fd, t->work, t->work_bytes, MSG_NOSIGNAL);

	if (sent < 0) {
		if (errno != EAGAIN && errno != EINTR) {
			conn_close(t, c);
			return false;
		}
		sent = 0;
	}
	if ((uint32_t)sent < t->work_bytes &&
	    !output_keep(t, c, (uint32_t)sent, now_ms)) {
		conn_close_counted(t, c, COUNT_TCP_LIMIT_MEMORY);
		return false;
	}
	return true;
}

/* Sends what was kept. False if the connection was closed. */
static bool
output_send(struct tcp *t, struct tcp_conn *c, uint64_t now_ms)
{
	ssize_t sent = send(c->source.fd, c->out + c->out_done,
	    c->out_bytes - c->out_done, MSG_NOSIGNAL);

	if (sent < 0) {
		if (errno == EAGAIN || errno == EINTR)
			return true;
		conn_close(t, c);
		return false;
	}
	c->out_done += (uint32_t)sent;
	if (c->out_done == c->out_bytes) {
		output_drop(t, c);
		c->deadline_ms = now_ms + t->service->limits.query_ms;
	}
	return true;
}

/* Room for the message that is arriving: grows by doubling, as octets really
 * come, and never beyond one message of the largest size. */
static bool
input_room(struct tcp *t, struct tcp_conn *c)
{
	uint32_t room = c->in_room ? 2 * c->in_room : INPUT_FIRST_BYTES;
	uint8_t *in;

	if (c->in_bytes < c->in_room)
		return true;
	if (room > INPUT_MAX_BYTES)
		room = INPUT_MAX_BYTES;
	if (t->held + room - c->in_room > t->service->limits.memory)
		return false;
	in = realloc(c->in, room);
	if (in == NULL)
		return false;
	t->held += room - c->in_room;
	c->in = in;
	c->in_room = room;
	return true;
}

/* Reads once. False if the connection was closed. */
static bool
input_read(struct tcp *t, struct tcp_conn *c, uint64_t now_ms)
{
	ssize_t got;

	if (!input_room(t, c)) {
		conn_close_counted(t, c, COUNT_TCP_LIMIT_MEMORY);
		return false;
	}
	got = recv(
	    c->source.fd, c->in + c->in_bytes, c->in_room - c->in_bytes, 0);
	if (got < 0) {
		if (errno == EAGAIN || errno == EINTR)
			return true;
		conn_close(t, c);
		return false;
	}
	if (got == 0)
		c->end_of_input = true;
	else if (c->in_bytes == 0) /* a message begins */
		c->deadline_ms = now_ms + t->service->limits.query_ms;
	c->in_bytes += (uint32_t)got;
	return true;
}

/* Answers what can be answered now. False if the connection was closed. */
static bool
conn_work(struct tcp *t, struct tcp_conn *c, const struct live *live,
    uint64_t now_ms)
{
	bool more = true;

	while (more && c->out == NULL) {
		t->work_bytes = 0;
		more = input_answer(t, c, live, now_ms);
		if (t->work_bytes && !work_send(t, c, now_ms))
			return false;
	}
	if (c->out)
		return true;
	if (c->refused) {
		conn_close_counted(t, c, COUNT_TCP_MALFORMED);
		return false;
	}
	if (c->end_of_input) {
		conn_close(t, c);
		return false;
	}
	if (c->in_bytes == 0 && c->in) {
		input_drop(t, c);
		c->deadline_ms = now_ms + t->service->limits.idle_ms;
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
		if (!output_send(t, c, now_ms))
			return;
	} else if (!input_read(t, c, now_ms)) {
		return;
	}
	if (conn_work(t, c, live, now_ms))
		conn_interest(t, c);
}

/* --- time ------------------------------------------------------------------------ */

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
