/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Making the proof's questions; see prove_questions.h. Allocates nothing.
 */
#include "control/compile/prove_questions.h"

#include <string.h>

#include "base/name.h"

/* Names made of a name that exists. */
enum variant {
	VARIANT_SAME,
	VARIANT_BELOW,    /* a label in front: below cuts, DNAMEs, wildcards */
	VARIANT_DEEP,     /* three labels in front */
	VARIANT_LITERAL,  /* "*" in front, which is a name like others */
	VARIANT_SIBLING,  /* another first label: next to it */
	VARIANT_EXPANDED, /* first label "x": what a wildcard stands in for */
	VARIANT_EXPANDED_DEEP,
	VARIANT_NEXT,   /* the next name in canonical order: octet 0 below */
	VARIANT_BEHIND, /* behind all that is below: octet 0 at the end of the
	                   first label */
	VARIANT_BEFORE, /* last octet of the first label less by one, and 255
	                   below: in front, behind nearly all others */
};

enum { TYPE_OF_NOBODY = 65280 };

static const struct extra {
	enum variant variant;
	uint16_t type;
} extras_asked[] = {
    {VARIANT_BELOW, DNS_TYPE_A},
    {VARIANT_SAME, DNS_TYPE_TXT},
    {VARIANT_SIBLING, DNS_TYPE_A},
    {VARIANT_SAME, DNS_TYPE_A},
    {VARIANT_DEEP, DNS_TYPE_MX},
    {VARIANT_SAME, DNS_TYPE_AAAA},
    {VARIANT_SAME, DNS_TYPE_DS},
    {VARIANT_EXPANDED, DNS_TYPE_TXT},
    {VARIANT_SAME, DNS_TYPE_NS},
    {VARIANT_LITERAL, DNS_TYPE_A},
    {VARIANT_SAME, TYPE_OF_NOBODY},
    {VARIANT_BELOW, DNS_TYPE_DS},
    {VARIANT_SAME, DNS_TYPE_CNAME},
    {VARIANT_EXPANDED, DNS_TYPE_A},
    {VARIANT_SAME, DNS_TYPE_ANY},
    {VARIANT_EXPANDED_DEEP, DNS_TYPE_AAAA},
    {VARIANT_SAME, DNS_TYPE_RRSIG},
    {VARIANT_BELOW, DNS_TYPE_ANY},
    {VARIANT_SAME, DNS_TYPE_SOA},
    {VARIANT_BELOW, DNS_TYPE_CNAME},
    {VARIANT_EXPANDED, DNS_TYPE_CNAME},
    {VARIANT_BEFORE, DNS_TYPE_A},
    {VARIANT_NEXT, DNS_TYPE_TXT},
    {VARIANT_BEHIND, DNS_TYPE_A},
    {VARIANT_BEHIND, DNS_TYPE_DS},
};

enum {
	EXTRAS = sizeof extras_asked / sizeof extras_asked[0],
	EXTRAS_IN_ALL = 20000, /* of a large proof, or one a name */
};

unsigned
prove_questions_extras(uint64_t names)
{
	uint64_t each = names ? EXTRAS_IN_ALL / names : EXTRAS;

	if (each > EXTRAS)
		return EXTRAS;
	return each ? (unsigned)each : 1;
}

/* Puts labels in front of what is left of a name without its first `strip`
 * labels. False if there is no such name. */
static bool
variant_put(uint8_t out[DNS_NAME_MAX + 1], const char *labels, size_t bytes,
    const uint8_t *name, unsigned strip)
{
	const uint8_t *rest = name_parent(name, strip);
	size_t rest_bytes = name_length(rest);

	if ((strip && name[0] == 0) || bytes + rest_bytes > DNS_NAME_MAX)
		return false;
	memcpy(out, labels, bytes);
	memcpy(out + bytes, rest, rest_bytes);
	return true;
}

/* The name with the last octet of its first label changed. */
static bool
sibling_put(uint8_t out[DNS_NAME_MAX + 1], const uint8_t *name)
{
	memcpy(out, name, name_length(name));
	if (name[0] == 0)
		return false;
	out[name[0]] = name[name[0]] == 'q' ? 'v' : 'q';
	return true;
}

static bool
behind_put(uint8_t out[DNS_NAME_MAX + 1], const uint8_t *name)
{
	size_t first = name[0] + 1u, bytes = name_length(name);

	if (name[0] == 0 || name[0] == DNS_LABEL_MAX || bytes == DNS_NAME_MAX)
		return false;
	memcpy(out, name, first);
	out[0]++;
	out[first] = 0;
	memcpy(out + first + 1, name + first, bytes - first);
	return true;
}

static bool
before_put(uint8_t out[DNS_NAME_MAX + 1], const uint8_t *name)
{
	uint8_t last;

	if (name[0] == 0 || !variant_put(out, "\1\377", 2, name, 0))
		return false;
	last = out[2 + name[0]]--;
	/* never a letter of the other case */
	return last != 0 && !(last > 'A' && last <= 'Z' + 1);
}

static bool
variant_make(uint8_t out[DNS_NAME_MAX + 1], enum variant v, const uint8_t *name)
{
	switch (v) {
	case VARIANT_SAME:
		return variant_put(out, "", 0, name, 0);
	case VARIANT_BELOW:
		return variant_put(out, "\2qx", 3, name, 0);
	case VARIANT_DEEP:
		return variant_put(out, "\1a\1*\2qx", 7, name, 0);
	case VARIANT_LITERAL:
		return variant_put(out, "\1*", 2, name, 0);
	case VARIANT_SIBLING:
		return sibling_put(out, name);
	case VARIANT_EXPANDED:
		return variant_put(out, "\1x", 2, name, 1);
	case VARIANT_EXPANDED_DEEP:
		return variant_put(out, "\3yyy\1x", 6, name, 1);
	case VARIANT_NEXT:
		return variant_put(out, "\1\0", 2, name, 0);
	case VARIANT_BEHIND:
		return behind_put(out, name);
	case VARIANT_BEFORE:
		return before_put(out, name);
	}
	return false;
}

static int
types_ask(const struct naive_zone *zone, const struct naive_name *name,
    prove_ask ask, void *arg)
{
	const struct record *r = zone->records->records + name->first;
	int code = 0;

	for (size_t i = 0; i < name->count && code == 0; i++)
		if (i == 0 || r[i].type != r[i - 1].type)
			code = ask(arg, name->owner, r[i].type);
	return code;
}

/* What is rare and has rules of its own is asked everything. */
static bool
is_special(const struct naive_zone *zone, const struct naive_name *name)
{
	size_t count;

	return name->count == 0 || name_is_wildcard(name->owner) ||
	       name_equal(name->owner, zone->records->apex) ||
	       naive_set_find(zone, name, DNS_TYPE_DNAME, &count) != NULL;
}

/* Of a signed zone: shows the name's place in the chain. */
static int
denial_ask(const struct naive_name *name, prove_ask ask, void *arg)
{
	uint8_t made[DNS_NAME_MAX + 1];
	int code = ask(arg, name->owner, TYPE_OF_NOBODY);

	if (code == 0 && variant_make(made, VARIANT_NEXT, name->owner))
		code = ask(arg, made, DNS_TYPE_A);
	return code;
}

int
prove_questions_of_name(const struct naive_zone *zone, size_t name,
    uint64_t turn, unsigned extras, bool is_signed, prove_ask ask, void *arg)
{
	const struct naive_name *n = &zone->names[name];
	uint8_t made[DNS_NAME_MAX + 1];
	size_t begin = (turn * extras) % EXTRAS, there;
	int code = types_ask(zone, n, ask, arg);

	if (code == 0 && is_signed)
		code = denial_ask(n, ask, arg);
	if (is_special(zone, n))
		extras = EXTRAS;
	for (size_t i = 0; i < extras && code == 0; i++) {
		const struct extra *e = &extras_asked[(begin + i) % EXTRAS];

		if (e->variant == VARIANT_SAME &&
		    naive_set_find(zone, n, e->type, &there))
			continue; /* asked already */
		if (variant_make(made, e->variant, n->owner))
			code = ask(arg, made, e->type);
	}
	return code;
}
