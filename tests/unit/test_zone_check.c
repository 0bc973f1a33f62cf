/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of control/source/zone_check.c: what may not be served, and what
 * is served with a warning.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/wire.h"
#include "control/source/zonefile.h"
#include "tests/unit/unit_run.h"

#define HEAD "$TTL 60\n@ SOA a b 1 2 3 4 5\n@ NS ns.u.\n"

static const uint8_t apex[] = "\1t";

static void
hear(void *arg, const char *text)
{
	bytes_printf(arg, "%s\n", text);
}

struct check_case {
	const char *text;
	const char *error;   /* begins so behind "z: "; NULL: served */
	const char *warning; /* a part of what is heard; NULL: nothing is */
};

static const struct check_case cases[] = {
    {HEAD "x A 1.2.3.4\n", NULL, NULL},
    /* SOA and NS */
    {HEAD "@ SOA a b 2 2 3 4 5\n", "", NULL},
    {HEAD "x SOA a b 1 2 3 4 5\n", "x.t. has a SOA, but is not", NULL},
    {"$TTL 60\n@ SOA a b 1 2 3 4 5\n", "t. has no NS record", NULL},
    {"$TTL 60\n@ SOA a b 0 2 3 4 5\n@ NS ns.u.\n", NULL, "t. SOA: serial 0"},
    {"$TTL 60\n@ SOA a b 1 4 3 4 5\n@ NS ns.u.\n", NULL,
	"t. SOA: expire is not above refresh"},
    {"$TTL 60\n@ SOA a b 1 2 3 4 2147483648\n@ NS ns.u.\n", NULL,
	"t. SOA: minimum over 2147483647"},
    /* CNAME (RFC 2181 section 10.1) */
    {HEAD "x CNAME a\nx CNAME b\n", "x.t. has 2 CNAME records", NULL},
    {HEAD "x CNAME a\nx CNAME A\n", "x.t. has 2 CNAME records", NULL},
    {HEAD "x CNAME a\nx TXT b\n", "x.t. has a CNAME beside", NULL},
    {HEAD "x CNAME a\nx NS b.u.\n", "x.t. has a CNAME beside", NULL},
    {HEAD "x CNAME a\nx DNAME b\n", "x.t. has a CNAME beside", NULL},
    {HEAD "x CNAME a\nx DS 1 8 2 00\n", "x.t. has a CNAME beside", NULL},
    {HEAD "x CNAME a\nx NSEC y CNAME\n"
	  "x RRSIG CNAME 8 2 60 20300101000000 20200101000000 1 t. AAAA\n",
	NULL, NULL},
    {HEAD "@ CNAME a\n", "t. has a CNAME beside", NULL},
    {HEAD "x CNAME a\nx CNAME a\n", NULL, "there twice"},
    /* DNAME (RFC 6672 sections 2.3 and 2.4) */
    {HEAD "x DNAME a\nx DNAME b\n", "x.t. has 2 DNAME records", NULL},
    {HEAD "x DNAME a\nx NS b.u.\n", "x.t. has DNAME and NS", NULL},
    {HEAD "x DNAME a\nx TXT b\n", NULL, NULL},
    {HEAD "x DNAME a\ny.x A 1.2.3.4\n", "y.x.t. is below the DNAME of x.t.",
	NULL},
    {HEAD "x DNAME a\nxx A 1.2.3.4\nx- A 1.2.3.4\nx.y A 1.2.3.4\n", NULL, NULL},
    {HEAD "x DNAME a\nq.w.y.x A 1.2.3.4\n",
	"q.w.y.x.t. is below the DNAME of x.t.", NULL},
    {HEAD "@ DNAME a.u.\n", NULL, NULL},
    {HEAD "@ DNAME a.u.\nx A 1.2.3.4\n", "x.t. is below the DNAME of t.", NULL},
    {HEAD "@ DNAME a.u.\n"
	  "2t7b4g4vsa5smi47k61mv5bv1a22bojr NSEC3 1 0 0 - "
	  "2t7b4g4vsa5smi47k61mv5bv1a22bojr A\n",
	NULL, NULL},
    /* below a cut nothing of it holds */
    {HEAD "c NS ns.u.\nx.c DNAME a\ny.x.c A 1.2.3.4\n", NULL,
	"x.c.t. type 39 is below the delegation of c.t."},
    /* DS (RFC 4035 section 2.4) */
    {HEAD "@ DS 1 8 2 00\n", "t. is the apex and has a DS", NULL},
    {HEAD "x DS 1 8 2 00\n", "x.t. has a DS but no NS", NULL},
    {HEAD "x DS 1 8 2 00\nx NS a.u.\n", NULL, NULL},
    /* servers without addresses */
    {HEAD "x NS ns.x\n", NULL, "x.t. NS: ns.x.t. has no address here"},
    {HEAD "x NS NS.x\nns.X A 1.2.3.4\n", NULL, NULL},
    {HEAD "x NS ns.x\nns.x AAAA ::1\n", NULL, NULL},
    {HEAD "x NS x\nx A 1.2.3.4\n", NULL, NULL},
    {HEAD "x NS ns.y\n", NULL, NULL},
    {HEAD "@ NS ns\n", NULL, "t. NS: ns.t. has no address here"},
    {HEAD "@ NS ns\n* A 1.2.3.4\n", NULL, NULL},
    {HEAD "@ NS ns.c\nc NS ns.c\nns.c A 1.2.3.4\n", NULL, NULL},
    /* targets that are aliases */
    {HEAD "x CNAME ns.u.\n@ NS X\n", NULL,
	"t. NS: its target X.t. is an alias"},
    {HEAD "x CNAME a.u.\n@ MX 1 x\n", NULL,
	"t. MX: its target x.t. is an alias"},
    {HEAD "x CNAME a.u.\ny SRV 1 2 3 x\n", NULL,
	"y.t. SRV: its target x.t. is an alias"},
    {HEAD "x CNAME a.u.\ny MX 1 x.u.\nz MX 0 .\n", NULL, NULL},
    /* wildcards, hidden names */
    {HEAD "* NS a.u.\n", NULL, "*.t. is a wildcard with NS"},
    {HEAD "*.x DNAME a.u.\n", NULL, "*.x.t. is a wildcard with DNAME"},
    {HEAD "x NS a.u.\ny.x TXT a\n", NULL,
	"y.x.t. type 16 is below the delegation of x.t."},
    {HEAD "x NS a.u.\ny.x NS b.u.\nz.y.x A 1.2.3.4\n", NULL,
	"y.x.t. type 2 is below the delegation of x.t."},
    {HEAD "x NS a.u.\nxy TXT a\ny TXT a\n", NULL, NULL},
};

START_TEST(every_rule_refuses_or_warns_as_it_should)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct check_case *c = &cases[i];
		struct zone_records *z;
		struct bytes heard = {0};
		struct zonefile_options options = {.warn = hear, .arg = &heard};
		struct err err;
		int rc = zonefile_parse(
		    &z, "z", c->text, strlen(c->text), apex, &options, &err);

		bytes_append(&heard, "", 1);
		if (c->error) {
			ck_assert_msg(rc == ERR_SEMANTIC, "%s: %d %s", c->text,
			    rc, rc ? err.text : "");
			ck_assert_msg(strncmp(err.text + 3, c->error,
					  strlen(c->error)) == 0,
			    "%s: '%s', not '%s'", c->text, err.text, c->error);
		} else {
			ck_assert_msg(rc == 0, "%s: %s", c->text, err.text);
			zone_records_free(z);
		}
		if (c->warning)
			ck_assert_msg(
			    strstr((char *)heard.data, c->warning) != NULL,
			    "%s: heard '%s'", c->text, (char *)heard.data);
		else if (!c->error)
			ck_assert_msg(heard.len == 1, "%s: heard '%s'", c->text,
			    (char *)heard.data);
		bytes_fini(&heard);
	}
}
END_TEST

START_TEST(many_warnings_of_a_kind_are_counted)
{
	struct bytes text = {0}, heard = {0};
	struct zonefile_options options = {.warn = hear, .arg = &heard};
	struct zone_records *z;
	struct err err;

	bytes_printf(&text, HEAD "c NS ns.u.\n");
	for (int i = 0; i < 100; i++)
		bytes_printf(&text, "n%d.c TXT a\n", i);
	ck_assert_int_eq(
	    zonefile_parse(&z, "z", text.data, text.len, apex, &options, &err),
	    0);
	bytes_append(&heard, "", 1);
	ck_assert_ptr_nonnull(strstr(
	    (char *)heard.data, "and 92 more names hidden below a delegation"));
	zone_records_free(z);
	bytes_fini(&text);
	bytes_fini(&heard);
}
END_TEST

/* Records of any source: not through the text reader. */
START_TEST(rdata_of_wrong_shape_is_found_in_sealed_records)
{
	static const uint8_t owner[] = "\1x\1t", soa[22] = {0};
	struct err err;
	struct zone_records *z = zone_records_new(apex, &err);

	ck_assert_int_eq(
	    zone_records_add(z, apex, 6, 60, soa, sizeof soa, &err), 0);
	ck_assert_int_eq(zone_records_add(z, apex, 2, 60, "\1a", 3, &err), 0);
	ck_assert_int_eq(zone_records_add(z, owner, 1, 60, "abc", 3, &err), 0);
	ck_assert_int_eq(zone_records_seal(z, NULL, NULL, &err), 0);
	ck_assert_int_eq(zone_check(z, NULL, NULL, &err), ERR_SEMANTIC);
	ck_assert_ptr_nonnull(strstr(err.text, "x.t.: RDATA of 3 octets"));
	zone_records_free(z);
}
END_TEST

START_TEST(iterations_have_a_price)
{
	struct zone_records *z;
	struct err err;
	static const char text[] = HEAD "@ NSEC3PARAM 1 1 500 -\n"
					"@ NSEC3PARAM 1 0 100 AB\n";

	ck_assert_int_eq(
	    zonefile_parse(&z, "z", text, strlen(text), apex, NULL, &err), 0);
	/* with flags it is not used */
	ck_assert_int_eq(zone_iterations_check(z, 100, &err), 0);
	ck_assert_int_eq(zone_iterations_check(z, 99, &err), ERR_SEMANTIC);
	ck_assert_ptr_nonnull(
	    strstr(err.text, "t. NSEC3PARAM: 100 iterations, at most 99"));
	zone_records_free(z);
}
END_TEST

UNIT_MAIN("zone_check", every_rule_refuses_or_warns_as_it_should,
    many_warnings_of_a_kind_are_counted,
    rdata_of_wrong_shape_is_found_in_sealed_records, iterations_have_a_price)
