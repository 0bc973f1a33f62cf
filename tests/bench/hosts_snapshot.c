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
#include "tests/bench/hosts_snapshot.h"

enum { CELL_BYTES_WANTED = 1 << 20, SMALL_ZONE_BYTES = 512 << 10 };

unsigned
bench_label(uint8_t *to, char kind, uint32_t i)
{
	to[0] = 8;
	to[1] = (uint8_t)kind;
	for (unsigned k = 0; k < 7; k++, i /= 10)
		to[8 - k] = (uint8_t)('0' + i % 10);
	return 9;
}

static int
bench_records(struct zone_records **out, uint64_t names, struct err *err)
{
	static const uint8_t apex[] = BENCH_APEX_WIRE;
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
		unsigned n = bench_label(owner, 'h', (uint32_t)i);

		memcpy(owner + n, apex, sizeof apex);
		wire_store32(address, bench_address((uint32_t)i));
		rc = zone_records_add(
		    z, owner, DNS_TYPE_A, 300, address, 4, err);
	}
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
	struct bytes cell;
};

static int
bench_put(struct bench_build *b, uint32_t slot, struct err *err)
{
	struct digest d;
	int rc =
	    store_put(b->store, STORE_CELL, b->cell.data, b->cell.len, &d, err);

	memcpy(b->slots[slot].cell, d.b, DIGEST_BYTES);
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
	b->slots = calloc(1 + (1u << bits), sizeof *b->slots);
	if (!b->slots)
		return err_set(err, ERR_NO_MEMORY, "no memory for slots");
	b->parts = (struct manifest_parts){.key = *store_key(b->store),
	    .depths = {1 << 2, 0},
	    .nzones = 1,
	    .slots = b->slots,
	    .nslots = 1 + (bits ? 1u << bits : 0),
	    .splits = &b->split,
	    .nsplits = bits != 0};
	b->split.first_slot = 1;
	b->split.bits = (uint8_t)bits;
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
hosts_snapshot_make(struct hosts_snapshot *out, uint64_t names, struct err *err)
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
		rc = bench_records(&z, names, err);
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
