/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Zones for unit tests: one record a line, parsed by ldns.
 */
#include "tests/unit/zone_text.h"

#include <check.h>
#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"

enum { NAMES_AT_ONCE = 8, NAME_ROOM = DNS_NAME_MAX + NAME_HASH_OVERREAD + 1 };

const uint8_t *
name_from_test(const char *text)
{
	static uint8_t ring[NAMES_AT_ONCE][NAME_ROOM];
	static unsigned turn;
	uint8_t *name = ring[turn++ % NAMES_AT_ONCE];
	struct err err;
	int bytes = name_from_text(name, text, &err);

	ck_assert_msg(bytes > 0, "%s", err.text);
	name_lower(name, name, (size_t)bytes);
	return name;
}

static void
line_add(struct zone_records *z, const char *line, ldns_rdf *origin)
{
	ldns_rdf *previous = NULL;
	ldns_rr *rr = NULL;
	uint8_t *wire = NULL;
	size_t bytes, at;
	struct err err;
	ldns_status status =
	    ldns_rr_new_frm_str(&rr, line, 300, origin, &previous);

	ck_assert_msg(status == LDNS_STATUS_OK, "%s: %s", line,
	    ldns_get_errorstr_by_id(status));
	status = ldns_rr2wire(&wire, rr, LDNS_SECTION_ANSWER, &bytes);
	ck_assert_int_eq(status, LDNS_STATUS_OK);
	at = ldns_rdf_size(ldns_rr_owner(rr)) + 10;
	ck_assert_msg(zone_records_add(z, ldns_rdf_data(ldns_rr_owner(rr)),
			  (uint16_t)ldns_rr_get_type(rr), ldns_rr_ttl(rr),
			  wire + at, bytes - at, &err) == 0,
	    "%s: %s", line, err.text);
	free(wire);
	ldns_rdf_deep_free(previous);
	ldns_rr_free(rr);
}

struct zone_records *
zone_from_text(const char *apex, const char *text)
{
	struct err err;
	struct zone_records *z = zone_records_new(name_from_test(apex), &err);
	ldns_rdf *origin = ldns_dname_new_frm_str(apex);
	char *copy = strdup(text), *at = copy, *line;

	while ((line = strsep(&at, "\n")) != NULL)
		if (line[0] != '\0')
			line_add(z, line, origin);
	ck_assert_msg(
	    zone_records_seal(z, NULL, NULL, &err) == 0, "%s", err.text);
	free(copy);
	ldns_rdf_deep_free(origin);
	return z;
}
