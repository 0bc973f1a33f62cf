/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Fuzz target: responses that anybody may have sent, to their fingerprints.
 * Checked besides the absence of crashes: the octets alone decide, and what is
 * no part of a fingerprint (ID, RD, case of the question) changes nothing; and
 * the cookie that is learnt is the response's.
 */
#include <stdlib.h>
#include <string.h>

#include "base/dns.h"
#include "tools/load/cookie_jar.h"
#include "tools/load/query_set.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void
check(bool holds)
{
	if (!holds)
		abort();
}

/* The letters of the question's first label, of the other case. Pointers may
 * lead here, even into the middle: a letter is no length octet in either. */
static void
question_case_change(uint8_t *message)
{
	uint8_t *label = message + DNS_HEADER_BYTES;

	for (unsigned i = 1; i <= *label; i++)
		if ((label[i] | 0x20) >= 'a' && (label[i] | 0x20) <= 'z')
			label[i] ^= 0x20;
}

/* The same octets as an answer to a query with a cookie: what is kept of them
 * is sent with the next query. */
static void
cookie_learn(const uint8_t *data, size_t bytes)
{
	enum { QUESTION_END = 17, ASKED = QUESTION_END + 23 };
	static const uint8_t query[ASKED + 32] =
	    "\0\0\0\0\0\1\0\0\0\0\0\1\0\0\1\0\1"
	    "\0\0\x29\4\xd0\0\0\0\0\0\x0c\0\x0a\0\x08"
	    "clientco";
	const struct query_parts parts = {.question_end = QUESTION_END};
	static struct flow_plan plan = {.clients = 1, .nservers4 = 1};
	struct flow flow = {plan.servers, 0};
	struct flow_message m = {.bytes = query, .length = ASKED};
	uint8_t *message = malloc(bytes ? bytes : 1);
	struct cookie_jar jar = {0};

	if (message && cookie_jar_init(&jar, &plan, NULL) == 0) {
		memcpy(message, data, bytes);
		cookie_jar_learn(
		    &jar, &plan, flow, query, ASKED, message, (unsigned)bytes);
		cookie_jar_fill(&jar, &plan, flow, &parts, &m);
		check(m.bytes == query ||
		      (m.length == ASKED + 16 &&
			  memcmp(m.bytes + ASKED, data + bytes - 16, 16) == 0));
	}
	cookie_jar_fini(&jar);
	free(message);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	uint8_t *message = malloc(bytes ? bytes : 1);
	uint64_t first = 0, again = 1;

	if (!message)
		return 0;
	memcpy(message, data, bytes);
	if (answer_fingerprint(message, bytes, &first)) {
		check(first != 0);
		message[0] ^= 0xff;
		message[2] ^= DNS_FLAG_RD >> 8;
		check(answer_fingerprint(message, bytes, &again));
		check(first == again);
		message[2] ^= DNS_FLAG_AA >> 8;
		check(answer_fingerprint(message, bytes, &again));
		check(first != again);
		message[2] ^= DNS_FLAG_AA >> 8;
		question_case_change(message);
		check(answer_fingerprint(message, bytes, &again));
		check(first == again);
	}
	free(message);
	cookie_learn(data, bytes);
	return 0;
}
