/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Replies of the parser (parser_message.h), written. Runs in the parser;
 * allocates the head of one.
 */
#include "control/parser/parser_message.h"

#include <string.h>

#include "base/name.h"

enum { GATHER_BYTES = 8192 };

static void
put(struct bytes *out, const void *p, size_t bytes)
{
	bytes_append(out, p, bytes);
}

static void
put_text(struct bytes *out, const char *text, size_t most)
{
	size_t n = strnlen(text, most);
	uint16_t bytes = (uint16_t)n;

	put(out, &bytes, sizeof bytes);
	put(out, text, n);
}

static void
put_file(struct bytes *out, const struct zonefile_stamp_file *f)
{
	put_text(out, f->path, UINT16_MAX);
	put(out, &f->device, sizeof f->device);
	put(out, &f->inode, sizeof f->inode);
	put(out, &f->bytes, sizeof f->bytes);
	put(out, &f->modified_ns, sizeof f->modified_ns);
	put(out, &f->changed_ns, sizeof f->changed_ns);
}

static void
put_head(struct bytes *out, const struct err *why,
    const struct zonefile_stamp *stamp, const struct bytes *warnings)
{
	uint8_t flags = (stamp->racy ? PARSER_STAMP_RACY : 0) |
	                (stamp->denied ? PARSER_STAMP_DENIED : 0);
	uint32_t count = (uint32_t)stamp->count, nwarnings = 0;

	put_text(out, why ? why->text : "", ERR_TEXT_MAX - 1);
	put(out, &flags, sizeof flags);
	put(out, &count, sizeof count);
	for (uint32_t i = 0; i < count; i++)
		put_file(out, &stamp->files[i]);
	for (size_t i = 0; i < warnings->len; i++)
		nwarnings += warnings->data[i] == 0;
	put(out, &nwarnings, sizeof nwarnings);
	for (size_t i = 0; i < warnings->len;) {
		const char *text = (const char *)warnings->data + i;

		put_text(out, text, ERR_TEXT_MAX - 1);
		i += strlen(text) + 1;
	}
}

static bool
has_new_owner(const struct zone_records *z, size_t i)
{
	return i == 0 || z->records[i].owner != z->records[i - 1].owner;
}

/* Octets of the owners of some records, each counted once. */
static size_t
owners_bytes(const struct zone_records *z, size_t at, size_t end)
{
	size_t bytes = 0;

	for (size_t i = at; i < end; i++)
		if (has_new_owner(z, i))
			bytes += name_length(record_owner(z, &z->records[i]));
	return bytes;
}

static size_t
rdata_bytes(const struct zone_records *z)
{
	size_t bytes = 0;

	for (size_t i = 0; i < z->count; i++)
		bytes += z->records[i].rdata_bytes;
	return bytes;
}

int
parser_reply_write_head(struct bytes *out, int code,
    const struct zone_records *records, const struct err *why,
    const struct zonefile_stamp *stamp, const struct bytes *warnings)
{
	struct parser_reply_d d = {.magic = PARSER_MAGIC, .code = code};
	size_t start = out->len;

	if (records) {
		/* what is sealed has at most 4 GiB of each */
		d.records = (uint32_t)records->count;
		d.names_bytes =
		    (uint32_t)owners_bytes(records, 0, records->count);
		d.rdata_bytes = (uint32_t)rdata_bytes(records);
	}
	put(out, &d, sizeof d);
	put_head(out, why, stamp, warnings);
	if (out->failed || out->len - start - sizeof d > PARSER_HEAD_MAX)
		return ERR_LIMIT;
	d.head_bytes = (uint32_t)(out->len - start - sizeof d);
	memcpy(out->data + start, &d, sizeof d);
	return 0;
}

/* Many small pieces, which go on together. */
struct gather {
	void (*add)(void *arg, const void *p, size_t bytes);
	void *arg;
	size_t n;
	uint8_t held[GATHER_BYTES];
};

static void
gather_add(struct gather *g, const void *p, size_t bytes)
{
	if (bytes > sizeof g->held - g->n) {
		g->add(g->arg, g->held, g->n);
		g->n = 0;
	}
	if (bytes > sizeof g->held) {
		g->add(g->arg, p, bytes);
		return;
	}
	memcpy(g->held + g->n, p, bytes);
	g->n += bytes;
}

static void
gather_chunk(
    struct gather *g, const struct zone_records *z, size_t at, size_t end)
{
	const struct parser_chunk_d chunk = {
	    .names_bytes = (uint32_t)owners_bytes(z, at, end)};

	gather_add(g, &chunk, sizeof chunk);
	for (size_t i = at; i < end; i++) {
		const struct record *r = &z->records[i];
		const struct parser_record_d d = {
		    .new_owner_and_ttl =
			r->ttl | (has_new_owner(z, i) ? PARSER_NEW_OWNER : 0),
		    .type = r->type,
		    .rdata_bytes = r->rdata_bytes};

		gather_add(g, &d, sizeof d);
	}
	for (size_t i = at; i < end; i++) {
		const uint8_t *owner = record_owner(z, &z->records[i]);

		if (has_new_owner(z, i))
			gather_add(g, owner, name_length(owner));
	}
	for (size_t i = at; i < end; i++)
		gather_add(g, record_rdata(z, &z->records[i]),
		    z->records[i].rdata_bytes);
}

void
parser_reply_write_records(const struct zone_records *z,
    void (*add)(void *arg, const void *p, size_t bytes), void *arg)
{
	struct gather g;

	g.add = add;
	g.arg = arg;
	g.n = 0;
	for (size_t i = 0; i < z->count; i += PARSER_CHUNK_RECORDS)
		gather_chunk(&g, z, i,
		    z->count - i < PARSER_CHUNK_RECORDS
			? z->count
			: i + PARSER_CHUNK_RECORDS);
	add(arg, g.held, g.n);
}
