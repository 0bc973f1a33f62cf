/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Records of quarantined queries: written, listed, released, removed.
 */
#include "dataplane/guard/quarantine_file.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/unit/unit_run.h"

static char dir[UNIT_PATH_MAX];
static int dir_fd;

static void
folder_make(void)
{
	unit_directory_make(dir);
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY);
	ck_assert_int_ge(dir_fd, 0);
}

static void
folder_remove(void)
{
	close(dir_fd);
	unit_directory_remove(dir);
}

/* Query number i, crashed at i + 1. */
static void
record_put(unsigned i, uint64_t expires_at)
{
	uint8_t message[20] = {(uint8_t)(i * 7), 1, [12] = (uint8_t)i};
	struct quarantine_record r = {.crashed_at = i + 1,
	    .expires_at = expires_at,
	    .signal = 11,
	    .program = "holdfast-sockets",
	    .build = "0.1",
	    .stream = i % 2,
	    .hung = i % 3 == 0,
	    .client_bytes = i % 2 ? 4 : 16,
	    .client = {192, 0, 2, 1},
	    .capacity = 2000};
	struct err err = {0};

	bytes_append(&r.message, message, sizeof message);
	quarantine_id(r.id, message, sizeof message);
	ck_assert_msg(
	    quarantine_record_write(dir_fd, &r, &err) == 0, "%s", err.text);
	quarantine_record_fini(&r);
}

static size_t
list(struct quarantine_record **out)
{
	struct err err = {0};
	size_t n = 0;

	ck_assert_msg(
	    quarantine_list(out, &n, dir_fd, NULL, &err) == 0, "%s", err.text);
	return n;
}

START_TEST(what_is_written_is_listed_newest_first)
{
	struct quarantine_record *r;

	folder_make();
	for (unsigned i = 0; i < 4; i++)
		record_put(i, 100 + i);
	ck_assert_uint_eq(list(&r), 4);
	for (unsigned i = 0; i < 4; i++) {
		const struct quarantine_record *x = &r[3 - i];

		ck_assert_uint_eq(x->crashed_at, i + 1);
		ck_assert_uint_eq(x->expires_at, 100 + i);
		ck_assert_uint_eq(x->stream, i % 2);
		ck_assert_uint_eq(x->hung, i % 3 == 0);
		ck_assert_uint_eq(x->message.len, 20);
		ck_assert_uint_eq(x->message.data[12], i);
		ck_assert_uint_eq(x->capacity, 2000);
		ck_assert_str_eq(x->program, "holdfast-sockets");
		ck_assert(!x->released);
	}
	quarantine_list_free(&r, 4);
	folder_remove();
}
END_TEST

START_TEST(released_until_it_crashes_again)
{
	struct quarantine_record *r;
	char id[QUARANTINE_NAME_MAX];
	struct err err;

	folder_make();
	record_put(1, 100);
	list(&r);
	strcpy(id, r[0].id);
	quarantine_list_free(&r, 1);
	ck_assert_int_eq(quarantine_release(dir_fd, "../etc", &err), ERR_USAGE);
	ck_assert_int_eq(quarantine_release(dir_fd, "0123456789abcdef", &err),
	    ERR_NOT_FOUND);
	ck_assert_int_eq(quarantine_release(dir_fd, id, &err), 0);
	ck_assert_int_eq(quarantine_release(dir_fd, id, &err), ERR_NOT_FOUND);
	ck_assert_uint_eq(list(&r), 1);
	ck_assert(r[0].released);
	quarantine_list_free(&r, 1);
	record_put(1, 100);
	ck_assert_uint_eq(list(&r), 1);
	ck_assert(!r[0].released);
	quarantine_list_free(&r, 1);
	folder_remove();
}
END_TEST

START_TEST(those_not_in_force_go_first)
{
	struct quarantine_record *r;

	folder_make();
	for (unsigned i = 0; i < 10; i++)
		record_put(i, i % 2 ? 50 : 500);
	quarantine_prune(dir_fd, 6, 100); /* 4 of the 5 that have expired */
	ck_assert_uint_eq(list(&r), 6);
	ck_assert_uint_eq(r[0].crashed_at, 10);
	quarantine_list_free(&r, 6);
	quarantine_prune(dir_fd, 2, 100);
	ck_assert_uint_eq(list(&r), 2);
	ck_assert_uint_eq(r[0].crashed_at, 9);
	ck_assert_uint_eq(r[1].crashed_at, 7);
	quarantine_list_free(&r, 2);
	folder_remove();
}
END_TEST

START_TEST(damaged_ones_are_left_out)
{
	static const char *const bad[] = {"", "holdfast-quarantine 1\n",
	    "holdfast-quarantine 2\nprogram a 1\n",
	    "holdfast-quarantine 1\nprogram a 1\ncrashed 1\nexpires 2\n"
	    "signal 1\nreplay crash\ntransport udp\nclient -\ncapacity 1\n"
	    "generation 00\nmessage 00\n",
	    /* sound but for a sign */
	    "holdfast-quarantine 1\nprogram a 1\ncrashed 1\nexpires 2\n"
	    "signal -4\nreplay crash\ntransport udp\nclient -\n"
	    "capacity 2000\ngeneration "
	    "0101010101010101010101010101010101010101010101010101010101010101"
	    "\nmessage 000101000001000000000001\n"};
	struct quarantine_record *r;
	struct err err;

	folder_make();
	for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
		ck_assert_int_ne(
		    quarantine_record_parse(&(struct quarantine_record){0},
			bad[i], strlen(bad[i]), &err),
		    0);
		ck_assert_int_eq(
		    file_write(dir_fd, "0123456789abcdef.query", 0600, bad[i],
			strlen(bad[i]), FILE_REPLACE, &err),
		    0);
		ck_assert_uint_eq(list(&r), 0);
		quarantine_list_free(&r, 0);
	}
	/* sound, under another's name */
	record_put(1, 100);
	list(&r);
	ck_assert_str_ne(r[0].id, "fedcba9876543210");
	quarantine_list_free(&r, 1);
	folder_remove();
}
END_TEST

UNIT_MAIN("quarantine_file", what_is_written_is_listed_newest_first,
    released_until_it_crashes_again, those_not_in_force_go_first,
    damaged_ones_are_left_out)
