/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Versions that must not come back (condemned.h). Worker thread only.
 */
#include "control/publish/condemned.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/name.h"
#include "control/compile/compile.h"
#include "control/sign/sign_source.h"

#define CONDEMNED_FILE "condemned-zones"
#define CONDEMNED_HEAD "holdfast-condemned-zones 1"
enum { CONDEMNED_BYTES_MAX = 64 << 20 };

void
condemned_free(struct condemned *c)
{
	free(c->versions);
	free(c->seen);
	*c = (struct condemned){0};
}

static int
condemned_add(struct condemned *c, const uint8_t *apex,
    const struct digest *version, struct err *err)
{
	struct condemned_version *more =
	    realloc(c->versions, (c->count + 1) * sizeof *more);

	if (!more)
		return err_set(err, ERR_NO_MEMORY, "no memory");
	c->versions = more;
	for (size_t i = 0; i < c->count; i++)
		if (name_equal(more[i].apex, apex) &&
		    digest_equal(&more[i].version, version))
			return 0;
	memset(&more[c->count], 0, sizeof *more);
	memcpy(more[c->count].apex, apex, name_length(apex));
	more[c->count++].version = *version;
	return 0;
}

static bool
is_seen(const struct condemned *c, const struct digest *generation)
{
	for (size_t i = 0; i < c->nseen; i++)
		if (digest_equal(&c->seen[i], generation))
			return true;
	return false;
}

static int
seen_add(struct condemned *c, const struct digest *generation, struct err *err)
{
	struct digest *more;

	if (is_seen(c, generation))
		return 0;
	more = realloc(c->seen, (c->nseen + 1) * sizeof *more);
	if (!more)
		return err_set(err, ERR_NO_MEMORY, "no memory");
	c->seen = more;
	more[c->nseen++] = *generation;
	return 0;
}

static int
line_read(struct condemned *c, char *line, struct err *err)
{
	uint8_t apex[DNS_NAME_MAX];
	struct digest version;

	if (strncmp(line, "seen ", 5) == 0)
		return digest_from_text(&version, line + 5, err) != 0
		           ? ERR_SYNTAX
		           : seen_add(c, &version, err);
	if (strncmp(line, "zone ", 5) != 0 || strlen(line) < 5 + 64 + 2 ||
	    line[69] != ' ')
		return ERR_SYNTAX;
	line[69] = 0;
	if (digest_from_text(&version, line + 5, err) != 0 ||
	    name_from_text(apex, line + 70, err) < 0)
		return ERR_SYNTAX;
	return condemned_add(c, apex, &version, err);
}

static int
store_dir_open(struct store *s, struct err *err)
{
	int fd = open(store_dir(s), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 ? fd : err_set_errno(err, "can't open %s", store_dir(s));
}

int
condemned_read(struct condemned *c, struct store *s, struct err *err)
{
	struct bytes text = {0};
	int dir = store_dir_open(s, err), rc = 0;
	unsigned number = 0;

	*c = (struct condemned){0};
	if (dir < 0)
		return dir;
	if (faccessat(dir, CONDEMNED_FILE, F_OK, 0) == 0)
		rc = file_read(
		    dir, CONDEMNED_FILE, CONDEMNED_BYTES_MAX, &text, err);
	close(dir);
	bytes_append_zero(&text, 1);
	for (char *save, *line = strtok_r((char *)text.data, "\n", &save);
	     rc == 0 && line; line = strtok_r(NULL, "\n", &save)) {
		number++;
		if (number == 1)
			rc = strcmp(line, CONDEMNED_HEAD) ? ERR_SYNTAX : 0;
		else
			rc = line_read(c, line, err);
		if (rc == ERR_SYNTAX)
			err_set(err, ERR_CORRUPT,
			    "%s/" CONDEMNED_FILE ":%u: not a line of this "
			    "file; remove the line, or the file to forget "
			    "what was condemned",
			    store_dir(s), number);
	}
	bytes_fini(&text);
	return rc == ERR_SYNTAX ? ERR_CORRUPT : rc;
}

static int
condemned_write(const struct condemned *c, struct store *s, struct err *err)
{
	struct bytes text = {0};
	int dir = store_dir_open(s, err), rc;

	if (dir < 0)
		return dir;
	bytes_printf(&text, CONDEMNED_HEAD "\n");
	for (size_t i = 0; i < c->nseen; i++) {
		char generation[DIGEST_TEXT_MAX];

		bytes_printf(&text, "seen %s\n",
		    digest_to_text(generation, &c->seen[i]));
	}
	for (size_t i = 0; i < c->count; i++) {
		char version[DIGEST_TEXT_MAX], name[NAME_TEXT_MAX];

		bytes_printf(&text, "zone %s %s\n",
		    digest_to_text(version, &c->versions[i].version),
		    name_to_text(name, c->versions[i].apex));
	}
	rc = text.failed ? err_set(err, ERR_NO_MEMORY, "no memory")
	                 : file_write(dir, CONDEMNED_FILE, 0640, text.data,
			       text.len, FILE_SYNC | FILE_REPLACE, err);
	close(dir);
	bytes_fini(&text);
	return rc;
}

static bool
is_signed(const struct zone_records *z)
{
	size_t n = 0;

	zone_records_find(z, z->apex, DNS_TYPE_DNSKEY, &n);
	return n > 0;
}

/* A signed version has a source, which must not come back with other
 * signatures either; if what is live is of the same source, only signatures
 * were left. */
static int
source_adopt(struct condemned *c, const struct zone_records *left,
    const struct zone_records *live, struct err *err)
{
	struct digest source, good;
	int rc = 0;

	if (!is_signed(left))
		return 0;
	rc = sign_source_digest(left, &source, err);
	if (rc == 0 && live)
		rc = sign_source_digest(live, &good, err);
	if (rc || (live && digest_equal(&source, &good)))
		return rc;
	return condemned_add(c, left->apex, &source, err);
}

/* The version itself, or what it was signed from. */
static bool
is_version_of(const struct digest *version, const struct zone_records *z)
{
	struct digest source;

	if (digest_equal(version, &z->version))
		return true;
	return is_signed(z) && sign_source_digest(z, &source, NULL) == 0 &&
	       digest_equal(version, &source);
}

/* All zones of a left generation whose version is not the live one. A zone that
 * was equal in both was not left; one in a slot that did not change neither, so
 * its version is equal. */
static int
adopt_generation(struct condemned *c, struct store *s,
    const struct digest *generation, struct zone_table *live, struct err *err)
{
	struct zone_records **zones = NULL;
	size_t count = 0;
	int rc = compile_read_zones(s, generation, &zones, &count, err);

	if (rc)
		return rc;
	for (size_t i = 0; i < count; i++) {
		const struct zone_entry *e =
		    zone_table_find(live, zones[i]->apex);
		char name[NAME_TEXT_MAX];

		if (rc == 0 && e &&
		    !(e->served && digest_equal(&e->served->version,
				       &zones[i]->version))) {
			rc = condemned_add(
			    c, zones[i]->apex, &zones[i]->version, err);
			if (rc == 0)
				rc = source_adopt(c, zones[i], e->served, err);
			log_warn("zone %s: the version with serial %u is "
				 "condemned: a rollback left it",
			    name_to_text(name, zones[i]->apex),
			    zones[i]->serial);
		}
		zone_records_free(zones[i]);
	}
	free(zones);
	return rc;
}

/* What is live is pardoned: somebody went back to it. Returns whether the list
 * changed. */
static bool
pardon_live(struct condemned *c, struct zone_table *live)
{
	size_t kept = 0, before = c->count;

	for (size_t i = 0; i < before; i++) {
		const struct zone_entry *e =
		    zone_table_find(live, c->versions[i].apex);

		if (e && e->served &&
		    is_version_of(&c->versions[i].version, e->served))
			continue;
		c->versions[kept++] = c->versions[i];
	}
	c->count = kept;
	return kept != before;
}

static bool
list_has(const struct store_condemned *list, size_t count,
    const struct digest *generation)
{
	for (size_t i = 0; i < count; i++)
		if (digest_equal(&list[i].generation, generation))
			return true;
	return false;
}

/* Generations that the list has no more, and the live one, are not seen.
 * Returns whether there were any. */
static bool
seen_forget(struct condemned *c, const struct store_condemned *list,
    size_t count, const struct digest *live)
{
	size_t kept = 0, before = c->nseen;

	for (size_t i = 0; i < before; i++)
		if (!digest_equal(&c->seen[i], live) &&
		    list_has(list, count, &c->seen[i]))
			c->seen[kept++] = c->seen[i];
	c->nseen = kept;
	return kept != before;
}

int
condemned_adopt(struct condemned *c, struct store *s, struct zone_table *live,
    const struct digest *generation, struct err *err)
{
	struct store_condemned *list = NULL;
	size_t count = 0;
	int rc = store_condemned_read(s, &list, &count, err);
	bool news = rc == 0 && seen_forget(c, list, count, generation);

	for (size_t i = 0; rc == 0 && i < count; i++) {
		const struct digest *left = &list[i].generation;
		struct err why;

		if (digest_equal(left, generation) || is_seen(c, left))
			continue;
		if (adopt_generation(c, s, left, live, &why))
			log_error("what the rollback left can't be read: %s",
			    why.text);
		rc = seen_add(c, left, err);
		news = true;
	}
	if (rc == 0)
		news |= pardon_live(c, live);
	if (rc == 0 && news)
		rc = condemned_write(c, s, err);
	free(list);
	return rc;
}

int
condemned_version_add(struct condemned *c, struct store *s,
    const struct zone_records *left, const struct zone_records *live,
    struct err *err)
{
	int rc = condemned_add(c, left->apex, &left->version, err);

	if (rc == 0)
		rc = source_adopt(c, left, live, err);
	return rc ? rc : condemned_write(c, s, err);
}

int
condemned_expect(struct condemned *c, struct store *s,
    const struct digest *generation, struct err *err)
{
	int rc = seen_add(c, generation, err);

	return rc ? rc : condemned_write(c, s, err);
}

int
condemned_release(struct condemned *c, struct store *s, const uint8_t *apex,
    size_t *released, struct err *err)
{
	struct condemned rest = {0};
	int rc = 0;

	*released = 0;
	for (size_t i = 0; i < c->count && rc == 0; i++) {
		const struct condemned_version *v = &c->versions[i];

		if (name_equal(v->apex, apex))
			++*released;
		else
			rc = condemned_add(&rest, v->apex, &v->version, err);
	}
	for (size_t i = 0; i < c->nseen && rc == 0; i++)
		rc = seen_add(&rest, &c->seen[i], err);
	if (rc == 0 && *released)
		rc = condemned_write(&rest, s, err);
	if (rc || !*released) { /* as it was */
		condemned_free(&rest);
		return rc;
	}
	condemned_free(c);
	*c = rest;
	return 0;
}
