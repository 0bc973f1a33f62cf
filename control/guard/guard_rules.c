/* SPDX-License-Identifier: BSD-2-Clause
 *
 * From the configuration to rules (guard_rules.h). Allocates an entry for each
 * zone that has something of its own; a hundred thousand zones that have not
 * share one.
 */
#include "control/guard/guard_rules.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"

_Static_assert((int)GUARD_OFF == (int)ACTION_OFF &&
		   (int)GUARD_WARN == (int)ACTION_WARN &&
		   (int)GUARD_ACK == (int)ACTION_ACK &&
		   (int)GUARD_REFUSE == (int)ACTION_REFUSE,
    "the words of the options");

/* Which option says what follows a kind of verdict. */
static const size_t action_offset[GUARD_KIND_COUNT] = {
    [GUARD_NEVER_EMPTY] = offsetof(struct config_actions, never_empty),
    [GUARD_EMPTIED] = offsetof(struct config_actions, never_empty),
    [GUARD_SHRINK] = offsetof(struct config_actions, shrink),
    [GUARD_CHURN] = offsetof(struct config_actions, churn),
    [GUARD_GENERATION] = offsetof(struct config_actions, shrink),
    [GUARD_VANISHED] = offsetof(struct config_actions, vanished),
    [GUARD_SOA] = offsetof(struct config_actions, soa),
    [GUARD_NS] = offsetof(struct config_actions, ns),
    [GUARD_DNSKEY] = offsetof(struct config_actions, dnskey),
    [GUARD_DS] = offsetof(struct config_actions, ds),
    [GUARD_UNSIGNED] = offsetof(struct config_actions, unsigned_),
    [GUARD_SERIAL] = offsetof(struct config_actions, serial),
    [GUARD_TTL] = offsetof(struct config_actions, ttl),
    [GUARD_NEGATIVE_TTL] = offsetof(struct config_actions, negative_ttl),
    [GUARD_ASSERTION] = offsetof(struct config_actions, assertion),
    [GUARD_REPLAY] = offsetof(struct config_actions, replay),
};

static unsigned
action_value(const struct config_actions *a, unsigned kind)
{
	return *(const unsigned *)((const char *)a + action_offset[kind]);
}

/* Kinds without an option of their own are refused until overridden. */
static bool
action_is_configured(unsigned kind)
{
	return kind != GUARD_CANARY;
}

static void
actions_resolve(enum guard_action out[GUARD_KIND_COUNT],
    const struct config_actions *all, const struct config_actions *own)
{
	for (unsigned k = 0; k < GUARD_KIND_COUNT; k++) {
		unsigned mine =
		    own && action_is_configured(k) ? action_value(own, k) : 0;

		if (!action_is_configured(k))
			out[k] = GUARD_ACK;
		else if (mine)
			out[k] = (enum guard_action)(mine - 1);
		else
			out[k] = (enum guard_action)action_value(all, k);
	}
}

static void
budgets_resolve(struct config_budgets *out, const struct config_budgets *own)
{
	unsigned *to = (unsigned *)out;
	const unsigned *from = (const unsigned *)own;

	for (size_t i = 0; i < sizeof *out / sizeof *to; i++)
		if (from[i])
			to[i] = from[i];
}

/* --- protected names ------------------------------------------------------ */

int
guard_pattern_parse(
    struct guard_pattern *out, const char *text, struct err *err)
{
	const char *rest = text;
	size_t n = strlen(text);
	int bytes;

	*out = (struct guard_pattern){0};
	if (strcmp(text, "@") == 0)
		return 0;
	out->below = text[0] == '*';
	if (out->below)
		rest += text[1] == '.' ? 2 : 1;
	out->absolute = n > 0 && text[n - 1] == '.';
	if (*rest == '\0')
		return 0;
	bytes = name_from_text(out->labels, rest, err);
	if (bytes < 0)
		return err_add(err, "\"%.255s\"", text);
	name_lower(out->labels, out->labels, (size_t)bytes);
	out->bytes = (uint8_t)(bytes - 1);
	return 0;
}

/* True if a label of the name starts at the offset. */
static bool
is_label_start(const uint8_t *name, size_t offset)
{
	size_t at = 0;

	while (at < offset && name[at])
		at += 1u + name[at];
	return at == offset;
}

bool
guard_pattern_match(
    const struct guard_pattern *p, const uint8_t *apex, const uint8_t *name)
{
	size_t n = name_length(name);
	size_t base = p->absolute ? 1 : name_length(apex);
	size_t at;

	if (n < p->bytes + base || (!p->below && n != p->bytes + base) ||
	    (p->below && n == p->bytes + base))
		return false;
	at = n - base - p->bytes;
	return is_label_start(name, at) &&
	       memcmp(name + at, p->labels, p->bytes) == 0;
}

static int
patterns_make(struct guard_patterns *out, char *const *texts, unsigned count,
    const char *where, struct err *err)
{
	int rc = 0;

	out->list = calloc(count + 1u, sizeof *out->list);
	if (!out->list)
		return err_set(err, ERR_NO_MEMORY, "no memory for guards");
	for (unsigned i = 0; rc == 0 && i < count; i++)
		rc = guard_pattern_parse(&out->list[i], texts[i], err);
	out->count = count;
	return rc ? err_add(err, "%s", where) : 0;
}

static bool
patterns_match(
    const struct guard_patterns *p, const uint8_t *apex, const uint8_t *name)
{
	for (unsigned i = 0; i < p->count; i++)
		if (guard_pattern_match(&p->list[i], apex, name))
			return true;
	return false;
}

bool
guard_rules_protect(const struct guard_rules *r, const struct guard_zone *z,
    const uint8_t *apex, const uint8_t *name)
{
	return patterns_match(&r->common.protect, apex, name) ||
	       (z != &r->common && patterns_match(&z->protect, apex, name));
}

bool
guard_rules_name_zone(const struct guard_rules *r, const uint8_t *apex)
{
	for (unsigned i = 0; i < r->common.protect.count; i++) {
		const struct guard_pattern *p = &r->common.protect.list[i];

		if (p->absolute && name_is_at_or_below(p->labels, apex))
			return true;
	}
	return false;
}

/* --- zones ---------------------------------------------------------------- */

static void
zone_fini(struct guard_zone *z)
{
	free(z->protect.list);
	guard_assertions_free(z->assertions, z->nassertions);
}

static bool
zone_is_special(const struct config_zone *z)
{
	static const struct config_budgets none;
	static const struct config_actions normal;
	const struct config_zone_guards *g = &z->guards;

	return z->dnssec == ZONE_DNSSEC_SIGN || g->nprotect || g->nassertions ||
	       memcmp(&g->budgets, &none, sizeof none) != 0 ||
	       memcmp(&g->actions, &normal, sizeof normal) != 0;
}

/* A whole name of another zone, mistyped perhaps, would protect nothing. */
static int
protect_check(const struct guard_zone *out, const struct config_zone *z,
    const char *where, struct err *err)
{
	for (unsigned i = 0; i < out->protect.count; i++) {
		const struct guard_pattern *p = &out->protect.list[i];

		if (p->absolute && !name_is_at_or_below(p->labels, out->apex) &&
		    !(p->below && name_is_at_or_below(out->apex, p->labels)))
			return err_set(err, ERR_SEMANTIC,
			    "%s: \"%.255s\" is not in the zone", where,
			    z->guards.protect[i]);
	}
	return 0;
}

static int
zone_make(struct guard_zone *out, const struct config *c,
    const struct config_zone *z, struct err *err)
{
	char where[ERR_TEXT_MAX / 2];
	int rc;

	memcpy(out->apex, z->apex, sizeof out->apex);
	out->is_signed_here = z->dnssec == ZONE_DNSSEC_SIGN;
	out->budgets = c->guards.budgets;
	budgets_resolve(&out->budgets, &z->guards.budgets);
	actions_resolve(out->actions, &c->guards.actions, &z->guards.actions);
	snprintf(where, sizeof where, "%s:%u: zone %s: option \"protect\"",
	    c->path, z->line, z->name);
	rc = patterns_make(
	    &out->protect, z->guards.protect, z->guards.nprotect, where, err);
	if (rc == 0)
		rc = protect_check(out, z, where, err);
	if (rc == 0)
		rc = guard_assertions_make(
		    &out->assertions, &out->nassertions, c->path, z, err);
	return rc;
}

int
guard_rules_make(
    struct guard_rules **out, const struct config *c, struct err *err)
{
	struct guard_rules *r = calloc(1, sizeof *r);
	char where[ERR_TEXT_MAX / 2];
	size_t special = 0;
	int rc = 0;

	for (unsigned i = 0; i < c->nzones; i++)
		special += zone_is_special(&c->zones[i]);
	if (r)
		r->zones = calloc(special + 1, sizeof *r->zones);
	if (!r || !r->zones) {
		free(r);
		return err_set(err, ERR_NO_MEMORY, "no memory for guards");
	}
	r->window_h = c->guards.window_h;
	r->generation_percent = c->guards.generation_percent;
	r->generation_records = c->guards.generation_records;
	r->vanish_percent = c->guards.vanish_percent;
	r->common.budgets = c->guards.budgets;
	actions_resolve(r->common.actions, &c->guards.actions, NULL);
	snprintf(where, sizeof where, "%s: option \"guards.protect\"", c->path);
	rc = patterns_make(&r->common.protect, c->guards.protect,
	    c->guards.nprotect, where, err);
	for (unsigned i = 0; rc == 0 && i < c->nzones; i++)
		if (zone_is_special(&c->zones[i]))
			rc = zone_make(
			    &r->zones[r->nzones++], c, &c->zones[i], err);
	if (rc)
		guard_rules_free(&r);
	*out = r;
	return rc;
}

void
guard_rules_free(struct guard_rules **rp)
{
	struct guard_rules *r = *rp;

	*rp = NULL;
	if (!r)
		return;
	zone_fini(&r->common);
	for (size_t i = 0; i < r->nzones; i++)
		zone_fini(&r->zones[i]);
	free(r->zones);
	free(r);
}

const struct guard_zone *
guard_rules_of(const struct guard_rules *r, const uint8_t *apex)
{
	size_t low = 0, high = r->nzones;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int c = name_compare(r->zones[middle].apex, apex);

		if (c == 0)
			return &r->zones[middle];
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return &r->common;
}
