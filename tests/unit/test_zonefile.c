/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of control/source/zonefile.c, zonefile_lexer.c, zonefile_text.c,
 * zonefile_rr.c, zonefile_directives.c and zonefile_generate.c: zone text to
 * records, and bad text to errors that name file and line. What a good text
 * gives was compared with named-compilezone 9.18. Files are in
 * test_zonefile_input.c, RDATA in test_zonefile_rdata.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "control/source/zonefile.h"
#include "tests/unit/unit_run.h"

#define HEAD "$TTL 60\n@ SOA a b 1 2 3 4 5\n@ NS ns.u.\n"

static const uint8_t apex[] = "\1t";

static void
hear(void *arg, const char *text)
{
	bytes_printf(arg, "%s\n", text);
}

static int
parse(struct zone_records **z, const char *text, size_t bytes,
    struct bytes *warnings, struct err *err)
{
	struct zonefile_options options = {
	    .warn = warnings ? hear : NULL, .arg = warnings};
	/* exactly as long as it is, so that a read behind it is seen */
	char *exact = malloc(bytes ? bytes : 1);
	int rc;

	ck_assert_ptr_nonnull(exact);
	memcpy(exact, text, bytes);
	rc = zonefile_parse(z, "z", exact, bytes, apex, &options, err);
	free(exact);
	return rc;
}

/* The records without SOA and NS of the head: "owner ttl type hex\n" each. */
static void
print_records(struct bytes *out, const struct zone_records *z)
{
	char owner[NAME_TEXT_MAX];

	for (size_t i = 0; i < z->count; i++) {
		const struct record *r = &z->records[i];

		if (name_equal(record_owner(z, r), apex) &&
		    (r->type == DNS_TYPE_SOA || r->type == DNS_TYPE_NS))
			continue;
		bytes_printf(out, "%s %u %u ",
		    name_to_text(owner, record_owner(z, r)), r->ttl, r->type);
		for (unsigned at = 0; at < r->rdata_bytes; at++)
			bytes_printf(out, "%02x", record_rdata(z, r)[at]);
		bytes_printf(out, "\n");
	}
	bytes_append(out, "", 1);
}

struct good {
	const char *text;
	const char *records;
};

static const struct good goods[] = {
    /* owners: relative, absolute, @, inherited; in lower case */
    {HEAD "x A 1.2.3.4\ny.t. A 1.2.3.5\n@ A 1.2.3.6\n",
	"t. 60 1 01020306\nx.t. 60 1 01020304\ny.t. 60 1 01020305\n"},
    {HEAD "X.Y A 1.2.3.4\n A 1.2.3.5\n\tA 1.2.3.6\n",
	"x.y.t. 60 1 01020304\nx.y.t. 60 1 01020305\nx.y.t. 60 1 01020306\n"},
    {HEAD "\n \n; c\n\t; c\nx A 1.2.3.4 ; c\n", "x.t. 60 1 01020304\n"},
    /* names in RDATA keep their case */
    {HEAD "x CNAME FoO\n", "x.t. 60 5 03466f4f017400\n"},
    /* TTL and class in either order, in any case, with units */
    {HEAD "x 5 IN A 1.2.3.4\n", "x.t. 5 1 01020304\n"},
    {HEAD "x in 5 a 1.2.3.4\n", "x.t. 5 1 01020304\n"},
    {HEAD "x CLASS1 1h30m A 1.2.3.4\n", "x.t. 5400 1 01020304\n"},
    {HEAD "x 1W2d3H4m5s A 1.2.3.4\n", "x.t. 788645 1 01020304\n"},
    {HEAD "x 0 A 1.2.3.4\n", "x.t. 0 1 01020304\n"},
    {HEAD "x 2147483647 A 1.2.3.4\n", "x.t. 2147483647 1 01020304\n"},
    {HEAD "x 2147483648 A 1.2.3.4\n", "x.t. 0 1 01020304\n"},
    /* the TTL of records without one: $TTL, whatever was before */
    {HEAD "x 5 A 1.2.3.4\ny A 1.2.3.4\n",
	"x.t. 5 1 01020304\ny.t. 60 1 01020304\n"},
    {HEAD "x A 1.2.3.4\n$TTL 1h\ny A 1.2.3.4\n",
	"x.t. 60 1 01020304\ny.t. 3600 1 01020304\n"},
    /* ... else that of the record before, else the minimum of the SOA */
    {"@ 7 SOA a b 1 2 3 4 5\n@ NS ns.u.\nx 8 A 1.2.3.4\ny A 1.2.3.4\n",
	"x.t. 8 1 01020304\ny.t. 8 1 01020304\n"},
    {"@ SOA a b 1 2 3 4 1h\n@ NS ns.u.\nx A 1.2.3.4\n",
	"x.t. 3600 1 01020304\n"},
    {"@ SOA a b 1 2 3 4 4294967295\n@ NS ns.u.\nx A 1.2.3.4\n",
	"x.t. 0 1 01020304\n"},
    /* parentheses, comments in them, CRLF, no final newline */
    {"$TTL 60\n@ SOA a ( b ; serial\n 1\n2 3 ; (\n4 5 )\r\n@ NS ns.u.\r\n"
     "x A ( 1.2.3.4 )",
	"x.t. 60 1 01020304\n"},
    {HEAD "x TXT (a(b)c)d\n", "x.t. 60 16 0161016201630164\n"},
    {HEAD "(\nx A 1.2.3.4\n)\n", "x.t. 60 1 01020304\n"},
    {HEAD "x A 1.2.3.4;c", "x.t. 60 1 01020304\n"},
    /* strings: quotes, escapes, semicolons */
    {HEAD "x TXT \"a;b\" c\\;d e\"f\"g \"\"\n",
	"x.t. 60 16 03613b6203633b64016501660167"
	"00\n"},
    {HEAD "x TXT \"\\\"\\\\\\065\\000\\255\"\n", "x.t. 60 16 05225c4100ff\n"},
    {HEAD "x TXT \xc3\xa9\n", "x.t. 60 16 02c3a9\n"},
    /* escapes in names */
    {HEAD "a\\.b\\032\\000\\255c A 1.2.3.4\n",
	"a\\.b\\032\\000\\255c.t. 60 1 01020304\n"},
    {HEAD "x CNAME y\\.\n", "x.t. 60 5 02792e017400\n"},
    {HEAD "\\@ A 1.2.3.4\n", "\\@.t. 60 1 01020304\n"},
    {HEAD "\\$x A 1.2.3.4\n", "\\$x.t. 60 1 01020304\n"},
    {HEAD "\\120 A 1.2.3.4\n", "x.t. 60 1 01020304\n"},
    {HEAD "* A 1.2.3.4\n*.x A 1.2.3.4\nx.*.y A 1.2.3.4\n",
	"*.t. 60 1 01020304\n*.x.t. 60 1 01020304\nx.*.y.t. 60 1 01020304\n"},
    /* RFC 3597 */
    {HEAD "x TYPE1 1.2.3.4\nx type65280 \\# 3 0a 0b0C\n",
	"x.t. 60 1 01020304\nx.t. 60 65280 0a0b0c\n"},
    {HEAD "x A \\# 4 01020304\n", "x.t. 60 1 01020304\n"},
    {HEAD "x TYPE65280 \\# 0\n", "x.t. 60 65280 \n"},
    /* $ORIGIN: relative to the one before */
    {HEAD "$ORIGIN a\nx A 1.2.3.4\n$ORIGIN b\nx A 1.2.3.4\n@ A 1.2.3.5\n"
	  "$ORIGIN u.\ny.t. CNAME x\n",
	"b.a.t. 60 1 01020305\nx.b.a.t. 60 1 01020304\nx.a.t. 60 1 01020304\n"
	"y.t. 60 5 0178017500\n"},
    {HEAD "x A 1.2.3.4\n$ORIGIN a\n A 1.2.3.5\n",
	"x.t. 60 1 01020304\nx.t. 60 1 01020305\n"},
    {HEAD "$origin a\n$ttl 5\nx A 1.2.3.4\n", "x.a.t. 5 1 01020304\n"},
    /* $GENERATE, each as BIND */
    {HEAD "$GENERATE 1-3/2 h$ A 10.0.0.$\n",
	"h1.t. 60 1 0a000001\nh3.t. 60 1 0a000003\n"},
    {HEAD "$GENERATE 1-1 ${0,3,d}.${16,4,x} CNAME a.${-1,3,n}\n",
	"001.0011.t. 60 5 016101300130017400\n"},
    {HEAD "$GENERATE 1-1 t\\$$$ 5 IN TXT \"a$ \\\"b c\\\"\"\n",
	"t\\$\\$.t. 5 16 026131036220"
	"63\n"},
    {HEAD "$GENERATE 250-250 n${0,0,n}.${0,7,N}.${0,3,o}.${0,4,X} MX "
	  "\"$ mail${1}\"\n",
	"na.f.a.f.0.0.372.00fa.t. 60 15 00fa076d61696c323531017400\n"},
    {HEAD "$GENERATE 250-250 x CNAME a${0,7,N}.${0,4,X}\n",
	"x.t. 60 5 02614101460130013004303046"
	"41017400\n"},
    {HEAD "$GENERATE 1-1 h${-5} A 1.2.3.4\n", "h-4.t. 60 1 01020304\n"},
    {HEAD "$GENERATE 0-0 h${0,5,n} A 1.2.3.4\n", "h0.0.0.t. 60 1 01020304\n"},
    {HEAD "$GENERATE 17-17 h${+0,1,n} A 1.2.3.4\n", "h1.1.t. 60 1 01020304\n"},
};

START_TEST(good_text_gives_its_records)
{
	for (size_t i = 0; i < sizeof goods / sizeof *goods; i++) {
		const struct good *g = &goods[i];
		struct zone_records *z;
		struct bytes out;
		struct err err;
		int rc = parse(&z, g->text, strlen(g->text), NULL, &err);

		ck_assert_msg(rc == 0, "%s: %s", g->text, err.text);
		bytes_init(&out);
		print_records(&out, z);
		ck_assert_str_eq((const char *)out.data, g->records);
		bytes_fini(&out);
		zone_records_free(z);
	}
}
END_TEST

struct bad {
	const char *text;
	const char *says; /* how the error begins */
	int code;
};

#define X63 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const struct bad bads[] = {
    {"", "z: no records", ERR_SEMANTIC},
    {"; nothing\n\n", "z: no records", ERR_SEMANTIC},
    {HEAD "x A 1.2.3\n",
	"z:4: '1.2.3' where an IPv4 address is wanted "
	"[x A 1.2.3]",
	ERR_SYNTAX},
    {HEAD "\n\nx A 1.2.3\n", "z:6: ", ERR_SYNTAX},
    {HEAD "x TXT (a\nb\n)\ny A 1.2.3\n", "z:7: ", ERR_SYNTAX},
    /* the line of the field, not of the record */
    {"$TTL 60\n@ SOA a b (\n1\n2\nfoo\n4 5 )\n",
	"z:5: 'foo' where a time is wanted: seconds, or with units as "
	"1w2d3h4m5s [foo]",
	ERR_SYNTAX},
    {"$TTL 60\n@ SOA a b (\n1\n2\n)\n", "z:4: the RDATA ends before a time",
	ERR_SYNTAX},
    {HEAD "x\n", "z:4: the line ends where a record type", ERR_SYNTAX},
    {HEAD "x IN\n", "z:4: the line ends where a record type", ERR_SYNTAX},
    {HEAD "x 5\n", "z:4: the line ends where a record type", ERR_SYNTAX},
    {HEAD "x FOO a\n", "z:4: 'FOO' is no record type", ERR_SYNTAX},
    {HEAD "A 1.2.3.4\n", "z:4: TTL: '1.2.3.4' where a time", ERR_SYNTAX},
    {HEAD "x CH TXT a\n", "z:4: class CH: only class IN", ERR_SYNTAX},
    {HEAD "x CLASS3 TXT a\n", "z:4: class CLASS3: only", ERR_SYNTAX},
    {HEAD "x 5 IN 5 A 1.2.3.4\n", "z:4: '5' is no record type", ERR_SYNTAX},
    {HEAD "x IN IN A 1.2.3.4\n", "z:4: 'IN' is no record type", ERR_SYNTAX},
    {HEAD "x 1h30 A 1.2.3.4\n", "z:4: TTL: '1h30' where", ERR_SYNTAX},
    {HEAD "x 4294967296 A 1.2.3.4\n", "z:4: TTL: time 4294967296 is over",
	ERR_SYNTAX},
    {HEAD "x 99999w A 1.2.3.4\n", "z:4: TTL: time 99999w is over", ERR_SYNTAX},
    {HEAD "x ANY a\n", "z:4: type 255 is a question", ERR_SEMANTIC},
    {HEAD "x.u. A 1.2.3.4\n", "z:4: x.u. is not in the zone", ERR_SEMANTIC},
    {HEAD "$ORIGIN u.\nx A 1.2.3.4\n", "z:5: x.u. is not in the zone",
	ERR_SEMANTIC},
    {" A 1.2.3.4\n", "z:1: the line begins with a space", ERR_SYNTAX},
    {"x A 1.2.3.4\n", "z:1: no TTL, and none before", ERR_SYNTAX},
    /* names */
    {HEAD "a..b A 1.2.3.4\n", "z:4: name 'a..b': an empty label", ERR_SYNTAX},
    {HEAD ".a A 1.2.3.4\n", "z:4: name '.a': an empty label", ERR_SYNTAX},
    {HEAD "\"x\" A 1.2.3.4\n", "z:4: name 'x': a name stands without quotes",
	ERR_SYNTAX},
    {HEAD X63 "x A 1.2.3.4\n",
	"z:4: name 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...': a label "
	"over 63 octets",
	ERR_SYNTAX},
    {HEAD X63 "." X63 "." X63 "." X63 " A 1.2.3.4\n",
	"z:4: name 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...': over 255 "
	"octets",
	ERR_SYNTAX},
    {HEAD X63 "." X63 "." X63 "." X63 ". A 1.2.3.4\n",
	"z:4: name 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...': over 255 "
	"octets",
	ERR_SYNTAX},
    {HEAD "x\\256 A 1.2.3.4\n", "z:4: escape \\256 is no octet", ERR_SYNTAX},
    {HEAD "x\\25 A 1.2.3.4\n", "z:4: an escape needs three digits", ERR_SYNTAX},
    {HEAD "x\\\n", "z:4: a backslash at the end of the line", ERR_SYNTAX},
    {HEAD "x\\", "z:4: a backslash at the end of the line", ERR_SYNTAX},
    /* structure */
    {HEAD "x TXT ( a\ny A 1.2.3.4\n",
	"z:4: the parenthesis opened here is not closed", ERR_SYNTAX},
    {HEAD "x TXT a )\n", "z:4: a closing parenthesis without", ERR_SYNTAX},
    {HEAD "x TXT \"a\ny A 1.2.3.4\n", "z:4: a quoted string is not closed",
	ERR_SYNTAX},
    {HEAD "x TXT \"a", "z:4: a quoted string is not closed", ERR_SYNTAX},
    {HEAD "x TXT \"a\\", "z:4: a backslash at the end", ERR_SYNTAX},
    {HEAD "x TXT \"a\\\n\"\n", "z:4: a backslash at the end", ERR_SYNTAX},
    {HEAD "x TXT a\rb\n", "z:4: a carriage return inside", ERR_SYNTAX},
    {HEAD "x TXT \001\n", "z:4: control character 0x01: write it as \\001",
	ERR_SYNTAX},
    {HEAD "x TXT \"\177\"\n", "z:4: control character 0x7f", ERR_SYNTAX},
    {HEAD "\001\n", "z:4: control character 0x01", ERR_SYNTAX},
    {HEAD "x TXT \\\001\n", "z:4: control character 0x01", ERR_SYNTAX},
    {HEAD "x TXT \"\\\001\"\n", "z:4: control character 0x01", ERR_SYNTAX},
    {HEAD "x A 1.2.3.4 5\n", "z:4: '5' is more than the RDATA", ERR_SYNTAX},
    {"\xef\xbb\xbf" HEAD, "z:1: the file begins with a UTF-8 byte order mark",
	ERR_SYNTAX},
    /* directives */
    {HEAD "$FOO x\n", "z:4: $FOO is no directive", ERR_SYNTAX},
    {HEAD "$TTL\n", "z:4: missing words; write $TTL SECONDS", ERR_SYNTAX},
    {HEAD "$TTL 1 2\n", "z:4: too many words", ERR_SYNTAX},
    {HEAD "$TTL x\n", "z:4: TTL: 'x' where a time", ERR_SYNTAX},
    {HEAD "$ORIGIN\n", "z:4: missing words; write $ORIGIN NAME", ERR_SYNTAX},
    {HEAD "$ORIGIN a..b\n", "z:4: name 'a..b'", ERR_SYNTAX},
    {HEAD "$INCLUDE f\n", "z:4: $INCLUDE is not allowed here", ERR_REFUSED},
    {HEAD "$INCLUDE\n", "z:4: missing words; write $INCLUDE FILE [ORIGIN]",
	ERR_SYNTAX},
    {HEAD "$GENERATE 1-2 h$\n", "z:4: missing words; write $GENERATE",
	ERR_SYNTAX},
    {HEAD "$GENERATE 2-1 h$ A 1.2.3.$\n", "z:4: $GENERATE: STOP must not",
	ERR_SYNTAX},
    {HEAD "$GENERATE 1-2/0 h$ A 1.2.3.$\n", "z:4: $GENERATE: STOP must not",
	ERR_SYNTAX},
    {HEAD "$GENERATE 1 h$ A 1.2.3.$\n", "z:4: $GENERATE wants a range",
	ERR_SYNTAX},
    {HEAD "$GENERATE 1- h$ A 1.2.3.$\n", "z:4: $GENERATE: '' where a number",
	ERR_SYNTAX},
    {HEAD "$GENERATE 1-2/x h$ A 1.2.3.$\n", "z:4: $GENERATE: 'x' where",
	ERR_SYNTAX},
    {HEAD "$GENERATE 0-65536 h$ A 1.2.3.4\n",
	"z:4: $GENERATE of more than 65536 records", ERR_LIMIT},
    {HEAD "$GENERATE 1-2 h${0,2 A 1.2.3.$\n", "z:4: $GENERATE: write ${OFFSET",
	ERR_SYNTAX},
    {HEAD "$GENERATE 1-2 h${x} A 1.2.3.$\n", "z:4: $GENERATE: 'x' where",
	ERR_SYNTAX},
    {HEAD "$GENERATE 1-2 h${0,x} A 1.2.3.$\n", "z:4: $GENERATE: 'x' where",
	ERR_SYNTAX},
    {HEAD "$GENERATE 1-2 h${0,3,q} A 1.2.3.$\n",
	"z:4: $GENERATE: write ${OFFSET", ERR_SYNTAX},
    {HEAD "$GENERATE 1-2 h${0,256} A 1.2.3.$\n",
	"z:4: $GENERATE: write ${OFFSET", ERR_SYNTAX},
    {HEAD "$GENERATE 1-2 h${-5,0,x} A 1.2.3.4\n",
	"z:4: $GENERATE: 1 with offset -5 is negative", ERR_SYNTAX},
    {HEAD "$GENERATE 1-2 h$ A 1.2.3.4 5\n",
	"z:4: $GENERATE wants the RDATA as one word", ERR_SYNTAX},
    {HEAD "$GENERATE 1-2 h$ FOO 1.2.3.4\n", "z:4: 'FOO' is no record type",
	ERR_SYNTAX},
    {HEAD "$GENERATE 254-257 h$ A 1.2.3.$\n",
	"z:4: $GENERATE made 'h256 TYPE1 1.2.3.256': '1.2.3.256' where",
	ERR_SYNTAX},
    {HEAD "$GENERATE 1-2 h$ TXT \"( a$\"\n",
	"z:4: $GENERATE made 'h1 TYPE16 ( a1': the parenthesis", ERR_SYNTAX},
    /* the whole zone */
    {"$TTL 1\n@ NS a.\n", "z: ", ERR_SEMANTIC},
    {"$TTL 1\n@ SOA a b 1 2 3 4 5\n", "z: t. has no NS record", ERR_SEMANTIC},
    {HEAD "x CNAME a\nx A 1.2.3.4\n", "z: x.t. has a CNAME beside",
	ERR_SEMANTIC},
};

START_TEST(bad_text_gives_an_error_with_file_line_and_cause)
{
	for (size_t i = 0; i < sizeof bads / sizeof *bads; i++) {
		const struct bad *b = &bads[i];
		struct zone_records *z = NULL;
		struct err err;
		int rc = parse(&z, b->text, strlen(b->text), NULL, &err);

		ck_assert_msg(rc == b->code && err.code == b->code,
		    "%s: code %d: %s", b->text, rc, rc ? err.text : "accepted");
		ck_assert_msg(strncmp(err.text, b->says, strlen(b->says)) == 0,
		    "%s: '%s', not '%s'", b->text, err.text, b->says);
		ck_assert_ptr_null(strchr(err.text, '\n'));
	}
}
END_TEST

START_TEST(nul_octets_are_refused_wherever_they_are)
{
	static const char *const texts[] = {"x\0 A 1.2.3.4\n", "\0 A 1.2.3.4\n",
	    "; \0 comment\n", "x TXT \"\0\"\n", "x TXT \\\0"};
	static const size_t sizes[] = {13, 12, 12, 10, 8};
	struct zone_records *z;
	struct err err;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		ck_assert_int_eq(
		    parse(&z, texts[i], sizes[i], NULL, &err), ERR_SYNTAX);
		ck_assert_msg(strncmp(err.text, "z:1: a NUL octet", 16) == 0,
		    "%zu: %s", i, err.text);
	}
}
END_TEST

/* A text of one long piece between a head and a tail. */
static int
parse_long(const char *head, size_t n, const char *tail, struct err *err)
{
	size_t before = strlen(head), after = strlen(tail);
	char *text = malloc(before + n + after);
	struct zone_records *z = NULL;
	int rc;

	ck_assert_ptr_nonnull(text);
	memcpy(text, head, before);
	memset(text + before, 'x', n);
	memcpy(text + before + n, tail, after);
	rc = parse(&z, text, before + n + after, NULL, err);
	if (!rc)
		zone_records_free(z);
	free(text);
	return rc;
}

START_TEST(lines_over_64_kib_are_refused)
{
	struct err err;

	ck_assert_int_eq(parse_long(HEAD ";", 65535, "\n", &err), 0);
	ck_assert_int_eq(parse_long(HEAD ";", 65536, "\n", &err), ERR_LIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "z:4: the line is over 65536"));
	ck_assert_int_eq(parse_long(HEAD ";", 65536, "", &err), ERR_LIMIT);
	ck_assert_int_eq(
	    parse_long(HEAD "x TXT ", 300000, "\n", &err), ERR_LIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "z:4: the record is over"));
	ck_assert_int_eq(parse_long(HEAD "x TXT ", 256, "\n", &err), ERR_LIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "a string over 255 octets"));
	ck_assert_int_eq(parse_long(HEAD "x TXT ", 255, "\n", &err), 0);
}
END_TEST

START_TEST(names_fit_to_the_last_octet)
{
	struct err err;

	/* three labels of 63 and one, with the apex: 255 octets */
	ck_assert_msg(parse_long(HEAD X63 "." X63 "." X63 ".", 59,
			  " A 1.2.3.4\n", &err) == 0,
	    "%s", err.text);
	ck_assert_int_eq(
	    parse_long(HEAD X63 "." X63 "." X63 ".", 60, " A 1.2.3.4\n", &err),
	    ERR_SYNTAX);
	ck_assert_ptr_nonnull(strstr(err.text, "with the origin behind it"));
	ck_assert_msg(parse_long(HEAD "x CNAME " X63 "." X63 "." X63 ".", 61,
			  ".\n", &err) == 0,
	    "%s", err.text);
	ck_assert_int_eq(parse_long(HEAD "x CNAME " X63 "." X63 "." X63 ".", 62,
			     ".\n", &err),
	    ERR_SYNTAX);
}
END_TEST

START_TEST(more_text_than_allowed_is_refused)
{
	struct zonefile_options options = {.bytes_max = 100};
	struct zone_records *z;
	struct err err;
	char text[512];
	size_t n;

	memset(text, '\n', sizeof text);
	ck_assert_int_eq(
	    zonefile_parse(&z, "z", text, 101, apex, &options, &err),
	    ERR_LIMIT);
	n = (size_t)sprintf(text, HEAD "$GENERATE 1-99 h$ A 1.2.3.$\n");
	ck_assert_int_eq(
	    zonefile_parse(&z, "z", text, n, apex, &options, &err), ERR_LIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "makes more text"));
}
END_TEST

START_TEST(warnings_name_file_and_line)
{
	static const char text[] = HEAD "x 2147483648 A 1.2.3.4\n";
	struct zone_records *z;
	struct bytes heard;
	struct err err;

	bytes_init(&heard);
	ck_assert_int_eq(parse(&z, text, strlen(text), &heard, &err), 0);
	ck_assert_uint_gt(heard.len, 30);
	ck_assert_int_eq(
	    memcmp(heard.data, "z:4: TTL 2147483648 is over", 27), 0);
	bytes_fini(&heard);
	zone_records_free(z);
}
END_TEST

START_TEST(every_cut_of_a_good_text_is_an_error_or_a_zone)
{
	static const char text[] = HEAD
	    "$ORIGIN a\n$TTL 1h\nx (TXT \"a;\\\"b\" \\; c\\032\n) ; d\r\n"
	    "$GENERATE 1-2/1 h${0,2,n} 5 IN MX \"$ a\"\ny SVCB 1 . alpn=\"h2\"\n"
	    "\\000.\\. 1h30m CLASS1 TYPE1 \\# 4 01020304\n";
	struct zone_records *z;
	unsigned good = 0;
	struct err err;

	for (size_t n = 0; n < sizeof text; n++) {
		if (parse(&z, text, n, NULL, &err))
			continue;
		zone_records_free(z);
		good++;
	}
	ck_assert_uint_gt(good, 5);
}
END_TEST

UNIT_MAIN("zonefile", good_text_gives_its_records,
    bad_text_gives_an_error_with_file_line_and_cause,
    nul_octets_are_refused_wherever_they_are, lines_over_64_kib_are_refused,
    names_fit_to_the_last_octet, more_text_than_allowed_is_refused,
    warnings_name_file_and_line, every_cut_of_a_good_text_is_an_error_or_a_zone)
