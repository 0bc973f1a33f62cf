/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Where names stand in RDATA: one row a type. Used by control, tools and (for
 * verified bytes) readers; allocates nothing, any thread.
 *
 * A row's shape is read from the left:
 *
 *   C  name that may be compressed (types of RFC 1035, RFC 3597 section 4)
 *   N  name that is never compressed
 *   1 2 4  so many octets       S  character-string
 *   *  the rest, if any         (without it, octets left over are refused)
 *
 * Four types have a shape that depends on their octets: functions below.
 */
#include "base/name.h"
#include "base/wire.h"
#include "snapshot/records.h"

struct names_walk {
	struct wire_reader reader;
	const uint8_t *start;
	void (*name)(void *arg, size_t offset, bool may_compress);
	void *arg;
};

static void
walk_name(struct names_walk *w, bool may_compress)
{
	size_t bytes = name_length_find(w->reader.at, wire_left(&w->reader));
	const uint8_t *p = wire_take_find(&w->reader, bytes);

	if (bytes == 0)
		w->reader.failed = true;
	if (!w->reader.failed)
		w->name(w->arg, (size_t)(p - w->start), may_compress);
}

static void
walk_rest(struct names_walk *w)
{
	wire_take_find(&w->reader, wire_left(&w->reader));
}

static void
walk_shape(struct names_walk *w, const char *shape)
{
	for (; *shape && !w->reader.failed; shape++) {
		switch (*shape) {
		case 'C':
		case 'N':
			walk_name(w, *shape == 'C');
			break;
		case 'S':
			wire_take_find(&w->reader, wire_read8(&w->reader));
			break;
		case '*':
			walk_rest(w);
			break;
		default:
			wire_take_find(&w->reader, (size_t)(*shape - '0'));
			break;
		}
	}
}

/* A6 (RFC 2874 section 3.1): prefix length, address suffix, prefix name. */
static void
walk_a6(struct names_walk *w)
{
	unsigned prefix = wire_read8(&w->reader);

	if (prefix > 128) {
		w->reader.failed = true;
		return;
	}
	wire_take_find(&w->reader, (128 - prefix + 7) / 8);
	if (prefix > 0)
		walk_name(w, false);
}

/* The gateway of IPSECKEY and the relay of AMTRELAY: none, IPv4, IPv6, name. */
static void
walk_gateway(struct names_walk *w, unsigned kind)
{
	static const uint8_t octets[] = {0, 4, 16};

	if (kind < 3)
		wire_take_find(&w->reader, octets[kind]);
	else if (kind == 3)
		walk_name(w, false);
	else
		walk_rest(w);
}

/* RFC 4025 section 2.1: precedence, gateway type, algorithm, gateway, key. */
static void
walk_ipseckey(struct names_walk *w)
{
	unsigned kind;

	wire_read8(&w->reader);
	kind = wire_read8(&w->reader);
	wire_read8(&w->reader);
	walk_gateway(w, kind);
	walk_rest(w);
}

/* RFC 8777 section 4.1: precedence, discovery bit and type, relay. */
static void
walk_amtrelay(struct names_walk *w)
{
	wire_read8(&w->reader);
	walk_gateway(w, wire_read8(&w->reader) & 0x7f);
}

/* RFC 8005 section 5: HIT, key, then rendezvous servers to the end. */
static void
walk_hip(struct names_walk *w)
{
	size_t hit = wire_read8(&w->reader), key;

	wire_read8(&w->reader);
	key = wire_read16(&w->reader);
	wire_take_find(&w->reader, hit + key);
	while (!w->reader.failed && wire_left(&w->reader) > 0)
		walk_name(w, false);
}

static const struct names_row {
	uint16_t type;
	const char *shape;
	void (*walk)(struct names_walk *w);
} names_rows[] = {
    {DNS_TYPE_NS, "C", NULL},
    {DNS_TYPE_MD, "C", NULL},
    {DNS_TYPE_MF, "C", NULL},
    {DNS_TYPE_CNAME, "C", NULL},
    {DNS_TYPE_SOA, "CC44444", NULL},
    {DNS_TYPE_MB, "C", NULL},
    {DNS_TYPE_MG, "C", NULL},
    {DNS_TYPE_MR, "C", NULL},
    {DNS_TYPE_PTR, "C", NULL},
    {DNS_TYPE_MINFO, "CC", NULL},
    {DNS_TYPE_MX, "2C", NULL},
    {DNS_TYPE_RP, "NN", NULL},
    {DNS_TYPE_AFSDB, "2N", NULL},
    {21 /* RT */, "2N", NULL},
    {23 /* NSAP-PTR */, "N", NULL},
    {DNS_TYPE_SIG, "2114442N*", NULL},
    {26 /* PX */, "2NN", NULL},
    {DNS_TYPE_NXT, "N*", NULL},
    {DNS_TYPE_SRV, "222N", NULL},
    {DNS_TYPE_NAPTR, "22SSSN", NULL},
    {36 /* KX */, "2N", NULL},
    {38 /* A6 */, NULL, walk_a6},
    {DNS_TYPE_DNAME, "N", NULL},
    {45 /* IPSECKEY */, NULL, walk_ipseckey},
    {DNS_TYPE_RRSIG, "2114442N*", NULL},
    {DNS_TYPE_NSEC, "N*", NULL},
    {55 /* HIP */, NULL, walk_hip},
    {58 /* TALINK */, "NN", NULL},
    {DNS_TYPE_SVCB, "2N*", NULL},
    {DNS_TYPE_HTTPS, "2N*", NULL},
    {66 /* DSYNC */, "212N", NULL},
    {107 /* LP */, "2N", NULL},
    {260 /* AMTRELAY */, NULL, walk_amtrelay},
};

static const struct names_row *
names_row_find(uint16_t type)
{
	for (size_t i = 0; i < sizeof names_rows / sizeof *names_rows; i++) {
		if (names_rows[i].type == type)
			return &names_rows[i];
		if (names_rows[i].type > type)
			return NULL; /* rows ascend */
	}
	return NULL;
}

bool
rdata_names(uint16_t type, const uint8_t *rdata, size_t bytes,
    void (*name)(void *arg, size_t offset, bool may_compress), void *arg)
{
	const struct names_row *row = names_row_find(type);
	struct names_walk w = {
	    .reader = wire_reader_make(rdata, bytes),
	    .start = rdata,
	    .name = name,
	    .arg = arg,
	};

	if (!row)
		return true;
	if (row->walk)
		row->walk(&w);
	else
		walk_shape(&w, row->shape);
	return !w.reader.failed && wire_left(&w.reader) == 0;
}
