/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Counters: what the writer adds a reader sees; a hostile file is refused.
 */
#include "base/counters.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/unit/unit_run.h"

static const char *const names[] = {"verdict{answer}", "verdict{nxdomain}",
    "rx", "cycles_log2{7}", "n5", "n6", "n7", "n8", "n9", "n10", "n11", "n12",
    "n13", "n14", "n15", "n16", "n17"};
static const char *const labels[] = {"core 1", "core 2", "port net0"};
enum { NAMES = 17, BLOCKS = 3 };

static char dir[UNIT_PATH_MAX], path[UNIT_PATH_MAX];

static struct counters *
writer_open(void)
{
	struct counters *c;
	struct err err = {0};

	unit_directory_make(dir);
	unit_path(path, dir, "counters");
	ck_assert_msg(
	    counters_create(&c, path, names, NAMES, labels, BLOCKS, &err) == 0,
	    "%s", err.text);
	return c;
}

START_TEST(reader_sees_the_writer)
{
	struct counters *w = writer_open(), *r;
	struct err err = {0};

	ck_assert_int_eq(counters_open(&r, path, &err), 0);
	ck_assert_uint_eq(counters_names(r), NAMES);
	ck_assert_uint_eq(counters_blocks(r), BLOCKS);
	ck_assert_uint_eq(counters_writer_pid(r), (unsigned)getpid());
	for (unsigned i = 0; i < NAMES; i++)
		ck_assert_str_eq(counters_name(r, i), names[i]);
	for (unsigned i = 0; i < BLOCKS; i++)
		ck_assert_str_eq(counters_label(r, i), labels[i]);
	for (unsigned b = 0; b < BLOCKS; b++) {
		for (unsigned i = 0; i < NAMES; i++) {
			ck_assert_uint_eq(counters_value(r, b, i), 0);
			counters_add(&counters_block(w, b)[i], 100 * b + i);
			counters_add(&counters_block(w, b)[i], 1);
		}
	}
	for (unsigned b = 0; b < BLOCKS; b++) {
		/* a block has its cache lines (and their neighbours) alone */
		ck_assert_uint_eq((uintptr_t)counters_block(w, b) % 128, 0);
		for (unsigned i = 0; i < NAMES; i++)
			ck_assert_uint_eq(
			    counters_value(r, b, i), 100 * b + i + 1);
	}
	counters_close(&r);
	counters_close(&w);
	ck_assert_ptr_null(w);
	counters_close(&w);
	unit_directory_remove(dir);
}
END_TEST

START_TEST(a_new_writer_replaces_the_file)
{
	struct counters *w = writer_open(), *old, *again, *r;

	ck_assert_int_eq(counters_open(&old, path, NULL), 0);
	counters_add(&counters_block(w, 0)[0], 7);
	ck_assert_int_eq(
	    counters_create(&again, path, names, 2, labels, 1, NULL), 0);
	ck_assert_int_eq(counters_open(&r, path, NULL), 0);
	ck_assert_uint_eq(counters_names(r), 2);
	ck_assert_uint_eq(counters_value(r, 0, 0), 0);
	ck_assert_uint_eq(counters_value(old, 0, 0), 7);
	counters_close(&r);
	counters_close(&old);
	counters_close(&again);
	counters_close(&w);
	unit_directory_remove(dir);
}
END_TEST

START_TEST(limits_of_the_writer)
{
	static const char *many[COUNTERS_MAX + 1];
	const char *bad[] = {"", "a\nb",
	    "0123456789012345678901234567890123456789012345678901234567890123"};
	struct counters *w = writer_open(), *c;
	struct err err;

	for (unsigned i = 0; i <= COUNTERS_MAX; i++)
		many[i] = "x";
	ck_assert_int_eq(
	    counters_create(&c, path, many, COUNTERS_MAX + 1, labels, 1, &err),
	    ERR_LIMIT);
	ck_assert_int_eq(
	    counters_create(&c, path, many, 0, labels, 1, &err), ERR_LIMIT);
	ck_assert_int_eq(
	    counters_create(&c, path, many, 1, labels, 0, &err), ERR_LIMIT);
	ck_assert_int_eq(counters_create(&c, path, many, 1, many,
			     COUNTERS_BLOCKS_MAX + 1, &err),
	    ERR_LIMIT);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_lt(
		    counters_create(&c, path, bad + i, 1, labels, 1, &err), 0);
		ck_assert_ptr_null(c);
	}
	ck_assert_int_eq(counters_create(&c, "/nonexistent/dir/counters", many,
			     1, labels, 1, &err),
	    ERR_IO);
	/* the largest there may be */
	ck_assert_int_eq(counters_create(&c, path, many, COUNTERS_MAX, many,
			     COUNTERS_BLOCKS_MAX, &err),
	    0);
	counters_block(c, COUNTERS_BLOCKS_MAX - 1)[COUNTERS_MAX - 1] = 5;
	counters_close(&c);
	ck_assert_int_eq(counters_open(&c, path, &err), 0);
	ck_assert_uint_eq(
	    counters_value(c, COUNTERS_BLOCKS_MAX - 1, COUNTERS_MAX - 1), 5);
	counters_close(&c);
	counters_close(&w);
	unit_directory_remove(dir);
}
END_TEST

/* Opens the bytes as a file; what opens must be readable in full. */
static int
open_bytes(const void *data, size_t n)
{
	struct counters *r;
	struct err err = {0};
	uint64_t sum = 0;
	int rc;

	ck_assert_int_eq(
	    file_write(AT_FDCWD, path, 0644, data, n, FILE_REPLACE, &err), 0);
	rc = counters_open(&r, path, &err);
	if (rc < 0) {
		ck_assert_ptr_null(r);
		ck_assert_ptr_nonnull(strstr(err.text, path));
		return rc;
	}
	for (unsigned b = 0; b < counters_blocks(r); b++) {
		for (unsigned i = 0; i < counters_names(r); i++)
			sum += counters_value(r, b, i) +
			       strlen(counters_name(r, i));
		sum += strlen(counters_label(r, b));
	}
	ck_assert_uint_gt(sum, 0);
	counters_close(&r);
	return 0;
}

START_TEST(hostile_header)
{
	static const uint32_t values[] = {0, 1, 0x7fffffff, 0x80000000,
	    0xffffffff, 0xffffffc0, COUNTERS_MAX, COUNTERS_MAX + 1, 4096};
	struct counters *w = writer_open();
	struct bytes whole = {0};

	ck_assert_int_eq(file_read(AT_FDCWD, path, 1 << 20, &whole, NULL), 0);
	counters_close(&w);
	ck_assert_int_eq(open_bytes(whole.data, whole.len), 0);
	/* every field of 4 bytes up to the time, set to awkward values */
	for (size_t at = 0; at < 36; at += 4) {
		for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
			uint32_t was;

			memcpy(&was, whole.data + at, 4);
			memcpy(whole.data + at, &values[i], 4);
			if (was != values[i])
				ck_assert_int_lt(
				    open_bytes(whole.data, whole.len), 0);
			memcpy(whole.data + at, &was, 4);
		}
	}
	bytes_fini(&whole);
	unit_directory_remove(dir);
}
END_TEST

START_TEST(hostile_texts_and_sizes)
{
	struct counters *w = writer_open();
	struct bytes whole = {0};
	size_t name = sizeof(struct counters_header_d);

	ck_assert_int_eq(file_read(AT_FDCWD, path, 1 << 20, &whole, NULL), 0);
	counters_close(&w);
	for (size_t n = 0; n < whole.len; n += n < 80 ? 1 : 41)
		ck_assert_int_eq(open_bytes(whole.data, n), ERR_CORRUPT);
	memset(whole.data + name, 'x', COUNTERS_NAME_MAX); /* no terminator */
	ck_assert_int_eq(open_bytes(whole.data, whole.len), ERR_CORRUPT);
	memcpy(whole.data + name, "a\033[2J", 6);
	ck_assert_int_eq(open_bytes(whole.data, whole.len), ERR_CORRUPT);
	memcpy(whole.data + name, "", 1);
	ck_assert_int_eq(open_bytes(whole.data, whole.len), ERR_CORRUPT);
	memcpy(whole.data + name, "ok", 3);
	ck_assert_int_eq(open_bytes(whole.data, whole.len), 0);
	name += NAMES * COUNTERS_NAME_MAX;
	memset(whole.data + name, 0xff, COUNTERS_NAME_MAX);
	ck_assert_int_eq(open_bytes(whole.data, whole.len), ERR_CORRUPT);
	bytes_fini(&whole);
	unit_directory_remove(dir);
}
END_TEST

START_TEST(no_such_file)
{
	struct counters *r;
	struct err err;

	unit_directory_make(dir);
	unit_path(path, dir, "counters");
	ck_assert_int_eq(counters_open(&r, path, &err), ERR_NOT_FOUND);
	ck_assert_int_eq(counters_open(&r, dir, &err), ERR_CORRUPT);
	ck_assert_int_eq(counters_open(&r, "/dev/null", &err), ERR_CORRUPT);
	unit_directory_remove(dir);
}
END_TEST

UNIT_MAIN("counters", reader_sees_the_writer, a_new_writer_replaces_the_file,
    limits_of_the_writer, hostile_header, hostile_texts_and_sizes, no_such_file)
