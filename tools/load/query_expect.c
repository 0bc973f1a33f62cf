/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Asking the naive resolver (query_expect.h). Queries are asked zone by zone:
 * the resolver keeps the indexes of few zones at a time, and of a hundred
 * thousand zones each is then indexed once.
 */
#include "tools/load/query_expect.h"

#include <stdlib.h>

#include "base/name.h"
#include "base/wire.h"
#include "tools/load/expected.h"

enum {
	/* what a server may fill, whatever larger size a query offers: the
	 * usual limit of servers */
	RESPONSE_MOST = 1232,
	/* NSID and a whole cookie (RFC 5001, RFC 7873) */
	RESPONSE_OPTIONS_BYTES = 4 + 64 + 4 + 40,
	TYPE_QUESTION_FIRST = 128, /* RFC 6895 section 3.1: 128 to 255 */
};

/* A question that has one right answer. */
struct plain {
	const uint8_t *qname;
	uint16_t type;
	bool dnssec_ok;
	size_t room; /* octets for the response but OPT */
};

/* Reads the OPT record that is all there is behind the question. */
static bool
opt_read(struct wire_reader *r, struct plain *p)
{
	bool root = wire_read8(r) == 0, opt = wire_read16(r) == DNS_TYPE_OPT;
	size_t size = wire_read16(r), options;
	uint32_t flags = wire_read32(r);

	options = wire_read16(r);
	wire_take_find(r, options);
	if (size < DNS_EDNS_MIN)
		size = DNS_EDNS_MIN;
	if (size > RESPONSE_MOST)
		size = RESPONSE_MOST;
	p->dnssec_ok = flags & 0x8000;
	p->room = size - DNS_OPT_BYTES - (options ? RESPONSE_OPTIONS_BYTES : 0);
	/* RFC 6891 section 6.1.3: another version is another answer */
	return root && opt && (flags >> 16 & 0xff) == 0;
}

static bool
type_is_plain(uint16_t type)
{
	return type != 0 && type != DNS_TYPE_OPT &&
	       (type < TYPE_QUESTION_FIRST || type >= DNS_TYPE_ANY);
}

static bool
plain_read(const uint8_t *m, size_t bytes, struct plain *p)
{
	const unsigned opcode = 15 << DNS_OPCODE_SHIFT;
	struct wire_reader r = wire_reader_make(m, bytes);
	uint16_t class, additional = wire_load16(m + 10);

	if (wire_load16(m + 2) & (DNS_FLAG_QR | DNS_FLAG_TC | opcode) ||
	    wire_load16(m + 4) != 1 || wire_load32(m + 6) != 0 ||
	    additional > 1)
		return false;
	wire_take_find(&r, DNS_HEADER_BYTES);
	p->qname = r.at;
	wire_take_find(&r, name_length_find(r.at, wire_left(&r)));
	p->type = wire_read16(&r);
	class = wire_read16(&r);
	p->dnssec_ok = false;
	p->room = DNS_EDNS_MIN;
	if (additional && !opt_read(&r, p))
		return false;
	return !r.failed && wire_left(&r) == 0 && class == DNS_CLASS_IN &&
	       type_is_plain(p->type);
}

static int
expect_one(struct query_build *b, uint32_t query, struct naive *n,
    struct naive_answer *a, struct err *err)
{
	struct load_query *q = &b->set->queries[query];
	struct plain p;
	int rc;

	if (b->zone[query] == QUERY_ZONE_NONE ||
	    !plain_read(b->messages.data + q->at, q->bytes, &p))
		return 0;
	rc = naive_ask(n, p.qname, p.type, p.dnssec_ok, a, err);
	if (rc == 0)
		q->expected = expected_fingerprint(a, p.qname, p.room);
	return rc;
}

/* The queries by zone: those of zone i stand at order[start of i]. NULL: out of
 * memory. */
static uint32_t *
order_make(const struct query_build *b, const struct query_zones *z)
{
	uint32_t count = b->set->count;
	uint32_t *start = calloc(z->count + 2, sizeof *start);
	uint32_t *order = calloc(count ? count : 1, sizeof *order);

	for (uint32_t i = 0; start && order && i < count; i++)
		if (b->zone[i] != QUERY_ZONE_NONE)
			start[b->zone[i] + 2]++;
		else
			start[1]++;
	for (size_t i = 1; start && order && i <= z->count + 1; i++)
		start[i] += start[i - 1];
	for (uint32_t i = 0; start && order && i < count; i++) {
		size_t bucket =
		    b->zone[i] == QUERY_ZONE_NONE ? 0 : b->zone[i] + 1;

		order[start[bucket]++] = i;
	}
	if (!start) {
		free(order);
		order = NULL;
	}
	free(start);
	return order;
}

int
query_expect(struct query_build *b, const struct query_zones *z,
    const struct query_mix *mix, struct err *err)
{
	struct naive_answer a = {0};
	struct naive *n;
	uint32_t *order;
	int rc = naive_open(
	    &n, (const struct zone_records *const *)z->zones, z->count, err);

	if (rc < 0)
		return rc;
	order = order_make(b, z);
	if (!order)
		rc = err_set(
		    err, ERR_NO_MEMORY, "no memory to put queries in order");
	for (uint32_t i = 0; rc == 0 && i < b->set->count; i++) {
		rc = expect_one(b, order[i], n, &a, err);
		query_progress(mix, "answers", i + 1, b->set->count);
	}
	free(order);
	naive_answer_fini(&a);
	naive_close(&n);
	return rc;
}
