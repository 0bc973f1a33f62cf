/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Zones as text to cells, built and verified, for unit tests of the builder.
 * Everything fails the test that runs it when something goes wrong.
 */
#ifndef HOLDFAST_BUILT_CELL_H
#define HOLDFAST_BUILT_CELL_H

#include "snapshot/cell_builder.h"
#include "snapshot/verify.h"
#include "tests/unit/cell_walk.h"

/* Parts of zones. */
#define SOA "@ 3600 IN SOA ns.example. host.example. 7 2 3 4 60\n"
#define SIGNED                                                                 \
	"@ 3600 IN DNSKEY 257 3 13 AAAA\n"                                     \
	"@ 3600 IN RRSIG SOA " SIG
#define SIG      "13 1 3600 20300101000000 20200101000000 1 example. AAAA\n"
#define SIG_TEXT " 13 1 3600 20300101000000 20200101000000 1 example. AAAA"
#define DS_TEXT                                                                \
	"1 13 2 "                                                              \
	"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define CUT                                                                    \
	"cut IN NS ns.cut.example.\ncut IN NS cut.example.\n"                  \
	"cut IN NS ns.example.\ncut IN NS deep.two.example.\n"                 \
	"cut IN NS two.example.\ncut IN NS ns.other.\ncut IN NS example.\n"    \
	"cut IN A 192.0.2.1\ncut IN TXT \"hidden\"\n"                          \
	"ns.cut IN A 192.0.2.2\nns.cut IN AAAA 2001:db8::2\n"                  \
	"ns IN A 192.0.2.3\n@ IN A 192.0.2.9\n"                                \
	"two IN NS deep.two.example.\ntwo IN A 192.0.2.5\n"                    \
	"deep.two IN A 192.0.2.4\n"
/* RRsets are in the order of their RDATA octets, lengths of labels included */
#define CUT_NS(cut)                                                            \
	cut " NS ns.cut.example.; " cut " NS ns.other.; " cut                  \
	    " NS ns.example.; " cut " NS cut.example.; " cut                   \
	    " NS two.example.; " cut " NS deep.two.example.; " cut             \
	    " NS example."
#define IN_DOMAIN                                                              \
	"ns.cut.example. A 192.0.2.2; ns.cut.example. AAAA 2001:db8::2; "      \
	"cut.example. A 192.0.2.1"
#define SIBLINGS                                                               \
	"; ns.example. A 192.0.2.3; two.example. A 192.0.2.5; "                \
	"deep.two.example. A 192.0.2.4; example. A 192.0.2.9"

enum { BUILT_ZONES_MAX = 4 };

extern const struct name_key built_key;

/* Zones and the plans of them, and a cell. */
struct built {
	unsigned n;
	struct zone_records *zones[BUILT_ZONES_MAX];
	struct zone_plan *plans[BUILT_ZONES_MAX];
	struct bytes cell;
};

void built_free(struct built *b);

/* Another zone, planned. */
void built_plan_add(struct built *b, const char *apex, const char *text,
    uint16_t split, unsigned bits);

/* The shared cell of all of them, verified. */
void built_shared_make(struct built *b);

/* Cell `slot` of 2^bits of the first of them, verified. */
void built_split_make(struct built *b, uint32_t slot, unsigned bits);

/* The shared cell of one zone, "example.". */
struct built built_from_text(const char *text);

void built_cell_verify(
    const struct bytes *cell, const struct cell_expect *expect);

/* Any node but an apex; `apex` is its zone's. */
const struct node_d *built_node(
    const struct bytes *cell, const char *name, const char *apex);
const struct node_d *built_apex(const struct bytes *cell, const char *apex);

const struct zone_d *built_zone(const struct node_d *apex);

/* The block of `type` at `owner`, asked for as `query`, is this answer. */
void built_answer_check(const struct built *b, const char *owner, uint16_t type,
    const char *query, bool want_do, const char *answer);

#endif
