/* SPDX-License-Identifier: BSD-2-Clause
 *
 * DNS cookies (RFC 7873) as all servers of an anycast set make them (RFC 9018):
 * a server cookie is proof that its sender has received something at its
 * address within the last hour. No state: everything is in the cookie.
 *
 *   0   client cookie    8   as the client sent it
 *   8   version          1   1
 *   9   reserved         3   0 in what we make; part of the hash
 *   12  time stamp       4   seconds since 1970, serial arithmetic
 *   16  hash             8   SipHash-2-4 of octets 0 to 15 and the client's
 *                            address, under the secret
 *
 * Any thread; no allocation, no clock. A cookie is one hash of 20 octets (IPv4)
 * or 32, about 60 and 80 cycles; one that is renewed, two or three.
 */
#ifndef HOLDFAST_COOKIE_H
#define HOLDFAST_COOKIE_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/answer/answer.h"

enum {
	COOKIE_SECRET_BYTES = 16,
	COOKIE_SECRETS_MAX = 2,
	COOKIE_CLIENT_BYTES = 8,
	COOKIE_BYTES = 24, /* client and server cookie of version 1 */
	/* RFC 9018 section 4.3, in seconds */
	COOKIE_AGE_MAX = 3600,
	COOKIE_AHEAD_MAX = 300, /* of our clock: that of another server */
	COOKIE_RENEW_AGE = 1800,
};

/* The first makes cookies, cookies of all are accepted: so that a roll-over
 * loses none. Read-only while queries run; replaced as a whole. */
struct cookie_secrets {
	uint32_t count; /* at least one */
	uint64_t key[COOKIE_SECRETS_MAX][2];
};

/* From octets as they are configured; `count` is at most COOKIE_SECRETS_MAX. */
void cookie_secrets_set(struct cookie_secrets *out,
    const uint8_t (*secrets)[COOKIE_SECRET_BYTES], unsigned count);

/* A number that names a secret to people and gives nothing of it away: its hash
 * of what no cookie is. */
uint32_t cookie_secret_mark(const struct cookie_secrets *s, unsigned i);

/* Octets that a COOKIE option may have: a client cookie, alone or with a server
 * cookie of 8 to 32 (RFC 7873 section 4). Else FORMERR (section 5.2.2). */
static inline bool
cookie_bytes_are_sound(unsigned bytes)
{
	return bytes == 8 || (bytes >= 16 && bytes <= 40);
}

/* What the option says of its sender, and in `out` the cookie that goes into
 * the response. `cookie` has `bytes` octets, a sound number; `client` has 4 or
 * 16. Never ANSWER_COOKIE_NONE. */
enum answer_cookie cookie_take(uint8_t out[COOKIE_BYTES],
    const struct cookie_secrets *secrets, uint32_t now, const uint8_t *cookie,
    unsigned bytes, const uint8_t *client, unsigned client_bytes);

#endif
