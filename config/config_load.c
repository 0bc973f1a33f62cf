/* SPDX-License-Identifier: BSD-2-Clause
 *
 * From a file to struct config: defaults, the walk over the document, paths,
 * checks across options, zones. Run by the main thread of each program, again
 * by holdfastd for a reload; allocates what config_free() frees.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "config/config.h"
#include "config/config_check.h"
#include "config/config_document.h"
#include "config/config_schema.h"
#include "config/config_walk.h"
#include "config/config_zones.h"

#define CONFIG_BYTES_MAX (16u << 20)

/* The absolute path of the file's folder. */
static char *
folder_find(const char *path)
{
	const char *slash = strrchr(path, '/');
	int n = slash == NULL ? 0 : slash == path ? 1 : (int)(slash - path);
	char *here, *joined = NULL;

	if (path[0] == '/')
		return strndup(path, (size_t)n);
	here = getcwd(NULL, 0);
	if (here != NULL &&
	    asprintf(&joined, "%s%s%.*s", here,
		n != 0 && strcmp(here, "/") != 0 ? "/" : "", n, path) < 0)
		joined = NULL;
	free(here);
	return joined;
}

static int
prefix_files_resolve(
    struct config_limit *l, const char *folder, struct err *err)
{
	char **paths[] = {&l->allow_from, &l->deny_from, &l->exempt_from};
	int rc = 0;

	for (unsigned i = 0; i < 3 && rc == 0; i++)
		if (*paths[i] != NULL)
			rc = config_path_join(paths[i], folder, err);
	return rc;
}

/* Makes paths absolute: those of the zones, and what they are relative to. */
static int
paths_resolve(struct config *c, struct err *err)
{
	char *folder = folder_find(c->path);
	int rc = 0;

	if (folder == NULL)
		return err_set_errno(
		    err, "%s: cannot find out its folder", c->path);
	if (c->zones_from != NULL)
		rc = config_path_join(&c->zones_from, folder, err);
	rc = rc ? rc : prefix_files_resolve(&c->limits, folder, err);
	if (rc == 0 && c->zone_directory != NULL)
		rc = config_path_join(&c->zone_directory, folder, err);
	if (rc == 0 && c->dataplane.protected_names != NULL)
		rc = config_path_join(
		    &c->dataplane.protected_names, folder, err);
	if (c->zone_directory == NULL)
		c->zone_directory = folder;
	else
		free(folder);
	return rc;
}

/* Where each assertion of a zone was written, for messages about it. */
static void
assertions_place(
    struct config_zone_guards *g, const struct document *d, uint32_t zone)
{
	uint32_t list = document_key_find(d, zone, "assertions");
	uint32_t item = g->nassertions ? d->nodes[list].first : DOCUMENT_NONE;

	for (unsigned i = 0; i < g->nassertions; i++) {
		g->assertions[i].line = d->nodes[item].line;
		item = d->nodes[item].next;
	}
}

static int
zones_finish(struct config *c, const struct document *d, struct err *err)
{
	uint32_t list = document_key_find(d, 0, "zones"), item = DOCUMENT_NONE;
	int rc = 0;

	if (c->nzones != 0)
		item = d->nodes[list].first;
	for (unsigned i = 0; i < c->nzones; i++) {
		c->zones[i].line = d->nodes[item].line;
		assertions_place(&c->zones[i].guards, d, item);
		rc = config_zone_place(&c->zones[i], c->zone_directory, err);
		if (rc != 0)
			return err_add(err, "%s:%u: option \"zones[%u].file\"",
			    c->path, c->zones[i].line, i);
		item = d->nodes[item].next;
	}
	if (c->zones_from != NULL)
		rc = config_zone_list_load(&c->zones, &c->nzones, c->zones_from,
		    c->zone_directory, err);
	if (rc != 0)
		return err_add(err, "%s:%u: option \"zones_from\"", c->path,
		    d->nodes[document_key_find(d, 0, "zones_from")].line);
	config_zones_dnssec(c);
	return config_zones_sort(
	    c->zones, c->nzones, c->path, c->zones_from, err);
}

static int
config_new(struct config **out, const char *path, struct err *err)
{
	struct config *c = calloc(1, sizeof *c);
	int rc;

	*out = c;
	if (c != NULL)
		c->path = strdup(path);
	if (c == NULL || c->path == NULL) {
		config_free(out);
		return err_set(err, ERR_NO_MEMORY, "%s: out of memory", path);
	}
	rc = schema_defaults(&schema_root, c, err);
	if (rc == 0)
		rc = schema_defaults(&schema_policy, &c->policy_default, err);
	if (rc != 0)
		config_free(out);
	return rc;
}

int
config_default(struct config **out, struct err *err)
{
	int rc = config_new(out, "built-in defaults", err);

	if (rc == 0)
		rc = paths_resolve(*out, err);
	if (rc != 0)
		config_free(out);
	return rc;
}

int
config_parse(struct config **out, const char *path, const void *text,
    uint64_t bytes, struct err *err)
{
	struct document d;
	struct err own;
	int rc;

	*out = NULL;
	err = err ? err : &own;
	if (bytes > CONFIG_BYTES_MAX)
		return err_set(err, ERR_LIMIT,
		    "%s: %llu bytes are too large, allowed are %u; name the "
		    "zones in a list file (zones_from)",
		    path, (unsigned long long)bytes, CONFIG_BYTES_MAX);
	rc = document_parse(&d, path, text, bytes, err);
	if (rc == 0)
		rc = config_new(out, path, err);
	if (rc == 0)
		rc = config_walk(*out, &d, path, err);
	if (rc == 0)
		rc = paths_resolve(*out, err);
	if (rc == 0)
		rc = config_check(*out, &d, err);
	if (rc == 0)
		rc = zones_finish(*out, &d, err);
	document_fini(&d);
	if (rc != 0)
		config_free(out);
	return rc;
}

int
config_load(struct config **out, const char *path, struct err *err)
{
	struct bytes text;
	int rc;

	*out = NULL;
	bytes_init(&text);
	rc = file_read(AT_FDCWD, path, CONFIG_BYTES_MAX, &text, err);
	if (rc != 0)
		err_add(err, "configuration");
	else
		rc = config_parse(out, path, text.data, text.len, err);
	bytes_fini(&text);
	return rc;
}

void
config_free(struct config **c)
{
	if (*c == NULL)
		return;
	schema_free(&schema_root, *c);
	schema_free(&schema_policy, &(*c)->policy_default);
	free((*c)->path);
	free(*c);
	*c = NULL;
}
