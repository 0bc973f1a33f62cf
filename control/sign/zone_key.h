/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The keys of one zone and where each is in its life. Who may sign what follows
 * from role and state alone (functions below). Private keys are ldns's, in the
 * memory of holdfastd's worker or of `holdfast keys`, nowhere else.
 *
 *   role   signs                                   DS at the parent
 *   csk    DNSKEY, CDS, CDNSKEY and the zone       yes
 *   ksk    DNSKEY, CDS, CDNSKEY                    yes
 *   zsk    the zone                                no
 *
 * A key goes through its states from left to right (key_roll.h):
 *
 *   new -> published -> active -> retiring -> retired -> removed
 *   |                   |         |           |          not in the zone
 *   |                   |         |           caches may hold its signatures
 *   |                   |         its last signatures are still served
 *   |                   signs the zone (zsk, csk)
 *   DNSKEY is in the zone; ksk and csk sign it
 */
#ifndef HOLDFAST_ZONE_KEY_H
#define HOLDFAST_ZONE_KEY_H

#include <ldns/ldns.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/dns.h"
#include "base/err.h"
#include "config/config.h"

enum key_role { KEY_CSK, KEY_KSK, KEY_ZSK, KEY_ROLE_COUNT };

enum key_state {
	KEY_NEW,
	KEY_PUBLISHED,
	KEY_ACTIVE,
	KEY_RETIRING,
	KEY_RETIRED,
	KEY_REMOVED,
	KEY_STATE_COUNT
};

/* Of the DS at the parent, for CSK and KSK. */
enum key_ds {
	KEY_DS_NONE,
	KEY_DS_WANTED, /* caches have the DNSKEY: the parent may have the DS */
	KEY_DS_SEEN,   /* the operator says that the parent has it */
	KEY_DS_COUNT
};

extern const char *const key_role_name[KEY_ROLE_COUNT];
extern const char *const key_state_name[KEY_STATE_COUNT];
extern const char *const key_ds_name[KEY_DS_COUNT];

enum {
	KEYS_MAX = 64, /* of a zone, removed ones included */
	/* flags, protocol, algorithm and 64 octets */
	KEY_RDATA_MAX = 4 + 64,
	KEY_DS_RDATA_BYTES = 4 + 32, /* with a SHA-256 digest */
};

/* Times are seconds since 1970; 0: not yet. */
struct zone_key {
	uint16_t tag;
	uint8_t algorithm; /* 13 or 15 */
	enum key_role role;
	enum key_state state;
	enum key_ds ds;
	uint64_t created, published; /* first seen in what is served */
	uint64_t since;              /* of the state */
	uint64_t ds_since;           /* of ds */
	ldns_key *secret; /* NULL: only its state was read, or it is removed */
	uint8_t rdata[KEY_RDATA_MAX]; /* of the DNSKEY; with the secret */
	uint8_t rdata_bytes;
};

struct zone_keys {
	uint8_t apex[DNS_NAME_MAX + 1]; /* lower case */
	struct zone_key keys[KEYS_MAX];
	unsigned count;
};

void zone_keys_fini(struct zone_keys *k); /* ends and wipes the secrets */

/* A new key with a tag that no other key of the zone has, appended. */
int zone_key_generate(struct zone_keys *k, enum key_role role,
    uint8_t algorithm, uint64_t now, struct zone_key **out, struct err *err);

/* The private key file's text (BIND's format), terminated; the caller frees and
 * wipes it (zone_key_text_free). */
int zone_key_private_text(
    const struct zone_key *key, char **out, struct err *err);
/* The DNSKEY as a line of a zone file, terminated; the caller frees it. */
int zone_key_public_text(const struct zone_keys *k, const struct zone_key *key,
    char **out, struct err *err);
void zone_key_text_free(char *text);

/* Takes the secret from such a text: ERR_CORRUPT if it is not the private key
 * of this algorithm, role and tag. */
int zone_key_secret_take(const struct zone_keys *k, struct zone_key *key,
    const void *text, size_t bytes, struct err *err);

uint8_t zone_key_algorithm(enum config_algorithm algorithm);
const char *zone_key_algorithm_name(uint8_t algorithm);

struct zone_key *zone_key_find(struct zone_keys *k, uint16_t tag);

/* What the key does in its state. */
bool zone_key_is_published(const struct zone_key *key); /* DNSKEY in zone */
bool zone_key_signs_keys(const struct zone_key *key);
bool zone_key_signs_zone(const struct zone_key *key);
/* True if this is the key that the parent's DS should be of: the one whose DS
 * was wanted last. */
bool zone_key_is_for_parent(
    const struct zone_keys *k, const struct zone_key *key);

/* RDATA of its DS and CDS, with SHA-256 (RFC 4509). */
void zone_key_ds(const struct zone_keys *k, const struct zone_key *key,
    uint8_t rdata[KEY_DS_RDATA_BYTES]);

#endif
