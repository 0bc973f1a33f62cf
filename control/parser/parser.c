/* SPDX-License-Identifier: BSD-2-Clause
 *
 * holdfastd's side of the parser (parser.h): what has been asked for, the
 * stream, and what is said of a parser that fails. Worker thread; allocates the
 * paths that were asked for and what parser_message.c allocates.
 */
#include "control/parser/parser.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/name.h"
#include "control/parser/parser_child.h"
#include "control/parser/parser_folders.h"
#include "control/parser/parser_keeper.h"
#include "control/parser/parser_message.h"

enum {
	BUFFER_BYTES = 1 << 16,
	STREAM_BYTES = 1 << 20, /* that the kernel holds, each way */
	START_MS = 60000,       /* that a new parser has to say that it is up */
};

struct asked {
	char *path;
	uint8_t apex[DNS_NAME_MAX + 1];
	uint64_t bytes_max;
};

struct parser {
	struct parser_keeper keeper;
	struct parser_folders folders;
	unsigned memory_mib, seconds;
	bool confined, said;
	/* the parser that runs */
	int fd; /* -1: none */
	unsigned landlock;
	uint64_t replies; /* of it */
	/* what was asked for, the oldest first; the first `sent` it knows */
	struct asked queue[PARSER_AHEAD_MAX];
	unsigned first, count, sent;
	/* of the stream */
	uint8_t buffer[BUFFER_BYTES];
	size_t at, held;
	uint64_t deadline_ms;
	bool late, touched; /* a time-out; an octet of this reply has come */
	uint64_t deaths;
};

/* --- the stream --- */

static int
stream_wait(struct parser *p, struct err *err)
{
	uint64_t now = clock_ms(CLOCK_MONOTONIC);
	struct pollfd f = {.fd = p->fd, .events = POLLIN};

	if (now < p->deadline_ms) {
		uint64_t left = p->deadline_ms - now;

		poll(&f, 1, left > 60000 ? 60000 : (int)left);
		return 0;
	}
	p->late = true;
	return err_set(err, ERR_UNAVAILABLE, "no reply");
}

/* Some octets, at least one. */
static int
stream_some(
    struct parser *p, void *to, size_t most, size_t *got, struct err *err)
{
	for (;;) {
		ssize_t n = recv(p->fd, to, most, MSG_DONTWAIT);
		int rc;

		if (n > 0) {
			*got = (size_t)n;
			p->touched = true;
			return 0;
		}
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			return err_set(err, ERR_UNAVAILABLE, "it ended");
		rc = stream_wait(p, err);
		if (rc)
			return rc;
	}
}

static int
stream_read(void *arg, void *to, size_t bytes, struct err *err)
{
	struct parser *p = arg;
	uint8_t *at = to;
	int rc = 0;

	while (bytes && rc == 0) {
		size_t n = p->held - p->at;

		if (n) {
			n = n < bytes ? n : bytes;
			memcpy(at, p->buffer + p->at, n);
			p->at += n;
			p->touched = true;
		} else if (bytes >= BUFFER_BYTES) {
			rc = stream_some(p, at, bytes, &n, err);
		} else {
			p->at = p->held = 0;
			rc = stream_some(
			    p, p->buffer, BUFFER_BYTES, &p->held, err);
		}
		at += n;
		bytes -= n;
	}
	return rc;
}

/* To a parser that reads: requests in flight are fewer than the kernel holds.
 */
static bool
stream_write(struct parser *p, const void *from, size_t bytes)
{
	const uint8_t *at = from;

	while (bytes) {
		ssize_t n = send(p->fd, at, bytes, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		at += n;
		bytes -= (size_t)n;
	}
	return true;
}

/* --- one parser's life --- */

/* How it ended; 0 if nobody knows. */
static int
child_end(struct parser *p)
{
	struct err err;
	int status = 0;

	if (p->fd < 0)
		return 0;
	close(p->fd);
	p->fd = -1;
	p->sent = 0;
	p->at = p->held = 0;
	p->replies = 0;
	if (parser_keeper_end(&p->keeper, &status, &err) != 0)
		log_error("%s", err.text);
	return status;
}

static bool
start_send(struct parser *p)
{
	struct parser_start_d d = {.magic = PARSER_MAGIC,
	    .memory_mib = p->memory_mib,
	    .nfolders = (uint32_t)p->folders.count,
	    .confined = p->confined};
	bool sent;

	for (size_t i = 0; i < p->folders.count; i++)
		d.folders_bytes += (uint32_t)strlen(p->folders.paths[i]) + 1;
	sent = stream_write(p, &d, sizeof d);
	for (size_t i = 0; i < p->folders.count && sent; i++)
		sent = stream_write(
		    p, p->folders.paths[i], strlen(p->folders.paths[i]) + 1);
	return sent;
}

static void
start_say(struct parser *p)
{
	if (p->said)
		return;
	p->said = true;
	if (!p->confined)
		log_warn("zone files are read by a process without filters "
			 "(control.sandbox)");
	else if (p->landlock)
		log_info("zone files are read by a process of their own: "
			 "seccomp, Landlock %u, %zu folders",
		    p->landlock, p->folders.count);
	else
		log_warn("zone files are read by a process of their own: "
			 "seccomp, but this kernel has no Landlock: what its "
			 "user may read, it may read");
}

/* The first exchange: the parser is in its cage, or it says why not. */
static int
start_talk(struct parser *p, struct err *err)
{
	struct parser_ready_d ready = {0};
	int rc;

	p->deadline_ms = clock_ms(CLOCK_MONOTONIC) + START_MS;
	parser_folders_note(&p->folders);
	rc = start_send(p) ? stream_read(p, &ready, sizeof ready, err)
	                   : err_set(err, ERR_UNAVAILABLE, "it ended at once");
	if (rc == 0 && ready.magic != PARSER_MAGIC)
		rc = err_set(err, ERR_UNAVAILABLE, "it speaks otherwise");
	ready.text[sizeof ready.text - 1] = 0;
	if (rc == 0 && ready.code != 0)
		rc = err_set(err, ERR_UNAVAILABLE, "%s", ready.text);
	if (rc)
		return err_add(err, "a parser of zone files can't start");
	p->landlock = ready.landlock;
	start_say(p);
	return 0;
}

static int
child_start(struct parser *p, struct err *err)
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
	rc = start_talk(p, err);
	if (rc)
		child_end(p);
	return rc;
}

static bool
request_send(struct parser *p, const struct asked *a)
{
	struct parser_request_d d = {.magic = PARSER_MAGIC,
	    .path_bytes = (uint32_t)strlen(a->path),
	    .bytes_max = a->bytes_max,
	    .apex_bytes = (uint32_t)name_length(a->apex)};
	uint8_t whole[sizeof d + DNS_NAME_MAX + PARSER_PATH_MAX];
	size_t n = sizeof d;

	memcpy(whole, &d, n);
	memcpy(whole + n, a->apex, d.apex_bytes);
	n += d.apex_bytes;
	memcpy(whole + n, a->path, d.path_bytes);
	return stream_write(p, whole, n + d.path_bytes);
}

/* Sends what it does not know yet; who is gone is found out by reading. While
 * it has enough to do, more wait until they go together. */
static void
requests_send(struct parser *p)
{
	if (p->sent > PARSER_AHEAD_MAX / 2)
		return;
	while (
	    p->sent < p->count &&
	    request_send(p, &p->queue[(p->first + p->sent) % PARSER_AHEAD_MAX]))
		p->sent++;
}

/* --- verdicts on parsers --- */

static int
verdict_died(
    const struct parser *p, const struct asked *a, int status, struct err *err)
{
	char how[160];

	if (p->late)
		snprintf(how, sizeof how,
		    "was not done after %u seconds (control.parser_seconds)",
		    p->seconds);
	else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		snprintf(how, sizeof how,
		    "was killed for a system call that it must not make");
	else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		snprintf(how, sizeof how,
		    "was killed: is the machine out of memory?");
	else if (WIFSIGNALED(status))
		snprintf(how, sizeof how, "died of signal %d (%s)",
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(how, sizeof how, "ended by itself with status %d",
		    WEXITSTATUS(status));
	return err_set(err, ERR_UNAVAILABLE,
	    "%s: the process that read it %s; this version is refused. Keep "
	    "the file: it may show a fault in Holdfast",
	    a->path, how);
}

static int
verdict_unsound(const struct asked *a, const struct err *why, struct err *err)
{
	struct err text = *why;

	return err_set(err, ERR_UNAVAILABLE,
	    "%s: %s; the process that read it was ended, and this version is "
	    "refused. Keep the file: it may show a fault in Holdfast",
	    a->path, text.text);
}

/* The file as it is now, so that it can be watched. */
static void
stamp_alone(struct zonefile_stamp *s, const char *path)
{
	struct stat st;

	*s = (struct zonefile_stamp){.files = calloc(1, sizeof *s->files)};
	if (!s->files)
		return;
	s->files[0].path = strdup(path);
	s->count = s->files[0].path != NULL;
	if (!s->count || stat(path, &st) != 0)
		return;
	s->files[0].device = st.st_dev;
	s->files[0].inode = st.st_ino;
	s->files[0].bytes = (uint64_t)st.st_size;
	s->files[0].modified_ns =
	    (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
	s->files[0].changed_ns =
	    (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec;
}

/* The parser failed. Returns 0 if that is nobody's fault: it had given a large
 * zone, and went. */
static int
child_failed(struct parser *p, const struct asked *a, const struct err *why,
    struct err *err)
{
	bool served = p->replies > 0 && !p->touched;
	struct err said = *why;
	int status = child_end(p);

	if (served && WIFEXITED(status) &&
	    WEXITSTATUS(status) == EXIT_PARSER_LARGE)
		return 0;
	p->deaths++;
	if (said.code == ERR_NO_MEMORY)
		return err_set(err, ERR_NO_MEMORY, "%s", said.text);
	if (said.code == ERR_CORRUPT)
		return verdict_unsound(a, &said, err);
	return verdict_died(p, a, status, err);
}

/* --- taking --- */

/* It was not allowed to open a file. Has a folder come that its cage does not
 * have, or does a link lead out of those that it has? Then these are added for
 * the next parser. */
static bool
cage_is_stale(struct parser *p, const char *path)
{
	char *real = realpath(path, NULL);
	bool stale = parser_folders_are_stale(&p->folders, path) ||
	             (real && parser_folders_are_stale(&p->folders, real));
	struct err err;

	if (stale &&
	    (parser_folders_add(&p->folders, path, &err) != 0 ||
		(real && parser_folders_add(&p->folders, real, &err) != 0)))
		stale = false;
	if (stale)
		parser_folders_settle(&p->folders, PARSER_FOLDERS_MAX);
	free(real);
	return stale;
}

static int
reply_get(struct parser *p, const struct asked *a, struct parser_reply *r,
    struct err *err)
{
	const struct parser_stream s = {stream_read, p};
	uint64_t most =
	    p->memory_mib ? (uint64_t)p->memory_mib << 20 : UINT64_MAX;

	p->late = p->touched = false;
	p->deadline_ms =
	    clock_ms(CLOCK_MONOTONIC) + (uint64_t)p->seconds * 1000;
	return parser_reply_read(r, &s, a->path, a->apex, most, err);
}

/* The reply to the oldest request, whatever it takes. */
static int
reply_obtain(struct parser *p, const struct asked *a, struct parser_reply *r,
    struct err *err)
{
	bool again = true;

	for (;;) {
		struct err why = {0};
		int rc = p->fd < 0 ? child_start(p, err) : 0;

		*r = (struct parser_reply){0};
		if (rc)
			return rc;
		/* a parser that is gone shows when its reply is read */
		requests_send(p);
		if (reply_get(p, a, r, &why) != 0) {
			rc = child_failed(p, a, &why, err);
			if (rc)
				return rc;
			continue;
		}
		p->replies++;
		if (again && r->stamp.denied && p->landlock &&
		    cage_is_stale(p, a->path)) {
			again = false;
			parser_reply_fini(r);
			child_end(p);
			continue;
		}
		return 0;
	}
}

static void
asked_drop(struct parser *p)
{
	struct asked *a = &p->queue[p->first];

	free(a->path);
	*a = (struct asked){0};
	p->first = (p->first + 1) % PARSER_AHEAD_MAX;
	p->count--;
	if (p->sent)
		p->sent--;
}

static void
warnings_tell(
    const struct bytes *warnings, const struct zonefile_options *options)
{
	const char *text = (const char *)warnings->data;

	for (size_t i = 0; options->warn && i < warnings->len;
	     i += strlen(text + i) + 1)
		options->warn(options->arg, text + i);
}

int
parser_take(struct parser *p, struct zone_records **out,
    const struct zonefile_options *options, struct err *err)
{
	struct asked *a = &p->queue[p->first];
	struct parser_reply r;
	int rc;

	if (options->stamp)
		*options->stamp = (struct zonefile_stamp){0};
	if (!p->count)
		return err_set(err, ERR_USAGE, "no file was asked for");
	rc = reply_obtain(p, a, &r, err);
	if (rc) {
		if (options->stamp)
			stamp_alone(options->stamp, a->path);
		asked_drop(p);
		return rc;
	}
	warnings_tell(&r.warnings, options);
	if (options->stamp) {
		*options->stamp = r.stamp;
		r.stamp = (struct zonefile_stamp){0};
	}
	rc = r.code;
	if (rc) {
		*err = r.why;
	} else {
		*out = r.records;
		r.records = NULL;
	}
	parser_reply_fini(&r);
	asked_drop(p);
	return rc;
}

bool
parser_has_room(const struct parser *p)
{
	return p->count < PARSER_AHEAD_MAX;
}

int
parser_ask(struct parser *p, const char *path, const uint8_t *apex,
    uint64_t bytes_max, struct err *err)
{
	struct asked *a = &p->queue[(p->first + p->count) % PARSER_AHEAD_MAX];

	if (!parser_has_room(p) || strlen(path) > PARSER_PATH_MAX)
		return err_set(
		    err, ERR_LIMIT, "%.100s...: the path is too long", path);
	*a = (struct asked){.path = strdup(path), .bytes_max = bytes_max};
	if (!a->path)
		return err_set(err, ERR_NO_MEMORY, "no memory for a path");
	memcpy(a->apex, apex, name_length(apex));
	p->count++;
	/* it may start at once; if it is gone, who takes will see */
	if (p->fd >= 0)
		requests_send(p);
	return 0;
}

uint64_t
parser_deaths_take(struct parser *p)
{
	uint64_t deaths = p->deaths;

	p->deaths = 0;
	return deaths;
}

/* --- opening --- */

int
parser_configure(struct parser *p, const struct config *c, struct err *err)
{
	struct parser_folders folders = {0};
	int rc = 0;

	for (unsigned i = 0; i < c->nzones && rc == 0; i++)
		rc = parser_folders_add(&folders, c->zones[i].file, err);
	if (rc) {
		parser_folders_fini(&folders);
		return rc;
	}
	parser_folders_settle(&folders, PARSER_FOLDERS_MAX);
	parser_folders_fini(&p->folders);
	p->folders = folders;
	p->memory_mib = c->control.parser_memory_mib;
	p->seconds = c->control.parser_seconds;
	/* the next one has the new limits and folders */
	child_end(p);
	return 0;
}

int
parser_open(struct parser **out, const struct config *c, struct err *err)
{
	struct parser *p = calloc(1, sizeof *p);
	int rc;

	if (!p)
		return err_set(err, ERR_NO_MEMORY, "no memory for a parser");
	p->fd = -1;
	p->keeper.fd = -1;
	p->confined = c->control.sandbox;
	rc = parser_configure(p, c, err);
	if (rc == 0)
		rc = parser_keeper_start(&p->keeper, err);
	if (rc) {
		parser_close(&p);
		return rc;
	}
	*out = p;
	return 0;
}

void
parser_close(struct parser **parser)
{
	struct parser *p = *parser;

	if (!p)
		return;
	child_end(p);
	while (p->count)
		asked_drop(p);
	parser_keeper_stop(&p->keeper);
	parser_folders_fini(&p->folders);
	free(p);
	*parser = NULL;
}

pid_t
parser_keeper_pid(const struct parser *p)
{
	return p->keeper.pid;
}
