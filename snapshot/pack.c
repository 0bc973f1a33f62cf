/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Packs: the records of one slot's zones as bytes for the store. Runs in
 * control and tools; allocates what it returns.
 *
 *   0   magic            8 bytes
 *   8   version          uint32_t, PACK_VERSION
 *   12  zones            uint32_t
 *       each zone, in canonical order of the apexes:
 *         apex           wire form, lower case
 *         serial         uint32_t
 *         version        32 bytes: digest of the whole zone's records
 *         records        uint32_t
 *         each record, in canonical order:
 *           owner bytes  uint8_t: octets above the apex; PACK_SAME_OWNER: as
 *                        before
 *           owner        labels above the apex, lower case
 *           type, RDATA bytes    uint16_t each; TTL uint32_t
 *           RDATA
 *
 * Numbers are little-endian. There is one way to write a set of records, and
 * the reader refuses every other: order, case and the short form of owners are
 * checked, so equal packs and equal records are the same thing.
 */
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/wire.h"
#include "snapshot/records.h"

enum {
	PACK_VERSION = 1,
	PACK_SAME_OWNER = 0xff,
	PACK_RECORD_BYTES = 9, /* the least a record takes */
};

static void
put32(struct bytes *out, uint32_t v)
{
	bytes_append(out, &v, sizeof v);
}

static void
put16(struct bytes *out, uint16_t v)
{
	bytes_append(out, &v, sizeof v);
}

static void
pack_record(struct bytes *out, const struct zone_records *z,
    const struct record *r, bool same_owner)
{
	const uint8_t *owner = record_owner(z, r);
	uint8_t bytes = (uint8_t)(name_length(owner) - z->apex_bytes);

	if (same_owner) {
		bytes_append(out, &(uint8_t){PACK_SAME_OWNER}, 1);
	} else {
		bytes_append(out, &bytes, 1);
		bytes_append(out, owner, bytes);
	}
	put16(out, r->type);
	put16(out, r->rdata_bytes);
	put32(out, r->ttl);
	bytes_append(out, record_rdata(z, r), r->rdata_bytes);
}

static void
pack_zone(struct bytes *out, const struct pack_zone *p)
{
	const struct zone_records *z = p->zone;
	const struct record *last = NULL, *asked = NULL;
	bool wanted = true;
	uint32_t count = 0;
	size_t count_at;

	bytes_append(out, z->apex, z->apex_bytes);
	put32(out, z->serial);
	bytes_append(out, z->version.b, DIGEST_BYTES);
	count_at = bytes_append_zero(out, sizeof count);
	for (size_t i = 0; i < z->count; i++) {
		const struct record *r = &z->records[i];

		if (p->wanted && (!asked || r->owner != asked->owner))
			wanted = p->wanted(p->arg, record_owner(z, r));
		asked = r;
		if (!wanted)
			continue;
		pack_record(out, z, r, last && last->owner == r->owner);
		last = r;
		count++;
	}
	if (!out->failed)
		memcpy(out->data + count_at, &count, sizeof count);
}

static int
apex_compare(const void *a, const void *b)
{
	const struct pack_zone *x = a, *y = b;

	return name_compare(x->zone->apex, y->zone->apex);
}

int
pack_write(const struct pack_zone *zones, size_t count, struct bytes *out,
    struct err *err)
{
	struct pack_zone *sorted = calloc(count + 1, sizeof *sorted);
	size_t start = out->len;
	int rc = 0;

	if (!sorted)
		return err_set(err, ERR_NO_MEMORY, "no memory for a pack");
	memcpy(sorted, zones, count * sizeof *sorted);
	qsort(sorted, count, sizeof *sorted, apex_compare);
	bytes_append(out, PACK_MAGIC, 8);
	put32(out, PACK_VERSION);
	put32(out, (uint32_t)count);
	for (size_t i = 0; i < count && rc == 0; i++) {
		if (i > 0 && apex_compare(&sorted[i - 1], &sorted[i]) == 0)
			rc =
			    err_set(err, ERR_USAGE, "one zone twice in a pack");
		pack_zone(out, &sorted[i]);
	}
	free(sorted);
	if (rc == 0 && out->failed)
		rc = err_set(err, ERR_NO_MEMORY, "no memory for a pack");
	if (rc < 0)
		out->len = start;
	return rc;
}

struct pack_reader {
	struct wire_reader in;
	const uint8_t *start;
	uint8_t owner[DNS_NAME_MAX];
	bool has_owner;
	struct err *err;
};

static int
corrupt(struct pack_reader *p, const char *what)
{
	return err_set(p->err, ERR_CORRUPT, "pack: %s, before offset %zu", what,
	    (size_t)(p->in.at - p->start));
}

static uint32_t
get32(struct wire_reader *r)
{
	return __builtin_bswap32(wire_read32(r));
}

static uint16_t
get16(struct wire_reader *r)
{
	return __builtin_bswap16(wire_read16(r));
}

static bool
is_lower(const uint8_t *p, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			return false;
	return true;
}

/* Reads the owner of the next record into p->owner. */
static int
read_owner(struct pack_reader *p, const struct zone_records *z)
{
	unsigned bytes = wire_read8(&p->in);
	const uint8_t *labels;

	if (bytes == PACK_SAME_OWNER)
		return p->has_owner ? 0 : corrupt(p, "no owner to repeat");
	if (bytes + z->apex_bytes > DNS_NAME_MAX)
		return corrupt(p, "owner over 255 octets");
	labels = wire_take_find(&p->in, bytes);
	if (!labels)
		return corrupt(p, "owner is cut off");
	if (p->has_owner && bytes + z->apex_bytes == name_length(p->owner) &&
	    memcmp(labels, p->owner, bytes) == 0)
		return corrupt(p, "owner is written twice");
	memcpy(p->owner, labels, bytes);
	memcpy(p->owner + bytes, z->apex, z->apex_bytes);
	p->has_owner = true;
	if (name_length_find(p->owner, bytes + z->apex_bytes) !=
	    bytes + z->apex_bytes)
		return corrupt(p, "owner is not a sound name");
	/* sound from both sides: the labels end where the apex starts */
	if (!name_is_at_or_below(p->owner, z->apex))
		return corrupt(p, "owner does not end in the apex");
	return is_lower(labels, bytes) ? 0 : corrupt(p, "owner has capitals");
}

static void
ignore_name(void *arg, size_t offset, bool may_compress)
{
	(void)arg;
	(void)offset;
	(void)may_compress;
}

static bool
in_order(const struct zone_records *z, const struct record *a,
    const struct record *b)
{
	size_t bytes =
	    a->rdata_bytes < b->rdata_bytes ? a->rdata_bytes : b->rdata_bytes;
	int c = 0;

	if (a->owner != b->owner)
		return name_compare(record_owner(z, a), record_owner(z, b)) < 0;
	if (a->type != b->type)
		return a->type < b->type;
	c = memcmp(record_rdata(z, a), record_rdata(z, b), bytes);
	return c ? c < 0 : a->rdata_bytes < b->rdata_bytes;
}

static int
read_record(struct pack_reader *p, struct zone_records *z)
{
	int rc = read_owner(p, z);
	uint16_t type, bytes;
	const uint8_t *rdata;
	uint32_t ttl;

	if (rc < 0)
		return rc;
	type = get16(&p->in);
	bytes = get16(&p->in);
	ttl = get32(&p->in);
	rdata = wire_take_find(&p->in, bytes);
	if (!rdata)
		return corrupt(p, "record is cut off");
	if (ttl > DNS_TTL_MAX)
		return corrupt(p, "TTL over 2^31 - 1");
	if (!rdata_names(type, rdata, bytes, ignore_name, NULL))
		return corrupt(p, "RDATA has not the shape of its type");
	rc = zone_records_add(z, p->owner, type, ttl, rdata, bytes, p->err);
	if (rc < 0)
		return rc;
	if (z->count > 1 &&
	    !in_order(z, &z->records[z->count - 2], &z->records[z->count - 1]))
		return corrupt(p, "records are not in canonical order");
	return 0;
}

static const uint8_t *
read_apex_find(struct pack_reader *p)
{
	size_t bytes = name_length_find(p->in.at, wire_left(&p->in));
	const uint8_t *apex = wire_take_find(&p->in, bytes);

	if (bytes == 0 || !is_lower(apex, bytes)) {
		corrupt(p, "apex is not a sound name in lower case");
		return NULL;
	}
	return apex;
}

static int
read_records(struct pack_reader *p, struct zone_records *z, uint32_t count)
{
	if (p->in.failed || count > wire_left(&p->in) / PACK_RECORD_BYTES)
		return corrupt(p, "more records than octets left");
	p->has_owner = false;
	for (uint32_t i = 0; i < count; i++) {
		int rc = read_record(p, z);

		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Reads one zone; gives it to the caller's function. */
static int
read_zone(struct pack_reader *p, const uint8_t **last_apex,
    int (*zone)(void *arg, struct zone_records *part, uint32_t serial,
	const struct digest *version, struct err *err),
    void *arg)
{
	const uint8_t *apex = read_apex_find(p), *version_bytes;
	struct digest version = {{0}};
	struct zone_records *z;
	uint32_t serial;
	int rc;

	if (!apex)
		return ERR_CORRUPT;
	if (*last_apex && name_compare(*last_apex, apex) >= 0)
		return corrupt(p, "zones are not in canonical order");
	*last_apex = apex;
	serial = get32(&p->in);
	version_bytes = wire_take_find(&p->in, DIGEST_BYTES);
	if (version_bytes)
		memcpy(version.b, version_bytes, DIGEST_BYTES);
	z = zone_records_new(apex, p->err);
	if (!z)
		return ERR_NO_MEMORY;
	rc = read_records(p, z, get32(&p->in));
	if (rc < 0) {
		zone_records_free(z);
		return rc;
	}
	return zone(arg, z, serial, &version, p->err);
}

int
pack_read(const void *data, size_t bytes,
    int (*zone)(void *arg, struct zone_records *part, uint32_t serial,
	const struct digest *version, struct err *err),
    void *arg, struct err *err)
{
	struct pack_reader p = {
	    .in = wire_reader_make(data, bytes), .start = data, .err = err};
	const uint8_t *magic = wire_take_find(&p.in, 8), *last_apex = NULL;
	uint32_t version, zones;

	if (!magic || memcmp(magic, PACK_MAGIC, 8) != 0)
		return corrupt(&p, "this is not a pack of records");
	version = get32(&p.in);
	zones = get32(&p.in);
	if (p.in.failed)
		return corrupt(&p, "header is cut off");
	if (version != PACK_VERSION)
		return err_set(err, ERR_VERSION,
		    "pack has version %u, this program reads %u", version,
		    PACK_VERSION);
	for (uint32_t i = 0; i < zones; i++) {
		int rc = read_zone(&p, &last_apex, zone, arg);

		if (rc < 0)
			return rc;
	}
	if (wire_left(&p.in) > 0)
		return corrupt(&p, "octets behind the last zone");
	return 0;
}
