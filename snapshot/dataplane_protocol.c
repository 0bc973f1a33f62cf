/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Messages on the data plane's socket: parsing, and the client's side of an
 * exchange. The parser reads what any process that may open the socket sends.
 * Allocates nothing.
 */
#include "snapshot/dataplane_protocol.h"

#include "base/clock.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define FIELDS_MAX                                                             \
	(sizeof((struct dataplane_message *)0)->field /                        \
	    sizeof((struct dataplane_message *)0)->field[0])

/* The end of the word at p, cut off there; *next: the next word or the end. */
static void
word_cut(char *p, char **next)
{
	size_t n = strcspn(p, " ");

	*next = p + n + strspn(p + n, " ");
	p[n] = '\0';
}

static bool
text_is_printable(const char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	return true;
}

static int
field_add(struct dataplane_message *out, char *word, struct err *err)
{
	char *equals = strchr(word, '=');

	if (!equals || equals == word)
		return err_set(
		    err, ERR_SYNTAX, "\"%.40s\" is no KEY=VALUE", word);
	*equals = '\0';
	if (out->count == FIELDS_MAX)
		return err_set(err, ERR_LIMIT,
		    "more than %d fields in a message", (int)FIELDS_MAX);
	if (dataplane_field_find(out, word))
		return err_set(
		    err, ERR_SYNTAX, "\"%.40s\" is there twice", word);
	out->field[out->count].key = word;
	out->field[out->count].value = equals + 1;
	out->count++;
	return 0;
}

int
dataplane_message_parse(
    struct dataplane_message *out, char *message, size_t bytes, struct err *err)
{
	char *at = message;

	*out = (struct dataplane_message){.word = "", .text = ""};
	if (bytes == 0 || bytes > DATAPLANE_MESSAGE_MAX)
		return err_set(err, ERR_LIMIT,
		    "a message has 1 to %d octets, not %zu",
		    DATAPLANE_MESSAGE_MAX, bytes);
	message[bytes] = '\0';
	if (!text_is_printable(message, bytes))
		return err_set(
		    err, ERR_SYNTAX, "a control character in a message");
	if (*at == ' ' || *at == '=')
		return err_set(
		    err, ERR_SYNTAX, "a message starts with its word");
	out->word = at;
	word_cut(at, &at);
	if (strchr(out->word, '='))
		return err_set(
		    err, ERR_SYNTAX, "a message starts with its word");
	if (strcmp(out->word, "error") == 0) {
		out->text = at;
		return 0;
	}
	while (*at) {
		char *word = at;
		int rc;

		word_cut(word, &at);
		rc = field_add(out, word, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

const char *
dataplane_field_find(const struct dataplane_message *m, const char *key)
{
	for (unsigned i = 0; i < m->count; i++)
		if (strcmp(m->field[i].key, key) == 0)
			return m->field[i].value;
	return NULL;
}

int
dataplane_connect(int *fd, const char *path, struct err *err)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int rc;

	*fd = -1;
	if (strlen(path) >= sizeof to.sun_path)
		return err_set(err, ERR_LIMIT,
		    "%s: longer than the %zu octets of a socket's path", path,
		    sizeof to.sun_path - 1);
	strcpy(to.sun_path, path);
	/* not blocking: a peer that hangs must not hang us */
	*fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0)
		return err_set_errno(err, "cannot make a socket");
	if (connect(*fd, (const struct sockaddr *)&to, sizeof to) == 0)
		return 0;
	rc = errno == ENOENT || errno == ECONNREFUSED || errno == EAGAIN
	         ? ERR_UNAVAILABLE
	         : ERR_IO;
	err_set_errno(err, "%s: cannot reach the data plane", path);
	if (err)
		err->code = rc;
	close(*fd);
	*fd = -1;
	return rc;
}

/* Until the socket is ready or the time is up. */
static int
socket_wait(int fd, short events, int64_t deadline_ms, struct err *err)
{
	struct pollfd p = {.fd = fd, .events = events};

	for (;;) {
		int64_t left = deadline_ms - (int64_t)clock_ms(CLOCK_MONOTONIC);
		int n = poll(&p, 1, left > 0 ? (int)left : 0);

		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return err_set_errno(err, "cannot wait for a socket");
		if (n == 0 && (int64_t)clock_ms(CLOCK_MONOTONIC) >= deadline_ms)
			return err_set(err, ERR_UNAVAILABLE,
			    "the data plane does not answer in time");
	}
}

static int
peer_lost(struct err *err)
{
	err_set_errno(err, "the data plane closed the connection");
	if (err)
		err->code = ERR_UNAVAILABLE;
	return ERR_UNAVAILABLE;
}

static int
request_send(int fd, const char *request, int64_t deadline_ms, struct err *err)
{
	for (;;) {
		int rc;

		if (send(fd, request, strlen(request),
			MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
			return 0;
		if (errno != EAGAIN && errno != EINTR)
			return peer_lost(err);
		rc = socket_wait(fd, POLLOUT, deadline_ms, err);
		if (rc < 0)
			return rc;
	}
}

static int
answer_receive(int fd, char *answer, size_t most, int64_t deadline_ms,
    size_t *bytes, struct err *err)
{
	for (;;) {
		ssize_t n;
		int rc = socket_wait(fd, POLLIN, deadline_ms, err);

		if (rc < 0)
			return rc;
		n = recv(fd, answer, most, MSG_DONTWAIT | MSG_TRUNC);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n == 0)
			errno = ECONNRESET;
		if (n <= 0)
			return peer_lost(err);
		if ((size_t)n > most)
			return err_set(err, ERR_LIMIT,
			    "the data plane's answer has %zd octets", n);
		*bytes = (size_t)n;
		return 0;
	}
}

int
dataplane_exchange(int fd, const char *request, char *answer, size_t answer_max,
    unsigned timeout_ms, struct dataplane_message *out, struct err *err)
{
	int64_t deadline_ms = (int64_t)clock_ms(CLOCK_MONOTONIC) + timeout_ms;
	size_t bytes = 0;
	int rc;

	if (strlen(request) > DATAPLANE_MESSAGE_MAX || answer_max < 2)
		return err_set(
		    err, ERR_USAGE, "a request of %zu octets", strlen(request));
	rc = request_send(fd, request, deadline_ms, err);
	if (rc == 0)
		rc = answer_receive(
		    fd, answer, answer_max - 1, deadline_ms, &bytes, err);
	if (rc == 0) {
		rc = dataplane_message_parse(out, answer, bytes, err);
		if (rc < 0)
			err_add(err, "the data plane's answer");
	}
	return rc;
}
