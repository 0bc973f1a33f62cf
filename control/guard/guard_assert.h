/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The user's assertions: what the answers of a candidate must be, asked through
 * the engine. Worker thread only. Inside of the guards.
 */
#ifndef HOLDFAST_GUARD_ASSERT_H
#define HOLDFAST_GUARD_ASSERT_H

#include "config/config.h"
#include "snapshot/generation.h"

struct guard_assertion;

/* Of a zone of the configuration; what is wrong names file and line. */
int guard_assertions_make(struct guard_assertion **out, unsigned *count,
    const char *path, const struct config_zone *z, struct err *err);
void guard_assertions_free(struct guard_assertion *list, unsigned count);

enum { GUARD_CHAIN_MAX = 16 };

/* What an assertion found: names of the chain, and why it fails. */
struct guard_finding {
	bool holds;
	char why[400];
	/* the names that were asked for, the assertion's first: whose zones
	 * may be at fault */
	uint8_t chain[GUARD_CHAIN_MAX][DNS_NAME_MAX + 1];
	unsigned nchain;
};

struct guard_asker;
struct guard_asker *guard_asker_new(void); /* NULL: out of memory */
void guard_asker_free(struct guard_asker *a);

/* Evaluates assertion i of a list on a generation. */
void guard_assertion_check(struct guard_asker *a,
    const struct guard_assertion *list, unsigned i, const struct generation *g,
    struct guard_finding *out);

#endif
