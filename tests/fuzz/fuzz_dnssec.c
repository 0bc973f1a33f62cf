/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Fuzz target: the DNSSEC checks over zones of any text. What parses is checked
 * alone, beside itself as the version before, by dates, and as its own parent;
 * records come from an exact heap block (zonefile_parse() copies them). The
 * faults of a check must not depend on the version before.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "control/dnssec/dnssec.h"
#include "control/dnssec/dnssec_links.h"
#include "control/source/zonefile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW = 1700000000 };

static void
hear(void *arg, const char *text)
{
	*(size_t *)arg += strlen(text);
}

static void
hear_fault(void *arg, size_t member, bool refused, const char *why)
{
	(void)member;
	(void)refused;
	hear(arg, why);
}

static void
links_fuzz(const struct zone_records *z, size_t *heard)
{
	struct dnssec_member members[] = {
	    {.apex = z->apex, .wanted = z, .served = z}};
	struct err err;

	dnssec_link_check(z, z, &err);
	dnssec_links_check(members, 1, hear_fault, heard, &err);
}

static void
zone_fuzz(const struct zone_records *z)
{
	size_t heard = 0;
	struct dnssec_options options = {.now = NOW,
	    .horizon_s = 3600,
	    .threads = 1,
	    .warn = hear,
	    .arg = &heard};
	struct dnssec_result first, second;
	struct err err;

	dnssec_check(z, &options, &first, &err);
	if (first.all_verified) {
		options.before = z;
		dnssec_check(z, &options, &second, &err);
		if (first.faults != second.faults)
			abort();
	}
	dnssec_expires_at(z, NOW);
	links_fuzz(z, &heard);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t apex[] = "\1t";
	struct zonefile_options options = {.bytes_max = 1 << 16};
	struct zone_records *z = NULL;
	char *text = malloc(size ? size : 1);
	struct err err;

	if (!text)
		return 0;
	memcpy(text, data, size);
	if (zonefile_parse(&z, "fuzz", text, size, apex, &options, &err) == 0) {
		zone_fuzz(z);
		zone_records_free(z);
	}
	free(text);
	return 0;
}
