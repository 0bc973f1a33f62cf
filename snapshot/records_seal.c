/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Sealing: sorts a zone's records, unites what is one, digests. Runs in control
 * and tools; memory for two arrays of sort keys while it runs.
 *
 * Canonical order (RFC 4034 section 6.1) is turned into order of octets: labels
 * from the root down, each closed by octet 0, with octets 0 and 1 in a label
 * escaped as 1 1 and 1 2. The first 16 octets of that, the apex left out,
 * settle nearly every comparison of a merge sort without looking at a name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/wire.h"
#include "snapshot/hash.h"
#include "snapshot/records.h"

enum { SEAL_KEY_BYTES = 16, SEAL_RUN = 8, SEAL_FOUND_MAX = 4 };

struct seal_key {
	uint64_t hi, lo; /* first octets of the owner in canonical order */
	uint32_t index;
};

static void
seal_key_make(struct seal_key *key, const uint8_t *owner, size_t bytes)
{
	uint8_t starts[DNS_LABELS_MAX + 1], octets[SEAL_KEY_BYTES + 2] = {0};
	unsigned n = 0, at = 0;

	for (size_t i = 0; i < bytes; i += owner[i] + 1u)
		starts[n++] = (uint8_t)i;
	while (n-- > 0 && at < SEAL_KEY_BYTES) {
		const uint8_t *label = owner + starts[n];

		for (unsigned i = 1; i <= label[0] && at < SEAL_KEY_BYTES;
		     i++) {
			if (label[i] <= 1)
				octets[at++] = 1;
			octets[at++] = label[i] <= 1 ? label[i] + 1 : label[i];
		}
		at++; /* the zero that closes the label */
	}
	memcpy(&key->hi, octets, 8);
	memcpy(&key->lo, octets + 8, 8);
	key->hi = __builtin_bswap64(key->hi);
	key->lo = __builtin_bswap64(key->lo);
}

static int
octets_compare(
    const uint8_t *a, size_t a_bytes, const uint8_t *b, size_t b_bytes)
{
	int c = memcmp(a, b, a_bytes < b_bytes ? a_bytes : b_bytes);

	return c ? c : (a_bytes > b_bytes) - (a_bytes < b_bytes);
}

static int
record_compare(const struct zone_records *z, const struct record *a,
    const struct record *b)
{
	if (a->owner != b->owner) {
		int c = name_compare(record_owner(z, a), record_owner(z, b));

		if (c)
			return c;
	}
	if (a->type != b->type)
		return (int)a->type - (int)b->type;
	return octets_compare(record_rdata(z, a), a->rdata_bytes,
	    record_rdata(z, b), b->rdata_bytes);
}

static inline bool
seal_after(const struct zone_records *z, const struct seal_key *a,
    const struct seal_key *b)
{
	if (a->hi != b->hi)
		return a->hi > b->hi;
	if (a->lo != b->lo)
		return a->lo > b->lo;
	return record_compare(z, &z->records[a->index], &z->records[b->index]) >
	       0;
}

static void
seal_sort_run(const struct zone_records *z, struct seal_key *k, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct seal_key moving = k[i];
		size_t j = i;

		for (; j > 0 && seal_after(z, &k[j - 1], &moving); j--)
			k[j] = k[j - 1];
		k[j] = moving;
	}
}

static void
seal_merge(const struct zone_records *z, struct seal_key *out,
    const struct seal_key *a, size_t na, const struct seal_key *b, size_t nb)
{
	/* sources are mostly in order already */
	if (nb == 0 || !seal_after(z, &a[na - 1], &b[0])) {
		memcpy(out, a, na * sizeof *a);
		memcpy(out + na, b, nb * sizeof *b);
		return;
	}
	while (na > 0 && nb > 0) {
		if (seal_after(z, a, b)) {
			*out++ = *b++;
			nb--;
		} else {
			*out++ = *a++;
			na--;
		}
	}
	memcpy(out, a, na * sizeof *a);
	memcpy(out + na, b, nb * sizeof *b);
}

/* Runs that are in order as they stand: a file as a signer writes it is one, a
 * zone that a signer has added to is two. starts[] gets where each begins, and
 * n behind the last. Returns how many, or 0: more than are worth it. */
static unsigned
seal_runs_find(const struct zone_records *z, const struct seal_key *k, size_t n,
    size_t starts[SEAL_FOUND_MAX + 1])
{
	unsigned runs = 0;

	for (size_t i = 0; i < n; i++) {
		if (i && !seal_after(z, &k[i - 1], &k[i]))
			continue;
		if (runs == SEAL_FOUND_MAX)
			return 0;
		starts[runs++] = i;
	}
	starts[runs] = n;
	return runs;
}

/* Merges neighbours until one is left; as seal_sort(). */
static struct seal_key *
seal_runs_merge(const struct zone_records *z, struct seal_key *k,
    struct seal_key *to, size_t *starts, unsigned runs)
{
	while (runs > 1) {
		struct seal_key *swap = k;
		unsigned made = 0;

		for (unsigned i = 0; i < runs; i += 2) {
			size_t at = starts[i], middle = starts[i + 1];
			size_t end = i + 1 < runs ? starts[i + 2] : middle;

			seal_merge(z, to + at, k + at, middle - at, k + middle,
			    end - middle);
			starts[made++] = at;
		}
		starts[made] = starts[runs];
		runs = made;
		k = to;
		to = swap;
	}
	return k;
}

/* Merge sort from the bottom; returns which of the two arrays has the result.
 */
static struct seal_key *
seal_sort(const struct zone_records *z, struct seal_key *k, struct seal_key *to,
    size_t n)
{
	size_t starts[SEAL_FOUND_MAX + 1];
	unsigned runs = seal_runs_find(z, k, n, starts);

	if (runs)
		return seal_runs_merge(z, k, to, starts, runs);
	for (size_t i = 0; i < n; i += SEAL_RUN)
		seal_sort_run(z, k + i, n - i < SEAL_RUN ? n - i : SEAL_RUN);
	for (size_t width = SEAL_RUN; width < n; width *= 2) {
		struct seal_key *swap = k;

		for (size_t i = 0; i < n; i += 2 * width) {
			size_t na = n - i < width ? n - i : width;
			size_t nb = n - i - na < width ? n - i - na : width;

			seal_merge(z, to + i, k + i, na, k + i + na, nb);
		}
		k = to;
		to = swap;
	}
	return k;
}

static void
seal_keys_make(const struct zone_records *z, struct seal_key *keys)
{
	for (size_t i = 0; i < z->count; i++) {
		const struct record *r = &z->records[i];

		if (i > 0 && r->owner == r[-1].owner)
			keys[i] = keys[i - 1];
		else
			seal_key_make(&keys[i], record_owner(z, r),
			    name_length(record_owner(z, r)) - z->apex_bytes);
		keys[i].index = (uint32_t)i;
	}
}

static int
seal_order(struct zone_records *z, struct err *err)
{
	struct seal_key *keys = calloc(2 * z->count + 1, sizeof *keys), *sorted;
	struct record *records = calloc(z->count + 1, sizeof *records);

	if (!keys || !records || z->count > UINT32_MAX) {
		free(keys);
		free(records);
		return err_set(err, ERR_NO_MEMORY,
		    "no memory to sort %zu records", z->count);
	}
	seal_keys_make(z, keys);
	sorted = seal_sort(z, keys, keys + z->count, z->count);
	for (size_t i = 0; i < z->count; i++)
		records[i] = z->records[sorted[i].index];
	free(keys);
	free(z->records);
	z->records = records;
	z->cap = z->count + 1;
	return 0;
}

struct seal_warning {
	void (*warn)(void *arg, const char *text);
	void *arg;
	bool ttl_told, twice_told;
};

static void
seal_warn(struct seal_warning *w, bool *told, const struct zone_records *z,
    const struct record *r, const char *what)
{
	char owner[NAME_TEXT_MAX], text[NAME_TEXT_MAX + 128];

	if (*told || !w->warn)
		return;
	*told = true;
	snprintf(text, sizeof text, "%s TYPE%u: %s",
	    name_to_text(owner, record_owner(z, r)), r->type, what);
	w->warn(w->arg, text);
}

/* An RRSIG belongs to the RRset that it covers, TTL included (RFC 4034 section
 * 3): its first two octets are part of what makes an RRset here. */
static bool
same_rrset(const struct zone_records *z, const struct record *a,
    const struct record *b)
{
	if (a->owner != b->owner || a->type != b->type)
		return false;
	return a->type != DNS_TYPE_RRSIG || a->rdata_bytes < 2 ||
	       b->rdata_bytes < 2 ||
	       memcmp(record_rdata(z, a), record_rdata(z, b), 2) == 0;
}

/* Gives all records of the RRset that starts at `first` the least TTL. */
static void
unite_ttl(struct zone_records *z, size_t first, struct seal_warning *w)
{
	struct record *r = &z->records[first];
	uint32_t least = r->ttl;
	size_t n = 1;
	bool differ = false;

	for (; first + n < z->count && same_rrset(z, r, &r[n]); n++) {
		differ |= r[n].ttl != r->ttl;
		least = r[n].ttl < least ? r[n].ttl : least;
	}
	if (!differ)
		return;
	seal_warn(w, &w->ttl_told, z, r,
	    "TTLs differ within the RRset, the least is used "
	    "(RFC 2181 section 5.2)");
	for (size_t i = 0; i < n; i++)
		r[i].ttl = least;
}

/* One offset an owner, no record twice, one TTL an RRset. */
static void
seal_unite(struct zone_records *z, struct seal_warning *w)
{
	size_t kept = 0;

	for (size_t i = 0; i < z->count; i++) {
		struct record r = z->records[i], *last = NULL;

		if (kept > 0 &&
		    (z->records[kept - 1].owner == r.owner ||
			name_equal(record_owner(z, &z->records[kept - 1]),
			    record_owner(z, &r)))) {
			last = &z->records[kept - 1];
			r.owner = last->owner;
		}
		if (last && record_compare(z, last, &r) == 0) {
			seal_warn(w, &w->twice_told, z, &r,
			    "record is there twice, one is used");
			if (r.ttl < last->ttl)
				last->ttl = r.ttl;
			continue;
		}
		z->records[kept++] = r;
	}
	z->count = kept;
	for (size_t i = 0; i < z->count; i++)
		if (i == 0 ||
		    !same_rrset(z, &z->records[i - 1], &z->records[i]))
			unite_ttl(z, i, w);
}

static void
soa_name(void *arg, size_t offset, bool may_compress)
{
	(void)arg;
	(void)offset;
	(void)may_compress;
}

static int
seal_soa(struct zone_records *z, struct err *err)
{
	char apex[NAME_TEXT_MAX];
	size_t n;
	const struct record *soa =
	    zone_records_find(z, z->apex, DNS_TYPE_SOA, &n);

	name_to_text(apex, z->apex);
	if (n != 1)
		return err_set(err, ERR_SEMANTIC,
		    "%s: %s SOA record at the apex, there must be one", apex,
		    n == 0 ? "no" : "more than one");
	if (!rdata_names(DNS_TYPE_SOA, record_rdata(z, soa), soa->rdata_bytes,
		soa_name, NULL))
		return err_set(err, ERR_SEMANTIC,
		    "%s SOA: RDATA is not two names and five numbers", apex);
	/* serial, refresh, retry, expire and minimum are the last 20 octets */
	z->serial = wire_load32(record_rdata(z, soa) + soa->rdata_bytes - 20);
	return 0;
}

/* Any odd key will do: nothing secret is kept apart by it. */
static const struct name_key content_key = {
    .k = {0x3c6ef372fe94f82bull, 0xa54ff53a5f1d36f1ull}};

static uint64_t
content_add(uint64_t h, const uint8_t *p, size_t bytes)
{
	for (; bytes >= 16; p += 16, bytes -= 16)
		h = name_hash_chunk(
		    &content_key, h, name_hash_word(p), name_hash_word(p + 8));
	if (bytes) {
		uint8_t rest[16] = {0};

		memcpy(rest, p, bytes);
		h = name_hash_chunk(&content_key, h, name_hash_word(rest),
		    name_hash_word(rest + 8));
	}
	return h;
}

/* What signing a zone again makes anew, with the records as they were. */
static bool
is_made_by_signing(uint16_t type)
{
	return type == DNS_TYPE_RRSIG || type == DNS_TYPE_NSEC ||
	       type == DNS_TYPE_NSEC3 || type == DNS_TYPE_NSEC3PARAM ||
	       type == DNS_TYPE_ZONEMD;
}

static void
seal_content(struct zone_records *z)
{
	uint64_t h = name_hash_root(&content_key);
	uint32_t owner = UINT32_MAX;

	for (size_t i = 0; i < z->count; i++) {
		const struct record *r = &z->records[i];
		uint8_t soa[2 * (DNS_NAME_MAX + 1) + 20];
		const uint8_t *rdata = record_rdata(z, r);

		if (is_made_by_signing(r->type))
			continue;
		if (r->type == DNS_TYPE_SOA && r->rdata_bytes >= 20 &&
		    r->rdata_bytes <= sizeof soa) {
			memcpy(soa, rdata, r->rdata_bytes);
			memset(soa + r->rdata_bytes - 20, 0, 4);
			rdata = soa;
		}
		if (r->owner != owner)
			h = content_add(h, record_owner(z, r),
			    name_length(record_owner(z, r)));
		owner = r->owner;
		h = name_hash_chunk(&content_key, h,
		    (uint64_t)r->type << 32 | r->ttl, r->rdata_bytes);
		h = content_add(h, rdata, r->rdata_bytes);
	}
	/* zero says "not known" in cells */
	z->content = h ? h : 1;
}

static int
seal_digest(struct zone_records *z, struct err *err)
{
	struct digest_stream *s = digest_stream_new();
	uint8_t chunk[16384];
	size_t at = 0;

	seal_content(z);
	if (!s)
		return err_set(err, ERR_NO_MEMORY, "no memory for a digest");
	digest_stream_add(s, z->apex, z->apex_bytes);
	for (size_t i = 0; i < z->count; i++) {
		const struct record *r = &z->records[i];
		size_t owner = name_length(record_owner(z, r));

		if (at + owner + 8 > sizeof chunk) {
			digest_stream_add(s, chunk, at);
			at = 0;
		}
		memcpy(chunk + at, record_owner(z, r), owner);
		at += owner;
		wire_store16(chunk + at, r->type);
		wire_store32(chunk + at + 2, r->ttl);
		wire_store16(chunk + at + 6, r->rdata_bytes);
		at += 8;
		if (at + r->rdata_bytes > sizeof chunk) {
			digest_stream_add(s, chunk, at);
			at = 0;
		}
		if (r->rdata_bytes > sizeof chunk) {
			digest_stream_add(
			    s, record_rdata(z, r), r->rdata_bytes);
			continue;
		}
		memcpy(chunk + at, record_rdata(z, r), r->rdata_bytes);
		at += r->rdata_bytes;
	}
	digest_stream_add(s, chunk, at);
	digest_stream_end(s, &z->version);
	digest_stream_free(s);
	return 0;
}

int
zone_records_sort(struct zone_records *z,
    void (*warn)(void *arg, const char *text), void *arg, struct err *err)
{
	struct seal_warning w = {.warn = warn, .arg = arg};
	int rc = seal_order(z, err);

	if (rc == 0)
		seal_unite(z, &w);
	return rc;
}

int
zone_records_order(struct zone_records *z, struct err *err)
{
	int rc = zone_records_sort(z, NULL, NULL, err);

	return rc < 0 ? rc : seal_soa(z, err);
}

int
zone_records_mark(struct zone_records *z, struct err *err)
{
	int rc = seal_soa(z, err);

	return rc < 0 ? rc : seal_digest(z, err);
}

int
zone_records_seal(struct zone_records *z,
    void (*warn)(void *arg, const char *text), void *arg, struct err *err)
{
	int rc = zone_records_sort(z, warn, arg, err);

	return rc < 0 ? rc : zone_records_mark(z, err);
}
