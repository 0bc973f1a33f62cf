/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Domain names in wire form: length octet and label, ..., root label. All
 * functions take uncompressed names; those that take a bare `const uint8_t *`
 * rely on name_length_find() having accepted it before. Comparison ignores
 * ASCII case (RFC 4343) and nothing else. Allocates nothing, any thread.
 */
#ifndef HOLDFAST_NAME_H
#define HOLDFAST_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/dns.h"
#include "base/err.h"

/* Room for any name as text with every octet escaped, and the terminator. */
#define NAME_TEXT_MAX 1024

/* Octets of the name at p, or 0 if there is no sound uncompressed name of at
 * most 255 octets in the `avail` bytes there. */
size_t name_length_find(const uint8_t *p, size_t avail);

/* Labels, the root label not counted: "." has 0, "example." 1. */
unsigned name_labels(const uint8_t *name);

/* Octets of a sound name. */
size_t name_length(const uint8_t *name);

/* Copies `bytes` octets with ASCII letters lowered. A length octet is at most
 * 63 and so never looks like a letter. dst may be src. */
void name_lower(uint8_t *dst, const uint8_t *src, size_t bytes);

/* The name without its first `strip` labels; a pointer into it. */
const uint8_t *name_parent(const uint8_t *name, unsigned strip);

/* Canonical order (RFC 4034 section 6.1): <0, 0, >0. */
int name_compare(const uint8_t *a, const uint8_t *b);

bool name_equal(const uint8_t *a, const uint8_t *b);

/* True if `name` is `ancestor` or below it. */
bool name_is_at_or_below(const uint8_t *name, const uint8_t *ancestor);

/* True if the first label is "*". */
bool name_is_wildcard(const uint8_t *name);

/* Presentation form (RFC 1035 section 5.1: \. and \DDD), final dot included,
 * terminated. Returns dst. */
char *name_to_text(char dst[NAME_TEXT_MAX], const uint8_t *name);

/* From presentation form; a missing final dot is added. Case is kept. Returns
 * the length in octets or a negative code. */
int name_from_text(
    uint8_t dst[DNS_NAME_MAX], const char *text, struct err *err);

#endif
