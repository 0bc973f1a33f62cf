/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Replies of the parser (parser_message.h), read and checked: hostile. Runs in
 * holdfastd's worker, which allocates the records, the paths of the stamp and
 * the warnings.
 */
#include "control/parser/parser_message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/wire.h"
#include "snapshot/hash.h"

static int
unsound(struct err *err, const char *what)
{
	return err_set(
	    err, ERR_CORRUPT, "what its parser says is unsound: %s", what);
}

static void
take(struct wire_reader *r, void *to, size_t bytes)
{
	const uint8_t *p = wire_take_find(r, bytes);

	memset(to, 0, bytes);
	if (p)
		memcpy(to, p, bytes);
}

/* A text of at most `most` octets; NULL if it is cut off, or longer. */
static const uint8_t *
take_text_find(struct wire_reader *r, size_t most, uint16_t *bytes)
{
	take(r, bytes, sizeof *bytes);
	if (*bytes > most)
		r->failed = true;
	return wire_take_find(r, *bytes);
}

/* It goes to logs and terminals: what is no printable character is shown as
 * "?". What is not ASCII stays. */
static void
copy_printable(char *to, const uint8_t *from, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		to[i] = from[i] < ' ' || from[i] == 0x7f ? '?' : (char)from[i];
	to[bytes] = 0;
}

static int
read_file(struct wire_reader *r, struct zonefile_stamp *stamp, struct err *err)
{
	struct zonefile_stamp_file *f = &stamp->files[stamp->count];
	uint16_t bytes;
	const uint8_t *path = take_text_find(r, UINT16_MAX, &bytes);

	if (!path || bytes == 0 || memchr(path, 0, bytes))
		return unsound(err, "a path of no file");
	f->path = strndup((const char *)path, bytes);
	if (!f->path)
		return err_set(err, ERR_NO_MEMORY, "no memory for a stamp");
	stamp->count++;
	take(r, &f->device, sizeof f->device);
	take(r, &f->inode, sizeof f->inode);
	take(r, &f->bytes, sizeof f->bytes);
	take(r, &f->modified_ns, sizeof f->modified_ns);
	take(r, &f->changed_ns, sizeof f->changed_ns);
	return 0;
}

enum { FILE_BYTES_LEAST = 2 + 1 + 40 };

static int
read_stamp(struct wire_reader *r, struct zonefile_stamp *stamp,
    const char *path, struct err *err)
{
	uint8_t flags = wire_read8(r);
	uint32_t count;
	int rc = 0;

	take(r, &count, sizeof count);
	if (r->failed || flags & ~(PARSER_STAMP_RACY | PARSER_STAMP_DENIED) ||
	    count > PARSER_FILES_MAX || count > wire_left(r) / FILE_BYTES_LEAST)
		return unsound(err, "the files that it read");
	stamp->racy = flags & PARSER_STAMP_RACY;
	stamp->denied = flags & PARSER_STAMP_DENIED;
	stamp->files = calloc(count + 1, sizeof *stamp->files);
	if (!stamp->files)
		return err_set(err, ERR_NO_MEMORY, "no memory for a stamp");
	for (uint32_t i = 0; i < count && rc == 0; i++)
		rc = read_file(r, stamp, err);
	if (rc == 0 && count && strcmp(stamp->files[0].path, path) != 0)
		rc = unsound(err, "it read another file");
	return rc;
}

static int
read_warnings(struct wire_reader *r, struct bytes *warnings, struct err *err)
{
	char text[ERR_TEXT_MAX];
	uint32_t count;

	take(r, &count, sizeof count);
	if (count > PARSER_WARNINGS_MAX + 1)
		return unsound(err, "its warnings");
	for (uint32_t i = 0; i < count && !r->failed; i++) {
		uint16_t bytes;
		const uint8_t *p = take_text_find(r, ERR_TEXT_MAX - 1, &bytes);

		if (!p)
			break;
		copy_printable(text, p, bytes);
		bytes_append(warnings, text, bytes + 1u);
	}
	if (warnings->failed)
		return err_set(err, ERR_NO_MEMORY, "no memory for warnings");
	return 0;
}

static int
read_head(struct parser_reply *out, const uint8_t *head, size_t head_bytes,
    const char *path, struct err *err)
{
	struct wire_reader r = wire_reader_make(head, head_bytes);
	uint16_t bytes;
	const uint8_t *text = take_text_find(&r, ERR_TEXT_MAX - 1, &bytes);
	int rc;

	if (!text)
		return unsound(err, "no text");
	out->why.code = out->code;
	copy_printable(out->why.text, text, bytes);
	rc = read_stamp(&r, &out->stamp, path, err);
	if (rc == 0)
		rc = read_warnings(&r, &out->warnings, err);
	if (rc == 0 && (r.failed || wire_left(&r)))
		rc = unsound(err, "it is cut off, or goes on");
	return rc;
}

/* So many octets more, behind those of before. */
static int
read_octets(struct bytes *to, size_t bytes, const struct parser_stream *s,
    struct err *err)
{
	int rc;

	/* one more: of none there is a place, too */
	if (!bytes_reserve(to, bytes + 1))
		return err_set(err, ERR_NO_MEMORY, "no memory for records");
	rc = s->read(s->arg, to->data + to->len, bytes, err);
	if (rc == 0)
		to->len += bytes;
	return rc;
}

/* Memory for what the reply says that it has, and to read over the end of. */
static int
reserve(struct zone_records *z, const struct parser_reply_d *d, struct err *err)
{
	z->records = malloc((d->records + 1ul) * sizeof *z->records);
	if (!z->records ||
	    !bytes_reserve(
		&z->names, (size_t)d->names_bytes + NAME_HASH_OVERREAD) ||
	    !bytes_reserve(
		&z->rdata, (size_t)d->rdata_bytes + NAME_HASH_OVERREAD))
		return err_set(err, ERR_NO_MEMORY, "no memory for records");
	z->cap = d->records + 1ul;
	return 0;
}

/* Where each owner is shows when the names are here. */
static int
place_records(struct zone_records *z, const struct parser_record_d *chunk,
    size_t count, size_t name, size_t rdata, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		const struct parser_record_d *d = &chunk[i];
		struct record *r = &z->records[z->count];
		bool is_new = d->new_owner_and_ttl & PARSER_NEW_OWNER;
		size_t bytes = is_new ? name_length_find(z->names.data + name,
					    z->names.len - name)
		                      : 0;

		if (is_new && bytes == 0)
			return unsound(err, "an owner that is no sound name");
		if (!is_new && z->count == 0)
			return unsound(err, "a record without an owner");
		*r = (struct record){
		    .owner = is_new ? (uint32_t)name : r[-1].owner,
		    .rdata = (uint32_t)rdata,
		    .ttl = d->new_owner_and_ttl & ~PARSER_NEW_OWNER,
		    .type = d->type,
		    .rdata_bytes = d->rdata_bytes};
		z->count++;
		name += bytes;
		rdata += d->rdata_bytes;
	}
	return 0;
}

/* So many records with their names and RDATA. */
static int
read_chunk(struct zone_records *z, size_t count, const struct parser_reply_d *d,
    const struct parser_stream *s, struct err *err)
{
	struct parser_record_d chunk[PARSER_CHUNK_RECORDS];
	size_t name = z->names.len, rdata = z->rdata.len, rdata_bytes = 0;
	struct parser_chunk_d c;
	int rc = s->read(s->arg, &c, sizeof c, err);

	if (rc == 0)
		rc = s->read(s->arg, chunk, count * sizeof *chunk, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < count; i++)
		rdata_bytes += chunk[i].rdata_bytes;
	if (c.names_bytes > d->names_bytes - name ||
	    rdata_bytes > d->rdata_bytes - rdata)
		return unsound(err, "more names or RDATA than it says");
	rc = read_octets(&z->names, c.names_bytes, s, err);
	if (rc == 0)
		rc = read_octets(&z->rdata, rdata_bytes, s, err);
	return rc ? rc : place_records(z, chunk, count, name, rdata, err);
}

/* --- what may not be served --- */

struct zone_warnings {
	const char *path;
	struct bytes *out;
};

static void
warning_add(void *arg, const char *text)
{
	const struct zone_warnings *w = arg;
	char line[ERR_TEXT_MAX];

	snprintf(line, sizeof line, "%s: %s", w->path, text);
	bytes_append(w->out, line, strlen(line) + 1);
}

/* What arrives is checked while the rest is on its way; then it is marked.
 */
static int
admit(struct zone_records *z, const struct parser_reply_d *d,
    const struct parser_stream *s, struct err *err)
{
	struct zone_admission a = {.z = z};
	int rc = reserve(z, d, err);

	while (rc == 0 && z->count < d->records) {
		size_t left = d->records - z->count;

		rc = read_chunk(z,
		    left < PARSER_CHUNK_RECORDS ? left : PARSER_CHUNK_RECORDS,
		    d, s, err);
		if (rc)
			return rc;
		rc = zone_records_admit_some(&a, err);
	}
	if (rc == 0)
		rc = zone_records_admit_end(&a, err);
	if (rc == ERR_CORRUPT || rc == ERR_LIMIT)
		return err_add(err, "what its parser says is unsound");
	return rc;
}

/* As the end of zonefile_load(), which is not the parser's to say. A zone that
 * may not be served is a sound reply. */
static int
judge(struct parser_reply *out, const struct zone_records *z, const char *path,
    int rc, struct err *err)
{
	struct zone_warnings w = {path, &out->warnings};

	if (rc == 0)
		rc = zone_check(z, warning_add, &w, err);
	if (out->warnings.failed)
		return err_set(err, ERR_NO_MEMORY, "no memory for warnings");
	if (rc != ERR_SEMANTIC)
		return rc;
	err_add(err, "%s", path);
	out->code = rc;
	out->why = *err;
	return 0;
}

static int
read_zone(struct parser_reply *out, const struct parser_reply_d *d,
    const struct parser_stream *s, const char *path, const uint8_t *apex,
    struct err *err)
{
	struct zone_records *z = zone_records_new(apex, err);
	int rc;

	if (!z)
		return ERR_NO_MEMORY;
	rc = judge(out, z, path, admit(z, d, s, err), err);
	if (rc || out->code)
		zone_records_free(z);
	else
		out->records = z;
	return rc;
}

static int
check_counts(
    const struct parser_reply_d *d, uint64_t memory_max, struct err *err)
{
	uint64_t bytes = (uint64_t)d->records * sizeof(struct record) +
	                 d->names_bytes + d->rdata_bytes;

	if (d->magic != PARSER_MAGIC || d->head_bytes > PARSER_HEAD_MAX)
		return unsound(err, "no reply");
	/* ERR_UNAVAILABLE is what holdfastd says of a parser, not the parser */
	if (d->code > 0 || d->code <= ERR_UNAVAILABLE)
		return unsound(err, "an unknown verdict");
	if (d->code ? bytes != 0 : d->records == 0)
		return unsound(err, "verdict and records do not agree");
	if (bytes > memory_max)
		return unsound(err, "more records than it has memory");
	return 0;
}

int
parser_reply_read(struct parser_reply *out, const struct parser_stream *s,
    const char *path, const uint8_t *apex, uint64_t memory_max, struct err *err)
{
	struct parser_reply_d d;
	struct bytes head = {0};
	int rc = s->read(s->arg, &d, sizeof d, err);

	*out = (struct parser_reply){0};
	if (rc == 0)
		rc = check_counts(&d, memory_max, err);
	if (rc)
		return rc;
	out->code = d.code;
	rc = read_octets(&head, d.head_bytes, s, err);
	if (rc == 0)
		rc = read_head(out, head.data, head.len, path, err);
	bytes_fini(&head);
	if (rc == 0 && d.code == 0)
		rc = read_zone(out, &d, s, path, apex, err);
	if (rc)
		parser_reply_fini(out);
	return rc;
}

void
parser_reply_fini(struct parser_reply *r)
{
	zonefile_stamp_fini(&r->stamp);
	zone_records_free(r->records);
	bytes_fini(&r->warnings);
	*r = (struct parser_reply){0};
}
