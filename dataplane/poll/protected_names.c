/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Protected names: from their file, and to the engine; see protected_names.h.
 * Management thread.
 */
#include "dataplane/poll/protected_names.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/name.h"
#include "base/wire.h"
#include "dataplane/answer/answer.h"

enum { RR_FIXED_BYTES = 10, RDLEN_AT = 8 };

static const struct {
	const char *word;
	uint16_t type;
} types[] = {{"A", DNS_TYPE_A}, {"AAAA", DNS_TYPE_AAAA}, {"CAA", DNS_TYPE_CAA},
    {"CNAME", DNS_TYPE_CNAME}, {"DNAME", DNS_TYPE_DNAME},
    {"DNSKEY", DNS_TYPE_DNSKEY}, {"DS", DNS_TYPE_DS}, {"HTTPS", DNS_TYPE_HTTPS},
    {"MX", DNS_TYPE_MX}, {"NAPTR", DNS_TYPE_NAPTR}, {"NS", DNS_TYPE_NS},
    {"PTR", DNS_TYPE_PTR}, {"SOA", DNS_TYPE_SOA}, {"SRV", DNS_TYPE_SRV},
    {"SVCB", DNS_TYPE_SVCB}, {"TXT", DNS_TYPE_TXT}};

/* "MX", or "TYPE65280" (RFC 3597 section 5). 0: neither, or no type of data. */
static uint16_t
type_from_text(const char *text)
{
	unsigned long n;
	char *end;

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (strcasecmp(text, types[i].word) == 0)
			return types[i].type;
	if (strncasecmp(text, "TYPE", 4) != 0 || text[4] < '0' || text[4] > '9')
		return 0;
	n = strtoul(text + 4, &end, 10);
	if (*end || n > UINT16_MAX ||
	    (n >= DNS_TYPE_TKEY && n <= DNS_TYPE_ANY) || n == DNS_TYPE_OPT)
		return 0;
	return (uint16_t)n;
}

static const char *
type_to_text(char dst[16], uint16_t type)
{
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (types[i].type == type)
			return types[i].word;
	snprintf(dst, 16, "TYPE%u", type);
	return dst;
}

/* The first word at *at, or NULL; *at is behind it then. */
static char *
word_next(char **at)
{
	char *word = *at + strspn(*at, " \t\r");
	size_t n = strcspn(word, " \t\r");

	*at = word + n + (word[n] != '\0');
	word[n] = '\0';
	return n ? word : NULL;
}

static int
name_add(struct protected_names *p, const char *name, const char *type,
    unsigned line, struct err *err)
{
	struct protected_name *n = &p->list[p->count];
	int rc;

	if (p->count == PROTECTED_NAMES_MAX)
		return err_set(
		    err, ERR_LIMIT, "more than %d names", PROTECTED_NAMES_MAX);
	*n =
	    (struct protected_name){.type = type_from_text(type), .line = line};
	if (n->type == 0)
		return err_set(err, ERR_SYNTAX,
		    "\"%.20s\" is no type; write it as in zone files, or as "
		    "TYPE123",
		    type);
	rc = name_from_text(n->name, name, err);
	if (rc < 0)
		return rc;
	p->count++;
	return 0;
}

static int
line_parse(
    struct protected_names *p, char *text, unsigned line, struct err *err)
{
	char *name, *type, *more;

	text[strcspn(text, "#")] = '\0';
	for (const char *c = text; *c; c++)
		if ((*c < ' ' && *c != '\t' && *c != '\r') || *c > '~')
			return err_set(
			    err, ERR_SYNTAX, "octets that are no text");
	name = word_next(&text);
	if (!name)
		return 0;
	type = word_next(&text);
	more = type ? word_next(&text) : NULL;
	if (!type || more)
		return err_set(err, ERR_SYNTAX,
		    "a line is a name and a type, as \"www.example.com. A\"");
	return name_add(p, name, type, line, err);
}

int
protected_names_parse(struct protected_names *p, const char *path, char *text,
    size_t bytes, struct err *err)
{
	size_t most = 1;
	unsigned line = 0;
	int rc = 0;

	for (size_t i = 0; i < bytes && most < PROTECTED_NAMES_MAX; i++)
		most += text[i] == '\n';
	*p = (struct protected_names){.list = calloc(most, sizeof *p->list)};
	if (!p->list)
		return err_set(err, ERR_NO_MEMORY, "out of memory");
	text[bytes] = '\0';
	for (size_t at = 0; at < bytes && rc == 0;) {
		size_t n = 0;

		while (at + n < bytes && text[at + n] != '\n')
			n++;
		text[at + n] = '\0';
		line++;
		if (strlen(text + at) != n)
			rc =
			    err_set(err, ERR_SYNTAX, "octets that are no text");
		else
			rc = line_parse(p, text + at, line, err);
		at += n + 1;
	}
	if (rc < 0) {
		err_add(err, "%s:%u", path, line);
		protected_names_free(p);
	}
	return rc;
}

void
protected_names_free(struct protected_names *p)
{
	free(p->list);
	*p = (struct protected_names){0};
}

/* The name and type as a query; returns its octets. */
static uint32_t
query_write(uint8_t *to, const struct protected_name *n)
{
	unsigned bytes = name_length(n->name);

	memset(to, 0, DNS_HEADER_BYTES);
	wire_store16(to + 4, 1);
	memcpy(to + DNS_HEADER_BYTES, n->name, bytes);
	wire_store16(to + DNS_HEADER_BYTES + bytes, n->type);
	wire_store16(to + DNS_HEADER_BYTES + bytes + 2, DNS_CLASS_IN);
	return DNS_HEADER_BYTES + bytes + 4;
}

/* Whether the answer section, from `at` on, has a record of the type. */
static bool
answer_has(const uint8_t *m, uint32_t bytes, uint32_t at, uint16_t type)
{
	unsigned left = wire_load16(m + 6);

	while (left--) {
		while (at < bytes && m[at] && m[at] < 0xc0)
			at += m[at] + 1u;
		at += at < bytes && m[at] ? 2 : 1;
		if (at + RR_FIXED_BYTES > bytes)
			return false;
		if (wire_load16(m + at) == type)
			return true;
		at += RR_FIXED_BYTES + wire_load16(m + at + RDLEN_AT);
	}
	return false;
}

static bool
is_answered(
    const struct protected_name *n, const struct answer_query *q, uint32_t end)
{
	switch (q->verdict) {
	case VERDICT_ANSWER:
		return true;
	case VERDICT_CNAME:
		/* without the type and with an SOA the chain ends in nothing */
		return q->rcode == 0 && (answer_has(q->message,
					     q->response_bytes, end, n->type) ||
					    wire_load16(q->message + 8) == 0);
	case VERDICT_REFERRAL:
		return n->type == DNS_TYPE_NS &&
		       q->key_labels == name_labels(n->name);
	default:
		return false;
	}
}

struct asker {
	struct answer_batch *batch;
	struct answer_config config;
	uint8_t *buffer;
};

static bool
ask(struct asker *a, const struct generation *g, const struct protected_name *n)
{
	const struct query_ctx ctx = {
	    .config = &a->config, .transport = ANSWER_STREAM};
	struct answer_query q = {.message = a->buffer,
	    .capacity = DNS_MESSAGE_MAX + ANSWER_SPARE_BYTES};

	q.bytes = query_write(a->buffer, n);
	uint32_t end = q.bytes;

	answer_batch_find(a->batch, g, &ctx, &q, 1);
	answer_batch_write(a->batch, g, &ctx, &q, 1);
	return is_answered(n, &q, end);
}

int
protected_names_ask(const struct protected_names *p, const char *path,
    const struct generation *g, struct err *err)
{
	struct asker a = {.batch = answer_batch_new(),
	    .buffer = malloc(DNS_MESSAGE_MAX + ANSWER_SPARE_BYTES)};
	const struct protected_name *first = NULL;
	char name[NAME_TEXT_MAX], type[16];
	size_t lost = 0;
	int rc = 0;

	if (!a.batch || !a.buffer)
		rc = err_set(err, ERR_NO_MEMORY, "out of memory");
	answer_config_default(&a.config);
	for (size_t i = 0; i < p->count && rc == 0; i++) {
		if (ask(&a, g, &p->list[i]))
			continue;
		first = first ? first : &p->list[i];
		lost++;
	}
	if (first)
		rc = err_set(err, ERR_REFUSED,
		    "protected name %s %s (%s:%u) has no answer in this "
		    "generation; %zu of %zu have none",
		    name_to_text(name, first->name),
		    type_to_text(type, first->type), path, first->line, lost,
		    p->count);
	answer_batch_free(a.batch);
	free(a.buffer);
	return rc;
}

int
protected_names_check(
    const char *path, const struct generation *g, struct err *err)
{
	struct protected_names p = {0};
	struct bytes text;
	int rc;

	bytes_init(&text);
	rc = file_read(AT_FDCWD, path, PROTECTED_FILE_BYTES_MAX, &text, err);
	if (rc == 0) {
		size_t n = text.len;

		bytes_append(&text, "", 1);
		rc = text.failed ? err_set(err, ERR_NO_MEMORY, "out of memory")
		                 : protected_names_parse(
				       &p, path, (char *)text.data, n, err);
	}
	if (rc < 0)
		err_add(err, "the protected names");
	else
		rc = protected_names_ask(&p, path, g, err);
	protected_names_free(&p);
	bytes_fini(&text);
	return rc;
}
