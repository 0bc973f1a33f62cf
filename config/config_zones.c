/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The zones of a configuration: lists of them in files of their own, where
 * their files are, their order. Runs in the thread that loads the
 * configuration; allocates names and paths. Sized for a hundred thousand zones:
 * one pass and one sort.
 */
#include "config/config_zones.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/name.h"
#include "config/config_quote.h"
#include "config/config_scalar.h"

/* Ten million lines; more is a mistake. */
#define ZONE_LIST_BYTES_MAX (1u << 30)

/* True if a component of the path is "..": it could leave the directory. */
static bool
climbs(const char *path)
{
	while (*path != '\0') {
		size_t n = strcspn(path, "/");

		if (n == 2 && path[0] == '.' && path[1] == '.')
			return true;
		path += n;
		path += strspn(path, "/");
	}
	return false;
}

int
config_path_join(char **path, const char *directory, struct err *err)
{
	const char *slash = strcmp(directory, "/") == 0 ? "" : "/";
	char *joined;

	if ((*path)[0] == '/')
		return 0;
	if (asprintf(&joined, "%s%s%s", directory, slash, *path) < 0)
		return err_set(err, ERR_NO_MEMORY, "out of memory");
	free(*path);
	*path = joined;
	return 0;
}

int
config_zone_place(struct config_zone *z, const char *directory, struct err *err)
{
	char quoted[CONFIG_QUOTE_MAX];

	if (z->file[0] != '/' && climbs(z->file))
		return err_set(err, ERR_SYNTAX,
		    "%s leaves the zone directory, write an absolute path",
		    config_quote(quoted, z->file));
	return config_path_join(&z->file, directory, err);
}

void
config_zones_free(struct config_zone **zones, unsigned nzones)
{
	for (unsigned i = 0; i < nzones; i++) {
		free((*zones)[i].name);
		free((*zones)[i].file);
		free((*zones)[i].policy);
	}
	free(*zones);
	*zones = NULL;
}

static const struct {
	const char *word;
	enum config_dnssec mode;
} dnssec_modes[] = {
    {"verify", ZONE_DNSSEC_VERIFY},
    {"warn", ZONE_DNSSEC_WARN},
    {"off", ZONE_DNSSEC_OFF},
    {"sign", ZONE_DNSSEC_SIGN},
};

enum { DNSSEC_MODES = sizeof dnssec_modes / sizeof *dnssec_modes };

int
config_dnssec_from_text(const char *word)
{
	for (unsigned i = 0; i < DNSSEC_MODES; i++)
		if (strcmp(word, dnssec_modes[i].word) == 0)
			return (int)dnssec_modes[i].mode;
	return -1;
}

const char *
config_dnssec_text(enum config_dnssec mode)
{
	for (unsigned i = 0; i < DNSSEC_MODES; i++)
		if (mode == dnssec_modes[i].mode)
			return dnssec_modes[i].word;
	return "default";
}

void
config_zones_dnssec(struct config *c)
{
	if (c->dnssec_default == ZONE_DNSSEC_DEFAULT)
		c->dnssec_default = ZONE_DNSSEC_VERIFY;
	for (unsigned i = 0; i < c->nzones; i++)
		if (c->zones[i].dnssec == ZONE_DNSSEC_DEFAULT)
			c->zones[i].dnssec = c->dnssec_default;
}

const struct config_policy *
config_policy_of(const struct config *c, const struct config_zone *z)
{
	const char *name = z->policy ? z->policy : CONFIG_POLICY_DEFAULT;

	for (unsigned i = 0; i < c->npolicies; i++)
		if (strcmp(c->policies[i].name, name) == 0)
			return &c->policies[i];
	return strcmp(name, CONFIG_POLICY_DEFAULT) == 0 ? &c->policy_default
	                                                : NULL;
}

/* What a list is being read into. */
struct zone_list {
	struct config_zone **zones;
	unsigned *nzones;
	unsigned cap;
	const char *directory;
};

static struct config_zone *
list_next_find(struct zone_list *l)
{
	struct config_zone *grown;

	if (*l->nzones >= l->cap) {
		unsigned cap = *l->nzones < 32 ? 64 : 2 * *l->nzones;

		grown = reallocarray(*l->zones, cap, sizeof **l->zones);
		if (grown == NULL)
			return NULL;
		*l->zones = grown;
		l->cap = cap;
	}
	memset(&(*l->zones)[*l->nzones], 0, sizeof **l->zones);
	return &(*l->zones)[*l->nzones];
}

/* Ends the line's name and file with terminators; NULL or what is wrong. */
static const char *
line_cut(char *line, size_t bytes, char **file)
{
	char *tab = memchr(line, '\t', bytes);

	for (size_t i = 0; i < bytes; i++)
		if (((uint8_t)line[i] < 0x20 && line[i] != '\t') ||
		    line[i] == 0x7f)
			return "a control character";
	if (tab == NULL)
		return "no tab; a line is NAME<TAB>FILE";
	*tab = '\0';
	*file = tab + 1;
	if (tab == line)
		return "no zone name in front of the tab";
	if (**file == '\0')
		return "no file behind the tab";
	if (strchr(*file, '\t') != NULL)
		return "a second tab; a line is NAME<TAB>FILE";
	return NULL;
}

/* `line` is terminated and may be written on. */
static int
list_line(struct zone_list *l, char *line, size_t bytes, unsigned number,
    struct err *err)
{
	static const struct schema_row apex_row = {.type = SCHEMA_APEX};
	struct config_zone *z;
	const char *why;
	char *file;
	int rc;

	if (bytes != 0 && line[bytes - 1] == '\r')
		line[--bytes] = '\0';
	if (bytes == 0 || line[0] == '#')
		return 0;
	why = line_cut(line, bytes, &file);
	if (why != NULL)
		return err_set(err, ERR_SYNTAX, "%s", why);
	z = list_next_find(l);
	if (z == NULL)
		return err_set(err, ERR_NO_MEMORY, "out of memory");
	++*l->nzones;
	z->line = number;
	z->from_list = true;
	rc = scalar_set(&apex_row, z, line, false, err);
	if (rc != 0)
		return rc;
	z->file = strdup(file);
	if (z->file == NULL)
		return err_set(err, ERR_NO_MEMORY, "out of memory");
	return config_zone_place(z, l->directory, err);
}

int
config_zone_list_parse(struct config_zone **zones, unsigned *nzones,
    const char *path, const char *directory, const void *text, size_t bytes,
    struct err *err)
{
	struct zone_list l = {
	    .zones = zones, .nzones = nzones, .directory = directory};
	char *copy = malloc(bytes + 1), *line = copy;
	unsigned number = 0;
	struct err own;
	int rc = 0;

	if (copy == NULL)
		return err_set(err, ERR_NO_MEMORY, "%s: out of memory", path);
	if (bytes != 0)
		memcpy(copy, text, bytes);
	copy[bytes] = '\0';
	while (rc == 0 && line < copy + bytes) {
		char *end = memchr(line, '\n', (size_t)(copy + bytes - line));

		if (end == NULL)
			end = copy + bytes;
		*end = '\0';
		rc = list_line(&l, line, (size_t)(end - line), ++number, &own);
		line = end + 1;
	}
	free(copy);
	if (rc != 0)
		rc = err_set(err, rc, "%s:%u: %s", path, number, own.text);
	return rc;
}

int
config_zone_list_load(struct config_zone **zones, unsigned *nzones,
    const char *path, const char *directory, struct err *err)
{
	struct bytes text;
	int rc;

	bytes_init(&text);
	rc = file_read(AT_FDCWD, path, ZONE_LIST_BYTES_MAX, &text, err);
	if (rc == 0)
		rc = config_zone_list_parse(
		    zones, nzones, path, directory, text.data, text.len, err);
	bytes_fini(&text);
	return rc;
}

/* By apex; equal ones in the order in which they were read, so that messages
 * name the later one as the double. */
static int
zone_order(const void *a, const void *b)
{
	const struct config_zone *x = a, *y = b;
	int c = name_compare(x->apex, y->apex);

	if (c != 0)
		return c;
	if (x->from_list != y->from_list)
		return x->from_list ? 1 : -1;
	return x->line < y->line ? -1 : x->line > y->line;
}

int
config_zones_sort(struct config_zone *zones, unsigned nzones, const char *path,
    const char *list_path, struct err *err)
{
	if (nzones != 0)
		qsort(zones, nzones, sizeof *zones, zone_order);
	for (unsigned i = 1; i < nzones; i++) {
		const struct config_zone *a = &zones[i - 1], *b = &zones[i];

		if (name_equal(a->apex, b->apex))
			return err_set(err, ERR_EXISTS,
			    "%s:%u: zone %s is given twice, first in %s:%u",
			    b->from_list ? list_path : path, b->line, b->name,
			    a->from_list ? list_path : path, a->line);
	}
	return 0;
}
