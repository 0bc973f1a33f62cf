/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a store says is live: `current`, the commit that moves it, the list of
 * generations, and what rollbacks condemned. Runs in control, tools and
 * management threads.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "snapshot/fault.h"
#include "snapshot/manifest.h"
#include "snapshot/store_parts.h"

#define CURRENT        "current"
#define CONDEMNED      "condemned"
#define CONDEMNED_HEAD "holdfast-condemned 1\n"

/* Reads a text file with check sum; terminated. */
static int
text_read(
    struct store *s, const char *name, struct bytes *text, struct err *err)
{
	int rc = file_read(s->fd, name, STORE_TEXT_MOST, text, err);

	if (rc == 0)
		rc = store_text_check(name, text, err);
	if (rc < 0)
		err_add(err, "%s", s->dir);
	return rc;
}

static int
current_parse(struct store *s, const char *text, struct store_current *out,
    struct err *err)
{
	char hex[DIGEST_TEXT_MAX], extra;
	unsigned version;

	if (sscanf(text, "holdfast-current %u", &version) == 1 && version != 1)
		return err_set(err, ERR_VERSION,
		    "%s/" CURRENT ": version %u, this program reads version 1",
		    s->dir, version);
	if (sscanf(text,
		"holdfast-current 1 activation %" SCNu64
		" generation %64[0-9a-f] committed %" SCNu64 " %c",
		&out->activation, hex, &out->committed_at, &extra) != 3 ||
	    digest_from_text(&out->generation, hex, NULL) < 0)
		return err_set(err, ERR_CORRUPT,
		    "%s/" CURRENT ": damaged: it does not name a generation",
		    s->dir);
	return 0;
}

int
store_current_read(struct store *s, struct store_current *out, struct err *err)
{
	struct bytes text;
	int rc;

	memset(out, 0, sizeof *out);
	bytes_init(&text);
	rc = text_read(s, CURRENT, &text, err);
	if (rc == 0)
		rc = current_parse(s, (const char *)text.data, out, err);
	bytes_fini(&text);
	if (rc < 0)
		memset(out, 0, sizeof *out);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

static int
current_write(struct store *s, const struct digest *generation,
    uint64_t activation, struct err *err)
{
	char hex[DIGEST_TEXT_MAX];
	struct bytes text;
	int rc;

	bytes_init(&text);
	bytes_printf(&text,
	    "holdfast-current 1\nactivation %" PRIu64 "\ngeneration %s\n"
	    "committed %" PRIu64 "\n",
	    activation, digest_to_text(hex, generation),
	    clock_ms(CLOCK_REALTIME) / 1000);
	store_text_seal(&text);
	rc = store_text_write(s, CURRENT, &text, STORE_TEMPORARY_COMMIT, err);
	bytes_fini(&text);
	return rc;
}

static int
commit_lock_check(const struct store *s, struct err *err)
{
	if (s->lock_fd[1] >= 0)
		return 0;
	return err_set(err, ERR_USAGE,
	    "%s: this needs the commit lock, which is not held", s->dir);
}

/* `current` is what the caller saw. A damaged file is what a caller who saw
 * none may write over: that is how the store heals. */
static int
expected_check(struct store *s, const struct store_current *expected,
    uint64_t activation, struct err *err)
{
	struct store_current now;
	int rc = store_current_read(s, &now, err);

	if (rc < 0 && (rc != ERR_CORRUPT || expected->activation != 0))
		return rc;
	if (now.activation != expected->activation ||
	    !digest_equal(&now.generation, &expected->generation))
		return err_set(err, ERR_STALE,
		    "%s: activation %" PRIu64 " is current, not %" PRIu64
		    " as expected: somebody else was faster; look again",
		    s->dir, now.activation, expected->activation);
	if (activation <= now.activation)
		return err_set(err, ERR_STALE,
		    "%s: activation %" PRIu64 " does not follow %" PRIu64,
		    s->dir, activation, now.activation);
	return 0;
}

/* The manifest is in generations/, and durable there. */
static int
candidate_move(
    struct store *s, const struct digest *generation, struct err *err)
{
	char from[STORE_NAME_MAX], to[STORE_NAME_MAX];
	struct bytes manifest;
	enum store_kind where = store_has(s, STORE_GENERATION, generation)
	                            ? STORE_GENERATION
	                            : STORE_CANDIDATE;
	int rc;

	bytes_init(&manifest);
	rc = store_manifest_read(s, where, generation, &manifest, err);
	bytes_fini(&manifest);
	if (rc < 0)
		return rc;
	store_file_name(from, STORE_CANDIDATE, generation);
	store_file_name(to, STORE_GENERATION, generation);
	if (where == STORE_GENERATION)
		unlinkat(s->fd, from, 0); /* proven anew after a rollback */
	else if (fault_hit("store-rename") ||
		 renameat(s->fd, from, s->fd, to) < 0)
		return err_set_errno(
		    err, "%s/%s: cannot move to generations", s->dir, from);
	/* lists are by this time */
	utimensat(s->fd, to, NULL, 0);
	store_step("store-kill-moved");
	rc = store_folder_sync(s, store_kind_folder(STORE_GENERATION), err);
	if (rc == 0)
		rc = store_folder_sync(
		    s, store_kind_folder(STORE_CANDIDATE), err);
	return rc;
}

int
store_commit(struct store *s, const struct store_current *expected,
    const struct digest *generation, uint64_t activation, struct err *err)
{
	int rc = commit_lock_check(s, err);

	if (rc == 0)
		rc = expected_check(s, expected, activation, err);
	if (rc == 0)
		rc = candidate_move(s, generation, err);
	if (rc == 0)
		rc = current_write(s, generation, activation, err);
	return rc;
}

struct entries {
	struct store *store;
	enum store_kind kind;
	struct store_entry *list;
	size_t count, cap;
};

static int
entry_add(
    void *arg, const struct digest *digest, const char *path, struct err *err)
{
	struct entries *e = arg;
	struct store_entry *entry;
	struct manifest_header_d h;
	struct stat st;
	int fd;

	if (e->count == e->cap) {
		size_t cap = e->cap ? 2 * e->cap : 32;
		void *list = realloc(e->list, cap * sizeof *e->list);

		if (!list)
			return err_set(err, ERR_NO_MEMORY,
			    "%s: out of memory for the list of generations",
			    e->store->dir);
		e->list = list;
		e->cap = cap;
	}
	entry = &e->list[e->count++];
	*entry = (struct store_entry){
	    .digest = *digest,
	    .is_candidate = e->kind == STORE_CANDIDATE,
	};
	fd = openat(e->store->fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return 0; /* moved or removed meanwhile; or load will say it */
	if (fstat(fd, &st) == 0)
		entry->committed_at = (uint64_t)st.st_mtim.tv_sec * 1000000000 +
		                      (uint64_t)st.st_mtim.tv_nsec;
	if (pread(fd, &h, sizeof h, 0) == sizeof h &&
	    memcmp(h.magic, MANIFEST_MAGIC, sizeof h.magic) == 0)
		memcpy(entry->parent.b, h.parent, DIGEST_BYTES);
	close(fd);
	return 0;
}

/* Newest first; of two of the same time the child; candidates last. */
static int
entry_compare(const void *a, const void *b)
{
	const struct store_entry *x = a, *y = b;

	if (x->is_candidate != y->is_candidate)
		return x->is_candidate ? 1 : -1;
	if (x->committed_at != y->committed_at)
		return x->committed_at > y->committed_at ? -1 : 1;
	if (digest_equal(&x->parent, &y->digest))
		return -1;
	if (digest_equal(&y->parent, &x->digest))
		return 1;
	return memcmp(&x->digest, &y->digest, sizeof x->digest);
}

static int
entries_mark(struct entries *e, struct err *err)
{
	struct store_current current;
	struct digest *pins = NULL;
	size_t npins = 0;
	int rc = store_digests_read(e->store, STORE_PINS, &pins, &npins, err);

	if (rc < 0)
		return rc;
	/* a damaged `current` names nothing: the list is what boot goes by */
	store_current_read(e->store, &current, NULL);
	for (size_t i = 0; i < e->count; i++) {
		struct store_entry *entry = &e->list[i];

		entry->committed_at /= 1000000000;
		entry->is_current =
		    current.activation &&
		    digest_equal(&entry->digest, &current.generation);
		for (size_t k = 0; k < npins; k++)
			entry->is_pinned |=
			    digest_equal(&entry->digest, &pins[k]);
	}
	free(pins);
	return 0;
}

int
store_list(
    struct store *s, struct store_entry **out, size_t *count, struct err *err)
{
	struct entries e = {.store = s, .kind = STORE_GENERATION};
	int rc = store_folder_each(s, e.kind, entry_add, &e, err);

	*out = NULL;
	*count = 0;
	if (rc == 0) {
		e.kind = STORE_CANDIDATE;
		rc = store_folder_each(s, e.kind, entry_add, &e, err);
	}
	if (rc == 0 && e.count)
		qsort(e.list, e.count, sizeof *e.list, entry_compare);
	if (rc == 0)
		rc = entries_mark(&e, err);
	if (rc < 0) {
		free(e.list);
		return rc;
	}
	*out = e.list;
	*count = e.count;
	return 0;
}

int
store_parent_read(struct store *s, const struct digest *of, struct digest *out,
    struct err *err)
{
	struct bytes manifest;
	int rc;

	bytes_init(&manifest);
	rc = store_manifest_read(s, STORE_GENERATION, of, &manifest, err);
	if (rc == 0)
		memcpy(out->b, manifest_header(manifest.data)->parent,
		    DIGEST_BYTES);
	bytes_fini(&manifest);
	return rc;
}

int
store_newest_generation(struct store *s, struct digest *out, struct err *err)
{
	struct store_entry *list;
	size_t count;
	int rc = store_list(s, &list, &count, err);

	if (rc < 0)
		return rc;
	if (count == 0 || list[0].is_candidate)
		rc = err_set(err, ERR_NOT_FOUND,
		    "%s: no generation was ever committed", s->dir);
	else
		*out = list[0].digest;
	free(list);
	return rc;
}

static int
condemned_parse(struct store *s, const char *text, struct store_condemned **out,
    size_t *count, struct err *err)
{
	const char *at = text + strlen(CONDEMNED_HEAD);
	struct store_condemned *list;
	size_t n = 0;

	if (strncmp(text, CONDEMNED_HEAD, strlen(CONDEMNED_HEAD)) != 0)
		goto bad;
	for (const char *p = at; *p; p++)
		n += *p == '\n';
	list = calloc(n ? n : 1, sizeof *list);
	if (!list)
		return err_set(err, ERR_NO_MEMORY,
		    "%s/" CONDEMNED ": out of memory", s->dir);
	*out = list;
	*count = n;
	for (size_t i = 0; i < n; i++) {
		char generation[DIGEST_TEXT_MAX], records[DIGEST_TEXT_MAX];
		int used = 0;

		if (sscanf(at, "%64[0-9a-f] %" SCNu32 " %64[0-9a-f]%n",
			generation, &list[i].slot, records, &used) != 3 ||
		    at[used] != '\n' ||
		    digest_from_text(&list[i].generation, generation, NULL) <
			0 ||
		    digest_from_text(&list[i].records, records, NULL) < 0)
			goto bad;
		at += used + 1;
	}
	return 0;
bad:
	return err_set(err, ERR_CORRUPT,
	    "%s/" CONDEMNED ": damaged: a line that is not of this version",
	    s->dir);
}

int
store_condemned_read(struct store *s, struct store_condemned **out,
    size_t *count, struct err *err)
{
	struct bytes text;
	int rc;

	*out = NULL;
	*count = 0;
	bytes_init(&text);
	rc = text_read(s, CONDEMNED, &text, err);
	if (rc == 0)
		rc = condemned_parse(
		    s, (const char *)text.data, out, count, err);
	bytes_fini(&text);
	if (rc < 0) {
		free(*out);
		*out = NULL;
		*count = 0;
	}
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

int
store_condemned_write(struct store *s, const struct store_condemned *list,
    size_t count, struct err *err)
{
	char a[DIGEST_TEXT_MAX], b[DIGEST_TEXT_MAX];
	struct bytes text;
	int rc = commit_lock_check(s, err);

	if (rc < 0)
		return rc;
	bytes_init(&text);
	bytes_printf(&text, CONDEMNED_HEAD);
	for (size_t i = 0; i < count; i++)
		bytes_printf(&text, "%s %" PRIu32 " %s\n",
		    digest_to_text(a, &list[i].generation), list[i].slot,
		    digest_to_text(b, &list[i].records));
	store_text_seal(&text);
	rc = store_text_write(s, CONDEMNED, &text, STORE_TEMPORARY_COMMIT, err);
	bytes_fini(&text);
	return rc;
}
