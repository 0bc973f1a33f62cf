/* SPDX-License-Identifier: BSD-2-Clause
 *
 * RDATA field by field, see zonefile_rdata.h. Why not ldns for all: its readers
 * of numbers wrap what is too large, its hex reader takes half an octet, its
 * name reader takes "\." for a final dot; and a record of plain fields costs a
 * tenth. tests/unit/test_zonefile.c compares both on plain input. Runs where
 * zonefile.h runs.
 */
#include "control/source/zonefile_rdata.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

#include "control/source/rdata_shape.h"

static int
need_token(const struct zonefile_fields *f, const char *what, struct err *err)
{
	if (f->at < f->end)
		return 0;
	return err_set(err, ERR_SYNTAX, "the RDATA ends before %s", what);
}

int
zonefile_field_number(
    struct zonefile_fields *f, unsigned octets, struct err *err)
{
	uint32_t v, most = octets == 1   ? UINT8_MAX
	                   : octets == 2 ? UINT16_MAX
	                                 : UINT32_MAX;
	int rc = need_token(f, "a number", err);

	if (!rc)
		rc = zonefile_number(&v, f->at, most, err);
	if (rc)
		return rc;
	f->at++;
	if (octets == 1)
		wire_write8(&f->out, (uint8_t)v);
	else if (octets == 2)
		wire_write16(&f->out, (uint16_t)v);
	else
		wire_write32(&f->out, v);
	return 0;
}

int
zonefile_field_name(struct zonefile_fields *f, struct err *err)
{
	uint8_t name[DNS_NAME_MAX];
	int n = need_token(f, "a name", err);

	if (!n)
		n = zonefile_name(name, f->at, f->origin, err);
	if (n < 0)
		return n;
	f->at++;
	wire_write(&f->out, name, (size_t)n);
	return 0;
}

int
zonefile_field_address(struct zonefile_fields *f, int family, struct err *err)
{
	const char *what =
	    family == AF_INET ? "an IPv4 address" : "an IPv6 address";
	char text[ZONEFILE_QUOTE_MAX];
	uint8_t address[16];
	int rc = need_token(f, what, err);

	if (rc)
		return rc;
	/* no address is as long as the text's room: cut ones do not parse */
	zonefile_quote(text, f->at);
	if (f->at->quoted || inet_pton(family, text, address) != 1)
		return err_set(
		    err, ERR_SYNTAX, "'%s' where %s is wanted", text, what);
	f->at++;
	wire_write(&f->out, address, family == AF_INET ? 4 : 16);
	return 0;
}

static int
field_seconds(struct zonefile_fields *f, struct err *err)
{
	uint32_t v;
	int rc = need_token(f, "a time", err);

	if (!rc)
		rc = zonefile_seconds(&v, f->at, err);
	if (rc)
		return rc;
	f->at++;
	wire_write32(&f->out, v);
	return 0;
}

static int
field_string(struct zonefile_fields *f, struct err *err)
{
	uint8_t octets[255];
	int n = need_token(f, "a string", err);

	if (!n)
		n = zonefile_octets(octets, sizeof octets, f->at, err);
	if (n < 0)
		return n;
	f->at++;
	wire_write8(&f->out, (uint8_t)n);
	wire_write(&f->out, octets, (size_t)n);
	return 0;
}

/* A string without a length octet, to the end of the RDATA (URI, CAA). */
static int
field_long_string(struct zonefile_fields *f, struct err *err)
{
	int n = need_token(f, "a string", err);

	if (n)
		return n;
	n = zonefile_octets(
	    f->out.at, (size_t)(f->out.end - f->out.at), f->at, err);
	if (n < 0)
		return n;
	f->at++;
	f->out.at += n;
	return 0;
}

static int
field_type(struct zonefile_fields *f, struct err *err)
{
	uint16_t type;
	int rc = need_token(f, "a record type", err);

	if (!rc)
		rc = zonefile_type(&type, f->at, err);
	if (rc)
		return rc;
	f->at++;
	wire_write16(&f->out, type);
	return 0;
}

/* Hex or base64 to the end of the record. A lone "-" or "0" is an empty key or
 * digest in old notations (RFC 8078 section 4 writes 0 for both). */
static int
field_blob(struct zonefile_fields *f, bool hex, struct err *err)
{
	size_t tokens = (size_t)(f->end - f->at);
	int rc =
	    need_token(f, hex ? "hexadecimal digits" : "base64 digits", err);

	if (rc)
		return rc;
	if (tokens == 1 && !hex && zonefile_token_is(f->at, "0"))
		wire_write8(&f->out, 0);
	else
		rc = hex ? zonefile_hex(&f->out, f->at, tokens, err)
		         : zonefile_base64(&f->out, f->at, tokens, err);
	if (!rc)
		f->at = f->end;
	return rc;
}

/* The tokens with a space between, for ldns. */
static char *
join_tokens(const struct zonefile_fields *f, size_t tokens)
{
	const struct zonefile_token *t = f->at;
	size_t bytes = 1, i;
	char *text, *p;

	for (i = 0; i < tokens; i++)
		bytes += t[i].bytes + 1;
	text = p = malloc(bytes);
	for (i = 0; text && i < tokens; i++) {
		if (i)
			*p++ = ' ';
		memcpy(p, t[i].at, t[i].bytes);
		p += t[i].bytes;
	}
	if (text)
		*p = 0;
	return text;
}

/* What a field that ldns reads looks like, for the operator. */
static const char *
field_form(ldns_rdf_type type)
{
	switch (type) {
	case LDNS_RDF_TYPE_LOC:
		return "a location";
	case LDNS_RDF_TYPE_TIME:
		return "a time YYYYMMDDHHmmSS";
	case LDNS_RDF_TYPE_ALG:
	case LDNS_RDF_TYPE_CERT_ALG:
		return "an algorithm or certificate type";
	case LDNS_RDF_TYPE_ILNP64:
		return "four groups of hexadecimal digits with colons";
	case LDNS_RDF_TYPE_EUI48:
	case LDNS_RDF_TYPE_EUI64:
		return "pairs of hexadecimal digits with dashes";
	default:
		return "a number or its mnemonic";
	}
}

static int
field_by_ldns(struct zonefile_fields *f, ldns_rdf_type type, struct err *err)
{
	char quote[ZONEFILE_QUOTE_MAX];
	ldns_rdf *rdf;
	size_t tokens = 1;
	char *text;

	if (type == LDNS_RDF_TYPE_LOC)
		tokens = (size_t)(f->end - f->at);
	text = join_tokens(f, tokens);
	if (!text)
		return err_set(err, ERR_NO_MEMORY, "out of memory");
	rdf = ldns_rdf_new_frm_str(type, text);
	free(text);
	if (!rdf)
		return err_set(err, ERR_SYNTAX, "'%s' where %s is wanted",
		    zonefile_quote(quote, f->at), field_form(type));
	wire_write(&f->out, ldns_rdf_data(rdf), ldns_rdf_size(rdf));
	ldns_rdf_deep_free(rdf);
	f->at += tokens;
	return 0;
}

/* A mnemonic by ldns, or a number, which is checked here. */
static int
field_mnemonic(struct zonefile_fields *f, ldns_rdf_type type, unsigned octets,
    struct err *err)
{
	if (!f->at->quoted && f->at->bytes && isalpha((uint8_t)*f->at->at))
		return field_by_ldns(f, type, err);
	return zonefile_field_number(f, octets, err);
}

/* Seconds since 1970 as a number, or YYYYMMDDHHmmSS (RFC 4034 section 3.2). */
static int
field_time(struct zonefile_fields *f, struct err *err)
{
	uint32_t i;

	for (i = 0; i < f->at->bytes && isdigit((uint8_t)f->at->at[i]); i++)
		;
	if (i == f->at->bytes && i == 14)
		return field_by_ldns(f, LDNS_RDF_TYPE_TIME, err);
	return zonefile_field_number(f, 4, err);
}

/* The tag of a CAA record: letters and digits (RFC 8659 section 4.1). */
static int
field_tag(struct zonefile_fields *f, struct err *err)
{
	char quote[ZONEFILE_QUOTE_MAX];
	uint32_t i;

	for (i = 0; i < f->at->bytes && isalnum((uint8_t)f->at->at[i]); i++)
		;
	if (i < f->at->bytes || i == 0)
		return err_set(err, ERR_SYNTAX,
		    "'%s' where a tag of letters and digits is wanted",
		    zonefile_quote(quote, f->at));
	return field_string(f, err);
}

static int
field_location(struct zonefile_fields *f, struct err *err)
{
	int rc = zonefile_rdata_check_location(f, err);

	return rc ? rc : field_by_ldns(f, LDNS_RDF_TYPE_LOC, err);
}

/* Fields that need a token; read_field() has seen that there is one. */
static int
read_rare_field(struct zonefile_fields *f, ldns_rdf_type type, struct err *err)
{
	switch (type) {
	case LDNS_RDF_TYPE_APL:
		return zonefile_rdata_prefix(f, err);
	case LDNS_RDF_TYPE_WKS:
		return zonefile_rdata_services(f, err);
	case LDNS_RDF_TYPE_NSAP:
		return zonefile_rdata_nsap(f, err);
	case LDNS_RDF_TYPE_NSEC3_SALT:
		return zonefile_rdata_salt(f, err);
	case LDNS_RDF_TYPE_NSEC3_NEXT_OWNER:
		return zonefile_rdata_next_hash(f, err);
	case LDNS_RDF_TYPE_TAG:
		return field_tag(f, err);
	case LDNS_RDF_TYPE_LOC:
		return field_location(f, err);
	case LDNS_RDF_TYPE_TIME:
		return field_time(f, err);
	case LDNS_RDF_TYPE_ALG:
	case LDNS_RDF_TYPE_CERTIFICATE_USAGE:
	case LDNS_RDF_TYPE_SELECTOR:
	case LDNS_RDF_TYPE_MATCHING_TYPE:
		return field_mnemonic(f, type, 1, err);
	case LDNS_RDF_TYPE_CERT_ALG:
		return field_mnemonic(f, type, 2, err);
	default:
		return field_by_ldns(f, type, err);
	}
}

static int
read_field(struct zonefile_fields *f, ldns_rdf_type type, struct err *err)
{
	int rc;

	switch (type) {
	case LDNS_RDF_TYPE_DNAME:
		return zonefile_field_name(f, err);
	case LDNS_RDF_TYPE_INT8:
		return zonefile_field_number(f, 1, err);
	case LDNS_RDF_TYPE_INT16:
		return zonefile_field_number(f, 2, err);
	case LDNS_RDF_TYPE_INT32:
		return zonefile_field_number(f, 4, err);
	case LDNS_RDF_TYPE_PERIOD:
		return field_seconds(f, err);
	case LDNS_RDF_TYPE_A:
		return zonefile_field_address(f, AF_INET, err);
	case LDNS_RDF_TYPE_AAAA:
		return zonefile_field_address(f, AF_INET6, err);
	case LDNS_RDF_TYPE_STR:
		return field_string(f, err);
	case LDNS_RDF_TYPE_LONG_STR:
		return field_long_string(f, err);
	case LDNS_RDF_TYPE_HEX:
		return field_blob(f, true, err);
	case LDNS_RDF_TYPE_B64:
		return field_blob(f, false, err);
	case LDNS_RDF_TYPE_TYPE:
		return field_type(f, err);
	case LDNS_RDF_TYPE_NSEC:
		return zonefile_rdata_bitmap(f, err);
	case LDNS_RDF_TYPE_SVCPARAMS:
		return zonefile_rdata_parameters(f, err);
	case LDNS_RDF_TYPE_IPSECKEY:
		return zonefile_rdata_ipseckey(f, err);
	case LDNS_RDF_TYPE_HIP:
		return zonefile_rdata_hip(f, err);
	default:
		rc = need_token(f, "the last field", err);
		return rc ? rc : read_rare_field(f, type, err);
	}
}

/* RFC 3597 section 5: \# LENGTH HEX. */
static int
read_unknown(struct zonefile_fields *f, struct err *err)
{
	const uint8_t *start = f->out.at;
	uint32_t bytes;
	int rc;

	f->at++;
	rc = need_token(f, "the number of octets behind \\#", err);
	if (!rc)
		rc = zonefile_number(&bytes, f->at, ZONEFILE_RDATA_MAX, err);
	if (rc)
		return rc;
	f->at++;
	rc = zonefile_hex(&f->out, f->at, (size_t)(f->end - f->at), err);
	if (rc)
		return rc;
	if (f->out.failed || (size_t)(f->out.at - start) != bytes)
		return err_set(err, ERR_SYNTAX,
		    "\\# says %u octets, but the hexadecimal digits are %s%zu",
		    bytes, f->out.failed ? "more than " : "",
		    (size_t)(f->out.at - start));
	f->at = f->end;
	return 0;
}

/* Some types end with a field that may be missing. */
static bool
may_end_here(const ldns_rr_descriptor *d, size_t field)
{
	return field >= ldns_rr_descriptor_minimum(d) ||
	       ldns_rr_descriptor_field_type(d, field) == LDNS_RDF_TYPE_NSEC;
}

/* Types that ldns does not know, but that are written as others that it does:
 * NINFO, AVC, RESINFO and WALLET as TXT, RKEY as KEY, TA as DS. */
static uint16_t
type_written_alike(uint16_t type)
{
	switch (type) {
	case 56:
	case 258:
	case 261:
	case 262:
		return LDNS_RR_TYPE_TXT;
	case 57:
		return LDNS_RR_TYPE_KEY;
	case 32768:
		return LDNS_RR_TYPE_DS;
	default:
		return type;
	}
}

/* ldns has no reader for some types, writes ATMA without its format octet, and
 * SINK without its data. */
static bool
can_read(uint16_t type, const ldns_rr_descriptor *d)
{
	return d->_type == type && type != LDNS_RR_TYPE_NXT &&
	       type != LDNS_RR_TYPE_ATMA && type != LDNS_RR_TYPE_SINK &&
	       (d->_maximum == 0 || d->_wireformat[0] != LDNS_RDF_TYPE_UNKNOWN);
}

static int
read_fields(uint16_t type, struct zonefile_fields *f, struct err *err)
{
	const ldns_rr_descriptor *d = ldns_rr_descript(type);
	size_t field, fixed = ldns_rr_descriptor_maximum(d);
	bool repeats = d->_variable != LDNS_RDF_TYPE_NONE;
	int rc = 0;

	/* ldns takes the name for a string */
	if (type == LDNS_RR_TYPE_NSAP_PTR)
		return zonefile_field_name(f, err);
	if (type == 260)
		return zonefile_rdata_amtrelay(f, err);
	if (!can_read(type, d))
		return err_set(err, ERR_SYNTAX,
		    "RDATA of type %u can't be read from text here; write it "
		    "as \\# LENGTH HEX (RFC 3597)",
		    type);
	if (repeats)
		fixed = d->_maximum;
	for (field = 0; !rc && field < fixed; field++) {
		if (f->at == f->end && may_end_here(d, field))
			break;
		rc =
		    read_field(f, ldns_rr_descriptor_field_type(d, field), err);
	}
	for (; !rc && repeats &&
	       (f->at < f->end || field < ldns_rr_descriptor_minimum(d));
	     field++)
		rc = read_field(f, d->_variable, err);
	return rc;
}

int
zonefile_rdata(uint16_t type, struct zonefile_fields *f,
    uint8_t dst[ZONEFILE_RDATA_MAX], size_t *bytes, struct err *err)
{
	char quote[ZONEFILE_QUOTE_MAX];
	int rc;

	f->out = wire_writer_make(dst, ZONEFILE_RDATA_MAX);
	if (f->at < f->end && zonefile_token_is(f->at, "\\#"))
		rc = read_unknown(f, err);
	else
		rc = read_fields(type_written_alike(type), f, err);
	if (rc)
		return rc;
	if (f->at < f->end)
		return err_set(err, ERR_SYNTAX,
		    "'%s' is more than the RDATA of this type has",
		    zonefile_quote(quote, f->at));
	if (f->out.failed)
		return err_set(err, ERR_LIMIT,
		    "RDATA over 65,535 octets; split the record");
	*bytes = (size_t)(f->out.at - dst);
	return rdata_shape_check(type, dst, *bytes, err);
}
