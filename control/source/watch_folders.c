/* SPDX-License-Identifier: BSD-2-Clause
 *
 * inotify on the folders of zone files, see watch_folders.h. Folders and not
 * files are watched: a file that is replaced by a rename takes its watch with
 * it, and a hundred thousand files are in few folders. Used by watch.c, in the
 * event loop of holdfastd.
 */
#include "control/source/watch_folders.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

static const uint32_t folder_mask =
    IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_CREATE | IN_DELETE |
    IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

static int
compare_folders(const void *a, const void *b)
{
	const struct watch_folder *x = a, *y = b;

	return strcmp(x->path, y->path);
}

int
watch_folders_open(struct watch_folders *f, bool inotify, struct err *err)
{
	*f = (struct watch_folders){.fd = -1};
	if (!inotify)
		return 0;
	f->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (f->fd < 0)
		return err_set_errno(
		    err, "inotify (raise fs.inotify.max_user_instances)");
	return 0;
}

static void
folder_free(struct watch_folder *folder)
{
	if (folder)
		free(folder->path);
	free(folder);
}

void
watch_folders_close(struct watch_folders *f)
{
	for (size_t i = 0; i < f->count; i++) {
		tdelete(f->all[i], &f->by_path, compare_folders);
		folder_free(f->all[i]);
	}
	free(f->all);
	free(f->by_wd);
	if (f->fd >= 0)
		close(f->fd);
	*f = (struct watch_folders){.fd = -1};
}

/* --- descriptors: two paths may lead to one folder, which has one --- */

static void
unlink_wd(struct watch_folders *f, struct watch_folder *folder)
{
	struct watch_folder **at;

	if (folder->wd < 0)
		return;
	at = &f->by_wd[folder->wd];
	while (*at != folder)
		at = &(*at)->next_of_wd;
	*at = folder->next_of_wd;
	if (!f->by_wd[folder->wd])
		inotify_rm_watch(f->fd, folder->wd);
	folder->wd = -1;
}

static bool
link_wd(struct watch_folders *f, struct watch_folder *folder, int wd)
{
	struct watch_folder **grown;
	size_t wds = f->wds;

	if ((size_t)wd >= wds) {
		wds = ((size_t)wd + 1) * 2;
		grown = realloc(f->by_wd, wds * sizeof(*grown));
		if (!grown)
			return false;
		memset(grown + f->wds, 0, (wds - f->wds) * sizeof(*grown));
		f->by_wd = grown;
		f->wds = wds;
	}
	folder->wd = wd;
	folder->next_of_wd = f->by_wd[wd];
	f->by_wd[wd] = folder;
	return true;
}

/* A folder that can't be watched (not there, no watches left) is scanned. */
static void
refresh_folder(struct watch_folders *f, struct watch_folder *folder)
{
	int wd;

	if (f->fd < 0)
		return;
	wd = inotify_add_watch(
	    f->fd, *folder->path ? folder->path : ".", folder_mask);
	if (wd == folder->wd)
		return;
	unlink_wd(f, folder);
	if (wd >= 0 && !link_wd(f, folder, wd))
		inotify_rm_watch(f->fd, wd);
}

void
watch_folders_refresh(struct watch_folders *f)
{
	for (size_t i = 0; i < f->count; i++)
		refresh_folder(f, f->all[i]);
}

/* --- folders --- */

static struct watch_folder *
folder_new(const char *path, size_t bytes)
{
	struct watch_folder *folder = calloc(1, sizeof *folder);

	if (!folder)
		return NULL;
	folder->wd = -1;
	folder->path = strndup(path, bytes);
	if (folder->path)
		return folder;
	free(folder);
	return NULL;
}

static bool
folders_append(struct watch_folders *f, struct watch_folder *folder)
{
	struct watch_folder **grown;
	size_t cap;

	if (f->count == f->cap) {
		cap = f->cap ? f->cap * 2 : 16;
		grown = realloc(f->all, cap * sizeof(*grown));
		if (!grown)
			return false;
		f->all = grown;
		f->cap = cap;
	}
	if (!tsearch(folder, &f->by_path, compare_folders))
		return false;
	f->all[f->count++] = folder;
	return true;
}

struct watch_folder *
watch_folders_take(struct watch_folders *f, const char *path)
{
	const char *slash = strrchr(path, '/');
	struct watch_folder *folder =
	    folder_new(path, slash ? (size_t)(slash + 1 - path) : 0);
	struct watch_folder **found;

	if (!folder)
		return NULL;
	found = tfind(folder, &f->by_path, compare_folders);
	if (found) {
		folder_free(folder);
		folder = *found;
	} else if (!folders_append(f, folder)) {
		folder_free(folder);
		return NULL;
	} else {
		refresh_folder(f, folder);
	}
	folder->files++;
	return folder;
}

void
watch_folders_release(struct watch_folders *f, struct watch_folder *folder)
{
	size_t i;

	if (--folder->files)
		return;
	for (i = 0; f->all[i] != folder; i++)
		;
	f->all[i] = f->all[--f->count];
	unlink_wd(f, folder);
	tdelete(folder, &f->by_path, compare_folders);
	folder_free(folder);
}

/* --- events --- */

/* The watch is gone: of a folder that was removed, or by inotify_rm_watch(). */
static void
forget_wd(struct watch_folders *f, int wd)
{
	struct watch_folder *folder, *next;

	for (folder = f->by_wd[wd]; folder; folder = next) {
		next = folder->next_of_wd;
		folder->wd = -1;
	}
	f->by_wd[wd] = NULL;
}

static void
read_event(struct watch_folders *f, const struct inotify_event *e,
    const struct watch_folders_events *to)
{
	struct watch_folder *folder, *next;

	if (e->mask & IN_Q_OVERFLOW) {
		to->all(to->arg, NULL);
		return;
	}
	if (e->wd < 0 || (size_t)e->wd >= f->wds)
		return;
	for (folder = f->by_wd[e->wd]; folder; folder = next) {
		next = folder->next_of_wd;
		if (e->mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF))
			to->all(to->arg, folder);
		else if (e->len)
			to->name(
			    to->arg, folder, e->name, e->mask & IN_MOVED_TO);
	}
	if (e->mask & IN_IGNORED)
		forget_wd(f, e->wd);
}

void
watch_folders_read(
    struct watch_folders *f, const struct watch_folders_events *to)
{
	_Alignas(struct inotify_event) char buffer[65536];
	const struct inotify_event *e;
	ssize_t n, at;

	if (f->fd < 0)
		return;
	for (;;) {
		n = read(f->fd, buffer, sizeof buffer);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		for (at = 0; at < n; at += (ssize_t)(sizeof *e + e->len)) {
			e = (const struct inotify_event *)(buffer + at);
			read_event(f, e, to);
		}
	}
}
