/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Drawing queries from zones (query_draw.h). The names are shuffled once; a
 * rank, uniform or by Zipf's law, is a place in the shuffled list.
 */
#include "tools/load/query_draw.h"

#include <string.h>

#include "base/name.h"

enum {
	LABEL_LEAST = 10, /* of letters and digits: never the same twice */
	LABEL_MOST = 16,
	NAME_TRIES = 16,
	TYPES_OF_NAME_MAX = 64,
};

struct drawing {
	const struct query_zones *zones;
	const struct query_mix *mix;
	struct query_names names;
	struct zipf zipf;
	struct draw *d;
};

static void
names_shuffle(struct query_names *n, struct draw *d)
{
	for (size_t i = n->count; i > 1; i--) {
		size_t other = draw_below(d, i);
		struct query_name name = n->names[i - 1];

		n->names[i - 1] = n->names[other];
		n->names[other] = name;
	}
}

static struct query_name
name_draw(const struct drawing *w)
{
	uint64_t n = w->names.count;

	return w->names.names[w->mix->zipf > 0 ? zipf_draw(&w->zipf, w->d) - 1
					       : draw_below(w->d, n)];
}

static const uint8_t *
owner_of(const struct drawing *w, struct query_name name)
{
	const struct zone_records *z = w->zones->zones[name.zone];

	return record_owner(z, &z->records[name.record]);
}

/* One of the types that the name owns and clients ask for, each as likely. */
static uint16_t
type_draw(const struct drawing *w, struct query_name name)
{
	const struct zone_records *z = w->zones->zones[name.zone];
	const struct record *r = &z->records[name.record];
	size_t count = query_name_records(z, name.record);
	uint16_t types[TYPES_OF_NAME_MAX];
	unsigned n = 0;

	if (w->mix->ntypes)
		return w->mix->types[draw_below(w->d, w->mix->ntypes)];
	for (size_t i = 0; i < count && n < TYPES_OF_NAME_MAX; i++)
		/* of signatures, any are an answer */
		if (query_type_is_asked(r[i].type) &&
		    (n == 0 || types[n - 1] != r[i].type))
			types[n++] = r[i].type;
	return types[n == 1 ? 0 : draw_below(w->d, n)];
}

/* Writes a label of `bytes` letters and digits. */
static void
label_write(uint8_t *out, unsigned bytes, struct draw *d)
{
	static const char octets[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	uint64_t bits = 0;

	out[0] = (uint8_t)bytes;
	for (unsigned i = 0; i < bytes; i++) {
		/* a number of 64 bits is good for twelve digits of base 36 */
		if (i % 12 == 0)
			bits = draw_bits(d);
		out[1 + i] = (uint8_t)octets[bits % 36];
		bits /= 36;
	}
}

static unsigned
label_bytes_draw(struct draw *d)
{
	return LABEL_LEAST +
	       (unsigned)draw_below(d, LABEL_MOST - LABEL_LEAST + 1);
}

/* A new label in front of `parent`, as long as there is room for. */
static void
label_put(uint8_t out[DNS_NAME_MAX], const uint8_t *parent, struct draw *d)
{
	size_t parent_bytes = name_length(parent);
	size_t room = DNS_NAME_MAX - parent_bytes;
	unsigned bytes = label_bytes_draw(d);

	if (bytes + 1 > room)
		bytes = room > 1 ? (unsigned)room - 1 : 0;
	if (bytes)
		label_write(out, bytes, d);
	memcpy(out + (bytes ? bytes + 1 : 0), parent, parent_bytes);
}

static bool
has_wildcard(const struct drawing *w, uint32_t zone, const uint8_t *parent)
{
	uint8_t wildcard[DNS_NAME_MAX + 1] = {1, '*'};
	size_t bytes = name_length(parent);

	if (!w->names.has_wildcards[zone] || bytes + 2 > DNS_NAME_MAX)
		return false;
	memcpy(wildcard + 2, parent, bytes);
	return query_zone_has(w->zones->zones[zone], wildcard);
}

/* A name that is not there: another first label in place of that of a name
 * which is. Not where a wildcard would stand in, if that can be helped. */
static uint32_t
beside_draw(const struct drawing *w, uint8_t out[DNS_NAME_MAX])
{
	const uint8_t *owner, *apex;
	struct query_name name;
	unsigned tries = 0;

	do {
		name = name_draw(w);
		owner = owner_of(w, name);
		apex = w->zones->zones[name.zone]->apex;
		if (!name_equal(owner, apex))
			owner = name_parent(owner, 1);
	} while (has_wildcard(w, name.zone, owner) && ++tries < NAME_TRIES);
	label_put(out, owner, w->d);
	return name.zone;
}

/* A name below an apex with labels never seen before: one, or as many as the
 * mix wants and 255 octets have room for. All but the first have one octet. */
static uint32_t
random_draw(const struct drawing *w, uint8_t out[DNS_NAME_MAX])
{
	uint32_t zone = name_draw(w).zone;
	const uint8_t *apex = w->zones->zones[zone]->apex;
	size_t apex_bytes = name_length(apex);
	unsigned wanted = w->mix->name_labels, have = name_labels(apex);
	unsigned room = (unsigned)(DNS_NAME_MAX - apex_bytes);
	unsigned more = wanted > have + 1 ? wanted - have - 1 : 0;
	uint8_t tail[DNS_NAME_MAX];
	size_t at;

	if (room < 4)
		more = 0;
	else if (2 * more > room - 2)
		more = (room - 2) / 2;
	for (at = 0; at < 2 * more; at += 2)
		label_write(tail + at, 1, w->d);
	memcpy(tail + at, apex, apex_bytes);
	label_put(out, tail, w->d);
	return zone;
}

static enum query_kind
kind_draw(const struct drawing *w)
{
	double share = draw_unit(w->d) * 100;

	if (share < w->mix->nxdomain_percent)
		return QUERY_NXDOMAIN;
	return share < w->mix->nxdomain_percent + w->mix->random_percent
	           ? QUERY_RANDOM
	           : QUERY_HIT;
}

static int
query_draw_one(const struct drawing *w, struct query_build *b, struct err *err)
{
	uint8_t made[DNS_NAME_MAX], message[QUERY_MESSAGE_MAX];
	enum query_kind kind = kind_draw(w);
	const uint8_t *qname = made;
	uint16_t type = DNS_TYPE_A;
	struct query_name name;
	uint32_t zone;

	if (kind == QUERY_NXDOMAIN) {
		zone = beside_draw(w, made);
	} else if (kind == QUERY_RANDOM) {
		zone = random_draw(w, made);
	} else {
		name = name_draw(w);
		zone = name.zone;
		qname = owner_of(w, name);
		type = type_draw(w, name);
	}
	return query_build_add(b, message,
	    query_compose(message, qname, type, w->mix, w->d), kind, zone, err);
}

int
query_draw(struct query_build *b, const struct query_zones *z,
    const struct query_mix *mix, uint32_t count, struct draw *d,
    struct err *err)
{
	struct drawing w = {.zones = z, .mix = mix, .d = d};
	int rc = query_names_collect(&w.names, z, mix, err);

	if (rc == 0) {
		names_shuffle(&w.names, d);
		zipf_init(&w.zipf, mix->zipf, w.names.count);
	}
	for (uint32_t i = 0; rc == 0 && i < count; i++) {
		rc = query_draw_one(&w, b, err);
		query_progress(mix, "queries", i + 1, count);
	}
	query_names_fini(&w.names);
	return rc;
}
