/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Zones for unit tests, from lines of text that ldns parses. Control's zone
 * file reader is not used: tests of what lies below it must not need it.
 */
#ifndef HOLDFAST_ZONE_TEXT_H
#define HOLDFAST_ZONE_TEXT_H

#include "snapshot/records.h"

/* Sealed records of a zone; names that do not end in a dot are under the apex.
 * A mistake ends the test. */
struct zone_records *zone_from_text(const char *apex, const char *text);

/* A name in wire form, lower case, in a buffer that may be over-read; one of
 * eight that are used in turn. */
const uint8_t *name_from_test(const char *text);

#endif
