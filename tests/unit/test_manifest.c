/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of manifests: what is written is accepted and reads back; each
 * single change of a table is refused for just that.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/snapshot_rig.h"
#include "tests/unit/unit_run.h"

static struct rig rig;

START_TEST(test_written_and_read_back)
{
	const struct manifest_header_d *h;
	struct digest parent = {{1, 2, 3}};

	rig_make(&rig, &rig_key, rig_zones, rig_zones_count, 2, &parent);
	h = manifest_header(rig.manifest.data);
	ck_assert_uint_eq(h->nslots, 8);
	ck_assert_uint_eq(h->nsplits, 1);
	ck_assert_uint_eq(h->nzones, rig_zones_count);
	ck_assert(memcmp(h->parent, parent.b, DIGEST_BYTES) == 0);
	ck_assert(memcmp(manifest_slots(h), rig.slots,
		      h->nslots * sizeof *rig.slots) == 0);
	ck_assert(
	    memcmp(manifest_splits(h), rig.splits, sizeof *rig.splits) == 0);
	rig_free(&rig);
}
END_TEST

START_TEST(test_cut_off)
{
	rig_make(&rig, &rig_key, rig_zones, rig_zones_count, 0, NULL);
	for (size_t n = 0; n < rig.manifest.len; n++) {
		uint8_t *exact = malloc(n ? n : 1);
		struct err err;

		memcpy(exact, rig.manifest.data, n);
		ck_assert_int_eq(manifest_verify(exact, n, &err), ERR_CORRUPT);
		free(exact);
	}
	rig_free(&rig);
}
END_TEST

#define H(field) offsetof(struct manifest_header_d, field)
#define SLOT(n, field)                                                         \
	(sizeof(struct manifest_header_d) + (n) * sizeof(struct slot_d) +      \
	    offsetof(struct slot_d, field))
/* behind five slots: one shared, four of the split */
#define SPLIT(field) (SLOT(5, cell) + offsetof(struct split_d, field))

static const struct {
	size_t off;
	unsigned width;
	uint64_t value;
	int code;
	const char *text;
} rows[] = {
    {H(magic), 1, 'X', ERR_CORRUPT, "no manifest"},
    {H(version), 4, 1, ERR_VERSION, "format version 1"},
    {H(features_required), 4, 1 << 5, ERR_VERSION, "needs feature 5"},
    {H(bytes_total), 8, 1, ERR_CORRUPT, "counts make"},
    {H(slot_bits), 4, 17, ERR_CORRUPT, "2^17"},
    {H(slot_bits), 4, 1, ERR_CORRUPT, "split 0"},
    {H(nslots), 4, 6, ERR_CORRUPT, "counts make"},
    {H(nslots), 4, ~0u, ERR_CORRUPT, "counts make"},
    {H(nsplits), 4, 0, ERR_CORRUPT, "counts make"},
    {H(nsplits), 4, ~0u, ERR_CORRUPT, "counts make"},
    {H(nzones), 4, 0, ERR_CORRUPT, "0 zones"},
    {H(depths), 8, ~0ull, ERR_LIMIT, "depths"},
    {H(key) + 8, 1, 2, ERR_CORRUPT, "key"},
    {H(reserved), 1, 1, ERR_CORRUPT, "reserved"},
    {255, 1, 1, ERR_CORRUPT, "reserved"},
    {SPLIT(first_slot), 4, 0, ERR_CORRUPT, "do not follow"},
    {SPLIT(first_slot), 4, 2, ERR_CORRUPT, "do not follow"},
    {SPLIT(bits), 1, 1, ERR_CORRUPT, "tables make"},
    {SPLIT(bits), 1, 17, ERR_CORRUPT, "not sound"},
    {SPLIT(bits), 1, 16, ERR_CORRUPT, "tables make"},
    {SPLIT(apex_bytes), 1, 5, ERR_CORRUPT, "behind its apex"},
    {SPLIT(apex_bytes), 1, 0, ERR_CORRUPT, "behind its apex"},
    {SPLIT(apex_bytes), 1, 255, ERR_CORRUPT, "no name"},
    {H(features_required), 4, 1, ERR_CORRUPT, "FEATURE_DENIAL"},
    {SPLIT(denial_slots), 2, 1, ERR_CORRUPT, "denial cells of its kind"},
    {SPLIT(denial_kind), 1, 1, ERR_CORRUPT, "denial cells of its kind"},
    {SPLIT(apex), 1, 64, ERR_CORRUPT, "no name"},
    {SPLIT(apex) + 1, 1, 'S', ERR_CORRUPT, "lower case"},
    {SPLIT(apex) + 254, 1, 1, ERR_CORRUPT, "behind its apex"},
};

START_TEST(test_each_change_is_refused)
{
	struct err err = {0};
	int rc;

	rig_make(&rig, &rig_key, rig_zones, rig_zones_count, 0, NULL);
	memcpy(
	    rig.manifest.data + rows[_i].off, &rows[_i].value, rows[_i].width);
	rc = manifest_verify(rig.manifest.data, rig.manifest.len, &err);
	ck_assert_msg(rc == rows[_i].code && strstr(err.text, rows[_i].text),
	    "row %d (%s): %d: %s", _i, rows[_i].text, rc, err.text);
	rig_free(&rig);
}
END_TEST

START_TEST(test_cell_without_records)
{
	struct err err;

	rig_make(&rig, &rig_key, rig_zones, rig_zones_count, 0, NULL);
	memset(rig.manifest.data + SLOT(0, records), 0, DIGEST_BYTES);
	ck_assert_int_eq(
	    manifest_verify(rig.manifest.data, rig.manifest.len, &err),
	    ERR_CORRUPT);
	ck_assert_msg(strstr(err.text, "slot 0"), "%s", err.text);
	rig_free(&rig);
}
END_TEST

/* A split that is gone keeps its number, so that others keep theirs. */
START_TEST(test_split_that_is_gone)
{
	struct split_d splits[2] = {{0}};
	struct slot_d slots[5] = {0};
	struct manifest_parts parts = {
	    .key = rig_key,
	    .slots = slots,
	    .nslots = 5,
	    .splits = splits,
	    .nsplits = 2,
	};
	struct bytes out;
	struct err err;

	bytes_init(&out);
	splits[1] = (struct split_d){
	    .first_slot = 1, .bits = 2, .apex_bytes = 3, .apex = {1, 'a'}};
	ck_assert_msg(manifest_write(&parts, &out, &err) == 0, "%s", err.text);
	splits[0].first_slot = 1;
	bytes_clear(&out);
	ck_assert_msg(manifest_write(&parts, &out, &err) == 0, "%s", err.text);
	/* what the verifier refuses is not written */
	splits[0].bits = 1;
	bytes_clear(&out);
	ck_assert_int_eq(manifest_write(&parts, &out, &err), ERR_CORRUPT);
	ck_assert_uint_eq(out.len, 0);
	bytes_fini(&out);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("manifest");
	TCase *tcase = tcase_create("manifest");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, test_written_and_read_back);
	tcase_add_test(tcase, test_cut_off);
	tcase_add_loop_test(
	    tcase, test_each_change_is_refused, 0, sizeof rows / sizeof *rows);
	tcase_add_test(tcase, test_cell_without_records);
	tcase_add_test(tcase, test_split_that_is_gone);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
