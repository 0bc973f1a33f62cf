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
checksum_add(uint64_t sum, const uint8_t *p, size_t bytes)
{
	uint64_t word;
	uint32_t half;
	uint16_t quarter;

	for (; bytes >= 8; p += 8, bytes -= 8) {
		memcpy(&word, p, 8);
		sum = checksum_add64(sum, word);
	}
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

/* To 16 bits; not complemented. 0xffff over bytes that hold their checksum. */
static inline uint16_t
checksum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + ((sum >> 16) & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
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
