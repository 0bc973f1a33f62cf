/* SPDX-License-Identifier: BSD-2-Clause
 *
 * holdfastd's side of the parser (parser.h): what has been asked for, what is
 * taken, and what is said of a parser that fails. Worker thread; allocates the
 * paths that were asked for and what parser_message.c allocates.
 */
#include "control/parser/parser.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/name.h"
#include "control/parser/parser_child.h"
#include "control/parser/parser_folders.h"
#include "control/parser/parser_message.h"
#include "control/parser/parser_peer.h"

enum {
	START_MS = 60000, /* that a new parser has to say that it is up */
	REQUEST_MAX =
	    sizeof(struct parser_request_d) + DNS_NAME_MAX + PARSER_PATH_MAX,
	REQUESTS_BYTES = 1 << 16,
};

struct asked {
	char *path;
	uint8_t apex[DNS_NAME_MAX + 1];
	uint64_t bytes_max;
};

struct parser {
	struct parser_folders folders;
	unsigned memory_mib, seconds;
	bool confined, said;
	/* the parser that runs */
	struct parser_peer peer;
	unsigned landlock;
	uint64_t replies; /* of it */
	/* what was asked for, the oldest first; the first `sent` it knows */
	struct asked queue[PARSER_AHEAD_MAX];
	unsigned first, count, sent;
	uint8_t requests[REQUESTS_BYTES]; /* that go together */
	uint64_t deaths;
};

/* --- one parser's life --- */

static int
child_end(struct parser *p)
{
	p->sent = 0;
	p->replies = 0;
	return parser_peer_end(&p->peer);
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
	sent = parser_peer_write(&p->peer, &d, sizeof d);
	for (size_t i = 0; i < p->folders.count && sent; i++)
		sent = parser_peer_write(&p->peer, p->folders.paths[i],
		    strlen(p->folders.paths[i]) + 1);
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

	p->peer.deadline_ms = clock_ms(CLOCK_MONOTONIC) + START_MS;
	parser_folders_note(&p->folders);
	rc = start_send(p)
	         ? parser_peer_read(&p->peer, &ready, sizeof ready, err)
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
	int rc = parser_peer_start(&p->peer, err);

	if (rc == 0 && (rc = start_talk(p, err)) != 0)
		child_end(p);
	return rc;
}

static size_t
request_write(uint8_t *to, const struct asked *a)
{
	struct parser_request_d d = {.magic = PARSER_MAGIC,
	    .path_bytes = (uint32_t)strlen(a->path),
	    .bytes_max = a->bytes_max,
	    .apex_bytes = (uint32_t)name_length(a->apex)};

	memcpy(to, &d, sizeof d);
	memcpy(to + sizeof d, a->apex, d.apex_bytes);
	memcpy(to + sizeof d + d.apex_bytes, a->path, d.path_bytes);
	return sizeof d + d.apex_bytes + d.path_bytes;
}

/* Sends what it does not know yet; who is gone is found out by reading. While
 * it has enough to do, more wait until they go together. */
static void
requests_send(struct parser *p)
{
	bool here = p->sent <= PARSER_AHEAD_MAX / 2;

	while (here && p->sent < p->count) {
		unsigned i = p->sent;
		size_t n = 0;

		for (; i < p->count && n + REQUEST_MAX <= REQUESTS_BYTES; i++)
			n += request_write(p->requests + n,
			    &p->queue[(p->first + i) % PARSER_AHEAD_MAX]);
		here = parser_peer_write(&p->peer, p->requests, n);
		if (here)
			p->sent = i;
	}
}

/* --- verdicts on parsers --- */

static int
verdict_died(
    const struct parser *p, const struct asked *a, int status, struct err *err)
{
	char how[160];

	if (p->peer.late)
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
	bool served = p->replies > 0 && !p->peer.touched;
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
	const struct parser_stream s = {parser_peer_read, &p->peer};
	uint64_t most =
	    p->memory_mib ? (uint64_t)p->memory_mib << 20 : UINT64_MAX;

	p->peer.touched = false;
	p->peer.deadline_ms = clock_ms(CLOCK_MONOTONIC) + PARSER_HOLD_MS +
	                      (uint64_t)p->seconds * 1000;
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
		int rc = p->peer.fd < 0 ? child_start(p, err) : 0;

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
	if (p->peer.fd >= 0)
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
	p->peer.fd = -1;
	p->peer.keeper = (struct parser_keeper){.fd = -1, .area = -1};
	p->confined = c->control.sandbox;
	rc = parser_configure(p, c, err);
	if (rc == 0)
		rc = parser_keeper_start(&p->peer.keeper, err);
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
	parser_keeper_stop(&p->peer.keeper);
	parser_folders_fini(&p->folders);
	free(p);
	*parser = NULL;
}

pid_t
parser_keeper_pid(const struct parser *p)
{
	return p->peer.keeper.pid;
}
