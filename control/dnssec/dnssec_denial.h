/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Denial of existence: is the chain a closed circle through every name that is
 * there and no other, and is each bitmap what is at the name? Resolvers make
 * answers of their own from it (RFC 8198), so one wrong bit takes away names.
 */
#ifndef HOLDFAST_DNSSEC_DENIAL_H
#define HOLDFAST_DNSSEC_DENIAL_H

#include "control/dnssec/dnssec.h"
#include "control/dnssec/dnssec_faults.h"
#include "control/dnssec/dnssec_owners.h"

/* NSEC3 where there is a NSEC3PARAM, else NSEC. */
int dnssec_denial_check(const struct dnssec_owners *owners,
    const struct dnssec_options *options, struct dnssec_faults *faults,
    struct err *err);

/* RFC 4034 section 4, RFC 4035 section 2.3. */
void dnssec_nsec_check(
    const struct dnssec_owners *owners, struct dnssec_faults *faults);

/* RFC 5155 section 7.1. Memory: 48 octets a name while it runs. */
int dnssec_nsec3_check(const struct dnssec_owners *owners,
    const struct dnssec_options *options, struct dnssec_faults *faults,
    struct err *err);

#endif
