/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Queries from a list as dnsperf reads it: lines "NAME TYPE", names as in a
 * zone file (\X and \DDD, a missing final dot is added), types as mnemonics or
 * TYPEnnn. Empty lines and lines that begin with ; or # say nothing. Main
 * thread; allocates the text.
 */
#ifndef HOLDFAST_QUERY_LIST_H
#define HOLDFAST_QUERY_LIST_H

#include "tools/load/query_build.h"
#include "tools/load/query_zones.h"

/* What a line says; something else than 0 ends the reading. */
typedef int (*query_list_line)(
    void *arg, const uint8_t *name, uint16_t type, struct err *err);

/* Reads text from memory; `path` is for errors. Returns what `line` did, or a
 * negative code of its own. Hostile input. */
int query_list_parse(const char *path, const void *text, size_t bytes,
    query_list_line line, void *arg, struct err *err);

/* Adds the queries of mix->list: all of them, or at most mix->count. */
int query_list_add(struct query_build *b, const struct query_zones *z,
    const struct query_mix *mix, struct draw *d, struct err *err);

#endif
