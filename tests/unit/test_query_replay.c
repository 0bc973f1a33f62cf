/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A query in a child process: fine, deadly, hanging. The last two need a build
 * with fault points.
 */
#include "dataplane/guard/query_replay.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "base/wire.h"
#include "snapshot/fault.h"
#include "tests/rig/text_generation.h"
#include "tests/unit/option_query.h"
#include "tests/unit/unit_run.h"

enum { HURRY_MS = 100 };

static struct generation *g;
static struct answer_config config;
static struct replay r;
static struct err err;
static unsigned signal_number;

static void
start(void)
{
	const struct text_zone zone = {"ex.test.",
	    "$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\n* A 192.0.2.1\n", false};

	ck_assert_msg(text_generation_make(&g, NULL, &zone, 1, &err) == 0, "%s",
	    err.text);
	answer_config_default(&config);
	ck_assert_int_eq(replay_init(&r, &err), 0);
	ck_assert_uint_eq(r.query_ms, REPLAY_QUERY_MS);
}

static void
stop(void)
{
	replay_fini(&r);
	generation_free(&g);
	fault_clear_all();
}

static enum replay_outcome
outcome_of(const char *name, const struct generation *from)
{
	struct option_query q;
	struct held_query h = {0};
	enum replay_outcome outcome;

	option_query_begin(&q, name, DNS_TYPE_A);
	h.message = q.message;
	h.head.bytes = (uint16_t)q.bytes;
	h.head.capacity = ANSWER_BUFFER_MIN;
	ck_assert_msg(replay_query(&r, from, &config, &h, &outcome,
			  &signal_number, &err) == 0,
	    "%s", err.text);
	/* the child has been waited for */
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	return outcome;
}

START_TEST(what_is_fine)
{
	start();
	ck_assert_int_eq(outcome_of("www.ex.test.", g), REPLAY_FINE);
	ck_assert_int_eq(outcome_of("elsewhere.", g), REPLAY_FINE);
	ck_assert_int_eq(outcome_of("www.ex.test.", NULL), REPLAY_FINE);
	/* none of them harms before the fault is there */
	ck_assert_int_eq(outcome_of("query-of-death.ex.test.", g), REPLAY_FINE);
	stop();
}
END_TEST

START_TEST(what_crashes)
{
	start();
	if (fault_set("death-by-name", 1)) {
		ck_assert_int_eq(
		    outcome_of("query-of-death.ex.test.", g), REPLAY_CRASHED);
		ck_assert(signal_number == SIGILL || signal_number == SIGTRAP);
		/* it is not looked for where nothing is loaded */
		ck_assert_int_eq(
		    outcome_of("query-of-death.ex.test.", NULL), REPLAY_FINE);
		ck_assert_int_eq(outcome_of("www.ex.test.", g), REPLAY_FINE);
	}
	stop();
}
END_TEST

START_TEST(what_hangs)
{
	start();
	r.query_ms = HURRY_MS;
	if (fault_set("death-by-name", 1)) {
		ck_assert_int_eq(
		    outcome_of("query-of-hang.ex.test.", g), REPLAY_HUNG);
		ck_assert_uint_eq(signal_number, SIGKILL);
	}
	stop();
}
END_TEST

UNIT_MAIN("query_replay", what_is_fine, what_crashes, what_hangs)
