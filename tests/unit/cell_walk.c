/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Built cells read by hand: the table, blocks, relocations, marks.
 */
#include "tests/unit/cell_walk.h"

#include <check.h>
#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/dns.h"
#include "base/name.h"
#include "base/wire.h"

enum { TEXT_MAX = 1 << 20 };

static const struct bucket_d *
bucket_at(const struct bytes *cell, uint32_t i)
{
	return (const struct bucket_d *)(cell->data + 256) + i;
}

static const struct cell_header_d *
header_of(const struct bytes *cell)
{
	return (const struct cell_header_d *)cell->data;
}

static bool
node_is(const struct node_d *n, const uint8_t *name, unsigned bytes, bool apex)
{
	return !!(n->flags & NODE_APEX) == apex && n->name_bytes == bytes &&
	       memcmp(n + 1, name, bytes) == 0;
}

const struct node_d *
walk_node_find(const struct bytes *cell, uint64_t hash, const uint8_t *name,
    unsigned name_bytes, bool is_apex)
{
	uint32_t n = header_of(cell)->nbuckets, at = name_bucket(hash, n);

	for (unsigned passed = 0; passed <= BUCKET_CHAIN_MAX; passed++) {
		const struct bucket_d *b = bucket_at(cell, at);

		for (unsigned i = 0; i < b->count; i++) {
			const struct node_d *node =
			    (const void *)(cell->data + b->node_off[i]);

			if (b->tag[i] == name_tag(hash) &&
			    node_is(node, name, name_bytes, is_apex))
				return node;
		}
		if (!(b->flags & BUCKET_OVERFLOWS))
			return NULL;
		ck_assert_uint_eq(b->count, BUCKET_ENTRIES);
		at = at + 1 == n ? 0 : at + 1;
	}
	return NULL;
}

static uint32_t
up(uint32_t v, uint32_t align)
{
	return (v + align - 1) / align * align;
}

static uint32_t
marks_off(const struct block_d *b)
{
	bool wide = b->flags & BLOCK_WIDE;
	uint32_t at = up(sizeof *b + b->len, wide ? 4 : 2);

	at += b->nreloc * (wide ? 4u : 2u);
	return at + 2u * ((uint32_t)b->an + b->ns + b->ar);
}

static uint32_t
form_bytes(const struct block_d *b)
{
	uint32_t at = up(marks_off(b) + 4u * b->nmark, 4);

	if (b->flags & BLOCK_LINKS)
		at += 4u * walk_links(b)->bytes4;
	return at;
}

const struct links_d *
walk_links(const struct block_d *b)
{
	ck_assert(b->flags & BLOCK_LINKS);
	return (const void *)((const uint8_t *)b +
			      up(marks_off(b) + 4u * b->nmark, 4));
}

const struct block_d *
walk_do_form(const struct block_d *b)
{
	ck_assert(b->flags & BLOCK_DO_FOLLOWS);
	return (const void *)((const uint8_t *)b + form_bytes(b));
}

const struct block_d *
walk_block_find(const struct node_d *n, uint16_t type)
{
	const uint8_t *start = (const uint8_t *)n;
	const struct type_d *t =
	    (const void *)(start + up(sizeof *n + n->name_bytes, 4));

	for (unsigned i = 0; i < n->ntypes; i++)
		if (t[i].type == type)
			return (const void *)(start + 4u * t[i].block_off4);
	return NULL;
}

/* Octets of a node and its blocks. */
static uint32_t
node_bytes(const struct node_d *n)
{
	const uint8_t *start = (const uint8_t *)n;
	uint32_t end = up(sizeof *n + n->name_bytes, 4);
	const struct type_d *t = (const void *)(start + end);

	end += 4u * n->ntypes;
	for (unsigned i = 0; i < n->ntypes; i++) {
		const struct block_d *b =
		    (const void *)(start + 4u * t[i].block_off4);
		uint32_t at = 4u * t[i].block_off4;

		at += form_bytes(b);
		if (b->flags & BLOCK_DO_FOLLOWS)
			at += form_bytes(walk_do_form(b));
		end = at > end ? at : end;
	}
	return end;
}

unsigned
walk_table(const struct bytes *cell)
{
	const struct cell_header_d *h = header_of(cell);
	unsigned names = 0;

	ck_assert_uint_eq(h->heap_off, 256 + 64 * h->nbuckets);
	ck_assert_uint_eq(h->bytes_total, cell->len);
	for (uint32_t i = 0; i < h->nbuckets; i++) {
		const struct bucket_d *b = bucket_at(cell, i);

		for (unsigned k = 0; k < b->count; k++, names++) {
			const struct node_d *n =
			    (const void *)(cell->data + b->node_off[k]);
			uint32_t size = node_bytes(n);

			ck_assert_uint_eq(b->node_off[k] % 8, 0);
			ck_assert_uint_ge(b->node_off[k], h->heap_off);
			ck_assert_uint_le(
			    b->node_off[k] + size, h->bytes_total - 64);
			if (size <= 64)
				ck_assert_uint_le(
				    b->node_off[k] % 64 + size, 64);
		}
	}
	ck_assert_uint_eq(names, h->nnodes);
	for (size_t i = cell->len - 64; i < cell->len; i++)
		ck_assert_uint_eq(cell->data[i], 0);
	return names;
}

/* Moves the pointers as format.h says, for a name of `query_bytes`. */
static void
relocate(const struct block_d *b, uint8_t *response, int shift)
{
	bool wide = b->flags & BLOCK_WIDE;
	const uint8_t *relocs =
	    (const uint8_t *)b + up(sizeof *b + b->len, wide ? 4 : 2);

	for (unsigned i = 0; i < b->nreloc; i++) {
		uint32_t v = wide ? ((const uint32_t *)(const void *)relocs)[i]
		                  : ((const uint16_t *)(const void *)relocs)[i];
		unsigned kind = v >> (wide ? 30 : 14);
		uint8_t *p = response + (v & (wide ? 0x3fffffff : 0x3fff));

		ck_assert_uint_ge(p[0], 0xc0);
		if (kind == RELOC_OWNER)
			ck_assert_uint_eq(wire_load16(p), 0xc00c);
		else
			wire_store16(p, (uint16_t)(wire_load16(p) + shift));
	}
}

static void
ttls_store(const struct block_d *b, uint8_t *response, uint32_t ttl)
{
	unsigned n = (unsigned)b->an + b->ns + b->ar;
	const uint16_t *at =
	    (const void *)((const uint8_t *)b + marks_off(b) - 2 * n);

	for (unsigned i = 0; i < n; i++) {
		ck_assert(i == 0 || at[i] > at[i - 1]);
		wire_store32(response + at[i], ttl);
	}
}

static size_t
section_text(char *text, size_t at, const ldns_rr_list *list, bool with_ttl)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		ldns_rr *rr = ldns_rr_list_rr(list, i);
		char *owner = ldns_rdf2str(ldns_rr_owner(rr));
		char *type = ldns_rr_type2str(ldns_rr_get_type(rr));

		at += (size_t)snprintf(
		    text + at, TEXT_MAX - at, "%s%s ", i ? "; " : "", owner);
		if (with_ttl)
			at += (size_t)snprintf(
			    text + at, TEXT_MAX - at, "%u ", ldns_rr_ttl(rr));
		at += (size_t)snprintf(text + at, TEXT_MAX - at, "%s", type);
		for (size_t k = 0; k < ldns_rr_rd_count(rr); k++) {
			char *rdata = ldns_rdf2str(ldns_rr_rdf(rr, k));

			at += (size_t)snprintf(
			    text + at, TEXT_MAX - at, " %s", rdata);
			free(rdata);
		}
		free(owner);
		free(type);
	}
	return at;
}

const char *
walk_message(const struct block_d *b, unsigned owner_bytes,
    const uint8_t *query, uint32_t ttl)
{
	static char text[TEXT_MAX];
	size_t query_bytes = name_length(query), start = 16 + query_bytes, at;
	size_t bytes = start + b->len;
	uint8_t *message = calloc(1, bytes);
	ldns_pkt *packet = NULL;
	ldns_status status;

	message[2] = 0x80;
	wire_store16(message + 4, 1);
	wire_store16(message + 6, b->an);
	wire_store16(message + 8, b->ns);
	wire_store16(message + 10, b->ar);
	memcpy(message + 12, query, query_bytes);
	wire_store16(message + start - 4, DNS_TYPE_A);
	wire_store16(message + start - 2, DNS_CLASS_IN);
	memcpy(message + start, b + 1, b->len);
	relocate(b, message + start, (int)query_bytes - (int)owner_bytes);
	if (ttl)
		ttls_store(b, message + start, ttl);
	status = ldns_wire2pkt(&packet, message, bytes);
	ck_assert_msg(
	    status == LDNS_STATUS_OK, "%s", ldns_get_errorstr_by_id(status));
	at = section_text(text, 0, ldns_pkt_answer(packet), ttl);
	text[at++] = '|';
	at = section_text(text, at, ldns_pkt_authority(packet), ttl);
	text[at++] = '|';
	at = section_text(text, at, ldns_pkt_additional(packet), ttl);
	text[at] = '\0';
	ldns_pkt_free(packet);
	free(message);
	return text;
}

const char *
walk_marks(const struct block_d *b)
{
	static char text[4096];
	const struct mark_d *m =
	    (const void *)((const uint8_t *)b + marks_off(b));
	const uint16_t *ttls = (const uint16_t *)(const void *)m -
	                       ((unsigned)b->an + b->ns + b->ar);
	const uint8_t *response = (const uint8_t *)(b + 1);
	size_t at = 0;
	unsigned rr = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < b->nmark; i++) {
		unsigned rrs = m[i].section_rrs & 0x3fff;
		unsigned ttl_pos;

		rr += rrs;
		/* the end of the mark is the end of its last record */
		ttl_pos = ttls[rr - 1];
		ck_assert_uint_eq(m[i].end,
		    ttl_pos + 6u + wire_load16(response + ttl_pos + 4));
		at += (size_t)snprintf(text + at, sizeof text - at, "%s%u:%u",
		    i ? " " : "", m[i].section_rrs >> 14, rrs);
	}
	return text;
}
