/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Cookies of the load generator: asked for, learnt, sent by the client that
 * they were given to; responses that have none for it, or are cut off.
 */
#include <stdlib.h>

#include "base/dns.h"
#include "tests/unit/load_rig.h"
#include "tests/unit/unit_run.h"
#include "tools/load/cookie_jar.h"

enum { QUESTION_END = 12 + 3 + 4, ASKED = QUESTION_END + 23 };

static const uint8_t query[ASKED + 32] =
    "\0\0\0\0\0\1\0\0\0\0\0\1\1a\0\0\1\0\1"
    "\0\0\x29\4\xd0\0\0\0\0\0\x0c\0\x0a\0\x08"
    "clientco";

/* A response that ends in an OPT with a cookie for the client cookie. */
static unsigned
response_make(uint8_t *out, const char *client, const char *server)
{
	memcpy(out, query, QUESTION_END + DNS_OPT_BYTES);
	out[QUESTION_END + 10] = 28;
	memcpy(out + QUESTION_END + 11, "\0\x0a\0\x18", 4);
	memcpy(out + QUESTION_END + 15, client, 8);
	memcpy(out + QUESTION_END + 23, server, 16);
	return QUESTION_END + 39;
}

static struct flow_message
message_of(struct cookie_jar *j, const struct flow_plan *p, struct flow flow,
    const struct query_parts *parts)
{
	struct flow_message m = {.bytes = query,
	    .length = ASKED,
	    .sum = inet_sum_fold(inet_sum_add(0, query, ASKED))};

	cookie_jar_fill(j, p, flow, parts, &m);
	ck_assert_uint_eq(
	    m.sum, inet_sum_fold(inet_sum_add(0, m.bytes, m.length)));
	return m;
}

START_TEST(learnt_and_sent)
{
	const struct query_parts parts = {.question_end = QUESTION_END};
	struct flow_plan plan = rig_plan(100, 50);
	struct flow one = flow_of(&plan, 1), two = flow_of(&plan, 2);
	struct flow_message m;
	struct cookie_jar j = {0};
	uint8_t response[128];
	unsigned n;
	struct err err;

	ck_assert(one.client != two.client || one.server != two.server);
	ck_assert_int_eq(cookie_jar_init(&j, &plan, &err), 0);
	ck_assert(cookie_jar_concerns(query, ASKED, &parts));
	ck_assert(!cookie_jar_concerns(query, ASKED - 1, &parts));
	m = message_of(&j, &plan, one, &parts);
	ck_assert_ptr_eq(m.bytes, query);
	n = response_make(response, "another!", "0123456789abcdef");
	cookie_jar_learn(&j, &plan, one, query, ASKED, response, n);
	ck_assert_ptr_eq(message_of(&j, &plan, one, &parts).bytes, query);
	n = response_make(response, "clientco", "0123456789abcdef");
	for (unsigned cut = 1; cut <= n; cut++) {
		uint8_t *exact = rig_exact(response, n - cut);

		cookie_jar_learn(&j, &plan, one, query, ASKED, exact, n - cut);
		free(exact);
	}
	ck_assert_ptr_eq(message_of(&j, &plan, one, &parts).bytes, query);
	cookie_jar_learn(&j, &plan, one, query, ASKED, response, n);
	m = message_of(&j, &plan, one, &parts);
	ck_assert_uint_eq(m.length, ASKED + 16);
	ck_assert_mem_eq(m.bytes, query, QUESTION_END + 9);
	ck_assert_mem_eq(m.bytes + QUESTION_END + 9,
	    "\0\x1c\0\x0a\0\x18"
	    "clientco0123456789abcdef",
	    30);
	ck_assert_ptr_eq(message_of(&j, &plan, two, &parts).bytes, query);
	/* a renewed one takes its place */
	n = response_make(response, "clientco", "fedcba9876543210");
	cookie_jar_learn(&j, &plan, one, query, ASKED, response, n);
	m = message_of(&j, &plan, one, &parts);
	ck_assert_mem_eq(m.bytes + ASKED, "fedcba9876543210" + 0, 16);
	cookie_jar_fini(&j);
}
END_TEST

UNIT_MAIN("cookie_jar", learnt_and_sent)
