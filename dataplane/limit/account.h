/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Accounts that are drawn from at a bounded rate: a token bucket each, in a
 * table of fixed size that one core owns, so nothing is locked.
 *
 *   line of 64 octets:  | paid tag over | paid tag over | ... four accounts
 *
 * The bucket is one time stamp: everything taken is paid for up to `paid`, and
 * each taking moves it on by its price. What lies between `paid` and now is
 * credit, capped. Time is a count of ticks (TSC on poll cores) that the caller
 * passes in; a stamp that is too far from now on either side (an idle account,
 * or a clock that was set back) means full credit.
 *
 * A hash picks the line by its low bits and names the account by its high ones.
 * When all four of a line are others', the one with the most credit goes:
 * forgetting it gives away the least, and whoever floods keeps his account
 * however many others are made. That choice is made by the four alone, so it is
 * the same at every run.
 */
#ifndef HOLDFAST_ACCOUNT_H
#define HOLDFAST_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

enum { ACCOUNTS_A_LINE = 4 };

struct account {
	uint64_t paid; /* ticks */
	uint32_t tag;  /* 0: never used */
	uint32_t over; /* limited since the last that was slipped */
};

struct account_line {
	_Alignas(64) struct account account[ACCOUNTS_A_LINE];
};
_Static_assert(sizeof(struct account_line) == 64, "one cache line");

/* Both in ticks; credit is at least price. */
struct account_rate {
	uint64_t price, credit;
};

struct account_table {
	struct account_line *lines; /* zeroed */
	uint64_t mask;              /* lines - 1 */
};

/* `per_second` in all, of which this core is one of `cores`, and `burst` in all
 * at once. The credit in ticks is the same whatever the number of cores: less
 * of them fit into it. */
static inline struct account_rate
account_rate_make(
    uint64_t hz, uint64_t per_second, uint64_t burst, unsigned cores)
{
	struct account_rate r = {
	    .price = (uint64_t)((__uint128_t)hz * cores / per_second),
	    .credit = (uint64_t)((__uint128_t)hz * burst / per_second),
	};

	if (r.price == 0)
		r.price = 1;
	if (r.credit < r.price)
		r.credit = r.price;
	return r;
}

static inline struct account_line *
account_line(const struct account_table *t, uint64_t hash)
{
	return &t->lines[hash & t->mask];
}

/* How much credit an account has beyond none, in ticks, for the choice of whom
 * to forget; the most for one that was never used. */
static inline uint64_t
account_credit(
    const struct account *a, const struct account_rate *r, uint64_t now)
{
	uint64_t age = now - a->paid;

	if (a->tag == 0)
		return UINT64_MAX;
	if (age + r->credit > 2 * r->credit)
		return 2 * r->credit;
	return age + r->credit;
}

static inline struct account *
account_make(struct account_line *line, uint32_t tag,
    const struct account_rate *r, uint64_t now)
{
	struct account *victim = &line->account[0];
	uint64_t most = account_credit(victim, r, now);

	for (unsigned i = 1; i < ACCOUNTS_A_LINE; i++) {
		struct account *a = &line->account[i];
		uint64_t credit = account_credit(a, r, now);

		if (credit > most) {
			most = credit;
			victim = a;
		}
	}
	*victim = (struct account){.paid = now - r->credit, .tag = tag};
	return victim;
}

/* The account of a hash; made if there is none. One cache line, which
 * account_line() names for a prefetch. */
static inline struct account *
account_find(const struct account_table *t, uint64_t hash,
    const struct account_rate *r, uint64_t now)
{
	struct account_line *line = account_line(t, hash);
	uint32_t tag = (uint32_t)(hash >> 32) | 1;

	for (unsigned i = 0; i < ACCOUNTS_A_LINE; i++)
		if (line->account[i].tag == tag)
			return &line->account[i];
	return account_make(line, tag, r, now);
}

/* True: there was credit for one more, and it is paid for. */
static inline bool
account_take(struct account *a, const struct account_rate *r, uint64_t now)
{
	if (now - a->paid + r->credit > 2 * r->credit)
		a->paid = now - r->credit;
	/* a stamp slightly ahead of now: no credit until now has come there */
	if ((int64_t)(now - a->paid) < (int64_t)r->price)
		return false;
	a->paid += r->price;
	return true;
}

/* Over the limit: true for every slip-th of them, from the slip-th on; never
 * for 0. */
static inline bool
account_slips(struct account *a, unsigned slip)
{
	if (slip == 0 || ++a->over < slip)
		return false;
	a->over = 0;
	return true;
}

#endif
