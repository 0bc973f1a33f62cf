/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The records of a generation, read back from its packs: parts of split zones
 * are put together and sealed, and the version that the pack names must be the
 * one that comes out. Runs in holdfastd (at its start, after a rollback) and in
 * tools; allocates the zones for the caller.
 */
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "control/compile/compile.h"
#include "snapshot/manifest.h"
#include "snapshot/verify.h"

struct part {
	struct zone_records *records;
	struct digest version;
	uint32_t serial;
};

struct parts {
	struct part *list;
	size_t count, cap;
};

static int
part_take(void *arg, struct zone_records *records, uint32_t serial,
    const struct digest *version, struct err *err)
{
	struct parts *p = arg;

	if (p->count == p->cap) {
		size_t cap = p->cap ? 2 * p->cap : 64;
		void *list = realloc(p->list, cap * sizeof *p->list);

		if (!list) {
			zone_records_free(records);
			return err_set(
			    err, ERR_NO_MEMORY, "no memory for zones");
		}
		p->list = list;
		p->cap = cap;
	}
	p->list[p->count++] = (struct part){records, *version, serial};
	return 0;
}

static int
part_order(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	return name_compare(x->records->apex, y->records->apex);
}

static int
packs_read(
    struct store *store, const void *manifest, struct parts *p, struct err *err)
{
	const struct slot_d *slots = manifest_slots(manifest);
	char text[DIGEST_TEXT_MAX];
	struct bytes pack;
	int code = 0;

	bytes_init(&pack);
	for (uint32_t i = 0; i < manifest_header(manifest)->nslots && code == 0;
	     i++) {
		struct digest digest;

		memcpy(digest.b, slots[i].records, DIGEST_BYTES);
		if (digest_is_zero(&digest))
			continue;
		bytes_clear(&pack);
		code = store_get(store, STORE_RECORDS, &digest, &pack, err);
		if (code == 0) {
			code =
			    pack_read(pack.data, pack.len, part_take, p, err);
			if (code)
				err_add(err, "records/%s.records",
				    digest_to_text(text, &digest));
		}
	}
	bytes_fini(&pack);
	return code;
}

/* Puts the parts of one zone together: list[0] takes the others. */
static int
parts_unite(struct part *list, size_t count, struct err *err)
{
	char apex[NAME_TEXT_MAX];
	struct zone_records *z = list[0].records;
	int code = 0;

	for (size_t i = 1; i < count && code == 0; i++) {
		if (list[i].serial != list[0].serial ||
		    !digest_equal(&list[i].version, &list[0].version))
			code = err_set(err, ERR_CORRUPT,
			    "its packs are of different versions");
		else
			code = zone_records_merge(z, list[i].records, err);
		zone_records_free(list[i].records);
		list[i].records = NULL;
	}
	if (code == 0)
		code = zone_records_seal(z, NULL, NULL, err);
	if (code == 0 && (z->serial != list[0].serial ||
			     !digest_equal(&z->version, &list[0].version)))
		code = err_set(err, ERR_CORRUPT,
		    "its records are not those of the version that the pack "
		    "names");
	if (code)
		err_add(err, "zone %s", name_to_text(apex, z->apex));
	return code;
}

/* Parts to zones, in the order of their apexes. */
static int
zones_unite(struct parts *p, struct zone_records **zones, size_t *nzones,
    struct err *err)
{
	size_t n = 0;
	int code = 0;

	if (p->count)
		qsort(p->list, p->count, sizeof *p->list, part_order);
	for (size_t i = 0, end; i < p->count && code == 0; i = end) {
		for (end = i + 1; end < p->count &&
				  part_order(&p->list[i], &p->list[end]) == 0;
		     end++)
			;
		code = parts_unite(&p->list[i], end - i, err);
		if (code == 0) {
			zones[n++] = p->list[i].records;
			p->list[i].records = NULL;
		}
	}
	*nzones = n;
	return code;
}

static int
manifest_read(struct store *store, const struct digest *generation,
    struct bytes *out, struct err *err)
{
	int code = store_get(store, STORE_GENERATION, generation, out, err);

	if (code == ERR_NOT_FOUND)
		code = store_get(store, STORE_CANDIDATE, generation, out, err);
	return code ? code : manifest_verify(out->data, out->len, err);
}

int
compile_read_zones(struct store *store, const struct digest *generation,
    struct zone_records ***zones, size_t *nzones, struct err *err)
{
	struct parts parts = {0};
	struct zone_records **list = NULL;
	struct bytes manifest;
	size_t n = 0;
	int code;

	bytes_init(&manifest);
	code = manifest_read(store, generation, &manifest, err);
	if (code == 0)
		code = packs_read(store, manifest.data, &parts, err);
	if (code == 0) {
		list = calloc(parts.count + 1, sizeof *list);
		code = list
		           ? zones_unite(&parts, list, &n, err)
		           : err_set(err, ERR_NO_MEMORY, "no memory for zones");
	}
	for (size_t i = 0; i < parts.count; i++)
		if (parts.list[i].records)
			zone_records_free(parts.list[i].records);
	for (size_t i = 0; code && i < n; i++)
		zone_records_free(list[i]);
	free(parts.list);
	bytes_fini(&manifest);
	if (code) {
		free(list);
		return code;
	}
	*zones = list;
	*nzones = n;
	return 0;
}
