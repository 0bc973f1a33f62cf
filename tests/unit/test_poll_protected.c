/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Protected names: what a line may be, what counts as an answer, and that a
 * generation without one is not activated, while what was committed is served
 * and an operator's rollback can be forced.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "dataplane/poll/activation.h"
#include "dataplane/poll/protected_names.h"
#include "tests/rig/text_generation.h"
#include "tests/rig/text_store.h"
#include "tests/unit/unit_run.h"

/* The parse of a heap block of just its octets and one more. */
static int
parse(
    const char *text, size_t bytes, struct protected_names *p, struct err *err)
{
	char *exact = malloc(bytes + 1);
	int rc;

	memcpy(exact, text, bytes);
	rc = protected_names_parse(p, "names", exact, bytes, err);
	free(exact);
	return rc;
}

START_TEST(lines)
{
	static const struct {
		const char *text;
		size_t names;
		const char *error; /* NULL: it is taken */
	} rows[] = {{"", 0, NULL}, {"\n\n# nothing\n  \t\r\n", 0, NULL},
	    {"www.example.com A", 1, NULL},
	    {"\twww.example.com.\taaaa # why\nexample.com mx\n", 2, NULL},
	    {"example.com TYPE65280\n. NS", 2, NULL},
	    {"example.com", 0, "names:1"}, {"\nexample.com A A", 0, "names:2"},
	    {"example.com ANY", 0, "names:1"},
	    {"example.com TYPE", 0, "names:1"},
	    {"example.com TYPE65536", 0, "names:1"},
	    {"example.com TYPE255", 0, "names:1"},
	    {"example.com TYPE0", 0, "names:1"}, {"a..b A", 0, "names:1"},
	    {"example.com A\n\x01 A", 0, "names:2"}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct protected_names p;
		struct err err = {0};
		int rc = parse(rows[i].text, strlen(rows[i].text), &p, &err);

		ck_assert_msg((rc == 0) == !rows[i].error, "\"%s\": %s",
		    rows[i].text, err.text);
		ck_assert_uint_eq(p.count, rows[i].names);
		if (rc)
			ck_assert_msg(strstr(err.text, rows[i].error) != NULL,
			    "\"%s\": %s", rows[i].text, err.text);
		protected_names_free(&p);
	}
}
END_TEST

START_TEST(octets_that_are_no_text)
{
	struct protected_names p;
	struct err err;

	ck_assert_int_eq(parse("a.test A\0b", 10, &p, &err), ERR_SYNTAX);
	ck_assert_int_eq(parse("\xff.test A", 9, &p, &err), ERR_SYNTAX);
}
END_TEST

static const char zone[] =
    "$TTL 60\n@ SOA ns hm 1 3600 600 86400 60\n@ NS ns\nns A 192.0.2.53\n"
    "www A 192.0.2.1\nalias CNAME www\nfar CNAME www.elsewhere.\n"
    "broken CNAME gone\nempty CNAME ns\n*.w A 192.0.2.2\nsub NS ns.sub\n"
    "ns.sub A 192.0.2.9\nd DNAME t\na.t A 192.0.2.8\n";

START_TEST(what_is_an_answer)
{
	static const struct {
		const char *line;
		bool answered;
	} rows[] = {{"www.a.test A", true}, {"WWW.A.test A", true},
	    {"www.a.test AAAA", false}, {"gone.a.test A", false},
	    {"alias.a.test A", true}, {"alias.a.test AAAA", false},
	    {"alias.a.test CNAME", true}, {"far.a.test A", true},
	    {"broken.a.test A", false}, {"empty.a.test MX", false},
	    {"x.w.a.test A", true}, {"sub.a.test NS", true},
	    {"x.sub.a.test NS", false}, {"sub.a.test A", false},
	    {"a.d.a.test A", true}, {"x.d.a.test A", false},
	    {"a.test SOA", true}, {"www.b.test A", false}};
	const struct text_zone z = {"a.test.", zone, false};
	struct generation *g;
	struct err err;

	ck_assert_msg(
	    text_generation_make(&g, NULL, &z, 1, &err) == 0, "%s", err.text);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct protected_names p;
		int rc;

		ck_assert_int_eq(
		    parse(rows[i].line, strlen(rows[i].line), &p, &err), 0);
		rc = protected_names_ask(&p, "names", g, &err);
		ck_assert_msg(rc == (rows[i].answered ? 0 : ERR_REFUSED), "%s",
		    rows[i].line);
		protected_names_free(&p);
	}
	generation_free(&g);
}
END_TEST

static uint64_t
now_ms(void)
{
	return 1000;
}

struct rig {
	char dir[UNIT_PATH_MAX], path[UNIT_PATH_MAX], names[UNIT_PATH_MAX];
	struct store *store;
	struct activation a;
	struct err err;
};

static void
rig_make(struct rig *r)
{
	*r = (struct rig){0};
	unit_directory_make(r->dir);
	unit_path(r->path, r->dir, "store");
	unit_path(r->names, r->dir, "names");
	ck_assert_int_eq(store_create(r->path, &r->err), 0);
	ck_assert_int_eq(store_open(&r->store, r->path, 0, &r->err), 0);
	ck_assert_int_eq(store_lock(r->store, STORE_LOCK_COMMIT, &r->err), 0);
	r->a = (struct activation){
	    .store = r->store, .now_ms = now_ms, .protected_names = r->names};
	ck_assert_int_eq(live_new(&r->a.live, 1, &r->err), 0);
}

static void
rig_remove(struct rig *r)
{
	activation_fini(&r->a);
	live_free(&r->a.live);
	store_close(&r->store);
	unit_directory_remove(r->dir);
}

static void
protect(struct rig *r, const char *text)
{
	ck_assert_int_eq(file_write(AT_FDCWD, r->names, 0644, text,
			     strlen(text), FILE_REPLACE, &r->err),
	    0);
}

/* A generation in which `owner` is the one that has an address. */
static int
activate(struct rig *r, const char *owner, struct digest *g)
{
	const struct generation *stable = r->a.stable;
	struct activation_request q = {
	    .expect = r->a.number, .deadline_ms = 1000};
	char text[200];

	if (stable)
		q.parent = stable->digest;
	snprintf(text, sizeof text,
	    "$TTL 60\n@ SOA ns hm 1 3600 600 86400 60\n@ NS ns\n"
	    "%s A 192.0.2.1\nns A 192.0.2.53\n",
	    owner);
	ck_assert_int_eq(text_store_put(r->store, "a.test.", text,
			     stable ? &stable->digest : NULL, g, &r->err),
	    0);
	q.generation = *g;
	return activation_activate(&r->a, &q, &r->err);
}

START_TEST(generations_without_them_are_refused)
{
	struct rollback_request back = {.steps = 1};
	struct digest first, second;
	struct rig r;

	rig_make(&r);
	/* a file that is not there protects nothing by being gone */
	ck_assert_int_lt(activate(&r, "old", &first), 0);
	protect(&r, "old.a.test A\n");
	ck_assert_int_eq(activate(&r, "old", &first), 0);
	ck_assert_int_eq(
	    activation_commit(&r.a, r.a.number, &first, 0, &r.err), 0);
	ck_assert_int_eq(activate(&r, "new", &second), ERR_REFUSED);
	ck_assert_msg(
	    strstr(r.err.text, "old.a.test. A") != NULL, "%s", r.err.text);
	ck_assert_ptr_null(r.a.candidate);
	protect(&r, "new.a.test A\n");
	ck_assert_int_eq(activate(&r, "new", &second), 0);
	ck_assert_int_eq(
	    activation_commit(&r.a, r.a.number, &second, 0, &r.err), 0);
	/* a rollback asks too, and the operator may insist */
	ck_assert_int_eq(activation_rollback(&r.a, &back, &r.err), ERR_REFUSED);
	back.force = true;
	ck_assert_int_eq(activation_rollback(&r.a, &back, &r.err), 0);
	ck_assert(digest_equal(&r.a.stable->digest, &first));
	rig_remove(&r);
}
END_TEST

/* What was committed may be all that there is. */
START_TEST(boot_serves_what_was_committed)
{
	struct digest g;
	struct rig r;

	rig_make(&r);
	protect(&r, "old.a.test A\n");
	ck_assert_int_eq(activate(&r, "old", &g), 0);
	ck_assert_int_eq(activation_commit(&r.a, r.a.number, &g, 0, &r.err), 0);
	activation_fini(&r.a);
	live_free(&r.a.live);
	protect(&r, "new.a.test A\n");
	r.a = (struct activation){
	    .store = r.store, .now_ms = now_ms, .protected_names = r.names};
	ck_assert_int_eq(live_new(&r.a.live, 1, &r.err), 0);
	ck_assert_int_eq(activation_boot(&r.a, &r.err), 0);
	ck_assert(digest_equal(&r.a.stable->digest, &g));
	rig_remove(&r);
}
END_TEST

UNIT_MAIN("poll_protected", lines, octets_that_are_no_text, what_is_an_answer,
    generations_without_them_are_refused, boot_serves_what_was_committed)
