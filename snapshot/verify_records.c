/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The verifier's part for the records of a block: one pass over the response
 * bytes, which meets every relocation, TTL position and mark in order. Any
 * thread, allocates nothing.
 *
 * What makes pointers safe: a pointer into the block leads to a label that was
 * parsed before it, and the length of each name parsed is kept at the position
 * of each of its labels, so that every new name's full length is known at once
 * and loops cannot be.
 */
#include "base/name.h"
#include "base/wire.h"
#include "snapshot/records.h"
#include "snapshot/verify_block.h"

static uint16_t
load16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

unsigned
block_form_marks(const struct block_form *form)
{
	return form->head.nmark ? form->head.nmark : 1;
}

struct mark_d
block_form_mark(const struct block_form *form, unsigned i)
{
	const struct block_d *b = &form->head;
	struct mark_d m;

	if (b->nmark) {
		memcpy(&m, form->cell->base + form->marks_off + i * sizeof m,
		    sizeof m);
		return m;
	}
	m.end = b->len;
	m.section_rrs = (uint16_t)(b->an   ? b->an
				   : b->ns ? MARK_AUTHORITY << 14 | b->ns
					   : MARK_REQUIRED << 14 | b->ar);
	return m;
}

/* The next relocation, if it is for this position. */
static const char *
reloc_take(struct block_form *form, uint32_t pos, enum reloc_kind *kind)
{
	const uint8_t *relocs = form->cell->base + form->relocs_off;
	uint32_t value, position, i = form->reloc_next;

	if (i >= form->head.nreloc)
		return "a compression pointer without a relocation";
	if (form->head.flags & BLOCK_WIDE) {
		memcpy(&value, relocs + 4 * i, 4);
		position = value & 0x3fffffff;
		value >>= 30;
	} else {
		position = load16(relocs + 2 * i) & 0x3fff;
		value = load16(relocs + 2 * i) >> 14;
	}
	if (position < pos)
		return "a relocation that is for no compression pointer";
	if (position > pos)
		return "a compression pointer without a relocation";
	if (value > RELOC_BLOCK)
		return "a relocation of an unknown kind";
	*kind = (enum reloc_kind)value;
	form->reloc_next++;
	return NULL;
}

struct pointer {
	enum reloc_kind kind;
	unsigned suffix; /* RELOC_SUFFIX: octet of the owner */
	unsigned bytes;  /* of the name it leads to, written out */
};

static const char *
pointer_suffix(struct block_form *form, unsigned target, struct pointer *out)
{
	const struct block_owner *o = form->expect->owner;

	if (target < DNS_HEADER_BYTES ||
	    target - DNS_HEADER_BYTES + 1 >= o->bytes ||
	    !o->boundary[target - DNS_HEADER_BYTES])
		return "a suffix pointer that leads to no label of the owner";
	out->suffix = target - DNS_HEADER_BYTES;
	/* another label stands there when the wildcard answers */
	if (out->suffix == 0 && o->is_wildcard &&
	    form->expect->use != BLOCK_USE_REFERRAL)
		return "a suffix pointer that leads to the wildcard's label";
	out->bytes = o->bytes - out->suffix;
	return NULL;
}

static const char *
pointer_block(
    struct block_form *form, uint32_t pos, unsigned target, struct pointer *out)
{
	const struct block_owner *o = form->expect->owner;
	unsigned start = DNS_HEADER_BYTES + o->bytes + 4;

	if (target < start)
		return "a block pointer that leads in front of the block";
	target -= start;
	if (target >= pos || target > BLOCK_TARGET_MAX ||
	    form->name_bytes[target] == 0)
		return "a block pointer that leads to no name before it";
	out->bytes = form->name_bytes[target];
	return NULL;
}

/* The pointer at pos: its relocation, and where it leads. */
static const char *
pointer_check(struct block_form *form, uint32_t pos, struct pointer *out)
{
	const struct block_owner *o = form->expect->owner;
	unsigned target;
	const char *why;

	form->at = pos;
	if (pos + 2 > form->head.len || form->response[pos] < 0xc0)
		return "no compression pointer where one should be";
	target = wire_load16(form->response + pos) & DNS_POINTER_MAX;
	*out = (struct pointer){0};
	why = reloc_take(form, pos, &out->kind);
	if (why)
		return why;
	if (out->kind == RELOC_SUFFIX)
		return pointer_suffix(form, target, out);
	if (out->kind == RELOC_BLOCK)
		return pointer_block(form, pos, target, out);
	if (target != DNS_HEADER_BYTES || o->bytes == 1)
		return "an owner pointer that does not lead to the owner";
	out->bytes = o->bytes;
	return NULL;
}

/* Which pointer may own a record, by the use of the block. */
static const char *
owner_pointer_check(
    const struct block_form *form, const struct pointer *p, bool is_first_rrset)
{
	switch (form->expect->use) {
	case BLOCK_USE_POSITIVE:
	case BLOCK_USE_PROOF:
		if (form->expect->type == DNS_TYPE_DNAME &&
		    p->kind == RELOC_SUFFIX)
			break;
		return p->kind == RELOC_OWNER
		           ? NULL
		           : "an answer that the name does not own";
	case BLOCK_USE_REFERRAL:
		if (p->kind == RELOC_OWNER)
			return "a referral's record owned by the query name";
		if (!is_first_rrset)
			return NULL;
		break;
	case BLOCK_USE_DNAME:
		/* a wildcard's DNAME answers for other names too */
		if (form->expect->owner->is_wildcard)
			return p->kind == RELOC_OWNER
			           ? NULL
			           : "a wildcard's DNAME that it does not own";
		break;
	case BLOCK_USE_NEGATIVE:
		break;
	}
	return p->suffix == 0 && p->kind == RELOC_SUFFIX
	           ? NULL
	           : "a record that the cut, DNAME or apex does not own";
}

static const char *
owner_verify(struct block_form *form, uint32_t *pos, bool is_first_rrset)
{
	struct pointer p;
	const char *why;

	form->at = *pos;
	if (*pos < form->head.len && form->response[*pos] == 0) {
		*pos += 1;
		return form->expect->owner->bytes == 1
		           ? NULL
		           : "a record that the root owns";
	}
	why = pointer_check(form, *pos, &p);
	if (why)
		return why;
	*pos += 2;
	return owner_pointer_check(form, &p, is_first_rrset);
}

/* Keeps the length of the name, written out, at each of its labels. */
static void
name_remember(struct block_form *form, uint32_t pos, unsigned bytes)
{
	const uint8_t *r = form->response;

	while (pos <= BLOCK_TARGET_MAX && r[pos] != 0 && r[pos] < 0xc0) {
		form->name_bytes[pos] = (uint8_t)bytes;
		bytes -= r[pos] + 1u;
		pos += r[pos] + 1u;
	}
}

/* The octets of labels at pos, up to the root label or pointer. */
static const char *
name_labels_scan(
    struct block_form *form, uint32_t pos, uint32_t end, unsigned *bytes)
{
	uint32_t at = pos;

	for (;;) {
		form->at = at;
		if (at >= end)
			return "a name that the RDATA's end cuts off";
		if (form->response[at] == 0 || form->response[at] >= 0xc0)
			break;
		if (form->response[at] > DNS_LABEL_MAX)
			return "a label of an unknown kind";
		at += form->response[at] + 1u;
		if (at - pos >= DNS_NAME_MAX)
			return "a name of more than 255 octets";
	}
	*bytes = at - pos;
	return NULL;
}

/* A name in RDATA that may be compressed; *pos moves behind it. */
static const char *
rdata_name_verify(struct block_form *form, uint32_t *pos, uint32_t end)
{
	struct pointer p = {.bytes = 1};
	unsigned own, step = 1;
	const char *why = name_labels_scan(form, *pos, end, &own);

	if (why)
		return why;
	if (form->response[*pos + own] != 0) {
		if (*pos + own + 2 > end)
			return "a compression pointer cut off";
		why = pointer_check(form, *pos + own, &p);
		if (why)
			return why;
		/* the query name stands there, and may be longer */
		if (p.kind == RELOC_OWNER &&
		    (form->expect->use != BLOCK_USE_POSITIVE ||
			form->expect->owner->is_wildcard))
			return "a name in RDATA that depends on the query name";
		step = 2;
	}
	if (own + p.bytes > DNS_NAME_MAX)
		return "a name of more than 255 octets";
	name_remember(form, *pos, own + p.bytes);
	*pos += own + step;
	return NULL;
}

struct plain_name {
	struct block_form *form;
	uint32_t rdata;
};

static void
plain_name_remember(void *arg, size_t offset, bool may_compress)
{
	struct plain_name *n = arg;
	uint32_t pos = n->rdata + (uint32_t)offset;

	(void)may_compress;
	name_remember(n->form, pos,
	    (unsigned)name_length_find(
		n->form->response + pos, n->form->head.len - pos));
}

/* RDATA of a type whose names, if any, are written out. */
static const char *
rdata_plain_verify(
    struct block_form *form, uint16_t type, uint32_t pos, uint32_t end)
{
	struct plain_name arg = {.form = form, .rdata = pos};

	form->at = pos;
	if ((type == DNS_TYPE_A && end - pos != 4) ||
	    (type == DNS_TYPE_AAAA && end - pos != 16))
		return "an address of a wrong size";
	if (!rdata_names(type, form->response + pos, end - pos,
		plain_name_remember, &arg))
		return "RDATA with an unsound name";
	return NULL;
}

/* Octets in front of the names, the names, and octets behind them, of the types
 * that may be compressed (RFC 1035; RFC 3597 section 4). */
static bool
rdata_shape(uint16_t type, unsigned *before, unsigned *names, unsigned *behind)
{
	*before = *behind = 0;
	*names = 1;
	switch (type) {
	case DNS_TYPE_NS:
	case DNS_TYPE_MD:
	case DNS_TYPE_MF:
	case DNS_TYPE_CNAME:
	case DNS_TYPE_MB:
	case DNS_TYPE_MG:
	case DNS_TYPE_MR:
	case DNS_TYPE_PTR:
		return true;
	case DNS_TYPE_SOA:
		*names = 2;
		*behind = 20;
		return true;
	case DNS_TYPE_MINFO:
		*names = 2;
		return true;
	case DNS_TYPE_MX:
		*before = 2;
		return true;
	default:
		return false;
	}
}

static const char *
rdata_verify(struct block_form *form, uint16_t type, uint32_t pos, uint32_t end)
{
	unsigned before, names, behind;

	if (!rdata_shape(type, &before, &names, &behind))
		return rdata_plain_verify(form, type, pos, end);
	form->at = pos;
	if (end - pos < before)
		return "RDATA that is too short";
	pos += before;
	while (names--) {
		const char *why = rdata_name_verify(form, &pos, end);

		if (why)
			return why;
	}
	form->at = pos;
	return end - pos == behind ? NULL : "RDATA of a wrong size";
}

/* What may stand in a section, by the use of the block. */
static const char *
type_verify(const struct block_form *form, uint16_t type, unsigned mark,
    unsigned section)
{
	if (type == 0 || type == DNS_TYPE_OPT ||
	    (type >= DNS_TYPE_TKEY && type <= DNS_TYPE_ANY))
		return "a record of a type that no zone has";
	if (mark == 0)
		/* the engine relies on it: targets are read from a CNAME or
		 * DNAME, and an A or AAAA that a link leads to, whose RDATA
		 * has no names, is written behind another block */
		return type == form->expect->type
		           ? NULL
		           : "a first RRset of another type";
	if (form->expect->use != BLOCK_USE_REFERRAL)
		return type == DNS_TYPE_RRSIG
		           ? NULL
		           : "a second RRset that is no signature";
	if (section >= MARK_REQUIRED && type != DNS_TYPE_A &&
	    type != DNS_TYPE_AAAA && type != DNS_TYPE_RRSIG)
		return "glue that is no address";
	return NULL;
}

/* Type, class, TTL, RDATA at *pos, behind the owner. */
static const char *
record_body_verify(struct block_form *form, uint32_t *pos, unsigned record,
    unsigned mark, unsigned section)
{
	const uint8_t *r = form->response + *pos;
	uint32_t rdata = *pos + 10, end;
	uint16_t type;
	const char *why;

	form->at = *pos;
	if (rdata > form->head.len)
		return "a record that the block's end cuts off";
	type = wire_load16(r);
	end = rdata + wire_load16(r + 8);
	if (end > form->head.len)
		return "RDATA that the block's end cuts off";
	if (wire_load16(r + 2) != DNS_CLASS_IN)
		return "a record of another class than IN";
	if (wire_load32(r + 4) > DNS_TTL_MAX)
		return "a TTL over 2^31 - 1";
	if (load16(form->cell->base + form->ttls_off + 2 * record) != *pos + 4)
		return "a TTL position that is not the record's";
	why = type_verify(form, type, mark, section);
	if (why)
		return why;
	if (type == DNS_TYPE_NS && section == MARK_AUTHORITY &&
	    rdata <= BLOCK_TARGET_MAX)
		form->ns_target[rdata / 8] |= (uint8_t)(1 << rdata % 8);
	*pos = end;
	return rdata_verify(form, type, rdata, end);
}

/* The records of one mark: an RRset is of one type. */
static const char *
mark_records_verify(
    struct block_form *form, uint32_t *pos, unsigned *record, unsigned i)
{
	struct mark_d mark = block_form_mark(form, i);
	unsigned n = mark.section_rrs & 0x3fff;
	uint16_t type = 0;

	if (form->head.nmark == 0)
		n = form->head.an + form->head.ns + form->head.ar;
	for (unsigned k = 0; k < n; k++) {
		uint32_t start;
		const char *why = owner_verify(form, pos, i == 0);

		start = *pos;
		if (!why)
			why = record_body_verify(form, pos, (*record)++, i,
			    form->head.nmark ? mark.section_rrs >> 14
			    : form->head.an  ? MARK_ANSWER
			    : form->head.ns  ? MARK_AUTHORITY
					     : MARK_REQUIRED);
		if (why)
			return why;
		if (k == 0)
			type = wire_load16(form->response + start);
		if (type != wire_load16(form->response + start))
			return "an RRset of two types";
	}
	return *pos == mark.end ? NULL : "a mark that is not where records end";
}

const char *
block_records_verify(struct block_form *form)
{
	uint32_t pos = 0;
	unsigned record = 0;
	size_t targets = form->head.len < BLOCK_TARGET_MAX ? form->head.len
	                                                   : BLOCK_TARGET_MAX;

	memset(form->name_bytes, 0, targets + 1);
	memset(form->ns_target, 0, targets / 8 + 1);
	form->reloc_next = 0;
	for (unsigned i = 0; i < block_form_marks(form); i++) {
		const char *why = mark_records_verify(form, &pos, &record, i);

		if (why)
			return why;
	}
	form->at = pos;
	if (pos != form->head.len)
		return "octets behind the last record";
	if (form->reloc_next != form->head.nreloc)
		return "a relocation that is for no compression pointer";
	return NULL;
}

unsigned
block_name_expand(
    const struct block_form *form, uint32_t pos, uint8_t dst[DNS_NAME_MAX + 1])
{
	const struct block_owner *o = form->expect->owner;
	unsigned start = DNS_HEADER_BYTES + o->bytes + 4, n = 0;

	for (;;) {
		const uint8_t *p = form->response + pos;
		unsigned target;

		if (*p < 0xc0) {
			memcpy(dst + n, p, *p + 1u);
			n += *p + 1u;
			pos += *p + 1u;
			if (*p == 0)
				return n;
			continue;
		}
		target = wire_load16(p) & DNS_POINTER_MAX;
		if (target < start) {
			target -= DNS_HEADER_BYTES;
			memcpy(dst + n, o->name + target, o->bytes - target);
			return n + o->bytes - target;
		}
		pos = target - start;
	}
}
