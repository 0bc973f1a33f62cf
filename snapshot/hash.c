/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Whole-name forms of the keyed name hash, for builder, verifier and tools;
 * the engine folds labels in its own loop. Allocates nothing, any thread.
 */
#include "snapshot/hash.h"

#include "base/dns.h"

uint64_t
name_hash_above(const struct name_key *key, uint64_t above,
    const uint8_t *labels, unsigned bytes)
{
	uint8_t starts[DNS_LABELS_MAX + 1];
	uint64_t h = above;
	unsigned n = 0;

	for (unsigned at = 0; at < bytes && n <= DNS_LABELS_MAX;
	     at += labels[at] + 1u)
		starts[n++] = (uint8_t)at;
	while (n--)
		h = name_hash_label(key, h, labels + starts[n]);
	return h;
}

uint64_t
name_hash(const struct name_key *key, const uint8_t *name)
{
	unsigned bytes = 0;

	while (name[bytes])
		bytes += name[bytes] + 1u;
	return name_hash_above(key, name_hash_root(key), name, bytes);
}
