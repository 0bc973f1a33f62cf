/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the sender needs of each query and would reckon again and again: how far
 * its question reaches, and the sum of its octets. Made once by the main
 * thread, four bytes a query, read in order by workers.
 */
#ifndef HOLDFAST_QUERY_PARTS_H
#define HOLDFAST_QUERY_PARTS_H

#include "tools/load/query_set.h"

struct query_parts {
	uint16_t question_end; /* octets of header and question */
	uint16_t sum;          /* inet_sum_fold(), with ID 0 */
};

/* An array of set->count. A query without exactly one question is an error: its
 * answer could not be matched. */
int query_parts_make(
    struct query_parts **out, const struct query_set *set, struct err *err);

/* Octets of header and question of a message with one question; 0: it is none
 * such, or not whole. */
unsigned query_question_end(const uint8_t *message, size_t bytes);

#endif
