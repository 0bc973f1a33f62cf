/* SPDX-License-Identifier: BSD-2-Clause
 *
 * holdfast explain, override: what the guards said of a zone, and letting it
 * pass all the same. explain asks holdfastd, and reads the store where that is
 * dead.
 */
#include <stdio.h>
#include <string.h>

#include "base/name.h"
#include "control/guard/guard_state.h"
#include "tools/daemons.h"
#include "tools/tool_output.h"

static int
zone_take(struct tool *t, uint8_t apex[DNS_NAME_MAX + 1],
    char text[NAME_TEXT_MAX], struct err *err)
{
	int n;

	memset(apex, 0, DNS_NAME_MAX + 1);
	n = name_from_text(apex, t->args[0], err);
	if (n < 0)
		return err_set(
		    err, ERR_USAGE, "\"%s\" is no zone name", t->args[0]);
	name_lower(apex, apex, (size_t)n);
	name_to_text(text, apex);
	return 0;
}

/* Of a state's object, `null` where there is none. */
static int
state_by_hand(
    struct tool *t, const uint8_t *apex, json_t **out, struct err *err)
{
	struct guard_state s;
	int rc;

	if (!t->store_dir && tool_places(t, err))
		return err->code;
	rc = guard_state_read(&s, t->store_dir, apex, err);
	if (rc == ERR_NOT_FOUND) {
		*out = json_null();
		return 0;
	}
	if (rc)
		return rc;
	*out = guard_state_json(&s);
	guard_state_fini(&s);
	return 0;
}

static int
state_ask(struct tool *t, const uint8_t *apex, const char *zone, json_t **out,
    struct err *err)
{
	json_t *last = NULL;
	int rc;

	if (t->store_dir && !t->run_dir)
		return state_by_hand(t, apex, out, err);
	rc = daemons_ask_control(t,
	    json_pack("{s:s, s:s}", "command", "explain", "zone", zone), NULL,
	    NULL, &last, err);
	if (rc && err->code == ERR_UNAVAILABLE)
		return state_by_hand(t, apex, out, err);
	if (rc)
		return rc;
	*out = json_incref(json_object_get(last, "guards"));
	json_decref(last);
	return 0;
}

static const char *
text_of(const json_t *o, const char *member)
{
	const char *text = json_string_value(json_object_get(o, member));

	return text ? text : "?";
}

static void
state_print(const char *zone, const json_t *s)
{
	const json_t *token = json_object_get(s, "override"), *v;
	const json_t *verdicts = json_object_get(s, "verdicts");
	bool refused = json_is_true(json_object_get(s, "refused"));
	bool fixed = false;
	char at[32];
	size_t i;

	if (json_array_size(verdicts) == 0) {
		printf("%s: the guards have nothing to say\n", zone);
		return;
	}
	printf("%s: version %.16s %s, %s\n", zone, text_of(s, "version"),
	    refused ? "is refused" : "passed",
	    output_time(
		at, (uint64_t)json_integer_value(json_object_get(s, "at"))));
	json_array_foreach((json_t *)verdicts, i, v)
	{
		bool passed = json_is_true(json_object_get(v, "overridden"));

		printf("  %-12s %s%s\n    %s\n", text_of(v, "kind"),
		    text_of(v, "action"), passed ? ", overridden" : "",
		    text_of(v, "what"));
		fixed |= strcmp(text_of(v, "action"), "refuse") == 0;
	}
	if (json_is_object(token))
		printf("  it may pass once: %s (%s)\n",
		    text_of(token, "reason"), text_of(token, "who"));
	else if (refused && fixed)
		puts("  nothing overrides it: guards.actions says refuse");
	else if (refused)
		printf("  to publish it all the same: holdfast override %s "
		       "--version %.*s --reason TEXT\n",
		    zone, GUARD_VERSION_DIGITS, text_of(s, "version"));
}

enum tool_status
command_explain(struct tool *t)
{
	uint8_t apex[DNS_NAME_MAX + 1];
	char zone[NAME_TEXT_MAX];
	json_t *state = NULL;
	struct err err;

	if (zone_take(t, apex, zone, &err) ||
	    state_ask(t, apex, zone, &state, &err))
		return tool_fail(t, &err);
	if (t->json) {
		output_json(json_pack("{s:b, s:o}", "ok", 1, "guards", state));
		return TOOL_OK;
	}
	state_print(zone, state);
	json_decref(state);
	return TOOL_OK;
}

static void
override_print(const char *zone, const json_t *last)
{
	if (json_is_true(json_object_get(last, "changed")))
		printf("%s passed: generation %.16s is live (activation "
		       "%lld)\n",
		    zone, text_of(last, "generation"),
		    (long long)json_integer_value(
			json_object_get(last, "activation")));
	else
		printf("%s may pass once; nothing has changed yet: holdfast "
		       "explain %s\n",
		    zone, zone);
}

enum tool_status
command_override(struct tool *t)
{
	uint8_t apex[DNS_NAME_MAX + 1];
	char zone[NAME_TEXT_MAX];
	json_t *last = NULL;
	struct err err;

	if (zone_take(t, apex, zone, &err))
		return tool_fail(t, &err);
	if (!t->reason || !*t->reason) {
		err_set(&err, ERR_USAGE,
		    "--reason TEXT is missing: why is it to pass?");
		return tool_fail(t, &err);
	}
	if (daemons_ask_control(t,
		json_pack("{s:s, s:s, s:s, s:I, s:s*}", "command", "override",
		    "zone", zone, "reason", t->reason, "for_s",
		    (json_int_t)(t->for_s ? t->for_s : 600), "version",
		    t->version),
		NULL, NULL, &last, &err))
		return tool_fail(t, &err);
	if (t->json) {
		output_json(last);
		return TOOL_OK;
	}
	override_print(zone, last);
	json_decref(last);
	return TOOL_OK;
}
