/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The walk over owners (owner_walk.h).
 */
#include "control/sign/owner_walk.h"

#include <string.h>

#include "base/name.h"

void
owner_walk_begin(struct owner_walk *w, const struct zone_records *z)
{
	*w = (struct owner_walk){.zone = z, .end = z->count};
}

size_t
rrset_end(const struct zone_records *z, size_t i, size_t end)
{
	const struct record *first = &z->records[i];

	while (i < end && z->records[i].owner == first->owner &&
	       z->records[i].type == first->type)
		i++;
	return i;
}

bool
owner_walk_next(struct owner_walk *w)
{
	const struct zone_records *z = w->zone;
	bool cut = false, dname = false, apex;
	const uint8_t *name;
	uint32_t owner;

	w->first = w->next;
	if (w->first >= w->end)
		return false;
	owner = z->records[w->first].owner;
	name = z->names.data + owner;
	memcpy(w->name, name, name_length(name));
	apex = name_equal(w->name, z->apex);
	w->has_ds = false;
	for (; w->next < w->end && z->records[w->next].owner == owner;
	     w->next++) {
		cut |= z->records[w->next].type == DNS_TYPE_NS && !apex;
		dname |= z->records[w->next].type == DNS_TYPE_DNAME;
		w->has_ds |= z->records[w->next].type == DNS_TYPE_DS;
	}
	/* in canonical order all that is below a name follows it */
	w->kind = w->hides && name_is_at_or_below(w->name, w->hidden_below)
	              ? OWNER_OCCLUDED
	          : cut ? OWNER_CUT
	                : OWNER_AUTHORITATIVE;
	if (w->kind != OWNER_OCCLUDED && (cut || dname)) {
		w->hides = true;
		memcpy(w->hidden_below, w->name, sizeof w->hidden_below);
	}
	return true;
}
