/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Zones as text in, answers as text out (answer_rig.h). Runs in tests.
 */
#include <check.h>
#include <ldns/ldns.h>
#include <stdlib.h>

#include "base/name.h"
#include "base/wire.h"
#include "tests/unit/answer_rig.h"

void
rig_open(struct rig *r, const struct text_zone *zones, unsigned n)
{
	struct err err;

	*r = (struct rig){.batch = answer_batch_new(), .nzones = n};
	ck_assert(r->batch != NULL);
	answer_config_default(&r->config);
	ck_assert_msg(
	    text_generation_make(&r->g, r->zones, zones, n, &err) == 0, "%s",
	    err.text);
}

void
rig_close(struct rig *r)
{
	generation_free(&r->g);
	answer_batch_free(r->batch);
	for (unsigned i = 0; i < r->nzones; i++)
		zone_records_free(r->zones[i]);
	free(r->response);
}

void
rig_send(struct rig *r, const void *message, size_t bytes,
    enum answer_transport transport)
{
	size_t most =
	    transport == ANSWER_UDP ? r->config.udp_max : DNS_MESSAGE_MAX;
	size_t capacity = (bytes > most ? bytes : most) + ANSWER_SPARE_BYTES;
	struct query_ctx ctx = {.config = &r->config,
	    .transport = transport,
	    .ttl_cap = r->ttl_cap,
	    .probation = r->probation,
	    .secrets = r->secrets,
	    .now = r->now,
	    .require_cookie = r->require_cookie,
	    .keepalive = r->keepalive};
	struct answer_query q = {.bytes = (uint32_t)bytes,
	    .capacity = (uint32_t)capacity,
	    .client = r->client,
	    .client_bytes = r->client_bytes};

	free(r->response);
	r->response = malloc(capacity);
	ck_assert(r->response != NULL);
	memcpy(r->response, message, bytes);
	q.message = r->response;
	answer_batch_find(r->batch, r->g, &ctx, &q, 1);
	if (r->withhold)
		q.verdict = (uint8_t)r->withhold;
	answer_batch_write(r->batch, r->g, &ctx, &q, 1);
	r->response_bytes = q.response_bytes;
	r->verdict = q.verdict;
	r->cookie = q.cookie;
}

static char rig_text[1 << 20];

static void
text_add(const char *s)
{
	size_t at = strlen(rig_text);

	ck_assert(at + strlen(s) + 1 < sizeof rig_text);
	memcpy(rig_text + at, s, strlen(s) + 1);
}

/* "owner\tTTL\tIN\tTYPE\trdata\n" to single blanks, class left out. */
static void
text_add_rr(const ldns_rr *rr)
{
	char *s = ldns_rr2str(rr);
	char *out = s, *class = strstr(s, "\tIN\t");

	if (class)
		memmove(class + 1, class + 4, strlen(class + 4) + 1);
	for (char *p = s; *p; p++) {
		if (*p == '\n')
			break;
		if ((*p == '\t' || *p == ' ') && (out == s || out[-1] == ' '))
			continue;
		*out++ = *p == '\t' ? ' ' : *p;
	}
	while (out > s && out[-1] == ' ')
		out--;
	*out = 0;
	text_add(s);
	free(s);
}

static void
text_add_section(const ldns_rr_list *list)
{
	text_add(" |");
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		text_add(i ? "; " : " ");
		text_add_rr(ldns_rr_list_rr(list, i));
	}
}

static const char *
text_of_response(const struct rig *r)
{
	ldns_pkt *pkt;
	char *rcode;

	rig_text[0] = 0;
	if (!r->response_bytes)
		return "nothing";
	if (ldns_wire2pkt(&pkt, r->response, r->response_bytes) !=
	    LDNS_STATUS_OK)
		return "does not decode";
	rcode = ldns_pkt_rcode2str(ldns_pkt_get_rcode(pkt));
	text_add(ldns_pkt_edns_extended_rcode(pkt) ? "EXTENDED" : rcode);
	free(rcode);
	if (ldns_pkt_aa(pkt))
		text_add(" aa");
	if (ldns_pkt_tc(pkt))
		text_add(" tc");
	if (ldns_pkt_rd(pkt))
		text_add(" rd");
	if (ldns_pkt_ra(pkt) || ldns_pkt_ad(pkt) || ldns_pkt_cd(pkt))
		text_add(" ra/ad/cd");
	if (ldns_pkt_edns(pkt))
		text_add(" edns");
	text_add_section(ldns_pkt_answer(pkt));
	text_add_section(ldns_pkt_authority(pkt));
	text_add_section(ldns_pkt_additional(pkt));
	ldns_pkt_free(pkt);
	return rig_text;
}

const char *
rig_ask(struct rig *r, const char *question)
{
	uint8_t m[1024] = {0x12, 0x34, 0, 0, 0, 1};
	char name[NAME_TEXT_MAX], type[32], *copy = strdup(question), *save;
	enum answer_transport transport = ANSWER_UDP;
	unsigned size = 0, want_do = 0, nsid = 0;
	struct err err;
	uint8_t *p = m + DNS_HEADER_BYTES;
	int bytes;

	ck_assert(sscanf(copy, "%1023s %31s", name, type) == 2);
	bytes = name_from_text(p, name, &err);
	ck_assert_msg(bytes > 0, "%s", err.text);
	p += bytes;
	wire_store16(p, (uint16_t)ldns_get_rr_type_by_name(type));
	wire_store16(p + 2, DNS_CLASS_IN);
	p += 4;
	for (char *w = strtok_r(copy, " ", &save); w;
	     w = strtok_r(NULL, " ", &save)) {
		if (!strcmp(w, "+tcp"))
			transport = ANSWER_STREAM;
		else if (!strcmp(w, "+do"))
			want_do = 1;
		else if (!strcmp(w, "+nsid"))
			nsid = 1;
		else if (!strncmp(w, "+edns=", 6))
			size = (unsigned)atoi(w + 6);
	}
	if (size || want_do || nsid) {
		memcpy(p, "\0\0\x29\x04\xd0\0\0\0\0\0\0\0\3\0\0", 15);
		if (size)
			wire_store16(p + 3, (uint16_t)size);
		p[7] = want_do ? 0x80 : 0;
		p[10] = nsid ? 4 : 0;
		p += nsid ? 15 : 11;
		m[11] = 1;
	}
	free(copy);
	rig_send(r, m, (size_t)(p - m), transport);
	return text_of_response(r);
}
