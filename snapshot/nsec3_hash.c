/* SPDX-License-Identifier: BSD-2-Clause
 *
 * NSEC3 hashes. The low-level SHA-1 of libcrypto keeps its state on the stack:
 * nothing is fetched, allocated or locked a call, as the query path needs it.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "snapshot/nsec3_hash.h"

#include <string.h>

#include <openssl/sha.h>

#include "base/wire.h"

_Static_assert((int)NSEC3_HASH_BYTES == SHA_DIGEST_LENGTH, "SHA-1");

/* What fits one block of SHA-1 with its padding: nearly all names, and every
 * hash of a hash. The library's block function is called as it is: buffering
 * costs as much again. */
enum { BLOCK_BYTES = 64, BLOCK_INPUT_MAX = BLOCK_BYTES - 1 - 8 };

static void
hash_block(uint8_t hash[NSEC3_HASH_BYTES], const uint8_t *octets,
    unsigned bytes, const uint8_t *salt, unsigned salt_bytes)
{
	SHA_CTX sha = {
	    .h0 = 0x67452301,
	    .h1 = 0xefcdab89,
	    .h2 = 0x98badcfe,
	    .h3 = 0x10325476,
	    .h4 = 0xc3d2e1f0,
	};
	uint8_t block[BLOCK_BYTES] = {0};

	memcpy(block, octets, bytes);
	if (salt_bytes)
		memcpy(block + bytes, salt, salt_bytes);
	bytes += salt_bytes;
	block[bytes] = 0x80;
	wire_store16(block + BLOCK_BYTES - 2, (uint16_t)(8 * bytes));
	SHA1_Transform(&sha, block);
	wire_store32(hash, sha.h0);
	wire_store32(hash + 4, sha.h1);
	wire_store32(hash + 8, sha.h2);
	wire_store32(hash + 12, sha.h3);
	wire_store32(hash + 16, sha.h4);
}

static void
hash_once(uint8_t hash[NSEC3_HASH_BYTES], const uint8_t *octets, unsigned bytes,
    const uint8_t *salt, unsigned salt_bytes)
{
	SHA_CTX sha;

	if (bytes + salt_bytes <= BLOCK_INPUT_MAX) {
		hash_block(hash, octets, bytes, salt, salt_bytes);
		return;
	}
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
	enum { ABOVE_9 = 'a' - ('9' + 1) };
	const uint64_t each = 0x0101010101010101ull;

	*label++ = NSEC3_LABEL_BYTES - 1;
	/* Five octets are eight characters, made side by side in a word: a
	 * proof has three labels, and a packet's time is short. */
	for (unsigned i = 0; i < NSEC3_HASH_BYTES; i += 5, label += 8) {
		uint64_t v =
		    (uint64_t)hash[i] << 32 | wire_load32(hash + i + 1);
		uint64_t letters;

		v = (v & 0xfffff00000ull) << 12 | (v & 0xfffff);
		v = (v & 0x000ffc00000ffc00ull) << 6 | (v & 0x3ff000003ffull);
		v = (v & 0x03e003e003e003e0ull) << 3 |
		    (v & 0x1f001f001f001full);
		/* the digits above 9 carry into their top bit */
		letters = (v + each * (0x80 - 10)) >> 7 & each;
		v += each * '0' + letters * ABOVE_9;
		v = __builtin_bswap64(v);
		memcpy(label, &v, 8);
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
