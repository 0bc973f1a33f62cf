/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a crash has left, or anybody has put there: the sum is made right, so
 * that what is behind it is read. Every message of a file that is accepted is
 * read to its end.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/guard/burst_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
walk(struct burst_file *f)
{
	struct held_query q;
	unsigned sum = 0, n = 0;

	while (burst_file_next(f, &q)) {
		for (unsigned i = 0; i < q.head.bytes; i++)
			sum += q.message[i];
		if (q.head.capacity - ANSWER_SPARE_BYTES < q.head.bytes)
			abort();
		n++;
	}
	if (n > BURST_FILE_SECTIONS_MAX * BURST_LOG_QUERIES_MAX || sum == 1)
		return;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	struct burst_file f;
	struct err err;
	uint64_t sum;

	memcpy(copy, data, size);
	if (burst_file_open(&f, copy, size, &err) == 0)
		walk(&f);
	if (size >= sizeof sum) {
		sum = burst_file_sum(
		    BURST_FILE_SUM_START, copy, size - sizeof sum);
		memcpy(copy + size - sizeof sum, &sum, sizeof sum);
		if (burst_file_open(&f, copy, size, &err) == 0)
			walk(&f);
	}
	free(copy);
	return 0;
}
