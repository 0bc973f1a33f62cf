/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Zones by command line: --zone NAME=FILE is a line of a list in other words.
 * Allocates the zones and their records.
 */
#include "tools/zone_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/sign/sign_source.h"
#include "control/source/zonefile.h"

/* Where the shell that wrote it would look: a zone directory, which a list must
 * not leave, is none of its concern. */
static void
file_append(struct bytes *list, const char *directory, const char *file)
{
	if (file[0] && file[0] != '/') {
		bytes_append(list, directory, strlen(directory));
		bytes_append(list, "/", 1);
	}
	bytes_append(list, file, strlen(file));
}

static int
words_to_list(const struct tool *t, const char *directory, struct bytes *list,
    struct err *err)
{
	for (size_t i = 0; i < t->nzones; i++) {
		const char *word = t->zones[i];
		size_t name = strcspn(word, "=");

		if (strpbrk(word, "\t\n") != NULL)
			return err_set(err, ERR_USAGE,
			    "--zone: a name or file with a tab or line break in "
			    "it can't be given");
		bytes_append(list, word, name);
		bytes_append(list, "\t", 1);
		file_append(list, directory, word + name + 1);
		bytes_append(list, "\n", 1);
	}
	return list->failed ? err_set(err, ERR_NO_MEMORY, "out of memory") : 0;
}

int
zone_words_take(struct zone_words *w, const struct tool *t, struct err *err)
{
	struct bytes list;
	char directory[4096];
	int rc;

	if (getcwd(directory, sizeof directory) == NULL)
		return err_set_errno(err, "where am I?");
	bytes_init(&list);
	rc = words_to_list(t, directory, &list, err);
	if (!rc)
		rc = config_zone_list_parse(&w->zones, &w->nzones, "--zone",
		    directory, list.data, list.len, err);
	for (unsigned i = 0; i < w->nzones; i++)
		w->zones[i].from_list = false;
	bytes_fini(&list);
	if (!rc && t->zones_from)
		rc = config_zone_list_load(
		    &w->zones, &w->nzones, t->zones_from, directory, err);
	if (!rc)
		rc = config_zones_sort(
		    w->zones, w->nzones, "--zone", t->zones_from, err);
	return rc;
}

void
zone_words_configured(struct zone_words *w, const struct tool *t)
{
	w->zones = t->loaded->zones;
	w->nzones = t->loaded->nzones;
	w->borrowed = true;
}

static void
warn_print(void *arg, const char *text)
{
	struct progress *p = arg;

	progress_end(p);
	fprintf(stderr, "warning: %s\n", text);
}

/* The file, and whether the signer would take it. */
static int
zone_load(struct zone_read *r, const struct tool *t,
    const struct zonefile_options *options)
{
	int rc = zonefile_load(
	    &r->records, r->zone->file, r->zone->apex, options, &r->why);

	if (rc || zone_words_mode(r->zone, t) != ZONE_DNSSEC_SIGN)
		return rc;
	rc = sign_source_check(r->records, &r->why);
	if (rc)
		zone_records_free(r->records);
	return rc;
}

int
zone_words_read(struct zone_words *w, const struct tool *t,
    const struct config_zone *zones, unsigned nzones, struct progress *p,
    struct err *err)
{
	const struct zonefile_options options = {.warn = warn_print, .arg = p};

	w->read = calloc(nzones + 1, sizeof *w->read);
	if (w->read == NULL)
		return err_set(err, ERR_NO_MEMORY, "out of memory");
	for (unsigned i = 0; i < nzones; i++) {
		struct zone_read *r = &w->read[i];

		r->zone = &zones[i];
		progress_step(p, "files", i, nzones);
		if (zone_load(r, t, &options)) {
			r->records = NULL;
			w->refused++;
			if (r->why.code == ERR_NO_MEMORY)
				return err_set(
				    err, ERR_NO_MEMORY, "%s", r->why.text);
		}
	}
	progress_end(p);
	return 0;
}

void
zone_words_fini(struct zone_words *w)
{
	for (unsigned i = 0; w->read && w->read[i].zone; i++) {
		if (w->read[i].records)
			zone_records_free(w->read[i].records);
	}
	free(w->read);
	if (!w->borrowed)
		config_zones_free(&w->zones, w->nzones);
	memset(w, 0, sizeof *w);
}
