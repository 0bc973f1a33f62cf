/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Fuzz target: what a process that reads zone files replies, any octets, as
 * holdfastd takes it. What is taken must be sealed: written again it says the
 * same. Links the real reader.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "control/parser/parser_message.h"
#include "tests/rig/memory_stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t apex[] = "\7example";

static int
reply_read(struct parser_reply *r, const uint8_t *data, size_t size)
{
	struct memory_stream s = {data, size};
	const struct parser_stream stream = {memory_stream_read, &s};
	struct err err;

	return parser_reply_read(r, &stream, "/z", apex, 1 << 20, &err);
}

/* Sealing them again changes nothing. */
static void
expect_sealed(const struct zone_records *z)
{
	struct err err;
	struct zone_records *copy = zone_records_new(apex, &err);

	if (!copy || zone_records_merge(copy, z, &err) != 0 ||
	    zone_records_seal(copy, NULL, NULL, &err) != 0 ||
	    copy->count != z->count || copy->serial != z->serial ||
	    !digest_equal(&copy->version, &z->version))
		abort();
	zone_records_free(copy);
}

static void
expect_same_again(const struct parser_reply *r)
{
	struct bytes out = {0};
	struct parser_reply again;
	uint8_t *exact;

	if (parser_reply_write_head(&out, r->code, r->records,
		r->code ? &r->why : NULL, &r->stamp, &r->warnings) != 0)
		abort();
	if (r->records)
		parser_reply_write_records(
		    r->records, memory_stream_write, &out);
	exact = malloc(out.len);
	if (!exact || out.failed)
		abort();
	memcpy(exact, out.data, out.len);
	if (reply_read(&again, exact, out.len) != 0 || again.code != r->code ||
	    again.stamp.count != r->stamp.count ||
	    !again.records != !r->records ||
	    (r->records &&
		!digest_equal(&again.records->version, &r->records->version)))
		abort();
	parser_reply_fini(&again);
	free(exact);
	bytes_fini(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *exact = malloc(size + !size);
	struct parser_reply r;

	if (!exact)
		return 0;
	memcpy(exact, data, size);
	if (reply_read(&r, exact, size) == 0) {
		if (r.records)
			expect_sealed(r.records);
		expect_same_again(&r);
		parser_reply_fini(&r);
	}
	free(exact);
	return 0;
}
