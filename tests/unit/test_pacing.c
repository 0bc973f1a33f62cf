/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The open loop's schedule: as many queries in a second as were asked for, due
 * in even bursts whatever the sender does, and the count of what is skipped.
 */
#include <math.h>

#include "tests/unit/unit_run.h"
#include "tools/load/pacing.h"

enum { HZ = 2600000000u };

START_TEST(bursts_grow_with_the_rate)
{
	ck_assert_uint_eq(pacing_burst(1), 1);
	ck_assert_uint_eq(pacing_burst(499999), 1);
	ck_assert_uint_eq(pacing_burst(500000), 2);
	ck_assert_uint_eq(pacing_burst(1e6), 4);
	ck_assert_uint_eq(pacing_burst(8e6), 32);
	ck_assert_uint_eq(pacing_burst(1e9), PACING_BURST_MAX);
}
END_TEST

/* A sender that looks often sends rate x seconds, give or take a burst. */
START_TEST(rates_are_kept)
{
	static const double rates[] = {1, 7, 1000, 33333.3, 1e6, 7654321, 2e7};

	for (unsigned i = 0; i < sizeof rates / sizeof *rates; i++) {
		unsigned burst = pacing_burst(rates[i]);
		uint64_t start = 987654321, sent = 0, last = 0;
		struct pacer p;

		pacing_start(&p, rates[i], burst, start, HZ);
		while (pacing_is_due(&p, start + HZ / 10 - 1)) {
			ck_assert(sent == 0 || p.next_due > last);
			last = p.next_due;
			sent += burst;
			pacing_next(&p);
		}
		ck_assert_double_le(fabs((double)sent - rates[i] / 10), burst);
	}
}
END_TEST

/* After hours there is no drift. */
START_TEST(no_drift)
{
	struct pacer p;
	double late;

	pacing_start(&p, 3e6, 12, 0, HZ);
	p.index = UINT64_C(3000000) / 12 * 36000;
	pacing_next(&p);
	late = (double)p.next_due - 36000.0 * HZ;
	ck_assert_double_le(fabs(late - p.interval), 4);
}
END_TEST

START_TEST(nothing_before_the_start)
{
	struct pacer p;

	pacing_start(&p, 1000, 1, 5000, HZ);
	ck_assert(!pacing_is_due(&p, 4999));
	ck_assert(pacing_is_due(&p, 5000));
	ck_assert_uint_eq(pacing_skip(&p, 4999), 0);
	ck_assert_uint_eq(p.index, 0);
}
END_TEST

/* Skipped and sent queries are all there were. */
START_TEST(skipping_counts)
{
	for (uint64_t stop = 0; stop < 5; stop++) {
		struct pacer p;
		uint64_t sent = 0, skipped, now = HZ / 4 + stop * 12345;

		pacing_start(&p, 1e6, 4, 0, HZ);
		for (unsigned i = 0; i < 100; i++, sent += 4)
			pacing_next(&p);
		skipped = pacing_skip(&p, now);
		ck_assert(!pacing_is_due(&p, now));
		ck_assert_uint_eq(sent + skipped, p.index * 4);
		ck_assert_double_le(
		    fabs((double)(sent + skipped) - (double)now / HZ * 1e6), 4);
		ck_assert_double_le((double)(p.next_due - now), p.interval + 1);
	}
}
END_TEST

UNIT_MAIN("pacing", bursts_grow_with_the_rate, rates_are_kept, no_drift,
    nothing_before_the_start, skipping_counts)
