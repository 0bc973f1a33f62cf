/* SPDX-License-Identifier: BSD-2-Clause
 *
 * zone_print STORE ZONE: the records of a zone of the current generation as a
 * zone file, for the checkers of others.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/name.h"
#include "control/compile/compile.h"
#include "tools/record_text.h"

static int
zone_print(const struct zone_records *z)
{
	for (size_t i = 0; i < z->count; i++) {
		char *text = record_text_new(z, &z->records[i]);

		if (!text)
			return 1;
		puts(text);
		free(text);
	}
	return 0;
}

int
main(int argc, char **argv)
{
	struct zone_records **zones = NULL;
	struct store_current current;
	struct store *store = NULL;
	uint8_t apex[DNS_NAME_MAX];
	size_t count = 0;
	struct err err;
	int status = 1;

	if (argc != 3 || name_from_text(apex, argv[2], &err) < 0)
		return 2;
	if (store_open(&store, argv[1], 0, &err) != 0 ||
	    store_current_read(store, &current, &err) != 0 ||
	    compile_read_zones(
		store, &current.generation, &zones, &count, &err) != 0)
		fprintf(stderr, "%s\n", err.text);
	for (size_t i = 0; i < count; i++) {
		if (name_equal(zones[i]->apex, apex))
			status = zone_print(zones[i]);
		zone_records_free(zones[i]);
	}
	free(zones);
	if (store)
		store_close(&store);
	return status;
}
