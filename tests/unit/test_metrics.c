/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of control/api/metrics.c: the text, of a zone table and counter
 * files that are made here. Over HTTP: tests/system/test_control_socket.py.
 */
#include <stdlib.h>
#include <string.h>

#include "base/counters.h"
#include "control/api/metrics.h"
#include "snapshot/dataplane_protocol.h"
#include "tests/unit/unit_run.h"
#include "tests/unit/zone_text.h"

static char dir[UNIT_PATH_MAX];
static struct zone_table zones;
static struct control_status status;
static struct control_context context;
static struct bytes text;

static void
start(void)
{
	static const char config_text[] =
	    "zones:\n  - {name: 'a\\\"b.test', file: /a}\n"
	    "  - {name: c.test, file: /c}\n";
	struct config *c;
	struct err err;

	unit_directory_make(dir);
	zone_table_init(&zones);
	control_status_init(&status);
	ck_assert_msg(config_parse(&c, "/x", config_text,
			  sizeof config_text - 1, &err) == 0,
	    "%s", err.text);
	ck_assert_int_eq(zone_table_configure(&zones, c, &err), 0);
	config_free(&c);
	context = (struct control_context){
	    .zones = &zones, .status = &status, .run_dir = dir};
}

static void
stop(void)
{
	bytes_fini(&text);
	zone_table_fini(&zones);
	control_status_fini(&status);
	unit_directory_remove(dir);
}

static const char *
text_make(void)
{
	bytes_clear(&text);
	metrics_text(&context, &text);
	ck_assert(!text.failed);
	bytes_append_zero(&text, 1);
	return (const char *)text.data;
}

static void
has_line(const char *line)
{
	const char *all = text_make(), *at = all;
	size_t n = strlen(line);

	while (at && (strncmp(at, line, n) != 0 || at[n] != '\n')) {
		at = strchr(at, '\n');
		at += at != NULL;
	}
	ck_assert_msg(at != NULL, "%s is not in\n%s", line, all);
}

START_TEST(test_nothing_yet)
{
	start();
	has_line("holdfast_control_generations_committed_total 0");
	has_line("# TYPE holdfast_control_cycles_total counter");
	has_line("holdfast_zones{state=\"waiting\"} 2");
	has_line("holdfast_zones{state=\"served\"} 0");
	has_line("holdfast_generation_age_seconds 0");
	has_line("holdfast_dataplane_beat_seconds -1");
	has_line("holdfast_control_error 0");
	ck_assert_ptr_null(strstr(text_make(), "holdfast_sockets"));
	stop();
}
END_TEST

START_TEST(test_labels_are_escaped)
{
	start();
	for (size_t i = 0; i < zones.count; i++) {
		zones.zones[i].state = ZONE_SERVED;
		zones.zones[i].served = zone_from_text(
		    "c.test.", "@ 60 SOA n h 4294967295 2 3 4 5\n@ 60 NS n\n");
	}
	has_line("holdfast_zone_serial{zone=\"c.test.\",state=\"served\"} "
		 "4294967295");
	/* the name's own text has a backslash before the quote */
	has_line("holdfast_zone_serial{zone=\"a\\\\\\\"b.test.\",state="
		 "\"served\"} 4294967295");
	stop();
}
END_TEST

START_TEST(test_facts)
{
	struct digest d = {{1}};

	start();
	control_status_count(&status, CONTROL_COMMITTED, 41);
	control_status_live(&status, &d, 42, 1);
	pthread_mutex_lock(&status.lock);
	status.facts.failed = true;
	status.facts.last_cycle_ms = 250;
	pthread_mutex_unlock(&status.lock);
	has_line("holdfast_control_generations_committed_total 41");
	has_line("holdfast_activation 42");
	has_line("holdfast_control_error 1");
	has_line("holdfast_last_turn_seconds 0.25");
	ck_assert_ptr_null(
	    strstr(text_make(), "holdfast_generation_age_seconds 0\n"));
	stop();
}
END_TEST

/* How many lines start so. */
static unsigned
lines_count(const char *prefix)
{
	unsigned n = 0;

	for (const char *at = text_make(); at && *at;) {
		n += strncmp(at, prefix, strlen(prefix)) == 0;
		at = strchr(at, '\n');
		at += at != NULL;
	}
	return n;
}

START_TEST(test_counter_files)
{
	static const char *const names[] = {
	    "verdict{answer}", "verdict{nxdomain}", "verdict_long"};
	static const char *const labels[] = {"core 1", "say \"x\""};
	struct counters *c;
	char path[UNIT_PATH_MAX];
	struct err err;

	start();
	ck_assert_int_eq(
	    counters_create(&c, unit_path(path, dir, SOCKETS_COUNTERS_NAME),
		names, 3, labels, 2, &err),
	    0);
	counters_add(&counters_block(c, 0)[1], 7);
	counters_add(&counters_block(c, 1)[2], 9);
	has_line(
	    "holdfast_sockets_verdict_total{block=\"core 1\",what=\"nxdomain\"}"
	    " 7");
	has_line("holdfast_sockets_verdict_long_total{block=\"say \\\"x\\\"\"}"
		 " 9");
	ck_assert_uint_eq(
	    lines_count("# TYPE holdfast_sockets_verdict_total "), 1);
	ck_assert_uint_eq(
	    lines_count("# TYPE holdfast_sockets_verdict_long_total "), 1);
	ck_assert_uint_eq(lines_count("holdfast_sockets_verdict_total{"), 4);
	counters_close(&c);
	stop();
}
END_TEST

UNIT_MAIN("metrics", test_nothing_yet, test_labels_are_escaped, test_facts,
    test_counter_files)
