/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Questions and records as text, for the faults that the proof names.
 */
#ifndef HOLDFAST_PROVE_TEXT_H
#define HOLDFAST_PROVE_TEXT_H

#include <ldns/ldns.h>

#include "control/compile/prove_compare.h"

enum { PROVE_TEXT_MAX = 220 };

/* "www.example. A", "www.example. TYPE65280 with DO". */
void prove_question_text(
    char *out, size_t size, const struct prove_question *q);

/* One record, cut to the size; `found` may be NULL ("nothing"). */
void prove_expected_text(
    char out[PROVE_TEXT_MAX], const struct naive_record *r);
void prove_found_text(char out[PROVE_TEXT_MAX], ldns_rr *rr);

/* The flags word of a header: "NXDOMAIN AA". */
void prove_flags_text(char out[PROVE_TEXT_MAX], unsigned flags);

#endif
