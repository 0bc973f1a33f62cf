/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Changes of zone files, see watch.h. A file that something happened to waits
 * in a queue for settle_ms; each further event, or a stat(2) that differs from
 * the one before, sends it to the queue's end. As all wait equally long, the
 * queue is in the order of its deadlines; a file that was renamed into place is
 * due at once and goes to its head. Used by the event loop of holdfastd.
 */
#include "control/source/watch.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "control/source/watch_folders.h"

enum {
	SETTLE_MS_DEFAULT = 200,
	SCAN_MS_DEFAULT = 10000,
	SCAN_STEP = 4096, /* files a call: a few milliseconds */
};

struct file_state {
	uint64_t device, inode, bytes;
	int64_t modified_ns, changed_ns;
};

struct watch_file {
	char *path;
	struct watch_folder *folder;
	void **cookies;
	unsigned ncookies;
	size_t index; /* in watch.files */
	bool is_link;
	bool forced; /* to be reported whatever it looks like */
	bool racy;   /* `known` would not show a second change: forced, then */
	bool whole;  /* as `seen`, it came by a rename, and no event since */
	bool waiting;
	uint64_t mark; /* of the watch_follow() that named it last */
	struct file_state known, seen;
	int64_t due_ms;
	struct watch_file *before, *after; /* in the queue */
};

struct watch {
	struct watch_folders folders;
	void *by_path; /* tsearch(3) */
	struct watch_file **files;
	size_t count, cap;
	struct watch_file *first, *last; /* of the queue */
	unsigned settle_ms, scan_ms;
	int64_t now_ms; /* of the call in hand */
	int64_t scan_due_ms;
	size_t scan_at;       /* == count: no scan is under way */
	int64_t links_due_ms; /* -1: none */
	uint64_t mark;
	/* of the file at the queue's head, the cookies given already */
	unsigned given;
};

static int
compare_files(const void *a, const void *b)
{
	const struct watch_file *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static struct watch_file *
file_find(const struct watch *w, const char *path)
{
	struct watch_file key = {.path = (char *)(uintptr_t)path};
	struct watch_file **found = tfind(&key, &w->by_path, compare_files);

	return found ? *found : NULL;
}

static struct file_state
file_stat(const char *path)
{
	struct file_state s = {0};
	struct stat st;

	if (stat(path, &st))
		return s;
	s.device = st.st_dev;
	s.inode = st.st_ino;
	s.bytes = (uint64_t)st.st_size;
	s.modified_ns =
	    (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
	s.changed_ns =
	    (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec;
	return s;
}

static bool
state_equal(const struct file_state *a, const struct file_state *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

/* --- the queue --- */

static void
queue_remove(struct watch *w, struct watch_file *f)
{
	if (!f->waiting)
		return;
	if (w->first == f)
		w->given = 0;
	*(f->before ? &f->before->after : &w->first) = f->after;
	*(f->after ? &f->after->before : &w->last) = f->before;
	f->before = f->after = NULL;
	f->waiting = false;
}

/* Something happened: (again) settle_ms from now. */
static void
queue_append(struct watch *w, struct watch_file *f)
{
	queue_remove(w, f);
	f->due_ms = w->now_ms + w->settle_ms;
	f->whole = false;
	f->seen = file_stat(f->path);
	f->before = w->last;
	*(w->last ? &w->last->after : &w->first) = f;
	w->last = f;
	f->waiting = true;
}

/* It came by a rename: now. */
static void
queue_prepend(struct watch *w, struct watch_file *f)
{
	queue_remove(w, f);
	f->due_ms = w->now_ms;
	f->whole = true;
	f->seen = file_stat(f->path);
	f->after = w->first;
	*(w->first ? &w->first->before : &w->last) = f;
	w->first = f;
	w->given = 0;
	f->waiting = true;
}

/* --- files --- */

static void
file_free(struct watch_file *f)
{
	if (!f)
		return;
	free(f->cookies);
	free(f->path);
	free(f);
}

static bool
file_append(struct watch *w, struct watch_file *f)
{
	struct watch_file **grown;
	size_t cap;

	if (w->count == w->cap) {
		cap = w->cap ? w->cap * 2 : 64;
		grown = realloc(w->files, cap * sizeof(*grown));
		if (!grown)
			return false;
		w->files = grown;
		w->cap = cap;
	}
	if (!tsearch(f, &w->by_path, compare_files))
		return false;
	/* a scan that is not under way stays so */
	if (w->scan_at == w->count)
		w->scan_at++;
	f->index = w->count;
	w->files[w->count++] = f;
	return true;
}

static void
file_ask_link(struct watch_file *f)
{
	struct stat st;

	f->folder->links -= f->is_link;
	f->is_link = lstat(f->path, &st) == 0 && S_ISLNK(st.st_mode);
	f->folder->links += f->is_link;
}

static struct watch_file *
file_new(struct watch *w, const char *path)
{
	struct watch_file *f = calloc(1, sizeof *f);

	if (!f)
		return NULL;
	f->path = strdup(path);
	if (!f->path)
		goto fail;
	f->folder = watch_folders_take(&w->folders, path);
	if (!f->folder)
		goto fail;
	if (!file_append(w, f))
		goto fail_folder;
	file_ask_link(f);
	/* after the folder is watched, so that no change is missed between */
	f->known = file_stat(path);
	return f;
fail_folder:
	watch_folders_release(&w->folders, f->folder);
fail:
	file_free(f);
	return NULL;
}

static void
file_drop(struct watch *w, struct watch_file *f)
{
	queue_remove(w, f);
	tdelete(f, &w->by_path, compare_files);
	w->count--;
	w->files[f->index] = w->files[w->count];
	w->files[f->index]->index = f->index;
	if (w->scan_at > w->count)
		w->scan_at = w->count;
	f->folder->links -= f->is_link;
	watch_folders_release(&w->folders, f->folder);
	file_free(f);
}

static int
file_add_cookie(struct watch_file *f, void *cookie, struct err *err)
{
	void **grown;

	for (unsigned i = 0; i < f->ncookies; i++)
		if (f->cookies[i] == cookie)
			return 0;
	grown = realloc(f->cookies, (f->ncookies + 1) * sizeof(*grown));
	if (!grown)
		return err_set(err, ERR_NO_MEMORY,
		    "out of memory for watching %s", f->path);
	f->cookies = grown;
	f->cookies[f->ncookies++] = cookie;
	return 0;
}

/* --- events --- */

/* Who renames a file has written it before, and what a name pointed to until
 * then is another file. Of a link that says nothing: its target may be in the
 * making. */
static void
file_event(struct watch *w, struct watch_file *f, bool moved_in)
{
	f->forced |= f->racy;
	if (moved_in)
		file_ask_link(f);
	if (moved_in && !f->is_link)
		queue_prepend(w, f);
	else
		queue_append(w, f);
}

static void
event_name(
    void *arg, struct watch_folder *folder, const char *name, bool moved_in)
{
	struct watch *w = arg;
	size_t before = strlen(folder->path), after = strlen(name);
	char path[4096];
	struct watch_file *f;

	if (before + after >= sizeof path)
		return;
	memcpy(path, folder->path, before);
	memcpy(path + before, name, after + 1);
	f = file_find(w, path);
	if (f)
		file_event(w, f, moved_in);
	else if (folder->links && w->links_due_ms < 0)
		/* what a link leads over may have been exchanged */
		w->links_due_ms = w->now_ms + w->settle_ms;
}

static void
event_all(void *arg, struct watch_folder *folder)
{
	(void)folder;
	watch_scan(arg);
}

static void
check_file(struct watch *w, struct watch_file *f)
{
	struct file_state now = file_stat(f->path);

	if (!f->waiting && !state_equal(&now, &f->known))
		queue_append(w, f);
}

static void
scan_links(struct watch *w)
{
	if (w->links_due_ms < 0 || w->links_due_ms > w->now_ms)
		return;
	w->links_due_ms = -1;
	for (size_t i = 0; i < w->count; i++)
		if (w->files[i]->is_link)
			check_file(w, w->files[i]);
}

/* A step of the scan, or the first one when it is time. */
static void
scan_step(struct watch *w)
{
	size_t end;

	if (w->scan_at >= w->count && w->now_ms >= w->scan_due_ms) {
		w->scan_at = 0;
		w->scan_due_ms = w->now_ms + w->scan_ms;
		watch_folders_refresh(&w->folders);
	}
	end = w->scan_at + SCAN_STEP;
	for (; w->scan_at < w->count && w->scan_at < end; w->scan_at++)
		check_file(w, w->files[w->scan_at]);
}

/* --- public --- */

void
watch_settle(struct watch *w, unsigned settle_ms)
{
	w->settle_ms = settle_ms ? settle_ms : SETTLE_MS_DEFAULT;
}

int
watch_open(struct watch **out, const struct watch_options *options,
    int64_t now_ms, struct err *err)
{
	struct watch *w = calloc(1, sizeof *w);
	int rc;

	if (!w)
		return err_set(err, ERR_NO_MEMORY, "out of memory");
	watch_settle(w, options->settle_ms);
	w->scan_ms = options->scan_ms ? options->scan_ms : SCAN_MS_DEFAULT;
	w->now_ms = now_ms;
	w->scan_due_ms = now_ms + w->scan_ms;
	w->links_due_ms = -1;
	rc = watch_folders_open(&w->folders, !options->scan_only, err);
	if (rc) {
		free(w);
		return rc;
	}
	*out = w;
	return 0;
}

void
watch_close(struct watch **watch)
{
	struct watch *w = *watch;

	if (!w)
		return;
	for (size_t i = 0; i < w->count; i++) {
		tdelete(w->files[i], &w->by_path, compare_files);
		file_free(w->files[i]);
	}
	watch_folders_close(&w->folders);
	free(w->files);
	free(w);
	*watch = NULL;
}

static struct watch_file *
add(struct watch *w, const char *path, void *cookie, struct err *err)
{
	struct watch_file *f = file_find(w, path);

	if (!f)
		f = file_new(w, path);
	if (!f) {
		err_set(
		    err, ERR_NO_MEMORY, "out of memory for watching %s", path);
		return NULL;
	}
	return file_add_cookie(f, cookie, err) ? NULL : f;
}

int
watch_add(struct watch *w, const char *path, void *cookie, int64_t now_ms,
    struct err *err)
{
	w->now_ms = now_ms;
	return add(w, path, cookie, err) ? 0 : ERR_NO_MEMORY;
}

void
watch_remove(struct watch *w, const char *path, void *cookie)
{
	struct watch_file *f = file_find(w, path);
	unsigned i;

	if (!f)
		return;
	for (i = 0; i < f->ncookies && f->cookies[i] != cookie; i++)
		;
	if (i == f->ncookies)
		return;
	f->cookies[i] = f->cookies[--f->ncookies];
	if (w->first == f)
		w->given = 0; /* the others moved: give them again */
	if (f->ncookies == 0)
		file_drop(w, f);
}

static void
follow_file(struct watch *w, struct watch_file *f,
    const struct zonefile_stamp_file *read, bool racy)
{
	struct file_state state = {read->device, read->inode, read->bytes,
	    read->modified_ns, read->changed_ns};
	/* what is news to this cookie may be news to the others too */
	bool news = f->ncookies > 1 && !state_equal(&state, &f->known);

	f->known = state;
	f->mark = w->mark;
	f->racy = racy;
	if (news || (racy && !f->whole)) {
		f->forced = true;
		queue_append(w, f);
		return;
	}
	check_file(w, f);
}

int
watch_follow(struct watch *w, const struct zonefile_stamp *before,
    const struct zonefile_stamp *stamp, void *cookie, int64_t now_ms,
    struct err *err)
{
	struct watch_file *f;
	size_t i;

	w->now_ms = now_ms;
	w->mark++;
	for (i = 0; i < stamp->count; i++) {
		f = add(w, stamp->files[i].path, cookie, err);
		if (!f)
			return ERR_NO_MEMORY;
		follow_file(w, f, &stamp->files[i], stamp->racy);
	}
	for (i = 0; before && i < before->count; i++) {
		f = file_find(w, before->files[i].path);
		if (f && f->mark != w->mark)
			watch_remove(w, before->files[i].path, cookie);
	}
	return 0;
}

bool
watch_is_whole(const struct watch *w, const char *path)
{
	const struct watch_file *f = file_find(w, path);
	struct file_state now;

	if (!f || !f->whole)
		return false;
	now = file_stat(path);
	return state_equal(&now, &f->seen);
}

int
watch_fd(const struct watch *w)
{
	return w->folders.fd;
}

void
watch_scan(struct watch *w)
{
	w->scan_due_ms = w->now_ms;
	w->scan_at = w->count;
}

/* Is the file at the queue's head to be reported? If not, it leaves the head.
 */
static bool
head_is_settled(struct watch *w)
{
	struct watch_file *f = w->first;
	struct file_state now;

	if (w->given)
		return true;
	now = file_stat(f->path);
	if (!state_equal(&now, &f->seen)) {
		queue_append(w, f);
		return false;
	}
	if (state_equal(&now, &f->known) && !f->forced) {
		queue_remove(w, f);
		return false;
	}
	return true;
}

size_t
watch_ready(
    struct watch *w, int64_t now_ms, struct watch_change *changes, size_t most)
{
	struct watch_folders_events events = {event_name, event_all, w};
	struct watch_file *f;
	size_t n = 0;

	w->now_ms = now_ms;
	watch_folders_read(&w->folders, &events);
	scan_links(w);
	scan_step(w);
	while (n < most && w->first && w->first->due_ms <= now_ms) {
		if (!head_is_settled(w))
			continue;
		f = w->first;
		changes[n++] =
		    (struct watch_change){f->path, f->cookies[w->given++]};
		if (w->given < f->ncookies)
			continue;
		f->known = f->seen;
		f->forced = false;
		file_ask_link(f);
		queue_remove(w, f);
	}
	return n;
}

int64_t
watch_timeout_ms(const struct watch *w, int64_t now_ms)
{
	int64_t due = w->scan_due_ms;

	if (w->scan_at < w->count)
		return 0;
	if (w->first && w->first->due_ms < due)
		due = w->first->due_ms;
	if (w->links_due_ms >= 0 && w->links_due_ms < due)
		due = w->links_due_ms;
	return due > now_ms ? due - now_ms : 0;
}
