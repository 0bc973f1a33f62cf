/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The shapes of RDATA, see rdata_shape.h. A shape is a string with a letter a
 * field, read left to right over a bounded cursor. Runs in control and tools;
 * allocates nothing.
 *
 *   1 2 4 6 8   that many octets            N   a name, uncompressed
 *   a           16 octets                   s   a character string
 *   S           one or more strings         t   a string with octets in it
 *   *           whatever is left            +   the same, not empty
 *   B           type bitmap (RFC 4034)      V   service parameters (RFC 9460)
 *   P           address prefixes (RFC 3123) G   gateway (RFC 4025, RFC 8777)
 *   H           host identity (RFC 8005)    M   names to the end
 */
#include "control/source/rdata_shape.h"

#include "base/dns.h"
#include "base/name.h"
#include "base/wire.h"

struct shape {
	uint16_t type;
	char fields[12];
};

/* By type, ascending: searched by halves. */
static const struct shape shapes[] = {
    {1, "4"},       /* A */
    {2, "N"},       /* NS */
    {3, "N"},       /* MD */
    {4, "N"},       /* MF */
    {5, "N"},       /* CNAME */
    {6, "NN44444"}, /* SOA */
    {7, "N"},       /* MB */
    {8, "N"},       /* MG */
    {9, "N"},       /* MR */
    {11, "41*"},    /* WKS */
    {12, "N"},      /* PTR */
    {13, "ss"},     /* HINFO */
    {14, "NN"},     /* MINFO */
    {15, "2N"},     /* MX */
    {16, "S"},      /* TXT */
    {17, "NN"},     /* RP */
    {18, "2N"},     /* AFSDB */
    {19, "s"},      /* X25 */
    {20, "S"},      /* ISDN */
    {21, "2N"},     /* RT */
    {22, "+"},      /* NSAP */
    {23, "N"},      /* NSAP-PTR */
    {24, "211444"
	 "2N+"},     /* SIG */
    {25, "211*"},    /* KEY */
    {26, "2NN"},     /* PX */
    {27, "sss"},     /* GPOS */
    {28, "a"},       /* AAAA */
    {29, "1111444"}, /* LOC */
    {30, "N+"},      /* NXT */
    {33, "222N"},    /* SRV */
    {34, "1+"},      /* ATMA */
    {35, "22sssN"},  /* NAPTR */
    {36, "2N"},      /* KX */
    {37, "221*"},    /* CERT */
    {39, "N"},       /* DNAME */
    {42, "P"},       /* APL */
    {43, "211+"},    /* DS */
    {44, "11+"},     /* SSHFP */
    {45, "1G"},      /* IPSECKEY */
    {46, "211444"
	 "2N+"},     /* RRSIG */
    {47, "NB"},      /* NSEC */
    {48, "211+"},    /* DNSKEY */
    {49, "+"},       /* DHCID */
    {50, "112stB"},  /* NSEC3 */
    {51, "112s"},    /* NSEC3PARAM */
    {52, "111+"},    /* TLSA */
    {53, "111+"},    /* SMIMEA */
    {55, "H"},       /* HIP */
    {56, "S"},       /* NINFO */
    {57, "211*"},    /* RKEY */
    {58, "NN"},      /* TALINK */
    {59, "211+"},    /* CDS */
    {60, "211+"},    /* CDNSKEY */
    {61, "+"},       /* OPENPGPKEY */
    {62, "42B"},     /* CSYNC */
    {63, "411+"},    /* ZONEMD */
    {64, "2NV"},     /* SVCB */
    {65, "2NV"},     /* HTTPS */
    {99, "S"},       /* SPF */
    {104, "28"},     /* NID */
    {105, "24"},     /* L32 */
    {106, "28"},     /* L64 */
    {107, "2N"},     /* LP */
    {108, "6"},      /* EUI48 */
    {109, "8"},      /* EUI64 */
    {256, "22+"},    /* URI */
    {257, "1t*"},    /* CAA */
    {258, "S"},      /* AVC */
    {260, "1G"},     /* AMTRELAY */
    {261, "S"},      /* RESINFO */
    {262, "S"},      /* WALLET */
    {32768, "211+"}, /* TA */
    {32769, "211+"}, /* DLV */
};

bool
rdata_type_is_meta(uint16_t type)
{
	return type == 0 || type == DNS_TYPE_OPT || (type >= 128 && type < 256);
}

static const struct shape *
shape_find(uint16_t type)
{
	size_t low = 0, high = sizeof shapes / sizeof *shapes;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (shapes[middle].type == type)
			return &shapes[middle];
		if (shapes[middle].type < type)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static bool
take_name(struct wire_reader *r)
{
	size_t n = name_length_find(r->at, wire_left(r));

	return n && wire_take_find(r, n);
}

static bool
take_string(struct wire_reader *r, unsigned least)
{
	unsigned n = wire_read8(r);

	return !r->failed && n >= least && wire_take_find(r, n);
}

static bool
take_strings(struct wire_reader *r)
{
	do {
		if (!take_string(r, 0))
			return false;
	} while (wire_left(r));
	return true;
}

static bool
take_names(struct wire_reader *r)
{
	while (wire_left(r))
		if (!take_name(r))
			return false;
	return true;
}

/* RFC 4034 section 4.1.2: windows ascend, 1 to 32 octets, no zero at the end.
 */
static bool
take_bitmap(struct wire_reader *r)
{
	int before = -1;

	while (wire_left(r)) {
		int window = wire_read8(r);
		unsigned n = wire_read8(r);
		const uint8_t *bits = wire_take_find(r, n);

		if (!bits || window <= before || n < 1 || n > 32 ||
		    bits[n - 1] == 0)
			return false;
		before = window;
	}
	return true;
}

/* RFC 3123 section 4: no zero octet at the end of the address. */
static bool
take_prefixes(struct wire_reader *r)
{
	while (wire_left(r)) {
		unsigned family = wire_read16(r), prefix = wire_read8(r);
		unsigned n = wire_read8(r) & 0x7f;
		const uint8_t *address = wire_take_find(r, n);

		if (!address || (n && address[n - 1] == 0) ||
		    (family == 1 && (prefix > 32 || n > 4)) ||
		    (family == 2 && (prefix > 128 || n > 16)))
			return false;
	}
	return true;
}

/* RFC 4025 section 2 and RFC 8777 section 4: type, algorithm (IPSECKEY), then
 * nothing, an IPv4 address, an IPv6 address or a name. */
static bool
take_gateway(struct wire_reader *r, bool key)
{
	unsigned type = wire_read8(r) & (key ? 0xff : 0x7f);

	if (key)
		wire_read8(r);
	if (r->failed)
		return false;
	if (type == 3  ? !take_name(r)
	    : type > 3 ? key
		       : !wire_take_find(r, type == 1   ? 4
					    : type == 2 ? 16
							: 0))
		return false;
	return !wire_left(r) ||
	       ((key || type > 3) && wire_take_find(r, wire_left(r)));
}

/* RFC 8005 section 5: HIT length, algorithm, key length, HIT, key, servers. */
static bool
take_host_identity(struct wire_reader *r)
{
	unsigned hit = wire_read8(r), key;

	wire_read8(r);
	key = wire_read16(r);
	return hit && key && wire_take_find(r, hit) && wire_take_find(r, key) &&
	       take_names(r);
}

/* Values of the keys that RFC 9460 and RFC 9461 define. */
static bool
parameter_is_sound(unsigned key, const uint8_t *value, unsigned bytes)
{
	struct wire_reader r = wire_reader_make(value, bytes);
	int before = -1;

	switch (key) {
	case 0: /* mandatory: keys ascend, itself not among them */
		for (; wire_left(&r) >= 2;) {
			int each = wire_read16(&r);

			if (each <= before || each == 0)
				return false;
			before = each;
		}
		return bytes && !wire_left(&r);
	case 1: /* alpn */
		do {
			if (!take_string(&r, 1))
				return false;
		} while (wire_left(&r));
		return true;
	case 2: /* no-default-alpn */
		return bytes == 0;
	case 3: /* port */
		return bytes == 2;
	case 4: /* ipv4hint */
		return bytes && bytes % 4 == 0;
	case 6: /* ipv6hint */
		return bytes && bytes % 16 == 0;
	default:
		return key != 65535;
	}
}

static bool
take_parameters(struct wire_reader *r)
{
	const uint8_t *mandatory = NULL;
	unsigned nmandatory = 0, found = 0;
	int before = -1;

	while (wire_left(r)) {
		int key = wire_read16(r);
		unsigned n = wire_read16(r);
		const uint8_t *value = wire_take_find(r, n);

		if (!value || key <= before ||
		    !parameter_is_sound((unsigned)key, value, n))
			return false;
		before = key;
		if (key == 0) {
			mandatory = value;
			nmandatory = n / 2;
		} else if (found < nmandatory &&
			   wire_load16(mandatory + 2 * found) == key) {
			found++; /* both ascend */
		}
	}
	return found == nmandatory;
}

static bool
take_field(struct wire_reader *r, char field, uint16_t type)
{
	switch (field) {
	case 'N':
		return take_name(r);
	case 's':
		return take_string(r, 0);
	case 't':
		return take_string(r, 1);
	case 'S':
		return take_strings(r);
	case 'a':
		return wire_take_find(r, 16);
	case '+':
		return wire_left(r) && wire_take_find(r, wire_left(r));
	case '*':
		return wire_take_find(r, wire_left(r));
	case 'B':
		return take_bitmap(r);
	case 'P':
		return take_prefixes(r);
	case 'G':
		return take_gateway(r, type == 45);
	case 'H':
		return take_host_identity(r);
	case 'V':
		return take_parameters(r);
	default: /* a digit */
		return wire_take_find(r, (size_t)(field - '0'));
	}
}

int
rdata_shape_check(
    uint16_t type, const uint8_t *rdata, size_t bytes, struct err *err)
{
	const struct shape *shape = shape_find(type);
	struct wire_reader r;
	const char *field;

	if (rdata_type_is_meta(type))
		return err_set(err, ERR_SEMANTIC,
		    "type %u is a question or a message's own, not data of a "
		    "zone (RFC 6895); remove the record",
		    type);
	if (!shape)
		return 0;
	r = wire_reader_make(rdata, bytes);
	for (field = shape->fields; *field; field++)
		if (!take_field(&r, *field, type))
			return err_set(err, ERR_SEMANTIC,
			    "RDATA of %zu octets is not of the shape of type "
			    "%u: field %d is cut short, empty or unsound",
			    bytes, type, (int)(field - shape->fields) + 1);
	if (wire_left(&r))
		return err_set(err, ERR_SEMANTIC,
		    "RDATA of type %u has %zu octets too many", type,
		    wire_left(&r));
	return 0;
}
