/* SPDX-License-Identifier: BSD-2-Clause
 *
 * NSEC3 hashes against the examples of RFC 5155 appendix A, and their labels.
 */
#include "snapshot/nsec3_hash.h"

#include <string.h>

#include "base/name.h"
#include "tests/unit/unit_run.h"

/* salt aabbccdd, 12 iterations */
static const struct {
	const char *name, *hash;
} known[] = {
    {"example.", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"},
    {"a.example.", "35mthgpgcu1qg68fab165klnsnk3dpvl"},
    {"*.w.example.", "r53bq7cc2uvmubfu5ocmm6pers9tk9en"},
    {"xx.example.", "t644ebqk9bibcna874givr6joj62mlhv"},
};

START_TEST(known_answers)
{
	static const uint8_t salt[] = {0xaa, 0xbb, 0xcc, 0xdd};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		uint8_t name[DNS_NAME_MAX], hash[NSEC3_HASH_BYTES];
		uint8_t label[NSEC3_LABEL_BYTES];
		int bytes = name_from_text(name, known[i].name, NULL);

		ck_assert_int_gt(bytes, 0);
		nsec3_hash(hash, name, (unsigned)bytes, salt, sizeof salt, 12);
		nsec3_label_write(label, hash);
		ck_assert_uint_eq(label[0], 32);
		ck_assert_mem_eq(label + 1, known[i].hash, 32);
	}
}
END_TEST

START_TEST(neither_salt_nor_iterations)
{
	/* SHA-1 of "\007example\000" */
	static const uint8_t name[] = "\007example";
	uint8_t once[NSEC3_HASH_BYTES], twice[NSEC3_HASH_BYTES];
	uint8_t by_hand[NSEC3_HASH_BYTES];

	nsec3_hash(once, name, sizeof name, NULL, 0, 0);
	nsec3_hash(twice, name, sizeof name, NULL, 0, 1);
	nsec3_hash(by_hand, once, sizeof once, NULL, 0, 0);
	ck_assert_mem_eq(twice, by_hand, sizeof twice);
	ck_assert_mem_ne(once, twice, sizeof twice);
}
END_TEST

START_TEST(labels_and_back)
{
	uint8_t hash[NSEC3_HASH_BYTES], back[NSEC3_HASH_BYTES];
	uint8_t label[NSEC3_LABEL_BYTES];

	for (unsigned i = 0; i < NSEC3_HASH_BYTES; i++)
		hash[i] = (uint8_t)(i * 83 + 7);
	nsec3_label_write(label, hash);
	ck_assert(nsec3_label_read(back, label));
	ck_assert_mem_eq(hash, back, sizeof hash);
	for (unsigned i = 1; i < NSEC3_LABEL_BYTES; i++)
		if (label[i] >= 'a')
			label[i] ^= 0x20;
	ck_assert(nsec3_label_read(back, label));
	ck_assert_mem_eq(hash, back, sizeof hash);
}
END_TEST

START_TEST(labels_that_are_no_hash)
{
	static const char bad[] = "wxyzWXYZ/:@`{_-\200\020\031";
	uint8_t hash[NSEC3_HASH_BYTES] = {0}, label[NSEC3_LABEL_BYTES];

	nsec3_label_write(label, hash);
	ck_assert(nsec3_label_read(hash, label));
	for (size_t i = 0; i < sizeof bad - 1; i++) {
		label[17] = (uint8_t)bad[i];
		ck_assert_msg(!nsec3_label_read(hash, label), "octet %02x",
		    (unsigned)label[17]);
	}
	label[17] = '0';
	label[0] = 31;
	ck_assert(!nsec3_label_read(hash, label));
}
END_TEST

UNIT_MAIN("nsec3_hash", known_answers, neither_salt_nor_iterations,
    labels_and_back, labels_that_are_no_hash)
