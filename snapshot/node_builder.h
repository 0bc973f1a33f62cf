/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One node at a time: the bytes of a name with all its blocks. Internal to the
 * cell builder.
 */
#ifndef HOLDFAST_NODE_BUILDER_H
#define HOLDFAST_NODE_BUILDER_H

#include "snapshot/block_builder.h"
#include "snapshot/zone_plan.h"

/* Where things are in the bytes of a node, before it has its place. */
struct node_image {
	size_t node_off;     /* 0; behind the zone_d of an apex */
	size_t negative_off; /* of an apex: its negative block */
};

/* Writes the node to `out`, from offset 0, which is emptied first. The anchor
 * of a shared cell's node, and zone_d.negative_off, are the caller's to set.
 * Fails only for names that plan_node_check() refuses, or without memory. */
int node_build(struct block_builder *b, const struct zone_plan *p,
    const struct plan_node *n, struct bytes *out, struct node_image *image,
    struct err *err);

/* referral_builder.c: the block of a cut's NS, in b, not yet written. */
void referral_build(struct block_builder *b, const struct zone_plan *p,
    const struct plan_node *n, bool do_form);
/* True if the form for DO differs: the zone is signed and there is a DS, or an
 * NSEC that proves that there is none. */
bool referral_has_do_form(const struct zone_plan *p, const struct plan_node *n);

/* The records of one type at a name, and the signatures over them. */
struct node_rrset {
	const struct record *first;
	size_t count;
};
struct node_rrset node_rrset_find(
    const struct zone_plan *p, const struct plan_node *n, uint16_t type);
struct node_rrset node_signatures_find(
    const struct zone_plan *p, const struct plan_node *n, uint16_t covered);

#endif
