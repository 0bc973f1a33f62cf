/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Links among zones (dnssec_links.h). Looks only at new versions: upwards by
 * the name, downwards by the DS records. What is refused may break a link of
 * another new version, so this goes on until nothing is refused any more.
 */
#include "control/dnssec/dnssec_links.h"

#include <stdlib.h>

#include "base/name.h"

struct links {
	struct dnssec_member *members;
	size_t count;
	bool *said; /* a fault, of each member */
	void (*fault)(void *arg, size_t member, bool refused, const char *why);
	void *arg;
	bool again;
};

static const struct zone_records *
version_of(const struct dnssec_member *m)
{
	return m->wanted ? m->wanted : m->served;
}

static struct dnssec_member *
member_find(const struct links *l, const uint8_t *apex)
{
	size_t low = 0, high = l->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int c = name_compare(l->members[middle].apex, apex);

		if (c == 0)
			return &l->members[middle];
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static bool
holds(const struct zone_records *parent, const struct zone_records *child)
{
	struct err err;

	return dnssec_link_check(parent, child, &err) == 0;
}

static void
blame(struct links *l, struct dnssec_member *m, bool refuse, const char *why)
{
	size_t i = (size_t)(m - l->members);

	if (!l->said[i])
		l->fault(l->arg, i, refuse, why);
	l->said[i] = true;
	if (!refuse)
		return;
	m->wanted = NULL;
	l->again = true;
}

static void
pair_check(struct links *l, struct dnssec_member *p, struct dnssec_member *c)
{
	struct err err;

	/* one that is refused and has no other version is not there */
	if (p->skip || c->skip || !(p->wanted || c->wanted) || !version_of(p) ||
	    !version_of(c) ||
	    dnssec_link_check(version_of(p), version_of(c), &err) == 0)
		return;
	if (c->wanted && c->served && holds(version_of(p), c->served)) {
		blame(l, c, !c->lax, err.text);
	} else if (p->wanted && p->served && holds(p->served, version_of(c))) {
		blame(l, p, !p->lax, err.text);
	} else if (c->wanted && p->wanted && c->served && p->served &&
		   holds(p->served, c->served)) {
		blame(l, c, !c->lax, err.text);
		blame(l, p, !p->lax, err.text);
	} else if (c->wanted) {
		blame(l, c, !c->lax, err.text);
	} else {
		blame(l, p, false, err.text);
	}
}

static void
parent_check(struct links *l, struct dnssec_member *m)
{
	const uint8_t *name = m->apex;
	struct dnssec_member *parent = NULL;

	while (*name && !parent) {
		name = name_parent(name, 1);
		parent = member_find(l, name);
	}
	if (parent)
		pair_check(l, parent, m);
}

static void
children_check(struct links *l, struct dnssec_member *m)
{
	const struct zone_records *z = m->wanted;

	for (size_t i = 0; i < z->count && m->wanted == z; i++) {
		const struct record *r = &z->records[i];
		struct dnssec_member *child;

		if (r->type != DNS_TYPE_DS ||
		    (i && r[-1].owner == r->owner && r[-1].type == r->type))
			continue;
		child = member_find(l, record_owner(z, r));
		if (child && child != m)
			pair_check(l, m, child);
	}
}

int
dnssec_links_check(struct dnssec_member *members, size_t count,
    void (*fault)(void *arg, size_t member, bool refused, const char *why),
    void *arg, struct err *err)
{
	struct links l = {.members = members,
	    .count = count,
	    .said = calloc(count + 1, sizeof *l.said),
	    .fault = fault,
	    .arg = arg,
	    .again = true};

	if (!l.said)
		return err_set(err, ERR_NO_MEMORY,
		    "no memory to look at %zu zones", count);
	while (l.again) {
		l.again = false;
		for (size_t i = 0; i < count; i++) {
			if (members[i].wanted)
				parent_check(&l, &members[i]);
			if (members[i].wanted)
				children_check(&l, &members[i]);
		}
	}
	free(l.said);
	return 0;
}
