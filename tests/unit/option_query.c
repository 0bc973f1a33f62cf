/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Queries with EDNS options (option_query.h). Runs in tests.
 */
#include <check.h>
#include <string.h>

#include "base/name.h"
#include "base/wire.h"
#include "tests/unit/option_query.h"

void
option_query_begin(struct option_query *q, const char *name, uint16_t type)
{
	struct wire_writer w = wire_writer_make(q->message, sizeof q->message);
	uint8_t wire[DNS_NAME_MAX];
	struct err err;

	wire_write(&w, "\x12\x34\0\0\0\0\0\0\0\0\0\1", DNS_HEADER_BYTES);
	if (name) {
		ck_assert_int_gt(name_from_text(wire, name, &err), 0);
		q->message[5] = 1;
		wire_write(&w, wire, name_length(wire));
		wire_write16(&w, type);
		wire_write16(&w, DNS_CLASS_IN);
	}
	q->opt_at = (size_t)(w.at - q->message);
	wire_write(&w, "\0\0\x29\x04\xd0\0\0\0\0\0\0", DNS_OPT_BYTES);
	q->bytes = (size_t)(w.at - q->message);
}

void
option_query_add(
    struct option_query *q, unsigned code, const void *data, unsigned bytes)
{
	uint8_t *length = q->message + q->opt_at + 9;
	uint8_t *at = q->message + q->bytes;

	ck_assert_uint_le(q->bytes + 4 + bytes, sizeof q->message);
	wire_store16(at, (uint16_t)code);
	wire_store16(at + 2, (uint16_t)bytes);
	if (bytes)
		memcpy(at + 4, data, bytes);
	q->bytes += 4 + bytes;
	wire_store16(length, (uint16_t)(wire_load16(length) + 4 + bytes));
}

static size_t
name_skip(const uint8_t *m, size_t bytes, size_t at)
{
	for (;;) {
		ck_assert_uint_lt(at, bytes);
		if (m[at] >= 0xc0)
			return at + 2;
		if (m[at] == 0)
			return at + 1;
		at += m[at] + 1u;
	}
}

const uint8_t *
option_response_opt(const struct rig *r)
{
	const uint8_t *m = r->response, *opt = NULL;
	size_t at = DNS_HEADER_BYTES;
	unsigned records;

	ck_assert_uint_ge(r->response_bytes, DNS_HEADER_BYTES);
	for (unsigned i = wire_load16(m + 4); i > 0; i--)
		at = name_skip(m, r->response_bytes, at) + 4;
	records = (unsigned)wire_load16(m + 6) + wire_load16(m + 8) +
	          wire_load16(m + 10);
	for (; records > 0; records--) {
		size_t start = at;

		at = name_skip(m, r->response_bytes, at);
		ck_assert_uint_le(at + 10, r->response_bytes);
		if (wire_load16(m + at) == DNS_TYPE_OPT) {
			ck_assert(opt == NULL && records == 1);
			opt = m + start;
		}
		at += 10u + wire_load16(m + at + 8);
	}
	ck_assert_uint_eq(at, r->response_bytes);
	return opt;
}

const uint8_t *
option_response_find(const struct rig *r, unsigned code, unsigned *bytes)
{
	const uint8_t *opt = option_response_opt(r), *found = NULL, *p, *end;

	if (!opt)
		return NULL;
	p = opt + DNS_OPT_BYTES;
	end = p + wire_load16(opt + 9);
	while (p < end) {
		ck_assert_int_ge(end - p, 4);
		ck_assert_int_ge(end - p - 4, wire_load16(p + 2));
		if (wire_load16(p) == code) {
			ck_assert_ptr_null(found);
			found = p + 4;
			*bytes = wire_load16(p + 2);
		}
		p += 4 + wire_load16(p + 2);
	}
	return found;
}
