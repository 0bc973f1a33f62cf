/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Any bytes as a cell: the verifier reads them in a heap block of their exact
 * size; what it accepts is put into a generation, and the engine is asked for
 * every name in it. Nothing may read outside of the block, and every response
 * must be one that a strict reader accepts. Digests are outside of the cell, so
 * that nothing needs repair but the size. Runs in the fuzzer, and in `make
 * test` over the corpus.
 *
 * An input:
 *
 *   octet 0   which seed (a cell of the real builder), with bit 6 among those
 *             of zones that prove absence; bit 7: the rest is the cell itself,
 *             only judged by what that seed's manifest expects
 *   octet 1   how to ask: bit 0 DO, bit 1 stream, bit 2 a cap on TTLs, bit 3
 *             no EDNS, bit 4 no room for more than a UDP message, bit 5 more
 *             types
 *   5 octets  an edit of the seed's bytes, and so on: offset (2, big-endian),
 *             operation, operand (2, big-endian)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/dns.h"
#include "base/name.h"
#include "base/wire.h"
#include "dataplane/answer/answer.h"
#include "snapshot/cell_table.h"
#include "snapshot/load_cells.h"
#include "tests/fuzz/sample_generation.h"
#include "tests/rig/text_generation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SEEDS_MAX = 32, CELL_FUZZ_MAX = 1 << 16, SPREAD_MAX = 96 };

#define SIGNED(type)                                                           \
	type " 8 2 300 20300101000000 20200101000000 1 s.test. AAAA\n"

static const char plain_text[] =
    "$ORIGIN p.test.\n$TTL 300\n"
    "@ SOA ns host 1 2 3 4 5\n@ NS ns\n@ NS ns.x\n@ MX 1 m\n"
    "ns A 192.0.2.1\nm AAAA 2001:db8::1\n"
    "c CNAME d\nd CNAME m\ne CNAME e.elsewhere.\n"
    "*.w MX 1 x.w\nx.w TXT \"x\"\n*.v CNAME m\na.b.c A 192.0.2.2\n"
    "x NS ns.x\nx NS y.ns.x\nns.x A 192.0.2.3\ny.ns.x A 192.0.2.4\n"
    "dn DNAME q.r.\ncd CNAME z.dn\nsrv SRV 1 2 3 m\n";

static const char signed_text[] =
    "$ORIGIN s.test.\n$TTL 300\n"
    "@ SOA ns host 1 2 3 4 5\n@ RRSIG " SIGNED(
	"SOA") "@ NS ns\n"
	       "@ DNSKEY 256 3 8 AwEAAQ==\nns A 192.0.2.1\nns RRSIG " SIGNED("A") "c CNAME ns\nc RRSIG " SIGNED(
		   "CNAME") "x NS ns.x\nns.x A 192.0.2.3\n"
			    "x DS 1 8 1 0000000000000000000000000000000000000000\n"
			    "x RRSIG " SIGNED(
				"DS") "dn DNAME q.r.\ndn RRSIG " SIGNED("DNAME");

static const char split_text[] =
    "$ORIGIN t.test.\n$TTL 300\n"
    "@ SOA ns.u host 1 2 3 4 5\n@ NS ns.u\n"
    "u NS ns.u\nns.u A 192.0.2.1\nv NS ns.u\nv NS ns.w.u\nv NS g\n"
    "ns.w.u AAAA 2001:db8::1\ng A 192.0.2.2\n"
    "c CNAME d.e\nd.e CNAME g\n*.f A 192.0.2.3\n";

static const char root_text[] =
    "$ORIGIN .\n$TTL 300\n. SOA a. b. 1 2 3 4 5\n. NS a.root.\n"
    "a.root. A 192.0.2.1\ncom. NS ns.com.\nns.com. A 192.0.2.2\n"
    "c. CNAME a.root.\n*.w. A 192.0.2.3\n";

/* a block of more than 16,383 octets, and buckets that overflow */
static const char wide_text[] =
    "$ORIGIN w.test.\n$TTL 300\n@ SOA a b 1 2 3 4 5\n@ NS a\n"
    "$GENERATE 1-99 big TXT \"$ "
    "0123456789012345678901234567890123456789012345678901234567890123"
    "0123456789012345678901234567890123456789012345678901234567890123"
    "01234567890123456789012345678901234567890123456789\"\n"
    "$GENERATE 1-150 h$ A 192.0.2.$\n*.c CNAME big\n";

#define SIGNED_HEAD                                                            \
	"$TTL 300\n@ SOA ns host 1 2 3 4 5\n@ NS ns\n"                         \
	"@ DNSKEY 256 3 8 AwEAAQ==\nns A 192.0.2.1\n"

/* a tree of two levels; an empty non-terminal, a cut, a wildcard */
static const char nsec_text[] =
    "$ORIGIN n.test.\n" SIGNED_HEAD "@ NSEC a.b SOA NSEC\n@ RRSIG " SIGNED(
	"NSEC") "a.b NSEC *.b A NSEC\n"
		"a.b A 192.0.2.2\n*.b NSEC c A NSEC\n*.b A 192.0.2.2\n"
		"c NS c.d\nc NSEC c\\000 NS NSEC\nc RRSIG " SIGNED(
		    "NSEC") "c\\000 NSEC c\\001 NSEC\nc\\001 NSEC longlonglong1 NSEC\n"
			    "longlonglong1 NSEC longlonglong2 NSEC\nlonglonglong2 NSEC ns NSEC\n"
			    "ns NSEC x A NSEC\nx NSEC y NSEC\ny NSEC @ NSEC\n";

/* ranges begin at n1824 and n1968 */
static const char nsec_split_text[] =
    "$ORIGIN v.test.\n" SIGNED_HEAD
    "@ NSEC a SOA NSEC\na NSEC n1824 NSEC\nn1824 NSEC n1968 NSEC\n"
    "n1968 NSEC ns NSEC\nns NSEC sub A NSEC\nsub NS ns\n"
    "sub NSEC @ NS NSEC\n";

/* of each the apex's hash and others; opt-out */
static const char nsec3_text[] =
    "$ORIGIN w3.test.\n" SIGNED_HEAD
    "@ NSEC3PARAM 1 0 0 -\n*.a A 192.0.2.1\nsub NS ns\n"
    "chvposvuju8iup63dpt5lcl7nhm59mnp NSEC3 1 1 0 - "
    "dhvposvuju8iup63dpt5lcl7nhm59mnp SOA\n"
    "chvposvuju8iup63dpt5lcl7nhm59mnp RRSIG " SIGNED(
	"NSEC3") "dhvposvuju8iup63dpt5lcl7nhm59mnp NSEC3 1 1 0 - "
		 "thvposvuju8iup63dpt5lcl7nhm59mnp A\n"
		 "thvposvuju8iup63dpt5lcl7nhm59mnp NSEC3 1 1 0 - "
		 "uhvposvuju8iup63dpt5lcl7nhm59mnp A\n"
		 "uhvposvuju8iup63dpt5lcl7nhm59mnp NSEC3 1 1 0 - "
		 "chvposvuju8iup63dpt5lcl7nhm59mnp A\n";

#define HASHED(digit)                                                          \
	digit "06jtioi92oivlhta2bslmihffp0dfkf NSEC3 1 0 0 - "                 \
	      "506jtioi92oivlhta2bslmihffp0dfkf A\n" digit                     \
	      "06jtioi92oivlhta2bslmihffp0dfkf RRSIG " SIGNED("NSEC3")

static const char nsec3_split_text[] =
    "$ORIGIN u.test.\n" SIGNED_HEAD
    "@ NSEC3PARAM 1 0 0 -\n*.a A 192.0.2.1\n" HASHED("1") HASHED("5")
	HASHED("9") HASHED("d") HASHED("h") HASHED("l") HASHED("p") HASHED("t");

static const struct text_zone chain_zones[] = {
    {"n.test.", nsec_text, false}, {"w3.test.", nsec3_text, false}};
static const struct text_zone chain_split_zones[] = {
    {"v.test.", nsec_split_text, true}, {"u.test.", nsec3_split_text, true}};

static const struct text_zone whole_zones[] = {
    {"p.test.", plain_text, false}, {"s.test.", signed_text, false}};
static const struct text_zone split_zones[] = {{"t.test.", split_text, true}};
static const struct text_zone wide_zones[] = {{"w.test.", wide_text, false}};
static const struct text_zone root_zones[] = {{".", root_text, false}};

static struct seed {
	const struct generation *g;
	uint32_t slot;
} seeds[SEEDS_MAX];
static unsigned seeds_count, plain_count; /* those of chains follow */

static void
broken(const char *what)
{
	fprintf(stderr, "fuzz_cell: %s\n", what);
	abort();
}

static void
seeds_add(const struct text_zone *zones, unsigned n)
{
	struct generation *g;
	struct err err;

	if (text_generation_make(&g, NULL, zones, n, &err) != 0)
		broken(err.text);
	for (uint32_t i = 0; i < g->nslots && seeds_count < SEEDS_MAX; i++)
		if (generation_cell_bytes(g, i))
			seeds[seeds_count++] = (struct seed){g, i};
}

/* Octets that the name at `at` takes there; 0 if it is not sound. */
static size_t
name_read(const uint8_t *m, size_t bytes, size_t at)
{
	size_t start = at, here = 0, total = 1;

	for (unsigned hops = 0; at < bytes; hops++) {
		unsigned len = m[at];

		if (len == 0)
			return here ? here : at + 1 - start;
		if (len >= 0xc0) {
			if (at + 2 > bytes || hops > 2 * DNS_NAME_MAX)
				return 0;
			here = here ? here : at + 2 - start;
			at = wire_load16(m + at) & DNS_POINTER_MAX;
			continue;
		}
		total += len + 1;
		if (len > DNS_LABEL_MAX || total > DNS_NAME_MAX)
			return 0;
		at += len + 1;
	}
	return 0;
}

/* RDATA of the types whose names may be compressed: names, then so many octets
 * up to its very end. */
static bool
rdata_is_sound(
    const uint8_t *m, size_t bytes, uint16_t type, size_t at, size_t end)
{
	unsigned names = 1, behind = 0;

	if (type == DNS_TYPE_SOA) {
		names = 2;
		behind = 20;
	} else if (type == DNS_TYPE_MX) {
		at += 2;
	} else if (type != DNS_TYPE_NS && type != DNS_TYPE_CNAME &&
		   type != DNS_TYPE_PTR && type != DNS_TYPE_DNAME) {
		return true;
	}
	while (names--) {
		size_t n = name_read(m, bytes, at);

		if (n == 0 || at + n > end)
			return false;
		at += n;
	}
	return at + behind == end;
}

/* Behind response_is_sound(), which has seen to owners and lengths. */
static bool
response_rdata_is_sound(const uint8_t *m, size_t bytes)
{
	unsigned records = (unsigned)wire_load16(m + 6) + wire_load16(m + 8) +
	                   wire_load16(m + 10);
	size_t at = DNS_HEADER_BYTES;

	if (wire_load16(m + 4))
		at += name_read(m, bytes, at) + 4;
	while (records--) {
		uint16_t type;
		size_t end;

		at += name_read(m, bytes, at) + 10;
		type = wire_load16(m + at - 10);
		end = at + wire_load16(m + at - 2);
		if (!rdata_is_sound(m, bytes, type, at, end))
			return false;
		at = end;
	}
	return true;
}

/* One question about the cell; `capacity` octets behind it are just what the
 * engine may touch. */
static void
ask(const struct generation *g, const uint8_t *name, unsigned bytes,
    uint16_t type, unsigned how)
{
	static struct answer_batch *batch;
	static struct answer_config config;
	struct query_ctx ctx = {
	    .config = &config,
	    .transport = how & 2 ? ANSWER_STREAM : ANSWER_UDP,
	    .ttl_cap = how & 4 ? 30 : 0,
	};
	bool edns = !(how & 8);
	size_t most = edns ? 1232 : DNS_EDNS_MIN, room;
	uint8_t *m;
	struct wire_writer w;
	enum verdict verdict;
	size_t n;

	if (how & 2)
		most = how & 16 ? ANSWER_BUFFER_MIN - ANSWER_SPARE_BYTES
		                : DNS_MESSAGE_MAX;
	room = most + ANSWER_SPARE_BYTES;
	room = room < ANSWER_BUFFER_MIN ? ANSWER_BUFFER_MIN : room;
	m = malloc(room);
	w = wire_writer_make(m, room);
	if (!batch) {
		batch = answer_batch_new();
		answer_config_default(&config);
	}
	if (!m || !batch)
		abort();
	wire_write(&w, "\x12\x34\0\0\0\1\0\0\0\0\0", 11);
	wire_write8(&w, edns);
	wire_write(&w, name, bytes);
	wire_write16(&w, type);
	wire_write16(&w, DNS_CLASS_IN);
	if (edns) {
		wire_write(&w, "\0\0\x29\x10\0\0\0", 7);
		wire_write16(&w, how & 1 ? 0x8000 : 0);
		wire_write16(&w, 0);
	}
	n = answer_one(batch, g, &ctx, m, (size_t)(w.at - m), room, &verdict);
	if (n > most)
		broken("response over the limit");
	if (n == 0 || !response_is_sound(m, n))
		broken("response that does not parse");
	if (!response_rdata_is_sound(m, n))
		broken("RDATA that does not parse");
	free(m);
}

/* The whole name of a node, with labels in front. */
static unsigned
node_owner(const uint8_t *cell, const struct node_d *n, const char *front,
    uint8_t name[2 * DNS_NAME_MAX])
{
	const struct cell_header_d *h = (const void *)cell;
	unsigned bytes = (unsigned)strlen(front);

	memcpy(name, front, bytes);
	memcpy(name + bytes, n + 1, n->name_bytes);
	bytes += n->name_bytes;
	if (h->kind == CELL_SPLIT) {
		memcpy(name + bytes, cell + h->apex_off, h->apex_bytes);
		bytes += h->apex_bytes;
	} else if (!(n->flags & NODE_APEX)) {
		const struct node_d *apex =
		    (const void *)(cell + n->anchor + sizeof(struct zone_d));

		memcpy(name + bytes, apex + 1, apex->name_bytes);
		bytes += apex->name_bytes;
	}
	return bytes;
}

/* Asks for a node's name, a name below it, and a long one, by its types. */
static void
node_ask(const struct generation *g, const uint8_t *cell,
    const struct node_d *n, unsigned how)
{
	/* 28 letters: a length octet of its own */
	static const char *const fronts[] = {
	    "", "\1y", "\34abcdefghijklmnopqrstuvwxyz01"};
	static const uint16_t more[] = {DNS_TYPE_RRSIG, DNS_TYPE_DS,
	    DNS_TYPE_CNAME, DNS_TYPE_NS, DNS_TYPE_MX, DNS_TYPE_NSEC};
	const uint8_t *types =
	    (const uint8_t *)(n + 1) + ((n->name_bytes + 3u) & ~3u);

	for (unsigned i = 0; i < 3; i++) {
		uint8_t name[2 * DNS_NAME_MAX];
		unsigned bytes = node_owner(cell, n, fronts[i], name);

		if (bytes > DNS_NAME_MAX)
			continue;
		ask(g, name, bytes, DNS_TYPE_A, how);
		ask(g, name, bytes, DNS_TYPE_ANY, how);
		for (unsigned k = 0; how & 32 && k < 6; k++)
			ask(g, name, bytes, more[k], how);
		for (unsigned k = 0; k < n->ntypes && k < SPREAD_MAX; k++) {
			uint16_t type;

			memcpy(&type, types + k * sizeof(struct type_d), 2);
			ask(g, name, bytes, type, how);
		}
	}
}

static void
cell_ask(const struct seed *seed, const uint8_t *cell, unsigned how)
{
	const struct cell_header_d *h = (const void *)cell;
	const struct bucket_d *b = cell_buckets(cell);
	static uint64_t number = UINT32_MAX; /* others' are below */
	struct generation g = *seed->g;
	struct cell_ref *slots = malloc(g.nslots * sizeof *slots);
	struct err err;

	if (!slots)
		abort();
	memcpy(slots, g.slots, g.nslots * sizeof *slots);
	slots[seed->slot].base = cell;
	slots[seed->slot].nbuckets = h->nbuckets;
	g.slots = slots;
	g.number = ++number;
	/* the mask is the manifest's; cells may have any */
	g.depths[0] |= h->depths[0];
	g.depths[1] |= h->depths[1];
	generation_check_whole(&g, NULL, &err);
	for (uint32_t i = 0; i < h->nbuckets; i++)
		for (unsigned k = 0; k < b[i].count; k++)
			node_ask(&g, cell,
			    (const void *)(cell + b[i].node_off[k]), how);
	/* names that refer to this cell from others */
	if (h->kind != CELL_SHARED)
		for (unsigned i = 0; i < g.nslots; i++) {
			b = cell_buckets(slots[i].base);
			if (i == seed->slot || !slots[i].nbuckets ||
			    b->count == 0)
				continue;
			node_ask(&g, slots[i].base,
			    (const void *)(slots[i].base + b->node_off[0]),
			    how);
		}
	free(slots);
}

static void
edit(uint8_t *cell, size_t bytes, const uint8_t *e)
{
	size_t at = wire_load16(e);
	uint16_t operand = wire_load16(e + 3);

	if (at + 4 > bytes)
		return;
	switch (e[2] % 8) {
	case 0:
		cell[at] = (uint8_t)operand;
		break;
	case 1:
		memcpy(cell + at, &operand, 2);
		break;
	case 2:
		memcpy(cell + at, &(uint32_t){operand}, 4);
		break;
	case 3:
		cell[at] = (uint8_t)(cell[at] + operand);
		break;
	case 4:
		cell[at] ^= (uint8_t)operand;
		break;
	case 5: /* swap two octets */
		if (operand < bytes) {
			uint8_t keep = cell[at];

			cell[at] = cell[operand];
			cell[operand] = keep;
		}
		break;
	case 6: /* one place as another */
		if (operand + 4u <= bytes)
			memmove(cell + at, cell + operand, 4);
		break;
	case 7: /* a field of a block or a node moves up by two */
		if (operand && at + operand + 2u <= bytes)
			memmove(cell + at + 2, cell + at, operand);
		break;
	}
}

/* The cell of an input, in a block of its exact size, or NULL. */
static uint8_t *
cell_make(const struct seed *seed, const uint8_t *data, size_t size, bool raw,
    size_t *bytes)
{
	uint8_t *cell;

	*bytes = raw ? size & ~(size_t)(CELL_ALIGN - 1)
	             : generation_cell_bytes(seed->g, seed->slot);
	if (*bytes < sizeof(struct cell_header_d) || *bytes > CELL_FUZZ_MAX)
		return NULL;
	cell = aligned_alloc(CELL_ALIGN, *bytes);
	if (!cell)
		abort();
	if (raw) {
		uint32_t total = (uint32_t)*bytes;

		memcpy(cell, data, *bytes);
		memcpy(cell + offsetof(struct cell_header_d, bytes_total),
		    &total, sizeof total);
		return cell;
	}
	memcpy(cell, seed->g->slots[seed->slot].base, *bytes);
	for (size_t i = 0; i + 5 <= size; i += 5)
		edit(cell, *bytes, data + i);
	return cell;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct seed *seed;
	struct cell_expect expect;
	struct err err;
	uint8_t *cell;
	size_t bytes;

	if (!seeds_count) {
		seeds_add(whole_zones, 2);
		seeds_add(split_zones, 1);
		seeds_add(root_zones, 1);
		seeds_add(wide_zones, 1);
		plain_count = seeds_count;
		seeds_add(chain_zones, 2);
		seeds_add(chain_split_zones, 2);
	}
	if (size < 2)
		return 0;
	seed = &seeds[(data[0] & 0x3f) % plain_count];
	if (data[0] & 0x40)
		seed = &seeds[plain_count +
			      (data[0] & 0x3f) % (seeds_count - plain_count)];
	cell = cell_make(seed, data + 2, size - 2, data[0] & 0x80, &bytes);
	if (!cell)
		return 0;
	generation_cell_expect(seed->g, seed->slot, &expect);
	if (cell_verify(cell, bytes, &expect, &err) == 0)
		cell_ask(seed, cell, data[1]);
	free(cell);
	return 0;
}
