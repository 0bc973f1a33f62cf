/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Reading, checking and describing one file of a store. The bytes may be
 * anybody's: what is described of a cell is its header, within bounds. Holds
 * the file in memory.
 */
#include "tools/store_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/name.h"
#include "snapshot/manifest.h"
#include "snapshot/records.h"
#include "snapshot/verify.h"

const char *
store_file_kind_name(enum store_file_kind kind)
{
	static const char *const names[] = {"cell", "manifest", "records"};

	return names[kind];
}

bool
store_file_is(const char *word)
{
	struct stat st;

	return strchr(word, '/') || strchr(word, '.') ||
	       (stat(word, &st) == 0 && S_ISREG(st.st_mode));
}

static int
kind_find(struct store_file *f, struct err *err)
{
	static const char *const magics[] = {
	    CELL_MAGIC, MANIFEST_MAGIC, PACK_MAGIC};

	for (unsigned i = 0; i < 3; i++) {
		if (f->text.len >= 8 &&
		    memcmp(f->text.data, magics[i], 8) == 0) {
			f->kind = (enum store_file_kind)i;
			return 0;
		}
	}
	return err_set(err, ERR_CORRUPT,
	    "%s: neither a cell, a manifest nor a file of records", f->path);
}

/* "…/DIGEST.cell" */
static void
name_take(struct store_file *f)
{
	const char *base = strrchr(f->path, '/');
	char hex[DIGEST_TEXT_MAX];
	struct err err;

	base = base ? base + 1 : f->path;
	if (strlen(base) < 2 * DIGEST_BYTES || base[2 * DIGEST_BYTES] != '.')
		return;
	memcpy(hex, base, 2 * DIGEST_BYTES);
	hex[2 * DIGEST_BYTES] = '\0';
	f->named = digest_from_text(&f->name, hex, &err) == 0;
}

int
store_file_read(struct store_file *f, const char *path, struct err *err)
{
	int rc;

	memset(f, 0, sizeof *f);
	f->path = path;
	bytes_init(&f->text);
	rc = file_read(AT_FDCWD, path, CELL_BYTES_MAX, &f->text, err);
	if (!rc)
		rc = kind_find(f, err);
	if (rc)
		return rc;
	digest_of(&f->digest, f->text.data, f->text.len);
	name_take(f);
	f->aligned = aligned_alloc(64, (f->text.len + 63) / 64 * 64);
	if (f->aligned == NULL)
		return err_set(err, ERR_NO_MEMORY, "%s: out of memory", path);
	memcpy(f->aligned, f->text.data, f->text.len);
	return 0;
}

void
store_file_fini(struct store_file *f)
{
	bytes_fini(&f->text);
	free(f->aligned);
}

/* --- checking
 * ------------------------------------------------------------------ */

static const struct cell_header_d *
cell_header_find(const struct store_file *f)
{
	if (f->text.len < sizeof(struct cell_header_d))
		return NULL;
	return (const void *)f->aligned;
}

/* The split table is the manifest's; for a cell by itself one is made up that
 * agrees with its header, so that all else is checked. */
static int
cell_check(
    const struct store_file *f, const struct name_key *key, struct err *err)
{
	const struct cell_header_d *h = cell_header_find(f);
	struct cell_expect expect = {.key = key};
	struct split_d split = {0};

	if (h == NULL)
		return err_set(err, ERR_CORRUPT, "shorter than a cell header");
	expect.kind = (enum cell_kind)h->kind;
	expect.slot = h->slot;
	expect.slot_bits = h->slot_bits;
	if (h->kind != CELL_SHARED) {
		if (h->apex_bytes > DNS_NAME_MAX || h->apex_off > f->text.len ||
		    h->apex_bytes > f->text.len - h->apex_off)
			return err_set(err, ERR_CORRUPT,
			    "the apex name is outside of the cell");
		split.bits = (uint8_t)h->slot_bits;
		split.apex_bytes = (uint8_t)h->apex_bytes;
		memcpy(split.apex, f->aligned + h->apex_off, h->apex_bytes);
		expect.split = &split;
		expect.split_no = h->split;
	}
	return cell_verify(f->aligned, f->text.len, &expect, err);
}

static int
part_drop(void *arg, struct zone_records *part, uint32_t serial,
    const struct digest *version, struct err *err)
{
	(void)arg;
	(void)serial;
	(void)version;
	(void)err;
	zone_records_free(part);
	return 0;
}

int
store_file_verify(
    const struct store_file *f, struct store *key_store, struct err *err)
{
	char hex[DIGEST_TEXT_MAX];
	int rc = 0;

	if (f->named && !digest_equal(&f->name, &f->digest))
		return err_set(err, ERR_CORRUPT,
		    "%s: the digest of its bytes is %s: it is damaged", f->path,
		    digest_to_text(hex, &f->digest));
	if (f->kind == FILE_MANIFEST)
		rc = manifest_verify(f->aligned, f->text.len, err);
	else if (f->kind == FILE_PACK)
		rc = pack_read(f->aligned, f->text.len, part_drop, NULL, err);
	else if (key_store)
		rc = cell_check(f, store_key(key_store), err);
	else
		rc = err_set(err, ERR_USAGE,
		    "the structure of a cell can be checked with the key of its "
		    "store only: give --store DIR");
	return rc ? err_add(err, "%s", f->path) : 0;
}

/* --- describing
 * ----------------------------------------------------------------- */

static const char *
cell_kind_text(uint32_t kind)
{
	switch (kind) {
	case CELL_SHARED:
		return "shared";
	case CELL_SPLIT:
		return "split";
	case CELL_DENIAL_NSEC:
		return "NSEC";
	case CELL_DENIAL_NSEC3:
		return "NSEC3";
	default:
		return "unknown";
	}
}

/* Names in the table, or in the chain of a denial cell: both kinds of chain
 * begin with their count. */
static uint32_t
cell_names(const struct store_file *f)
{
	const struct cell_header_d *h = cell_header_find(f);
	uint32_t count;

	if (h->kind == CELL_SHARED || h->kind == CELL_SPLIT ||
	    f->text.len < sizeof *h + sizeof count)
		return h->nnodes;
	memcpy(&count, f->aligned + sizeof *h, sizeof count);
	return count;
}

static int
cell_show(const struct store_file *f, const struct tool *t, struct err *err)
{
	const struct cell_header_d *h = cell_header_find(f);
	const char *kind;
	char size[32];

	if (h == NULL || h->version != FORMAT_VERSION)
		return err_set(err, ERR_VERSION,
		    "%s: a cell of a format that this program does not know",
		    f->path);
	kind = cell_kind_text(h->kind);
	if (t->json) {
		output_json(json_pack(
		    "{s:b, s:s, s:o, s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "ok",
		    1, "file", "cell", "digest", output_json_digest(&f->digest),
		    "kind", kind, "bytes", (json_int_t)f->text.len, "names",
		    (json_int_t)cell_names(f), "zones", (json_int_t)h->nzones,
		    "buckets", (json_int_t)h->nbuckets, "slot",
		    (json_int_t)h->slot, "slot_bits",
		    (json_int_t)h->slot_bits));
		return 0;
	}
	printf("%s cell, %s: %u names in %u buckets, %u zones, slot %u of "
	       "2^%u\n",
	    kind, output_bytes(size, f->text.len), cell_names(f), h->nbuckets,
	    h->nzones, h->slot, h->slot_bits);
	return 0;
}

static int
manifest_show(const struct store_file *f, const struct tool *t, struct err *err)
{
	const struct manifest_header_d *h;
	struct digest parent;
	char hex[DIGEST_TEXT_MAX];
	int rc = manifest_verify(f->aligned, f->text.len, err);

	if (rc)
		return err_add(err, "%s", f->path);
	h = manifest_header(f->aligned);
	memcpy(parent.b, h->parent, DIGEST_BYTES);
	if (t->json)
		output_json(json_pack("{s:b, s:s, s:o, s:o, s:I, s:I, s:I}",
		    "ok", 1, "file", "manifest", "digest",
		    output_json_digest(&f->digest), "parent",
		    output_json_digest(&parent), "zones", (json_int_t)h->nzones,
		    "slots", (json_int_t)h->nslots, "splits",
		    (json_int_t)h->nsplits));
	else
		printf("manifest: %u zones, %u slots, %u split zones, parent "
		       "%s\n",
		    h->nzones, h->nslots, h->nsplits,
		    digest_is_zero(&parent) ? "none"
					    : digest_to_text(hex, &parent));
	return 0;
}

struct pack_show {
	const struct tool *tool;
	json_t *zones;
};

static int
part_show(void *arg, struct zone_records *part, uint32_t serial,
    const struct digest *version, struct err *err)
{
	struct pack_show *show = arg;
	char name[NAME_TEXT_MAX];

	(void)version;
	(void)err;
	name_to_text(name, part->apex);
	if (show->tool->json)
		json_array_append_new(
		    show->zones, json_pack("{s:s, s:I, s:I}", "name", name,
				     "serial", (json_int_t)serial, "records",
				     (json_int_t)part->count));
	else
		printf("%s serial %u, %zu records here\n", name, serial,
		    part->count);
	zone_records_free(part);
	return 0;
}

static int
pack_show(const struct store_file *f, const struct tool *t, struct err *err)
{
	struct pack_show show = {.tool = t, .zones = json_array()};
	int rc = pack_read(f->aligned, f->text.len, part_show, &show, err);

	if (rc)
		err_add(err, "%s", f->path);
	else if (t->json)
		output_json(json_pack("{s:b, s:s, s:o, s:O}", "ok", 1, "file",
		    "records", "digest", output_json_digest(&f->digest),
		    "zones", show.zones));
	json_decref(show.zones);
	return rc;
}

int
store_file_show(
    const struct store_file *f, const struct tool *t, struct err *err)
{
	switch (f->kind) {
	case FILE_CELL:
		return cell_show(f, t, err);
	case FILE_MANIFEST:
		return manifest_show(f, t, err);
	default:
		return pack_show(f, t, err);
	}
}
