/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Keys of a zone (zone_key.h): made, read and written by ldns.
 */
#include "control/sign/zone_key.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/wire.h"

enum {
	FLAG_ZONE = 0x0100, /* RFC 4034 section 2.1.1 */
	FLAG_SEP = 0x0001,
	PROTOCOL = 3,
	DS_SHA256 = 2,
	GENERATE_TRIES = 100,
	SECRET_BASE64_BYTES = 44, /* 32 octets, of algorithms 13 and 15 */
	SECRET_TEXT_MAX = 160,
};

const char *const key_role_name[KEY_ROLE_COUNT] = {"csk", "ksk", "zsk"};
const char *const key_state_name[KEY_STATE_COUNT] = {
    "new", "published", "active", "retiring", "retired", "removed"};
const char *const key_ds_name[KEY_DS_COUNT] = {"none", "wanted", "seen"};

void
zone_keys_fini(struct zone_keys *k)
{
	for (unsigned i = 0; i < k->count; i++)
		if (k->keys[i].secret)
			ldns_key_deep_free(k->keys[i].secret);
	k->count = 0;
}

uint8_t
zone_key_algorithm(enum config_algorithm algorithm)
{
	return algorithm == POLICY_ED25519 ? LDNS_ED25519
	                                   : LDNS_ECDSAP256SHA256;
}

const char *
zone_key_algorithm_name(uint8_t algorithm)
{
	return algorithm == LDNS_ED25519 ? "ed25519" : "ecdsa-p256-sha256";
}

struct zone_key *
zone_key_find(struct zone_keys *k, uint16_t tag)
{
	for (unsigned i = 0; i < k->count; i++)
		if (k->keys[i].tag == tag)
			return &k->keys[i];
	return NULL;
}

static int
no_memory(struct err *err)
{
	return err_set(err, ERR_NO_MEMORY, "no memory for a key");
}

/* Gives the secret its owner and flags, and takes the DNSKEY from it. */
static int
key_complete(const struct zone_keys *k, struct zone_key *key, struct err *err)
{
	ldns_rdf *owner = ldns_rdf_new_frm_data(
	    LDNS_RDF_TYPE_DNAME, name_length(k->apex), k->apex);
	size_t bytes = 4;
	ldns_rr *rr;
	int rc = 0;

	if (!owner)
		return no_memory(err);
	ldns_key_set_pubkey_owner(key->secret, owner);
	ldns_key_set_flags(key->secret,
	    key->role == KEY_ZSK ? FLAG_ZONE : FLAG_ZONE | FLAG_SEP);
	rr = ldns_key2rr(key->secret);
	if (!rr || ldns_rr_rd_count(rr) != 4)
		rc = err_set(err, ERR_CORRUPT, "the private key is not whole");
	if (rc == 0)
		bytes += ldns_rdf_size(ldns_rr_rdf(rr, 3));
	if (rc == 0 && bytes > KEY_RDATA_MAX)
		rc = err_set(err, ERR_CORRUPT, "the public key is too long");
	if (rc == 0) {
		wire_store16(key->rdata, ldns_key_flags(key->secret));
		key->rdata[2] = PROTOCOL;
		key->rdata[3] = key->algorithm;
		memcpy(key->rdata + 4, ldns_rdf_data(ldns_rr_rdf(rr, 3)),
		    bytes - 4);
		key->rdata_bytes = (uint8_t)bytes;
	}
	ldns_rr_free(rr);
	return rc;
}

static uint16_t
key_tag(const struct zone_key *key)
{
	return ldns_calc_keytag_raw(key->rdata, key->rdata_bytes);
}

static int
generate_one(const struct zone_keys *k, struct zone_key *key, struct err *err)
{
	int rc;

	key->secret = ldns_key_new_frm_algorithm(
	    (ldns_signing_algorithm)key->algorithm, 256);
	if (!key->secret)
		return err_set(err, ERR_NO_MEMORY,
		    "libcrypto makes no key of algorithm %u", key->algorithm);
	rc = key_complete(k, key, err);
	if (rc == 0) {
		key->tag = key_tag(key);
		ldns_key_set_keytag(key->secret, key->tag);
	}
	return rc;
}

int
zone_key_generate(struct zone_keys *k, enum key_role role, uint8_t algorithm,
    uint64_t now, struct zone_key **out, struct err *err)
{
	if (k->count == KEYS_MAX)
		return err_set(err, ERR_LIMIT,
		    "the zone has %d keys; delete old ones with `holdfast keys "
		    "remove`",
		    KEYS_MAX);
	for (unsigned i = 0; i < GENERATE_TRIES; i++) {
		struct zone_key key = {.algorithm = algorithm,
		    .role = role,
		    .created = now,
		    .since = now};
		int rc = generate_one(k, &key, err);

		if (rc == 0 && !zone_key_find(k, key.tag)) {
			*out = &k->keys[k->count++];
			**out = key;
			return 0;
		}
		if (key.secret)
			ldns_key_deep_free(key.secret);
		if (rc)
			return rc;
	}
	return err_set(
	    err, ERR_LIMIT, "no key with a tag that is free was found");
}

int
zone_key_private_text(const struct zone_key *key, char **out, struct err *err)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *f = open_memstream(&text, &bytes);

	if (!f)
		return no_memory(err);
	ldns_key_print(f, key->secret);
	if (fclose(f) != 0 || !text) {
		free(text);
		return no_memory(err);
	}
	*out = text;
	return 0;
}

int
zone_key_public_text(const struct zone_keys *k, const struct zone_key *key,
    char **out, struct err *err)
{
	ldns_rdf *data = ldns_rdf_new_frm_data(
	    LDNS_RDF_TYPE_B64, key->rdata_bytes - 4u, key->rdata + 4);
	char *base64 = data ? ldns_rdf2str(data) : NULL;
	char name[NAME_TEXT_MAX];
	int n = -1;

	if (base64)
		n = asprintf(out,
		    "; %s, tag %u; the times are in the state file\n"
		    "%s IN DNSKEY %u %u %u %s\n",
		    key_role_name[key->role], key->tag,
		    name_to_text(name, k->apex), wire_load16(key->rdata),
		    PROTOCOL, key->algorithm, base64);
	free(base64);
	ldns_rdf_deep_free(data);
	return n < 0 ? no_memory(err) : 0;
}

void
zone_key_text_free(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

/* The value of the line that starts with this word, or NULL; `bytes`: of it. */
static const char *
line_value_find(const char *text, size_t all, const char *word, size_t *bytes)
{
	size_t n = strlen(word);
	const char *end = text + all;

	while (text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));

		if (!stop)
			stop = end;
		if ((size_t)(stop - text) > n && memcmp(text, word, n) == 0) {
			*bytes = (size_t)(stop - text) - n;
			return text + n;
		}
		text = stop < end ? stop + 1 : end;
	}
	return NULL;
}

static bool
is_base64(const char *p, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (!isalnum((unsigned char)p[i]) && p[i] != '+' &&
		    p[i] != '/' && !(p[i] == '=' && i + 1 == bytes))
			return false;
	return true;
}

/* ldns 1.8.3 reads behind its buffers when a line is not what it expects: it
 * gets a text that is made here of the two lines that count. */
static int
secret_text(const struct zone_key *key, const char *text, size_t bytes,
    char out[SECRET_TEXT_MAX], struct err *err)
{
	const char *name =
	    key->algorithm == LDNS_ED25519 ? "ED25519" : "ECDSAP256SHA256";
	char number[32];
	size_t n = 0, secret_bytes = 0;
	const char *algorithm = line_value_find(text, bytes, "Algorithm: ", &n);
	const char *secret =
	    line_value_find(text, bytes, "PrivateKey: ", &secret_bytes);

	snprintf(number, sizeof number, "%u (%s)", key->algorithm, name);
	if (!algorithm || n != strlen(number) ||
	    memcmp(algorithm, number, n) != 0)
		return err_set(err, ERR_CORRUPT,
		    "not a private key of algorithm %s, which the state says",
		    number);
	if (!secret || secret_bytes != SECRET_BASE64_BYTES ||
	    !is_base64(secret, secret_bytes))
		return err_set(err, ERR_CORRUPT,
		    "not a private key: no line \"PrivateKey: \" with 32 "
		    "octets in base64");
	snprintf(out, SECRET_TEXT_MAX,
	    "Private-key-format: v1.2\nAlgorithm: %s\nPrivateKey: %.*s\n",
	    number, SECRET_BASE64_BYTES, secret);
	return 0;
}

static int
secret_read(
    struct zone_key *key, const void *text, size_t bytes, struct err *err)
{
	char plain[SECRET_TEXT_MAX];
	int rc = secret_text(key, text, bytes, plain, err);
	FILE *f = rc ? NULL : fmemopen(plain, strlen(plain), "r");
	ldns_key *secret = NULL;
	ldns_status status;

	if (rc)
		return rc;
	if (!f) {
		explicit_bzero(plain, sizeof plain);
		return no_memory(err);
	}
	status = ldns_key_new_frm_fp(&secret, f);
	fclose(f);
	explicit_bzero(plain, sizeof plain);
	key->secret = secret;
	if (status != LDNS_STATUS_OK || !secret || !ldns_key_evp_key(secret))
		return err_set(err, ERR_CORRUPT, "not a private key: %s",
		    ldns_get_errorstr_by_id(status));
	return 0;
}

int
zone_key_secret_take(const struct zone_keys *k, struct zone_key *key,
    const void *text, size_t bytes, struct err *err)
{
	int rc = secret_read(key, text, bytes, err);

	if (rc == 0)
		rc = key_complete(k, key, err);
	if (rc == 0 && key_tag(key) != key->tag)
		rc = err_set(err, ERR_CORRUPT,
		    "its key tag is %u, and the state says %u", key_tag(key),
		    key->tag);
	if (rc == 0) {
		ldns_key_set_keytag(key->secret, key->tag);
		return 0;
	}
	if (key->secret)
		ldns_key_deep_free(key->secret);
	key->secret = NULL;
	return rc;
}

bool
zone_key_is_published(const struct zone_key *key)
{
	return key->state != KEY_REMOVED;
}

bool
zone_key_signs_keys(const struct zone_key *key)
{
	return key->role != KEY_ZSK && key->state <= KEY_ACTIVE;
}

bool
zone_key_signs_zone(const struct zone_key *key)
{
	return key->role != KEY_KSK && key->state == KEY_ACTIVE;
}

bool
zone_key_is_for_parent(const struct zone_keys *k, const struct zone_key *key)
{
	if (!zone_key_signs_keys(key) || key->ds == KEY_DS_NONE)
		return false;
	for (unsigned i = 0; i < k->count; i++) {
		const struct zone_key *other = &k->keys[i];

		/* of two, the one that is on its way in */
		if (zone_key_signs_keys(other) && other->ds != KEY_DS_NONE &&
		    other->state < key->state)
			return false;
	}
	return true;
}

void
zone_key_ds(const struct zone_keys *k, const struct zone_key *key,
    uint8_t rdata[KEY_DS_RDATA_BYTES])
{
	uint8_t data[DNS_NAME_MAX + KEY_RDATA_MAX];
	size_t owner = name_length(k->apex);

	memcpy(data, k->apex, owner);
	memcpy(data + owner, key->rdata, key->rdata_bytes);
	wire_store16(rdata, key->tag);
	rdata[2] = key->algorithm;
	rdata[3] = DS_SHA256;
	ldns_sha256(data, (unsigned)(owner + key->rdata_bytes), rdata + 4);
}
