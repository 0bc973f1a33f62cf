/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a parser holds back, where it outlives the parser. Replies about small
 * zones leave together: a system call and a change of process for each of
 * 100,000 would cost more than reading them. What has not left yet lies in a
 * memory file, so that of a parser that dies or hangs no finished reply is
 * lost, and the zone without one is the one that it was reading.
 *
 *   sent       octets of the parser's stream that have left
 *   end        and those that have not, which are data[0] to data[end - sent]
 *   data
 *
 * One file for all parsers, one after the other. The parser writes it by a
 * mapping. holdfastd looks into it when the parser is dead, and then as at a
 * file: nothing that is in it, and no lack of it, can harm the reader.
 */
#ifndef HOLDFAST_PARSER_AREA_H
#define HOLDFAST_PARSER_AREA_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { PARSER_AREA_BYTES = 1 << 16 };

struct parser_area {
	_Atomic uint64_t sent, end;
	uint8_t data[PARSER_AREA_BYTES];
};

/* The file, by holdfastd, which closes it. */
int parser_area_create(int *fd, struct err *err);
/* Before a parser starts, and when the one before is dead. */
int parser_area_clear(int fd);

/* In a parser: maps the file, for good; NULL: it can't. */
struct parser_area *parser_area_map_find(int fd);

/* Adds as much as there is room for; returns how much. */
size_t parser_area_add(struct parser_area *a, const void *p, size_t bytes);

static inline size_t
parser_area_held(const struct parser_area *a)
{
	return (size_t)(atomic_load_explicit(&a->end, memory_order_relaxed) -
			atomic_load_explicit(&a->sent, memory_order_relaxed));
}

/* All of it has left. */
static inline void
parser_area_sent(struct parser_area *a)
{
	atomic_store_explicit(&a->sent,
	    atomic_load_explicit(&a->end, memory_order_relaxed),
	    memory_order_release);
}

/* Of a dead parser, of whose stream `received` octets have arrived: at most
 * `most` of those that follow. Returns how many; 0: there are none, or the file
 * says what can't be. Hostile. */
size_t parser_area_left(int fd, uint64_t received, void *to, size_t most);

#endif
