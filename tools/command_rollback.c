/* SPDX-License-Identifier: BSD-2-Clause
 *
 * holdfast rollback: by holdfastd; by the data plane itself when holdfastd is
 * dead; by this process on a store that nobody uses.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "control/publish/rollback_check.h"
#include "snapshot/load.h"
#include "tools/daemons.h"
#include "tools/hand_audit.h"
#include "tools/tool_output.h"

enum { STEPS_MAX = 999 };

struct target {
	unsigned steps; /* 0: the generation */
	struct digest digest;
	bool warned; /* of its serials */
};

static const struct store_entry *
entry_find(const struct store_entry *list, size_t count, const struct digest *d)
{
	for (size_t i = 0; i < count; i++) {
		if (digest_equal(&list[i].digest, d))
			return &list[i];
	}
	return NULL;
}

/* The generation `steps` before the current one, by its parents. */
static int
ancestor_find(
    struct store *s, unsigned steps, struct digest *out, struct err *err)
{
	struct store_entry *list = NULL;
	size_t count = 0;
	unsigned left = steps;
	int rc = tool_generation(s, "current", out, err);

	if (!rc)
		rc = store_list(s, &list, &count, err);
	while (!rc && left > 0) {
		const struct store_entry *e = entry_find(list, count, out);

		if (e == NULL || digest_is_zero(&e->parent))
			rc = err_set(err, ERR_NOT_FOUND,
			    "%s: there are only %u generations before the "
			    "current one (holdfast history)",
			    store_dir(s), steps - left);
		else
			*out = e->parent;
		left--;
	}
	free(list);
	return rc;
}

static int
digest_resolve(struct store *s, struct target *to, struct err *err)
{
	return to->steps ? ancestor_find(s, to->steps, &to->digest, err) : 0;
}

/* A short number is N; anything else names a generation. */
static int
target_read(struct target *to, struct tool *t, struct store *s, struct err *err)
{
	const char *word = t->nargs ? t->args[0] : "1";

	if (strlen(word) <= 3 && strspn(word, "0123456789") == strlen(word)) {
		to->steps = (unsigned)atoi(word);
		if (to->steps >= 1 && to->steps <= STEPS_MAX)
			return 0;
		return err_set(err, ERR_USAGE, "rollback %s: from 1 to %d",
		    word, STEPS_MAX);
	}
	if (s == NULL)
		return digest_from_text(&to->digest, word, err);
	return tool_generation(s, word, &to->digest, err);
}

static enum tool_status
rolled_back(const struct tool *t, const char *generation,
    unsigned long long activation, const char *by)
{
	if (t->json)
		output_json(json_pack("{s:b, s:s, s:I, s:s}", "ok", 1,
		    "generation", generation, "activation",
		    (json_int_t)activation, "by", by));
	else
		printf("generation %.16s is live again (activation %llu, by "
		       "%s); what was left is condemned: holdfast release "
		       "ZONE takes that back\n",
		    generation, activation, by);
	return TOOL_OK;
}

static void
warned(const char *text)
{
	if (text && *text)
		fprintf(stderr, "holdfast: warning: %s\n", text);
}

/* What holdfastd would look at, if it were alive: signatures and serials. */
static int
target_check(
    struct tool *t, struct store *s, struct target *to, struct err *err)
{
	uint64_t now = clock_ms(CLOCK_REALTIME) / 1000;
	struct rollback_report report;
	struct store_current current;
	struct err ignored;
	int rc;

	if (t->force)
		return 0;
	if (store_current_read(s, &current, &ignored) != 0)
		current = (struct store_current){0};
	rc = rollback_check(
	    s, &current.generation, &to->digest, now, &report, err);
	/* the data plane is asked first, then it is done by hand */
	if (rc == 0 && !to->warned)
		warned(report.warning);
	to->warned = true;
	return rc;
}

static int
by_control(struct tool *t, const struct target *to, enum tool_status *status,
    struct err *err)
{
	char hex[DIGEST_TEXT_MAX];
	json_t *last = NULL, *request;
	const char *generation;
	int rc;

	if (to->steps)
		request = json_pack("{s:s, s:i}", "command", "rollback",
		    "steps", (int)to->steps);
	else
		request = json_pack("{s:s, s:s}", "command", "rollback",
		    "generation", digest_to_text(hex, &to->digest));
	if (t->force)
		json_object_set_new(request, "force", json_true());
	rc = daemons_ask_control(t, request, NULL, NULL, &last, err);
	if (rc)
		return rc;
	generation = json_string_value(json_object_get(last, "generation"));
	warned(json_string_value(json_object_get(last, "warning")));
	*status = rolled_back(t, generation ? generation : "?",
	    (unsigned long long)json_integer_value(
		json_object_get(last, "activation")),
	    "holdfastd");
	json_decref(last);
	return 0;
}

static int
by_dataplane(struct tool *t, struct store *s, struct target *to,
    enum tool_status *status, struct err *err)
{
	char buffer[DATAPLANE_MESSAGE_MAX + 1], request[128];
	char hex[DIGEST_TEXT_MAX] = "previous";
	const char *activation, *stable = NULL;
	struct dataplane_message m;
	unsigned long long number;
	struct err ignored;
	int rc = 0;

	if (to->steps > 1 && s == NULL)
		return err_set(err, ERR_NOT_FOUND,
		    "to count generations back the store is needed: "
		    "give --store DIR");
	if (s) {
		rc = digest_resolve(s, to, err);
		if (!rc)
			rc = target_check(t, s, to, err);
		to->steps = 0;
	}
	if (!to->steps)
		digest_to_text(hex, &to->digest);
	snprintf(request, sizeof request, "rollback generation=%s%s", hex,
	    t->force ? " force=yes" : "");
	if (!rc)
		rc = daemons_ask_dataplane(t, request, buffer, &m, err);
	if (rc)
		return rc;
	hand_audit(t, "rollback", to->steps ? NULL : &to->digest);
	activation = dataplane_field_find(&m, "activation");
	number = activation ? strtoull(activation, NULL, 10) : 0;
	/* "previous" is the data plane's own word: it says what that was */
	if (daemons_ask_dataplane(t, "status", buffer, &m, &ignored) == 0)
		stable = dataplane_field_find(&m, "stable");
	*status =
	    rolled_back(t, stable ? stable : hex, number, "the data plane");
	return 0;
}

/* The slots that the rollback moves away from, behind those condemned before.
 */
static int
condemn(struct store *s, const struct generation *left,
    const struct generation *to, struct err *err)
{
	struct store_condemned *list = NULL, *grown;
	size_t count = 0;
	int rc = store_condemned_read(s, &list, &count, err);

	grown = rc ? NULL
	           : reallocarray(list, count + left->nslots + 1, sizeof *list);
	if (grown == NULL) {
		free(list);
		return rc ? rc : err_set(err, ERR_NO_MEMORY, "out of memory");
	}
	for (uint32_t i = 0; i < left->nslots; i++) {
		const struct digest *mine = generation_records_digest(left, i);

		if (digest_is_zero(mine) ||
		    (i < to->nslots &&
			digest_equal(mine, generation_records_digest(to, i))))
			continue;
		grown[count++] = (struct store_condemned){
		    .generation = left->digest, .slot = i, .records = *mine};
	}
	rc = store_condemned_write(s, grown, count, err);
	free(grown);
	return rc;
}

/* Both are loaded first: nothing that can't be served becomes current. */
static int
commit_target(struct store *s, const struct store_current *current,
    const struct digest *digest, struct err *err)
{
	const struct load_options options = {.base = NULL};
	struct generation *to = NULL, *left = NULL;
	struct err ignored;
	int rc = generation_load(&to, s, digest, &options, err);

	/* what is left may be damaged: then there is nothing to condemn */
	if (!rc && generation_load(
		       &left, s, &current->generation, &options, &ignored) == 0)
		rc = condemn(s, left, to, err);
	if (!rc)
		rc = store_commit(
		    s, current, digest, current->activation + 1, err);
	if (left)
		generation_free(&left);
	if (to)
		generation_free(&to);
	return rc;
}

static int
by_hand(struct tool *t, struct target *to, enum tool_status *status,
    struct err *err)
{
	struct store_current current;
	struct store *s = NULL;
	char hex[DIGEST_TEXT_MAX];
	int rc = tool_store_open(t, &s, 0, err);

	if (!rc)
		rc = store_lock(s, STORE_LOCK_OWNER, err);
	if (!rc)
		rc = store_lock(s, STORE_LOCK_COMMIT, err);
	if (!rc)
		rc = store_current_read(s, &current, err);
	if (!rc)
		rc = digest_resolve(s, to, err);
	if (!rc && digest_equal(&to->digest, &current.generation))
		rc = err_set(err, ERR_EXISTS,
		    "this generation is the current one already");
	if (!rc && !store_has(s, STORE_GENERATION, &to->digest))
		rc = err_set(
		    err, ERR_NOT_FOUND, "this generation was never committed");
	if (!rc)
		rc = target_check(t, s, to, err);
	if (!rc)
		rc = commit_target(s, &current, &to->digest, err);
	if (!rc) {
		hand_audit(t, "rollback", &to->digest);
		*status = rolled_back(t, digest_to_text(hex, &to->digest),
		    current.activation + 1, "hand");
	}
	if (s)
		store_close(&s);
	return rc;
}

enum tool_status
command_rollback(struct tool *t)
{
	bool offline = t->store_dir && t->run_dir == NULL;
	enum tool_status status = TOOL_OK;
	struct target to = {0};
	struct store *s = NULL;
	struct err err;
	int rc;

	/* without a store to look into, whole digests still work */
	rc = tool_store_open(t, &s, STORE_READ_ONLY, &err);
	if (rc && offline)
		return tool_fail_store(t, &err);
	rc = target_read(&to, t, s, &err);
	if (!rc && !offline) {
		rc = daemons_control_awake(t, &err);
		if (!rc)
			rc = by_control(t, &to, &status, &err);
		if (rc == ERR_UNAVAILABLE)
			rc = by_dataplane(t, s, &to, &status, &err);
	}
	if (s)
		store_close(&s);
	if (offline ? rc == 0 : rc == ERR_UNAVAILABLE)
		rc = by_hand(t, &to, &status, &err);
	return rc ? tool_fail(t, &err) : status;
}
