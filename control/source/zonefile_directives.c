/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The control entries of a zone file: $ORIGIN and $INCLUDE (RFC 1035 section
 * 5.1), $TTL (RFC 2308 section 4); $GENERATE has its own file. Runs where
 * zonefile.h runs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "control/source/zonefile_parser.h"

static int
check_words(const struct zonefile_lexer *l, size_t least, size_t most,
    const char *usage, struct err *err)
{
	if (l->count >= least && l->count <= most)
		return 0;
	return err_set(err, ERR_SYNTAX, "%s words; write %s",
	    l->count < least ? "missing" : "too many", usage);
}

static int
directive_origin(
    struct zonefile_parser *p, const struct zonefile_lexer *l, struct err *err)
{
	uint8_t origin[DNS_NAME_MAX];
	int n = check_words(l, 2, 2, "$ORIGIN NAME", err);

	if (!n)
		n = zonefile_name(origin, &l->tokens[1], p->origin, err);
	if (n < 0)
		return n;
	memcpy(p->origin, origin, (size_t)n);
	return 0;
}

static int
directive_ttl(
    struct zonefile_parser *p, const struct zonefile_lexer *l, struct err *err)
{
	int rc = check_words(l, 2, 2, "$TTL SECONDS", err);

	if (!rc)
		rc = zonefile_read_ttl(p, &p->default_ttl, &l->tokens[1], err);
	if (!rc)
		p->has_default_ttl = true;
	return rc;
}

/* A file name as a string; relative ones are below the zone file's folder. */
static int
include_path(const struct zonefile_parser *p, const struct zonefile_token *t,
    char **path, struct err *err)
{
	char name[1024];
	int n = zonefile_octets((uint8_t *)name, sizeof name - 1, t, err);

	if (n < 0)
		return n;
	name[n] = 0;
	if (n == 0 || memchr(name, 0, (size_t)n))
		return err_set(
		    err, ERR_SYNTAX, "an empty or impossible file name");
	if (asprintf(path, "%s%s", *name == '/' ? "" : p->folder, name) < 0)
		return err_set(err, ERR_NO_MEMORY, "out of memory");
	return 0;
}

/* $INCLUDE FILE [ORIGIN]: the new origin holds inside the file only. */
static int
directive_include(
    struct zonefile_parser *p, const struct zonefile_lexer *l, struct err *err)
{
	uint8_t origin[DNS_NAME_MAX];
	int n = check_words(l, 2, 3, "$INCLUDE FILE [ORIGIN]", err), rc;
	char *path;

	if (n < 0)
		return n;
	if (!p->folder)
		return err_set(
		    err, ERR_REFUSED, "$INCLUDE is not allowed here");
	if (l->count == 3)
		n = zonefile_name(origin, &l->tokens[2], p->origin, err);
	if (n < 0)
		return n;
	rc = include_path(p, &l->tokens[1], &path, err);
	if (rc)
		return rc;
	rc = zonefile_push_file(p, path, true, err);
	free(path);
	if (!rc)
		memcpy(p->origin, origin, (size_t)n);
	return rc;
}

int
zonefile_directive(struct zonefile_parser *p, struct err *err)
{
	const struct zonefile_lexer *l = &zonefile_frame_current(p)->lexer;
	const struct zonefile_token *word = &l->tokens[0];
	char quote[ZONEFILE_QUOTE_MAX];

	if (zonefile_token_is(word, "$ORIGIN"))
		return directive_origin(p, l, err);
	if (zonefile_token_is(word, "$TTL"))
		return directive_ttl(p, l, err);
	if (zonefile_token_is(word, "$INCLUDE"))
		return directive_include(p, l, err);
	if (zonefile_token_is(word, "$GENERATE"))
		return zonefile_generate(p, err);
	return err_set(err, ERR_SYNTAX,
	    "%s is no directive: $ORIGIN, $TTL, $INCLUDE, $GENERATE (write \\$ "
	    "for a name that begins so)",
	    zonefile_quote(quote, word));
}
