/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The merge of two versions of a zone (guard_diff.h). Records of one owner
 * stand together and share the owner's offset, so that runs are found without
 * comparing names.
 */
#include "control/guard/guard_diff.h"

#include <string.h>

#include "base/name.h"

enum { TYPE_ZONEMD = 63 };

const char *const guard_group_word[GROUP_COUNT] = {
#define GUARD_GROUP_WORD(name, word) word,
    GUARD_GROUPS(GUARD_GROUP_WORD)
#undef GUARD_GROUP_WORD
};

enum guard_group
guard_group_of(uint16_t type)
{
	switch (type) {
	case DNS_TYPE_A:
		return GROUP_A;
	case DNS_TYPE_AAAA:
		return GROUP_AAAA;
	case DNS_TYPE_CNAME:
		return GROUP_CNAME;
	case DNS_TYPE_MX:
		return GROUP_MX;
	case DNS_TYPE_NS:
		return GROUP_NS;
	case DNS_TYPE_TXT:
		return GROUP_TXT;
	case DNS_TYPE_SRV:
		return GROUP_SRV;
	case DNS_TYPE_PTR:
		return GROUP_PTR;
	case DNS_TYPE_SVCB:
	case DNS_TYPE_HTTPS:
		return GROUP_SVCB;
	case DNS_TYPE_DS:
		return GROUP_DS;
	case DNS_TYPE_SOA:
	case DNS_TYPE_RRSIG:
	case DNS_TYPE_NSEC:
	case DNS_TYPE_NSEC3:
	case DNS_TYPE_NSEC3PARAM:
	case TYPE_ZONEMD:
		return GROUP_NONE;
	default:
		return GROUP_OTHER;
	}
}

uint32_t
guard_groups_sum(const uint32_t groups[GROUP_COUNT])
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < GROUP_COUNT; i++)
		sum += groups[i];
	return sum;
}

uint64_t
guard_records_count(const struct zone_records *z)
{
	uint64_t count = 0;

	for (size_t i = 0; i < z->count; i++)
		count += guard_group_of(z->records[i].type) != GROUP_NONE;
	return count;
}

const struct record *
guard_rrset_find(
    const struct record *records, size_t n, uint16_t type, size_t *count)
{
	const struct record *first = NULL;

	*count = 0;
	for (size_t i = 0; i < n; i++) {
		if (records[i].type != type)
			continue;
		first = first ? first : &records[i];
		++*count;
	}
	return first;
}

static size_t
run_length(const struct zone_records *z, size_t at)
{
	size_t end = at;

	while (end < z->count && z->records[end].owner == z->records[at].owner)
		end++;
	return end - at;
}

static void
run_count(uint32_t groups[GROUP_COUNT], const struct record *r, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		enum guard_group g = guard_group_of(r[i].type);

		if (g != GROUP_NONE)
			groups[g]++;
	}
}

/* Order within an owner, as sealing has it. */
static int
record_order(
    const struct guard_owner *o, const struct record *a, const struct record *b)
{
	size_t n =
	    a->rdata_bytes < b->rdata_bytes ? a->rdata_bytes : b->rdata_bytes;
	int c;

	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	c = memcmp(record_rdata(o->old, a), record_rdata(o->new, b), n);
	if (c)
		return c;
	return a->rdata_bytes == b->rdata_bytes
	           ? 0
	           : (a->rdata_bytes < b->rdata_bytes ? -1 : 1);
}

static bool
is_counted(const struct record *r)
{
	return guard_group_of(r->type) != GROUP_NONE;
}

/* Merges the two runs; true if they differ in what is counted, or in a TTL. */
static bool
owner_merge(struct guard_diff *d, const struct guard_owner *o)
{
	size_t a = 0, b = 0;
	bool differs = false;

	while (a < o->nbefore || b < o->nafter) {
		const struct record *x = &o->before[a], *y = &o->after[b];
		int c = a == o->nbefore  ? 1
		        : b == o->nafter ? -1
		                         : record_order(o, x, y);

		if (c <= 0)
			a++;
		if (c >= 0)
			b++;
		if (!is_counted(c <= 0 ? x : y))
			continue;
		d->removed += c < 0;
		d->added += c > 0;
		differs |= c != 0 || x->ttl != y->ttl;
	}
	return differs;
}

void
guard_diff_run(struct guard_diff *out, const struct zone_records *old,
    const struct zone_records *new,
    void (*owner)(void *arg, const struct guard_owner *o), void *arg)
{
	size_t a = 0, b = 0;

	*out = (struct guard_diff){0};
	while (a < old->count || b < new->count) {
		struct guard_owner o = {.old = old,
		    .new = new,
		    .before = old->records + a,
		    .after = new->records + b};
		int c = a == old->count ? 1
		        : b == new->count
		            ? -1
		            : name_compare(record_owner(old, o.before),
				  record_owner(new, o.after));

		o.nbefore = c <= 0 ? run_length(old, a) : 0;
		o.nafter = c >= 0 ? run_length(new, b) : 0;
		o.name = c <= 0 ? record_owner(old, o.before)
		                : record_owner(new, o.after);
		run_count(out->before, o.before, o.nbefore);
		run_count(out->after, o.after, o.nafter);
		if (owner_merge(out, &o) && owner)
			owner(arg, &o);
		a += o.nbefore;
		b += o.nafter;
	}
}
