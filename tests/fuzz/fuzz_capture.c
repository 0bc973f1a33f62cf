/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Fuzz target: a captured frame to the query in it. The first octet chooses the
 * link type, the rest is the frame, in a heap block of exactly its size. What
 * is found lies inside the frame and is a query that the rest of the generator
 * may rely on: header, one sound question, a size that is allowed.
 */
#include <pcap.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/wire.h"
#include "tools/load/capture_frame.h"
#include "tools/load/query_set.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void
check(bool holds)
{
	if (!holds)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static const int links[] = {DLT_EN10MB, DLT_LINUX_SLL, DLT_LINUX_SLL2,
	    DLT_RAW, DLT_IPV4, DLT_IPV6};
	const uint8_t *query;
	uint8_t *frame;
	size_t n;

	if (bytes == 0)
		return 0;
	frame = malloc(bytes > 1 ? bytes - 1 : 1);
	if (!frame)
		return 0;
	memcpy(frame, data + 1, bytes - 1);
	if (capture_query_find(links[data[0] % (sizeof links / sizeof *links)],
		frame, bytes - 1, &query, &n)) {
		check(query >= frame && query + n <= frame + bytes - 1);
		check(n <= QUERY_MESSAGE_MAX && n > DNS_HEADER_BYTES + 4);
		check(wire_load16(query + 4) == 1);
		check(name_length_find(query + DNS_HEADER_BYTES,
			  n - DNS_HEADER_BYTES - 4) > 0);
	}
	free(frame);
	return 0;
}
