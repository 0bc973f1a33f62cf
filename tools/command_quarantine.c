/* SPDX-License-Identifier: BSD-2-Clause
 *
 * holdfast quarantine: the queries that have crashed a daemon and are dropped
 * for it. Works on the store's folder alone; daemons look there every second.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/dns.h"
#include "base/name.h"
#include "dataplane/guard/quarantine_file.h"
#include "tools/tool_output.h"

static int
folder_open(int *fd, const char *store_dir, struct err *err)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/" QUARANTINE_FOLDER, store_dir);
	*fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*fd >= 0 || errno == ENOENT)
		return 0; /* no daemon has run here yet: nothing is in it */
	return err_set_errno(err, "%s", path);
}

static const char *
state_of(const struct quarantine_record *r, uint64_t now)
{
	if (r->released)
		return "released";
	return r->expires_at > now ? "dropped" : "expired";
}

/* The question's name, or "-" where there is none to read. */
static const char *
question_text(char text[NAME_TEXT_MAX], const struct quarantine_record *r)
{
	const uint8_t *name = r->message.data + DNS_HEADER_BYTES;

	if (name_length_find(name, r->message.len - DNS_HEADER_BYTES) == 0)
		return "-";
	return name_to_text(text, name);
}

static void
record_print(const struct quarantine_record *r, uint64_t now)
{
	char text[NAME_TEXT_MAX], crashed[32], expires[32];

	printf("%s  %-8s  crashed %s  until %s  %s %s signal %u%s  %s %zu "
	       "octets  %s\n",
	    r->id, state_of(r, now), output_time(crashed, r->crashed_at),
	    output_time(expires, r->expires_at), r->program, r->build,
	    r->signal, r->hung ? " (hangs)" : "", r->stream ? "tcp" : "udp",
	    r->message.len, question_text(text, r));
}

static json_t *
record_json(const struct quarantine_record *r, uint64_t now)
{
	char text[NAME_TEXT_MAX];

	return json_pack(
	    "{s:s, s:s, s:I, s:I, s:s, s:s, s:i, s:b, s:s, s:i, s:o, s:s}",
	    "id", r->id, "state", state_of(r, now), "crashed_at",
	    (json_int_t)r->crashed_at, "expires_at", (json_int_t)r->expires_at,
	    "program", r->program, "version", r->build, "signal",
	    (int)r->signal, "hangs", r->hung, "transport",
	    r->stream ? "tcp" : "udp", "octets", (int)r->message.len,
	    "generation", output_json_digest(&r->generation), "name",
	    question_text(text, r));
}

size_t
quarantine_in_force(const char *store_dir)
{
	struct quarantine_record *records = NULL;
	uint64_t now = (uint64_t)time(NULL);
	size_t n = 0, in_force = 0;
	int fd;

	if (folder_open(&fd, store_dir, NULL) || fd < 0)
		return 0;
	if (quarantine_list(&records, &n, fd, NULL, NULL) == 0)
		for (size_t i = 0; i < n; i++)
			in_force +=
			    !records[i].released && records[i].expires_at > now;
	quarantine_list_free(&records, n);
	close(fd);
	return in_force;
}

static void
complain(const char *text)
{
	fprintf(stderr, "holdfast: %s\n", text);
}

static enum tool_status
list(const struct tool *t, int fd)
{
	struct quarantine_record *records = NULL;
	uint64_t now = (uint64_t)time(NULL);
	json_t *all = json_array();
	struct err err;
	size_t n = 0;

	if (fd >= 0 && quarantine_list(&records, &n, fd, complain, &err)) {
		json_decref(all);
		return tool_fail_store(t, &err);
	}
	for (size_t i = 0; i < n; i++) {
		if (t->json)
			json_array_append_new(
			    all, record_json(&records[i], now));
		else
			record_print(&records[i], now);
	}
	if (t->json)
		output_json(json_pack("{s:b, s:O}", "ok", 1, "queries", all));
	else if (n == 0)
		puts("no query is in quarantine, and none was");
	json_decref(all);
	quarantine_list_free(&records, n);
	return TOOL_OK;
}

static enum tool_status
release(const struct tool *t, int fd, const char *id)
{
	struct err err;
	int rc =
	    fd >= 0 ? quarantine_release(fd, id, &err)
		    : err_set(&err, ERR_NOT_FOUND, "no query is in quarantine");

	if (rc)
		return tool_fail(t, &err);
	if (t->json)
		output_json(json_pack("{s:b, s:s}", "ok", 1, "released", id));
	else
		printf(
		    "%s is released: it is answered again in a second\n", id);
	return TOOL_OK;
}

enum tool_status
command_quarantine(struct tool *t)
{
	enum tool_status status;
	struct err err;
	int fd, rc;

	rc = tool_places(t, &err);
	if (rc)
		return tool_fail(t, &err);
	rc = folder_open(&fd, t->store_dir, &err);
	if (rc)
		return tool_fail_store(t, &err);
	if (t->nargs == 0 || (t->nargs == 1 && !strcmp(t->args[0], "list"))) {
		status = list(t, fd);
	} else if (t->nargs == 2 && !strcmp(t->args[0], "release")) {
		status = release(t, fd, t->args[1]);
	} else {
		err_set(&err, ERR_USAGE,
		    "say: holdfast quarantine [list | release ID]");
		status = tool_fail(t, &err);
	}
	if (fd >= 0)
		close(fd);
	return status;
}
