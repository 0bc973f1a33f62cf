/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Fuzz target: responses that anybody may have sent, to their fingerprints.
 * Checked besides the absence of crashes: the octets alone decide, and what is
 * no part of a fingerprint (ID, RD, case of the question) changes nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "base/dns.h"
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
	return 0;
}
