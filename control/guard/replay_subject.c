/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which zone a question is about, and what is asked of it most
 * (replay_subject.h). Allocates an index, and for shares a list of the names
 * that are asked for.
 */
#include "control/guard/replay_subject.h"

#include <stdlib.h>
#include <string.h>

#include "base/name.h"

/* FNV-1a: names of the operator's zones. Those that are asked for collide with
 * them at worst, which costs a comparison. */
static uint64_t
name_number(const uint8_t *name, size_t bytes)
{
	uint64_t h = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < bytes; i++)
		h = (h ^ name[i]) * 0x100000001b3ull;
	return h ^ h >> 32;
}

int
replay_subjects_make(struct replay_subjects *out, struct replay_subject *list,
    size_t count, struct err *err)
{
	uint64_t places = 4;

	while (places < 2 * count)
		places *= 2;
	*out = (struct replay_subjects){.list = list,
	    .count = count,
	    .places = calloc(places, sizeof *out->places),
	    .mask = places - 1};
	if (!out->places) {
		replay_subjects_fini(out);
		return err_set(err, ERR_NO_MEMORY, "no memory for replays");
	}
	for (size_t i = 0; i < count; i++) {
		uint64_t at =
		    name_number(list[i].apex, name_length(list[i].apex));

		while (out->places[at & out->mask])
			at++;
		out->places[at & out->mask] = (uint32_t)i + 1;
	}
	return 0;
}

void
replay_subjects_fini(struct replay_subjects *s)
{
	free(s->list);
	free(s->places);
	*s = (struct replay_subjects){0};
}

const struct replay_subject *
replay_subject_find(const struct replay_subjects *s, const uint8_t *apex)
{
	size_t bytes = name_length(apex);
	uint64_t at = name_number(apex, bytes);
	uint32_t place;

	while ((place = s->places[at & s->mask]) != 0) {
		const struct replay_subject *found = &s->list[place - 1];

		if (name_length(found->apex) == bytes &&
		    memcmp(found->apex, apex, bytes) == 0)
			return found;
		at++;
	}
	return NULL;
}

const struct replay_subject *
replay_subject_above_find(const struct replay_subjects *s, const uint8_t *name)
{
	unsigned labels = name_labels(name);

	for (unsigned i = 0; i <= labels; i++) {
		const struct replay_subject *found =
		    replay_subject_find(s, name_parent(name, i));

		if (found)
			return found;
	}
	return NULL;
}

/* --- shares ------------------------------------------------------------- */

struct asked {
	const struct replay_subject *subject;
	uint64_t number; /* of the name */
	const uint8_t *name;
	uint64_t samples, weight;
};

struct asked_list {
	const struct replay_subjects *subjects;
	struct asked *all;
	size_t count, cap;
};

static int
asked_add(void *arg, const struct traffic_question *q)
{
	struct asked_list *l = arg;
	const struct replay_subject *s =
	    q->absent ? NULL : replay_subject_above_find(l->subjects, q->name);

	if (!s)
		return 0;
	if (l->count == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 256;
		struct asked *more = realloc(l->all, cap * sizeof *more);

		if (!more)
			return ERR_NO_MEMORY;
		l->all = more;
		l->cap = cap;
	}
	l->all[l->count++] = (struct asked){.subject = s,
	    .number = name_number(q->name, q->name_bytes),
	    .name = q->name,
	    .samples = q->samples,
	    .weight = q->weight};
	return 0;
}

static int
asked_order(const void *a, const void *b)
{
	const struct asked *x = a, *y = b;

	if (x->subject != y->subject)
		return x->subject < y->subject ? -1 : 1;
	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return name_compare(x->name, y->name);
}

/* All questions for one name become one. Returns how many are left. */
static size_t
asked_unite(struct asked *all, size_t count)
{
	size_t kept = 0;

	qsort(all, count, sizeof *all, asked_order);
	for (size_t i = 0; i < count; i++) {
		if (kept && asked_order(&all[kept - 1], &all[i]) == 0) {
			all[kept - 1].samples += all[i].samples;
			all[kept - 1].weight += all[i].weight;
		} else {
			all[kept++] = all[i];
		}
	}
	return kept;
}

int
replay_subject_shares(const struct replay_subjects *s, struct traffic *traffic,
    uint64_t now, unsigned permille, unsigned least,
    void (*share)(void *arg, const uint8_t *name, double permille), void *arg,
    struct err *err)
{
	struct asked_list l = {.subjects = s};
	int rc = s->count ? traffic_visit(traffic, now, asked_add, &l) : 0;
	size_t n = rc || !l.count ? 0 : asked_unite(l.all, l.count);

	for (size_t from = 0, to; from < n; from = to) {
		uint64_t total = 0;

		for (to = from;
		     to < n && l.all[to].subject == l.all[from].subject; to++)
			total += l.all[to].weight;
		for (size_t i = from; i < to; i++) {
			double part =
			    1000.0 * (double)l.all[i].weight / (double)total;

			if (l.all[i].samples >= least && part > permille)
				share(arg, l.all[i].name, part);
		}
	}
	free(l.all);
	return rc ? err_set(err, rc, "no memory for shares of traffic") : 0;
}
