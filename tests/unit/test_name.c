/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Names: what is sound, text both ways, canonical order, case.
 */
#include "base/name.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit_run.h"

/* A name from text that must be one. */
static const uint8_t *
wire(uint8_t dst[DNS_NAME_MAX], const char *text)
{
	struct err err = {0};
	int len = name_from_text(dst, text, &err);

	ck_assert_msg(len > 0, "%s: %s", text, err.text);
	return dst;
}

/* Runs name_length_find() on an exact heap block, so that ASan sees a read
 * behind it. */
static size_t
length_find(const void *p, size_t avail)
{
	uint8_t *block = malloc(avail ? avail : 1);
	size_t len;

	ck_assert_ptr_nonnull(block);
	memcpy(block, p, avail);
	len = name_length_find(block, avail);
	free(block);
	return len;
}

/* A name of `labels` labels of `size` octets and one last of `rest`. */
static size_t
name_make(uint8_t *dst, unsigned labels, unsigned size, unsigned rest)
{
	size_t at = 0;

	for (unsigned i = 0; i < labels; i++) {
		dst[at++] = (uint8_t)size;
		memset(dst + at, 'a', size);
		at += size;
	}
	if (rest) {
		dst[at++] = (uint8_t)rest;
		memset(dst + at, 'b', rest);
		at += rest;
	}
	dst[at++] = 0;
	return at;
}

START_TEST(length_find_accepts_sound_names)
{
	uint8_t buf[512];

	ck_assert_uint_eq(length_find("", 1), 1);
	ck_assert_uint_eq(length_find("\3www\7example\0rest", 17), 13);
	ck_assert_uint_eq(name_make(buf, 3, 63, 61), 255);
	ck_assert_uint_eq(length_find(buf, 255), 255);
	ck_assert_uint_eq(name_make(buf, 127, 1, 0), 255);
	ck_assert_uint_eq(length_find(buf, 255), 255);
	ck_assert_uint_eq(name_labels(buf), 127);
	ck_assert_uint_eq(length_find("\1\0\0", 3), 3); /* octet 0 in a label */
}
END_TEST

START_TEST(length_find_refuses_hostile_bytes)
{
	uint8_t buf[512];
	size_t len;

	ck_assert_uint_eq(length_find("", 0), 0);
	ck_assert_uint_eq(length_find("\3ww", 3), 0);
	ck_assert_uint_eq(length_find("\3www", 4), 0);
	ck_assert_uint_eq(length_find("\xc0\x0c", 2), 0);
	ck_assert_uint_eq(length_find("\1a\xc0\x0c", 4), 0);
	ck_assert_uint_eq(
	    length_find("\x40"
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			"aaaaaaaaaaaaaaaaaaaaaaa",
		66),
	    0);
	ck_assert_uint_eq(length_find("\x80", 1), 0);
	len = name_make(buf, 3, 63, 62);
	ck_assert_uint_eq(len, 256);
	ck_assert_uint_eq(length_find(buf, len), 0);
	len = name_make(buf, 128, 1, 0);
	ck_assert_uint_eq(length_find(buf, len), 0);
	for (size_t cut = 0; cut < 255; cut++) {
		name_make(buf, 3, 63, 61);
		ck_assert_uint_eq(length_find(buf, cut), 0);
	}
}
END_TEST

/* Each octet value at each place of a short name: either refused, or the
 * length is what walking gives. */
START_TEST(length_find_of_every_octet)
{
	for (unsigned place = 0; place < 6; place++) {
		for (unsigned value = 0; value < 256; value++) {
			uint8_t name[6] = {1, 'a', 2, 'b', 'c', 0};
			size_t len;

			name[place] = (uint8_t)value;
			len = length_find(name, sizeof name);
			ck_assert_uint_le(len, sizeof name);
			if (len) {
				ck_assert_uint_eq(name[len - 1], 0);
				ck_assert_uint_eq(name_length(name), len);
			}
		}
	}
}
END_TEST

static const struct {
	const char *in, *out; /* out NULL: as in */
	unsigned len;
} sound_texts[] = {
    {".", NULL, 1},
    {"example.", NULL, 9},
    {"example", "example.", 9},
    {"www.Example.ORG.", NULL, 17},
    {"a\\.b.c.", NULL, 7},
    {"a\\046b.c", "a\\.b.c.", 7},
    {"\\000\\255.", NULL, 4},
    {"\\032.", NULL, 3},
    {"\\065.", "A.", 3},
    {"\\a\\b.", "ab.", 4},
    {"\\\\.", NULL, 3},
    {"\\\"\\(\\)\\;\\@\\$.", NULL, 8},
    {"\"();@$.", "\\\"\\(\\)\\;\\@\\$.", 8},
    {"*.example.", NULL, 11},
    {"_dns._udp.a-b.", NULL, 15},
    {"\\127\\128.", NULL, 4},
};

START_TEST(text_there_and_back)
{
	for (size_t i = 0; i < sizeof sound_texts / sizeof *sound_texts; i++) {
		const char *in = sound_texts[i].in;
		const char *out = sound_texts[i].out;
		uint8_t name[DNS_NAME_MAX], again[DNS_NAME_MAX];
		char text[NAME_TEXT_MAX];
		struct err err = {0};
		int len = name_from_text(name, in, &err);

		ck_assert_msg(len == (int)sound_texts[i].len, "%s: %d %s", in,
		    len, err.text);
		ck_assert_str_eq(name_to_text(text, name), out ? out : in);
		ck_assert_int_eq(name_from_text(again, text, NULL), len);
		ck_assert_mem_eq(name, again, (size_t)len);
	}
}
END_TEST

START_TEST(bad_text_is_refused_with_its_cause)
{
	static const struct {
		const char *text, *cause;
	} table[] = {
	    {"", "empty"},
	    {"..", "label is empty"},
	    {".a", "label is empty"},
	    {"a..b", "label is empty"},
	    {"a..", "label is empty"},
	    {"\\", "lone"},
	    {"a\\", "lone"},
	    {"a.\\1", "three digits"},
	    {"a.\\12", "three digits"},
	    {"a.\\12x", "three digits"},
	    {"a.\\256", "above 255"},
	    {"a.\\999", "above 255"},
	    {"a b", "\\DDD"},
	    {"a\\ b", "\\DDD"},
	    {"a\tb", "\\DDD"},
	    {"a\nb", "\\DDD"},
	    {"\xc3\xa4.example", "\\DDD"},
	    {"\x7f", "\\DDD"},
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		uint8_t name[DNS_NAME_MAX];
		struct err err = {0};

		ck_assert_int_eq(
		    name_from_text(name, table[i].text, &err), ERR_SYNTAX);
		ck_assert_msg(strstr(err.text, table[i].cause) != NULL,
		    "\"%s\": %s", table[i].text, err.text);
	}
}
END_TEST

START_TEST(text_of_longest_names)
{
	uint8_t name[512], *exact = malloc(DNS_NAME_MAX);
	char text[NAME_TEXT_MAX], *longer;
	struct err err;
	size_t len = name_make(name, 3, 63, 61);

	ck_assert_ptr_nonnull(exact);
	/* every octet escaped: the longest text there is */
	for (size_t at = 0; name[at]; at += name[at] + 1u)
		memset(name + at + 1, 0xff, name[at]);
	name_to_text(text, name);
	ck_assert_uint_eq(strlen(text), 4 * 250 + 4);
	ck_assert_int_eq(name_from_text(exact, text, &err), (int)len);
	ck_assert_mem_eq(exact, name, len);

	ck_assert_uint_eq(name_make(name, 127, 1, 0), 255);
	name_to_text(text, name);
	ck_assert_int_eq(name_from_text(exact, text, &err), 255);

	longer = malloc(NAME_TEXT_MAX + 16);
	ck_assert_ptr_nonnull(longer);
	strcpy(longer, text);
	strcat(longer, "a");
	ck_assert_int_eq(name_from_text(exact, longer, &err), ERR_SYNTAX);
	ck_assert_ptr_nonnull(strstr(err.text, "255"));

	memset(longer, 'a', 63);
	strcpy(longer + 63, ".");
	ck_assert_int_eq(name_from_text(exact, longer, &err), 65);
	memset(longer, 'a', 64);
	strcpy(longer + 64, ".");
	ck_assert_int_eq(name_from_text(exact, longer, &err), ERR_SYNTAX);
	ck_assert_ptr_nonnull(strstr(err.text, "63"));

	name_make(name, 3, 63, 61);
	name_to_text(text, name);
	strcpy(longer, text);
	memmove(longer + 193, longer + 192, strlen(longer + 192) + 1);
	ck_assert_int_eq(name_from_text(exact, longer, &err), ERR_SYNTAX);
	free(longer);
	free(exact);
}
END_TEST

/* The example of RFC 4034 section 6.1, and what follows from its rules. */
START_TEST(canonical_order)
{
	static const char *const rows[] = {".", "example.", "a.example.",
	    "yljkjljk.a.example.", "Z.a.example.", "zABC.a.EXAMPLE.",
	    "aa.example.", "ab.example.", "b.example.", "z.example.",
	    "\\000.z.example.", "\\000\\000.z.example.", "\\001.z.example.",
	    "*.z.example.", "[.z.example.", "a.z.example.", "\\200.z.example.",
	    "example0.", "org."};
	const int n = sizeof rows / sizeof *rows;

	for (int i = 0; i < n; i++) {
		for (int j = 0; j < n; j++) {
			uint8_t a[DNS_NAME_MAX], b[DNS_NAME_MAX];
			int c =
			    name_compare(wire(a, rows[i]), wire(b, rows[j]));

			ck_assert_msg((c > 0) - (c < 0) == (i > j) - (i < j),
			    "%s and %s: %d", rows[i], rows[j], c);
			ck_assert_int_eq(name_equal(a, b), i == j);
		}
	}
}
END_TEST

START_TEST(case_is_ignored_and_nothing_else)
{
	uint8_t a[DNS_NAME_MAX], b[DNS_NAME_MAX], low[DNS_NAME_MAX];

	for (unsigned x = 0; x < 256; x++) {
		for (unsigned y = 0; y < 256; y++) {
			uint8_t p[] = {1, (uint8_t)x, 0};
			uint8_t q[] = {1, (uint8_t)y, 0};
			bool letter = (x | 0x20) >= 'a' && (x | 0x20) <= 'z';
			bool same = x == y || (letter && (x ^ y) == 0x20);

			ck_assert_int_eq(name_equal(p, q), same);
			ck_assert_int_eq(name_compare(p, q) == 0, same);
			name_lower(p, p, sizeof p);
			name_lower(q, q, sizeof q);
			ck_assert_int_eq(memcmp(p, q, sizeof p) == 0, same);
		}
	}
	wire(a, "WWW.ExAmple.");
	name_lower(low, a, name_length(a));
	ck_assert_mem_eq(low, wire(b, "www.example."), name_length(b));
	/* length octets look like no letter */
	ck_assert_uint_eq(name_make(a, 3, 63, 61), 255);
	name_lower(low, a, 255);
	ck_assert_mem_eq(low, a, 255);
}
END_TEST

static int
sign(int n)
{
	return (n > 0) - (n < 0);
}

/* Octets are taken eight at a time: the same at every place of a long label. */
START_TEST(case_of_long_labels)
{
	enum { LABEL = 13 };

	for (unsigned x = 0; x < 256; x++) {
		for (unsigned y = 0; y < 256; y++) {
			uint8_t p[LABEL + 2] = {LABEL}, q[LABEL + 2] = {LABEL};
			uint8_t one[] = {1, (uint8_t)x, 0};
			uint8_t other[] = {1, (uint8_t)y, 0};
			unsigned at = 1 + (x * 7 + y) % LABEL;

			for (unsigned i = 1; i <= LABEL; i++) {
				p[i] = (uint8_t)(i % 2 ? 'A' + i : 'a' + i);
				q[i] = p[i] ^ 0x20;
			}
			p[at] = (uint8_t)x;
			q[at] = (uint8_t)y;
			ck_assert_int_eq(
			    name_equal(p, q), name_equal(one, other));
			ck_assert_int_eq(sign(name_compare(p, q)),
			    sign(name_compare(one, other)));
			name_lower(p, p, sizeof p);
			name_lower(q, q, sizeof q);
			ck_assert_int_eq(memcmp(p, q, sizeof p) == 0,
			    name_equal(one, other));
		}
	}
}
END_TEST

/* Equal octets, other label boundaries. */
START_TEST(equal_looks_at_boundaries)
{
	ck_assert(!name_equal((const uint8_t *)"\3a\1b", /* "a\001b" */
	    (const uint8_t *)"\1a\1b"));
	ck_assert(
	    !name_equal((const uint8_t *)"\1a", (const uint8_t *)"\1a\1b"));
}
END_TEST

START_TEST(ancestors)
{
	static const struct {
		const char *name, *ancestor;
		bool below;
	} table[] = {
	    {".", ".", true},
	    {"example.", ".", true},
	    {".", "example.", false},
	    {"www.EXAMPLE.", "example.", true},
	    {"example.", "example.", true},
	    {"wwwexample.", "example.", false},
	    {"example.org.", "example.", false},
	    {"a.b.c.d.", "c.d.", true},
	    {"a.b.c.d.", "b.d.", false},
	    {"www\\.example.", "example.", false},
	    /* octets that end alike, across a label boundary */
	    {"x\\007example.", "example.", false},
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		uint8_t a[DNS_NAME_MAX], b[DNS_NAME_MAX];

		ck_assert_msg(name_is_at_or_below(wire(a, table[i].name),
				  wire(b, table[i].ancestor)) == table[i].below,
		    "%s below %s", table[i].name, table[i].ancestor);
	}
}
END_TEST

START_TEST(labels_parents_wildcards)
{
	uint8_t a[DNS_NAME_MAX], b[DNS_NAME_MAX];

	wire(a, "a.bc.def.");
	ck_assert_uint_eq(name_labels(a), 3);
	ck_assert_uint_eq(name_length(a), 10);
	ck_assert(name_equal(name_parent(a, 0), a));
	ck_assert(name_equal(name_parent(a, 2), wire(b, "def.")));
	ck_assert_uint_eq(*name_parent(a, 3), 0);
	ck_assert_uint_eq(*name_parent(a, 99), 0);
	ck_assert_uint_eq(name_labels(wire(b, ".")), 0);
	ck_assert(name_is_wildcard(wire(b, "*.example.")));
	ck_assert(name_is_wildcard(wire(b, "*.")));
	ck_assert(!name_is_wildcard(wire(b, "**.example.")));
	ck_assert(!name_is_wildcard(wire(b, "a.*.example.")));
	ck_assert(!name_is_wildcard(wire(b, ".")));
}
END_TEST

UNIT_MAIN("name", length_find_accepts_sound_names,
    length_find_refuses_hostile_bytes, length_find_of_every_octet,
    text_there_and_back, bad_text_is_refused_with_its_cause,
    text_of_longest_names, canonical_order, case_is_ignored_and_nothing_else,
    case_of_long_labels, equal_looks_at_boundaries, ancestors,
    labels_parents_wildcards)
