/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The cases of a turn: one a zone, and what the checks say in it.
 */
#include "control/guard/guard_case.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "control/guard/guards_inner.h"
#include "control/sign/sign_source.h"

struct guard_case *
guards_case_add(struct guards *g, const uint8_t *apex)
{
	struct guard_case *c;

	if (g->ncases == g->cap) {
		size_t cap = g->cap ? 2 * g->cap : 16;
		struct guard_case *more = realloc(g->cases, cap * sizeof *more);

		if (!more)
			return NULL;
		g->cases = more;
		g->cap = cap;
	}
	c = &g->cases[g->ncases++];
	*c = (struct guard_case){.rules = g->rules, .learned = &g->learned};
	memcpy(c->apex, apex, name_length(apex));
	c->zone_rules = guard_rules_of(g->rules, apex);
	c->state = guard_state_find(g->states, apex, false);
	return c;
}

static int
case_order(const void *apex, const void *element)
{
	return name_compare(apex, ((const struct guard_case *)element)->apex);
}

struct guard_case *
guards_case_find(struct guards *g, const uint8_t *apex)
{
	size_t sorted = g->sorted_to - g->sorted_from;
	struct guard_case *c = NULL;

	if (sorted)
		c = bsearch(apex, g->cases + g->sorted_from, sorted,
		    sizeof *g->cases, case_order);
	for (size_t i = g->sorted_to; !c && i < g->ncases; i++)
		if (name_equal(g->cases[i].apex, apex))
			c = &g->cases[i];
	return c;
}

void
guards_case_version(struct guard_case *c, const struct zone_records *z)
{
	struct err err;

	if (!digest_is_zero(&c->version))
		return;
	c->version = z->version;
	if (c->zone_rules->is_signed_here &&
	    sign_source_digest(z, &c->version, &err) != 0)
		c->failed = true;
}

void
guard_case_say(struct guard_case *c, enum guard_kind kind,
    enum guard_action most, const char *format, ...)
{
	enum guard_action action = c->zone_rules->actions[kind];
	struct guard_verdict *v;
	va_list args;

	char what[GUARD_WHAT_MAX];

	if (action > most)
		action = most;
	if (action == GUARD_OFF)
		return;
	va_start(args, format);
	vsnprintf(what, sizeof what, format, args);
	va_end(args);
	/* a candidate that is asked again says the same again */
	for (unsigned i = 0; i < c->nverdicts; i++)
		if (c->verdicts[i].kind == kind &&
		    strcmp(c->verdicts[i].what, what) == 0)
			return;
	if (c->nverdicts == c->cap) {
		unsigned cap = c->cap ? 2 * c->cap : 4;

		v = realloc(c->verdicts, cap * sizeof *v);
		if (!v) {
			c->failed = true;
			return;
		}
		c->verdicts = v;
		c->cap = cap;
	}
	if (c->zone)
		guards_case_version(c, c->zone->records);
	v = &c->verdicts[c->nverdicts++];
	*v = (struct guard_verdict){
	    .kind = kind, .action = action, .version = c->version};
	memcpy(v->apex, c->apex, sizeof v->apex);
	memcpy(v->what, what, sizeof v->what);
}

void
guard_names_add(struct guard_names *n, const uint8_t *name, const char *detail)
{
	char text[NAME_TEXT_MAX];
	size_t used = strlen(n->text), room = sizeof n->text - used;

	n->count++;
	name_to_text(text, name);
	if (strlen(text) + strlen(detail) + 2 < room)
		snprintf(n->text + used, room, "%s%s%s", used ? ", " : "", text,
		    detail);
	else if (!used)
		snprintf(n->text, sizeof n->text, "%.120s...", text);
}

char *
guard_names_text(char dst[256], const struct guard_names *n)
{
	unsigned shown = n->text[0] != '\0';

	for (const char *p = n->text; (p = strstr(p, "., ")) != NULL; p += 3)
		shown++;
	for (const char *p = n->text; (p = strstr(p, "), ")) != NULL; p += 3)
		shown++;
	if (shown < n->count)
		snprintf(dst, 256, "%s and %u more", n->text, n->count - shown);
	else
		snprintf(dst, 256, "%s", n->text);
	return dst;
}
