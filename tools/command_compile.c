/* SPDX-License-Identifier: BSD-2-Clause
 *
 * holdfast compile: zone files to a committed generation, offline. Takes both
 * locks of the store, so that neither a holdfastd nor a data plane can be
 * using it in the same moment. Holds all zones in memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/compile/compile.h"
#include "control/dnssec/dnssec_links.h"
#include "tools/store_zones.h"
#include "tools/zone_words.h"

enum { RETAIN_GENERATIONS = 16 };

struct job {
	struct tool *tool;
	struct zone_words words;
	struct store *store;
	struct store_current current;
	struct bytes parent;   /* manifest of `current`, or empty */
	struct store_zones in; /* the zones of `current`, and the condemned */
	bool in_open;
	struct compile_zone *zones; /* what is to be in the generation */
	struct zone_read **source;  /* of each */
	size_t nzones;
	struct compile_result result;
	struct progress progress;
};

static int
locks_take(struct store *s, struct err *err)
{
	int rc = store_lock(s, STORE_LOCK_OWNER, err);

	if (rc == ERR_BUSY)
		return err_add(err,
		    "the store has a live owner: stop it, or let it do the work "
		    "(holdfast reload)");
	if (rc)
		return rc;
	rc = store_lock(s, STORE_LOCK_COMMIT, err);
	if (rc == ERR_BUSY)
		err_add(err,
		    "a data plane runs on the store, and only holdfastd can "
		    "change what it answers (holdfast reload)");
	return rc;
}

/* The parent, and its zones: the versions that a bad one falls back to. */
static int
parent_read(struct job *j, struct err *err)
{
	int rc = store_current_read(j->store, &j->current, err);

	if (!rc && !digest_is_zero(&j->current.generation))
		rc = store_get(j->store, STORE_GENERATION,
		    &j->current.generation, &j->parent, err);
	if (rc)
		return rc;
	j->in_open = true;
	return store_zones_open(&j->in, j->store, &j->current.generation,
	    j->words.zones, j->words.nzones, err);
}

static int
job_open(struct job *j, struct err *err)
{
	int rc = store_create(j->tool->store_dir, err);

	if (!rc)
		rc = store_open(&j->store, j->tool->store_dir, 0, err);
	if (!rc)
		rc = locks_take(j->store, err);
	if (!rc)
		rc = parent_read(j, err);
	return rc;
}

/* A version that a rollback left does not come back by itself. */
static void
condemned_refuse(struct job *j, struct zone_read *r)
{
	if (r->records == NULL || !store_zones_condemns(&j->in, r->records))
		return;
	err_set(&r->why, ERR_REFUSED,
	    "a rollback condemned this version (serial %u): change the zone, or "
	    "say: holdfast release %s --store %s",
	    r->records->serial, r->zone->name, j->tool->store_dir);
	zone_records_free(r->records);
	r->records = NULL;
	j->words.refused++;
}

static int
zones_choose(struct job *j, struct err *err)
{
	unsigned n = j->words.nzones;

	j->zones = calloc(n + 1, sizeof *j->zones);
	j->source = calloc(n + 1, sizeof(*j->source));
	if (j->zones == NULL || j->source == NULL)
		return err_set(err, ERR_NO_MEMORY, "out of memory");
	for (unsigned i = 0; i < n; i++) {
		struct zone_read *r = &j->words.read[i];
		const struct zone_records *good =
		    store_zones_live_find(&j->in, r->zone->apex);

		condemned_refuse(j, r);
		if (r->records == NULL && good == NULL)
			continue;
		j->source[j->nzones] = r;
		j->zones[j->nzones++] = (struct compile_zone){
		    .records = r->records ? r->records : good,
		    .last_good = good};
	}
	if (j->nzones == 0)
		return err_set(err, ERR_REFUSED,
		    "%s: none of the %u zones is good: nothing was committed",
		    j->tool->store_dir, n);
	return 0;
}

/* A version that breaks the link between two of the zones. */
static void
link_refuse(void *arg, size_t member, bool refused, const char *why)
{
	struct job *j = arg;
	struct compile_zone *z = &j->zones[member];
	struct zone_read *r = j->source[member];

	if (!refused) {
		fprintf(stderr, "warning: %s: %s\n", r->zone->file, why);
		return;
	}
	err_set(&r->why, ERR_REFUSED, "%s: %s", r->zone->file, why);
	zone_records_free(r->records);
	r->records = NULL;
	j->words.refused++;
	z->records = z->last_good;
}

static void
zones_without_version_drop(struct job *j)
{
	size_t kept = 0;

	for (size_t i = 0; i < j->nzones; i++) {
		if (!j->zones[i].records)
			continue;
		j->source[kept] = j->source[i];
		j->zones[kept++] = j->zones[i];
	}
	j->nzones = kept;
}

static int
links_check(struct job *j, struct err *err)
{
	struct dnssec_member *members = calloc(j->nzones + 1, sizeof *members);
	int rc;

	if (members == NULL)
		return err_set(err, ERR_NO_MEMORY, "out of memory");
	for (size_t i = 0; i < j->nzones; i++) {
		const struct zone_read *r = j->source[i];
		enum config_dnssec mode = zone_words_mode(r->zone, j->tool);

		members[i] = (struct dnssec_member){.apex = r->zone->apex,
		    .wanted = r->records,
		    .served = j->zones[i].last_good,
		    .skip = mode == ZONE_DNSSEC_OFF,
		    .lax = mode == ZONE_DNSSEC_OFF || mode == ZONE_DNSSEC_WARN};
		if (r->records && j->zones[i].last_good &&
		    digest_equal(
			&r->records->version, &j->zones[i].last_good->version))
			members[i].wanted = NULL;
	}
	rc = dnssec_links_check(members, j->nzones, link_refuse, j, err);
	free(members);
	zones_without_version_drop(j);
	if (!rc && j->nzones == 0)
		rc = err_set(err, ERR_REFUSED,
		    "%s: none of the %u zones is good: nothing was committed",
		    j->tool->store_dir, j->words.nzones);
	return rc;
}

static void
step_show(void *arg, enum compile_step step, uint64_t done, uint64_t total)
{
	static const char *const names[COMPILE_STEP_COUNT] = {
	    [COMPILE_STEP_PLAN] = "plan",
	    [COMPILE_STEP_CELLS] = "cells",
	    [COMPILE_STEP_LOAD] = "load",
	    [COMPILE_STEP_PROVE] = "proof",
	    [COMPILE_STEP_RECORDS] = "records",
	    [COMPILE_STEP_MANIFEST] = "manifest",
	};

	progress_step(arg, names[step], done, total);
}

/* What the compiler says of a zone goes to where the reader's word is. */
static void
refusals_collect(struct job *j)
{
	for (size_t i = 0; i < j->nzones; i++) {
		if (j->zones[i].status == 0 || j->source[i]->why.code)
			continue;
		err_set(&j->source[i]->why, j->zones[i].status, "%s",
		    compile_zone_why(&j->zones[i]));
		j->words.refused++;
	}
}

static int
generation_make(struct job *j, struct err *err)
{
	struct compile_options options = {.prove = true,
	    .progress = step_show,
	    .arg = &j->progress,
	    .shared_slot_bits = ~0u};
	struct err tidy;
	int rc;

	rc = compile_generation(j->store, j->parent.len ? j->parent.data : NULL,
	    j->parent.len, j->zones, j->nzones, &options, &j->result, err);
	progress_end(&j->progress);
	if (rc)
		return rc;
	refusals_collect(j);
	if (j->result.unchanged)
		return 0;
	progress_step(&j->progress, "commit", 0, 1);
	rc = store_commit(j->store, &j->current, &j->result.generation,
	    j->current.activation + 1, err);
	if (!rc && store_retain(j->store, RETAIN_GENERATIONS, NULL, 0, &tidy))
		fprintf(stderr, "warning: %s\n", tidy.text);
	return rc;
}

/* "stays at serial 7", "left out" */
static void
fate_text(struct job *j, const struct zone_read *r, char dst[64])
{
	const struct zone_records *good =
	    store_zones_live_find(&j->in, r->zone->apex);

	if (good)
		snprintf(dst, 64, "stays at serial %u", good->serial);
	else
		snprintf(dst, 64, "left out");
}

static void
refused_print(struct job *j)
{
	for (unsigned i = 0; i < j->words.nzones; i++) {
		const struct zone_read *r = &j->words.read[i];
		char fate[64];

		if (r->why.code == 0)
			continue;
		fate_text(j, r, fate);
		fprintf(stderr, "%s refused, %s: %s\n", r->zone->name, fate,
		    r->why.text);
	}
}

static json_t *
refused_json(struct job *j)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < j->words.nzones; i++) {
		const struct zone_read *r = &j->words.read[i];
		char fate[64];

		if (r->why.code == 0)
			continue;
		fate_text(j, r, fate);
		json_array_append_new(
		    list, json_pack("{s:s, s:s, s:s, s:s, s:s}", "zone",
			      r->zone->name, "file", r->zone->file, "code",
			      err_code_name(r->why.code), "why", r->why.text,
			      "fate", fate));
	}
	return list;
}

static void
signed_print(const struct job *j)
{
	char due[32];

	for (unsigned i = 0; i < j->words.nzones; i++) {
		const struct zone_read *r = &j->words.read[i];

		if (!r->records || !r->is_signed)
			continue;
		printf("%s signed, serial %u: %llu signatures made, %llu kept; "
		       "to be signed again %s\n",
		    r->zone->name, r->records->serial,
		    (unsigned long long)r->made, (unsigned long long)r->kept,
		    output_time(due, r->due));
	}
}

static json_t *
signed_json(const struct job *j)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < j->words.nzones; i++) {
		const struct zone_read *r = &j->words.read[i];

		if (!r->records || !r->is_signed)
			continue;
		json_array_append_new(list,
		    json_pack("{s:s, s:I, s:I, s:I, s:I}", "zone",
			r->zone->name, "serial", (json_int_t)r->records->serial,
			"made", (json_int_t)r->made, "kept",
			(json_int_t)r->kept, "due", (json_int_t)r->due));
	}
	return list;
}

static void
report(struct job *j)
{
	const struct compile_result *r = &j->result;
	uint64_t activation = j->current.activation + !r->unchanged;
	char hex[DIGEST_TEXT_MAX];

	if (j->tool->json) {
		output_json(json_pack(
		    "{s:b, s:o, s:I, s:b, s:i, s:o, s:o, s:i, s:i, s:i, s:I, "
		    "s:o}",
		    "ok", j->words.refused == 0, "generation",
		    output_json_digest(&r->generation), "activation",
		    (json_int_t)activation, "unchanged", r->unchanged, "zones",
		    (int)j->words.nzones, "refused", refused_json(j), "signed",
		    signed_json(j), "zones_changed", (int)r->zones_changed,
		    "cells_built", (int)r->cells_built, "cells_kept",
		    (int)r->cells_kept, "answers_proven",
		    (json_int_t)r->answers_proven, "seconds",
		    progress_seconds(&j->progress)));
		return;
	}
	refused_print(j);
	signed_print(j);
	digest_to_text(hex, &r->generation);
	if (r->unchanged)
		printf("generation %.16s is what is there already: nothing "
		       "changed\n",
		    hex);
	else
		printf("generation %.16s committed (activation %llu): %u of %u "
		       "zones good, %u cells built, %u kept, %llu answers "
		       "proven\n",
		    hex, (unsigned long long)activation,
		    j->words.nzones - j->words.refused, j->words.nzones,
		    r->cells_built, r->cells_kept,
		    (unsigned long long)r->answers_proven);
}

static void
job_fini(struct job *j)
{
	if (j->result.loaded)
		generation_free(&j->result.loaded);
	if (j->in_open)
		store_zones_close(&j->in);
	if (j->zones)
		compile_zones_fini(j->zones, j->nzones);
	free(j->zones);
	free(j->source);
	bytes_fini(&j->parent);
	zone_words_fini(&j->words);
	if (j->store)
		store_close(&j->store);
}

static enum tool_status
job_run(struct job *j)
{
	struct zone_words *w = &j->words;
	struct err err;
	int rc;

	progress_begin(&j->progress, j->tool);
	progress_step(&j->progress, "list", 0, 1);
	if (j->tool->nzones == 0 && j->tool->zones_from == NULL)
		zone_words_configured(w, j->tool);
	else if (zone_words_take(w, j->tool, &err))
		return tool_fail(j->tool, &err);
	progress_step(&j->progress, "parent", 0, 1);
	rc = job_open(j, &err);
	if (rc)
		return rc == ERR_BUSY ? tool_fail(j->tool, &err)
		                      : tool_fail_store(j->tool, &err);
	rc = zone_words_read(
	    w, j->tool, w->zones, w->nzones, &j->progress, &err);
	if (!rc)
		rc = zone_words_sign(w, j->tool, &j->in, &j->progress, &err);
	if (!rc)
		rc = zone_words_dnssec(
		    w, j->tool, w->nzones, &j->progress, &err);
	if (!rc)
		rc = zones_choose(j, &err);
	if (!rc)
		rc = links_check(j, &err);
	if (!rc)
		rc = generation_make(j, &err);
	if (rc) {
		if (!j->tool->json)
			refused_print(j);
		return tool_fail(j->tool, &err);
	}
	report(j);
	return w->refused ? TOOL_PARTIAL : TOOL_OK;
}

enum tool_status
command_compile(struct tool *t)
{
	struct job j = {.tool = t};
	enum tool_status status;
	struct err err;

	if (t->nzones == 0 && t->zones_from == NULL && t->config == NULL) {
		err_set(&err, ERR_USAGE,
		    "no zones: give --zone NAME=FILE, --zones-from LIST, or "
		    "--config FILE for those that it has");
		return tool_fail(t, &err);
	}
	/* the configuration says where things are, and how zones are signed */
	if ((t->store_dir == NULL || t->config ||
		t->dnssec == ZONE_DNSSEC_SIGN) &&
	    tool_places(t, &err))
		return tool_fail(t, &err);
	status = job_run(&j);
	job_fini(&j);
	return status;
}
