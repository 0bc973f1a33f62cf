/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The parser that runs (parser_peer.h). holdfastd's worker thread; allocates
 * nothing.
 */
#include "control/parser/parser_peer.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "control/parser/parser_area.h"

enum { STREAM_BYTES = 1 << 20 }; /* that the kernel holds, each way */

int
parser_peer_start(struct parser_peer *p, struct err *err)
{
	int pair[2], bytes = STREAM_BYTES, rc;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set_errno(err, "a socket to the parser");
	for (int i = 0; i < 2; i++)
		setsockopt(
		    pair[i], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
	rc = parser_keeper_spawn(&p->keeper, pair[1], &pid, err);
	close(pair[1]);
	if (rc) {
		close(pair[0]);
		return rc == ERR_IO
		           ? err_set(err, ERR_UNAVAILABLE, "%s", err->text)
		           : rc;
	}
	p->fd = pair[0];
	p->ended = p->late = p->touched = false;
	p->received = 0;
	p->at = p->held = 0;
	return 0;
}

/* From here on nobody writes to its stream, nor into what it held back. */
static void
bury(struct parser_peer *p)
{
	struct err err;

	p->ended = true;
	p->status = 0;
	if (parser_keeper_end(&p->keeper, &p->status, &err) != 0)
		log_error("%s", err.text);
}

int
parser_peer_end(struct parser_peer *p)
{
	if (p->fd < 0)
		return 0;
	if (!p->ended)
		bury(p);
	close(p->fd);
	p->fd = -1;
	return p->status;
}

/* --- its stream --- */

/* Until something has arrived, or its time is over. */
static void
await(struct parser_peer *p)
{
	uint64_t now = clock_ms(CLOCK_MONOTONIC);
	struct pollfd f = {.fd = p->fd, .events = POLLIN};

	if (now < p->deadline_ms) {
		uint64_t left = p->deadline_ms - now;

		poll(&f, 1, left > 60000 ? 60000 : (int)left);
		return;
	}
	p->late = true;
	bury(p);
}

/* Some octets, at least one. */
static int
read_some(
    struct parser_peer *p, void *to, size_t most, size_t *got, struct err *err)
{
	for (;;) {
		ssize_t n = recv(p->fd, to, most, MSG_DONTWAIT);
		bool none = n < 0 && errno == EAGAIN;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 && p->ended)
			n = (ssize_t)parser_area_left(
			    p->keeper.area, p->received, to, most);
		if (n > 0) {
			*got = (size_t)n;
			p->received += (size_t)n;
			return 0;
		}
		if (p->ended)
			return err_set(err, ERR_UNAVAILABLE, "it ended");
		if (none)
			await(p);
		else
			bury(p);
	}
}

int
parser_peer_read(void *peer, void *to, size_t bytes, struct err *err)
{
	struct parser_peer *p = peer;
	uint8_t *at = to;
	int rc = 0;

	while (bytes && rc == 0) {
		size_t n = p->held - p->at;

		if (n) {
			n = n < bytes ? n : bytes;
			memcpy(at, p->buffer + p->at, n);
			p->at += n;
		} else if (bytes >= PARSER_PEER_BUFFER) {
			rc = read_some(p, at, bytes, &n, err);
		} else {
			p->at = p->held = 0;
			rc = read_some(
			    p, p->buffer, PARSER_PEER_BUFFER, &p->held, err);
		}
		p->touched |= rc == 0;
		at += n;
		bytes -= n;
	}
	return rc;
}

bool
parser_peer_write(struct parser_peer *p, const void *from, size_t bytes)
{
	const uint8_t *at = from;

	while (bytes && !p->ended) {
		ssize_t n = send(p->fd, at, bytes, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		at += n;
		bytes -= (size_t)n;
	}
	return !p->ended;
}
