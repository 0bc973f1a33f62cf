/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The control socket (control_socket.h): connections, lines and time limits.
 * Every client is taken for hostile: bounded input, bounded time, bounded
 * number. Main thread; the worker's answers arrive through an ev_async.
 */
#include "control/api/control_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "control/api/commands_json.h"

enum {
	CLIENTS_MAX = 64,
	LINE_MAX_BYTES = 65536,
	READ_BYTES = 4096,
};
#define CLIENT_PATIENCE_S 10.0

/* What a client has CLIENT_PATIENCE_S for, counted from its beginning: single
 * octets now and then don't give it more. */
enum client_waits {
	WAITS_FOR_LINE,   /* for the end of a request, or for one to begin */
	WAITS_FOR_READER, /* for the client to take its answers */
	WAITS_FOR_WORKER, /* no limit */
};

struct client {
	struct control_socket *socket;
	struct client *next;
	struct ev_io io;
	struct ev_timer timer;
	struct bytes in, out;
	size_t sent;
	struct work *working; /* NULL: reads on */
	bool closing;         /* when all is sent */
	enum client_waits waits;
};

struct control_socket {
	struct ev_loop *loop;
	struct control_context context;
	struct ev_io listen;
	struct ev_async async;
	char path[108];
	int fd;
	struct client *clients;
	unsigned count;
	pthread_mutex_t lock; /* of finished */
	struct work *finished;
};

static void client_event(struct ev_loop *loop, struct ev_io *io, int events);

static void
client_free(struct client *c)
{
	struct control_socket *s = c->socket;
	struct client **at = &s->clients;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	s->count--;
	ev_io_stop(s->loop, &c->io);
	ev_timer_stop(s->loop, &c->timer);
	close(c->io.fd);
	bytes_fini(&c->in);
	bytes_fini(&c->out);
	free(c);
}

static void
client_watch(struct client *c)
{
	int want = c->out.len > c->sent       ? EV_WRITE
	           : c->working || c->closing ? 0
	                                      : EV_READ;

	ev_io_stop(c->socket->loop, &c->io);
	ev_io_set(&c->io, c->io.fd, want);
	if (want)
		ev_io_start(c->socket->loop, &c->io);
}

/* The clock starts when what is waited for changes, or is there (`news`). */
static void
client_patience(struct client *c, bool news)
{
	enum client_waits waits = c->out.len > c->sent ? WAITS_FOR_READER
	                          : c->working         ? WAITS_FOR_WORKER
	                                               : WAITS_FOR_LINE;

	if (waits == c->waits && !news)
		return;
	c->waits = waits;
	ev_timer_stop(c->socket->loop, &c->timer);
	if (waits == WAITS_FOR_WORKER)
		return;
	ev_timer_set(&c->timer, CLIENT_PATIENCE_S, 0);
	ev_timer_start(c->socket->loop, &c->timer);
}

static void
client_answer(void *arg, json_t *line)
{
	struct client *c = arg;
	char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;

	if (text) {
		bytes_append(&c->out, text, strlen(text));
		bytes_append(&c->out, "\n", 1);
	}
	free(text);
	json_decref(line);
}

static void
client_fail(struct client *c, int code, const char *text)
{
	client_answer(c, command_error(code, text));
	c->closing = true;
}

/* Called in the worker's thread: the client may be gone, the socket is not. */
static void
work_done(struct work *w)
{
	struct control_socket *s = w->arg;

	pthread_mutex_lock(&s->lock);
	w->next = s->finished;
	s->finished = w;
	pthread_mutex_unlock(&s->lock);
	ev_async_send(s->loop, &s->async);
}

/* Who asks, as the kernel knows it. */
static void
peer_text(int fd, char *out, size_t size)
{
	struct ucred peer;
	socklen_t bytes = sizeof peer;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) != 0)
		snprintf(out, size, "nobody knows");
	else
		snprintf(out, size, "uid %u", peer.uid);
}

static void
line_do(struct client *c, const char *line, size_t bytes)
{
	const struct control_context *context = &c->socket->context;

	c->working =
	    command_line(context, line, bytes, client_answer, c, &c->closing);
	if (!c->working)
		return;
	peer_text(c->io.fd, c->working->who, sizeof c->working->who);
	c->working->asker = c->io.fd;
	c->working->done = work_done;
	c->working->arg = c->socket;
	worker_ask(context->worker, c->working);
}

/* Does the requests that are there whole, up to one that the worker has, or
 * whose answer has to be taken first: answers of one request is all that is
 * ever kept for a client. */
static bool
client_lines(struct client *c)
{
	bool any = false;

	while (!c->working && !c->closing && c->in.len && !c->out.len) {
		uint8_t *end = memchr(c->in.data, '\n', c->in.len);
		size_t bytes;

		if (!end) {
			if (c->in.len <= LINE_MAX_BYTES)
				break;
			client_fail(
			    c, ERR_USAGE, "a request is at most 65536 octets");
			return true;
		}
		bytes = (size_t)(end - c->in.data);
		if (bytes > LINE_MAX_BYTES)
			client_fail(
			    c, ERR_USAGE, "a request is at most 65536 octets");
		else
			line_do(c, (const char *)c->in.data, bytes);
		memmove(c->in.data, end + 1, c->in.len - bytes - 1);
		c->in.len -= bytes + 1;
		any = true;
	}
	return any;
}

static bool
client_read(struct client *c)
{
	ssize_t n;

	if (!bytes_reserve(&c->in, READ_BYTES))
		return false;
	n = read(c->io.fd, c->in.data + c->in.len, READ_BYTES);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0) {
		/* no more requests; what is owed has gone out before */
		if (c->in.len == 0)
			return false;
		client_fail(c, ERR_USAGE,
		    "the request ended without a newline; nothing was done");
		return true;
	}
	c->in.len += (size_t)n;
	return true;
}

static bool
client_write(struct client *c)
{
	while (c->sent < c->out.len) {
		ssize_t n = send(c->io.fd, c->out.data + c->sent,
		    c->out.len - c->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		c->sent += (size_t)n;
	}
	bytes_clear(&c->out);
	c->sent = 0;
	return !c->closing || c->working;
}

/* Does what can be done now: requests, and their answers. */
static void
client_go_on(struct client *c)
{
	bool news = false;

	do {
		if (c->out.failed || c->in.failed || !client_write(c)) {
			client_free(c);
			return;
		}
	} while (client_lines(c) && (news = true));
	client_watch(c);
	client_patience(c, news);
}

static void
client_event(struct ev_loop *loop, struct ev_io *io, int events)
{
	struct client *c = io->data;

	(void)loop;
	if (events & EV_READ && !client_read(c)) {
		client_free(c);
		return;
	}
	client_go_on(c);
}

static void
client_late(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	struct client *c = timer->data;

	(void)loop;
	(void)events;
	if (c->waits == WAITS_FOR_READER || !c->in.len) {
		client_free(c);
		return;
	}
	client_fail(c, ERR_USAGE, "the request did not come whole in 10 s");
	client_go_on(c);
}

static void
work_finished(struct ev_loop *loop, struct ev_async *async, int events)
{
	struct control_socket *s = async->data;
	struct work *w, *next;

	(void)loop;
	(void)events;
	pthread_mutex_lock(&s->lock);
	w = s->finished;
	s->finished = NULL;
	pthread_mutex_unlock(&s->lock);
	for (; w; w = next) {
		struct client *c = s->clients;

		next = w->next;
		while (c && c->working != w)
			c = c->next;
		if (!c) { /* it has gone */
			free(w);
			continue;
		}
		c->working = NULL;
		command_finish(&s->context, w, client_answer, c);
		client_go_on(c);
	}
}

static void
refuse_more(int fd)
{
	json_t *line =
	    command_error(ERR_BUSY, "64 connections are open; try again later");
	char *text = json_dumps(line, JSON_COMPACT);

	if (text && (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0 ||
			send(fd, "\n", 1, MSG_NOSIGNAL) < 0))
		log_debug("a client went before it was told that it is one "
			  "too many");
	free(text);
	json_decref(line);
	close(fd);
}

static void
accept_event(struct ev_loop *loop, struct ev_io *io, int events)
{
	struct control_socket *s = io->data;
	int fd = accept4(io->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct client *c;

	(void)events;
	if (fd < 0)
		return;
	c = s->count < CLIENTS_MAX ? calloc(1, sizeof *c) : NULL;
	if (!c) {
		refuse_more(fd);
		return;
	}
	c->socket = s;
	c->next = s->clients;
	s->clients = c;
	s->count++;
	ev_io_init(&c->io, client_event, fd, EV_READ);
	c->io.data = c;
	ev_io_start(loop, &c->io);
	/* connecting and saying nothing takes a place too */
	c->waits = WAITS_FOR_LINE;
	ev_timer_init(&c->timer, client_late, CLIENT_PATIENCE_S, 0);
	c->timer.data = c;
	ev_timer_start(loop, &c->timer);
}

/* A socket file that is left from a killed process answers nobody. */
static int
path_clear(const char *path, struct err *err)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd, rc;

	if (access(path, F_OK) != 0)
		return 0;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	rc = connect(fd, (struct sockaddr *)&a, sizeof a);
	close(fd);
	if (rc == 0)
		return err_set(err, ERR_BUSY,
		    "%s: another holdfastd listens there; stop it first", path);
	unlink(path);
	return 0;
}

static int
socket_listen(struct control_socket *s, const char *group, struct err *err)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	const struct group *g = group ? getgrnam(group) : NULL;
	int rc;

	if (group && !g)
		return err_set(err, ERR_NOT_FOUND,
		    "control: socket_group: there is no group \"%s\"", group);
	rc = path_clear(s->path, err);
	if (rc)
		return rc;
	snprintf(a.sun_path, sizeof a.sun_path, "%s", s->path);
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	/* bind() gives the file the socket's own mode, less the umask, which
	 * the worker's thread needs as it is */
	rc = s->fd < 0 || fchmod(s->fd, 0660) != 0
	         ? -1
	         : bind(s->fd, (struct sockaddr *)&a, sizeof a);
	if (rc == 0 && g)
		rc = chown(s->path, (uid_t)-1, g->gr_gid);
	if (rc == 0)
		rc = chmod(s->path, 0660);
	if (rc == 0)
		rc = listen(s->fd, CLIENTS_MAX);
	return rc ? err_set_errno(err, "can't listen on %s", s->path) : 0;
}

int
control_socket_open(struct control_socket **out, struct ev_loop *loop,
    const struct control_context *context, const char *group, struct err *err)
{
	struct control_socket *s = calloc(1, sizeof *s);
	int n, rc;

	if (!s)
		return err_set(err, ERR_NO_MEMORY, "no memory");
	s->loop = loop;
	s->context = *context;
	s->fd = -1;
	n = snprintf(s->path, sizeof s->path, "%s/%s", context->run_dir,
	    CONTROL_SOCKET_NAME);
	rc = n < (int)sizeof s->path
	         ? socket_listen(s, group, err)
	         : err_set(err, ERR_LIMIT, "%s: too long for a socket's path",
		       context->run_dir);
	if (rc) {
		if (s->fd >= 0)
			close(s->fd);
		free(s);
		return rc;
	}
	pthread_mutex_init(&s->lock, NULL);
	ev_io_init(&s->listen, accept_event, s->fd, EV_READ);
	s->listen.data = s;
	ev_io_start(loop, &s->listen);
	ev_async_init(&s->async, work_finished);
	s->async.data = s;
	ev_async_start(loop, &s->async);
	*out = s;
	return 0;
}

void
control_socket_close(struct control_socket **sp)
{
	struct control_socket *s = *sp;

	*sp = NULL;
	if (!s)
		return;
	/* a request that is begun now is told that it is too late */
	while (s->finished)
		work_finished(s->loop, &s->async, 0);
	while (s->clients) {
		client_write(s->clients);
		client_free(s->clients);
	}
	ev_io_stop(s->loop, &s->listen);
	ev_async_stop(s->loop, &s->async);
	close(s->fd);
	unlink(s->path);
	pthread_mutex_destroy(&s->lock);
	free(s);
}
