/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The check of a zone as a whole (dnssec.h).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "control/dnssec/dnssec.h"
#include "control/dnssec/dnssec_denial.h"
#include "control/dnssec/dnssec_signatures.h"
#include "control/dnssec/dnssec_zonemd.h"

static void
keys_warn(const struct dnssec_keys *keys, const struct zone_records *z,
    struct dnssec_faults *f)
{
	for (unsigned i = 0; i < keys->count; i++)
		if (!keys->list[i].usable)
			dnssec_warn(f, WARNING_KEY, z->apex,
			    "DNSKEY: key %u verifies nothing (flags %u)",
			    keys->list[i].tag, keys->list[i].flags);
}

static int
signed_check(const struct zone_records *z, const struct dnssec_keys *keys,
    const struct dnssec_options *options, struct dnssec_faults *f,
    struct dnssec_result *result, struct err *err)
{
	struct dnssec_owners owners;
	int rc = dnssec_owners_make(&owners, z, err);

	if (rc)
		return rc;
	keys_warn(keys, z, f);
	rc = dnssec_signatures_check(
	    &owners, keys, options, false, f, result, err);
	if (rc == 0)
		rc = dnssec_denial_check(&owners, options, f, err);
	dnssec_owners_fini(&owners);
	return rc;
}

static void
unsigned_warn(const struct zone_records *z, struct dnssec_faults *f)
{
	size_t n;

	if (zone_records_find(z, z->apex, DNS_TYPE_RRSIG, &n))
		dnssec_warn(f, WARNING_UNSIGNED, z->apex,
		    "has signatures but no DNSKEY: an unsigned zone");
}

int
dnssec_check(const struct zone_records *z, const struct dnssec_options *options,
    struct dnssec_result *result, struct err *err)
{
	struct dnssec_faults f = {.warn = options->warn, .arg = options->arg};
	struct dnssec_keys keys;
	int rc = dnssec_keys_read(&keys, z, err);

	*result = (struct dnssec_result){
	    .is_signed = keys.count != 0, .expires_at = DNSSEC_NEVER};
	if (rc)
		return rc;
	if (keys.count)
		rc = signed_check(z, &keys, options, &f, result, err);
	else
		unsigned_warn(z, &f);
	if (rc == 0)
		rc = dnssec_zonemd_check(z, &f, err);
	if (rc)
		return rc;
	dnssec_warn_rest(&f);
	result->faults = f.count;
	if (f.early != f.count)
		result->valid_from = 0;
	return dnssec_faults_sum(&f, err);
}

uint64_t
dnssec_expires_at(const struct zone_records *z, uint64_t now)
{
	struct dnssec_options options = {.now = now};
	struct dnssec_result result = {.expires_at = DNSSEC_NEVER};
	struct dnssec_faults f = {0};
	struct dnssec_owners owners;
	struct dnssec_keys keys;
	struct err err;

	if (dnssec_keys_read(&keys, z, &err) != 0 || !keys.count ||
	    dnssec_owners_make(&owners, z, &err) != 0)
		return DNSSEC_NEVER;
	dnssec_signatures_check(
	    &owners, &keys, &options, true, &f, &result, &err);
	dnssec_owners_fini(&owners);
	return result.expires_at;
}
