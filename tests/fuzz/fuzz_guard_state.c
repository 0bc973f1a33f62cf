/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Fuzz target: any octets as a file of STORE/guards, which another program may
 * have written. What is read is printed, read again, and the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "control/guard/guard_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *
print(const struct guard_state *s)
{
	json_t *o = guard_state_json(s);
	char *text = o ? json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

	json_decref(o);
	if (!text)
		abort();
	return text;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size ? size : 1), *text, *again;
	struct guard_state a, b;
	struct err err = {0};

	if (size)
		memcpy(copy, data, size);
	if (guard_state_parse(&a, copy, size, &err) == 0) {
		text = print(&a);
		if (guard_state_parse(&b, text, strlen(text), &err) != 0)
			abort();
		again = print(&b);
		if (strcmp(text, again) != 0)
			abort();
		guard_state_fini(&b);
		free(text);
		free(again);
	} else if (!err.text[0]) {
		abort();
	}
	guard_state_fini(&a);
	free(copy);
	return 0;
}
