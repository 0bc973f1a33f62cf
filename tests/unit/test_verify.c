/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of the cell verifier: what the builder makes is accepted; each row
 * of a table breaks one thing in it, and is refused for just that.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/wire.h"
#include "dataplane/answer/block.h"
#include "snapshot/cell_table.h"
#include "snapshot/denial_hashed.h"
#include "snapshot/denial_order.h"
#include "tests/unit/snapshot_rig.h"
#include "tests/unit/unit_run.h"
#include "tests/unit/zone_text.h"

static struct rig rig;

static void
setup(void)
{
	struct rig_zone zones[16];
	size_t n = rig_zones_count, more = rig_denial_zones_count;

	ck_assert_uint_le(n + more, sizeof zones / sizeof *zones);
	memcpy(zones, rig_zones, n * sizeof *zones);
	memcpy(zones + n, rig_denial_zones, more * sizeof *zones);
	rig_make(&rig, &rig_key, zones, n + more, 0, NULL);
}

/* A copy of a slot's cell, in a block of its exact size. */
static uint8_t *
cell_copy(uint32_t slot)
{
	uint8_t *cell = aligned_alloc(CELL_ALIGN, rig.cells[slot].len);

	memcpy(cell, rig.cells[slot].data, rig.cells[slot].len);
	return cell;
}

static int
verify(const uint8_t *cell, uint32_t slot, struct err *err)
{
	struct cell_expect expect;

	rig_expect(&rig, slot, &expect);
	return cell_verify(cell, rig.cells[slot].len, &expect, err);
}

START_TEST(test_builders_cells_are_accepted)
{
	setup();
	for (uint32_t i = 0; i < rig.nslots; i++) {
		uint8_t *cell;
		struct err err;

		if (rig.cells[i].len == 0)
			continue;
		cell = cell_copy(i);
		ck_assert_msg(
		    verify(cell, i, &err) == 0, "slot %u: %s", i, err.text);
		free(cell);
	}
	rig_free(&rig);
}
END_TEST

/* Zones that nobody should write and everybody may. */
START_TEST(test_odd_zones_are_accepted)
{
	static const struct rig_zone odd[] = {
	    {"x.test.",
		"@ 60 SOA a b 1 2 3 4 5\n@ NS a\n*.c NS ns.y\n*.d DNAME e\n"
		"*.e CNAME *.e.f\n*.g MX 1 *.g\n*.g MX 2 x.*.g\n* NS a\n"
		"\\000\\255.h A 192.0.2.1\nm MX 0 .\ns SRV 0 0 0 .\n"
		"a.*.i A 192.0.2.2\nj CNAME j\n@ DNAME k.test.\n",
		RIG_WHOLE},
	    {"y.test.",
		"@ 60 SOA . . 1 2 3 4 5\n@ NS .\n*.a NS ns.*.a\n"
		"ns.*.a A 192.0.2.1\n*.b NS ns.*.a\n*.d DNAME e\n",
		1},
	    {".",
		"@ 60 SOA . . 1 2 3 4 5\n@ NS a.\n*. CNAME a.\na. A "
		"192.0.2.1\ntest. NS a.\nb. NS c.b.\nc.b. A 192.0.2.1\n",
		RIG_WHOLE},
	};
	struct generation *g;
	struct err err;

	for (unsigned i = 0; i < sizeof odd / sizeof *odd; i++) {
		rig_make(&rig, &rig_key, &odd[i], 1, 0, NULL);
		for (uint32_t slot = 0; slot < rig.nslots; slot++) {
			uint8_t *cell = cell_copy(slot);

			ck_assert_msg(verify(cell, slot, &err) == 0,
			    "%s slot %u: %s", odd[i].apex, slot, err.text);
			free(cell);
		}
		g = rig_generation(&rig);
		ck_assert_msg(
		    generation_check_whole(g, NULL, &err) == 0, "%s", err.text);
		generation_free(&g);
		rig_free(&rig);
	}
}
END_TEST

START_TEST(test_every_cut_off_cell_is_refused)
{
	struct cell_expect expect;

	setup();
	rig_expect(&rig, 0, &expect);
	for (size_t bytes = 0; bytes < rig.cells[0].len;
	     bytes += bytes < 512 ? 1 : 64) {
		uint8_t *cell = aligned_alloc(
		    CELL_ALIGN, (bytes + CELL_ALIGN) & ~(CELL_ALIGN - 1ul));
		struct err err;

		memcpy(cell, rig.cells[0].data, bytes);
		ck_assert_int_eq(
		    cell_verify(cell, bytes, &expect, &err), ERR_CORRUPT);
		free(cell);
	}
	rig_free(&rig);
}
END_TEST

/* Where a row changes something; offsets count from there. */
enum place {
	HEADER,
	BUCKET, /* of the owner */
	ENTRY,  /* its tag in there */
	ENTRY_OFF,
	NODE,
	NAME,
	NAME_END,
	TYPES,
	ZONE,
	BLOCK, /* of owner and type; negative blocks by type 0 */
	RESPONSE,
	RELOCS,
	TTLS,
	MARKS,
	LINKS,
	LINK_NAME,
	DENIAL, /* of the zone, whose apex is the owner */
	ORDER,
	ORDER_NODE,  /* the root */
	ORDER_LEAF,  /* the first */
	ORDER_NAME,  /* the second name */
	ORDER_BLOCK, /* the second name's */
	HASHED,
	HASHED_FIRST, /* the directory */
	HASHED_NAME,
	HASHED_BLOCK, /* of the first hash */
	TAIL,
};

enum operation { SET, ADD, XOR };

struct row {
	enum place place;
	const char *owner;
	uint16_t type;
	bool want_do;
	unsigned off, width;
	enum operation operation;
	uint32_t operand;
	const char *text;
	int code; /* 0: ERR_CORRUPT */
};

#define H(field)  offsetof(struct cell_header_d, field)
#define B(field)  offsetof(struct bucket_d, field)
#define N(field)  offsetof(struct node_d, field)
#define Z(field)  offsetof(struct zone_d, field)
#define K(field)  offsetof(struct block_d, field)
#define D(field)  offsetof(struct denial_d, field)
#define O(field)  offsetof(struct order_d, field)
#define ON(field) offsetof(struct order_node_d, field)
#define OL(field) offsetof(struct order_leaf_d, field)
#define HD(field) offsetof(struct hashed_d, field)
#define HN(field) offsetof(struct hashed_name_d, field)
#define L(field)  (sizeof(struct links_d) + offsetof(struct link_d, field))

#define WWW   "www.rig.test."
#define MAIL  "mail.rig.test."
#define RIG   "rig.test."
#define SUB   "sub.rig.test."
#define SIB   "sib.split.test."
#define NSE   "nsec.test."
#define NSE_A "a.nsec.test."
#define NS3   "nsec3.test."

static const struct row rows[] = {
    {HEADER, RIG, 0, 0, 0, 1, XOR, 1, "this is no cell", 0},
    {HEADER, RIG, 0, 0, H(version), 4, SET, 1, "version 1", ERR_VERSION},
    {HEADER, RIG, 0, 0, H(features_required), 4, SET, 0, "without denial", 0},
    {HEADER, SIB, 0, 0, H(features_required), 4, SET, 1, "without denial", 0},
    {HEADER, RIG, 0, 0, H(features_required), 4, SET, 2, "needs feature 1",
	ERR_VERSION},
    {HEADER, RIG, 0, 0, H(kind), 4, SET, CELL_SPLIT, "kind of cell", 0},
    {HEADER, RIG, 0, 0, H(bytes_total), 4, ADD, 64, "a wrong size", 0},
    {HEADER, RIG, 0, 0, H(nbuckets), 4, SET, 0, "does not fit the cell", 0},
    {HEADER, RIG, 0, 0, H(nbuckets), 4, SET, ~0u, "does not fit the cell", 0},
    {HEADER, RIG, 0, 0, H(nbuckets), 4, ADD, 1, "does not follow", 0},
    {HEADER, RIG, 0, 0, H(heap_off), 4, ADD, 64, "does not follow", 0},
    {HEADER, RIG, 0, 0, H(nnodes), 4, ADD, 1, "number of names", 0},
    {HEADER, RIG, 0, 0, H(nzones), 4, ADD, 1, "number of zones", 0},
    {HEADER, RIG, 0, 0, H(slot), 4, SET, 1, "slot expected", 0},
    {HEADER, RIG, 0, 0, H(slot_bits), 4, SET, 1, "number of slots", 0},
    {HEADER, RIG, 0, 0, H(key_id), 1, XOR, 1, "name key", 0},
    {HEADER, RIG, 0, 0, H(depths), 1, XOR, 1, "depths", 0},
    {HEADER, RIG, 0, 0, H(apex_bytes), 4, SET, 3, "says it is a split", 0},
    {HEADER, RIG, 0, 0, H(split), 4, SET, 0, "says it is a split", 0},
    {HEADER, RIG, 0, 0, H(reserved), 1, SET, 1, "reserved", 0},
    {HEADER, RIG, 0, 0, 255, 1, SET, 1, "reserved", 0},
    {HEADER, SIB, 0, 0, H(split), 4, SET, 1, "not the split expected", 0},
    {HEADER, SIB, 0, 0, H(apex_off), 4, SET, 256, "out of the heap", 0},
    {HEADER, SIB, 0, 0, H(apex_off), 4, ADD, 1, "not that of the split", 0},
    {HEADER, SIB, 0, 0, H(apex_bytes), 4, SET, 0, "out of the heap", 0},
    {HEADER, SIB, 0, 0, H(nzones), 4, SET, 1, "zones in a split", 0},
    {HEADER, SIB, 0, 0, H(depths), 1, SET, 4, "zones in a split", 0},
    {TAIL, RIG, 0, 0, 0, 1, SET, 1, "last 64 octets", 0},
    {BUCKET, WWW, 0, 0, B(count), 1, SET, 11, "not sound", 0},
    {BUCKET, "a.split.test.", 0, 0, B(count), 1, ADD, 0xff, "unused entry", 0},
    {BUCKET, WWW, 0, 0, B(flags), 1, SET, 2, "not sound", 0},
    {BUCKET, "a.split.test.", 0, 0, B(flags), 1, SET, 1, "that is not full", 0},
    {BUCKET, WWW, 0, 0, B(reserved), 1, SET, 1, "not sound", 0},
    {ENTRY, WWW, 0, 0, 0, 2, XOR, 0x10, "tag that is not", 0},
    {ENTRY_OFF, WWW, 0, 0, 0, 4, ADD, 4, "out of the heap", 0},
    {ENTRY_OFF, WWW, 0, 0, 0, 4, SET, 0, "out of the heap", 0},
    {ENTRY_OFF, WWW, 0, 0, 0, 4, SET, 0xfffffff8, "out of the heap", 0},
    {NODE, WWW, 0, 0, N(anchor), 4, SET, 0, "anchor out of the heap", 0},
    {NODE, WWW, 0, 0, N(anchor), 4, SET, 0xfffffff8, "anchor out", 0},
    {NODE, WWW, 0, 0, N(anchor), 4, ADD, 4, "anchor out of the heap", 0},
    {NODE, WWW, 0, 0, N(anchor), 4, ADD, 8, "no zone's", 0},
    {NODE, RIG, 0, 0, N(anchor), 4, ADD, 8, "", 0},
    {NODE, WWW, 0, 0, N(flags), 2, XOR, NODE_WILDCARD, "NODE_WILDCARD", 0},
    {NODE, WWW, 0, 0, N(flags), 2, SET, NODE_ENT, "NODE_ENT", 0},
    {NODE, WWW, 0, 0, N(flags), 2, XOR, NODE_ENT, "exclude each other", 0},
    {NODE, WWW, 0, 0, N(flags), 2, XOR, NODE_CUT, "exclude each other", 0},
    {NODE, MAIL, 0, 0, N(flags), 2, XOR, NODE_CUT, "without NS", 0},
    {NODE, MAIL, 0, 0, N(flags), 2, XOR, NODE_CNAME, "without a CNAME", 0},
    {NODE, MAIL, 0, 0, N(flags), 2, XOR, NODE_DNAME, "without a DNAME", 0},
    {NODE, MAIL, 0, 0, N(flags), 2, XOR, NODE_OCCLUDED, "in a shared", 0},
    {NODE, MAIL, 0, 0, N(flags), 2, XOR, NODE_APEX, "", 0},
    {NODE, MAIL, 0, 0, N(flags), 2, XOR, 0x200, "unknown node flags", 0},
    {NODE, NSE_A, 0, 0, N(flags), 2, XOR, NODE_NSEC, "without NSEC", 0},
    {TYPES, NSE_A, 0, 0, 0, 2, SET, DNS_TYPE_NSEC, "not in a chain", 0},
    {NODE, RIG, 0, 0, N(flags), 2, XOR, NODE_CUT, "can be none", 0},
    {NODE, "b.c.rig.test.", 0, 0, N(flags), 2, XOR, NODE_ENT, "NODE_ENT", 0},
    {NODE, SUB, 0, 0, N(flags), 2, XOR, NODE_CUT, "", 0},
    {NODE, WWW, 0, 0, N(name_bytes), 1, ADD, 1, "not sound", 0},
    {NODE, WWW, 0, 0, N(name_bytes), 1, SET, 0, "not sound", 0},
    {NODE, RIG, 0, 0, N(name_bytes), 1, ADD, 0xff, "not sound", 0},
    {NODE, WWW, 0, 0, N(ntypes), 1, SET, 0, "NODE_ENT", 0},
    {NODE, WWW, 0, 0, N(ntypes), 1, SET, 255, "", 0},
    {NODE, SIB, 0, 0, N(anchor), 4, SET, 3, "anchor in a split", 0},
    {NODE, SIB, 0, 0, N(flags), 2, XOR, NODE_APEX, "", 0},
    {NODE, SIB, 0, 0, N(flags), 2, XOR, NODE_OCCLUDED, "for itself", 0},
    {NODE, "glue.split.test.", 0, 0, N(flags), 2, XOR, NODE_OCCLUDED,
	"without a cut", 0},
    {NAME, WWW, 0, 0, 1, 1, SET, 'W', "not sound", 0},
    {NAME, WWW, 0, 0, 1, 1, SET, 'x', "", 0},
    {NAME, WWW, 0, 0, 0, 1, SET, 0xc0, "not sound", 0},
    {NAME, RIG, 0, 0, 1, 1, SET, 'R', "not sound", 0},
    {NAME, RIG, 0, 0, 1, 1, SET, 'x', "", 0},
    {NAME_END, "ns1.rig.test.", 0, 0, 0, 1, SET, 0, "of another type", 0},
    {NAME_END, MAIL, 0, 0, 0, 1, SET, 1, "padding", 0},
    {TYPES, RIG, 0, 0, 0, 2, SET, 0x7fff, "do not ascend", 0},
    {TYPES, WWW, 0, 0, 2, 2, SET, 0, "in front of its place", 0},
    {TYPES, WWW, 0, 0, 2, 2, SET, 0xffff, "leaves the heap", 0},
    {TYPES, WWW, 0, 0, 0, 2, SET, DNS_TYPE_A, "without a CNAME", 0},
    {ZONE, RIG, 0, 0, Z(negative_off), 4, SET, 0, "out of the heap", 0},
    {ZONE, RIG, 0, 0, Z(negative_off), 4, SET, ~0u, "out of the heap", 0},
    {ZONE, RIG, 0, 0, Z(negative_off), 4, ADD, 2, "aligned to 4", 0},
    {ZONE, RIG, 0, 0, Z(negative_off), 4, ADD, 4, "zone at", 0},
    {ZONE, RIG, 0, 0, Z(flags), 2, SET, 1, "zone flags", 0},
    {ZONE, RIG, 0, 0, Z(flags), 2, SET, 4, "zone flags", 0},
    {ZONE, "signed.test.", 0, 0, Z(flags), 2, SET, 0, "zone flags", 0},
    {ZONE, RIG, 0, 0, Z(apex_labels), 1, SET, 3, "labels of the apex", 0},
    {ZONE, RIG, 0, 0, Z(split), 2, SET, 0, "", 0},
    {ZONE, RIG, 0, 0, Z(split), 2, SET, 9, "", 0},
    {ZONE, "split.test.", 0, 0, Z(split), 2, SET, 9, "there is not", 0},
    {ZONE, "split.test.", 0, 0, Z(split_bits), 1, ADD, 1, "another zone", 0},
    {ZONE, RIG, 0, 0, Z(split_bits), 1, SET, 1, "without a split", 0},
    {ZONE, RIG, 0, 0, Z(reserved0), 2, SET, 1, "reserved", 0},
    {ZONE, RIG, 0, 0, Z(reserved1), 4, SET, 1, "reserved", 0},
    {ZONE, RIG, 0, 0, Z(denial_off), 4, SET, 256, "denial_d out", 0},
    {ZONE, RIG, 0, 0, Z(denial_off), 4, SET, 0xfffffffc, "denial_d out", 0},
    {ZONE, NSE, 0, 0, Z(denial_off), 4, ADD, 2, "denial_d out", 0},
    {ZONE, "nsecs.test.", 0, 0, Z(denial_off), 4, SET, 0, "no denial", 0},
    {DENIAL, "nsecs.test.", 0, 0, D(chain_off), 4, SET, 512, "split zone", 0},
    {BLOCK, MAIL, 1, 0, K(len), 2, ADD, 0xffff, "", 0},
    {BLOCK, MAIL, 1, 0, K(len), 2, SET, 0xffff, "BLOCK_WIDE", 0},
    {BLOCK, MAIL, 1, 0, K(an), 2, SET, 0, "not one RRset", 0},
    {BLOCK, MAIL, 1, 0, K(an), 2, SET, 1, "", 0},
    {BLOCK, MAIL, 1, 0, K(an), 2, SET, 3, "", 0},
    {BLOCK, MAIL, 1, 0, K(ns), 2, SET, 1, "not one RRset", 0},
    {BLOCK, MAIL, 1, 0, K(ar), 2, SET, 0xffff, "", 0},
    {BLOCK, MAIL, 1, 0, K(nreloc), 2, SET, 0, "", 0},
    {BLOCK, MAIL, 1, 0, K(nreloc), 2, SET, 0xffff, "", 0},
    {BLOCK, MAIL, 1, 0, K(nmark), 1, SET, 1, "", 0},
    {BLOCK, MAIL, 1, 0, K(flags), 1, XOR, BLOCK_WIDE, "BLOCK_WIDE", 0},
    {BLOCK, MAIL, 1, 0, K(flags), 1, XOR, 0x80, "unknown block flags", 0},
    {BLOCK, MAIL, 1, 0, K(flags), 1, XOR, BLOCK_CHASE, "is no CNAME", 0},
    {BLOCK, MAIL, 1, 0, K(flags), 1, XOR, BLOCK_LINKS, "no referral", 0},
    {BLOCK, MAIL, 1, 0, K(flags), 1, XOR, BLOCK_DO_FOLLOWS, "", 0},
    {BLOCK, "out.rig.test.", 5, 0, K(flags), 1, XOR, BLOCK_CHASE,
	"above the apex", 0},
    {BLOCK, RIG, 0, 0, K(an), 2, SET, 1, "", 0},
    {RESPONSE, MAIL, 1, 0, 0, 2, SET, 0x0dc0, "does not lead to the owner", 0},
    {RESPONSE, MAIL, 1, 0, 0, 2, SET, 0xff0c, "", 0},
    {RESPONSE, MAIL, 1, 0, 0, 1, SET, 0, "that the root owns", 0},
    {RESPONSE, MAIL, 1, 0, 2, 2, SET, 0x2900, "type that no zone has", 0},
    {RESPONSE, MAIL, 1, 0, 2, 2, SET, 0x1c00, "of another type", 0},
    {RESPONSE, MAIL, 1, 0, 2, 2, SET, 0x1000, "of another type", 0},
    {RESPONSE, MAIL, 1, 0, 18, 2, SET, 0x1000, "of another type", 0},
    {RESPONSE, MAIL, 1, 0, 4, 2, SET, 0x0300, "class than IN", 0},
    {RESPONSE, MAIL, 1, 0, 6, 1, SET, 0x80, "2^31", 0},
    {RESPONSE, MAIL, 1, 0, 11, 1, SET, 5, "wrong size", 0},
    {RESPONSE, MAIL, 1, 0, 10, 1, SET, 0xff, "cuts off", 0},
    {RESPONSE, WWW, 5, 0, 12, 1, SET, 64, "label of an unknown kind", 0},
    {RESPONSE, WWW, 5, 0, 12, 1, SET, 63, "", 0},
    {RESPONSE, WWW, 5, 0, 17, 2, SET, 0x0cc0, "", 0},
    {RESPONSE, WWW, 5, 0, 11, 1, ADD, 1, "", 0},
    {RESPONSE, RIG, 15, 0, 10, 2, SET, 0x0100, "", 0},
    {RESPONSE, RIG, 6, 0, 11, 1, ADD, 0xff, "", 0},
    {RESPONSE, "_sip._udp.rig.test.", 33, 0, 18, 1, SET, 0xc0, "unsound name",
	0},
    {RESPONSE, "dn.rig.test.", 39, 0, 12, 1, SET, 0xc0, "unsound name", 0},
    {RELOCS, MAIL, 1, 0, 0, 2, SET, 0xc000, "unknown kind", 0},
    {RELOCS, MAIL, 1, 0, 0, 2, SET, 0x8000, "in front of the block", 0},
    {RELOCS, MAIL, 1, 0, 0, 2, SET, 0x4000, "does not own", 0},
    {RELOCS, MAIL, 1, 0, 0, 2, SET, 1, "without a relocation", 0},
    {RELOCS, MAIL, 1, 0, 2, 2, SET, 0, "no compression pointer", 0},
    {RELOCS, WWW, 5, 0, 2, 2, XOR, 0x4000, "does not lead to the owner", 0},
    {RELOCS, "*.wild.rig.test.", 15, 0, 2, 2, XOR, 0x4000, "", 0},
    {RELOCS, SUB, 2, 0, 0, 2, XOR, 0x4000, "owned by the query name", 0},
    {RELOCS, RIG, 0, 0, 0, 2, XOR, 0x4000, "apex does not own", 0},
    {TTLS, MAIL, 1, 0, 0, 2, ADD, 1, "TTL position", 0},
    {TTLS, MAIL, 1, 0, 2, 2, SET, 0xffff, "TTL position", 0},
    {MARKS, SUB, 2, 0, 0, 2, ADD, 1, "", 0},
    {MARKS, SUB, 2, 0, 0, 2, SET, 0, "do not ascend", 0},
    {MARKS, SUB, 2, 0, 2, 2, XOR, 0x4000, "", 0},
    {MARKS, SUB, 2, 0, 2, 2, ADD, 1, "add up", 0},
    {MARKS, SUB, 2, 0, 2, 2, SET, 0x4000, "mark of no records", 0},
    {BLOCK, SUB, 2, 0, K(an), 2, ADD, 1, "", 0},
    {BLOCK, SUB, 2, 0, K(nmark), 1, SET, 255, "", 0},
    {BLOCK, "ns.signed.test.", 1, 1, K(flags), 1, XOR, BLOCK_DO_FOLLOWS,
	"behind a DO form", 0},
    {BLOCK, "w.signed.test.", 5, 1, K(flags), 1, XOR, BLOCK_CHASE,
	"one of two forms", 0},
    {BLOCK, "ns.signed.test.", 1, 1, K(an), 2, ADD, 1, "", 0},
    {MARKS, "ns.signed.test.", 1, 1, 2, 2, XOR, 0x8000, "", 0},
    {RESPONSE, "ns.signed.test.", 1, 1, 18, 2, SET, 0x0100, "", 0},
    {LINKS, SIB, 2, 0, 0, 2, SET, 0, "fit their size", 0},
    {LINKS, SIB, 2, 0, 0, 2, SET, 33, "fit their size", 0},
    {LINKS, SIB, 2, 0, 2, 2, SET, 0xffff, "fit their size", 0},
    {LINKS, SIB, 2, 0, 2, 2, ADD, 1, "", 0},
    {LINKS, SIB, 2, 0, L(hash_low), 4, XOR, 1, "hash is not", 0},
    {LINKS, SIB, 2, 0, L(hash_high), 4, XOR, 1, "hash is not", 0},
    {LINKS, SIB, 2, 0, L(name_off), 4, ADD, 1, "where it should be", 0},
    {LINKS, SIB, 2, 0, L(name_off), 4, SET, ~0u, "where it should be", 0},
    {LINKS, SIB, 2, 0, L(target_pos), 2, ADD, 1, "no NS target", 0},
    {LINKS, SIB, 2, 0, L(target_pos), 2, SET, 0xffff, "no NS target", 0},
    {LINKS, SIB, 2, 0, L(name_bytes), 1, SET, 255, "should be", 0},
    {LINKS, SIB, 2, 0, L(name_bytes), 1, SET, 0, "not sound", 0},
    {LINKS, SIB, 2, 0, L(reserved), 1, SET, 1, "should be", 0},
    {LINK_NAME, SIB, 2, 0, 1, 1, SET, 'X', "not sound", 0},
    {LINK_NAME, SIB, 2, 0, 1, 1, SET, 'y', "hash is not", 0},
    {DENIAL, NSE, 0, 0, D(kind), 1, SET, 0, "unknown kind", 0},
    {DENIAL, NSE, 0, 0, D(kind), 1, SET, 3, "unknown kind", 0},
    {DENIAL, NSE, 0, 0, D(kind), 1, SET, 2, "without NSEC3PARAM", 0},
    {DENIAL, NS3, 0, 0, D(kind), 1, SET, 1, "for NSEC", 0},
    {DENIAL, NSE, 0, 0, D(salt_bytes), 1, SET, 1, "for NSEC", 0},
    {DENIAL, NSE, 0, 0, D(iterations), 2, SET, 1, "for NSEC", 0},
    {DENIAL, NSE, 0, 0, D(apex_hash), 1, SET, 1, "for NSEC", 0},
    {DENIAL, NSE, 0, 0, D(wildcard_hash) + 19, 1, SET, 1, "for NSEC", 0},
    {DENIAL, NSE, 0, 0, D(chain_off), 4, SET, 0, "out of the heap", 0},
    {DENIAL, NSE, 0, 0, D(chain_off), 4, SET, 0xffffffc0, "out of the", 0},
    {DENIAL, NSE, 0, 0, D(chain_off), 4, ADD, 4, "not aligned", 0},
    {DENIAL, NSE, 0, 0, D(chain_off), 4, ADD, 64, "", 0},
    {DENIAL, NS3, 0, 0, D(chain_off), 4, ADD, 4, "not aligned", 0},
    {DENIAL, NS3, 0, 0, D(chain_off), 4, SET, 0xffffffc0, "out of the", 0},
    {DENIAL, NS3, 0, 0, D(iterations), 2, SET, 2501, "iterations", 0},
    {DENIAL, NS3, 0, 0, D(iterations), 2, ADD, 1, "hash of the wildcard", 0},
    {DENIAL, NS3, 0, 0, D(salt_bytes), 1, SET, 0, "hash of the", 0},
    {DENIAL, NS3, 0, 0, D(salt_bytes), 1, ADD, 1, "hash of the", 0},
    {DENIAL, NS3, 0, 0, 48, 1, ADD, 1, "hash of the", 0},
    {DENIAL, NS3, 0, 0, 49, 1, SET, 1, "padding", 0},
    {DENIAL, NS3, 0, 0, D(apex_hash), 1, XOR, 1, "hash of the apex", 0},
    {DENIAL, NS3, 0, 0, D(wildcard_hash), 1, XOR, 1, "of the wildcard", 0},
    {ORDER, NSE, 0, 0, O(count), 4, SET, 0, "order of 0", 0},
    {ORDER, NSE, 0, 0, O(count), 4, SET, ~0u, "", 0},
    {ORDER, NSE, 0, 0, O(count), 4, ADD, 1, "", 0},
    {ORDER, NSE, 0, 0, O(levels), 4, ADD, 1, "not sound", 0},
    {ORDER, NSE, 0, 0, O(names_off), 4, ADD, 8, "fit its size", 0},
    {ORDER, NSE, 0, 0, O(bytes), 4, SET, ~0u, "out of the heap", 0},
    {ORDER, NSE, 0, 0, O(bytes), 4, SET, 64, "fit its size", 0},
    {ORDER, NSE, 0, 0, O(has_blocks), 4, SET, 0, "where it should be", 0},
    {ORDER, NSE, 0, 0, O(has_blocks), 4, SET, 2, "not sound", 0},
    {ORDER, NSE, 0, 0, O(level_first), 4, SET, 1, "levels that", 0},
    {ORDER, NSE, 0, 0, O(level_first) + 36, 4, SET, 1, "levels that", 0},
    {ORDER, NSE, 0, 0, O(reserved), 4, SET, 1, "not sound", 0},
    {ORDER_NODE, NSE, 0, 0, ON(skip), 2, ADD, 1, "not that of its", 0},
    {ORDER_NODE, NSE, 0, 0, ON(count), 1, ADD, 1, "not that of its", 0},
    {ORDER_NODE, NSE, 0, 0, ON(reserved), 1, SET, 1, "not that of its", 0},
    {ORDER_NODE, NSE, 0, 0, ON(chunk) + 8, 1, ADD, 1, "not that of its", 0},
    {ORDER_NODE, NSE, 0, 0, ON(chunk) + 48, 1, SET, 0, "not that of its", 0},
    {ORDER_NODE, NSE, 0, 0, 64 + ON(skip), 2, ADD, 1, "not that of its", 0},
    {ORDER_LEAF, NSE, 0, 0, OL(skip_count), 2, ADD, 1, "not that of its", 0},
    {ORDER_LEAF, NSE, 0, 0, OL(skip_count), 2, ADD, 4096, "not that of", 0},
    {ORDER_LEAF, NSE, 0, 0, OL(chunk) + 8, 1, ADD, 1, "not that of its", 0},
    {ORDER_LEAF, NSE, 0, 0, OL(first_off), 4, SET, 0, "where it should", 0},
    {ORDER_LEAF, NSE, 0, 0, OL(first_off), 4, SET, ~3u, "where it should", 0},
    {ORDER_LEAF, NSE, 0, 0, OL(first_off), 4, ADD, 1, "where it should", 0},
    {ORDER_LEAF, NSE, 0, 0, OL(first_off), 4, ADD, 4, "", 0},
    {ORDER_LEAF, NSE, 0, 0, OL(behind4), 2, SET, 0, "where it should", 0},
    {ORDER_LEAF, NSE, 0, 0, OL(behind4), 2, SET, 0xffff, "where it should", 0},
    {ORDER_LEAF, NSE, 0, 0, OL(behind4), 2, ADD, 1, "", 0},
    {ORDER_NAME, NSE, 0, 0, 0, 1, SET, 0, "", 0},
    {ORDER_NAME, NSE, 0, 0, 0, 1, SET, 255, "", 0},
    {ORDER_NAME, NSE, 0, 0, 1, 1, SET, 0xc0, "is not sound", 0},
    {ORDER_NAME, NSE, 0, 0, 2, 1, SET, 'A', "is not sound", 0},
    {ORDER_NAME, NSE, 0, 0, 2, 1, SET, 'b', "of an order without", 0},
    {ORDER_NAME, NSE, 0, 0, 3, 1, SET, 1, "padding", 0},
    {ORDER_BLOCK, NSE, 0, 0, K(an), 2, ADD, 1, "", 0},
    {ORDER_BLOCK, NSE, 0, 0, K(flags), 1, SET, BLOCK_DO_FOLLOWS, "", 0},
    {ORDER_BLOCK, NSE, 0, 0, K(flags), 1, SET, BLOCK_CHASE, "no CNAME", 0},
    {ORDER_BLOCK, NSE, 0, 0, 12, 2, SET, 0x0dc0, "lead to the owner", 0},
    {ORDER_BLOCK, NSE, 0, 0, 12 + 3, 1, SET, 1, "of another type", 0},
    {HASHED, NS3, 0, 0, HD(count), 4, SET, 0, "not sound", 0},
    {HASHED, NS3, 0, 0, HD(count), 4, ADD, 1, "", 0},
    {HASHED, NS3, 0, 0, HD(count), 4, SET, ~0u, "not sound", 0},
    {HASHED, NS3, 0, 0, HD(prefix_bits), 1, SET, 1, "not sound", 0},
    {HASHED, NS3, 0, 0, HD(bits), 1, ADD, 1, "not sound", 0},
    {HASHED, NS3, 0, 0, HD(reserved), 1, SET, 1, "not sound", 0},
    {HASHED, NS3, 0, 0, HD(names_off), 4, ADD, 4, "fit their size", 0},
    {HASHED, NS3, 0, 0, HD(bytes), 4, SET, ~0u, "out of the heap", 0},
    {HASHED, NS3, 0, 0, HD(bytes), 4, SET, 64, "fit their size", 0},
    {HASHED_FIRST, NS3, 0, 0, 0, 4, SET, 1, "a directory", 0},
    {HASHED_FIRST, NS3, 0, 0, 4, 4, ADD, 1, "a directory", 0},
    {HASHED_FIRST, NS3, 0, 0, 8, 4, ADD, 1, "a directory", 0},
    {HASHED_NAME, NS3, 0, 0, HN(hash), 1, SET, 0xff, "a directory", 0},
    {HASHED_NAME, NS3, 0, 0, 6 * 24 + HN(hash), 1, SET, 0, "not ascend", 0},
    {HASHED_NAME, NS3, 0, 0, 3 * 24 + HN(hash) + 19, 1, XOR, 1, "miss the", 0},
    {HASHED_NAME, NS3, 0, 0, HN(block_off), 4, SET, 0, "of its place", 0},
    {HASHED_NAME, NS3, 0, 0, HN(block_off), 4, SET, ~0u, "of its place", 0},
    {HASHED_NAME, NS3, 0, 0, HN(block_off), 4, ADD, 2, "aligned to 4", 0},
    {HASHED_BLOCK, NS3, 0, 0, K(an), 2, ADD, 1, "", 0},
    {HASHED_BLOCK, NS3, 0, 0, K(flags), 1, SET, BLOCK_DO_FOLLOWS, "", 0},
    {HASHED_BLOCK, NS3, 0, 0, K(flags), 1, SET, BLOCK_CHASE, "no CNAME", 0},
    {HASHED_BLOCK, NS3, 0, 0, 12, 2, SET, 0x0dc0, "lead to the owner", 0},
    {HASHED_BLOCK, NS3, 0, 0, 12 + 3, 1, SET, 1, "of another type", 0},
    /* links nobody looks at are no harm */
    {BLOCK, SIB, 2, 0, K(flags), 1, XOR, BLOCK_LINKS, "", -1},
};

/* What lookups of a name find: its zone's cell, node, bucket. */
struct spot {
	uint32_t slot;
	const uint8_t *cell;
	const struct bucket_d *bucket;
	unsigned entry;
	const struct node_d *node;
};

static bool
node_is(const uint8_t *cell, const struct node_d *n, const uint8_t *owner)
{
	const struct cell_header_d *h = (const void *)cell;
	uint8_t name[2 * DNS_NAME_MAX];
	unsigned bytes = n->name_bytes;

	memcpy(name, n + 1, bytes);
	if (h->kind == CELL_SPLIT) {
		memcpy(name + bytes, cell + h->apex_off, h->apex_bytes);
	} else if (!(n->flags & NODE_APEX)) {
		const struct node_d *apex =
		    (const void *)(cell + n->anchor + sizeof(struct zone_d));

		memcpy(name + bytes, apex + 1, apex->name_bytes);
	}
	return name_equal(name, owner);
}

static struct spot
spot_find(const char *owner_text)
{
	const uint8_t *owner = name_from_test(owner_text);
	struct spot s = {0};

	for (s.slot = 0; s.slot < rig.nslots; s.slot++) {
		const struct cell_header_d *h;

		s.cell = rig.cells[s.slot].data;
		if (!s.cell)
			continue;
		h = (const void *)s.cell;
		for (uint32_t i = 0; i < h->nbuckets; i++) {
			s.bucket = cell_buckets(s.cell) + i;
			for (s.entry = 0; s.entry < s.bucket->count;
			     s.entry++) {
				s.node =
				    (const void *)(s.cell +
						   s.bucket->node_off[s.entry]);
				if (node_is(s.cell, s.node, owner))
					return s;
			}
		}
	}
	ck_abort_msg("%s is in no cell", owner_text);
	return s;
}

static const struct block_d *
spot_block(const struct spot *s, const struct row *row)
{
	const struct block_d *b;

	if (row->type == 0)
		b = (const void *)(s->cell +
				   ((const struct zone_d *)s->node - 1)
				       ->negative_off);
	else
		b = node_block_find(s->node, row->type);
	ck_assert_ptr_nonnull(b);
	ck_assert(!row->want_do || b->flags & BLOCK_DO_FOLLOWS);
	return block_form(b, row->want_do);
}

/* Places of a chain. */
static const void *
chain_place(const struct spot *s, enum place place)
{
	const struct zone_d *z = (const struct zone_d *)s->node - 1;
	const struct denial_d *d = (const void *)(s->cell + z->denial_off);
	const uint8_t *chain;
	const struct order_d *o;
	const struct hashed_d *h;

	ck_assert_uint_ne(z->denial_off, 0);
	chain = s->cell + d->chain_off;
	o = (const void *)chain;
	h = (const void *)chain;
	if (place == DENIAL)
		return d;
	ck_assert_int_eq(d->kind, place < HASHED ? DENIAL_NSEC : DENIAL_NSEC3);
	switch (place) {
	case ORDER_NODE:
		return order_nodes(o);
	case ORDER_LEAF:
		return order_leaves(o);
	case ORDER_NAME:
		return chain + order_name_off(o, 1);
	case ORDER_BLOCK:
		return chain + order_name_end(order_name_off(o, 1),
				   order_name_get(o, 1).bytes);
	case HASHED_FIRST:
		return hashed_directory(h);
	case HASHED_NAME:
		return hashed_names(h);
	case HASHED_BLOCK:
		return chain + hashed_names(h)->block_off;
	default:
		return chain;
	}
}

static const void *
row_place(const struct spot *s, const struct row *row)
{
	const struct cell_header_d *h = (const void *)s->cell;
	const struct links_d *links;

	switch (row->place) {
	case HEADER:
		return s->cell;
	case TAIL:
		return s->cell + h->bytes_total - CELL_TAIL_BYTES;
	case BUCKET:
		return s->bucket;
	case ENTRY:
		return &s->bucket->tag[s->entry];
	case ENTRY_OFF:
		return &s->bucket->node_off[s->entry];
	case NODE:
		return s->node;
	case NAME:
		return node_name(s->node);
	case NAME_END:
		return node_name(s->node) + s->node->name_bytes;
	case TYPES:
		return node_types(s->node);
	case ZONE:
		return (const struct zone_d *)s->node - 1;
	case BLOCK:
		return spot_block(s, row);
	case RESPONSE:
		return block_response(spot_block(s, row));
	case RELOCS:
		return block_relocs(spot_block(s, row));
	case TTLS:
		return block_ttls(spot_block(s, row));
	case MARKS:
		return block_marks(spot_block(s, row));
	case LINKS:
	case LINK_NAME:
		links = block_links(spot_block(s, row));
		ck_assert_uint_gt(links->count, 0);
		return row->place == LINKS
		           ? (const void *)links
		           : (const uint8_t *)(links + 1) +
		                 links->count * sizeof(struct link_d);
	default:
		return chain_place(s, row->place);
	}
}

static void
row_apply(uint8_t *p, const struct row *row)
{
	uint32_t v = 0;

	memcpy(&v, p, row->width);
	if (row->operation == SET)
		v = row->operand;
	else if (row->operation == ADD)
		v += row->operand;
	else
		v ^= row->operand;
	memcpy(p, &v, row->width);
}

START_TEST(test_each_change_is_refused)
{
	const struct row *row = &rows[_i];
	struct spot s;
	struct err err = {0};
	uint8_t *cell;
	size_t at;
	int rc;

	setup();
	s = spot_find(row->owner);
	at = (size_t)((const uint8_t *)row_place(&s, row) - s.cell) + row->off;
	cell = cell_copy(s.slot);
	row_apply(cell + at, row);
	rc = verify(cell, s.slot, &err);
	if (row->code == -1)
		ck_assert_msg(rc == 0, "row %d: %s", _i, err.text);
	else
		ck_assert_msg(rc == (row->code ? row->code : ERR_CORRUPT) &&
				  strstr(err.text, row->text),
		    "row %d (%s): %d: %s", _i, row->text, rc, err.text);
	free(cell);
	rig_free(&rig);
}
END_TEST

/* Slots of denial cells: the root of NSEC, its middle range, the first and the
 * last of NSEC3. */
enum denial_cell { ROOT, RANGE, HASHES, LAST_HASHES };

static uint32_t
denial_slot(enum denial_cell cell)
{
	const struct split_d *s = &rig.splits[cell < HASHES ? 1 : 2];
	static const uint32_t behind[] = {0, 2, 0, 7};

	ck_assert_int_eq(
	    s->denial_kind, cell < HASHES ? DENIAL_NSEC : DENIAL_NSEC3);
	ck_assert_uint_eq(s->denial_slots, cell < HASHES ? 4 : 8);
	return s->first_slot + (1u << s->bits) + behind[cell];
}

/* `off` from the cell's start, or from its end if negative. */
static const struct denial_row {
	enum denial_cell cell;
	int off;
	unsigned width;
	enum operation operation;
	uint32_t operand;
	const char *text;
} denial_rows[] = {
    {ROOT, H(features_required), 4, SET, 0, "FEATURE_DENIAL"},
    {ROOT, H(kind), 4, SET, CELL_SPLIT, "does not fit the cell"},
    {ROOT, H(kind), 4, SET, CELL_DENIAL_NSEC3, "kind of cell"},
    {ROOT, H(nbuckets), 4, SET, 1, "does not fit the cell"},
    {ROOT, H(heap_off), 4, ADD, 64, "does not follow"},
    {ROOT, H(nnodes), 4, SET, 1, "names in a denial"},
    {ROOT, H(nzones), 4, SET, 1, "zones in a split"},
    {ROOT, H(slot), 4, SET, 1, "slot expected"},
    {ROOT, H(slot_bits), 4, SET, 1, "number of slots"},
    {ROOT, H(depths), 1, SET, 1, "zones in a split"},
    {ROOT, H(apex_off), 4, ADD, 1, "not that of the split"},
    {ROOT, H(apex_off), 4, SET, 0, "out of the heap"},
    {ROOT, H(apex_bytes), 4, ADD, ~0u, "not that of the split"},
    {ROOT, H(split), 4, ADD, 1, "not the split expected"},
    {ROOT, H(reserved), 1, SET, 1, "reserved"},
    {ROOT, 256 + O(count), 4, SET, 0, "order of 0"},
    {ROOT, 256 + O(bytes), 4, SET, ~0u, "out of the heap"},
    {ROOT, 256 + 64 + OL(chunk), 1, SET, 1, "not that of its"},
    {ROOT, 256 + 64 + OL(chunk) + 40, 1, SET, 0, "not that of its"},
    {ROOT, 256 + 64 + OL(behind4) + 8, 2, SET, 1, "not that of its"},
    {ROOT, 256 + 64 + OL(first_off), 4, ADD, 1, "where it should"},
    {ROOT, 256 + 64 + OL(first_off), 4, ADD, 4, "where it should"},
    {ROOT, 256 + O(bytes), 4, ADD, 1, "behind the names"},
    {ROOT, 256 + O(bytes), 4, ADD, ~0u, "where it should be"},
    {ROOT, 256 + O(has_blocks), 4, SET, 1, ""},
    {ROOT, -1, 1, SET, 1, "last 64 octets"},
    {ROOT, -65, 1, SET, 1, "end behind its apex"},
    {RANGE, 256 + 64 + ON(skip), 2, ADD, 1, "not that of its"},
    {RANGE, 256 + 128, 1, SET, 0, ""},
    {RANGE, 256 + O(reserved), 4, SET, 1, "not sound"},
    {RANGE, 256 + O(has_blocks), 4, SET, 0, ""},
    {HASHES, H(slot), 4, SET, 1, "slot expected"},
    {HASHES, H(slot_bits), 4, SET, 2, "number of slots"},
    {HASHES, 256 + HD(prefix_bits), 1, SET, 2, "not sound"},
    {HASHES, 256 + 16 + 8, 1, SET, 0x80, "of another slot"},
    {HASHES, 256 + HD(count), 4, SET, 2, ""},
    {LAST_HASHES, 256 + 16 + 8, 1, SET, 0, "of another slot"},
    {LAST_HASHES, 256 + 16 + 8 + HN(block_off), 4, SET, 0, "of its place"},
};

START_TEST(test_each_change_of_denial_cells_is_refused)
{
	const struct denial_row *row = &denial_rows[_i];
	const struct row change = {.width = row->width,
	    .operation = row->operation,
	    .operand = row->operand};
	struct err err = {0};
	uint8_t *cell;
	uint32_t slot;
	int rc;

	setup();
	slot = denial_slot(row->cell);
	cell = cell_copy(slot);
	row_apply(cell + (row->off < 0 ? (int)rig.cells[slot].len + row->off
				       : row->off),
	    &change);
	rc = verify(cell, slot, &err);
	ck_assert_msg(rc == ERR_CORRUPT && strstr(err.text, row->text),
	    "row %d (%s): %d: %s", _i, row->text, rc, err.text);
	free(cell);
	rig_free(&rig);
}
END_TEST

/* No single bit, wherever it is, makes the verifier read outside of the cell
 * (which ASan sees); and it never says no without a reason. */
START_TEST(test_each_bit_flipped)
{
	unsigned refused = 0, bits = 0;

	setup();
	for (uint32_t slot = 0; slot < rig.nslots; slot++) {
		uint8_t *cell;

		if (rig.cells[slot].len == 0)
			continue;
		cell = cell_copy(slot);
		for (size_t bit = 0; bit < 8 * rig.cells[slot].len; bit += 3) {
			struct err err = {0};

			cell[bit / 8] ^= (uint8_t)(1 << bit % 8);
			if (verify(cell, slot, &err) < 0) {
				ck_assert(err.text[0] != '\0');
				refused++;
			}
			bits++;
			cell[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		free(cell);
	}
	/* the others are addresses, TTLs, text and versions */
	ck_assert_uint_gt(refused, bits / 2);
	rig_free(&rig);
}
END_TEST

/* Entries that all lead to one big node must not cost their product. */
START_TEST(test_overlap_is_bounded)
{
	struct rig_zone zone = {"big.test.", NULL, RIG_WHOLE};
	char *text = malloc(1 << 20), *at = text;
	struct cell_header_d *h;
	struct bucket_d *b;
	struct err err;

	at += sprintf(at, "@ 60 SOA a. b. 1 2 3 4 5\n@ NS a.\n");
	for (unsigned i = 0; i < 40; i++)
		at += sprintf(at, "a%u TXT \"%0200u\"\n", i, i);
	for (unsigned i = 0; i < 200; i++)
		at += sprintf(at, "big TXT \"%0200u\"\n", i);
	zone.text = text;
	rig_make(&rig, &rig_key, &zone, 1, 0, NULL);
	h = (void *)rig.cells[0].data;
	b = (void *)(h + 1);
	/* each name's block is the big one: found through its own types */
	for (uint32_t i = 0; i < h->nbuckets; i++)
		for (unsigned k = 0; k < b[i].count; k++) {
			struct node_d *n =
			    (void *)((uint8_t *)h + b[i].node_off[k]);
			struct type_d *t = (void *)((uint8_t *)(n + 1) +
						    ((n->name_bytes + 3) & ~3));
			struct spot s = spot_find("big.big.test.");
			uint64_t big =
			    (uint64_t)((const uint8_t *)node_block(
					   s.node, node_types(s.node)) -
				       (const uint8_t *)n);

			if (n->flags & NODE_APEX ||
			    (uint8_t *)n >= (const uint8_t *)s.node)
				continue;
			t->block_off4 = (uint16_t)(big / 4);
		}
	ck_assert_int_eq(verify(rig.cells[0].data, 0, &err), ERR_CORRUPT);
	ck_assert_msg(strstr(err.text, "overlap"), "%s", err.text);
	rig_free(&rig);
	free(text);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("verify");
	TCase *tcase = tcase_create("verify");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, test_builders_cells_are_accepted);
	tcase_add_test(tcase, test_odd_zones_are_accepted);
	tcase_add_test(tcase, test_every_cut_off_cell_is_refused);
	tcase_add_loop_test(
	    tcase, test_each_change_is_refused, 0, sizeof rows / sizeof *rows);
	tcase_add_loop_test(tcase, test_each_change_of_denial_cells_is_refused,
	    0, sizeof denial_rows / sizeof *denial_rows);
	tcase_add_test(tcase, test_each_bit_flipped);
	tcase_add_test(tcase, test_overlap_is_bounded);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
