/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The part of a plan that signed zones have: how the zone proves that something
 * is not there. By NSEC3, if an NSEC3PARAM says so and its chain has the apex;
 * else by NSEC, if the apex has one; else not at all. Runs in control and
 * tools; one array.
 */
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/wire.h"
#include "snapshot/node_builder.h"
#include "snapshot/nsec3_hash.h"

enum {
	/* RFC 5155: algorithm, flags, iterations, salt length, salt; behind it
	 * NSEC3 goes on */
	NSEC3_FIXED_BYTES = 5,
	NSEC3_FLAG_OPT_OUT = 1,
};

static int
out_of_memory(struct err *err)
{
	return err_set(err, ERR_NO_MEMORY, "no memory for the denial chain");
}

/* An NSEC3PARAM that a chain may be chosen by (RFC 5155 section 4.1.2: flags
 * other than 0 are ignored), of a hash that there is. */
static bool
param_is_usable(const struct zone_plan *p, const struct record *param)
{
	const uint8_t *rdata = record_rdata(p->zone, param);

	return param->rdata_bytes >= NSEC3_FIXED_BYTES &&
	       param->rdata_bytes == NSEC3_FIXED_BYTES + rdata[4] &&
	       rdata[0] == NSEC3_ALGORITHM_SHA1 && rdata[1] == 0;
}

/* All but the flags are alike, and of them only opt-out may be set (section
 * 8.2). */
static bool
record_is_of(const struct zone_plan *p, const struct record *param,
    const struct record *r)
{
	const uint8_t *want = record_rdata(p->zone, param);
	const uint8_t *have = record_rdata(p->zone, r);

	return r->type == DNS_TYPE_NSEC3 &&
	       r->rdata_bytes > param->rdata_bytes && have[0] == want[0] &&
	       (have[1] & ~NSEC3_FLAG_OPT_OUT) == 0 &&
	       memcmp(have + 2, want + 2, param->rdata_bytes - 2u) == 0;
}

void
plan_nsec3_hash(const struct zone_plan *p, const struct record *param,
    const uint8_t *name, unsigned bytes, uint8_t hash[NSEC3_HASH_BYTES])
{
	const uint8_t *rdata = record_rdata(p->zone, param);

	nsec3_hash(hash, name, bytes, rdata + NSEC3_FIXED_BYTES, rdata[4],
	    wire_load16(rdata + 2));
}

/* The NSEC3 record of the apex, of the chain of a param. */
static bool
chain_has_apex(const struct zone_plan *p, const struct record *param)
{
	const struct zone_records *z = p->zone;
	uint8_t hash[NSEC3_HASH_BYTES];
	uint8_t owner[NSEC3_LABEL_BYTES + DNS_NAME_MAX + 1];
	const struct record *r;
	size_t count;

	if (NSEC3_LABEL_BYTES + z->apex_bytes > DNS_NAME_MAX)
		return false;
	plan_nsec3_hash(p, param, z->apex, z->apex_bytes, hash);
	nsec3_label_write(owner, hash);
	memcpy(owner + NSEC3_LABEL_BYTES, z->apex, z->apex_bytes);
	r = zone_records_find(z, owner, DNS_TYPE_NSEC3, &count);
	for (size_t i = 0; r && i < count; i++)
		if (record_is_of(p, param, &r[i]))
			return true;
	return false;
}

/* Notes the parameters of the zone's chain, if it has one. */
static int
param_choose(struct zone_plan *p, struct err *err)
{
	size_t count;
	const struct record *r = zone_records_find(
	    p->zone, p->zone->apex, DNS_TYPE_NSEC3PARAM, &count);

	for (size_t i = 0; i < count && !p->nsec3_param; i++) {
		unsigned iterations;

		if (!param_is_usable(p, &r[i]))
			continue;
		iterations = wire_load16(record_rdata(p->zone, &r[i]) + 2);
		if (iterations > NSEC3_ITERATIONS_LIMIT)
			return err_set(err, ERR_SEMANTIC,
			    "NSEC3PARAM has %u iterations: over %u no answer "
			    "could be given in time. Sign with 0 (RFC 9276)",
			    iterations, NSEC3_ITERATIONS_LIMIT);
		if (chain_has_apex(p, &r[i]))
			p->nsec3_param = &r[i];
	}
	return 0;
}

bool
plan_hash_read(const struct zone_plan *p, const struct record *r,
    uint8_t hash[NSEC3_HASH_BYTES])
{
	const uint8_t *owner = record_owner(p->zone, r);

	return record_is_of(p, p->nsec3_param, r) &&
	       owner[0] == NSEC3_LABEL_BYTES - 1 &&
	       name_length(owner) ==
	           (size_t)NSEC3_LABEL_BYTES + p->zone->apex_bytes &&
	       nsec3_label_read(hash, owner);
}

/* The records of the owner of record `at`, if it is a hash's. */
static bool
hashed_make(const struct zone_plan *p, size_t at, struct plan_hashed *out)
{
	const struct zone_records *z = p->zone;
	size_t first = at, end = at;

	if (!plan_hash_read(p, &z->records[at], out->hash))
		return false;
	while (first > 0 && z->records[first - 1].owner == z->records[at].owner)
		first--;
	while (end < z->count && z->records[end].owner == z->records[at].owner)
		end++;
	out->first = (uint32_t)first;
	out->count = (uint32_t)(end - first);
	return true;
}

/* Canonical order of the owners is that of the hashes. */
static int
hashed_collect(struct zone_plan *p, struct err *err)
{
	const struct zone_records *z = p->zone;
	size_t count = 0;

	for (size_t i = 0; i < z->count; i++)
		count += z->records[i].type == DNS_TYPE_NSEC3;
	p->hashed = malloc((count + 1) * sizeof *p->hashed);
	if (!p->hashed)
		return out_of_memory(err);
	for (size_t i = 0; i < z->count; i++) {
		struct plan_hashed *h = &p->hashed[p->hashed_count];

		if (!hashed_make(p, i, h))
			continue;
		/* several records at a hash are one RRset */
		if (p->hashed_count == 0 || h[-1].first != h->first)
			p->hashed_count++;
	}
	return 0;
}

static int
chain_collect(struct zone_plan *p, struct err *err)
{
	p->chain = malloc(p->existing * sizeof *p->chain);
	if (!p->chain)
		return out_of_memory(err);
	for (size_t i = 0; i < p->existing; i++)
		if (node_rrset_find(p, &p->nodes[i], DNS_TYPE_NSEC).count > 0)
			p->chain[p->chain_count++] = (uint32_t)i;
	return 0;
}

/* Where the ranges of a split zone begin. */
static int
ranges_collect(struct zone_plan *p, struct err *err)
{
	uint32_t count = 1;

	for (uint32_t i = 1; i < p->chain_count; i++)
		count += plan_starts_range(p->nodes[p->chain[i]].hash);
	if (count > DENIAL_RANGES_MAX)
		return err_set(err, ERR_LIMIT,
		    "%u names with NSEC records are too many for a split zone",
		    p->chain_count);
	p->ranges = malloc(count * sizeof *p->ranges);
	if (!p->ranges)
		return out_of_memory(err);
	for (uint32_t i = 0; i < p->chain_count; i++)
		if (i == 0 || plan_starts_range(p->nodes[p->chain[i]].hash))
			p->ranges[p->range_count++] = i;
	return 0;
}

int
plan_denial_choose(struct zone_plan *p, struct err *err)
{
	const struct zone_records *z = p->zone;
	size_t n;

	p->denial = DENIAL_NONE;
	if (!zone_records_find(z, z->apex, DNS_TYPE_DNSKEY, &n))
		return 0;
	if (param_choose(p, err) < 0)
		return ERR_SEMANTIC;
	if (p->nsec3_param)
		p->denial = DENIAL_NSEC3;
	else if (zone_records_find(z, z->apex, DNS_TYPE_NSEC, &n))
		p->denial = DENIAL_NSEC;
	return 0;
}

int
plan_denial(struct zone_plan *p, struct err *err)
{
	int rc = plan_denial_choose(p, err);

	if (rc < 0 || p->denial == DENIAL_NONE)
		return rc;
	if (p->denial == DENIAL_NSEC3)
		return hashed_collect(p, err);
	rc = chain_collect(p, err);
	return rc == 0 && p->split != NO_SPLIT ? ranges_collect(p, err) : rc;
}
