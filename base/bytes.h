/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A growing byte buffer for control and tools (never the query path). The
 * caller owns it: bytes_init or zero, then bytes_fini. Growth failure is
 * sticky: `failed` is set and further appends do nothing, so a builder checks
 * once at its end.
 */
#ifndef HOLDFAST_BYTES_H
#define HOLDFAST_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
	uint8_t *data;
	size_t len, cap;
	bool failed; /* out of memory */
};

void bytes_init(struct bytes *b);
void bytes_fini(struct bytes *b);
void bytes_clear(struct bytes *b); /* len = 0, memory kept */

/* Makes room for n more bytes; false when out of memory. */
bool bytes_reserve(struct bytes *b, size_t n);

/* Appends; returns the offset at which the bytes start. */
size_t bytes_append(struct bytes *b, const void *p, size_t n);
size_t bytes_append_zero(struct bytes *b, size_t n);

/* Appends zeros until len is a multiple of the power of two `align`. */
void bytes_align(struct bytes *b, size_t align);

/* printf into the buffer, not terminated. */
void bytes_printf(struct bytes *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
