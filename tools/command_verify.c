/* SPDX-License-Identifier: BSD-2-Clause
 *
 * holdfast verify: is what the store has what it was, and can it be served?
 * A generation is loaded as a daemon loads it (digests and structure), checked
 * as a whole, and its records are read. Holds a generation in memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "snapshot/load.h"
#include "snapshot/records.h"
#include "tools/store_file.h"

struct verify {
	const struct tool *tool;
	struct store *store;
	struct progress progress;
	uint64_t cells, bytes;
};

static void
load_show(void *arg, uint64_t done, uint64_t total)
{
	progress_step(arg, "cells", done, total);
}

static int
part_drop(void *arg, struct zone_records *part, uint32_t serial,
    const struct digest *version, struct err *err)
{
	(void)arg;
	(void)serial;
	(void)version;
	(void)err;
	zone_records_free(part);
	return 0;
}

static int
records_check(struct verify *v, const struct digest *digest, struct err *err)
{
	struct bytes pack;
	int rc;

	bytes_init(&pack);
	rc = store_get(v->store, STORE_RECORDS, digest, &pack, err);
	if (!rc)
		rc = pack_read(pack.data, pack.len, part_drop, NULL, err);
	bytes_fini(&pack);
	return rc;
}

static int
slots_check(struct verify *v, const struct generation *g, struct err *err)
{
	int rc = 0;

	for (uint32_t i = 0; i < g->nslots && !rc; i++) {
		const struct digest *d = generation_records_digest(g, i);

		progress_step(&v->progress, "records", i, g->nslots);
		if (digest_is_zero(generation_cell_digest(g, i)))
			continue;
		v->cells++;
		v->bytes += generation_cell_bytes(g, i);
		/* denial cells have none */
		if (!digest_is_zero(d))
			rc = records_check(v, d, err);
	}
	return rc;
}

static int
generation_check(struct verify *v, const struct digest *d, struct err *err)
{
	const struct load_options options = {
	    .progress = load_show, .arg = &v->progress};
	struct generation *g = NULL;
	int rc = generation_load(&g, v->store, d, &options, err);

	v->cells = v->bytes = 0;
	if (!rc)
		rc = generation_check_whole(g, NULL, err);
	if (!rc)
		rc = slots_check(v, g, err);
	if (g)
		generation_free(&g);
	progress_end(&v->progress);
	return rc;
}

static enum tool_status
generation_report(struct verify *v, const struct digest *d)
{
	char hex[DIGEST_TEXT_MAX], size[32];
	struct err err = {0};
	int rc = generation_check(v, d, &err);

	if (v->tool->json)
		output_json(json_pack("{s:b, s:o, s:I, s:I, s:s?}", "ok",
		    rc == 0, "generation", output_json_digest(d), "cells",
		    (json_int_t)v->cells, "bytes", (json_int_t)v->bytes, "why",
		    rc ? err.text : NULL));
	else if (rc)
		printf("generation %.16s UNSOUND: %s\n", digest_to_text(hex, d),
		    err.text);
	else
		printf("generation %.16s sound: %llu cells, %s\n",
		    digest_to_text(hex, d), (unsigned long long)v->cells,
		    output_bytes(size, v->bytes));
	return rc ? TOOL_NO : TOOL_OK;
}

static enum tool_status
verify_all(struct verify *v)
{
	struct store_entry *list = NULL;
	enum tool_status status = TOOL_OK;
	size_t count = 0;
	struct err err;

	if (store_list(v->store, &list, &count, &err))
		return tool_fail_store(v->tool, &err);
	for (size_t i = 0; i < count; i++) {
		if (generation_report(v, &list[i].digest) != TOOL_OK)
			status = TOOL_NO;
	}
	if (count == 0 && !v->tool->json)
		printf("%s: no generation yet\n", store_dir(v->store));
	free(list);
	return status;
}

static enum tool_status
verify_one(struct verify *v, const char *name)
{
	struct digest digest;
	struct err err;

	if (tool_generation(v->store, name, &digest, &err))
		return err.code == ERR_CORRUPT ? tool_fail_store(v->tool, &err)
		                               : tool_fail(v->tool, &err);
	return generation_report(v, &digest);
}

/* The store of a cell is the one that is named, or the one around it. */
static enum tool_status
verify_file(struct tool *t, const char *path)
{
	struct store_file f;
	struct store *s = NULL;
	enum tool_status status = TOOL_OK;
	char around[4096];
	struct err err;
	int rc = store_file_read(&f, path, &err);

	if (rc) {
		store_file_fini(&f);
		return tool_fail_store(t, &err);
	}
	snprintf(around, sizeof around, "%.*s/..",
	    (int)(strrchr(path, '/') ? strrchr(path, '/') - path : 1),
	    strrchr(path, '/') ? path : ".");
	(void)store_open(
	    &s, t->store_dir ? t->store_dir : around, STORE_READ_ONLY, &err);
	rc = store_file_verify(&f, s, &err);
	if (rc)
		status = rc == ERR_USAGE ? tool_fail(t, &err)
		                         : (tool_fail(t, &err), TOOL_NO);
	else if (t->json)
		output_json(json_pack("{s:b, s:s, s:o}", "ok", 1, "file",
		    store_file_kind_name(f.kind), "digest",
		    output_json_digest(&f.digest)));
	else
		printf("%s: a sound %s file\n", path,
		    store_file_kind_name(f.kind));
	if (s)
		store_close(&s);
	store_file_fini(&f);
	return status;
}

enum tool_status
command_verify(struct tool *t)
{
	struct verify v = {.tool = t};
	enum tool_status status;
	struct err err;

	if (t->nargs && store_file_is(t->args[0]))
		return verify_file(t, t->args[0]);
	if (tool_store_open(t, &v.store, STORE_READ_ONLY, &err))
		return tool_fail_store(t, &err);
	progress_begin(&v.progress, t);
	status = t->all ? verify_all(&v)
	                : verify_one(&v, t->nargs ? t->args[0] : "current");
	store_close(&v.store);
	return status;
}
