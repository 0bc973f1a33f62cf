/* SPDX-License-Identifier: BSD-2-Clause
 *
 * NSEC3 hashes. The low-level SHA-1 of libcrypto keeps its state on the stack:
 * nothing is fetched, allocated or locked a call, as the query path needs it.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "snapshot/nsec3_hash.h"

#include <openssl/sha.h>

_Static_assert((int)NSEC3_HASH_BYTES == SHA_DIGEST_LENGTH, "SHA-1");

static void
hash_once(uint8_t hash[NSEC3_HASH_BYTES], const uint8_t *octets, unsigned bytes,
    const uint8_t *salt, unsigned salt_bytes)
{
	SHA_CTX sha;

	SHA1_Init(&sha);
	SHA1_Update(&sha, octets, bytes);
	if (salt_bytes)
		SHA1_Update(&sha, salt, salt_bytes);
	SHA1_Final(hash, &sha);
}

void
nsec3_hash(uint8_t hash[NSEC3_HASH_BYTES], const uint8_t *name, unsigned bytes,
    const uint8_t *salt, unsigned salt_bytes, unsigned iterations)
{
	hash_once(hash, name, bytes, salt, salt_bytes);
	while (iterations--)
		hash_once(hash, hash, NSEC3_HASH_BYTES, salt, salt_bytes);
}

void
nsec3_label_write(
    uint8_t label[NSEC3_LABEL_BYTES], const uint8_t hash[NSEC3_HASH_BYTES])
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuv";

	*label++ = NSEC3_LABEL_BYTES - 1;
	/* five octets are eight characters */
	for (unsigned i = 0; i < NSEC3_HASH_BYTES; i += 5, label += 8) {
		uint64_t v = 0;

		for (unsigned k = 0; k < 5; k++)
			v = v << 8 | hash[i + k];
		for (unsigned k = 0; k < 8; k++)
			label[k] = (uint8_t)digits[v >> (35 - 5 * k) & 31];
	}
}

/* Value of a character, 32 if it is none of base32hex. */
static unsigned
digit_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'v' ? c - 'a' + 10u : 32;
}

bool
nsec3_label_read(uint8_t hash[NSEC3_HASH_BYTES], const uint8_t *label)
{
	if (*label++ != NSEC3_LABEL_BYTES - 1)
		return false;
	for (unsigned i = 0; i < NSEC3_HASH_BYTES; i += 5, label += 8) {
		uint64_t v = 0;

		for (unsigned k = 0; k < 8; k++) {
			unsigned digit = digit_value(label[k]);

			if (digit > 31)
				return false;
			v = v << 5 | digit;
		}
		for (unsigned k = 0; k < 5; k++)
			hash[i + k] = (uint8_t)(v >> (32 - 8 * k));
	}
	return true;
}
