/* SPDX-License-Identifier: BSD-2-Clause
 *
 * holdfast history: the generations of a store.
 */
#include <stdio.h>
#include <stdlib.h>

#include "snapshot/manifest.h"
#include "snapshot/verify.h"
#include "tools/tool_output.h"

struct numbers { /* of a manifest; zeros if it can't be read */
	uint32_t zones, cells;
};

/* What rollbacks left, by slots. */
struct left {
	struct store_condemned *list;
	size_t count;
};

static bool
is_left(const struct left *left, const struct store_entry *e)
{
	for (size_t i = 0; i < left->count; i++)
		if (digest_equal(&left->list[i].generation, &e->digest))
			return true;
	return false;
}

static struct numbers
numbers_of(struct store *s, const struct store_entry *e)
{
	struct numbers n = {0};
	struct bytes manifest;
	struct err err;

	bytes_init(&manifest);
	if (store_get(s, e->is_candidate ? STORE_CANDIDATE : STORE_GENERATION,
		&e->digest, &manifest, &err) == 0 &&
	    manifest_verify(manifest.data, manifest.len, &err) == 0) {
		const struct slot_d *slots = manifest_slots(manifest.data);

		n.zones = manifest_header(manifest.data)->nzones;
		for (uint32_t i = 0; i < manifest_header(manifest.data)->nslots;
		     i++) {
			struct digest d;

			__builtin_memcpy(d.b, slots[i].cell, DIGEST_BYTES);
			n.cells += !digest_is_zero(&d);
		}
	}
	bytes_fini(&manifest);
	return n;
}

static void
entry_print(
    struct store *s, const struct left *left, const struct store_entry *e)
{
	struct numbers n = numbers_of(s, e);
	char hex[DIGEST_TEXT_MAX], parent[DIGEST_TEXT_MAX], when[32];

	digest_to_text(parent, &e->parent);
	printf("%-16.16s  %s  %7u zones %6u cells  parent %-16.16s%s%s%s%s\n",
	    digest_to_text(hex, &e->digest), output_time(when, e->committed_at),
	    n.zones, n.cells, digest_is_zero(&e->parent) ? "-" : parent,
	    e->is_current ? "  current" : "",
	    e->is_candidate ? "  candidate" : "",
	    e->is_pinned ? "  pinned" : "",
	    is_left(left, e) ? "  rolled back" : "");
}

static json_t *
entry_json(
    struct store *s, const struct left *left, const struct store_entry *e)
{
	struct numbers n = numbers_of(s, e);

	return json_pack("{s:o, s:o, s:I, s:i, s:i, s:b, s:b, s:b, s:b}",
	    "generation", output_json_digest(&e->digest), "parent",
	    output_json_digest(&e->parent), "committed_at",
	    (json_int_t)e->committed_at, "zones", (int)n.zones, "cells",
	    (int)n.cells, "current", e->is_current, "candidate",
	    e->is_candidate, "pinned", e->is_pinned, "rolled_back",
	    is_left(left, e));
}

static void
list_print(const struct tool *t, struct store *s,
    const struct store_entry *list, size_t count)
{
	json_t *all = json_array();
	struct left left = {0};
	struct err ignored;

	if (store_condemned_read(s, &left.list, &left.count, &ignored) != 0)
		left = (struct left){0};
	for (size_t i = 0; i < count; i++) {
		if (t->json)
			json_array_append_new(
			    all, entry_json(s, &left, &list[i]));
		else
			entry_print(s, &left, &list[i]);
	}
	if (t->json)
		output_json(
		    json_pack("{s:b, s:O}", "ok", 1, "generations", all));
	else if (count == 0)
		printf("%s: no generation yet\n", store_dir(s));
	json_decref(all);
	free(left.list);
}

enum tool_status
command_history(struct tool *t)
{
	struct store_entry *list = NULL;
	enum tool_status status = TOOL_OK;
	struct store *s = NULL;
	size_t count = 0;
	struct err err;

	if (tool_store_open(t, &s, STORE_READ_ONLY, &err))
		return tool_fail_store(t, &err);
	if (store_list(s, &list, &count, &err))
		status = tool_fail_store(t, &err);
	else
		list_print(t, s, list, count);
	free(list);
	store_close(&s);
	return status;
}
