/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One block at a time: records in, bytes of snapshot/format.h out. Internal to
 * the cell builder. One scratch of about 300 KiB serves all blocks of a cell.
 */
#ifndef HOLDFAST_BLOCK_BUILDER_H
#define HOLDFAST_BLOCK_BUILDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "snapshot/format.h"
#include "snapshot/records.h"

enum {
	/* header, longest owner name, type and class stand before a block */
	BLOCK_LEN_MAX = 65535 - 16 - 255,
	BLOCK_RELOCS_MAX = 16384,
	BLOCK_RECORDS_MAX = 65535 / 11,
	BLOCK_MARKS_MAX = 255,
	BLOCK_NAMES_MAX = 512, /* names remembered as pointer targets */
};

/* Why a block can't be: the first reason counts. */
enum block_fault {
	BLOCK_SOUND,
	BLOCK_TOO_LONG,
	BLOCK_TOO_MANY_SETS,
	BLOCK_BAD_RDATA,
	BLOCK_NO_GLUE_TARGET,
};

/* Where owner pointers lead: a reloc kind and the pointer's octets; a pointer
 * of 0 is the root, written as its one octet. */
struct block_pointer {
	enum reloc_kind kind;
	uint16_t pointer;
};

struct block_builder;

struct block_builder *block_builder_new(void); /* NULL: out of memory */
void block_builder_free(struct block_builder *b);

/* Starts a block under `owner` (lower case, must live on while it is built).
 * `kind`: RELOC_OWNER when records are owned by the query name itself,
 * RELOC_SUFFIX when they are used under longer names. */
void block_start(struct block_builder *b, const struct zone_records *zone,
    const uint8_t *owner, enum reloc_kind kind);

/* The owner that the block was started with. */
struct block_pointer block_own(const struct block_builder *b);

/* Appends an RRset and closes it with a mark. TTLs are at most ttl_cap. */
void block_rrset_add(struct block_builder *b, struct block_pointer owner,
    enum mark_section section, const struct record *r, size_t count,
    uint32_t ttl_cap);

/* Names that follow in RDATA keep their first label even where the block or its
 * owner has the whole name already, so that links can lead to them. */
void block_keep_labels(struct block_builder *b, bool keep);

/* Where an owner pointer to `name` may lead: false if the name is not there, or
 * too far behind for a pointer. */
bool block_name_find(const struct block_builder *b, const uint8_t *name,
    struct block_pointer *owner);

/* Appends a link to the addresses of `name` (lower case, below the apex). Does
 * nothing if there are LINKS_MAX already. */
void block_link_add(
    struct block_builder *b, const uint8_t *name, uint64_t hash);

void block_flags_add(struct block_builder *b, unsigned flags);
enum block_fault block_fault_get(const struct block_builder *b);
size_t block_length(const struct block_builder *b);

/* Notes that required glue has no name to lead its owner pointers to. */
void block_no_target(struct block_builder *b);

/* True if another RRset of `bytes` (uncompressed) fits. */
bool block_has_room(const struct block_builder *b, size_t bytes);

/* Appends the finished block to `out`, whose length is a multiple of 4. */
void block_write(struct block_builder *b, struct bytes *out);

#endif
