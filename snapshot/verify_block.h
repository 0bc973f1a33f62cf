/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Inside of the verifier: one block, from its header to its DO form. Not for
 * anybody but snapshot/verify_*.c.
 */
#ifndef HOLDFAST_VERIFY_BLOCK_H
#define HOLDFAST_VERIFY_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/dns.h"
#include "base/err.h"
#include "snapshot/format.h"
#include "snapshot/hash.h"

/* The part of a cell in which offsets may lie, and how much was read of it. */
struct cell_extent {
	const uint8_t *base;
	uint32_t heap_off, heap_end;
	/* Nodes and blocks may overlap, so reading them all need not be linear
	 * in the cell: octets read are counted and bounded. */
	uint64_t work, work_max;
};

/* The owner whose blocks are checked. */
struct block_owner {
	uint8_t name[DNS_NAME_MAX + 1 + NAME_HASH_OVERREAD]; /* whole */
	bool boundary[DNS_NAME_MAX + 1]; /* a label starts here; not the root */
	unsigned bytes, labels;
	unsigned apex_bytes; /* of its zone's apex */
	uint64_t apex_hash;
	bool is_wildcard;
};

enum block_use {
	BLOCK_USE_POSITIVE, /* answer: RRs of the type, owned by the name */
	BLOCK_USE_DNAME,    /* the same, but used under longer names */
	BLOCK_USE_REFERRAL, /* authority: NS of the cut; additional: glue */
	BLOCK_USE_NEGATIVE, /* authority: SOA of the apex */
	BLOCK_USE_PROOF,    /* one form with its signatures, if any: NSEC and
	                       NSEC3 in a chain */
};

struct block_expect {
	const struct name_key *key;
	const struct block_owner *owner;
	enum block_use use;
	uint16_t type; /* of the first RRset */
};

/* The block at `off`, and its DO form. */
int block_verify(struct cell_extent *cell, uint32_t off,
    const struct block_expect *expect, struct err *err);

/* What is known of a form while its parts are checked. Offsets are from the
 * cell's start. */
struct block_form {
	struct cell_extent *cell;
	const struct block_expect *expect;
	bool is_do;
	uint32_t off; /* of the block_d */
	struct block_d head;
	const uint8_t *response;
	uint32_t relocs_off, ttls_off, marks_off;
	uint32_t reloc_next; /* the first one not used yet */
	/* where the complaint belongs, in the response bytes */
	uint32_t at;
	/* octets of the name, written out, that starts at a position of the
	 * response; 0: none does */
	uint8_t name_bytes[BLOCK_TARGET_MAX + 1];
	/* bit: RDATA of an NS record starts here */
	uint8_t ns_target[(BLOCK_TARGET_MAX + 8) / 8];
};

/* All records of the response bytes, against relocations, TTL positions and
 * marks. NULL, or what is wrong (at form->at). */
const char *block_records_verify(struct block_form *form);

/* One mark; a block without any has one all the same. */
struct mark_d block_form_mark(const struct block_form *form, unsigned i);
unsigned block_form_marks(const struct block_form *form);

/* Writes out the name at a position where a sound one starts. */
unsigned block_name_expand(
    const struct block_form *form, uint32_t pos, uint8_t dst[DNS_NAME_MAX + 1]);

/* True if octets [from, to) of the cell are all zero. */
bool cell_zeros(const struct cell_extent *cell, uint32_t from, uint32_t to);

/* Octets of `bytes` octets of whole lower-case labels without a root label, in
 * labels; 0 if they are not that (or none). */
unsigned labels_verify(const uint8_t *p, unsigned bytes);

#endif
