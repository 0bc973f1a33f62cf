/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The compiler over split zones that prove absence: what a name that is added
 * costs, and that all records come back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "control/compile/compile.h"
#include "snapshot/manifest.h"
#include "snapshot/nsec3_hash.h"
#include "tests/unit/unit_run.h"
#include "tests/unit/zone_text.h"

#define APEX "z.example."

enum { HASH_TEXT = NSEC3_LABEL_BYTES }; /* and a terminator */

struct rig {
	char dir[UNIT_PATH_MAX], store_dir[UNIT_PATH_MAX];
	struct store *store;
	struct compile_zone zone;
	struct compile_options options;
	struct compile_result result;
	struct bytes parent;
	struct err err;
};

static void
rig_open(struct rig *r, uint64_t split_bytes)
{
	memset(r, 0, sizeof *r);
	unit_directory_make(r->dir);
	unit_path(r->store_dir, r->dir, "store");
	ck_assert_msg(
	    store_create(r->store_dir, &r->err) == 0, "%s", r->err.text);
	ck_assert_msg(store_open(&r->store, r->store_dir, 0, &r->err) == 0,
	    "%s", r->err.text);
	ck_assert_int_eq(store_lock(r->store, STORE_LOCK_OWNER, &r->err), 0);
	r->options.shared_slot_bits = 0;
	r->options.split_bytes = split_bytes;
	r->options.memory = compile_memory_new();
	bytes_init(&r->parent);
}

static void
rig_close(struct rig *r)
{
	generation_free(&r->result.loaded);
	compile_zones_fini(&r->zone, 1);
	zone_records_free((void *)(uintptr_t)r->zone.records);
	compile_memory_free(r->options.memory);
	bytes_fini(&r->parent);
	store_close(&r->store);
	unit_directory_remove(r->dir);
}

/* Compiles a version, which becomes the parent of the next. */
static void
rig_compile(struct rig *r, struct zone_records *version)
{
	struct zone_records *before = (void *)(uintptr_t)r->zone.records;
	struct generation *base = r->result.loaded;

	r->zone.last_good = before;
	r->zone.records = version;
	r->options.base = base;
	ck_assert_msg(compile_generation(r->store,
			  r->parent.len ? r->parent.data : NULL, r->parent.len,
			  &r->zone, 1, &r->options, &r->result, &r->err) == 0,
	    "%s", r->err.text);
	ck_assert_msg(r->zone.status == 0, "%s", compile_zone_why(&r->zone));
	if (base != r->result.loaded)
		generation_free(&base);
	if (before != version)
		zone_records_free(before);
	if (r->result.unchanged)
		return;
	bytes_clear(&r->parent);
	ck_assert_msg(store_get(r->store, STORE_CANDIDATE,
			  &r->result.generation, &r->parent, &r->err) == 0,
	    "%s", r->err.text);
}

/* A process that remembers nothing. */
static void
rig_forget(struct rig *r)
{
	compile_memory_free(r->options.memory);
	r->options.memory = compile_memory_new();
}

static void
head_print(struct bytes *text, unsigned serial)
{
	bytes_printf(text,
	    "@ 3600 SOA n00000 host %u 3600 600 86400 300\n"
	    "@ 3600 NS n00000\n@ 3600 DNSKEY 256 3 8 AwEAAQ==\n",
	    serial);
}

static struct zone_records *
text_end(struct bytes *text)
{
	struct zone_records *z;

	bytes_append(text, "", 1);
	z = zone_from_text(APEX, (char *)text->data);
	bytes_fini(text);
	return z;
}

/* Names n00000, n00001 and so on; `added` is not 0: "x" behind one of them. */
static struct zone_records *
nsec_version(unsigned serial, unsigned names, unsigned added)
{
	struct bytes text;

	bytes_init(&text);
	head_print(&text, serial);
	bytes_printf(&text, "@ 300 NSEC n00000 SOA NS DNSKEY NSEC\n");
	for (unsigned i = 0; i < names; i++) {
		const char *x = added && i == added ? "x" : "";

		bytes_printf(&text, "n%05u 300 A 192.0.2.%u\n", i, i & 255);
		if (*x)
			bytes_printf(&text,
			    "n%05u 300 NSEC n%05ux A NSEC\n"
			    "n%05ux 300 A 192.0.2.1\n",
			    i, i, i);
		if (i + 1 < names)
			bytes_printf(&text, "n%05u%s 300 NSEC n%05u A NSEC\n",
			    i, x, i + 1);
		else
			bytes_printf(
			    &text, "n%05u%s 300 NSEC @ A NSEC\n", i, x);
	}
	return text_end(&text);
}

static int
hash_order(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* The hash of a name as text, at the end of a list. */
static void
hash_add(char (*list)[HASH_TEXT], unsigned *count, const char *name)
{
	uint8_t wire[DNS_NAME_MAX], hash[NSEC3_HASH_BYTES];
	uint8_t label[NSEC3_LABEL_BYTES];
	int bytes = name_from_text(wire, name, NULL);

	ck_assert_int_gt(bytes, 0);
	nsec3_hash(hash, wire, (unsigned)bytes, NULL, 0, 0);
	nsec3_label_write(label, hash);
	memcpy(list[*count], label + 1, 32);
	list[(*count)++][32] = '\0';
}

static struct zone_records *
nsec3_version(unsigned serial, unsigned names, unsigned added)
{
	char(*list)[HASH_TEXT] = malloc((names + 2) * sizeof *list);
	unsigned count = 0;
	struct bytes text;
	char name[64];

	bytes_init(&text);
	head_print(&text, serial);
	bytes_printf(&text, "@ 0 NSEC3PARAM 1 0 0 -\n");
	hash_add(list, &count, APEX);
	for (unsigned i = 0; i < names + !!added; i++) {
		snprintf(name, sizeof name, i == names ? "x%u" : "n%05u",
		    i == names ? added : i);
		bytes_printf(&text, "%s 300 A 192.0.2.%u\n", name, i & 255);
		strcat(name, "." APEX);
		hash_add(list, &count, name);
	}
	qsort(list, count, sizeof *list, hash_order);
	for (unsigned i = 0; i < count; i++)
		bytes_printf(&text, "%s 300 NSEC3 1 0 0 - %s A RRSIG\n",
		    list[i], list[(i + 1) % count]);
	free(list);
	return text_end(&text);
}

static const struct split_d *
split_of(const struct rig *r)
{
	ck_assert_uint_eq(manifest_header(r->parent.data)->nsplits, 1);
	return manifest_splits(r->parent.data);
}

START_TEST(a_name_changes_one_range_or_two)
{
	unsigned built_all;
	struct rig r;

	rig_open(&r, 65536);
	rig_compile(&r, nsec_version(1, 20000, 0));
	built_all = r.result.cells_built;
	ck_assert_uint_eq(split_of(&r)->denial_kind, DENIAL_NSEC);
	ck_assert_uint_ge(split_of(&r)->denial_slots, 3);
	ck_assert_uint_ge(built_all, 20);
	for (unsigned i = 2; i < 6; i++) {
		/* the apex; the name added before, which goes, and the one that
		 * is added: each with the name in front of it, and its range */
		rig_compile(&r, nsec_version(i, 20000, 3571 * i));
		ck_assert_msg(r.result.cells_built <= 1 + 2 * (2 + 2) + 1,
		    "%u of %u cells built", r.result.cells_built, built_all);
		ck_assert_uint_eq(
		    r.result.cells_built + r.result.cells_kept, built_all);
	}
	rig_close(&r);
}
END_TEST

START_TEST(a_name_changes_two_prefixes)
{
	unsigned built_all;
	struct rig r;

	rig_open(&r, 65536);
	rig_compile(&r, nsec3_version(1, 10000, 0));
	built_all = r.result.cells_built;
	ck_assert_uint_eq(split_of(&r)->denial_kind, DENIAL_NSEC3);
	ck_assert_uint_ge(split_of(&r)->denial_slots, 8);
	for (unsigned i = 2; i < 6; i++) {
		rig_compile(&r, nsec3_version(i, 10000, i));
		ck_assert_msg(r.result.cells_built <= 1 + 2 * (1 + 2),
		    "%u of %u cells built", r.result.cells_built, built_all);
		ck_assert_uint_eq(
		    r.result.cells_built + r.result.cells_kept, built_all);
	}
	rig_close(&r);
}
END_TEST

/* What is proven again is little, and all of it when nothing is known. */
START_TEST(names_beside_the_added_one_are_proven)
{
	uint64_t all;
	struct rig r;

	rig_open(&r, 8192);
	r.options.prove = true;
	rig_compile(&r, nsec3_version(1, 1500, 0));
	all = r.result.answers_proven;
	rig_compile(&r, nsec3_version(2, 1500, 2));
	ck_assert_uint_gt(r.result.answers_proven, 0);
	ck_assert_uint_lt(r.result.answers_proven, all / 2);
	rig_close(&r);
}
END_TEST

START_TEST(a_process_that_remembers_nothing)
{
	struct rig r;

	for (unsigned nsec3 = 0; nsec3 < 2; nsec3++) {
		struct zone_records *(*version)(unsigned, unsigned, unsigned) =
		    nsec3 ? nsec3_version : nsec_version;
		unsigned all;

		rig_open(&r, 16384);
		rig_compile(&r, version(1, 3000, 0));
		all = r.result.cells_built;
		rig_forget(&r);
		rig_compile(&r, version(1, 3000, 0));
		ck_assert(r.result.unchanged);
		ck_assert_uint_eq(r.result.cells_built, 0);
		ck_assert_uint_eq(r.result.cells_kept, all);
		rig_forget(&r);
		rig_compile(&r, version(2, 3000, 7));
		ck_assert(!r.result.unchanged);
		rig_close(&r);
	}
}
END_TEST

/* More slots than names: some have NSEC3 records and no name. */
START_TEST(records_without_a_name_come_back)
{
	struct zone_records **zones;
	size_t count;
	struct rig r;

	rig_open(&r, 64);
	rig_compile(&r, nsec3_version(1, 30, 0));
	ck_assert_uint_ge(split_of(&r)->bits, 5);
	ck_assert_msg(compile_read_zones(r.store, &r.result.generation, &zones,
			  &count, &r.err) == 0,
	    "%s", r.err.text);
	ck_assert_uint_eq(count, 1);
	ck_assert(digest_equal(&zones[0]->version, &r.zone.records->version));
	zone_records_free(zones[0]);
	free(zones);
	/* the same when there was nothing in such a slot */
	rig_compile(&r, nsec3_version(2, 30, 3));
	ck_assert_msg(compile_read_zones(r.store, &r.result.generation, &zones,
			  &count, &r.err) == 0,
	    "%s", r.err.text);
	ck_assert(digest_equal(&zones[0]->version, &r.zone.records->version));
	zone_records_free(zones[0]);
	free(zones);
	rig_close(&r);
}
END_TEST

/* From NSEC to NSEC3, to neither, and back. */
START_TEST(chains_change_their_kind)
{
	struct bytes text;
	struct rig r;

	rig_open(&r, 16384);
	rig_compile(&r, nsec_version(1, 1000, 0));
	rig_compile(&r, nsec3_version(2, 1000, 0));
	ck_assert_uint_eq(split_of(&r)->denial_kind, DENIAL_NSEC3);
	bytes_init(&text);
	head_print(&text, 3);
	for (unsigned i = 0; i < 1000; i++)
		bytes_printf(&text, "n%05u 300 A 192.0.2.1\n", i);
	rig_compile(&r, text_end(&text));
	ck_assert_uint_eq(split_of(&r)->denial_kind, DENIAL_NONE);
	ck_assert_uint_eq(split_of(&r)->denial_slots, 0);
	rig_compile(&r, nsec_version(4, 1000, 0));
	ck_assert_uint_eq(split_of(&r)->denial_kind, DENIAL_NSEC);
	rig_close(&r);
}
END_TEST

UNIT_MAIN("compile_denial", a_name_changes_one_range_or_two,
    a_name_changes_two_prefixes, names_beside_the_added_one_are_proven,
    a_process_that_remembers_nothing, records_without_a_name_come_back,
    chains_change_their_kind)
