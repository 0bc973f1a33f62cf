/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Signing by ldns (signed_zone.h): one key that signs all.
 */
#include "tests/rig/signed_zone.h"

#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static ldns_zone *
zone_parse(const char *text, const char *apex)
{
	ldns_rdf *origin = ldns_dname_new_frm_str(apex);
	ldns_zone *z = NULL;
	int line = 0;
	FILE *f = fmemopen((void *)(uintptr_t)text, strlen(text), "r");

	if (!f || ldns_zone_new_frm_fp_l(
		      &z, f, origin, 60, LDNS_RR_CLASS_IN, &line) != 0)
		z = NULL;
	if (f)
		fclose(f);
	ldns_rdf_deep_free(origin);
	return z;
}

static ldns_key *
key_make(const struct signed_options *o)
{
	uint8_t algorithm = o->algorithm ? o->algorithm : 13;
	ldns_key *k = ldns_key_new_frm_algorithm(
	    (ldns_signing_algorithm)algorithm, algorithm == 8 ? 1024 : 256);
	ldns_rr *rr;

	if (!k)
		return NULL;
	ldns_key_set_pubkey_owner(k, ldns_dname_new_frm_str(o->apex));
	ldns_key_set_flags(k, 257);
	ldns_key_set_origttl(k, 60);
	ldns_key_set_inception(k, (uint32_t)o->inception);
	ldns_key_set_expiration(k, (uint32_t)o->expiration);
	rr = ldns_key2rr(k);
	ldns_key_set_keytag(k, ldns_calc_keytag(rr));
	ldns_rr_free(rr);
	return k;
}

static ldns_dnssec_zone *
dnssec_zone_make(ldns_zone *z, const ldns_key *k)
{
	ldns_dnssec_zone *d = ldns_dnssec_zone_new();
	ldns_rr *key = ldns_key2rr(k);

	ldns_rr_set_ttl(key, 60);
	ldns_dnssec_zone_add_rr(d, ldns_zone_soa(z));
	for (size_t i = 0; i < ldns_zone_rr_count(z); i++)
		ldns_dnssec_zone_add_rr(
		    d, ldns_rr_list_rr(ldns_zone_rrs(z), i));
	ldns_dnssec_zone_add_rr(d, key);
	return d;
}

static ldns_status
zone_sign(
    ldns_dnssec_zone *d, ldns_key_list *keys, const struct signed_options *o)
{
	static uint8_t salt[] = {0xab, 0xcd};
	ldns_rr_list *made = ldns_rr_list_new();
	ldns_status s;

	if (o->denial == SIGNED_NSEC)
		s = ldns_dnssec_zone_sign(d, made, keys,
		    ldns_dnssec_default_replace_signatures, NULL);
	else
		s = ldns_dnssec_zone_sign_nsec3_flg(d, made, keys,
		    ldns_dnssec_default_replace_signatures, NULL, 1,
		    o->denial == SIGNED_OPT_OUT ? 1 : 0, 3, sizeof salt, salt,
		    0);
	ldns_rr_list_free(made);
	return s;
}

static char *
zone_print(const ldns_dnssec_zone *d)
{
	ldns_output_format format = *ldns_output_format_nocomments;
	char *text = NULL;
	size_t bytes;
	FILE *f = open_memstream(&text, &bytes);

	if (!f)
		return NULL;
	ldns_dnssec_zone_print_fmt(f, &format, d);
	fclose(f);
	return text;
}

static char *
ds_text(const ldns_key *k)
{
	ldns_rr *key = ldns_key2rr(k);
	ldns_rr *ds = ldns_key_rr2ds(key, LDNS_SHA256);
	char *text;

	ldns_rr_set_ttl(ds, 60);
	text = ldns_rr2str(ds);
	ldns_rr_free(key);
	ldns_rr_free(ds);
	return text;
}

char *
signed_zone_text(
    const char *text, const struct signed_options *options, char **ds)
{
	ldns_zone *z = zone_parse(text, options->apex);
	ldns_key *k = z ? key_make(options) : NULL;
	ldns_key_list *keys;
	ldns_dnssec_zone *d;
	char *out = NULL;

	if (!k) {
		ldns_zone_deep_free(z);
		return NULL;
	}
	keys = ldns_key_list_new();
	ldns_key_list_push_key(keys, k);
	d = dnssec_zone_make(z, k);
	if (zone_sign(d, keys, options) == LDNS_STATUS_OK)
		out = zone_print(d);
	if (ds)
		*ds = ds_text(k);
	ldns_dnssec_zone_deep_free(d);
	ldns_key_list_free(keys);
	ldns_zone_free(z);
	return out;
}
