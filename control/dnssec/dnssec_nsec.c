/* SPDX-License-Identifier: BSD-2-Clause
 *
 * NSEC chains (dnssec_denial.h): names are in canonical order already, so each
 * one's next is the next one.
 */
#include <string.h>

#include "base/name.h"
#include "control/dnssec/dnssec_denial.h"

struct link {
	const struct dnssec_owner *owner;
	const struct record *nsec; /* NULL: it has none */
	const uint8_t *next;
	size_t next_bytes;
};

/* RFC 4035 section 2.3: nothing but NSEC and signatures is no name. */
static bool
is_name(const struct dnssec_owners *o, const struct dnssec_owner *w)
{
	const struct record *r = &o->zone->records[w->first];

	if (w->kind != OWNER_AUTHORITATIVE && w->kind != OWNER_CUT)
		return false;
	for (size_t i = 0; i < w->count; i++)
		if (r[i].type != DNS_TYPE_NSEC && r[i].type != DNS_TYPE_RRSIG)
			return true;
	return false;
}

static void
stray_check(const struct dnssec_owners *o, const struct dnssec_owner *w,
    struct dnssec_faults *f)
{
	static const char *const causes[] = {
	    [OWNER_AUTHORITATIVE] = "there is nothing else",
	    [OWNER_CUT] = "there is nothing else",
	    [OWNER_BELOW_CUT] = "it is below a delegation",
	    [OWNER_HASH] = "it is the owner of a NSEC3",
	};
	size_t n;

	if (dnssec_owner_find(o, w, DNS_TYPE_NSEC, &n))
		dnssec_fault(f, dnssec_owner_name(o, w),
		    "NSEC: a name that is not there, %s", causes[w->kind]);
}

static void
link_read(struct link *l, const struct dnssec_owners *o,
    const struct dnssec_owner *w, struct dnssec_faults *f)
{
	const uint8_t *name = dnssec_owner_name(o, w);
	size_t n;

	*l = (struct link){
	    .owner = w, .nsec = dnssec_owner_find(o, w, DNS_TYPE_NSEC, &n)};
	if (!l->nsec) {
		dnssec_fault(f, name, "NSEC: missing");
		return;
	}
	if (n > 1)
		dnssec_fault(f, name, "NSEC: %zu of them", n);
	l->next = record_rdata(o->zone, l->nsec);
	l->next_bytes = name_length_find(l->next, l->nsec->rdata_bytes);
	if (!l->next_bytes) {
		dnssec_fault(f, name, "NSEC: the next name is unsound");
		l->nsec = NULL;
	}
}

static void
link_check(const struct dnssec_owners *o, const struct link *l,
    const uint8_t *next, struct dnssec_faults *f)
{
	const uint8_t *name = dnssec_owner_name(o, l->owner);
	uint8_t want[DNSSEC_BITMAP_MAX];
	const uint8_t *got;
	size_t got_bytes, want_bytes;
	char text[NAME_TEXT_MAX];

	if (!l->nsec)
		return;
	if (!name_equal(l->next, next))
		dnssec_fault(f, name, "NSEC: the next name is not %.255s",
		    name_to_text(text, next));
	got = l->next + l->next_bytes;
	got_bytes = l->nsec->rdata_bytes - l->next_bytes;
	want_bytes = dnssec_owner_bitmap(want, o, l->owner);
	if (got_bytes != want_bytes || memcmp(got, want, got_bytes) != 0)
		dnssec_bitmap_fault(
		    f, name, "NSEC", got, got_bytes, want, want_bytes);
}

void
dnssec_nsec_check(const struct dnssec_owners *o, struct dnssec_faults *f)
{
	struct link before = {0}, l;

	for (size_t i = 0; i < o->count; i++) {
		const struct dnssec_owner *w = &o->list[i];

		if (!is_name(o, w)) {
			stray_check(o, w, f);
			continue;
		}
		link_read(&l, o, w, f);
		if (before.owner)
			link_check(o, &before, dnssec_owner_name(o, w), f);
		before = l;
	}
	if (before.owner)
		link_check(o, &before, o->zone->apex, f);
}
