/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of control/parser/parser_message.c: what a parser replies arrives,
 * and each kind of lie is refused. Replies lie in heap blocks of their size.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "control/parser/parser_message.h"
#include "tests/rig/memory_stream.h"
#include "tests/unit/unit_run.h"

static const uint8_t apex[] = "\7example";
static const char *const text = "$TTL 60\n"
				"@ SOA ns h 7 3600 600 86400 60\n"
				"@ NS ns\n"
				"ns A 192.0.2.1\n"
				"B A 192.0.2.3\n"
				"b A 192.0.2.2\n";

enum { ALL = 1 << 20 };

static struct zone_records *
zone(const char *lines)
{
	struct zone_records *z = NULL;
	struct err err;

	ck_assert_msg(zonefile_parse(
			  &z, "z", lines, strlen(lines), apex, NULL, &err) == 0,
	    "%s", err.text);
	return z;
}

static struct zonefile_stamp_file file = {.path = (char *)"/z",
    .device = 1,
    .inode = 2,
    .bytes = 3,
    .modified_ns = 4,
    .changed_ns = 5};
static struct zonefile_stamp stamp = {.files = &file, .count = 1, .racy = true};

/* What a parser writes about `z`, or about `why`. */
static struct bytes
reply_make(
    const struct zone_records *z, const struct err *why, const char *warning)
{
	struct bytes out = {0}, warnings = {0};

	if (warning)
		bytes_append(&warnings, warning, strlen(warning) + 1);
	ck_assert_int_eq(parser_reply_write_head(&out, why ? why->code : 0, z,
			     why, &stamp, &warnings),
	    0);
	if (z)
		parser_reply_write_records(z, memory_stream_write, &out);
	bytes_fini(&warnings);
	return out;
}

static int
reply_read(struct parser_reply *r, const void *p, size_t bytes, uint64_t most,
    struct err *err)
{
	uint8_t *exact = malloc(bytes + !bytes);
	struct memory_stream s = {exact, bytes};
	const struct parser_stream stream = {memory_stream_read, &s};
	int rc;

	memcpy(exact, p, bytes);
	rc = parser_reply_read(r, &stream, "/z", apex, most, err);
	if (rc == 0)
		ck_assert_uint_eq(s.left, 0);
	free(exact);
	return rc;
}

START_TEST(records_arrive)
{
	struct zone_records *z = zone(text);
	struct bytes b = reply_make(z, NULL, "z:1: look");
	struct parser_reply r;
	struct err err = {0};

	ck_assert_msg(
	    reply_read(&r, b.data, b.len, ALL, &err) == 0, "%s", err.text);
	ck_assert_int_eq(r.code, 0);
	ck_assert(digest_equal(&r.records->version, &z->version));
	ck_assert_uint_eq(r.records->count, z->count);
	ck_assert_str_eq((char *)r.warnings.data, "z:1: look");
	ck_assert_uint_eq(r.stamp.count, 1);
	ck_assert(r.stamp.racy && !r.stamp.denied);
	ck_assert_uint_eq(r.stamp.files[0].inode, 2);
	ck_assert_int_eq(r.stamp.files[0].changed_ns, 5);
	parser_reply_fini(&r);
	bytes_fini(&b);
	zone_records_free(z);
}
END_TEST

START_TEST(a_reason_arrives)
{
	const struct err why = {ERR_SYNTAX, "/z:3: no\nsuch\033[1m type"};
	struct bytes b = reply_make(NULL, &why, "a\tb");
	struct parser_reply r;
	struct err err = {0};

	ck_assert_int_eq(reply_read(&r, b.data, b.len, ALL, &err), 0);
	ck_assert_int_eq(r.code, ERR_SYNTAX);
	/* logs and terminals get no control characters */
	ck_assert_str_eq(r.why.text, "/z:3: no?such?[1m type");
	ck_assert_str_eq((char *)r.warnings.data, "a?b");
	ck_assert_ptr_null(r.records);
	parser_reply_fini(&r);
	bytes_fini(&b);
}
END_TEST

START_TEST(what_is_cut_off_is_refused)
{
	struct zone_records *z = zone(text);
	struct bytes b = reply_make(z, NULL, "look");
	struct parser_reply r;
	struct err err;

	for (size_t i = 0; i < b.len; i++)
		ck_assert_int_lt(reply_read(&r, b.data, i, ALL, &err), 0);
	bytes_fini(&b);
	zone_records_free(z);
}
END_TEST

/* An octet of what went before, or of what it says, is another. */
START_TEST(no_octet_counts_for_nothing)
{
	struct zone_records *z = zone(text);
	struct bytes b = reply_make(z, NULL, NULL);
	struct parser_reply r;
	struct err err;
	unsigned refused = 0;

	for (size_t i = 0; i < b.len; i++) {
		b.data[i] ^= 0x81;
		if (reply_read(&r, b.data, b.len, ALL, &err) == 0) {
			/* a stamp, a TTL of a lone record, RDATA: whatever it
			 * says, it is in order and not what it was */
			if (r.records)
				ck_assert_int_eq(
				    zone_check(r.records, NULL, NULL, &err), 0);
			parser_reply_fini(&r);
		} else {
			refused++;
		}
		b.data[i] ^= 0x81;
	}
	ck_assert_uint_gt(refused, sizeof(struct parser_reply_d));
	bytes_fini(&b);
	zone_records_free(z);
}
END_TEST

struct lie {
	const char *says;
	struct parser_reply_d d;
};

START_TEST(counts)
{
	static const struct lie lies[] = {
	    {"no reply", {.magic = 1}},
	    {"no reply", {.magic = PARSER_MAGIC, .head_bytes = ~0u}},
	    {"unknown verdict", {.magic = PARSER_MAGIC, .code = 1}},
	    {"unknown verdict",
		{.magic = PARSER_MAGIC, .code = ERR_UNAVAILABLE}},
	    {"unknown verdict", {.magic = PARSER_MAGIC, .code = INT32_MIN}},
	    {"do not agree", {.magic = PARSER_MAGIC}},
	    {"do not agree",
		{.magic = PARSER_MAGIC, .code = ERR_IO, .records = 1}},
	    {"do not agree",
		{.magic = PARSER_MAGIC, .code = ERR_IO, .names_bytes = 1}},
	    {"more records than it has memory",
		{.magic = PARSER_MAGIC, .records = ~0u}},
	    {"more records than it has memory",
		{.magic = PARSER_MAGIC, .records = 1, .rdata_bytes = ALL}},
	};

	for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
		struct parser_reply r;
		struct err err = {0};

		ck_assert_int_eq(
		    reply_read(&r, &lies[i].d, sizeof lies[i].d, ALL, &err),
		    ERR_CORRUPT);
		ck_assert_msg(strstr(err.text, lies[i].says) != NULL, "%zu: %s",
		    i, err.text);
	}
}
END_TEST

/* The first chunk of a reply starts behind its head. */
START_TEST(a_chunk_stays_within_what_the_reply_says)
{
	struct zone_records *z = zone(text);
	struct bytes b = reply_make(z, NULL, NULL);
	const struct parser_reply_d *d = (const void *)b.data;
	uint8_t *chunk = b.data + sizeof *d + d->head_bytes;
	uint32_t names, right;
	struct parser_reply r;
	struct err err;

	memcpy(&right, chunk, sizeof right);
	ck_assert_uint_eq(right, d->names_bytes);
	for (unsigned i = 0; i < 3; i++) {
		names = i == 0 ? right + 1 : i == 1 ? right - 1 : UINT32_MAX;
		memcpy(chunk, &names, sizeof names);
		err.text[0] = 0;
		ck_assert_int_eq(
		    reply_read(&r, b.data, b.len, ALL, &err), ERR_CORRUPT);
		ck_assert_msg(
		    i == 1 || strstr(err.text, "than it says"), "%s", err.text);
	}
	bytes_fini(&b);
	zone_records_free(z);
}
END_TEST

START_TEST(another_file)
{
	const struct err why = {ERR_SYNTAX, "no"};
	struct parser_reply r;
	struct err err = {0};
	struct bytes b;

	file.path = (char *)"/y";
	b = reply_make(NULL, &why, NULL);
	ck_assert_int_eq(reply_read(&r, b.data, b.len, ALL, &err), ERR_CORRUPT);
	ck_assert_ptr_nonnull(strstr(err.text, "another file"));
	bytes_fini(&b);
}
END_TEST

/* In order, and not to be served: the reader says so, and why. */
static void
expect_refusal(const struct zone_records *z, const char *says)
{
	struct bytes b = reply_make(z, NULL, NULL);
	struct parser_reply r;
	struct err err = {0};

	ck_assert_msg(
	    reply_read(&r, b.data, b.len, ALL, &err) == 0, "%s", err.text);
	ck_assert_int_eq(r.code, ERR_SEMANTIC);
	ck_assert_int_eq(r.why.code, ERR_SEMANTIC);
	ck_assert_ptr_null(r.records);
	ck_assert_msg(strncmp(r.why.text, "/z: ", 4) == 0 &&
			  strstr(r.why.text, says) != NULL,
	    "%s", r.why.text);
	parser_reply_fini(&r);
	bytes_fini(&b);
}

START_TEST(what_may_not_be_served_is_told_by_the_reader)
{
	struct zone_records *z = zone(text);

	z->records++; /* without the first, which is the NS record */
	z->count--;
	expect_refusal(z, "has no NS record");
	z->records--;
	zone_records_free(z);
}
END_TEST

START_TEST(many_records)
{
	struct bytes lines = {0}, b;
	struct zone_records *z;
	struct parser_reply r;
	struct err err = {0};

	bytes_printf(&lines, "%s", text);
	for (unsigned i = 0; i < 20000; i++)
		bytes_printf(&lines, "n%u A 192.0.2.1\n", i);
	bytes_append(&lines, "", 1);
	z = zone((char *)lines.data);
	b = reply_make(z, NULL, NULL);
	ck_assert_int_eq(reply_read(&r, b.data, b.len, 16 << 20, &err), 0);
	ck_assert(digest_equal(&r.records->version, &z->version));
	parser_reply_fini(&r);
	bytes_fini(&b);
	bytes_fini(&lines);
	zone_records_free(z);
}
END_TEST

UNIT_MAIN("parser_message", records_arrive, a_reason_arrives,
    what_is_cut_off_is_refused, no_octet_counts_for_nothing, counts,
    a_chunk_stays_within_what_the_reply_says, another_file,
    what_may_not_be_served_is_told_by_the_reader, many_records)
