/* SPDX-License-Identifier: BSD-2-Clause
 *
 * RDATA from the tokens of a record to wire form. The fields of a type come
 * from ldns's descriptors; the plain ones (names, numbers, strings, addresses,
 * hex, base64, type bitmaps) are read here, the odd ones (LOC, WKS, APL,
 * mnemonics, service parameters, ...) by ldns. Runs where zonefile.h runs; ldns
 * allocates and frees within a call.
 */
#ifndef HOLDFAST_ZONEFILE_RDATA_H
#define HOLDFAST_ZONEFILE_RDATA_H

#include "control/source/zonefile_text.h"

/* The tokens behind the type; `at` is the token in hand, so that an error's
 * line is its line. */
struct zonefile_fields {
	const struct zonefile_token *at, *end;
	const uint8_t *origin;
	struct wire_writer out;
};

enum { ZONEFILE_RDATA_MAX = 65535 };

/* Reads all tokens as RDATA of `type` to dst and checks its shape. Returns 0
 * and sets *bytes. */
int zonefile_rdata(uint16_t type, struct zonefile_fields *fields,
    uint8_t dst[ZONEFILE_RDATA_MAX], size_t *bytes, struct err *err);

/* Fields of zonefile_rdata_special.c and zonefile_svcb.c: those whose parts
 * depend on one another, or that ldns 1.8.3 reads wrongly. */
int zonefile_rdata_ipseckey(struct zonefile_fields *f, struct err *err);
int zonefile_rdata_amtrelay(struct zonefile_fields *f, struct err *err);
int zonefile_rdata_hip(struct zonefile_fields *f, struct err *err);
int zonefile_rdata_bitmap(struct zonefile_fields *f, struct err *err);
int zonefile_rdata_prefix(struct zonefile_fields *f, struct err *err);
int zonefile_rdata_services(struct zonefile_fields *f, struct err *err);
int zonefile_rdata_salt(struct zonefile_fields *f, struct err *err);
int zonefile_rdata_next_hash(struct zonefile_fields *f, struct err *err);
int zonefile_rdata_nsap(struct zonefile_fields *f, struct err *err);
int zonefile_rdata_parameters(struct zonefile_fields *f, struct err *err);
/* LOC: ldns turns it, but does not ask if there is such a place. */
int zonefile_rdata_check_location(
    const struct zonefile_fields *f, struct err *err);

/* Fields of zonefile_rdata.c for those. */
int zonefile_field_number(
    struct zonefile_fields *f, unsigned octets, struct err *err);
int zonefile_field_name(struct zonefile_fields *f, struct err *err);
int zonefile_field_address(
    struct zonefile_fields *f, int family, struct err *err);

#endif
