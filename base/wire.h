/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Big-endian loads and stores, and bounded cursors over byte ranges. A cursor
 * has a sticky error: after the first read or write that does not fit, every
 * further one does nothing and returns zero, so a parser checks once at its
 * end. Inline, allocates nothing, any thread.
 */
#ifndef HOLDFAST_WIRE_H
#define HOLDFAST_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t
wire_load16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof v);
	return __builtin_bswap16(v);
}

static inline uint32_t
wire_load32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof v);
	return __builtin_bswap32(v);
}

static inline void
wire_store16(uint8_t *p, uint16_t v)
{
	v = __builtin_bswap16(v);
	memcpy(p, &v, sizeof v);
}

static inline void
wire_store32(uint8_t *p, uint32_t v)
{
	v = __builtin_bswap32(v);
	memcpy(p, &v, sizeof v);
}

struct wire_reader {
	const uint8_t *at, *end;
	bool failed;
};

static inline struct wire_reader
wire_reader_make(const void *p, size_t bytes)
{
	const uint8_t *at = p;

	return (struct wire_reader){.at = at, .end = at + bytes};
}

static inline size_t
wire_left(const struct wire_reader *r)
{
	return (size_t)(r->end - r->at);
}

/* The next n bytes, or NULL (and failed) when fewer are left. */
static inline const uint8_t *
wire_take_find(struct wire_reader *r, size_t n)
{
	const uint8_t *p = r->at;

	if (r->failed || wire_left(r) < n) {
		r->failed = true;
		return NULL;
	}
	r->at += n;
	return p;
}

static inline uint8_t
wire_read8(struct wire_reader *r)
{
	const uint8_t *p = wire_take_find(r, 1);

	return p ? *p : 0;
}

static inline uint16_t
wire_read16(struct wire_reader *r)
{
	const uint8_t *p = wire_take_find(r, 2);

	return p ? wire_load16(p) : 0;
}

static inline uint32_t
wire_read32(struct wire_reader *r)
{
	const uint8_t *p = wire_take_find(r, 4);

	return p ? wire_load32(p) : 0;
}

struct wire_writer {
	uint8_t *at, *end;
	bool failed;
};

static inline struct wire_writer
wire_writer_make(void *p, size_t bytes)
{
	uint8_t *at = p;

	return (struct wire_writer){.at = at, .end = at + bytes};
}

static inline void
wire_write(struct wire_writer *w, const void *bytes, size_t n)
{
	if (w->failed || (size_t)(w->end - w->at) < n) {
		w->failed = true;
		return;
	}
	memcpy(w->at, bytes, n);
	w->at += n;
}

static inline void
wire_write8(struct wire_writer *w, uint8_t v)
{
	wire_write(w, &v, 1);
}

static inline void
wire_write16(struct wire_writer *w, uint16_t v)
{
	v = __builtin_bswap16(v);
	wire_write(w, &v, 2);
}

static inline void
wire_write32(struct wire_writer *w, uint32_t v)
{
	v = __builtin_bswap32(v);
	wire_write(w, &v, 4);
}

#endif
