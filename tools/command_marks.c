/* SPDX-License-Identifier: BSD-2-Clause
 *
 * holdfast hold, pin, unpin, and release without a zone: marks in the store, by
 * holdfastd; by the data plane when holdfastd is dead; by this process on a
 * store that nobody uses.
 */
#include <stdio.h>
#include <string.h>

#include "tools/daemons.h"
#include "tools/hand_audit.h"
#include "tools/tool_output.h"

struct mark {
	const char *word;  /* of both sockets */
	const char *event; /* in the audit log */
	bool have_generation;
	struct digest generation;
};

static int
by_control(struct tool *t, const struct mark *m, struct err *err)
{
	char hex[DIGEST_TEXT_MAX];
	json_t *last = NULL;
	int rc;

	digest_to_text(hex, &m->generation);
	rc = daemons_ask_control(t,
	    json_pack("{s:s, s:s*, s:s*}", "command", m->word, "generation",
		m->have_generation ? hex : NULL, "reason", t->reason),
	    NULL, NULL, &last, err);
	json_decref(last);
	return rc;
}

static int
by_dataplane(struct tool *t, const struct mark *m, struct err *err)
{
	char buffer[DATAPLANE_MESSAGE_MAX + 1], request[128];
	char hex[DIGEST_TEXT_MAX];
	struct dataplane_message answer;

	if (m->have_generation)
		snprintf(request, sizeof request, "%s generation=%s", m->word,
		    digest_to_text(hex, &m->generation));
	else
		snprintf(request, sizeof request, "%s", m->word);
	return daemons_ask_dataplane(t, request, buffer, &answer, err);
}

static int
mark_set(struct store *s, const struct mark *m, struct err *err)
{
	bool pin = strcmp(m->word, "pin") == 0;

	if (!m->have_generation)
		return store_hold_set(s, strcmp(m->word, "hold") == 0, err);
	if (pin && !store_has(s, STORE_GENERATION, &m->generation))
		return err_set(
		    err, ERR_NOT_FOUND, "this generation was never committed");
	return store_pin_set(s, &m->generation, pin, err);
}

static int
by_hand(struct tool *t, const struct mark *m, struct err *err)
{
	struct store *s = NULL;
	int rc = tool_store_open(t, &s, 0, err);

	if (!rc)
		rc = store_lock(s, STORE_LOCK_COMMIT, err);
	if (!rc)
		rc = mark_set(s, m, err);
	if (s)
		store_close(&s);
	return rc;
}

/* Whole digests need no store to look into. */
static int
generation_take(struct tool *t, struct mark *m, struct err *err)
{
	struct store *s = NULL;
	int rc = tool_store_open(t, &s, STORE_READ_ONLY, err);

	rc = rc ? digest_from_text(&m->generation, t->args[0], err)
	        : tool_generation(s, t->args[0], &m->generation, err);
	if (s)
		store_close(&s);
	return rc;
}

static enum tool_status
mark_do(struct tool *t, const char *word, const char *event, const char *done)
{
	bool offline = t->store_dir && t->run_dir == NULL;
	struct mark m = {
	    .word = word, .event = event, .have_generation = t->nargs > 0};
	bool past = offline; /* holdfastd has no part in it */
	struct err err;
	int rc = m.have_generation ? generation_take(t, &m, &err) : 0;

	if (!rc && !offline) {
		rc = daemons_control_awake(t, &err);
		if (!rc)
			rc = by_control(t, &m, &err);
		past = rc == ERR_UNAVAILABLE;
		if (past)
			rc = by_dataplane(t, &m, &err);
	}
	if (offline ? rc == 0 : rc == ERR_UNAVAILABLE)
		rc = by_hand(t, &m, &err);
	if (rc)
		return tool_fail(t, &err);
	if (past)
		hand_audit(
		    t, m.event, m.have_generation ? &m.generation : NULL);
	if (t->json)
		output_json(json_pack("{s:b}", "ok", 1));
	else
		puts(done);
	return TOOL_OK;
}

enum tool_status
command_hold(struct tool *t)
{
	return mark_do(t, "hold", "held",
	    "held: nothing is published until holdfast release");
}

enum tool_status
command_hold_release(struct tool *t)
{
	return mark_do(t, "release", "hold-released",
	    "not held any more: what has changed is published");
}

enum tool_status
command_pin(struct tool *t)
{
	return mark_do(
	    t, "pin", "pinned", "pinned: retention keeps this generation");
}

enum tool_status
command_unpin(struct tool *t)
{
	return mark_do(t, "unpin", "unpinned", "not pinned any more");
}
