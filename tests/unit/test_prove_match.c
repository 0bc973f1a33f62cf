/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What control/compile/prove_match.c takes for right, ldns and the comparison
 * behind it take for right as well: for the engine's own responses, and for
 * each of them with an octet changed, wherever it is.
 */
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/wire.h"
#include "control/compile/prove_compare.h"
#include "control/compile/prove_questions.h"
#include "dataplane/answer/answer.h"
#include "tests/rig/text_generation.h"
#include "tests/unit/unit_run.h"

enum {
	ZONES = 3,
	EXTRAS = 21,
	/* what is_to_be_decoded() of prove_compare.c says of these counts */
	DECODE = 0,
	DO_NOT_DECODE = 1 << 20,
};

static const struct text_zone zones[ZONES] = {
    {"example.",
	"@ 300 SOA ns1 host 1 3600 600 86400 60\n@ 300 NS ns1\n@ 300 NS ns2\n"
	"ns1 300 A 192.0.2.1\nns1 300 AAAA 2001:db8::1\nns2 300 A 192.0.2.2\n"
	"@ 300 MX 10 mail\n@ 300 MX 20 mail.elsewhere.\nmail 60 A 192.0.2.3\n"
	"alias 60 CNAME mail\nout 60 CNAME www.elsewhere.\n"
	"*.wild 60 TXT \"one\" \"two\"\na.b.c 60 A 192.0.2.4\n"
	"child 300 NS ns.child\nns.child 300 A 192.0.2.5\n"
	"other 300 NS ns1\nname 60 DNAME target\nx.target 60 A 192.0.2.6\n"
	"_s._tcp 60 SRV 1 2 53 ns1\np 60 PTR ns1\nm 60 MINFO ns1 ns2\n"
	"many 60 A 192.0.2.7\nmany 60 A 192.0.2.8\nmany 60 A 192.0.2.9\n"
	"unknown 60 TYPE65400 \\# 4 0a000001\n",
	false},
    {"signed.example.",
	"@ 300 SOA ns host 1 3600 600 86400 60\n"
	"@ 300 RRSIG SOA 8 2 300 20300101000000 20200101000000 1 "
	"signed.example. AAAA\n@ 300 NS ns\n@ 300 DNSKEY 256 3 8 AwEAAQ==\n"
	"ns 300 A 192.0.2.9\nns 300 RRSIG A 8 3 300 20300101000000 "
	"20200101000000 1 signed.example. AAAA\n",
	false},
    {"split.example.",
	"@ 300 SOA ns host 1 3600 600 86400 60\n@ 300 NS ns\n"
	"ns 300 A 192.0.2.10\nwww 300 A 192.0.2.11\nsub 300 NS ns.sub\n"
	"ns.sub 300 A 192.0.2.12\n",
	true},
};

struct world {
	struct zone_records *records[ZONES];
	struct generation *generation;
	struct naive *naive;
	struct naive_answer expected;
	struct answer_batch *batch;
	struct prove_compare compare;
	unsigned asked, matched, changed, wrong;
	uint64_t random;
	uint8_t wire[PROVE_WIRE_MAX];
};

static int
compare(struct world *w, const struct prove_question *q, const uint8_t *wire,
    size_t bytes, uint64_t decode)
{
	struct err err;

	w->compare.compared = decode;
	return prove_compare_whole(
	    &w->compare, q, &w->expected, wire, bytes, &err);
}

/* One octet changed at a time; the verdicts must be the same. */
static void
change_octets(struct world *w, const struct prove_question *q, uint8_t *wire,
    size_t bytes)
{
	for (size_t i = 2; i < bytes; i++) {
		uint8_t keep = wire[i];
		int decoded, matched;

		w->random = w->random * 6364136223846793005ull + 1;
		wire[i] ^= (uint8_t)(1u << (w->random >> 61));
		decoded = compare(w, q, wire, bytes, DECODE);
		matched = compare(w, q, wire, bytes, DO_NOT_DECODE);
		ck_assert_msg(!decoded == !matched,
		    "octet %zu: %d if decoded, %d if matched", i, decoded,
		    matched);
		w->changed++;
		w->wrong += decoded != 0;
		wire[i] = keep;
	}
}

static int
ask(void *arg, const uint8_t *name, uint16_t type)
{
	struct answer_config config;
	struct query_ctx ctx = {.config = &config, .transport = ANSWER_STREAM};
	struct world *w = arg;
	struct prove_question q = {.name = name, .type = type};
	struct wire_writer out = wire_writer_make(w->wire, sizeof w->wire);
	enum verdict verdict;
	struct err err;
	size_t bytes;

	answer_config_default(&config);
	q.edns = w->asked % 2;
	q.dnssec_ok = w->asked % 4 == 3;
	wire_write32(&out, w->asked << 16);
	wire_write32(&out, 1 << 16);
	wire_write32(&out, q.edns);
	wire_write(&out, name, name_length(name));
	wire_write32(&out, (uint32_t)type << 16 | DNS_CLASS_IN);
	if (q.edns) {
		wire_write8(&out, 0);
		wire_write32(&out, DNS_TYPE_OPT << 16 | 1232);
		wire_write32(&out, q.dnssec_ok ? 0x8000 : 0);
		wire_write16(&out, 0);
	}
	bytes = answer_one(w->batch, w->generation, &ctx, w->wire,
	    (size_t)(out.at - w->wire), DNS_MESSAGE_MAX + ANSWER_SPARE_BYTES,
	    &verdict);
	ck_assert_int_eq(
	    naive_ask(w->naive, name, type, q.dnssec_ok, &w->expected, &err),
	    0);
	ck_assert_int_eq(compare(w, &q, w->wire, bytes, DECODE), 0);
	w->compare.decoded = 0;
	ck_assert_int_eq(compare(w, &q, w->wire, bytes, DO_NOT_DECODE), 0);
	w->matched += w->compare.decoded == 0;
	if (w->asked++ % 4 == 0 || !w->compare.decoded)
		change_octets(w, &q, w->wire, bytes);
	return 0;
}

START_TEST(what_matches_is_what_ldns_decodes)
{
	struct world *w = calloc(1, sizeof *w);
	const struct naive_zone *zone;
	struct err err;

	ck_assert_ptr_nonnull(w);
	ck_assert_msg(text_generation_make(
			  &w->generation, w->records, zones, ZONES, &err) == 0,
	    "%s", err.text);
	/* sorted: example., signed.example., split.example. */
	ck_assert_int_eq(
	    naive_open(&w->naive,
		(const struct zone_records *const *)w->records, ZONES, &err),
	    0);
	w->batch = answer_batch_new();
	for (size_t z = 0; z < ZONES; z++) {
		ck_assert_int_eq(naive_zone_open(w->naive, z, &zone, &err), 0);
		for (size_t i = 0; i < zone->count; i++) {
			prove_questions_of_name(
			    zone, i, i, EXTRAS, true, ask, w);
			ck_assert_int_eq(
			    naive_zone_open(w->naive, z, &zone, &err), 0);
		}
	}
	/* nearly all is matched, and nearly every change is a fault */
	ck_assert_uint_gt(w->asked, 500);
	ck_assert_uint_gt(w->matched, w->asked * 8 / 10);
	ck_assert_uint_gt(w->wrong, w->changed * 8 / 10);
	naive_close(&w->naive);
	naive_answer_fini(&w->expected);
	prove_compare_fini(&w->compare);
	answer_batch_free(w->batch);
	generation_free(&w->generation);
	for (size_t z = 0; z < ZONES; z++)
		zone_records_free(w->records[z]);
	free(w);
}
END_TEST

UNIT_MAIN("prove_match", what_matches_is_what_ldns_decodes)
