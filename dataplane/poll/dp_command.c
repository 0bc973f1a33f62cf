/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Requests of the data plane's socket; see dp_command.h. Everything in a
 * request is a stranger's: words, numbers and digests are checked, and what
 * does not parse changes nothing.
 */
#include "dataplane/poll/dp_command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "dataplane/limit/limits.h"

void
dp_context_init(struct dp_context *d, struct activation *a,
    const struct health *h, uint64_t now_ms)
{
	*d = (struct dp_context){.activation = a,
	    .health = h,
	    .started_ms = now_ms,
	    .owner = DP_NO_OWNER};
}

void
dp_forget(struct dp_context *d, unsigned client)
{
	d->deposed[client] = false;
	if (d->owner == (int)client) {
		d->owner = DP_NO_OWNER;
		d->owner_pid = 0;
	}
}

int
dp_number_field(const struct dataplane_message *m, const char *key, bool needed,
    uint64_t *out, struct err *err)
{
	const char *text = dataplane_field_find(m, key);
	char *end;

	if (!text)
		return needed ? err_set(err, ERR_USAGE, "%s needs %s=NUMBER",
				    m->word, key)
		              : 0;
	errno = 0;
	*out = strtoull(text, &end, 10);
	if (errno || *end || text[0] < '0' || text[0] > '9')
		return err_set(
		    err, ERR_USAGE, "%s=%.32s is not a number", key, text);
	return 0;
}

int
dp_digest_field(const struct dataplane_message *m, const char *key,
    struct digest *out, struct err *err)
{
	const char *text = dataplane_field_find(m, key);

	if (!text)
		return err_set(err, ERR_USAGE,
		    "%s needs %s=GENERATION (64 hex digits)", m->word, key);
	if (digest_from_text(out, text, err))
		return err_add(err, "%s", key);
	return 0;
}

int
dp_yes_field(const struct dataplane_message *m, const char *key, bool *out,
    struct err *err)
{
	const char *text = dataplane_field_find(m, key);

	if (text && strcmp(text, "yes") && strcmp(text, "no"))
		return err_set(
		    err, ERR_USAGE, "%s=%.32s is not yes or no", key, text);
	*out = text && !strcmp(text, "yes");
	return 0;
}

static int
do_own(struct dp_context *d, unsigned client, const struct dataplane_message *m,
    struct err *err)
{
	uint64_t pid = 0;
	int rc = dp_number_field(m, "pid", true, &pid, err);

	if (rc)
		return rc;
	if (d->owner != DP_NO_OWNER && d->owner != (int)client)
		d->deposed[d->owner] = true;
	d->owner = (int)client;
	d->owner_pid = pid;
	log_info("process %lu owns this data plane now", (unsigned long)pid);
	return 0;
}

static int
do_activate(
    struct dp_context *d, const struct dataplane_message *m, struct err *err)
{
	struct activation_request r = {.deadline_ms = ACTIVATION_DEADLINE_MS};
	uint64_t permille = 0;
	int rc = dp_number_field(m, "expect", true, &r.expect, err);

	if (!rc)
		rc = dp_digest_field(m, "parent", &r.parent, err);
	if (!rc)
		rc = dp_digest_field(m, "generation", &r.generation, err);
	if (!rc)
		rc = dp_number_field(m, "permille", false, &permille, err);
	if (!rc)
		rc = dp_number_field(
		    m, "deadline_ms", false, &r.deadline_ms, err);
	if (rc)
		return rc;
	r.permille = permille > 1000 ? UINT32_MAX : (uint32_t)permille;
	return activation_activate(d->activation, &r, err);
}

static int
do_commit(
    struct dp_context *d, const struct dataplane_message *m, struct err *err)
{
	struct digest generation;
	uint64_t expect = 0, soak_ms = 0;
	int rc = dp_number_field(m, "expect", true, &expect, err);

	if (!rc)
		rc = dp_digest_field(m, "generation", &generation, err);
	if (!rc)
		rc = dp_number_field(m, "soak_ms", false, &soak_ms, err);
	if (!rc)
		rc = activation_commit(
		    d->activation, expect, &generation, soak_ms, err);
	return rc;
}

static int
do_proven(
    struct dp_context *d, const struct dataplane_message *m, struct err *err)
{
	struct digest generation;
	uint64_t expect = 0;
	int rc = dp_number_field(m, "expect", true, &expect, err);

	if (!rc)
		rc = dp_digest_field(m, "generation", &generation, err);
	if (!rc)
		rc = activation_proven(d->activation, expect, &generation, err);
	return rc;
}

static int
do_return(
    struct dp_context *d, const struct dataplane_message *m, struct err *err)
{
	uint64_t expect = 0;
	int rc = dp_number_field(m, "expect", true, &expect, err);

	return rc ? rc : activation_return(d->activation, expect, err);
}

static int
do_prefixes(struct dp_context *d, struct err *err)
{
	struct prefix_set *set = NULL;
	int rc;

	if (!d->limits)
		return err_set(err, ERR_UNAVAILABLE,
		    "this data plane was started without lists of prefixes");
	rc = limits_prefixes(&set, d->limits, err);
	if (!rc)
		rc = live_publish_prefixes(d->activation->live, &set, err);
	prefix_set_free(&set);
	if (rc)
		return err_add(err, "the prefixes stay as they were");
	log_info("prefixes: read again");
	return 0;
}

static const char *
digest_or_none(char text[DIGEST_TEXT_MAX], const struct generation *g)
{
	return g ? digest_to_text(text, &g->digest) : "none";
}

static size_t
say_status(const struct dp_context *d, char *answer)
{
	const struct activation *a = d->activation;
	char stable[DIGEST_TEXT_MAX], candidate[DIGEST_TEXT_MAX], owner[24];
	char cookies[32];
	uint64_t now = a->now_ms();

	snprintf(owner, sizeof owner, "%lu", (unsigned long)d->owner_pid);
	return (size_t)snprintf(answer, DATAPLANE_MESSAGE_MAX,
	    "ok activation=%lu stable=%s candidate=%s pid=%d uptime_ms=%lu "
	    "beat_ms=%lu healthy=%s reason=%s owner=%s permille=%u "
	    "quarantined=%u cookies=%s probation=%u soak_ms=%lu "
	    "held=%s age_s=%lu",
	    (unsigned long)a->number, digest_or_none(stable, a->stable),
	    digest_or_none(candidate, a->candidate), getpid(),
	    (unsigned long)(now - d->started_ms),
	    (unsigned long)d->health->oldest_ms,
	    d->health->healthy ? "yes" : "no", d->health->reason,
	    d->owner == DP_NO_OWNER ? "none" : owner, a->canary_permille,
	    d->quarantined,
	    d->cookies ? cookie_keeper_text(d->cookies, cookies) : "off",
	    activation_probation_zones(a),
	    (unsigned long)(a->soak_until_ms > now ? a->soak_until_ms - now
						   : 0),
	    store_is_held(a->store) ? "yes" : "no", (unsigned long)d->age_s);
}

static size_t
say_error(const struct err *err, char *answer)
{
	size_t n = (size_t)snprintf(answer, DATAPLANE_MESSAGE_MAX,
	    "error %s %s", err_code_name(err->code), err->text);

	/* texts may quote a stranger's bytes; answers are ASCII */
	for (size_t i = 0; i < n; i++)
		if (answer[i] < ' ' || answer[i] > '~')
			answer[i] = '?';
	return n;
}

enum { DP_SAID_NOTHING = 1 };

/* What only the owner may. */
static int
run_owned(struct dp_context *d, unsigned client,
    const struct dataplane_message *m, struct err *err)
{
	static const struct {
		const char *word;
		int (*run)(struct dp_context *d,
		    const struct dataplane_message *m, struct err *err);
	} commands[] = {{"activate", do_activate}, {"commit", do_commit},
	    {"proven", do_proven}, {"return", do_return}};

	for (unsigned i = 0; i < sizeof commands / sizeof *commands; i++) {
		if (strcmp(m->word, commands[i].word))
			continue;
		if (d->owner != (int)client)
			return err_set(err, ERR_REFUSED,
			    "%s is for the owner; say `own pid=N` first",
			    m->word);
		return commands[i].run(d, m, err);
	}
	return err_set(err, ERR_USAGE,
	    "no command %.32s; there are own, activate, commit, proven, "
	    "return, rollback, pin, unpin, hold, release, history, prefixes, "
	    "status, health and stop",
	    m->word);
}

static int
run(struct dp_context *d, unsigned client, const struct dataplane_message *m,
    struct err *err)
{
	int rc = 0;

	if (!strcmp(m->word, "status") || !strcmp(m->word, "health"))
		return DP_SAID_NOTHING;
	if (!strcmp(m->word, "own"))
		return do_own(d, client, m, err);
	if (dp_operator_run(d, m, &rc, err))
		return rc;
	if (!strcmp(m->word, "prefixes"))
		return do_prefixes(d, err);
	if (!strcmp(m->word, "stop")) {
		d->stop = true;
		return 0;
	}
	return run_owned(d, client, m, err);
}

static size_t
say_done(const struct dp_context *d, const struct dataplane_message *m,
    uint64_t took_ms, char *answer)
{
	if (!strcmp(m->word, "health"))
		return (size_t)snprintf(answer, DATAPLANE_MESSAGE_MAX,
		    "ok healthy=%s reason=%s",
		    d->health->healthy ? "yes" : "no", d->health->reason);
	if (!strcmp(m->word, "status"))
		return say_status(d, answer);
	return (size_t)snprintf(answer, DATAPLANE_MESSAGE_MAX,
	    "ok activation=%lu load_ms=%lu",
	    (unsigned long)d->activation->number, (unsigned long)took_ms);
}

size_t
dp_command(struct dp_context *d, unsigned client, char *request, size_t bytes,
    char answer[DATAPLANE_MESSAGE_MAX], bool *hang_up)
{
	uint64_t start = d->activation->now_ms();
	struct dataplane_message m;
	struct err err = {0};
	size_t said = 0;
	int rc;

	*hang_up = false;
	if (d->deposed[client]) {
		*hang_up = true;
		err_set(&err, ERR_STALE, "process %lu owns this data plane now",
		    (unsigned long)d->owner_pid);
		return say_error(&err, answer);
	}
	rc = dataplane_message_parse(&m, request, bytes, &err);
	if (!rc && !strcmp(m.word, "history"))
		rc = dp_history(d, &m, answer, &said, &err);
	else if (!rc)
		rc = run(d, client, &m, &err);
	if (rc < 0)
		return say_error(&err, answer);
	return said ? said
	            : say_done(d, &m, d->activation->now_ms() - start, answer);
}
