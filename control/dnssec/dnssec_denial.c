/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which denial a zone has (dnssec_denial.h). A NSEC3PARAM says that its chain
 * is whole (RFC 5155 section 4), and servers use it then; while a signer goes
 * from one chain to another, records of the other may be there.
 */
#include "control/dnssec/dnssec_denial.h"

#include "base/name.h"

static void
nsec_left(const struct dnssec_owners *o, struct dnssec_faults *f)
{
	size_t n;

	for (size_t i = 0; i < o->count; i++)
		if (dnssec_owner_find(o, &o->list[i], DNS_TYPE_NSEC, &n))
			dnssec_warn(f, WARNING_DENIAL,
			    dnssec_owner_name(o, &o->list[i]),
			    "NSEC: not used, the zone has a NSEC3PARAM");
}

static void
nsec3_left(const struct dnssec_owners *o, struct dnssec_faults *f)
{
	size_t n;

	for (size_t i = 0; i < o->count; i++)
		if (dnssec_owner_find(o, &o->list[i], DNS_TYPE_NSEC3, &n))
			dnssec_warn(f, WARNING_DENIAL,
			    dnssec_owner_name(o, &o->list[i]),
			    "NSEC3: not used, no NSEC3PARAM has its "
			    "parameters");
}

int
dnssec_denial_check(const struct dnssec_owners *o,
    const struct dnssec_options *options, struct dnssec_faults *f,
    struct err *err)
{
	const struct dnssec_owner *apex = &o->list[0];
	size_t n;

	if (dnssec_owner_find(o, apex, DNS_TYPE_NSEC3PARAM, &n)) {
		nsec_left(o, f);
		return dnssec_nsec3_check(o, options, f, err);
	}
	nsec3_left(o, f);
	if (dnssec_owner_find(o, apex, DNS_TYPE_NSEC, &n))
		dnssec_nsec_check(o, f);
	else
		dnssec_fault(f, o->zone->apex,
		    "neither NSEC nor NSEC3PARAM: nothing denies what is not "
		    "there");
	return 0;
}
