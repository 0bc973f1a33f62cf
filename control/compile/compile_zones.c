/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The list of zones of a generation; see compile_zones.h. Allocates the list.
 *
 * One of a million zones has changed: to look at the records of the others
 * would cost a cache miss or two each for every fact about them. So what the
 * compiler found out for the parent is taken over where a zone's version is the
 * same: version digests cover the apex and all records.
 */
#include "control/compile/compile_zones.h"

#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "snapshot/manifest.h"

enum {
	REMOVED_MAX = 64, /* zones in a row that a list may have lost, and what
	                     is behind them is still found */
};

const char *
compile_zone_why(const struct compile_zone *z)
{
	return z->why ? z->why->text : "no memory to say why";
}

void
compile_zones_fini(struct compile_zone *zones, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(zones[i].why);
		zones[i].why = NULL;
	}
}

void
compile_zone_refuse(struct compile_zone *z, const struct err *why)
{
	z->status = why->code;
	free(z->why);
	z->why = malloc(sizeof *z->why);
	if (z->why)
		*z->why = *why;
}

static void
zone_refuse(struct compile_zone *z, const struct zone_records *records,
    int code, const char *text)
{
	char apex[NAME_TEXT_MAX];
	struct err why;

	err_set(&why, code, "zone %s: %s",
	    records ? name_to_text(apex, records->apex) : "?", text);
	compile_zone_refuse(z, &why);
}

/* --- what is known already ------------------------------------------------ */

static bool
zone_recall(
    struct layout_zone *z, const struct slot_table *before, size_t index)
{
	const struct known_zone *k = &before->zones[index];

	if (index >= before->nzones ||
	    !digest_equal(&k->version, &z->records->version))
		return false;
	z->known = (uint32_t)index + 1;
	z->apex_hash = k->apex_hash;
	z->bytes = k->bytes;
	z->depth = k->depth;
	return true;
}

/* Both lists are in one order: *at is where the next zone should be. Where it
 * is not, its version is another, or it is new, or others are gone; a wrong
 * guess makes zones unknown, never known wrongly. */
static void
zone_look(struct layout_zone *z, const struct layout *l,
    const struct name_key *key, const struct slot_table *before, size_t *at)
{
	size_t end;

	if (before && zone_recall(z, before, *at)) {
		++*at;
		return;
	}
	layout_zone_look(l, key, z);
	if (!before)
		return;
	end = before->nzones - *at < REMOVED_MAX ? before->nzones
	                                         : *at + REMOVED_MAX;
	for (size_t i = *at; i < end; i++) {
		if (before->zones[i].apex_hash != z->apex_hash)
			continue;
		zone_recall(z, before, i);
		*at = i + 1;
		break;
	}
}

/* --- the list ------------------------------------------------------------- */

static int
zone_order(const void *a, const void *b)
{
	const struct layout_zone *x = a, *y = b;

	return name_compare(x->records->apex, y->records->apex);
}

/* Two that stand one behind the other; those that are known are in the order
 * of what is known, where none is twice. */
static bool
zones_are_ordered(const struct layout_zone *a, const struct layout_zone *b)
{
	if (a->known && b->known)
		return a->known < b->known;
	return zone_order(a, b) < 0;
}

static bool
list_is_ordered(const struct layout *l)
{
	for (size_t i = 1; i < l->nzones; i++)
		if (!zones_are_ordered(&l->zones[i - 1], &l->zones[i]))
			return false;
	return true;
}

/* The caller's list was not in order: nothing is taken for known. */
static void
list_order(struct layout *l, const struct name_key *key)
{
	size_t kept = 0;

	l->before = NULL;
	qsort(l->zones, l->nzones, sizeof *l->zones, zone_order);
	for (size_t i = 0; i < l->nzones; i++) {
		struct layout_zone *z = &l->zones[i];

		if (kept && zone_order(&l->zones[kept - 1], z) == 0) {
			zone_refuse(z->zone, z->records, ERR_EXISTS,
			    "it is there twice");
			continue;
		}
		layout_zone_look(l, key, z);
		l->zones[kept++] = *z;
	}
	l->nzones = kept;
}

int
compile_zones_take(struct layout *l, const struct name_key *key,
    const struct slot_table *before, struct compile_zone *zones, size_t nzones,
    struct err *err)
{
	size_t at = 0;

	if (before && (!before->zones || before->split_bytes != l->split_bytes))
		before = NULL;
	l->before = before;
	l->nzones = 0;
	l->zones = malloc((nzones + 1) * sizeof *l->zones);
	if (!l->zones)
		return err_set(err, ERR_NO_MEMORY, "no memory for zones");
	for (size_t i = 0; i < nzones; i++) {
		struct compile_zone *z = &zones[i];
		struct layout_zone *taken = &l->zones[l->nzones];

		if (!z->status && !z->records)
			zone_refuse(z, z->last_good, ERR_NOT_FOUND,
			    "there is no version of it");
		*taken = (struct layout_zone){
		    .zone = z,
		    .records = z->status ? z->last_good : z->records,
		};
		if (!taken->records)
			continue;
		zone_look(taken, l, key, before, &at);
		l->nzones++;
	}
	if (!list_is_ordered(l))
		list_order(l, key);
	return 0;
}

void
compile_zones_limit_depths(struct layout *l, const void *parent)
{
	bool wanted[DNS_LABELS_MAX + 1] = {false};
	bool allowed[DNS_LABELS_MAX + 1] = {false};
	unsigned depths = 0, all = 0;
	size_t kept = 0;

	for (size_t i = 0; i < l->nzones; i++)
		wanted[l->zones[i].depth] = true;
	for (unsigned d = 0; d <= DNS_LABELS_MAX; d++)
		all += wanted[d];
	if (all <= APEX_DEPTHS_MAX)
		return;
	for (unsigned pass = 0; pass < 2; pass++) {
		for (unsigned d = 0; d <= DNS_LABELS_MAX; d++) {
			const uint64_t *mask =
			    parent ? manifest_header(parent)->depths : NULL;
			bool old = mask && mask[d / 64] >> d % 64 & 1;

			if (wanted[d] && !allowed[d] && (old || pass == 1) &&
			    depths < APEX_DEPTHS_MAX) {
				allowed[d] = true;
				depths++;
			}
		}
	}
	for (size_t i = 0; i < l->nzones; i++) {
		struct layout_zone *z = &l->zones[i];

		if (allowed[z->depth])
			l->zones[kept++] = *z;
		else
			zone_refuse(z->zone, z->records, ERR_LIMIT,
			    "zones would lie at more than 16 different depths "
			    "(labels of their names); serve it from another "
			    "store");
	}
	l->nzones = kept;
}

int
compile_zones_step_back(struct layout *l, const struct name_key *key,
    const bool *refused, struct err *err)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->nzones; i++) {
		struct layout_zone z = l->zones[i];
		const struct zone_records *good = z.zone->last_good;

		if (refused[i]) {
			if (good &&
			    digest_equal(&good->version, &z.records->version))
				return err_set(err, ERR_REFUSED,
				    "nothing is published: a version that is "
				    "served now does not pass any more: %s",
				    compile_zone_why(z.zone));
			if (!good)
				continue;
			z.records = good;
			layout_zone_look(l, key, &z);
		}
		l->zones[kept++] = z;
	}
	l->nzones = kept;
	return 0;
}
