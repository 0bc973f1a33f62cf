/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The bytes of a snapshot, format version 4: cells (answers) and manifests
 * (which cells make a generation). Builder, verifier, loader and engine agree
 * through this file; docs/snapshot-format.md explains it to people.
 *
 * Everything is little-endian, position-independent (offsets, never
 * addresses) and immutable. Every byte is covered by a SHA-256 digest that
 * stands outside: a cell's in its manifest and its file name, a manifest's in
 * its file name and in `current`. Reserved fields are zero, and the verifier
 * refuses anything else, so that a later version may give them a meaning.
 *
 * A cell:
 *
 *   0    cell_header_d                                    256 bytes
 *   256  bucket_d [nbuckets]      one cache line each, 10 names a bucket
 *        heap                     apex name (split cells), nodes with blocks
 *        64 zero bytes            so that 32-byte loads never leave the cell
 *   bytes_total                   a multiple of 64
 *
 * A node is what one owner name has. A zone's apex node is preceded by its
 * zone_d. Nodes that fit a cache line do not straddle one:
 *
 *   -40  zone_d                   apex nodes only
 *   0    node_d                   8 bytes
 *   8    name                     lower case; without the apex's labels for
 *                                 all but apex nodes (it was compared already)
 *        zero padding to 4
 *        type_d [ntypes]          ascending types
 *        blocks                   each aligned to 4
 *
 * A block is the part of a response after the question, ready to be copied:
 *
 *   0    block_d                  12 bytes
 *   12   response bytes [len]
 *        zero padding to 2; to 4 when BLOCK_WIDE
 *        relocations              uint16_t [nreloc], uint32_t when BLOCK_WIDE,
 *                                 ascending
 *        TTL positions            uint16_t [an + ns + ar], ascending
 *        mark_d [nmark]           ascending ends, the last is len
 *        zero padding to 4
 *        BLOCK_LINKS:             links_d, link_d [count], their names in the
 *                                 same order, zero padding to 4
 *   BLOCK_DO_FOLLOWS:             the form for DO=1 stands right here
 *
 * Blocks are compiled as if the message were: header (12), the owner name of
 * L octets, type and class (4), block. So a compiled compression pointer to
 * the owner is 12, to its suffix at octet s of the owner 12 + s, and to octet
 * p of the block 16 + L + p. Every compression pointer of a block is in its
 * relocations, with its kind; when a block is written for a query name of Q
 * octets, right behind the question:
 *
 *   RELOC_OWNER   stays (exact names and wildcards own their records by the
 *                 query name itself)
 *   RELOC_SUFFIX  moves by Q - L: the suffix of the query name at the same
 *                 distance from its end (the cut, the apex, the encloser)
 *   RELOC_BLOCK   moves by Q - L: the block starts that much later
 *
 * so with Q == L a block is copied and nothing else. A block written behind
 * another (chain targets) has a current owner name of T octets that stands
 * uncompressed down to the apex at offset P of the message (in the RDATA of
 * the CNAME before), and starts at offset B:
 *
 *   RELOC_OWNER   becomes P
 *   RELOC_SUFFIX  with d = L - s octets to the end: d <= length of the apex:
 *                 12 + Q - d (the query name ends in the apex as well), else
 *                 P + T - d
 *   RELOC_BLOCK   becomes B + p
 *
 * A pointer never leads to the root label: "." is written as its one octet.
 * A pointer into the block has p <= BLOCK_TARGET_MAX. Names in RDATA are
 * compressed only in the types of RFC 1035 (RFC 3597 section 4), to the
 * owner, to a suffix of the owner (never one that starts with "*", which the
 * query name replaces), or to a name or suffix of one earlier in the block. A
 * CNAME's target (BLOCK_CHASE) is compressed to the apex and nowhere else.
 * Owner names of records are always one pointer or the root octet.
 */
#ifndef HOLDFAST_FORMAT_H
#define HOLDFAST_FORMAT_H

#include <stdint.h>

#define FORMAT_VERSION 4u

enum {
	DIGEST_BYTES = 32, /* SHA-256 */
	CELL_ALIGN = 64,
	CELL_TAIL_BYTES = 64,
	BUCKET_ENTRIES = 10,
	BUCKET_CHAIN_MAX = 8, /* buckets that one name may overflow through */
	APEX_DEPTHS_MAX = 16, /* distinct depths with an apex, a generation */
	BLOCK_TARGET_MAX = 8191,
	LINKS_MAX = 32, /* sibling glue names of one referral */
	SLOT_BITS_MAX = 16,
	SPLITS_MAX = 0xfffe,
	NO_SPLIT = 0xffff,
};

/* A cell is at most this; a hostile size is refused before memory is taken. */
#define CELL_BYTES_MAX (1u << 30)

/* features_required: an unknown bit is refused by name ("needs feature N"). */
enum format_feature {
	FEATURE_DENIAL = 1u << 0, /* NSEC/NSEC3 order in cells of its own */
	FEATURE_VARIANTS = 1u
	                   << 1, /* a node may choose among answers (policy) */
};
#define FEATURES_KNOWN FEATURE_DENIAL /* what this reader implements */

#define CELL_MAGIC     "HFCELL1\n"
#define MANIFEST_MAGIC "HFMANI1\n"

enum cell_kind {
	CELL_SHARED = 1, /* zones whose apex hashes to this slot */
	CELL_SPLIT = 2,  /* the names of one large zone, apex excepted,
	                    that hash to this slot */
	CELL_DENIAL_NSEC =
	    3, /* with FEATURE_DENIAL: a range of a zone's NSEC */
	CELL_DENIAL_NSEC3 = 4, /* with FEATURE_DENIAL: a hash prefix */
};

struct cell_header_d {
	uint8_t magic[8];
	uint32_t version;
	uint32_t features_required;
	uint32_t kind;
	uint32_t bytes_total;
	uint32_t nbuckets;  /* >= 1; the table starts at 256 */
	uint32_t heap_off;  /* 256 + 64 * nbuckets */
	uint32_t nnodes;    /* entries in the table */
	uint32_t nzones;    /* of CELL_SHARED: apex nodes among them */
	uint32_t slot;      /* number among the slots of its table */
	uint32_t slot_bits; /* log2 of the slots of that table */
	uint8_t key_id[16]; /* first bytes of SHA-256 of the name key */
	uint64_t depths[2]; /* CELL_SHARED: bit d: an apex with d labels here */
	uint32_t apex_off;  /* CELL_SPLIT: the zone's apex name, lower case */
	uint32_t apex_bytes; /* octets of it */
	uint32_t split;      /* CELL_SPLIT: the zone's number among the splits;
	                        else NO_SPLIT */
	uint8_t reserved[164];
};
_Static_assert(sizeof(struct cell_header_d) == 256, "cell header");

/* The name table. Bucket of a name: see name_bucket() in hash.h; if it is full
 * the name is in one of the next buckets (wrapping round), and every full
 * bucket passed has BUCKET_OVERFLOWS set. A lookup looks at the bucket, and at
 * the next one only while that bit is set. Entries fill from index 0. */
enum bucket_flags { BUCKET_OVERFLOWS = 1 };

struct bucket_d {
	uint16_t tag[BUCKET_ENTRIES]; /* name_tag(); 0 only in unused entries */
	uint8_t count;
	uint8_t flags;
	uint16_t reserved;
	uint32_t
	    node_off[BUCKET_ENTRIES]; /* from the cell's start, 8-aligned */
};
_Static_assert(sizeof(struct bucket_d) == 64, "bucket is one cache line");

enum node_flags {
	NODE_APEX = 1 << 0,
	NODE_CUT = 1 << 1,   /* not the apex and has NS: type_d NS is the
	                        referral (owner: the cut), DS if any the
	                        positive answer */
	NODE_CNAME = 1 << 2, /* type_d CNAME answers every type that has
	                        no type_d of its own */
	NODE_DNAME = 1 << 3, /* type_d DNAME; nothing below is in a table;
	                        the DNAME block's owner is compiled as a
	                        RELOC_SUFFIX of itself, as a cut's; at a
	                        wildcard as a RELOC_OWNER, since it answers
	                        for other names too */
	NODE_HAS_WILDCARD = 1 << 4, /* "*" under this name exists */
	NODE_WILDCARD = 1 << 5,     /* the first label is "*" */
	NODE_ENT = 1 << 6,          /* empty non-terminal: ntypes is 0, and no
	                               NODE_NSEC */
	NODE_OCCLUDED = 1 << 7,     /* CELL_SPLIT only: below a cut, here just
	                               because other cuts link to its addresses;
	                               anchor is the labels of that cut */
	NODE_NSEC = 1 << 8,         /* has NSEC, which stands in the zone's
	                               order_d and nowhere else: no type_d */
};

struct node_d {
	uint32_t anchor; /* CELL_SHARED: offset of the zone_d; CELL_SPLIT:
	                    labels of the covering cut of an occluded node,
	                    else 0 */
	uint16_t flags;
	uint8_t name_bytes; /* apex node: the whole name; else the labels above
	                       the apex, without the apex's own octets */
	uint8_t ntypes;
};
_Static_assert(sizeof(struct node_d) == 8, "node header");

struct type_d {
	uint16_t type;
	uint16_t block_off4; /* from the node's start, in units of 4 bytes */
};
_Static_assert(sizeof(struct type_d) == 4, "type entry");

enum zone_flags {
	ZONE_SIGNED = 1 << 0, /* DNSKEY at the apex */
	ZONE_NSEC3 = 1 << 1,  /* NSEC3PARAM at the apex */
};

/* Directly in front of the apex node: node_d *apex = (void *)(zone + 1). */
struct zone_d {
	uint32_t negative_off; /* block, from the cell's start: SOA in authority
	                          with the TTL of RFC 2308 section 5, owner: the
	                          apex as a RELOC_SUFFIX */
	uint32_t serial;
	uint16_t flags;
	uint8_t apex_labels;
	uint8_t split_bits; /* log2 of its split slots */
	uint16_t split;     /* index among the manifest's splits, or NO_SPLIT */
	uint16_t reserved0;
	uint32_t denial_off; /* with FEATURE_DENIAL: of its denial_d, or 0 */
	uint8_t content[8]; /* hash of the records without what signing makes of
	                       them (records.h): tells a zone whose records
	                       changed from one that was signed again; zeros, of
	                       older builders: not known */
	uint8_t
	    version[8]; /* first bytes of the zone's records digest: names
	                   the zone's version in status and condemned lists */
	uint32_t reserved1;
};
_Static_assert(sizeof(struct zone_d) == 40, "zone record");

enum block_flags {
	BLOCK_DO_FOLLOWS = 1 << 0,
	BLOCK_WIDE = 1 << 1,  /* len > 16383: relocations of 32 bits */
	BLOCK_LINKS = 1 << 2, /* sibling glue to be looked up, in answers
	                         that have room */
	BLOCK_CHASE = 1 << 3, /* CNAME whose target is at or below the apex */
};

struct block_d {
	uint16_t len; /* response bytes */
	uint16_t an, ns, ar;
	uint16_t nreloc;
	uint8_t
	    nmark; /* 0: one RRset (with nothing behind), which ends at len */
	uint8_t flags;
};
_Static_assert(sizeof(struct block_d) == 12, "block header");

/* A relocation is kind << 14 | position in the response bytes (WIDE: << 30). */
enum reloc_kind { RELOC_OWNER = 0, RELOC_SUFFIX = 1, RELOC_BLOCK = 2 };

/* End of an RRset (an RRSIG set counts as one of its own): truncation keeps
 * whole RRsets. */
enum mark_section {
	MARK_ANSWER = 0,
	MARK_AUTHORITY = 1,
	MARK_REQUIRED = 2, /* additional that must be there, or TC: in-domain
	                      glue (RFC 9471) */
	MARK_OPTIONAL = 3, /* additional that may be left out */
};

struct mark_d {
	uint16_t end;
	uint16_t section_rrs; /* section << 14 | records */
};
_Static_assert(sizeof(struct mark_d) == 4, "mark");

/* Head of the links of a block. */
struct links_d {
	uint16_t count;  /* 1..LINKS_MAX */
	uint16_t bytes4; /* of head, links, names and padding, in units of 4 */
};
_Static_assert(sizeof(struct links_d) == 4, "links");

/* The addresses of an NS target that live in another cell of the zone. */
struct link_d {
	uint32_t hash_low, hash_high; /* of the whole name */
	uint32_t name_off;   /* from the block_d: the name, lower case, without
	                        the apex's octets (at least one label) */
	uint16_t target_pos; /* the name in the response bytes: what the owner
	                        pointers of the glue lead to */
	uint8_t name_bytes;
	uint8_t reserved;
};
_Static_assert(sizeof(struct link_d) == 16, "link");

/* Denial of existence (RFC 4034 section 4, RFC 5155): of a zone that is signed,
 * zone_d.denial_off is where its denial_d is, from the start of the shared cell
 * (0: the zone has no NSEC or NSEC3 chain). The chain itself is an order_d
 * (NSEC) or a hashed_d (NSEC3): of a zone in a shared cell it is in that cell;
 * a split zone has it in denial cells, in slots of their own behind those of
 * its names (split_d.denial_slots and denial_kind):
 *
 * With NSEC, slot 0 has an order_d of the first names of the ranges, slot 1 + i
 * the order_d of range i. Where a range begins is told by the hash of a name
 * (name_mixed_starts_range()), so that one added name changes one range, or
 * cuts it in two.
 *
 * With NSEC3, slot i of 2^k has the hashes whose first k bits are i, and at
 * least one.
 *
 * A denial cell is header, the chain at 256 (heap_off; nbuckets and nnodes are
 * 0), the apex name behind it (apex_off), zeros up to a multiple of 64, 64 zero
 * bytes. Its slot and slot_bits are 0 for NSEC, where numbers shift. It has no
 * pack: its slot_d has zeros in `records`.
 *
 * Each name of an order_d has a node with NODE_NSEC: in the same shared cell,
 * or, of a split zone, in the cell that its hash says (which is seen to on
 * manifests, not in cells). The first name of all is the apex; the apex's
 * hash is among those of the NSEC3 chain. Cuts with an NSEC record and no DS
 * have it in the DO form of their referral (RFC 4035 section 3.1.4.1), where
 * the zone's chain is NSEC. */
enum denial_kind { DENIAL_NONE = 0, DENIAL_NSEC = 1, DENIAL_NSEC3 = 2 };

enum {
	NSEC3_HASH_BYTES = 20,
	/* More hashes for a name than this are a price that no reader pays
	 * (RFC 5155 section 10.3, of which RFC 9276 leaves much less). */
	NSEC3_ITERATIONS_LIMIT = 2500,
};

struct denial_d {
	uint8_t kind;
	uint8_t salt_bytes;
	uint16_t iterations;
	uint32_t chain_off; /* from the cell's start; 0 for a split zone */
	/* NSEC3: the hashes of the apex and of the wildcard below it, which
	 * most proofs need (zeros if that would be longer than a name) */
	uint8_t apex_hash[NSEC3_HASH_BYTES];
	uint8_t wildcard_hash[NSEC3_HASH_BYTES];
	/* uint8_t salt[salt_bytes], zero padding to 4 */
};
_Static_assert(sizeof(struct denial_d) == 48, "denial");

/* The owners of NSEC records in canonical order (RFC 4034 section 6.1), as a
 * static search tree of cache lines. 64-aligned.
 *
 *   order_d
 *   order_node_d [upper levels] the root's level first; 64-aligned
 *   order_leaf_d [last level]
 *   names                       each at a multiple of 4: an octet that says
 *                               how many follow (0: the apex); lower case,
 *                               without the apex's octets; zero padding to 4;
 *                               has_blocks: its block. One behind the other,
 *                               but a name and its block begin at a multiple of
 *                               64 where they touch a cache line less then
 *
 * The block is the NSEC RRset and its signatures as of an answer: owner the
 * name, as RELOC_OWNER; one form, one mark or two. The order of the first names
 * of ranges has none.
 *
 * The key of a name is its labels above the apex, from the apex up, each lower
 * case, 0x00 and 0x01 in it as 0x01 0x01 and 0x01 0x02, then 0x00: octets of
 * keys compare as names do. The apex's key is empty. A node has the
 * first keys of up to ORDER_FANOUT children: of each the 8 octets behind the
 * first `skip` ones as a big-endian number, zeros behind the key's end. `skip`
 * is what the node's first key and the first key of the next node of its level
 * have in common (0 for the last), so every key that the search brings here has
 * it too. Keys with equal chunks are told apart by their names. Child c of node
 * i is node i * ORDER_FANOUT + c of the level below. A leaf is the same with
 * ORDER_LEAF_NAMES names in place of children, and says where they stand. */
enum { ORDER_FANOUT = 7, ORDER_LEAF_NAMES = 6, ORDER_LEVELS_MAX = 10 };

struct order_d {
	uint32_t count; /* names, >= 1 */
	uint32_t levels;
	uint32_t names_off; /* of the first name at least, from order_d */
	uint32_t bytes;     /* all of it, names included */
	uint32_t level_first[ORDER_LEVELS_MAX]; /* index of its first node */
	uint32_t has_blocks;                    /* 0 or 1 */
	uint32_t reserved;
};
_Static_assert(sizeof(struct order_d) == 64, "order");

struct order_node_d {
	uint16_t skip;
	uint8_t count;
	uint8_t reserved[5];
	uint64_t chunk[ORDER_FANOUT]; /* ascending; all ones where unused */
};
_Static_assert(sizeof(struct order_node_d) == 64, "order node");

enum { LEAF_SKIP_MASK = 0xfff, LEAF_COUNT_SHIFT = 12 };

struct order_leaf_d {
	uint16_t skip_count; /* skip, and count << LEAF_COUNT_SHIFT */
	/* how far the names behind the first stand behind it, in units of 4
	 * octets; 0 where there is none */
	uint16_t behind4[ORDER_LEAF_NAMES - 1];
	uint32_t first_off;               /* of the first name, from order_d */
	uint64_t chunk[ORDER_LEAF_NAMES]; /* as of a node */
};
_Static_assert(sizeof(struct order_leaf_d) == 64, "order leaf");
_Static_assert(sizeof(struct order_leaf_d) == sizeof(struct order_node_d),
    "levels are arrays of one kind of line");

/* NSEC3 records by their hash. 64-aligned.
 *
 *   hashed_d
 *   uint32_t first[2^bits + 1]  index of the first hash whose `bits` bits
 *                               behind the first `prefix_bits` ones are at
 *                               least this; two to four hashes for each, no
 *                               bits for less than four (hashed_bits())
 *   hashed_name_d [count]       ascending
 *   blocks                      the NSEC3 RRset and its signatures as of an
 *                               answer: owner the hashed name, as RELOC_OWNER;
 *                               one form, one mark or two
 *
 * The record that covers a hash is the last one that is not greater; if there
 * is none, the last of the slot before, and of the chain in front of its first.
 */
struct hashed_d {
	uint32_t count; /* >= 1 */
	uint8_t prefix_bits, bits;
	uint8_t reserved[2];
	uint32_t names_off; /* of the hashed_name_d, from hashed_d */
	uint32_t bytes;
};
_Static_assert(sizeof(struct hashed_d) == 16, "hashed");

struct hashed_name_d {
	uint8_t hash[NSEC3_HASH_BYTES];
	uint32_t block_off; /* from hashed_d, a multiple of 4 */
};
_Static_assert(sizeof(struct hashed_name_d) == 24, "hashed name");

/* A manifest:
 *
 *   manifest_header_d          256 bytes
 *   slot_d  [nslots]           shared slots 0 .. 2^slot_bits - 1, then those of
 *                              the splits one after the other: of names, then
 *                              of denial
 *   split_d [nsplits]          first slots ascend without a gap; a split that
 *                              is gone keeps its number with apex_bytes 0 and
 *                              no slots, so that cells which name numbers stay
 *                              true
 */
struct manifest_header_d {
	uint8_t magic[8];
	uint32_t version;
	uint32_t features_required;
	uint64_t bytes_total;
	uint32_t slot_bits; /* log2 of the shared slots */
	uint32_t nslots;    /* shared and split together */
	uint32_t nsplits;
	uint32_t nzones;
	uint64_t depths[2]; /* bit d: there is an apex with d labels */
	uint64_t key[2];    /* name key of the store */
	uint8_t parent[DIGEST_BYTES]; /* zeros: the first generation */
	uint8_t reserved[152];
};
_Static_assert(sizeof(struct manifest_header_d) == 256, "manifest header");

struct slot_d {
	uint8_t cell[DIGEST_BYTES];    /* zeros: nothing hashes here */
	uint8_t records[DIGEST_BYTES]; /* the pack that the cell was built from;
	                                  zeros exactly where cell is zeros */
};

struct split_d {
	uint32_t first_slot;
	uint8_t bits;
	uint8_t apex_bytes;    /* 0: number not in use */
	uint16_t denial_slots; /* behind the 2^bits slots of its names */
	uint8_t apex[255];     /* lower case, zeros behind */
	uint8_t denial_kind;   /* of denial_slots; DENIAL_NONE: none */
};
_Static_assert(sizeof(struct split_d) == 264, "split");

#endif
