/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of snapshot/pack.c: records go in and come out; every octet that
 * could be wrong is, and is refused or means something else.
 */
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "snapshot/records.h"
#include "tests/unit/unit_run.h"
#include "tests/unit/zone_text.h"

static const char example[] =
    "example. 3600 IN SOA ns.example. host.example. 7 2 3 4 60\n"
    "example. 3600 IN NS ns.example.\n"
    "NS.example. 60 IN A 192.0.2.1\n"
    "ns.example. 60 IN AAAA 2001:db8::1\n"
    "a.b.example. 60 IN TXT \"x\"\n"
    "www.example. 60 IN MX 10 Mail.Example.\n";
static const char sub[] =
    "sub.example. 3600 IN SOA ns.example. host.example. 8 2 3 4 60\n";

enum { ZONES_MAX = 4 };

struct parts {
	unsigned n, stop_at;
	struct zone_records *zones[ZONES_MAX];
	uint32_t serials[ZONES_MAX];
	struct digest versions[ZONES_MAX];
};

static int
part_take(void *arg, struct zone_records *part, uint32_t serial,
    const struct digest *version, struct err *err)
{
	struct parts *p = arg;

	if (p->n == ZONES_MAX || (p->stop_at && p->n + 1 == p->stop_at)) {
		zone_records_free(part);
		return err_set(err, ERR_LIMIT, "enough");
	}
	p->zones[p->n] = part;
	p->serials[p->n] = serial;
	p->versions[p->n++] = *version;
	return 0;
}

static void
parts_free(struct parts *p)
{
	while (p->n > 0)
		zone_records_free(p->zones[--p->n]);
}

/* Reads from a heap block of the exact size. */
static int
read_exact(const void *data, size_t bytes, struct parts *p, struct err *err)
{
	uint8_t *copy = malloc(bytes ? bytes : 1);
	int rc;

	memcpy(copy, data, bytes);
	memset(p, 0, sizeof *p);
	rc = pack_read(copy, bytes, part_take, p, err);
	free(copy);
	return rc;
}

static bool
is_below_b(void *arg, const uint8_t *owner)
{
	return name_is_at_or_below(owner, arg);
}

static void
pack_two(struct bytes *out)
{
	struct zone_records *a = zone_from_text("example.", example);
	struct zone_records *b = zone_from_text("sub.example.", sub);
	const struct pack_zone zones[] = {{.zone = b}, {.zone = a}};
	const struct pack_zone sorted[] = {{.zone = a}, {.zone = b}};
	struct bytes other;

	bytes_init(out);
	bytes_init(&other);
	ck_assert_int_eq(pack_write(zones, 2, out, NULL), 0);
	ck_assert_int_eq(pack_write(sorted, 2, &other, NULL), 0);
	ck_assert_uint_eq(out->len, other.len);
	ck_assert_mem_eq(out->data, other.data, other.len);
	bytes_fini(&other);
	zone_records_free(a);
	zone_records_free(b);
}

START_TEST(records_come_back_as_they_went_in)
{
	struct zone_records *a = zone_from_text("example.", example);
	struct bytes pack;
	struct parts p;
	struct err err;

	pack_two(&pack);
	ck_assert_msg(
	    read_exact(pack.data, pack.len, &p, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(p.n, 2);
	ck_assert_uint_eq(p.serials[0], 7);
	ck_assert_uint_eq(p.serials[1], 8);
	ck_assert(digest_equal(&p.versions[0], &a->version));
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(
		    zone_records_seal(p.zones[i], NULL, NULL, &err), 0);
		ck_assert(digest_equal(&p.versions[i], &p.zones[i]->version));
	}
	parts_free(&p);
	bytes_fini(&pack);
	zone_records_free(a);
}
END_TEST

START_TEST(parts_of_a_split_zone_make_it_whole)
{
	struct zone_records *a = zone_from_text("example.", example), *whole;
	uint8_t *b = (uint8_t *)(uintptr_t)name_from_test("b.example.");
	const struct pack_zone part = {
	    .zone = a, .wanted = is_below_b, .arg = b};
	struct bytes pack;
	struct parts p;
	struct err err;

	bytes_init(&pack);
	ck_assert_int_eq(pack_write(&part, 1, &pack, &err), 0);
	ck_assert_int_eq(read_exact(pack.data, pack.len, &p, &err), 0);
	ck_assert_uint_eq(p.zones[0]->count, 1);
	whole = zone_records_new(name_from_test("example."), &err);
	ck_assert_int_eq(zone_records_merge(whole, p.zones[0], &err), 0);
	ck_assert_int_eq(zone_records_merge(whole, a, &err), 0);
	ck_assert_int_eq(zone_records_seal(whole, NULL, NULL, &err), 0);
	ck_assert(digest_equal(&whole->version, &a->version));
	parts_free(&p);
	bytes_fini(&pack);
	zone_records_free(whole);
	zone_records_free(a);
}
END_TEST

START_TEST(one_zone_twice_is_refused)
{
	struct zone_records *a = zone_from_text("example.", example);
	const struct pack_zone zones[] = {{.zone = a}, {.zone = a}};
	struct bytes pack;
	struct err err;

	bytes_init(&pack);
	ck_assert_int_eq(pack_write(zones, 2, &pack, &err), ERR_USAGE);
	ck_assert_uint_eq(pack.len, 0);
	bytes_fini(&pack);
	zone_records_free(a);
}
END_TEST

START_TEST(every_pack_that_is_cut_off_is_refused)
{
	struct bytes pack;
	struct parts p;
	struct err err;

	pack_two(&pack);
	for (size_t bytes = 0; bytes < pack.len; bytes++) {
		ck_assert_int_eq(
		    read_exact(pack.data, bytes, &p, &err), ERR_CORRUPT);
		parts_free(&p);
	}
	bytes_append_zero(&pack, 1);
	ck_assert_int_eq(
	    read_exact(pack.data, pack.len, &p, &err), ERR_CORRUPT);
	parts_free(&p);
	bytes_fini(&pack);
}
END_TEST

/* A pack that is read writes the same octets: nothing can be said twice. */
static void
expect_same_when_written(const struct bytes *pack, struct parts *p)
{
	struct pack_zone zones[ZONES_MAX] = {0};
	struct bytes out;

	for (unsigned i = 0; i < p->n; i++) {
		p->zones[i]->serial = p->serials[i];
		p->zones[i]->version = p->versions[i];
		zones[i].zone = p->zones[i];
	}
	bytes_init(&out);
	ck_assert_int_eq(pack_write(zones, p->n, &out, NULL), 0);
	ck_assert_uint_eq(out.len, pack->len);
	ck_assert_mem_eq(out.data, pack->data, out.len);
	bytes_fini(&out);
}

START_TEST(every_octet_changed_is_refused_or_read_back)
{
	struct bytes pack;
	struct parts p;
	struct err err;
	unsigned refused = 0;

	pack_two(&pack);
	for (size_t at = 0; at < pack.len; at++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			pack.data[at] ^= (uint8_t)(1 << bit);
			if (read_exact(pack.data, pack.len, &p, &err) == 0)
				expect_same_when_written(&pack, &p);
			else
				refused++;
			parts_free(&p);
			pack.data[at] ^= (uint8_t)(1 << bit);
		}
	}
	ck_assert_uint_gt(refused, 500);
	bytes_fini(&pack);
}
END_TEST

START_TEST(another_version_is_named)
{
	struct bytes pack;
	struct parts p;
	struct err err;

	pack_two(&pack);
	pack.data[8]++;
	ck_assert_int_eq(
	    read_exact(pack.data, pack.len, &p, &err), ERR_VERSION);
	ck_assert_ptr_nonnull(strstr(err.text, "version 2"));
	bytes_fini(&pack);
}
END_TEST

START_TEST(the_caller_may_stop)
{
	struct bytes pack;
	struct parts p = {.stop_at = 2};
	struct err err;

	pack_two(&pack);
	ck_assert_int_eq(
	    pack_read(pack.data, pack.len, part_take, &p, &err), ERR_LIMIT);
	ck_assert_uint_eq(p.n, 1);
	parts_free(&p);
	bytes_fini(&pack);
}
END_TEST

UNIT_MAIN("pack", records_come_back_as_they_went_in,
    parts_of_a_split_zone_make_it_whole, one_zone_twice_is_refused,
    every_pack_that_is_cut_off_is_refused,
    every_octet_changed_is_refused_or_read_back, another_version_is_named,
    the_caller_may_stop)
