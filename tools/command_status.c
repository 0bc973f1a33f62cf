/* SPDX-License-Identifier: BSD-2-Clause
 *
 * holdfast status: from holdfastd, or from the data plane itself when holdfastd
 * is dead, or at least which processes there are.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/counters.h"
#include "tools/daemons.h"
#include "tools/tool_output.h"

enum { STATUS_MS = 10000 };

/* Text of a member, or "-". */
static const char *
text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "-";
}

static unsigned long long
number_of(const json_t *o, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(o, key));

	return n > 0 ? (unsigned long long)n : 0;
}

/* The process that writes RUN/sockets.counters, if it lives; else 0. */
static unsigned
sockets_pid(const struct tool *t)
{
	struct counters *c = NULL;
	char path[4096];
	struct err err;
	pid_t pid;

	snprintf(path, sizeof path, "%s/%s", t->run_dir, SOCKETS_COUNTERS_NAME);
	if (counters_open(&c, path, &err))
		return 0;
	pid = (pid_t)counters_writer_pid(c);
	counters_close(&c);
	return pid > 0 && (kill(pid, 0) == 0 || errno == EPERM) ? (unsigned)pid
	                                                        : 0;
}

static void
sockets_print(const struct tool *t)
{
	unsigned pid = sockets_pid(t);

	if (pid)
		printf("sockets      pid %u\n", pid);
	else
		printf("sockets      not seen in %s\n", t->run_dir);
}

static void
quarantine_print(unsigned long long n)
{
	if (n)
		printf("QUARANTINE   queries that have crashed a daemon: %llu "
		       "are dropped; see holdfast quarantine\n",
		    n);
}

static void
control_dataplane_print(const json_t *d)
{
	if (!json_is_true(json_object_get(d, "alive"))) {
		printf("data plane   not running\n");
		return;
	}
	printf("data plane   pid %llu, %s (%s), generation %.16s, activation "
	       "%llu\n",
	    number_of(d, "pid"),
	    json_is_true(json_object_get(d, "healthy")) ? "healthy"
							: "NOT HEALTHY",
	    text_of(d, "reason"), text_of(d, "stable"),
	    number_of(d, "activation"));
}

/* Nothing where there is no signed zone. */
static void
signatures_print(const json_t *zones)
{
	const json_t *end = json_object_get(zones, "signatures_end");
	unsigned long long unverified = number_of(zones, "unverified");
	unsigned long long ending = number_of(zones, "signatures_ending");
	char when[32];

	if (!json_is_integer(end) && !unverified)
		return;
	printf("signatures   %llu zones served unverified; the first ends %s",
	    unverified, output_time(when, number_of(zones, "signatures_end")));
	if (ending)
		printf(" (%llu zones: SIGN ANEW)", ending);
	putchar('\n');
}

static void
held_print(void)
{
	puts("HELD         nothing is published until holdfast release");
}

/* Nothing where nothing is rolled out, and nothing waits. */
static void
rollout_print(const json_t *r)
{
	const char *phase = text_of(r, "phase");
	char took[32], left[32];

	if (strcmp(phase, "canary") == 0 || strcmp(phase, "soak") == 0)
		printf("%-12s generation %.16s, %llu of 1000 clients, for %s, "
		       "%s left at most; exposure %llu.%llu s; %llu questions "
		       "compared, %llu at fault%s\n",
		    phase, text_of(r, "generation"), number_of(r, "permille"),
		    output_duration(took, number_of(r, "took_ms")),
		    output_duration(left, number_of(r, "left_ms")),
		    number_of(r, "exposure_ms") / 1000,
		    number_of(r, "exposure_ms") / 100 % 10,
		    number_of(r, "questions"), number_of(r, "faults"),
		    json_is_true(json_object_get(r, "mix_changed"))
			? "; THE MIX OF QUESTIONS HAS CHANGED"
			: "");
	if (json_is_true(json_object_get(r, "held")))
		held_print();
	if (json_is_string(json_object_get(r, "why")))
		printf("waiting      %s\n", text_of(r, "why"));
}

static void
control_print(const struct tool *t, const json_t *s)
{
	const json_t *zones = json_object_get(s, "zones");
	char since[32], when[32];

	printf("holdfastd    %s, pid %llu, up %s, store %s\n",
	    text_of(s, "version"), number_of(s, "pid"),
	    output_duration(since, number_of(s, "uptime_ms")),
	    text_of(s, "store"));
	printf("generation   %.16s, activation %llu, committed %s\n",
	    text_of(s, "generation"), number_of(s, "activation"),
	    output_time(when, number_of(s, "committed_at")));
	if (json_is_string(json_object_get(s, "candidate")))
		printf("candidate    %.16s\n", text_of(s, "candidate"));
	printf("zones        %llu of %llu served, %llu refused, %llu "
	       "condemned\n",
	    number_of(zones, "served"), number_of(zones, "configured"),
	    number_of(zones, "refused"), number_of(zones, "condemned"));
	if (number_of(zones, "kept"))
		printf("KEPT         %llu zones that are not configured any "
		       "more are served on (holdfast zones says which)\n",
		    number_of(zones, "kept"));
	signatures_print(zones);
	if (number_of(zones, "signing_fails"))
		printf("SIGNING      FAILS for %llu zones (holdfast zones says "
		       "why); what is served stays\n",
		    number_of(zones, "signing_fails"));
	rollout_print(json_object_get(s, "rollout"));
	printf("work         %s\n", text_of(s, "work"));
	if (json_is_string(json_object_get(s, "last_error")))
		printf("last error   %s\n", text_of(s, "last_error"));
	control_dataplane_print(json_object_get(s, "dataplane"));
	quarantine_print(quarantine_in_force(text_of(s, "store")));
	sockets_print(t);
}

static json_t *
fields_json(const struct dataplane_message *m)
{
	json_t *o = json_object();

	for (unsigned i = 0; i < m->count; i++)
		json_object_set_new(
		    o, m->field[i].key, json_string(m->field[i].value));
	return o;
}

static const char *
field_text(const struct dataplane_message *m, const char *key)
{
	const char *value = dataplane_field_find(m, key);

	return value ? value : "-";
}

static bool
store_held(struct tool *t)
{
	struct store *s = NULL;
	struct err err;
	bool held;

	if (tool_store_open(t, &s, STORE_READ_ONLY, &err) != 0)
		return false;
	held = store_is_held(s);
	store_close(&s);
	return held;
}

/* What the store says, whoever runs. */
static void
store_print(struct tool *t, bool alone)
{
	struct store_current current;
	struct store *s = NULL;
	char hex[DIGEST_TEXT_MAX], when[32];
	struct err err;

	if (tool_store_open(t, &s, STORE_READ_ONLY, &err) != 0)
		return;
	if (alone && store_current_read(s, &current, &err) == 0 &&
	    !digest_is_zero(&current.generation))
		printf("generation   %.16s, activation %llu, committed %s, in "
		       "%s\n",
		    digest_to_text(hex, &current.generation),
		    (unsigned long long)current.activation,
		    output_time(when, current.committed_at), store_dir(s));
	store_close(&s);
	if (store_held(t))
		held_print();
}

static void
dataplane_print(struct tool *t, const struct dataplane_message *m,
    const struct err *control)
{
	const char *uptime = dataplane_field_find(m, "uptime_ms");
	char since[32];

	printf("holdfastd    %s; answers go on\n",
	    control->code == ERR_BUSY ? "DOES NOT ANSWER" : "NOT RUNNING");
	printf("data plane   pid %s, up %s, healthy: %s (%s)\n",
	    field_text(m, "pid"),
	    output_duration(since, uptime ? strtoull(uptime, NULL, 10) : 0),
	    field_text(m, "healthy"), field_text(m, "reason"));
	printf("generation   %.16s, activation %s\n", field_text(m, "stable"),
	    field_text(m, "activation"));
	quarantine_print(strtoull(field_text(m, "quarantined"), NULL, 10));
	if (strcmp(field_text(m, "candidate"), "none") != 0)
		printf("candidate    %.16s\n", field_text(m, "candidate"));
	store_print(t, false);
	sockets_print(t);
}

static enum tool_status
status_without_control(struct tool *t, const struct err *control)
{
	char buffer[DATAPLANE_MESSAGE_MAX + 1];
	struct dataplane_message m;
	struct err err;
	int rc = daemons_ask_dataplane(t, "status", buffer, &m, &err);

	if (t->json)
		output_json(json_pack("{s:b, s:{s:s, s:s}, s:b, s:o, s:o}",
		    "ok", 0, "error", "code", err_code_name(control->code),
		    "text", control->text, "held", store_held(t), "dataplane",
		    rc ? json_null() : fields_json(&m), "sockets_pid",
		    sockets_pid(t) ? json_integer(sockets_pid(t))
				   : json_null()));
	else if (rc == 0)
		dataplane_print(t, &m, control);
	else {
		printf("data plane   not running\n");
		store_print(t, true);
		sockets_print(t);
	}
	return !t->json && rc ? tool_fail(t, control) : TOOL_NOBODY;
}

enum tool_status
command_status(struct tool *t)
{
	json_t *answer = NULL;
	struct err err;
	int rc;

	/* it is answered at once, or not at all */
	if (t->timeout_ms > STATUS_MS)
		t->timeout_ms = STATUS_MS;
	rc = daemons_ask_control(t, json_pack("{s:s}", "command", "status"),
	    NULL, NULL, &answer, &err);
	if (rc == ERR_UNAVAILABLE || rc == ERR_BUSY)
		return status_without_control(t, &err);
	if (rc)
		return tool_fail(t, &err);
	if (t->json) {
		output_json(answer);
		return TOOL_OK;
	}
	control_print(t, answer);
	json_decref(answer);
	return TOOL_OK;
}
