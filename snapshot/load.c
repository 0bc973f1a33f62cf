/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Loading a generation from the files of a store, or from bytes in memory (for
 * proofs and tests). load_cells.c does the work; here are the two sources.
 */
#include "snapshot/load.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "snapshot/load_cells.h"
#include "snapshot/manifest.h"

static int
store_cell_size(void *arg, uint32_t slot, const struct digest *digest,
    uint64_t *bytes, struct err *err)
{
	int fd = -1, rc;

	(void)slot;
	rc = store_open_file(arg, STORE_CELL, digest, &fd, bytes, err);
	if (rc == 0)
		close(fd);
	return rc;
}

static int
fd_read_exactly(int fd, uint8_t *dst, uint64_t bytes, struct err *err)
{
	while (bytes) {
		ssize_t n = read(fd, dst, bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set_errno(err, "cannot read");
		if (n == 0)
			return err_set(
			    err, ERR_CORRUPT, "the file ends before its size");
		dst += n;
		bytes -= (uint64_t)n;
	}
	return 0;
}

static int
store_cell_read(void *arg, uint32_t slot, const struct digest *digest,
    uint8_t *dst, uint64_t bytes, struct err *err)
{
	char text[DIGEST_TEXT_MAX];
	uint64_t now;
	int fd = -1;
	int rc = store_open_file(arg, STORE_CELL, digest, &fd, &now, err);

	(void)slot;
	if (rc < 0)
		return rc;
	rc = now == bytes ? fd_read_exactly(fd, dst, bytes, err)
	                  : err_set(err, ERR_CORRUPT, "its size changes");
	close(fd);
	if (rc < 0)
		err_add(err, "cells/%s.cell", digest_to_text(text, digest));
	return rc;
}

int
generation_load_manifest(struct generation **out, struct store *s,
    const void *manifest, size_t manifest_bytes,
    const struct load_options *options, struct err *err)
{
	const struct cell_source source = {
	    .size = store_cell_size,
	    .read = store_cell_read,
	    .arg = s,
	};

	return generation_make(
	    out, manifest, manifest_bytes, &source, options, err);
}

int
generation_load(struct generation **out, struct store *s,
    const struct digest *digest, const struct load_options *options,
    struct err *err)
{
	char text[DIGEST_TEXT_MAX];
	struct bytes manifest;
	int rc;

	*out = NULL;
	bytes_init(&manifest);
	rc = store_get(s, STORE_GENERATION, digest, &manifest, err);
	if (rc == ERR_NOT_FOUND)
		rc = store_get(s, STORE_CANDIDATE, digest, &manifest, err);
	/* a candidate that is committed just now: it moves to generations */
	if (rc == ERR_NOT_FOUND)
		rc = store_get(s, STORE_GENERATION, digest, &manifest, err);
	if (rc == 0)
		rc = generation_load_manifest(
		    out, s, manifest.data, manifest.len, options, err);
	bytes_fini(&manifest);
	if (rc < 0)
		err_add(err, "generation %.12s", digest_to_text(text, digest));
	return rc;
}

static int
bytes_cell_size(void *arg, uint32_t slot, const struct digest *digest,
    uint64_t *bytes, struct err *err)
{
	const struct load_bytes *cells = arg;

	(void)digest;
	if (!cells[slot].data)
		return err_set(err, ERR_NOT_FOUND, "it is not there");
	*bytes = cells[slot].bytes;
	return 0;
}

static int
bytes_cell_read(void *arg, uint32_t slot, const struct digest *digest,
    uint8_t *dst, uint64_t bytes, struct err *err)
{
	const struct load_bytes *cells = arg;

	(void)digest;
	(void)err;
	memcpy(dst, cells[slot].data, bytes);
	return 0;
}

int
generation_from_bytes(struct generation **out, const void *manifest,
    size_t manifest_bytes, const struct load_bytes *cells, struct err *err)
{
	const struct cell_source source = {
	    .size = bytes_cell_size,
	    .read = bytes_cell_read,
	    .arg = (void *)cells,
	};

	return generation_make(
	    out, manifest, manifest_bytes, &source, NULL, err);
}
