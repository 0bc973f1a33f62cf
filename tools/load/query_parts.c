/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Preparing a query set for its sender.
 */
#include "tools/load/query_parts.h"

#include <stdlib.h>

#include "base/dns.h"
#include "base/wire.h"
#include "tools/load/inet_sum.h"

unsigned
query_question_end(const uint8_t *message, size_t bytes)
{
	size_t at = DNS_HEADER_BYTES;

	if (bytes < DNS_HEADER_BYTES || wire_load16(message + 4) != 1)
		return 0;
	while (at < bytes && message[at] != 0) {
		if (message[at] > DNS_LABEL_MAX)
			return 0;
		at += 1u + message[at];
	}
	at += 5; /* the root label, type and class */
	if (at > bytes || at > DNS_HEADER_BYTES + DNS_NAME_MAX + 4)
		return 0;
	return (unsigned)at;
}

int
query_parts_make(
    struct query_parts **out, const struct query_set *set, struct err *err)
{
	struct query_parts *parts = calloc(set->count + 1u, sizeof *parts);

	if (!parts)
		return err_set(err, ERR_NO_MEMORY,
		    "out of memory for %u queries; --count takes fewer",
		    set->count);
	for (uint32_t i = 0; i < set->count; i++) {
		const struct load_query *q = &set->queries[i];
		const uint8_t *message = set->messages + q->at;
		unsigned end = query_question_end(message, q->bytes);

		if (end == 0) {
			free(parts);
			return err_set(err, ERR_SEMANTIC,
			    "query %u of the set has not one whole question",
			    i);
		}
		parts[i] = (struct query_parts){
		    .question_end = (uint16_t)end,
		    .sum = inet_sum_fold(inet_sum_add(0, message, q->bytes)),
		};
	}
	*out = parts;
	return 0;
}
