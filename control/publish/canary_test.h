/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Is a candidate good or bad? Wald's sequential test of a stream of compared
 * questions, each at fault or not. Pure arithmetic: no clock, no allocation.
 *
 *   sum += log(bad / good)              for one at fault
 *   sum += log((1 - bad) / (1 - good))  for one that is not
 *
 *   sum >= log((1 - missed) / false_return)   bad, for ever
 *   sum <= log(missed / (1 - false_return))   good; and it starts again
 *
 * A watch that goes on would err some day. So the k-th test has only 1/2^k of
 * the false returns that are allowed: however long the watch, a candidate with
 * no more than the good share of faults is returned with at most the stated
 * probability, and each single test misses a bad share as seldom as stated.
 */
#ifndef HOLDFAST_CANARY_TEST_H
#define HOLDFAST_CANARY_TEST_H

#include <stdbool.h>
#include <stdint.h>

enum canary_verdict { CANARY_UNDECIDED, CANARY_GOOD, CANARY_BAD };

/* All between 0 and 1, good < bad. */
struct canary_rates {
	double good, bad;            /* shares of questions at fault */
	double false_return, missed; /* probabilities of error */
};

struct canary_test {
	double sum;
	double fault_step, sound_step; /* of the sum */
	double upper, lower;
	uint64_t questions, faults;
	enum canary_verdict verdict;
};

void canary_test_init(struct canary_test *t, const struct canary_rates *r);

/* One more question. GOOD stays while nothing speaks against it, and becomes
 * BAD if enough does. */
enum canary_verdict canary_test_add(struct canary_test *t, bool fault);

#endif
