/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The signatures of a zone (dnssec_signatures.h). RRsets and signatures of an
 * owner are both in order of the type (RRSIG RDATA begins with the type that it
 * covers), so they are matched by one walk with two cursors; the same walk
 * collects and judges.
 */
#include "control/dnssec/dnssec_signatures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/wire.h"
#include "control/dnssec/dnssec_before.h"
#include "control/dnssec/dnssec_rrsig.h"
#include "control/dnssec/dnssec_threads.h"

enum { VERIFY_CHUNK = 64 };

enum signature_state {
	STATE_PENDING,
	STATE_VALID, /* whatever its dates */
	STATE_BOGUS,
	STATE_UNSUPPORTED,
	STATE_NO_KEY,
	STATE_SIGNER,
	STATE_LABELS,
	STATE_UNSOUND,
	/* of valid ones, by the dates */
	STATE_EXPIRED,
	STATE_EARLY,
};

struct signature {
	uint32_t rrsig, first, count; /* records */
	uint8_t state, remembered;
};

struct rrset {
	const struct dnssec_owner *owner;
	const struct record *first;
	size_t count;
	const struct record *rrsigs;
	size_t nrrsigs;
};

struct check {
	const struct dnssec_owners *owners;
	const struct zone_records *zone;
	const struct dnssec_keys *keys;
	const struct dnssec_options *options;
	struct dnssec_faults *faults;
	struct dnssec_result *result;
	struct dnssec_before before;
	struct signature *list;
	size_t count, at;
	bool dates_only, misplaced;
};

static uint16_t
covered(const struct zone_records *z, const struct record *rrsig)
{
	return rrsig->rdata_bytes < 2 ? 0 : wire_load16(record_rdata(z, rrsig));
}

/* RFC 4035 section 2.2: at a cut only DS and NSEC are signed. */
static bool
is_signed_here(const struct dnssec_owner *w, uint16_t type)
{
	return w->kind != OWNER_CUT || type == DNS_TYPE_DS ||
	       type == DNS_TYPE_NSEC;
}

typedef void rrset_hear(struct check *c, const struct rrset *s);
typedef void orphan_hear(
    struct check *c, const struct dnssec_owner *w, const struct record *rrsig);

static void
owner_walk(struct check *c, const struct dnssec_owner *w, rrset_hear *hear,
    orphan_hear *orphan)
{
	const struct record *r = &c->zone->records[w->first];
	size_t n = 0, at = 0;
	struct rrset s = {.owner = w,
	    .rrsigs = dnssec_owner_find(c->owners, w, DNS_TYPE_RRSIG, &n)};

	for (size_t i = 0; i < w->count; i += s.count) {
		s.first = &r[i];
		s.count = 1;
		while (
		    i + s.count < w->count && r[i + s.count].type == r[i].type)
			s.count++;
		if (r[i].type == DNS_TYPE_RRSIG)
			continue;
		for (; at < n && covered(c->zone, s.rrsigs) < r[i].type;
		     at++, s.rrsigs++)
			if (orphan)
				orphan(c, w, s.rrsigs);
		s.nrrsigs = 0;
		while (at + s.nrrsigs < n &&
		       covered(c->zone, &s.rrsigs[s.nrrsigs]) == r[i].type)
			s.nrrsigs++;
		hear(c, &s);
		at += s.nrrsigs;
		if (s.nrrsigs)
			s.rrsigs += s.nrrsigs;
	}
	for (; orphan && at < n; at++, s.rrsigs++)
		orphan(c, w, s.rrsigs);
}

/* --- collect -------------------------------------------------------------- */

/* Labels that an RRSIG counts: neither root nor a leading "*" (RFC 4034 section
 * 3.1.3). */
static unsigned
labels_signed(const uint8_t *owner)
{
	return name_labels(owner) - (name_is_wildcard(owner) ? 1 : 0);
}

static enum signature_state
form_check(const struct check *c, const struct record *rrsig)
{
	const struct dnssec_key *keys[DNSSEC_TRIES_MAX];
	struct dnssec_rrsig s;

	if (!dnssec_rrsig_read(
		&s, record_rdata(c->zone, rrsig), rrsig->rdata_bytes))
		return STATE_UNSOUND;
	if (!name_equal(s.signer, c->zone->apex))
		return STATE_SIGNER;
	if (s.labels != labels_signed(record_owner(c->zone, rrsig)))
		return STATE_LABELS;
	if (!dnssec_keys_find(c->keys, s.tag, s.algorithm, keys))
		return STATE_NO_KEY;
	return c->dates_only ? STATE_VALID : STATE_PENDING;
}

static void
rrset_collect(struct check *c, const struct rrset *s)
{
	if (!is_signed_here(s->owner, s->first->type))
		return;
	for (size_t i = 0; i < s->nrrsigs; i++)
		c->list[c->count++] = (struct signature){
		    .rrsig = (uint32_t)(&s->rrsigs[i] - c->zone->records),
		    .first = (uint32_t)(s->first - c->zone->records),
		    .count = (uint32_t)s->count,
		    .state = (uint8_t)form_check(c, &s->rrsigs[i])};
}

static int
collect(struct check *c, struct err *err)
{
	const struct zone_records *z = c->zone;
	size_t n = 0;

	for (size_t i = 0; i < z->count; i++)
		n += z->records[i].type == DNS_TYPE_RRSIG;
	c->list = calloc(n + 1, sizeof *c->list);
	if (!c->list)
		return err_set(
		    err, ERR_NO_MEMORY, "no memory for %zu signatures", n);
	for (size_t i = 0; i < c->owners->count; i++)
		if (c->owners->list[i].kind != OWNER_BELOW_CUT)
			owner_walk(c, &c->owners->list[i], rrset_collect, NULL);
	return 0;
}

/* --- verify --------------------------------------------------------------- */

struct verify_own {
	struct dnssec_verifier *verifier;
	struct dnssec_before_cursor cursor;
};

static void
verify_end(void *arg)
{
	struct verify_own *own = arg;

	dnssec_verifier_free(own->verifier);
	free(own);
}

static void *
verify_begin(void *arg)
{
	struct verify_own *own = calloc(1, sizeof *own);

	(void)arg;
	if (!own)
		return NULL;
	own->verifier = dnssec_verifier_new();
	if (!own->verifier) {
		verify_end(own);
		return NULL;
	}
	return own;
}

static int
signature_verify(
    const struct check *c, struct verify_own *own, struct signature *s)
{
	static const uint8_t states[] = {
	    [SIGNATURE_VALID] = STATE_VALID,
	    [SIGNATURE_BOGUS] = STATE_BOGUS,
	    [SIGNATURE_UNSUPPORTED] = STATE_UNSUPPORTED,
	};
	const struct record *rrsig = &c->zone->records[s->rrsig];
	const struct dnssec_key *keys[DNSSEC_TRIES_MAX];
	struct dnssec_rrsig fields;
	unsigned nkeys;
	int verdict;

	dnssec_rrsig_read(
	    &fields, record_rdata(c->zone, rrsig), rrsig->rdata_bytes);
	nkeys = dnssec_keys_find(c->keys, fields.tag, fields.algorithm, keys);
	if (nkeys == 1 &&
	    dnssec_before_has(&c->before, &own->cursor, c->zone, rrsig,
		&c->zone->records[s->first], s->count, keys[0])) {
		s->state = STATE_VALID;
		s->remembered = 1;
		return 0;
	}
	verdict = dnssec_verify(
	    own->verifier, c->zone, rrsig, s->first, s->count, keys, nkeys);
	if (verdict < 0)
		return verdict;
	s->state = states[verdict];
	return 0;
}

static int
verify_run(void *arg, void *own_arg, uint64_t from, uint64_t to)
{
	const struct check *c = arg;
	struct verify_own *own = own_arg;
	int rc = 0;

	dnssec_before_seek(&c->before, &own->cursor, c->zone,
	    &c->zone->records[c->list[from].first]);
	for (uint64_t i = from; rc == 0 && i < to; i++)
		if (c->list[i].state == STATE_PENDING)
			rc = signature_verify(c, own, &c->list[i]);
	return rc;
}

static int
verify_all(struct check *c, struct err *err)
{
	struct dnssec_work work = {.count = c->count,
	    .chunk = VERIFY_CHUNK,
	    .threads = c->options->threads,
	    .begin = verify_begin,
	    .end = verify_end,
	    .run = verify_run,
	    .progress = c->options->progress,
	    .arg = c,
	    .progress_arg = c->options->arg};
	int rc = dnssec_work_do(&work);

	return rc ? err_set(err, rc, "no memory to verify signatures") : 0;
}

/* --- judge ---------------------------------------------------------------- */

/* "signature of www.example. A by key 12345 CAUSE" */
static void
signature_text(const struct check *c, const struct record *rrsig,
    enum signature_state state, char dst[192])
{
	struct dnssec_rrsig s = {0};
	char type[16], when[32], cause[96];
	uint64_t now = c->options->now;

	dnssec_rrsig_read(&s, record_rdata(c->zone, rrsig), rrsig->rdata_bytes);
	switch (state) {
	case STATE_EXPIRED:
		snprintf(cause, sizeof cause, "expired %s",
		    dnssec_time_text(
			when, dnssec_time_near(s.expiration, now)));
		break;
	case STATE_EARLY:
		snprintf(cause, sizeof cause, "is not valid before %s",
		    dnssec_time_text(when, dnssec_time_near(s.inception, now)));
		break;
	case STATE_NO_KEY:
		snprintf(cause, sizeof cause,
		    "has no zone key of this tag and algorithm %u at the apex",
		    s.algorithm);
		break;
	case STATE_SIGNER:
		snprintf(cause, sizeof cause,
		    "names another signer than the "
		    "zone");
		break;
	case STATE_LABELS:
		snprintf(cause, sizeof cause,
		    "has labels %u, not those of its "
		    "owner",
		    s.labels);
		break;
	case STATE_UNSUPPORTED:
		snprintf(cause, sizeof cause,
		    "is of algorithm %u, which can't be verified here",
		    s.algorithm);
		break;
	case STATE_UNSOUND:
		snprintf(cause, sizeof cause, "is cut short");
		break;
	default:
		snprintf(cause, sizeof cause, "is bogus");
		break;
	}
	snprintf(dst, 192, "%s: its signature by key %u %s",
	    dnssec_type_text(type, covered(c->zone, rrsig)), s.tag, cause);
}

/* A signature with its dates looked at. *when: of a valid one, its end; of one
 * that is not valid yet, its begin. */
static enum signature_state
state_by_date(const struct check *c, const struct signature *s, uint64_t *when)
{
	const struct record *rrsig = &c->zone->records[s->rrsig];
	uint64_t now = c->options->now;
	struct dnssec_rrsig fields;

	*when = 0;
	if (s->state != STATE_VALID ||
	    !dnssec_rrsig_read(
		&fields, record_rdata(c->zone, rrsig), rrsig->rdata_bytes))
		return s->state;
	*when = dnssec_time_near(fields.expiration, now);
	if (*when < now)
		return STATE_EXPIRED;
	if (dnssec_time_near(fields.inception, now) <= now)
		return STATE_VALID;
	*when = dnssec_time_near(fields.inception, now);
	return STATE_EARLY;
}

static void
ttl_judge(struct check *c, const struct rrset *s, const struct record *rrsig)
{
	struct dnssec_rrsig fields;
	char type[16];

	if (dnssec_rrsig_read(
		&fields, record_rdata(c->zone, rrsig), rrsig->rdata_bytes) &&
	    fields.ttl != s->first->ttl)
		dnssec_warn(c->faults, WARNING_TTL,
		    record_owner(c->zone, s->first),
		    "%s: the TTL is %u, that of its signature %u",
		    dnssec_type_text(type, s->first->type), s->first->ttl,
		    fields.ttl);
}

/* RFC 4035 section 2.2; validators take one that is valid (RFC 6840 section
 * 5.11). */
static void
algorithms_judge(struct check *c, const struct rrset *s, const uint8_t *valid,
    unsigned nvalid)
{
	char type[16];

	for (unsigned i = 0; i < c->keys->nalgorithms; i++) {
		if (memchr(valid, c->keys->algorithms[i], nvalid))
			continue;
		dnssec_warn(c->faults, WARNING_ALGORITHM,
		    record_owner(c->zone, s->first),
		    "%s: no valid signature of algorithm %u, which DNSKEY has",
		    dnssec_type_text(type, s->first->type),
		    c->keys->algorithms[i]);
		return;
	}
}

static void
end_judge(struct check *c, const struct rrset *s, uint64_t end)
{
	char type[16], when[32];

	if (end < c->result->expires_at)
		c->result->expires_at = end;
	if (end - c->options->now < c->options->horizon_s)
		dnssec_fault(c->faults, record_owner(c->zone, s->first),
		    "%s: its signature ends %s, within %llu hours",
		    dnssec_type_text(type, s->first->type),
		    dnssec_time_text(when, end),
		    (unsigned long long)c->options->horizon_s / 3600);
}

/* An RRset without a valid signature: a fault, unless it has one by then. */
static void
early_judge(struct check *c, uint64_t begins)
{
	if (!begins)
		return;
	c->faults->early++;
	if (begins > c->result->valid_from)
		c->result->valid_from = begins;
}

/* The signatures of one RRset, which stand together in the list. */
static void
signatures_judge(struct check *c, const struct rrset *s)
{
	const struct record *owner = s->first;
	uint8_t valid[DNSSEC_KEYS_MAX];
	unsigned nvalid = 0;
	uint64_t last = 0, begins = 0, end;
	char text[192];

	for (size_t i = 0; i < s->nrrsigs; i++) {
		const struct signature *g = &c->list[c->at + i];
		enum signature_state state = state_by_date(c, g, &end);

		if (state == STATE_EARLY && (!begins || end < begins))
			begins = end;
		if (state != STATE_VALID)
			continue;
		if (end > last)
			last = end;
		if (nvalid < DNSSEC_KEYS_MAX)
			valid[nvalid++] =
			    record_rdata(c->zone, &s->rrsigs[i])[2];
	}
	for (size_t i = 0; i < s->nrrsigs; i++) {
		const struct signature *g = &c->list[c->at + i];
		enum signature_state state = state_by_date(c, g, &end);

		if (state == STATE_VALID)
			continue;
		signature_text(c, &s->rrsigs[i], state, text);
		if (nvalid)
			dnssec_warn(c->faults, WARNING_SIGNATURE,
			    record_owner(c->zone, owner), "%s", text);
		else
			dnssec_fault(c->faults, record_owner(c->zone, owner),
			    "%s", text);
		if (!nvalid) { /* one fault an RRset */
			early_judge(c, begins);
			return;
		}
	}
	ttl_judge(c, s, s->rrsigs);
	algorithms_judge(c, s, valid, nvalid);
	end_judge(c, s, last);
}

static void
rrset_judge(struct check *c, const struct rrset *s)
{
	const uint8_t *owner = record_owner(c->zone, s->first);
	char type[16];

	dnssec_type_text(type, s->first->type);
	if (!is_signed_here(s->owner, s->first->type)) {
		if (!s->nrrsigs)
			return;
		c->misplaced = true;
		dnssec_fault(c->faults, owner,
		    "%s: signed, but at a delegation only DS and NSEC are "
		    "(RFC 4035 section 2.2)",
		    type);
		return;
	}
	if (!s->nrrsigs)
		dnssec_fault(c->faults, owner, "%s: no signature", type);
	else
		signatures_judge(c, s);
	c->at += s->nrrsigs;
}

static void
orphan_judge(
    struct check *c, const struct dnssec_owner *w, const struct record *rrsig)
{
	uint16_t type = covered(c->zone, rrsig);
	char text[16];

	(void)w;
	if (type == DNS_TYPE_RRSIG)
		dnssec_fault(c->faults, record_owner(c->zone, rrsig),
		    "RRSIG: is signed, which it must not be (RFC 4035 section "
		    "2.2)");
	else
		dnssec_warn(c->faults, WARNING_NO_RRSET,
		    record_owner(c->zone, rrsig),
		    "%s: a signature, but no such records",
		    dnssec_type_text(text, type));
}

static void
below_cut_judge(struct check *c, const struct dnssec_owner *w)
{
	size_t n;
	char type[16];
	const struct record *rrsig =
	    dnssec_owner_find(c->owners, w, DNS_TYPE_RRSIG, &n);

	if (!rrsig)
		return;
	c->misplaced = true;
	dnssec_fault(c->faults, record_owner(c->zone, rrsig),
	    "%s: signed, but it is below a delegation",
	    dnssec_type_text(type, covered(c->zone, rrsig)));
}

static void
judge(struct check *c)
{
	bool bogus = false;

	for (size_t i = 0; i < c->owners->count; i++) {
		const struct dnssec_owner *w = &c->owners->list[i];

		if (w->kind == OWNER_BELOW_CUT)
			below_cut_judge(c, w);
		else
			owner_walk(c, w, rrset_judge, orphan_judge);
	}
	for (size_t i = 0; i < c->count; i++) {
		const struct signature *s = &c->list[i];

		bogus |=
		    s->state == STATE_BOGUS || s->state == STATE_UNSUPPORTED;
		c->result->verified +=
		    !s->remembered && !c->dates_only &&
		    (s->state == STATE_VALID || s->state == STATE_BOGUS);
	}
	c->result->signatures = c->count;
	c->result->all_verified = !c->dates_only && !bogus && !c->misplaced;
}

int
dnssec_signatures_check(const struct dnssec_owners *owners,
    const struct dnssec_keys *keys, const struct dnssec_options *options,
    bool dates_only, struct dnssec_faults *faults, struct dnssec_result *result,
    struct err *err)
{
	struct check c = {.owners = owners,
	    .zone = owners->zone,
	    .keys = keys,
	    .options = options,
	    .faults = faults,
	    .result = result,
	    .dates_only = dates_only};
	int rc = collect(&c, err);

	if (rc == 0 && !dates_only) {
		dnssec_before_init(&c.before, options->before);
		rc = verify_all(&c, err);
	}
	if (rc == 0)
		judge(&c);
	free(c.list);
	return rc;
}
