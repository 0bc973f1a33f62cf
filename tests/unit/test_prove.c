/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The proof on sound cells and on cells with each defect that fault.h knows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "control/compile/prove.h"
#include "snapshot/cell_builder.h"
#include "snapshot/fault.h"
#include "snapshot/load.h"
#include "snapshot/manifest.h"
#include "snapshot/verify.h"
#include "tests/unit/unit_run.h"
#include "tests/unit/zone_text.h"

enum { ZONES = 4, CELLS_MAX = 16, SPLIT_BITS = 1 };

#define LONG                                                                   \
	"0123456789012345678901234567890123456789012345678901234567890123"     \
	"0123456789012345678901234567890123456789012345678901234567890123"     \
	"0123456789012345678901234567890123456789012345678901234567890123"

/* A parent, a child of it that is served as well, and two signed zones. */
static const char parent_text[] =
    "@ 3600 SOA ns1 host 1 3600 600 86400 300\n"
    "@ 3600 NS ns1\n"
    "@ 3600 NS ns.sub\n"
    "@ 3600 MX 10 Mail\n"
    "ns1 3600 A 192.0.2.1\n"
    "ns1 3600 AAAA 2001:db8::1\n"
    "mail 600 A 192.0.2.2\n"
    "mail 600 A 192.0.2.3\n"
    "mail 600 A 192.0.2.4\n"
    "text 600 TXT \"Some Text In Both Cases\"\n"
    "mx 600 MX 10 mail.deep.er\n"
    "mx 600 MX 20 mail\n"
    "mail.deep.er 600 AAAA 2001:db8::2\n"
    "srv 600 SRV 0 0 53 Mail\n"
    "unknown 600 TYPE65280 \\# 4 01020304\n"
    "*.wild 600 TXT \"wild\"\n"
    "*.wild 600 A 192.0.2.5\n"
    "shadow.wild 600 A 192.0.2.6\n"
    "a.ent.wild 600 A 192.0.2.7\n"
    "*.wildcname 600 CNAME mail\n"
    "alias 600 CNAME alias2\n"
    "alias2 600 CNAME mail\n"
    "alias-out 600 CNAME www.example.net.\n"
    "alias-none 600 CNAME none\n"
    "alias-wild 600 CNAME some.wild\n"
    "alias-cut 600 CNAME www.sub\n"
    "alias-dname 600 CNAME target.dname\n"
    "loop1 600 CNAME loop2\n"
    "loop2 600 CNAME loop1\n"
    "sub 7200 NS ns.sub\n"
    "sub 7200 NS ns.sub2\n"
    "sub 7200 NS ns1\n"
    "sub 7200 NS ns.example.net.\n"
    "ns.sub 7200 A 192.0.2.8\n"
    "ns.sub 7200 AAAA 2001:db8::8\n"
    "hidden.sub 7200 TXT \"below a cut\"\n"
    "*.sub 7200 TXT \"below a cut\"\n"
    "sub2 7200 NS ns.sub2\n"
    "sub2 7200 NS ns.sub\n"
    "ns.sub2 7200 A 192.0.2.9\n"
    "child 7200 NS ns.child\n"
    "child 7200 DS 1 8 2 "
    "0123456789012345678901234567890123456789012345678901234567890123\n"
    "ns.child 7200 A 192.0.2.10\n"
    "dname 600 DNAME moved\n"
    "dname 600 TXT \"beside\"\n"
    "target.moved 600 A 192.0.2.11\n"
    "dname-long 600 DNAME "
    "a123456789012345678901234567890123456789012345678901234567890."
    "a123456789012345678901234567890123456789012345678901234567890."
    "a123456789012345678901234567890123456789012345678901234567890\n"
    "long 600 CNAME "
    "a1234567890123456789012345678901234567890.b.dname-long\n"
    "there DNAME back\n"
    "a.back CNAME b.there\n"
    "b.back A 192.0.2.12\n"
    "ring1 DNAME x.ring2\n"
    "ring2 DNAME y.ring1\n"
    "self DNAME self\n"
    "*.wildcut NS ns1\n"
    "*.wilddname DNAME moved\n"
    "*.wilddname TXT \"beside\"\n"
    "UPPER.Case A 192.0.2.14\n"
    "cased MX 10 uPPer.cASE\n"
    "k01 CNAME k02\nk02 CNAME k03\nk03 CNAME k04\nk04 CNAME k05\n"
    "k05 CNAME k06\nk06 CNAME k07\nk07 CNAME k08\nk08 CNAME k09\n"
    "k09 CNAME k10\nk10 CNAME k11\nk11 CNAME k12\nk12 CNAME k13\n"
    "k13 CNAME k14\nk14 CNAME k15\nk15 CNAME k16\nk16 CNAME k17\n"
    "k17 CNAME k18\nk18 CNAME k19\nk19 A 192.0.2.13\n"
    "e.d.c.b.ents 600 TXT \"deep\"\n"
    /* more than 512 octets */
    "large 600 TXT " LONG " " LONG " " LONG "\n";

static const char child_text[] = "@ 3600 SOA ns host 7 3600 600 86400 60\n"
				 "@ 3600 NS ns\n"
				 "@ 3600 A 192.0.2.20\n"
				 "ns 3600 A 192.0.2.10\n"
				 "www 3600 A 192.0.2.21\n";

#define SIGNATURE(covers, labels)                                              \
	" RRSIG " covers " 8 " labels                                          \
	" 300 20300101000000 20200101000000 1 signed. c2lnbmF0dXJl\n"

#define PROOF(type, owner, next, types)                                        \
	owner " 60 " type " " next " " types "\n" owner                        \
	      " 60" SIGNATURE(type, "2")
static const char signed_text[] =
    "@ 3600 SOA ns host 7 3600 600 86400 60\n"
    "@ 3600" SIGNATURE(
	"SOA", "1") "@ 3600 NS ns\n"
		    "@ 3600" SIGNATURE("NS",
			"1") "@ 3600 DNSKEY 256 3 8 AwEAAcw=\n"
			     "@ 3600" SIGNATURE("DNSKEY", "1") PROOF("NSEC",
				 "@", "alias",
				 "NS SOA RRSIG NSEC DNSKEY") "alias 3600 CNAME ns\n"
							     "alias 3600" SIGNATURE(
								 "CNAME", "2")
								 PROOF("NSEC",
								     "alias", "dname", "CNAME RRSIG NSEC") "dname 3600 DNAME w\n"
													   "dname 3600" SIGNATURE("DNAME", "2") PROOF("NSEC", "dname", "ns", "DNAME RRSIG NSEC") "ns 3600 A 192.0.2.30\n"
																								 "ns 3600" SIGNATURE("A", "2") PROOF("NSEC", "ns", "safe", "A RRSIG NSEC") "safe 3600 NS ns.safe\n"
																																	   "safe 3600 DS 1 8 2 "
																																	   "0123456789012345678901234567890123456789012345678901234567890123\n"
																																	   "safe 3600" SIGNATURE(
																																	       "DS",
																																	       "2") PROOF("NSEC", "safe", "unsafe", "NS DS RRSIG NSEC") "ns.safe 3600 A 192.0.2.32\n"
																																									"unsafe 3600 NS ns.safe\n" PROOF("NSEC", "unsafe", "*.w", "NS RRSIG NSEC") "*.w 3600 A 192.0.2.31\n"
																																																		   "*.w 3600" SIGNATURE("A", "2") PROOF("NSEC", "*.w",
																																																		       "@",
																																																		       "A RRSIG NSEC");

#define HASHED(owner, next, types) PROOF("NSEC3", owner, "1 1 0 - " next, types)

/* NSEC3 with opt-out: "unsafe" and what is above "un.der" are not in it. */
static const char hashed_text[] =
    "@ 3600 SOA ns host 7 3600 600 86400 60\n"
    "@ 3600" SIGNATURE("SOA",
	"1") "@ 3600 NS a\n"
	     "@ 3600" SIGNATURE("NS",
		 "1") "@ 3600 DNSKEY 256 3 8 AwEAAcw=\n"
		      "@ 3600" SIGNATURE("DNSKEY",
			  "1") "@ 0 NSEC3PARAM 1 0 0 -\n"
			       "@ 0" SIGNATURE("NSEC3PARAM",
				   "1") "a 3600 A 192.0.2.30\n"
					"a 3600" SIGNATURE("A",
					    "2") "b 3600 A 192.0.2.31\n"
						 "b 3600" SIGNATURE("A",
						     "2") "*.w 3600 TXT \"wild\"\n"
							  "*.w 3600" SIGNATURE(
							      "TXT",
							      "2") "x.e 3600 CNAME q.w\n"
								   "x.e 3600" SIGNATURE(
								       "CNAME",
								       "2") "safe 3600 NS a\n"
									    "safe 3600 DS 1 8 2 "
									    "0123456789012345678901234567890123456789012345678901234567890123\n"
									    "safe 3600" SIGNATURE(
										"DS",
										"2") "unsafe 3600 NS a\n"
										     "un.der 3600 NS a\n"
    /* hashed. */
    HASHED("5s3l3nfi4tsdabq0o4i5l1i2ipe79qpm",
	"dm0ji90lq6gkaig3nm8emfls57gkfnct", "NS SOA RRSIG DNSKEY NSEC3PARAM")
    /* w.hashed. */
    HASHED("dm0ji90lq6gkaig3nm8emfls57gkfnct",
	"dm6hgkllgnljrdpgch0ash2228ft9qna", "")
    /* b.hashed. */
    HASHED("dm6hgkllgnljrdpgch0ash2228ft9qna",
	"e8j53m45cdjkr1ir1cp4cb6b3dg191mm", "A RRSIG")
    /* x.e.hashed. */
    HASHED("e8j53m45cdjkr1ir1cp4cb6b3dg191mm",
	"fiie4sg9f77urutegpnfr35h0mtct7lv", "CNAME RRSIG")
    /* safe.hashed. */
    HASHED("fiie4sg9f77urutegpnfr35h0mtct7lv",
	"grkplljv0rm2i5eecnmokd1lgmjl0402", "NS DS RRSIG")
    /* a.hashed. */
    HASHED("grkplljv0rm2i5eecnmokd1lgmjl0402",
	"hkod64k0c14530phuevdqfgh2r7kb8cc", "A RRSIG")
    /* e.hashed. */
    HASHED("hkod64k0c14530phuevdqfgh2r7kb8cc",
	"ma81joh24bshlkh92ao1eq6esvvmstaa", "")
    /* *.w.hashed. */
    HASHED("ma81joh24bshlkh92ao1eq6esvvmstaa",
	"5s3l3nfi4tsdabq0o4i5l1i2ipe79qpm", "TXT RRSIG");

static const struct name_key key = {{0x0123456789abcdef, 0xfedcba9876543211}};

struct world {
	struct zone_records *zones[ZONES];
	struct bytes cells[CELLS_MAX];
	uint32_t ncells;
	struct split_d split;
	struct generation *generation;
};

static void
cell_check(struct world *w, uint32_t i, enum cell_kind kind)
{
	const struct cell_expect expect = {
	    .key = &key,
	    .kind = kind,
	    .slot = kind == CELL_SHARED ? 0 : i - 1,
	    .slot_bits = kind == CELL_SHARED ? 0 : SPLIT_BITS,
	    .split = kind == CELL_SHARED ? NULL : &w->split,
	    .split_no = kind == CELL_SHARED ? NO_SPLIT : 0,
	    .splits = &w->split,
	    .nsplits = w->ncells > 1,
	};
	struct err err;

	ck_assert_msg(
	    cell_verify(w->cells[i].data, w->cells[i].len, &expect, &err) == 0,
	    "cell %u: %s", i, err.text);
}

/* Builds all cells; the first zone is split if `split`. False if the builder
 * itself saw that something is wrong. */
static bool
cells_build(struct world *w, bool split)
{
	struct zone_plan *plans[ZONES];
	struct err err;
	bool built = true;

	w->ncells = split ? 1 + (1 << SPLIT_BITS) : 1;
	for (unsigned i = 0; i < ZONES; i++)
		ck_assert_msg(zone_plan_new(&plans[i], w->zones[i], &key,
				  split && i == 0 ? 0 : NO_SPLIT,
				  split && i == 0 ? SPLIT_BITS : 0, &err) == 0,
		    "%s", err.text);
	for (uint32_t i = 0; i < w->ncells; i++) {
		bytes_init(&w->cells[i]);
		int code = i == 0 ? cell_build_shared(
					(const struct zone_plan *const *)plans,
					ZONES, &key, 0, 0, &w->cells[0], &err)
		                  : cell_build_split(plans[0], &key, i - 1,
					&w->cells[i], &err);

		built &= code == 0;
	}
	for (unsigned i = 0; i < ZONES; i++)
		zone_plan_free(plans[i]);
	return built;
}

static bool
generation_build(struct world *w, bool split)
{
	struct slot_d slots[CELLS_MAX] = {0};
	struct load_bytes load[CELLS_MAX];
	struct manifest_parts parts = {
	    .key = key,
	    .depths = {0x6, 0},
	    .nzones = ZONES,
	    .slots = slots,
	    .splits = &w->split,
	};
	struct bytes manifest;
	struct digest digest;
	struct err err;

	w->split = (struct split_d){.first_slot = 1, .bits = SPLIT_BITS};
	w->split.apex_bytes = w->zones[0]->apex_bytes;
	memcpy(w->split.apex, w->zones[0]->apex, w->split.apex_bytes);
	if (!cells_build(w, split))
		return false;
	for (uint32_t i = 0; i < w->ncells; i++) {
		cell_check(w, i, i ? CELL_SPLIT : CELL_SHARED);
		digest_of(&digest, w->cells[i].data, w->cells[i].len);
		memcpy(slots[i].cell, digest.b, DIGEST_BYTES);
		memcpy(slots[i].records, digest.b, DIGEST_BYTES);
		load[i] =
		    (struct load_bytes){w->cells[i].data, w->cells[i].len};
	}
	parts.nslots = w->ncells;
	parts.nsplits = split;
	bytes_init(&manifest);
	ck_assert_msg(
	    manifest_write(&parts, &manifest, &err) == 0, "%s", err.text);
	ck_assert_msg(generation_from_bytes(&w->generation, manifest.data,
			  manifest.len, load, &err) == 0,
	    "%s", err.text);
	bytes_fini(&manifest);
	return true;
}

/* The lines of a zone without those that have the word. */
static struct zone_records *
zone_without(const char *apex, const char *text, const char *word)
{
	struct zone_records *z;
	struct bytes left;

	bytes_init(&left);
	for (const char *end; *text; text = end + 1) {
		const char *found = strstr(text, word);

		end = strchr(text, '\n');
		if (!found || found > end)
			bytes_append(&left, text, (size_t)(end + 1 - text));
	}
	bytes_append(&left, "", 1);
	z = zone_from_text(apex, (const char *)left.data);
	bytes_fini(&left);
	return z;
}

/* Without chains of NSEC and NSEC3 zones are signed, and prove no absence. */
static void
world_make(struct world *w, bool chains)
{
	memset(w, 0, sizeof *w);
	/* in canonical order of the apexes */
	w->zones[0] = zone_from_text("example.", parent_text);
	w->zones[1] = zone_from_text("child.example.", child_text);
	w->zones[2] = zone_without(
	    "hashed.", hashed_text, chains ? "no such word" : " NSEC3PARAM ");
	w->zones[3] = zone_without(
	    "signed.", signed_text, chains ? "no such word" : " NSEC ");
}

static void
cells_free(struct world *w)
{
	generation_free(&w->generation);
	for (uint32_t i = 0; i < w->ncells; i++)
		bytes_fini(&w->cells[i]);
	w->ncells = 0;
}

static void
world_free(struct world *w)
{
	cells_free(w);
	for (unsigned i = 0; i < ZONES; i++)
		zone_records_free(w->zones[i]);
}

static int
world_prove(const struct world *w, struct prove_fault faults[ZONES],
    size_t *nfaults, uint64_t *answers, struct err *err)
{
	const uint32_t subjects[ZONES] = {0, 1, 2, 3};

	return prove_zones(w->generation,
	    (const struct zone_records *const *)w->zones, ZONES, subjects,
	    ZONES, NULL, faults, ZONES, nfaults, answers, err);
}

static void
prove_sound(bool split)
{
	struct world w;
	struct prove_fault faults[ZONES];
	struct err err = {0};
	size_t nfaults;
	uint64_t answers;

	world_make(&w, true);
	ck_assert(generation_build(&w, split));
	int code = world_prove(&w, faults, &nfaults, &answers, &err);

	for (size_t i = 0; i < nfaults; i++)
		fprintf(stderr, "%s\n", faults[i].why.text);
	ck_assert_msg(code == 0, "%s", err.text);
	ck_assert_uint_eq(nfaults, 0);
	ck_assert_uint_gt(answers, 1000);
	world_free(&w);
}

START_TEST(sound_shared_cells_are_proven)
{
	prove_sound(false);
}
END_TEST

START_TEST(sound_split_cells_are_proven)
{
	prove_sound(true);
}
END_TEST

/* What the proof says first about a defect: zone, name, type, record. */
static const struct {
	const char *fault;
	unsigned every; /* the hits that the builder itself does not see */
	const char *text;
} defects[] = {
    {"builder-ttl-wrong", 1,
	"example. NS: expected \"example. 3600 IN NS ns.sub.example.\" in "
	"the answer section, found \"example. 3601 IN NS"},
    {"builder-rr-lost", 2,
	"expected \"mail.example. 600 IN A 192.0.2.4\" "
	"in the answer section, found nothing"},
    {"builder-rr-duplicated", 1,
	"example. NS: expected nothing in the answer section, found "
	"\"example. 3600 IN NS ns1.example.\""},
    {"builder-pointer-wrong", 1,
	"expected \"sub.example. 7200 IN NS ns.sub.example.\""},
    {"builder-rdata-octet", 1,
	"expected \"mail.example. 600 IN A 192.0.2.4\" in the answer "
	"section, found \"mail.example. 600 IN A 192.0.2.5\""},
    {"builder-case-folded", 1,
	"expected \"some.wild.example. 600 IN TXT \"wild\"\""},
    {"builder-type-lost", 1, "alias-wild.example. TXT"},
    {"builder-chase-lost", 1,
	"expected \"alias2.example. 600 IN CNAME mail.example.\""},
    {"builder-dname-lost", 1,
	"with \"alias-dname.example. 600 IN CNAME target.dname.example.\", "
	"found NXDOMAIN AA"},
    {"builder-cut-lost", 1,
	"with \"alias-cut.example. 600 IN CNAME www.sub.example.\", found "
	"NXDOMAIN AA"},
    {"builder-negative-ttl", 1, "expected \"example. 300 IN SOA ns1.example. "},
    {"builder-glue-lost", 1,
	"expected \"ns.sub.example. 7200 IN A 192.0.2.8\" in the "
	"additional section, found nothing"},
    {"builder-ds-lost", 1,
	"safe.signed. NS with DO: expected \"safe.signed. 3600 IN DS 1 8"},
    {"builder-signature-lost", 1,
	"signed. NS with DO: expected \"signed. 3600 IN RRSIG NS 8 1 300"},
    {"builder-wildcard-flag-lost", 1,
	"with \"alias-wild.example. 600 IN CNAME some.wild.example.\", "
	"found NXDOMAIN AA"},
    {"builder-occluded-served", 1, ".sub.example. "},
    {"builder-ent-missing", 1, ".example. "},
    {"builder-name-lost", 1,
	"expected NOERROR AA with "
	"\"alias.example. 600 IN CNAME alias2.example.\", found NXDOMAIN"},
    {"builder-zone-shadowed", 1, "example. NS: expected NOERROR AA with"},
    {"engine-aa-missing", 1,
	"expected NOERROR AA with \"example. 3600 IN NS ns.sub.example.\", "
	"found NOERROR"},
    {"engine-other-zone", 1,
	"child.example. NS: expected NOERROR AA with \"child.example. 3600 IN "
	"NS ns.child.example.\", found NOERROR"},
    {"engine-ds-from-child", 1,
	"child.example. DS: expected nothing in the authority section, found "
	"\"child.example. 60 IN SOA"},
    {"engine-do-ignored", 1, "expected \"signed. 3600 IN RRSIG NS 8 1 300"},
    {"engine-case-lost", 1, "expected the question, case kept"},
    {"engine-encloser-too-high", 1,
	"with \"alias-cut.example. 600 IN CNAME www.sub.example.\", found "
	"NXDOMAIN AA"},
    {"engine-cut-ignored", 1,
	"with \"alias-cut.example. 600 IN CNAME www.sub.example.\", found "
	"NXDOMAIN AA"},
    {"engine-wildcard-ignored", 1,
	"with \"alias-wild.example. 600 IN CNAME some.wild.example.\", "
	"found NXDOMAIN AA"},
    {"engine-chain-stops", 1,
	"expected \"alias2.example. 600 IN CNAME mail.example.\""},
    {"engine-chain-rcode-lost", 1,
	"expected NXDOMAIN AA with \"alias-none.example. 600 IN CNAME "
	"none.example.\", found NOERROR AA"},
    {"engine-move-off-by-one", 1, ".example. A: expected a response that"},
    {"engine-proof-lost", 1, " with DO: expected \""},
    {"engine-proof-before", 1, "NSEC"},
    {"engine-hash-before", 1, "NSEC3"},
    {"engine-proof-owner", 1, "NSEC"},
    {"engine-tc-missing", 1, "dname-long.example. MX over UDP: "},
};

static bool
is_defect(const char *fault)
{
	return strncmp(fault, "builder-", 8) == 0 ||
	       strncmp(fault, "engine-", 7) == 0;
}

/* Builds with the fault set (the cells pass the verifier) and proves: the
 * faults' texts one after the other, or NULL if nothing was found or the
 * builder noticed. The verifier sees what a chain's names lack: a builder with
 * defects gets zones without one. */
static char *
faults_of(const char *fault, unsigned every, bool split)
{
	struct world w;
	struct prove_fault faults[ZONES];
	struct err err = {0};
	size_t nfaults = 0;
	uint64_t answers;
	struct bytes text;

	bytes_init(&text);
	world_make(&w, strncmp(fault, "engine-", 7) == 0);
	fault_set(fault, every);
	if (generation_build(&w, split))
		world_prove(&w, faults, &nfaults, &answers, &err);
	fault_clear_all();
	for (size_t i = 0; i < nfaults; i++)
		bytes_printf(&text, "%s\n", faults[i].why.text);
	bytes_append(&text, "", 1);
	world_free(&w);
	if (nfaults)
		return (char *)text.data;
	bytes_fini(&text);
	return NULL;
}

START_TEST(each_defect_is_found_and_named)
{
	for (size_t i = 0; i < sizeof defects / sizeof defects[0]; i++) {
		if (!fault_set(defects[i].fault, 0))
			continue; /* a build without fault points */
		char *text =
		    faults_of(defects[i].fault, defects[i].every, false);

		ck_assert_msg(
		    text != NULL, "%s is not found", defects[i].fault);
		ck_assert_msg(strstr(text, defects[i].text) != NULL,
		    "%s: expected \"%s\" in:\n%s", defects[i].fault,
		    defects[i].text, text);
		free(text);
	}
}
END_TEST

/* All that the table has, now and later, in shared and in split cells. */
START_TEST(every_fault_point_is_found)
{
	unsigned found = 0;

	for (unsigned i = 0; fault_name_find(i); i++) {
		const char *fault = fault_name_find(i);

		if (!is_defect(fault) || !fault_set(fault, 0))
			continue;
		for (unsigned split = 0; split < 2; split++) {
			char *text = NULL;

			for (unsigned every = 1; every < 4 && !text; every++)
				text = faults_of(fault, every, split);
			ck_assert_msg(text != NULL, "%s is not found", fault);
			if (getenv("VERBOSE"))
				printf("%s: %s", fault, text);
			free(text);
			found++;
		}
	}
	ck_assert(found == 0 || found >= 2 * 30);
}
END_TEST

/* Only the names that are wanted are asked for. */
static bool
only_ns1(void *arg, size_t zone, const uint8_t *name)
{
	(void)arg;
	ck_assert_uint_eq(zone, 0);
	return name_equal(name, name_from_test("ns1.example."));
}

START_TEST(only_wanted_names_are_proven)
{
	const struct prove_options options = {.wanted = only_ns1};
	const uint32_t subject = 0;
	struct world w;
	struct prove_fault fault;
	struct err err;
	size_t nfaults;
	uint64_t answers;

	world_make(&w, true);
	ck_assert(generation_build(&w, false));
	ck_assert_int_eq(
	    prove_zones(w.generation,
		(const struct zone_records *const *)w.zones, ZONES, &subject, 1,
		&options, &fault, 1, &nfaults, &answers, &err),
	    0);
	ck_assert_uint_gt(answers, 10);
	ck_assert_uint_lt(answers, 50);
	world_free(&w);
}
END_TEST

/* A generation of another version of the zone: a stale cell. */
START_TEST(stale_cells_are_found)
{
	struct world w;
	struct prove_fault faults[ZONES];
	struct err err;
	size_t nfaults;
	uint64_t answers;

	world_make(&w, true);
	ck_assert(generation_build(&w, false));
	zone_records_free(w.zones[1]);
	w.zones[1] = zone_from_text("child.example.",
	    "@ 3600 SOA ns host 7 3600 600 86400 60\n"
	    "@ 3600 NS ns\n"
	    "@ 3600 A 192.0.2.20\n"
	    "ns 3600 A 192.0.2.10\n"
	    "www 3600 A 192.0.2.22\n");
	ck_assert_int_eq(
	    world_prove(&w, faults, &nfaults, &answers, &err), ERR_REFUSED);
	ck_assert_uint_eq(nfaults, 1);
	ck_assert_uint_eq(faults[0].zone, 1);
	ck_assert_ptr_nonnull(strstr(faults[0].why.text,
	    ": expected \"www.child.example. 3600 IN A "
	    "192.0.2.22\" in the answer section, found \"www.child.example. "
	    "3600 IN A 192.0.2.21\""));
	world_free(&w);
}
END_TEST

UNIT_MAIN("prove", sound_shared_cells_are_proven, sound_split_cells_are_proven,
    each_defect_is_found_and_named, every_fault_point_is_found,
    only_wanted_names_are_proven, stale_cells_are_found)
