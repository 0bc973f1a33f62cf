/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Packs of slots; see compile_packs.h. Allocates the list of a split zone's
 * records by slot.
 */
#include "control/compile/compile_packs.h"

#include <stdlib.h>
#include <string.h>

#include "base/name.h"

static bool
owner_is_apex(void *arg, const uint8_t *owner)
{
	const struct zone_records *z = arg;

	return name_equal(owner, z->apex);
}

int
pack_shared_slot(const struct layout *l, const uint32_t *members,
    uint32_t count, struct bytes *out, struct digest *digest, struct err *err)
{
	struct pack_zone *zones = calloc(count, sizeof *zones);
	int code;

	if (!zones)
		return err_set(err, ERR_NO_MEMORY, "no memory for a pack");
	for (uint32_t i = 0; i < count; i++) {
		const struct layout_zone *z = &l->zones[members[i]];

		zones[i].zone = z->records;
		if (z->split == NO_SPLIT)
			continue;
		zones[i].wanted = owner_is_apex;
		zones[i].arg = (void *)(uintptr_t)z->records;
	}
	bytes_clear(out);
	code = pack_write(zones, count, out, err);
	free(zones);
	if (code == 0)
		digest_of(digest, out->data, out->len);
	return code;
}

/* The slot of a record whose owner is not that of the record before it; the
 * apex's records are in none. */
static uint32_t
owner_slot(const struct name_key *key, const struct layout_zone *z,
    const struct record *r)
{
	const uint8_t *owner = record_owner(z->records, r);

	if (name_equal(owner, z->records->apex))
		return UINT32_MAX;
	return name_slot(name_hash(key, owner), z->split_bits);
}

/* A counting sort of the records by slot, which keeps their order. */
int
split_records_init(struct split_records *s, const struct name_key *key,
    const struct layout_zone *z, struct err *err)
{
	const struct zone_records *from = z->records;
	uint32_t nslots = 1u << z->split_bits, slot = 0;
	uint32_t *slots = malloc((from->count + 1) * sizeof *slots);

	s->first = calloc(nslots + 2u, sizeof *s->first);
	s->records = malloc((from->count + 1) * sizeof *s->records);
	if (!slots || !s->first || !s->records) {
		free(slots);
		return err_set(err, ERR_NO_MEMORY, "no memory for a pack");
	}
	for (size_t i = 0; i < from->count; i++) {
		const struct record *r = &from->records[i];

		if (i == 0 || r->owner != r[-1].owner)
			slot = owner_slot(key, z, r);
		slots[i] = slot;
		if (slot != UINT32_MAX)
			s->first[slot + 2]++;
	}
	for (uint32_t i = 2; i < nslots + 2; i++)
		s->first[i] += s->first[i - 1];
	for (size_t i = 0; i < from->count; i++)
		if (slots[i] != UINT32_MAX)
			s->records[s->first[slots[i] + 1]++] = from->records[i];
	free(slots);
	return 0;
}

void
split_records_fini(struct split_records *s)
{
	free(s->records);
	free(s->first);
	*s = (struct split_records){0};
}

int
pack_split_slot(const struct layout_zone *z, const struct split_records *s,
    uint32_t number, struct bytes *out, struct digest *digest, struct err *err)
{
	struct zone_records part = *z->records; /* names and RDATA are its */
	const struct pack_zone zone = {.zone = &part};
	int code;

	part.records = s->records + s->first[number];
	part.count = s->first[number + 1] - s->first[number];
	bytes_clear(out);
	code = pack_write(&zone, 1, out, err);
	if (code == 0)
		digest_of(digest, out->data, out->len);
	return code;
}
