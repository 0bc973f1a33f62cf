/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Sets of prefixes against the plain rule, one rule after the other, over
 * random prefixes and the addresses at their edges; and lists as files.
 */
#include "dataplane/limit/prefix_set.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "tests/unit/unit_run.h"

static struct err err;

#define OK(call) ck_assert_msg((call) == 0, "%s", err.text)

static bool
contains(const struct prefix *p, const uint8_t *address)
{
	for (unsigned bit = 0; bit < p->bits; bit++)
		if ((p->bytes[bit / 8] ^ address[bit / 8]) & 0x80 >> bit % 8)
			return false;
	return true;
}

/* The rule as an operator would say it. */
static unsigned
plain_class(const struct prefix_rules *r, const uint8_t *address, bool v4)
{
	int longest = -1;
	unsigned denied = 0, exempt = 0;

	for (size_t i = 0; i < r->count; i++) {
		const struct prefix_rule *rule = &r->rules[i];

		if (rule->prefix.v4 != v4 || !contains(&rule->prefix, address))
			continue;
		if (rule->list == PREFIX_LIST_EXEMPT) {
			exempt = PREFIX_EXEMPT;
		} else if (rule->prefix.bits > longest) {
			longest = rule->prefix.bits;
			denied =
			    rule->list == PREFIX_LIST_DENY ? PREFIX_DENIED : 0;
		}
	}
	return denied | exempt;
}

/* Few distinct octets, so that prefixes lie in each other. */
static struct prefix
random_prefix(bool v4, struct prefix_rules *r)
{
	static const uint8_t octets[] = {0, 1, 0x80, 0xff};
	struct prefix p = {.v4 = v4};
	unsigned most = v4 ? 32 : 128;

	(void)r;
	p.bits = (uint8_t)((unsigned)random() % (most + 1));
	for (unsigned i = 0; i < most / 8; i++)
		p.bytes[i] = octets[random() % 4];
	for (unsigned bit = p.bits; bit < most; bit++)
		p.bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
	return p;
}

static bool
is_contradicted(const struct prefix_rules *r, const struct prefix *p)
{
	for (size_t i = 0; i < r->count; i++)
		if (!memcmp(&r->rules[i].prefix, p, sizeof *p))
			return true;
	return false;
}

static void
compare_at(const struct prefix_set *s, const struct prefix_rules *r,
    const uint8_t *address, bool v4)
{
	ck_assert_uint_eq(prefix_set_class(s, address, v4 ? 4 : 16),
	    plain_class(r, address, v4));
}

/* The first and last address of a prefix, and those beside them. */
static void
compare_edges(const struct prefix_set *s, const struct prefix_rules *r,
    const struct prefix *p)
{
	unsigned bytes = p->v4 ? 4 : 16;
	uint8_t edge[16];

	for (unsigned last = 0; last < 2; last++) {
		memcpy(edge, p->bytes, 16);
		for (unsigned bit = p->bits; last && bit < 8 * bytes; bit++)
			edge[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
		compare_at(s, r, edge, p->v4);
		for (int step = last ? 1 : -1, i = (int)bytes - 1; i >= 0;
		     i--) {
			edge[i] = (uint8_t)(edge[i] + step);
			if (edge[i] != (step > 0 ? 0 : 0xff))
				break;
		}
		compare_at(s, r, edge, p->v4);
	}
}

static void
compare(unsigned rules)
{
	struct prefix_rules r = {0};
	struct prefix_set *s;

	while (r.count < rules) {
		struct prefix p = random_prefix(random() % 2, &r);
		char text[PREFIX_TEXT_MAX];

		if (!is_contradicted(&r, &p))
			OK(prefix_rules_add(&r,
			    (enum prefix_list)(random() % 3),
			    prefix_text(text, &p), "test", &err));
	}
	OK(prefix_set_new(&s, &r, &err));
	for (size_t i = 0; i < r.count; i++)
		compare_edges(s, &r, &r.rules[i].prefix);
	for (unsigned i = 0; i < 200; i++) {
		struct prefix p = random_prefix(random() % 2, &r);

		compare_at(s, &r, p.bytes, p.v4);
	}
	prefix_set_free(&s);
	prefix_rules_fini(&r);
}

START_TEST(agrees_with_the_plain_rule)
{
	srandom(1);
	for (unsigned i = 0; i < 200; i++)
		compare(1 + (unsigned)random() % 40);
	compare(2000);
}
END_TEST

static int
parse(struct prefix_rules *r, enum prefix_list list, const char *text)
{
	size_t n = strlen(text);
	char *copy = malloc(n + 1);
	int rc;

	memcpy(copy, text, n);
	rc = prefix_rules_parse(r, list, "list", copy, n, &err);
	free(copy);
	return rc;
}

START_TEST(files_of_prefixes)
{
	struct prefix_rules r = {0};
	struct prefix_set *s;

	OK(parse(&r, PREFIX_LIST_DENY,
	    "# a list\n\n192.0.2.0/24 # all of it\n  2001:db8::/32\t\r\n"
	    "198.51.100.7\n0.0.0.0/0\n192.0.2.0/24"));
	OK(parse(&r, PREFIX_LIST_ALLOW, "192.0.2.128/25\n::/0"));
	ck_assert_uint_eq(r.count, 7);
	ck_assert_uint_eq(r.rules[0].line, 3);
	ck_assert_uint_eq(r.rules[4].line, 7);
	OK(prefix_set_new(&s, &r, &err));
	compare_at(s, &r, (const uint8_t[]){192, 0, 2, 127}, true);
	ck_assert_uint_eq(
	    prefix_set_class(s, (const uint8_t[]){192, 0, 2, 200}, 4), 0);
	ck_assert_uint_eq(prefix_set_class(s, (const uint8_t[]){8, 8, 8, 8}, 4),
	    PREFIX_DENIED);
	prefix_set_free(&s);
	prefix_rules_fini(&r);
}
END_TEST

START_TEST(mistakes_have_file_and_line)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
	    {"192.0.2.0/24\n192.0.2.1/24\n",
		"list:2: \"192.0.2.1/24\" has bits"},
	    {"192.0.2.0/33", "list:1: \"192.0.2.0/33\" has a bad length"},
	    {"::/129", "list:1: \"::/129\" has a bad length"},
	    {"\n\n192.0.2.0/", "list:3: \"192.0.2.0/\" has a bad length"},
	    {"192.0.2.0/024", "list:1: \"192.0.2.0/024\" has a bad length"},
	    {"192.0.2/24", "list:1: \"192.0.2/24\" is not a prefix"},
	    {"example.com", "list:1: \"example.com\" is not a prefix"},
	    {"192.0.2.0/24 192.0.2.0/24", "list:1: \"192.0.2.0/24 192"},
	    {"::ffff:192.0.2.0/120",
		"list:1: ::ffff:192.0.2.0/120 is no prefix of clients"},
	    {"::ffff:0:0/96", "list:1: ::ffff:0.0.0.0/96 is no prefix of"},
	    {"a\n", "list:1: \"a\" is not a prefix"},
	    {"192.0.2.1\n\x01\n", "list:2: octets that are no text"},
	    {"\xff", "list:1: octets that are no text"},
	};

	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct prefix_rules r = {0};

		ck_assert_int_eq(
		    parse(&r, PREFIX_LIST_DENY, rows[i].text), ERR_SYNTAX);
		ck_assert_msg(
		    strncmp(err.text, rows[i].says, strlen(rows[i].says)) == 0,
		    "%s", err.text);
		prefix_rules_fini(&r);
	}
}
END_TEST

START_TEST(contradictions_name_both)
{
	struct prefix_rules r = {0};
	struct prefix_set *s;

	OK(parse(&r, PREFIX_LIST_DENY, "\n192.0.2.0/24"));
	OK(parse(&r, PREFIX_LIST_EXEMPT, "192.0.2.0/24"));
	OK(parse(&r, PREFIX_LIST_ALLOW, "192.0.2.0/24"));
	ck_assert_int_eq(prefix_set_new(&s, &r, &err), ERR_SEMANTIC);
	ck_assert_str_eq(err.text,
	    "list:2: 192.0.2.0/24 is denied here and allowed in list:1");
	ck_assert_ptr_null(s);
	prefix_rules_fini(&r);
}
END_TEST

START_TEST(nothing_is_no_set)
{
	struct prefix_rules r = {0};
	struct prefix_set *s;

	OK(parse(&r, PREFIX_LIST_DENY, "# none\n"));
	OK(prefix_set_new(&s, &r, &err));
	ck_assert_ptr_null(s);
}
END_TEST

START_TEST(thousands_from_a_file)
{
	char dir[UNIT_PATH_MAX], path[UNIT_PATH_MAX];
	struct prefix_rules r = {0};
	struct bytes text = {0};
	struct prefix_set *s;

	for (unsigned i = 0; i < 50000; i++)
		bytes_printf(&text, "10.%u.%u.%u/31\n", i >> 15, i >> 7 & 255,
		    i << 1 & 254);
	unit_directory_make(dir);
	unit_path(path, dir, "list");
	OK(file_write(AT_FDCWD, path, 0600, text.data, text.len, 0, &err));
	OK(prefix_rules_load(&r, PREFIX_LIST_EXEMPT, path, &err));
	ck_assert_uint_eq(r.count, 50000);
	OK(prefix_set_new(&s, &r, &err));
	ck_assert_uint_eq(
	    prefix_set_class(s, (const uint8_t[]){10, 0, 77, 9}, 4),
	    PREFIX_EXEMPT);
	ck_assert_uint_eq(
	    prefix_set_class(s, (const uint8_t[]){11, 0, 77, 9}, 4), 0);
	prefix_set_free(&s);
	prefix_rules_fini(&r);
	bytes_fini(&text);
	unit_directory_remove(dir);
}
END_TEST

UNIT_MAIN("prefix_set", agrees_with_the_plain_rule, files_of_prefixes,
    mistakes_have_file_and_line, contradictions_name_both, nothing_is_no_set,
    thousands_from_a_file)
