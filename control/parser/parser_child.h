/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The parser: a process that reads zone files for holdfastd, and can do nothing
 * else. It is started by its keeper (parser_keeper.h), enters its cage before
 * it reads the first file (control/sandbox/confine.h), and answers requests one
 * after the other (parser_message.h) until its stream ends.
 */
#ifndef HOLDFAST_PARSER_CHILD_H
#define HOLDFAST_PARSER_CHILD_H

enum { PARSER_CHILD_FD = 3 };

/* How a parser ends by itself. */
enum parser_exit {
	EXIT_PARSER_DONE = 0,  /* the stream has ended */
	EXIT_PARSER_LARGE = 3, /* after a large zone: its memory goes back */
	EXIT_PARSER_SETUP = 4, /* it could not be set up */
};

struct parser_area;

/* main() of the parser, which writes to `area` what it holds back. */
int parser_child_run(struct parser_area *area);

#endif
