/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Built cells read by hand, for unit tests of the builder: written after
 * snapshot/format.h and sharing nothing with engine or verifier.
 */
#ifndef HOLDFAST_CELL_WALK_H
#define HOLDFAST_CELL_WALK_H

#include "base/bytes.h"
#include "snapshot/format.h"
#include "snapshot/hash.h"

/* The entry of the table whose node has this hash and exactly these flags and
 * name octets; NULL if there is none. Fails the test if a lookup would not get
 * there. */
const struct node_d *walk_node_find(const struct bytes *cell, uint64_t hash,
    const uint8_t *name, unsigned name_bytes, bool is_apex);

/* Checks every entry: place, tag, alignment, cache lines, zero padding. Returns
 * the names. */
unsigned walk_table(const struct bytes *cell);

const struct block_d *walk_block_find(const struct node_d *n, uint16_t type);
const struct block_d *walk_do_form(const struct block_d *b);
const struct links_d *walk_links(const struct block_d *b);

/* The block as a message to `query` (wire form), of which `owner_bytes` octets
 * were compiled; decoded by ldns: "owner type rdata; ...|authority|additional".
 * `ttl` not 0: written at every TTL position first, and put in front of the
 * type. Static storage. */
const char *walk_message(const struct block_d *b, unsigned owner_bytes,
    const uint8_t *query, uint32_t ttl);

/* "section:end of records ...", e.g. "0:2 0:1"; ends are checked by counting.
 */
const char *walk_marks(const struct block_d *b);

#endif
