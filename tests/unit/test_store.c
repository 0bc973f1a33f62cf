/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of the store: made, opened, locked, committed, damaged, cleaned.
 */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "snapshot/fault.h"
#include "snapshot/store_parts.h"
#include "tests/unit/snapshot_rig.h"
#include "tests/unit/unit_run.h"

static char dir[UNIT_PATH_MAX];
static struct store *store;

static void
setup(void)
{
	struct err err;

	unit_directory_make(dir);
	ck_assert_msg(store_create(dir, &err) == 0, "%s", err.text);
	ck_assert_msg(store_open(&store, dir, 0, &err) == 0, "%s", err.text);
	ck_assert_int_eq(store_lock(store, STORE_LOCK_OWNER, &err), 0);
	ck_assert_int_eq(store_lock(store, STORE_LOCK_COMMIT, &err), 0);
}

static void
teardown(void)
{
	store_close(&store);
	ck_assert_ptr_null(store);
	unit_directory_remove(dir);
}

static void
file_put(const char *name, const void *data, size_t bytes)
{
	char path[UNIT_PATH_MAX];
	struct err err;

	unit_path(path, dir, name);
	ck_assert_msg(file_write(AT_FDCWD, path, 0644, data, bytes,
			  FILE_REPLACE, &err) == 0,
	    "%s", err.text);
}

/* A manifest of no zones that names one cell (by a number) and its records. */
static struct digest
candidate_put(unsigned number, const struct digest *parent)
{
	struct slot_d slot;
	struct manifest_parts parts = {
	    .parent = parent ? parent->b : NULL,
	    .key = *store_key(store),
	    .slots = &slot,
	    .nslots = 1,
	};
	struct bytes manifest;
	struct digest d;
	char text[32];
	struct err err;

	bytes_init(&manifest);
	snprintf(text, sizeof text, "cell %u", number);
	ck_assert_int_eq(
	    store_put(store, STORE_CELL, text, strlen(text), &d, &err), 0);
	memcpy(slot.cell, d.b, DIGEST_BYTES);
	snprintf(text, sizeof text, "records %u", number);
	ck_assert_int_eq(
	    store_put(store, STORE_RECORDS, text, strlen(text), &d, &err), 0);
	memcpy(slot.records, d.b, DIGEST_BYTES);
	ck_assert_int_eq(store_sync(store, &err), 0);
	ck_assert_msg(
	    manifest_write(&parts, &manifest, &err) == 0, "%s", err.text);
	ck_assert_int_eq(store_put(store, STORE_CANDIDATE, manifest.data,
			     manifest.len, &d, &err),
	    0);
	bytes_fini(&manifest);
	return d;
}

static struct store_current
current_get(void)
{
	struct store_current c;
	struct err err;

	ck_assert_msg(store_current_read(store, &c, &err) == 0, "%s", err.text);
	return c;
}

static void
commit(const struct digest *d)
{
	struct store_current now = current_get();
	struct err err;

	ck_assert_msg(
	    store_commit(store, &now, d, now.activation + 1, &err) == 0, "%s",
	    err.text);
}

START_TEST(test_create_open)
{
	struct store_current c;
	struct store *other;
	struct err err;
	struct name_key key;

	setup();
	key = *store_key(store);
	ck_assert_uint_eq(key.k[1] & 1, 1);
	ck_assert_str_eq(store_dir(store), dir);
	c = current_get();
	ck_assert_uint_eq(c.activation, 0);
	ck_assert(digest_is_zero(&c.generation));
	/* a second time changes nothing */
	ck_assert_int_eq(store_create(dir, &err), 0);
	ck_assert_int_eq(store_open(&other, dir, STORE_READ_ONLY, &err), 0);
	ck_assert(memcmp(&key, store_key(other), sizeof key) == 0);
	ck_assert_int_eq(store_lock(other, STORE_LOCK_OWNER, &err), ERR_USAGE);
	/* a disk that is writable again */
	ck_assert(store_is_read_only(other));
	ck_assert_int_eq(store_lock(store, STORE_LOCK_COMMIT, &err), 0);
	ck_assert_int_eq(
	    store_write_now(other, STORE_LOCK_COMMIT, &err), ERR_BUSY);
	ck_assert(store_is_read_only(other));
	store_unlock(store, STORE_LOCK_COMMIT);
	ck_assert_int_eq(store_write_now(other, STORE_LOCK_COMMIT, &err), 0);
	ck_assert(!store_is_read_only(other));
	ck_assert(store_is_locked(store, STORE_LOCK_COMMIT));
	store_close(&other);
	teardown();
}
END_TEST

START_TEST(test_refuses_what_is_not_ours)
{
	struct store *s = NULL;
	char path[UNIT_PATH_MAX];
	struct err err;

	unit_directory_make(dir);
	unit_path(path, dir, "nowhere");
	ck_assert_int_eq(store_open(&s, path, 0, &err), ERR_NOT_FOUND);
	ck_assert_int_eq(store_open(&s, dir, 0, &err), ERR_NOT_FOUND);
	ck_assert_msg(strstr(err.text, "no Holdfast store"), "%s", err.text);
	file_put("letter.txt", "dear", 4);
	ck_assert_int_eq(store_create(dir, &err), ERR_SEMANTIC);
	ck_assert_msg(strstr(err.text, "letter.txt"), "%s", err.text);
	unit_path(path, dir, "letter.txt");
	ck_assert_int_ne(store_create(path, &err), 0);
	ck_assert_int_ne(store_open(&s, path, 0, &err), 0);
	ck_assert_ptr_null(s);
	unit_directory_remove(dir);
}
END_TEST

START_TEST(test_versions_and_damage_by_name)
{
	static const struct {
		const char *text;
		int code;
		const char *says;
	} rows[] = {
	    {"holdfast-store 5\nwhatever\n", ERR_VERSION, "newer"},
	    {"holdfast-store 3\n", ERR_VERSION, "older"},
	    {"something else\n", ERR_SEMANTIC, "not the file of"},
	    {"", ERR_SEMANTIC, "not the file of"},
	    {"holdfast-store 4\nkey 1 1\n", ERR_CORRUPT, "damaged"},
	    {"holdfast-store 4\nkey 0000000000000001 0000000000000001\n"
	     "sum 0000000000000000000000000000000000000000000000000000000000000"
	     "000\n",
		ERR_CORRUPT, "damaged"},
	};
	struct store *s;
	struct err err;

	setup();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		file_put("holdfast-store", rows[i].text, strlen(rows[i].text));
		ck_assert_int_eq(store_open(&s, dir, 0, &err), rows[i].code);
		ck_assert_msg(strstr(err.text, rows[i].says), "%s", err.text);
	}
	teardown();
}
END_TEST

START_TEST(test_put_and_get)
{
	struct digest a, b;
	struct bytes got;
	char path[UNIT_PATH_MAX], name[STORE_NAME_MAX];
	struct err err;
	uint64_t bytes;
	int fd;

	setup();
	bytes_init(&got);
	ck_assert_int_eq(store_put(store, STORE_CELL, "abc", 3, &a, &err), 0);
	ck_assert_int_eq(store_put(store, STORE_CELL, "abc", 3, &b, &err), 0);
	ck_assert(digest_equal(&a, &b));
	ck_assert(store_has(store, STORE_CELL, &a));
	ck_assert(!store_has(store, STORE_RECORDS, &a));
	ck_assert_int_eq(store_get(store, STORE_CELL, &a, &got, &err), 0);
	ck_assert_uint_eq(got.len, 3);
	ck_assert_int_eq(
	    store_open_file(store, STORE_CELL, &a, &fd, &bytes, &err), 0);
	ck_assert_uint_eq(bytes, 3);
	close(fd);
	/* what a crash left under the name is found out and put right */
	store_file_name(name, STORE_CELL, &a);
	file_put(name, "abd", 3);
	ck_assert_int_eq(
	    store_get(store, STORE_CELL, &a, &got, &err), ERR_CORRUPT);
	ck_assert_msg(strstr(err.text, "damaged"), "%s", err.text);
	ck_assert_uint_eq(got.len, 3);
	ck_assert_int_eq(store_put(store, STORE_CELL, "abc", 3, &a, &err), 0);
	ck_assert_int_eq(store_get(store, STORE_CELL, &a, &got, &err), 0);
	unlink(unit_path(path, dir, name));
	ck_assert_int_eq(
	    store_get(store, STORE_CELL, &a, &got, &err), ERR_NOT_FOUND);
	ck_assert_int_eq(
	    store_open_file(store, STORE_CELL, &a, &fd, &bytes, &err),
	    ERR_NOT_FOUND);
	bytes_fini(&got);
	teardown();
}
END_TEST

/* Two processes try at once, again and again: exactly one has it. */
START_TEST(test_two_owners)
{
	enum { TRIERS = 4, ROUNDS = 20 };
	struct err err;

	setup();
	store_unlock(store, STORE_LOCK_OWNER);
	for (unsigned round = 0; round < ROUNDS; round++) {
		int go[2], end[2], result[2], won = 0;
		pid_t pids[TRIERS];

		ck_assert_int_eq(pipe(go), 0);
		ck_assert_int_eq(pipe(end), 0);
		ck_assert_int_eq(pipe(result), 0);
		for (unsigned i = 0; i < TRIERS; i++) {
			pids[i] = fork();
			if (pids[i] == 0) {
				struct store *s;
				char c = 'n';

				close(end[1]);
				if (store_open(&s, dir, 0, &err) < 0)
					_exit(2);
				(void)!read(go[0], &c, 1);
				c = store_lock(s, STORE_LOCK_OWNER, &err) == 0
				        ? 'y'
				        : 'n';
				(void)!write(result[1], &c, 1);
				/* hold it until all have tried */
				(void)!read(end[0], &c, 1);
				_exit(0);
			}
		}
		close(go[0]);
		close(end[0]);
		ck_assert_int_eq(write(go[1], "gggg", TRIERS), TRIERS);
		for (unsigned i = 0; i < TRIERS; i++) {
			char c;

			ck_assert_int_eq(read(result[0], &c, 1), 1);
			won += c == 'y';
		}
		ck_assert_int_eq(won, 1);
		ck_assert(store_is_locked(store, STORE_LOCK_OWNER));
		ck_assert_int_eq(
		    store_lock(store, STORE_LOCK_OWNER, &err), ERR_BUSY);
		ck_assert_msg(strstr(err.text, "process "), "%s", err.text);
		close(go[1]);
		close(end[1]);
		for (unsigned i = 0; i < TRIERS; i++)
			waitpid(pids[i], NULL, 0);
		close(result[0]);
		close(result[1]);
		/* it went with its process */
		ck_assert(!store_is_locked(store, STORE_LOCK_OWNER));
	}
	ck_assert_int_eq(store_lock(store, STORE_LOCK_OWNER, &err), 0);
	ck_assert(!store_is_locked(store, STORE_LOCK_OWNER));
	teardown();
}
END_TEST

START_TEST(test_locks_remove_leftovers)
{
	static const char *const owners[] = {".new-o-1-1", "cells/.new-o-2-0",
	    "records/.new-o-9-9", "candidates/.new-o-1-2"};
	struct err err;
	char path[UNIT_PATH_MAX];

	setup();
	store_unlock(store, STORE_LOCK_OWNER);
	store_unlock(store, STORE_LOCK_COMMIT);
	for (unsigned i = 0; i < 4; i++)
		file_put(owners[i], "x", 1);
	file_put(".new-c-1-1", "x", 1);
	ck_assert_int_eq(store_lock(store, STORE_LOCK_OWNER, &err), 0);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_int_ne(
		    access(unit_path(path, dir, owners[i]), F_OK), 0);
	/* that of a data plane which commits right now is not ours */
	unit_path(path, dir, ".new-c-1-1");
	ck_assert_int_eq(access(path, F_OK), 0);
	ck_assert_int_eq(store_lock(store, STORE_LOCK_COMMIT, &err), 0);
	ck_assert_int_ne(access(path, F_OK), 0);
	teardown();
}
END_TEST

START_TEST(test_commit)
{
	struct store_current old, now;
	struct digest a, b;
	struct err err;

	setup();
	a = candidate_put(1, NULL);
	old = current_get();
	store_unlock(store, STORE_LOCK_COMMIT);
	ck_assert_int_eq(store_commit(store, &old, &a, 1, &err), ERR_USAGE);
	ck_assert_int_eq(store_lock(store, STORE_LOCK_COMMIT, &err), 0);
	ck_assert_int_eq(store_commit(store, &old, &a, 1, &err), 0);
	ck_assert(!store_has(store, STORE_CANDIDATE, &a));
	ck_assert(store_has(store, STORE_GENERATION, &a));
	now = current_get();
	ck_assert_uint_eq(now.activation, 1);
	ck_assert(digest_equal(&now.generation, &a));
	b = candidate_put(2, &a);
	/* the delayed writer: expected what was, or no later number */
	ck_assert_int_eq(store_commit(store, &old, &b, 2, &err), ERR_STALE);
	ck_assert_int_eq(store_commit(store, &now, &b, 1, &err), ERR_STALE);
	ck_assert(store_has(store, STORE_CANDIDATE, &b));
	ck_assert_int_eq(store_commit(store, &now, &b, 2, &err), 0);
	/* back: a generation that is there already */
	now = current_get();
	ck_assert_int_eq(store_commit(store, &now, &a, 3, &err), 0);
	now = current_get();
	ck_assert(digest_equal(&now.generation, &a));
	memset(b.b, 9, sizeof b.b);
	ck_assert_int_eq(store_commit(store, &now, &b, 4, &err), ERR_NOT_FOUND);
	ck_assert_uint_eq(current_get().activation, 3);
	teardown();
}
END_TEST

START_TEST(test_damaged_current)
{
	static const char *const texts[] = {"", "holdfast-current 1\n",
	    "nonsense that is long enough to have a check sum at its end, but "
	    "has none at all, so that it is found out\n"};
	struct store_current c, none = {0};
	struct digest a, b, newest;
	struct err err;

	setup();
	a = candidate_put(1, NULL);
	commit(&a);
	b = candidate_put(2, &a);
	commit(&b);
	for (unsigned i = 0; i < 3; i++) {
		file_put("current", texts[i], strlen(texts[i]));
		ck_assert_int_eq(
		    store_current_read(store, &c, &err), ERR_CORRUPT);
		ck_assert_uint_eq(c.activation, 0);
		ck_assert_msg(strstr(err.text, "current"), "%s", err.text);
	}
	ck_assert_int_eq(store_newest_generation(store, &newest, &err), 0);
	ck_assert(digest_equal(&newest, &b));
	/* nothing is cleaned while it is not known what is current */
	ck_assert_int_eq(store_retain(store, 1, NULL, 0, &err), ERR_CORRUPT);
	c.activation = 2;
	c.generation = b;
	ck_assert_int_eq(store_commit(store, &c, &b, 3, &err), ERR_CORRUPT);
	ck_assert_int_eq(store_commit(store, &none, &b, 3, &err), 0);
	ck_assert_uint_eq(current_get().activation, 3);
	teardown();
}
END_TEST

START_TEST(test_damaged_candidate_is_not_committed)
{
	struct store_current now;
	char name[STORE_NAME_MAX];
	struct digest a;
	struct err err;

	setup();
	a = candidate_put(1, NULL);
	store_file_name(name, STORE_CANDIDATE, &a);
	file_put(name, "short", 5);
	now = current_get();
	ck_assert_int_eq(store_commit(store, &now, &a, 1, &err), ERR_CORRUPT);
	ck_assert_uint_eq(current_get().activation, 0);
	teardown();
}
END_TEST

START_TEST(test_list)
{
	struct store_entry *list;
	struct digest d[4];
	struct err err;
	size_t n;

	setup();
	for (unsigned i = 0; i < 3; i++) {
		d[i] = candidate_put(i, i ? &d[i - 1] : NULL);
		commit(&d[i]);
	}
	d[3] = candidate_put(3, &d[2]);
	file_put("generations/README", "no", 2);
	ck_assert_msg(store_list(store, &list, &n, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(n, 4);
	for (unsigned i = 0; i < 3; i++)
		ck_assert(digest_equal(&list[i].digest, &d[2 - i]));
	ck_assert(list[0].is_current && !list[1].is_current);
	ck_assert(digest_equal(&list[0].parent, &d[1]));
	ck_assert(list[3].is_candidate && !list[0].is_candidate);
	ck_assert_int_lt(labs((long)list[0].committed_at - time(NULL)), 100);
	free(list);
	teardown();
}
END_TEST

static void
expect_there(unsigned number, bool is_there)
{
	char text[32];
	struct digest d;

	snprintf(text, sizeof text, "cell %u", number);
	digest_of(&d, text, strlen(text));
	ck_assert_msg(
	    store_has(store, STORE_CELL, &d) == is_there, "cell %u", number);
	snprintf(text, sizeof text, "records %u", number);
	digest_of(&d, text, strlen(text));
	ck_assert_msg(store_has(store, STORE_RECORDS, &d) == is_there,
	    "records %u", number);
}

START_TEST(test_retention)
{
	struct digest d[10], loose;
	char path[UNIT_PATH_MAX], name[STORE_NAME_MAX], text[128];
	char hex[DIGEST_TEXT_MAX];
	struct timespec old[2] = {
	    {.tv_sec = time(NULL) - 7200}, {.tv_sec = time(NULL) - 7200}};
	struct err err;

	setup();
	for (unsigned i = 0; i < 8; i++) {
		d[i] = candidate_put(i, i ? &d[i - 1] : NULL);
		commit(&d[i]);
	}
	d[8] = candidate_put(8, &d[7]); /* young */
	d[9] = candidate_put(9, &d[7]); /* two hours old */
	store_file_name(name, STORE_CANDIDATE, &d[9]);
	utimensat(AT_FDCWD, unit_path(path, dir, name), old, 0);
	store_put(store, STORE_CELL, "loose", 5, &loose, &err);
	/* back to number 5, and number 1 pinned */
	commit(&d[5]);
	snprintf(text, sizeof text, "# keep this\n  %s # mine\n\n",
	    digest_to_text(hex, &d[1]));
	file_put("pins", text, strlen(text));
	ck_assert_msg(
	    store_retain(store, 2, &d[0], 1, &err) == 0, "%s", err.text);
	/* 0: extra; 1: pinned; 4: parent of current; 5: current; 7: newest but
	 * 5; 8: candidate */
	for (unsigned i = 0; i < 10; i++)
		expect_there(i,
		    i == 0 || i == 1 || i == 4 || i == 5 || i == 7 || i == 8);
	ck_assert(!store_has(store, STORE_CELL, &loose));
	ck_assert(!store_has(store, STORE_GENERATION, &d[2]));
	ck_assert(store_has(store, STORE_GENERATION, &d[5]));
	/* a pin that cannot be read stops it all */
	file_put("pins", "xyz\n", 4);
	ck_assert_int_eq(store_retain(store, 1, NULL, 0, &err), ERR_SYNTAX);
	file_put("pins", "", 0);
	/* so does a kept manifest that is damaged */
	store_file_name(name, STORE_GENERATION, &d[5]);
	file_put(name, "damaged", 7);
	ck_assert_int_eq(store_retain(store, 1, NULL, 0, &err), ERR_CORRUPT);
	expect_there(4, true);
	store_unlock(store, STORE_LOCK_OWNER);
	ck_assert_int_eq(store_retain(store, 1, NULL, 0, &err), ERR_USAGE);
	teardown();
}
END_TEST

START_TEST(test_condemned)
{
	struct store_condemned list[3], *got;
	struct err err;
	size_t n;

	setup();
	ck_assert_int_eq(store_condemned_read(store, &got, &n, &err), 0);
	ck_assert_uint_eq(n, 0);
	free(got);
	for (unsigned i = 0; i < 3; i++) {
		memset(list[i].generation.b, (int)i, DIGEST_BYTES);
		memset(list[i].records.b, (int)(i + 100), DIGEST_BYTES);
		list[i].slot = i * 1000;
	}
	ck_assert_int_eq(store_condemned_write(store, list, 3, &err), 0);
	ck_assert_int_eq(store_condemned_read(store, &got, &n, &err), 0);
	ck_assert_uint_eq(n, 3);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert(
		    digest_equal(&got[i].generation, &list[i].generation));
		ck_assert(digest_equal(&got[i].records, &list[i].records));
		ck_assert_uint_eq(got[i].slot, list[i].slot);
	}
	free(got);
	file_put("condemned", "holdfast-condemned 1\nx\n", 23);
	ck_assert_int_eq(
	    store_condemned_read(store, &got, &n, &err), ERR_CORRUPT);
	ck_assert_ptr_null(got);
	store_unlock(store, STORE_LOCK_COMMIT);
	ck_assert_int_eq(
	    store_condemned_write(store, list, 3, &err), ERR_USAGE);
	teardown();
}
END_TEST

static bool
is_file(const char *name)
{
	char path[UNIT_PATH_MAX];

	return access(unit_path(path, dir, name), F_OK) == 0;
}

/* A chain of four; the first is what a retention of 2 removes. */
static void
chain_make(struct digest d[4])
{
	setup();
	for (unsigned i = 0; i < 4; i++) {
		d[i] = candidate_put(i, i ? &d[i - 1] : NULL);
		commit(&d[i]);
	}
}

START_TEST(test_wanted_is_kept)
{
	struct digest d[4];
	struct err err;

	chain_make(d);
	ck_assert_int_eq(store_want(store, &d[0], &err), 0);
	ck_assert_int_eq(store_retain(store, 2, NULL, 0, &err), 0);
	expect_there(0, true);
	expect_there(1, false);
	ck_assert(!is_file(STORE_REMOVING));
	/* it was there, and is no more */
	ck_assert_int_eq(store_want(store, &d[1], &err), ERR_NOT_FOUND);
	ck_assert_int_eq(
	    store_pin_set(store, &d[1], true, &err), ERR_NOT_FOUND);
	store_unlock(store, STORE_LOCK_COMMIT);
	ck_assert_int_eq(store_want(store, &d[2], &err), ERR_USAGE);
	teardown();
}
END_TEST

START_TEST(test_removing_is_not_named)
{
	char text[DIGEST_TEXT_MAX + 1], hex[DIGEST_TEXT_MAX];
	struct digest d[4], *pins;
	size_t npins;
	struct err err;

	chain_make(d);
	snprintf(text, sizeof text, "%s\n", digest_to_text(hex, &d[0]));
	file_put(STORE_REMOVING, text, strlen(text));
	ck_assert_int_eq(store_want(store, &d[0], &err), ERR_NOT_FOUND);
	ck_assert_int_eq(
	    store_pin_set(store, &d[0], true, &err), ERR_NOT_FOUND);
	ck_assert_int_eq(
	    store_digests_read(store, STORE_PINS, &pins, &npins, &err), 0);
	ck_assert_uint_eq(npins, 0);
	free(pins);
	ck_assert_int_eq(store_want(store, &d[1], &err), 0);
	/* a list that can't be read is no reason to refuse */
	file_put(STORE_REMOVING, "xyz\n", 4);
	ck_assert_int_eq(store_want(store, &d[0], &err), 0);
	/* nor is one that a dead owner has left */
	store_unlock(store, STORE_LOCK_OWNER);
	ck_assert_int_eq(store_lock(store, STORE_LOCK_OWNER, &err), 0);
	ck_assert(!is_file(STORE_REMOVING));
	teardown();
}
END_TEST

#ifdef HOLDFAST_FAULTS
static struct digest late;
static enum { LATE_WANT, LATE_PIN, LATE_COMMIT } late_how;

/* Behind the announcement of what is removed. A rollback and a pin hear that
 * they are late; one that had looked before goes on. */
static void
come_late(const char *step)
{
	struct err err;

	if (strcmp(step, "store-kill-announced") != 0)
		return;
	store_step_hook = NULL;
	ck_assert(is_file(STORE_REMOVING));
	if (late_how == LATE_WANT)
		ck_assert_int_eq(store_want(store, &late, &err), ERR_NOT_FOUND);
	else if (late_how == LATE_PIN)
		ck_assert_int_eq(
		    store_pin_set(store, &late, true, &err), ERR_NOT_FOUND);
	else
		commit(&late);
}

START_TEST(test_named_while_removed)
{
	struct digest d[4];
	struct err err;

	for (late_how = LATE_WANT; late_how <= LATE_COMMIT; late_how++) {
		chain_make(d);
		late = d[0];
		store_step_hook = come_late;
		ck_assert_msg(
		    store_retain(store, 2, NULL, 0, &err) == 0, "%s", err.text);
		ck_assert_ptr_null(store_step_hook);
		ck_assert(!is_file(STORE_REMOVING));
		/* a pin that was taken back is not in the way; for the others
		 * this retention has given way, and the next one knows */
		expect_there(0, late_how != LATE_PIN);
		expect_there(1, late_how != LATE_PIN);
		ck_assert_int_eq(store_retain(store, 2, NULL, 0, &err), 0);
		expect_there(0, late_how != LATE_PIN);
		expect_there(1, false);
		teardown();
	}
}
END_TEST
#define NAMED_WHILE_REMOVED test_named_while_removed,
#else
#define NAMED_WHILE_REMOVED /* there are no steps to come between */
#endif

UNIT_MAIN("store", test_create_open, test_refuses_what_is_not_ours,
    test_versions_and_damage_by_name, test_put_and_get, test_two_owners,
    test_locks_remove_leftovers, test_commit, test_damaged_current,
    test_damaged_candidate_is_not_committed, test_list, test_retention,
    test_wanted_is_kept, test_removing_is_not_named,
    NAMED_WHILE_REMOVED test_condemned)
