/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The parser that runs, as holdfastd has it: its stream, its life, its end.
 * What it has written arrives in order and whole, also of one that died: first
 * what it has sent, then what it held back (parser_area.h). Worker thread.
 */
#ifndef HOLDFAST_PARSER_PEER_H
#define HOLDFAST_PARSER_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/parser/parser_keeper.h"

enum { PARSER_PEER_BUFFER = 1 << 16 };

struct parser_peer {
	struct parser_keeper keeper;
	int fd;     /* -1: there is none */
	bool ended; /* it has: what is left of its stream can be read */
	bool late;  /* it was ended, because its time was over */
	int status; /* then: how, as of waitpid(2); 0: nobody knows */
	bool
	    touched; /* for the caller to clear: an octet has been read since */
	uint64_t deadline_ms; /* CLOCK_MONOTONIC: until then it has time */
	uint64_t received;    /* octets of its stream */
	size_t at, held;
	uint8_t buffer[PARSER_PEER_BUFFER];
};

/* A new parser. ERR_UNAVAILABLE: none can be had now. */
int parser_peer_start(struct parser_peer *p, struct err *err);
/* Ends it, if it has not ended; returns how. What was left to read is lost. */
int parser_peer_end(struct parser_peer *p);

/* Of struct parser_stream; `peer` is a struct parser_peer. ERR_UNAVAILABLE: it
 * has ended, and there is nothing left. */
int parser_peer_read(void *peer, void *to, size_t bytes, struct err *err);
/* To a parser that reads: what is in flight is less than the kernel holds.
 * False: it is gone. */
bool parser_peer_write(struct parser_peer *p, const void *from, size_t bytes);

#endif
