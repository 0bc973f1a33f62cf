/* SPDX-License-Identifier: BSD-2-Clause
 *
 * holdfast query: a question answered by the engine, from a generation of the
 * store, offline; the response is printed by ldns, which has no code in common
 * with the engine. Holds the generation in memory.
 */
#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/name.h"
#include "base/wire.h"
#include "dataplane/answer/answer.h"
#include "snapshot/load.h"
#include "tools/tool_output.h"

enum {
	UDP_DEFAULT = 1232,
	UDP_MOST = 4096,
	MESSAGE_SLACK = 192,
};

struct question {
	uint8_t name[DNS_NAME_MAX];
	size_t name_bytes;
	uint16_t type;
	bool dnssec_ok;
};

/* NAME, TYPE and +do, in this order or another. */
static int
question_read(struct question *q, const struct tool *t, struct err *err)
{
	bool have_type = false;
	int n;

	q->type = DNS_TYPE_A;
	for (int i = 0; i < t->nargs; i++) {
		const char *word = t->args[i];

		if (strcmp(word, "+do") == 0 || strcmp(word, "+dnssec") == 0) {
			q->dnssec_ok = true;
		} else if (word[0] == '+') {
			return err_set(err, ERR_USAGE,
			    "\"%s\": the only word of this kind is +do", word);
		} else if (q->name_bytes == 0) {
			n = name_from_text(q->name, word, err);
			if (n < 0)
				return err_set(err, ERR_USAGE,
				    "\"%s\" is no domain name", word);
			q->name_bytes = (size_t)n;
		} else if (!have_type) {
			q->type = (uint16_t)ldns_get_rr_type_by_name(word);
			have_type = true;
			if (q->type == 0)
				return err_set(err, ERR_USAGE,
				    "\"%s\" is no type; write A, AAAA, MX, ... "
				    "or TYPE123",
				    word);
		} else {
			return err_set(err, ERR_USAGE,
			    "\"%s\" is one word too many", word);
		}
	}
	return q->name_bytes ? 0
	                     : err_set(err, ERR_USAGE, "no name to ask for");
}

static size_t
question_write(const struct question *q, unsigned udp_bytes, uint8_t *message)
{
	struct wire_writer w = wire_writer_make(message, DNS_MESSAGE_MAX);

	wire_write16(&w, 0); /* ID: nobody else is asked */
	wire_write16(&w, 0);
	wire_write16(&w, 1);
	wire_write16(&w, 0);
	wire_write16(&w, 0);
	wire_write16(&w, 1);
	wire_write(&w, q->name, q->name_bytes);
	wire_write16(&w, q->type);
	wire_write16(&w, DNS_CLASS_IN);
	wire_write8(&w, 0); /* OPT: RFC 6891 section 6.1.2 */
	wire_write16(&w, DNS_TYPE_OPT);
	wire_write16(&w, (uint16_t)udp_bytes);
	wire_write32(&w, q->dnssec_ok ? 0x8000 : 0);
	wire_write16(&w, 0);
	return (size_t)(w.at - message);
}

/* Octets of the response, in the buffer of the question. */
static size_t
ask(const struct tool *t, const struct generation *g, const struct question *q,
    uint8_t *message, enum verdict *verdict)
{
	unsigned udp_bytes = t->udp_bytes ? t->udp_bytes : UDP_DEFAULT;
	struct answer_batch *batch = answer_batch_new();
	struct answer_config config;
	const struct query_ctx ctx = {.config = &config,
	    .transport = t->tcp ? ANSWER_STREAM : ANSWER_UDP};
	size_t bytes;

	if (batch == NULL)
		return 0;
	answer_config_default(&config);
	if (udp_bytes > config.udp_max)
		config.udp_max =
		    (uint16_t)(udp_bytes < UDP_MOST ? udp_bytes : UDP_MOST);
	bytes = question_write(q, udp_bytes, message);
	bytes = answer_one(batch, g, &ctx, message, bytes,
	    DNS_MESSAGE_MAX + ANSWER_SPARE_BYTES, verdict);
	answer_batch_free(batch);
	return bytes;
}

static json_t *
section_json(const ldns_rr_list *list)
{
	json_t *out = json_array();

	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		char *text = ldns_rr2str(ldns_rr_list_rr(list, i));

		if (text == NULL)
			continue;
		text[strcspn(text, "\n")] = '\0';
		json_array_append_new(out, json_string(text));
		LDNS_FREE(text);
	}
	return out;
}

static void
print_json(const ldns_pkt *p, const struct generation *g, size_t bytes,
    enum verdict verdict)
{
	char *rcode = ldns_pkt_rcode2str(ldns_pkt_get_rcode(p));

	output_json(json_pack("{s:b, s:s?, s:s, s:b, s:b, s:I, s:o, s:o, s:o, "
			      "s:o}",
	    "ok", 1, "rcode", rcode, "verdict", verdict_name(verdict), "aa",
	    ldns_pkt_aa(p), "tc", ldns_pkt_tc(p), "bytes", (json_int_t)bytes,
	    "generation", output_json_digest(&g->digest), "answer",
	    section_json(ldns_pkt_answer(p)), "authority",
	    section_json(ldns_pkt_authority(p)), "additional",
	    section_json(ldns_pkt_additional(p))));
	LDNS_FREE(rcode);
}

/* ldns prints EDNS behind what it says about the network, which is not here. */
static void
print_text(const ldns_pkt *p, const struct generation *g, enum verdict verdict)
{
	char *text = ldns_pkt2str(p), hex[DIGEST_TEXT_MAX];
	char *network = text ? strstr(text, ";; Query time:") : NULL;
	char *edns = network ? strstr(network, "; EDNS:") : NULL;

	if (network)
		*network = '\0';
	printf("%s", text ? text : "");
	if (edns)
		printf(";%.*s\n", (int)strcspn(edns, "\n"), edns);
	printf(";; VERDICT: %s: %s\n;; GENERATION: %s\n", verdict_name(verdict),
	    verdict_meaning(verdict), digest_to_text(hex, &g->digest));
	LDNS_FREE(text);
}

static enum tool_status
response_print(const struct tool *t, const struct generation *g,
    const uint8_t *message, size_t bytes, enum verdict verdict)
{
	ldns_pkt *p = NULL;
	struct err err;

	if (bytes == 0)
		err_set(&err, ERR_REFUSED, "no response: %s (%s)",
		    verdict_name(verdict), verdict_meaning(verdict));
	else if (ldns_wire2pkt(&p, message, bytes) != LDNS_STATUS_OK)
		err_set(&err, ERR_CORRUPT,
		    "ldns cannot read the response of %zu octets: please "
		    "report this with the store",
		    bytes);
	if (p == NULL)
		return tool_fail(t, &err);
	if (t->json)
		print_json(p, g, bytes, verdict);
	else
		print_text(p, g, verdict);
	ldns_pkt_free(p);
	return TOOL_OK;
}

static enum tool_status
query_in(struct tool *t, struct store *s, const struct question *q)
{
	const struct load_options options = {.base = NULL};
	struct generation *g = NULL;
	struct digest digest;
	enum tool_status status;
	enum verdict verdict = VERDICT_SERVFAIL;
	uint8_t *message;
	struct err err;

	if (tool_generation(
		s, t->generation ? t->generation : "current", &digest, &err))
		return tool_fail(t, &err);
	if (generation_load(&g, s, &digest, &options, &err))
		return tool_fail_store(t, &err);
	message = aligned_alloc(64, DNS_MESSAGE_MAX + 1 + MESSAGE_SLACK);
	if (message == NULL) {
		err_set(&err, ERR_NO_MEMORY, "out of memory");
		status = tool_fail(t, &err);
	} else {
		size_t bytes = ask(t, g, q, message, &verdict);

		status = response_print(t, g, message, bytes, verdict);
	}
	free(message);
	generation_free(&g);
	return status;
}

enum tool_status
command_query(struct tool *t)
{
	struct question q = {0};
	struct store *s = NULL;
	enum tool_status status;
	struct err err;

	if (question_read(&q, t, &err))
		return tool_fail(t, &err);
	if (tool_store_open(t, &s, STORE_READ_ONLY, &err))
		return tool_fail_store(t, &err);
	status = query_in(t, s, &q);
	store_close(&s);
	return status;
}
