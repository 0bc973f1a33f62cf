/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Collecting queries, and making the message of a question (query_build.h).
 */
#include "tools/load/query_build.h"

#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/wire.h"

enum {
	OVER_READ_BYTES = 64,
	COOKIE_BYTES = 8,
	EDNS_SIZE_DEFAULT = 1232,
	SAMPLE_QUERIES = 4096,
};

/* --- collecting ------------------------------------------------------------
 */

static int
no_memory(uint64_t queries, struct err *err)
{
	return err_set(err, ERR_NO_MEMORY,
	    "no memory for %lu queries; ask for fewer", (unsigned long)queries);
}

static bool
build_grow(struct query_build *b, uint32_t cap)
{
	struct load_query *queries =
	    realloc(b->set->queries, cap * sizeof *queries);
	uint32_t *zone;

	if (!queries)
		return false;
	b->set->queries = queries;
	zone = realloc(b->zone, cap * sizeof *zone);
	if (!zone)
		return false;
	b->zone = zone;
	b->cap = cap;
	return true;
}

int
query_build_init(struct query_build *b, uint32_t count, struct err *err)
{
	*b = (struct query_build){.set = calloc(1, sizeof *b->set)};
	bytes_init(&b->messages);
	if (!b->set || !build_grow(b, count ? count : 1))
		return no_memory(count, err);
	return 0;
}

void
query_build_fini(struct query_build *b)
{
	query_set_free(&b->set);
	free(b->zone);
	bytes_fini(&b->messages);
	*b = (struct query_build){0};
}

/* From the first queries to the memory for all: growing by doubling would have
 * the messages there twice for a moment. */
static void
messages_reserve(struct query_build *b)
{
	size_t each = b->messages.len / SAMPLE_QUERIES + 1;

	bytes_reserve(
	    &b->messages, each * (b->cap - SAMPLE_QUERIES) + OVER_READ_BYTES);
}

int
query_build_add(struct query_build *b, const uint8_t *message, size_t bytes,
    enum query_kind kind, uint32_t zone, struct err *err)
{
	struct query_set *s = b->set;

	if (s->count == b->cap &&
	    (b->cap > UINT32_MAX / 2 || !build_grow(b, 2 * b->cap)))
		return no_memory(2ull * b->cap, err);
	b->zone[s->count] = zone;
	s->queries[s->count] = (struct load_query){
	    .at = bytes_append(&b->messages, message, bytes),
	    .bytes = (uint16_t)bytes,
	    .kind = (uint8_t)kind,
	};
	s->count++;
	if (s->count == SAMPLE_QUERIES && b->cap > SAMPLE_QUERIES)
		messages_reserve(b);
	if (b->messages.failed)
		return no_memory(s->count, err);
	s->of_kind[kind]++;
	return 0;
}

/* For telling messages apart, not for what anybody chose. Never 0. */
static uint64_t
message_hash(const uint8_t *p, size_t bytes)
{
	struct draw d = {bytes};
	uint64_t chunk;

	for (; bytes >= 8; p += 8, bytes -= 8) {
		memcpy(&chunk, p, 8);
		d.state = draw_bits(&d) ^ chunk;
	}
	for (chunk = 0; bytes > 0; p++, bytes--)
		chunk = chunk << 8 | *p;
	d.state = draw_bits(&d) ^ chunk;
	return draw_bits(&d) | 1;
}

/* Different messages, by their hashes in a table with linear probing. */
static int
distinct_count(struct query_set *s, const uint8_t *messages, struct err *err)
{
	size_t size = 64;
	uint64_t *table;

	while (size < 2ull * s->count)
		size *= 2;
	table = calloc(size, sizeof *table);
	if (!table)
		return no_memory(s->count, err);
	for (uint32_t i = 0; i < s->count; i++) {
		const struct load_query *q = &s->queries[i];
		uint64_t h = message_hash(messages + q->at, q->bytes);
		size_t at = h >> 1 & (size - 1);

		while (table[at] && table[at] != h)
			at = (at + 1) & (size - 1);
		s->distinct += !table[at];
		table[at] = h;
	}
	free(table);
	return 0;
}

int
query_build_end(struct query_build *b, struct query_set **out, struct err *err)
{
	struct query_set *s = b->set;
	void *less;
	int rc;

	free(b->zone);
	b->zone = NULL;
	s->message_bytes = b->messages.len;
	bytes_append_zero(&b->messages, OVER_READ_BYTES);
	if (b->messages.failed)
		return no_memory(s->count, err);
	rc = distinct_count(s, b->messages.data, err);
	if (rc < 0)
		return rc;
	for (uint32_t i = 0; i < s->count; i++)
		s->with_expected += s->queries[i].expected != 0;
	less =
	    realloc(s->queries, (s->count ? s->count : 1) * sizeof *s->queries);
	s->queries = less ? less : s->queries;
	less = realloc(b->messages.data, b->messages.len);
	s->messages = less ? less : b->messages.data;
	b->messages = (struct bytes){0};
	b->set = NULL;
	*out = s;
	return 0;
}

/* --- the message of a question ----------------------------------------------
 */

static void
case_mix(uint8_t *name, size_t bytes, struct draw *d)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < bytes; i++) {
		uint8_t lower = name[i] | 0x20;

		if (i % 64 == 0)
			bits = draw_bits(d);
		/* a length octet is no letter */
		if (lower >= 'a' && lower <= 'z')
			name[i] = (uint8_t)(lower ^ (bits & 1) << 5);
		bits >>= 1;
	}
}

static uint16_t
edns_size_draw(const struct query_mix *mix, struct draw *d)
{
	return mix->nedns_sizes
	           ? mix->edns_sizes[draw_below(d, mix->nedns_sizes)]
	           : EDNS_SIZE_DEFAULT;
}

/* RFC 6891 section 6.1.2; RFC 7873 section 4: a client cookie alone. */
static void
opt_write(struct wire_writer *w, uint16_t size, bool dnssec_ok, bool cookie,
    struct draw *d)
{
	wire_write8(w, 0);
	wire_write16(w, DNS_TYPE_OPT);
	wire_write16(w, size);
	wire_write32(w, dnssec_ok ? 0x8000 : 0);
	wire_write16(w, cookie ? 4 + COOKIE_BYTES : 0);
	if (cookie) {
		uint64_t bits = draw_bits(d);

		wire_write16(w, DNS_OPTION_COOKIE);
		wire_write16(w, COOKIE_BYTES);
		wire_write(w, &bits, COOKIE_BYTES);
	}
}

size_t
query_compose(uint8_t out[QUERY_MESSAGE_MAX], const uint8_t *qname,
    uint16_t type, const struct query_mix *mix, struct draw *d)
{
	static const uint8_t header[DNS_HEADER_BYTES] = {[5] = 1};
	struct wire_writer w = wire_writer_make(out, QUERY_MESSAGE_MAX);
	size_t bytes = name_length(qname);
	/* DO is asked within the share of EDNS; cookies are spread over it */
	double share = draw_unit(d) * 100;
	bool edns = share < mix->edns_percent;

	wire_write(&w, header, sizeof header);
	wire_write(&w, qname, bytes);
	if (mix->mixed_case_percent > 0 &&
	    draw_unit(d) * 100 < mix->mixed_case_percent)
		case_mix(w.at - bytes, bytes, d);
	wire_write16(&w, type);
	wire_write16(&w, DNS_CLASS_IN);
	if (edns) {
		out[11] = 1;
		opt_write(&w, edns_size_draw(mix, d), share < mix->do_percent,
		    draw_unit(d) * mix->edns_percent < mix->cookie_percent, d);
	}
	return (size_t)(w.at - out);
}
