/* SPDX-License-Identifier: BSD-2-Clause
 *
 * From what the naive resolver says to the fingerprint of the response that is
 * right: the other side of answer_fingerprint(). Allocates nothing, any thread.
 */
#ifndef HOLDFAST_EXPECTED_H
#define HOLDFAST_EXPECTED_H

#include "control/compile/naive.h"

/* `qname` is the name that was asked, `room` the octets that any server may
 * fill with header, question and records other than OPT. Returns 0 where no one
 * response is the right one:
 *  - any one of several RRsets may be the answer (ANY, RRSIG);
 *  - a proof of absence belongs in it, which the resolver does not make yet;
 *  - it may not fit, and what stays in a truncated response is the server's. */
uint64_t expected_fingerprint(
    const struct naive_answer *a, const uint8_t *qname, size_t room);

#endif
