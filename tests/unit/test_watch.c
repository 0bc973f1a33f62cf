/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of control/source/watch.c and watch_folders.c: real files and real
 * inotify, but the clock is a variable, so nothing sleeps.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "control/source/watch.h"
#include "tests/unit/unit_run.h"

static char dir[UNIT_PATH_MAX];
static struct watch *w;
static int64_t now;
static int a, b; /* their addresses are cookies */

static const char *
path_of(const char *name)
{
	static char ring[4][UNIT_PATH_MAX];
	static unsigned turn;

	return unit_path(ring[turn++ % 4], dir, name);
}

static void
write_file(const char *name, const char *text)
{
	struct err err;

	ck_assert_msg(file_write(AT_FDCWD, path_of(name), 0644, text,
			  strlen(text), FILE_REPLACE, &err) == 0,
	    "%s", err.text);
}

static void
append_file(const char *name, const char *text)
{
	FILE *f = fopen(path_of(name), "a");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static void
start(bool scan_only)
{
	struct watch_options options = {
	    .settle_ms = 200, .scan_ms = 5000, .scan_only = scan_only};
	struct err err;

	now = 1000;
	unit_directory_make(dir);
	ck_assert_msg(watch_open(&w, &options, now, &err) == 0, "%s", err.text);
	ck_assert_int_eq(watch_fd(w) < 0, scan_only);
}

static void
stop(void)
{
	watch_close(&w);
	ck_assert_ptr_null(w);
	unit_directory_remove(dir);
}

static void
add(const char *name, void *cookie)
{
	struct err err;

	ck_assert_int_eq(watch_add(w, path_of(name), cookie, now, &err), 0);
}

/* What is ready after `ms` more: the names, with a space behind each. */
static const char *
ready(int64_t ms)
{
	struct watch_change changes[8];
	static char names[512];
	size_t n, i, at = 0;

	now += ms;
	*names = 0;
	do {
		n = watch_ready(w, now, changes, 2);
		for (i = 0; i < n; i++)
			at += (size_t)snprintf(names + at, sizeof names - at,
			    "%s%s ", strrchr(changes[i].path, '/') + 1,
			    changes[i].cookie == &b ? "(b)" : "");
	} while (n == 2);
	return names;
}

static void
stamp_file(struct zonefile_stamp *s, const char *name)
{
	struct zonefile_stamp_file *f;
	struct stat st;

	s->files = realloc(s->files, (s->count + 1) * sizeof *s->files);
	f = &s->files[s->count++];
	ck_assert_int_eq(stat(path_of(name), &st), 0);
	*f = (struct zonefile_stamp_file){strdup(path_of(name)), st.st_dev,
	    st.st_ino, (uint64_t)st.st_size,
	    st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec,
	    st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec};
}

START_TEST(a_change_is_reported_once_when_it_has_settled)
{
	start(false);
	write_file("z", "1");
	write_file("y", "1");
	add("z", &a);
	add("y", &a);
	ck_assert_str_eq(ready(0), "");
	ck_assert_int_eq(watch_timeout_ms(w, now), 5000);
	append_file("z", "2");
	ck_assert_str_eq(ready(0), "");
	ck_assert_int_eq(watch_timeout_ms(w, now), 200);
	ck_assert_str_eq(ready(199), "");
	ck_assert_int_eq(watch_timeout_ms(w, now), 1);
	ck_assert_str_eq(ready(1), "z ");
	ck_assert_str_eq(ready(300), "");
	ck_assert_str_eq(ready(9000), "");
	stop();
}
END_TEST

START_TEST(a_file_that_is_still_written_is_not_reported)
{
	start(false);
	write_file("z", "1");
	add("z", &a);
	for (int i = 0; i < 10; i++) {
		append_file("z", "more");
		ck_assert_str_eq(ready(150), "");
	}
	ck_assert_str_eq(ready(200), "z ");
	/* a write that no event told of is seen before the report */
	append_file("z", "more");
	ck_assert_str_eq(ready(0), "");
	now += 200;
	append_file("z", "more");
	ck_assert_str_eq(ready(0), "");
	ck_assert_str_eq(ready(200), "z ");
	stop();
}
END_TEST

START_TEST(renames_removals_and_new_files_are_seen)
{
	start(false);
	write_file("z", "1");
	add("z", &a);
	add("later", &a);
	write_file("z", "2"); /* by a rename */
	ck_assert_str_eq(ready(0), "z ");
	ck_assert_str_eq(ready(200), "");
	ck_assert_int_eq(unlink(path_of("z")), 0);
	write_file("later", "1");
	ck_assert_str_eq(ready(0), "later ");
	ck_assert_str_eq(ready(200), "z ");
	/* there and gone again: nothing has changed */
	append_file("z", "3");
	ck_assert_str_eq(ready(0), "");
	ck_assert_int_eq(unlink(path_of("z")), 0);
	ck_assert_str_eq(ready(0), "");
	ck_assert_str_eq(ready(200), "");
	stop();
}
END_TEST

START_TEST(a_file_that_was_renamed_into_place_is_whole)
{
	struct zonefile_stamp stamp = {0};
	struct err err;

	start(false);
	write_file("y", "1");
	write_file("z", "1");
	add("y", &a);
	add("z", &a);
	ck_assert(!watch_is_whole(w, path_of("z")));
	ck_assert(!watch_is_whole(w, path_of("none")));
	/* it does not wait behind one that is being written */
	append_file("y", "2");
	ck_assert_str_eq(ready(100), "");
	write_file("z", "2");
	ck_assert_str_eq(ready(0), "z ");
	ck_assert(watch_is_whole(w, path_of("z")));
	ck_assert(!watch_is_whole(w, path_of("y")));
	ck_assert_str_eq(ready(200), "y ");
	/* read as young as it is, it is read again only if it is touched */
	stamp_file(&stamp, "z");
	stamp.racy = true;
	ck_assert_int_eq(watch_follow(w, NULL, &stamp, &a, now, &err), 0);
	ck_assert_str_eq(ready(300), "");
	/* a write that no event told of yet, and then the event */
	append_file("z", "3");
	ck_assert(!watch_is_whole(w, path_of("z")));
	ck_assert_str_eq(ready(0), "");
	ck_assert(!watch_is_whole(w, path_of("z")));
	ck_assert_str_eq(ready(200), "z ");
	/* renamed, and written on before anybody looked */
	write_file("z", "4");
	append_file("z", "5");
	ck_assert_str_eq(ready(0), "");
	ck_assert(!watch_is_whole(w, path_of("z")));
	ck_assert_str_eq(ready(200), "z ");
	/* a change that keeps size and time shows after a racy read alone */
	write_file("z", "6");
	ck_assert_str_eq(ready(0), "z ");
	zonefile_stamp_fini(&stamp);
	stamp_file(&stamp, "z");
	stamp.racy = true;
	ck_assert_int_eq(watch_follow(w, NULL, &stamp, &a, now, &err), 0);
	ck_assert_int_eq(close(open(path_of("z"), O_WRONLY)), 0);
	ck_assert_str_eq(ready(0), "");
	ck_assert_str_eq(ready(200), "z ");
	zonefile_stamp_fini(&stamp);
	stop();
}
END_TEST

/* What a link leads to may be in the making. */
START_TEST(a_link_that_was_renamed_into_place_settles)
{
	start(false);
	write_file("target", "1");
	write_file("z", "1");
	add("z", &a);
	ck_assert_int_eq(symlink("target", path_of("new")), 0);
	ck_assert_int_eq(rename(path_of("new"), path_of("z")), 0);
	ck_assert_str_eq(ready(0), "");
	ck_assert(!watch_is_whole(w, path_of("z")));
	ck_assert_str_eq(ready(200), "z ");
	stop();
}
END_TEST

START_TEST(the_scan_finds_what_inotify_does_not_see)
{
	start(true);
	write_file("z", "1");
	add("z", &a);
	append_file("z", "2");
	ck_assert_str_eq(ready(4999), "");
	ck_assert_str_eq(ready(1), "");
	ck_assert_int_eq(watch_timeout_ms(w, now), 200);
	ck_assert_str_eq(ready(200), "z ");
	append_file("z", "2");
	watch_scan(w);
	ck_assert_int_eq(watch_timeout_ms(w, now), 0);
	ck_assert_str_eq(ready(0), "");
	ck_assert_str_eq(ready(200), "z ");
	stop();
}
END_TEST

START_TEST(a_folder_that_comes_later_or_goes_is_watched_again)
{
	start(false);
	add("sub/z", &a);
	ck_assert_str_eq(ready(0), "");
	ck_assert_int_eq(mkdir(path_of("sub"), 0755), 0);
	write_file("sub/z", "1");
	/* the scan finds file and folder; from then on events come */
	ck_assert_str_eq(ready(5000), "");
	ck_assert_str_eq(ready(200), "z ");
	append_file("sub/z", "2");
	ck_assert_str_eq(ready(0), "");
	ck_assert_str_eq(ready(200), "z ");
	/* the folder is exchanged for another */
	ck_assert_int_eq(rename(path_of("sub"), path_of("old")), 0);
	ck_assert_int_eq(mkdir(path_of("sub"), 0755), 0);
	write_file("sub/z", "3");
	ck_assert_str_eq(ready(0), "");
	ck_assert_str_eq(ready(200), "z ");
	append_file("sub/z", "4");
	ck_assert_str_eq(ready(0), "");
	ck_assert_str_eq(ready(200), "z ");
	/* and removed */
	ck_assert_int_eq(unlink(path_of("sub/z")), 0);
	ck_assert_int_eq(rmdir(path_of("sub")), 0);
	ck_assert_str_eq(ready(0), "");
	ck_assert_str_eq(ready(200), "z ");
	stop();
}
END_TEST

/* As Kubernetes mounts files: z -> ..data/z, ..data -> a folder. */
START_TEST(a_link_over_a_folder_that_is_exchanged_is_followed)
{
	start(false);
	mkdir(path_of("v1"), 0755);
	mkdir(path_of("v2"), 0755);
	write_file("v1/z", "1");
	write_file("v2/z", "2");
	ck_assert_int_eq(symlink("v1", path_of("..data")), 0);
	ck_assert_int_eq(symlink("..data/z", path_of("z")), 0);
	add("z", &a);
	ck_assert_str_eq(ready(0), "");
	ck_assert_int_eq(symlink("v2", path_of("..new")), 0);
	ck_assert_int_eq(rename(path_of("..new"), path_of("..data")), 0);
	ck_assert_str_eq(ready(0), "");
	ck_assert_str_eq(ready(200), "");
	ck_assert_str_eq(ready(200), "z ");
	/* a plain file takes the link's place */
	write_file("z", "3");
	ck_assert_str_eq(ready(0), "z ");
	stop();
}
END_TEST

START_TEST(every_cookie_of_a_file_hears_of_it)
{
	start(false);
	write_file("z", "1");
	add("z", &a);
	add("z", &b);
	add("z", &b);
	append_file("z", "2");
	ck_assert_str_eq(ready(0), "");
	ck_assert_str_eq(ready(200), "z z(b) ");
	watch_remove(w, path_of("z"), &a);
	watch_remove(w, path_of("z"), &a);
	watch_remove(w, path_of("none"), &a);
	append_file("z", "3");
	ck_assert_str_eq(ready(0), "");
	/* removed while it waits */
	watch_remove(w, path_of("z"), &b);
	ck_assert_str_eq(ready(200), "");
	stop();
}
END_TEST

START_TEST(the_files_of_a_load_are_followed)
{
	struct zonefile_stamp one = {0}, two = {0}, other = {0};
	struct err err;

	start(false);
	write_file("z", "1");
	write_file("i", "1");
	write_file("j", "1");
	stamp_file(&one, "z");
	stamp_file(&one, "i");
	/* changed between the load and now: no event will tell */
	append_file("i", "2");
	ck_assert_int_eq(watch_follow(w, NULL, &one, &a, now, &err), 0);
	ck_assert_str_eq(ready(199), "");
	ck_assert_str_eq(ready(1), "i ");
	/* the next version includes j and not i */
	stamp_file(&two, "z");
	stamp_file(&two, "j");
	ck_assert_int_eq(watch_follow(w, &one, &two, &a, now, &err), 0);
	append_file("i", "3");
	append_file("j", "3");
	ck_assert_str_eq(ready(0), "");
	ck_assert_str_eq(ready(200), "j ");
	/* a file read within a tick of its change is read again */
	two.racy = true;
	ck_assert_int_eq(watch_follow(w, &two, &two, &a, now, &err), 0);
	ck_assert_str_eq(ready(200), "z j ");
	two.racy = false;
	/* another zone reads what is new to both */
	append_file("j", "4");
	stamp_file(&other, "j");
	ck_assert_int_eq(watch_follow(w, NULL, &other, &b, now, &err), 0);
	ck_assert_str_eq(ready(0), "");
	ck_assert_str_eq(ready(200), "j j(b) ");
	zonefile_stamp_fini(&one);
	zonefile_stamp_fini(&two);
	zonefile_stamp_fini(&other);
	stop();
}
END_TEST

enum { MANY = 20000 };

START_TEST(many_files_of_a_folder_are_no_burden)
{
	char name[32];
	struct watch_change changes[64];
	struct timespec t0, t1;
	size_t n, all = 0;
	double s;

	start(false);
	clock_gettime(CLOCK_MONOTONIC, &t0);
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "zone%d", i);
		int fd = open(path_of(name), O_CREAT | O_WRONLY, 0644);

		close(fd);
		add(name, &a);
	}
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "zone%d", i);
		int fd = open(path_of(name), O_WRONLY);

		ck_assert_int_eq(write(fd, "x", 1), 1);
		close(fd);
	}
	/* more events than the queue of the kernel holds: the scan helps */
	do
		watch_ready(w, now, changes, 64);
	while (watch_timeout_ms(w, now) == 0);
	now += 400;
	do {
		n = watch_ready(w, now, changes, 64);
		all += n;
	} while (n || watch_timeout_ms(w, now) == 0);
	ck_assert_uint_eq(all, MANY);
	clock_gettime(CLOCK_MONOTONIC, &t1);
	s = (double)(t1.tv_sec - t0.tv_sec) +
	    (double)(t1.tv_nsec - t0.tv_nsec) / 1e9;
	ck_assert_msg(s < 60, "%f s", s);
	stop();
}
END_TEST

UNIT_MAIN("watch", a_change_is_reported_once_when_it_has_settled,
    a_file_that_is_still_written_is_not_reported,
    renames_removals_and_new_files_are_seen,
    a_file_that_was_renamed_into_place_is_whole,
    a_link_that_was_renamed_into_place_settles,
    the_scan_finds_what_inotify_does_not_see,
    a_folder_that_comes_later_or_goes_is_watched_again,
    a_link_over_a_folder_that_is_exchanged_is_followed,
    every_cookie_of_a_file_hears_of_it, the_files_of_a_load_are_followed,
    many_files_of_a_folder_are_no_burden)
