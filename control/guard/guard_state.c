/* SPDX-License-Identifier: BSD-2-Clause
 *
 * States of zones in memory (guard_state.h): a table by hash of the apex, read
 * from the files when a zone is first asked for.
 */
#include "control/guard/guard_state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/name.h"

enum { TABLE_FIRST = 256, FILE_NAME_MAX = 48 };

struct guard_states {
	char *path; /* STORE/guards */
	int dir;    /* it, open; -1: it could not be made yet */
	bool any_files;
	struct guard_state *all;
	struct guard_state **table;
	size_t size, count; /* of the table: a power of two */
};

/* 32 digits of the digest of the apex, and a suffix. */
static void
state_file_name(char out[FILE_NAME_MAX], const uint8_t *apex)
{
	char text[DIGEST_TEXT_MAX];
	struct digest d;

	digest_of(&d, apex, name_length(apex));
	snprintf(out, FILE_NAME_MAX, "%.32s.json", digest_to_text(text, &d));
}

#define ALL_NAME "all.json"

/* What a killed writer left goes; whether anything else is there. */
static int
folder_clean(struct guard_states *t, struct err *err)
{
	int fd = openat(t->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	if (!d) {
		if (fd >= 0)
			close(fd);
		return err_set_errno(err, "the store's folder of guards");
	}
	while ((entry = readdir(d))) {
		if (strncmp(entry->d_name, FILE_TEMPORARY_PREFIX,
			strlen(FILE_TEMPORARY_PREFIX)) == 0)
			unlinkat(t->dir, entry->d_name, 0);
		else
			t->any_files |= entry->d_name[0] != '.';
	}
	closedir(d);
	return 0;
}

static int
folder_open(struct guard_states *t, struct err *err)
{
	if (t->dir >= 0)
		return 0;
	if (mkdir(t->path, 0775) != 0 && errno != EEXIST)
		return err_set_errno(err, "%s: cannot create", t->path);
	t->dir = open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->dir < 0)
		return err_set_errno(err, "%s", t->path);
	return folder_clean(t, err);
}

int
guard_states_open(
    struct guard_states **out, const char *store_dir, struct err *err)
{
	struct guard_states *t = calloc(1, sizeof *t);
	struct err why;

	*out = t;
	if (!t)
		return err_set(err, ERR_NO_MEMORY, "no memory for guards");
	t->dir = -1;
	t->size = TABLE_FIRST;
	t->table = calloc(TABLE_FIRST, sizeof *t->table);
	if (!t->table ||
	    asprintf(&t->path, "%s/" GUARD_FOLDER, store_dir) < 0) {
		t->path = NULL;
		guard_states_free(out);
		return err_set(err, ERR_NO_MEMORY, "no memory for guards");
	}
	/* a full disk must not keep control from starting: what is served is
	 * compared with all the same */
	if (folder_open(t, &why) != 0)
		log_error(
		    "%s; guards remember nothing over a restart", why.text);
	return 0;
}

void
guard_states_free(struct guard_states **tp)
{
	struct guard_states *t = *tp;

	*tp = NULL;
	if (!t)
		return;
	for (size_t i = 0; t->table && i < t->size; i++) {
		struct guard_state *s = t->table[i], *next;

		for (; s; s = next) {
			next = s->next;
			guard_state_fini(s);
			free(s);
		}
	}
	free(t->table);
	free(t->path);
	if (t->all)
		guard_state_fini(t->all);
	free(t->all);
	if (t->dir >= 0)
		close(t->dir);
	free(t);
}

/* FNV-1a: apexes come from the configuration, nobody chooses them against us.
 */
static size_t
apex_place(const struct guard_states *t, const uint8_t *apex)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < name_length(apex); i++)
		h = (h ^ apex[i]) * 1099511628211u;
	return (h ^ h >> 32) & (t->size - 1);
}

static void
table_grow(struct guard_states *t)
{
	struct guard_state **old = t->table;
	size_t before = t->size;

	t->table = calloc(2 * before, sizeof *t->table);
	if (!t->table) { /* longer chains do as well */
		t->table = old;
		return;
	}
	t->size = 2 * before;
	for (size_t i = 0; i < before; i++) {
		struct guard_state *s = old[i], *next;

		for (; s; s = next) {
			size_t at = apex_place(t, s->apex);

			next = s->next;
			s->next = t->table[at];
			t->table[at] = s;
		}
	}
	free(old);
}

static int
file_load(struct guard_state *out, int dir, const char *name,
    const uint8_t *apex, struct err *err)
{
	struct bytes text;
	int rc;

	bytes_init(&text);
	rc = file_read(dir, name, GUARD_STATE_BYTES_MAX, &text, err);
	if (rc == 0) {
		rc = guard_state_parse(out, text.data, text.len, err);
		if (rc == 0 && !name_equal(out->apex, apex))
			rc = err_set(err, ERR_CORRUPT, "it is another zone's");
		if (rc)
			err_add(err, GUARD_FOLDER "/%s", name);
	}
	bytes_fini(&text);
	return rc;
}

static int
state_load(
    struct guard_state *out, int dir, const uint8_t *apex, struct err *err)
{
	char name[FILE_NAME_MAX];

	state_file_name(name, apex);
	return file_load(out, dir, name, apex, err);
}

struct guard_state *
guard_states_all(struct guard_states *t)
{
	struct guard_state fresh = {0};
	struct err err;
	int rc;

	if (t->all)
		return t->all;
	rc = t->any_files ? file_load(&fresh, t->dir, ALL_NAME,
				(const uint8_t *)"", &err)
	                  : ERR_NOT_FOUND;
	if (rc && rc != ERR_NOT_FOUND)
		log_warn("%s; how many zones went is forgotten", err.text);
	t->all = malloc(sizeof *t->all);
	if (rc || !t->all) {
		guard_state_fini(&fresh);
		fresh = (struct guard_state){0};
	}
	if (t->all) {
		*t->all = fresh;
		t->all->is_all = true;
	}
	return t->all;
}

int
guard_state_read(struct guard_state *out, const char *store_dir,
    const uint8_t *apex, struct err *err)
{
	char path[4096];
	int dir, rc;

	*out = (struct guard_state){0};
	snprintf(path, sizeof path, "%s/" GUARD_FOLDER, store_dir);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return errno == ENOENT ? err_set(err, ERR_NOT_FOUND,
					     "%s is not there", path)
		                       : err_set_errno(err, "%s", path);
	rc = state_load(out, dir, apex, err);
	close(dir);
	if (rc)
		guard_state_fini(out);
	return rc;
}

static struct guard_state *
state_add(struct guard_states *t, struct guard_state *from)
{
	struct guard_state *s = malloc(sizeof *s);
	size_t at;

	if (!s) {
		guard_state_fini(from);
		return NULL;
	}
	if (t->count >= t->size)
		table_grow(t);
	*s = *from;
	at = apex_place(t, s->apex);
	s->next = t->table[at];
	t->table[at] = s;
	t->count++;
	return s;
}

struct guard_state *
guard_state_find(struct guard_states *t, const uint8_t *apex, bool make)
{
	struct guard_state *s = t->table[apex_place(t, apex)];
	struct guard_state fresh = {0};
	struct err err;
	int rc = ERR_NOT_FOUND;

	while (s && !name_equal(s->apex, apex))
		s = s->next;
	if (s)
		return s;
	if (t->any_files)
		rc = state_load(&fresh, t->dir, apex, &err);
	if (rc == 0)
		return state_add(t, &fresh);
	guard_state_fini(&fresh);
	if (rc != ERR_NOT_FOUND)
		log_warn("%s; what it said of a zone is forgotten", err.text);
	if (!make)
		return NULL;
	memcpy(fresh.apex, apex, name_length(apex));
	return state_add(t, &fresh);
}

int
guard_state_save(struct guard_states *t, struct guard_state *s, struct err *err)
{
	bool empty = !s->nverdicts && !s->nmarks && !s->token.there &&
	             !s->passed_kinds && !s->keep;
	char name[FILE_NAME_MAX], *text;
	json_t *object;
	int rc;

	if (!s->changed)
		return 0;
	if (s->is_all)
		snprintf(name, sizeof name, ALL_NAME);
	else
		state_file_name(name, s->apex);
	if (empty) {
		if (t->any_files)
			unlinkat(t->dir, name, 0);
		s->changed = false;
		return 0;
	}
	object = guard_state_json(s);
	text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	json_decref(object);
	if (!text)
		return err_set(err, ERR_NO_MEMORY, "no memory for guards");
	rc = folder_open(t, err);
	if (rc == 0)
		rc = file_write(
		    t->dir, name, 0640, text, strlen(text), FILE_REPLACE, err);
	t->any_files |= rc == 0;
	free(text);
	if (rc == 0)
		s->changed = false;
	return rc ? err_add(err, GUARD_FOLDER) : 0;
}

void
guard_state_fini(struct guard_state *s)
{
	free(s->verdicts);
	s->verdicts = NULL;
	s->nverdicts = 0;
}

int
guard_state_verdicts(struct guard_state *s, const struct guard_verdict *v,
    unsigned n, struct err *err)
{
	struct guard_verdict *copy = NULL;

	if (n && !(copy = malloc(n * sizeof *copy)))
		return err_set(err, ERR_NO_MEMORY, "no memory for verdicts");
	if (n)
		memcpy(copy, v, n * sizeof *copy);
	free(s->verdicts);
	s->verdicts = copy;
	s->nverdicts = n;
	return 0;
}
