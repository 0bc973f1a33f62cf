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
	uint8_t lower[DNS_NAME_MAX + 1];
	char *type = ldns_rr_type2str((ldns_rr_type)q->type);

	name_lower(lower, q->name, name_length(q->name));
	snprintf(out, size, "%.300s %s%s%s", name_to_text(name, lower),
	    type ? type : "?", q->dnssec_ok ? " with DO" : "",
	    q->udp_bytes ? " over UDP" : "");
	free(type);
}

void
prove_found_text(char out[PROVE_TEXT_MAX], ldns_rr *rr)
{
	char *text;

	/* for people: not in the case of the question */
	if (rr)
		ldns_rr2canonical(rr);
	text = rr ? ldns_rr2str(rr) : NULL;

	if (text)
		text[strcspn(text, "\n")] = '\0';
	for (char *tab = text; tab && (tab = strchr(tab, '\t'));)
		*tab = ' ';
	snprintf(out, PROVE_TEXT_MAX, "%s%s%s", text ? "\"" : "",
	    text ? text : "nothing", text ? "\"" : "");
	free(text);
}

void
prove_flags_text(char out[PROVE_TEXT_MAX], unsigned flags)
{
	static const struct {
		unsigned bit;
		const char *name;
	} bits[] = {
	    {DNS_FLAG_AA, " AA"},
	    {DNS_FLAG_TC, " TC"},
	    {DNS_FLAG_RD, " RD"},
	    {DNS_FLAG_RA, " RA"},
	    {DNS_FLAG_Z, " Z"},
	    {DNS_FLAG_AD, " AD"},
	    {DNS_FLAG_CD, " CD"},
	};
	ldns_lookup_table *rcode =
	    ldns_lookup_by_id(ldns_rcodes, (int)(flags & 0xf));
	int at = snprintf(out, PROVE_TEXT_MAX, "%s%s",
	    flags & DNS_FLAG_QR ? "" : "no response, ",
	    rcode ? rcode->name : "an unknown rcode");

	for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++)
		if (flags & bits[i].bit)
			at += snprintf(out + at, PROVE_TEXT_MAX - (size_t)at,
			    "%s", bits[i].name);
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
