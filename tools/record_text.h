/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Records as lines of a zone file, by ldns.
 */
#ifndef HOLDFAST_RECORD_TEXT_H
#define HOLDFAST_RECORD_TEXT_H

#include "snapshot/records.h"

/* "www.example.org. 300 IN A 192.0.2.1", fields parted by one space; freed
 * with free(). RDATA that ldns can't print is in the form of RFC 3597. NULL:
 * out of memory. */
char *record_text_new(const struct zone_records *z, const struct record *r);

#endif
