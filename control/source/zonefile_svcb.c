/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Service parameters of SVCB and HTTPS records (RFC 9460 section 2.1 and
 * appendix A, RFC 9461, RFC 9540): key, key=value and key="value" in any order,
 * to wire form in the order of the keys. ldns 1.8.3 is not asked: it knows no
 * escaped comma in alpn and wraps ports. Runs where zonefile.h runs; allocates
 * nothing.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "control/source/zonefile_rdata.h"

enum { PARAMETERS_MAX = 256 };

enum svcb_key {
	SVCB_MANDATORY,
	SVCB_ALPN,
	SVCB_NO_DEFAULT_ALPN,
	SVCB_PORT,
	SVCB_IPV4HINT,
	SVCB_ECH,
	SVCB_IPV6HINT,
	SVCB_DOHPATH,
	SVCB_OHTTP,
	SVCB_KEYS
};

static const char *const key_words[SVCB_KEYS] = {"mandatory", "alpn",
    "no-default-alpn", "port", "ipv4hint", "ech", "ipv6hint", "dohpath",
    "ohttp"};

/* Parameters in wire form, in the order in which they were written. */
struct parameters {
	struct {
		uint16_t key;
		uint32_t offset, bytes;
	} each[PARAMETERS_MAX];
	unsigned count;
	struct wire_writer out;
	uint8_t octets[ZONEFILE_RDATA_MAX];
};

static int
read_key(uint16_t *key, bool *by_number, const struct zonefile_token *t,
    struct err *err)
{
	struct zonefile_token digits = *t;
	char quote[ZONEFILE_QUOTE_MAX];
	uint32_t number;

	for (uint16_t i = 0; i < SVCB_KEYS; i++) {
		if (!zonefile_token_is(t, key_words[i]))
			continue;
		*key = i;
		*by_number = false;
		return 0;
	}
	if (t->bytes > 3 && memcmp(t->at, "key", 3) == 0) {
		digits.at += 3;
		digits.bytes -= 3;
		if (!zonefile_number(&number, &digits, UINT16_MAX - 1, NULL)) {
			*key = (uint16_t)number;
			*by_number = true;
			return 0;
		}
	}
	return err_set(err, ERR_SYNTAX,
	    "'%s' is no service parameter that is known here; write keyNNN",
	    zonefile_quote(quote, t));
}

/* The part of `list` up to a comma; moves behind it. False at the end. */
static bool
next_part(struct zonefile_token *list, struct zonefile_token *part)
{
	const char *comma;

	if (!list->at)
		return false;
	*part = *list;
	comma = memchr(list->at, ',', list->bytes);
	if (!comma) {
		list->at = NULL;
		return true;
	}
	part->bytes = (uint32_t)(comma - list->at);
	list->bytes -= part->bytes + 1;
	list->at = comma + 1;
	return true;
}

static int
compare_keys(const void *a, const void *b)
{
	return memcmp(a, b, 2);
}

static int
value_mandatory(
    struct wire_writer *w, struct zonefile_token value, struct err *err)
{
	uint8_t *first = w->at;
	struct zonefile_token part;
	bool by_number;
	uint16_t key;
	int rc;

	while (next_part(&value, &part)) {
		rc = read_key(&key, &by_number, &part, err);
		if (rc)
			return rc;
		wire_write16(w, key);
	}
	if (!w->failed)
		qsort(first, (size_t)(w->at - first) / 2, 2, compare_keys);
	return 0;
}

/* Protocol names with commas between; in a name, "\," is a comma. */
static int
value_alpn(
    struct wire_writer *w, const struct zonefile_token *value, struct err *err)
{
	uint8_t name[255];
	size_t n = 0;
	uint32_t i;

	for (i = 0; i <= value->bytes; i++) {
		if (i == value->bytes || value->at[i] == ',') {
			if (n == 0)
				return err_set(err, ERR_SYNTAX,
				    "alpn with an empty protocol name");
			wire_write8(w, (uint8_t)n);
			wire_write(w, name, n);
			n = 0;
			continue;
		}
		if (value->at[i] == '\\' && i + 1 < value->bytes)
			i++;
		if (n == sizeof name)
			return err_set(err, ERR_SYNTAX,
			    "alpn with a protocol name over 255 octets");
		name[n++] = (uint8_t)value->at[i];
	}
	return 0;
}

static int
value_addresses(struct wire_writer *w, struct zonefile_token value, int family,
    struct err *err)
{
	char text[ZONEFILE_QUOTE_MAX];
	struct zonefile_token part;
	uint8_t address[16];

	while (next_part(&value, &part)) {
		if (inet_pton(family, zonefile_quote(text, &part), address) !=
		    1)
			return err_set(err, ERR_SYNTAX,
			    "'%s' is no address for this hint", text);
		wire_write(w, address, family == AF_INET ? 4 : 16);
	}
	return 0;
}

static int
value_port(
    struct wire_writer *w, const struct zonefile_token *value, struct err *err)
{
	uint32_t port;
	int rc = zonefile_number(&port, value, UINT16_MAX, err);

	if (rc)
		return err_add(err, "port");
	wire_write16(w, (uint16_t)port);
	return 0;
}

/* `value` has its escapes undone; without a value its `at` is NULL. */
static int
write_value(struct wire_writer *w, uint16_t key,
    const struct zonefile_token *value, struct err *err)
{
	bool wants = key != SVCB_NO_DEFAULT_ALPN && key != SVCB_OHTTP;

	if (wants != (value->at && value->bytes > 0))
		return err_set(err, ERR_SYNTAX, "%s stands %s a value",
		    key_words[key], wants ? "with" : "without");
	switch (key) {
	case SVCB_MANDATORY:
		return value_mandatory(w, *value, err);
	case SVCB_ALPN:
		return value_alpn(w, value, err);
	case SVCB_PORT:
		return value_port(w, value, err);
	case SVCB_IPV4HINT:
		return value_addresses(w, *value, AF_INET, err);
	case SVCB_IPV6HINT:
		return value_addresses(w, *value, AF_INET6, err);
	case SVCB_ECH:
		return zonefile_base64(w, value, 1, err);
	case SVCB_DOHPATH:
		wire_write(w, value->at, value->bytes);
		return 0;
	default:
		return 0;
	}
}

/* Cuts key, "=" and value; the value may be the quoted token glued behind. */
static int
cut_parameter(struct zonefile_fields *f, struct zonefile_token *key,
    struct zonefile_token *value, struct err *err)
{
	const struct zonefile_token *next = f->at + 1;
	const char *equals = memchr(f->at->at, '=', f->at->bytes);
	bool glued = next < f->end && next->glued;
	char quote[ZONEFILE_QUOTE_MAX];

	*key = *f->at;
	*value = (struct zonefile_token){0};
	if (equals) {
		key->bytes = (uint32_t)(equals - key->at);
		value->at = equals + 1;
		value->bytes = f->at->bytes - key->bytes - 1;
		if (value->bytes == 0 && glued && next->quoted) {
			*value = *next;
			f->at++;
			glued = next + 1 < f->end && next[1].glued;
		}
	}
	if (key->quoted || glued)
		return err_set(err, ERR_SYNTAX,
		    "'%s': write key, key=value or key=\"value\"",
		    zonefile_quote(quote, f->at));
	return 0;
}

static int
read_parameter(struct zonefile_fields *f, struct parameters *p, struct err *err)
{
	uint8_t plain[ZONEFILE_RDATA_MAX];
	struct zonefile_token key, value;
	uint8_t *start = p->out.at;
	bool by_number;
	uint16_t number;
	int rc, n;

	if (p->count == PARAMETERS_MAX)
		return err_set(err, ERR_LIMIT,
		    "more than %d service parameters", PARAMETERS_MAX);
	rc = cut_parameter(f, &key, &value, err);
	if (!rc)
		rc = read_key(&number, &by_number, &key, err);
	if (rc)
		return rc;
	if (value.at) {
		n = zonefile_octets(plain, sizeof plain, &value, err);
		if (n < 0)
			return n;
		value = (struct zonefile_token){
		    .at = (const char *)plain, .bytes = (uint32_t)n};
	}
	/* keyNNN stands with the octets as they are (RFC 9460 section 2.1) */
	if (by_number && value.bytes)
		wire_write(&p->out, value.at, value.bytes);
	else if (!by_number)
		rc = write_value(&p->out, number, &value, err);
	if (rc)
		return rc;
	p->each[p->count].key = number;
	p->each[p->count].offset = (uint32_t)(start - p->octets);
	p->each[p->count++].bytes = (uint32_t)(p->out.at - start);
	f->at++;
	return 0;
}

/* Writes the parameters in ascending order of their keys: the least that is not
 * yet written, again and again. */
static int
write_sorted(struct wire_writer *w, const struct parameters *p, struct err *err)
{
	bool alpn = false, no_default = false;
	unsigned i, least, done;
	int before = -1;

	for (done = 0; done < p->count; done++) {
		least = PARAMETERS_MAX;
		for (i = 0; i < p->count; i++)
			if (p->each[i].key > before &&
			    (least == PARAMETERS_MAX ||
				p->each[i].key < p->each[least].key))
				least = i;
		if (least == PARAMETERS_MAX)
			return err_set(err, ERR_SYNTAX,
			    "a service parameter stands twice");
		before = p->each[least].key;
		alpn |= before == SVCB_ALPN;
		no_default |= before == SVCB_NO_DEFAULT_ALPN;
		wire_write16(w, p->each[least].key);
		wire_write16(w, (uint16_t)p->each[least].bytes);
		wire_write(
		    w, p->octets + p->each[least].offset, p->each[least].bytes);
	}
	if (no_default && !alpn)
		return err_set(err, ERR_SYNTAX,
		    "no-default-alpn without alpn (RFC 9460 section 7.1.1)");
	return 0;
}

int
zonefile_rdata_parameters(struct zonefile_fields *f, struct err *err)
{
	struct parameters p;
	int rc = 0;

	p.count = 0;
	p.out = wire_writer_make(p.octets, sizeof p.octets);
	while (!rc && f->at < f->end)
		rc = read_parameter(f, &p, err);
	if (rc)
		return rc;
	if (p.out.failed)
		f->out.failed = true;
	return write_sorted(&f->out, &p, err);
}
