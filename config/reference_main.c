/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Prints the reference of all options from the schema: `make docs` keeps
 * docs/configuration.md with it. A build tool, not installed.
 */
#include "config/config.h"

int
main(void)
{
	struct err err;

	if (config_schema_print(stdout, &err) != 0) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	return 0;
}
