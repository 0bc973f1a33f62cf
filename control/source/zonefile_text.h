/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What one token of a zone file means: a name, a number, a TTL, a string. Each
 * function takes a token (pointer and length) and gives the value, or a
 * negative code with the cause; the caller adds file and line. Allocates
 * nothing.
 */
#ifndef HOLDFAST_ZONEFILE_TEXT_H
#define HOLDFAST_ZONEFILE_TEXT_H

#include <stdint.h>

#include "base/dns.h"
#include "base/err.h"
#include "base/wire.h"
#include "control/source/zonefile_lexer.h"

/* A name: absolute, relative to `origin` or "@". Case is kept. Returns its
 * octets. */
int zonefile_name(uint8_t dst[DNS_NAME_MAX], const struct zonefile_token *t,
    const uint8_t *origin, struct err *err);

/* An unsigned decimal number of at most `most`, digits only. */
int zonefile_number(uint32_t *out, const struct zonefile_token *t,
    uint32_t most, struct err *err);

/* Seconds, or with units: 1h30m. At most 2^32-1. */
int zonefile_seconds(
    uint32_t *out, const struct zonefile_token *t, struct err *err);

/* Text with its escapes undone; the number of octets, or a negative code. With
 * more than `room` octets: ERR_LIMIT. */
int zonefile_octets(
    uint8_t *dst, size_t room, const struct zonefile_token *t, struct err *err);

/* Hexadecimal digits (pairs within the token), base64 (groups may span tokens)
 * to the end of the record, appended to `w`. */
int zonefile_hex(struct wire_writer *w, const struct zonefile_token *t,
    size_t tokens, struct err *err);
int zonefile_base64(struct wire_writer *w, const struct zonefile_token *t,
    size_t tokens, struct err *err);

/* A type mnemonic that ldns knows, or TYPEnnn. */
int zonefile_type(
    uint16_t *out, const struct zonefile_token *t, struct err *err);

/* Copies a token as printable text for an error message, shortened. */
enum { ZONEFILE_QUOTE_MAX = 48 };
char *zonefile_quote(
    char dst[ZONEFILE_QUOTE_MAX], const struct zonefile_token *t);

#endif
