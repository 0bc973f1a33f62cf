/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The growing byte buffer: doubling heap memory, overflow-checked. Runs in
 * control, tools and management threads.
 */
#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BYTES_FIRST_CAP = 256 };

void
bytes_init(struct bytes *b)
{
	*b = (struct bytes){0};
}

void
bytes_fini(struct bytes *b)
{
	free(b->data);
	bytes_init(b);
}

void
bytes_clear(struct bytes *b)
{
	b->len = 0;
}

/* The next capacity that holds `need`; doubling makes appending linear. */
static size_t
capacity_for(size_t cap, size_t need)
{
	if (cap < BYTES_FIRST_CAP)
		cap = BYTES_FIRST_CAP;
	while (cap < need) {
		if (cap > SIZE_MAX / 2)
			return need;
		cap *= 2;
	}
	return cap;
}

bool
bytes_reserve(struct bytes *b, size_t n)
{
	size_t cap;
	uint8_t *data;

	if (b->failed)
		return false;
	if (n <= b->cap - b->len)
		return true;
	if (n > SIZE_MAX - b->len) {
		b->failed = true;
		return false;
	}
	cap = capacity_for(b->cap, b->len + n);
	data = realloc(b->data, cap);
	if (!data) {
		b->failed = true;
		return false;
	}
	b->data = data;
	b->cap = cap;
	return true;
}

size_t
bytes_append(struct bytes *b, const void *p, size_t n)
{
	size_t at = b->len;

	if (n && bytes_reserve(b, n)) {
		memcpy(b->data + at, p, n);
		b->len += n;
	}
	return at;
}

size_t
bytes_append_zero(struct bytes *b, size_t n)
{
	size_t at = b->len;

	if (n && bytes_reserve(b, n)) {
		memset(b->data + at, 0, n);
		b->len += n;
	}
	return at;
}

void
bytes_align(struct bytes *b, size_t align)
{
	bytes_append_zero(b, -b->len & (align - 1));
}

void
bytes_printf(struct bytes *b, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0)
		b->failed = true;
	if (n <= 0 || !bytes_reserve(b, (size_t)n + 1))
		return;
	va_start(args, format);
	vsnprintf((char *)b->data + b->len, (size_t)n + 1, format, args);
	va_end(args);
	b->len += (size_t)n;
}
