/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The keeper of the parser: a small process that holdfastd starts first of all,
 * and that starts parsers, one at a time, and ends them. It is this program,
 * executed anew: it has nothing of holdfastd's memory, and holdfastd need not
 * be able to start anything from then on. It never looks at what parsers read.
 */
#ifndef HOLDFAST_PARSER_KEEPER_H
#define HOLDFAST_PARSER_KEEPER_H

#include <sys/types.h>

#include "base/err.h"

/* The argument by which this program knows that it is the keeper. */
#define PARSER_KEEPER_ARGUMENT "--parser-keeper"

enum { PARSER_KEEPER_FD = 3, PARSER_KEEPER_AREA_FD };

/* holdfastd's side. */
struct parser_keeper {
	int fd;   /* -1: not started */
	int area; /* of parsers (parser_area.h); -1: none */
	pid_t pid;
};

/* Before threads: forks, executes. To be stopped also when it fails. */
int parser_keeper_start(struct parser_keeper *k, struct err *err);
/* A new parser with `fd` as its stream, which stays the caller's.
 * ERR_UNAVAILABLE: the keeper is gone. */
int parser_keeper_spawn(
    struct parser_keeper *k, int fd, pid_t *child, struct err *err);
/* Ends the parser, if it has not ended; how, as of waitpid(2). */
int parser_keeper_end(struct parser_keeper *k, int *status, struct err *err);
/* Ends the keeper and its parser, and waits. */
void parser_keeper_stop(struct parser_keeper *k);

/* main() of the keeper; descriptor PARSER_KEEPER_FD leads to holdfastd,
 * PARSER_KEEPER_AREA_FD is the area. */
int parser_keeper_main(void);

#endif
