/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What was asked in the last minutes (traffic.h): two tables of questions, of
 * names that are there and of names that are not, each a hash table with chains
 * over an array, from which victims are picked.
 */
#include "control/guard/traffic.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/log.h"
#include "base/name.h"
#include "base/wire.h"
#include "dataplane/answer/answer.h"
#include "snapshot/dataplane_protocol.h"
#include "snapshot/hash.h"

enum {
	BUCKETS = TRAFFIC_QUESTIONS_MAX,
	ABSENT_MAX = TRAFFIC_QUESTIONS_MAX / 4,
	PRESENT_MAX = TRAFFIC_QUESTIONS_MAX - ABSENT_MAX,
	VICTIMS = 16,
	FILES = 2,
	SIZE_FINE = 1232,
};

/* What tells questions apart besides their name. */
struct question_key {
	uint16_t type;
	uint16_t size; /* what its OPT offers, rounded down; 0: it has none */
	uint8_t dnssec_ok, transport;
};
_Static_assert(sizeof(struct question_key) == 6, "no padding: it is hashed");

struct slice {
	uint32_t samples;
	uint32_t weight;
};

struct question {
	struct question *next; /* in the bucket */
	uint64_t hash;
	struct slice slices[TRAFFIC_SLICES];
	uint32_t samples; /* of all slices */
	uint32_t place;   /* in the table's array */
	struct question_key key;
	bool chained;
	uint8_t name_bytes;
	uint8_t name[];
};

struct table {
	struct question *buckets[BUCKETS];
	struct question **all;
	uint32_t count, most;
};

struct traffic {
	struct table table[2]; /* of names that are there; that are not */
	struct sample_reader readers[FILES];
	bool said[FILES]; /* that the file can't be read */
	struct name_key hash_key;
	uint64_t random;
	uint64_t slice_s;  /* seconds */
	uint64_t slice_at; /* when the one in hand began */
	unsigned slice;
	uint64_t samples, evicted;
};

static const char *const file_names[FILES] = {
    DATAPLANE_SAMPLES_NAME, SOCKETS_SAMPLES_NAME};

static int
readers_make(struct traffic *t, const char *run_dir, struct err *err)
{
	char path[PATH_MAX];
	int rc = 0;

	for (unsigned i = 0; i < FILES; i++)
		t->readers[i].fd = -1;
	for (unsigned i = 0; i < FILES && !rc; i++) {
		snprintf(path, sizeof path, "%s/%s", run_dir, file_names[i]);
		rc = sample_reader_init(
		    &t->readers[i], path, VERDICT_COUNT, err);
	}
	return rc;
}

int
traffic_new(struct traffic **out, const char *run_dir, unsigned minutes,
    uint64_t now, struct err *err)
{
	static const uint32_t most[2] = {PRESENT_MAX, ABSENT_MAX};
	struct traffic *t = calloc(1, sizeof *t);
	int rc;

	*out = NULL;
	if (!t)
		return err_set(err, ERR_NO_MEMORY, "no memory for traffic");
	rc = readers_make(t, run_dir, err);
	for (unsigned i = 0; i < 2 && !rc; i++) {
		t->table[i].most = most[i];
		t->table[i].all = calloc(most[i], sizeof *t->table[i].all);
		if (!t->table[i].all)
			rc = err_set(
			    err, ERR_NO_MEMORY, "no memory for traffic");
	}
	if (!rc && getrandom(&t->hash_key, sizeof t->hash_key, 0) < 0)
		rc = err_set_errno(err, "getrandom");
	if (rc) {
		traffic_free(&t);
		return rc;
	}
	t->hash_key.k[1] |= 1;
	t->random = t->hash_key.k[0] | 1;
	t->slice_at = now;
	traffic_remember(t, minutes);
	*out = t;
	return 0;
}

static void
table_free(struct table *t)
{
	for (uint32_t i = 0; i < t->count; i++)
		free(t->all[i]);
	free(t->all);
}

void
traffic_free(struct traffic **tp)
{
	struct traffic *t = *tp;

	if (!t)
		return;
	for (unsigned i = 0; i < 2; i++)
		table_free(&t->table[i]);
	for (unsigned i = 0; i < FILES; i++)
		sample_reader_fini(&t->readers[i]);
	free(t);
	*tp = NULL;
}

void
traffic_remember(struct traffic *t, unsigned minutes)
{
	t->slice_s = (uint64_t)minutes * 60 / TRAFFIC_SLICES;
	if (t->slice_s == 0)
		t->slice_s = 1;
}

/* --- the table ---------------------------------------------------------- */

static uint64_t
random_next(struct traffic *t)
{
	t->random ^= t->random << 13;
	t->random ^= t->random >> 7;
	t->random ^= t->random << 17;
	return t->random;
}

static uint64_t
question_hash(const struct traffic *t, const struct question_key *key,
    const uint8_t *name, unsigned bytes)
{
	uint64_t h = name_hash_root(&t->hash_key), word[2];

	for (unsigned at = 0; at < bytes; at += sizeof word) {
		unsigned n = bytes - at;

		word[0] = word[1] = 0;
		memcpy(word, name + at, n < sizeof word ? n : sizeof word);
		h = name_hash_chunk(&t->hash_key, h, word[0], word[1]);
	}
	word[0] = word[1] = 0;
	memcpy(word, key, sizeof *key);
	return name_hash_mix(name_hash_chunk(&t->hash_key, h, word[0], bytes));
}

static struct question **
bucket_of(struct table *t, uint64_t hash)
{
	return &t->buckets[hash % BUCKETS];
}

static struct question *
question_find(struct table *t, uint64_t hash, const struct question_key *key,
    const uint8_t *name, unsigned bytes)
{
	struct question *q = *bucket_of(t, hash);

	while (q && (q->hash != hash || q->name_bytes != bytes ||
			memcmp(&q->key, key, sizeof *key) != 0 ||
			memcmp(q->name, name, bytes) != 0))
		q = q->next;
	return q;
}

static void
question_remove(struct table *t, struct question *q)
{
	struct question **at = bucket_of(t, q->hash);

	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	t->all[q->place] = t->all[--t->count];
	t->all[q->place]->place = q->place;
	free(q);
}

/* The one that was seen least of some. */
static void
question_evict(struct traffic *traffic, struct table *t)
{
	struct question *victim = NULL;

	for (unsigned i = 0; i < VICTIMS; i++) {
		struct question *q = t->all[random_next(traffic) % t->count];

		if (!victim || q->samples < victim->samples)
			victim = q;
	}
	question_remove(t, victim);
	traffic->evicted++;
}

static struct question *
question_new(struct traffic *traffic, struct table *t, uint64_t hash,
    const struct question_key *key, const uint8_t *name, unsigned bytes)
{
	struct question *q = calloc(1, sizeof *q + bytes);

	if (!q)
		return NULL; /* one sample less */
	if (t->count == t->most)
		question_evict(traffic, t);
	q->hash = hash;
	q->key = *key;
	q->name_bytes = (uint8_t)bytes;
	memcpy(q->name, name, bytes);
	q->next = *bucket_of(t, hash);
	*bucket_of(t, hash) = q;
	q->place = t->count;
	t->all[t->count++] = q;
	return q;
}

/* --- time --------------------------------------------------------------- */

/* The next slice begins: what was in its place is forgotten. */
static void
slice_turn(struct traffic *t)
{
	t->slice = (t->slice + 1) % TRAFFIC_SLICES;
	for (unsigned k = 0; k < 2; k++) {
		struct table *table = &t->table[k];

		for (uint32_t i = table->count; i-- > 0;) {
			struct question *q = table->all[i];
			struct slice *s = &q->slices[t->slice];

			q->samples -= s->samples;
			*s = (struct slice){0};
			if (q->samples == 0)
				question_remove(table, q);
		}
	}
}

static void
time_follow(struct traffic *t, uint64_t now)
{
	uint64_t passed =
	    now > t->slice_at ? (now - t->slice_at) / t->slice_s : 0;

	t->slice_at += passed * t->slice_s;
	for (uint64_t i = 0; i < passed && i < TRAFFIC_SLICES; i++)
		slice_turn(t);
}

/* --- samples ------------------------------------------------------------ */

static uint32_t
sum_capped(uint32_t a, uint32_t b)
{
	return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

/* Sizes that make a difference; most clients use one of these. */
static uint16_t
size_rounded(uint16_t size)
{
	if (size >= 4096)
		return 4096;
	return size >= SIZE_FINE ? SIZE_FINE : DNS_EDNS_MIN;
}

static void
key_take(struct question_key *key, const struct sample *s, size_t question_end)
{
	const uint8_t *opt = s->query + question_end;

	*key = (struct question_key){
	    .type = wire_load16(opt - 4), .transport = s->transport};
	if (s->query_bytes == question_end)
		return;
	key->size = size_rounded(wire_load16(opt + 3));
	key->dnssec_ok = opt[7] >> 7;
}

/* Answers of ours, that were meant for the question. */
static bool
is_counted(const struct sample *s, size_t question_end)
{
	return s->verdict <= VERDICT_TRUNCATED &&
	       wire_load16(s->query + question_end - 2) == DNS_CLASS_IN;
}

void
traffic_add(struct traffic *t, const struct sample *s, uint64_t now)
{
	const uint8_t *name = s->query + DNS_HEADER_BYTES;
	unsigned bytes = (unsigned)name_length(name);
	size_t end = DNS_HEADER_BYTES + bytes + 4;
	struct table *table = &t->table[s->verdict == VERDICT_NXDOMAIN];
	uint8_t lower[DNS_NAME_MAX];
	struct question_key key;
	struct question *q;
	struct slice *slice;
	uint64_t hash;

	time_follow(t, now);
	t->samples++;
	if (!is_counted(s, end))
		return;
	key_take(&key, s, end);
	name_lower(lower, name, bytes);
	hash = question_hash(t, &key, lower, bytes);
	q = question_find(table, hash, &key, lower, bytes);
	if (!q)
		q = question_new(t, table, hash, &key, lower, bytes);
	if (!q)
		return;
	slice = &q->slices[t->slice];
	slice->samples = sum_capped(slice->samples, 1);
	slice->weight = sum_capped(slice->weight, s->weight);
	q->samples++;
	q->chained = s->verdict == VERDICT_CNAME;
}

void
traffic_follow(struct traffic *t, uint64_t now)
{
	for (unsigned i = 0; i < FILES; i++) {
		struct sample_reader *r = &t->readers[i];
		struct sample s;
		struct err err;
		int rc = sample_reader_follow(r, &err);

		if (rc && rc != ERR_NOT_FOUND && !t->said[i])
			log_warn("%s; replays do without it", err.text);
		t->said[i] = rc && rc != ERR_NOT_FOUND;
		for (unsigned n = 0;
		     !rc && n < TRAFFIC_READ_MAX && sample_next(r, &s); n++)
			traffic_add(t, &s, now);
	}
	time_follow(t, now);
}

/* --- looking at it ------------------------------------------------------ */

size_t
traffic_query_write(
    const struct traffic_question *q, uint8_t query[SAMPLE_QUERY_MAX])
{
	uint8_t *at = query + DNS_HEADER_BYTES;

	memset(query, 0, DNS_HEADER_BYTES);
	query[5] = 1;
	memcpy(at, q->name, q->name_bytes);
	at += q->name_bytes;
	wire_store16(at, q->type);
	wire_store16(at + 2, DNS_CLASS_IN);
	at += 4;
	if (q->size) {
		query[11] = 1;
		memset(at, 0, DNS_OPT_BYTES);
		wire_store16(at + 1, DNS_TYPE_OPT);
		wire_store16(at + 3, q->size);
		at[7] = q->dnssec_ok ? 0x80 : 0;
		at += DNS_OPT_BYTES;
	}
	return (size_t)(at - query);
}

static void
question_show(struct traffic_question *out, const struct question *q)
{
	*out = (struct traffic_question){.name = q->name,
	    .name_bytes = q->name_bytes,
	    .type = q->key.type,
	    .transport = q->key.transport,
	    .chained = q->chained,
	    .size = q->key.size,
	    .dnssec_ok = q->key.dnssec_ok};
	for (unsigned i = 0; i < TRAFFIC_SLICES; i++) {
		out->samples += q->slices[i].samples;
		out->weight += q->slices[i].weight;
	}
}

int
traffic_visit(struct traffic *t, uint64_t now,
    int (*visit)(void *arg, const struct traffic_question *q), void *arg)
{
	struct traffic_question q;
	int rc = 0;

	time_follow(t, now);
	for (unsigned k = 0; k < 2; k++)
		for (uint32_t i = 0; i < t->table[k].count && !rc; i++) {
			question_show(&q, t->table[k].all[i]);
			q.absent = k == 1;
			rc = visit(arg, &q);
		}
	return rc;
}

void
traffic_facts(const struct traffic *t, struct traffic_facts *out)
{
	*out = (struct traffic_facts){
	    .questions = t->table[0].count + t->table[1].count,
	    .samples = t->samples,
	    .evicted = t->evicted};
	for (unsigned i = 0; i < FILES; i++) {
		out->lost += t->readers[i].lost;
		out->unsound += t->readers[i].unsound;
	}
}
