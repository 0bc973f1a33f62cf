/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A record to a line: put into wire form, read and printed by ldns. Allocates
 * the line.
 */
#include "tools/record_text.h"

#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/wire.h"

enum { RECORD_WIRE_MAX = DNS_NAME_MAX + 10 + 65535 };

static size_t
record_wire(const struct zone_records *z, const struct record *r, uint8_t *out)
{
	struct wire_writer w = wire_writer_make(out, RECORD_WIRE_MAX);
	const uint8_t *owner = record_owner(z, r);

	wire_write(&w, owner, name_length(owner));
	wire_write16(&w, r->type);
	wire_write16(&w, DNS_CLASS_IN);
	wire_write32(&w, r->ttl);
	wire_write16(&w, r->rdata_bytes);
	wire_write(&w, record_rdata(z, r), r->rdata_bytes);
	return (size_t)(w.at - out);
}

/* One space between fields; a tab within quotes, which ldns leaves as it is,
 * escaped. */
static char *
line_tidy(const char *text)
{
	char *line = malloc(4 * strlen(text) + 1), *to = line;
	bool quoted = false;

	if (line == NULL)
		return NULL;
	for (const char *p = text; *p && *p != '\n'; p++) {
		if (*p == '\t' && quoted) {
			memcpy(to, "\\009", 4);
			to += 4;
			continue;
		}
		if (*p == '"')
			quoted = !quoted;
		*to++ = *p == '\t' ? ' ' : *p;
		if (*p == '\\' && p[1])
			*to++ = *++p;
	}
	*to = '\0';
	return line;
}

/* RFC 3597 section 5. */
static char *
generic_text(const struct zone_records *z, const struct record *r)
{
	char owner[NAME_TEXT_MAX];
	size_t room = NAME_TEXT_MAX + 64 + 2 * (size_t)r->rdata_bytes;
	const uint8_t *rdata = record_rdata(z, r);
	char *text = malloc(room);
	int n;

	if (text == NULL)
		return NULL;
	n = snprintf(text, room, "%s %u IN TYPE%u \\# %u%s",
	    name_to_text(owner, record_owner(z, r)), r->ttl, r->type,
	    r->rdata_bytes, r->rdata_bytes ? " " : "");
	for (unsigned i = 0; i < r->rdata_bytes; i++)
		n += snprintf(text + n, room - (size_t)n, "%02x", rdata[i]);
	return text;
}

char *
record_text_new(const struct zone_records *z, const struct record *r)
{
	uint8_t *wire = malloc(RECORD_WIRE_MAX);
	char *printed = NULL, *text = NULL;
	size_t bytes, at = 0;
	ldns_rr *rr = NULL;

	if (wire == NULL)
		return NULL;
	bytes = record_wire(z, r, wire);
	if (ldns_wire2rr(&rr, wire, bytes, &at, LDNS_SECTION_ANSWER) ==
	    LDNS_STATUS_OK)
		printed = ldns_rr2str(rr);
	if (printed)
		text = line_tidy(printed);
	else
		text = generic_text(z, r);
	LDNS_FREE(printed);
	ldns_rr_free(rr);
	free(wire);
	return text;
}
