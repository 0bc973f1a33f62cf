/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of snapshot/rdata_names.c: the offsets of names in RDATA of every
 * type that has some, and RDATA that must not pass.
 */
#include <stdlib.h>
#include <string.h>

#include "snapshot/records.h"
#include "tests/unit/unit_run.h"

enum { FOUND_MAX = 8 };

struct found {
	unsigned n;
	size_t offsets[FOUND_MAX];
	bool may_compress[FOUND_MAX];
};

static void
note(void *arg, size_t offset, bool may_compress)
{
	struct found *f = arg;

	ck_assert_uint_lt(f->n, FOUND_MAX);
	f->offsets[f->n] = offset;
	f->may_compress[f->n++] = may_compress;
}

/* In a heap block of the exact size, so that ASan sees a step outside. */
static bool
names_of(uint16_t type, const void *rdata, size_t bytes, struct found *f)
{
	uint8_t *copy = malloc(bytes ? bytes : 1);
	bool ok;

	memset(f, 0, sizeof *f);
	memcpy(copy, rdata, bytes);
	ok = rdata_names(type, copy, bytes, note, f);
	free(copy);
	return ok;
}

#define NAME "\1a\2bc\0" /* 6 octets */

static const struct row {
	uint16_t type;
	const char *rdata;
	size_t bytes;
	bool compresses;
	unsigned names;
	size_t offsets[2];
	bool has_rest; /* more octets may follow */
} rows[] = {
#define ROW(type, rdata, ...)                                                  \
	{                                                                      \
		type, rdata, sizeof rdata - 1, __VA_ARGS__                     \
	}
    ROW(DNS_TYPE_NS, NAME, true, 1, {0}, false),
    ROW(DNS_TYPE_MD, NAME, true, 1, {0}, false),
    ROW(DNS_TYPE_MF, NAME, true, 1, {0}, false),
    ROW(DNS_TYPE_CNAME, NAME, true, 1, {0}, false),
    ROW(DNS_TYPE_SOA, NAME NAME "12345678901234567890", true, 2, {0, 6}, false),
    ROW(DNS_TYPE_MB, NAME, true, 1, {0}, false),
    ROW(DNS_TYPE_MG, NAME, true, 1, {0}, false),
    ROW(DNS_TYPE_MR, NAME, true, 1, {0}, false),
    ROW(DNS_TYPE_PTR, NAME, true, 1, {0}, false),
    ROW(DNS_TYPE_MINFO, NAME NAME, true, 2, {0, 6}, false),
    ROW(DNS_TYPE_MX, "12" NAME, true, 1, {2}, false),
    ROW(DNS_TYPE_RP, NAME NAME, false, 2, {0, 6}, false),
    ROW(DNS_TYPE_AFSDB, "12" NAME, false, 1, {2}, false),
    ROW(21, "12" NAME, false, 1, {2}, false),
    ROW(23, NAME, false, 1, {0}, false),
    ROW(DNS_TYPE_SIG, "123456789012345678" NAME, false, 1, {18}, true),
    ROW(26, "12" NAME NAME, false, 2, {2, 8}, false),
    ROW(DNS_TYPE_NXT, NAME, false, 1, {0}, true),
    ROW(DNS_TYPE_SRV, "123456" NAME, false, 1, {6}, false),
    ROW(DNS_TYPE_NAPTR, "1234\0\1x\2yz" NAME, false, 1, {10}, false),
    ROW(36, "12" NAME, false, 1, {2}, false),
    ROW(38,
	"\x40"
	"12345678" NAME,
	false, 1, {9}, false),
    ROW(38,
	"\0"
	"1234567890123456",
	false, 0, {0}, false),
    ROW(DNS_TYPE_DNAME, NAME, false, 1, {0}, false),
    ROW(45, "\1\0\2", false, 0, {0}, true),
    ROW(45,
	"\1\1\2"
	"1234",
	false, 0, {0}, true),
    ROW(45, "\1\3\2" NAME, false, 1, {3}, true),
    ROW(DNS_TYPE_RRSIG, "123456789012345678" NAME, false, 1, {18}, true),
    ROW(DNS_TYPE_NSEC, NAME, false, 1, {0}, true),
    ROW(55,
	"\1\1\0\2"
	"x"
	"yz" NAME NAME,
	false, 2, {7, 13}, false),
    ROW(58, NAME NAME, false, 2, {0, 6}, false),
    ROW(DNS_TYPE_SVCB, "12" NAME, false, 1, {2}, true),
    ROW(DNS_TYPE_HTTPS, "12" NAME, false, 1, {2}, true),
    ROW(66,
	"12"
	"3"
	"45" NAME,
	false, 1, {5}, false),
    ROW(107, "12" NAME, false, 1, {2}, false),
    ROW(260, "\1\x83" NAME, false, 1, {2}, false),
    ROW(260,
	"\1\2"
	"1234567890123456",
	false, 0, {0}, false),
};

START_TEST(names_are_found_in_every_type)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *r = &rows[i];
		struct found f;

		ck_assert_msg(names_of(r->type, r->rdata, r->bytes, &f),
		    "type %u", r->type);
		ck_assert_msg(f.n == r->names, "type %u", r->type);
		for (unsigned k = 0; k < f.n; k++) {
			ck_assert_uint_eq(f.offsets[k], r->offsets[k]);
			ck_assert(f.may_compress[k] == r->compresses);
		}
	}
}
END_TEST

START_TEST(what_is_cut_off_is_refused)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *r = &rows[i];
		size_t whole = r->bytes;
		struct found f;

		/* HIP's rendezvous servers, and IPSECKEY's key, may be none */
		if (r->type == 55 || r->type == 45)
			continue;
		for (size_t bytes = 0; bytes < whole; bytes++)
			ck_assert_msg(!names_of(r->type, r->rdata, bytes, &f),
			    "type %u, %zu octets", r->type, bytes);
	}
}
END_TEST

START_TEST(what_follows_is_refused_unless_the_type_has_more)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *r = &rows[i];
		uint8_t longer[64];
		struct found f;

		memcpy(longer, r->rdata, r->bytes);
		longer[r->bytes] = 0xff;
		ck_assert_msg(
		    names_of(r->type, longer, r->bytes + 1, &f) == r->has_rest,
		    "type %u", r->type);
	}
}
END_TEST

START_TEST(unsound_names_are_refused)
{
	struct found f;

	ck_assert(!names_of(DNS_TYPE_NS, "\xc0\x0c", 2, &f));
	ck_assert(!names_of(DNS_TYPE_MX, "12\x40", 3, &f));
	ck_assert(!names_of(DNS_TYPE_SRV, "123456\5ab", 9, &f));
	ck_assert(!names_of(38, "\x81", 1, &f));
	ck_assert(!names_of(55, "\xff\1\xff\xff", 4, &f));
}
END_TEST

START_TEST(other_types_pass)
{
	struct found f;

	for (unsigned type = 0; type <= UINT16_MAX; type++) {
		bool listed = false;

		for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
			listed |= rows[i].type == type;
		if (listed)
			continue;
		ck_assert(names_of((uint16_t)type, "\xff\xff", 2, &f));
		ck_assert(names_of((uint16_t)type, "", 0, &f));
		ck_assert_uint_eq(f.n, 0);
	}
}
END_TEST

UNIT_MAIN("rdata_names", names_are_found_in_every_type,
    what_is_cut_off_is_refused,
    what_follows_is_refused_unless_the_type_has_more, unsound_names_are_refused,
    other_types_pass)
