/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The set of quarantined messages; see quarantine.h. An open hash table that
 * only grows: a bucket is written after the entry that it names.
 */
#include "dataplane/guard/quarantine.h"

#include <immintrin.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(QUARANTINE_MAX * 4 <= QUARANTINE_BUCKETS, "short probes");

int
quarantine_new(struct quarantine **out, struct err *err)
{
	*out = calloc(1, sizeof **out);
	return *out ? 0
	            : err_set(
			  err, ERR_NO_MEMORY, "no memory for the quarantine");
}

void
quarantine_free(struct quarantine **qp)
{
	struct quarantine *q = *qp;

	if (!q)
		return;
	for (unsigned i = 0; i < q->count; i++)
		free(q->entries[i].tail);
	free(q);
	*qp = NULL;
}

/* Who makes messages collide wins a comparison of bytes with each of at most
 * QUARANTINE_MAX entries, and only while there are any. */
static uint32_t
hash_of(const uint8_t *p, size_t bytes)
{
	uint64_t crc = bytes, word;

	for (; bytes >= 8; p += 8, bytes -= 8) {
		memcpy(&word, p, 8);
		crc = _mm_crc32_u64(crc, word);
	}
	word = 0;
	memcpy(&word, p, bytes);
	return (uint32_t)_mm_crc32_u64(crc, word);
}

/* The entry of the message, or NULL; *bucket is where it is or would be. */
static const struct quarantine_entry *
entry_find(const struct quarantine *q, const uint8_t *message, size_t bytes,
    uint32_t hash, unsigned *bucket)
{
	for (*bucket = hash % QUARANTINE_BUCKETS;;
	     *bucket = (*bucket + 1) % QUARANTINE_BUCKETS) {
		unsigned n = atomic_load_explicit(
		    &q->buckets[*bucket], memory_order_acquire);
		const struct quarantine_entry *e;

		if (n == 0)
			return NULL;
		e = &q->entries[n - 1];
		if (e->hash == hash && e->bytes == bytes &&
		    memcmp(e->tail, message + QUARANTINE_ID_BYTES,
			bytes - QUARANTINE_ID_BYTES) == 0)
			return e;
	}
}

static void
entry_set(struct quarantine *q, struct quarantine_entry *e, uint64_t expires_at)
{
	uint64_t before = atomic_exchange(&e->expires_at, expires_at);

	if (!before && expires_at)
		atomic_fetch_add(&q->active, 1);
	else if (before && !expires_at)
		atomic_fetch_sub(&q->active, 1);
}

static int
entry_add(struct quarantine *q, const uint8_t *message, size_t bytes,
    uint32_t hash, unsigned bucket, struct err *err)
{
	struct quarantine_entry *e = &q->entries[q->count];

	if (q->count == QUARANTINE_MAX)
		return err_set(err, ERR_LIMIT,
		    "%d queries have been quarantined since the start: no "
		    "room for another",
		    QUARANTINE_MAX);
	e->tail = malloc(bytes);
	if (!e->tail)
		return err_set(err, ERR_NO_MEMORY, "out of memory");
	memcpy(e->tail, message + QUARANTINE_ID_BYTES,
	    bytes - QUARANTINE_ID_BYTES);
	e->hash = hash;
	e->bytes = (uint32_t)bytes;
	atomic_fetch_or(&q->lengths[bytes / 64 % 16], 1ull << bytes % 64);
	atomic_store_explicit(
	    &q->buckets[bucket], (uint16_t)(++q->count), memory_order_release);
	return 0;
}

int
quarantine_add(struct quarantine *q, const uint8_t *message, size_t bytes,
    uint64_t expires_at, struct err *err)
{
	struct quarantine_entry *e;
	uint32_t hash;
	unsigned bucket;
	int rc = 0;

	if (bytes <= QUARANTINE_ID_BYTES)
		return err_set(err, ERR_USAGE, "%zu octets: no query", bytes);
	hash =
	    hash_of(message + QUARANTINE_ID_BYTES, bytes - QUARANTINE_ID_BYTES);
	if (!entry_find(q, message, bytes, hash, &bucket))
		rc = entry_add(q, message, bytes, hash, bucket, err);
	if (rc)
		return rc;
	e = &q->entries[q->buckets[bucket] - 1];
	e->seen = q->scan;
	entry_set(q, e, expires_at);
	return 0;
}

unsigned
quarantine_expire(struct quarantine *q, uint64_t now)
{
	unsigned n = 0;

	for (unsigned i = 0; i < q->count; i++) {
		uint64_t at = atomic_load(&q->entries[i].expires_at);

		if (at && at <= now) {
			entry_set(q, &q->entries[i], 0);
			n++;
		}
	}
	return n;
}

void
quarantine_scan_begin(struct quarantine *q)
{
	q->scan++;
}

void
quarantine_scan_end(struct quarantine *q)
{
	for (unsigned i = 0; i < q->count; i++)
		if (q->entries[i].seen && q->entries[i].seen != q->scan)
			entry_set(q, &q->entries[i], 0);
}

bool
quarantine_holds(
    const struct quarantine *q, const uint8_t *message, size_t bytes)
{
	const struct quarantine_entry *e;
	unsigned bucket;

	if (bytes <= QUARANTINE_ID_BYTES ||
	    !(atomic_load_explicit(
		  &q->lengths[bytes / 64 % 16], memory_order_relaxed) >>
		    bytes % 64 &
		1))
		return false;
	e = entry_find(q, message, bytes,
	    hash_of(message + QUARANTINE_ID_BYTES, bytes - QUARANTINE_ID_BYTES),
	    &bucket);
	return e &&
	       atomic_load_explicit(&e->expires_at, memory_order_relaxed) != 0;
}
