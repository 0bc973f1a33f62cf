/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Zones and their names for the query set (query_zones.h). Names are collected
 * in one walk over the sealed records: canonical order has what is below a cut
 * right behind the cut.
 */
#include "tools/load/query_zones.h"

#include <stdlib.h>

#include "base/name.h"
#include "control/source/zonefile.h"
#include "tools/load/query_build.h"

/* --- loading -----------------------------------------------------------------
 */

static int
apex_compare(const void *a, const void *b)
{
	const struct zone_records *const *x = a, *const *y = b;

	return name_compare((*x)->apex, (*y)->apex);
}

static int
zones_sort(struct query_zones *z, struct err *err)
{
	char text[NAME_TEXT_MAX];

	qsort(z->zones, z->count, sizeof *z->zones, apex_compare);
	for (size_t i = 1; i < z->count; i++)
		if (name_equal(z->zones[i]->apex, z->zones[i - 1]->apex))
			return err_set(err, ERR_USAGE,
			    "zone %s is given twice; leave one of them out",
			    name_to_text(text, z->zones[i]->apex));
	return 0;
}

int
query_zones_load(
    struct query_zones *z, const struct query_mix *mix, struct err *err)
{
	int rc = 0;

	*z = (struct query_zones){0};
	if (mix->nzones > QUERY_ZONES_MAX)
		return err_set(err, ERR_LIMIT, "%zu zones; at most %u",
		    mix->nzones, (unsigned)QUERY_ZONES_MAX);
	if (mix->nzones == 0)
		return 0;
	z->zones = calloc(mix->nzones, sizeof *z->zones);
	if (!z->zones)
		return err_set(
		    err, ERR_NO_MEMORY, "no memory for %zu zones", mix->nzones);
	for (size_t i = 0; rc == 0 && i < mix->nzones; i++) {
		uint8_t apex[DNS_NAME_MAX];

		rc = name_from_text(apex, mix->zone_apexes[i], err);
		if (rc < 0)
			break;
		rc = zonefile_load(
		    &z->zones[i], mix->zone_files[i], apex, NULL, err);
		z->count += rc == 0;
		query_progress(mix, "zones", i + 1, mix->nzones);
	}
	return rc < 0 ? rc : zones_sort(z, err);
}

void
query_zones_fini(struct query_zones *z)
{
	for (size_t i = 0; i < z->count; i++)
		zone_records_free(z->zones[i]);
	free(z->zones);
	*z = (struct query_zones){0};
}

size_t
query_zones_find(const struct query_zones *z, const uint8_t *name)
{
	for (;; name = name_parent(name, 1)) {
		size_t low = 0, high = z->count;

		while (low < high) {
			size_t middle = low + (high - low) / 2;
			int order = name_compare(z->zones[middle]->apex, name);

			if (order == 0)
				return middle;
			if (order < 0)
				low = middle + 1;
			else
				high = middle;
		}
		if (name[0] == 0)
			return SIZE_MAX;
	}
}

/* --- names -----------------------------------------------------------------
 */

bool
query_zone_has(const struct zone_records *z, const uint8_t *owner)
{
	size_t low = 0, high = z->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order =
		    name_compare(record_owner(z, &z->records[middle]), owner);

		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

size_t
query_name_records(const struct zone_records *z, size_t first)
{
	const struct record *r = &z->records[first];
	const uint8_t *owner = record_owner(z, r);
	size_t end = first + 1;

	while (end < z->count &&
	       (z->records[end].owner == r->owner ||
		   name_equal(record_owner(z, &z->records[end]), owner)))
		end++;
	return end - first;
}

bool
query_type_is_asked(uint16_t type)
{
	return type != DNS_TYPE_RRSIG && type != DNS_TYPE_NSEC &&
	       type != DNS_TYPE_NSEC3;
}

struct name_types {
	bool usual; /* one that a question is asked about */
	bool ns, dname;
};

static struct name_types
name_types_read(const struct zone_records *z, size_t first, size_t count)
{
	struct name_types t = {0};

	for (size_t i = first; i < first + count; i++) {
		uint16_t type = z->records[i].type;

		t.usual |= query_type_is_asked(type);
		t.ns |= type == DNS_TYPE_NS;
		t.dname |= type == DNS_TYPE_DNAME;
	}
	return t;
}

static bool
name_add(struct query_names *n, size_t *cap, uint32_t zone, size_t record)
{
	if (n->count == *cap) {
		size_t more = *cap ? *cap + *cap / 2 : 4096;
		void *names = realloc(n->names, more * sizeof *n->names);

		if (!names)
			return false;
		n->names = names;
		*cap = more;
	}
	n->names[n->count++] = (struct query_name){zone, (uint32_t)record};
	return true;
}

static bool
zone_collect(struct query_names *n, size_t *cap, uint32_t zone,
    const struct zone_records *z)
{
	const uint8_t *hidden = NULL; /* below this name */
	size_t count;

	for (size_t i = 0; i < z->count; i += count) {
		const uint8_t *owner = record_owner(z, &z->records[i]);
		struct name_types types;

		count = query_name_records(z, i);
		if (hidden && name_is_at_or_below(owner, hidden))
			continue;
		types = name_types_read(z, i, count);
		/* the first owner is the apex: its NS are no cut */
		hidden = types.dname || (types.ns && i > 0) ? owner : NULL;
		n->has_wildcards[zone] |= name_is_wildcard(owner);
		if (types.usual && !name_add(n, cap, zone, i))
			return false;
	}
	return true;
}

int
query_names_collect(struct query_names *n, const struct query_zones *z,
    const struct query_mix *mix, struct err *err)
{
	size_t cap = 0;

	*n = (struct query_names){
	    .has_wildcards = calloc(z->count + 1, sizeof *n->has_wildcards)};
	for (size_t i = 0; n->has_wildcards && i < z->count; i++) {
		if (!zone_collect(n, &cap, (uint32_t)i, z->zones[i])) {
			query_names_fini(n);
			break;
		}
		query_progress(mix, "names", i + 1, z->count);
	}
	return n->has_wildcards
	           ? 0
	           : err_set(err, ERR_NO_MEMORY, "no memory for the names");
}

void
query_names_fini(struct query_names *n)
{
	free(n->names);
	free(n->has_wildcards);
	*n = (struct query_names){0};
}
