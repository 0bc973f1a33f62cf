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
#include <unistd.h>

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

/* What cells have, by their headers alone. */
struct cells_sum {
	uint32_t cells;
	uint64_t bytes, names;
};

static int
cell_sum(struct store *s, const struct digest *cell, struct cells_sum *sum,
    struct err *err)
{
	char text[DIGEST_TEXT_MAX];
	struct cell_header_d h;
	uint64_t bytes;
	int fd, rc = store_open_file(s, STORE_CELL, cell, &fd, &bytes, err);

	if (rc)
		return rc;
	if (pread(fd, &h, sizeof h, 0) != sizeof h)
		rc = err_set(err, ERR_CORRUPT,
		    "cells/%s.cell: shorter than a cell header",
		    digest_to_text(text, cell));
	close(fd);
	if (rc)
		return rc;
	sum->cells++;
	sum->bytes += bytes;
	sum->names += h.nnodes;
	return 0;
}

static int
slots_sum(struct store *s, const void *manifest, uint32_t first, uint32_t count,
    struct cells_sum *sum, struct err *err)
{
	const struct slot_d *slots = manifest_slots(manifest);
	int rc = 0;

	*sum = (struct cells_sum){0};
	for (uint32_t i = first; rc == 0 && i < first + count; i++) {
		struct digest d;

		memcpy(d.b, slots[i].cell, DIGEST_BYTES);
		if (!digest_is_zero(&d))
			rc = cell_sum(s, &d, sum, err);
	}
	return rc;
}

static uint64_t
bytes_a_name(const struct cells_sum *sum)
{
	return sum->names ? sum->bytes / sum->names : 0;
}

/* A split zone; its apex's node is in a shared cell, not counted here. */
static int
split_show(const struct tool *t, struct store *s, const void *manifest,
    const struct split_d *split, uint32_t first, json_t *list, struct err *err)
{
	char name[NAME_TEXT_MAX], size[32];
	uint32_t slots = (1u << split->bits) + split->denial_slots;
	struct cells_sum sum;
	int rc = slots_sum(s, manifest, first, slots, &sum, err);

	if (rc)
		return rc;
	name_to_text(name, split->apex);
	if (t->json) {
		json_array_append_new(list,
		    json_pack("{s:s, s:I, s:I, s:s, s:I, s:I, s:I}", "zone",
			name, "slots", (json_int_t)(1u << split->bits),
			"denial_slots", (json_int_t)split->denial_slots,
			"denial", denial_kind_text(split->denial_kind), "bytes",
			(json_int_t)sum.bytes, "names", (json_int_t)sum.names,
			"bytes_a_name", (json_int_t)bytes_a_name(&sum)));
		return 0;
	}
	printf("split zone   %s, %u cells", name, 1u << split->bits);
	if (split->denial_slots)
		printf(" and %u of %s", split->denial_slots,
		    denial_kind_text(split->denial_kind));
	printf("; %s, %llu names, %llu bytes a name\n",
	    output_bytes(size, sum.bytes), (unsigned long long)sum.names,
	    (unsigned long long)bytes_a_name(&sum));
	return 0;
}

static int
splits_show(const struct tool *t, struct store *s, const void *manifest,
    json_t *list, struct err *err)
{
	const struct manifest_header_d *h = manifest_header(manifest);
	const struct split_d *splits = manifest_splits(manifest);
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < h->nsplits; i++)
		if (splits[i].apex_bytes)
			rc = split_show(t, s, manifest, &splits[i],
			    splits[i].first_slot, list, err);
	return rc;
}

static void
manifest_head_print(const void *manifest, const struct digest *digest,
    const struct cells_sum *sum)
{
	const struct manifest_header_d *h = manifest_header(manifest);
	char hex[DIGEST_TEXT_MAX], size[32];
	struct digest parent;

	memcpy(parent.b, h->parent, DIGEST_BYTES);
	printf("generation   %s\n", digest_to_text(hex, digest));
	printf("parent       %s\n",
	    digest_is_zero(&parent) ? "none" : digest_to_text(hex, &parent));
	printf("zones        %u\n", h->nzones);
	printf("slots        %u, of them 2^%u shared; %u have a cell\n",
	    h->nslots, h->slot_bits, sum->cells);
	printf("names        %llu in %s, %llu bytes a name\n",
	    (unsigned long long)sum->names, output_bytes(size, sum->bytes),
	    (unsigned long long)bytes_a_name(sum));
}

static int
manifest_show(const struct tool *t, struct store *s, const void *manifest,
    const struct digest *digest, struct err *err)
{
	const struct manifest_header_d *h = manifest_header(manifest);
	struct cells_sum sum;
	struct digest parent;
	json_t *splits;
	int rc = slots_sum(s, manifest, 0, h->nslots, &sum, err);

	if (rc)
		return rc;
	if (!t->json) {
		manifest_head_print(manifest, digest, &sum);
		return splits_show(t, s, manifest, NULL, err);
	}
	splits = json_array();
	rc = splits_show(t, s, manifest, splits, err);
	memcpy(parent.b, h->parent, DIGEST_BYTES);
	if (rc == 0)
		output_json(json_pack("{s:b, s:o, s:o, s:I, s:I, s:I, s:I, "
				      "s:I, s:I, s:I, s:O}",
		    "ok", 1, "generation", output_json_digest(digest), "parent",
		    output_json_digest(&parent), "zones", (json_int_t)h->nzones,
		    "slots", (json_int_t)h->nslots, "slot_bits",
		    (json_int_t)h->slot_bits, "cells", (json_int_t)sum.cells,
		    "bytes", (json_int_t)sum.bytes, "names",
		    (json_int_t)sum.names, "bytes_a_name",
		    (json_int_t)bytes_a_name(&sum), "splits", splits));
	json_decref(splits);
	return rc;
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
	if (!rc)
		rc = manifest_show(t, s, manifest.data, &digest, &err);
	if (rc)
		status = tool_fail_store(t, &err);
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
