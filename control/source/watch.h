/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which zone files have changed and come to rest. inotify on their folders says
 * at once that something happened; a scan by stat(2), every scan_ms, finds what
 * inotify can't see: network file systems, links whose target was exchanged,
 * folders that came later, a queue that ran over. A file is reported when it
 * differs from what is known of it and nothing has happened to it for
 * settle_ms: never while somebody writes. Closing it is no sign that the writer
 * is done (scripts append line by line); a rename into place is one, and such a
 * file is reported at once. Used by the event loop of holdfastd,
 * one thread; time comes in as a parameter (milliseconds of any clock that does
 * not jump). Memory: about 300 octets a file; a change costs a search over all
 * paths.
 */
#ifndef HOLDFAST_WATCH_H
#define HOLDFAST_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "control/source/zonefile.h"

struct watch;

struct watch_options {
	unsigned settle_ms; /* 0: 200 */
	unsigned scan_ms;   /* 0: 10000 */
	bool scan_only;     /* no inotify */
};

/* A file that changed, for each cookie that it was added with. A file that is
 * gone has changed too. */
struct watch_change {
	const char *path; /* lives until the file is removed */
	void *cookie;
};

int watch_open(struct watch **out, const struct watch_options *options,
    int64_t now_ms, struct err *err);
void watch_close(struct watch **w);

/* Watches a file, which need not exist. What it looks like now is known. The
 * same path with the same cookie again is no error and changes nothing. */
int watch_add(struct watch *w, const char *path, void *cookie, int64_t now_ms,
    struct err *err);
void watch_remove(struct watch *w, const char *path, void *cookie);

/* After a load: watches the files of its stamp instead of those of the stamp
 * before (NULL: none). What the stamp says is known: a file that has changed
 * since it was read is reported. */
int watch_follow(struct watch *w, const struct zonefile_stamp *before,
    const struct zonefile_stamp *stamp, void *cookie, int64_t now_ms,
    struct err *err);

/* True if all that is known to have happened to the file since it came under
 * this name is the rename that brought it: it need not settle. */
bool watch_is_whole(const struct watch *w, const char *path);

/* For the event loop: readable when watch_ready() has events to take; -1
 * without inotify. */
int watch_fd(const struct watch *w);

/* Takes the events, scans if it is time, and gives up to `most` changes that
 * have settled; call again while it returns `most`. */
size_t watch_ready(
    struct watch *w, int64_t now_ms, struct watch_change *changes, size_t most);

/* Milliseconds until watch_ready() has to be called though watch_fd() is quiet;
 * 0: now. */
int64_t watch_timeout_ms(const struct watch *w, int64_t now_ms);

/* settle_ms anew, for what happens from now on; 0: the default. */
void watch_settle(struct watch *w, unsigned settle_ms);

/* Scan all files from now on, a part each watch_ready(): for `reload`. */
void watch_scan(struct watch *w);

#endif
