/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One record of a zone file to struct zone_records: owner (or the one before),
 * TTL and class in either order, type, RDATA. The TTL of a record without one
 * is $TTL (RFC 2308 section 4), else that of the record before (RFC 1035
 * section 5.1), else the minimum of the SOA. Runs where zonefile.h runs.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/name.h"
#include "base/wire.h"
#include "control/source/rdata_shape.h"
#include "control/source/zonefile_parser.h"

void
zonefile_warn(struct zonefile_parser *p, uint32_t line, const char *format, ...)
{
	char cause[256], text[ERR_TEXT_MAX];
	va_list args;

	if (!p->options->warn)
		return;
	va_start(args, format);
	vsnprintf(cause, sizeof cause, format, args);
	va_end(args);
	snprintf(text, sizeof text, "%s:%u: %s",
	    zonefile_frame_current(p)->path, line, cause);
	p->options->warn(p->options->arg, text);
}

int
zonefile_read_ttl(struct zonefile_parser *p, uint32_t *ttl,
    const struct zonefile_token *t, struct err *err)
{
	int rc = zonefile_seconds(ttl, t, err);

	if (rc)
		return err_add(err, "TTL");
	if (*ttl > DNS_TTL_MAX) {
		zonefile_warn(p, t->line,
		    "TTL %u is over 2147483647 and counts as 0 (RFC 2181 "
		    "section 8); write a smaller one",
		    *ttl);
		*ttl = 0;
	}
	return 0;
}

/* Is the token a class? IN and CLASS1 are; others are refused. */
static int
read_class(const struct zonefile_token *t, bool *is_class, struct err *err)
{
	char quote[ZONEFILE_QUOTE_MAX];

	*is_class =
	    zonefile_token_is(t, "IN") || zonefile_token_is(t, "CLASS1");
	if (*is_class)
		return 0;
	if (zonefile_token_is(t, "CH") || zonefile_token_is(t, "HS") ||
	    zonefile_token_is(t, "CS") || zonefile_token_is(t, "NONE") ||
	    (t->bytes > 5 && !t->quoted && strncasecmp(t->at, "CLASS", 5) == 0))
		return err_set(err, ERR_SYNTAX,
		    "class %s: only class IN is served; remove the record",
		    zonefile_quote(quote, t));
	return 0;
}

int
zonefile_read_head(struct zonefile_parser *p, struct zonefile_head *head,
    const struct zonefile_token **at, const struct zonefile_token *end,
    struct err *err)
{
	bool has_class = false, is_class;
	int rc;

	*head = (struct zonefile_head){0};
	for (; *at < end; (*at)++) {
		rc = read_class(*at, &is_class, err);
		if (rc)
			return rc;
		if (is_class && !has_class) {
			has_class = true;
			continue;
		}
		/* no mnemonic begins with a digit */
		if ((*at)->quoted || !(*at)->bytes ||
		    !isdigit((uint8_t) * (*at)->at) || head->has_ttl)
			break;
		rc = zonefile_read_ttl(p, &head->ttl, *at, err);
		if (rc)
			return rc;
		head->has_ttl = true;
	}
	if (*at == end)
		return err_set(err, ERR_SYNTAX,
		    "the line ends where a record type is wanted");
	rc = zonefile_type(&head->type, *at, err);
	if (rc)
		return rc;
	if (rdata_type_is_meta(head->type))
		return rdata_shape_check(head->type, NULL, 0, err);
	(*at)++;
	return 0;
}

static int
settle_ttl(struct zonefile_parser *p, struct zonefile_head *head,
    size_t rdata_bytes, struct err *err)
{
	if (head->has_ttl) {
		p->last_ttl = head->ttl;
		p->has_last_ttl = true;
	} else if (p->has_default_ttl) {
		head->ttl = p->default_ttl;
	} else if (p->has_last_ttl) {
		head->ttl = p->last_ttl;
	} else if (head->type == DNS_TYPE_SOA) {
		/* the shape is checked: MINIMUM is the last field */
		head->ttl = wire_load32(p->rdata + rdata_bytes - 4);
		if (head->ttl > DNS_TTL_MAX)
			head->ttl = 0;
		p->last_ttl = head->ttl;
		p->has_last_ttl = true;
	} else {
		return err_set(err, ERR_SYNTAX,
		    "no TTL, and none before it to take; begin the file with "
		    "$TTL 3600");
	}
	return 0;
}

static int
read_owner(struct zonefile_parser *p, const struct zonefile_lexer *l,
    const struct zonefile_token **at, struct err *err)
{
	uint8_t owner[DNS_NAME_MAX];
	char text[NAME_TEXT_MAX];
	int n;

	if (l->blank_owner) {
		if (!p->has_owner)
			return err_set(err, ERR_SYNTAX,
			    "the line begins with a space, but there is no "
			    "owner before it; write the name or @");
		return 0;
	}
	n = zonefile_name(owner, *at, p->origin, err);
	if (n < 0)
		return n;
	if (!name_is_at_or_below(owner, p->zone->apex))
		return err_set(err, ERR_SEMANTIC,
		    "%.255s is not in the zone; remove the record, or add a "
		    "missing or remove a wrong final dot",
		    name_to_text(text, owner));
	memcpy(p->owner, owner, (size_t)n);
	p->has_owner = true;
	(*at)++;
	return 0;
}

int
zonefile_record(
    struct zonefile_parser *p, const struct zonefile_lexer *l, struct err *err)
{
	const struct zonefile_token *at = l->tokens;
	struct zonefile_fields fields;
	struct zonefile_head head;
	size_t bytes;
	int rc;

	fields.end = at + l->count;
	fields.origin = p->origin;
	rc = read_owner(p, l, &at, err);
	if (!rc)
		rc = zonefile_read_head(p, &head, &at, fields.end, err);
	fields.at = at;
	if (!rc)
		rc = zonefile_rdata(head.type, &fields, p->rdata, &bytes, err);
	if (rc) {
		/* the token in hand, or the last one if they ran out */
		if (fields.at == fields.end)
			fields.at--;
		p->fault_line = fields.at->line;
		return rc;
	}
	rc = settle_ttl(p, &head, bytes, err);
	if (rc)
		return rc;
	return zone_records_add(
	    p->zone, p->owner, head.type, head.ttl, p->rdata, bytes, err);
}
