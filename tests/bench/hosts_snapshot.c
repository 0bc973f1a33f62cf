/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A generation for benchmarks (hosts_snapshot.h): records made here, everything
 * after them by the code that serves. The store lies on tmpfs and is removed
 * before the clock starts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/dns.h"
#include "base/wire.h"
#include "snapshot/cell_builder.h"
#include "snapshot/manifest.h"
#include "snapshot/nsec3_hash.h"
#include "tests/bench/hosts_snapshot.h"

enum {
	CELL_BYTES_WANTED = 1 << 20,
	DENIAL_BYTES_WANTED = 256 << 10,
	SMALL_ZONE_BYTES = 512 << 10,
};

unsigned
bench_label(uint8_t *to, char kind, uint32_t i)
{
	to[0] = 8;
	to[1] = (uint8_t)kind;
	for (unsigned k = 0; k < 7; k++, i /= 10)
		to[8 - k] = (uint8_t)('0' + i % 10);
	return 9;
}

static const uint8_t apex[] = BENCH_APEX_WIRE;

/* --- signatures and chains ------------------------------------------------ */

/* A signature of the right size, and what it covers. */
static int
signature_add(struct zone_records *z, const uint8_t *owner, uint16_t covered,
    uint32_t ttl, uint64_t random, struct err *err)
{
	uint8_t rdata[18 + sizeof apex + 64] = {0};

	wire_store16(rdata, covered);
	rdata[2] = 13; /* ECDSA P-256 */
	rdata[3] = owner[0] == 5 ? 2 : 3;
	wire_store32(rdata + 4, ttl);
	wire_store32(rdata + 8, 0x70dbd880);
	wire_store32(rdata + 12, 0x5e0be100);
	memcpy(rdata + 18, apex, sizeof apex);
	for (unsigned i = 0; i < 64; i += 8) {
		random = random * 6364136223846793005ull + 1442695040888963407u;
		memcpy(rdata + 18 + sizeof apex + i, &random, 8);
	}
	return zone_records_add(
	    z, owner, DNS_TYPE_RRSIG, ttl, rdata, sizeof rdata, err);
}

static int
signed_add(struct zone_records *z, const uint8_t *owner, uint16_t type,
    uint32_t ttl, const void *rdata, size_t bytes, uint64_t random,
    struct err *err)
{
	int rc = zone_records_add(z, owner, type, ttl, rdata, bytes, err);

	return rc ? rc : signature_add(z, owner, type, ttl, random, err);
}

/* Name i of the zone; i == UINT64_MAX: the apex. */
static void
host_name(uint8_t owner[9 + sizeof apex], uint64_t i)
{
	unsigned n = i == UINT64_MAX ? 0 : bench_label(owner, 'h', (uint32_t)i);

	memcpy(owner + n, apex, sizeof apex);
}

/* Window 0 of a bitmap: A or NS SOA, RRSIG, NSEC, DNSKEY, NSEC3PARAM. */
static unsigned
bitmap_write(uint8_t *p, bool is_apex, enum bench_chain chain)
{
	static const uint16_t of_apex[] = {DNS_TYPE_NS, DNS_TYPE_SOA,
	    DNS_TYPE_RRSIG, DNS_TYPE_DNSKEY},
			      of_host[] = {DNS_TYPE_A, DNS_TYPE_RRSIG};
	const uint16_t *types = is_apex ? of_apex : of_host;

	memset(p, 0, 9);
	p[1] = 7;
	for (unsigned i = 0; i < (is_apex ? 4 : 2); i++)
		p[2 + types[i] / 8] |= (uint8_t)(0x80 >> types[i] % 8);
	if (chain == BENCH_NSEC)
		p[2 + DNS_TYPE_NSEC / 8] |= 0x80 >> DNS_TYPE_NSEC % 8;
	return 9;
}

/* Names stand in canonical order as they are numbered. */
static int
nsec_add(struct zone_records *z, uint64_t names, struct err *err)
{
	int rc = 0;

	for (uint64_t i = 0; !rc && i <= names; i++) {
		uint8_t owner[9 + sizeof apex], rdata[9 + sizeof apex + 9];
		unsigned n;

		host_name(owner, i ? i - 1 : UINT64_MAX);
		host_name(rdata, i < names ? i : UINT64_MAX);
		n = (i < names ? 9 : 0) + (unsigned)sizeof apex;
		n += bitmap_write(rdata + n, i == 0, BENCH_NSEC);
		rc =
		    signed_add(z, owner, DNS_TYPE_NSEC, 300, rdata, n, ~i, err);
	}
	return rc;
}

struct bench_hash {
	uint8_t hash[NSEC3_HASH_BYTES];
	bool is_apex;
};

static int
by_hash(const void *a, const void *b)
{
	return memcmp(a, b, NSEC3_HASH_BYTES);
}

static int
nsec3_add(struct zone_records *z, uint64_t names, struct err *err)
{
	struct bench_hash *h = calloc(names + 1, sizeof *h);
	int rc = h ? 0 : err_set(err, ERR_NO_MEMORY, "no memory for hashes");

	for (uint64_t i = 0; !rc && i <= names; i++) {
		uint8_t name[9 + sizeof apex];

		host_name(name, i ? i - 1 : UINT64_MAX);
		h[i].is_apex = i == 0;
		nsec3_hash(h[i].hash, name, (i ? 9 : 0) + (unsigned)sizeof apex,
		    NULL, 0, 0);
	}
	if (!rc)
		qsort(h, names + 1, sizeof *h, by_hash);
	for (uint64_t i = 0; !rc && i <= names; i++) {
		uint8_t owner[NSEC3_LABEL_BYTES + sizeof apex];
		uint8_t rdata[6 + NSEC3_HASH_BYTES + 9] = {
		    1, 0, 0, 0, 0, NSEC3_HASH_BYTES};

		nsec3_label_write(owner, h[i].hash);
		memcpy(owner + NSEC3_LABEL_BYTES, apex, sizeof apex);
		memcpy(
		    rdata + 6, h[i < names ? i + 1 : 0].hash, NSEC3_HASH_BYTES);
		bitmap_write(
		    rdata + 6 + NSEC3_HASH_BYTES, h[i].is_apex, BENCH_NSEC3);
		rc = signed_add(z, owner, DNS_TYPE_NSEC3, 300, rdata,
		    sizeof rdata, ~i, err);
	}
	free(h);
	if (!rc)
		rc = signed_add(
		    z, apex, DNS_TYPE_NSEC3PARAM, 0, "\1\0\0\0", 5, 1, err);
	return rc;
}

static int
chain_add(struct zone_records *z, uint64_t names, enum bench_chain chain,
    struct err *err)
{
	static const uint8_t key[4 + 64] = {1, 0, 3, 13};
	int rc;

	if (chain == BENCH_UNSIGNED)
		return 0;
	rc =
	    signed_add(z, apex, DNS_TYPE_DNSKEY, 3600, key, sizeof key, 2, err);
	if (!rc)
		rc = signature_add(z, apex, DNS_TYPE_SOA, 3600, 3, err);
	if (!rc)
		rc = signature_add(z, apex, DNS_TYPE_NS, 3600, 4, err);
	if (!rc)
		rc = chain == BENCH_NSEC ? nsec_add(z, names, err)
		                         : nsec3_add(z, names, err);
	return rc;
}

/* --- the zone ------------------------------------------------------------- */

static int
bench_records(struct zone_records **out, uint64_t names, enum bench_chain chain,
    struct err *err)
{
	static const uint8_t soa[] =
	    "\3ns1" BENCH_APEX_WIRE "\0\4host" BENCH_APEX_WIRE
	    "\0\0\0\0\1\0\0\16\20\0\0\2\130\0\1\121\200"
	    "\0\0\1\54";
	static const uint8_t ns[] = "\3ns1" BENCH_APEX_WIRE;
	struct zone_records *z = zone_records_new(apex, err);
	int rc = z ? 0 : ERR_NO_MEMORY;

	if (!rc)
		rc = zone_records_add(
		    z, apex, DNS_TYPE_SOA, 3600, soa, sizeof soa - 1, err);
	if (!rc)
		rc = zone_records_add(
		    z, apex, DNS_TYPE_NS, 3600, ns, sizeof ns, err);
	for (uint64_t i = 0; !rc && i < names; i++) {
		uint8_t owner[9 + sizeof apex], address[4];

		host_name(owner, i);
		wire_store32(address, bench_address((uint32_t)i));
		rc = zone_records_add(
		    z, owner, DNS_TYPE_A, 300, address, 4, err);
		if (!rc && chain != BENCH_UNSIGNED)
			rc = signature_add(z, owner, DNS_TYPE_A, 300, i, err);
	}
	if (!rc)
		rc = chain_add(z, names, chain, err);
	if (!rc)
		rc = zone_records_seal(z, NULL, NULL, err);
	if (rc) {
		zone_records_free(z);
		return rc;
	}
	*out = z;
	return 0;
}

struct bench_build {
	struct store *store;
	struct zone_plan *plan;
	struct manifest_parts parts;
	struct slot_d *slots;
	struct split_d split;
	struct zone_denial denial;
	struct bytes cell;
};

static int
bench_put(struct bench_build *b, uint32_t slot, struct err *err)
{
	struct digest d;
	int rc =
	    store_put(b->store, STORE_CELL, b->cell.data, b->cell.len, &d, err);

	memcpy(b->slots[slot].cell, d.b, DIGEST_BYTES);
	/* no packs here: any digest will do, where there must be one */
	if (slot <= b->parts.nslots - b->denial.slots - 1u)
		memcpy(b->slots[slot].records, d.b, DIGEST_BYTES);
	bytes_clear(&b->cell);
	return rc;
}

static int
bench_cells(struct bench_build *b, const struct zone_records *z, unsigned bits,
    struct err *err)
{
	bool split = bits != 0;
	int rc = zone_plan_new(&b->plan, z, store_key(b->store),
	    split ? 0 : (uint16_t)NO_SPLIT, bits, err);

	if (!rc)
		rc =
		    cell_build_shared((const struct zone_plan *const *)&b->plan,
			1, store_key(b->store), 0, 0, &b->cell, err);
	if (!rc)
		rc = bench_put(b, 0, err);
	for (uint32_t i = 0; !rc && split && i < 1u << bits; i++) {
		rc = cell_build_split(
		    b->plan, store_key(b->store), i, &b->cell, err);
		if (!rc)
			rc = bench_put(b, 1 + i, err);
	}
	for (uint32_t i = 0; !rc && i < b->denial.slots; i++) {
		rc = cell_build_denial(
		    b->plan, store_key(b->store), &b->denial, i, &b->cell, err);
		if (!rc)
			rc = bench_put(b, 1 + (1u << bits) + i, err);
	}
	return rc;
}

static int
bench_store(struct bench_build *b, const struct zone_records *z,
    struct digest *generation, struct err *err)
{
	unsigned bits = 0;
	struct bytes manifest = {0};
	int rc;

	if (zone_bytes_estimate(z) > SMALL_ZONE_BYTES)
		while (
		    zone_bytes_estimate(z) >> bits > CELL_BYTES_WANTED || !bits)
			bits++;
	if (bits)
		zone_denial_count(z, store_key(b->store), DENIAL_BYTES_WANTED,
		    NULL, &b->denial);
	b->slots = calloc(1 + (1u << bits) + b->denial.slots, sizeof *b->slots);
	if (!b->slots)
		return err_set(err, ERR_NO_MEMORY, "no memory for slots");
	b->parts = (struct manifest_parts){.key = *store_key(b->store),
	    .depths = {1 << 2, 0},
	    .nzones = 1,
	    .slots = b->slots,
	    .nslots = 1 + (bits ? 1u << bits : 0) + b->denial.slots,
	    .splits = &b->split,
	    .nsplits = bits != 0};
	b->split.first_slot = 1;
	b->split.bits = (uint8_t)bits;
	b->split.denial_slots = b->denial.slots;
	b->split.denial_kind = b->denial.kind;
	b->split.apex_bytes = z->apex_bytes;
	memcpy(b->split.apex, z->apex, z->apex_bytes);
	rc = bench_cells(b, z, bits, err);
	if (!rc)
		rc = manifest_write(&b->parts, &manifest, err);
	if (!rc)
		rc = store_put(b->store, STORE_CANDIDATE, manifest.data,
		    manifest.len, generation, err);
	bytes_fini(&manifest);
	return rc;
}

static void
bench_remove(const char *dir)
{
	char command[300];

	snprintf(command, sizeof command, "rm -rf '%s'", dir);
	if (system(command) != 0)
		fprintf(stderr, "bench: %s is left behind\n", dir);
}

int
hosts_snapshot_make(struct hosts_snapshot *out, uint64_t names,
    enum bench_chain chain, struct err *err)
{
	char dir[] = "/dev/shm/holdfast-bench-XXXXXX";
	struct bench_build b = {0};
	struct load_options options = {.huge_pages = true};
	struct zone_records *z = NULL;
	struct digest generation;
	int rc = mkdtemp(dir) ? store_create(dir, err)
	                      : err_set_errno(err, "can't make %s", dir);

	*out = (struct hosts_snapshot){.names = names};
	if (!rc)
		rc = store_open(&b.store, dir, 0, err);
	if (!rc)
		rc = bench_records(&z, names, chain, err);
	if (!rc)
		rc = bench_store(&b, z, &generation, err);
	if (b.plan)
		zone_plan_free(b.plan);
	if (z)
		zone_records_free(z);
	if (!rc)
		rc = generation_load(
		    &out->generation, b.store, &generation, &options, err);
	bytes_fini(&b.cell);
	free(b.slots);
	if (b.store)
		store_close(&b.store);
	bench_remove(dir);
	return rc;
}

void
hosts_snapshot_free(struct hosts_snapshot *s)
{
	generation_free(&s->generation);
}
