/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Errors: codes come through, texts are one line, bounded, terminated.
 */
#include "base/err.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/unit_run.h"

START_TEST(set_fills_code_and_text)
{
	struct err err = {0};

	ck_assert_int_eq(
	    err_set(&err, ERR_SYNTAX, "%s:%d: bad", "a.zone", 7), ERR_SYNTAX);
	ck_assert_int_eq(err.code, ERR_SYNTAX);
	ck_assert_str_eq(err.text, "a.zone:7: bad");
}
END_TEST

START_TEST(null_is_allowed)
{
	errno = ENOSPC;
	ck_assert_int_eq(err_set(NULL, ERR_BUSY, "x"), ERR_BUSY);
	ck_assert_int_eq(err_set_errno(NULL, "x"), ERR_IO);
	ck_assert_int_eq(err_add(NULL, "x"), ERR_OK);
}
END_TEST

START_TEST(errno_gives_the_reason)
{
	struct err err;

	errno = ENOSPC;
	ck_assert_int_eq(err_set_errno(&err, "store/%s", "x"), ERR_IO);
	ck_assert_str_eq(err.text, "store/x: No space left on device");
	ck_assert_int_eq(errno, ENOSPC);
}
END_TEST

START_TEST(add_puts_context_in_front)
{
	struct err err;

	err_set(&err, ERR_CORRUPT, "digest differs");
	ck_assert_int_eq(err_add(&err, "cell %d", 3), ERR_CORRUPT);
	ck_assert_int_eq(err_add(&err, "generation %d", 9), ERR_CORRUPT);
	ck_assert_str_eq(err.text, "generation 9: cell 3: digest differs");
	ck_assert_int_eq(err.code, ERR_CORRUPT);
}
END_TEST

START_TEST(arguments_may_be_the_old_text)
{
	struct err err;

	err_set(&err, ERR_IO, "old");
	err_set(&err, ERR_SEMANTIC, "new <%s>", err.text);
	ck_assert_str_eq(err.text, "new <old>");
	err_add(&err, "[%s]", err.text);
	ck_assert_str_eq(err.text, "[new <old>]: new <old>");
}
END_TEST

START_TEST(control_characters_do_not_pass)
{
	struct err err;

	err_set(&err, ERR_SYNTAX, "a\nb\x1b[31m\x7f\tc \xc3\xa4");
	ck_assert_str_eq(err.text, "a?b?[31m??c \xc3\xa4");
}
END_TEST

START_TEST(long_texts_are_cut)
{
	char lots[2 * ERR_TEXT_MAX];
	struct err err;

	memset(lots, 'x', sizeof lots - 1);
	lots[sizeof lots - 1] = '\0';
	err_set(&err, ERR_SYNTAX, "%s", lots);
	ck_assert_uint_eq(strlen(err.text), ERR_TEXT_MAX - 1);
	err_add(&err, "in front");
	ck_assert_uint_eq(strlen(err.text), ERR_TEXT_MAX - 1);
	ck_assert_int_eq(strncmp(err.text, "in front: xxx", 13), 0);
	for (size_t n = ERR_TEXT_MAX - 5; n < ERR_TEXT_MAX; n++) {
		err_set(&err, ERR_SYNTAX, "tail");
		err_add(&err, "%s", lots + sizeof lots - 1 - n);
		ck_assert_uint_le(strlen(err.text), ERR_TEXT_MAX - 1);
		errno = EIO;
		err_set_errno(&err, "%s", lots + sizeof lots - 1 - n);
		ck_assert_uint_le(strlen(err.text), ERR_TEXT_MAX - 1);
	}
}
END_TEST

START_TEST(code_names_are_stable_and_distinct)
{
	static const char *const names[] = {"ok", "io", "no_memory", "syntax",
	    "semantic", "corrupt", "version", "not_found", "exists", "busy",
	    "stale", "limit", "refused", "usage", "unavailable"};

	for (int i = 0; i < (int)(sizeof names / sizeof names[0]); i++)
		ck_assert_str_eq(err_code_name(-i), names[i]);
	ck_assert_str_eq(err_code_name(-15), "unknown");
	ck_assert_str_eq(err_code_name(1), "unknown");
}
END_TEST

UNIT_MAIN("err", set_fills_code_and_text, null_is_allowed,
    errno_gives_the_reason, add_puts_context_in_front,
    arguments_may_be_the_old_text, control_characters_do_not_pass,
    long_texts_are_cut, code_names_are_stable_and_distinct)
