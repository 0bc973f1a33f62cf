/* SPDX-License-Identifier: BSD-2-Clause
 *
 * holdfast show: what a store, a generation or a file of a store has in it.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/name.h"
#include "snapshot/manifest.h"
#include "snapshot/verify.h"
#include "tools/store_file.h"

struct folder {
	uint64_t files, bytes;
};

/* Files in DIR/NAME; temporary ones not counted. */
static struct folder
folder_count(const struct store *s, const char *name)
{
	struct folder total = {0};
	char path[4096];
	struct dirent *e;
	struct stat st;
	DIR *d;

	snprintf(path, sizeof path, "%s/%s", store_dir(s), name);
	d = opendir(path);
	while (d && (e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.' ||
		    fstatat(dirfd(d), e->d_name, &st, 0) < 0)
			continue;
		total.files++;
		total.bytes += (uint64_t)st.st_size;
	}
	if (d)
		closedir(d);
	return total;
}

static size_t
condemned_count(struct store *s)
{
	struct store_condemned *list = NULL;
	size_t count = 0;
	struct err err;

	if (store_condemned_read(s, &list, &count, &err))
		count = 0;
	free(list);
	return count;
}

static json_t *
folder_json(struct folder f)
{
	return json_pack("{s:I, s:I}", "files", (json_int_t)f.files, "bytes",
	    (json_int_t)f.bytes);
}

static void
folder_print(const char *name, struct folder f)
{
	char size[32];

	printf("%-12s %llu files, %s\n", name, (unsigned long long)f.files,
	    output_bytes(size, f.bytes));
}

static enum tool_status
store_show(const struct tool *t, struct store *s)
{
	struct folder cells = folder_count(s, "cells");
	struct folder records = folder_count(s, "records");
	struct folder candidates = folder_count(s, "candidates");
	struct folder generations = folder_count(s, "generations");
	bool owned = store_is_locked(s, STORE_LOCK_OWNER);
	bool served = store_is_locked(s, STORE_LOCK_COMMIT);
	struct store_current c;
	char hex[DIGEST_TEXT_MAX], when[32];
	struct err err;

	if (store_current_read(s, &c, &err))
		return tool_fail_store(t, &err);
	if (t->json) {
		output_json(json_pack("{s:b, s:s, s:o, s:I, s:I, s:o, s:o, s:o,"
				      " s:o, s:I, s:b, s:b}",
		    "ok", 1, "store", store_dir(s), "current",
		    output_json_digest(&c.generation), "activation",
		    (json_int_t)c.activation, "committed_at",
		    (json_int_t)c.committed_at, "cells", folder_json(cells),
		    "records", folder_json(records), "candidates",
		    folder_json(candidates), "generations",
		    folder_json(generations), "condemned",
		    (json_int_t)condemned_count(s), "owner_alive", owned,
		    "committer_alive", served));
		return TOOL_OK;
	}
	printf("store        %s\n", store_dir(s));
	printf("current      %s\n", digest_is_zero(&c.generation)
					? "none yet"
					: digest_to_text(hex, &c.generation));
	printf("activation   %llu, committed %s\n",
	    (unsigned long long)c.activation,
	    output_time(when, c.committed_at));
	folder_print("generations", generations);
	folder_print("candidates", candidates);
	folder_print("cells", cells);
	folder_print("records", records);
	printf("condemned    %zu slots\n", condemned_count(s));
	printf("in use       %s%s%s\n", owned ? "by a builder" : "",
	    owned && served ? " and " : "",
	    served  ? "by who commits (a data plane, or the builder)"
	    : owned ? ""
		    : "by nobody who writes");
	return TOOL_OK;
}

static const char *
denial_kind_text(uint8_t kind)
{
	return kind == DENIAL_NSEC    ? "NSEC"
	       : kind == DENIAL_NSEC3 ? "NSEC3"
	                              : "none";
}

static json_t *
splits_json(const struct manifest_header_d *h, const struct split_d *splits)
{
	json_t *list = json_array();
	char name[NAME_TEXT_MAX];

	for (uint32_t i = 0; i < h->nsplits; i++) {
		if (splits[i].apex_bytes == 0)
			continue;
		json_array_append_new(list,
		    json_pack("{s:s, s:I, s:I, s:s}", "zone",
			name_to_text(name, splits[i].apex), "slots",
			(json_int_t)(1u << splits[i].bits), "denial_slots",
			(json_int_t)splits[i].denial_slots, "denial",
			denial_kind_text(splits[i].denial_kind)));
	}
	return list;
}

static void
splits_print(const struct manifest_header_d *h, const struct split_d *splits)
{
	char name[NAME_TEXT_MAX];

	for (uint32_t i = 0; i < h->nsplits; i++) {
		if (splits[i].apex_bytes == 0)
			continue;
		printf("split zone   %s, %u cells",
		    name_to_text(name, splits[i].apex), 1u << splits[i].bits);
		if (splits[i].denial_slots)
			printf(" and %u of %s", splits[i].denial_slots,
			    denial_kind_text(splits[i].denial_kind));
		printf("\n");
	}
}

static uint32_t
slots_filled(const void *manifest)
{
	const struct slot_d *slots = manifest_slots(manifest);
	uint32_t n = 0;

	for (uint32_t i = 0; i < manifest_header(manifest)->nslots; i++) {
		struct digest d;

		memcpy(d.b, slots[i].cell, DIGEST_BYTES);
		n += !digest_is_zero(&d);
	}
	return n;
}

static void
manifest_print(
    const struct tool *t, const void *manifest, const struct digest *digest)
{
	const struct manifest_header_d *h = manifest_header(manifest);
	const struct split_d *splits = manifest_splits(manifest);
	char hex[DIGEST_TEXT_MAX];
	struct digest parent;

	memcpy(parent.b, h->parent, DIGEST_BYTES);
	if (t->json) {
		output_json(
		    json_pack("{s:b, s:o, s:o, s:I, s:I, s:I, s:I, s:o}", "ok",
			1, "generation", output_json_digest(digest), "parent",
			output_json_digest(&parent), "zones",
			(json_int_t)h->nzones, "slots", (json_int_t)h->nslots,
			"slot_bits", (json_int_t)h->slot_bits, "cells",
			(json_int_t)slots_filled(manifest), "splits",
			splits_json(h, splits)));
		return;
	}
	printf("generation   %s\n", digest_to_text(hex, digest));
	printf("parent       %s\n",
	    digest_is_zero(&parent) ? "none" : digest_to_text(hex, &parent));
	printf("zones        %u\n", h->nzones);
	printf("slots        %u, of them 2^%u shared; %u have a cell\n",
	    h->nslots, h->slot_bits, slots_filled(manifest));
	splits_print(h, splits);
}

static enum tool_status
generation_show(const struct tool *t, struct store *s, const char *name)
{
	enum tool_status status = TOOL_OK;
	struct bytes manifest;
	struct digest digest;
	struct err err;
	int rc = tool_generation(s, name, &digest, &err);

	if (rc)
		return tool_fail(t, &err);
	bytes_init(&manifest);
	rc = store_get(s, STORE_GENERATION, &digest, &manifest, &err);
	if (rc == ERR_NOT_FOUND)
		rc = store_get(s, STORE_CANDIDATE, &digest, &manifest, &err);
	if (!rc)
		rc = manifest_verify(manifest.data, manifest.len, &err);
	if (rc)
		status = tool_fail_store(t, &err);
	else
		manifest_print(t, manifest.data, &digest);
	bytes_fini(&manifest);
	return status;
}

static enum tool_status
file_show(const struct tool *t, const char *path)
{
	enum tool_status status = TOOL_OK;
	struct store_file f;
	struct err err;

	if (store_file_read(&f, path, &err) || store_file_show(&f, t, &err))
		status = tool_fail_store(t, &err);
	store_file_fini(&f);
	return status;
}

enum tool_status
command_show(struct tool *t)
{
	struct store *s = NULL;
	enum tool_status status;
	struct err err;

	if (t->nargs && store_file_is(t->args[0]))
		return file_show(t, t->args[0]);
	if (tool_store_open(t, &s, STORE_READ_ONLY, &err))
		return tool_fail_store(t, &err);
	status =
	    t->nargs ? generation_show(t, s, t->args[0]) : store_show(t, s);
	store_close(&s);
	return status;
}
