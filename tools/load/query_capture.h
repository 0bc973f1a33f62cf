/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Queries from a capture (pcap or pcapng, read by libpcap). Main thread.
 */
#ifndef HOLDFAST_QUERY_CAPTURE_H
#define HOLDFAST_QUERY_CAPTURE_H

#include "tools/load/query_build.h"
#include "tools/load/query_zones.h"

/* Adds the queries of mix->pcap as they came, but with ID 0: all of them, or at
 * most mix->count. Counts what is left out. */
int query_capture_add(struct query_build *b, const struct query_zones *z,
    const struct query_mix *mix, struct err *err);

#endif
