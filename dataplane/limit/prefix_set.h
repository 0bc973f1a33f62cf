/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the operator's lists say of a client's address: denied or not, by the
 * longest prefix that contains it, and exempt from limits or not. Immutable
 * once made; swapped whole (dataplane/poll/live.h, sockets/grace.h).
 *
 * Prefixes are flattened to ranges, sorted, without gaps: the address space is
 * cut at every first and last address of a prefix, and each piece knows its
 * class. A lookup takes the top bits of the address to an index, which leaves a
 * piece or a few to search by halves. Nothing is followed from node to node,
 * and thousands of prefixes take some tens of KiB: rte_lpm takes 64 MiB for
 * IPv4 however few there are, and holdfast-sockets has no DPDK
 * (docs/decisions/0007-own-prefix-sets.md).
 */
#ifndef HOLDFAST_PREFIX_SET_H
#define HOLDFAST_PREFIX_SET_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "base/prefix.h"

/* Bits of a class. */
enum prefix_class {
	PREFIX_DENIED = 1,
	PREFIX_EXEMPT = 2,
};

enum prefix_list { PREFIX_LIST_ALLOW, PREFIX_LIST_DENY, PREFIX_LIST_EXEMPT };

enum {
	PREFIX_RULES_MAX = 1 << 20,
	PREFIX_FILE_BYTES_MAX = 64 << 20,
};

/* A prefix on a list, and where it was written. */
struct prefix_rule {
	struct prefix prefix;
	uint8_t list;     /* enum prefix_list */
	uint32_t line;    /* of `file`; 0: in the configuration itself */
	const char *file; /* borrowed; for messages */
};

struct prefix_rules {
	struct prefix_rule *rules;
	size_t count, cap;
};

struct prefix_set;

/* Appends one that is written in the configuration. */
int prefix_rules_add(struct prefix_rules *r, enum prefix_list list,
    const char *text, const char *file, struct err *err);
/* Appends those of a file: one a line; empty lines and what follows a "#" are
 * skipped. `file` must outlive the rules. */
int prefix_rules_load(struct prefix_rules *r, enum prefix_list list,
    const char *file, struct err *err);
/* As load, from bytes (fuzzing, tests), which it writes on; text[bytes] must be
 * room. */
int prefix_rules_parse(struct prefix_rules *r, enum prefix_list list,
    const char *file, char *text, size_t bytes, struct err *err);
void prefix_rules_fini(struct prefix_rules *r);

/* Sorts the rules. NULL in *out if there are none. A prefix that is allowed and
 * denied is an error that names both places; one that is there twice is not. */
int prefix_set_new(
    struct prefix_set **out, struct prefix_rules *rules, struct err *err);
void prefix_set_free(struct prefix_set **s);

/* Pieces of one family: piece i begins at first[i] and ends before the next. */
struct prefix_pieces {
	const __uint128_t *first; /* [0] is 0; IPv4 is in the top 32 bits */
	const uint8_t *class;
	/* index[top bits] is the piece of the first address with these bits;
	 * one more entry at the end */
	const uint32_t *index;
	unsigned shift; /* of an address, to its index */
	uint32_t count;
};

struct prefix_set {
	struct prefix_pieces v4, v6;
	void *memory;
};

static inline unsigned
prefix_pieces_class(const struct prefix_pieces *p, __uint128_t address)
{
	uint32_t at = (uint32_t)(address >> p->shift);
	uint32_t low = p->index[at], high = p->index[at + 1];

	/* the last piece that begins at or before the address is in
	 * low..high */
	while (low < high) {
		uint32_t middle = low + (high - low + 1) / 2;

		if (p->first[middle] <= address)
			low = middle;
		else
			high = middle - 1;
	}
	return p->class[low];
}

/* Bits of enum prefix_class. `bytes` is 4 or 16. */
static inline unsigned
prefix_set_class(
    const struct prefix_set *s, const uint8_t *address, unsigned bytes)
{
	uint64_t high, low = 0;
	uint32_t v4;

	if (bytes == 4) {
		memcpy(&v4, address, 4);
		high = (uint64_t)__builtin_bswap32(v4) << 32;
		return prefix_pieces_class(&s->v4, (__uint128_t)high << 64);
	}
	memcpy(&high, address, 8);
	memcpy(&low, address + 8, 8);
	return prefix_pieces_class(
	    &s->v6, (__uint128_t)__builtin_bswap64(high) << 64 |
			__builtin_bswap64(low));
}

#endif
