/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The store under kill -9 and on a full disk: a child writes, commits and
 * removes generations in a loop and dies at every named step (builds with
 * faults) and at random ones. After each death the store opens, `current` names
 * a generation of which everything is there, and the next child goes on.
 */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "snapshot/fault.h"
#include "snapshot/manifest.h"
#include "snapshot/store_parts.h"
#include "tests/unit/unit_run.h"

enum { CELLS = 3, KEPT = 2, CELL_BYTES = 6000 };

static char dir[UNIT_PATH_MAX];

static struct store *
store_get_locked(void)
{
	struct store *s;
	struct err err;

	ck_assert_msg(store_open(&s, dir, 0, &err) == 0, "%s", err.text);
	ck_assert_msg(
	    store_lock(s, STORE_LOCK_OWNER, &err) == 0, "%s", err.text);
	ck_assert_msg(
	    store_lock(s, STORE_LOCK_COMMIT, &err) == 0, "%s", err.text);
	return s;
}

/* The files of one slot, different for each activation. */
static int
slot_put(struct store *s, uint64_t activation, unsigned i, struct slot_d *slot,
    struct err *err)
{
	static uint8_t data[CELL_BYTES];
	struct digest d;
	int rc;

	memset(data, (int)activation, sizeof data);
	memcpy(data, &activation, sizeof activation);
	data[9] = (uint8_t)i;
	rc = store_put(s, STORE_CELL, data, sizeof data, &d, err);
	memcpy(slot->cell, d.b, DIGEST_BYTES);
	if (rc == 0)
		rc = store_put(s, STORE_RECORDS, data, 100, &d, err);
	memcpy(slot->records, d.b, DIGEST_BYTES);
	return rc;
}

/* What holdfastd and the data plane do for one generation. */
static int
generation_write(struct store *s, struct err *err)
{
	struct slot_d slots[4] = {0};
	struct manifest_parts parts = {
	    .key = *store_key(s), .slots = slots, .nslots = 4, .slot_bits = 2};
	struct store_current now;
	struct bytes m;
	struct digest d;
	int rc = store_current_read(s, &now, err);

	bytes_init(&m);
	if (now.activation)
		parts.parent = now.generation.b;
	for (unsigned i = 0; rc == 0 && i < CELLS; i++)
		rc = slot_put(s, now.activation + 1, i, &slots[i], err);
	if (rc == 0)
		rc = store_sync(s, err);
	if (rc == 0)
		rc = manifest_write(&parts, &m, err);
	if (rc == 0)
		rc = store_put(s, STORE_CANDIDATE, m.data, m.len, &d, err);
	if (rc == 0)
		rc = store_commit(s, &now, &d, now.activation + 1, err);
	bytes_fini(&m);
	if (rc == 0)
		rc = store_retain(s, KEPT, NULL, 0, err);
	return rc;
}

static unsigned
temporaries_count(const char *folder)
{
	char path[UNIT_PATH_MAX];
	DIR *d = opendir(unit_path(path, dir, folder));
	struct dirent *e;
	unsigned n = 0;

	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d)))
		n += strncmp(e->d_name, STORE_TEMPORARY,
			 strlen(STORE_TEMPORARY)) == 0;
	closedir(d);
	return n;
}

/* Everything that a committed generation names is there and whole; no
 * temporary file is. Returns the activation. */
static uint64_t
store_check(struct store *s)
{
	static const char *const all[] = {
	    ".", "cells", "records", "candidates", "generations"};
	struct store_current now;
	struct bytes m, file;
	struct err err;

	ck_assert_msg(store_current_read(s, &now, &err) == 0, "%s", err.text);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_uint_eq(temporaries_count(all[i]), 0);
	if (now.activation == 0)
		return 0;
	bytes_init(&m);
	bytes_init(&file);
	ck_assert_msg(store_manifest_read(
			  s, STORE_GENERATION, &now.generation, &m, &err) == 0,
	    "%s", err.text);
	for (unsigned i = 0; i < CELLS; i++) {
		const struct slot_d *slot = manifest_slots(m.data) + i;
		struct digest d;

		memcpy(d.b, slot->cell, DIGEST_BYTES);
		ck_assert_msg(store_get(s, STORE_CELL, &d, &file, &err) == 0,
		    "%s", err.text);
		memcpy(d.b, slot->records, DIGEST_BYTES);
		ck_assert_msg(store_get(s, STORE_RECORDS, &d, &file, &err) == 0,
		    "%s", err.text);
	}
	bytes_fini(&m);
	bytes_fini(&file);
	return now.activation;
}

static void
setup(void)
{
	struct err err;

	unit_directory_make(dir);
	ck_assert_msg(store_create(dir, &err) == 0, "%s", err.text);
}

/* A child that writes until it dies by SIGKILL; or ends by itself after `most`
 * generations. */
static pid_t
writer_start(const char *fault, unsigned every, unsigned most)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct store *s = store_get_locked();
		struct err err;

		if (fault)
			fault_set(fault, every);
		for (unsigned i = 0; i < most; i++)
			if (generation_write(s, &err) < 0) {
				fprintf(stderr, "%s\n", err.text);
				_exit(1);
			}
		_exit(0);
	}
	ck_assert_int_gt(pid, 0);
	return pid;
}

/* Looks at the store as the next writer finds it. */
static uint64_t
after_death(uint64_t before)
{
	struct store *s = store_get_locked();
	uint64_t now = store_check(s);

	ck_assert_uint_ge(now, before);
	store_close(&s);
	return now;
}

START_TEST(test_killed_at_each_step)
{
	uint64_t activation = 0;
	const char *fault;
	unsigned kills = 0;

	setup();
	for (unsigned i = 0; (fault = fault_name_find(i)); i++) {
		if (strncmp(fault, "store-kill-", 11) != 0 ||
		    !fault_set(fault, 0))
			continue;
		/* the 1st, 2nd, ... pass: each file of a generation in turn */
		for (unsigned every = 1; every <= 12; every++) {
			pid_t pid = writer_start(fault, every, 20);
			int status;

			waitpid(pid, &status, 0);
			ck_assert_msg(
			    WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
			    "%s %u: status %d", fault, every, status);
			activation = after_death(activation);
			kills++;
		}
	}
	if (kills == 0)
		printf("test_store_crash: no fault points in this profile\n");
	else
		ck_assert_uint_ge(kills, 80);
	unit_directory_remove(dir);
}
END_TEST

START_TEST(test_killed_at_random)
{
	uint64_t activation = 0;

	setup();
	srand(1);
	for (unsigned i = 0; i < 60; i++) {
		pid_t pid = writer_start(NULL, 0, ~0u);

		usleep((useconds_t)(rand() % 20000));
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		activation = after_death(activation);
	}
	ck_assert_uint_gt(activation, 5);
	unit_directory_remove(dir);
}
END_TEST

/* Each call that can fail does, at each file of a generation: the error says
 * so, nothing is left behind, and the next attempt succeeds. */
START_TEST(test_each_call_fails)
{
	static const char *const faults[] = {"store-write", "store-link",
	    "store-fsync", "store-syncfs", "store-rename"};
	struct store *s;
	unsigned failures = 0;

	setup();
	s = store_get_locked();
	for (unsigned i = 0; i < sizeof faults / sizeof *faults; i++)
		for (unsigned every = 1; every < 12; every++) {
			uint64_t before = store_check(s), after;
			struct err err;

			if (!fault_set(faults[i], every))
				continue;
			if (generation_write(s, &err) < 0) {
				ck_assert_int_eq(err.code, ERR_IO);
				ck_assert(strstr(err.text, dir));
				failures++;
			}
			fault_clear_all();
			after = store_check(s);
			ck_assert_uint_ge(after, before);
			ck_assert_msg(
			    generation_write(s, &err) == 0, "%s", err.text);
			ck_assert_uint_eq(store_check(s), after + 1);
		}
	if (fault_set(faults[0], 0))
		ck_assert_uint_gt(failures, 20);
	store_close(&s);
	unit_directory_remove(dir);
}
END_TEST

/* A file system of its own, as small as `size` says. */
static bool
small_disk_mount(const char *size)
{
	if (unshare(CLONE_NEWNS) == 0 &&
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount("store", dir, "tmpfs", 0, size) == 0)
		return true;
	printf("test_store_crash: SKIP full disk: cannot mount: %s\n",
	    strerror(errno));
	return false;
}

START_TEST(test_full_disk)
{
	char path[UNIT_PATH_MAX], size[32];
	uint8_t block[4096] = {1};
	struct store *s;
	struct err err;

	unit_directory_make(dir);
	/* each size is full at another write */
	for (unsigned pages = 18; pages < 60; pages += 2) {
		uint64_t before;
		int fd;

		snprintf(size, sizeof size, "size=%uk", 4 * pages);
		if (!small_disk_mount(size))
			break;
		ck_assert_msg(store_create(dir, &err) == 0, "%s", err.text);
		s = store_get_locked();
		fd = open(unit_path(path, dir, "cells/ballast"),
		    O_WRONLY | O_CREAT, 0600);
		while (generation_write(s, &err) == 0 &&
		       write(fd, block, sizeof block) == sizeof block)
			;
		close(fd);
		ck_assert_msg(strstr(err.text, "No space left") ||
				  err.code == 0 ||
				  strstr(err.text, "out of memory"),
		    "%s", err.text);
		before = store_check(s);
		for (unsigned i = 0; i < 3; i++) {
			generation_write(s, &err);
			ck_assert_uint_ge(store_check(s), before);
		}
		unlink(path);
		store_close(&s);
		s = store_get_locked();
		if (before) {
			ck_assert_msg(store_retain(s, 1, NULL, 0, &err) == 0,
			    "%s", err.text);
			ck_assert_uint_ge(store_check(s), before);
		}
		store_close(&s);
		ck_assert_int_eq(umount(dir), 0);
	}
	unit_directory_remove(dir);
}
END_TEST

START_TEST(test_read_only_file_system)
{
	struct store_current now;
	struct store *s;
	struct err err;

	unit_directory_make(dir);
	if (small_disk_mount("size=1m")) {
		ck_assert_int_eq(store_create(dir, &err), 0);
		s = store_get_locked();
		ck_assert_int_eq(generation_write(s, &err), 0);
		store_close(&s);
		ck_assert_int_eq(
		    mount(NULL, dir, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
		ck_assert_msg(store_open(&s, dir, STORE_READ_ONLY, &err) == 0,
		    "%s", err.text);
		ck_assert_int_eq(store_current_read(s, &now, &err), 0);
		ck_assert_uint_eq(now.activation, 1);
		ck_assert_uint_eq(store_check(s), 1);
		ck_assert(!store_is_locked(s, STORE_LOCK_OWNER));
		ck_assert_int_eq(store_sync(s, &err), ERR_USAGE);
		store_close(&s);
		/* asked to write: an error, not a crash */
		ck_assert_int_eq(store_open(&s, dir, 0, &err), 0);
		ck_assert_int_eq(store_lock(s, STORE_LOCK_OWNER, &err), ERR_IO);
		ck_assert_int_lt(generation_write(s, &err), 0);
		store_close(&s);
		ck_assert_int_eq(umount(dir), 0);
	}
	unit_directory_remove(dir);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {test_killed_at_each_step,
	    test_killed_at_random, test_each_call_fails, test_full_disk,
	    test_read_only_file_system};
	Suite *suite = suite_create("store_crash");
	SRunner *runner = srunner_create(suite);
	int failed;

	/* kill -9 needs no disk, and hundreds of syncs are slow on one */
	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 0);
	for (unsigned i = 0; i < sizeof tests / sizeof *tests; i++) {
		TCase *tcase = tcase_create(tests[i]->name);

		tcase_set_timeout(tcase, 120);
		tcase_add_test(tcase, tests[i]);
		suite_add_tcase(suite, tcase);
	}
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
