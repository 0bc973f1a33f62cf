/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The guards in a turn (guards.h): a case for each zone whose version is
 * another, what the checks say of it, whether it is refused, and what is kept
 * of that. Worker thread only; allocates cases for a turn and states for good.
 */
#include "control/guard/guards.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/name.h"
#include "control/guard/guards_inner.h"

const char *const guard_kind_word[GUARD_KIND_COUNT] = {
#define GUARD_KIND_WORD(name, word, help) word,
    GUARD_KINDS(GUARD_KIND_WORD)
#undef GUARD_KIND_WORD
};

const char *const guard_kind_help[GUARD_KIND_COUNT] = {
#define GUARD_KIND_HELP(name, word, help) help,
    GUARD_KINDS(GUARD_KIND_HELP)
#undef GUARD_KIND_HELP
};

const char *const guard_action_word[GUARD_ACTION_COUNT] = {
    "off", "warn", "ack", "refuse"};

/* --- life ----------------------------------------------------------------- */

int
guards_open(struct guards **out, const char *store_dir, struct err *err)
{
	struct guards *g = calloc(1, sizeof *g);
	int rc;

	*out = NULL;
	if (!g)
		return err_set(err, ERR_NO_MEMORY, "no memory for guards");
	g->store_dir = strdup(store_dir);
	g->asker = guard_asker_new();
	rc = g->store_dir && g->asker
	         ? guard_states_open(&g->states, store_dir, err)
	         : err_set(err, ERR_NO_MEMORY, "no memory for guards");
	if (rc)
		guards_free(&g);
	*out = g;
	return rc;
}

void
guards_free(struct guards **gp)
{
	struct guards *g = *gp;

	*gp = NULL;
	if (!g)
		return;
	guards_begin(g, 0);
	free(g->promises);
	guard_states_free(&g->states);
	guard_rules_free(&g->rules);
	guard_asker_free(g->asker);
	free(g->learned.names);
	free(g->store_dir);
	free(g);
}

static bool
zone_keeps(const struct guard_zone *z)
{
	return z->protect.count || z->nassertions;
}

static void
keep_note(struct guards *g, const uint8_t *apex, bool keep)
{
	struct guard_state *s = guard_state_find(g->states, apex, keep);
	struct err err;

	if (!s || s->keep == keep)
		return;
	s->keep = keep;
	s->changed = true;
	if (guard_state_save(g->states, s, &err) != 0)
		log_warn("%s", err.text);
}

static int
zone_order(const void *apex, const void *element)
{
	return name_compare(apex, ((const struct config_zone *)element)->apex);
}

/* A zone that the configuration protects is remembered, so that it does not
 * vanish together with what protects it. */
static void
keeps_note(
    struct guards *g, const struct guard_rules *fresh, const struct config *c)
{
	for (size_t i = 0; g->rules && i < g->rules->nzones; i++) {
		const uint8_t *apex = g->rules->zones[i].apex;

		if (!zone_keeps(guard_rules_of(fresh, apex)) && c->nzones &&
		    bsearch(apex, c->zones, c->nzones, sizeof *c->zones,
			zone_order))
			keep_note(g, apex, false);
	}
	for (size_t i = 0; i < fresh->nzones; i++)
		if (zone_keeps(&fresh->zones[i]))
			keep_note(g, fresh->zones[i].apex, true);
}

int
guards_configure(struct guards *g, const struct config *c, struct err *err)
{
	struct guard_rules *fresh;
	int rc = guard_rules_make(&fresh, c, err);

	if (rc)
		return rc;
	if (g) {
		keeps_note(g, fresh, c);
		guards_begin(g, g->now);
		guard_rules_free(&g->rules);
		g->rules = fresh;
	} else {
		guard_rules_free(&fresh);
	}
	return 0;
}

enum guard_action
guards_action(const struct guards *g, const uint8_t *apex, enum guard_kind kind)
{
	return guard_rules_of(g->rules, apex)->actions[kind];
}

uint64_t
guards_count(
    const struct guards *g, enum guard_kind kind, enum guard_action action)
{
	return atomic_load_explicit(
	    &g->counts[kind][action], memory_order_relaxed);
}

bool
guards_name_is_protected(
    const struct guards *g, const uint8_t *apex, const uint8_t *name)
{
	return guard_rules_protect(
	    g->rules, guard_rules_of(g->rules, apex), apex, name);
}

/* --- learned names -------------------------------------------------------- */

void
guards_protect_begin(struct guards *g)
{
	g->learned.count = 0;
	g->learned.sorted = true;
}

int
guards_protect(struct guards *g, const uint8_t *name, const char *why)
{
	struct guard_learned_list *l = &g->learned;
	size_t bytes = name_length(name);
	struct guard_learned *more;

	if (l->count == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 64;

		more = realloc(l->names, cap * sizeof *more);
		if (!more)
			return ERR_NO_MEMORY;
		l->names = more;
		l->cap = cap;
	}
	more = &l->names[l->count++];
	*more = (struct guard_learned){0};
	name_lower(more->name, name, bytes);
	snprintf(more->why, sizeof more->why, "%s", why);
	l->sorted = false;
	return 0;
}

static int
learned_order(const void *a, const void *b)
{
	const struct guard_learned *x = a, *y = b;

	return name_compare(x->name, y->name);
}

static void
learned_sort(struct guard_learned_list *l)
{
	if (l->count && !l->sorted)
		qsort(l->names, l->count, sizeof *l->names, learned_order);
	l->sorted = true;
}

/* --- a turn --------------------------------------------------------------- */

void
guards_begin(struct guards *g, uint64_t now)
{
	for (size_t i = 0; i < g->ncases; i++)
		free(g->cases[i].verdicts);
	free(g->cases);
	g->cases = NULL;
	g->ncases = g->sorted_from = g->sorted_to = g->cap = 0;
	g->zones = NULL;
	g->nzones = 0;
	g->now = now;
}

static bool
zone_has_changed(const struct compile_zone *z)
{
	return z->records && z->last_good && z->records != z->last_good &&
	       !z->renewal;
}

static int
case_memory(const struct guard_case *c, struct err *err)
{
	return c && !c->failed
	           ? 0
	           : err_set(err, ERR_NO_MEMORY, "no memory for guards");
}

/* What was let pass is served: the next time the same version needs a token
 * anew. Until then a candidate may come back, and be tried again. */
static void
pass_expire(struct guard_case *c)
{
	struct guard_case served = {.zone_rules = c->zone_rules};

	if (!c->state || !c->state->passed_kinds)
		return;
	guards_case_version(&served, c->zone->last_good);
	if (!served.failed && !digest_equal(&served.version, &c->state->passed))
		return;
	c->state->passed_kinds = 0;
	c->state->changed = true;
}

static int
zone_look(struct guards *g, struct compile_zone *z, struct err *err)
{
	struct guard_case *c = guards_case_add(g, z->records->apex);

	if (!c)
		return case_memory(c, err);
	c->zone = z;
	g->sorted_to = g->ncases;
	pass_expire(c);
	guard_check_content(c);
	guard_check_apex(c);
	guard_check_budgets(c, g->now);
	if (guards_case_blocked(g, c))
		guards_case_refuse(c);
	return case_memory(c, err);
}

static uint32_t
case_loss(const struct guard_case *c)
{
	uint32_t before = guard_groups_sum(c->diff.before);
	uint32_t after = guard_groups_sum(c->diff.after);

	return c->zone && c->zone->status == 0 && before > after
	           ? before - after
	           : 0;
}

static int
loss_order(const void *a, const void *b)
{
	uint32_t x = case_loss(*(struct guard_case *const *)a);
	uint32_t y = case_loss(*(struct guard_case *const *)b);

	return x > y ? -1 : x < y;
}

/* Refuses the largest losses until what is left is within the budget. */
static int
losses_cut(struct guards *g, uint64_t lost, uint64_t allowed, uint64_t all,
    struct err *err)
{
	struct guard_case **list = malloc(g->ncases * sizeof *list);
	uint64_t left = lost;

	if (!list)
		return case_memory(NULL, err);
	for (size_t i = 0; i < g->ncases; i++)
		list[i] = &g->cases[i];
	qsort(list, g->ncases, sizeof *list, loss_order);
	for (size_t i = 0; i < g->ncases && left > allowed; i++) {
		uint32_t loss = case_loss(list[i]);

		guard_case_say(list[i], GUARD_GENERATION, GUARD_REFUSE,
		    "all zones together would lose %lu of %lu records at once, "
		    "%u of them here; limit: %lu (generation_percent %u, "
		    "generation_records %u)",
		    lost, all, loss, allowed, g->rules->generation_percent,
		    g->rules->generation_records);
		left -= loss;
		if (guards_case_blocked(g, list[i]))
			guards_case_refuse(list[i]);
	}
	free(list);
	return 0;
}

static int
generation_look(struct guards *g, struct err *err)
{
	uint64_t lost = 0, all = 0, allowed;

	for (size_t i = 0; i < g->ncases; i++)
		lost += case_loss(&g->cases[i]);
	/* to count all zones costs a look at each: only when it matters */
	if (lost <= g->rules->generation_records)
		return 0;
	for (size_t i = 0; i < g->nzones; i++)
		if (g->zones[i].last_good)
			all += guard_records_count(g->zones[i].last_good);
	allowed = all * g->rules->generation_percent / 100;
	if (allowed < g->rules->generation_records)
		allowed = g->rules->generation_records;
	return lost > allowed ? losses_cut(g, lost, allowed, all, err) : 0;
}

int
guards_before(
    struct guards *g, struct compile_zone *zones, size_t n, struct err *err)
{
	int rc = 0;

	learned_sort(&g->learned);
	g->zones = zones;
	g->nzones = n;
	g->sorted_from = g->sorted_to = g->ncases;
	for (size_t i = 0; rc == 0 && i < n; i++)
		if (zone_has_changed(&zones[i]))
			rc = zone_look(g, &zones[i], err);
	return rc ? rc : generation_look(g, err);
}

static int
zone_apex_order(const void *apex, const void *element)
{
	const struct compile_zone *z = element;

	return name_compare(
	    apex, z->records ? z->records->apex : z->last_good->apex);
}

/* The case of a zone that somebody has something to say about. */
static struct guard_case *
case_of(struct guards *g, const uint8_t *apex)
{
	struct guard_case *c = guards_case_find(g, apex);

	if (c || !(c = guards_case_add(g, apex)))
		return c;
	if (g->nzones)
		c->zone = bsearch(apex, g->zones, g->nzones, sizeof *g->zones,
		    zone_apex_order);
	return c;
}

int
guards_verdict_add(struct guards *g, const struct guard_verdict *v)
{
	struct guard_case *c = case_of(g, v->apex);

	if (!c)
		return ERR_NO_MEMORY;
	if (!digest_is_zero(&v->version))
		c->version = v->version;
	/* what is served can't be refused */
	guard_case_say(c, v->kind,
	    c->zone && c->zone->records == c->zone->last_good &&
		    v->action > GUARD_WARN
		? GUARD_WARN
		: v->action,
	    "%s", v->what);
	return c->failed ? ERR_NO_MEMORY : 0;
}

int
guards_after(struct guards *g, const struct guard_candidate *candidate,
    unsigned *refused, struct err *err)
{
	int rc = guards_assert(g, candidate, err);

	*refused = 0;
	for (size_t i = 0; rc == 0 && i < g->ncases; i++) {
		struct guard_case *c = &g->cases[i];

		rc = case_memory(c, err);
		if (rc || !c->zone || c->zone->status != 0 ||
		    c->zone->records == c->zone->last_good ||
		    !guards_case_blocked(g, c))
			continue;
		guards_case_refuse(c);
		++*refused;
	}
	return rc;
}
