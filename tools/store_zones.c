/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The zones of a store, by the table that holdfastd has of its own zones, so
 * that both mean the same by "condemned".
 */
#include "tools/store_zones.h"

#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "control/compile/compile.h"
#include "control/sign/sign_source.h"

static int
by_apex(const void *a, const void *b)
{
	const struct config_zone *x = a, *y = b;

	return name_compare(x->apex, y->apex);
}

/* All zones once, in canonical order, as a configuration would have them. Names
 * of those that come from the generation are the caller's to free: they stand
 * in `names`. */
static unsigned
zones_unite(struct config_zone *all, char **names,
    struct zone_records *const *live, size_t nlive,
    const struct config_zone *more, unsigned nmore)
{
	unsigned n = nmore;
	char text[NAME_TEXT_MAX];

	memcpy(all, more, nmore * sizeof *all);
	for (size_t i = 0; i < nlive; i++) {
		struct config_zone *z = &all[n];

		memset(z, 0, sizeof *z);
		memcpy(z->apex, live[i]->apex, sizeof z->apex);
		if (nmore && bsearch(z, more, nmore, sizeof *more, by_apex))
			continue;
		names[i] = strdup(name_to_text(text, live[i]->apex));
		z->name = names[i] ? names[i] : (char *)"";
		z->file = (char *)"";
		n++;
	}
	qsort(all, n, sizeof *all, by_apex);
	return n;
}

static int
table_fill(struct store_zones *z, struct zone_records **live, size_t nlive,
    const struct config_zone *more, unsigned nmore, struct err *err)
{
	struct config config = {0};
	char **names = calloc(nlive + 1, sizeof *names);
	int rc;

	config.zones = calloc(nlive + nmore + 1, sizeof *config.zones);
	if (names == NULL || config.zones == NULL) {
		rc = err_set(err, ERR_NO_MEMORY, "out of memory");
	} else {
		config.nzones =
		    zones_unite(config.zones, names, live, nlive, more, nmore);
		rc = zone_table_configure(&z->table, &config, err);
	}
	for (size_t i = 0; names && i < nlive; i++)
		free(names[i]);
	free(names);
	free(config.zones);
	return rc;
}

int
store_zones_open(struct store_zones *z, struct store *s,
    const struct digest *generation, const struct config_zone *more,
    unsigned nmore, struct err *err)
{
	struct zone_records **live = NULL;
	size_t nlive = 0;
	int rc = 0;

	memset(&z->condemned, 0, sizeof z->condemned);
	zone_table_init(&z->table);
	if (!digest_is_zero(generation))
		rc = compile_read_zones(s, generation, &live, &nlive, err);
	if (!rc)
		rc = table_fill(z, live, nlive, more, nmore, err);
	/* takes the records over in any case */
	if (zone_table_set_live(&z->table, live, nlive, rc ? NULL : err))
		rc = rc ? rc : ERR_NO_MEMORY;
	if (!rc)
		rc = condemned_read(&z->condemned, s, err);
	if (!rc)
		rc = condemned_adopt(
		    &z->condemned, s, &z->table, generation, err);
	z->table.condemned = z->condemned.versions;
	z->table.ncondemned = z->condemned.count;
	return rc;
}

void
store_zones_close(struct store_zones *z)
{
	zone_table_fini(&z->table);
	condemned_free(&z->condemned);
}

const struct zone_records *
store_zones_live_find(struct store_zones *z, const uint8_t *apex)
{
	const struct zone_entry *e = zone_table_find(&z->table, apex);

	return e ? e->served : NULL;
}

/* What was signed here comes back under other versions. */
static bool
source_is_condemned(struct store_zones *z, const struct zone_records *r)
{
	struct digest source;
	bool any = false;
	size_t n;

	for (size_t i = 0; i < z->condemned.count && !any; i++)
		any = name_equal(z->condemned.versions[i].apex, r->apex);
	return any && zone_records_find(r, r->apex, DNS_TYPE_DNSKEY, &n) &&
	       sign_source_digest(r, &source, NULL) == 0 &&
	       zone_table_is_condemned(&z->table, r->apex, &source);
}

bool
store_zones_condemns(struct store_zones *z, const struct zone_records *r)
{
	const struct zone_records *live = store_zones_live_find(z, r->apex);

	if (live && digest_equal(&live->version, &r->version))
		return false;
	return zone_table_is_condemned(&z->table, r->apex, &r->version) ||
	       source_is_condemned(z, r);
}
