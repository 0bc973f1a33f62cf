/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Lists of queries: what lines say, and what is wrong with those that say
 * nothing.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/wire.h"
#include "tests/unit/query_rig.h"
#include "tools/load/query_list.h"

/* What was read, as "NAME TYPE; ". */
static char heard[4096];

static int
line_hear(void *arg, const uint8_t *name, uint16_t type, struct err *err)
{
	char text[NAME_TEXT_MAX];
	size_t at = strlen(heard);

	(void)arg;
	(void)err;
	snprintf(heard + at, sizeof heard - at, "%s %u; ",
	    name_to_text(text, name), type);
	return 0;
}

#define LABEL_63                                                               \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct list {
	const char *text;
	const char *heard; /* or the error */
} lists[] = {
    {"", ""},
    {"a.example. A\n", "a.example. 1; "},
    {"a.example A", "a.example. 1; "},
    {"a A\r\nb\tAAAA \n", "a. 1; b. 28; "},
    {"\n; NAME TYPE\n# too\n   \n  a  A", "a. 1; "},
    {". NS\n. TYPE65280\na any", ". 2; . 65280; a. 255; "},
    {"a\\.b\\032c\\\\.x mx", "a\\.b\\032c\\\\.x. 15; "},
    {"a\\ b TXT", "a\\032b. 16; "},
    {LABEL_63 " A", LABEL_63 ". 1; "},
    {"a", "list:1: a name without a type; write NAME TYPE"},
    {"a A\n\nb\n", "list:3: a name without a type; write NAME TYPE"},
    {"a A E", "list:1: more than two words; write NAME TYPE"},
    {"a IN A B C D", "list:1: more than two words; write NAME TYPE"},
    {"a A\na..b A", "list:2: name 'a..b': an empty label"},
    {LABEL_63 "a A", "a label over 63 octets"},
    {"a\\256 A", "list:1: escape \\256 is no octet"},
    {"a\\", "list:1: a name without a type"},
    {"a NOTYPE", "list:1: 'NOTYPE' is no record type"},
    {"a TYPE65536", "list:1: TYPE: number 65536 is over 65535"},
};

START_TEST(lines_are_names_and_types)
{
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		const struct list *l = &lists[i];
		size_t bytes = strlen(l->text);
		char *exact = malloc(bytes ? bytes : 1);
		struct err err = {0};
		int rc;

		memcpy(exact, l->text, bytes);
		heard[0] = 0;
		rc = query_list_parse(
		    "list", exact, bytes, line_hear, NULL, &err);
		if (rc == 0)
			ck_assert_str_eq(heard, l->heard);
		else
			ck_assert_msg(strstr(err.text, l->heard) && *l->heard,
			    "\"%s\": %s", l->text, err.text);
		free(exact);
	}
}
END_TEST

START_TEST(a_line_without_end)
{
	size_t bytes = 100000;
	char *line = malloc(bytes);
	struct err err;

	memset(line, 'a', bytes);
	ck_assert_int_eq(
	    query_list_parse("list", line, bytes, line_hear, NULL, &err),
	    ERR_SYNTAX);
	ck_assert_str_eq(
	    err.text, "list:1: a line over 4096 octets; write NAME TYPE");
	free(line);
}
END_TEST

/* In the order of the file, all of them or as many as are wanted; compared with
 * the zone that is given, where the names are of it. */
START_TEST(a_list_is_a_set)
{
	char directory[UNIT_PATH_MAX], zone[UNIT_PATH_MAX], list[UNIT_PATH_MAX];
	struct query_mix mix = {.list = list, .edns_percent = 100};
	struct query_set *s;
	struct rig rig;

	unit_directory_make(directory);
	thousand_write(zone, directory);
	file_of_text(unit_path(list, directory, "list"),
	    "h1.example A\nH2.eXample. TXT\nnot.there.example A\n"
	    "elsewhere.net A\nh1.example A\n");
	s = set_make(&mix);
	ck_assert_uint_eq(s->count, 5);
	ck_assert_uint_eq(s->distinct, 4);
	ck_assert_uint_eq(s->of_kind[QUERY_LISTED], 5);
	ck_assert_uint_eq(s->with_expected, 0);
	query_set_free(&s);

	rig_open_file(&rig, "example", zone);
	s = set_of_zone("example", zone, mix);
	ck_assert_uint_eq(s->with_expected, 4);
	for (uint32_t i = 0; i < s->count; i++) {
		query_check(&rig, s, i);
		ck_assert_uint_eq(s->queries[i].expected != 0, i != 3);
	}
	ck_assert_mem_eq(s->messages + s->queries[1].at + DNS_HEADER_BYTES,
	    "\2H2\7eXample\0\0\x10\0\1", 16);
	query_set_free(&s);
	mix.count = 2;
	s = set_of_zone("example", zone, mix);
	ck_assert_uint_eq(s->count, 2);
	query_set_free(&s);
	rig_close(&rig);
	unit_directory_remove(directory);
}
END_TEST

START_TEST(a_list_without_queries_is_refused)
{
	char directory[UNIT_PATH_MAX], list[UNIT_PATH_MAX];
	struct query_mix mix = {.list = list};
	struct query_set *s;
	struct err err;

	unit_directory_make(directory);
	file_of_text(unit_path(list, directory, "list"), "; nothing\n");
	ck_assert_int_eq(query_set_make(&s, &mix, &err), ERR_SEMANTIC);
	ck_assert_ptr_nonnull(strstr(err.text, "no queries in it"));
	unit_directory_remove(directory);
}
END_TEST

UNIT_MAIN("query_list", lines_are_names_and_types, a_line_without_end,
    a_list_is_a_set, a_list_without_queries_is_refused)
