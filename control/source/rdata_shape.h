/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Does RDATA in wire form have the shape that its type demands? One table of
 * types; types that are not in it pass. Whatever the source (text, RFC 3597
 * form, later transfers), records must pass before they are served. Allocates
 * nothing, any thread.
 */
#ifndef HOLDFAST_RDATA_SHAPE_H
#define HOLDFAST_RDATA_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* 0, or ERR_SEMANTIC with what is wrong. */
int rdata_shape_check(
    uint16_t type, const uint8_t *rdata, size_t bytes, struct err *err);

/* Types that are questions or signatures of messages, never data in a zone
 * (RFC 6895 section 3.1): 0, OPT and 128 to 255. */
bool rdata_type_is_meta(uint16_t type);

#endif
