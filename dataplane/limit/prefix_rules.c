/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Lists of prefixes from their files; see prefix_set.h. Main and management
 * threads; allocates the rules.
 */
#include <fcntl.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/file.h"
#include "dataplane/limit/prefix_set.h"

/* No client comes from there: IPv4 has sockets of its own, and the poll cores
 * drop such frames. A rule that never counts is a mistake, as in `deny`. */
static bool
is_v4_mapped(const struct prefix *p)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	return !p->v4 && p->bits >= 96 && !memcmp(p->bytes, mapped, 12);
}

static int
rules_append(
    struct prefix_rules *r, const struct prefix_rule *rule, struct err *err)
{
	char text[PREFIX_TEXT_MAX];

	if (is_v4_mapped(&rule->prefix))
		return err_set(err, ERR_SYNTAX,
		    "%s is no prefix of clients: write IPv4 as 192.0.2.0/24",
		    prefix_text(text, &rule->prefix));
	if (r->count == PREFIX_RULES_MAX)
		return err_set(err, ERR_LIMIT, "more than %d prefixes in all",
		    PREFIX_RULES_MAX);
	if (r->count == r->cap) {
		size_t cap = r->cap ? 2 * r->cap : 64;
		struct prefix_rule *grown =
		    reallocarray(r->rules, cap, sizeof *grown);

		if (!grown)
			return err_set(
			    err, ERR_NO_MEMORY, "no memory for prefixes");
		r->rules = grown;
		r->cap = cap;
	}
	r->rules[r->count++] = *rule;
	return 0;
}

int
prefix_rules_add(struct prefix_rules *r, enum prefix_list list,
    const char *text, const char *file, struct err *err)
{
	struct prefix_rule rule = {.list = (uint8_t)list, .file = file};
	int rc = prefix_parse(&rule.prefix, text, err);

	if (!rc)
		rc = rules_append(r, &rule, err);
	return rc;
}

/* What is left of a line without its comment and the blanks around it. NULL if
 * there are octets in it that are no text. */
static char *
line_trim_find(char *line, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		uint8_t c = (uint8_t)line[i];

		if (c == '#') {
			bytes = i;
			break;
		}
		if ((c < ' ' && c != '\t' && c != '\r') || c > '~')
			return NULL;
	}
	while (bytes && strchr(" \t\r", line[bytes - 1]))
		bytes--;
	line[bytes] = '\0';
	return line + strspn(line, " \t\r");
}

static int
rule_line(struct prefix_rules *r, enum prefix_list list, const char *file,
    unsigned number, char *text, struct err *err)
{
	struct prefix_rule rule = {
	    .list = (uint8_t)list, .line = number, .file = file};
	int rc;

	if (!text)
		return err_set(err, ERR_SYNTAX,
		    "%s:%u: octets that are no text; a line is a prefix, as "
		    "192.0.2.0/24",
		    file, number);
	if (*text == '\0')
		return 0;
	rc = prefix_parse(&rule.prefix, text, err);
	if (!rc)
		rc = rules_append(r, &rule, err);
	return rc ? err_add(err, "%s:%u", file, number) : 0;
}

int
prefix_rules_parse(struct prefix_rules *r, enum prefix_list list,
    const char *file, char *text, size_t bytes, struct err *err)
{
	unsigned number = 0;
	int rc = 0;

	while (bytes && !rc) {
		char *end = memchr(text, '\n', bytes);
		size_t n = end ? (size_t)(end - text) : bytes;

		rc = rule_line(
		    r, list, file, ++number, line_trim_find(text, n), err);
		n += end != NULL;
		text += n;
		bytes -= n;
	}
	return rc;
}

int
prefix_rules_load(struct prefix_rules *r, enum prefix_list list,
    const char *file, struct err *err)
{
	struct bytes text = {0};
	int rc = file_read(AT_FDCWD, file, PREFIX_FILE_BYTES_MAX, &text, err);

	if (rc)
		return rc;
	bytes_append(&text, "", 1); /* room behind the last line */
	if (text.failed)
		rc = err_set(err, ERR_NO_MEMORY, "no memory for %s", file);
	else
		rc = prefix_rules_parse(
		    r, list, file, (char *)text.data, text.len - 1, err);
	bytes_fini(&text);
	return rc;
}

void
prefix_rules_fini(struct prefix_rules *r)
{
	free(r->rules);
	*r = (struct prefix_rules){0};
}
