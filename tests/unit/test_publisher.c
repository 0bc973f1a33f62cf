/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of control/publish/publisher.c without a data plane: `current` is
 * its own. With one: tests/system/test_dataplane_kill.py.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/unit/publish_rig.h"

static struct publish_rig r;
static struct err err;

START_TEST(test_one_owner)
{
	struct publisher second = {0};

	publish_rig_open(&r);
	ck_assert(!r.live.dataplane);
	ck_assert_uint_eq(r.live.activation, 0);
	ck_assert(digest_is_zero(&r.live.generation));
	ck_assert_int_eq(
	    publisher_open(&second, r.store_dir, r.run_dir, &err), ERR_BUSY);
	ck_assert_ptr_nonnull(strstr(err.text, r.store_dir));
	publisher_close(&r.p);
	ck_assert_int_eq(
	    publisher_open(&second, r.store_dir, r.run_dir, &err), 0);
	publisher_close(&second);
	publish_rig_close(&r);
}
END_TEST

static void
words_collect(void *arg, const char *word)
{
	strcat(strcat(arg, word), " ");
}

START_TEST(test_publish)
{
	char words[64] = "";
	struct digest made;
	uint64_t activation = 0;

	publish_rig_open(&r);
	ck_assert_uint_eq(publisher_committed_at(&r.p, &r.live), 0);
	made = publish_rig_compile(&r, 1, 1);
	ck_assert_int_eq(publisher_publish(&r.p, &r.live, &made, words_collect,
			     words, &activation, &err),
	    0);
	ck_assert_str_eq(words, "activating committing ");
	ck_assert_uint_eq(activation, 1);
	ck_assert_int_eq(publisher_live(&r.p, &r.live, &err), 0);
	ck_assert(digest_equal(&r.live.generation, &made));
	ck_assert_int_lt(
	    labs((long)publisher_committed_at(&r.p, &r.live) - time(NULL)),
	    600);
	publish_rig_close(&r);
}
END_TEST

START_TEST(test_stale)
{
	struct publisher_live before, now;
	struct digest made;
	uint64_t activation = 0;

	publish_rig_open(&r);
	publish_rig_publish(&r, 1, 1);
	before = r.live;
	made = publish_rig_compile(&r, 2, 1);
	publish_rig_publish(&r, 3, 1);
	ck_assert_int_eq(publisher_publish(&r.p, &before, &made,
			     publish_rig_step, NULL, &activation, &err),
	    ERR_STALE);
	ck_assert_int_eq(publisher_rollback(&r.p, &before, &before.generation,
			     &activation, &err),
	    ERR_STALE);
	ck_assert_int_eq(publisher_live(&r.p, &now, &err), 0);
	ck_assert(digest_equal(&now.generation, &r.live.generation));
	ck_assert_uint_eq(now.activation, r.live.activation);
	publish_rig_close(&r);
}
END_TEST

START_TEST(test_publish_what_is_not_there)
{
	struct digest none = {{1, 2, 3}};
	struct publisher_live now;
	uint64_t activation = 0;

	publish_rig_open(&r);
	publish_rig_publish(&r, 1, 1);
	ck_assert_int_lt(publisher_publish(&r.p, &r.live, &none,
			     publish_rig_step, NULL, &activation, &err),
	    0);
	ck_assert_int_eq(publisher_live(&r.p, &now, &err), 0);
	ck_assert(digest_equal(&now.generation, &r.live.generation));
	/* the commit lock was given back */
	publish_rig_publish(&r, 2, 1);
	publish_rig_close(&r);
}
END_TEST

START_TEST(test_rollback_condemns_what_differs)
{
	struct store_condemned *list;
	struct digest first, left;
	uint64_t activation = 0;
	size_t count;

	publish_rig_open(&r);
	first = publish_rig_publish(&r, 1, 1);
	left = publish_rig_publish(&r, 2, 1);
	ck_assert_int_eq(
	    publisher_rollback(&r.p, &r.live, &first, &activation, &err), 0);
	ck_assert_uint_eq(activation, 3);
	ck_assert_int_eq(publisher_live(&r.p, &r.live, &err), 0);
	ck_assert(digest_equal(&r.live.generation, &first));
	ck_assert_int_eq(
	    store_condemned_read(r.p.store, &list, &count, &err), 0);
	ck_assert_uint_eq(count, 1); /* the slot of a.test. */
	ck_assert(digest_equal(&list[0].generation, &left));
	free(list);
	publish_rig_close(&r);
}
END_TEST

/* A data plane that holds the commit lock and does not talk. */
START_TEST(test_deaf_data_plane)
{
	struct store *other;
	uint64_t activation = 0;
	struct digest made;

	publish_rig_open(&r);
	publish_rig_publish(&r, 1, 1);
	made = publish_rig_compile(&r, 2, 1);
	ck_assert_int_eq(store_open(&other, r.store_dir, 0, &err), 0);
	ck_assert_int_eq(store_lock(other, STORE_LOCK_COMMIT, &err), 0);
	ck_assert_int_eq(publisher_live(&r.p, &r.live, &err), ERR_UNAVAILABLE);
	ck_assert_ptr_nonnull(strstr(err.text, "commit lock"));
	r.live.activation = 1;
	ck_assert_int_eq(publisher_publish(&r.p, &r.live, &made,
			     publish_rig_step, NULL, &activation, &err),
	    ERR_BUSY);
	store_close(&other);
	publish_rig_close(&r);
}
END_TEST

static size_t
generations_count(void)
{
	char path[UNIT_PATH_MAX];
	DIR *d = opendir(unit_path(path, r.store_dir, "generations"));
	size_t n = 0;

	ck_assert_ptr_nonnull(d);
	for (struct dirent *e; (e = readdir(d)) != NULL;)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

START_TEST(test_retention)
{
	struct digest first;

	publish_rig_open(&r);
	r.p.retain = 2;
	first = publish_rig_publish(&r, 1, 1);
	for (unsigned i = 2; i < 8; i++)
		publish_rig_publish(&r, i, 1);
	ck_assert_uint_eq(generations_count(), 7);
	ck_assert_int_eq(publisher_retain(&r.p, &r.live, &first, 1, &err), 0);
	ck_assert_uint_eq(generations_count(), 3);
	ck_assert(store_has(r.p.store, STORE_GENERATION, &first));
	ck_assert(store_has(r.p.store, STORE_GENERATION, &r.live.generation));
	publish_rig_close(&r);
}
END_TEST

UNIT_MAIN("publisher", test_one_owner, test_publish, test_stale,
    test_publish_what_is_not_there, test_rollback_condemns_what_differs,
    test_deaf_data_plane, test_retention)
