/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The data plane's commands as text: who may what, what a stranger's bytes do
 * (nothing), and the health line.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "dataplane/poll/dp_command.h"
#include "tests/rig/text_store.h"
#include "tests/unit/unit_run.h"

static uint64_t clock_ms = 5000;

static uint64_t
test_clock(void)
{
	return clock_ms;
}

struct rig {
	char dir[UNIT_PATH_MAX], path[UNIT_PATH_MAX];
	struct store *store;
	struct activation a;
	struct health health;
	struct dp_context d;
	struct err err;
	char answer[DATAPLANE_MESSAGE_MAX + 1];
	bool hang_up;
};

static void
rig_make(struct rig *r)
{
	unsigned cpus[] = {1, 2};

	*r = (struct rig){0};
	unit_directory_make(r->dir);
	unit_path(r->path, r->dir, "store");
	ck_assert_int_eq(store_create(r->path, &r->err), 0);
	ck_assert_int_eq(store_open(&r->store, r->path, 0, &r->err), 0);
	ck_assert_int_eq(store_lock(r->store, STORE_LOCK_COMMIT, &r->err), 0);
	r->a = (struct activation){.store = r->store, .now_ms = test_clock};
	ck_assert_int_eq(live_new(&r->a.live, 1, &r->err), 0);
	health_init(&r->health, cpus, 2, clock_ms);
	dp_context_init(&r->d, &r->a, &r->health, clock_ms);
}

static void
rig_remove(struct rig *r)
{
	activation_fini(&r->a);
	live_free(&r->a.live);
	store_close(&r->store);
	unit_directory_remove(r->dir);
}

/* The answer to a request, from a block of exactly its size and one more. */
static const char *
ask_bytes(struct rig *r, unsigned client, const void *request, size_t n)
{
	char *exact = malloc(n + 1);
	size_t answered;

	memcpy(exact, request, n);
	answered = dp_command(&r->d, client, exact, n, r->answer, &r->hang_up);
	ck_assert_uint_le(answered, DATAPLANE_MESSAGE_MAX);
	r->answer[answered] = '\0';
	for (size_t i = 0; i < answered; i++)
		ck_assert(r->answer[i] >= ' ' && r->answer[i] <= '~');
	free(exact);
	return r->answer;
}

static const char *
ask(struct rig *r, unsigned client, const char *request)
{
	return ask_bytes(r, client, request, strlen(request));
}

static void
starts(const char *answer, const char *with)
{
	ck_assert_msg(!strncmp(answer, with, strlen(with)),
	    "\"%s\" does not start with \"%s\"", answer, with);
}

START_TEST(malformed_requests)
{
	static const char *const requests[] = {"", " ", "=", "nonsense", "own",
	    "own pid", "own pid=", "own pid=x", "own pid=-1", "own pid=1x",
	    "own pid=99999999999999999999999", "own pid=1 pid=2", "activate",
	    "commit", "return", "rollback", "rollback generation=12",
	    "rollback generation=zz", "rollback steps=0", "rollback steps=x",
	    "rollback steps=1 generation=previous",
	    "rollback generation=previous force=1", "rollback force=yes", "pin",
	    "pin generation=previous", "unpin", "unpin generation=0",
	    "history from=x", "proven", "proven expect=0",
	    "commit expect=1 generation=00", "status\n", "\x01\x02\xff"};
	struct rig r;

	rig_make(&r);
	for (unsigned i = 0; i < sizeof requests / sizeof *requests; i++)
		starts(ask(&r, 0, requests[i]), "error ");
	ck_assert_int_eq(r.d.owner, DP_NO_OWNER);
	ck_assert_uint_eq(r.a.number, 0);
	rig_remove(&r);
}
END_TEST

/* Every octet at every place of a sound request, and every prefix of it. */
START_TEST(flipped_requests)
{
	static const char sound[] =
	    "activate expect=0 parent=0000000000000000000000000000000000000000"
	    "000000000000000000000000 generation=11111111111111111111111111111"
	    "11111111111111111111111111111111111 permille=5 deadline_ms=100";
	struct rig r;

	rig_make(&r);
	starts(ask(&r, 0, "own pid=7"), "ok ");
	starts(ask(&r, 0, sound), "error not_found ");
	for (size_t i = 0; i < sizeof sound - 1; i++) {
		char changed[sizeof sound];

		starts(ask_bytes(&r, 0, sound, i), "error ");
		memcpy(changed, sound, sizeof sound);
		for (unsigned v = 0; v < 256; v += 5) {
			changed[i] = (char)v;
			starts(ask_bytes(&r, 0, changed, sizeof sound - 1),
			    "error ");
		}
	}
	ck_assert_uint_eq(r.a.number, 0);
	rig_remove(&r);
}
END_TEST

START_TEST(owners)
{
	struct rig r;

	rig_make(&r);
	starts(ask(&r, 3, "return expect=0"), "error refused ");
	starts(ask(&r, 3, "own pid=30"), "ok activation=0");
	starts(ask(&r, 3, "return expect=0"), "error not_found ");
	starts(ask(&r, 4, "return expect=0"), "error refused ");
	starts(ask(&r, 4, "own pid=40"), "ok ");
	ck_assert(!r.hang_up);
	/* the old owner learns it at its next word, whatever that is */
	starts(ask(&r, 3, "status"), "error stale ");
	ck_assert(r.hang_up);
	dp_forget(&r.d, 3);
	ck_assert(strstr(ask(&r, 3, "status"), " owner=40 ") != NULL);
	dp_forget(&r.d, 4);
	ck_assert(strstr(ask(&r, 3, "status"), " owner=none ") != NULL);
	rig_remove(&r);
}
END_TEST

START_TEST(a_generation_through_its_life)
{
	struct rig r;
	struct digest g;
	char hex[DIGEST_TEXT_MAX], request[300];

	rig_make(&r);
	ck_assert_int_eq(text_store_put(r.store, "example.test.",
			     "@ 300 SOA ns hm 1 2 3 4 5\n@ 300 NS ns\n"
			     "ns 300 A 192.0.2.1\n",
			     NULL, &g, &r.err),
	    0);
	digest_to_text(hex, &g);
	ask(&r, 0, "own pid=1");
	snprintf(request, sizeof request,
	    "activate expect=0 parent=%064d generation=%s permille=1000", 0,
	    hex);
	starts(ask(&r, 0, request), "ok activation=1 load_ms=");
	ck_assert(
	    strstr(ask(&r, 1, "status"), "stable=none candidate=") != NULL);
	snprintf(request, sizeof request, "commit expect=1 generation=%s", hex);
	starts(ask(&r, 0, request), "ok activation=2");
	ask(&r, 1, "status");
	snprintf(request, sizeof request,
	    "ok activation=2 stable=%s candidate=none pid=", hex);
	starts(r.answer, request);
	starts(ask(&r, 1, "rollback generation=previous"), "error not_found ");
	rig_remove(&r);
}
END_TEST

/* Commits a generation on `parent`; returns its digest as text. */
static void
publish(struct rig *r, unsigned number, struct digest *g, char *hex)
{
	char text[200], parent[DIGEST_TEXT_MAX], request[400];
	const struct generation *stable = r->a.stable;

	snprintf(text, sizeof text,
	    "@ 300 SOA ns hm 1 2 3 4 5\n@ 300 NS ns\nns 300 A 192.0.2.%u\n",
	    number);
	ck_assert_int_eq(text_store_put(r->store, "example.test.", text,
			     stable ? &stable->digest : NULL, g, &r->err),
	    0);
	digest_to_text(hex, g);
	if (stable)
		digest_to_text(parent, &stable->digest);
	else
		snprintf(parent, sizeof parent, "%064d", 0);
	ask(r, 0, "own pid=1");
	snprintf(request, sizeof request,
	    "activate expect=%lu parent=%s generation=%s",
	    (unsigned long)r->a.number, parent, hex);
	starts(ask(r, 0, request), "ok ");
	snprintf(request, sizeof request,
	    "commit expect=%lu generation=%s soak_ms=5000",
	    (unsigned long)r->a.number, hex);
	starts(ask(r, 0, request), "ok ");
}

START_TEST(soak_and_proof)
{
	char hex[DIGEST_TEXT_MAX], request[200];
	struct digest g;
	struct rig r;

	rig_make(&r);
	publish(&r, 1, &g, hex);
	clock_ms += 2000;
	ck_assert(strstr(ask(&r, 7, "status"),
		      " probation=1 soak_ms=3000 held=no") != NULL);
	snprintf(request, sizeof request, "proven expect=2 generation=%s", hex);
	starts(ask(&r, 7, request), "error refused ");
	starts(ask(&r, 0, request), "ok activation=2");
	ck_assert(strstr(ask(&r, 7, "status"),
		      " probation=0 soak_ms=0 held=no") != NULL);
	rig_remove(&r);
}
END_TEST

/* Pins, hold and history, from any connection and with nobody the owner. */
START_TEST(the_operator)
{
	char a[DIGEST_TEXT_MAX], b[DIGEST_TEXT_MAX], request[200];
	char expected[400], missing[DIGEST_TEXT_MAX];
	struct digest d;
	struct rig r;

	rig_make(&r);
	publish(&r, 1, &d, a);
	publish(&r, 2, &d, b);
	dp_forget(&r.d, 0);
	snprintf(missing, sizeof missing, "%064d", 1);
	snprintf(request, sizeof request, "pin generation=%s", missing);
	starts(ask(&r, 3, request), "error not_found ");
	snprintf(request, sizeof request, "pin generation=%s", a);
	starts(ask(&r, 3, request), "ok activation=4");
	starts(ask(&r, 3, request), "ok activation=4");
	snprintf(expected, sizeof expected, "ok count=2 from=0 g0=%s:", b);
	starts(ask(&r, 3, "history"), expected);
	ck_assert(strstr(r.answer, ":current g1=") != NULL);
	ck_assert_str_eq(
	    r.answer + strlen(r.answer) - strlen(":pinned"), ":pinned");
	snprintf(expected, sizeof expected, "ok count=2 from=1 g0=%s:", a);
	starts(ask(&r, 3, "history from=1"), expected);
	ck_assert_str_eq(ask(&r, 3, "history from=2"), "ok count=2 from=2");
	ck_assert_str_eq(ask(&r, 3, "history from=18446744073709551615"),
	    "ok count=2 from=18446744073709551615");
	snprintf(request, sizeof request, "unpin generation=%s", a);
	starts(ask(&r, 3, request), "ok ");
	starts(ask(&r, 3, request), "ok ");
	ck_assert_ptr_null(strstr(ask(&r, 3, "history"), "pinned"));
	starts(ask(&r, 3, "hold"), "ok ");
	ck_assert(strstr(ask(&r, 3, "status"), " held=yes") != NULL);
	starts(ask(&r, 3, "rollback steps=2"), "error not_found ");
	starts(ask(&r, 3, "rollback steps=1 expect=3"), "error stale ");
	starts(ask(&r, 3, "rollback steps=1 expect=4"), "ok activation=5");
	starts(ask(&r, 3, "release"), "ok ");
	ck_assert(strstr(ask(&r, 3, "status"), " held=no") != NULL);
	rig_remove(&r);
}
END_TEST

/* What a person wrote in `pins` stays there. */
START_TEST(pins_by_hand)
{
	char a[DIGEST_TEXT_MAX], request[200], path[UNIT_PATH_MAX];
	static const char hand[] = "# kept for the audit\n";
	struct digest d;
	struct bytes text;
	struct rig r;

	rig_make(&r);
	publish(&r, 1, &d, a);
	unit_path(path, r.path, "pins");
	ck_assert_int_eq(file_write(AT_FDCWD, path, 0644, hand, sizeof hand - 1,
			     FILE_REPLACE, &r.err),
	    0);
	snprintf(request, sizeof request, "pin generation=%s", a);
	starts(ask(&r, 0, request), "ok ");
	snprintf(request, sizeof request, "unpin generation=%s", a);
	starts(ask(&r, 0, request), "ok ");
	bytes_init(&text);
	ck_assert_int_eq(file_read(AT_FDCWD, path, 1000, &text, &r.err), 0);
	ck_assert_uint_eq(text.len, sizeof hand - 1);
	ck_assert_mem_eq(text.data, hand, text.len);
	bytes_fini(&text);
	/* what cannot be read is not written over */
	ck_assert_int_eq(file_write(AT_FDCWD, path, 0644, "nonsense\n", 9,
			     FILE_REPLACE, &r.err),
	    0);
	snprintf(request, sizeof request, "pin generation=%s", a);
	starts(ask(&r, 0, request), "error ");
	rig_remove(&r);
}
END_TEST

START_TEST(stop)
{
	struct rig r;

	rig_make(&r);
	ck_assert(!r.d.stop);
	starts(ask(&r, 9, "stop"), "ok ");
	ck_assert(r.d.stop);
	rig_remove(&r);
}
END_TEST

START_TEST(health_line)
{
	uint64_t loops[2] = {1, 1};
	struct rig r;

	rig_make(&r);
	ck_assert_str_eq(ask(&r, 0, "health"), "ok healthy=no reason=starting");
	ck_assert(health_look(&r.health, loops, false, 5000));
	ck_assert_str_eq(r.health.reason, "no-generation");
	ck_assert(health_look(&r.health, loops, true, 5100));
	ck_assert_str_eq(ask(&r, 0, "health"), "ok healthy=yes reason=ok");
	ck_assert(!health_look(&r.health, loops, true, 5200));
	ck_assert_uint_eq(r.health.oldest_ms, 200);
	loops[0]++; /* the first turns, the second does not */
	ck_assert(health_look(&r.health, loops, true, 5001 + HEALTH_STALL_MS));
	ck_assert_str_eq(
	    ask(&r, 0, "health"), "ok healthy=no reason=core-2-stalled");
	loops[1]++;
	ck_assert(health_look(&r.health, loops, true, 5002 + HEALTH_STALL_MS));
	ck_assert(r.health.healthy);
	rig_remove(&r);
}
END_TEST

START_TEST(health_file)
{
	char path[UNIT_PATH_MAX];
	struct bytes b;
	struct rig r;

	rig_make(&r);
	bytes_init(&b);
	unit_path(path, r.dir, "health");
	ck_assert_int_eq(health_write(&r.health, path, &r.err), 0);
	r.health.healthy = true;
	ck_assert_int_eq(file_read(AT_FDCWD, path, 100, &b, &r.err), 0);
	ck_assert_uint_eq(b.len, strlen("unhealthy starting\n"));
	ck_assert_int_eq(health_write(&r.health, path, &r.err), 0);
	bytes_clear(&b);
	ck_assert_int_eq(file_read(AT_FDCWD, path, 100, &b, &r.err), 0);
	ck_assert_uint_eq(b.len, strlen("healthy\n"));
	ck_assert_mem_eq(b.data, "healthy\n", b.len);
	bytes_fini(&b);
	rig_remove(&r);
}
END_TEST

UNIT_MAIN("poll_command", malformed_requests, flipped_requests, owners,
    a_generation_through_its_life, soak_and_proof, the_operator, pins_by_hand,
    stop, health_line, health_file)
