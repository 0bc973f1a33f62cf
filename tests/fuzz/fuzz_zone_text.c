/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Fuzz target: zone text of any octets through zonefile_parse(), as holdfastd
 * reads it. The input is copied to a heap block of its exact size, so that the
 * sanitizer sees a read one octet behind it. What parses must also be searched
 * and checked again with the same result.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "control/source/zonefile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
warn_nowhere(void *arg, const char *text)
{
	*(size_t *)arg += strlen(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t apex[] = "\7example";
	size_t heard = 0;
	/* little, so that $GENERATE can't make an input slow */
	struct zonefile_options options = {
	    .bytes_max = 1 << 18, .warn = warn_nowhere, .arg = &heard};
	struct zone_records *z = NULL;
	char *text = malloc(size ? size : 1);
	struct err err;

	if (!text)
		return 0;
	memcpy(text, data, size);
	if (zonefile_parse(&z, "fuzz", text, size, apex, &options, &err) == 0) {
		if (zone_check(z, warn_nowhere, &heard, &err))
			abort();
		zone_records_free(z);
	}
	free(text);
	return 0;
}
