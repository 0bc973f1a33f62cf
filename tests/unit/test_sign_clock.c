/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of control/publish/sign_clock.c: clocks as they are seen one look
 * after another, and what is thought of each.
 */
#include "control/publish/sign_clock.h"

#include <string.h>

#include "tests/unit/unit_run.h"

enum { START = 1800000000, HOUR = 3600, YEARS = 10 * 365 * 86400 };

static struct sign_clock c;
static struct err err;

static void
setup(void)
{
	c = (struct sign_clock){0};
}

/* The wall clock at START + `wall`, when the machine has run for `boot`. */
static enum sign_clock_news
look(int64_t wall, uint64_t boot, bool synchronised)
{
	const struct sign_clock_look l = {.wall_s = (uint64_t)(START + wall),
	    .boot_s = boot,
	    .synchronised = synchronised};

	return sign_clock_look(&c, &l);
}

START_TEST(test_sign_clock_that_goes)
{
	setup();
	ck_assert_int_eq(look(0, 50, false), SIGN_CLOCK_GOES_ON);
	ck_assert_int_eq(look(0, 50, false), SIGN_CLOCK_GOES_ON);
	ck_assert_int_eq(look(10, 60, false), SIGN_CLOCK_GOES_ON);
	/* nobody looked for a month, in which time went by */
	ck_assert_int_eq(
	    look(30 * 86400, 50 + 30 * 86400, false), SIGN_CLOCK_GOES_ON);
	ck_assert_int_eq(sign_clock_check(&c, &err), 0);
}
END_TEST

START_TEST(test_sign_clock_small_steps)
{
	setup();
	look(0, 50, false);
	ck_assert_int_eq(look(HOUR, 50, false), SIGN_CLOCK_GOES_ON);
	ck_assert_int_eq(look(0, 50, false), SIGN_CLOCK_GOES_ON);
	ck_assert_int_eq(look(HOUR + 1, 50, false), SIGN_CLOCK_DOUBT);
	ck_assert_int_eq(look(0, 50, false), SIGN_CLOCK_MOVED);
	ck_assert_int_eq(look(-HOUR - 1, 50, false), SIGN_CLOCK_DOUBT);
}
END_TEST

/* `by` seconds, which nobody vouches for, and back. */
static void
jump_and_back(int64_t by)
{
	setup();
	look(0, 50, false);
	ck_assert_int_eq(look(by, 51, false), SIGN_CLOCK_DOUBT);
	ck_assert_int_eq(sign_clock_check(&c, &err), ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(err.text, "the clock was set to "));
	/* it stays away: nothing is news, and nothing is believed */
	ck_assert_int_eq(look(by + 9, 60, false), SIGN_CLOCK_GOES_ON);
	ck_assert_int_eq(sign_clock_check(&c, &err), ERR_REFUSED);
	/* back where it would be by now */
	ck_assert_int_eq(look(100, 150, false), SIGN_CLOCK_MOVED);
	ck_assert_int_eq(sign_clock_check(&c, &err), 0);
	ck_assert_int_eq(look(101, 151, false), SIGN_CLOCK_GOES_ON);
}

START_TEST(test_sign_clock_jump)
{
	jump_and_back(YEARS);
	jump_and_back(-YEARS / 10);
}
END_TEST

/* A machine that was paused, and then told the time. */
static void
jump_synchronised(int64_t by)
{
	setup();
	look(0, 50, false);
	ck_assert_int_eq(look(by, 51, false), SIGN_CLOCK_DOUBT);
	ck_assert_int_eq(look(by, 51, true), SIGN_CLOCK_MOVED);
	ck_assert_int_eq(sign_clock_check(&c, &err), 0);
	/* that is its time from now on */
	ck_assert_int_eq(look(by + 1, 52, false), SIGN_CLOCK_GOES_ON);
	ck_assert_int_eq(look(0, 52, true), SIGN_CLOCK_MOVED);
	ck_assert_int_eq(look(by + 1, 52, false), SIGN_CLOCK_DOUBT);
}

START_TEST(test_sign_clock_synchronised)
{
	jump_synchronised(YEARS);
	jump_synchronised(-YEARS / 10);
}
END_TEST

START_TEST(test_sign_clock_not_set)
{
	setup();
	ck_assert_int_eq(look(-START + 20, 20, true), SIGN_CLOCK_DOUBT);
	ck_assert_int_eq(sign_clock_check(&c, &err), ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(err.text, "1970-01-01"));
	ck_assert_ptr_nonnull(strstr(err.text, "was not made yet"));
	ck_assert_int_eq(
	    look(SIGN_CLOCK_FLOOR - START - 1, 21, true), SIGN_CLOCK_GOES_ON);
	ck_assert_int_eq(sign_clock_check(&c, &err), ERR_REFUSED);
	/* set, by hand */
	ck_assert_int_eq(look(0, 22, false), SIGN_CLOCK_MOVED);
	ck_assert_int_eq(sign_clock_check(&c, &err), 0);
	ck_assert_int_eq(look(-START + 23, 23, false), SIGN_CLOCK_DOUBT);
}
END_TEST

START_TEST(test_sign_clock_contradicted)
{
	setup();
	look(-30 * 86400, 50, false);
	c.contradicted = true;
	/* an hour later it still is what it was */
	ck_assert_int_eq(
	    look(HOUR - 30 * 86400, 50 + HOUR, false), SIGN_CLOCK_GOES_ON);
	ck_assert(c.contradicted);
	/* set by hand */
	ck_assert_int_eq(look(0, 60 + HOUR, false), SIGN_CLOCK_MOVED);
	ck_assert_int_eq(sign_clock_check(&c, &err), 0);
	ck_assert(!c.contradicted);
	ck_assert_int_eq(look(YEARS, 61 + HOUR, false), SIGN_CLOCK_DOUBT);
}
END_TEST

UNIT_MAIN("sign_clock", test_sign_clock_that_goes, test_sign_clock_small_steps,
    test_sign_clock_jump, test_sign_clock_synchronised, test_sign_clock_not_set,
    test_sign_clock_contradicted)
