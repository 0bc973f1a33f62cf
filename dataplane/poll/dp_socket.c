/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Connections of the data plane's socket; see dp_socket.h. Management thread.
 */
#include "dataplane/poll/dp_socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"

static int
refuse_if_alive(const char *path, struct err *err)
{
	struct err none;
	int fd;

	if (dataplane_connect(&fd, path, &none))
		return 0;
	close(fd);
	return err_set(err, ERR_BUSY,
	    "%s: address in use: another data plane answers there; stop it "
	    "(holdfast stop) or give this one a store.run directory of its own",
	    path);
}

static int
bind_and_listen(struct dp_socket *s, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	mode_t old;
	int rc;

	strcpy(address.sun_path, s->path);
	old = umask(0117); /* 0660 from the first moment */
	rc = bind(s->listener, (struct sockaddr *)&address, sizeof address);
	umask(old);
	if (rc || listen(s->listener, DP_CLIENTS_MAX))
		return err_set_errno(err, "%s", s->path);
	return 0;
}

int
dp_socket_open(struct dp_socket *s, const char *path, struct err *err)
{
	int rc;

	s->listener = -1;
	for (unsigned i = 0; i < DP_CLIENTS_MAX; i++)
		s->clients[i] = -1;
	if (strlen(path) >= sizeof s->path)
		return err_set(err, ERR_LIMIT,
		    "%s: a socket's path has at most %zu characters; set "
		    "store.run to a shorter directory",
		    path, sizeof s->path - 1);
	rc = refuse_if_alive(path, err);
	if (rc)
		return rc;
	unlink(path); /* a dead one's */
	strcpy(s->path, path);
	s->listener =
	    socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->listener < 0)
		return err_set_errno(err, "socket");
	rc = bind_and_listen(s, err);
	if (rc)
		dp_socket_close(s);
	return rc;
}

void
dp_socket_close(struct dp_socket *s)
{
	if (s->listener < 0)
		return;
	for (unsigned i = 0; i < DP_CLIENTS_MAX; i++)
		if (s->clients[i] >= 0)
			close(s->clients[i]);
	close(s->listener);
	unlink(s->path);
	s->listener = -1;
}

unsigned
dp_socket_poll(const struct dp_socket *s, struct pollfd *fds)
{
	unsigned n = 0;

	fds[n++] = (struct pollfd){.fd = s->listener, .events = POLLIN};
	for (unsigned i = 0; i < DP_CLIENTS_MAX; i++)
		if (s->clients[i] >= 0)
			fds[n++] = (struct pollfd){
			    .fd = s->clients[i], .events = POLLIN};
	return n;
}

static void
accept_clients(struct dp_socket *s)
{
	int fd;

	while ((fd = accept4(s->listener, NULL, NULL,
		    SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		unsigned i = 0;

		while (i < DP_CLIENTS_MAX && s->clients[i] >= 0)
			i++;
		if (i == DP_CLIENTS_MAX)
			close(fd);
		else
			s->clients[i] = fd;
	}
}

static void
drop_client(struct dp_socket *s, struct dp_context *d, unsigned i)
{
	close(s->clients[i]);
	s->clients[i] = -1;
	dp_forget(d, i);
}

/* One request a turn: a client that talks without end does not keep the
 * exception port waiting. */
static void
serve_client(struct dp_socket *s, struct dp_context *d, unsigned i)
{
	char request[DATAPLANE_MESSAGE_MAX + 1], answer[DATAPLANE_MESSAGE_MAX];
	bool hang_up;
	ssize_t n;
	size_t bytes;

	/* MSG_TRUNC: the true length, even of a longer packet */
	n = recv(s->clients[i], request, DATAPLANE_MESSAGE_MAX, MSG_TRUNC);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || n > DATAPLANE_MESSAGE_MAX) {
		drop_client(s, d, i);
		return;
	}
	bytes = dp_command(d, i, request, (size_t)n, answer, &hang_up);
	if (send(s->clients[i], answer, bytes, MSG_NOSIGNAL) < 0 || hang_up)
		drop_client(s, d, i);
}

void
dp_socket_serve(struct dp_socket *s, struct dp_context *d,
    const struct pollfd *fds, unsigned count)
{
	for (unsigned k = 0; k < count; k++) {
		if (!fds[k].revents)
			continue;
		if (fds[k].fd == s->listener) {
			accept_clients(s);
			continue;
		}
		for (unsigned i = 0; i < DP_CLIENTS_MAX; i++)
			if (s->clients[i] == fds[k].fd) {
				serve_client(s, d, i);
				break;
			}
	}
}
