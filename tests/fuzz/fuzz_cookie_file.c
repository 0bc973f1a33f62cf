/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Any bytes as the file of cookie secrets. The input lies in a heap block of
 * just its size; what is taken has one or two different secrets, and an error
 * says what is wrong without the octets of the file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/cookie_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
broken(const char *what)
{
	fprintf(stderr, "fuzz_cookie_file: %s\n", what);
	abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cookie_file f;
	struct err err = {0};
	void *exact = malloc(size ? size : 1);
	int rc;

	if (!exact)
		return 0;
	memcpy(exact, data, size);
	rc = cookie_file_parse(&f, "F", exact, size, &err);
	free(exact);
	if (rc == 0 && (f.count < 1 || f.count > COOKIE_FILE_SECRETS_MAX))
		broken("a wrong number of secrets");
	if (rc == 0 && f.count == 2 &&
	    memcmp(f.secrets[0], f.secrets[1], COOKIE_FILE_SECRET_BYTES) == 0)
		broken("twice the same");
	if (rc < 0 && strncmp(err.text, "F:", 2) != 0)
		broken("an error without its place");
	return 0;
}
