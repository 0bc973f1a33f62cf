/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Fuzz target: any octets as the store's file of losses that were let pass,
 * which another program may have written. Keys that are read can be accepted,
 * and there are no more than there is room for.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "control/publish/accepted_losses.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
accept_all(const uint64_t *keys, size_t count)
{
	static const struct canary_rates rates = {
	    .good = 0.002, .bad = 0.05, .false_return = 0.001, .missed = 0.01};
	struct evidence e;
	struct err err;

	if (evidence_init(&e, &rates, &err) != 0)
		return;
	for (size_t i = 0; i < count; i++)
		evidence_accept_key(&e, keys[i]);
	if (evidence_accepted(&e, NULL, 0) > count)
		abort();
	evidence_fini(&e);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t *keys = malloc(EVIDENCE_NAMES_MAX * sizeof *keys);
	char *copy = malloc(size ? size : 1);
	struct digest generation;
	struct err err = {0};
	size_t count;

	if (!keys || !copy)
		abort();
	if (size)
		memcpy(copy, data, size);
	if (accepted_losses_parse(
		copy, size, &generation, keys, &count, &err) == 0)
		accept_all(keys, count);
	else if (!err.text[0])
		abort();
	free(copy);
	free(keys);
	return 0;
}
