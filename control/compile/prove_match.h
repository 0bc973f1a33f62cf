/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Whether a response has exactly the records that are expected, in the order
 * in which the naive resolver lists them: what is nearly always so, and then
 * nothing needs to be decoded. Inside of the proof; allocates nothing.
 */
#ifndef HOLDFAST_PROVE_MATCH_H
#define HOLDFAST_PROVE_MATCH_H

#include "control/compile/prove_compare.h"

/* The response's header and question have been compared, and `m` measured its
 * records. True: all of them are right, and none is missing. False says
 * nothing: decode it. */
bool prove_match(const struct prove_question *q, const struct naive_answer *e,
    const struct prove_measure *m, const uint8_t *wire, size_t bytes);

#endif
