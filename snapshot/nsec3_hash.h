/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The hash of NSEC3 (RFC 5155 section 5) by libcrypto's SHA-1, the one hash
 * algorithm that there is (section 11), and hashes as the labels that own NSEC3
 * records. For builder, verifier and engine: allocates nothing, any thread.
 */
#ifndef HOLDFAST_NSEC3_HASH_H
#define HOLDFAST_NSEC3_HASH_H

#include <stdbool.h>
#include <stdint.h>

#include "snapshot/format.h"

enum {
	NSEC3_ALGORITHM_SHA1 = 1,
	NSEC3_LABEL_BYTES = 33, /* length octet, 32 characters of base32hex */
};

/* Hashes `bytes` octets of a name in lower case, its root label included:
 * once, then `iterations` times more. A name, a short salt and no iterations
 * take one or two blocks of SHA-1. */
void nsec3_hash(uint8_t hash[NSEC3_HASH_BYTES], const uint8_t *name,
    unsigned bytes, const uint8_t *salt, unsigned salt_bytes,
    unsigned iterations);

/* A hash as a label in lower case, and back: base32hex without padding (RFC
 * 4648 section 7), of either case. False if the label is of another length or
 * has other characters. */
void nsec3_label_write(
    uint8_t label[NSEC3_LABEL_BYTES], const uint8_t hash[NSEC3_HASH_BYTES]);
bool nsec3_label_read(uint8_t hash[NSEC3_HASH_BYTES], const uint8_t *label);

#endif
