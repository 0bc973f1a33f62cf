/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of the loader: memory that is sealed and shared, files that are
 * damaged, and what must hold over a whole generation.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "snapshot/load_cells.h"
#include "tests/unit/snapshot_rig.h"
#include "tests/unit/unit_run.h"

static struct rig rig;
static struct store *store;
static char dir[UNIT_PATH_MAX];

static void
rig_setup(void)
{
	struct err err;

	unit_directory_make(dir);
	ck_assert_msg(store_create(dir, &err) == 0, "%s", err.text);
	ck_assert_msg(store_open(&store, dir, 0, &err) == 0, "%s", err.text);
	ck_assert_int_eq(store_lock(store, STORE_LOCK_OWNER, &err), 0);
	rig_make(&rig, store_key(store), rig_zones, rig_zones_count, 1, NULL);
	rig_put(&rig, store);
}

static void
rig_teardown(void)
{
	rig_free(&rig);
	store_close(&store);
	unit_directory_remove(dir);
}

START_TEST(test_bytes_and_files_load_alike)
{
	struct generation *a, *b;
	struct err err;

	rig_setup();
	a = rig_generation(&rig);
	ck_assert_msg(generation_load(&b, store, &rig.digest, NULL, &err) == 0,
	    "%s", err.text);
	ck_assert_msg(
	    generation_check_whole(b, NULL, &err) == 0, "%s", err.text);
	ck_assert(digest_equal(&a->digest, &b->digest));
	ck_assert_uint_eq(a->bytes, b->bytes);
	for (uint32_t i = 0; i < rig.nslots; i++) {
		ck_assert_uint_eq(a->slots[i].nbuckets, b->slots[i].nbuckets);
		ck_assert_uint_eq(
		    generation_cell_bytes(b, i), rig.cells[i].len);
		if (rig.cells[i].len)
			ck_assert(memcmp(b->slots[i].base, rig.cells[i].data,
				      rig.cells[i].len) == 0);
		ck_assert_uint_eq((uintptr_t)b->slots[i].base % CELL_ALIGN, 0);
	}
	generation_free(&a);
	generation_free(&b);
	ck_assert_ptr_null(a);
	rig_teardown();
}
END_TEST

START_TEST(test_memory_is_sealed)
{
	struct generation *g;
	const uint8_t *page;

	rig_setup();
	g = rig_generation(&rig);
	page = g->memory->segments[0]->map;
	/* a writable view cannot be had of the pages that are served */
	ck_assert_int_eq(
	    mprotect((void *)(uintptr_t)page, 4096, PROT_READ | PROT_WRITE),
	    -1);
	ck_assert(errno == EACCES || errno == EPERM);
	generation_free(&g);
	rig_teardown();
}
END_TEST

START_TEST(test_next_generation_shares_cells)
{
	struct rig_zone zones[8];
	struct load_options options = {0};
	struct generation *a, *b;
	struct rig next;
	struct err err;
	unsigned shared = 0;

	rig_setup();
	ck_assert_int_eq(
	    generation_load(&a, store, &rig.digest, NULL, &err), 0);
	memcpy(zones, rig_zones, rig_zones_count * sizeof *zones);
	zones[3].text = "@ 60 SOA ns.rig.test. admin.rig.test. 2 2 3 4 5\n"
			"@ NS ns.rig.test.\n";
	rig_make(
	    &next, store_key(store), zones, rig_zones_count, 1, &rig.digest);
	rig_put(&next, store);
	options.base = a;
	ck_assert_msg(
	    generation_load(&b, store, &next.digest, &options, &err) == 0, "%s",
	    err.text);
	for (uint32_t i = 0; i < rig.nslots; i++)
		shared +=
		    rig.cells[i].len && a->slots[i].base == b->slots[i].base;
	ck_assert_uint_ge(shared, 4);
	ck_assert_uint_eq(b->memory->nsegments, 2);
	ck_assert_uint_eq(a->memory->segments[0]->references, 2);
	generation_free(&a);
	/* what b shares is still there */
	ck_assert_uint_eq(b->memory->segments[0]->references, 1);
	ck_assert_msg(
	    generation_check_whole(b, NULL, &err) == 0, "%s", err.text);
	generation_free(&b);
	rig_free(&next);
	rig_teardown();
}
END_TEST

START_TEST(test_many_segments_are_repacked)
{
	struct generation *base = NULL, *g;
	struct digest parent;
	unsigned most = 0;
	struct err err;

	rig_setup();
	ck_assert_int_eq(
	    generation_load(&base, store, &rig.digest, NULL, &err), 0);
	parent = rig.digest;
	for (unsigned i = 0; i < 24; i++) {
		struct load_options options = {.base = base};
		struct rig_zone zones[8];
		char text[160];
		struct rig next;

		/* each changes other cells, so that segments pile up */
		memcpy(zones, rig_zones, rig_zones_count * sizeof *zones);
		snprintf(text, sizeof text,
		    "@ 60 SOA a. b. %u 2 3 4 5\n@ NS c.\nn%u A 192.0.2.1\n",
		    i + 2, i % 8);
		zones[2].text = text;
		zones[2].split_bits = 3;
		rig_make(&next, store_key(store), zones, rig_zones_count, 1,
		    &parent);
		rig_put(&next, store);
		ck_assert_msg(generation_load(
				  &g, store, &next.digest, &options, &err) == 0,
		    "%s", err.text);
		ck_assert_msg(
		    generation_check_whole(g, NULL, &err) == 0, "%s", err.text);
		ck_assert_uint_le(g->memory->nsegments, LOAD_SEGMENTS_MAX);
		if (g->memory->nsegments > most)
			most = g->memory->nsegments;
		parent = next.digest;
		generation_free(&base);
		base = g;
		rig_free(&next);
	}
	ck_assert_uint_gt(most, 1);
	generation_free(&base);
	rig_teardown();
}
END_TEST

static char *
cell_path(char path[UNIT_PATH_MAX], uint32_t slot)
{
	char name[UNIT_PATH_MAX], hex[DIGEST_TEXT_MAX];
	struct digest d;

	memcpy(d.b, rig.slots[slot].cell, DIGEST_BYTES);
	snprintf(name, sizeof name, "cells/%s.cell", digest_to_text(hex, &d));
	return unit_path(path, dir, name);
}

static void
expect_refused(int code, const char *text)
{
	struct generation *g = (void *)1;
	struct err err;

	ck_assert_int_eq(
	    generation_load(&g, store, &rig.digest, NULL, &err), code);
	ck_assert_msg(strstr(err.text, text), "%s", err.text);
	ck_assert_ptr_null(g);
}

START_TEST(test_damaged_files_are_refused)
{
	char path[UNIT_PATH_MAX];
	uint8_t octet;
	int fd;

	rig_setup();
	cell_path(path, rig.splits[0].first_slot);
	fd = open(path, O_RDWR);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pread(fd, &octet, 1, 300), 1);
	octet ^= 0x10;
	ck_assert_int_eq(pwrite(fd, &octet, 1, 300), 1);
	expect_refused(ERR_CORRUPT, "damaged");
	ck_assert_int_eq(ftruncate(fd, 320), 0);
	expect_refused(ERR_CORRUPT, "slot");
	ck_assert_int_eq(ftruncate(fd, 321), 0);
	expect_refused(ERR_CORRUPT, "no cell has 321 bytes");
	ck_assert_int_eq(ftruncate(fd, 0), 0);
	expect_refused(ERR_CORRUPT, "no cell has 0 bytes");
	close(fd);
	unlink(path);
	expect_refused(ERR_NOT_FOUND, "cells/");
	rig_teardown();
}
END_TEST

START_TEST(test_swapped_cells_are_refused)
{
	uint32_t first;
	struct slot_d keep;

	rig_setup();
	/* sound cells, true digests, but in each other's places */
	first = rig.splits[0].first_slot;
	keep = rig.slots[first];
	rig.slots[first] = rig.slots[first + 1];
	rig.slots[first + 1] = keep;
	rig_manifest(&rig, NULL);
	rig_put(&rig, store);
	expect_refused(ERR_CORRUPT, "not the slot expected");
	rig_teardown();
}
END_TEST

START_TEST(test_other_keys_are_refused)
{
	struct generation *g;
	struct rig other;
	struct err err;

	rig_setup();
	rig_make(&other, &rig_key, rig_zones, rig_zones_count, 1, NULL);
	other.key = *store_key(store);
	rig_manifest(&other, NULL);
	rig_put(&other, store);
	ck_assert_int_eq(
	    generation_load(&g, store, &other.digest, NULL, &err), ERR_CORRUPT);
	ck_assert_msg(strstr(err.text, "name key"), "%s", err.text);
	rig_free(&other);
	rig_teardown();
}
END_TEST

/* Shared cells are verified again when the tables they refer to are others. */
START_TEST(test_base_with_other_tables)
{
	struct load_options options = {0};
	struct generation *a, *b;
	struct err err;

	rig_setup();
	ck_assert_int_eq(
	    generation_load(&a, store, &rig.digest, NULL, &err), 0);
	/* the apex of the split zone now names a split of another apex */
	rig.splits[0].apex[1] = 'q';
	for (uint32_t i = 2; i < rig.nslots; i++)
		memset(&rig.slots[i], 0, sizeof rig.slots[i]);
	rig_manifest(&rig, NULL);
	rig_put(&rig, store);
	options.base = a;
	ck_assert_int_eq(
	    generation_load(&b, store, &rig.digest, &options, &err),
	    ERR_CORRUPT);
	ck_assert_msg(strstr(err.text, "another zone's"), "%s", err.text);
	generation_free(&a);
	rig_teardown();
}
END_TEST

START_TEST(test_missing_generation)
{
	rig_setup();
	memset(rig.digest.b, 7, DIGEST_BYTES);
	expect_refused(ERR_NOT_FOUND, "generation 0707");
	rig_teardown();
}
END_TEST

START_TEST(test_no_address_space)
{
	struct rlimit limit, now;
	struct generation *g;
	struct err err;

#ifdef __SANITIZE_ADDRESS__
	return; /* its shadow memory needs the address space */
#endif

	rig_setup();
	getrlimit(RLIMIT_AS, &now);
	limit = now;
	limit.rlim_cur = 1 << 20;
	ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
	ck_assert_int_eq(
	    generation_load(&g, store, &rig.digest, NULL, &err), ERR_NO_MEMORY);
	setrlimit(RLIMIT_AS, &now);
	ck_assert_int_eq(
	    generation_load(&g, store, &rig.digest, NULL, &err), 0);
	generation_free(&g);
	rig_teardown();
}
END_TEST

START_TEST(test_more_than_there_is)
{
	struct segment *s;
	struct err err;

	ck_assert_int_eq(
	    segment_new(&s, (size_t)1 << 50, false, &err), ERR_NO_MEMORY);
	ck_assert_msg(strstr(err.text, "goes on being served"), "%s", err.text);
	ck_assert_int_eq(
	    segment_new(&s, (size_t)1 << 50, true, &err), ERR_NO_MEMORY);
}
END_TEST

/* Whether huge pages are free or not, the generation is there. */
START_TEST(test_huge_pages_or_ordinary)
{
	struct load_options options = {.huge_pages = true};
	struct generation *g;
	struct err err;

	rig_setup();
	ck_assert_msg(
	    generation_load(&g, store, &rig.digest, &options, &err) == 0, "%s",
	    err.text);
	ck_assert(generation_check_whole(g, NULL, &err) == 0);
	generation_free(&g);
	rig_teardown();
}
END_TEST

struct progress {
	uint64_t done, total;
	unsigned calls;
};

static void
progress_note(void *arg, uint64_t done, uint64_t total)
{
	struct progress *p = arg;

	ck_assert_uint_ge(done, p->done);
	p->done = done;
	p->total = total;
	p->calls++;
}

START_TEST(test_progress_reaches_its_end)
{
	struct progress p = {0};
	struct load_options options = {.progress = progress_note, .arg = &p};
	struct generation *g;
	struct err err;

	rig_setup();
	ck_assert_int_eq(
	    generation_load(&g, store, &rig.digest, &options, &err), 0);
	ck_assert_uint_gt(p.calls, 2);
	ck_assert_uint_eq(p.done, p.total);
	ck_assert_uint_eq(p.total, g->bytes);
	generation_free(&g);
	rig_teardown();
}
END_TEST

static void
expect_whole_refused(const struct rig *r, const char *text)
{
	struct generation *g = rig_generation(r);
	struct err err;

	ck_assert_int_eq(generation_check_whole(g, NULL, &err), ERR_CORRUPT);
	ck_assert_msg(strstr(err.text, text), "%s", err.text);
	generation_free(&g);
}

/* Cells that are sound by themselves and do not fit each other. */
START_TEST(test_whole_is_checked)
{
	struct rig r;
	struct slot_d *s;

	rig_make(&r, &rig_key, rig_zones, rig_zones_count, 0, NULL);
	r.nzones++;
	rig_manifest(&r, NULL);
	expect_whole_refused(&r, "5 zones");
	r.nzones--;
	r.depths[0] |= 1 << 5;
	rig_manifest(&r, NULL);
	expect_whole_refused(&r, "depths");
	r.depths[0] &= ~(1ull << 5);
	/* one cell of the split zone is gone: parents and cuts are missing */
	for (uint32_t i = 0; i < 4; i++) {
		struct slot_d keep;
		struct generation *g;
		struct err err;

		s = &r.slots[r.splits[0].first_slot + i];
		keep = *s;
		memset(s, 0, sizeof *s);
		rig_manifest(&r, NULL);
		g = rig_generation(&r);
		if (generation_check_whole(g, NULL, &err) < 0)
			ck_assert_msg(
			    strstr(err.text, "split.test."), "%s", err.text);
		generation_free(&g);
		*s = keep;
	}
	/* all shared cells gone */
	memset(&r.slots[0], 0, sizeof *r.slots);
	rig_manifest(&r, NULL);
	expect_whole_refused(&r, "split.test.");
	rig_free(&r);
}
END_TEST

/* The same verdict as without the base. */
static int
whole_against(struct rig *r, const struct generation *base)
{
	struct generation *g;
	struct err alone, against;
	int code;

	rig_manifest(r, NULL);
	g = rig_generation(r);
	code = generation_check_whole(g, NULL, &alone);
	ck_assert_int_eq(generation_check_whole(g, base, &against), code);
	if (code)
		ck_assert_str_eq(alone.text, against.text);
	generation_free(&g);
	return code;
}

/* What differs from a generation that was checked is checked, and all that
 * depends on it. */
START_TEST(test_whole_is_checked_against_a_base)
{
	struct rig_zone zones[8];
	struct generation *base;
	struct rig r, other;
	unsigned refused = 0;

	ck_assert_uint_le(rig_zones_count, 8);
	memcpy(zones, rig_zones, rig_zones_count * sizeof *zones);
	rig_make(&r, &rig_key, zones, rig_zones_count, 2, NULL);
	base = rig_generation(&r);
	ck_assert_int_eq(whole_against(&r, base), 0);
	for (uint32_t i = 0; i < r.nslots; i++) {
		struct slot_d keep = r.slots[i];

		memset(&r.slots[i], 0, sizeof r.slots[i]);
		refused += whole_against(&r, base) != 0;
		r.slots[i] = keep;
	}
	ck_assert_uint_ge(refused, 5);
	r.nzones++;
	ck_assert_int_eq(whole_against(&r, base), ERR_CORRUPT);
	r.nzones--;
	/* cells of a split zone that did not change, below an apex that did:
	 * now it has a DNAME */
	for (size_t i = 0; i < rig_zones_count; i++)
		if (strcmp(zones[i].apex, "split.test.") == 0)
			zones[i].text = "@ 3600 SOA ns admin 9 1 2 3 4\n@ NS "
					"ns.example.\n@ DNAME example.\n";
	rig_make(&other, &rig_key, zones, rig_zones_count, 2, NULL);
	for (uint32_t i = 0; i < 4; i++) {
		struct bytes cell = r.cells[i];

		r.cells[i] = other.cells[i];
		r.slots[i] = other.slots[i];
		other.cells[i] = cell;
	}
	ck_assert_int_eq(whole_against(&r, base), ERR_CORRUPT);
	generation_free(&base);
	rig_free(&other);
	rig_free(&r);
}
END_TEST

/* --- denial cells --------------------------------------------------------- */

static const struct rig_zone *
nsec_zone(void)
{
	const struct rig_zone *z = rig_denial_zones;

	while (strcmp(z->apex, "nsecs.test.") != 0)
		z++;
	return z;
}

static const struct rig_zone *
nsec3_zone(void)
{
	const struct rig_zone *z = rig_denial_zones;

	while (strcmp(z->apex, "nsec3s.test.") != 0)
		z++;
	return z;
}

/* A cell by another, as the manifest says. */
static void
cell_replace(struct rig *r, uint32_t slot, const struct bytes *with)
{
	struct digest d;

	bytes_clear(&r->cells[slot]);
	bytes_append(&r->cells[slot], with->data, with->len);
	digest_of(&d, with->data, with->len);
	memcpy(r->slots[slot].cell, d.b, DIGEST_BYTES);
	rig_manifest(r, NULL);
}

START_TEST(test_ranges_are_one_chain)
{
	struct rig_zone zone = *nsec_zone();
	struct rig r, other;
	struct generation *g;
	uint32_t denial;
	struct err err;

	rig_make(&r, &rig_key, &zone, 1, 0, NULL);
	g = rig_generation(&r);
	ck_assert_msg(
	    generation_check_whole(g, NULL, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(g->splits[0].denial_slots, 4);
	ck_assert_uint_eq(g->splits[0].denial_kind, DENIAL_NSEC);
	denial = g->splits[0].denial_first;
	ck_assert_uint_eq(denial, 5);
	generation_free(&g);
	for (uint32_t i = 1; i < 4; i++) {
		rig_make(&other, &rig_key, &zone, 1, 0, NULL);
		cell_replace(&other, denial + i, &r.cells[denial + i % 3 + 1]);
		expect_whole_refused(&other, "begins with another name");
		rig_free(&other);
	}
	/* names without their NSEC record */
	zone.text = "@ 3600 SOA ns admin 7 7200 3600 1209600 60\n@ NS ns\n"
		    "@ DNSKEY 256 3 8 AwEAAQ==\n@ NSEC a SOA NS DNSKEY\n"
		    "a A 192.0.2.1\nn6806 A 192.0.2.1\nn70 A 192.0.2.1\n"
		    "n7170 A 192.0.2.1\nns A 192.0.2.1\nsub A 192.0.2.1\n";
	rig_make(&other, &rig_key, &zone, 1, 0, NULL);
	for (uint32_t i = 1; i < 5; i++)
		cell_replace(&r, i, &other.cells[i]);
	expect_whole_refused(&r, "and has none");
	rig_free(&other);
	rig_free(&r);
}
END_TEST

/* A name that begins a range in front of others moves their slots and changes
 * nothing in them. */
START_TEST(test_ranges_move_as_they_are)
{
	struct rig_zone zone = *nsec_zone();
	struct generation *g, *base;
	char text[4096];
	struct rig r, next;

	rig_make(&r, &rig_key, &zone, 1, 0, NULL);
	base = rig_generation(&r);
	snprintf(text, sizeof text, "%sn10612 NSEC n6806 NSEC\n", zone.text);
	zone.text = text;
	rig_make(&next, &rig_key, &zone, 1, 0, NULL);
	g = rig_generation(&next);
	ck_assert_uint_eq(g->splits[0].denial_slots, 5);
	/* root, [@ a] n10612 [n6806 n70] [n7170 ns sub] */
	for (uint32_t i = 0; i < 5; i++) {
		static const uint32_t had[] = {UINT32_MAX, 1, UINT32_MAX, 2, 3};
		uint32_t want = had[i] == UINT32_MAX
		                    ? UINT32_MAX
		                    : base->splits[0].denial_first + had[i];

		ck_assert_uint_eq(generation_base_slot(
				      g, base, g->splits[0].denial_first + i),
		    want);
	}
	generation_free(&g);
	generation_free(&base);
	rig_free(&next);
	rig_free(&r);
}
END_TEST

START_TEST(test_hashes_have_the_apex)
{
	struct rig_zone zone = *nsec3_zone();
	struct generation *g;
	struct bytes cell;
	uint32_t denial;
	struct err err;
	struct rig r;

	rig_make(&r, &rig_key, &zone, 1, 0, NULL);
	g = rig_generation(&r);
	ck_assert_msg(
	    generation_check_whole(g, NULL, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(g->splits[0].denial_bits, 3);
	denial = g->splits[0].denial_first;
	generation_free(&g);
	bytes_init(&cell);
	bytes_append(&cell, r.cells[denial].data, r.cells[denial].len);
	/* behind header, hashed_d and a directory of no bits */
	cell.data[sizeof(struct cell_header_d) + 16 + 8 + 19] ^= 1;
	cell_replace(&r, denial, &cell);
	expect_whole_refused(&r, "no record for it");
	bytes_fini(&cell);
	rig_free(&r);
}
END_TEST

UNIT_MAIN("load", test_bytes_and_files_load_alike, test_memory_is_sealed,
    test_next_generation_shares_cells, test_many_segments_are_repacked,
    test_damaged_files_are_refused, test_swapped_cells_are_refused,
    test_other_keys_are_refused, test_base_with_other_tables,
    test_missing_generation, test_no_address_space, test_more_than_there_is,
    test_huge_pages_or_ordinary, test_progress_reaches_its_end,
    test_whole_is_checked, test_whole_is_checked_against_a_base,
    test_ranges_are_one_chain, test_ranges_move_as_they_are,
    test_hashes_have_the_apex)
