/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Cuts the text of a zone file into records (RFC 1035 section 5.1): one logical
 * line is one record or directive, as tokens that point into the text. Knows
 * parentheses, quotes, comments, escapes, tabs and CRLF; does not know what the
 * tokens mean. Runs where zonefile.h runs; allocates the token array only.
 */
#ifndef HOLDFAST_ZONEFILE_LEXER_H
#define HOLDFAST_ZONEFILE_LEXER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum zonefile_lexer_limits {
	ZONEFILE_LINE_MAX = 65536, /* octets of a line in the file */
	/* octets of a record's tokens: RDATA of 65,535 octets, all as \DDD */
	ZONEFILE_RECORD_MAX = 300000,
};

/* A word or a quoted string, without its quotes, escapes as written. */
struct zonefile_token {
	const char *at;
	uint32_t bytes;
	uint32_t line;
	bool quoted;
	bool glued; /* nothing between this and the token before: key="value" */
};

struct zonefile_lexer {
	const char *at, *end;
	const char *line_start;
	uint32_t line; /* of `at`; where an error is */
	/* the record that was read last */
	const char *record;   /* its first octet */
	uint32_t record_line; /* its first line */
	bool blank_owner;     /* it began with a space: the owner before it */
	struct zonefile_token *tokens;
	size_t count, cap;
	size_t record_bytes;
	/* within a record */
	unsigned depth;     /* open parentheses */
	uint32_t open_line; /* of the first of them */
};

void zonefile_lexer_init(struct zonefile_lexer *l, const void *text,
    size_t bytes, uint32_t first_line);
void zonefile_lexer_fini(struct zonefile_lexer *l);

/* Reads the next record that has a token: 1, or 0 at the end of the text, or a
 * negative code; then `err` says the cause and `l->line` the line. */
int zonefile_lexer_next(struct zonefile_lexer *l, struct err *err);

/* True if the token is the word, in any case, without quotes. */
bool zonefile_token_is(const struct zonefile_token *t, const char *word);

#endif
