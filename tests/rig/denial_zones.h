/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The examples of RFC 4035 appendix B and RFC 5155 appendix B, with what else
 * needs a proof: two signed zones, and which NSEC or NSEC3 records an answer
 * must have. The naive resolver and the engine are both asked.
 */
#ifndef HOLDFAST_DENIAL_ZONES_H
#define HOLDFAST_DENIAL_ZONES_H

#include <stddef.h>

extern const char denial_zone_nsec[];  /* apex "nsec." */
extern const char denial_zone_nsec3[]; /* apex "example.", opt-out */

struct denial_question {
	const char *name, *type;
	const char *rcode;
	/* owners of the NSEC or NSEC3 records of the authority section, in
	 * alphabetical order, with a blank behind each; labels above the apex,
	 * "@" for the apex itself */
	const char *owners;
};

extern const struct denial_question denial_questions[];
extern const size_t denial_question_count;

#endif
