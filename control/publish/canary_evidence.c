/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Evidence about a candidate (canary_evidence.h).
 */
#include "control/publish/canary_evidence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "control/dnssec/dnssec_faults.h"

const char *const evidence_fault_meaning[EVIDENCE_FAULT_COUNT] = {
#define EVIDENCE_FAULT_MEANING(name, meaning) meaning,
    EVIDENCE_FAULTS(EVIDENCE_FAULT_MEANING)
#undef EVIDENCE_FAULT_MEANING
};

/* Open addressing; never more than half full. */
struct evidence_name {
	uint64_t key; /* 0: free */
	uint8_t counted;
	bool accepted, bad;
};

enum { NAME_SLOTS = 2 * EVIDENCE_NAMES_MAX };

int
evidence_init(
    struct evidence *e, const struct canary_rates *rates, struct err *err)
{
	*e = (struct evidence){.rates = *rates,
	    .zones = calloc(EVIDENCE_ZONES_MAX, sizeof *e->zones),
	    .names = calloc(NAME_SLOTS, sizeof *e->names)};
	canary_test_init(&e->total, rates);
	canary_test_init(&e->others.test, rates);
	if (e->zones && e->names)
		return 0;
	evidence_fini(e);
	return err_set(err, ERR_NO_MEMORY, "no memory for a canary");
}

void
evidence_fini(struct evidence *e)
{
	free(e->zones);
	free(e->names);
	*e = (struct evidence){0};
}

/* FNV-1a, mixed once more. Who makes two questions collide gains nothing: they
 * count as one. */
static uint64_t
name_key_of(const uint8_t *qname)
{
	uint64_t h = 0xcbf29ce484222325ull;
	size_t n = name_length(qname);

	for (size_t i = 0; i < n; i++)
		h = (h ^ qname[i]) * 0x100000001b3ull;
	h = (h ^ h >> 32) * 0x9e3779b97f4a7c15ull;
	return h | 1; /* 0 is no key */
}

bool
evidence_key_is_sound(uint64_t key)
{
	return key & 1;
}

/* Its place, or a free one; NULL if it is new and there is no more room. */
static struct evidence_name *
key_find(struct evidence *e, uint64_t key)
{
	size_t at = (key >> 20) % NAME_SLOTS;

	while (e->names[at].key && e->names[at].key != key)
		at = (at + 1) % NAME_SLOTS;
	if (!e->names[at].key) {
		if (e->nnames == EVIDENCE_NAMES_MAX)
			return NULL;
		e->nnames++;
		e->names[at].key = key;
	}
	return &e->names[at];
}

static struct evidence_name *
counted_find(struct evidence *e, const uint8_t *qname)
{
	return key_find(e, name_key_of(qname));
}

const struct evidence_zone *
evidence_zone_find(const struct evidence *e, const uint8_t *apex)
{
	for (size_t i = 0; i < e->nzones; i++)
		if (name_equal(e->zones[i].apex, apex))
			return &e->zones[i];
	return NULL;
}

static struct evidence_zone *
zone_of(struct evidence *e, const uint8_t *apex)
{
	struct evidence_zone *z;

	if (!apex)
		return &e->others;
	z = (struct evidence_zone *)evidence_zone_find(e, apex);
	if (z)
		return z;
	if (e->nzones == EVIDENCE_ZONES_MAX)
		return &e->others;
	z = &e->zones[e->nzones++];
	memcpy(z->apex, apex, name_length(apex));
	canary_test_init(&z->test, &e->rates);
	return z;
}

void
evidence_add(struct evidence *e, const struct evidence_piece *p)
{
	struct evidence_name *q = counted_find(e, p->qname);
	struct evidence_zone *z;

	if (!q || q->counted == EVIDENCE_REPEATS_MAX) {
		e->repeated++;
		return;
	}
	if (q->accepted && p->fault == EVIDENCE_LOSS) {
		e->accepted++;
		return;
	}
	q->counted++;
	z = zone_of(e, p->apex);
	if (z->forgiven)
		return;
	if (p->fault && z->test.faults == 0) {
		memcpy(z->qname, p->qname, name_length(p->qname));
		z->qtype = p->qtype;
		z->what = p->fault;
	}
	if (p->fault && !q->bad) {
		q->bad = true;
		z->names++;
		e->bad_names += p->apex != NULL;
	}
	canary_test_add(&z->test, p->fault != EVIDENCE_NONE);
	if (p->apex)
		canary_test_add(&e->total, p->fault != EVIDENCE_NONE);
}

void
evidence_accept_key(struct evidence *e, uint64_t key)
{
	struct evidence_name *q = key_find(e, key);

	if (q)
		q->accepted = true;
}

void
evidence_accept(struct evidence *e, const uint8_t *qname)
{
	evidence_accept_key(e, name_key_of(qname));
}

size_t
evidence_accepted(const struct evidence *e, uint64_t *keys, size_t most)
{
	size_t slots = e->names ? NAME_SLOTS : 0, n = 0;

	for (size_t i = 0; i < slots; i++) {
		if (!e->names[i].accepted)
			continue;
		if (n < most)
			keys[n] = e->names[i].key;
		n++;
	}
	return n;
}

void
evidence_forgive(struct evidence *e, const uint8_t *apex)
{
	struct evidence_zone *z = zone_of(e, apex);

	z->forgiven = z != &e->others;
	z->names = 0;
	canary_test_init(&z->test, &e->rates);
	canary_test_init(&e->total, &e->rates);
	e->bad_names = 0;
}

void
evidence_accept_all(struct evidence *e, const struct evidence *from)
{
	size_t slots = from->names ? NAME_SLOTS : 0;

	for (size_t i = 0; i < slots; i++)
		if (from->names[i].accepted)
			evidence_accept_key(e, from->names[i].key);
	for (size_t i = 0; i < from->nzones; i++)
		if (from->zones[i].forgiven)
			evidence_forgive(e, from->zones[i].apex);
}

static bool
is_suspect(const struct evidence_zone *z)
{
	return z->names > 0 && z->test.verdict != CANARY_GOOD;
}

static bool
is_bad(const struct evidence_zone *z)
{
	return z->test.verdict == CANARY_BAD &&
	       z->names >= EVIDENCE_NAMES_LEAST;
}

static bool
total_is_bad(const struct evidence *e)
{
	return e->total.verdict == CANARY_BAD &&
	       e->bad_names >= EVIDENCE_NAMES_LEAST;
}

/* Some zone's own test, or that of questions elsewhere, says bad. */
static bool
any_bad(const struct evidence *e)
{
	for (size_t i = 0; i < e->nzones; i++)
		if (is_bad(&e->zones[i]))
			return true;
	return is_bad(&e->others);
}

enum canary_verdict
evidence_verdict(const struct evidence *e, bool *suspect)
{
	*suspect = is_suspect(&e->others);
	for (size_t i = 0; i < e->nzones; i++)
		*suspect |= is_suspect(&e->zones[i]);
	if (any_bad(e) || total_is_bad(e))
		return CANARY_BAD;
	return e->total.verdict == CANARY_BAD ? CANARY_UNDECIDED
	                                      : e->total.verdict;
}

bool
evidence_is_bad_elsewhere(const struct evidence *e)
{
	return is_bad(&e->others);
}

bool
evidence_zone_is_bad(const struct evidence *e, const uint8_t *apex)
{
	const struct evidence_zone *z = evidence_zone_find(e, apex);

	if (evidence_is_bad_elsewhere(e))
		return true;
	if (!z)
		return false;
	return is_bad(z) || (!any_bad(e) && total_is_bad(e) && z->names > 0);
}

char *
evidence_text(const struct evidence_zone *z, char *dst, size_t bytes)
{
	char name[NAME_TEXT_MAX], type[16];

	snprintf(dst, bytes,
	    "%lu of %lu questions at fault, the first of them %s %s, which %s",
	    z->test.faults, z->test.questions, name_to_text(name, z->qname),
	    dnssec_type_text(type, z->qtype), evidence_fault_meaning[z->what]);
	return dst;
}
