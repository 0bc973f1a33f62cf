/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Server cookies: made, checked, renewed. SipHash-2-4 stands here and is not a
 * library's since it is on the packet path: the message has one of two lengths,
 * both known, and there is no context to set up (libcrypto's takes some hundred
 * cycles and a lock). test_cookie.c compares the two.
 */
#include "dataplane/answer/cookie.h"

#include <string.h>

#include "base/wire.h"

enum {
	COOKIE_VERSION = 1,
	COOKIE_HEAD_AT = 8, /* version and reserved octets */
	COOKIE_STAMP_AT = 12,
	COOKIE_HASH_AT = 16,
};

/* Little-endian, as SipHash has it and as the processor does. */
static inline uint64_t
sip_word(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

static inline uint64_t
sip_rotate(uint64_t v, unsigned bits)
{
	return v << bits | v >> (64 - bits);
}

struct sip {
	uint64_t a, b, c, d;
};

static inline void
sip_rounds(struct sip *s, unsigned rounds)
{
	while (rounds--) {
		s->a += s->b;
		s->c += s->d;
		s->b = sip_rotate(s->b, 13) ^ s->a;
		s->d = sip_rotate(s->d, 16) ^ s->c;
		s->a = sip_rotate(s->a, 32);
		s->c += s->b;
		s->a += s->d;
		s->b = sip_rotate(s->b, 17) ^ s->c;
		s->d = sip_rotate(s->d, 21) ^ s->a;
		s->c = sip_rotate(s->c, 32);
	}
}

static inline void
sip_block(struct sip *s, uint64_t word)
{
	s->d ^= word;
	sip_rounds(s, 2);
	s->a ^= word;
}

/* SipHash-2-4 of the 16 octets in front of a cookie's hash and the client's
 * address. The last block has the length in its top octet. */
static inline uint64_t
cookie_hash(const uint64_t key[2], const uint8_t *cookie, const uint8_t *client,
    unsigned client_bytes)
{
	struct sip s = {.a = key[0] ^ 0x736f6d6570736575ull,
	    .b = key[1] ^ 0x646f72616e646f6dull,
	    .c = key[0] ^ 0x6c7967656e657261ull,
	    .d = key[1] ^ 0x7465646279746573ull};
	uint32_t address;

	sip_block(&s, sip_word(cookie));
	sip_block(&s, sip_word(cookie + 8));
	if (client_bytes == 4) {
		memcpy(&address, client, 4);
		sip_block(&s, 20ull << 56 | address);
	} else {
		sip_block(&s, sip_word(client));
		sip_block(&s, sip_word(client + 8));
		sip_block(&s, 32ull << 56);
	}
	s.c ^= 0xff;
	sip_rounds(&s, 4);
	return s.a ^ s.b ^ s.c ^ s.d;
}

void
cookie_secrets_set(struct cookie_secrets *out,
    const uint8_t (*secrets)[COOKIE_SECRET_BYTES], unsigned count)
{
	memset(out, 0, sizeof *out);
	out->count = count;
	for (unsigned i = 0; i < count; i++) {
		out->key[i][0] = sip_word(secrets[i]);
		out->key[i][1] = sip_word(secrets[i] + 8);
	}
}

uint32_t
cookie_secret_mark(const struct cookie_secrets *s, unsigned i)
{
	static const uint8_t zero[COOKIE_HASH_AT]; /* there is no version 0 */

	return (uint32_t)cookie_hash(s->key[i], zero, zero, sizeof zero);
}

/* The server cookie behind the client cookie that is there. */
static void
cookie_make(uint8_t cookie[COOKIE_BYTES], const struct cookie_secrets *secrets,
    uint32_t now, const uint8_t *client, unsigned client_bytes)
{
	uint64_t hash;

	wire_store32(cookie + COOKIE_HEAD_AT, (uint32_t)COOKIE_VERSION << 24);
	wire_store32(cookie + COOKIE_STAMP_AT, now);
	hash = cookie_hash(secrets->key[0], cookie, client, client_bytes);
	memcpy(cookie + COOKIE_HASH_AT, &hash, sizeof hash);
}

/* Which secret it was made with, or -1. */
static int
cookie_secret(const struct cookie_secrets *secrets, const uint8_t *cookie,
    const uint8_t *client, unsigned client_bytes)
{
	uint64_t hash = sip_word(cookie + COOKIE_HASH_AT);

	for (unsigned i = 0; i < secrets->count; i++)
		if (cookie_hash(
			secrets->key[i], cookie, client, client_bytes) == hash)
			return (int)i;
	return -1;
}

enum answer_cookie
cookie_take(uint8_t out[COOKIE_BYTES], const struct cookie_secrets *secrets,
    uint32_t now, const uint8_t *cookie, unsigned bytes, const uint8_t *client,
    unsigned client_bytes)
{
	enum answer_cookie said = ANSWER_COOKIE_CLIENT;

	if (bytes == COOKIE_BYTES && cookie[COOKIE_HEAD_AT] == COOKIE_VERSION) {
		/* serial numbers (RFC 1982): the difference has a sign */
		int32_t age =
		    (int32_t)(now - wire_load32(cookie + COOKIE_STAMP_AT));
		int secret = -1;

		if (age <= COOKIE_AGE_MAX && age >= -COOKIE_AHEAD_MAX)
			secret = cookie_secret(
			    secrets, cookie, client, client_bytes);
		if (secret >= 0)
			said = ANSWER_COOKIE_VALID;
		/* young, and what we would make: it goes back as it is */
		if (secret == 0 && age < COOKIE_RENEW_AGE &&
		    wire_load32(cookie + COOKIE_HEAD_AT) ==
			(uint32_t)COOKIE_VERSION << 24) {
			memcpy(out, cookie, COOKIE_BYTES);
			return said;
		}
	}
	memcpy(out, cookie, COOKIE_CLIENT_BYTES);
	cookie_make(out, secrets, now, client, client_bytes);
	return said;
}
