/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The compiler over a real store in a scratch directory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "control/compile/compile.h"
#include "snapshot/fault.h"
#include "snapshot/manifest.h"
#include "tests/unit/unit_run.h"
#include "tests/unit/zone_text.h"

enum { ZONES_MAX = 64 };

struct rig {
	char dir[UNIT_PATH_MAX];
	char store_dir[UNIT_PATH_MAX];
	struct store *store;
	struct zone_records *versions[4 * ZONES_MAX]; /* all that were made */
	size_t nversions;
	struct compile_zone zones[ZONES_MAX];
	size_t nzones;
	struct compile_options options;
	struct compile_result result;
	struct bytes parent;
	struct err err;
};

static void
rig_open(struct rig *r)
{
	memset(r, 0, sizeof *r);
	unit_directory_make(r->dir);
	unit_path(r->store_dir, r->dir, "store");
	ck_assert_msg(
	    store_create(r->store_dir, &r->err) == 0, "%s", r->err.text);
	ck_assert_msg(store_open(&r->store, r->store_dir, 0, &r->err) == 0,
	    "%s", r->err.text);
	ck_assert_int_eq(store_lock(r->store, STORE_LOCK_OWNER, &r->err), 0);
	r->options.prove = true;
	r->options.shared_slot_bits = 4;
	bytes_init(&r->parent);
}

static void
rig_close(struct rig *r)
{
	generation_free(&r->result.loaded);
	compile_zones_fini(r->zones, ZONES_MAX);
	for (size_t i = 0; i < r->nversions; i++)
		zone_records_free(r->versions[i]);
	bytes_fini(&r->parent);
	store_close(&r->store);
	unit_directory_remove(r->dir);
}

/* A zone with `names` names besides its apex; `mark` goes into one of them. */
static const struct zone_records *
version_make(struct rig *r, const char *apex, unsigned serial, unsigned names,
    const char *mark)
{
	struct bytes text;

	bytes_init(&text);
	bytes_printf(&text,
	    "@ 3600 SOA ns host %u 3600 600 86400 300\n"
	    "@ 3600 NS ns\nns 3600 A 192.0.2.1\n",
	    serial);
	for (unsigned i = 0; i < names; i++)
		bytes_printf(&text, "n%u 3600 A 192.0.2.%u\n", i, i & 255);
	bytes_printf(&text, "mark 3600 TXT \"%s\"\n", mark);
	bytes_append(&text, "", 1);
	r->versions[r->nversions] = zone_from_text(apex, (char *)text.data);
	bytes_fini(&text);
	return r->versions[r->nversions++];
}

static struct compile_zone *
zone_add(struct rig *r, const char *apex, unsigned names)
{
	struct compile_zone *z = &r->zones[r->nzones++];

	*z = (struct compile_zone){
	    .records = version_make(r, apex, 1, names, "first"),
	};
	return z;
}

static void
zones_add(struct rig *r, unsigned count)
{
	char apex[32];

	for (unsigned i = 0; i < count; i++) {
		snprintf(apex, sizeof apex, "zone%u.example.", i);
		zone_add(r, apex, 3);
	}
}

static int
rig_compile(struct rig *r)
{
	generation_free(&r->result.loaded);
	return compile_generation(r->store,
	    r->parent.len ? r->parent.data : NULL, r->parent.len, r->zones,
	    r->nzones, &r->options, &r->result, &r->err);
}

/* The candidate becomes the parent of the next one, its versions good. */
static void
rig_commit(struct rig *r)
{
	bytes_clear(&r->parent);
	ck_assert_msg(store_get(r->store, STORE_CANDIDATE,
			  &r->result.generation, &r->parent, &r->err) == 0,
	    "%s", r->err.text);
	for (size_t i = 0; i < r->nzones; i++)
		if (r->zones[i].status == 0)
			r->zones[i].last_good = r->zones[i].records;
}

static void
rig_must(struct rig *r)
{
	ck_assert_msg(rig_compile(r) == 0, "%s", r->err.text);
	for (size_t i = 0; i < r->nzones; i++)
		ck_assert_msg(r->zones[i].status == 0, "%s",
		    compile_zone_why(&r->zones[i]));
}

START_TEST(first_generation_is_proven_and_loaded)
{
	struct rig r;

	rig_open(&r);
	zones_add(&r, 20);
	rig_must(&r);
	ck_assert(!r.result.unchanged);
	ck_assert_uint_gt(r.result.cells_built, 5);
	ck_assert_uint_eq(r.result.cells_kept, 0);
	ck_assert_uint_eq(r.result.zones_changed, 20);
	ck_assert_uint_gt(r.result.answers_proven, 20 * 7);
	ck_assert_ptr_nonnull(r.result.loaded);
	ck_assert_uint_eq(r.result.loaded->nzones, 20);
	ck_assert(store_has(r.store, STORE_CANDIDATE, &r.result.generation));
	rig_close(&r);
}
END_TEST

static void
change_one(struct rig *r, bool remember)
{
	struct compile_memory *memory = remember ? compile_memory_new() : NULL;
	uint64_t answers;

	rig_open(r);
	r->options.memory = memory;
	zones_add(r, 20);
	rig_must(r);
	rig_commit(r);
	answers = r->result.answers_proven;
	r->zones[7].records = version_make(r, "zone7.example.", 2, 3, "second");
	rig_must(r);
	ck_assert_uint_eq(r->result.cells_built, 1);
	ck_assert_uint_gt(r->result.cells_kept, 5);
	ck_assert_uint_eq(r->result.zones_changed, 1);
	ck_assert_uint_lt(r->result.answers_proven, answers / 2);
	rig_commit(r);
	/* and once more, from that one */
	r->zones[8].records = version_make(r, "zone8.example.", 2, 3, "second");
	rig_must(r);
	ck_assert_uint_eq(r->result.cells_built, 1);
	compile_memory_free(memory);
	rig_close(r);
}

START_TEST(one_changed_record_builds_one_cell)
{
	struct rig r;

	change_one(&r, false);
}
END_TEST

START_TEST(one_changed_record_builds_one_cell_from_memory)
{
	struct rig r;

	change_one(&r, true);
}
END_TEST

START_TEST(same_zones_are_unchanged)
{
	struct rig r;
	struct digest first;

	rig_open(&r);
	zones_add(&r, 20);
	rig_must(&r);
	first = r.result.generation;
	rig_commit(&r);
	r.zones[3].records = version_make(&r, "zone3.example.", 1, 3, "first");
	rig_must(&r);
	ck_assert(r.result.unchanged);
	ck_assert(digest_equal(&first, &r.result.generation));
	ck_assert_ptr_null(r.result.loaded);
	ck_assert_uint_eq(r.result.cells_built, 0);
	ck_assert_uint_eq(r.result.zones_changed, 0);
	rig_close(&r);
}
END_TEST

START_TEST(order_does_not_matter)
{
	struct rig r;
	struct digest first;

	rig_open(&r);
	zones_add(&r, 20);
	rig_must(&r);
	first = r.result.generation;
	for (unsigned i = 0; i < 10; i++) {
		struct compile_zone z = r.zones[i];

		r.zones[i] = r.zones[19 - i];
		r.zones[19 - i] = z;
	}
	rig_must(&r);
	ck_assert(digest_equal(&first, &r.result.generation));
	rig_close(&r);
}
END_TEST

/* A version whose cells come out wrong, by a fault point that touches RRsets of
 * several records: only one zone has one, and only in its new version. */
START_TEST(zone_at_fault_stays_at_its_last_good_version)
{
	struct rig r;

	rig_open(&r);
	if (!fault_set("builder-rr-lost", 0)) {
		rig_close(&r);
		return; /* a build without fault points */
	}
	r.options.shared_slot_bits = 1;
	zones_add(&r, 20);
	rig_must(&r);
	rig_commit(&r);
	r.zones[2].records = version_make(
	    &r, "zone2.example.", 2, 3, "one\"\nmark 3600 TXT \"two");
	r.zones[5].records = version_make(&r, "zone5.example.", 2, 3, "second");
	zone_add(&r, "new.example.", 3)->records = version_make(
	    &r, "new.example.", 1, 3, "one\"\nmark 3600 TXT \"two");
	fault_set("builder-rr-lost", 1);
	int code = rig_compile(&r);

	fault_clear_all();
	ck_assert_msg(code == 0, "%s", r.err.text);
	ck_assert_int_eq(r.zones[2].status, ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(compile_zone_why(&r.zones[2]),
	    "zone zone2.example.: mark.zone2.example. TXT"));
	ck_assert_ptr_nonnull(
	    strstr(compile_zone_why(&r.zones[2]), "found nothing"));
	ck_assert_int_eq(r.zones[20].status, ERR_REFUSED);
	ck_assert_int_eq(r.zones[5].status, 0);
	ck_assert_uint_eq(r.result.zones_refused, 2);
	ck_assert_uint_eq(r.result.zones_changed, 1);
	ck_assert_uint_eq(r.result.loaded->nzones, 20);
	rig_close(&r);
}
END_TEST

/* An RRset over 65,535 octets can't be served: the builder says so. */
static const struct zone_records *
version_too_large(struct rig *r, const char *apex)
{
	struct bytes text;

	bytes_init(&text);
	bytes_printf(&text, "@ 3600 SOA ns host 1 3600 600 86400 300\n"
			    "@ 3600 NS ns\nns 3600 A 192.0.2.1\n");
	for (unsigned i = 0; i < 6000; i++)
		bytes_printf(&text, "big 60 A 10.0.%u.%u\n", i >> 8, i & 255);
	bytes_append(&text, "", 1);
	r->versions[r->nversions] = zone_from_text(apex, (char *)text.data);
	bytes_fini(&text);
	return r->versions[r->nversions++];
}

START_TEST(zone_that_cannot_be_built_hurts_itself_only)
{
	struct rig r;

	rig_open(&r);
	r.options.shared_slot_bits = 0; /* all in one cell */
	zones_add(&r, 5);
	rig_must(&r);
	rig_commit(&r);
	r.zones[1].records = version_too_large(&r, "zone1.example.");
	r.zones[2].records = version_make(&r, "zone2.example.", 2, 3, "second");
	r.zones[r.nzones++].records = version_too_large(&r, "new.example.");
	ck_assert_msg(rig_compile(&r) == 0, "%s", r.err.text);
	ck_assert_int_ne(r.zones[1].status, 0);
	ck_assert_ptr_nonnull(
	    strstr(compile_zone_why(&r.zones[1]), "zone1.example."));
	ck_assert_int_ne(r.zones[5].status, 0);
	ck_assert_int_eq(r.zones[2].status, 0);
	ck_assert_uint_eq(r.result.zones_refused, 2);
	ck_assert_uint_eq(r.result.zones_changed, 1);
	ck_assert_uint_eq(r.result.loaded->nzones, 5);
	rig_close(&r);
}
END_TEST

START_TEST(zones_twice_and_zones_without_a_version_are_named)
{
	struct rig r;

	rig_open(&r);
	zones_add(&r, 3);
	zone_add(&r, "zone1.example.", 2);
	r.zones[r.nzones++] = (struct compile_zone){0};
	ck_assert_msg(rig_compile(&r) == 0, "%s", r.err.text);
	ck_assert_int_eq(
	    r.zones[1].status ? r.zones[1].status : r.zones[3].status,
	    ERR_EXISTS);
	ck_assert_int_eq(r.zones[4].status, ERR_NOT_FOUND);
	ck_assert_uint_eq(r.result.loaded->nzones, 3);
	rig_close(&r);
}
END_TEST

START_TEST(more_depths_than_the_engine_probes_are_left_out)
{
	struct rig r;
	char apex[128] = "example.";

	rig_open(&r);
	for (unsigned i = 0; i < 20; i++) {
		zone_add(&r, apex, 1);
		memmove(apex + 2, apex, strlen(apex) + 1);
		memcpy(apex, "d.", 2);
	}
	ck_assert_msg(rig_compile(&r) == 0, "%s", r.err.text);
	ck_assert_uint_eq(r.result.zones_refused, 4);
	for (unsigned i = 0; i < 20; i++)
		ck_assert_int_eq(r.zones[i].status, i < 16 ? 0 : ERR_LIMIT);
	ck_assert_ptr_nonnull(
	    strstr(compile_zone_why(&r.zones[19]), "d.d.d.d."));
	rig_close(&r);
}
END_TEST

/* With a memory only the cells that the change is in are built. */
START_TEST(one_record_of_a_split_zone_builds_a_cell_or_two)
{
	struct rig r;

	rig_open(&r);
	r.options.memory = compile_memory_new();
	r.options.split_bytes = 8192;
	zone_add(&r, "larger.example.", 900);
	rig_must(&r);
	ck_assert_uint_ge(r.result.cells_built, 5);
	rig_commit(&r);
	for (unsigned i = 2; i < 4; i++) {
		r.zones[0].records = version_make(
		    &r, "larger.example.", i, 900, i == 2 ? "second" : "third");
		rig_must(&r);
		/* the apex's, for the serial, and the mark's */
		ck_assert_uint_eq(r.result.cells_built, 2);
		ck_assert_uint_ge(r.result.cells_kept, 3);
		rig_commit(&r);
		struct zone_records **zones;
		size_t nzones;

		ck_assert_int_eq(
		    compile_read_zones(
			r.store, &r.result.generation, &zones, &nzones, &r.err),
		    0);
		ck_assert(digest_equal(
		    &zones[0]->version, &r.zones[0].records->version));
		zone_records_free(zones[0]);
		free(zones);
	}
	/* and they are those that a process without memory builds */
	struct digest generation = r.result.generation;

	compile_memory_free(r.options.memory);
	r.options.memory = NULL;
	rig_must(&r);
	ck_assert(r.result.unchanged);
	ck_assert(digest_equal(&generation, &r.result.generation));
	rig_close(&r);
}
END_TEST

START_TEST(large_zones_are_split_and_keep_their_numbers)
{
	struct rig r;
	const struct split_d *splits;

	rig_open(&r);
	r.options.split_bytes = 8192;
	zones_add(&r, 3);
	zone_add(&r, "large.example.", 600);
	zone_add(&r, "larger.example.", 900);
	rig_must(&r);
	rig_commit(&r);
	ck_assert_uint_eq(manifest_header(r.parent.data)->nsplits, 2);
	splits = manifest_splits(r.parent.data);
	ck_assert_uint_ge(splits[0].bits, 2);
	ck_assert_msg(
	    name_equal(splits[0].apex, name_from_test("large.example.")),
	    "splits are numbered in the order of the apexes");
	/* one record of a split zone: most cells come out as they were */
	r.zones[4].records =
	    version_make(&r, "larger.example.", 1, 900, "second");
	uint64_t answers = r.result.answers_proven;

	rig_must(&r);
	ck_assert_uint_lt(r.result.answers_proven, answers / 4);
	rig_commit(&r);
	/* the first goes, the second keeps its number */
	r.zones[3] = r.zones[4];
	r.nzones = 4;
	rig_must(&r);
	rig_commit(&r);
	ck_assert_uint_eq(manifest_header(r.parent.data)->nsplits, 2);
	splits = manifest_splits(r.parent.data);
	ck_assert_uint_eq(splits[0].apex_bytes, 0);
	ck_assert(
	    name_equal(splits[1].apex, name_from_test("larger.example.")));
	/* a new one takes the free number */
	zone_add(&r, "a.example.", 700);
	rig_must(&r);
	rig_commit(&r);
	splits = manifest_splits(r.parent.data);
	ck_assert_uint_eq(manifest_header(r.parent.data)->nsplits, 2);
	ck_assert(name_equal(splits[0].apex, name_from_test("a.example.")));
	rig_close(&r);
}
END_TEST

START_TEST(slots_grow_with_the_zones_and_keep_to_the_parent)
{
	struct rig r;

	rig_open(&r);
	r.options.shared_slot_bits = ~0u;
	zones_add(&r, 3);
	rig_must(&r);
	rig_commit(&r);
	ck_assert_uint_eq(manifest_header(r.parent.data)->slot_bits, 0);
	for (unsigned i = 0; i < 20; i++) {
		char apex[32];

		snprintf(apex, sizeof apex, "large%u.example.", i);
		zone_add(&r, apex, 4500);
	}
	rig_must(&r);
	rig_commit(&r);
	unsigned bits = manifest_header(r.parent.data)->slot_bits;

	ck_assert_uint_ge(bits, 2);
	r.nzones -= 5;
	rig_must(&r);
	rig_commit(&r);
	ck_assert_uint_eq(manifest_header(r.parent.data)->slot_bits, bits);
	r.nzones = 3;
	rig_must(&r);
	rig_commit(&r);
	ck_assert_uint_eq(manifest_header(r.parent.data)->slot_bits, 0);
	rig_close(&r);
}
END_TEST

START_TEST(zones_are_read_back_as_they_were)
{
	struct rig r;
	struct zone_records **zones;
	size_t nzones;

	rig_open(&r);
	r.options.split_bytes = 8192;
	zones_add(&r, 6);
	zone_add(&r, "large.example.", 600);
	rig_must(&r);
	ck_assert_msg(compile_read_zones(r.store, &r.result.generation, &zones,
			  &nzones, &r.err) == 0,
	    "%s", r.err.text);
	ck_assert_uint_eq(nzones, 7);
	for (size_t i = 0; i < nzones; i++) {
		bool found = false;

		for (size_t j = 0; j < r.nzones && !found; j++)
			found = digest_equal(
			    &r.zones[j].records->version, &zones[i]->version);
		ck_assert(found);
		ck_assert(i == 0 ||
			  name_compare(zones[i - 1]->apex, zones[i]->apex) < 0);
	}
	/* they compile to the same generation */
	rig_commit(&r);
	for (size_t i = 0; i < nzones; i++)
		r.zones[i].records = zones[i];
	rig_must(&r);
	ck_assert(r.result.unchanged);
	for (size_t i = 0; i < nzones; i++)
		zone_records_free(zones[i]);
	free(zones);
	rig_close(&r);
}
END_TEST

START_TEST(no_zones_are_a_generation)
{
	struct rig r;

	rig_open(&r);
	rig_must(&r);
	ck_assert_uint_eq(r.result.loaded->nzones, 0);
	ck_assert_uint_eq(r.result.cells_built, 0);
	rig_commit(&r);
	zones_add(&r, 2);
	rig_must(&r);
	rig_commit(&r);
	r.nzones = 0;
	rig_must(&r);
	ck_assert_uint_eq(r.result.loaded->nzones, 0);
	rig_close(&r);
}
END_TEST

START_TEST(loaded_parent_shares_its_cells)
{
	struct rig r;
	struct generation *parent;

	rig_open(&r);
	zones_add(&r, 20);
	rig_must(&r);
	rig_commit(&r);
	parent = r.result.loaded;
	r.result.loaded = NULL;
	r.options.base = parent;
	r.zones[7].records = version_make(&r, "zone7.example.", 2, 3, "second");
	rig_must(&r);
	ck_assert_uint_eq(r.result.cells_built, 1);
	generation_free(&parent);
	rig_close(&r);
}
END_TEST

/* The cells are sound and the manifest is right, but a slot of what would be
 * served has the cell of the generation before. */
START_TEST(stale_cell_is_refused_and_named)
{
	struct generation *base;
	struct rig r;

	if (!fault_set("load-stale-cell", 0))
		return; /* a build without fault points */
	rig_open(&r);
	zones_add(&r, 20);
	rig_must(&r);
	rig_commit(&r);
	base = r.result.loaded;
	r.result.loaded = NULL;
	r.options.base = base;
	r.zones[7].records = version_make(&r, "zone7.example.", 2, 3, "second");
	fault_set("load-stale-cell", 1);
	rig_compile(&r);
	fault_clear_all();
	ck_assert_int_eq(r.zones[7].status, ERR_REFUSED);
	ck_assert_msg(strstr(compile_zone_why(&r.zones[7]), "zone7.example.") &&
			  strstr(compile_zone_why(&r.zones[7]), "expected \""),
	    "%s", compile_zone_why(&r.zones[7]));
	for (size_t i = 0; i < r.nzones; i++)
		ck_assert(i == 7 || r.zones[i].status == 0);
	/* nothing is wrong with the version itself */
	compile_zones_fini(r.zones, r.nzones);
	r.zones[7].status = 0;
	rig_must(&r);
	ck_assert_uint_eq(r.result.zones_changed, 1);
	generation_free(&base);
	rig_close(&r);
}
END_TEST

enum { STEPS = 60, STEP_ZONES = 40 };

/* One step of a long life: zones come, go, change, grow into split ones and
 * shrink. Returns how many there are; they are in order. */
static size_t
life_step(struct rig *r, const struct zone_records *zones[STEP_ZONES],
    unsigned step, unsigned *random)
{
	size_t n = 0;

	for (unsigned i = 0; i < 3; i++) {
		unsigned pick = (*random = *random * 1103515245 + 12345) >> 8;
		unsigned at = pick % STEP_ZONES, what = pick / STEP_ZONES % 8;
		char apex[32];

		snprintf(apex, sizeof apex, "z%02u.example.", at);
		if (what == 0 || r->nversions == 4 * ZONES_MAX)
			zones[at] = NULL;
		else if (what == 1)
			zones[at] = version_make(r, apex, step, 400, "large");
		else
			zones[at] = version_make(r, apex, step, 2, "small");
	}
	for (unsigned i = 0; i < STEP_ZONES; i++)
		if (zones[i])
			r->zones[n++] = (struct compile_zone){
			    .records = zones[i], .last_good = zones[i]};
	return n;
}

/* What is remembered changes nothing but the time that it takes. */
START_TEST(memory_makes_no_difference)
{
	const struct zone_records *zones[STEP_ZONES] = {NULL};
	struct compile_memory *memory = compile_memory_new();
	struct generation *base = NULL;
	unsigned random = 7, kept = 0;
	struct rig r;

	rig_open(&r);
	r.options.split_bytes = 8192;
	for (unsigned step = 1; step <= STEPS; step++) {
		struct digest without;
		uint64_t answers;

		r.nzones = life_step(&r, zones, step, &random);
		r.options.memory = NULL;
		r.options.base = NULL;
		rig_must(&r);
		without = r.result.generation;
		kept = r.result.cells_kept;
		answers = r.result.answers_proven;
		r.options.memory = memory;
		r.options.base = base;
		/* now and then one that gets nowhere is between */
		if (step % 7 == 0) {
			const struct zone_records *keep = r.zones[0].records;

			r.zones[0].records =
			    version_make(&r, "z.example.", 1, 1, "x");
			rig_must(&r);
			r.zones[0].records = keep;
		}
		rig_must(&r);
		ck_assert(digest_equal(&without, &r.result.generation));
		ck_assert_uint_eq(r.result.cells_kept, kept);
		ck_assert_uint_eq(r.result.answers_proven, answers);
		if (r.result.unchanged)
			continue;
		rig_commit(&r);
		generation_free(&base);
		base = r.result.loaded;
		r.result.loaded = NULL;
	}
	ck_assert_uint_gt(kept, 5);
	compile_memory_free(memory);
	generation_free(&base);
	rig_close(&r);
}
END_TEST

UNIT_MAIN("compile", first_generation_is_proven_and_loaded,
    one_changed_record_builds_one_cell,
    one_changed_record_builds_one_cell_from_memory, same_zones_are_unchanged,
    order_does_not_matter, zone_at_fault_stays_at_its_last_good_version,
    zone_that_cannot_be_built_hurts_itself_only,
    zones_twice_and_zones_without_a_version_are_named,
    more_depths_than_the_engine_probes_are_left_out,
    one_record_of_a_split_zone_builds_a_cell_or_two,
    large_zones_are_split_and_keep_their_numbers,
    slots_grow_with_the_zones_and_keep_to_the_parent,
    zones_are_read_back_as_they_were, no_zones_are_a_generation,
    loaded_parent_shares_its_cells, stale_cell_is_refused_and_named,
    memory_makes_no_difference)
