/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Every signature of a zone: whether it belongs where it is, verifies, and for
 * how long; and whether every RRset that needs one has one.
 *
 *   collect (one pass over the names) -> verify (all CPUs) -> judge (one pass)
 *
 * Memory: 24 octets a signature while it runs.
 */
#ifndef HOLDFAST_DNSSEC_SIGNATURES_H
#define HOLDFAST_DNSSEC_SIGNATURES_H

#include "control/dnssec/dnssec.h"
#include "control/dnssec/dnssec_faults.h"
#include "control/dnssec/dnssec_keys.h"
#include "control/dnssec/dnssec_owners.h"

/* Adds to result and faults. `dates_only`: nothing is verified, a signature for
 * which there is a key counts as valid. */
int dnssec_signatures_check(const struct dnssec_owners *owners,
    const struct dnssec_keys *keys, const struct dnssec_options *options,
    bool dates_only, struct dnssec_faults *faults, struct dnssec_result *result,
    struct err *err);

#endif
