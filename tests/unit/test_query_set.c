/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Query sets: the engine's answers to every query of a set are the expected
 * ones, and a mix that makes no sense is refused with its reason.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/wire.h"
#include "tests/unit/query_rig.h"

/* --- answers
 * ------------------------------------------------------------------ */

/* The answer with another rcode, AA, or without its last record. */
static void
changes_are_noticed(struct rig *rig, uint64_t expected)
{
	uint8_t *m = rig->response;
	uint64_t f;

	m[3] ^= 1;
	ck_assert(
	    answer_fingerprint(m, rig->response_bytes, &f) && f != expected);
	m[3] ^= 1;
	m[2] ^= DNS_FLAG_AA >> 8;
	ck_assert(
	    answer_fingerprint(m, rig->response_bytes, &f) && f != expected);
	m[2] ^= DNS_FLAG_AA >> 8;
	m[2] |= DNS_FLAG_TC >> 8;
	ck_assert(
	    answer_fingerprint(m, rig->response_bytes, &f) && f != expected);
	m[2] &= (uint8_t) ~(DNS_FLAG_TC >> 8);
	/* the first record of the next section taken into this one */
	for (unsigned at = 6; at < 10; at += 2) {
		unsigned here = wire_load16(m + at);
		unsigned next = wire_load16(m + at + 2);

		if (next == 0)
			continue;
		wire_store16(m + at, (uint16_t)(here + 1));
		wire_store16(m + at + 2, (uint16_t)(next - 1));
		ck_assert(!answer_fingerprint(m, rig->response_bytes, &f) ||
			  f != expected);
		wire_store16(m + at, (uint16_t)here);
		wire_store16(m + at + 2, (uint16_t)next);
	}
}

static const struct asked {
	const char *apex, *file;
	unsigned known_percent; /* at least so many answers are known */
} asked[] = {
    {TORTURE_APEX, TORTURE_FILE, 90},
    {"parent.example", "tests/differential/parent.zone", 90},
    /* `many` does not fit */
    {"example.com", "tools/demo/example.com.zone", 90},
    {"example.net", "tools/demo/example.net.zone", 99},
};

static void
zone_ask(const struct asked *a)
{
	static const uint16_t sizes[] = {400, 512, 1232, 4096};
	struct query_mix mix = {
	    .count = 20000,
	    .nxdomain_percent = 15,
	    .random_percent = 10,
	    .edns_percent = 60,
	    .do_percent = 30,
	    .cookie_percent = 20,
	    .mixed_case_percent = 30,
	    .edns_sizes = sizes,
	    .nedns_sizes = sizeof sizes / sizeof *sizes,
	};
	struct query_set *s = set_of_zone(a->apex, a->file, mix);
	struct rig rig;

	rig_open_file(&rig, a->apex, a->file);
	ck_assert_uint_eq(s->count, mix.count);
	for (uint32_t i = 0; i < s->count; i++) {
		query_check(&rig, s, i);
		if (s->queries[i].expected)
			changes_are_noticed(&rig, s->queries[i].expected);
	}
	ck_assert_uint_ge(
	    s->with_expected * 100, (uint64_t)s->count * a->known_percent);
	rig_close(&rig);
	query_set_free(&s);
}

START_TEST(the_engine_answers_as_expected)
{
	for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
		zone_ask(&asked[i]);
}
END_TEST

/* Types that names do not own: negative answers, and any that ANY may get. */
START_TEST(types_may_be_chosen)
{
	static const uint16_t types[] = {DNS_TYPE_A, DNS_TYPE_DS, DNS_TYPE_SOA,
	    DNS_TYPE_ANY, DNS_TYPE_RRSIG, DNS_TYPE_CNAME};
	struct query_mix mix = {
	    .count = 20000,
	    .types = types,
	    .ntypes = sizeof types / sizeof *types,
	};
	struct query_set *s = set_of_zone(TORTURE_APEX, TORTURE_FILE, mix);
	struct rig rig;
	uint32_t any = 0;

	rig_open_file(&rig, TORTURE_APEX, TORTURE_FILE);
	for (uint32_t i = 0; i < s->count; i++) {
		const struct load_query *q = &s->queries[i];
		const uint8_t *type = s->messages + q->at + q->bytes - 4;

		query_check(&rig, s, i);
		any += wire_load16(type) == DNS_TYPE_ANY;
	}
	ck_assert_uint_gt(any, s->count / 6 - s->count / 60);
	ck_assert_uint_lt(any, s->count / 6 + s->count / 60);
	rig_close(&rig);
	query_set_free(&s);
}
END_TEST

#define SIG(covers)                                                            \
	" 60 RRSIG " covers " 8 2 60 20300101000000 20200101000000 1 example." \
	" c2lnbmF0dXJl\n"
#define DIGEST "0123456789012345678901234567890123456789"

static const char signed_zone[] =
    "@ 60 SOA ns host 1 3600 600 86400 60\n@" SIG("SOA") "@ 60 NS ns\n@" SIG("NS") "@ 60 DNSKEY 256 3 8 AwEAAQ==\n@" SIG("DNSKEY") "ns 60 A 192.0.2.1\nns" SIG(
	"A") "*.wild 60 A 192.0.2.2\n*.wild" SIG("A") "safe 60 NS ns.safe\nsafe 60 DS 1 8 1 " DIGEST
						      "\nsafe" SIG(
							  "DS") "ns.safe 60 A 192.0.2.3\n"
								"unsafe 60 NS ns.unsafe\nns.unsafe 60 A 192.0.2.4\n";

static const struct signed_asked {
	const char *line;
	bool known, known_with_do;
} signed_asked[] = {
    {"ns.example A", true, true},
    {"x.safe.example A", true, true},
    {"safe.example DS", true, true},
    /* these need NSEC or NSEC3 beside them */
    {"x.unsafe.example A", true, false},
    {"x.example A", true, false},
    {"ns.example AAAA", true, false},
    {"x.wild.example A", true, false},
    /* any signatures will do */
    {"ns.example RRSIG", false, false},
    {"ns.example ANY", false, false},
};

/* What naive resolver and engine leave out is not expected. */
START_TEST(proofs_of_absence_are_not_expected)
{
	char directory[UNIT_PATH_MAX], zone[UNIT_PATH_MAX], list[UNIT_PATH_MAX];
	struct query_mix mix = {.list = list};
	struct rig rig;

	unit_directory_make(directory);
	file_of_text(unit_path(zone, directory, "zone"), signed_zone);
	rig_open_file(&rig, "example", zone);
	for (size_t i = 0; i < 2 * sizeof signed_asked / sizeof *signed_asked;
	     i++) {
		const struct signed_asked *a = &signed_asked[i / 2];
		struct query_set *s;

		mix.edns_percent = mix.do_percent = i % 2 ? 100 : 0;
		file_of_text(unit_path(list, directory, "list"), a->line);
		s = set_of_zone("example", zone, mix);
		ck_assert_uint_eq(s->count, 1);
		ck_assert_msg(
		    s->with_expected == (i % 2 ? a->known_with_do : a->known),
		    "%s, DO %zu", a->line, i % 2);
		query_check(&rig, s, 0);
		query_set_free(&s);
	}
	rig_close(&rig);
	unit_directory_remove(directory);
}
END_TEST

/* What is there for DO alone is not what a client asks for. */
START_TEST(proofs_are_not_asked_for)
{
	static const char nsec[] =
	    "@ 60 SOA ns host 1 3600 600 86400 60\n@ 60 NS ns\n"
	    "@ 60 NSEC ns SOA NS NSEC RRSIG\n@" SIG(
		"NSEC") "ns 60 A 192.0.2.1\nns 60 NSEC only A NSEC RRSIG\n"
			"only 60 NSEC @ NSEC RRSIG\nonly" SIG("NSEC");
	char directory[UNIT_PATH_MAX], zone[UNIT_PATH_MAX];
	struct query_mix mix = {.count = 200};
	struct query_set *s;

	unit_directory_make(directory);
	file_of_text(unit_path(zone, directory, "zone"), nsec);
	s = set_of_zone("example", zone, mix);
	ck_assert_uint_eq(s->count, mix.count);
	for (uint32_t i = 0; i < s->count; i++) {
		const struct load_query *q = &s->queries[i];
		uint16_t type = wire_load16(s->messages + q->at + q->bytes - 4);

		ck_assert_msg(type == DNS_TYPE_SOA || type == DNS_TYPE_NS ||
				  type == DNS_TYPE_A,
		    "type %u", type);
	}
	query_set_free(&s);
	unit_directory_remove(directory);
}
END_TEST

/* Sets of addresses, 16 octets each, about as many as go into 512 and 1,232
 * octets, at names of 1 to 16 octets. */
static void
sets_write(const char *path)
{
	static const unsigned counts[] = {28, 29, 30, 73, 74, 75};
	struct bytes text = {0};

	bytes_printf(&text, "$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\n");
	for (unsigned c = 0; c < sizeof counts / sizeof *counts; c++)
		for (unsigned fill = 0; fill < 16; fill++)
			for (unsigned i = 0; i < counts[c]; i++)
				bytes_printf(&text, "%c%.*s A 192.0.2.%u\n",
				    'a' + c, (int)fill, "xxxxxxxxxxxxxxx", i);
	bytes_append_zero(&text, 1);
	file_of_text(path, (const char *)text.data);
	bytes_fini(&text);
}

/* To the octet, where only owners are compressed. */
START_TEST(what_fits_is_expected_and_what_does_not_is_not)
{
	static const uint16_t a[] = {DNS_TYPE_A}, sizes[] = {4096};
	char directory[UNIT_PATH_MAX], path[UNIT_PATH_MAX];
	struct query_mix mix = {.count = 5000,
	    .edns_percent = 50,
	    .edns_sizes = sizes,
	    .nedns_sizes = 1,
	    .types = a,
	    .ntypes = 1};
	uint32_t truncated = 0;
	struct query_set *s;
	struct rig rig;

	unit_directory_make(directory);
	sets_write(unit_path(path, directory, "zone"));
	s = set_of_zone("example", path, mix);
	rig_open_file(&rig, "example", path);
	for (uint32_t i = 0; i < s->count; i++) {
		bool tc;

		query_check(&rig, s, i);
		tc = rig.response[2] & DNS_FLAG_TC >> 8;
		truncated += tc;
		ck_assert_int_eq(tc, s->queries[i].expected == 0);
	}
	ck_assert_uint_gt(truncated, s->count / 4);
	ck_assert_uint_lt(truncated, s->count * 3 / 4);
	rig_close(&rig);
	query_set_free(&s);
	unit_directory_remove(directory);
}
END_TEST

/* --- sets ------------------------------------------------------------ */

static bool
sets_are_equal(const struct query_set *a, const struct query_set *b)
{
	return a->count == b->count && a->distinct == b->distinct &&
	       a->message_bytes == b->message_bytes &&
	       memcmp(a->messages, b->messages, a->message_bytes) == 0 &&
	       memcmp(a->queries, b->queries, a->count * sizeof *a->queries) ==
	           0;
}

START_TEST(a_seed_makes_one_set)
{
	struct query_mix mix = {.count = 5000,
	    .nxdomain_percent = 30,
	    .edns_percent = 50,
	    .cookie_percent = 20,
	    .zipf = 1};
	struct query_set *a = set_of_zone(TORTURE_APEX, TORTURE_FILE, mix);
	struct query_set *b = set_of_zone(TORTURE_APEX, TORTURE_FILE, mix);
	struct query_set *c;

	mix.seed = 1;
	c = set_of_zone(TORTURE_APEX, TORTURE_FILE, mix);
	ck_assert(sets_are_equal(a, b));
	ck_assert(!sets_are_equal(a, c));
	query_set_free(&a);
	query_set_free(&b);
	query_set_free(&c);
}
END_TEST

/* Many zones, one below the other among them: each query belongs to one. */
START_TEST(many_zones)
{
	enum { ZONES = 60, NAME_BYTES = 32 };
	static char apexes[ZONES][NAME_BYTES];
	const char *apex[ZONES], *file[ZONES];
	char directory[UNIT_PATH_MAX], path[UNIT_PATH_MAX];
	struct query_mix mix = {.count = 5000,
	    .nxdomain_percent = 20,
	    .zone_apexes = apex,
	    .zone_files = file,
	    .nzones = ZONES};
	struct query_set *s;

	unit_directory_make(directory);
	thousand_write(path, directory);
	for (unsigned i = 0; i < ZONES; i++) {
		snprintf(apexes[i], NAME_BYTES, "z%u.example", i * 7 % ZONES);
		apex[i] = i ? apexes[i] : "example";
		file[i] = path;
	}
	s = set_make(&mix);
	ck_assert_uint_eq(s->with_expected, s->count);
	query_set_free(&s);
	apex[1] = "EXAMPLE";
	ck_assert_int_eq(query_set_make(&s, &mix, NULL), ERR_USAGE);
	unit_directory_remove(directory);
}
END_TEST

/* --- what is refused
 * ------------------------------------------------------------- */

static const char *const zone_apex[] = {TORTURE_APEX};
static const char *const zone_file[] = {TORTURE_FILE};
static const char *const zone_missing[] = {"tests/no.zone"};
static const char *const apex_bad[] = {"torture..example"};
static const uint16_t one_type[] = {DNS_TYPE_A};

#define ZONE .zone_apexes = zone_apex, .zone_files = zone_file, .nzones = 1

static const struct refused {
	struct query_mix mix;
	const char *text; /* part of it */
} refused[] = {
    {{0}, "no zones, no list and no pcap"},
    {{.list = "a", .pcap = "b"}, "a list and a pcap"},
    {{.list = "a", .zipf = 1}, "a list has names and types of its own"},
    {{.pcap = "a", .types = one_type, .ntypes = 1}, "a pcap has names"},
    {{.pcap = "a", .edns_percent = 1}, "stay as they are"},
    {{ZONE, .nxdomain_percent = 101}, "share of NXDOMAIN is 101 %"},
    {{ZONE, .edns_percent = NAN}, "share of EDNS is nan %"},
    {{ZONE, .nxdomain_percent = 60, .random_percent = 50},
	"NXDOMAIN and random names, 110 %, is more than"},
    {{ZONE, .do_percent = 10}, "share of DO, 10 %, is more than that of EDNS"},
    {{ZONE, .edns_percent = 5, .cookie_percent = 10}, "share of cookies"},
    {{ZONE, .zipf = -1}, "exponent of zipf is -1"},
    {{ZONE, .name_labels = 128}, "names of 128 labels"},
    {{.zone_apexes = zone_apex, .zone_files = zone_missing, .nzones = 1},
	"tests/no.zone"},
    {{.zone_apexes = apex_bad, .zone_files = zone_file, .nzones = 1},
	"\"torture..example\" is no domain name"},
    {{ZONE, .list = "tests/no.list"}, "tests/no.list"},
    {{ZONE, .pcap = "tests/no.pcap"}, "tests/no.pcap: No such file"},
    {{.pcap = TORTURE_FILE}, TORTURE_FILE ": unknown file format"},
};

START_TEST(what_makes_no_sense_is_refused)
{
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		const struct refused *r = &refused[i];
		struct query_set *s;
		struct err err;

		ck_assert_int_lt(query_set_make(&s, &r->mix, &err), 0);
		ck_assert_ptr_null(s);
		ck_assert_msg(strstr(err.text, r->text),
		    "\"%s\" says nothing of \"%s\"", err.text, r->text);
	}
}
END_TEST

UNIT_MAIN("query_set", the_engine_answers_as_expected, types_may_be_chosen,
    what_fits_is_expected_and_what_does_not_is_not,
    proofs_of_absence_are_not_expected, proofs_are_not_asked_for,
    a_seed_makes_one_set, many_zones, what_makes_no_sense_is_refused)
