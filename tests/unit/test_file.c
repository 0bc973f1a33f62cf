/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Files: atomic writing, no leftovers, refusals, a full disk.
 */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/unit_run.h"

static char dir[UNIT_PATH_MAX];
static int dir_fd;

static void
scratch_open(void)
{
	unit_directory_make(dir);
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(dir_fd, 0);
}

static void
scratch_close(void)
{
	close(dir_fd);
	unit_directory_remove(dir);
}

/* Entries of a directory, "." and ".." not counted. */
static int
entries(const char *path)
{
	DIR *d = opendir(path);
	int n = -2;

	ck_assert_ptr_nonnull(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void
expect_content(const char *name, const char *want)
{
	struct bytes b = {0};
	struct err err = {0};

	ck_assert_msg(
	    file_read(dir_fd, name, 1 << 20, &b, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(b.len, strlen(want));
	ck_assert_mem_eq(b.data, want, b.len);
	bytes_fini(&b);
}

START_TEST(writes_and_reads_back)
{
	struct err err = {0};
	struct bytes b = {0};
	struct stat st;

	scratch_open();
	umask(077); /* the mode asked for counts */
	ck_assert_int_eq(
	    file_write(dir_fd, "a", 0644, "hello", 5, FILE_SYNC, &err), 0);
	expect_content("a", "hello");
	ck_assert_int_eq(fstatat(dir_fd, "a", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0644);
	ck_assert_uint_eq(st.st_nlink, 1);
	ck_assert_int_eq(file_write(dir_fd, "b", 0600, "", 0, 0, &err), 0);
	expect_content("b", "");
	ck_assert_int_eq(entries(dir), 2);

	bytes_append(&b, "x", 1); /* appended to what is there */
	ck_assert_int_eq(file_read(dir_fd, "a", 5, &b, &err), 0);
	ck_assert_uint_eq(b.len, 6);
	ck_assert_mem_eq(b.data, "xhello", 6);
	bytes_fini(&b);
	scratch_close();
}
END_TEST

START_TEST(exists_or_replaces)
{
	struct err err = {0};

	scratch_open();
	ck_assert_int_eq(file_write(dir_fd, "a", 0644, "1", 1, 0, &err), 0);
	ck_assert_int_eq(
	    file_write(dir_fd, "a", 0644, "2", 1, FILE_SYNC, &err), ERR_EXISTS);
	ck_assert_int_eq(err.code, ERR_EXISTS);
	ck_assert_ptr_nonnull(strstr(err.text, "a: "));
	expect_content("a", "1");
	ck_assert_int_eq(file_write(dir_fd, "a", 0644, "3", 1,
			     FILE_REPLACE | FILE_SYNC, &err),
	    0);
	expect_content("a", "3");
	ck_assert_int_eq(entries(dir), 1);
	scratch_close();
}
END_TEST

/* A reader that opened the old file keeps the old bytes. */
START_TEST(replacing_leaves_the_old_file_whole)
{
	char buf[8] = "";
	int fd;

	scratch_open();
	ck_assert_int_eq(file_write(dir_fd, "a", 0644, "old", 3, 0, NULL), 0);
	fd = openat(dir_fd, "a", O_RDONLY);
	ck_assert_int_eq(
	    file_write(dir_fd, "a", 0644, "newer", 5, FILE_REPLACE, NULL), 0);
	ck_assert_int_eq(read(fd, buf, sizeof buf), 3);
	ck_assert_str_eq(buf, "old");
	close(fd);
	scratch_close();
}
END_TEST

START_TEST(paths_with_directories)
{
	struct err err = {0};
	char path[UNIT_PATH_MAX];

	scratch_open();
	ck_assert_int_eq(mkdirat(dir_fd, "sub", 0755), 0);
	ck_assert_int_eq(
	    file_write(dir_fd, "sub/f", 0644, "x", 1, FILE_SYNC, &err), 0);
	expect_content("sub/f", "x");
	unit_path(path, dir, "sub/g"); /* absolute: dir_fd does not matter */
	ck_assert_int_eq(
	    file_write(AT_FDCWD, path, 0644, "y", 1, FILE_SYNC, &err), 0);
	expect_content("sub/g", "y");
	ck_assert_int_eq(entries(unit_path(path, dir, "sub")), 2);
	ck_assert_int_eq(
	    file_write(dir_fd, "none/f", 0644, "x", 1, 0, &err), ERR_IO);
	ck_assert_ptr_nonnull(strstr(err.text, "none/f"));
	scratch_close();
}
END_TEST

/* A temporary file of a dead process with our id is no obstacle. */
START_TEST(stale_temporary_file)
{
	char name[64];

	scratch_open();
	for (int i = 0; i < 8; i++) {
		snprintf(name, sizeof name, FILE_TEMPORARY_PREFIX "%ld-%d",
		    (long)getpid(), i);
		close(openat(dir_fd, name, O_CREAT | O_WRONLY, 0600));
	}
	ck_assert_int_eq(file_write(dir_fd, "a", 0644, "x", 1, 0, NULL), 0);
	expect_content("a", "x");
	ck_assert_int_eq(entries(dir), 8); /* one was taken over */
	scratch_close();
}
END_TEST

START_TEST(refuses_what_is_no_file)
{
	struct bytes b = {0};
	struct err err = {0};

	scratch_open();
	ck_assert_int_eq(file_read(dir_fd, "none", 9, &b, &err), ERR_NOT_FOUND);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "none"));
	ck_assert_int_eq(file_read(dir_fd, ".", 9, &b, &err), ERR_IO);
	ck_assert_ptr_nonnull(strstr(err.text, "directory"));
	ck_assert_int_eq(file_read(AT_FDCWD, "/dev/zero", 9, &b, &err), ERR_IO);
	ck_assert_ptr_nonnull(strstr(err.text, "device"));
	ck_assert_int_eq(mkfifoat(dir_fd, "fifo", 0600), 0);
	ck_assert_int_eq(file_read(dir_fd, "fifo", 9, &b, &err), ERR_IO);
	ck_assert_uint_eq(b.len, 0);
	bytes_fini(&b);
	scratch_close();
}
END_TEST

START_TEST(refuses_what_is_too_large)
{
	struct bytes b = {0};
	struct err err = {0};

	scratch_open();
	bytes_append(&b, "keep", 4);
	ck_assert_int_eq(file_write(dir_fd, "a", 0644, "12345", 5, 0, NULL), 0);
	ck_assert_int_eq(file_read(dir_fd, "a", 4, &b, &err), ERR_LIMIT);
	ck_assert_uint_eq(b.len, 4);
	ck_assert_int_eq(file_read(dir_fd, "a", 5, &b, &err), 0);
	ck_assert_uint_eq(b.len, 9);
	bytes_clear(&b);
	/* says size 0, but has bytes: the limit holds all the same */
	ck_assert_int_eq(
	    file_read(AT_FDCWD, "/proc/self/status", 10, &b, &err), ERR_LIMIT);
	ck_assert_uint_eq(b.len, 0);
	ck_assert_int_eq(
	    file_read(AT_FDCWD, "/proc/self/status", 65536, &b, &err), 0);
	ck_assert_uint_gt(b.len, 10);
	bytes_fini(&b);
	scratch_close();
}
END_TEST

START_TEST(makes_directories)
{
	struct err err = {0};
	char path[UNIT_PATH_MAX];

	scratch_open();
	unit_path(path, dir, "a/b//c/");
	ck_assert_msg(
	    file_make_directories(path, 0755, &err) == 0, "%s", err.text);
	ck_assert_int_eq(file_make_directories(path, 0755, &err), 0);
	ck_assert_int_eq(faccessat(dir_fd, "a/b/c", X_OK, 0), 0);
	ck_assert_int_eq(file_write(dir_fd, "f", 0644, "", 0, 0, NULL), 0);
	unit_path(path, dir, "f/x");
	ck_assert_int_eq(file_make_directories(path, 0755, &err), ERR_EXISTS);
	ck_assert_ptr_nonnull(strstr(err.text, "no directory"));
	ck_assert_int_eq(file_make_directories("", 0755, &err), ERR_USAGE);
	scratch_close();
}
END_TEST

/* Each size from "nothing fits" to "all fits": all or nothing is there, and
 * what was there before stays. */
START_TEST(full_disk)
{
	static char data[200000];
	struct err err = {0};
	int full = 0;

	scratch_open();
	if (mount("tmpfs", dir, "tmpfs", 0, "size=128k,mode=0755") < 0) {
		printf("SKIP full_disk: cannot mount a tmpfs: %s\n",
		    strerror(errno));
		scratch_close();
		return;
	}
	close(dir_fd);
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(file_write(dir_fd, "a", 0644, "old", 3, 0, &err), 0);
	for (size_t bytes = 0; bytes <= sizeof data; bytes += 10000) {
		int rc = file_write(dir_fd, "a", 0644, data, bytes,
		    FILE_REPLACE | FILE_SYNC, &err);

		ck_assert_int_eq(entries(dir), 1);
		if (rc == 0) {
			ck_assert_int_eq(file_write(dir_fd, "a", 0644, "old", 3,
					     FILE_REPLACE, &err),
			    0);
			continue;
		}
		full++;
		ck_assert_int_eq(rc, ERR_IO);
		ck_assert_ptr_nonnull(strstr(err.text, strerror(ENOSPC)));
		expect_content("a", "old");
	}
	ck_assert_int_gt(full, 0);
	close(dir_fd);
	ck_assert_int_eq(umount(dir), 0);
	ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

UNIT_MAIN("file", writes_and_reads_back, exists_or_replaces,
    replacing_leaves_the_old_file_whole, paths_with_directories,
    stale_temporary_file, refuses_what_is_no_file, refuses_what_is_too_large,
    makes_directories, full_disk)
