/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Values of single tokens, see zonefile_text.h. Names and numbers are read here
 * and not by ldns, whose reader takes "\." at the end for a final dot and wraps
 * numbers that are too large. Runs where zonefile.h runs; allocates nothing.
 */
#include "control/source/zonefile_text.h"

#include <ctype.h>
#include <ldns/ldns.h>
#include <string.h>
#include <strings.h>

#include "base/name.h"

char *
zonefile_quote(char dst[ZONEFILE_QUOTE_MAX], const struct zonefile_token *t)
{
	size_t n = t->bytes;
	size_t i;

	if (n > ZONEFILE_QUOTE_MAX - 4)
		n = ZONEFILE_QUOTE_MAX - 4;
	for (i = 0; i < n; i++)
		dst[i] = isprint((uint8_t)t->at[i]) ? t->at[i] : '?';
	if (n < t->bytes) {
		memcpy(dst + n, "...", 3);
		n += 3;
	}
	dst[n] = 0;
	return dst;
}

/* Reads one octet at *p, which may be written \X or \DDD. */
static int
read_octet(const char **p, const char *end, uint8_t *out, struct err *err)
{
	unsigned v;

	if (**p != '\\') {
		*out = (uint8_t) * (*p)++;
		return 0;
	}
	(*p)++;
	if (*p == end)
		return err_set(err, ERR_SYNTAX,
		    "a backslash at the end escapes nothing; write \\\\ for a "
		    "backslash");
	if (!isdigit((uint8_t) * *p)) {
		*out = (uint8_t) * (*p)++;
		return 0;
	}
	if (end - *p < 3 || !isdigit((uint8_t)(*p)[1]) ||
	    !isdigit((uint8_t)(*p)[2]))
		return err_set(err, ERR_SYNTAX,
		    "an escape needs three digits: \\000 to \\255");
	v = (unsigned)((*p)[0] - '0') * 100 + (unsigned)((*p)[1] - '0') * 10 +
	    (unsigned)((*p)[2] - '0');
	if (v > 255)
		return err_set(err, ERR_SYNTAX,
		    "escape \\%u is no octet: \\000 to \\255", v);
	*p += 3;
	*out = (uint8_t)v;
	return 0;
}

static int
fail_name(const struct zonefile_token *t, const char *cause, struct err *err)
{
	char quote[ZONEFILE_QUOTE_MAX];

	return err_set(
	    err, ERR_SYNTAX, "name '%s': %s", zonefile_quote(quote, t), cause);
}

/* Ends a relative name with the origin. */
static int
append_origin(uint8_t *dst, size_t bytes, const struct zonefile_token *t,
    const uint8_t *origin, struct err *err)
{
	size_t n = name_length(origin);

	if (bytes + n > DNS_NAME_MAX)
		return fail_name(t,
		    "over 255 octets with the origin behind it (a final dot "
		    "missing?)",
		    err);
	memcpy(dst + bytes, origin, n);
	return (int)(bytes + n);
}

/* Reads labels to dst; sets *absolute. Returns the octets written. */
static int
read_labels(uint8_t *dst, const struct zonefile_token *t, bool *absolute,
    struct err *err)
{
	const char *p = t->at, *end = t->at + t->bytes;
	size_t label = 0, at = 1; /* where the length octet and the next go */
	uint8_t octet;
	int rc;

	*absolute = false;
	while (p < end) {
		if (*p == '.') {
			if (at == label + 1)
				return fail_name(t,
				    "an empty label (two dots, or a dot in "
				    "front)",
				    err);
			dst[label] = (uint8_t)(at - label - 1);
			label = at++;
			*absolute = ++p == end;
			continue;
		}
		rc = read_octet(&p, end, &octet, err);
		if (rc)
			return rc;
		if (at - label - 1 == DNS_LABEL_MAX)
			return fail_name(t, "a label over 63 octets", err);
		if (at >= DNS_NAME_MAX)
			return fail_name(t, "over 255 octets", err);
		dst[at++] = octet;
	}
	if (*absolute)
		return (int)label;
	dst[label] = (uint8_t)(at - label - 1);
	return (int)at;
}

int
zonefile_name(uint8_t dst[DNS_NAME_MAX], const struct zonefile_token *t,
    const uint8_t *origin, struct err *err)
{
	/* read_labels() may write one octet past the longest name */
	uint8_t labels[DNS_NAME_MAX + 2];
	bool absolute;
	int n;

	if (t->quoted || t->bytes == 0)
		return fail_name(t, "a name stands without quotes", err);
	if (t->bytes == 1 && *t->at == '@')
		return append_origin(dst, 0, t, origin, err);
	if (t->bytes == 1 && *t->at == '.') {
		dst[0] = 0;
		return 1;
	}
	n = read_labels(labels, t, &absolute, err);
	if (n < 0)
		return n;
	if (n >= DNS_NAME_MAX)
		return fail_name(t, "over 255 octets", err);
	memcpy(dst, labels, (size_t)n);
	if (!absolute)
		return append_origin(dst, (size_t)n, t, origin, err);
	dst[n] = 0;
	return n + 1;
}

int
zonefile_number(uint32_t *out, const struct zonefile_token *t, uint32_t most,
    struct err *err)
{
	char quote[ZONEFILE_QUOTE_MAX];
	uint64_t v = 0;
	uint32_t i;

	for (i = 0; i < t->bytes; i++) {
		if (!isdigit((uint8_t)t->at[i]))
			break;
		v = v * 10 + (uint64_t)(t->at[i] - '0');
		if (v > most)
			return err_set(err, ERR_SYNTAX, "number %s is over %u",
			    zonefile_quote(quote, t), most);
	}
	if (i < t->bytes || i == 0 || t->quoted)
		return err_set(err, ERR_SYNTAX,
		    "'%s' where a number from 0 to %u is wanted",
		    zonefile_quote(quote, t), most);
	*out = (uint32_t)v;
	return 0;
}

static uint32_t
seconds_of_unit(char unit)
{
	switch (tolower((uint8_t)unit)) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 3600;
	case 'd':
		return 86400;
	case 'w':
		return 604800;
	default:
		return 0;
	}
}

int
zonefile_seconds(uint32_t *out, const struct zonefile_token *t, struct err *err)
{
	const char *p = t->at, *end = t->at + t->bytes;
	char quote[ZONEFILE_QUOTE_MAX];
	uint64_t sum = 0, v = 0;
	bool digits = false, units = false;

	for (; p < end; p++) {
		if (isdigit((uint8_t)*p)) {
			v = v * 10 + (uint64_t)(*p - '0');
			digits = true;
		} else if (digits && seconds_of_unit(*p)) {
			sum += v * seconds_of_unit(*p);
			v = 0;
			digits = false;
			units = true;
		} else {
			goto bad;
		}
		if (v > UINT32_MAX || sum > UINT32_MAX)
			return err_set(err, ERR_SYNTAX,
			    "time %s is over 4294967295 seconds",
			    zonefile_quote(quote, t));
	}
	if (t->quoted || digits == units)
		goto bad;
	*out = (uint32_t)(sum + v);
	return 0;
bad:
	return err_set(err, ERR_SYNTAX,
	    "'%s' where a time is wanted: seconds, or with units as 1w2d3h4m5s",
	    zonefile_quote(quote, t));
}

int
zonefile_octets(
    uint8_t *dst, size_t room, const struct zonefile_token *t, struct err *err)
{
	const char *p = t->at, *end = t->at + t->bytes;
	uint8_t octet;
	size_t n = 0;
	int rc;

	while (p < end) {
		rc = read_octet(&p, end, &octet, err);
		if (rc)
			return rc;
		if (n == room)
			return err_set(err, ERR_LIMIT,
			    "a string over %zu octets; split it into several "
			    "strings if the type allows it",
			    room);
		dst[n++] = octet;
	}
	return (int)n;
}

static int
digit_of_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((uint8_t)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int
zonefile_hex(struct wire_writer *w, const struct zonefile_token *t,
    size_t tokens, struct err *err)
{
	char quote[ZONEFILE_QUOTE_MAX];
	int high = -1, digit;
	uint32_t i;

	for (; tokens; tokens--, t++) {
		for (i = 0; i < t->bytes; i++) {
			digit = digit_of_hex(t->at[i]);
			if (digit < 0 || t->quoted)
				return err_set(err, ERR_SYNTAX,
				    "'%s' where hexadecimal digits are wanted",
				    zonefile_quote(quote, t));
			if (high < 0) {
				high = digit;
				continue;
			}
			wire_write8(w, (uint8_t)(high << 4 | digit));
			high = -1;
		}
	}
	if (high >= 0)
		return err_set(
		    err, ERR_SYNTAX, "an odd number of hexadecimal digits");
	return 0;
}

static int
digit_of_base64(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int
zonefile_base64(struct wire_writer *w, const struct zonefile_token *t,
    size_t tokens, struct err *err)
{
	char quote[ZONEFILE_QUOTE_MAX];
	unsigned have = 0, padding = 0;
	uint32_t group = 0, i;
	int digit;

	for (; tokens; tokens--, t++) {
		for (i = 0; i < t->bytes; i++) {
			digit = digit_of_base64(t->at[i]);
			if (t->at[i] == '=' && (have % 4 + padding) >= 2) {
				padding++;
				continue;
			}
			if (digit < 0 || padding || t->quoted)
				return err_set(err, ERR_SYNTAX,
				    "'%s' where base64 is wanted",
				    zonefile_quote(quote, t));
			group = group << 6 | (uint32_t)digit;
			/* an octet is whole after digits 2, 3 and 4 */
			if (have++ % 4)
				wire_write8(
				    w, (uint8_t)(group >>
						 (6 - 2 * ((have - 1) % 4))));
		}
	}
	if ((have + padding) % 4 || padding > 2 ||
	    (padding && (group & ((1u << (2 * padding)) - 1))))
		return err_set(err, ERR_SYNTAX,
		    "base64 that does not end on a group of four (cut off?)");
	return 0;
}

/* Types that are read so often that ldns's search over its table shows. */
static uint16_t
type_of_common_word(const char *word, size_t bytes)
{
	static const struct {
		char word[8];
		uint16_t type;
	} common[] = {{"A", 1}, {"AAAA", 28}, {"NS", 2}, {"CNAME", 5},
	    {"MX", 15}, {"TXT", 16}, {"PTR", 12}, {"DS", 43}, {"RRSIG", 46},
	    {"NSEC", 47}, {"NSEC3", 50}, {"SRV", 33}, {"SOA", 6}};

	for (size_t i = 0; i < sizeof common / sizeof *common; i++)
		if (strlen(common[i].word) == bytes &&
		    strncasecmp(common[i].word, word, bytes) == 0)
			return common[i].type;
	return 0;
}

/* Registered types without a reader in ldns 1.8.3: only RFC 3597's form. */
static uint16_t
type_of_rare_word(const char *word)
{
	static const struct {
		char word[12];
		uint16_t type;
	} rare[] = {{"NINFO", 56}, {"RKEY", 57}, {"AVC", 258}, {"DOA", 259},
	    {"AMTRELAY", 260}, {"RESINFO", 261}, {"WALLET", 262}, {"CLA", 263},
	    {"IPN", 264}, {"TA", 32768}, {"DLV", 32769}, {"UINFO", 100},
	    {"UID", 101}, {"GID", 102}, {"UNSPEC", 103}, {"DSYNC", 66}};

	for (size_t i = 0; i < sizeof rare / sizeof *rare; i++)
		if (strcasecmp(rare[i].word, word) == 0)
			return rare[i].type;
	return 0;
}

int
zonefile_type(uint16_t *out, const struct zonefile_token *t, struct err *err)
{
	char word[ZONEFILE_QUOTE_MAX];
	struct zonefile_token digits = *t;
	uint32_t number;

	*out = type_of_common_word(t->at, t->bytes);
	if (*out && !t->quoted)
		return 0;
	if (t->bytes > 4 && !t->quoted && strncasecmp(t->at, "TYPE", 4) == 0) {
		digits.at += 4;
		digits.bytes -= 4;
		if (zonefile_number(&number, &digits, UINT16_MAX, err))
			return err_add(err, "TYPE");
		*out = (uint16_t)number;
		return 0;
	}
	zonefile_quote(word, t);
	*out = (uint16_t)ldns_get_rr_type_by_name(word);
	if (!*out)
		*out = type_of_rare_word(word);
	if (!*out || t->quoted)
		return err_set(err, ERR_SYNTAX,
		    "'%s' is no record type that is known here; write unknown "
		    "types as TYPEnnn \\# LENGTH HEX (RFC 3597)",
		    word);
	return 0;
}
