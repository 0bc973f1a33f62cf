/* SPDX-License-Identifier: BSD-2-Clause
 *
 * See poll_numbers.h.
 */
#include "tests/unit/poll_numbers.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/wire.h"
#include "tests/rig/text_generation.h"
#include "tests/unit/unit_run.h"

struct generation *
poll_numbers_generation(unsigned n)
{
	struct text_zone zone = {.apex = "swap.test.", .split = true};
	struct generation *g = NULL;
	struct err err;
	char text[1200];

	snprintf(text, sizeof text,
	    "$TTL %u\n@ SOA ns hm %u 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n"
	    "start CNAME a.one\na.one CNAME b.two\nb.two CNAME c.three\n"
	    "c.three CNAME d.four\nd.four TXT \"%u\"\n",
	    n, n, n);
	zone.text = text;
	ck_assert_msg(text_generation_make(&g, NULL, &zone, 1, &err) == 0, "%s",
	    err.text);
	return g;
}

struct made
poll_numbers_question(uint16_t id)
{
	static const uint8_t message[] =
	    "\0\0\1\0\0\1\0\0\0\0\0\0\5start\4swap\4test\0\0\x10\0\1";
	struct made m = made_udp(false, false, sizeof message - 1);

	memcpy(m.b + m.l4 + 8, message, sizeof message - 1);
	made_put16(m.b + m.l4 + 8, id);
	made_finish(&m, 17);
	return m;
}

/* Five records, each with the TTL that is the generation's number, and the
 * last one says it once more. Returns the number. */
unsigned
poll_numbers_read(const uint8_t *dns, size_t bytes)
{
	struct wire_reader r = wire_reader_make(dns, bytes);
	unsigned number = 0, records;
	char text[8] = "";

	wire_take_find(&r, 6);
	records = wire_read16(&r);
	ck_assert_uint_eq(records, 5);
	wire_take_find(&r, 4 + 17 + 4); /* counts, the question */
	for (unsigned i = 0; i < records; i++) {
		unsigned ttl, length;
		uint8_t at;

		while ((at = wire_read8(&r)) != 0 && at < 0xc0)
			wire_take_find(&r, at);
		if (at >= 0xc0)
			wire_read8(&r);
		wire_take_find(&r, 4);
		ttl = wire_read32(&r);
		length = wire_read16(&r);
		if (i == 4)
			snprintf(text, sizeof text, "%.*s", (int)length - 1,
			    (const char *)r.at + 1);
		wire_take_find(&r, length);
		ck_assert(!r.failed);
		if (i == 0)
			number = ttl;
		ck_assert_uint_eq(ttl, number);
	}
	ck_assert_uint_eq((unsigned)atoi(text), number);
	return number;
}
