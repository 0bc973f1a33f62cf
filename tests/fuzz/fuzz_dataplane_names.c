/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Fuzz target: the file of protected names. Checked: an error names its line;
 * names that are taken are sound, have a type that can be asked for, and are
 * asked of a generation without zones, which answers none.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "dataplane/answer/answer.h"
#include "dataplane/poll/protected_names.h"

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
	struct protected_names p;
	struct err err = {0};
	char *text = malloc(bytes + 1);
	int rc;

	memcpy(text, data, bytes);
	rc = protected_names_parse(&p, "names", text, bytes, &err);
	free(text);
	if (rc) {
		check(strncmp(err.text, "names:", 6) == 0 && !p.list);
		return 0;
	}
	for (size_t i = 0; i < p.count; i++)
		check(p.list[i].type &&
		      name_length_find(p.list[i].name, DNS_NAME_MAX) > 0);
	rc = protected_names_ask(&p, "names", &answer_nothing, &err);
	check(rc == (p.count ? ERR_REFUSED : 0));
	protected_names_free(&p);
	return 0;
}
