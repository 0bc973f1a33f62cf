/* SPDX-License-Identifier: BSD-2-Clause
 *
 * holdfast explain, override: what the guards said of a zone, and letting it
 * pass all the same. explain asks holdfastd, and reads the store where that is
 * dead.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

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

/* The answer's object: `guards`, and `zone` if holdfastd is there to tell. */
static int
state_ask(struct tool *t, const uint8_t *apex, const char *zone, json_t **out,
    struct err *err)
{
	json_t *state = NULL;
	int rc = ERR_UNAVAILABLE;

	if (!t->store_dir || t->run_dir)
		rc = daemons_ask_control(t,
		    json_pack("{s:s, s:s}", "command", "explain", "zone", zone),
		    NULL, NULL, out, err);
	if (rc != ERR_UNAVAILABLE)
		return rc;
	rc = state_by_hand(t, apex, &state, err);
	if (rc == 0)
		*out = json_pack("{s:b, s:o}", "ok", 1, "guards", state);
	return rc;
}

static const char *
text_of(const json_t *o, const char *member)
{
	const char *text = json_string_value(json_object_get(o, member));

	return text ? text : "?";
}

/* What the zone is now, whoever is the cause; what guards say follows. */
static void
zone_now_print(const char *zone, const json_t *z)
{
	const json_t *serial = json_object_get(z, "serial");
	const char *why = json_string_value(json_object_get(z, "why"));
	const char *state = text_of(z, "state");

	printf("%s: %s", zone, state);
	if (!json_is_integer(serial))
		printf("; nothing of it is served");
	else if (strcmp(state, "served") == 0)
		printf(", serial %lld", (long long)json_integer_value(serial));
	else
		printf("; serial %lld is served",
		    (long long)json_integer_value(serial));
	if (why && strncmp(why, "guard ", 6) != 0)
		printf(": %s", why);
	putchar('\n');
}

/* Whether one of them can't be overridden. */
static bool
verdicts_print(const json_t *verdicts)
{
	bool fixed = false;
	const json_t *v;
	size_t i;

	json_array_foreach((json_t *)verdicts, i, v)
	{
		const char *action = text_of(v, "action");

		printf("  %-12s %s%s\n    %s\n", text_of(v, "kind"), action,
		    json_is_true(json_object_get(v, "overridden"))
			? ", overridden"
			: "",
		    text_of(v, "what"));
		fixed |= strcmp(action, "refuse") == 0;
	}
	return fixed;
}

/* A token that is good still; false if there is none. */
static bool
token_print(const json_t *token)
{
	json_int_t until = json_integer_value(json_object_get(token, "until"));
	char at[32];

	if (!json_is_object(token))
		return false;
	if (until <= (json_int_t)time(NULL)) {
		printf("  an override of it ended %s: %s (%s)\n",
		    output_time(at, (uint64_t)until), text_of(token, "reason"),
		    text_of(token, "who"));
		return false;
	}
	printf("  it may pass once, until %s: %s (%s)\n",
	    output_time(at, (uint64_t)until), text_of(token, "reason"),
	    text_of(token, "who"));
	return true;
}

static bool
verdicts_block(const json_t *verdicts)
{
	const json_t *v;
	size_t i;

	json_array_foreach((json_t *)verdicts, i,
	    v) if (strcmp(text_of(v, "action"), "warn") != 0 &&
		   !json_is_true(json_object_get(v, "overridden"))) return true;
	return false;
}

static void
state_print(const char *zone, const json_t *s)
{
	const json_t *verdicts = json_object_get(s, "verdicts");
	bool refused = json_is_true(json_object_get(s, "refused")), fixed;
	char at[32];

	if (json_array_size(verdicts) == 0) {
		printf("%s: the guards have nothing to say\n", zone);
		return;
	}
	printf("%s: version %.16s %s, %s\n", zone, text_of(s, "version"),
	    refused                    ? "is refused"
	    : verdicts_block(verdicts) ? "was refused, and is not asked for "
					 "any more"
				       : "passed",
	    output_time(
		at, (uint64_t)json_integer_value(json_object_get(s, "at"))));
	fixed = verdicts_print(verdicts);
	if (!refused || token_print(json_object_get(s, "override")))
		return;
	if (fixed)
		puts("  nothing overrides it: guards.actions says refuse");
	else
		printf("  to publish it all the same: holdfast override %s "
		       "--version %.*s --reason TEXT\n",
		    zone, GUARD_VERSION_DIGITS, text_of(s, "version"));
}

enum tool_status
command_explain(struct tool *t)
{
	uint8_t apex[DNS_NAME_MAX + 1];
	char zone[NAME_TEXT_MAX];
	json_t *answer = NULL;
	struct err err;

	if (zone_take(t, apex, zone, &err) ||
	    state_ask(t, apex, zone, &answer, &err))
		return tool_fail(t, &err);
	if (t->json) {
		output_json(answer);
		return TOOL_OK;
	}
	if (json_is_object(json_object_get(answer, "zone")))
		zone_now_print(zone, json_object_get(answer, "zone"));
	state_print(zone, json_object_get(answer, "guards"));
	json_decref(answer);
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
