/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The replay before publication (replay_check.h).
 */
#include "control/guard/replay_check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/wire.h"

enum {
	WORST_MAX = 6, /* names that a verdict has */
	TYPE_TEXT_MAX = 12,
	/* questions for protected names of a zone; a pattern may mean a
	 * million */
	PROTECTED_MAX = 200000,
};

struct worst {
	uint8_t name[DNS_NAME_MAX + 1];
	uint16_t type;
	enum replay_change change;
	uint64_t weight;
};

/* Names that a message lists, heaviest first. */
struct worst_list {
	struct worst entries[WORST_MAX];
	unsigned count, left_out;
};

struct loss {
	uint64_t samples, weight;
	struct worst_list names;
};

/* What was found out about a subject; made when there is something. */
struct stat {
	uint64_t samples, answered, total;
	uint64_t protected_asked;
	struct loss lost, guarded, truncated, grown, wildcard;
};

struct check {
	const struct replay_checks *c;
	struct replay_tally *tally;
	struct stat **stats; /* of each subject, or NULL */
	bool failed;         /* out of memory */
};

/* --- names for messages ------------------------------------------------- */

static struct worst *
worst_place(struct worst_list *l, const uint8_t *name, uint16_t type,
    enum replay_change change, uint64_t weight)
{
	struct worst *least = &l->entries[0];

	for (unsigned i = 0; i < l->count; i++) {
		struct worst *w = &l->entries[i];

		if (w->type == type && w->change == change &&
		    name_equal(w->name, name))
			return w;
		if (w->weight < least->weight)
			least = w;
	}
	if (l->count < WORST_MAX) {
		least = &l->entries[l->count++];
	} else {
		l->left_out++;
		if (least->weight >= weight)
			return NULL;
	}
	*least = (struct worst){.type = type, .change = change};
	memcpy(least->name, name, name_length(name));
	return least;
}

static void
loss_add(struct loss *l, const uint8_t *name, uint16_t type,
    enum replay_change change, uint64_t samples, uint64_t weight)
{
	struct worst *w = worst_place(&l->names, name, type, change, weight);

	l->samples += samples;
	l->weight += weight;
	if (w)
		w->weight += weight;
}

static const char *
type_text(char text[TYPE_TEXT_MAX], uint16_t type)
{
	static const struct {
		uint16_t type;
		const char *word;
	} words[] = {{DNS_TYPE_A, "A"}, {DNS_TYPE_AAAA, "AAAA"},
	    {DNS_TYPE_NS, "NS"}, {DNS_TYPE_CNAME, "CNAME"},
	    {DNS_TYPE_SOA, "SOA"}, {DNS_TYPE_PTR, "PTR"}, {DNS_TYPE_MX, "MX"},
	    {DNS_TYPE_TXT, "TXT"}, {DNS_TYPE_SRV, "SRV"}, {DNS_TYPE_DS, "DS"},
	    {DNS_TYPE_DNSKEY, "DNSKEY"}, {DNS_TYPE_SVCB, "SVCB"},
	    {DNS_TYPE_HTTPS, "HTTPS"}, {DNS_TYPE_CAA, "CAA"},
	    {DNS_TYPE_ANY, "ANY"}};

	for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
		if (words[i].type == type)
			return words[i].word;
	snprintf(text, TYPE_TEXT_MAX, "TYPE%u", type);
	return text;
}

static int
worst_compare(const void *a, const void *b)
{
	const struct worst *x = a, *y = b;

	return (x->weight < y->weight) - (x->weight > y->weight);
}

static double
percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

/* ": www.example. A 12.3 % answer -> NXDOMAIN; ..." `whole` 0: no shares. */
static void
worst_text(char *text, size_t bytes, struct worst_list *l, uint64_t whole)
{
	size_t used = strlen(text);
	unsigned shown = 0;

	qsort(l->entries, l->count, sizeof *l->entries, worst_compare);
	for (; shown < l->count; shown++) {
		const struct worst *w = &l->entries[shown];
		char name[NAME_TEXT_MAX], type[TYPE_TEXT_MAX], share[16] = "";
		char item[NAME_TEXT_MAX + 96];
		int n;

		if (whole)
			snprintf(share, sizeof share, " %.1f %%",
			    percent(w->weight, whole));
		n = snprintf(item, sizeof item, "%s %s %s%s (%s)",
		    shown ? ";" : ":", name_to_text(name, w->name),
		    type_text(type, w->type), share,
		    replay_change_meaning(w->change));
		if (n < 0 || used + (size_t)n + 24 > bytes)
			break;
		memcpy(text + used, item, (size_t)n + 1);
		used += (size_t)n;
	}
	if (shown < l->count || l->left_out)
		snprintf(text + used, bytes - used, " and %u more",
		    l->count - shown + l->left_out);
}

/* --- whose fault -------------------------------------------------------- */

/* The subject that answered on a side. */
static const struct replay_subject *
subject_of_side(const struct check *k, const struct replay_pair *p,
    unsigned side, const uint8_t *name)
{
	unsigned labels = name_labels(name);

	if (p->verdict[side] == VERDICT_REFUSED ||
	    p->verdict[side] == VERDICT_SERVFAIL ||
	    p->apex_labels[side] > labels)
		return NULL;
	return replay_subject_find(
	    k->c->subjects, name_parent(name, labels - p->apex_labels[side]));
}

/* Whose fault a chain's end is: where both sides follow the same aliases, it is
 * the zone of the last target; else that of the first alias that differs. */
static const struct replay_subject *
subject_of_alias(const struct check *k, const uint8_t *name)
{
	const uint8_t *owner = name;

	for (unsigned i = 0;; i++) {
		const uint8_t *was = replay_alias_find(k->c->replay, 0, i);
		const uint8_t *is = replay_alias_find(k->c->replay, 1, i);

		if (!was || !is || !name_equal(was, is))
			break;
		owner = is;
	}
	return replay_subject_above_find(k->c->subjects, owner);
}

static const struct replay_subject *
subject_to_blame(
    const struct check *k, const struct replay_pair *p, const uint8_t *name)
{
	const struct replay_subject *s = NULL;

	if (p->change != REPLAY_SAME &&
	    (p->verdict[0] == VERDICT_CNAME || p->verdict[1] == VERDICT_CNAME))
		s = subject_of_alias(k, name);
	if (!s)
		s = subject_of_side(k, p, 1, name);
	return s ? s : subject_of_side(k, p, 0, name);
}

static struct stat *
stat_of(struct check *k, const struct replay_subject *s)
{
	struct stat **at = &k->stats[s - k->c->subjects->list];

	if (!*at)
		*at = calloc(1, sizeof **at);
	if (!*at)
		k->failed = true;
	return *at;
}

/* --- questions ---------------------------------------------------------- */

static bool
had_answer(const struct replay_pair *p)
{
	return p->verdict[0] == VERDICT_ANSWER ||
	       p->verdict[0] == VERDICT_CNAME ||
	       p->verdict[0] == VERDICT_REFERRAL ||
	       p->verdict[0] == VERDICT_TRUNCATED;
}

static bool
name_is_protected(
    const struct check *k, const struct replay_subject *s, const uint8_t *name)
{
	return k->c->is_protected &&
	       k->c->is_protected(k->c->arg, s->apex, name);
}

static void
pair_count(struct check *k, const struct replay_subject *s,
    const struct traffic_question *q, const struct replay_pair *p)
{
	const uint8_t *name = q->name;
	bool loss = replay_change_is_loss(p->change);
	struct stat *t = stat_of(k, s);

	if (!t)
		return;
	t->samples += q->samples;
	t->total += q->weight;
	if (had_answer(p) || loss)
		t->answered += q->weight;
	k->tally->lost += loss;
	if (loss)
		loss_add(name_is_protected(k, s, name) ? &t->guarded : &t->lost,
		    name, q->type, p->change, q->samples, q->weight);
	if (p->change == REPLAY_TO_WILDCARD)
		loss_add(&t->wildcard, name, q->type, p->change, q->samples,
		    q->weight);
	if (!loss && p->truncated)
		loss_add(&t->truncated, name, q->type, REPLAY_TRUNCATED,
		    q->samples, q->weight);
	else if (!loss && p->size_jump)
		loss_add(&t->grown, name, q->type, REPLAY_SIZE_JUMP, q->samples,
		    q->weight);
}

/* Questions that no other version can have touched are not asked. */
static int
question_visit(void *arg, const struct traffic_question *q)
{
	struct check *k = arg;
	const uint8_t *name = q->name;
	const struct replay_subject *s;
	uint8_t query[SAMPLE_QUERY_MAX];
	enum replay_change change;
	struct replay_pair p;

	if (!q->chained && !replay_subject_above_find(k->c->subjects, name))
		return 0;
	change = replay_pair(k->c->replay, k->c->active, k->c->candidate, query,
	    traffic_query_write(q, query), q->transport, &p);
	k->tally->asked++;
	s = subject_to_blame(k, &p, name);
	if (s)
		pair_count(k, s, q, &p);
	else
		k->tally->other += replay_change_is_loss(change);
	return k->failed ? ERR_NO_MEMORY : 0;
}

/* --- protected names ---------------------------------------------------- */

/* What the guard never-empty stands for: other types of a protected name are
 * asked for if clients did. */
static bool
type_is_asked(uint16_t type)
{
	switch (type) {
	case DNS_TYPE_A:
	case DNS_TYPE_AAAA:
	case DNS_TYPE_CNAME:
	case DNS_TYPE_HTTPS:
	case DNS_TYPE_SVCB:
	case DNS_TYPE_MX:
	case DNS_TYPE_NS:
	case DNS_TYPE_SOA:
		return true;
	default:
		return false;
	}
}

static void
protected_ask(struct check *k, const struct replay_subject *s,
    const uint8_t *name, uint16_t type)
{
	const struct traffic_question q = {.name = name,
	    .name_bytes = (uint8_t)name_length(name),
	    .type = type};
	uint8_t query[SAMPLE_QUERY_MAX];
	struct stat *t = stat_of(k, s);
	enum replay_change change;
	struct replay_pair p;

	if (!t || t->protected_asked++ >= PROTECTED_MAX)
		return;
	change = replay_pair(k->c->replay, k->c->active, k->c->candidate, query,
	    traffic_query_write(&q, query), ANSWER_STREAM, &p);
	k->tally->asked++;
	if (!replay_change_is_loss(change))
		return;
	k->tally->lost++;
	loss_add(&t->guarded, name, type, change, 0, 0);
}

/* An alias is asked for what it leads to: addresses may take its place. */
static void
protected_type_ask(struct check *k, const struct replay_subject *s,
    const uint8_t *name, uint16_t type)
{
	if (type != DNS_TYPE_CNAME) {
		protected_ask(k, s, name, type);
		return;
	}
	protected_ask(k, s, name, DNS_TYPE_A);
	protected_ask(k, s, name, DNS_TYPE_AAAA);
}

/* Every protected name of the version that is live. */
static void
protected_visit(struct check *k, const struct replay_subject *s)
{
	const struct zone_records *z = s->was;
	uint32_t owner = UINT32_MAX;
	uint16_t type = 0;
	bool protected = false;

	for (size_t i = 0; z && i < z->count && !k->failed; i++) {
		const struct record *r = &z->records[i];

		if (r->owner != owner) {
			owner = r->owner;
			type = 0;
			protected = name_is_protected(k, s, record_owner(z, r));
		}
		if (!protected || r->type == type || !type_is_asked(r->type))
			continue;
		type = r->type;
		if (!name_is_wildcard(record_owner(z, r)))
			protected_type_ask(k, s, record_owner(z, r), type);
	}
}

/* --- what is said ------------------------------------------------------- */

static void
say(const struct check *k, size_t subject, bool blocking, struct loss *l,
    uint64_t whole, const char *text)
{
	struct replay_finding f = {.subject = subject, .blocking = blocking};

	snprintf(f.text, sizeof f.text, "%s", text);
	worst_text(f.text, sizeof f.text, &l->names, whole);
	k->c->found(k->c->arg, &f);
}

static bool
is_over(const struct check *k, const struct loss *l, uint64_t whole,
    unsigned permille)
{
	return l->samples >= k->c->limits->least &&
	       (double)l->weight * 1000 > (double)whole * permille;
}

/* "12.3 % of its answers of the last 10 minutes (1234 questions sampled) would
 * ..." */
static void
say_share(const struct check *k, size_t subject, bool blocking, struct loss *l,
    uint64_t whole, unsigned permille, const char *what)
{
	const struct stat *t = k->stats[subject];
	char text[256];

	snprintf(text, sizeof text,
	    "%.1f %% of what was asked in the last %u minutes (%" PRIu64
	    " of %" PRIu64 " sampled questions) %s; at most %u.%u %%",
	    percent(l->weight, whole), k->c->limits->minutes, l->samples,
	    t->samples, what, permille / 10, permille % 10);
	say(k, subject, blocking, l, whole, text);
}

static void
subject_say(const struct check *k, size_t i)
{
	const struct replay_limits *limits = k->c->limits;
	struct stat *t = k->stats[i];
	char text[128];

	if (t->guarded.names.count)
		say(k, i, true, &t->guarded,
		    t->guarded.weight ? t->answered : 0,
		    "protected names would lose their answers (limit: none may)");
	if (is_over(k, &t->lost, t->answered, limits->lost_permille))
		say_share(k, i, true, &t->lost, t->answered,
		    limits->lost_permille, "would lose its answer");
	if (is_over(k, &t->truncated, t->total, limits->truncated_permille))
		say_share(k, i, true, &t->truncated, t->total,
		    limits->truncated_permille, "would be truncated");
	if (is_over(k, &t->grown, t->total, limits->growth_permille))
		say_share(k, i, true, &t->grown, t->total,
		    limits->growth_permille, "would be twice as large");
	if (t->wildcard.samples >= limits->least) {
		snprintf(text, sizeof text,
		    "names that do not exist are asked for (%" PRIu64
		    " sampled questions), and a wildcard would answer",
		    t->wildcard.samples);
		say(k, i, false, &t->wildcard, t->total, text);
	}
	if (t->protected_asked > PROTECTED_MAX) {
		struct loss none = {0};

		snprintf(text, sizeof text,
		    "%" PRIu64 " questions for protected names; the first %d "
		    "were asked",
		    t->protected_asked, PROTECTED_MAX);
		say(k, i, false, &none, 0, text);
	}
}

int
replay_check(const struct replay_checks *c, struct traffic *traffic,
    uint64_t now, struct replay_tally *tally, struct err *err)
{
	struct check k = {.c = c, .tally = tally};

	*tally = (struct replay_tally){0};
	if (c->subjects->count == 0 || !c->active)
		return 0;
	k.stats = calloc(c->subjects->count, sizeof *k.stats);
	if (!k.stats)
		return err_set(err, ERR_NO_MEMORY, "no memory for a replay");
	if (traffic)
		(void)traffic_visit(traffic, now, question_visit, &k);
	for (size_t i = 0; i < c->subjects->count && c->is_protected; i++)
		protected_visit(&k, &c->subjects->list[i]);
	for (size_t i = 0; i < c->subjects->count; i++) {
		if (k.stats[i] && !k.failed)
			subject_say(&k, i);
		free(k.stats[i]);
	}
	free(k.stats);
	return k.failed ? err_set(err, ERR_NO_MEMORY, "no memory for a replay")
	                : 0;
}
