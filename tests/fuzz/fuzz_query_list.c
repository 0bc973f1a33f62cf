/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Fuzz target: the text of a query list. Checked besides the absence of
 * crashes: names are sound, written as text and read again they are the same,
 * and an error names file and line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "tools/load/query_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static int
line_check(void *arg, const uint8_t *name, uint16_t type, struct err *err)
{
	char text[NAME_TEXT_MAX];
	uint8_t again[DNS_NAME_MAX];
	size_t bytes = name_length_find(name, DNS_NAME_MAX);

	(void)type;
	++*(unsigned *)arg;
	if (bytes == 0)
		abort();
	if (name_from_text(again, name_to_text(text, name), err) !=
		(int)bytes ||
	    memcmp(again, name, bytes) != 0)
		abort();
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	char *text = malloc(bytes ? bytes : 1);
	unsigned lines = 0, named = 0;
	struct err err = {0};

	if (!text)
		return 0;
	memcpy(text, data, bytes);
	if (query_list_parse("list", text, bytes, line_check, &lines, &err) &&
	    (sscanf(err.text, "list:%u: ", &named) != 1 || named <= lines))
		abort();
	free(text);
	return 0;
}
