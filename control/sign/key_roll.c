/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The life of keys (key_roll.h).
 */
#include "control/sign/key_roll.h"

#include <string.h>

#include "base/name.h"
#include "base/wire.h"

enum {
	/* of an RRSIG's RDATA (RFC 4034 section 3.1) */
	RRSIG_ALGORITHM = 2,
	RRSIG_TAG = 16,
	RRSIG_HEAD_BYTES = 18,
};

static bool
lives(const struct zone_key *key)
{
	return key->state != KEY_REMOVED;
}

int
key_roll_create(struct zone_keys *k, const struct config_policy *policy,
    uint64_t now, struct err *err)
{
	enum key_role roles[2] = {KEY_CSK, KEY_ZSK};
	unsigned n = 1;
	int rc = 0;

	for (unsigned i = 0; i < k->count; i++)
		if (lives(&k->keys[i]))
			return err_set(err, ERR_EXISTS,
			    "the zone has keys; `holdfast keys list` shows "
			    "them, `holdfast keys roll` replaces one");
	if (policy->keys == POLICY_KEYS_SPLIT) {
		roles[0] = KEY_KSK;
		n = 2;
	}
	for (unsigned i = 0; rc == 0 && i < n; i++) {
		struct zone_key *key;

		rc = zone_key_generate(k, roles[i],
		    zone_key_algorithm(policy->algorithm), now, &key, err);
		if (rc == 0)
			key->state = KEY_ACTIVE;
	}
	return rc;
}

/* The key of a role that is on its way in, or NULL. */
static struct zone_key *
incoming_find(struct zone_keys *k, enum key_role role)
{
	for (unsigned i = 0; i < k->count; i++)
		if (k->keys[i].role == role && k->keys[i].state < KEY_ACTIVE)
			return &k->keys[i];
	return NULL;
}

static struct zone_key *
active_find(struct zone_keys *k, enum key_role role)
{
	for (unsigned i = 0; i < k->count; i++)
		if (k->keys[i].role == role && k->keys[i].state == KEY_ACTIVE)
			return &k->keys[i];
	return NULL;
}

int
key_roll_begin(struct zone_keys *k, enum key_role role, uint64_t now,
    struct zone_key **out, struct err *err)
{
	struct zone_key *old = active_find(k, role);
	struct zone_key *incoming = incoming_find(k, role);

	if (incoming)
		return err_set(err, ERR_BUSY,
		    "the roll to key %u is under way: it waits for %s",
		    incoming->tag, key_roll_waits_for(incoming));
	if (!old)
		return err_set(err, ERR_NOT_FOUND, "the zone has no active %s",
		    key_role_name[role]);
	return zone_key_generate(k, role, old->algorithm, now, out, err);
}

static bool
waits_for_ds(const struct zone_key *key)
{
	return zone_key_signs_keys(key) && key->ds == KEY_DS_WANTED;
}

int
key_roll_ds_seen(
    struct zone_keys *k, uint64_t now, struct zone_key **out, struct err *err)
{
	struct zone_key *key = NULL;

	for (unsigned i = 0; i < k->count; i++)
		if (waits_for_ds(&k->keys[i]) &&
		    zone_key_is_for_parent(k, &k->keys[i]))
			key = &k->keys[i];
	if (!key)
		return err_set(err, ERR_NOT_FOUND,
		    "no key waits for its DS: either it was seen, or the key "
		    "is not known everywhere yet (`holdfast keys list`)");
	key->ds = KEY_DS_SEEN;
	key->ds_since = now;
	*out = key;
	return 0;
}

bool
key_is_served(const struct zone_key *key, const struct zone_records *z)
{
	size_t n = 0;
	const struct record *r =
	    z ? zone_records_find(z, z->apex, DNS_TYPE_DNSKEY, &n) : NULL;

	for (size_t i = 0; i < n; i++)
		if (r[i].rdata_bytes == key->rdata_bytes &&
		    memcmp(record_rdata(z, &r[i]), key->rdata,
			key->rdata_bytes) == 0)
			return true;
	return false;
}

/* True if the served SOA is signed, and not by this key: all of a version is
 * signed by the same keys. */
static bool
signs_no_more(const struct zone_key *key, const struct zone_records *z)
{
	bool any = false;
	size_t n = 0;
	const struct record *r =
	    z ? zone_records_find(z, z->apex, DNS_TYPE_RRSIG, &n) : NULL;

	for (size_t i = 0; i < n; i++) {
		const uint8_t *rdata = record_rdata(z, &r[i]);

		if (r[i].rdata_bytes < RRSIG_HEAD_BYTES ||
		    wire_load16(rdata) != DNS_TYPE_SOA)
			continue;
		any = true;
		if (wire_load16(rdata + RRSIG_TAG) == key->tag &&
		    rdata[RRSIG_ALGORITHM] == key->algorithm)
			return false;
	}
	return any;
}

static uint32_t
served_dnskey_ttl(const struct zone_records *z)
{
	size_t n = 0;
	const struct record *r =
	    z ? zone_records_find(z, z->apex, DNS_TYPE_DNSKEY, &n) : NULL;

	return n ? r->ttl : 0;
}

static uint32_t
served_ttl_max(const struct zone_records *z)
{
	uint32_t most = 0;

	for (size_t i = 0; z && i < z->count; i++)
		if (z->records[i].ttl > most)
			most = z->records[i].ttl;
	return most;
}

/* Seconds that caches may hold a DNSKEY RRset without a key that is published
 * now. */
static uint64_t
keys_known_after(const struct key_roll *roll)
{
	uint32_t ttl = served_dnskey_ttl(roll->served);

	if (ttl < roll->policy->dnskey_ttl_s)
		ttl = roll->policy->dnskey_ttl_s;
	return (uint64_t)ttl + roll->policy->propagation_s;
}

/* The same of anything in the zone. */
static uint64_t
zone_known_after(const struct key_roll *roll)
{
	uint64_t keys = keys_known_after(roll);
	uint64_t all = (uint64_t)served_ttl_max(roll->served) +
	               roll->policy->propagation_s;

	return keys > all ? keys : all;
}

uint64_t
key_roll_key_due(const struct zone_key *key, const struct key_roll *roll)
{
	if (key->state == KEY_RETIRED)
		return key->since + zone_known_after(roll);
	if (!key->published)
		return 0;
	if (key->state == KEY_PUBLISHED && key->role == KEY_ZSK)
		return key->published + keys_known_after(roll);
	if (!zone_key_signs_keys(key))
		return 0;
	if (key->ds == KEY_DS_NONE)
		/* of a zone's first key: until caches know that the zone is
		 * signed, too */
		return key->published + (key->state == KEY_ACTIVE
						? zone_known_after(roll)
						: keys_known_after(roll));
	if (key->ds == KEY_DS_SEEN && key->state == KEY_PUBLISHED)
		return key->ds_since + roll->policy->ds_ttl_s +
		       roll->policy->propagation_s;
	return 0;
}

uint64_t
key_roll_due(const struct zone_keys *k, const struct key_roll *roll)
{
	uint64_t first = 0;

	for (unsigned i = 0; i < k->count; i++) {
		uint64_t due = key_roll_key_due(&k->keys[i], roll);

		if (due && (!first || due < first))
			first = due;
	}
	return first;
}

static void
state_enter(struct zone_key *key, enum key_state state, uint64_t now)
{
	key->state = state;
	key->since = now;
}

/* The key takes over from the active ones of its role. */
static void
key_activate(struct zone_keys *k, struct zone_key *key, uint64_t now)
{
	for (unsigned i = 0; i < k->count; i++) {
		struct zone_key *old = &k->keys[i];

		if (old->role != key->role || old->state != KEY_ACTIVE)
			continue;
		/* no cache has a DS of an old KSK any more, and nothing but
		 * the DNSKEY RRset has its signature */
		state_enter(old,
		    old->role == KEY_KSK ? KEY_REMOVED : KEY_RETIRING, now);
	}
	state_enter(key, KEY_ACTIVE, now);
}

/* The one step of this key that time brings. */
static void
due_step(struct zone_keys *k, struct zone_key *key, uint64_t now)
{
	if (key->state == KEY_RETIRED) {
		state_enter(key, KEY_REMOVED, now);
	} else if (key->role != KEY_ZSK && key->ds == KEY_DS_NONE) {
		key->ds = KEY_DS_WANTED;
		key->ds_since = now;
	} else {
		key_activate(k, key, now);
	}
}

static bool
key_step(struct zone_keys *k, struct zone_key *key, const struct key_roll *roll)
{
	uint64_t due;

	if (!lives(key))
		return false;
	if (!key->published && key_is_served(key, roll->served)) {
		key->published = roll->now;
		if (key->state == KEY_NEW)
			state_enter(key, KEY_PUBLISHED, roll->now);
		return true;
	}
	if (key->state == KEY_RETIRING && signs_no_more(key, roll->served)) {
		state_enter(key, KEY_RETIRED, roll->now);
		return true;
	}
	due = key_roll_key_due(key, roll);
	if (!due || roll->now < due)
		return false;
	due_step(k, key, roll->now);
	return true;
}

bool
key_roll_step(struct zone_keys *k, const struct key_roll *roll)
{
	bool any = false, again;

	do { /* each step brings a key nearer to its end */
		again = false;
		for (unsigned i = 0; i < k->count; i++)
			again |= key_step(k, &k->keys[i], roll);
		any |= again;
	} while (again);
	return any;
}

const char *
key_roll_waits_for(const struct zone_key *key)
{
	switch (key->state) {
	case KEY_NEW:
		return "its publication by holdfastd";
	case KEY_RETIRING:
		return "the publication of the other key's signatures";
	case KEY_RETIRED:
		return "caches to forget its signatures";
	case KEY_REMOVED:
		return "nothing; `holdfast keys remove` deletes it";
	default:
		break;
	}
	if (!key->published)
		return "its publication by holdfastd";
	if (key->role == KEY_ZSK)
		return key->state == KEY_ACTIVE ? "nothing"
		                                : "caches to know it";
	switch (key->ds) {
	case KEY_DS_NONE:
		return "caches to know it; its DS is for later";
	case KEY_DS_WANTED:
		return "its DS at the parent: give it there (`holdfast keys "
		       "ds`), then say `holdfast keys ds-seen`";
	default:
		return key->state == KEY_ACTIVE
		           ? "nothing"
		           : "caches to forget the DS of the old key";
	}
}
