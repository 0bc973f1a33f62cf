/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The keys of a zone (dnssec_keys.h).
 */
#include "control/dnssec/dnssec_keys.h"

#include <ldns/ldns.h>
#include <string.h>

#include "base/wire.h"

enum {
	KEY_ZONE = 0x0100,   /* RFC 4034 section 2.1.1 */
	KEY_REVOKE = 0x0080, /* RFC 5011 section 2.1 */
	KEY_PROTOCOL = 3,
	KEY_FIXED_BYTES = 4,
};

uint16_t
dnssec_key_tag(const uint8_t *rdata, size_t bytes)
{
	return ldns_calc_keytag_raw(rdata, bytes);
}

static void
algorithm_note(struct dnssec_keys *keys, uint8_t algorithm)
{
	if (!memchr(keys->algorithms, algorithm, keys->nalgorithms))
		keys->algorithms[keys->nalgorithms++] = algorithm;
}

static void
key_read(struct dnssec_key *k, const uint8_t *rdata, uint16_t bytes)
{
	*k = (struct dnssec_key){.rdata = rdata, .bytes = bytes};
	if (bytes <= KEY_FIXED_BYTES)
		return;
	k->flags = wire_load16(rdata);
	k->algorithm = rdata[3];
	k->tag = dnssec_key_tag(rdata, bytes);
	k->usable = k->flags & KEY_ZONE && !(k->flags & KEY_REVOKE) &&
	            rdata[2] == KEY_PROTOCOL;
}

int
dnssec_keys_read(
    struct dnssec_keys *keys, const struct zone_records *z, struct err *err)
{
	size_t count;
	const struct record *r =
	    zone_records_find(z, z->apex, DNS_TYPE_DNSKEY, &count);

	keys->count = keys->nalgorithms = 0;
	if (!r)
		return 0;
	if (count > DNSSEC_KEYS_MAX)
		return err_set(err, ERR_LIMIT,
		    "%zu DNSKEY records at the apex are too many, at most %d "
		    "are taken",
		    count, DNSSEC_KEYS_MAX);
	for (size_t i = 0; i < count; i++) {
		struct dnssec_key *k = &keys->list[keys->count++];

		key_read(k, record_rdata(z, &r[i]), r[i].rdata_bytes);
		if (k->usable)
			algorithm_note(keys, k->algorithm);
	}
	return 0;
}

unsigned
dnssec_keys_find(const struct dnssec_keys *keys, uint16_t tag,
    uint8_t algorithm, const struct dnssec_key *out[DNSSEC_TRIES_MAX])
{
	unsigned n = 0;

	for (unsigned i = 0; i < keys->count && n < DNSSEC_TRIES_MAX; i++) {
		const struct dnssec_key *k = &keys->list[i];

		if (k->usable && k->tag == tag && k->algorithm == algorithm)
			out[n++] = k;
	}
	return n;
}
