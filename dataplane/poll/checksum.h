/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The Internet checksum (RFC 1071) in software. Sums are kept over words as
 * they lie in memory: one's complement addition does not care for byte order,
 * so the folded sum is stored as it is. Inline for the poll loop: about one add
 * with carry every eight bytes. tests/unit/test_poll_frame.c holds it against
 * DPDK's.
 */
#ifndef HOLDFAST_CHECKSUM_H
#define HOLDFAST_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t
checksum_add64(uint64_t sum, uint64_t word)
{
	sum += word;
	return sum + (sum < word);
}

static inline uint64_t
checksum_word(uint64_t sum, const uint8_t *p)
{
	uint64_t word;

	memcpy(&word, p, 8);
	return checksum_add64(sum, word);
}

/* Less than eight octets: nothing around them may be read. */
static inline uint64_t
checksum_add_short(uint64_t sum, const uint8_t *p, size_t bytes)
{
	uint32_t half;
	uint16_t quarter;

	if (bytes & 4) {
		memcpy(&half, p, 4);
		sum = checksum_add64(sum, half);
		p += 4;
	}
	if (bytes & 2) {
		memcpy(&quarter, p, 2);
		sum = checksum_add64(sum, quarter);
		p += 2;
	}
	if (bytes & 1)
		sum = checksum_add64(sum, *p); /* padded with a zero behind */
	return sum;
}

/* Blocks of 32, then 16 and 8: a loop over words has as much to do for itself
 * as for the sum. What is left behind the last whole word is read once more
 * with the octets in front of it, which are shifted out. */
static inline __attribute__((always_inline)) uint64_t
checksum_add(uint64_t sum, const uint8_t *p, size_t bytes)
{
	const uint8_t *blocks = p + (bytes & ~(size_t)31);
	unsigned tail = bytes & 7;

	if (__builtin_expect(bytes < 8, 0))
		return checksum_add_short(sum, p, bytes);
	for (; p != blocks; p += 32) {
		sum = checksum_word(sum, p);
		sum = checksum_word(sum, p + 8);
		sum = checksum_word(sum, p + 16);
		sum = checksum_word(sum, p + 24);
	}
	if (bytes & 16) {
		sum = checksum_word(sum, p);
		sum = checksum_word(sum, p + 8);
		p += 16;
	}
	if (bytes & 8) {
		sum = checksum_word(sum, p);
		p += 8;
	}
	if (tail) {
		uint64_t word;

		memcpy(&word, p + tail - 8, 8);
		sum = checksum_add64(sum, word >> (64 - 8 * tail));
	}
	return sum;
}

/* To 16 bits; not complemented. 0xffff over bytes that hold their checksum. The
 * halves are added in both places, so the upper one has the carry too. */
static inline uint16_t
checksum_fold(uint64_t sum)
{
	uint32_t half;

	sum += sum << 32 | sum >> 32;
	half = (uint32_t)(sum >> 32);
	half += half << 16 | half >> 16;
	return (uint16_t)(half >> 16);
}

/* Addresses, protocol and length that UDP and ICMPv6 sum too: for IPv4 the 8
 * bytes of both addresses, for IPv6 the 32 (RFC 8200 section 8.1). */
static inline uint64_t
checksum_pseudo(
    const uint8_t *addresses, size_t bytes, uint8_t protocol, uint16_t length)
{
	uint64_t sum = checksum_add(0, addresses, bytes);

	sum = checksum_add64(sum, (uint64_t)protocol << 8);
	return checksum_add64(sum, __builtin_bswap16(length));
}

static inline void
checksum_store(uint8_t *p, uint16_t value)
{
	memcpy(p, &value, 2);
}

#endif
