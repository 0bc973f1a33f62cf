/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Fingerprints of answers: what is the same, what is not, and bytes that are no
 * answer. Messages are made by ldns from text, so that names are compressed by
 * somebody else.
 */
#include <check.h>
#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

#include "base/dns.h"
#include "base/wire.h"
#include "tests/unit/unit_run.h"
#include "tools/load/query_set.h"

/* "QNAME TYPE RCODE flags | answer | authority | additional", records with "; "
 * between them. */
static ldns_pkt *
packet_make(const char *text)
{
	char *copy = strdup(text), *rest = copy, *section, *name, *word;
	ldns_pkt *p = ldns_pkt_new();
	ldns_rr *question = ldns_rr_new();

	section = strsep(&rest, "|");
	name = strtok(section, " ");
	ldns_rr_set_question(question, true);
	ldns_rr_set_owner(question, ldns_dname_new_frm_str(name));
	ldns_rr_set_type(question, ldns_get_rr_type_by_name(strtok(NULL, " ")));
	ldns_rr_set_class(question, LDNS_RR_CLASS_IN);
	ldns_pkt_push_rr(p, LDNS_SECTION_QUESTION, question);
	ldns_pkt_set_qr(p, true);
	while ((word = strtok(NULL, " ")) != NULL) {
		if (!strcmp(word, "aa"))
			ldns_pkt_set_aa(p, true);
		else if (!strcmp(word, "tc"))
			ldns_pkt_set_tc(p, true);
		else if (!strcmp(word, "rd"))
			ldns_pkt_set_rd(p, true);
		else if (!strcmp(word, "edns"))
			ldns_pkt_set_edns_udp_size(p, 1232);
		else
			ldns_pkt_set_rcode(
			    p, (uint8_t)ldns_lookup_by_name(ldns_rcodes, word)
				   ->id);
	}
	for (int i = LDNS_SECTION_ANSWER; (section = strsep(&rest, "|")); i++) {
		char *record;

		while ((record = strsep(&section, ";")) != NULL) {
			ldns_rr *rr;

			while (*record == ' ')
				record++;
			if (!*record)
				continue;
			ck_assert_msg(ldns_rr_new_frm_str(&rr, record, 0, NULL,
					  NULL) == LDNS_STATUS_OK,
			    "%s", record);
			ldns_pkt_push_rr(p, (ldns_pkt_section)i, rr);
		}
	}
	free(copy);
	return p;
}

struct message {
	uint8_t *wire;
	size_t bytes;
};

static struct message
message_make(const char *text)
{
	ldns_pkt *p = packet_make(text);
	struct message m;

	ck_assert_int_eq(ldns_pkt2wire(&m.wire, p, &m.bytes), LDNS_STATUS_OK);
	ldns_pkt_free(p);
	return m;
}

/* 0 if there is none. The octets lie in a heap block of just their number. */
static uint64_t
fingerprint_of(const uint8_t *wire, size_t bytes)
{
	uint8_t *exact = malloc(bytes ? bytes : 1);
	uint64_t f = 0;

	memcpy(exact, wire, bytes);
	if (!answer_fingerprint(exact, bytes, &f))
		f = 0;
	else
		ck_assert_uint_ne(f, 0);
	free(exact);
	return f;
}

static uint64_t
fingerprint_of_text(const char *text)
{
	struct message m = message_make(text);
	uint64_t f = fingerprint_of(m.wire, m.bytes);

	ck_assert_msg(f != 0, "not an answer: %s", text);
	free(m.wire);
	return f;
}

#define SOA "example. 60 SOA ns.example. host.example. 1 2 3 4 5"

static const struct pair {
	const char *what, *a, *b;
	bool same;
} pairs[] = {
    {"order of records",
	"x.example. A NOERROR aa | x.example. 60 A 192.0.2.1; "
	"x.example. 60 A 192.0.2.2",
	"x.example. A NOERROR aa | x.example. 60 A 192.0.2.2; "
	"x.example. 60 A 192.0.2.1",
	true},
    {"case of the question and of owners",
	"x.example. A NOERROR aa | x.example. 60 A 192.0.2.1",
	"X.eXample. A NOERROR aa | x.EXAMPLE. 60 A 192.0.2.1", true},
    {"case of names in RDATA, compressed or not",
	"x.example. MX NOERROR aa | x.example. 60 MX 5 Mail.Example.; "
	"x.example. 60 SRV 1 2 3 Host.Example.",
	"x.example. MX NOERROR aa | x.example. 60 MX 5 mail.example.; "
	"x.example. 60 SRV 1 2 3 host.example.",
	true},
    {"letters of a long name",
	"x.example. A NOERROR aa | ABCDEFGHIJKLMNOPQRSTUVWXYZ.ex. 60 A 192.0.2.1",
	"x.example. A NOERROR aa | abcdefghijklmnopqrstuvwxyz.ex. 60 A 192.0.2.1",
	true},
    {"octet 64, beside A",
	"x.example. A NOERROR aa | 1234567\\064.ex. 60 A 192.0.2.1",
	"x.example. A NOERROR aa | 1234567\\096.ex. 60 A 192.0.2.1", false},
    {"octet 91, behind Z",
	"x.example. A NOERROR aa | 1234567\\091.ex. 60 A 192.0.2.1",
	"x.example. A NOERROR aa | 1234567\\123.ex. 60 A 192.0.2.1", false},
    {"octet 193, an A with its top bit set",
	"x.example. A NOERROR aa | 1234567\\193.ex. 60 A 192.0.2.1",
	"x.example. A NOERROR aa | 1234567\\225.ex. 60 A 192.0.2.1", false},
    {"case of text", "x.example. TXT NOERROR aa | x.example. 60 TXT \"a\"",
	"x.example. TXT NOERROR aa | x.example. 60 TXT \"A\"", false},
    {"RD, EDNS and the additional section",
	"x.example. NS NOERROR aa | x.example. 60 NS a.x.example.",
	"x.example. NS NOERROR aa rd edns | x.example. 60 NS a.x.example. | | "
	"a.x.example. 60 A 192.0.2.1",
	true},
    {"names that are not there have one negative answer",
	"x.example. A NXDOMAIN aa | | " SOA,
	"yy.z.example. A NXDOMAIN aa | | " SOA, true},
    {"names that a wildcard stands in for have one answer",
	"x.example. A NOERROR aa | x.example. 60 A 192.0.2.1",
	"yy.example. A NOERROR aa | yy.example. 60 A 192.0.2.1", true},
    {"owner: the query name or another",
	"x.example. A NOERROR aa | x.example. 60 A 192.0.2.1",
	"x.example. A NOERROR aa | y.example. 60 A 192.0.2.1", false},
    {"rcode", "x.example. A NXDOMAIN aa | | " SOA,
	"x.example. A NOERROR aa | | " SOA, false},
    {"AA", "x.example. A NXDOMAIN aa | | " SOA,
	"x.example. A NXDOMAIN | | " SOA, false},
    {"TC", "x.example. A NOERROR aa", "x.example. A NOERROR aa tc", false},
    {"a lost record",
	"x.example. A NOERROR aa | x.example. 60 A 192.0.2.1; "
	"x.example. 60 A 192.0.2.2",
	"x.example. A NOERROR aa | x.example. 60 A 192.0.2.1", false},
    {"a record that is there twice",
	"x.example. A NOERROR aa | x.example. 60 A 192.0.2.1",
	"x.example. A NOERROR aa | x.example. 60 A 192.0.2.1; "
	"x.example. 60 A 192.0.2.1",
	false},
    {"a TTL", "x.example. A NOERROR aa | x.example. 60 A 192.0.2.1",
	"x.example. A NOERROR aa | x.example. 61 A 192.0.2.1", false},
    {"a type", "x.example. A NOERROR aa | x.example. 60 A 192.0.2.1",
	"x.example. A NOERROR aa | x.example. 60 TYPE2048 \\# 4 c0000201",
	false},
    {"RDATA", "x.example. A NOERROR aa | x.example. 60 A 192.0.2.1",
	"x.example. A NOERROR aa | x.example. 60 A 192.0.2.3", false},
    {"a number behind names", "x.example. A NXDOMAIN aa | | " SOA,
	"x.example. A NXDOMAIN aa | | " SOA "6", false},
    {"the section", "x.example. A NOERROR aa | " SOA,
	"x.example. A NOERROR aa | | " SOA, false},
    {"where one RDATA ends",
	"x.example. TXT NOERROR aa | x.example. 60 TXT \"a\" \"b\"",
	"x.example. TXT NOERROR aa | x.example. 60 TXT \"a\" \"b\" \"\"",
	false},
    {"the root", ". NS NOERROR aa | . 60 NS a.", ". NS NOERROR aa | . 60 NS A.",
	true},
};

START_TEST(what_counts_and_what_does_not)
{
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		uint64_t a = fingerprint_of_text(pairs[i].a);
		uint64_t b = fingerprint_of_text(pairs[i].b);

		ck_assert_msg((a == b) == pairs[i].same, "%s: %s",
		    pairs[i].what, a == b ? "the same" : "not the same");
	}
}
END_TEST

static const char *const answers[] = {
    "x.example. A NOERROR aa | x.example. 60 A 192.0.2.1",
    "x.example. A NXDOMAIN aa | | " SOA,
    "a.b.example. TXT NOERROR | a.b.example. 60 TXT \"1234567\" \"8\"; "
    "a.b.example. 60 CNAME www.example.; www.example. 60 MX 10 b.example. | "
    "example. 60 NS ns.example.; example. 60 RRSIG NS 8 1 60 20300101000000 "
    "20200101000000 1 example. c2lnbmF0dXJl",
};

static bool
is_letter(uint8_t c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* Flags that are not part of it: RD, RA, Z, AD, CD and the opcode. */
static bool
is_of_no_account(
    const struct message *m, size_t at, unsigned bit, size_t records_at)
{
	if (at < 2)
		return true; /* the ID */
	if (at == 2)
		return (0x79 >> bit) & 1;
	if (at == 3)
		return bit >= 4;
	/* the question, but for its length octets */
	if (at >= DNS_HEADER_BYTES && at < records_at)
		return true;
	return bit == 5 && is_letter(m->wire[at]);
}

/* A bit that flips in what counts is seen: another fingerprint, or none. */
START_TEST(each_bit_of_the_records_counts)
{
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		struct message m = message_make(answers[i]);
		uint64_t right = fingerprint_of(m.wire, m.bytes);
		size_t records_at =
		    DNS_HEADER_BYTES + strcspn(answers[i], " ") + 1 + 4;

		for (size_t at = 0; at < m.bytes; at++)
			for (unsigned bit = 0; bit < 8; bit++) {
				if (is_of_no_account(&m, at, bit, records_at))
					continue;
				m.wire[at] ^= (uint8_t)(1 << bit);
				ck_assert_msg(
				    fingerprint_of(m.wire, m.bytes) != right,
				    "answer %zu, octet %zu, bit %u", i, at,
				    bit);
				m.wire[at] ^= (uint8_t)(1 << bit);
			}
		free(m.wire);
	}
}
END_TEST

START_TEST(cut_off_or_too_long_is_no_answer)
{
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		struct message m = message_make(answers[i]);

		ck_assert_uint_ne(fingerprint_of(m.wire, m.bytes), 0);
		for (size_t bytes = 0; bytes < m.bytes; bytes++)
			ck_assert_uint_eq(fingerprint_of(m.wire, bytes), 0);
		m.wire = realloc(m.wire, m.bytes + 1);
		m.wire[m.bytes] = 0;
		ck_assert_uint_eq(fingerprint_of(m.wire, m.bytes + 1), 0);
		free(m.wire);
	}
}
END_TEST

#define HEADER(answers) "\0\0\x84\0\0\1\0" answers "\0\0\0\0"
#define QUESTION        "\1x\0\0\1\0\1"
#define ADDRESS         "\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"

static const struct octets {
	const char *what, *octets;
	size_t bytes;
	bool sound;
} hostile[] = {
#define ROW(what, octets, sound)                                               \
	{                                                                      \
		what, octets, sizeof octets - 1, sound                         \
	}
    ROW("a usual one", HEADER("\1") QUESTION "\xc0\x0c" ADDRESS, true),
    ROW("a pointer to itself", HEADER("\1") QUESTION "\xc0\x13" ADDRESS, false),
    ROW("a loop of two labels", HEADER("\1") QUESTION "\1a\xc0\x13" ADDRESS,
	false),
    ROW("forwards", HEADER("\1") QUESTION "\xc0\x16" ADDRESS, false),
    ROW("into the header", HEADER("\1") QUESTION "\xc0\x04" ADDRESS, false),
    ROW("a label of another kind", HEADER("\1") QUESTION "\x41x\0" ADDRESS,
	false),
    ROW("a pointer in the question", HEADER("\0") "\xc0\x0c\0\1\0\1", false),
    ROW("a pointer to a pointer",
	HEADER("\2") QUESTION "\xc0\x0c" ADDRESS "\xc0\x13" ADDRESS, true),
    ROW("RDATA that is a name cut off by its length",
	HEADER("\1") QUESTION "\xc0\x0c\0\2\0\1\0\0\0\0\0\1\xc0\x0c", false),
    ROW("RDATA with an octet behind its name",
	HEADER("\1") QUESTION "\xc0\x0c\0\2\0\1\0\0\0\0\0\3\xc0\x0c\0", false),
    ROW("SRV with a compressed name (RFC 3597 section 4)",
	HEADER("\1") QUESTION
	"\xc0\x0c\0\x21\0\1\0\0\0\0\0\x8\0\0\0\0\0\0\xc0\x0c",
	false),
    ROW("no question", "\0\0\x84\0\0\0\0\0\0\0\0\0", false),
    ROW("two questions", "\0\0\x84\0\0\2\0\0\0\0\0\0" QUESTION QUESTION, false),
    ROW("a query", "\0\0\x04\0\0\1\0\0\0\0\0\0" QUESTION, false),
};

START_TEST(hostile_octets_are_no_answer)
{
	for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
		uint64_t f = fingerprint_of(
		    (const uint8_t *)hostile[i].octets, hostile[i].bytes);

		ck_assert_msg((f != 0) == hostile[i].sound, "%s: %s",
		    hostile[i].what, f ? "an answer" : "no answer");
	}
}
END_TEST

/* Names that are pointers to pointers to pointers: refused, and quickly. */
START_TEST(long_chains_of_pointers_end)
{
	enum { POINTERS = 8000, RECORDS = 2000 };
	size_t bytes = DNS_HEADER_BYTES + 7 + 11 + 2 * POINTERS + 12 * RECORDS;
	uint8_t *m = calloc(1, bytes), *p;

	memcpy(m, HEADER("\1") QUESTION, DNS_HEADER_BYTES + 7);
	wire_store16(m + 6, RECORDS + 1);
	p = m + DNS_HEADER_BYTES + 7;
	wire_store16(p + 1, DNS_TYPE_TXT);
	wire_store16(p + 9, 2 * POINTERS);
	p += 11;
	for (unsigned i = 0; i < POINTERS; i++, p += 2)
		wire_store16(p, (uint16_t)(0xc000 | (p - m - (i ? 2 : 11))));
	for (unsigned i = 0; i < RECORDS; i++, p += 12)
		wire_store16(p,
		    (uint16_t)(0xc000 | (DNS_HEADER_BYTES + 7 + 11 + 2 * 150)));
	ck_assert_uint_eq(fingerprint_of(m, bytes), 0);
	/* as many as a name may have labels are followed */
	p -= 12 * RECORDS;
	for (unsigned i = 0; i < RECORDS; i++, p += 12)
		wire_store16(p,
		    (uint16_t)(0xc000 | (DNS_HEADER_BYTES + 7 + 11 + 2 * 120)));
	ck_assert_uint_ne(fingerprint_of(m, bytes), 0);
	free(m);
}
END_TEST

UNIT_MAIN("fingerprint", what_counts_and_what_does_not,
    each_bit_of_the_records_counts, cut_off_or_too_long_is_no_answer,
    hostile_octets_are_no_answer, long_chains_of_pointers_end)
