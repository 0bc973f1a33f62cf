/* SPDX-License-Identifier: BSD-2-Clause
 *
 * How keys come and go (RFC 6781 section 4.1, RFC 7583): a ZSK is published
 * before it signs; a CSK or KSK is doubled, and waits for the operator to say
 * that the parent has its DS. A pure function of the keys, of what is served
 * and of the time: nothing counts as published before it is in what is served.
 *
 *   ZSK       published --dnskey TTL + propagation--> active; the old one
 *             retiring --other signatures served--> retired
 *                      --longest TTL + propagation--> removed
 *   CSK, KSK  published --dnskey TTL + propagation--> DS wanted
 *                       --the operator: seen, DS TTL + propagation--> active;
 *             the old KSK removed; the old CSK as an old ZSK
 */
#ifndef HOLDFAST_KEY_ROLL_H
#define HOLDFAST_KEY_ROLL_H

#include "control/sign/zone_key.h"
#include "snapshot/records.h"

struct key_roll {
	const struct config_policy *policy;
	const struct zone_records *served; /* NULL: nothing */
	uint64_t now;
};

/* The first keys of a zone: active at once, as nobody knows the zone as signed.
 * ERR_EXISTS if it has keys that are not removed. */
int key_roll_create(struct zone_keys *k, const struct config_policy *policy,
    uint64_t now, struct err *err);

/* Makes the successor of the zone's key of this role. ERR_BUSY while another
 * one is under way; ERR_NOT_FOUND if the zone has no such key. `out`: the new
 * key. */
int key_roll_begin(struct zone_keys *k, enum key_role role, uint64_t now,
    struct zone_key **out, struct err *err);

/* The operator has seen the DS of the key that waits for it. ERR_NOT_FOUND if
 * none does; the text says why not yet, if so. */
int key_roll_ds_seen(
    struct zone_keys *k, uint64_t now, struct zone_key **out, struct err *err);

/* True if the served zone has its DNSKEY. The key's rdata must be there. */
bool key_is_served(const struct zone_key *key, const struct zone_records *z);

/* Takes every step that is due; true if there was one: the keys are to be
 * written, then the zone to be signed. */
bool key_roll_step(struct zone_keys *k, const struct key_roll *roll);

/* When the next step is due by itself; 0: none before something else happens
 * (a publication, the operator's word). */
uint64_t key_roll_due(const struct zone_keys *k, const struct key_roll *roll);

/* When this key's next step is due; 0 as above. */
uint64_t key_roll_key_due(
    const struct zone_key *key, const struct key_roll *roll);

/* What the key waits for, for people: a static text. */
const char *key_roll_waits_for(const struct zone_key *key);

#endif
