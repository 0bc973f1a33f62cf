/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Blocks: the response after the question, compressed, with everything in its
 * place noted. Runs in control and tools; allocates its scratch once.
 *
 * A name in RDATA is written label by label until its rest is found: as the
 * owner or a suffix of it, or as a name or suffix that the block has already.
 * What was written becomes findable in turn.
 */
#include "snapshot/block_builder.h"

#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/wire.h"
#include "snapshot/fault.h"

struct block_name {
	const uint8_t *name; /* uncompressed, as the source has it */
	uint16_t at;         /* position in the response bytes */
	uint8_t bytes;
	bool is_kept; /* first label written by block_keep_labels */
};

struct block_link {
	const uint8_t *name;
	uint64_t hash;
	uint16_t target_pos;
	uint8_t bytes; /* without the apex */
};

struct block_builder {
	const struct zone_records *zone;
	const uint8_t *owner;
	unsigned owner_bytes;
	enum reloc_kind owner_kind;
	bool owner_label_starts[DNS_NAME_MAX + 1];
	bool keep_labels;
	enum block_fault fault;
	unsigned flags, an, ns, ar;
	unsigned nreloc, nttl, nmark, nname, nlink;
	size_t len;
	uint32_t relocs[BLOCK_RELOCS_MAX]; /* kind << 30 | position */
	uint16_t ttls[BLOCK_RECORDS_MAX];
	struct mark_d marks[BLOCK_MARKS_MAX];
	struct block_name names[BLOCK_NAMES_MAX];
	struct block_link links[LINKS_MAX];
	uint8_t response[BLOCK_LEN_MAX];
};

struct block_builder *
block_builder_new(void)
{
	return calloc(1, sizeof(struct block_builder));
}

void
block_builder_free(struct block_builder *b)
{
	free(b);
}

void
block_start(struct block_builder *b, const struct zone_records *zone,
    const uint8_t *owner, enum reloc_kind kind)
{
	b->zone = zone;
	b->owner = owner;
	b->owner_kind = kind;
	b->keep_labels = false;
	b->fault = BLOCK_SOUND;
	b->flags = b->an = b->ns = b->ar = 0;
	b->nreloc = b->nttl = b->nmark = b->nname = b->nlink = 0;
	b->len = 0;
	b->owner_bytes = (unsigned)name_length(owner);
	memset(b->owner_label_starts, 0, b->owner_bytes);
	for (unsigned at = 0; owner[at]; at += owner[at] + 1u)
		b->owner_label_starts[at] = true;
}

void
block_keep_labels(struct block_builder *b, bool keep)
{
	b->keep_labels = keep;
}

void
block_flags_add(struct block_builder *b, unsigned flags)
{
	b->flags |= flags;
}

enum block_fault
block_fault_get(const struct block_builder *b)
{
	return b->fault;
}

size_t
block_length(const struct block_builder *b)
{
	return b->len;
}

static void
block_fault_note(struct block_builder *b, enum block_fault fault)
{
	if (b->fault == BLOCK_SOUND)
		b->fault = fault;
}

void
block_no_target(struct block_builder *b)
{
	block_fault_note(b, BLOCK_NO_GLUE_TARGET);
}

static void
put(struct block_builder *b, const void *octets, size_t n)
{
	if (n > sizeof b->response - b->len) {
		block_fault_note(b, BLOCK_TOO_LONG);
		return;
	}
	memcpy(b->response + b->len, octets, n);
	b->len += n;
}

static void
put16(struct block_builder *b, uint16_t v)
{
	v = __builtin_bswap16(v);
	put(b, &v, sizeof v);
}

static void
put32(struct block_builder *b, uint32_t v)
{
	v = __builtin_bswap32(v);
	put(b, &v, sizeof v);
}

static void
put_pointer(struct block_builder *b, struct block_pointer to)
{
	if (to.pointer == 0) {
		put(b, "", 1);
		return;
	}
	if (b->nreloc == BLOCK_RELOCS_MAX) {
		block_fault_note(b, BLOCK_TOO_LONG);
		return;
	}
	b->relocs[b->nreloc++] = (uint32_t)to.kind << 30 | (uint32_t)b->len;
	put16(b, to.pointer);
}

struct block_pointer
block_own(const struct block_builder *b)
{
	if (b->owner_bytes == 1)
		return (struct block_pointer){0};
	return (struct block_pointer){b->owner_kind, 0xc000 | DNS_HEADER_BYTES};
}

/* Is `name` (of `bytes`) the owner or a suffix of it? */
static bool
owner_suffix_find(const struct block_builder *b, const uint8_t *name,
    unsigned bytes, struct block_pointer *to)
{
	unsigned start = b->owner_bytes - bytes;

	if (bytes > b->owner_bytes || !b->owner_label_starts[start] ||
	    !name_equal(name, b->owner + start))
		return false;
	to->kind = start == 0 ? b->owner_kind : RELOC_SUFFIX;
	to->pointer = (uint16_t)(0xc000 | (DNS_HEADER_BYTES + start));
	return true;
}

static const struct block_name *
block_name_lookup(const struct block_builder *b, const uint8_t *name,
    unsigned bytes, bool kept)
{
	for (unsigned i = 0; i < b->nname; i++)
		if (b->names[i].bytes == bytes && b->names[i].is_kept >= kept &&
		    name_equal(b->names[i].name, name))
			return &b->names[i];
	return NULL;
}

/* Pointer to a whole name (never the root). */
static bool
name_find(const struct block_builder *b, const uint8_t *name, unsigned bytes,
    struct block_pointer *to)
{
	const struct block_name *known;

	/* where the owner has "*", the query name may have another label */
	if (!name_is_wildcard(name) && owner_suffix_find(b, name, bytes, to))
		return true;
	known = block_name_lookup(b, name, bytes, false);
	if (!known)
		return false;
	to->kind = RELOC_BLOCK;
	to->pointer = (uint16_t)(0xc000 | (DNS_HEADER_BYTES + b->owner_bytes +
					      4 + known->at));
	return true;
}

bool
block_name_find(const struct block_builder *b, const uint8_t *name,
    struct block_pointer *owner)
{
	return name_find(b, name, (unsigned)name_length(name), owner);
}

static void
name_remember(
    struct block_builder *b, const uint8_t *name, unsigned bytes, bool kept)
{
	if (b->nname == BLOCK_NAMES_MAX || b->len > BLOCK_TARGET_MAX)
		return;
	b->names[b->nname++] = (struct block_name){.name = name,
	    .at = (uint16_t)b->len,
	    .bytes = (uint8_t)bytes,
	    .is_kept = kept};
}

static void
put_compressed(struct block_builder *b, const uint8_t *name)
{
	unsigned bytes = (unsigned)name_length(name);
	bool keep = b->keep_labels;
	struct block_pointer to;

	for (; *name; bytes -= *name + 1u, name += *name + 1u, keep = false) {
		if (!keep && name_find(b, name, bytes, &to)) {
			if (to.kind == RELOC_SUFFIX && name[*name + 1] &&
			    fault_hit("builder-pointer-wrong"))
				to.pointer += *name + 1;
			put_pointer(b, to);
			return;
		}
		name_remember(b, name, bytes, keep);
		put(b, name, *name + 1u);
	}
	put(b, "", 1);
}

/* A CNAME's target is compressed to the apex and nowhere else: engines copy the
 * labels above it and go on. */
static void
put_chain_target(struct block_builder *b, const uint8_t *name)
{
	unsigned bytes = (unsigned)name_length(name);
	unsigned apex_bytes = b->zone->apex_bytes;

	if (apex_bytes == 1 || !name_is_at_or_below(name, b->zone->apex)) {
		put(b, name, bytes);
		return;
	}
	put(b, name, bytes - apex_bytes);
	put_pointer(b,
	    (struct block_pointer){RELOC_SUFFIX,
		(uint16_t)(0xc000 |
			   (DNS_HEADER_BYTES + b->owner_bytes - apex_bytes))});
}

struct put_rdata {
	struct block_builder *b;
	const struct record *r;
	const uint8_t *rdata;
	size_t done; /* octets of the RDATA that were dealt with */
};

static void
put_rdata_name(void *arg, size_t offset, bool may_compress)
{
	struct put_rdata *p = arg;
	const uint8_t *name = p->rdata + offset;

	if (!may_compress)
		return;
	put(p->b, p->rdata + p->done, offset - p->done);
	if (p->r->type == DNS_TYPE_CNAME)
		put_chain_target(p->b, name);
	else
		put_compressed(p->b, name);
	p->done = offset + name_length(name);
}

static void
put_rdata(struct block_builder *b, const struct record *r)
{
	struct put_rdata p = {
	    .b = b, .r = r, .rdata = record_rdata(b->zone, r)};
	size_t start = b->len, length;

	put(b, "\0", 2);
	if (!rdata_names(r->type, p.rdata, r->rdata_bytes, put_rdata_name, &p))
		block_fault_note(b, BLOCK_BAD_RDATA);
	put(b, p.rdata + p.done, r->rdata_bytes - p.done);
	if (b->fault != BLOCK_SOUND)
		return;
	length = b->len - start - 2;
	wire_store16(b->response + start, (uint16_t)length);
	if (r->type == DNS_TYPE_A && fault_hit("builder-rdata-octet"))
		b->response[b->len - 1] ^= 1;
	if (r->type == DNS_TYPE_TXT && length > 1 &&
	    fault_hit("builder-case-folded"))
		b->response[b->len - 1] ^= 0x20;
}

static void
put_record(struct block_builder *b, struct block_pointer owner,
    const struct record *r, uint32_t ttl)
{
	if (b->nttl == BLOCK_RECORDS_MAX) {
		block_fault_note(b, BLOCK_TOO_LONG);
		return;
	}
	if (fault_hit("builder-ttl-wrong"))
		ttl ^= 1;
	put_pointer(b, owner);
	put16(b, r->type);
	put16(b, DNS_CLASS_IN);
	b->ttls[b->nttl++] = (uint16_t)b->len;
	put32(b, ttl);
	put_rdata(b, r);
}

static void
block_mark_add(struct block_builder *b, enum mark_section section, size_t count)
{
	unsigned *counts[] = {&b->an, &b->ns, &b->ar, &b->ar};

	if (b->nmark == BLOCK_MARKS_MAX) {
		block_fault_note(b, BLOCK_TOO_MANY_SETS);
		return;
	}
	*counts[section] += (unsigned)count;
	b->marks[b->nmark++] = (struct mark_d){.end = (uint16_t)b->len,
	    .section_rrs = (uint16_t)((unsigned)section << 14 | count)};
}

void
block_rrset_add(struct block_builder *b, struct block_pointer owner,
    enum mark_section section, const struct record *r, size_t count,
    uint32_t ttl_cap)
{
	size_t from = 0, n = count;

	if (count > BLOCK_RECORDS_MAX) {
		block_fault_note(b, BLOCK_TOO_LONG);
		return;
	}
	if (count > 1 && fault_hit("builder-rr-lost"))
		n--;
	if (r->type != DNS_TYPE_CNAME && r->type != DNS_TYPE_DNAME &&
	    r->type != DNS_TYPE_SOA && fault_hit("builder-rr-duplicated"))
		n++;
	for (; from < n && b->fault == BLOCK_SOUND; from++) {
		const struct record *next = &r[from < count ? from : count - 1];

		put_record(
		    b, owner, next, next->ttl < ttl_cap ? next->ttl : ttl_cap);
	}
	block_mark_add(b, section, n);
}

void
block_link_add(struct block_builder *b, const uint8_t *name, uint64_t hash)
{
	unsigned bytes = (unsigned)name_length(name);
	const struct block_name *known =
	    block_name_lookup(b, name, bytes, true);

	if (!known || b->nlink == LINKS_MAX)
		return;
	b->links[b->nlink++] = (struct block_link){.name = name,
	    .hash = hash,
	    .target_pos = known->at,
	    .bytes = (uint8_t)(bytes - b->zone->apex_bytes)};
	b->flags |= BLOCK_LINKS;
}

bool
block_has_room(const struct block_builder *b, size_t bytes)
{
	return b->nmark < BLOCK_MARKS_MAX &&
	       bytes <= sizeof b->response - b->len;
}

static void
write_relocs(const struct block_builder *b, struct bytes *out)
{
	if (b->flags & BLOCK_WIDE) {
		bytes_append(out, b->relocs, b->nreloc * sizeof *b->relocs);
		return;
	}
	for (unsigned i = 0; i < b->nreloc; i++) {
		uint16_t narrow = (uint16_t)(b->relocs[i] >> 30 << 14 |
					     (b->relocs[i] & DNS_POINTER_MAX));

		bytes_append(out, &narrow, sizeof narrow);
	}
}

static void
write_links(const struct block_builder *b, struct bytes *out, size_t block)
{
	size_t start = out->len, name_off;
	struct links_d head = {.count = (uint16_t)b->nlink};

	bytes_append(out, &head, sizeof head);
	name_off = out->len + b->nlink * sizeof(struct link_d) - block;
	for (unsigned i = 0; i < b->nlink; i++) {
		struct link_d link = {.hash_low = (uint32_t)b->links[i].hash,
		    .hash_high = (uint32_t)(b->links[i].hash >> 32),
		    .name_off = (uint32_t)name_off,
		    .target_pos = b->links[i].target_pos,
		    .name_bytes = b->links[i].bytes};

		bytes_append(out, &link, sizeof link);
		name_off += link.name_bytes;
	}
	for (unsigned i = 0; i < b->nlink; i++) {
		size_t at =
		    bytes_append(out, b->links[i].name, b->links[i].bytes);

		if (!out->failed)
			name_lower(
			    out->data + at, out->data + at, b->links[i].bytes);
	}
	bytes_align(out, 4);
	head.bytes4 = (uint16_t)((out->len - start) / 4);
	if (!out->failed)
		memcpy(out->data + start, &head, sizeof head);
}

void
block_write(struct block_builder *b, struct bytes *out)
{
	size_t block = out->len;
	struct block_d head = {.len = (uint16_t)b->len,
	    .an = (uint16_t)b->an,
	    .ns = (uint16_t)b->ns,
	    .ar = (uint16_t)b->ar,
	    .nreloc = (uint16_t)b->nreloc,
	    .nmark = (uint8_t)(b->nmark > 1 ? b->nmark : 0)};

	if (b->len > DNS_POINTER_MAX)
		b->flags |= BLOCK_WIDE;
	head.flags = (uint8_t)b->flags;
	bytes_append(out, &head, sizeof head);
	bytes_append(out, b->response, b->len);
	bytes_align(out, b->flags & BLOCK_WIDE ? 4 : 2);
	write_relocs(b, out);
	bytes_append(out, b->ttls, b->nttl * sizeof *b->ttls);
	bytes_append(out, b->marks, head.nmark * sizeof *b->marks);
	bytes_align(out, 4);
	if (b->flags & BLOCK_LINKS)
		write_links(b, out, block);
}
