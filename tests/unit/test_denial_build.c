/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of denial of existence in cells: which chain a zone has, the
 * search tree against a linear search, hashes and their blocks.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "snapshot/cell_builder.h"
#include "snapshot/denial_hashed.h"
#include "snapshot/denial_order.h"
#include "snapshot/nsec3_hash.h"
#include "snapshot/verify.h"
#include "tests/unit/cell_walk.h"
#include "tests/unit/snapshot_rig.h"
#include "tests/unit/unit_run.h"
#include "tests/unit/zone_text.h"

#define SOA  "@ 60 SOA ns admin 7 7200 3600 1209600 60\n@ NS ns\n"
#define KEY  "@ DNSKEY 256 3 8 AwEAAQ==\n"
#define NSEC "@ NSEC a SOA NS RRSIG NSEC\n"
/* of z.test., without a salt, 0 iterations */
#define APEX_HASH "b8ggmnqt5nm5vdb4p7fedck13mc56mmf"

struct built {
	struct zone_records *zone;
	struct bytes cell;
	const struct zone_d *z;
	const struct denial_d *denial; /* NULL: none */
};

static void
build(struct built *b, const char *apex, const char *text)
{
	const struct zone_plan *plans[1];
	struct zone_plan *plan;
	struct err err;
	const struct node_d *n;
	struct cell_expect expect = {
	    .key = &rig_key, .kind = CELL_SHARED, .split_no = NO_SPLIT};

	b->zone = zone_from_text(apex, text);
	ck_assert_msg(
	    zone_plan_new(&plan, b->zone, &rig_key, NO_SPLIT, 0, &err) == 0,
	    "%s", err.text);
	plans[0] = plan;
	bytes_init(&b->cell);
	ck_assert_msg(
	    cell_build_shared(plans, 1, &rig_key, 0, 0, &b->cell, &err) == 0,
	    "%s", err.text);
	ck_assert_msg(
	    cell_verify(b->cell.data, b->cell.len, &expect, &err) == 0, "%s",
	    err.text);
	n = walk_node_find(&b->cell, zone_plan_apex_hash(plan), b->zone->apex,
	    b->zone->apex_bytes, true);
	ck_assert_ptr_nonnull(n);
	b->z = (const struct zone_d *)n - 1;
	b->denial = b->z->denial_off
	                ? (const void *)(b->cell.data + b->z->denial_off)
	                : NULL;
	zone_plan_free(plan);
}

static void
built_free(struct built *b)
{
	bytes_fini(&b->cell);
	zone_records_free(b->zone);
}

static const struct {
	const char *text;
	int kind;
} choices[] = {
    {SOA NSEC, DENIAL_NONE}, /* not signed */
    {SOA KEY, DENIAL_NONE},
    {SOA KEY NSEC, DENIAL_NSEC},
    {SOA KEY "a NSEC @ NSEC\n", DENIAL_NONE}, /* not of the apex */
    {SOA KEY "@ NSEC3PARAM 1 0 0 -\n", DENIAL_NONE},
    {SOA KEY NSEC "@ NSEC3PARAM 1 0 0 -\n", DENIAL_NSEC},
    {SOA KEY "@ NSEC3PARAM 1 0 0 -\n" APEX_HASH " NSEC3 1 0 0 - " APEX_HASH
	     " SOA\n",
	DENIAL_NSEC3},
    {SOA KEY NSEC "@ NSEC3PARAM 1 0 0 -\n" APEX_HASH " NSEC3 1 0 0 - " APEX_HASH
		  " SOA\n",
	DENIAL_NSEC3},
    {SOA KEY "@ NSEC3PARAM 1 0 0 -\n" APEX_HASH " NSEC3 1 1 0 - " APEX_HASH
	     " SOA\n",
	DENIAL_NSEC3},
    /* unknown flags, of the parameters and of the record */
    {SOA KEY "@ NSEC3PARAM 1 1 0 -\n" APEX_HASH " NSEC3 1 1 0 - " APEX_HASH
	     " SOA\n",
	DENIAL_NONE},
    {SOA KEY "@ NSEC3PARAM 1 0 0 -\n" APEX_HASH " NSEC3 1 2 0 - " APEX_HASH
	     " SOA\n",
	DENIAL_NONE},
    /* another hash, other iterations, another salt */
    {SOA KEY "@ NSEC3PARAM 2 0 0 -\n" APEX_HASH " NSEC3 2 0 0 - " APEX_HASH
	     " SOA\n",
	DENIAL_NONE},
    {SOA KEY "@ NSEC3PARAM 1 0 0 -\n" APEX_HASH " NSEC3 1 0 1 - " APEX_HASH
	     " SOA\n",
	DENIAL_NONE},
    {SOA KEY "@ NSEC3PARAM 1 0 0 -\n" APEX_HASH " NSEC3 1 0 0 AB " APEX_HASH
	     " SOA\n",
	DENIAL_NONE},
    /* the second of two parameters has a chain */
    {SOA KEY "@ NSEC3PARAM 1 0 0 -\n@ NSEC3PARAM 1 0 0 AB\n" APEX_HASH
	     " NSEC3 1 0 0 - " APEX_HASH " SOA\n",
	DENIAL_NSEC3},
    {SOA KEY "@ NSEC3PARAM 1 0 2500 -\n" NSEC, DENIAL_NSEC},
};

START_TEST(which_chain)
{
	for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
		struct built b;

		build(&b, "z.test.", choices[i].text);
		ck_assert_msg(
		    (b.denial ? b.denial->kind : 0) == choices[i].kind,
		    "row %zu", i);
		built_free(&b);
	}
}
END_TEST

START_TEST(too_many_iterations)
{
	struct zone_records *z =
	    zone_from_text("z.test.", SOA KEY "@ NSEC3PARAM 1 0 2501 -\n" NSEC);
	struct zone_plan *plan;
	struct err err;

	ck_assert_int_eq(
	    zone_plan_new(&plan, z, &rig_key, NO_SPLIT, 0, &err), ERR_SEMANTIC);
	ck_assert_msg(strstr(err.text, "2501 iterations"), "%s", err.text);
	zone_records_free(z);
}
END_TEST

/* --- the search tree ------------------------------------------------------ */

/* One of so many children, that begin with name `first` and every `span`-th
 * behind it. */
static unsigned
child_search(const struct order_d *o, const struct order_key *key,
    unsigned skip, const uint64_t *chunks, unsigned count, uint64_t first,
    uint64_t span)
{
	unsigned child = count - 1u;
	uint64_t chunk = 0;

	if (skip < key->bytes)
		for (unsigned i = 0; i < 8; i++)
			chunk = chunk << 8 | key->octets[skip + i];
	for (; child > 0; child--) {
		struct order_name name;
		struct order_key other;

		if (chunks[child] > chunk)
			continue;
		if (chunks[child] < chunk)
			break;
		name = order_name_get(o, first + child * span);
		order_key_make(&other, name.labels, name.bytes);
		if (order_key_compare(&other, key) <= 0)
			break;
	}
	return child;
}

/* As format.h says how to search, and as plainly. Returns the index of the last
 * name that is not greater. */
static uint32_t
tree_search(const struct order_d *o, const struct order_key *key)
{
	const struct order_leaf_d *leaf;
	uint32_t at = 0;

	for (uint32_t level = 0; level + 1 < o->levels; level++) {
		const struct order_node_d *n =
		    &order_nodes(o)[o->level_first[level] + at];
		uint64_t span = ORDER_LEAF_NAMES;

		for (uint32_t i = level + 2; i < o->levels; i++)
			span *= ORDER_FANOUT;
		at = at * ORDER_FANOUT +
		     child_search(o, key, n->skip, n->chunk, n->count,
			 (uint64_t)at * ORDER_FANOUT * span, span);
	}
	leaf = &order_leaves(o)[at];
	at *= ORDER_LEAF_NAMES;
	return at + child_search(o, key, leaf->skip_count & LEAF_SKIP_MASK,
			leaf->chunk, leaf->skip_count >> LEAF_COUNT_SHIFT, at,
			1);
}

/* A label of few different octets, so that names have much in common. */
static unsigned
label_make(uint8_t *to)
{
	static const uint8_t octets[] = {0, 1, 2, 'a', 'b', 255, 0, 1};
	unsigned bytes = 1 + (unsigned)rand() % 12, bound = 2 + rand() % 7;

	to[0] = (uint8_t)bytes;
	for (unsigned i = 1; i <= bytes; i++)
		to[i] = octets[(unsigned)rand() % bound];
	return bytes + 1;
}

static unsigned
labels_make(uint8_t to[DNS_NAME_MAX])
{
	unsigned n = 0, labels = 1 + (unsigned)rand() % 3;

	while (labels--)
		n += label_make(to + n);
	return n;
}

static struct zone_records *
random_zone(unsigned names)
{
	const uint8_t *apex = name_from_test("z.test.");
	static const uint8_t soa[22], next[] = "\0\0\1\2", key[] = "\1\0\3\10A";
	struct err err;
	struct zone_records *z = zone_records_new(apex, &err);

	ck_assert_int_eq(
	    zone_records_add(z, apex, DNS_TYPE_SOA, 60, soa, 22, &err), 0);
	ck_assert_int_eq(
	    zone_records_add(z, apex, DNS_TYPE_DNSKEY, 60, key, 5, &err), 0);
	ck_assert_int_eq(
	    zone_records_add(z, apex, DNS_TYPE_NSEC, 60, next, 4, &err), 0);
	for (unsigned i = 0; i < names; i++) {
		uint8_t owner[DNS_NAME_MAX];
		unsigned n = labels_make(owner);

		memcpy(owner + n, apex, z->apex_bytes);
		ck_assert_int_eq(zone_records_add(z, owner, DNS_TYPE_NSEC, 60,
				     next, 4, &err),
		    0);
	}
	ck_assert_msg(
	    zone_records_seal(z, NULL, NULL, &err) == 0, "%s", err.text);
	return z;
}

/* The owner in front of a name, among the zone's records; its index. */
static uint32_t
linear_search(const struct zone_plan *p, const uint8_t *name)
{
	uint32_t i = p->chain_count - 1;

	while (
	    name_compare(plan_node_name(p, &p->nodes[p->chain[i]]), name) > 0)
		i--;
	return i;
}

static void
search_compare(const struct zone_plan *p, const struct order_d *o,
    const uint8_t *labels, unsigned bytes)
{
	uint8_t name[2 * DNS_NAME_MAX];
	struct order_key key;

	memcpy(name, labels, bytes);
	memcpy(name + bytes, p->zone->apex, p->zone->apex_bytes);
	order_key_make(&key, name, bytes);
	ck_assert_uint_eq(tree_search(o, &key), linear_search(p, name));
}

START_TEST(tree_and_linear_search)
{
	static const unsigned sizes[] = {
	    0, 1, 5, 6, 7, 41, 42, 48, 294, 343, 1500};

	srand(1);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct zone_records *z = random_zone(sizes[i]);
		struct zone_plan *p;
		struct bytes out;
		struct err err;

		ck_assert_msg(
		    zone_plan_new(&p, z, &rig_key, NO_SPLIT, 0, &err) == 0,
		    "%s", err.text);
		bytes_init(&out);
		ck_assert_int_eq(
		    order_append(&out, NULL, p, p->chain, p->chain_count, &err),
		    0);
		ck_assert_uint_eq(
		    out.len, ((const struct order_d *)out.data)->bytes);
		for (uint32_t k = 0; k < p->chain_count; k++) {
			const struct plan_node *n = &p->nodes[p->chain[k]];

			search_compare(p, (const void *)out.data,
			    plan_node_name(p, n), n->name_bytes);
		}
		for (unsigned k = 0; k < 2000; k++) {
			uint8_t labels[DNS_NAME_MAX];
			unsigned bytes = labels_make(labels);

			search_compare(
			    p, (const void *)out.data, labels, bytes);
		}
		bytes_fini(&out);
		zone_plan_free(p);
		zone_records_free(z);
	}
}
END_TEST

START_TEST(keys_compare_as_names)
{
	srand(2);
	for (unsigned i = 0; i < 20000; i++) {
		uint8_t a[DNS_NAME_MAX + 1], b[DNS_NAME_MAX + 1];
		unsigned na = labels_make(a), nb = labels_make(b);
		struct order_key ka, kb;
		int names, keys;

		a[na] = b[nb] = 0;
		order_key_make(&ka, a, na);
		order_key_make(&kb, b, nb);
		names = name_compare(a, b);
		keys = order_key_compare(&ka, &kb);
		ck_assert_int_eq((names > 0) - (names < 0), keys);
	}
}
END_TEST

/* The longest name, of octets that take two each. */
START_TEST(longest_key)
{
	uint8_t labels[DNS_NAME_MAX - 1];
	struct order_key key;

	for (unsigned at = 0; at < sizeof labels;) {
		unsigned rest = sizeof labels - at - 1;

		labels[at] = (uint8_t)(rest < 63 ? rest : 63);
		memset(labels + at + 1, 1, labels[at]);
		at += labels[at] + 1u;
	}
	order_key_make(&key, labels, sizeof labels);
	ck_assert_uint_eq(key.bytes, 2 * (sizeof labels - 4) + 4);
	ck_assert_uint_le(key.bytes, ORDER_KEY_MAX);
}
END_TEST

/* --- hashes --------------------------------------------------------------- */

START_TEST(hashes_and_their_blocks)
{
	const struct hashed_d *h;
	struct built b;
	const char *text;
	uint8_t query[NSEC3_LABEL_BYTES + DNS_NAME_MAX];

	build(&b, rig_denial_zones[1].apex, rig_denial_zones[1].text);
	ck_assert_uint_eq(b.denial->iterations, 1);
	ck_assert_uint_eq(b.denial->salt_bytes, 1);
	ck_assert_uint_eq(((const uint8_t *)(b.denial + 1))[0], 0xab);
	h = (const void *)(b.cell.data + b.denial->chain_off);
	ck_assert_uint_eq(h->count, 7);
	for (uint32_t i = 0; i < h->count; i++) {
		const struct hashed_name_d *n = &hashed_names(h)[i];
		const uint32_t *first =
		    hashed_directory(h) + hashed_index(n->hash, 0, h->bits);

		ck_assert(i >= first[0] && i < first[1]);
		nsec3_label_write(query, n->hash);
		memcpy(query + NSEC3_LABEL_BYTES, b.zone->apex,
		    b.zone->apex_bytes);
		text = walk_message(
		    (const void *)((const uint8_t *)h + n->block_off),
		    NSEC3_LABEL_BYTES + b.zone->apex_bytes, query, 0);
		ck_assert_msg(strstr(text, ".nsec3.test. NSEC3 1 1 1 ab") &&
				  strstr(text, ".nsec3.test. RRSIG NSEC3"),
		    "%s", text);
	}
	ck_assert_msg(memcmp(hashed_names(h)[3].hash, b.denial->apex_hash,
			  NSEC3_HASH_BYTES) == 0,
	    "not the apex");
	built_free(&b);
}
END_TEST

START_TEST(directories_of_every_size)
{
	ck_assert_uint_eq(hashed_bits(1), 0);
	ck_assert_uint_eq(hashed_bits(3), 0);
	for (uint32_t n = 4; n < 1 << 20; n += n / 7 + 1) {
		ck_assert_uint_ge(n, 2u << hashed_bits(n));
		ck_assert_uint_lt(n, 4u << hashed_bits(n));
	}
}
END_TEST

START_TEST(referral_without_ds)
{
	static const uint8_t owner[] = "\3sub";
	const struct block_d *block;
	const struct node_d *n;
	struct built b;
	const char *text;

	build(&b, rig_denial_zones[0].apex, rig_denial_zones[0].text);
	n = walk_node_find(&b.cell,
	    name_hash(&rig_key, name_from_test("sub.nsec.test.")), owner, 4,
	    false);
	ck_assert_ptr_nonnull(n);
	block = walk_block_find(n, DNS_TYPE_NS);
	text = walk_message(block, 15, name_from_test("sub.nsec.test."), 0);
	ck_assert_str_eq(text,
	    "|sub.nsec.test. NS ns.sub.nsec.test.|ns.sub.nsec.test. A "
	    "192.0.2.10");
	text = walk_message(
	    walk_do_form(block), 15, name_from_test("sub.nsec.test."), 0);
	ck_assert_msg(
	    strstr(text, "|sub.nsec.test. NS ns.sub.nsec.test.; sub.nsec.test."
			 " NSEC nsec.test. NS RRSIG NSEC ; sub.nsec.test. "
			 "RRSIG NSEC") == text,
	    "%s", text);
	built_free(&b);
}
END_TEST

UNIT_MAIN("denial_build", which_chain, too_many_iterations,
    tree_and_linear_search, keys_compare_as_names, longest_key,
    hashes_and_their_blocks, directories_of_every_size, referral_without_ds)
