/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The Internet checksum (RFC 1071) for frames that are made and read here. The
 * sum is kept in 64 bits over 32-bit words as they lie in memory, so that
 * nothing carries before the end and parts that are known beforehand (the
 * header's constants, the message) are added as numbers. Inline, any thread.
 */
#ifndef HOLDFAST_INET_SUM_H
#define HOLDFAST_INET_SUM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Parts but the last have an even number of bytes. */
static inline uint64_t
inet_sum_add(uint64_t sum, const uint8_t *p, size_t bytes)
{
	uint64_t word;
	uint32_t half;
	uint16_t quarter;

	for (; bytes >= 8; p += 8, bytes -= 8) {
		memcpy(&word, p, 8);
		sum += (word & 0xffffffff) + (word >> 32);
	}
	if (bytes & 4) {
		memcpy(&half, p, 4);
		sum += half;
		p += 4;
	}
	if (bytes & 2) {
		memcpy(&quarter, p, 2);
		sum += quarter;
		p += 2;
	}
	return bytes & 1 ? sum + *p : sum; /* padded with a zero behind */
}

static inline uint64_t
inet_sum_add16(uint64_t sum, uint16_t host_value)
{
	return sum + __builtin_bswap16(host_value);
}

/* To 16 bits, not complemented: 0xffff over bytes that hold their sum. */
static inline uint16_t
inet_sum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

/* What a pseudo header adds: the two addresses, which lie one behind the other
 * in both IP versions, and the protocol; the length is added by the caller. */
static inline uint64_t
inet_sum_pseudo(const uint8_t *addresses, size_t bytes, uint8_t protocol)
{
	return inet_sum_add16(inet_sum_add(0, addresses, bytes), protocol);
}

/* `sum` complemented, into the header at p. Zero means "no checksum" in UDP,
 * so that the other zero is sent instead (RFC 768); in IPv4 both are right. */
static inline void
inet_sum_store(uint8_t *p, uint64_t sum)
{
	uint16_t value = (uint16_t)~inet_sum_fold(sum);

	value = value ? value : 0xffff;
	memcpy(p, &value, 2);
}

#endif
