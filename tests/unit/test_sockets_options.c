/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of dataplane/sockets/sockets_options.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "dataplane/sockets/sockets_options.h"
#include "tests/unit/unit_run.h"

/* Parses a command line of at most 15 words. */
static int
parse(struct sockets_options *o, struct err *err, const char *line)
{
	static char text[1024];
	char *argv[17] = {(char *)"holdfast-sockets"}, *at = text, *word;
	int argc = 1;

	snprintf(text, sizeof text, "%s", line);
	while ((word = strsep(&at, " ")) != NULL && argc < 16) {
		if (*word)
			argv[argc++] = word;
	}
	return sockets_options_parse(o, argc, argv, err);
}

START_TEST(test_least_line)
{
	struct sockets_options o;
	struct err err;

	ck_assert_int_eq(
	    parse(&o, &err, "--store /s --listen 127.0.0.1@5300"), 0);
	ck_assert_int_eq(o.action, SOCKETS_RUN);
	ck_assert_str_eq(o.store_dir, "/s");
	ck_assert_ptr_null(o.run_dir); /* nothing of the machine's own */
	ck_assert_uint_eq(o.nlisten, 1);
	ck_assert_uint_eq(o.listen[0].port, 5300);
	ck_assert_uint_eq(o.threads, 1);
	ck_assert_uint_eq(o.answer.udp_max, 1232);
	ck_assert_uint_gt(o.tcp_clients, 0);
	sockets_options_fini(&o);
}
END_TEST

START_TEST(test_all_words)
{
	struct sockets_options o;
	struct err err;

	ck_assert_int_eq(parse(&o, &err,
			     "--check --threads 3 --run /r --store /s --listen "
			     "::1 --listen=0.0.0.0@99"),
	    0);
	ck_assert_int_eq(o.action, SOCKETS_CHECK);
	ck_assert_str_eq(o.run_dir, "/r");
	ck_assert_uint_eq(o.threads, 3);
	ck_assert_uint_eq(o.nlisten, 2);
	ck_assert_uint_eq(o.listen[0].port, 53);
	ck_assert(!o.listen[0].v4);
	ck_assert(o.listen[1].v4);
	sockets_options_fini(&o);
}
END_TEST

/* What is wrong, and a word that the error must have. */
static const struct {
	const char *line, *says;
} wrong[] = {
    {"", "--store DIR"},
    {"--store /s", "--listen 127.0.0.1@5300"},
    {"--listen ::1", "--store DIR"},
    {"--store /s --listen nonsense", "nonsense"},
    {"--store /s --listen 127.0.0.1@0", "127.0.0.1@0"},
    {"--store /s --listen 127.0.0.1@65536", "65536"},
    {"--store /s --listen ::1 --listen ::1", "twice"},
    {"--store /s --listen ::1 --threads 0", "1 to 64"},
    {"--store /s --listen ::1 --threads 65", "1 to 64"},
    {"--store /s --listen ::1 --threads -1", "1 to 64"},
    {"--store /s --listen ::1 --threads 2x", "1 to 64"},
    {"--store", "needs a value"},
    {"--nonsense", "--nonsense"},
    {"--store /s --listen ::1 word", "\"word\""},
};

START_TEST(test_wrong_lines)
{
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct sockets_options o;
		struct err err = {0};

		ck_assert_msg(parse(&o, &err, wrong[i].line) == ERR_USAGE,
		    "%s: %d", wrong[i].line, err.code);
		ck_assert_int_eq(err.code, ERR_USAGE);
		ck_assert_msg(strstr(err.text, wrong[i].says) != NULL, "%s: %s",
		    wrong[i].line, err.text);
		sockets_options_fini(&o);
	}
}
END_TEST

START_TEST(test_configuration_and_what_goes_before_it)
{
	static const char text[] = "store: {directory: /a, run: /b}\n"
				   "answer: {udp_max: 1400, nsid: 'hex:00fF'}\n"
				   "sockets: {listen: ['::1@5300'], threads: 4,"
				   " tcp_clients: 77}\n";
	char dir[UNIT_PATH_MAX], path[UNIT_PATH_MAX], line[1024];
	struct sockets_options o;
	struct err err;

	unit_directory_make(dir);
	unit_path(path, dir, "holdfast.yaml");
	ck_assert_int_eq(
	    file_write(-100, path, 0644, text, sizeof text - 1, 0, &err), 0);
	snprintf(line, sizeof line, "--config %s", path);
	ck_assert_msg(parse(&o, &err, line) == 0, "%s", err.text);
	ck_assert_str_eq(o.store_dir, "/a");
	ck_assert_str_eq(o.run_dir, "/b");
	ck_assert_uint_eq(o.threads, 4);
	ck_assert_uint_eq(o.tcp_clients, 77);
	ck_assert_uint_eq(o.answer.udp_max, 1400);
	ck_assert_uint_eq(o.answer.nsid_bytes, 2);
	ck_assert_uint_eq(o.answer.nsid[1], 0xff);
	sockets_options_fini(&o);
	snprintf(line, sizeof line,
	    "--config %s --store /c --listen 127.0.0.1 --threads 1", path);
	ck_assert_msg(parse(&o, &err, line) == 0, "%s", err.text);
	ck_assert_str_eq(o.store_dir, "/c");
	ck_assert_uint_eq(o.threads, 1);
	ck_assert_uint_eq(o.nlisten, 1);
	ck_assert(o.listen[0].v4);
	sockets_options_fini(&o);
	unit_directory_remove(dir);
}
END_TEST

UNIT_MAIN("sockets_options", test_least_line, test_all_words, test_wrong_lines,
    test_configuration_and_what_goes_before_it)
