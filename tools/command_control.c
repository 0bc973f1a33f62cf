/* SPDX-License-Identifier: BSD-2-Clause
 *
 * holdfast zones, reload, release, stop: requests to holdfastd, one each.
 */
#include <stdio.h>
#include <string.h>

#include "base/name.h"
#include "tools/daemons.h"
#include "tools/store_zones.h"
#include "tools/tool_output.h"

/* A zone's name as the protocol has it: final dot, lower case. */
static int
zone_name(char dst[NAME_TEXT_MAX], const char *word, struct err *err)
{
	uint8_t name[DNS_NAME_MAX];
	int n = name_from_text(name, word, err);

	if (n < 0)
		return err_set(err, ERR_USAGE, "\"%s\" is no zone name", word);
	name_lower(name, name, (size_t)n);
	name_to_text(dst, name);
	return 0;
}

/* {"command": C} or, with a word on the command line, {..., "zone": Z}. */
static int
request_make(
    const struct tool *t, const char *command, json_t **out, struct err *err)
{
	char zone[NAME_TEXT_MAX];

	if (t->nargs && zone_name(zone, t->args[0], err))
		return err->code;
	*out = json_pack(
	    "{s:s, s:s*}", "command", command, "zone", t->nargs ? zone : NULL);
	return 0;
}

static void
zone_print(void *arg, json_t *line)
{
	const struct tool *t = arg;
	const json_t *z = json_object_get(line, "zone");
	const char *name = json_string_value(json_object_get(z, "name"));
	const char *state = json_string_value(json_object_get(z, "state"));
	const char *why = json_string_value(json_object_get(z, "why"));
	const json_t *serial = json_object_get(z, "serial");
	const char *signing = json_string_value(
	    json_object_get(json_object_get(z, "signing"), "why"));
	char serial_text[32] = "none";

	if (t->json) {
		output_json(json_incref(line));
		return;
	}
	if (json_is_integer(serial))
		snprintf(serial_text, sizeof serial_text, "%lld",
		    (long long)json_integer_value(serial));
	printf("%-32s %-10s serial %-10s %8lld records%s%s\n",
	    name ? name : "?", state ? state : "?", serial_text,
	    (long long)json_integer_value(json_object_get(z, "records")),
	    why ? "  " : "", why ? why : "");
	if (signing && (!why || !strstr(why, signing)))
		printf("%-32s can't be signed again: %s\n", "", signing);
}

enum tool_status
command_zones(struct tool *t)
{
	json_t *request, *last = NULL;
	struct err err;

	if (request_make(t, "zones", &request, &err) ||
	    daemons_ask_control(t, request, zone_print, t, &last, &err))
		return tool_fail(t, &err);
	if (t->json) {
		output_json(last);
		return TOOL_OK;
	}
	printf("%lld zones\n",
	    (long long)json_integer_value(json_object_get(last, "count")));
	json_decref(last);
	return TOOL_OK;
}

static void
reload_print(const json_t *a)
{
	const json_t *zones = json_object_get(a, "zones"), *z;
	const char *generation =
	    json_string_value(json_object_get(a, "generation"));
	size_t i;

	json_array_foreach((json_t *)zones, i, z)
	{
		const char *name =
		    json_string_value(json_object_get(z, "name"));
		const char *why = json_string_value(json_object_get(z, "why"));

		fprintf(stderr, "%s refused: %s\n", name ? name : "?",
		    why ? why : "?");
	}
	if (json_is_true(json_object_get(a, "candidate")))
		printf("generation %.16s is a candidate that some clients "
		       "have: holdfast status says how it goes\n",
		    generation ? generation : "?");
	else if (json_is_true(json_object_get(a, "waiting")))
		puts("what has changed waits: holdfast status says for what");
	else if (json_is_true(json_object_get(a, "changed")))
		printf("generation %.16s is live (activation %lld)\n",
		    generation ? generation : "?",
		    (long long)json_integer_value(
			json_object_get(a, "activation")));
	else
		puts("nothing has changed");
}

enum tool_status
command_reload(struct tool *t)
{
	json_t *request, *last = NULL;
	enum tool_status status;
	struct err err;

	if (request_make(t, "reload", &request, &err) ||
	    daemons_ask_control(t, request, NULL, NULL, &last, &err))
		return tool_fail(t, &err);
	status = json_integer_value(json_object_get(last, "refused")) > 0
	             ? TOOL_PARTIAL
	             : TOOL_OK;
	if (t->json) {
		output_json(last);
		return status;
	}
	reload_print(last);
	json_decref(last);
	return status;
}

/* The name alone, as the table of zones wants it. */
static int
zone_word(struct config_zone *z, const char *word, struct err *err)
{
	int n = name_from_text(z->apex, word, err);

	if (n < 0)
		return err_set(err, ERR_USAGE, "\"%s\" is no zone name", word);
	name_lower(z->apex, z->apex, (size_t)n);
	z->name = (char *)word;
	z->file = (char *)"";
	return 0;
}

static int
store_release(struct store *s, const struct config_zone *zone, struct err *err)
{
	struct store_zones in;
	struct store_current current;
	size_t released = 0;
	int rc = store_lock(s, STORE_LOCK_OWNER, err);

	if (!rc)
		rc = store_current_read(s, &current, err);
	if (rc)
		return rc;
	rc = store_zones_open(&in, s, &current.generation, zone, 1, err);
	if (!rc)
		rc = condemned_release(
		    &in.condemned, s, zone->apex, &released, err);
	store_zones_close(&in);
	if (!rc && released == 0)
		rc = err_set(err, ERR_NOT_FOUND,
		    "%s: nothing of this zone is condemned", zone->name);
	return rc;
}

/* On a store that nobody uses. */
static int
release_by_hand(struct tool *t, struct err *err)
{
	struct config_zone zone = {0};
	struct store *s = NULL;
	int rc = zone_word(&zone, t->args[0], err);

	if (!rc)
		rc = tool_store_open(t, &s, 0, err);
	if (!rc)
		rc = store_release(s, &zone, err);
	if (s)
		store_close(&s);
	return rc;
}

enum tool_status
command_release(struct tool *t)
{
	json_t *request, *last = NULL;
	struct err err;

	if (t->nargs == 0)
		return command_hold_release(t);
	if (t->store_dir && t->run_dir == NULL) {
		if (release_by_hand(t, &err))
			return tool_fail(t, &err);
		if (t->json)
			output_json(json_pack("{s:b}", "ok", 1));
		else
			printf("%s: released\n", t->args[0]);
		return TOOL_OK;
	}
	if (request_make(t, "release", &request, &err) ||
	    daemons_ask_control(t, request, NULL, NULL, &last, &err))
		return tool_fail(t, &err);
	if (t->json) {
		output_json(last);
		return TOOL_OK;
	}
	printf("%s: released; it is published with the next generation\n",
	    t->args[0]);
	json_decref(last);
	return TOOL_OK;
}

static enum tool_status
stopped(const struct tool *t, const char *what, const char *text)
{
	if (t->json)
		output_json(json_pack("{s:b, s:s}", "ok", 1, "stopped", what));
	else
		puts(text);
	return TOOL_OK;
}

static enum tool_status
dataplane_stop(struct tool *t)
{
	char buffer[DATAPLANE_MESSAGE_MAX + 1];
	struct dataplane_message m;
	struct err err;

	if (daemons_ask_dataplane(t, "stop", buffer, &m, &err))
		return tool_fail(t, &err);
	return stopped(t, "dataplane", "the data plane stops");
}

enum tool_status
command_stop(struct tool *t)
{
	json_t *last = NULL;
	struct err err;

	if (t->nargs && strcmp(t->args[0], "dataplane") == 0)
		return dataplane_stop(t);
	if (t->nargs && strcmp(t->args[0], "control") != 0) {
		err_set(&err, ERR_USAGE,
		    "\"%s\": what can be stopped is `control` (holdfastd) and "
		    "`dataplane`",
		    t->args[0]);
		return tool_fail(t, &err);
	}
	if (daemons_ask_control(t, json_pack("{s:s}", "command", "stop"), NULL,
		NULL, &last, &err)) {
		if (err.code == ERR_UNAVAILABLE)
			err_set(&err, ERR_UNAVAILABLE,
			    "holdfastd does not run; to stop the data plane, "
			    "and answers with it: holdfast stop dataplane");
		return tool_fail(t, &err);
	}
	json_decref(last);
	return stopped(t, "control", "holdfastd stops; answers go on");
}
