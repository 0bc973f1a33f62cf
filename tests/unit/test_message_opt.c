/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Messages of opcodes that are not served, and the OPT records in them.
 */
#include <check.h>
#include <string.h>

#include "base/wire.h"
#include "tests/unit/option_query.h"
#include "tests/unit/unit_run.h"

static const struct text_zone zone = {"ex.test.",
    "$ORIGIN ex.test.\n$TTL 300\n@ SOA ns host 1 2 3 4 5\n@ NS ns.other.\n",
    false};

/* Opcodes that are not served: what they are told, with OPT if they have one
 * (RFC 6891 section 6.1.1), and without a question. */
static const struct {
	unsigned opcode;
	const char *rest; /* counts and what is behind the header */
	unsigned bytes;
	enum verdict verdict;
	int options; /* octets of the response's; -1: no OPT */
} unserved[] = {
#define COUNTS(qd, an, ns, ar) "\0" qd "\0" an "\0" ns "\0" ar
#define QUESTION               "\2ex\4test\0\0\6\0\1"
#define PLAIN_OPT              "\0\0\x29\4\xd0\0\0\0\0\0\0"
#define NSID_OPT               "\0\0\x29\4\xd0\0\0\0\0\0\4\0\3\0\0"
/* of an UPDATE: compressed */
#define RR "\300\14\0\1\0\1\0\0\0\0\0\4abcd"
#define ROW(opcode, rest, verdict, options)                                    \
	{                                                                      \
		opcode, rest, sizeof rest - 1, VERDICT_##verdict, options      \
	}
    ROW(4, COUNTS("\1", "\0", "\0", "\0") QUESTION, REFUSED, -1),
    ROW(4, COUNTS("\1", "\0", "\0", "\1") QUESTION PLAIN_OPT, REFUSED, 0),
    ROW(4, COUNTS("\1", "\0", "\0", "\1") QUESTION NSID_OPT, REFUSED, 9),
    ROW(4, COUNTS("\1", "\1", "\0", "\1") QUESTION RR NSID_OPT, REFUSED, 9),
    ROW(5, COUNTS("\1", "\1", "\1", "\1") QUESTION RR RR PLAIN_OPT, NOTIMP, 0),
    ROW(5, COUNTS("\1", "\0", "\0", "\2") QUESTION RR PLAIN_OPT, NOTIMP, 0),
    ROW(5, COUNTS("\1", "\0", "\0", "\2") QUESTION PLAIN_OPT RR, NOTIMP, 0),
    ROW(15, COUNTS("\0", "\0", "\0", "\1") PLAIN_OPT, NOTIMP, 0),
    /* not an OPT record of ours to answer: elsewhere, of another owner, cut
     * off, behind the counted ones, behind a name that is none */
    ROW(5, COUNTS("\1", "\1", "\0", "\0") QUESTION PLAIN_OPT, NOTIMP, -1),
    ROW(5, COUNTS("\1", "\0", "\1", "\0") QUESTION PLAIN_OPT, NOTIMP, -1),
    ROW(15, COUNTS("\0", "\0", "\0", "\1") "\1a" PLAIN_OPT, NOTIMP, -1),
    ROW(15, COUNTS("\0", "\0", "\0", "\1") "\300" PLAIN_OPT, NOTIMP, -1),
    ROW(15, COUNTS("\0", "\0", "\0", "\1") "\200" PLAIN_OPT, NOTIMP, -1),
    ROW(15, COUNTS("\0", "\0", "\0", "\2") PLAIN_OPT, NOTIMP, -1),
    ROW(15, COUNTS("\0", "\0", "\0", "\1") PLAIN_OPT "x", NOTIMP, -1),
    ROW(15, COUNTS("\0", "\0", "\0", "\1") "\0\0\x29\4\xd0\0\0\0\0\0", NOTIMP,
	-1),
    /* mistakes in it */
    ROW(15, COUNTS("\0", "\0", "\0", "\2") PLAIN_OPT PLAIN_OPT, FORMERR, 0),
    ROW(4, COUNTS("\0", "\0", "\0", "\1") "\0\0\x29\4\xd0\0\0\0\0\0\1x",
	FORMERR, 0),
    ROW(5, COUNTS("\0", "\0", "\0", "\1") "\0\0\x29\4\xd0\0\1\0\0\0\0", BADVERS,
	0),
};

static void
row_check(struct rig *r, unsigned i)
{
	uint8_t m[128] = {0x12, 0x34};
	const uint8_t *opt;

	m[2] = (uint8_t)(unserved[i].opcode << 3);
	memcpy(m + 4, unserved[i].rest, unserved[i].bytes);
	rig_send(r, m, 4 + unserved[i].bytes, ANSWER_UDP);
	ck_assert_msg(r->verdict == unserved[i].verdict, "row %u: %s", i,
	    verdict_name(r->verdict));
	ck_assert_uint_eq(r->response[2], 0x80 | unserved[i].opcode << 3);
	ck_assert_uint_eq(wire_load16(r->response + 4), 0);
	opt = option_response_opt(r);
	ck_assert_msg((opt ? wire_load16(opt + 9) : -1) == unserved[i].options,
	    "row %u", i);
}

START_TEST(opcodes_not_served)
{
	struct rig r;

	rig_open(&r, &zone, 1);
	memcpy(r.config.nsid, "edge1", 5);
	r.config.nsid_bytes = 5;
	for (unsigned i = 0; i < sizeof unserved / sizeof *unserved; i++)
		row_check(&r, i);
	rig_close(&r);
}
END_TEST

UNIT_MAIN("message opt", opcodes_not_served)
