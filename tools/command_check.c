/* SPDX-License-Identifier: BSD-2-Clause
 *
 * holdfast check: configuration and zone files, offline. Touches nothing.
 */
#include <stdio.h>
#include <stdlib.h>

#include "control/guard/guards.h"
#include "dataplane/limit/limits.h"
#include "tools/zone_words.h"

static enum tool_status
schema_print(const struct tool *t)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = t->json ? open_memstream(&text, &bytes) : stdout;
	struct err err;
	int rc;

	if (out == NULL)
		rc = err_set(&err, ERR_NO_MEMORY, "out of memory");
	else
		rc = config_schema_print(out, &err);
	if (out && out != stdout)
		fclose(out);
	if (!rc && t->json)
		output_json(
		    json_pack("{s:b, s:s}", "ok", 1, "reference", text));
	free(text);
	return rc ? tool_fail(t, &err) : TOOL_OK;
}

static void
report_json(const struct zone_words *w, unsigned nzones, const char *config)
{
	json_t *refused = json_array();

	for (unsigned i = 0; i < nzones; i++) {
		if (w->read[i].records == NULL)
			json_array_append_new(
			    refused, json_pack("{s:s, s:s, s:s}", "zone",
					 w->read[i].zone->name, "file",
					 w->read[i].zone->file, "why",
					 w->read[i].why.text));
	}
	output_json(json_pack("{s:b, s:s?, s:i, s:o}", "ok", w->refused == 0,
	    "config", config, "zones", (int)nzones, "refused", refused));
}

static void
report_text(const struct zone_words *w, unsigned nzones, const char *config)
{
	if (config)
		printf("%s: good\n", config);
	for (unsigned i = 0; i < nzones; i++) {
		if (w->read[i].records == NULL)
			printf("%s refused: %s\n", w->read[i].zone->name,
			    w->read[i].why.text);
	}
	printf("%u of %u zones are good\n", nzones - w->refused, nzones);
}

static enum tool_status
zones_check(const struct tool *t, struct zone_words *w,
    const struct config_zone *zones, unsigned nzones, const char *config)
{
	struct progress p;
	struct err err;

	progress_begin(&p, t);
	if (zone_words_read(w, t, zones, nzones, &p, &err) ||
	    zone_words_dnssec(w, t, nzones, &p, &err))
		return tool_fail(t, &err);
	if (t->json)
		report_json(w, nzones, config);
	else
		report_text(w, nzones, config);
	return w->refused ? TOOL_PARTIAL : TOOL_OK;
}

/* The files of prefixes that the configuration names. */
static int
prefixes_check(const struct config *c, struct err *err)
{
	struct prefix_set *set = NULL;
	struct limits limits;
	int rc = limits_from_config(&limits, &c->limits, err);

	if (!rc)
		rc = limits_prefixes(&set, &limits, err);
	prefix_set_free(&set);
	return rc;
}

enum tool_status
command_check(struct tool *t)
{
	struct zone_words w = {0};
	enum tool_status status;
	struct err err;

	if (t->schema)
		return schema_print(t);
	if (t->nzones || t->zones_from) {
		if (zone_words_take(&w, t, &err))
			status = tool_fail(t, &err);
		else
			status = zones_check(t, &w, w.zones, w.nzones, NULL);
	} else {
		const char *path = t->config ? t->config : CONFIG_PATH_DEFAULT;

		if (config_load(&t->loaded, path, &err) ||
		    prefixes_check(t->loaded, &err) ||
		    guards_configure(NULL, t->loaded, &err))
			status = tool_fail(t, &err);
		else
			status = zones_check(
			    t, &w, t->loaded->zones, t->loaded->nzones, path);
	}
	zone_words_fini(&w);
	return status;
}
