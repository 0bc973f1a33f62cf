/* SPDX-License-Identifier: BSD-2-Clause
 *
 * holdfast diff: the records in which two generations differ, from the records
 * that the store keeps of both. Two sorted lists are walked side by side. Holds
 * both generations' records in memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "control/compile/compile.h"
#include "tools/record_text.h"
#include "tools/tool_output.h"

struct side {
	struct digest digest;
	struct zone_records **zones;
	size_t nzones;
};

struct diff {
	const struct tool *tool;
	struct side a, b;
	uint64_t removed, added, zones;
	json_t *changes;
};

static void
record_show(struct diff *d, char sign, const struct zone_records *z,
    const struct record *r)
{
	char *text = record_text_new(z, r);

	*(sign == '-' ? &d->removed : &d->added) += 1;
	if (text == NULL)
		return;
	if (d->tool->json)
		json_array_append_new(
		    d->changes, json_sprintf("%c%s", sign, text));
	else
		printf("%c%s\n", sign, text);
	free(text);
}

/* The order of a sealed zone; the TTL last, so that a new TTL is a record that
 * goes and one that comes. */
static int
record_compare(const struct zone_records *za, const struct record *a,
    const struct zone_records *zb, const struct record *b)
{
	size_t least =
	    a->rdata_bytes < b->rdata_bytes ? a->rdata_bytes : b->rdata_bytes;
	int c = name_compare(record_owner(za, a), record_owner(zb, b));

	if (c == 0)
		c = (int)a->type - (int)b->type;
	if (c == 0)
		c = memcmp(record_rdata(za, a), record_rdata(zb, b), least);
	if (c == 0)
		c = (int)a->rdata_bytes - (int)b->rdata_bytes;
	if (c == 0)
		c = a->ttl < b->ttl ? -1 : a->ttl > b->ttl;
	return c;
}

/* Either may be NULL: a zone that is new or gone. */
static void
zone_diff(
    struct diff *d, const struct zone_records *a, const struct zone_records *b)
{
	size_t i = 0, j = 0, na = a ? a->count : 0, nb = b ? b->count : 0;

	if (a && b && digest_equal(&a->version, &b->version))
		return;
	d->zones++;
	while (i < na || j < nb) {
		int c = i == na   ? 1
		        : j == nb ? -1
		                  : record_compare(
					a, &a->records[i], b, &b->records[j]);

		if (c < 0)
			record_show(d, '-', a, &a->records[i]);
		else if (c > 0)
			record_show(d, '+', b, &b->records[j]);
		i += c <= 0;
		j += c >= 0;
	}
}

static void
sides_diff(struct diff *d)
{
	size_t i = 0, j = 0;

	while (i < d->a.nzones || j < d->b.nzones) {
		int c = i == d->a.nzones   ? 1
		        : j == d->b.nzones ? -1
		                           : name_compare(d->a.zones[i]->apex,
						 d->b.zones[j]->apex);

		zone_diff(d, c <= 0 ? d->a.zones[i] : NULL,
		    c >= 0 ? d->b.zones[j] : NULL);
		i += c <= 0;
		j += c >= 0;
	}
}

static int
side_read(struct side *side, struct store *s, const char *name, struct err *err)
{
	int rc = tool_generation(s, name, &side->digest, err);

	if (!rc)
		rc = compile_read_zones(
		    s, &side->digest, &side->zones, &side->nzones, err);
	return rc;
}

static void
side_fini(struct side *side)
{
	for (size_t i = 0; i < side->nzones; i++)
		zone_records_free(side->zones[i]);
	free(side->zones);
}

static void
diff_print(struct diff *d)
{
	sides_diff(d);
	if (d->tool->json)
		output_json(json_pack("{s:b, s:o, s:o, s:I, s:I, s:I, s:O}",
		    "ok", 1, "from", output_json_digest(&d->a.digest), "to",
		    output_json_digest(&d->b.digest), "zones",
		    (json_int_t)d->zones, "removed", (json_int_t)d->removed,
		    "added", (json_int_t)d->added, "changes", d->changes));
	else
		printf(";; %llu zones differ: %llu records less, %llu more\n",
		    (unsigned long long)d->zones,
		    (unsigned long long)d->removed,
		    (unsigned long long)d->added);
}

enum tool_status
command_diff(struct tool *t)
{
	struct diff d = {.tool = t, .changes = json_array()};
	enum tool_status status = TOOL_OK;
	struct store *s = NULL;
	struct err err;
	int rc;

	if (tool_store_open(t, &s, STORE_READ_ONLY, &err)) {
		json_decref(d.changes);
		return tool_fail_store(t, &err);
	}
	rc = side_read(&d.a, s, t->args[0], &err);
	if (!rc)
		rc = side_read(&d.b, s, t->args[1], &err);
	if (rc)
		status = tool_fail(t, &err);
	else
		diff_print(&d);
	side_fini(&d.a);
	side_fini(&d.b);
	json_decref(d.changes);
	store_close(&s);
	return status;
}
