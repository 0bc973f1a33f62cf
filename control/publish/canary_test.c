/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The sequential test (canary_test.h).
 */
#include "control/publish/canary_test.h"

#include <math.h>

void
canary_test_init(struct canary_test *t, const struct canary_rates *r)
{
	*t = (struct canary_test){
	    .fault_step = log(r->bad / r->good),
	    .sound_step = log((1 - r->bad) / (1 - r->good)),
	    /* the first test has half of what is allowed */
	    .upper = log((1 - r->missed) / r->false_return) + log(2),
	    .lower = log(r->missed / (1 - r->false_return)),
	};
}

enum canary_verdict
canary_test_add(struct canary_test *t, bool fault)
{
	t->questions++;
	t->faults += fault;
	if (t->verdict == CANARY_BAD)
		return CANARY_BAD;
	t->sum += fault ? t->fault_step : t->sound_step;
	if (t->sum >= t->upper) {
		t->verdict = CANARY_BAD;
	} else if (t->sum <= t->lower) {
		t->verdict = CANARY_GOOD;
		t->sum = 0;
		t->upper += log(2);
	}
	return t->verdict;
}
