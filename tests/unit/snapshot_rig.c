/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Snapshots for tests, in memory and in stores.
 */
#include "tests/unit/snapshot_rig.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "snapshot/cell_builder.h"
#include "tests/unit/zone_text.h"

const struct name_key rig_key = {
    {0x0123456789abcdefull, 0xfedcba9876543211ull}};

#define SIG(type)                                                              \
	" RRSIG " type                                                         \
	" 8 2 300 20300101000000 20200101000000 1 signed.test. "               \
	"AAAA\n"

const struct rig_zone rig_zones[] = {
    {"rig.test.",
	"@ 3600 SOA ns1 Host.Master.rig.test. 1 7200 3600 1209600 300\n"
	"@ NS ns1\n@ NS ns.sub\n@ NS ns.other.example.\n"
	"@ MX 10 mail\n@ MX 20 MAIL.Example.com.\n@ TXT \"v=spf1 -all\"\n"
	"ns1 A 192.0.2.1\nns1 AAAA 2001:db8::1\n"
	"mail A 192.0.2.2\nmail A 192.0.2.3\n"
	"www CNAME host\nhost CNAME mail\nout CNAME www.example.com.\n"
	"apexward CNAME @\n"
	"loop CNAME pool\npool CNAME loop\n"
	"a.b.c A 192.0.2.4\n*.wild A 192.0.2.5\n*.wild MX 5 mail\n"
	"*.wildc CNAME target.wildc\nx.wild TXT \"blocks\"\n"
	"sub NS ns.sub\nsub NS ns1\nsub NS x.ns.sub\nns.sub A 192.0.2.6\n"
	"x.ns.sub AAAA 2001:db8::6\nsub DS 1 8 2 "
	"0000000000000000000000000000000000000000000000000000000000000000\n"
	"dn DNAME elsewhere.example.\ndn A 192.0.2.7\n"
	"_sip._udp SRV 1 2 5060 mail\nunknown TYPE65400 \\# 4 0a000001\n"
	"ptr PTR mail\n",
	RIG_WHOLE},
    {"signed.test.",
	"@ 3600 SOA ns admin 7 7200 3600 1209600 60\n@" SIG("SOA") "@ NS ns\n@" SIG("NS") "@ DNSKEY 256 3 8 AwEAAQ==\n@" SIG(
	    "DNSKEY") "ns A 192.0.2.9\nns" SIG("A") "w CNAME ns\nw" SIG("CNAME") "cut NS ns.cut\nns.cut A 192.0.2.10\ncut DS 1 8 2 "
										 "00000000000000000000000000000000000000000000000000000000"
										 "00000000\ncut" SIG("DS") "d DNAME t.example.\nd" SIG(
										     "DNAME"),
	RIG_WHOLE},
    {"split.test.",
	"@ 3600 SOA ns.sub admin 9 7200 3600 1209600 60\n@ NS ns.sub\n"
	"sub NS ns.sub\nns.sub A 192.0.2.20\n"
	"sib NS ns.sub\nsib NS ns.far.sub\nsib NS glue\n"
	"ns.far.sub AAAA 2001:db8::20\nglue A 192.0.2.21\n"
	"c1 CNAME c2.deep.er\nc2.deep.er CNAME glue\n*.w TXT \"w\"\n"
	"a A 192.0.2.22\nb A 192.0.2.23\nc A 192.0.2.24\nd.e.f A 192.0.2.25\n",
	2},
    {"10.in-addr.arpa.",
	"@ 60 SOA ns.rig.test. admin.rig.test. 1 2 3 4 5\n@ NS "
	"ns.rig.test.\n1.2.3 PTR host.rig.test.\n",
	RIG_WHOLE},
};
const size_t rig_zones_count = sizeof rig_zones / sizeof *rig_zones;

#define SIG_OF(zone, type)                                                     \
	" RRSIG " type " 8 2 300 20300101000000 20200101000000 1 " zone        \
	" AAAA\n"
#define NSEC(owner, next, types)                                               \
	owner " NSEC " next ".nsec.test. " types                               \
	      " RRSIG NSEC\n" owner SIG_OF("nsec.test.", "NSEC")
#define NSEC3(hash, next, types)                                               \
	hash " NSEC3 1 1 1 AB " next " " types                                 \
	     "\n" hash SIG_OF("nsec3.test.", "NSEC3")

/* Two levels of the search tree; octets 0 and 1; an empty non-terminal and a
 * name that is not in the chain. */
static const char nsec_text[] =
    "@ 3600 SOA ns admin 7 7200 3600 1209600 60\n@ NS ns\n"
    "@ DNSKEY 256 3 8 AwEAAQ==\n"
    "ns A 192.0.2.9\na A 192.0.2.9\nx.b A 192.0.2.9\n*.c TXT \"c\"\n"
    "sub NS ns.sub\nns.sub A 192.0.2.10\nsafe NS ns\n"
    "safe DS 1 8 1 0000000000000000000000000000000000000000\n"
    "f A 192.0.2.1\nf\\000 A 192.0.2.1\nf\\001 A 192.0.2.1\n"
    "longlonglong1 A 192.0.2.1\nlonglonglong2 A 192.0.2.1\n"
    "unchained A 192.0.2.1\n" NSEC("@", "a", "SOA NS DNSKEY")
	NSEC("a", "x.b", "A") NSEC("x.b", "*.c", "A") NSEC("*.c", "f", "TXT")
	    NSEC("f", "f\\000", "A") NSEC("f\\000", "f\\001", "A")
		NSEC("f\\001", "longlonglong1", "A")
		    NSEC("longlonglong1", "longlonglong2", "A")
			NSEC("longlonglong2", "ns", "A") NSEC("ns", "safe", "A")
			    NSEC("safe", "sub",
				"NS DS") "sub NSEC nsec.test. NS RRSIG NSEC\n"
					 "sub" SIG_OF("nsec.test.", "NSEC");

/* Hashes of: a, *.w, sub, the apex, b, w, ns. */
static const char nsec3_text[] =
    "@ 3600 SOA ns admin 7 7200 3600 1209600 60\n@ NS ns\n"
    "@ DNSKEY 256 3 8 AwEAAQ==\n@ NSEC3PARAM 1 0 1 AB\n"
    "ns A 192.0.2.9\na A 192.0.2.9\nb A 192.0.2.9\n*.w TXT \"w\"\n"
    "sub NS ns\n" NSEC3("022qq07qegpa3nm8mm0p16tq4gmbvta4",
	"3u6862gmpahm5roqh5tgj1q2m7quuglo", "A RRSIG")
	NSEC3("3u6862gmpahm5roqh5tgj1q2m7quuglo",
	    "l4j9dfhb9081imvlppmc8j12982brm4c", "TXT RRSIG")
	    NSEC3("l4j9dfhb9081imvlppmc8j12982brm4c",
		"roeetlf7glcle5cktqd4e0ul4i15qm8q", "NS")
		NSEC3("roeetlf7glcle5cktqd4e0ul4i15qm8q",
		    "srbr0e1lq69n97mmfj81k6h0695ki26d",
		    "SOA NS DNSKEY NSEC3PARAM RRSIG")
		    NSEC3("srbr0e1lq69n97mmfj81k6h0695ki26d",
			"u037hdj9b6c70hlkci1370jm7nh1asrl", "A RRSIG")
			NSEC3("u037hdj9b6c70hlkci1370jm7nh1asrl",
			    "vqiqk0ml5c5vcissi33jboihvudvajub", "")
			    NSEC3("vqiqk0ml5c5vcissi33jboihvudvajub",
				"022qq07qegpa3nm8mm0p16tq4gmbvta4", "A RRSIG");

/* Ranges begin at n6806 and n7170. */
static const char nsecs_text[] =
    "@ 3600 SOA ns admin 7 7200 3600 1209600 60\n@ NS ns\n"
    "@ DNSKEY 256 3 8 AwEAAQ==\n"
    "@ NSEC a SOA NS DNSKEY\na NSEC n6806 NSEC\nn6806 NSEC n70 NSEC\n"
    "n70 NSEC n7170 NSEC\nn7170 NSEC ns NSEC\nns NSEC sub A NSEC\n"
    "ns A 192.0.2.1\nsub NS ns\nsub NSEC @ NS NSEC\n";

/* The hash of the apex, and seven that are a thirty-second apart. */
#define HASHED(digit)                                                          \
	digit                                                                  \
	    "mcllho4pfj5frq6c06rtrjldfckqqrb NSEC3 1 0 0 - "                   \
	    "0mcllho4pfj5frq6c06rtrjldfckqqrb A\n" digit                       \
	    "mcllho4pfj5frq6c06rtrjldfckqqrb" SIG_OF("nsec3s.test.", "NSEC3")

static const char nsec3s_text[] =
    "@ 3600 SOA ns admin 7 7200 3600 1209600 60\n@ NS ns\n"
    "@ DNSKEY 256 3 8 AwEAAQ==\n@ NSEC3PARAM 1 0 0 -\n"
    "ns A 192.0.2.9\na A 192.0.2.9\nb A 192.0.2.9\n" HASHED("0") HASHED("4")
	HASHED("8") HASHED("c") HASHED("g") HASHED("k") HASHED("o") HASHED("s");

const struct rig_zone rig_denial_zones[] = {
    {"nsec.test.", nsec_text, RIG_WHOLE},
    {"nsec3.test.", nsec3_text, RIG_WHOLE},
    {"nsecs.test.", nsecs_text, 2},
    {"nsec3s.test.", nsec3s_text, 1},
};
const size_t rig_denial_zones_count =
    sizeof rig_denial_zones / sizeof *rig_denial_zones;

static void
split_add(struct rig *r, const struct zone_records *z, unsigned bits)
{
	struct split_d *s = &r->splits[r->nsplits++];

	struct zone_denial denial;

	zone_denial_count(z, &r->key, RIG_DENIAL_BYTES, NULL, &denial);
	*s = (struct split_d){
	    .first_slot = r->nslots,
	    .bits = (uint8_t)bits,
	    .apex_bytes = z->apex_bytes,
	    .denial_slots = denial.slots,
	    .denial_kind = denial.kind,
	};
	memcpy(s->apex, z->apex, z->apex_bytes);
	r->nslots += (1u << bits) + denial.slots;
}

static void
shared_cells_build(struct rig *r, struct zone_plan **plans, size_t count)
{
	const struct zone_plan **here = calloc(count, sizeof *here);
	struct err err;

	for (uint32_t slot = 0; slot < 1u << r->slot_bits; slot++) {
		size_t n = 0;

		for (size_t i = 0; i < count; i++)
			if (name_slot(zone_plan_apex_hash(plans[i]),
				r->slot_bits) == slot)
				here[n++] = plans[i];
		if (n == 0)
			continue;
		ck_assert_msg(cell_build_shared(here, n, &r->key, slot,
				  r->slot_bits, &r->cells[slot], &err) == 0,
		    "%s", err.text);
	}
	free(here);
}

static void
split_cells_build(struct rig *r, uint32_t split, const struct zone_plan *plan)
{
	const struct split_d *s = &r->splits[split];
	const struct zone_denial denial = {s->denial_kind, s->denial_slots};
	struct bytes *cells = &r->cells[s->first_slot];
	struct err err;

	for (uint32_t i = 0; i < 1u << s->bits; i++, cells++)
		ck_assert_msg(
		    cell_build_split(plan, &r->key, i, cells, &err) == 0, "%s",
		    err.text);
	for (uint32_t i = 0; i < s->denial_slots; i++, cells++)
		ck_assert_msg(cell_build_denial(
				  plan, &r->key, &denial, i, cells, &err) == 0,
		    "%s", err.text);
}

static void
slots_fill(struct rig *r)
{
	for (uint32_t i = 0; i < r->nslots; i++) {
		struct cell_expect expect;
		struct digest d;

		if (r->cells[i].len == 0)
			continue;
		digest_of(&d, r->cells[i].data, r->cells[i].len);
		memcpy(r->slots[i].cell, d.b, DIGEST_BYTES);
		rig_expect(r, i, &expect);
		if (expect.kind != CELL_SHARED && expect.kind != CELL_SPLIT)
			continue;
		/* the cell's digest will do for a pack's content */
		digest_of(&d, d.b, DIGEST_BYTES);
		memcpy(r->slots[i].records, d.b, DIGEST_BYTES);
	}
}

void
rig_manifest(struct rig *r, const struct digest *parent)
{
	const struct manifest_parts parts = {
	    .parent = parent ? parent->b : NULL,
	    .key = r->key,
	    .depths = {r->depths[0], r->depths[1]},
	    .slot_bits = r->slot_bits,
	    .nzones = r->nzones,
	    .slots = r->slots,
	    .nslots = r->nslots,
	    .splits = r->splits,
	    .nsplits = r->nsplits,
	};
	struct err err;

	bytes_clear(&r->manifest);
	ck_assert_msg(
	    manifest_write(&parts, &r->manifest, &err) == 0, "%s", err.text);
	digest_of(&r->digest, r->manifest.data, r->manifest.len);
}

void
rig_make(struct rig *r, const struct name_key *key,
    const struct rig_zone *zones, size_t count, unsigned slot_bits,
    const struct digest *parent)
{
	struct zone_plan **plans = calloc(count, sizeof *plans);
	struct zone_records **records = calloc(count, sizeof *records);
	uint32_t split = 0;

	*r = (struct rig){.key = *key, .slot_bits = slot_bits};
	r->nslots = 1u << slot_bits;
	r->nzones = (uint32_t)count;
	bytes_init(&r->manifest);
	for (size_t i = 0; i < count; i++) {
		bool whole = zones[i].split_bits == RIG_WHOLE;
		struct err err;
		unsigned labels;

		records[i] = zone_from_text(zones[i].apex, zones[i].text);
		labels = name_labels(records[i]->apex);
		r->depths[labels / 64] |= 1ull << labels % 64;
		ck_assert_msg(zone_plan_new(&plans[i], records[i], key,
				  whole ? NO_SPLIT : (uint16_t)r->nsplits,
				  whole ? 0 : zones[i].split_bits, &err) == 0,
		    "%s", err.text);
		if (!whole)
			split_add(r, records[i], zones[i].split_bits);
	}
	r->cells = calloc(r->nslots, sizeof *r->cells);
	r->slots = calloc(r->nslots, sizeof *r->slots);
	shared_cells_build(r, plans, count);
	for (size_t i = 0; i < count; i++)
		if (zones[i].split_bits != RIG_WHOLE)
			split_cells_build(r, split++, plans[i]);
	slots_fill(r);
	rig_manifest(r, parent);
	for (size_t i = 0; i < count; i++) {
		zone_plan_free(plans[i]);
		zone_records_free(records[i]);
	}
	free(plans);
	free(records);
}

void
rig_free(struct rig *r)
{
	for (uint32_t i = 0; i < r->nslots; i++)
		bytes_fini(&r->cells[i]);
	free(r->cells);
	free(r->slots);
	bytes_fini(&r->manifest);
}

void
rig_expect(const struct rig *r, uint32_t slot, struct cell_expect *out)
{
	*out = (struct cell_expect){
	    .key = &r->key,
	    .kind = CELL_SHARED,
	    .slot = slot,
	    .slot_bits = r->slot_bits,
	    .split_no = NO_SPLIT,
	    .splits = r->splits,
	    .nsplits = r->nsplits,
	};
	for (uint32_t i = 0; i < r->nsplits; i++) {
		const struct split_d *s = &r->splits[i];

		uint32_t denial = s->first_slot + (1u << s->bits);

		if (slot < s->first_slot || slot >= denial + s->denial_slots)
			continue;
		out->split = s;
		out->split_no = i;
		if (slot < denial) {
			out->kind = CELL_SPLIT;
			out->slot = slot - s->first_slot;
			out->slot_bits = s->bits;
		} else if (s->denial_kind == DENIAL_NSEC) {
			out->kind = CELL_DENIAL_NSEC;
			out->slot = out->slot_bits = 0;
		} else {
			out->kind = CELL_DENIAL_NSEC3;
			out->slot = slot - denial;
			out->slot_bits =
			    (uint32_t)__builtin_ctz(s->denial_slots);
		}
	}
}

struct generation *
rig_generation(const struct rig *r)
{
	struct load_bytes *cells = calloc(r->nslots, sizeof *cells);
	struct generation *g;
	struct err err;

	for (uint32_t i = 0; i < r->nslots; i++) {
		cells[i].data = r->cells[i].data;
		cells[i].bytes = r->cells[i].len;
	}
	ck_assert_msg(generation_from_bytes(&g, r->manifest.data,
			  r->manifest.len, cells, &err) == 0,
	    "%s", err.text);
	free(cells);
	return g;
}

void
rig_put(struct rig *r, struct store *s)
{
	struct digest d;
	struct err err;

	for (uint32_t i = 0; i < r->nslots; i++) {
		if (r->cells[i].len == 0)
			continue;
		ck_assert_msg(store_put(s, STORE_CELL, r->cells[i].data,
				  r->cells[i].len, &d, &err) == 0,
		    "%s", err.text);
		ck_assert_msg(store_put(s, STORE_RECORDS, d.b, DIGEST_BYTES, &d,
				  &err) == 0,
		    "%s", err.text);
	}
	ck_assert_msg(store_sync(s, &err) == 0, "%s", err.text);
	ck_assert_msg(store_put(s, STORE_CANDIDATE, r->manifest.data,
			  r->manifest.len, &d, &err) == 0,
	    "%s", err.text);
}
