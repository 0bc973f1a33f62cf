/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Putting a generation live (publisher.h). Every request to the data plane has
 * a time limit; a connection that fails in any way is dropped and made anew for
 * the next request.
 */
#include "control/publish/publisher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "snapshot/dataplane_protocol.h"
#include "snapshot/load.h"
#include "snapshot/manifest.h"

enum {
	ANSWER_TIMEOUT_MS = 5000,
	ACTIVATE_TIMEOUT_MS = 120000, /* loading may take a while */
};

int
publisher_open(struct publisher *p, const char *store_dir, const char *run_dir,
    struct err *err)
{
	int rc;

	p->fd = -1;
	if (asprintf(&p->socket_path, "%s/%s", run_dir, DATAPLANE_SOCKET_NAME) <
	    0) {
		p->socket_path = NULL;
		return err_set(err, ERR_NO_MEMORY, "no memory for a path");
	}
	rc = store_create(store_dir, err);
	if (rc == 0)
		rc = store_open(&p->store, store_dir, 0, err);
	if (rc == 0)
		rc = store_lock(p->store, STORE_LOCK_OWNER, err);
	if (rc)
		publisher_close(p);
	return rc;
}

void
publisher_close(struct publisher *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	if (p->store)
		store_close(&p->store);
	free(p->socket_path);
	p->socket_path = NULL;
}

static void
link_drop(struct publisher *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

/* One exchange; "error CODE text" becomes an error with that code. */
static int
link_ask(struct publisher *p, const char *request, char *answer,
    unsigned timeout_ms, struct dataplane_message *m, struct err *err)
{
	int rc = dataplane_exchange(
	    p->fd, request, answer, DATAPLANE_MESSAGE_MAX, timeout_ms, m, err);

	if (rc) {
		link_drop(p);
		return rc;
	}
	if (strcmp(m->word, "ok") == 0)
		return 0;

	int code = strncmp(m->text, "stale", 5) == 0 ? ERR_STALE : ERR_REFUSED;

	return err_set(err, code, "the data plane says: %s", m->text);
}

/* Connects and becomes the owner; ERR_UNAVAILABLE where there is no data plane.
 */
static int
link_open(struct publisher *p, struct err *err)
{
	char request[64], answer[DATAPLANE_MESSAGE_MAX];
	struct dataplane_message m;
	int rc;

	if (p->fd >= 0)
		return 0;
	rc = dataplane_connect(&p->fd, p->socket_path, err);
	if (rc) {
		p->fd = -1;
		return rc;
	}
	snprintf(request, sizeof request, "own pid=%d", (int)getpid());
	rc = link_ask(p, request, answer, ANSWER_TIMEOUT_MS, &m, err);
	if (rc)
		link_drop(p);
	return rc;
}

static int
field_number(const struct dataplane_message *m, const char *key, uint64_t *out,
    struct err *err)
{
	const char *text = dataplane_field_find(m, key);
	char *end;

	if (!text || !*text)
		return err_set(err, ERR_CORRUPT,
		    "the data plane's answer has no \"%s\"", key);
	*out = strtoull(text, &end, 10);
	return *end ? err_set(err, ERR_CORRUPT,
			  "the data plane's answer has \"%s\" = \"%s\"", key,
			  text)
	            : 0;
}

static int
field_digest(const struct dataplane_message *m, const char *key,
    struct digest *out, struct err *err)
{
	const char *text = dataplane_field_find(m, key);

	memset(out, 0, sizeof *out);
	if (!text || strcmp(text, "none") == 0)
		return 0;
	return digest_from_text(out, text, err);
}

/* The owning connection may have been ended by a restart of the data plane: the
 * first failure makes a new one. */
static int
link_status(struct publisher *p, struct publisher_live *out, struct err *err)
{
	char answer[DATAPLANE_MESSAGE_MAX];
	struct dataplane_message m;
	int rc = ERR_UNAVAILABLE;

	for (unsigned attempt = 0; attempt < 2; attempt++) {
		rc = link_open(p, err);
		if (rc == 0)
			rc = link_ask(
			    p, "status", answer, ANSWER_TIMEOUT_MS, &m, err);
		if (rc == 0)
			break;
		link_drop(p);
	}
	if (rc)
		return rc;
	rc = field_number(&m, "activation", &out->activation, err);
	if (rc == 0)
		rc = field_digest(&m, "stable", &out->generation, err);
	if (rc == 0)
		rc = field_digest(&m, "candidate", &out->candidate, err);
	if (rc == 0)
		rc = field_number(&m, "soak_ms", &out->soak_ms, err);
	out->dataplane = true;
	return rc;
}

int
publisher_live(struct publisher *p, struct publisher_live *out, struct err *err)
{
	struct store_current current;
	struct err link_err = {0};
	int rc;

	*out = (struct publisher_live){0};
	rc = link_status(p, out, &link_err);
	if (rc == 0)
		return 0;
	if (store_is_locked(p->store, STORE_LOCK_COMMIT))
		/* it is there, but does not talk: going past it would make two
		 * that decide */
		return err_set(err, ERR_UNAVAILABLE,
		    "a data plane holds the store's commit lock, but does not "
		    "answer: %s",
		    link_err.text);
	rc = store_current_read(p->store, &current, err);
	if (rc)
		return rc;
	*out = (struct publisher_live){
	    .activation = current.activation, .generation = current.generation};
	return 0;
}

uint64_t
publisher_committed_at(struct publisher *p, const struct publisher_live *live)
{
	struct store_current current;
	struct err err;

	if (store_current_read(p->store, &current, &err) != 0 ||
	    !digest_equal(&current.generation, &live->generation))
		return 0;
	return current.committed_at;
}

/* One exchange that makes a new activation number. */
static int
step_ask(struct publisher *p, const char *request, struct publisher_step *s,
    const char *what, struct err *err)
{
	char answer[DATAPLANE_MESSAGE_MAX], text[DIGEST_TEXT_MAX];
	struct dataplane_message m;
	int rc = link_ask(p, request, answer, ACTIVATE_TIMEOUT_MS, &m, err);

	if (rc == 0)
		rc = field_number(&m, "activation", &s->activation, err);
	return rc ? err_add(err, "%s %.16s", what,
			digest_to_text(text, &s->generation))
	          : 0;
}

int
publisher_activate(
    struct publisher *p, struct publisher_step *s, struct err *err)
{
	char request[512], parent[DIGEST_TEXT_MAX], next[DIGEST_TEXT_MAX];

	snprintf(request, sizeof request,
	    "activate expect=%lu parent=%s generation=%s permille=%u "
	    "deadline_ms=%lu",
	    s->activation, digest_to_text(parent, &s->parent),
	    digest_to_text(next, &s->generation), s->permille, s->deadline_ms);
	return step_ask(p, request, s, "activating", err);
}

int
publisher_commit(struct publisher *p, struct publisher_step *s, struct err *err)
{
	char request[256], next[DIGEST_TEXT_MAX], soak[32] = "";

	if (s->soak_ms)
		snprintf(soak, sizeof soak, " soak_ms=%lu", s->soak_ms);
	snprintf(request, sizeof request, "commit expect=%lu generation=%s%s",
	    s->activation, digest_to_text(next, &s->generation), soak);
	return step_ask(p, request, s, "committing", err);
}

int
publisher_return(struct publisher *p, struct publisher_step *s, struct err *err)
{
	char request[64];

	snprintf(request, sizeof request, "return expect=%lu", s->activation);
	return step_ask(p, request, s, "returning", err);
}

int
publisher_proven(struct publisher *p, struct publisher_step *s, struct err *err)
{
	char request[256], text[DIGEST_TEXT_MAX];

	snprintf(request, sizeof request, "proven expect=%lu generation=%s",
	    s->activation, digest_to_text(text, &s->generation));
	return step_ask(p, request, s, "ending the probation of", err);
}

static int
publish_through_dataplane(struct publisher *p,
    const struct publisher_live *expect, const struct digest *generation,
    void (*step)(void *arg, const char *word), void *arg, uint64_t *activation,
    struct err *err)
{
	struct publisher_step s = {.parent = expect->generation,
	    .generation = *generation,
	    .deadline_ms = p->deadline_ms,
	    .activation = expect->activation};
	int rc;

	step(arg, "activating");
	rc = publisher_activate(p, &s, err);
	if (rc)
		return rc;
	step(arg, "committing");
	rc = publisher_commit(p, &s, err);
	*activation = s.activation;
	return rc;
}

static int
commit_alone(struct publisher *p, const struct publisher_live *expect,
    const struct digest *generation, uint64_t *activation, struct err *err)
{
	struct store_current current = {
	    .activation = expect->activation, .generation = expect->generation};
	int rc = store_lock(p->store, STORE_LOCK_COMMIT, err);

	if (rc)
		return rc;
	*activation = expect->activation + 1;
	rc = store_commit(p->store, &current, generation, *activation, err);
	/* given back at once, so that a data plane can start */
	store_unlock(p->store, STORE_LOCK_COMMIT);
	return rc;
}

int
publisher_publish(struct publisher *p, const struct publisher_live *expect,
    const struct digest *generation, void (*step)(void *arg, const char *word),
    void *arg, uint64_t *activation, struct err *err)
{
	if (expect->dataplane)
		return publish_through_dataplane(
		    p, expect, generation, step, arg, activation, err);
	step(arg, "activating");
	step(arg, "committing");
	return commit_alone(p, expect, generation, activation, err);
}

/* The slots in which two generations differ, as condemned. Slots are compared
 * by number: where the tables differ in shape, all of the left one are named.
 */
static int
condemn(struct publisher *p, const struct digest *left,
    const struct digest *now, struct err *err)
{
	struct bytes a = {0}, b = {0};
	struct store_condemned *list = NULL;
	size_t count = 0, all;
	int rc = store_condemned_read(p->store, &list, &count, err);

	all = rc == 0 ? count : 0;
	count = 0;
	/* whoever returns to a generation has pardoned it */
	for (size_t i = 0; i < all; i++)
		if (!digest_equal(&list[i].generation, left) &&
		    !digest_equal(&list[i].generation, now))
			list[count++] = list[i];
	if (rc == 0)
		rc = store_get(p->store, STORE_GENERATION, left, &a, err);
	if (rc == 0)
		rc = store_get(p->store, STORE_GENERATION, now, &b, err);
	if (rc == 0) {
		const struct manifest_header_d *x = manifest_header(a.data);
		const struct manifest_header_d *y = manifest_header(b.data);
		struct store_condemned *more =
		    realloc(list, (count + x->nslots) * sizeof *list);

		if (!more) {
			rc = err_set(err, ERR_NO_MEMORY, "no memory");
		} else {
			list = more;
		}
		for (uint32_t i = 0; rc == 0 && i < x->nslots; i++) {
			const struct slot_d *s = &manifest_slots(a.data)[i];

			if (x->nslots == y->nslots &&
			    memcmp(s->records,
				manifest_slots(b.data)[i].records,
				DIGEST_BYTES) == 0)
				continue;
			list[count].generation = *left;
			list[count].slot = i;
			memcpy(list[count].records.b, s->records, DIGEST_BYTES);
			count++;
		}
	}
	if (rc == 0)
		rc = store_condemned_write(p->store, list, count, err);
	free(list);
	bytes_fini(&a);
	bytes_fini(&b);
	return rc;
}

static int
rollback_alone(struct publisher *p, const struct publisher_live *from,
    const struct digest *generation, uint64_t *activation, struct err *err)
{
	struct store_current current = {
	    .activation = from->activation, .generation = from->generation};
	int rc = store_lock(p->store, STORE_LOCK_COMMIT, err);

	if (rc)
		return rc;
	/* condemned first: killed between the two, the version is not published
	 * again, which is the safe side */
	rc = condemn(p, &from->generation, generation, err);
	*activation = from->activation + 1;
	if (rc == 0)
		rc = store_commit(
		    p->store, &current, generation, *activation, err);
	store_unlock(p->store, STORE_LOCK_COMMIT);
	return rc;
}

int
publisher_rollback(struct publisher *p, const struct publisher_live *from,
    const struct digest *generation, uint64_t *activation, struct err *err)
{
	char request[256], answer[DATAPLANE_MESSAGE_MAX];
	char text[DIGEST_TEXT_MAX];
	struct dataplane_message m;
	int rc;

	if (!from->dataplane)
		return rollback_alone(p, from, generation, activation, err);
	snprintf(request, sizeof request, "rollback generation=%s expect=%lu",
	    digest_to_text(text, generation), from->activation);
	rc = link_ask(p, request, answer, ACTIVATE_TIMEOUT_MS, &m, err);
	return rc ? rc : field_number(&m, "activation", activation, err);
}

static int
mark_ask(struct publisher *p, const char *request, struct err *err)
{
	char answer[DATAPLANE_MESSAGE_MAX];
	struct dataplane_message m;

	return link_ask(p, request, answer, ANSWER_TIMEOUT_MS, &m, err);
}

int
publisher_pin(struct publisher *p, const struct publisher_live *live,
    const struct digest *generation, bool pinned, struct err *err)
{
	char request[128], text[DIGEST_TEXT_MAX];
	int rc;

	if (live->dataplane) {
		snprintf(request, sizeof request, "%s generation=%s",
		    pinned ? "pin" : "unpin", digest_to_text(text, generation));
		return mark_ask(p, request, err);
	}
	rc = store_lock(p->store, STORE_LOCK_COMMIT, err);
	if (rc)
		return rc;
	rc = store_pin_set(p->store, generation, pinned, err);
	store_unlock(p->store, STORE_LOCK_COMMIT);
	return rc;
}

int
publisher_hold(struct publisher *p, const struct publisher_live *live,
    bool held, struct err *err)
{
	int rc;

	if (live->dataplane)
		return mark_ask(p, held ? "hold" : "release", err);
	rc = store_lock(p->store, STORE_LOCK_COMMIT, err);
	if (rc)
		return rc;
	rc = store_hold_set(p->store, held, err);
	store_unlock(p->store, STORE_LOCK_COMMIT);
	return rc;
}

int
publisher_retain(struct publisher *p, const struct publisher_live *live,
    const struct digest *keep, size_t count, struct err *err)
{
	struct digest *all = calloc(count + 1, sizeof *all);
	int rc;

	if (!all)
		return err_set(err, ERR_NO_MEMORY, "no memory");
	memcpy(all, keep, count * sizeof *all);
	all[count] = live->generation;
	rc = store_retain(p->store, p->retain, all, count + 1, err);
	free(all);
	return rc;
}
