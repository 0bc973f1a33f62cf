/* SPDX-License-Identifier: BSD-2-Clause
 *
 * holdfast limits: which prefixes are limited most, read from the daemons'
 * files without asking anybody; `limits reload` tells the data plane to read
 * its lists of prefixes again.
 */
#include <stdio.h>
#include <string.h>

#include "base/limited.h"
#include "tools/daemons.h"
#include "tools/tool_output.h"

struct source {
	const char *name, *limited, *counters;
};

static const struct source sources[] = {
    {"dataplane", DATAPLANE_LIMITED_NAME, DATAPLANE_COUNTERS_NAME},
    {"sockets", SOCKETS_LIMITED_NAME, SOCKETS_COUNTERS_NAME},
};

/* Of a counter's name, what is in the braces, if limits count there. */
static const char *const shown[] = {"slipped", "denied", "drop_denied",
    "drop_budget", "drop_limited", "would_drop", "would_slip", "valid_cookie"};

static bool
name_has_label(const char *name, const char *label)
{
	const char *brace = strchr(name, '{');
	size_t n = strlen(label);

	return brace && strncmp(brace + 1, label, n) == 0 &&
	       brace[1 + n] == '}' && !strstr(name, "_tcp{");
}

static uint64_t
label_sum(const struct counters *c, const char *label)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < counters_names(c); i++)
		for (unsigned b = 0;
		     name_has_label(counters_name(c, i), label) &&
		     b < counters_blocks(c);
		     b++)
			sum += counters_value(c, b, i);
	return sum;
}

static void
counters_take(const struct counters *c, json_t *out)
{
	json_t *o = json_object();

	for (unsigned i = 0; i < sizeof shown / sizeof *shown; i++)
		json_object_set_new(o, shown[i],
		    json_integer((json_int_t)label_sum(c, shown[i])));
	json_object_set_new(out, "counters", o);
}

static void
prefixes_take(const struct counters *c, json_t *out)
{
	struct limited_prefix top[LIMITED_PLACES];
	unsigned n = limited_read(c, top, LIMITED_PLACES);
	json_t *list = json_array();
	char text[PREFIX_TEXT_MAX];

	for (unsigned i = 0; i < n; i++)
		json_array_append_new(
		    list, json_pack("{s:s, s:I}", "prefix",
			      prefix_text(text, &top[i].prefix), "limited",
			      (json_int_t)top[i].count));
	json_object_set_new(out, "prefixes", list);
}

/* True if the file is there. */
static bool
file_take(const struct tool *t, const char *file,
    void (*take)(const struct counters *c, json_t *out), json_t *out)
{
	struct counters *c = NULL;
	char path[4096];
	struct err err;

	snprintf(path, sizeof path, "%s/%s", t->run_dir, file);
	if (counters_open(&c, path, &err)) {
		if (err.code != ERR_NOT_FOUND)
			fprintf(stderr, "holdfast: %s\n", err.text);
		return false;
	}
	take(c, out);
	counters_close(&c);
	return true;
}

static void
source_print(const char *name, const json_t *source)
{
	const json_t *prefixes = json_object_get(source, "prefixes");
	const char *label;
	json_t *value;
	size_t i;

	puts(name);
	json_object_foreach(json_object_get(source, "counters"), label, value)
	    printf(
		"  %-32s %lld\n", label, (long long)json_integer_value(value));
	if (!prefixes)
		puts("  neither response rates nor query budgets are on");
	json_array_foreach(prefixes, i, value) printf(
	    "  %-43s limited %lld times\n",
	    json_string_value(json_object_get(value, "prefix")),
	    (long long)json_integer_value(json_object_get(value, "limited")));
}

static enum tool_status
limits_show(struct tool *t)
{
	json_t *out = json_pack("{s:b}", "ok", 1);
	unsigned found = 0;
	struct err err;

	for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
		const struct source *s = &sources[i];
		json_t *source = json_object();

		if (file_take(t, s->counters, counters_take, source)) {
			found++;
			file_take(t, s->limited, prefixes_take, source);
			if (!t->json)
				source_print(s->name, source);
			json_object_set(out, s->name, source);
		}
		json_decref(source);
	}
	if (found && t->json)
		output_json(json_incref(out));
	json_decref(out);
	if (found)
		return TOOL_OK;
	err_set(&err, ERR_UNAVAILABLE,
	    "%s: no counters there: nothing of Holdfast runs with this run "
	    "directory; name another with --run DIR",
	    t->run_dir);
	return tool_fail(t, &err);
}

static enum tool_status
limits_reload(struct tool *t)
{
	char buffer[DATAPLANE_MESSAGE_MAX + 1];
	struct dataplane_message m;
	struct err err;

	if (daemons_ask_dataplane(t, "prefixes", buffer, &m, &err))
		return tool_fail(t, &err);
	if (t->json)
		output_json(json_pack("{s:b}", "ok", 1));
	else
		puts("the data plane has read its lists of prefixes again");
	return TOOL_OK;
}

enum tool_status
command_limits(struct tool *t)
{
	struct err err;

	if (t->run_dir == NULL && tool_places(t, &err))
		return tool_fail(t, &err);
	if (t->nargs == 0)
		return limits_show(t);
	if (strcmp(t->args[0], "reload") == 0)
		return limits_reload(t);
	err_set(
	    &err, ERR_USAGE, "limits knows no \"%s\", only reload", t->args[0]);
	return tool_fail(t, &err);
}
