/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Records of quarantined queries that anybody may have written: what is read is
 * printed, read again, and the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/guard/quarantine_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	struct quarantine_record a, b;
	struct bytes text, again;
	struct err err;

	memcpy(copy, data, size);
	bytes_init(&text);
	bytes_init(&again);
	if (quarantine_record_parse(&a, copy, size, &err) == 0) {
		quarantine_record_print(&text, &a);
		if (quarantine_record_parse(&b, text.data, text.len, &err))
			abort();
		quarantine_record_print(&again, &b);
		if (again.len != text.len || strcmp(a.id, b.id) != 0 ||
		    memcmp(again.data, text.data, text.len) != 0)
			abort();
		quarantine_record_fini(&a);
		quarantine_record_fini(&b);
	}
	bytes_fini(&text);
	bytes_fini(&again);
	free(copy);
	return 0;
}
