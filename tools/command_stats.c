/* SPDX-License-Identifier: BSD-2-Clause
 *
 * holdfast stats: the counters of data plane and sockets, read from their files
 * without asking anybody, and control's, if it lives.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "base/counters.h"
#include "tools/daemons.h"
#include "tools/tool_output.h"

struct source {
	const char *name, *file;
};

static const struct source sources[] = {
    {"dataplane", DATAPLANE_COUNTERS_NAME},
    {"sockets", SOCKETS_COUNTERS_NAME},
};

static uint64_t
counter_sum(const struct counters *c, unsigned name)
{
	uint64_t sum = 0;

	for (unsigned b = 0; b < counters_blocks(c); b++)
		sum += counters_value(c, b, name);
	return sum;
}

static bool
writer_lives(const struct counters *c)
{
	pid_t pid = (pid_t)counters_writer_pid(c);

	return pid > 0 && (kill(pid, 0) == 0 || errno == EPERM);
}

static json_t *
block_json(const struct counters *c, unsigned block)
{
	json_t *o = json_object();

	for (unsigned i = 0; i < counters_names(c); i++)
		json_object_set_new(o, counters_name(c, i),
		    json_integer((json_int_t)counters_value(c, block, i)));
	return o;
}

static json_t *
source_json(const struct counters *c, bool all)
{
	json_t *sums = json_object(), *blocks = json_object();

	for (unsigned i = 0; i < counters_names(c); i++)
		json_object_set_new(sums, counters_name(c, i),
		    json_integer((json_int_t)counter_sum(c, i)));
	for (unsigned b = 0; all && b < counters_blocks(c); b++)
		json_object_set_new(
		    blocks, counters_label(c, b), block_json(c, b));
	return json_pack("{s:I, s:b, s:o, s:o}", "pid",
	    (json_int_t)counters_writer_pid(c), "alive", writer_lives(c),
	    "counters", sums, "blocks", blocks);
}

static void
source_print(const char *name, const struct counters *c, bool all)
{
	printf("%s, pid %u%s\n", name, counters_writer_pid(c),
	    writer_lives(c) ? "" : ", which is gone: the numbers are its last");
	for (unsigned i = 0; i < counters_names(c); i++) {
		uint64_t sum = counter_sum(c, i);

		if (sum == 0 && !all)
			continue;
		printf("  %-32s %llu\n", counters_name(c, i),
		    (unsigned long long)sum);
		for (unsigned b = 0; all && b < counters_blocks(c); b++)
			printf("    %-30s %llu\n", counters_label(c, b),
			    (unsigned long long)counters_value(c, b, i));
	}
}

/* True if the source is there. */
static bool
source_take(const struct tool *t, const struct source *s, json_t *out)
{
	struct counters *c = NULL;
	char path[4096];
	struct err err;

	snprintf(path, sizeof path, "%s/%s", t->run_dir, s->file);
	if (counters_open(&c, path, &err)) {
		if (err.code != ERR_NOT_FOUND)
			fprintf(stderr, "holdfast: %s\n", err.text);
		return false;
	}
	if (t->json)
		json_object_set_new(out, s->name, source_json(c, t->all));
	else
		source_print(s->name, c, t->all);
	counters_close(&c);
	return true;
}

static void
control_print(json_t *counters)
{
	const char *name;
	json_t *value;

	puts("control");
	json_object_foreach(counters, name, value)
	{
		printf("  %-32s %lld\n", name,
		    (long long)json_integer_value(value));
	}
}

static bool
control_take(struct tool *t, json_t *out)
{
	json_t *last = NULL, *counters;
	struct err err;

	if (daemons_ask_control(t, json_pack("{s:s}", "command", "stats"), NULL,
		NULL, &last, &err)) {
		if (err.code != ERR_UNAVAILABLE)
			fprintf(stderr, "holdfast: %s\n", err.text);
		return false;
	}
	counters = json_object_get(last, "counters");
	if (t->json)
		json_object_set(out, "control", counters);
	else
		control_print(counters);
	json_decref(last);
	return true;
}

enum tool_status
command_stats(struct tool *t)
{
	json_t *out = json_pack("{s:b}", "ok", 1);
	unsigned found = 0;
	struct err err;

	if (t->run_dir == NULL && tool_places(t, &err)) {
		json_decref(out);
		return tool_fail(t, &err);
	}
	for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++)
		found += source_take(t, &sources[i], out);
	found += control_take(t, out);
	if (found && t->json) {
		output_json(out);
		return TOOL_OK;
	}
	json_decref(out);
	if (found)
		return TOOL_OK;
	err_set(&err, ERR_UNAVAILABLE,
	    "%s: no counters there: nothing of Holdfast runs with this run "
	    "directory; name another with --run DIR",
	    t->run_dir);
	return tool_fail(t, &err);
}
