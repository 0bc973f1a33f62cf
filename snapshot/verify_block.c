/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The verifier's part for one block: where its parts lie, counts and marks,
 * what the use of the block demands, links, and the DO form behind it. Any
 * thread; allocates nothing, about 10 KiB of stack.
 */
#include "snapshot/verify_block.h"

#include <string.h>

#include "base/name.h"
#include "base/wire.h"

bool
cell_zeros(const struct cell_extent *cell, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++)
		if (cell->base[i])
			return false;
	return true;
}

unsigned
labels_verify(const uint8_t *p, unsigned bytes)
{
	unsigned at = 0, labels = 0;

	while (at < bytes) {
		unsigned len = p[at];

		if (len == 0 || len > DNS_LABEL_MAX || at + len + 1 > bytes)
			return 0;
		for (unsigned i = 1; i <= len; i++)
			if (p[at + i] >= 'A' && p[at + i] <= 'Z')
				return 0;
		at += len + 1;
		labels++;
	}
	return labels;
}

/* Takes `bytes` octets at *off if they are in the heap, aligned up to `align`
 * first, with zeros in between. */
static const char *
part_take(const struct cell_extent *cell, uint32_t *off, unsigned align,
    uint64_t bytes, uint32_t *start)
{
	uint64_t at = ((uint64_t)*off + align - 1) & ~(uint64_t)(align - 1);

	if (at + bytes > cell->heap_end)
		return "a block that leaves the heap";
	if (!cell_zeros(cell, *off, (uint32_t)at))
		return "padding that is not zero";
	*start = (uint32_t)at;
	*off = (uint32_t)(at + bytes);
	return NULL;
}

/* Finds the parts; *end is where links or the DO form start. */
static const char *
form_layout(struct block_form *form, uint32_t *end)
{
	const struct cell_extent *cell = form->cell;
	struct block_d *b = &form->head;
	uint32_t at = form->off, start;
	const char *why;
	unsigned known =
	    BLOCK_DO_FOLLOWS | BLOCK_WIDE | BLOCK_LINKS | BLOCK_CHASE;
	bool wide;

	if (at % 4)
		return "a block that is not aligned to 4";
	why = part_take(cell, &at, 4, sizeof *b, &start);
	if (why)
		return why;
	memcpy(b, cell->base + start, sizeof *b);
	wide = b->flags & BLOCK_WIDE;
	if (b->flags & ~known)
		return "unknown block flags";
	if (wide != (b->len > DNS_POINTER_MAX))
		return "BLOCK_WIDE does not fit the length";
	why = part_take(cell, &at, 4, b->len, &start);
	form->response = cell->base + start;
	if (!why)
		why = part_take(cell, &at, wide ? 4 : 2,
		    (wide ? 4u : 2u) * b->nreloc, &form->relocs_off);
	if (!why)
		why = part_take(cell, &at, 2,
		    2u * ((uint32_t)b->an + b->ns + b->ar), &form->ttls_off);
	if (!why)
		why = part_take(cell, &at, 2, sizeof(struct mark_d) * b->nmark,
		    &form->marks_off);
	if (!why)
		why = part_take(cell, &at, 4, 0, end);
	return why;
}

/* Marks ascend, their sections too, and add up to the counts. */
static const char *
form_marks_verify(const struct block_form *form)
{
	const struct block_d *b = &form->head;
	uint32_t rrs[3] = {0};
	unsigned section = 0, end = 0;

	if (b->nmark == 0)
		return !!b->an + !!b->ns + !!b->ar == 1
		           ? NULL
		           : "a block without marks that is not one RRset";
	for (unsigned i = 0; i < b->nmark; i++) {
		struct mark_d m = block_form_mark(form, i);

		if (m.end <= end || m.section_rrs >> 14 < (int)section)
			return "marks that do not ascend";
		if ((m.section_rrs & 0x3fff) == 0)
			return "a mark of no records";
		end = m.end;
		section = m.section_rrs >> 14;
		rrs[section < 2 ? section : 2] += m.section_rrs & 0x3fff;
	}
	if (end != b->len)
		return "marks that do not end with the block";
	if (rrs[0] != b->an || rrs[1] != b->ns || rrs[2] != b->ar)
		return "marks that do not add up to the counts";
	return NULL;
}

/* Records of the first RRset. */
static unsigned
form_first_rrs(const struct block_form *form)
{
	return form->head.nmark ? block_form_mark(form, 0).section_rrs & 0x3fff
	                        : (unsigned)form->head.an + form->head.ns;
}

/* A positive or negative block: the RRset, with its signatures if DO. */
static const char *
form_rrset_verify(const struct block_form *form, unsigned in, unsigned other)
{
	const struct block_expect *expect = form->expect;
	unsigned marks = block_form_marks(form);

	if (in == 0 || other != 0 || form->head.ar != 0)
		return "records in a section where the block has none";
	if (expect->use == BLOCK_USE_PROOF
		? marks > 2 || form->head.flags & BLOCK_DO_FOLLOWS
		: marks != (form->is_do ? 2 : 1))
		return "RRsets that the block's use does not have";
	if (form_first_rrs(form) != 1 &&
	    (expect->type == DNS_TYPE_CNAME || expect->type == DNS_TYPE_DNAME ||
		expect->use == BLOCK_USE_NEGATIVE))
		return "several records where there can be one";
	return NULL;
}

static const char *
form_use_verify(const struct block_form *form)
{
	const struct block_d *b = &form->head;

	switch (form->expect->use) {
	case BLOCK_USE_POSITIVE:
	case BLOCK_USE_DNAME:
	case BLOCK_USE_PROOF:
		return form_rrset_verify(form, b->an, b->ns);
	case BLOCK_USE_NEGATIVE:
		return form_rrset_verify(form, b->ns, b->an);
	case BLOCK_USE_REFERRAL:
		break;
	}
	return b->an == 0 && b->ns > 0
	           ? NULL
	           : "a referral without authority or with an answer";
}

/* The engine reads a chased target from the first record: labels, then a
 * pointer to the apex (or the root octet, if that is the apex). */
static const char *
form_chase_verify(const struct block_form *form)
{
	const struct block_owner *o = form->expect->owner;
	const uint8_t *p = form->response + 12;
	unsigned apex = DNS_HEADER_BYTES + o->bytes - o->apex_bytes;

	if (!(form->head.flags & BLOCK_CHASE))
		return NULL;
	if (form->expect->type != DNS_TYPE_CNAME ||
	    form->expect->use != BLOCK_USE_POSITIVE || o->bytes == 1)
		return "BLOCK_CHASE on what is no CNAME";
	while (*p && *p < 0xc0)
		p += *p + 1u;
	if (o->apex_bytes == 1 ? *p != 0 : wire_load16(p) != (0xc000 | apex))
		return "a chased target that does not stand above the apex";
	return NULL;
}

static const char *
link_verify(const struct block_form *form, const struct link_d *l, uint32_t off)
{
	const struct block_owner *o = form->expect->owner;
	const uint8_t *name = form->cell->base + off;
	uint8_t target[DNS_NAME_MAX + 1], whole[DNS_NAME_MAX + 1];
	uint64_t hash;

	if (labels_verify(name, l->name_bytes) == 0 ||
	    l->name_bytes + o->apex_bytes > DNS_NAME_MAX)
		return "a link whose name is not sound";
	hash = name_hash_above(
	    form->expect->key, o->apex_hash, name, l->name_bytes);
	if (l->hash_low != (uint32_t)hash ||
	    l->hash_high != (uint32_t)(hash >> 32))
		return "a link whose hash is not its name's";
	if (l->target_pos >= form->head.len ||
	    l->target_pos > BLOCK_TARGET_MAX ||
	    !(form->ns_target[l->target_pos / 8] & 1 << l->target_pos % 8))
		return "a link that leads to no NS target";
	block_name_expand(form, l->target_pos, target);
	memcpy(whole, name, l->name_bytes);
	memcpy(whole + l->name_bytes, o->name + o->bytes - o->apex_bytes,
	    o->apex_bytes);
	return name_equal(target, whole) ? NULL : "a link to another NS target";
}

/* Links stand one behind the other, their names too. *end: behind them. */
static const char *
form_links_verify(struct block_form *form, uint32_t *end)
{
	const struct cell_extent *cell = form->cell;
	uint32_t at = *end, start, links, name, stop;
	struct links_d head;
	const char *why;

	form->at = form->head.len;
	if (!(form->head.flags & BLOCK_LINKS))
		return NULL;
	if (form->expect->use != BLOCK_USE_REFERRAL)
		return "links in what is no referral";
	why = part_take(cell, &at, 4, sizeof head, &start);
	if (why)
		return why;
	memcpy(&head, cell->base + start, sizeof head);
	stop = start + 4u * head.bytes4;
	if (head.count == 0 || head.count > LINKS_MAX ||
	    stop > cell->heap_end ||
	    start + sizeof head + sizeof(struct link_d) * head.count > stop)
		return "links that do not fit their size";
	links = start + sizeof head;
	name = links + (uint32_t)sizeof(struct link_d) * head.count;
	for (unsigned i = 0; i < head.count; i++) {
		struct link_d l;

		memcpy(&l, cell->base + links + i * sizeof l, sizeof l);
		if (l.reserved || l.name_off != name - form->off ||
		    l.name_bytes > stop - name)
			return "a link whose name is not where it should be";
		why = link_verify(form, &l, name);
		if (why)
			return why;
		name += l.name_bytes;
	}
	if (stop - name > 3 || !cell_zeros(cell, name, stop))
		return "links that do not end where they say";
	*end = stop;
	return NULL;
}

static const char *
form_verify(struct block_form *form, uint32_t *end)
{
	const char *why;

	form->at = 0;
	why = form_layout(form, end);
	if (why)
		return why;
	form->cell->work += *end - form->off;
	if (form->cell->work > form->cell->work_max)
		return "so much overlap that checking it would take too long";
	if (form->is_do && form->head.flags & BLOCK_DO_FOLLOWS)
		return "a DO form behind a DO form";
	why = form_marks_verify(form);
	if (!why)
		why = form_use_verify(form);
	if (!why)
		why = block_records_verify(form);
	if (!why)
		why = form_chase_verify(form);
	if (!why)
		why = form_links_verify(form, end);
	return why;
}

int
block_verify(struct cell_extent *cell, uint32_t off,
    const struct block_expect *expect, struct err *err)
{
	struct block_form form;
	uint32_t end = 0;
	uint8_t flags;
	const char *why;

	form.cell = cell;
	form.expect = expect;
	form.is_do = false;
	form.off = off;
	why = form_verify(&form, &end);
	flags = why ? 0 : form.head.flags;
	if (!why && flags & BLOCK_DO_FOLLOWS) {
		form.is_do = true;
		form.off = end;
		why = form_verify(&form, &end);
		if (!why && (form.head.flags ^ flags) & BLOCK_CHASE)
			why = "BLOCK_CHASE in one of two forms";
	}
	if (!why)
		return 0;
	return err_set(err, ERR_CORRUPT, "block at %u (%s, octet %u): %s",
	    form.off, form.is_do ? "DO form" : "plain form", form.at, why);
}
