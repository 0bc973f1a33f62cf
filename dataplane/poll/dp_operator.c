/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The operator's commands on the data plane's socket, which work with control
 * dead: rollback, pin, unpin, hold, release, history. Any connection may give
 * them. Management thread.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "dataplane/poll/dp_command.h"

enum { HISTORY_MOST = 12 }; /* of the 24 fields of a message */

static int
do_rollback(
    struct dp_context *d, const struct dataplane_message *m, struct err *err)
{
	const char *text = dataplane_field_find(m, "generation");
	struct rollback_request r = {.steps = 1};
	struct digest generation;
	uint64_t expect = 0;
	int rc = dp_number_field(m, "expect", false, &expect, err);

	if (!rc)
		rc = dp_number_field(m, "steps", false, &r.steps, err);
	if (!rc)
		rc = dp_yes_field(m, "force", &r.force, err);
	if (!rc && dataplane_field_find(m, "steps") && (text || r.steps == 0))
		rc = err_set(err, ERR_USAGE,
		    "rollback needs generation=GENERATION or steps=1 or more");
	if (!rc && (!text || strcmp(text, "previous")) &&
	    !dataplane_field_find(m, "steps")) {
		rc = dp_digest_field(m, "generation", &generation, err);
		r.generation = &generation;
	}
	if (dataplane_field_find(m, "expect"))
		r.expect = &expect;
	return rc ? rc : activation_rollback(d->activation, &r, err);
}

static int
set_pin(struct dp_context *d, const struct dataplane_message *m, bool pinned,
    struct err *err)
{
	struct store *s = d->activation->store;
	struct digest generation;
	char text[DIGEST_TEXT_MAX];
	int rc = dp_digest_field(m, "generation", &generation, err);

	if (rc)
		return rc;
	/* a pin of what is gone would say that it is kept */
	if (pinned && !store_has(s, STORE_GENERATION, &generation))
		return err_set(err, ERR_NOT_FOUND,
		    "generation %s was never committed, or retention has "
		    "removed it; `holdfast history` lists those there are",
		    digest_to_text(text, &generation));
	return store_pin_set(s, &generation, pinned, err);
}

static int
do_pin(struct dp_context *d, const struct dataplane_message *m, struct err *err)
{
	return set_pin(d, m, true, err);
}

static int
do_unpin(
    struct dp_context *d, const struct dataplane_message *m, struct err *err)
{
	return set_pin(d, m, false, err);
}

static int
do_hold(
    struct dp_context *d, const struct dataplane_message *m, struct err *err)
{
	int rc = store_hold_set(d->activation->store, true, err);

	(void)m;
	if (!rc)
		log_warn("publication is held: nothing is activated and "
			 "nothing committed until `holdfast release`");
	return rc;
}

static int
do_release(
    struct dp_context *d, const struct dataplane_message *m, struct err *err)
{
	int rc = store_hold_set(d->activation->store, false, err);

	(void)m;
	if (!rc)
		log_info("publication is not held any more");
	return rc;
}

bool
dp_operator_run(struct dp_context *d, const struct dataplane_message *m,
    int *rc, struct err *err)
{
	static const struct {
		const char *word;
		int (*run)(struct dp_context *d,
		    const struct dataplane_message *m, struct err *err);
	} commands[] = {{"rollback", do_rollback}, {"pin", do_pin},
	    {"unpin", do_unpin}, {"hold", do_hold}, {"release", do_release}};

	for (unsigned i = 0; i < sizeof commands / sizeof *commands; i++) {
		if (strcmp(m->word, commands[i].word))
			continue;
		*rc = commands[i].run(d, m, err);
		return true;
	}
	return false;
}

/* " gI=DIGEST:TIME:MARKS" */
static size_t
say_entry(char *to, size_t room, unsigned i, const struct store_entry *e)
{
	char text[DIGEST_TEXT_MAX];

	return (size_t)snprintf(to, room, " g%u=%s:%lu:%s%s%s", i,
	    digest_to_text(text, &e->digest), (unsigned long)e->committed_at,
	    e->is_current ? "current" : "",
	    e->is_current && e->is_pinned ? "+" : "",
	    e->is_pinned ? "pinned" : "");
}

int
dp_history(struct dp_context *d, const struct dataplane_message *m,
    char *answer, size_t *bytes, struct err *err)
{
	struct store_entry *list = NULL;
	size_t count = 0, committed = 0;
	uint64_t from = 0;
	int rc = dp_number_field(m, "from", false, &from, err);

	if (!rc)
		rc = store_list(d->activation->store, &list, &count, err);
	if (rc)
		return rc;
	/* the committed ones come first */
	while (committed < count && !list[committed].is_candidate)
		committed++;
	*bytes = (size_t)snprintf(answer, DATAPLANE_MESSAGE_MAX,
	    "ok count=%lu from=%lu", (unsigned long)committed,
	    (unsigned long)from);
	for (unsigned i = 0;
	     i < HISTORY_MOST && from < committed && i < committed - from; i++)
		*bytes += say_entry(answer + *bytes,
		    DATAPLANE_MESSAGE_MAX - *bytes, i, &list[from + i]);
	free(list);
	return 0;
}
