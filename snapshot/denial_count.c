/* SPDX-License-Identifier: BSD-2-Clause
 *
 * How many denial cells a split zone will have, from its records alone. Runs in
 * control and tools; one pass, allocates nothing, 32 KiB of stack.
 */
#include <string.h>

#include "base/name.h"
#include "base/wire.h"
#include "snapshot/denial_hashed.h"
#include "snapshot/zone_plan.h"

enum {
	HASHED_BYTES = sizeof(struct hashed_name_d) + 6 +
	               sizeof(struct block_d) + 2 * sizeof(struct mark_d),
	RR_BYTES = 12 + 2 + 2, /* fixed octets, relocation, TTL position */
};

/* The records of one owner. */
static void
types_look(const struct zone_records *z, size_t first, size_t end,
    bool *has_nsec, bool *hides)
{
	*has_nsec = *hides = false;
	for (size_t i = first; i < end; i++) {
		uint16_t type = z->records[i].type;

		*has_nsec |= type == DNS_TYPE_NSEC;
		*hides |= type == DNS_TYPE_DNAME ||
		          (type == DNS_TYPE_NS && first > 0);
	}
}

/* As the plan: names that a cut or a DNAME hides are in no chain. The apex is
 * the first owner. */
static uint32_t
ranges_count(const struct zone_plan *p)
{
	const struct zone_records *z = p->zone;
	const uint8_t *cover = NULL;
	uint32_t ranges = 1;

	for (size_t first = 0, end; first < z->count; first = end) {
		const uint8_t *owner = record_owner(z, &z->records[first]);
		bool has_nsec, hides;

		for (end = first + 1; end < z->count; end++)
			if (z->records[end].owner != z->records[first].owner)
				break;
		if (cover && name_is_at_or_below(owner, cover))
			continue;
		types_look(z, first, end, &has_nsec, &hides);
		cover = hides ? owner : NULL;
		if (first > 0 && has_nsec)
			ranges += plan_starts_range(name_hash(&p->key, owner));
	}
	return ranges;
}

/* Octets of all NSEC3 records, and which prefixes their hashes have. */
static uint64_t
hashes_look(const struct zone_plan *p, bool seen[1 << DENIAL_BITS_MAX])
{
	const struct zone_records *z = p->zone;
	uint8_t hash[NSEC3_HASH_BYTES];
	uint64_t bytes = 0;

	memset(seen, 0, (1 << DENIAL_BITS_MAX) * sizeof *seen);
	for (size_t i = 0; i < z->count; i++) {
		const struct record *r = &z->records[i];

		if (r->type == DNS_TYPE_RRSIG && r->rdata_bytes > 2 &&
		    wire_load16(record_rdata(z, r)) == DNS_TYPE_NSEC3)
			bytes += RR_BYTES + r->rdata_bytes;
		if (r->type != DNS_TYPE_NSEC3 || !plan_hash_read(p, r, hash))
			continue;
		bytes += HASHED_BYTES + RR_BYTES + r->rdata_bytes;
		seen[hashed_slot(hash, DENIAL_BITS_MAX)] = true;
	}
	return bytes;
}

/* Whether each of 2^bits slots has a hash. */
static bool
slots_are_used(const bool seen[1 << DENIAL_BITS_MAX], unsigned bits)
{
	uint32_t span = 1u << (DENIAL_BITS_MAX - bits);

	for (uint32_t slot = 0; slot < 1u << bits; slot++)
		if (!memchr(&seen[slot * span], true, span))
			return false;
	return true;
}

static unsigned
bits_count(const struct zone_plan *p, uint64_t usual, unsigned before)
{
	bool seen[1 << DENIAL_BITS_MAX];
	uint64_t bytes = hashes_look(p, seen);
	unsigned bits = before;

	if (bytes >> bits > usual * 8 / 3 || bytes >> bits < usual / 3)
		for (bits = 0;
		     bits < DENIAL_BITS_MAX && bytes >> bits > usual * 4 / 3;)
			bits++;
	while (!slots_are_used(seen, bits))
		bits--;
	return bits;
}

void
zone_denial_count(const struct zone_records *zone, const struct name_key *key,
    uint64_t cell_bytes, const struct zone_denial *before,
    struct zone_denial *out)
{
	struct zone_plan p = {.zone = zone, .key = *key};
	unsigned bits = 0;
	struct err err;

	*out = (struct zone_denial){0};
	if (plan_denial_choose(&p, &err) < 0)
		return;
	if (p.denial == DENIAL_NSEC) {
		uint32_t ranges = ranges_count(&p);

		if (ranges > DENIAL_RANGES_MAX)
			return;
		out->slots = (uint16_t)(1 + ranges);
	} else if (p.denial == DENIAL_NSEC3) {
		if (before && before->kind == DENIAL_NSEC3)
			bits = (unsigned)__builtin_ctz(before->slots);
		out->slots = (uint16_t)(1u << bits_count(&p, cell_bytes, bits));
	}
	out->kind = (uint8_t)p.denial;
}
