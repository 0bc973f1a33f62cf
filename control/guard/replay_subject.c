/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which zone a question is about, and what is asked of it most
 * (replay_subject.h). Allocates a list of the names asked for, and frees it.
 */
#include "control/guard/replay_subject.h"

#include <stdlib.h>
#include <string.h>

#include "base/name.h"

const struct replay_subject *
replay_subject_find(const struct replay_subjects *s, const uint8_t *apex)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = name_compare(apex, s->list[middle].apex);

		if (order == 0)
			return &s->list[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
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
	uint64_t samples, weight;
	uint8_t name[DNS_NAME_MAX + 1];
};

struct asked_list {
	const struct replay_subjects *subjects;
	struct asked *all;
	size_t count, cap;
};

static int
asked_add(void *arg, const struct traffic_question *q)
{
	const uint8_t *name = q->query + DNS_HEADER_BYTES;
	struct asked_list *l = arg;
	const struct replay_subject *s =
	    q->absent ? NULL : replay_subject_above_find(l->subjects, name);
	struct asked *a;

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
	a = &l->all[l->count++];
	*a = (struct asked){
	    .subject = s, .samples = q->samples, .weight = q->weight};
	memcpy(a->name, name, q->name_bytes);
	return 0;
}

static int
asked_order(const void *a, const void *b)
{
	const struct asked *x = a, *y = b;

	if (x->subject != y->subject)
		return x->subject < y->subject ? -1 : 1;
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
