/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One zone whose version is another: what the checks look at and what they say.
 * Lives from guards_before() to guards_end(). Inside of the guards.
 */
#ifndef HOLDFAST_GUARD_CASE_H
#define HOLDFAST_GUARD_CASE_H

#include "control/guard/guard_diff.h"
#include "control/guard/guard_rules.h"
#include "control/guard/guard_state.h"

/* A name that is protected besides those of the configuration. */
struct guard_learned {
	uint8_t name[DNS_NAME_MAX + 1];
	char why[96];
};

struct guard_learned_list {
	struct guard_learned *names;
	size_t count, cap;
	bool sorted;
};

struct guard_case {
	uint8_t apex[DNS_NAME_MAX + 1];
	struct compile_zone *zone; /* NULL: it has not changed */
	struct digest version;     /* that verdicts and tokens are bound to */
	const struct guard_zone *zone_rules;
	const struct guard_rules *rules;
	const struct guard_learned_list *learned;
	struct guard_state *state; /* or NULL */
	struct guard_diff diff;
	struct guard_verdict *verdicts;
	unsigned nverdicts, cap;
	bool leaving, stays; /* not configured any more, and served */
	bool failed;         /* out of memory: a verdict is missing */
};

/* Adds a verdict with the zone's action for the kind, `most` at the most;
 * nothing if that is off. */
void guard_case_say(struct guard_case *c, enum guard_kind kind,
    enum guard_action most, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Names for a message: how many, and the first few. */
struct guard_names {
	unsigned count;
	char text[200];
};

void guard_names_add(
    struct guard_names *n, const uint8_t *name, const char *detail);
/* "a.example., b.example. and 12 more" */
char *guard_names_text(char dst[256], const struct guard_names *n);

/* The checks. Each adds what it has to say. The first runs the diff. */
void guard_check_content(struct guard_case *c);
void guard_check_apex(struct guard_case *c);
void guard_check_budgets(struct guard_case *c, uint64_t now);

/* The most that the zone had in the window, of each group and in all, the
 * version before included. */
void guard_marks_most(
    uint32_t out[GROUP_COUNT + 1], const struct guard_case *c, uint64_t now);
/* The version is live: the window knows what was there before it. */
void guard_marks_note(struct guard_case *c, uint64_t now);
/* Whether it is out of the window. */
bool guard_mark_is_old(
    const struct guard_mark *m, const struct guard_rules *r, uint64_t now);
/* The mark of now; the oldest makes way. */
struct guard_mark *guard_mark_take(
    struct guard_state *s, const struct guard_rules *r, uint64_t now);
/* So much of a whole, but `least` at least. */
uint32_t guard_budget(uint64_t whole, unsigned percent, unsigned least);

#endif
