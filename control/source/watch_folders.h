/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The folders of watched files and their inotify watches: events in, names of
 * files out. Private to watch.c. One thread; allocates a folder each.
 */
#ifndef HOLDFAST_WATCH_FOLDERS_H
#define HOLDFAST_WATCH_FOLDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct watch_folder {
	char *path; /* ends with a slash, or is "" for the working directory */
	int wd;     /* -1: inotify does not see it; the scan does */
	unsigned files;
	unsigned links; /* of them, those that are symbolic links */
	struct watch_folder *next_of_wd;
};

struct watch_folders {
	int fd;        /* inotify; -1: none */
	void *by_path; /* tsearch(3) */
	struct watch_folder **all;
	size_t count, cap;
	struct watch_folder **by_wd; /* first of a chain, by descriptor */
	size_t wds;
};

/* What an event means to the owner of the files. */
struct watch_folders_events {
	/* something happened to this name; `moved_in`: another file was renamed
	 * to it */
	void (*name)(void *arg, struct watch_folder *folder, const char *name,
	    bool moved_in);
	/* anything may have happened: in the folder, or anywhere (NULL) */
	void (*all)(void *arg, struct watch_folder *folder);
	void *arg;
};

int watch_folders_open(struct watch_folders *f, bool inotify, struct err *err);
void watch_folders_close(struct watch_folders *f);

/* The folder of a path (counted once more), NULL: out of memory. */
struct watch_folder *watch_folders_take(
    struct watch_folders *f, const char *path);
void watch_folders_release(
    struct watch_folders *f, struct watch_folder *folder);

/* Adds watches that are missing, moves those whose folder is now another. */
void watch_folders_refresh(struct watch_folders *f);

/* Takes all events that are there. */
void watch_folders_read(
    struct watch_folders *f, const struct watch_folders_events *to);

#endif
