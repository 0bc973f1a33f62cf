/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the configuration says of guards, ready for use: actions and budgets of
 * every zone, protected names, assertions. A copy of its own, made again at a
 * reload; read-only in between. Worker thread only. Inside of the guards.
 */
#ifndef HOLDFAST_GUARD_RULES_H
#define HOLDFAST_GUARD_RULES_H

#include "control/guard/guard_assert.h"
#include "control/guard/guards.h"

/* A protected name, or all names below it. */
struct guard_pattern {
	uint8_t labels[DNS_NAME_MAX + 1]; /* in lower case, without the root */
	uint8_t bytes;
	bool below;    /* names below it, not itself */
	bool absolute; /* else relative to the zone in question */
};

struct guard_patterns {
	struct guard_pattern *list;
	unsigned count;
};

/* Of a zone that has something of its own. */
struct guard_zone {
	uint8_t apex[DNS_NAME_MAX + 1];
	bool is_signed_here;
	struct config_budgets budgets; /* resolved */
	enum guard_action actions[GUARD_KIND_COUNT];
	struct guard_patterns protect;
	struct guard_assertion *assertions;
	unsigned nassertions;
};

struct guard_rules {
	struct guard_zone common; /* of zones that have nothing of their own */
	struct guard_zone *zones; /* canonical order */
	size_t nzones;
	unsigned window_h, generation_percent, generation_records;
	unsigned vanish_percent;
};

int guard_rules_make(
    struct guard_rules **out, const struct config *c, struct err *err);
void guard_rules_free(struct guard_rules **r);

/* What holds for a zone; never NULL. */
const struct guard_zone *guard_rules_of(
    const struct guard_rules *r, const uint8_t *apex);

/* Whether the configuration protects a name of the zone. */
bool guard_rules_protect(const struct guard_rules *r,
    const struct guard_zone *z, const uint8_t *apex, const uint8_t *name);

/* Whether the configuration protects, for all zones, a name of this one by its
 * whole name: then the zone is meant to stay. */
bool guard_rules_name_zone(const struct guard_rules *r, const uint8_t *apex);

/* From the text of the configuration: "www", "*.api", "@", "a.example.". */
int guard_pattern_parse(
    struct guard_pattern *out, const char *text, struct err *err);
bool guard_pattern_match(
    const struct guard_pattern *p, const uint8_t *apex, const uint8_t *name);

#endif
