/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Commands of the control socket (docs/control-socket.md), one row each. Reads
 * the status and the zone table under their locks; changes nothing itself.
 */
#include "control/api/commands_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/name.h"
#include "base/version.h"
#include "control/api/rollout_json.h"
#include "control/api/zones_json.h"
#include "control/dnssec/dnssec.h"
#include "control/guard/guard_state.h"
#include "control/publish/zone_dnssec.h"
#include "control/publish/zone_kept.h"
#include "snapshot/dataplane_protocol.h"
#include "snapshot/page.h"

enum { REFUSED_SHOWN_MAX = 100, BEAT_DEAD_MS = 5000 };

json_t *
command_error(int code, const char *text)
{
	return json_pack("{s:b, s:b, s:{s:s, s:o}}", "ok", 0, "done", 1,
	    "error", "code", err_code_name(code), "text",
	    guard_text_json(text));
}

/* "healthy" or "unhealthy REASON": the line that announcers watch. */
static void
health_read(const struct control_context *c, bool *healthy, char reason[64])
{
	char path[4096], line[128] = "";
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", c->run_dir, DATAPLANE_HEALTH_NAME);
	f = fopen(path, "re");
	if (f && !fgets(line, sizeof line, f))
		line[0] = 0;
	if (f)
		fclose(f);
	*healthy = strcmp(line, "healthy\n") == 0;
	if (*healthy)
		strcpy(reason, "ok");
	else if (sscanf(line, "unhealthy %63s", reason) != 1)
		strcpy(reason, "unknown");
}

/* From the data plane's files: reading them can't hang. */
static json_t *
dataplane_json(const struct control_context *c)
{
	char path[4096];
	struct page_state state;
	struct page *page;
	uint64_t beat = 0, now;
	uint32_t pid = 0;
	char reason[64];
	struct err err;
	bool alive, healthy;

	snprintf(path, sizeof path, "%s/%s", c->run_dir, DATAPLANE_PAGE_NAME);
	if (page_open(&page, path, &err) != 0)
		return json_pack("{s:b}", "alive", 0);
	alive = page_read(page, &state, &beat, &pid);
	now = clock_ms(CLOCK_BOOTTIME); /* after the beat, or it is ahead */
	alive = alive && now - beat < BEAT_DEAD_MS;
	page_close(&page);
	if (!alive)
		return json_pack("{s:b}", "alive", 0);
	health_read(c, &healthy, reason);
	return json_pack("{s:b, s:I, s:b, s:o, s:o, s:o, s:I, s:I}", "alive", 1,
	    "pid", (json_int_t)pid, "healthy", healthy, "reason",
	    guard_text_json(reason), "stable",
	    api_digest_json(!digest_is_zero(&state.stable), &state.stable),
	    "candidate",
	    api_digest_json(
		!digest_is_zero(&state.candidate), &state.candidate),
	    "activation", (json_int_t)state.activation, "beat_ms",
	    (json_int_t)(now - beat));
}

static json_t *
zone_counts_json(const struct control_context *c)
{
	struct zone_table *t = c->zones;
	json_int_t served = 0, refused = 0, condemned = 0, configured;
	json_int_t unverified = 0, ending = 0;
	uint64_t first = DNSSEC_NEVER;
	json_int_t signing_fails = 0, kept = 0;
	struct zone_kept_counts keeping;

	zones_kept_count(t, &keeping);
	ending += (json_int_t)keeping.signatures_ending;
	signing_fails += (json_int_t)keeping.signing_fails;
	if (keeping.signatures_end < first)
		first = keeping.signatures_end;
	pthread_mutex_lock(&t->lock);
	configured = (json_int_t)t->count;
	for (size_t i = 0; i < t->count; i++) {
		served += t->zones[i].served != NULL;
		refused += t->zones[i].state == ZONE_REFUSED;
		condemned += t->zones[i].state == ZONE_CONDEMNED;
		unverified += zone_dnssec_unverified(&t->zones[i]);
		ending += t->zones[i].alarm != ALARM_NONE;
		if (t->zones[i].dnssec.is_signed &&
		    t->zones[i].dnssec.expires_at < first)
			first = t->zones[i].dnssec.expires_at;
		signing_fails += t->zones[i].signing.why != NULL;
	}
	for (size_t i = 0; i < t->nleaving; i++)
		kept += t->leaving[i].kept;
	pthread_mutex_unlock(&t->lock);
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:I}",
	    "configured", configured, "served", served, "refused", refused,
	    "condemned", condemned, "kept", kept, "unverified", unverified,
	    "signatures_ending", ending, "signatures_end", api_time_json(first),
	    "signing_fails", signing_fails);
}

static struct work *
do_status(const struct control_context *c, json_t *request,
    command_answer *answer, void *client)
{
	struct control_facts f;

	(void)request;
	control_status_read(c->status, &f);
	answer(client,
	    json_pack("{s:b, s:b, s:s, s:I, s:I, s:o, s:o, s:o, s:I, s:I, "
		      "s:o, s:o, s:s, s:I, s:o, s:o, s:o}",
		"ok", 1, "done", 1, "version", HOLDFAST_VERSION, "pid",
		(json_int_t)getpid(), "uptime_ms",
		(json_int_t)(clock_ms(CLOCK_MONOTONIC) - c->started_ms),
		"store", guard_text_json(c->store_dir), "config",
		guard_text_json(c->config_path), "generation",
		api_digest_json(f.have_generation, &f.generation), "activation",
		(json_int_t)f.activation, "committed_at",
		(json_int_t)f.committed_at, "candidate",
		api_digest_json(f.have_candidate, &f.candidate), "zones",
		zone_counts_json(c), "work", f.work, "last_cycle_ms",
		(json_int_t)f.last_cycle_ms, "last_error",
		f.have_error ? guard_text_json(f.last_error) : json_null(),
		"dataplane", dataplane_json(c), "rollout",
		rollout_json(&f.rollout)));
	return NULL;
}

/* The member "zone" as a name. 1 if there is one, 0 if not, else an error. */
static int
zone_member(json_t *request, uint8_t apex[DNS_NAME_MAX + 1], struct err *err)
{
	json_t *zone = json_object_get(request, "zone");
	int n;

	memset(apex, 0, DNS_NAME_MAX + 1);
	if (!zone)
		return 0;
	if (!json_is_string(zone))
		return err_set(err, ERR_USAGE, "\"zone\" is not a string");
	n = name_from_text(apex, json_string_value(zone), err);
	if (n < 0)
		return err_set(err, ERR_USAGE, "\"zone\": \"%s\" is not a name",
		    json_string_value(zone));
	name_lower(apex, apex, (size_t)n);
	return 1;
}

static struct work *
do_zones(const struct control_context *c, json_t *request,
    command_answer *answer, void *client)
{
	struct zone_table *t = c->zones;
	uint8_t apex[DNS_NAME_MAX + 1];
	struct err err;
	json_int_t count = 0;
	int one = zone_member(request, apex, &err);

	if (one < 0) {
		answer(client, command_error(err.code, err.text));
		return NULL;
	}
	pthread_mutex_lock(&t->lock);
	for (size_t i = 0; i < t->count; i++) {
		if (one && !name_equal(t->zones[i].apex, apex))
			continue;
		answer(client, zone_json(&t->zones[i]));
		count++;
	}
	for (size_t i = 0; i < t->nleaving; i++) {
		if (one && !name_equal(t->leaving[i].records->apex, apex))
			continue;
		answer(client, zone_leaving_json(&t->leaving[i]));
		count++;
	}
	pthread_mutex_unlock(&t->lock);
	if (one && !count)
		answer(client, command_error(ERR_NOT_FOUND,
				   "no such zone; \"holdfast zones\" lists "
				   "them"));
	else
		answer(client, json_pack("{s:b, s:b, s:I}", "ok", 1, "done", 1,
				   "count", count));
	return NULL;
}

static struct work *
do_stats(const struct control_context *c, json_t *request,
    command_answer *answer, void *client)
{
	json_t *counters = json_object();
	struct control_facts f;

	(void)request;
	control_status_read(c->status, &f);
	for (unsigned i = 0; i < CONTROL_COUNTER_COUNT; i++)
		json_object_set_new(counters, control_counter_name[i],
		    json_integer((json_int_t)f.counter[i]));
	answer(client, json_pack("{s:b, s:b, s:o}", "ok", 1, "done", 1,
			   "counters", counters));
	return NULL;
}

static struct work *
do_stop(const struct control_context *c, json_t *request,
    command_answer *answer, void *client)
{
	(void)request;
	answer(client, json_pack("{s:b, s:b}", "ok", 1, "done", 1));
	c->stop(c->stop_arg);
	return NULL;
}

/* Work for the worker, with the request's zone; an answer if that is bad. */
static struct work *
work_new(
    enum work_kind kind, json_t *request, command_answer *answer, void *client)
{
	struct work *w = calloc(1, sizeof *w);
	struct err err;
	int zone;

	if (!w) {
		answer(client, command_error(ERR_NO_MEMORY, "no memory"));
		return NULL;
	}
	w->kind = kind;
	zone = zone_member(request, w->zone, &err);
	w->have_zone = zone > 0;
	if (zone >= 0)
		return w;
	answer(client, command_error(err.code, err.text));
	free(w);
	return NULL;
}

static struct work *
do_reload(const struct control_context *c, json_t *request,
    command_answer *answer, void *client)
{
	(void)c;
	return work_new(
	    json_object_get(request, "zone") ? WORK_LOOK : WORK_RELOAD, request,
	    answer, client);
}

static struct work *
do_release(const struct control_context *c, json_t *request,
    command_answer *answer, void *client)
{
	(void)c;
	return work_new(WORK_RELEASE, request, answer, client);
}

static struct work *
do_hold(const struct control_context *c, json_t *request,
    command_answer *answer, void *client)
{
	const json_t *reason = json_object_get(request, "reason");
	struct work *w = work_new(WORK_HOLD, request, answer, client);

	(void)c;
	if (!w || !reason)
		return w;
	if (json_string_length(reason) == 0 ||
	    json_string_length(reason) >= WORK_REASON_MAX) {
		answer(client,
		    command_error(ERR_USAGE,
			"\"reason\" is empty, or more than 200 octets"));
		free(w);
		return NULL;
	}
	snprintf(w->reason, sizeof w->reason, "%s", json_string_value(reason));
	return w;
}

/* The member "generation", 64 hexadecimal digits. */
static int
generation_member(json_t *request, struct digest *out, struct err *err)
{
	const char *text =
	    json_string_value(json_object_get(request, "generation"));

	return text && digest_from_text(out, text, err) == 0
	           ? 0
	           : err_set(err, ERR_USAGE,
			 "\"generation\" is not 64 hexadecimal digits");
}

static struct work *
pin_work(
    enum work_kind kind, json_t *request, command_answer *answer, void *client)
{
	struct work *w = work_new(kind, request, answer, client);
	struct err err;

	if (!w || generation_member(request, &w->generation, &err) == 0)
		return w;
	answer(client, command_error(err.code, err.text));
	free(w);
	return NULL;
}

static struct work *
do_pin(const struct control_context *c, json_t *request, command_answer *answer,
    void *client)
{
	(void)c;
	return pin_work(WORK_PIN, request, answer, client);
}

static struct work *
do_unpin(const struct control_context *c, json_t *request,
    command_answer *answer, void *client)
{
	(void)c;
	return pin_work(WORK_UNPIN, request, answer, client);
}

static struct work *
do_rollback(const struct control_context *c, json_t *request,
    command_answer *answer, void *client)
{
	json_t *generation = json_object_get(request, "generation");
	json_t *steps = json_object_get(request, "steps");
	json_t *force = json_object_get(request, "force");
	struct work *w = work_new(WORK_ROLLBACK, request, answer, client);
	struct err err;

	(void)c;
	if (!w)
		return NULL;
	w->steps = 1;
	err_set(&err, 0, " ");
	if (generation && steps)
		err_set(
		    &err, ERR_USAGE, "\"steps\" or \"generation\", not both");
	else if (generation &&
		 generation_member(request, &w->generation, &err) != 0)
		; /* err says so */
	else if (force && !json_is_boolean(force))
		err_set(&err, ERR_USAGE, "\"force\" is neither true nor false");
	else if (steps &&
		 (!json_is_integer(steps) || json_integer_value(steps) < 1 ||
		     json_integer_value(steps) > 1000))
		err_set(&err, ERR_USAGE, "\"steps\" is not 1 to 1000");
	if (err.code) {
		answer(client, command_error(err.code, err.text));
		free(w);
		return NULL;
	}
	w->have_generation = generation != NULL;
	w->force = json_is_true(force);
	if (steps)
		w->steps = (unsigned)json_integer_value(steps);
	return w;
}

static struct work *
do_explain(const struct control_context *c, json_t *request,
    command_answer *answer, void *client)
{
	uint8_t apex[DNS_NAME_MAX + 1];
	struct err err = {0};
	int rc = zone_member(request, apex, &err);

	if (rc == 0)
		err_set(&err, ERR_USAGE, "\"zone\" is missing");
	if (rc <= 0)
		answer(client, command_error(err.code, err.text));
	else
		answer(client, zone_explain_json(c, apex));
	return NULL;
}

enum { OVERRIDE_DEFAULT_S = 600, OVERRIDE_MOST_S = 7 * 86400 };

static struct work *
do_override(const struct control_context *c, json_t *request,
    command_answer *answer, void *client)
{
	const json_t *reason = json_object_get(request, "reason");
	const json_t *for_s = json_object_get(request, "for_s");
	const json_t *version = json_object_get(request, "version");
	json_int_t seconds =
	    for_s ? json_integer_value(for_s) : OVERRIDE_DEFAULT_S;
	struct work *w = work_new(WORK_OVERRIDE, request, answer, client);
	const char *wrong = NULL;

	(void)c;
	if (!w)
		return NULL;
	if (!w->have_zone)
		wrong = "\"zone\" is missing: which one is to pass?";
	else if (json_string_length(reason) == 0 ||
		 json_string_length(reason) >= WORK_REASON_MAX)
		wrong = "\"reason\" is missing, or more than 200 octets";
	else if (version && (json_string_length(version) == 0 ||
				json_string_length(version) >= DIGEST_TEXT_MAX))
		wrong = "\"version\" is not digits of a version";
	else if (seconds < 1 || seconds > OVERRIDE_MOST_S)
		wrong = "\"for_s\" is not 1 to 604800 seconds";
	if (wrong) {
		answer(client, command_error(ERR_USAGE, wrong));
		free(w);
		return NULL;
	}
	snprintf(w->reason, sizeof w->reason, "%s", json_string_value(reason));
	if (version)
		snprintf(w->version, sizeof w->version, "%s",
		    json_string_value(version));
	w->for_s = (uint64_t)seconds;
	return w;
}

static const struct {
	const char *name;
	const char *members[4]; /* besides "command" */
	struct work *(*run)(const struct control_context *c, json_t *request,
	    command_answer *answer, void *client);
} commands[] = {
    {"status", {0}, do_status},
    {"zones", {"zone"}, do_zones},
    {"stats", {0}, do_stats},
    {"reload", {"zone"}, do_reload},
    {"rollback", {"steps", "generation", "force"}, do_rollback},
    {"release", {"zone"}, do_release},
    {"hold", {"reason"}, do_hold},
    {"pin", {"generation"}, do_pin},
    {"unpin", {"generation"}, do_unpin},
    {"explain", {"zone"}, do_explain},
    {"override", {"zone", "reason", "for_s", "version"}, do_override},
    {"stop", {0}, do_stop},
};

/* A member that the command does not know is a mistake, not a wish to ignore.
 */
static bool
members_known(json_t *request, unsigned command, const char **unknown)
{
	const char *key;
	json_t *value;

	json_object_foreach(request, key, value)
	{
		bool known = strcmp(key, "command") == 0;

		for (unsigned i = 0; i < 4 && commands[command].members[i]; i++)
			known |= strcmp(key, commands[command].members[i]) == 0;
		*unknown = key;
		if (!known)
			return false;
	}
	return true;
}

struct work *
command_do(const struct control_context *c, json_t *request,
    command_answer *answer, void *client)
{
	const char *word =
	    json_string_value(json_object_get(request, "command"));
	const char *unknown;
	struct err err;

	for (unsigned i = 0; word && i < sizeof commands / sizeof *commands;
	     i++) {
		if (strcmp(word, commands[i].name) != 0)
			continue;
		if (members_known(request, i, &unknown))
			return commands[i].run(c, request, answer, client);
		err_set(&err, ERR_USAGE, "\"%s\" has no member \"%.64s\"", word,
		    unknown);
		answer(client, command_error(err.code, err.text));
		return NULL;
	}
	answer(client, command_error(ERR_USAGE,
			   word ? "no such command; there are status, zones, "
				  "stats, reload, rollback, release, hold, "
				  "pin, unpin, explain, override and stop"
				: "\"command\" is missing"));
	return NULL;
}

struct work *
command_line(const struct control_context *c, const char *line, size_t bytes,
    command_answer *answer, void *client, bool *hang_up)
{
	json_error_t error;
	json_t *request =
	    json_loadb(line, bytes, JSON_REJECT_DUPLICATES, &error);
	struct work *work = NULL;

	if (json_is_object(request)) {
		work = command_do(c, request, answer, client);
	} else {
		char text[256];

		snprintf(text, sizeof text,
		    "this is not a JSON object on one line: %s",
		    request ? "something else" : error.text);
		answer(client, command_error(ERR_USAGE, text));
		*hang_up = true;
	}
	json_decref(request);
	return work;
}

/* Zones that are not as their sources want, with the reasons. */
static json_t *
refused_json(const struct control_context *c, json_int_t *count)
{
	struct zone_table *t = c->zones;
	json_t *list = json_array();

	*count = 0;
	pthread_mutex_lock(&t->lock);
	for (size_t i = 0; i < t->count; i++) {
		const struct zone_entry *e = &t->zones[i];

		if (e->state != ZONE_REFUSED)
			continue;
		if (++*count <= REFUSED_SHOWN_MAX)
			json_array_append_new(list,
			    json_pack("{s:s, s:o}", "name", e->name, "why",
				guard_text_json(
				    e->why ? e->why
					   : "no memory for the reason")));
	}
	for (size_t i = 0; i < t->nleaving; i++) {
		char name[NAME_TEXT_MAX];

		if (!t->leaving[i].kept)
			continue;
		if (++*count <= REFUSED_SHOWN_MAX)
			json_array_append_new(list,
			    json_pack("{s:s, s:s}", "name",
				name_to_text(name, t->leaving[i].records->apex),
				"why", ZONE_KEPT_WHY));
	}
	pthread_mutex_unlock(&t->lock);
	return list;
}

static json_t *
condemned_json(const struct control_context *c)
{
	struct zone_table *t = c->zones;
	json_t *list = json_array();

	pthread_mutex_lock(&t->lock);
	for (size_t i = 0; i < t->ncondemned; i++) {
		char name[NAME_TEXT_MAX];

		/* a signed version and its source stand side by side */
		if (i > 0 &&
		    name_equal(t->condemned[i].apex, t->condemned[i - 1].apex))
			continue;
		json_array_append_new(list,
		    json_string(name_to_text(name, t->condemned[i].apex)));
	}
	pthread_mutex_unlock(&t->lock);
	return list;
}

static json_t *
reload_json(const struct control_context *c, const struct work *w)
{
	json_int_t refused;
	json_t *list = refused_json(c, &refused);

	return json_pack("{s:b, s:b, s:b, s:b, s:b, s:o, s:I, s:I, s:o}", "ok",
	    1, "done", 1, "changed", w->result.changed, "candidate",
	    w->result.candidate, "waiting", w->result.waits, "generation",
	    api_digest_json(
		!digest_is_zero(&w->result.generation), &w->result.generation),
	    "activation", (json_int_t)w->result.activation, "refused", refused,
	    "zones", list);
}

void
command_finish(const struct control_context *c, struct work *w,
    command_answer *answer, void *client)
{
	json_t *line;

	if (w->code)
		line = command_error(w->code, w->err.text);
	else if (w->kind == WORK_ROLLBACK)
		line = json_pack("{s:b, s:b, s:o, s:I, s:o, s:o, s:s?}", "ok",
		    1, "done", 1, "generation",
		    api_digest_json(true, &w->result.generation), "activation",
		    (json_int_t)w->result.activation, "left",
		    api_digest_json(true, &w->left), "condemned",
		    condemned_json(c), "warning",
		    w->result.warning[0] ? w->result.warning : NULL);
	else if (w->kind == WORK_HOLD || w->kind == WORK_PIN ||
		 w->kind == WORK_UNPIN ||
		 (w->kind == WORK_RELEASE && !w->have_zone))
		line = json_pack("{s:b, s:b}", "ok", 1, "done", 1);
	else if (w->kind == WORK_RELEASE && !w->released)
		line = command_error(
		    ERR_NOT_FOUND, "nothing of this zone is condemned");
	else if (w->kind == WORK_RELEASE)
		line = json_pack("{s:b, s:b, s:I}", "ok", 1, "done", 1,
		    "released", (json_int_t)w->released);
	else
		line = reload_json(c, w);
	answer(client, line);
	free(w);
}
