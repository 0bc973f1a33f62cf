/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Text for the faults of the proof, made by ldns. Called once a fault; frees
 * what ldns allocates.
 */
#include "control/compile/prove_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/wire.h"

void
prove_question_text(char *out, size_t size, const struct prove_question *q)
{
	char name[NAME_TEXT_MAX];
	char *type = ldns_rr_type2str((ldns_rr_type)q->type);

	snprintf(out, size, "%.300s %s%s%s", name_to_text(name, q->name),
	    type ? type : "?", q->dnssec_ok ? " with DO" : "",
	    q->udp_bytes ? " over UDP" : "");
	free(type);
}

void
prove_found_text(char out[PROVE_TEXT_MAX], const ldns_rr *rr)
{
	char *text = rr ? ldns_rr2str(rr) : NULL;

	if (text)
		text[strcspn(text, "\n")] = '\0';
	for (char *tab = text; tab && (tab = strchr(tab, '\t'));)
		*tab = ' ';
	snprintf(out, PROVE_TEXT_MAX, "%s%s%s", text ? "\"" : "",
	    text ? text : "nothing", text ? "\"" : "");
	free(text);
}

void
prove_expected_text(char out[PROVE_TEXT_MAX], const struct naive_record *r)
{
	size_t name_bytes = r ? name_length(r->owner) : 0, at = 0;
	size_t bytes = r ? name_bytes + 10 + r->rdata_bytes : 0;
	uint8_t *wire = r ? malloc(bytes) : NULL;
	ldns_rr *rr = NULL;

	if (wire) {
		struct wire_writer w = wire_writer_make(wire, bytes);

		wire_write(&w, r->owner, name_bytes);
		wire_write16(&w, r->type);
		wire_write16(&w, DNS_CLASS_IN);
		wire_write32(&w, r->ttl);
		wire_write16(&w, r->rdata_bytes);
		wire_write(&w, r->rdata, r->rdata_bytes);
		if (ldns_wire2rr(&rr, wire, bytes, &at, LDNS_SECTION_ANSWER))
			rr = NULL;
	}
	prove_found_text(out, rr);
	if (rr)
		ldns_rr_free(rr);
	else if (r)
		snprintf(out, PROVE_TEXT_MAX, "a record of TYPE%u, TTL %u",
		    r->type, r->ttl);
	free(wire);
}
