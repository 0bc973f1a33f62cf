/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The name hash: suffixes agree with whole names, equal names agree, values
 * are fixed for good (cells on disk depend on them), buckets fill evenly.
 */
#include "snapshot/hash.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/name.h"
#include "tests/unit/unit_run.h"

static const struct name_key key = {
    {0x0123456789abcdefull, 0xfedcba9876543211ull}};

/* A name in a block that ends exactly where the hash may stop reading. */
static uint8_t *
padded_name(const char *text)
{
	uint8_t name[DNS_NAME_MAX], *p;
	struct err err = {0};
	int len = name_from_text(name, text, &err);

	ck_assert_msg(len > 0, "%s: %s", text, err.text);
	p = malloc((size_t)len + NAME_HASH_OVERREAD);
	ck_assert_ptr_nonnull(p);
	memcpy(p, name, (size_t)len);
	/* what follows the name must not matter */
	memset(p + len, 0xa5, NAME_HASH_OVERREAD);
	return p;
}

static uint64_t
hash_text(const char *text)
{
	uint8_t *p = padded_name(text);
	uint64_t h = name_hash(&key, p);

	free(p);
	return h;
}

/* A label of n octets below "example.". */
static uint64_t
hash_long(unsigned n, int fill)
{
	char text[128];

	memset(text, fill, n);
	strcpy(text + n, ".example.");
	return hash_text(text);
}

START_TEST(fixed_values)
{
	static const struct {
		const char *name;
		uint64_t hash;
	} table[] = {
	    {".", 0x0123456789abcdefull},
	    /* from an independent implementation of the header's rule */
	    {"example.", 0x8d94658e9b7a8445ull},
	    {"www.example.", 0xe96697a345371d4aull},
	    {"a.", 0xb14e461eb33341a8ull},
	    {"*.example.", 0x93f846b62756edaeull},
	    {"sevenxx.example.", 0xe1c4114ec193e357ull},
	    {"eightxxx.example.", 0x862e4ef23a18f39aull},
	    {"fifteenxxxxxxxx.example.", 0x348444c85ec9020bull},
	    {"sixteenxxxxxxxxx.example.", 0x1f4020f0557a9569ull},
	    {"a.b.c.d.e.f.g.", 0xc9d52b1d0d2098ebull},
	    {"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.", 0x973a102cf2f742d3ull},
	    {"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.", 0x322bd8139b8a09b6ull},
	    {"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.example.",
		0xd459e95ce07c26bcull},
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		ck_assert_msg(hash_text(table[i].name) == table[i].hash,
		    "%s: %#llx", table[i].name,
		    (unsigned long long)hash_text(table[i].name));
}
END_TEST

START_TEST(root_is_the_key)
{
	ck_assert_uint_eq(hash_text("."), key.k[0]);
	ck_assert_uint_eq(name_hash_root(&key), key.k[0]);
}
END_TEST

/* Every way to cut a name gives the whole name's hash. */
START_TEST(suffixes_agree)
{
	uint8_t *p = padded_name(
	    "a.bb.ccccccc.dddddddd.eeeeeeeeeeeeeee.ffffffffffffffff."
	    "ggggggggggggggggg.hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh"
	    "hhhhhhhhhhhhhhhh.i.");
	uint64_t whole = name_hash(&key, p);

	for (unsigned cut = 0; cut <= name_labels(p); cut++) {
		const uint8_t *suffix = name_parent(p, cut);
		uint64_t above = name_hash(&key, suffix);

		ck_assert_uint_eq(
		    name_hash_above(&key, above, p, (unsigned)(suffix - p)),
		    whole);
	}
	ck_assert_uint_eq(name_hash_above(&key, 42, p, 0), 42);
	free(p);
}
END_TEST

START_TEST(longest_names)
{
	char text[NAME_TEXT_MAX] = "";
	uint8_t *p;
	uint64_t h;

	for (int i = 0; i < 127; i++)
		strcat(text, i % 2 ? "a." : "b.");
	p = padded_name(text);
	h = name_hash_root(&key);
	for (unsigned i = 127; i--;)
		h = name_hash_label(&key, h, name_parent(p, i));
	ck_assert_uint_eq(name_hash(&key, p), h);
	free(p);
}
END_TEST

/* Every label length, and a change of its last octet, matters. */
START_TEST(labels_of_every_length_differ)
{
	uint64_t seen[2 * DNS_LABEL_MAX];
	unsigned n = 0;

	for (unsigned len = 1; len <= DNS_LABEL_MAX; len++) {
		char text[128];

		seen[n++] = hash_long(len, 'a');
		memset(text, 'a', len);
		strcpy(text + len - 1, "b.example.");
		seen[n++] = hash_text(text);
	}
	for (unsigned i = 0; i < n; i++) {
		for (unsigned j = 0; j < i; j++)
			ck_assert_uint_ne(seen[i], seen[j]);
	}
}
END_TEST

START_TEST(the_key_matters)
{
	uint8_t *p = padded_name("www.example.");
	struct name_key other = key;

	other.k[0] ^= 1;
	ck_assert_uint_ne(name_hash(&key, p), name_hash(&other, p));
	other = key;
	other.k[1] ^= 2;
	ck_assert_uint_ne(name_hash(&key, p), name_hash(&other, p));
	free(p);
}
END_TEST

START_TEST(parts_stay_in_range)
{
	static const uint64_t hashes[] = {0, ~0ull, 0xffffffff, 1ull << 47,
	    0x0000ffff00000000ull, 0x123456789abcdef0ull};

	for (size_t i = 0; i < sizeof hashes / sizeof *hashes; i++) {
		for (uint32_t n = 1; n; n = n < 1u << 31 ? n * 2 : 0) {
			ck_assert_uint_lt(name_bucket(hashes[i], n), n);
			ck_assert_uint_lt(name_bucket(hashes[i], n | 1), n | 1);
		}
		for (unsigned bits = 0; bits <= 16; bits++)
			ck_assert_uint_lt(
			    name_slot(hashes[i], bits), 1u << bits);
		ck_assert_uint_ne(name_tag(hashes[i]), 0);
	}
	ck_assert_uint_eq(name_tag(0), 1); /* 0 marks an empty entry */
}
END_TEST

/* Chi-squared of n counts that should be equal. */
static double
chi_squared(const unsigned *counts, unsigned n, double each)
{
	double sum = 0;

	for (unsigned i = 0; i < n; i++)
		sum += (counts[i] - each) * (counts[i] - each) / each;
	return sum;
}

/* Names that differ in little, as hosting customers' do. 1,000 cells have a
 * chi-squared of 999 +- 45; nine times that spread is no accident, and names
 * and keys are fixed, so this test is no gamble. */
static void
expect_even_spread(const struct name_key *k, const char *prefix)
{
	enum { NAMES = 100000, CELLS = 1000 };
	unsigned buckets[CELLS] = {0}, slots[1024] = {0}, tags[1024] = {0};

	for (unsigned i = 0; i < NAMES; i++) {
		uint8_t label[NAME_HASH_OVERREAD + 32] = {0};
		char text[32];
		uint64_t h;
		int n;

		n = snprintf(
		    text, sizeof text, "%s%u-%u", prefix, i >> 8, i & 255);
		label[0] = (uint8_t)n;
		memcpy(label + 1, text, (size_t)n);
		h = name_hash_label(k, name_hash_root(k), label);
		buckets[name_bucket(h, CELLS)]++;
		slots[name_slot(h, 10)]++;
		tags[name_tag(h) >> 6]++;
	}
	ck_assert_double_lt(chi_squared(buckets, CELLS, NAMES / 1000.), 1400);
	ck_assert_double_lt(chi_squared(slots, 1024, NAMES / 1024.), 1430);
	ck_assert_double_lt(chi_squared(tags, 1024, NAMES / 1024.), 1430);
}

START_TEST(numbered_names_spread_evenly)
{
	struct name_key k = key;

	for (int i = 0; i < 20; i++) {
		expect_even_spread(&k, "");
		expect_even_spread(&k, "host");
		expect_even_spread(&k, "ip-10-0-");
		k.k[0] =
		    k.k[0] * 6364136223846793005ull + 1442695040888963407ull;
		k.k[1] = (k.k[1] * 6364136223846793005ull + k.k[0]) | 1;
	}
}
END_TEST

/* Places on disk depend on these, too. */
START_TEST(fixed_places)
{
	ck_assert_uint_eq(name_bucket(0x1ull, 1000003), 880816);
	ck_assert_uint_eq(name_slot(0x1ull, 9), 243);
	ck_assert_uint_eq(name_tag(0x1ull), 0x9e37);
	ck_assert_uint_eq(name_bucket(0x123456789abcdefull, 1000003), 336730);
	ck_assert_uint_eq(name_slot(0x123456789abcdefull, 9), 506);
	ck_assert_uint_eq(name_tag(0x123456789abcdefull), 0x1296);
	ck_assert_uint_eq(name_bucket(0xfedcba9876543210ull, 1000003), 633276);
	ck_assert_uint_eq(name_slot(0xfedcba9876543210ull, 9), 172);
	ck_assert_uint_eq(name_tag(0xfedcba9876543210ull), 0xe6bb);
}
END_TEST

UNIT_MAIN("hash", fixed_values, root_is_the_key, suffixes_agree, longest_names,
    labels_of_every_length_differ, the_key_matters, parts_stay_in_range,
    fixed_places, numbered_names_spread_evenly)
