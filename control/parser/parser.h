/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Zone files read by another process: what zonefile_load() does, in a parser
 * that has nothing to lose (parser_child.h), and its records taken over only
 * when they are sound. A parser that dies, hangs or lies costs the version that
 * it was reading; the next one takes its place. Several files may be asked for
 * ahead: the parser reads while the caller works.
 *
 * Used by holdfastd: opened in its main thread, then the worker's alone.
 */
#ifndef HOLDFAST_PARSER_H
#define HOLDFAST_PARSER_H

#include <sys/types.h>

#include "config/config.h"
#include "control/source/zonefile.h"

struct parser;

enum { PARSER_AHEAD_MAX = 64 };

/* Starts the keeper: before threads, and before this process gives up what it
 * takes to start one. */
int parser_open(struct parser **out, const struct config *c, struct err *err);
void parser_close(struct parser **p);

/* Follows a configuration: limits, and the folders of its zones. */
int parser_configure(struct parser *p, const struct config *c, struct err *err);

/* The keeper's process: when it ends, nothing can be read any more. */
pid_t parser_keeper_pid(const struct parser *p);

bool parser_has_room(const struct parser *p);
/* Asks for a file. Only if there is room. */
int parser_ask(struct parser *p, const char *path, const uint8_t *apex,
    uint64_t bytes_max, struct err *err);

/* What became of the file that was asked for first; as zonefile_load(), of
 * whose options warn, arg and stamp are used. ERR_UNAVAILABLE: the parser is at
 * fault, or there is none; the stamp then has the file alone, as it is now. */
int parser_take(struct parser *p, struct zone_records **out,
    const struct zonefile_options *options, struct err *err);

/* Parsers that died, hung or lied since the last call. */
uint64_t parser_deaths_take(struct parser *p);

#endif
