/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Log lines: one write each, one line each, levels, the journal's prefix.
 */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/unit_run.h"

static int reader; /* the other end of standard error */

/* Standard error becomes a socket that keeps writes apart. The test's process
 * is its own, so nothing is put back. */
static void
stderr_catch(void)
{
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	ck_assert_int_eq(dup2(pair[1], STDERR_FILENO), STDERR_FILENO);
	close(pair[1]);
	reader = pair[0];
	ck_assert_int_eq(fcntl(reader, F_SETFL, O_NONBLOCK), 0);
}

/* The next write, or "" when there was none. */
static const char *
line_next(void)
{
	static char line[8192];
	ssize_t n = read(reader, line, sizeof line - 1);

	line[n > 0 ? n : 0] = '\0';
	return line;
}

START_TEST(one_write_a_line)
{
	stderr_catch();
	unsetenv("JOURNAL_STREAM");
	log_open("prog", LOG_LEVEL_INFO);
	log_error("a %d", 1);
	log_warn("b");
	log_info("c");
	ck_assert_str_eq(line_next(), "error prog: a 1\n");
	ck_assert_str_eq(line_next(), "warn prog: b\n");
	ck_assert_str_eq(line_next(), "info prog: c\n");
	ck_assert_str_eq(line_next(), "");
}
END_TEST

START_TEST(levels_are_a_limit)
{
	stderr_catch();
	log_open("prog", LOG_LEVEL_WARN);
	log_info("no");
	log_debug("no");
	log_line((enum log_level)99, "no");
	log_warn("yes");
	ck_assert_str_eq(line_next(), "warn prog: yes\n");
	ck_assert_str_eq(line_next(), "");
	ck_assert_int_eq(log_level_from_text("error"), LOG_LEVEL_ERROR);
	ck_assert_int_eq(log_level_from_text("debug"), LOG_LEVEL_DEBUG);
	ck_assert_int_eq(log_level_from_text("Debug"), -1);
	ck_assert_int_eq(log_level_from_text(""), -1);
}
END_TEST

START_TEST(nobody_forges_a_line)
{
	stderr_catch();
	log_open("prog", LOG_LEVEL_INFO);
	log_info("bad\nerror prog: forged\x1b[2J");
	ck_assert_str_eq(
	    line_next(), "info prog: bad?error prog: forged?[2J\n");
}
END_TEST

START_TEST(long_lines_are_cut)
{
	static char lots[10000];
	const char *line;

	memset(lots, 'x', sizeof lots - 1);
	stderr_catch();
	log_open("prog", LOG_LEVEL_INFO);
	log_info("%s", lots);
	line = line_next();
	ck_assert_uint_gt(strlen(line), 1000);
	ck_assert_uint_lt(strlen(line), 2100);
	ck_assert_int_eq(line[strlen(line) - 1], '\n');
}
END_TEST

START_TEST(the_journal_gets_priorities)
{
	char stream[64];
	struct stat st;

	stderr_catch();
	ck_assert_int_eq(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof stream, "%llu:%llu",
	    (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_open("prog", LOG_LEVEL_DEBUG);
	log_error("e");
	log_debug("d");
	ck_assert_str_eq(line_next(), "<3>error prog: e\n");
	ck_assert_str_eq(line_next(), "<7>debug prog: d\n");
	/* standard error was redirected after systemd set the variable */
	setenv("JOURNAL_STREAM", "1:2", 1);
	log_open("prog", LOG_LEVEL_DEBUG);
	log_error("e");
	ck_assert_str_eq(line_next(), "error prog: e\n");
	setenv("JOURNAL_STREAM", "garbage", 1);
	log_open("prog", LOG_LEVEL_DEBUG);
	log_error("e");
	ck_assert_str_eq(line_next(), "error prog: e\n");
}
END_TEST

START_TEST(errno_survives)
{
	stderr_catch();
	log_open("prog", LOG_LEVEL_INFO);
	errno = ENOSPC;
	log_info("%m");
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_str_eq(line_next(), "info prog: No space left on device\n");
	close(STDERR_FILENO);
	errno = ENOSPC;
	log_info("nobody reads this");
	ck_assert_int_eq(errno, ENOSPC);
}
END_TEST

UNIT_MAIN("log", one_write_a_line, levels_are_a_limit, nobody_forges_a_line,
    long_lines_are_cut, the_journal_gets_priorities, errno_survives)
