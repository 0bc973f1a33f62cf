/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which NSEC or NSEC3 RRsets show what an answer says is not there (RFC 4035
 * section 3.1.3, RFC 5155 section 7.2). Private to dataplane/answer; bounded
 * work: two searches of the NSEC chain, or three of the NSEC3 chain with as
 * many hashes, and with opt-out one more for each label of the name.
 */
#ifndef HOLDFAST_DENIAL_H
#define HOLDFAST_DENIAL_H

#include "dataplane/answer/denial_chain.h"

/* Whether what was found leaves something to be shown to who wants signatures.
 * An NSEC of a cut is in its referral already. */
static inline bool
denial_is_needed(const struct zone_view *view, const struct found *f)
{
	if (!view->zone->denial_off || fault_hit("engine-proof-lost"))
		return false;
	switch (f->kind) {
	case FOUND_NODATA:
	case FOUND_NXDOMAIN:
		return true;
	case FOUND_REFERRAL:
		return zone_denial(view)->kind == DENIAL_NSEC3 &&
		       !node_block_find(f->node, DNS_TYPE_DS);
	case FOUND_DNAME:
		return false;
	default:
		return f->expanded;
	}
}

/* A step of an answer: what was found of a name, which stands at `at` of the
 * message. */
struct denial_step {
	const struct generation *g;
	const struct zone_view *view;
	const struct query_name *name;
	const struct found *found;
	const struct denial_search *hint; /* of denial_stages(), or NULL */
	unsigned at;
};

/* Adds what the step leaves to be shown. */
void denial_add(struct denial *d, const struct denial_step *step);

/* The same for NXDOMAIN in two parts. Around the name: that its closest
 * encloser is there and has no wildcard. Returns the labels of the encloser,
 * which the other part wants: that the next name down is not there. */
unsigned denial_add_around(struct denial *d, const struct denial_step *step);
void denial_add_name(
    struct denial *d, const struct denial_step *step, unsigned encloser_labels);

/* Searches for all of b->searches, so that denial_add() finds its cache lines
 * warm. */
void denial_stages(struct answer_batch *b, const struct generation *g);

/* Takes out the NSEC that the referral of a cut without DS has already. */
void denial_leave_out(struct denial *d, const struct node_d *cut);

#endif
