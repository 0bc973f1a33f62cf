/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Zone text to tokens, see zonefile_lexer.h. One pass, no copying: a table says
 * the class of every octet, and only the octets that end a word are looked at
 * twice. Runs in holdfastd and `holdfast`; allocates the token array, which
 * grows to the longest record.
 */
#include "control/source/zonefile_lexer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum octet_class {
	OCTET_WORD,
	OCTET_BLANK,
	OCTET_NEWLINE,
	OCTET_RETURN,
	OCTET_COMMENT,
	OCTET_OPEN,
	OCTET_CLOSE,
	OCTET_QUOTE,
	OCTET_ESCAPE,
	OCTET_BINARY
};

static const uint8_t octet_classes[256] = {
    [0 ... 8] = OCTET_BINARY,
    [11] = OCTET_BINARY,
    [12] = OCTET_BINARY,
    [14 ... 0x1f] = OCTET_BINARY,
    [0x7f] = OCTET_BINARY,
    [' '] = OCTET_BLANK,
    ['\t'] = OCTET_BLANK,
    ['\n'] = OCTET_NEWLINE,
    ['\r'] = OCTET_RETURN,
    [';'] = OCTET_COMMENT,
    ['('] = OCTET_OPEN,
    [')'] = OCTET_CLOSE,
    ['"'] = OCTET_QUOTE,
    ['\\'] = OCTET_ESCAPE,
};

static inline enum octet_class
class_of(const char *p)
{
	return octet_classes[(uint8_t)*p];
}

void
zonefile_lexer_init(struct zonefile_lexer *l, const void *text, size_t bytes,
    uint32_t first_line)
{
	*l = (struct zonefile_lexer){.line = first_line};
	l->at = l->line_start = l->record = text;
	l->end = l->at + bytes;
}

void
zonefile_lexer_fini(struct zonefile_lexer *l)
{
	free(l->tokens);
	l->tokens = NULL;
	l->count = l->cap = 0;
}

bool
zonefile_token_is(const struct zonefile_token *t, const char *word)
{
	return !t->quoted && strlen(word) == t->bytes &&
	       strncasecmp(t->at, word, t->bytes) == 0;
}

static int
fail_binary(const char *p, struct err *err)
{
	if (*p == 0)
		return err_set(err, ERR_SYNTAX,
		    "a NUL octet: this is not a text file (or it is UTF-16); "
		    "save it as plain text");
	return err_set(err, ERR_SYNTAX,
	    "control character 0x%02x: write it as \\%03u in a name or "
	    "string, or remove it",
	    (unsigned)(uint8_t)*p, (unsigned)(uint8_t)*p);
}

static int
push_token(struct zonefile_lexer *l, const char *start, bool quoted, bool glued,
    struct err *err)
{
	struct zonefile_token *grown;
	size_t bytes = (size_t)(l->at - start);
	size_t cap;

	if (l->count == l->cap) {
		cap = l->cap ? l->cap * 2 : 32;
		grown = realloc(l->tokens, cap * sizeof *grown);
		if (!grown)
			return err_set(err, ERR_NO_MEMORY, "out of memory");
		l->tokens = grown;
		l->cap = cap;
	}
	/* one more for each token, so that empty strings count too */
	l->record_bytes += bytes + 1;
	if (l->record_bytes > ZONEFILE_RECORD_MAX)
		return err_set(err, ERR_LIMIT,
		    "the record is over %d octets of text: no RDATA needs "
		    "that much; is a parenthesis not closed?",
		    ZONEFILE_RECORD_MAX);
	l->tokens[l->count++] = (struct zonefile_token){
	    .at = start,
	    .bytes = (uint32_t)bytes,
	    .line = l->line,
	    .quoted = quoted,
	    .glued = glued,
	};
	return 0;
}

/* Steps over a backslash and what it escapes. */
static int
skip_escape(struct zonefile_lexer *l, struct err *err)
{
	l->at++;
	if (l->at == l->end || *l->at == '\n' || *l->at == '\r')
		return err_set(err, ERR_SYNTAX,
		    "a backslash at the end of the line escapes nothing; "
		    "remove it, or write \\\\ for a backslash");
	if (class_of(l->at) == OCTET_BINARY)
		return fail_binary(l->at, err);
	l->at++;
	return 0;
}

static int
read_word(struct zonefile_lexer *l, bool glued, struct err *err)
{
	const char *start = l->at;
	int rc;

	while (l->at < l->end) {
		switch (class_of(l->at)) {
		case OCTET_WORD:
			l->at++;
			continue;
		case OCTET_ESCAPE:
			rc = skip_escape(l, err);
			if (rc)
				return rc;
			continue;
		case OCTET_BINARY:
			return fail_binary(l->at, err);
		default:
			return push_token(l, start, false, glued, err);
		}
	}
	return push_token(l, start, false, glued, err);
}

static int
read_quoted(struct zonefile_lexer *l, bool glued, struct err *err)
{
	const char *start = ++l->at;
	int rc;

	while (l->at < l->end) {
		switch (class_of(l->at)) {
		case OCTET_ESCAPE:
			rc = skip_escape(l, err);
			if (rc)
				return rc;
			continue;
		case OCTET_BINARY:
			return fail_binary(l->at, err);
		case OCTET_QUOTE:
			rc = push_token(l, start, true, glued, err);
			l->at++;
			return rc;
		case OCTET_NEWLINE:
		case OCTET_RETURN:
			goto open;
		default:
			l->at++;
			continue;
		}
	}
open:
	return err_set(err, ERR_SYNTAX,
	    "a quoted string is not closed at the end of its line; add the "
	    "closing \", or write \\\" for a quote");
}

static int
skip_comment(struct zonefile_lexer *l, struct err *err)
{
	const char *stop = memchr(l->at, '\n', (size_t)(l->end - l->at));

	if (!stop)
		stop = l->end;
	if (memchr(l->at, 0, (size_t)(stop - l->at)))
		return fail_binary("", err);
	l->at = stop;
	return 0;
}

static int
check_line_length(const struct zonefile_lexer *l, struct err *err)
{
	if (l->at - l->line_start > ZONEFILE_LINE_MAX)
		return err_set(err, ERR_LIMIT,
		    "the line is over %d octets; break the record into lines "
		    "with parentheses",
		    ZONEFILE_LINE_MAX);
	return 0;
}

static int
read_parenthesis(struct zonefile_lexer *l, struct err *err)
{
	if (*l->at++ == '(') {
		if (l->depth++ == 0)
			l->open_line = l->line;
		return 0;
	}
	if (l->depth == 0)
		return err_set(err, ERR_SYNTAX,
		    "a closing parenthesis without an opening one");
	l->depth--;
	return 0;
}

/* One step of a record. 1: the record ends here. */
static int
read_step(struct zonefile_lexer *l, bool *glued, struct err *err)
{
	bool was_glued = *glued;
	int rc;

	*glued = false;
	switch (class_of(l->at)) {
	case OCTET_BLANK:
		l->at++;
		return 0;
	case OCTET_NEWLINE:
		rc = check_line_length(l, err);
		if (rc)
			return rc;
		l->line_start = ++l->at;
		l->line++;
		return l->depth == 0;
	case OCTET_RETURN:
		l->at++;
		if (l->at < l->end && *l->at != '\n')
			return err_set(err, ERR_SYNTAX,
			    "a carriage return inside a line; end lines with "
			    "LF or CRLF");
		return 0;
	case OCTET_COMMENT:
		return skip_comment(l, err);
	case OCTET_OPEN:
	case OCTET_CLOSE:
		return read_parenthesis(l, err);
	case OCTET_QUOTE:
		*glued = true;
		return read_quoted(l, was_glued, err);
	case OCTET_BINARY:
		return fail_binary(l->at, err);
	case OCTET_WORD:
	case OCTET_ESCAPE:
	default:
		*glued = true;
		return read_word(l, was_glued, err);
	}
}

static int
read_record(struct zonefile_lexer *l, struct err *err)
{
	bool glued = false;
	int rc;

	l->count = l->record_bytes = 0;
	l->depth = 0;
	l->record = l->at;
	l->record_line = l->line;
	l->blank_owner = class_of(l->at) == OCTET_BLANK;
	while (l->at < l->end) {
		rc = read_step(l, &glued, err);
		if (rc)
			return rc < 0 ? rc : 0;
	}
	if (l->depth) {
		l->line = l->open_line;
		return err_set(err, ERR_SYNTAX,
		    "the parenthesis opened here is not closed before the end "
		    "of the file");
	}
	return check_line_length(l, err);
}

int
zonefile_lexer_next(struct zonefile_lexer *l, struct err *err)
{
	int rc;

	/* only before the first record are both the same */
	if (l->record == l->at && l->end - l->at >= 3 &&
	    memcmp(l->at, "\xef\xbb\xbf", 3) == 0)
		return err_set(err, ERR_SYNTAX,
		    "the file begins with a UTF-8 byte order mark; save it "
		    "without");
	while (l->at < l->end) {
		rc = read_record(l, err);
		if (rc)
			return rc;
		if (l->count)
			return 1;
	}
	l->count = 0;
	return 0;
}
