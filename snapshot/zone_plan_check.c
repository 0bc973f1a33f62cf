/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the format cannot hold is found when a zone is planned, so that building
 * a cell fails for no zone in it. Runs in control and tools.
 *
 * Most names are so small that no limit is near. The few others are built once
 * for trial: then there is one place only that knows the limits.
 */
#include <string.h>

#include "base/name.h"
#include "snapshot/node_builder.h"
#include "snapshot/zone_plan.h"

enum {
	/* Below these, every block, glue included, is far from its limits. */
	CHECK_BYTES_MAX = 16384,
	CHECK_RECORDS_MAX = 60,
};

static void
ignore_name(void *arg, size_t offset, bool may_compress)
{
	(void)arg;
	(void)offset;
	(void)may_compress;
}

static const char *
record_fault_find(const struct zone_records *z, const struct record *r)
{
	if (r->type == 0 || r->type == DNS_TYPE_OPT ||
	    (r->type >= DNS_TYPE_TKEY && r->type <= DNS_TYPE_ANY))
		return "a type that no zone has";
	if ((r->type == DNS_TYPE_A && r->rdata_bytes != 4) ||
	    (r->type == DNS_TYPE_AAAA && r->rdata_bytes != 16))
		return "an address of a wrong size";
	if (!rdata_names(
		r->type, record_rdata(z, r), r->rdata_bytes, ignore_name, NULL))
		return "RDATA has not the shape of its type";
	return NULL;
}

int
plan_records_check(const struct zone_records *z, struct err *err)
{
	char owner[NAME_TEXT_MAX];

	for (size_t i = 0; i < z->count; i++) {
		const struct record *r = &z->records[i];
		const char *fault = record_fault_find(z, r);

		if (fault)
			return err_set(err, ERR_SEMANTIC, "%s TYPE%u: %s",
			    name_to_text(owner, record_owner(z, r)), r->type,
			    fault);
	}
	return 0;
}

/* Uncompressed octets of some records, an upper bound of their blocks. */
static size_t
records_bytes(const struct record *r, size_t count)
{
	size_t bytes = 0;

	for (size_t i = 0; i < count && bytes <= CHECK_BYTES_MAX; i++)
		bytes += 12u + r[i].rdata_bytes;
	return bytes;
}

static int
chains_check(
    const struct zone_plan *p, const struct plan_node *n, struct err *err)
{
	const struct record *r = &p->zone->records[n->first];
	unsigned cnames = 0, dnames = 0;
	char owner[NAME_TEXT_MAX];
	const char *fault = NULL;

	for (size_t i = 0; i < n->count; i++) {
		cnames += r[i].type == DNS_TYPE_CNAME;
		dnames += r[i].type == DNS_TYPE_DNAME;
	}
	if (cnames > 1 || dnames > 1)
		fault = "more than one CNAME or DNAME at a name";
	else if (cnames > 0 && (n->flags & NODE_APEX || dnames > 0))
		fault = "CNAME at the apex or beside DNAME";
	return fault ? err_set(err, ERR_SEMANTIC, "%s: %s",
			   name_to_text(owner, record_owner(p->zone, r)), fault)
	             : 0;
}

static int
trial_build(
    const struct zone_plan *p, const struct plan_node *n, struct err *err)
{
	struct block_builder *b = block_builder_new();
	struct node_image image;
	struct bytes out;
	int rc;

	if (!b)
		return err_set(err, ERR_NO_MEMORY, "no memory for a block");
	bytes_init(&out);
	rc = node_build(b, p, n, &out, &image, err);
	bytes_fini(&out);
	block_builder_free(b);
	return rc;
}

int
plan_node_check(
    const struct zone_plan *p, const struct plan_node *n, struct err *err)
{
	const struct record *r = &p->zone->records[n->first];
	size_t count = (size_t)n->count + n->below;
	int rc = n->count > 1 ? chains_check(p, n, err) : 0;

	if (rc < 0 || n->count == 0)
		return rc;
	if (n->count == 1 && n->flags & NODE_APEX)
		return 0;
	if (count <= CHECK_RECORDS_MAX &&
	    records_bytes(r, count) <= CHECK_BYTES_MAX)
		return 0;
	return trial_build(p, n, err);
}
