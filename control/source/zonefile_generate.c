/* SPDX-License-Identifier: BSD-2-Clause
 *
 * $GENERATE as BIND reads it: START-STOP[/STEP] OWNER [TTL] [CLASS] TYPE RDATA.
 * In OWNER and RDATA each $ is the number, ${OFFSET,WIDTH,BASE} the number plus
 * OFFSET with WIDTH digits in base d, o, x, X, or as nibbles n, N; $$ and \$
 * are a dollar. RDATA of several words stands in quotes. Each step becomes a
 * line of text that is read like any other. Runs where zonefile.h runs;
 * allocates that line.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "control/source/zonefile_parser.h"

enum { GENERATE_WIDTH_MAX = 255, GENERATE_NUMBER_MAX = 0x7fffffff };

struct generate {
	uint32_t start, stop, step;
	const struct zonefile_token *owner, *rdata;
	struct zonefile_head head;
};

/* How a number is written. */
struct generate_format {
	int64_t offset;
	uint32_t width;
	char base;
};

/* A number at *at and behind it: an octet of `stops`, or the end. */
static int
take_number(uint32_t *out, const char **at, const char *end, const char *stops,
    struct err *err)
{
	struct zonefile_token digits = {.at = *at};
	int rc;

	while (*at < end && !(**at && strchr(stops, **at)))
		(*at)++;
	digits.bytes = (uint32_t)(*at - digits.at);
	rc = zonefile_number(out, &digits, GENERATE_NUMBER_MAX, err);
	return rc ? err_add(err, "$GENERATE") : 0;
}

static int
read_range(struct generate *g, const struct zonefile_token *t, struct err *err)
{
	const char *at = t->at, *end = at + t->bytes;
	int rc = take_number(&g->start, &at, end, "-", err);

	g->step = 1;
	if (rc)
		return rc;
	if (at++ == end)
		return err_set(err, ERR_SYNTAX,
		    "$GENERATE wants a range: START-STOP or START-STOP/STEP");
	rc = take_number(&g->stop, &at, end, "/", err);
	if (!rc && at < end) {
		at++;
		rc = take_number(&g->step, &at, end, "", err);
	}
	if (rc)
		return rc;
	if (g->stop < g->start || g->step == 0)
		return err_set(err, ERR_SYNTAX,
		    "$GENERATE: STOP must not be below START, nor STEP 0");
	if ((g->stop - g->start) / g->step >= ZONEFILE_GENERATE_MAX)
		return err_set(err, ERR_LIMIT,
		    "$GENERATE of more than %d records; write several",
		    ZONEFILE_GENERATE_MAX);
	return 0;
}

/* "{OFFSET[,WIDTH[,BASE]]}" at *at, if there is one. */
static int
read_format(struct generate_format *f, const char **at, const char *end,
    struct err *err)
{
	bool negative = false;
	uint32_t offset;
	int rc;

	*f = (struct generate_format){.base = 'd'};
	if (*at == end || **at != '{')
		return 0;
	(*at)++;
	if (*at < end && (**at == '-' || **at == '+'))
		negative = *(*at)++ == '-';
	rc = take_number(&offset, at, end, ",}", err);
	if (rc)
		return rc;
	f->offset = negative ? -(int64_t)offset : (int64_t)offset;
	if (*at < end && **at == ',') {
		(*at)++;
		rc = take_number(&f->width, at, end, ",}", err);
	}
	if (rc)
		return rc;
	if (*at < end && **at == ',') {
		(*at)++;
		f->base = *at < end ? *(*at)++ : 0;
	}
	if (*at == end || **at != '}' || !f->base ||
	    !strchr("doxXnN", f->base) || f->width > GENERATE_WIDTH_MAX)
		return err_set(err, ERR_SYNTAX,
		    "$GENERATE: write ${OFFSET,WIDTH,BASE}, WIDTH at most %d, "
		    "BASE d, o, x, X, n or N",
		    GENERATE_WIDTH_MAX);
	(*at)++;
	return 0;
}

/* Hexadecimal digits, the lowest first, dots between; the width counts both. */
static void
append_nibbles(struct bytes *out, uint64_t v, uint32_t width, bool upper)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";

	do {
		bytes_append(out, &digits[v & 15], 1);
		v >>= 4;
		if (width)
			width--;
		if (!width && !v)
			break;
		bytes_append(out, ".", 1);
		if (width)
			width--;
	} while (v || width);
}

static int
append_number(struct bytes *out, uint32_t number,
    const struct generate_format *f, struct err *err)
{
	int64_t v = (int64_t)number + f->offset;
	int width = (int)f->width;

	/* BIND writes negative numbers in decimal, and so nothing else does */
	if (v < 0 && f->base != 'd')
		return err_set(err, ERR_SYNTAX,
		    "$GENERATE: %u with offset %lld is negative; only base d may be",
		    number, (long long)f->offset);
	if (f->base == 'd')
		bytes_printf(out, "%0*lld", width, (long long)v);
	else if (f->base == 'o')
		bytes_printf(out, "%0*llo", width, (unsigned long long)v);
	else if (f->base == 'x')
		bytes_printf(out, "%0*llx", width, (unsigned long long)v);
	else if (f->base == 'X')
		bytes_printf(out, "%0*llX", width, (unsigned long long)v);
	else
		append_nibbles(out, (uint64_t)v, f->width, f->base == 'N');
	return 0;
}

/* Appends a token with the number in it. */
static int
append_token(struct bytes *out, const struct zonefile_token *t, uint32_t number,
    struct err *err)
{
	const char *at = t->at, *end = at + t->bytes;
	struct generate_format f;
	int rc;

	while (at < end) {
		if (*at == '\\' && end - at > 1) {
			/* in quotes \" was needed; the text has none around */
			if (!(t->quoted && at[1] == '"'))
				bytes_append(out, at, 1);
			bytes_append(out, at + 1, 1);
			at += 2;
		} else if (*at != '$') {
			bytes_append(out, at++, 1);
		} else if (end - at > 1 && at[1] == '$') {
			bytes_append(out, at, 1);
			at += 2;
		} else {
			at++;
			rc = read_format(&f, &at, end, err);
			if (!rc)
				rc = append_number(out, number, &f, err);
			if (rc)
				return rc;
		}
	}
	return 0;
}

static int
make_line(struct bytes *line, const struct generate *g, uint32_t number,
    struct err *err)
{
	int rc;

	bytes_clear(line);
	rc = append_token(line, g->owner, number, err);
	if (rc)
		return rc;
	if (g->head.has_ttl)
		bytes_printf(line, " %u", g->head.ttl);
	bytes_printf(line, " TYPE%u ", g->head.type);
	rc = append_token(line, g->rdata, number, err);
	if (!rc && line->failed)
		rc = err_set(err, ERR_NO_MEMORY, "out of memory");
	return rc;
}

static int
add_line(struct zonefile_parser *p, const struct bytes *line, uint32_t at_line,
    struct err *err)
{
	struct zonefile_lexer l;
	int rc;

	if (line->len > p->bytes_left)
		return err_set(err, ERR_LIMIT,
		    "$GENERATE makes more text than a zone may have");
	p->bytes_left -= line->len;
	zonefile_lexer_init(&l, line->data, line->len, at_line);
	rc = zonefile_lexer_next(&l, err);
	if (rc > 0)
		rc = zonefile_record(p, &l, err);
	zonefile_lexer_fini(&l);
	if (rc)
		err_add(err, "$GENERATE made '%.*s'",
		    (int)(line->len < 80 ? line->len : 80),
		    (const char *)line->data);
	return rc;
}

static int
read_words(struct zonefile_parser *p, struct generate *g, struct err *err)
{
	const struct zonefile_lexer *l = &zonefile_frame_current(p)->lexer;
	const struct zonefile_token *at = l->tokens + 3;
	const struct zonefile_token *end = l->tokens + l->count;
	int rc;

	if (l->count < 5 || l->tokens[2].quoted)
		return err_set(err, ERR_SYNTAX,
		    "missing words; write $GENERATE START-STOP OWNER TYPE "
		    "RDATA");
	rc = read_range(g, &l->tokens[1], err);
	if (!rc)
		rc = zonefile_read_head(p, &g->head, &at, end, err);
	if (rc)
		return rc;
	if (end - at != 1)
		return err_set(err, ERR_SYNTAX,
		    "$GENERATE wants the RDATA as one word; put several in "
		    "quotes");
	g->owner = &l->tokens[2];
	g->rdata = at;
	return 0;
}

int
zonefile_generate(struct zonefile_parser *p, struct err *err)
{
	const struct zonefile_lexer *l = &zonefile_frame_current(p)->lexer;
	struct bytes line;
	struct generate g;
	uint64_t number;
	int rc = read_words(p, &g, err);

	if (rc)
		return rc;
	bytes_init(&line);
	for (number = g.start; !rc && number <= g.stop; number += g.step) {
		rc = make_line(&line, &g, (uint32_t)number, err);
		if (!rc)
			rc = add_line(p, &line, l->record_line, err);
	}
	bytes_fini(&line);
	return rc;
}
