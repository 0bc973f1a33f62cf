/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the swap tests share: generations that say their number in the RDATA of
 * every name, questions whose answers come out of several cells, and a strict
 * reader that finds the one number an answer must show.
 *
 *   aI CNAME nN.bI,  nN.bI CNAME nN.cI,  nN.cI TXT "N"     a chain, 3 cells
 *   tI A 10.N                                              one record
 *   subI NS nN.twoI,  nN.twoI A 10.N                       glue by a link
 *   SOA ... N                                              what is not there
 */
#ifndef HOLDFAST_TESTS_SWAP_WORLD_H
#define HOLDFAST_TESTS_SWAP_WORLD_H

#include <stddef.h>
#include <stdint.h>

#include "snapshot/generation.h"
#include "snapshot/store.h"
#include "tests/unit/unit_run.h"

enum {
	SWAP_NAMES = 12, /* of each kind */
	SWAP_KINDS = 4,
	SWAP_QUESTIONS = SWAP_NAMES * SWAP_KINDS,
	SWAP_PREPARED = 8, /* numbers 1 to 8, all on number 0 */
	SWAP_QUERY_MAX = 64,
};

struct compile_memory;

struct swap_world {
	char dir[UNIT_PATH_MAX], store_dir[UNIT_PATH_MAX];
	struct store *store;
	struct compile_memory *memory;
	struct digest first, prepared[SWAP_PREPARED + 1];
	struct err err;
};

/* A store with the owner's lock, generation 0 committed (activation number 1)
 * and the prepared ones as candidates on it. */
void swap_world_make(struct swap_world *w);
void swap_world_remove(struct swap_world *w);

/* Compiles, proves and stores a candidate that says `number`. */
struct digest swap_world_build(
    struct swap_world *w, uint32_t number, const struct digest *parent);

/* Names of one chain lie in at least two cells, and links are in use. */
void swap_world_is_spread(const struct generation *g);

/* Writes question `i` (of SWAP_QUESTIONS); returns its octets. */
size_t swap_question(uint8_t to[SWAP_QUERY_MAX], unsigned i, uint16_t id);

/* The number that the answer to question `i` shows; a test fails if it is not
 * whole, or shows two. */
uint32_t swap_answer(const uint8_t *message, size_t bytes, unsigned i);

/* How many: SWAPS of the environment, or this. */
unsigned swap_count(unsigned usual);

/* Memory of this process. */
struct swap_memory {
	size_t rss_kib, sealed_kib; /* sealed: memfd mappings */
};
struct swap_memory swap_memory_now(void);
/* Sealed memory is the same to the octet, the rest within 5 % (not under
 * sanitizers, which keep what is freed). */
void swap_memory_is_flat(
    const struct swap_memory *from, const struct swap_memory *to);

#endif
