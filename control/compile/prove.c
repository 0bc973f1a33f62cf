/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The proof; what it is for is said in prove.h. For each zone and name: make
 * the questions (prove_questions.h), ask the engine over a stream, where
 * nothing is cut, and compare with the naive resolver (naive.h,
 * prove_compare.h); ask some of them again over UDP. Allocates one struct proof
 * for the whole run.
 */
#include "control/compile/prove.h"

#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/wire.h"
#include "control/compile/naive.h"
#include "control/compile/prove_compare.h"
#include "control/compile/prove_questions.h"
#include "dataplane/answer/answer.h"

enum {
	UDP_EVERY = 32,        /* questions, and all that are large */
	DO_EVERY = 8,          /* in zones without signatures */
	PROGRESS_EVERY = 4096, /* names */
};

struct proof {
	const struct generation *generation;
	const struct prove_options *options;
	struct naive *naive;
	struct naive_answer expected;
	struct prove_compare compare;
	struct answer_batch *batch;
	struct answer_config config;
	unsigned extras; /* questions a name besides its types */
	bool is_signed;  /* the zone in question */
	uint64_t asked, names_done, names_total;
	struct err why;
	uint8_t wire[PROVE_WIRE_MAX];
};

/* --- one question
 * --------------------------------------------------------------- */

/* Letters of both cases: the answer must keep them as asked. */
static void
case_mix(uint8_t *dst, const uint8_t *src, uint64_t pattern)
{
	size_t bytes = name_length(src);

	for (size_t i = 0; i < bytes; i++) {
		bool letter = src[i] >= 'a' && src[i] <= 'z';

		dst[i] =
		    letter && pattern >> (i & 31) & 1 ? src[i] ^ 0x20 : src[i];
	}
}

static size_t
query_write(uint8_t *wire, const struct prove_question *q, uint16_t id)
{
	struct wire_writer w = wire_writer_make(wire, PROVE_WIRE_MAX);

	wire_write16(&w, id);
	wire_write16(&w, 0);
	wire_write16(&w, 1);
	wire_write32(&w, 0);
	wire_write16(&w, q->edns);
	wire_write(&w, q->name, name_length(q->name));
	wire_write16(&w, q->type);
	wire_write16(&w, DNS_CLASS_IN);
	if (q->edns) {
		wire_write8(&w, 0);
		wire_write16(&w, DNS_TYPE_OPT);
		wire_write16(&w, q->udp_bytes ? q->udp_bytes : DNS_EDNS_MIN);
		wire_write32(&w, q->dnssec_ok ? 0x8000 : 0);
		wire_write16(&w, 0);
	}
	return (size_t)(w.at - wire);
}

static size_t
engine_ask(struct proof *p, const struct prove_question *q)
{
	struct query_ctx ctx = {
	    .config = &p->config,
	    .transport = q->udp_bytes ? ANSWER_UDP : ANSWER_STREAM,
	};
	uint16_t id = (uint16_t)(p->asked * 40503u);
	size_t bytes = query_write(p->wire, q, id);
	size_t capacity = (q->udp_bytes ? p->config.udp_max : DNS_MESSAGE_MAX) +
	                  ANSWER_SPARE_BYTES;
	enum verdict verdict;

	bytes = answer_one(
	    p->batch, p->generation, &ctx, p->wire, bytes, capacity, &verdict);
	p->asked++;
	if (bytes >= 2 && wire_load16(p->wire) != id)
		return 0; /* an answer to another question is none */
	return bytes;
}

static int
udp_prove(
    struct proof *p, const struct prove_question *stream, uint16_t udp_bytes)
{
	struct prove_question q = *stream;

	q.udp_bytes = udp_bytes;
	size_t bytes = engine_ask(p, &q);

	return prove_compare_udp(
	    &p->compare, &q, &p->expected, p->wire, bytes, &p->why);
}

static int
question_prove(struct proof *p, const struct prove_question *q)
{
	bool udp = p->asked % UDP_EVERY == 0;
	int code = naive_ask(
	    p->naive, q->name, q->type, q->dnssec_ok, &p->expected, &p->why);

	if (code)
		return code;
	size_t bytes = engine_ask(p, q);

	code = prove_compare_whole(
	    &p->compare, q, &p->expected, p->wire, bytes, &p->why);
	udp |= bytes > DNS_EDNS_MIN;
	if (code == 0 && udp)
		code = udp_prove(p, q, DNS_EDNS_MIN);
	if (code == 0 && udp && q->edns)
		code = udp_prove(p, q, p->config.udp_max);
	return code;
}

static int
name_and_type_ask(void *arg, const uint8_t *name, uint16_t type)
{
	struct proof *p = arg;
	uint8_t mixed[DNS_NAME_MAX + 1];
	struct prove_question q = {
	    .name = mixed,
	    .type = type,
	    .edns = p->asked & 1,
	    .dnssec_ok = !p->is_signed && p->asked % DO_EVERY == 1,
	};
	int code;

	case_mix(mixed, name, p->asked * 0x9e3779b97f4a7c15ull >> 32);
	code = question_prove(p, &q);
	if (code == 0 && p->is_signed) {
		q.edns = q.dnssec_ok = true;
		code = question_prove(p, &q);
	}
	return code;
}

/* --- names and zones
 * ------------------------------------------------------------- */

static void
progress_say(struct proof *p)
{
	if (p->options && p->options->progress)
		p->options->progress(p->options->arg,
		    p->names_done < p->names_total ? p->names_done
						   : p->names_total,
		    p->names_total);
}

static bool
is_wanted(const struct proof *p, size_t zone, const uint8_t *name)
{
	return !p->options || !p->options->wanted ||
	       p->options->wanted(p->options->arg, zone, name);
}

static bool
has_signatures(const struct zone_records *z)
{
	for (size_t i = 0; i < z->count; i++)
		if (z->records[i].type == DNS_TYPE_RRSIG)
			return true;
	return false;
}

static int
zone_prove(struct proof *p, const struct zone_records *records, size_t zone)
{
	const struct naive_zone *z;
	int code = naive_zone_open(p->naive, zone, &z, &p->why);

	p->is_signed = has_signatures(records);
	for (size_t i = 0; code == 0 && i < z->count; i++) {
		if (!is_wanted(p, zone, z->names[i].owner))
			continue;
		if (p->names_done++ % PROGRESS_EVERY == 0)
			progress_say(p);
		code = prove_questions_of_name(z, i, p->names_done, p->extras,
		    p->is_signed, name_and_type_ask, p);
		/* the questions may have led to other zones */
		if (code == 0)
			code = naive_zone_open(p->naive, zone, &z, &p->why);
	}
	return code;
}

/* --- all of it
 * -------------------------------------------------------------------- */

static void
proof_free(struct proof *p)
{
	if (!p)
		return;
	naive_close(&p->naive);
	naive_answer_fini(&p->expected);
	prove_compare_fini(&p->compare);
	answer_batch_free(p->batch);
	free(p);
}

static struct proof *
proof_new(const struct generation *g, const struct zone_records *const *zones,
    size_t nzones, const struct prove_options *options, struct err *err)
{
	struct proof *p = calloc(1, sizeof *p);

	if (p)
		p->batch = answer_batch_new();
	if (!p || !p->batch || naive_open(&p->naive, zones, nzones, err) != 0) {
		err_set(err, ERR_NO_MEMORY, "no memory for the proof");
		proof_free(p);
		return NULL;
	}
	p->generation = g;
	p->options = options;
	answer_config_default(&p->config);
	return p;
}

/* How many names will be asked for, without an index: owners as they change in
 * the records. */
static uint64_t
names_count(const struct proof *p, const struct zone_records *const *zones,
    const uint32_t *subjects, size_t nsubjects)
{
	uint64_t names = 0;

	for (size_t i = 0; i < nsubjects; i++) {
		const struct zone_records *z = zones[subjects[i]];

		for (size_t j = 0; j < z->count; j++)
			if (j == 0 ||
			    z->records[j].owner != z->records[j - 1].owner)
				names += is_wanted(p, subjects[i],
				    record_owner(z, &z->records[j]));
	}
	return names;
}

int
prove_zones(const struct generation *g, const struct zone_records *const *zones,
    size_t nzones, const uint32_t *subjects, size_t nsubjects,
    const struct prove_options *options, struct prove_fault *faults,
    size_t faults_max, size_t *nfaults, uint64_t *answers, struct err *err)
{
	struct proof *p = proof_new(g, zones, nzones, options, err);
	int code = 0;

	*nfaults = 0;
	*answers = 0;
	if (!p)
		return ERR_NO_MEMORY;
	p->names_total = names_count(p, zones, subjects, nsubjects);
	p->extras = prove_questions_extras(p->names_total);
	for (size_t i = 0; i < nsubjects && *nfaults < faults_max; i++) {
		code = zone_prove(p, zones[subjects[i]], subjects[i]);
		if (code == ERR_REFUSED)
			faults[(*nfaults)++] = (struct prove_fault){
			    .zone = subjects[i],
			    .why = p->why,
			};
		else if (code)
			break;
	}
	*answers = p->asked;
	if (code && code != ERR_REFUSED)
		err_set(err, code, "%s", p->why.text);
	else if (*nfaults)
		code = err_set(err, ERR_REFUSED,
		    "the proof refuses %zu zone%s; the first: %s", *nfaults,
		    *nfaults == 1 ? "" : "s", faults[0].why.text);
	else
		code = 0;
	proof_free(p);
	return code;
}
