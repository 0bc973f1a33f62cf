/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Generations with numbers; see swap_world.h.
 */
#include "tests/unit/swap_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/dns.h"
#include "base/name.h"
#include "base/wire.h"
#include "control/compile/compile.h"
#include "snapshot/hash.h"
#include "tests/unit/zone_text.h"

#define APEX "swap.test."

enum kind { KIND_CHAIN, KIND_ADDRESS, KIND_REFERRAL, KIND_ABSENT };

static struct zone_records *
zone_saying(uint32_t n)
{
	struct zone_records *z;
	struct bytes text;
	unsigned a = n >> 16 & 255, b = n >> 8 & 255, c = n & 255;

	bytes_init(&text);
	bytes_printf(&text,
	    "@ 300 SOA ns hm %u 3600 600 86400 60\n@ 300 NS ns\n"
	    "ns 300 A 10.%u.%u.%u\n",
	    n, a, b, c);
	for (unsigned i = 0; i < SWAP_NAMES; i++)
		bytes_printf(&text,
		    "a%u 300 CNAME n%u.b%u\nn%u.b%u 300 CNAME n%u.c%u\n"
		    "n%u.c%u 300 TXT \"%u\"\nt%u 300 A 10.%u.%u.%u\n"
		    "sub%u 300 NS n%u.two%u\ntwo%u 300 NS n%u.two%u\n"
		    "n%u.two%u 300 A 10.%u.%u.%u\n",
		    i, n, i, n, i, n, i, n, i, n, i, a, b, c, i, n, i, i, n, i,
		    n, i, a, b, c);
	bytes_append(&text, "", 1);
	z = zone_from_text(APEX, (char *)text.data);
	bytes_fini(&text);
	return z;
}

struct digest
swap_world_build(
    struct swap_world *w, uint32_t number, const struct digest *parent)
{
	struct zone_records *z = zone_saying(number);
	struct compile_zone zone = {.records = z};
	struct compile_options options = {.prove = true,
	    .memory = w->memory,
	    .shared_slot_bits = 1,
	    .split_bytes = 512};
	struct compile_result result = {0};
	struct bytes manifest;
	int rc = 0;

	bytes_init(&manifest);
	if (parent) {
		rc = store_get(
		    w->store, STORE_GENERATION, parent, &manifest, &w->err);
		ck_assert_msg(rc == 0, "%s", w->err.text);
	}
	rc = compile_generation(w->store, manifest.len ? manifest.data : NULL,
	    manifest.len, &zone, 1, &options, &result, &w->err);
	ck_assert_msg(rc == 0, "%u: %s", number, w->err.text);
	ck_assert_msg(
	    zone.status == 0, "%u: %s", number, compile_zone_why(&zone));
	generation_free(&result.loaded);
	zone_records_free(z);
	bytes_fini(&manifest);
	return result.generation;
}

void
swap_world_make(struct swap_world *w)
{
	struct store_current none = {0};

	*w = (struct swap_world){0};
	unit_directory_make(w->dir);
	unit_path(w->store_dir, w->dir, "store");
	ck_assert_int_eq(store_create(w->store_dir, &w->err), 0);
	ck_assert_int_eq(store_open(&w->store, w->store_dir, 0, &w->err), 0);
	ck_assert_int_eq(store_lock(w->store, STORE_LOCK_OWNER, &w->err), 0);
	ck_assert_int_eq(store_lock(w->store, STORE_LOCK_COMMIT, &w->err), 0);
	w->memory = compile_memory_new();
	w->first = swap_world_build(w, 0, NULL);
	ck_assert_msg(store_commit(w->store, &none, &w->first, 1, &w->err) == 0,
	    "%s", w->err.text);
	w->prepared[0] = w->first;
	for (unsigned i = 1; i <= SWAP_PREPARED; i++)
		w->prepared[i] = swap_world_build(w, i, &w->first);
}

void
swap_world_remove(struct swap_world *w)
{
	compile_memory_free(w->memory);
	store_close(&w->store);
	unit_directory_remove(w->dir);
}

/* The slot of a name of the zone, which is split. */
static uint32_t
slot_of(const struct generation *g, const char *label, unsigned i)
{
	char text[64];

	snprintf(text, sizeof text, "%s%u." APEX, label, i);
	return name_slot(
	    name_hash(&g->key, name_from_test(text)), g->splits[0].bits);
}

void
swap_world_is_spread(const struct generation *g)
{
	unsigned chains = 0, links = 0;

	ck_assert_uint_eq(g->nsplits, 1);
	ck_assert_uint_ge(g->splits[0].bits, 1);
	for (unsigned i = 0; i < SWAP_NAMES; i++) {
		/* of number 0 */
		uint32_t b = slot_of(g, "n0.b", i), c = slot_of(g, "n0.c", i);

		chains += slot_of(g, "a", i) != b || b != c;
		links += slot_of(g, "sub", i) != slot_of(g, "n0.two", i);
	}
	ck_assert_uint_ge(chains, SWAP_NAMES / 4);
	ck_assert_uint_ge(links, SWAP_NAMES / 4);
}

struct question {
	uint8_t message[SWAP_QUERY_MAX];
	size_t bytes;
};

static void
question_make(struct question *q, unsigned i)
{
	static const struct {
		const char *front;
		uint16_t type;
	} kinds[SWAP_KINDS] = {
	    [KIND_CHAIN] = {"a", DNS_TYPE_TXT},
	    [KIND_ADDRESS] = {"t", DNS_TYPE_A},
	    [KIND_REFERRAL] = {"www.sub", DNS_TYPE_A},
	    [KIND_ABSENT] = {"none.t", DNS_TYPE_A},
	};
	unsigned kind = i % SWAP_KINDS;
	struct wire_writer w = wire_writer_make(q->message, SWAP_QUERY_MAX);
	const uint8_t *name;
	char text[64];

	snprintf(
	    text, sizeof text, "%s%u." APEX, kinds[kind].front, i / SWAP_KINDS);
	name = name_from_test(text);
	wire_write(&w, "\0\0\0\0\0\1\0\0\0\0\0\0", 12);
	wire_write(&w, name, name_length(name));
	wire_write16(&w, kinds[kind].type);
	wire_write16(&w, DNS_CLASS_IN);
	q->bytes = (size_t)(w.at - q->message);
}

/* Made once, by whoever asks first: before there are threads. */
static const struct question *
question_get(unsigned i)
{
	static struct question made[SWAP_QUESTIONS];

	for (unsigned k = 0;
	     made[SWAP_QUESTIONS - 1].bytes == 0 && k < SWAP_QUESTIONS; k++)
		question_make(&made[k], k);
	return &made[i];
}

size_t
swap_question(uint8_t to[SWAP_QUERY_MAX], unsigned i, uint16_t id)
{
	const struct question *q = question_get(i);

	memcpy(to, q->message, q->bytes);
	wire_store16(to, id);
	return q->bytes;
}

/* Where the name at `at` goes on behind its pointers. */
static const uint8_t *
name_follow(const uint8_t *m, size_t at)
{
	for (unsigned hops = 0; hops < 8 && m[at] >= 0xc0; hops++)
		at = wire_load16(m + at) & 0x3fff;
	return m + at;
}

static size_t
name_end(const uint8_t *m, size_t at)
{
	while (m[at] && m[at] < 0xc0)
		at += m[at] + 1u;
	return at + (m[at] ? 2 : 1);
}

/* Decimal digits, all of n. */
static uint32_t
digits_read(const uint8_t *p, unsigned n)
{
	uint32_t value = 0;

	ck_assert_uint_ge(n, 1);
	for (unsigned i = 0; i < n; i++) {
		ck_assert(p[i] >= '0' && p[i] <= '9');
		value = value * 10 + (p[i] - '0');
	}
	return value;
}

static uint32_t
rdata_number(const uint8_t *m, size_t at, uint16_t type, size_t bytes)
{
	const uint8_t *p = m + at;

	switch (type) {
	case DNS_TYPE_A:
		ck_assert_uint_eq(bytes, 4);
		ck_assert_uint_eq(p[0], 10);
		return wire_load32(p) & 0xffffff;
	case DNS_TYPE_TXT:
		ck_assert_uint_eq(bytes, p[0] + 1u);
		return digits_read(p + 1, p[0]);
	case DNS_TYPE_SOA:
		return wire_load32(m + name_end(m, name_end(m, at)));
	case DNS_TYPE_CNAME:
	case DNS_TYPE_NS:
		p = name_follow(m, at);
		ck_assert_uint_eq(p[1], 'n');
		return digits_read(p + 2, p[0] - 1u);
	default:
		ck_abort_msg("a record of type %u", type);
	}
}

uint32_t
swap_answer(const uint8_t *m, size_t bytes, unsigned i)
{
	static const uint16_t counts[SWAP_KINDS][3] = {
	    {3, 0, 0}, {1, 0, 0}, {0, 1, 1}, {0, 1, 0}};
	const struct question *asked = question_get(i);
	unsigned kind = i % SWAP_KINDS, records = 0;
	size_t at = asked->bytes;
	uint32_t number = 0;

	ck_assert_uint_ge(bytes, at);
	ck_assert_mem_eq(m + 12, asked->message + 12, at - 12);
	ck_assert_uint_eq(
	    m[3] & 15, kind == KIND_ABSENT ? DNS_RCODE_NXDOMAIN : 0);
	for (unsigned k = 0; k < 3; k++) {
		ck_assert_uint_eq(wire_load16(m + 6 + 2 * k), counts[kind][k]);
		records += counts[kind][k];
	}
	for (unsigned k = 0; k < records; k++) {
		size_t body = name_end(m, at);
		size_t rdlen = wire_load16(m + body + 8);
		uint32_t says;

		ck_assert_uint_le(body + 10 + rdlen, bytes);
		says = rdata_number(m, body + 10, wire_load16(m + body), rdlen);
		ck_assert_msg(k == 0 || says == number,
		    "question %u: an answer of generations %u and %u", i,
		    number, says);
		number = says;
		at = body + 10 + rdlen;
	}
	ck_assert_uint_eq(at, bytes);
	return number;
}

unsigned
swap_count(unsigned usual)
{
	const char *set = getenv("SWAPS");

	return set ? (unsigned)strtoul(set, NULL, 10) : usual;
}

struct swap_memory
swap_memory_now(void)
{
	struct swap_memory memory = {0};
	FILE *f = fopen("/proc/self/status", "r");
	unsigned long from, to;
	char line[512];

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof line, f))
		if (strncmp(line, "VmRSS:", 6) == 0)
			memory.rss_kib = strtoul(line + 6, NULL, 10);
	fclose(f);
	f = fopen("/proc/self/maps", "r");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof line, f))
		if (strstr(line, "/memfd:") &&
		    sscanf(line, "%lx-%lx", &from, &to) == 2)
			memory.sealed_kib += (to - from) / 1024;
	fclose(f);
	return memory;
}

#if defined(__SANITIZE_ADDRESS__)
enum { RSS_TELLS = 0 };
#else
enum { RSS_TELLS = 1 };
#endif

void
swap_memory_is_flat(
    const struct swap_memory *from, const struct swap_memory *to)
{
	/* cells that generations share may keep the memory of one more; what
	 * each swap left behind would be hundreds */
	ck_assert_uint_le(to->sealed_kib, 2 * from->sealed_kib);
	if (RSS_TELLS)
		ck_assert_msg(to->rss_kib <= from->rss_kib + from->rss_kib / 20,
		    "%zu KiB have become %zu KiB", from->rss_kib, to->rss_kib);
}
