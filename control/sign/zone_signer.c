/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Keys from their directory, one step, and a signed zone (zone_signer.h).
 */
#include "control/sign/zone_signer.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/name.h"
#include "base/wire.h"
#include "control/dnssec/dnssec.h"
#include "control/sign/key_roll.h"

enum { RRSIG_BEGINS = 12 }; /* of its RDATA (RFC 4034 section 3.1) */

static struct key_roll
roll_of(const struct zone_signer *s)
{
	return (struct key_roll){
	    .policy = s->policy, .served = s->served, .now = s->now};
}

static void
steps_log(const struct zone_keys *before, const struct zone_keys *k)
{
	char name[NAME_TEXT_MAX];

	for (unsigned i = 0; i < k->count; i++) {
		const struct zone_key *key = &k->keys[i];

		if (key->state == before->keys[i].state &&
		    key->ds == before->keys[i].ds)
			continue;
		log_info("zone %s: %s %u is %s and waits for %s",
		    name_to_text(name, k->apex), key_role_name[key->role],
		    key->tag, key_state_name[key->state],
		    key_roll_waits_for(key));
	}
}

/* The lock is held. */
static int
keys_step(struct zone_signer *s, struct key_directory *d, struct zone_keys *k,
    struct err *err)
{
	struct key_roll roll = roll_of(s);
	struct zone_keys *before = malloc(sizeof *before);
	int rc = 0;

	if (!before)
		return err_set(err, ERR_NO_MEMORY, "no memory for keys");
	*before = *k;
	if (key_roll_step(k, &roll)) {
		rc = key_directory_write(d, k, err);
		if (rc == 0)
			steps_log(before, k);
	}
	free(before);
	return rc;
}

/* To serve a zone with new keys whose DS the parent may have of others would
 * make it bogus for everybody who validates. */
static int
served_check(
    const struct zone_signer *s, const struct zone_keys *k, struct err *err)
{
	size_t n = 0;

	if (s->served)
		zone_records_find(
		    s->served, s->served->apex, DNS_TYPE_DNSKEY, &n);
	if (n == 0)
		return 0;
	for (unsigned i = 0; i < k->count; i++)
		if (k->keys[i].rdata_bytes &&
		    key_is_served(&k->keys[i], s->served))
			return 0;
	return err_set(err, ERR_REFUSED,
	    "what is served is signed with keys that are not in %s; restore "
	    "them, or go over an unsigned version (dnssec: off) with no DS at "
	    "the parent",
	    s->keys_path);
}

/* When the SOA's signatures of a version begin, the first of them, seconds
 * since 1970 near `now`; 0: it has none. */
static uint64_t
signed_from(const struct zone_records *z, uint64_t now)
{
	uint64_t first = 0;
	size_t n = 0;
	const struct record *r =
	    z ? zone_records_find(z, z->apex, DNS_TYPE_RRSIG, &n) : NULL;

	for (size_t i = 0; i < n; i++) {
		const uint8_t *rdata = record_rdata(z, &r[i]);
		uint64_t begins;

		if (r[i].rdata_bytes < RRSIG_BEGINS + 4 ||
		    wire_load16(rdata) != DNS_TYPE_SOA)
			continue;
		/* 32 bits that wrap (RFC 4034 section 3.1.5) */
		begins = now +
		         (uint64_t)(int32_t)(wire_load32(rdata + RRSIG_BEGINS) -
					     (uint32_t)now);
		if (!first || begins < first)
			first = begins;
	}
	return first;
}

/* What is served can't be from the future. Signed by a clock that was not set
 * yet, the zone would be bogus, and it is not now. */
static int
now_check(struct zone_signer *s, struct err *err)
{
	uint64_t begins = signed_from(s->served, s->now);
	char served[32], now[32];

	s->now_contradicted = !s->now_is_known && begins > s->now;
	if (!s->now_contradicted)
		return 0;
	dnssec_time_text(served, begins);
	dnssec_time_text(now, s->now);
	return err_set(err, ERR_REFUSED,
	    "the clock says %s, but signatures of what is served begin at %s; "
	    "nothing is signed before the kernel calls the clock synchronised "
	    "(if it is right without: stop holdfastd and sign once with "
	    "`holdfast compile --config FILE --at TIME`)",
	    now, served);
}

static int
keys_open(struct zone_signer *s, const uint8_t *apex, struct zone_keys *k,
    struct err *err)
{
	struct key_directory d;
	char name[NAME_TEXT_MAX];
	int rc = key_directory_open(&d, s->keys_path, false, err);

	if (rc == 0) {
		key_directory_stamp(&d, apex, &s->stamp);
		if (!s->stamp.inode)
			rc = ERR_NOT_FOUND;
		else if (!s->keys_fixed)
			rc = key_directory_lock(&d, 0, err);
		if (rc == 0)
			rc = key_directory_read(&d, apex, true, k, err);
		if (rc == 0 && !s->keys_fixed)
			rc = keys_step(s, &d, k, err);
		key_directory_stamp(&d, apex, &s->stamp);
		key_directory_close(&d);
	}
	if (rc == ERR_NOT_FOUND)
		return err_set(err, rc,
		    "there are no keys of the zone in %s; say `holdfast keys "
		    "create %.255s`",
		    s->keys_path, name_to_text(name, apex));
	return rc;
}

static void
due_set(struct zone_signer *s, const struct zone_keys *k)
{
	struct key_roll roll = roll_of(s);
	uint64_t keys = key_roll_due(k, &roll);

	s->due = s->result.due;
	if (keys && keys < s->due)
		s->due = keys;
	s->publication_awaited = false;
	for (unsigned i = 0; i < k->count; i++)
		s->publication_awaited |=
		    k->keys[i].state == KEY_RETIRING ||
		    (k->keys[i].state < KEY_RETIRING && !k->keys[i].published);
}

int
zone_signer_run(
    struct zone_signer *s, const struct zone_records *source, struct err *err)
{
	struct zone_keys *k = calloc(1, sizeof *k);
	struct sign_options options = {.policy = s->policy,
	    .keys = k,
	    .previous = s->previous,
	    .now = s->now};
	int rc;

	s->result = (struct sign_result){0};
	if (!k)
		return err_set(err, ERR_NO_MEMORY, "no memory for keys");
	rc = now_check(s, err);
	if (rc == 0)
		rc = keys_open(s, source->apex, k, err);
	if (rc == 0)
		rc = served_check(s, k, err);
	if (rc == 0)
		rc = sign_zone(source, &options, &s->result, err);
	if (rc == 0)
		due_set(s, k);
	zone_keys_fini(k);
	free(k);
	return rc;
}
