/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Values from their texts. Run by the thread that loads the configuration;
 * allocates the texts that fields own.
 */
#include "config/config_scalar.h"

#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "config/config_quote.h"

/* Refuses the value with the reason and what the row allows. */
static int
refuse(const struct schema_row *row, const char *text, const char *why,
    struct err *err)
{
	char quoted[CONFIG_QUOTE_MAX], allowed[256];

	schema_allowed(allowed, sizeof allowed, row);
	return err_set(err, ERR_SYNTAX, "%s %s, allowed are %s",
	    config_quote(quoted, text), why, allowed);
}

static bool
is_word(const char *text, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(text, *words) == 0)
			return true;
	return false;
}

/* Decimal digits, without leading zeros, which YAML 1.1 reads as octal. */
static bool
digits_parse(const char *text, size_t n, unsigned *out)
{
	unsigned long v = 0;

	if (n == 0 || n > 9 || (n > 1 && text[0] == '0'))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		v = 10 * v + (unsigned)(text[i] - '0');
	}
	*out = (unsigned)v;
	return true;
}

/* True for a number that is only too large, which deserves its own message. */
static bool
is_large_number(const char *text)
{
	size_t n = strlen(text);

	return n > 9 && text[0] != '0' && strspn(text, "0123456789") == n;
}

static bool
is_negative_number(const char *text)
{
	return text[0] == '-' && text[1] != '\0' &&
	       strspn(text + 1, "0123456789") == strlen(text + 1);
}

static int
number_set(const struct schema_row *row, void *field, const char *text,
    struct err *err)
{
	char allowed[256];
	unsigned v = 0;

	if (is_large_number(text) || is_negative_number(text) ||
	    (digits_parse(text, strlen(text), &v) &&
		(v < row->low || v > row->high)))
		return err_set(err, ERR_LIMIT,
		    "%.40s is out of range, allowed are %s", text,
		    schema_allowed(allowed, sizeof allowed, row));
	if (!digits_parse(text, strlen(text), &v))
		return refuse(row, text, "is not a whole number", err);
	if ((row->flags & SCHEMA_POWER) && (v & (v - 1)) != 0)
		return refuse(row, text, "is not a power of two", err);
	if (row->size == sizeof(uint16_t))
		*(uint16_t *)field = (uint16_t)v;
	else
		*(unsigned *)field = v;
	return 0;
}

int
scalar_range(const struct schema_row *row, const char *text, unsigned *first,
    unsigned *last, struct err *err)
{
	const char *dash = strchr(text, '-');
	size_t n = dash ? (size_t)(dash - text) : strlen(text);

	if (is_large_number(text))
		return refuse(row, text, "is out of range", err);
	if (!digits_parse(text, n, first))
		return refuse(row, text, "is not a whole number or range", err);
	*last = *first;
	if (dash != NULL && !digits_parse(dash + 1, strlen(dash + 1), last))
		return refuse(row, text, "is not a whole number or range", err);
	if (*last > row->item_high)
		return refuse(row, text, "is out of range", err);
	if (*first > *last)
		return refuse(row, text, "ends before it starts", err);
	return 0;
}

static int
bool_set(const struct schema_row *row, void *field, const char *text,
    bool plain, struct err *err)
{
	/* as YAML 1.1 has them; in quotes they are texts */
	static const char *const yes[] = {"true", "yes", "on", NULL};
	static const char *const no[] = {"false", "no", "off", NULL};

	if (!plain || (!is_word(text, yes) && !is_word(text, no)))
		return refuse(row, text, "is neither true nor false", err);
	*(bool *)field = is_word(text, yes);
	return 0;
}

static int
word_set(const struct schema_row *row, void *field, const char *text,
    struct err *err)
{
	int i = 0;

	while (row->words[i] != NULL && strcmp(row->words[i], text) != 0)
		i++;
	if (row->words[i] == NULL)
		return refuse(row, text, "is not known here", err);
	memcpy(field, &i, sizeof i);
	return 0;
}

static int
text_check(const struct schema_row *row, const char *text, struct err *err)
{
	size_t n = strlen(text);

	if (row->words != NULL && !is_word(text, row->words))
		return refuse(row, text, "is not known here", err);
	if (row->words == NULL && n > row->high && row->high != 0)
		return err_set(err, ERR_LIMIT,
		    "a text of %zu octets is too long, allowed are %u", n,
		    row->high);
	if (row->check != NULL && !row->check(text))
		return refuse(row, text, "is not of the right form", err);
	if ((row->flags & SCHEMA_ABSOLUTE) && text[0] != '/')
		return refuse(row, text, "is not an absolute path", err);
	return 0;
}

static int
text_set(const struct schema_row *row, void *field, const char *text,
    bool plain, struct err *err)
{
	static const char *const none[] = {
	    "", "off", "no", "false", "null", "~", NULL};
	char **at = field, *copy = NULL;

	if (!(row->flags & SCHEMA_NULLABLE) || !plain || !is_word(text, none)) {
		int rc =
		    text[0] == '\0'
			? err_set(err, ERR_SYNTAX,
			      "no value is given, give one or leave the line out")
			: text_check(row, text, err);

		if (rc != 0)
			return rc;
		copy = strdup(text);
		if (copy == NULL)
			return err_set(err, ERR_NO_MEMORY, "out of memory");
	}
	free(*at);
	*at = copy;
	return 0;
}

static bool
is_zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != 0)
			return false;
	return true;
}

/* Why no host can have this address as its own; NULL if one can. */
static const char *
foreign_reason_find(const struct config_address *a)
{
	const uint8_t *v4 = a->bytes + 12;

	if (is_zero(a->v4 ? v4 : a->bytes, a->v4 ? 4 : 16))
		return "is the unspecified address";
	if (a->v4 ? v4[0] == 127 : is_zero(a->bytes, 15) && a->bytes[15] == 1)
		return "is a loopback address";
	if (a->v4 ? v4[0] >= 224 && v4[0] < 240 : a->bytes[0] == 0xff)
		return "is a multicast address";
	if (a->v4 && (v4[0] == 0 || v4[0] >= 240))
		return "is a reserved address";
	return NULL;
}

static int
address_set(const struct schema_row *row, void *field, const char *text,
    struct err *err)
{
	struct config_address a;
	bool service = row->flags & SCHEMA_SERVICE;
	const char *why;
	int rc;

	if (service && strchr(text, '@') != NULL)
		return refuse(row, text, "has a port", err);
	rc = config_address_parse(&a, text, service ? 0 : 53, err);
	if (rc != 0)
		return rc;
	why = service ? foreign_reason_find(&a) : NULL;
	if (why != NULL)
		return refuse(row, text, why, err);
	if (!service &&
	    (a.v4 ? (a.bytes[12] & 0xf0) == 0xe0 : a.bytes[0] == 0xff))
		return refuse(row, text, "is a multicast address", err);
	memcpy(field, &a, sizeof a);
	return 0;
}

static int
apex_set(void *field, const char *text, struct err *err)
{
	struct config_zone *z = field; /* the apex is its first member */
	char shown[NAME_TEXT_MAX];
	uint8_t name[DNS_NAME_MAX];
	int n = name_from_text(name, text, err);

	if (n < 0)
		return n;
	name_lower(z->apex, name, (size_t)n);
	free(z->name);
	z->name = strdup(name_to_text(shown, z->apex));
	if (z->name == NULL)
		return err_set(err, ERR_NO_MEMORY, "out of memory");
	return 0;
}
_Static_assert(offsetof(struct config_zone, apex) == 0, "SCHEMA_APEX");

int
scalar_set(const struct schema_row *row, void *field, const char *text,
    bool plain, struct err *err)
{
	if (text[0] == '\0' && row->type != SCHEMA_TEXT)
		return err_set(err, ERR_SYNTAX,
		    "no value is given, give one or leave the line out");
	switch (row->type) {
	case SCHEMA_NUMBER:
		return number_set(row, field, text, err);
	case SCHEMA_BOOL:
		return bool_set(row, field, text, plain, err);
	case SCHEMA_WORD:
		return word_set(row, field, text, err);
	case SCHEMA_TEXT:
		return text_set(row, field, text, plain, err);
	case SCHEMA_ADDRESS:
		return address_set(row, field, text, err);
	case SCHEMA_APEX:
		return apex_set(field, text, err);
	default:
		return err_set(err, ERR_USAGE, "not a scalar's row");
	}
}

size_t
scalar_bytes(const struct schema_row *row)
{
	if (row->type == SCHEMA_ADDRESS)
		return sizeof(struct config_address);
	return row->type == SCHEMA_TEXT ? sizeof(char *) : sizeof(unsigned);
}
