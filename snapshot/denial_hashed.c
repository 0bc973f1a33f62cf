/* SPDX-License-Identifier: BSD-2-Clause
 *
 * NSEC3 records by their hash; see denial_hashed.h. Directory and hashes are
 * written with room for offsets, which the blocks behind them fill in.
 */
#include "snapshot/denial_hashed.h"

#include <endian.h>
#include <string.h>

#include "base/dns.h"
#include "snapshot/denial_proof.h"

unsigned
hashed_bits(uint32_t count)
{
	return count < 4 ? 0 : 30u - (unsigned)__builtin_clz(count);
}

static uint64_t
hash_word(const uint8_t hash[NSEC3_HASH_BYTES])
{
	uint64_t word;

	memcpy(&word, hash, sizeof word);
	return be64toh(word);
}

uint32_t
hashed_index(
    const uint8_t hash[NSEC3_HASH_BYTES], unsigned prefix_bits, unsigned bits)
{
	uint64_t word = hash_word(hash) << prefix_bits;

	return bits ? (uint32_t)(word >> (64 - bits)) : 0;
}

uint32_t
hashed_slot(const uint8_t hash[NSEC3_HASH_BYTES], unsigned bits)
{
	return hashed_index(hash, 0, bits);
}

/* first[i]: index of the first hash that belongs to entry i or a later one. */
static void
directory_append(struct bytes *out, const struct zone_plan *p, uint32_t first,
    const struct hashed_d *head)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i <= 1u << head->bits; i++) {
		while (
		    at < head->count && hashed_index(p->hashed[first + at].hash,
					    head->prefix_bits, head->bits) < i)
			at++;
		bytes_append(out, &at, sizeof at);
	}
}

static int
out_of_memory(struct err *err)
{
	return err_set(err, ERR_NO_MEMORY, "no memory for NSEC3 records");
}

int
hashed_append(struct bytes *out, struct block_builder *b,
    const struct zone_plan *p, uint32_t first, uint32_t count,
    unsigned prefix_bits, struct err *err)
{
	struct hashed_d head = {
	    .count = count,
	    .prefix_bits = (uint8_t)prefix_bits,
	    .bits = (uint8_t)hashed_bits(count),
	};
	size_t start = out->len, names;
	int rc;

	head.names_off = (uint32_t)(sizeof head +
				    ((1u << head.bits) + 1) * sizeof(uint32_t));
	bytes_append(out, &head, sizeof head);
	directory_append(out, p, first, &head);
	names = bytes_append_zero(
	    out, (size_t)count * sizeof(struct hashed_name_d));
	for (uint32_t i = 0; i < count; i++) {
		struct hashed_name_d name = {
		    .block_off = (uint32_t)(out->len - start)};

		rc = denial_proof_append(out, b, p, p->hashed[first + i].first,
		    p->hashed[first + i].count, DNS_TYPE_NSEC3, err);
		if (rc < 0)
			return rc;
		if (out->failed)
			return out_of_memory(err);
		if (out->len - start > CELL_BYTES_MAX)
			return err_set(err, ERR_LIMIT,
			    "its NSEC3 records are over %u bytes",
			    CELL_BYTES_MAX);
		memcpy(name.hash, p->hashed[first + i].hash, sizeof name.hash);
		memcpy(out->data + names + i * sizeof name, &name, sizeof name);
	}
	head.bytes = (uint32_t)(out->len - start);
	memcpy(out->data + start, &head, sizeof head);
	return 0;
}
