/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Retention: which generations stay, and which files nothing names any more. By
 * the owner, on demand. Manifests go first and their folders are synced before
 * any cell goes, so that a crash never leaves a manifest whose cells are gone.
 * Anything unreadable on the way stops it before the first removal: what a
 * damaged manifest names is not known.
 *
 * Who rolls back or pins does so under the other lock, at the same time.
 * Neither waits for the other: retention writes down what it is about to remove
 * (`removing`) and looks again at what is named; the other writes down what it
 * is about to name (`wanted`, `pins`) and looks at `removing`. So one of the
 * two sees the other's word, whatever the order, and gives way
 * (tests/model/publish.pml).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "snapshot/manifest.h"
#include "snapshot/store_parts.h"

enum { CANDIDATE_KEPT_S = 3600 };

/* A set of digests: appended to, then sorted. */
struct digest_set {
	struct digest *list;
	size_t count, cap;
};

static int
digest_order(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct digest));
}

static void
set_sort(struct digest_set *set)
{
	if (set->count)
		qsort(set->list, set->count, sizeof *set->list, digest_order);
}

static bool
set_has(const struct digest_set *set, const struct digest *d)
{
	return set->count &&
	       bsearch(d, set->list, set->count, sizeof *d, digest_order);
}

static int
set_add(struct digest_set *set, const struct digest *d, struct err *err)
{
	if (set->count == set->cap) {
		size_t cap = set->cap ? 2 * set->cap : 256;
		void *list = realloc(set->list, cap * sizeof *set->list);

		if (!list)
			return err_set(
			    err, ERR_NO_MEMORY, "out of memory for retention");
		set->list = list;
		set->cap = cap;
	}
	set->list[set->count++] = *d;
	return 0;
}

/* One line of such a file: a digest, perhaps a comment; *end: where the next
 * is. */
static int
pin_parse(char *line, char **end, struct digest_set *set, struct err *err)
{
	size_t n = strcspn(line, "\n");
	struct digest d;
	int rc;

	*end = line + n + (line[n] == '\n');
	line[n] = '\0';
	line[strcspn(line, "#")] = '\0';
	line += strspn(line, " \t");
	line[strcspn(line, " \t\r")] = '\0';
	if (*line == '\0')
		return 0;
	rc = digest_from_text(&d, line, err);
	return rc < 0 ? rc : set_add(set, &d, err);
}

int
store_digests_read(struct store *s, const char *name, struct digest **out,
    size_t *count, struct err *err)
{
	struct digest_set set = {0};
	struct bytes text;
	int rc;

	bytes_init(&text);
	rc = file_read(s->fd, name, STORE_TEXT_MOST, &text, err);
	if (rc == 0) {
		bytes_append(&text, "", 1);
		if (text.failed)
			rc = err_set(err, ERR_NO_MEMORY, "out of memory");
		for (char *at = (char *)text.data; rc == 0 && *at;)
			rc = pin_parse(at, &at, &set, err);
		if (rc < 0)
			err_add(err, "%s/%s", s->dir, name);
	} else if (rc == ERR_NOT_FOUND) {
		rc = 0;
	}
	bytes_fini(&text);
	if (rc < 0) {
		free(set.list);
		set = (struct digest_set){0};
	}
	*out = set.list;
	*count = set.count;
	return rc;
}

struct retention {
	struct store *store;
	struct store_entry *list;
	size_t count;
	bool *kept;
	struct digest_set cells, records; /* that the kept name */
	const struct digest_set *named;   /* of the folder in hand */
	enum store_kind kind;
};

/* `current` and its parents, `keep` generations in all. */
static void
keep_parents(struct retention *r, unsigned keep)
{
	size_t at = 0;

	while (at < r->count && !r->list[at].is_current)
		at++;
	for (unsigned n = 0; at < r->count && n < (keep ? keep : 1); n++) {
		const struct digest *parent = &r->list[at].parent;

		r->kept[at] = true;
		for (at = 0; at < r->count; at++)
			if (!r->list[at].is_candidate &&
			    digest_equal(&r->list[at].digest, parent))
				break;
	}
}

static void
keep_choose(struct retention *r, unsigned keep, const struct digest *extra,
    size_t extra_count)
{
	time_t now = time(NULL);

	for (size_t i = 0; i < r->count; i++) {
		const struct store_entry *e = &r->list[i];

		/* the list has the newest first, candidates behind them */
		r->kept[i] =
		    e->is_current || e->is_pinned ||
		    (e->is_candidate
			    ? (time_t)e->committed_at + CANDIDATE_KEPT_S > now
			    : i < keep);
		for (size_t k = 0; k < extra_count; k++)
			r->kept[i] |= digest_equal(&e->digest, &extra[k]);
	}
	keep_parents(r, keep);
}

/* What the kept manifests name. */
static int
names_collect(struct retention *r, struct err *err)
{
	struct bytes m;
	int rc = 0;

	bytes_init(&m);
	for (size_t i = 0; rc == 0 && i < r->count; i++) {
		const struct slot_d *slots;

		if (!r->kept[i])
			continue;
		bytes_clear(&m);
		rc = store_manifest_read(r->store,
		    r->list[i].is_candidate ? STORE_CANDIDATE
					    : STORE_GENERATION,
		    &r->list[i].digest, &m, err);
		if (rc < 0)
			break;
		slots = manifest_slots(m.data);
		for (uint32_t k = 0;
		     rc == 0 && k < manifest_header(m.data)->nslots; k++) {
			struct digest d;

			memcpy(d.b, slots[k].cell, DIGEST_BYTES);
			if (digest_is_zero(&d))
				continue;
			rc = set_add(&r->cells, &d, err);
			memcpy(d.b, slots[k].records, DIGEST_BYTES);
			if (rc == 0)
				rc = set_add(&r->records, &d, err);
		}
	}
	bytes_fini(&m);
	set_sort(&r->cells);
	set_sort(&r->records);
	return rc;
}

static int
file_remove(struct store *s, const char *path, struct err *err)
{
	if (unlinkat(s->fd, path, 0) < 0 && errno != ENOENT)
		return err_set_errno(err, "%s/%s: cannot remove", s->dir, path);
	return 0;
}

static int
generations_remove(struct retention *r, struct err *err)
{
	char path[STORE_NAME_MAX];
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < r->count; i++) {
		if (r->kept[i])
			continue;
		store_file_name(path,
		    r->list[i].is_candidate ? STORE_CANDIDATE
					    : STORE_GENERATION,
		    &r->list[i].digest);
		rc = file_remove(r->store, path, err);
		store_step("store-kill-removed");
	}
	if (rc == 0)
		rc = store_folder_sync(
		    r->store, store_kind_folder(STORE_GENERATION), err);
	if (rc == 0)
		rc = store_folder_sync(
		    r->store, store_kind_folder(STORE_CANDIDATE), err);
	return rc;
}

static int
unnamed_remove(
    void *arg, const struct digest *digest, const char *path, struct err *err)
{
	struct retention *r = arg;

	if (set_has(r->named, digest))
		return 0;
	store_step("store-kill-removed");
	return file_remove(r->store, path, err);
}

static int
unnamed_files_remove(struct retention *r, struct err *err)
{
	int rc;

	r->named = &r->cells;
	rc = store_folder_each(r->store, STORE_CELL, unnamed_remove, r, err);
	if (rc < 0)
		return rc;
	r->named = &r->records;
	return store_folder_each(
	    r->store, STORE_RECORDS, unnamed_remove, r, err);
}

static bool
is_doomed(const struct retention *r, const struct digest *d)
{
	for (size_t i = 0; i < r->count; i++)
		if (!r->kept[i] && digest_equal(&r->list[i].digest, d))
			return true;
	return false;
}

static int
doomed_named(
    const struct retention *r, const char *file, bool *named, struct err *err)
{
	struct digest *list = NULL;
	size_t count = 0;
	int rc = store_digests_read(r->store, file, &list, &count, err);

	for (size_t i = 0; i < count; i++)
		*named |= is_doomed(r, &list[i]);
	free(list);
	return rc;
}

/* Says what will go, and looks again: `named` if somebody has named some of it
 * since, or moved `current`. The next retention decides anew then. */
static int
removal_announce(struct retention *r, const struct store_current *before,
    bool *named, struct err *err)
{
	struct store_current now;
	char hex[DIGEST_TEXT_MAX];
	struct bytes text;
	int rc;

	bytes_init(&text);
	for (size_t i = 0; i < r->count; i++)
		if (!r->kept[i])
			bytes_printf(&text, "%s\n",
			    digest_to_text(hex, &r->list[i].digest));
	rc = text.len == 0 ? 0
	                   : store_text_write(r->store, STORE_REMOVING, &text,
				 STORE_TEMPORARY_OWNER, err);
	bytes_fini(&text);
	store_step("store-kill-announced");
	if (rc == 0)
		rc = store_current_read(r->store, &now, err);
	if (rc == 0)
		*named = !digest_equal(&now.generation, &before->generation);
	if (rc == 0)
		rc = doomed_named(r, STORE_PINS, named, err);
	return rc ? rc : doomed_named(r, STORE_WANTED, named, err);
}

/* What a rollback wants, or wanted last. */
static int
keep_wanted(struct retention *r, struct err *err)
{
	struct digest *list = NULL;
	size_t count = 0;
	int rc = store_digests_read(r->store, STORE_WANTED, &list, &count, err);

	for (size_t i = 0; i < r->count; i++)
		for (size_t k = 0; k < count; k++)
			r->kept[i] |=
			    digest_equal(&r->list[i].digest, &list[k]);
	free(list);
	return rc;
}

static int
retain_run(struct retention *r, unsigned keep, const struct digest *extra,
    size_t extra_count, struct err *err)
{
	struct store_current current;
	bool named = false;
	/* what it names must not be guessed */
	int rc = store_current_read(r->store, &current, err);

	if (rc == 0)
		rc = store_list(r->store, &r->list, &r->count, err);
	if (rc < 0)
		return rc;
	r->kept = calloc(r->count ? r->count : 1, sizeof *r->kept);
	if (!r->kept)
		return err_set(
		    err, ERR_NO_MEMORY, "out of memory for retention");
	keep_choose(r, keep, extra, extra_count);
	rc = keep_wanted(r, err);
	if (rc == 0)
		rc = names_collect(r, err);
	if (rc == 0)
		rc = removal_announce(r, &current, &named, err);
	if (rc == 0 && !named)
		rc = generations_remove(r, err);
	if (rc == 0 && !named)
		rc = unnamed_files_remove(r, err);
	unlinkat(r->store->fd, STORE_REMOVING, 0);
	return rc;
}

int
store_retain(struct store *s, unsigned keep, const struct digest *extra,
    size_t extra_count, struct err *err)
{
	struct retention r = {.store = s};
	int rc = store_may_write(s, err);

	if (rc < 0)
		return rc;
	if (s->lock_fd[0] < 0)
		return err_set(err, ERR_USAGE,
		    "%s: retention needs the owner lock, which is not held",
		    s->dir);
	rc = retain_run(&r, keep, extra, extra_count, err);
	free(r.list);
	free(r.kept);
	free(r.cells.list);
	free(r.records.list);
	return rc;
}
