/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Files that crashes leave; see crash_files.h.
 */
#include "dataplane/guard/crash_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "dataplane/guard/burst_file.h"

#define SUFFIX_BURST ".burst"
#define SUFFIX_CRASH ".crash"
enum {
	RESERVED_BYTES = 64 << 10,
	NAMES_MAX =
	    1024, /* looked at; what is beyond comes at the next start */
};

typedef char crash_name[CRASH_FILE_NAME_MAX];

static bool
file_lock(int fd)
{
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return fcntl(fd, F_OFD_SETLK, &l) == 0;
}

int
crash_file_create(int *fd, char name[CRASH_FILE_NAME_MAX], int dir_fd,
    const char *program, struct err *err)
{
	/* 13 digits until the year 2286: names sort by time */
	snprintf(name, CRASH_FILE_NAME_MAX, "%s-%013" PRIu64 "-%d" SUFFIX_BURST,
	    program, clock_ms(CLOCK_REALTIME), getpid());
	*fd =
	    openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0660);
	if (*fd < 0)
		return err_set_errno(err, "%s", name);
	if (!file_lock(*fd))
		log_warn("%s: cannot be locked", name);
	/* a promise, not a need */
	(void)fallocate(*fd, FALLOC_FL_KEEP_SIZE, 0, RESERVED_BYTES);
	return 0;
}

static bool
name_fits(const char *name, const char *program, const char *suffix)
{
	size_t n = strlen(name), p = strlen(program), s = strlen(suffix);

	return n < CRASH_FILE_NAME_MAX && n > p + 1 + s &&
	       strncmp(name, program, p) == 0 && name[p] == '-' &&
	       strspn(name + p + 1, "0123456789-") == n - p - 1 - s &&
	       strcmp(name + n - s, suffix) == 0;
}

static int
newest_first(const void *a, const void *b)
{
	return strcmp(b, a);
}

/* Returns how many; *out is freed with free(). */
static size_t
names_list(
    crash_name **out, int dir_fd, const char *program, const char *suffix)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	crash_name *list = calloc(NAMES_MAX, sizeof *list);
	struct dirent *e;
	size_t n = 0;

	*out = list;
	while (d && list && n < NAMES_MAX && (e = readdir(d)) != NULL)
		if (name_fits(e->d_name, program, suffix))
			memcpy(list[n++], e->d_name, strlen(e->d_name) + 1);
	if (d)
		closedir(d);
	else if (fd >= 0)
		close(fd);
	if (list)
		qsort(list, n, sizeof *list, newest_first);
	return n;
}

/* A dead process's file; -1: it lives, or the file is not ours to open. */
static int
dead_open(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (fd >= 0 && !file_lock(fd)) {
		close(fd);
		return -1;
	}
	return fd;
}

static void
file_keep(int dir_fd, const char *name)
{
	char to[CRASH_FILE_NAME_MAX];

	snprintf(to, sizeof to, "%.*s" SUFFIX_CRASH,
	    (int)(strlen(name) - strlen(SUFFIX_BURST)), name);
	if (renameat(dir_fd, name, dir_fd, to))
		unlinkat(dir_fd, name, 0); /* not tried again and again */
}

static void
crashes_prune(int dir_fd, const char *program, unsigned keep)
{
	crash_name *list;
	size_t n = names_list(&list, dir_fd, program, SUFFIX_CRASH);

	for (size_t i = keep; i < n; i++)
		unlinkat(dir_fd, list[i], 0);
	free(list);
}

void
crash_files_take(int dir_fd, const char *program, unsigned most, unsigned keep,
    void (*each)(void *arg, const char *name, const void *data, size_t bytes),
    void *arg)
{
	crash_name *list;
	size_t n = names_list(&list, dir_fd, program, SUFFIX_BURST);
	unsigned taken = 0;

	for (size_t i = 0; i < n; i++) {
		int fd = dead_open(dir_fd, list[i]);
		struct bytes data;
		struct err err;

		if (fd < 0)
			continue;
		bytes_init(&data);
		if (file_read(
			dir_fd, list[i], BURST_FILE_BYTES_MAX, &data, &err))
			log_error("%s", err.text);
		if (data.len && taken < most) {
			taken++;
			each(arg, list[i], data.data, data.len);
			file_keep(dir_fd, list[i]);
		} else {
			unlinkat(dir_fd, list[i], 0);
		}
		bytes_fini(&data);
		close(fd);
	}
	free(list);
	crashes_prune(dir_fd, program, keep);
}
