/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Records of one version of one zone: collecting, searching. Sealing is in
 * records_seal.c, packs in pack.c, names in RDATA in rdata_names.c. Runs in
 * control and tools; the memory is three growing arrays, nothing a record.
 */
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "snapshot/hash.h"
#include "snapshot/records.h"

struct zone_records *
zone_records_new(const uint8_t *apex, struct err *err)
{
	struct zone_records *z = calloc(1, sizeof *z);

	if (!z) {
		err_set(err, ERR_NO_MEMORY, "no memory for a zone");
		return NULL;
	}
	z->apex_bytes = (uint8_t)name_length(apex);
	name_lower(z->apex, apex, z->apex_bytes);
	bytes_init(&z->names);
	bytes_init(&z->rdata);
	/* so that neither is NULL, whatever is added */
	if (!bytes_reserve(&z->names, 2 * NAME_HASH_OVERREAD) ||
	    !bytes_reserve(&z->rdata, 64)) {
		zone_records_free(z);
		err_set(err, ERR_NO_MEMORY, "no memory for a zone");
		return NULL;
	}
	return z;
}

void
zone_records_free(struct zone_records *z)
{
	if (!z)
		return;
	bytes_fini(&z->names);
	bytes_fini(&z->rdata);
	free(z->records);
	free(z);
}

static int
out_of_memory(const struct zone_records *z, struct err *err)
{
	char text[NAME_TEXT_MAX];

	return err_set(err, ERR_NO_MEMORY, "zone %s: no memory for %zu records",
	    name_to_text(text, z->apex), z->count + 1);
}

static int
records_grow(struct zone_records *z, struct err *err)
{
	size_t cap = z->cap ? z->cap * 2 : 16;
	struct record *r = realloc(z->records, cap * sizeof *r);

	if (!r)
		return out_of_memory(z, err);
	z->records = r;
	z->cap = cap;
	return 0;
}

/* Offset of a lower-case owner in `names`: the last record's if it is equal. */
static int
owner_add(struct zone_records *z, const uint8_t *owner, size_t bytes,
    uint32_t *offset, struct err *err)
{
	if (z->count > 0) {
		*offset = z->records[z->count - 1].owner;
		if (z->names.len - *offset >= bytes &&
		    memcmp(z->names.data + *offset, owner, bytes) == 0)
			return 0;
	}
	if (z->names.len + bytes > UINT32_MAX)
		return err_set(err, ERR_LIMIT, "over 4 GiB of owner names");
	/* room behind the last name: hashing reads labels in whole chunks */
	if (!bytes_reserve(&z->names, bytes + NAME_HASH_OVERREAD))
		return out_of_memory(z, err);
	*offset = (uint32_t)bytes_append(&z->names, owner, bytes);
	return 0;
}

static int
owner_check(const struct zone_records *z, const uint8_t *owner, size_t bytes,
    struct err *err)
{
	char text[NAME_TEXT_MAX], apex[NAME_TEXT_MAX];

	if (bytes == 0)
		return err_set(err, ERR_SEMANTIC,
		    "owner is not a sound name of at most 255 octets");
	if (name_is_at_or_below(owner, z->apex))
		return 0;
	return err_set(err, ERR_SEMANTIC, "%s is not in zone %s",
	    name_to_text(text, owner), name_to_text(apex, z->apex));
}

int
zone_records_add(struct zone_records *z, const uint8_t *owner, uint16_t type,
    uint32_t ttl, const void *rdata, size_t rdata_bytes, struct err *err)
{
	size_t bytes = name_length_find(owner, DNS_NAME_MAX);
	uint8_t lower[DNS_NAME_MAX];
	struct record r = {.type = type};
	int rc = owner_check(z, owner, bytes, err);

	if (rc < 0)
		return rc;
	if (rdata_bytes > UINT16_MAX || z->rdata.len > UINT32_MAX - rdata_bytes)
		return err_set(err, ERR_LIMIT,
		    "RDATA over 65,535 octets, or over 4 GiB in the zone");
	if (z->count == z->cap && (rc = records_grow(z, err)) < 0)
		return rc;
	name_lower(lower, owner, bytes);
	if ((rc = owner_add(z, lower, bytes, &r.owner, err)) < 0)
		return rc;
	/* RFC 2181 section 8: a TTL with the high bit set is 0 */
	r.ttl = ttl > DNS_TTL_MAX ? 0 : ttl;
	r.rdata = (uint32_t)bytes_append(&z->rdata, rdata, rdata_bytes);
	r.rdata_bytes = (uint16_t)rdata_bytes;
	if (z->rdata.failed)
		return out_of_memory(z, err);
	z->records[z->count++] = r;
	return 0;
}

int
zone_records_merge(
    struct zone_records *z, const struct zone_records *part, struct err *err)
{
	if (!name_equal(z->apex, part->apex))
		return err_set(err, ERR_USAGE, "parts of different zones");
	for (size_t i = 0; i < part->count; i++) {
		const struct record *r = &part->records[i];
		int rc = zone_records_add(z, record_owner(part, r), r->type,
		    r->ttl, record_rdata(part, r), r->rdata_bytes, err);

		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Canonical order of (owner, type) against a record. */
static int
find_compare(const struct zone_records *z, const uint8_t *owner, uint16_t type,
    const struct record *r)
{
	int c = name_compare(owner, record_owner(z, r));

	return c ? c : (int)type - (int)r->type;
}

const struct record *
zone_records_find(const struct zone_records *z, const uint8_t *owner,
    uint16_t type, size_t *count)
{
	size_t low = 0, high = z->count, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (find_compare(z, owner, type, &z->records[middle]) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	/* sealing gives records of one owner one offset */
	for (end = low; end < z->count; end++)
		if (z->records[end].owner != z->records[low].owner ||
		    z->records[end].type != type)
			break;
	*count = 0;
	if (low == end || !name_equal(owner, record_owner(z, &z->records[low])))
		return NULL;
	*count = end - low;
	return &z->records[low];
}
