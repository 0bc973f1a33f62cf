/* SPDX-License-Identifier: BSD-2-Clause
 *
 * RDATA whose fields depend on one another (IPSECKEY, HIP, type bitmaps), and
 * fields of which ldns 1.8.3 takes what is no value: APL prefixes with letters
 * behind, services that do not exist, half an octet of an NSAP, hashes longer
 * than its buffer. Runs where zonefile.h runs; allocates nothing.
 */
#include "control/source/zonefile_rdata.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A gateway or relay as its type says: none ("."), address or name. */
static int
field_gateway(struct zonefile_fields *f, unsigned type, struct err *err)
{
	if (type > 3)
		return err_set(err, ERR_SYNTAX,
		    "gateway type %u: 0 is none, 1 IPv4, 2 IPv6, 3 a name",
		    type);
	if (type == 3)
		return zonefile_field_name(f, err);
	if (type)
		return zonefile_field_address(
		    f, type == 1 ? AF_INET : AF_INET6, err);
	if (f->at == f->end || !zonefile_token_is(f->at, "."))
		return err_set(err, ERR_SYNTAX, "gateway type 0 wants a dot");
	f->at++;
	return 0;
}

/* AMTRELAY (RFC 8777 section 4.3): precedence, D bit, type, relay */
int
zonefile_rdata_amtrelay(struct zonefile_fields *f, struct err *err)
{
	unsigned discovery, type;
	int rc = zonefile_field_number(f, 1, err);

	if (!rc)
		rc = zonefile_field_number(f, 1, err);
	if (!rc)
		rc = zonefile_field_number(f, 1, err);
	if (rc)
		return rc;
	/* the bit and the type share an octet */
	discovery = f->out.at[-2];
	type = f->out.at[-1];
	if (discovery > 1)
		return err_set(
		    err, ERR_SYNTAX, "the discovery bit of AMTRELAY is 0 or 1");
	f->out.at--;
	f->out.at[-1] = (uint8_t)(discovery << 7 | type);
	return field_gateway(f, type, err);
}

/* precedence, gateway type, algorithm, gateway, key */
int
zonefile_rdata_ipseckey(struct zonefile_fields *f, struct err *err)
{
	unsigned gateway = 4;
	int rc = zonefile_field_number(f, 1, err);

	if (!rc)
		rc = zonefile_field_number(f, 1, err);
	if (!rc) {
		gateway = f->out.at[-1];
		rc = zonefile_field_number(f, 1, err);
	}
	if (rc)
		return rc;
	rc = field_gateway(f, gateway, err);
	if (rc)
		return rc;
	rc = zonefile_base64(&f->out, f->at, (size_t)(f->end - f->at), err);
	if (!rc)
		f->at = f->end;
	return rc;
}

/* algorithm, HIT in hex, key in base64; rendezvous servers follow as names */
int
zonefile_rdata_hip(struct zonefile_fields *f, struct err *err)
{
	uint8_t *head = f->out.at;
	size_t hit, key;
	int rc;

	if (f->end - f->at < 3)
		return err_set(err, ERR_SYNTAX,
		    "HIP wants an algorithm, a HIT and a public key");
	wire_write8(&f->out, 0); /* HIT length, below */
	rc = zonefile_field_number(f, 1, err);
	if (rc)
		return rc;
	wire_write16(&f->out, 0); /* key length, below */
	rc = zonefile_hex(&f->out, f->at, 1, err);
	if (rc)
		return rc;
	hit = (size_t)(f->out.at - head) - 4;
	f->at++;
	rc = zonefile_base64(&f->out, f->at, 1, err);
	if (rc)
		return rc;
	key = (size_t)(f->out.at - head) - 4 - hit;
	if (hit > 255 || f->out.failed)
		return err_set(err, ERR_SYNTAX, "a HIT over 255 octets");
	f->at++;
	head[0] = (uint8_t)hit;
	wire_store16(head + 2, (uint16_t)key);
	return 0;
}

int
zonefile_rdata_bitmap(struct zonefile_fields *f, struct err *err)
{
	uint8_t bits[65536 / 8] = {0};
	unsigned window, n;
	uint16_t type;
	int rc;

	for (; f->at < f->end; f->at++) {
		rc = zonefile_type(&type, f->at, err);
		if (rc)
			return rc;
		bits[type / 8] |= (uint8_t)(0x80 >> type % 8);
	}
	for (window = 0; window < 256; window++) {
		for (n = 32; n && !bits[window * 32 + n - 1]; n--)
			;
		if (!n)
			continue;
		wire_write8(&f->out, (uint8_t)window);
		wire_write8(&f->out, (uint8_t)n);
		wire_write(&f->out, bits + window * 32, n);
	}
	return 0;
}

/* APL (RFC 3123 section 5): [!]FAMILY:ADDRESS/PREFIX */
int
zonefile_rdata_prefix(struct zonefile_fields *f, struct err *err)
{
	const struct zonefile_token *t = f->at;
	struct zonefile_token part = *t;
	char text[ZONEFILE_QUOTE_MAX];
	const char *colon, *slash;
	uint8_t address[16];
	unsigned bytes;
	uint32_t prefix;
	bool negated;

	negated = t->bytes && *t->at == '!';
	colon = memchr(t->at, ':', t->bytes);
	slash = memchr(t->at, '/', t->bytes);
	if (!colon || !slash || slash < colon || t->quoted ||
	    colon != t->at + 1 + negated ||
	    (colon[-1] != '1' && colon[-1] != '2'))
		goto bad;
	bytes = colon[-1] == '1' ? 4 : 16;
	part.at = colon + 1;
	part.bytes = (uint32_t)(slash - part.at);
	if (inet_pton(bytes == 4 ? AF_INET : AF_INET6,
		zonefile_quote(text, &part), address) != 1)
		goto bad;
	part.at = slash + 1;
	part.bytes = (uint32_t)(t->at + t->bytes - part.at);
	if (zonefile_number(&prefix, &part, bytes * 8, NULL))
		goto bad;
	wire_write16(&f->out, bytes == 4 ? 1 : 2);
	wire_write8(&f->out, (uint8_t)prefix);
	while (bytes && address[bytes - 1] == 0)
		bytes--;
	wire_write8(&f->out, (uint8_t)(bytes | (negated ? 0x80 : 0)));
	wire_write(&f->out, address, bytes);
	f->at++;
	return 0;
bad:
	return err_set(err, ERR_SYNTAX,
	    "'%s' where a prefix is wanted: 1:192.0.2.0/24, 2:2001:db8::/32, "
	    "with ! in front for not",
	    zonefile_quote(text, t));
}

static int
read_port(const struct zonefile_token *t, const char *protocol, uint32_t *port,
    struct err *err)
{
	char word[ZONEFILE_QUOTE_MAX], buffer[1024];
	struct servent service, *found = NULL;

	if (t->bytes && isdigit((uint8_t)*t->at))
		return zonefile_number(port, t, UINT16_MAX, err);
	getservbyname_r(zonefile_quote(word, t), protocol, &service, buffer,
	    sizeof buffer, &found);
	if (!found)
		return err_set(err, ERR_SYNTAX,
		    "'%s' is no service of %s that is known here; write its "
		    "port",
		    word, protocol ? protocol : "any protocol");
	*port = ntohs((uint16_t)service.s_port);
	return 0;
}

/* WKS (RFC 1035 section 3.4.2) behind the address: protocol, services. */
int
zonefile_rdata_services(struct zonefile_fields *f, struct err *err)
{
	uint8_t bits[65536 / 8] = {0};
	const char *protocol = NULL;
	uint32_t number;
	int rc = 0;

	if (zonefile_token_is(f->at, "tcp")) {
		protocol = "tcp";
		number = 6;
	} else if (zonefile_token_is(f->at, "udp")) {
		protocol = "udp";
		number = 17;
	} else {
		rc = zonefile_number(&number, f->at, UINT8_MAX, err);
	}
	if (rc)
		return err_add(err, "protocol (tcp, udp or a number)");
	wire_write8(&f->out, (uint8_t)number);
	for (f->at++; f->at < f->end; f->at++) {
		rc = read_port(f->at, protocol, &number, err);
		if (rc)
			return rc;
		bits[number / 8] |= (uint8_t)(0x80 >> number % 8);
	}
	for (number = sizeof bits; number && !bits[number - 1]; number--)
		;
	wire_write(&f->out, bits, number);
	return 0;
}

/* NSEC3 (RFC 5155 section 3.3): "-" is no salt. */
int
zonefile_rdata_salt(struct zonefile_fields *f, struct err *err)
{
	uint8_t salt[255];
	struct wire_writer w = wire_writer_make(salt, sizeof salt);
	int rc = 0;

	if (!zonefile_token_is(f->at, "-"))
		rc = zonefile_hex(&w, f->at, 1, err);
	if (!rc && w.failed)
		rc = err_set(err, ERR_SYNTAX, "over 255 octets");
	if (rc)
		return err_add(err, "salt");
	f->at++;
	wire_write8(&f->out, (uint8_t)(w.at - salt));
	wire_write(&f->out, salt, (size_t)(w.at - salt));
	return 0;
}

static int
digit_of_base32hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((uint8_t)c);
	return c >= 'a' && c <= 'v' ? c - 'a' + 10 : -1;
}

/* The next hashed owner name, base32hex without padding (RFC 4648 section 7).
 */
int
zonefile_rdata_next_hash(struct zonefile_fields *f, struct err *err)
{
	const struct zonefile_token *t = f->at;
	char quote[ZONEFILE_QUOTE_MAX];
	uint8_t hash[255];
	unsigned have = 0;
	uint32_t group = 0, i;
	size_t n = 0;
	int digit = t->quoted ? -1 : 0;

	for (i = 0; digit >= 0 && i < t->bytes; i++) {
		digit = digit_of_base32hex(t->at[i]);
		group = group << 5 | (uint32_t)(digit & 31);
		have += 5;
		if (have < 8)
			continue;
		have -= 8;
		if (n == sizeof hash)
			digit = -1;
		else
			hash[n++] = (uint8_t)(group >> have);
	}
	/* what is left over must be zero and less than a digit */
	if (digit < 0 || n == 0 || have >= 5 || (group & ((1u << have) - 1)))
		return err_set(err, ERR_SYNTAX,
		    "'%s' where a hash in base32hex is wanted",
		    zonefile_quote(quote, t));
	f->at++;
	wire_write8(&f->out, (uint8_t)n);
	wire_write(&f->out, hash, n);
	return 0;
}

/* NSAP (RFC 1706 section 7): 0x, then hexadecimal digits with dots anywhere. */
int
zonefile_rdata_nsap(struct zonefile_fields *f, struct err *err)
{
	struct zonefile_token part = *f->at;
	char digits[512];
	uint32_t i, n = 0;
	int rc;

	if (part.bytes < 4 || part.bytes > sizeof digits ||
	    strncasecmp(part.at, "0x", 2) != 0)
		return err_set(err, ERR_SYNTAX,
		    "an NSAP begins with 0x and has hexadecimal digits");
	for (i = 2; i < part.bytes; i++)
		if (part.at[i] != '.')
			digits[n++] = part.at[i];
	part.at = digits;
	part.bytes = n;
	rc = zonefile_hex(&f->out, &part, 1, err);
	if (!rc)
		f->at++;
	return rc;
}

/* DEGREES [MINUTES [SECONDS]] LETTER at *t; moves behind. */
static bool
take_angle(const struct zonefile_token **t, const struct zonefile_token *end,
    uint32_t degrees_max, const char *letters)
{
	char text[ZONEFILE_QUOTE_MAX], *stop;
	uint32_t degrees, minutes = 0;
	double seconds = 0;

	if (*t == end || zonefile_number(&degrees, (*t)++, degrees_max, NULL))
		return false;
	if (*t < end && isdigit((uint8_t) * (*t)->at) &&
	    zonefile_number(&minutes, (*t)++, 59, NULL))
		return false;
	if (*t < end && isdigit((uint8_t) * (*t)->at)) {
		seconds = strtod(zonefile_quote(text, (*t)++), &stop);
		if (*stop || seconds >= 60)
			return false;
	}
	if (degrees == degrees_max && (minutes || seconds > 0))
		return false;
	return *t < end && (*t)->bytes == 1 &&
	       strchr(letters, *((*t)++)->at) != NULL;
}

int
zonefile_rdata_check_location(const struct zonefile_fields *f, struct err *err)
{
	const struct zonefile_token *t = f->at, *end = f->end;
	char text[ZONEFILE_QUOTE_MAX], *stop;
	double metres;

	/* ldns wants capital letters */
	if (!take_angle(&t, end, 90, "NS") || !take_angle(&t, end, 180, "EW"))
		return err_set(err, ERR_SYNTAX,
		    "no such place: write D [M [S]] N|S D [M [S]] E|W "
		    "ALTITUDEm, at most 90 and 180 degrees");
	if (t == end || end - t > 4)
		return err_set(err, ERR_SYNTAX,
		    "a location ends with the altitude and at most three "
		    "sizes, each in metres");
	for (; t < end; t++) {
		metres = strtod(zonefile_quote(text, t), &stop);
		if (stop == text || (*stop && strcasecmp(stop, "m") != 0) ||
		    metres < -100000.0 || metres > 90000000.0)
			return err_set(err, ERR_SYNTAX,
			    "'%s' where metres are wanted", text);
	}
	return 0;
}
