/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Messages record by record: sections, names and pointers; what the hash looks
 * at and what not; nothing unsound is walked.
 */
#include "base/message.h"

#include <string.h>

#include "base/dns.h"
#include "base/wire.h"
#include "tests/unit/unit_run.h"

/* www.example. A: a CNAME to host.example., its A, and an OPT. */
static const uint8_t response[] = {0x12, 0x34, 0x84, 0x00, 0, 1, 0, 2, 0, 0, 0,
    1, 3, 'w', 'w', 'W', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0, 0, 1, 0, 1,
    /* 29 */ 0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 7, 4, 'h', 'o', 's', 't',
    0xc0, 16,
    /* 48 */ 0xc0, 41, 0, 1, 0, 1, 0, 0, 0, 90, 0, 4, 192, 0, 2, 1,
    /* 64 */ 0, 0, 41, 4, 208, 0, 0, 0x80, 0, 0, 0};
enum { TTL_OF_A = 54, ADDRESS = 60, OPT_FLAGS = 71 };

START_TEST(records_are_walked)
{
	struct message_record r;
	struct message_walk w;
	uint8_t name[256];

	ck_assert(message_walk_start(&w, response, sizeof response));
	ck_assert_uint_eq(w.question_end, 29);
	ck_assert(message_next(&w, &r));
	ck_assert_uint_eq(r.type, DNS_TYPE_CNAME);
	ck_assert_uint_eq(r.section, MESSAGE_ANSWER);
	ck_assert_uint_eq(
	    message_name(response, sizeof response, r.owner, name), 13);
	ck_assert_mem_eq(name, "\3www\7example", 13);
	ck_assert_uint_eq(
	    message_name(response, sizeof response, r.rdata, name), 14);
	ck_assert_mem_eq(name, "\4host\7example", 14);
	ck_assert(message_next(&w, &r));
	ck_assert_uint_eq(r.type, DNS_TYPE_A);
	ck_assert_uint_eq(r.rdata, ADDRESS);
	ck_assert_uint_eq(r.rdata_bytes, 4);
	ck_assert(message_next(&w, &r));
	ck_assert_uint_eq(r.section, MESSAGE_ADDITIONAL);
	ck_assert_uint_eq(r.type, DNS_TYPE_OPT);
	ck_assert(!message_next(&w, &r));
	ck_assert(!w.failed);
}
END_TEST

START_TEST(hash_is_of_what_is_said)
{
	uint32_t whole = message_hash(response, sizeof response);
	uint8_t other[sizeof response];

	ck_assert_uint_ne(whole, 0);
	memcpy(other, response, sizeof other);
	other[0] ^= 1;                  /* id */
	other[TTL_OF_A] ^= 1;           /* a TTL */
	wire_store16(other + 67, 4096); /* size in OPT */
	ck_assert_uint_eq(message_hash(other, sizeof other), whole);
	for (unsigned i = 2; i < 64; i++) {
		bool is_ttl =
		    (i >= 35 && i < 39) || (i >= TTL_OF_A && i < TTL_OF_A + 4);

		memcpy(other, response, sizeof other);
		other[i] ^= 1;
		ck_assert_msg(
		    (message_hash(other, sizeof other) == whole) == is_ttl,
		    "octet %u", i);
	}
	memcpy(other, response, sizeof other);
	other[11] = 0; /* without OPT */
	ck_assert_uint_ne(message_hash(other, 64), whole);
	ck_assert_uint_ne(message_hash(other, 64), 0);
}
END_TEST

START_TEST(unsound_is_not_walked)
{
	uint8_t loop[] = {0, 0, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0xc0, 12, 0, 1,
	    0, 1, 0, 0, 0, 0, 0, 0};
	struct message_record r;
	struct message_walk w;
	uint8_t name[256];

	for (size_t n = 0; n < sizeof response; n++)
		ck_assert_uint_eq(message_hash(response, n), 0);
	/* where a pointer leads is the business of who follows it */
	ck_assert(message_walk_start(&w, loop, sizeof loop));
	ck_assert(message_next(&w, &r));
	ck_assert_uint_eq(message_name(loop, sizeof loop, 12, name), 0);
	ck_assert_uint_eq(message_name(loop, 13, 12, name), 0);
	ck_assert_uint_eq(
	    message_name(loop, sizeof loop, sizeof loop, name), 0);
	loop[12] = 0x40; /* no label, no pointer */
	ck_assert(message_walk_start(&w, loop, sizeof loop));
	ck_assert(!message_next(&w, &r));
	ck_assert(w.failed);
}
END_TEST

UNIT_MAIN("message", records_are_walked, hash_is_of_what_is_said,
    unsound_is_not_walked)
