/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Requests to holdfastd and its answers, JSON a line. What comes is checked:
 * lines have a limit, the whole answer has a time. Allocates one buffer and
 * what jansson does.
 */
#include "tools/control_client.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"

enum { LINE_MAX_BYTES = 16 << 20 };

struct control_client {
	int fd;
	struct bytes in;
	size_t taken; /* of `in`: lines before */
	char path[sizeof((struct sockaddr_un *)0)->sun_path];
};

static int
connect_refused(const char *path, struct err *err)
{
	if (errno == ENOENT || errno == ECONNREFUSED)
		return err_set(err, ERR_UNAVAILABLE,
		    "holdfastd does not run (nobody listens at %s): start it, "
		    "or name its directory with --run DIR",
		    path);
	if (errno == EACCES)
		return err_set(err, ERR_REFUSED,
		    "%s: you may not talk to holdfastd: be root, or a member of "
		    "the group that control: socket_group names",
		    path);
	return err_set_errno(err, "%s", path);
}

int
control_client_open(
    struct control_client **out, const char *run_dir, struct err *err)
{
	struct control_client *c = calloc(1, sizeof *c);
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int n;

	if (c == NULL)
		return err_set(err, ERR_NO_MEMORY, "out of memory");
	bytes_init(&c->in);
	n = snprintf(
	    c->path, sizeof c->path, "%s/%s", run_dir, CONTROL_SOCKET_NAME);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	memcpy(sun.sun_path, c->path, sizeof sun.sun_path);
	if (n >= (int)sizeof c->path)
		err_set(err, ERR_USAGE, "%s: too long for a socket", run_dir);
	else if (c->fd < 0 ||
		 connect(c->fd, (struct sockaddr *)&sun, sizeof sun) < 0)
		connect_refused(c->path, err);
	else {
		*out = c;
		return 0;
	}
	control_client_close(&c);
	return err->code;
}

void
control_client_close(struct control_client **c)
{
	if (*c == NULL)
		return;
	if ((*c)->fd >= 0)
		close((*c)->fd);
	bytes_fini(&(*c)->in);
	free(*c);
	*c = NULL;
}

static int
request_send(struct control_client *c, json_t *request, struct err *err)
{
	char *text = json_dumps(request, JSON_COMPACT);
	size_t bytes = text ? strlen(text) : 0, done = 0;

	json_decref(request);
	if (text == NULL)
		return err_set(err, ERR_NO_MEMORY, "out of memory");
	text[bytes++] = '\n'; /* in the terminator's place */
	while (done < bytes) {
		ssize_t n =
		    send(c->fd, text + done, bytes - done, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		done += (size_t)n;
	}
	free(text);
	if (done < bytes)
		return err_set_errno(err, "%s: cannot ask", c->path);
	return 0;
}

/* More octets of the answer. */
static int
answer_wait(struct control_client *c, uint64_t deadline_ms, struct err *err)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};
	uint64_t now = clock_ms(CLOCK_MONOTONIC);
	ssize_t n;

	if (now >= deadline_ms || poll(&p, 1, (int)(deadline_ms - now)) == 0)
		return err_set(err, ERR_BUSY,
		    "%s: no answer in time; holdfastd may still be at work: "
		    "look at `holdfast status`, wait longer with --timeout "
		    "SECONDS, or end it if it hangs: answers go on",
		    c->path);
	if (!bytes_reserve(&c->in, 65536))
		return err_set(err, ERR_NO_MEMORY, "out of memory");
	n = recv(c->fd, c->in.data + c->in.len, 65536, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0)
		return err_set_errno(err, "%s", c->path);
	if (n == 0)
		return err_set(err, ERR_UNAVAILABLE,
		    "%s: holdfastd closed the connection before its answer was "
		    "whole: look at its log",
		    c->path);
	c->in.len += (size_t)n;
	if (c->in.len - c->taken > LINE_MAX_BYTES)
		return err_set(
		    err, ERR_LIMIT, "%s: an answer without an end", c->path);
	return 0;
}

static int
line_read(struct control_client *c, uint64_t deadline_ms, json_t **out,
    struct err *err)
{
	const char *line;
	uint8_t *end = NULL;
	size_t seen = c->taken;
	json_error_t why;

	for (;;) {
		if (c->in.len > seen)
			end = memchr(c->in.data + seen, '\n', c->in.len - seen);
		if (end)
			break;
		seen = c->in.len;
		if (answer_wait(c, deadline_ms, err))
			return err->code;
	}
	line = (const char *)c->in.data + c->taken;
	*out = json_loadb(line, (size_t)((const char *)end - line), 0, &why);
	c->taken = (size_t)(end + 1 - c->in.data);
	if (c->taken == c->in.len) {
		bytes_clear(&c->in);
		c->taken = 0;
	}
	if (*out && json_is_object(*out))
		return 0;
	json_decref(*out);
	return err_set(err, ERR_CORRUPT,
	    "%s: this answer is not of the control protocol (is that holdfastd, "
	    "and of this version?)",
	    c->path);
}

static int
refusal_take(const json_t *line, struct err *err)
{
	const json_t *error = json_object_get(line, "error");
	const char *code = json_string_value(json_object_get(error, "code"));
	const char *text = json_string_value(json_object_get(error, "text"));
	int number = ERR_REFUSED;

	for (int i = ERR_IO; code && i >= ERR_UNAVAILABLE; i--) {
		if (strcmp(code, err_code_name(i)) == 0)
			number = i;
	}
	return err_set(err, number, "%s", text ? text : "holdfastd refuses");
}

int
control_client_ask(struct control_client *c, json_t *request,
    unsigned timeout_ms, void (*line)(void *arg, json_t *line), void *arg,
    json_t **last, struct err *err)
{
	uint64_t deadline_ms = clock_ms(CLOCK_MONOTONIC) + timeout_ms;
	json_t *answer;
	int rc = request_send(c, request, err);

	while (!rc) {
		rc = line_read(c, deadline_ms, &answer, err);
		if (rc)
			break;
		if (!json_is_true(json_object_get(answer, "ok"))) {
			rc = refusal_take(answer, err);
		} else if (json_is_true(json_object_get(answer, "done"))) {
			*last = answer;
			return 0;
		} else if (line) {
			line(arg, answer);
		}
		json_decref(answer);
	}
	return rc;
}
