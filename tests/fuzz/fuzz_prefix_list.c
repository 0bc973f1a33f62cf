/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Fuzz target: files of prefixes. The first octet cuts the input into a list of
 * denied and one of allowed prefixes. Checked: an error names its line, rules
 * read back as they are written, and the set made of them says of the first and
 * last address of every prefix what the rules say one by one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/limit/prefix_set.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

enum { COMPARED_MAX = 64 };

static void
check(bool holds)
{
	if (!holds)
		abort();
}

static void
parse(struct prefix_rules *r, enum prefix_list list, const uint8_t *data,
    size_t bytes)
{
	char *text = malloc(bytes + 1);
	struct err err = {0};
	unsigned line;

	memcpy(text, data, bytes);
	if (prefix_rules_parse(r, list, "list", text, bytes, &err))
		check(sscanf(err.text, "list:%u: ", &line) == 1 && line > 0);
	free(text);
}

static bool
contains(const struct prefix *p, const uint8_t *address)
{
	for (unsigned bit = 0; bit < p->bits; bit++)
		if ((p->bytes[bit / 8] ^ address[bit / 8]) & 0x80 >> bit % 8)
			return false;
	return true;
}

static void
compare(const struct prefix_set *s, const struct prefix_rules *r,
    const uint8_t *address, bool v4)
{
	unsigned denied = 0;
	int longest = -1;

	for (size_t i = 0; i < r->count; i++) {
		const struct prefix_rule *rule = &r->rules[i];

		if (rule->prefix.v4 == v4 && rule->prefix.bits > longest &&
		    contains(&rule->prefix, address)) {
			longest = rule->prefix.bits;
			denied = rule->list == PREFIX_LIST_DENY;
		}
	}
	check(prefix_set_class(s, address, v4 ? 4 : 16) == denied);
}

static void
compare_rule(const struct prefix_set *s, const struct prefix_rules *r,
    const struct prefix *p)
{
	uint8_t last[16];
	char text[PREFIX_TEXT_MAX];
	struct prefix again;

	check(!prefix_parse(&again, prefix_text(text, p), NULL));
	check(!memcmp(&again, p, sizeof again));
	memcpy(last, p->bytes, 16);
	for (unsigned bit = p->bits; bit < (p->v4 ? 32 : 128); bit++)
		last[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	compare(s, r, p->bytes, p->v4);
	compare(s, r, last, p->v4);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct prefix_rules r = {0};
	struct prefix_set *s = NULL;
	size_t cut = bytes ? data[0] : 0;

	if (bytes == 0)
		return 0;
	data++;
	bytes--;
	if (cut > bytes)
		cut = bytes;
	parse(&r, PREFIX_LIST_DENY, data, cut);
	parse(&r, PREFIX_LIST_ALLOW, data + cut, bytes - cut);
	if (!prefix_set_new(&s, &r, NULL) && s)
		for (size_t i = 0; i < r.count && i < COMPARED_MAX; i++)
			compare_rule(s, &r, &r.rules[i].prefix);
	prefix_set_free(&s);
	prefix_rules_fini(&r);
	return 0;
}
