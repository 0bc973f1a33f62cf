/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of tools/tool_options.c and of the table in commands.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit_run.h"
#include "tools/command.h"

static char text[1024];
static char *words[17];

/* Parses a command line of at most 15 words, its command first. */
static int
parse(struct tool *t, struct err *err, const char *line)
{
	char *at = text, *word;
	int argc = 0;

	snprintf(text, sizeof text, "%s", line);
	while ((word = strsep(&at, " ")) != NULL && argc < 16) {
		if (*word)
			words[argc++] = word;
	}
	words[argc] = NULL;
	*t = (struct tool){.command = command_find(words[0])};
	ck_assert_ptr_nonnull(t->command);
	return tool_options_parse(t, argc, words, err);
}

START_TEST(test_words_in_any_order)
{
	struct tool t;
	struct err err;

	ck_assert_int_eq(parse(&t, &err,
			     "query --udp 4096 www.test --json AAAA +do "
			     "--store /s"),
	    0);
	ck_assert(t.json);
	ck_assert_uint_eq(t.udp_bytes, 4096);
	ck_assert_str_eq(t.store_dir, "/s");
	ck_assert_int_eq(t.nargs, 3);
	ck_assert_str_eq(t.args[0], "www.test");
	ck_assert_str_eq(t.args[2], "+do");
	tool_fini(&t);
}
END_TEST

START_TEST(test_zones_are_collected)
{
	struct tool t;
	struct err err;

	ck_assert_int_eq(
	    parse(&t, &err, "compile --zone a=x --zone b=y=z --zones-from l"),
	    0);
	ck_assert_uint_eq(t.nzones, 2);
	ck_assert_str_eq(t.zones[1], "b=y=z");
	ck_assert_str_eq(t.zones_from, "l");
	ck_assert_int_eq(t.dnssec, ZONE_DNSSEC_DEFAULT);
	tool_fini(&t);
	ck_assert_int_eq(parse(&t, &err, "compile --dnssec sign"), 0);
	ck_assert_int_eq(t.dnssec, ZONE_DNSSEC_SIGN);
	tool_fini(&t);
}
END_TEST

START_TEST(test_time_is_in_seconds)
{
	struct tool t;
	struct err err;

	ck_assert_int_eq(parse(&t, &err, "reload --timeout 3"), 0);
	ck_assert_uint_eq(t.timeout_ms, 3000);
	tool_fini(&t);
}
END_TEST

static const struct {
	const char *line, *says;
} wrong[] = {
    {"query", "holdfast query NAME"},
    {"query a b c d", "\"d\" is one word too many"},
    {"query a --udp 511", "512 to 65535"},
    {"query a --udp 12x", "512 to 65535"},
    {"query a --udp", "needs a value"},
    {"query a --zone x=y", "`holdfast query` has no option --zone"},
    {"reload --store /s", "has no option --store"},
    {"compile --zone x", "NAME=FILE"},
    {"compile --zone x=y --dnssec on", "verify, warn, off or sign"},
    {"diff a", "holdfast diff A B"},
    {"zones --nonsense", "--nonsense"},
    {"version x", "too many"},
};

START_TEST(test_wrong_lines)
{
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct err err = {0};
		struct tool t;

		ck_assert_msg(parse(&t, &err, wrong[i].line) == ERR_USAGE, "%s",
		    wrong[i].line);
		ck_assert_msg(strstr(err.text, wrong[i].says) != NULL, "%s: %s",
		    wrong[i].line, err.text);
		tool_fini(&t);
	}
}
END_TEST

/* Every row can be run, explained, and printed as JSON. */
START_TEST(test_table)
{
	for (unsigned i = 0; i < ncommands; i++) {
		const struct command *c = &commands[i];

		ck_assert_ptr_nonnull(c->run);
		ck_assert(c->options & OPT_JSON);
		ck_assert_uint_gt(strlen(c->help), 0);
		ck_assert_int_le(c->args_least, c->args_most);
		ck_assert_ptr_eq(command_find(c->name), c);
	}
	ck_assert_ptr_null(command_find("nonsense"));
}
END_TEST

UNIT_MAIN("tool_options", test_words_in_any_order, test_zones_are_collected,
    test_time_is_in_seconds, test_wrong_lines, test_table)
