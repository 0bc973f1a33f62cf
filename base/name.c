/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Domain names in wire form: soundness, order, and text. Runs in every
 * process; allocates nothing; work is bounded by the 255 octets of a name.
 */
#include "base/name.h"

#include <stdio.h>
#include <string.h>

size_t
name_length_find(const uint8_t *p, size_t avail)
{
	size_t at = 0;

	while (at < avail && at < DNS_NAME_MAX) {
		unsigned label = p[at++];

		if (label == 0)
			return at;
		if (label > DNS_LABEL_MAX)
			return 0; /* a pointer, or an obsolete label type */
		at += label;
	}
	return 0;
}

unsigned
name_labels(const uint8_t *name)
{
	unsigned n = 0;

	for (; *name; name += *name + 1)
		n++;
	return n;
}

size_t
name_length(const uint8_t *name)
{
	const uint8_t *at = name;

	while (*at)
		at += *at + 1;
	return (size_t)(at - name) + 1;
}

static inline uint8_t
octet_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

/* Eight octets at once. */
static inline uint64_t
chunk_lower(const uint8_t *p)
{
	const uint64_t ones = 0x0101010101010101;
	uint64_t octets, low, from_a, past_z;

	memcpy(&octets, p, sizeof octets);
	low = octets & 0x7f * ones; /* so that no sum carries into the next */
	from_a = low + (0x80 - 'A') * ones;
	past_z = low + (0x80 - 'Z' - 1) * ones;
	return octets | (from_a & ~past_z & ~octets & 0x80 * ones) >> 2;
}

/* How many of the first octets are equal in any case: `most`, or less than
 * eight too few. */
static inline size_t
octets_skip(const uint8_t *a, const uint8_t *b, size_t most)
{
	size_t n = 0;

	while (n + 8 <= most && chunk_lower(a + n) == chunk_lower(b + n))
		n += 8;
	return n;
}

void
name_lower(uint8_t *dst, const uint8_t *src, size_t bytes)
{
	size_t i = 0;

	for (; i + 8 <= bytes; i += 8) {
		uint64_t octets = chunk_lower(src + i);

		memcpy(dst + i, &octets, sizeof octets);
	}
	for (; i < bytes; i++)
		dst[i] = octet_lower(src[i]);
}

const uint8_t *
name_parent(const uint8_t *name, unsigned strip)
{
	while (strip-- && *name)
		name += *name + 1;
	return name;
}

/* Labels as left-justified octet strings, an absent octet before a zero one
 * (RFC 4034 section 6.1). */
static int
label_compare(const uint8_t *a, const uint8_t *b)
{
	size_t least = a[0] < b[0] ? a[0] : b[0];

	for (size_t i = octets_skip(a + 1, b + 1, least) + 1; i <= least; i++) {
		int diff = octet_lower(a[i]) - octet_lower(b[i]);

		if (diff)
			return diff;
	}
	return a[0] - b[0];
}

/* labels[] gets the root's label too, which is not counted. */
static unsigned
labels_collect(const uint8_t *name, const uint8_t *labels[DNS_LABELS_MAX + 1])
{
	unsigned n = 0;

	for (; *name && n < DNS_LABELS_MAX; name += *name + 1)
		labels[n++] = name;
	labels[n] = name;
	return n;
}

/* The octets from one label to another are those of the other name; false if
 * only their case differs. */
static inline bool
octets_equal(const uint8_t *a, const uint8_t *a_end, const uint8_t *b,
    const uint8_t *b_end)
{
	return a_end - a == b_end - b && memcmp(a, b, (size_t)(a_end - a)) == 0;
}

int
name_compare(const uint8_t *a, const uint8_t *b)
{
	const uint8_t *labels_a[DNS_LABELS_MAX + 1];
	const uint8_t *labels_b[DNS_LABELS_MAX + 1];
	unsigned na = labels_collect(a, labels_a);
	unsigned nb = labels_collect(b, labels_b);

	/* most are names of one parent */
	if (na == nb && na &&
	    octets_equal(labels_a[1], labels_a[na], labels_b[1], labels_b[nb]))
		return label_compare(a, b);
	while (na && nb) {
		int diff = label_compare(labels_a[--na], labels_b[--nb]);

		if (diff)
			return diff;
	}
	return (na > 0) - (nb > 0);
}

/* Lengths first, so that no octet behind a name is read; they are the same in
 * any case. */
bool
name_equal(const uint8_t *a, const uint8_t *b)
{
	size_t bytes = 0, i;

	for (; a[bytes]; bytes += a[bytes] + 1u)
		if (a[bytes] != b[bytes])
			return false;
	if (b[bytes])
		return false;
	for (i = octets_skip(a, b, bytes); i < bytes; i++)
		if (octet_lower(a[i]) != octet_lower(b[i]))
			return false;
	return true;
}

bool
name_is_at_or_below(const uint8_t *name, const uint8_t *ancestor)
{
	unsigned depth = name_labels(name), above = name_labels(ancestor);

	return depth >= above &&
	       name_equal(name_parent(name, depth - above), ancestor);
}

bool
name_is_wildcard(const uint8_t *name)
{
	return name[0] == 1 && name[1] == '*';
}

/* One octet of a label as text; returns the characters written, at most 4. */
static size_t
octet_to_text(char *dst, uint8_t c)
{
	if (c <= 0x20 || c >= 0x7f) {
		dst[0] = '\\';
		dst[1] = (char)('0' + c / 100);
		dst[2] = (char)('0' + c / 10 % 10);
		dst[3] = (char)('0' + c % 10);
		return 4;
	}
	/* What a zone file or a shell-like quoting gives a meaning. */
	if (strchr(".\\\"();@$", c)) {
		dst[0] = '\\';
		dst[1] = (char)c;
		return 2;
	}
	dst[0] = (char)c;
	return 1;
}

char *
name_to_text(char dst[NAME_TEXT_MAX], const uint8_t *name)
{
	char *out = dst;

	if (*name == 0)
		*out++ = '.';
	for (; *name; name += *name + 1) {
		for (unsigned i = 1; i <= *name; i++)
			out += octet_to_text(out, name[i]);
		*out++ = '.';
	}
	*out = '\0';
	return dst;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Reads one octet of a label at *text, with its escape undone, and moves on.
 * Returns the octet or -1, and then *why says what is wrong. */
static int
octet_from_text(const char **text, const char **why)
{
	const char *p = *text;
	unsigned char c = (unsigned char)*p;
	int octet;

	if (c == '\\' && is_digit(p[1])) {
		if (!is_digit(p[2]) || !is_digit(p[3])) {
			*why = "\\ and a digit needs three digits";
			return -1;
		}
		octet = (p[1] - '0') * 100 + (p[2] - '0') * 10 + (p[3] - '0');
		if (octet > 255) {
			*why = "\\DDD is above 255";
			return -1;
		}
		*text = p + 4;
		return octet;
	}
	if (c == '\\')
		c = (unsigned char)*++p;
	if (c <= 0x20 || c >= 0x7f) {
		*why = c ? "blanks, controls and octets above 126 are "
		           "written \\DDD"
		         : "it ends in a lone \\";
		return -1;
	}
	*text = p + 1;
	return c;
}

/* Reads the label at *text into dst, at most `room` octets with its length,
 * and moves behind its dot or to the terminator. */
static const char *
label_from_text(uint8_t *dst, size_t room, const char **text)
{
	const char *why = NULL;
	unsigned len = 0;

	while (**text && **text != '.') {
		int octet = octet_from_text(text, &why);

		if (octet < 0)
			return why;
		if (++len > DNS_LABEL_MAX)
			return "a label is longer than 63 octets";
		if (len >= room)
			return "it is longer than 255 octets";
		dst[len] = (uint8_t)octet;
	}
	if (len == 0)
		return "a label is empty";
	dst[0] = (uint8_t)len;
	if (**text == '.')
		++*text;
	return NULL;
}

int
name_from_text(uint8_t dst[DNS_NAME_MAX], const char *text, struct err *err)
{
	const char *at = text, *why = NULL;
	size_t len = 0;

	if (strcmp(text, ".") == 0) {
		dst[0] = 0;
		return 1;
	}
	if (!*text)
		return err_set(err, ERR_SYNTAX,
		    "\"\" is no domain name: it is empty; the root is \".\"");
	while (*at && !why) {
		/* an octet is kept for the root label */
		why = label_from_text(dst + len, DNS_NAME_MAX - 1 - len, &at);
		if (!why)
			len += dst[len] + 1u;
	}
	if (why)
		return err_set(err, ERR_SYNTAX,
		    "\"%.300s\" is no domain name: %s", text, why);
	dst[len++] = 0;
	return (int)len;
}
