/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The names of one zone for the naive resolver: owners of records and empty
 * non-terminals, in a hash table with linear probing. Allocates the list and
 * the table; owners point into the zone's records. Names that a hash must not
 * be tricked over (control compiles what it was configured to serve) cost a
 * longer probe, never a wrong answer.
 */
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "control/compile/naive_denial.h"
#include "control/compile/naive_zone.h"

uint16_t
naive_type_covered(uint16_t type, const uint8_t *rdata, size_t rdata_bytes)
{
	if (type != DNS_TYPE_RRSIG || rdata_bytes < 2)
		return 0;
	return (uint16_t)(rdata[0] << 8 | rdata[1]);
}

size_t
naive_name_mix(const uint8_t *name, size_t bytes)
{
	const uint64_t odd = 0x9e3779b97f4a7c15ull;
	uint64_t h = bytes, chunk;

	for (; bytes >= 8; name += 8, bytes -= 8) {
		memcpy(&chunk, name, 8);
		h = (h ^ chunk) * odd;
		h ^= h >> 32;
	}
	for (chunk = 0; bytes > 0; name++, bytes--)
		chunk = chunk << 8 | *name;
	h = (h ^ chunk) * odd;
	return (size_t)(h ^ h >> 32);
}

/* The place of a lower-case name in the table, or where it would go. */
static uint32_t *
place_find(const struct naive_zone *z, const uint8_t *name, size_t bytes)
{
	size_t i = naive_name_mix(name, bytes) & z->mask;

	while (z->table[i]) {
		const struct naive_name *there = &z->names[z->table[i] - 1];

		if (there->bytes == bytes &&
		    memcmp(there->owner, name, bytes) == 0)
			break;
		i = (i + 1) & z->mask;
	}
	return &z->table[i];
}

const struct naive_name *
naive_lower_find(const struct naive_zone *z, const uint8_t *lower, size_t bytes)
{
	uint32_t at = *place_find(z, lower, bytes);

	return at ? &z->names[at - 1] : NULL;
}

const struct naive_name *
naive_name_find(const struct naive_zone *z, const uint8_t *name)
{
	uint8_t lower[DNS_NAME_MAX + 1];
	size_t bytes = name_length(name);

	name_lower(lower, name, bytes);
	return naive_lower_find(z, lower, bytes);
}

const struct record *
naive_set_find(const struct naive_zone *z, const struct naive_name *n,
    uint16_t type, size_t *count)
{
	const struct record *first = z->records->records + n->first;
	size_t i = 0, end;

	while (i < n->count && first[i].type < type)
		i++;
	for (end = i; end < n->count && first[end].type == type; end++)
		;
	*count = end - i;
	return end > i ? &first[i] : NULL;
}

static bool
table_grow(struct naive_zone *z, size_t size)
{
	uint32_t *table = calloc(size, sizeof *table);

	if (!table)
		return false;
	free(z->table);
	z->table = table;
	z->mask = size - 1;
	for (size_t i = 0; i < z->count; i++)
		*place_find(z, z->names[i].owner, z->names[i].bytes) =
		    (uint32_t)i + 1;
	return true;
}

static bool
name_add(struct naive_zone *z, const uint8_t *owner, size_t bytes, size_t first,
    size_t count)
{
	if (z->count == z->cap) {
		size_t cap = z->cap ? 2 * z->cap : 64;
		void *names = realloc(z->names, cap * sizeof *z->names);

		if (!names)
			return false;
		z->names = names;
		z->cap = cap;
	}
	z->names[z->count++] = (struct naive_name){
	    .owner = owner,
	    .first = (uint32_t)first,
	    .count = (uint32_t)count,
	    .bytes = (uint32_t)bytes,
	};
	if (4 * z->count > 3 * z->mask)
		return table_grow(z, 2 * (z->mask + 1));
	*place_find(z, owner, bytes) = (uint32_t)z->count;
	return true;
}

/* RFC 5155 section 7.2.8: an NSEC3 owner is no name of the zone. */
static bool
only_nsec3(const struct zone_records *records, size_t first, size_t count)
{
	for (size_t i = first; i < first + count; i++) {
		const struct record *r = &records->records[i];

		if (r->type != DNS_TYPE_NSEC3 &&
		    naive_type_covered(r->type, record_rdata(records, r),
			r->rdata_bytes) != DNS_TYPE_NSEC3)
			return false;
	}
	return true;
}

/* RFC 4592 section 2.2.2: what is between a name and the apex exists. */
static bool
ancestors_add(struct naive_zone *z, const uint8_t *owner, size_t bytes)
{
	while (bytes > z->records->apex_bytes) {
		bytes -= 1u + owner[0];
		owner += 1 + owner[0];
		if (*place_find(z, owner, bytes))
			break;
		if (!name_add(z, owner, bytes, 0, 0))
			return false;
	}
	return true;
}

static size_t
records_of_owner(const struct zone_records *records, size_t first)
{
	const struct record *r = &records->records[first];
	const uint8_t *owner = record_owner(records, r);
	size_t end = first + 1;

	while (end < records->count &&
	       (records->records[end].owner == r->owner ||
		   name_equal(
		       record_owner(records, &records->records[end]), owner)))
		end++;
	return end - first;
}

static bool
names_add(struct naive_zone *z)
{
	const struct zone_records *records = z->records;
	size_t count;

	for (size_t i = 0; i < records->count; i += count) {
		const uint8_t *owner =
		    record_owner(records, &records->records[i]);

		count = records_of_owner(records, i);
		if (only_nsec3(records, i, count))
			continue;
		size_t bytes = name_length(owner);

		if (!name_add(z, owner, bytes, i, count) ||
		    !ancestors_add(z, owner, bytes))
			return false;
	}
	return true;
}

int
naive_zone_init(
    struct naive_zone *z, const struct zone_records *records, struct err *err)
{
	size_t size = 64;

	while (size < 2 * records->count)
		size *= 2;
	*z = (struct naive_zone){.records = records};
	if (!table_grow(z, size) || !names_add(z)) {
		naive_zone_fini(z);
		return err_set(err, ERR_NO_MEMORY,
		    "no memory for the names of a zone in the proof");
	}
	return 0;
}

void
naive_zone_fini(struct naive_zone *z)
{
	naive_chain_fini(z);
	free(z->names);
	free(z->table);
	*z = (struct naive_zone){0};
}
