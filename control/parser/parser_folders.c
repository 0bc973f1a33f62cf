/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Folders of zone files; see parser_folders.h.
 */
#include "control/parser/parser_folders.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void
parser_folders_fini(struct parser_folders *f)
{
	for (size_t i = 0; i < f->count; i++)
		free(f->paths[i]);
	free(f->paths);
	free(f->seen);
	*f = (struct parser_folders){0};
}

/* Octets of the folder in a path: "/a" of "/a/b", "/" of "/a", "." is the
 * folder of a bare name. */
static size_t
folder_bytes(const char *path, size_t bytes)
{
	while (bytes > 0 && path[bytes - 1] != '/')
		bytes--;
	while (bytes > 1 && path[bytes - 1] == '/')
		bytes--;
	return bytes;
}

int
parser_folders_add(struct parser_folders *f, const char *file, struct err *err)
{
	size_t n = folder_bytes(file, strlen(file));
	const char *last = f->count ? f->paths[f->count - 1] : NULL;
	char *path;

	/* zones that follow each other mostly share one */
	if (last && n && strncmp(last, file, n) == 0 && last[n] == 0)
		return 0;
	if (f->count == f->cap) {
		size_t cap = f->cap ? 2 * f->cap : 16;
		char **grown = realloc(f->paths, cap * sizeof *grown);

		if (!grown)
			return err_set(
			    err, ERR_NO_MEMORY, "no memory for folders");
		f->paths = grown;
		f->cap = cap;
	}
	path = n ? strndup(file, n) : strdup(".");
	if (!path)
		return err_set(err, ERR_NO_MEMORY, "no memory for folders");
	f->paths[f->count++] = path;
	return 0;
}

static int
compare_paths(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
unite(struct parser_folders *f)
{
	size_t kept = 0;

	if (f->count)
		qsort(f->paths, f->count, sizeof *f->paths, compare_paths);
	for (size_t i = 0; i < f->count; i++) {
		if (kept && strcmp(f->paths[kept - 1], f->paths[i]) == 0)
			free(f->paths[i]);
		else
			f->paths[kept++] = f->paths[i];
	}
	f->count = kept;
}

static unsigned
depth_of(const char *path)
{
	unsigned n = 0;

	for (; *path; path++)
		n += *path == '/' && path[1];
	return n;
}

void
parser_folders_settle(struct parser_folders *f, size_t most)
{
	unsigned deepest = 0;

	unite(f);
	for (size_t i = 0; i < f->count; i++)
		if (depth_of(f->paths[i]) > deepest)
			deepest = depth_of(f->paths[i]);
	for (; f->count > most && deepest > 0; deepest--) {
		for (size_t i = 0; i < f->count; i++) {
			char *path = f->paths[i];

			if (depth_of(path) == deepest)
				path[folder_bytes(path, strlen(path))] = 0;
		}
		unite(f);
	}
}

static struct folder_identity
identity_of(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return (struct folder_identity){0};
	return (struct folder_identity){st.st_dev, st.st_ino};
}

void
parser_folders_note(struct parser_folders *f)
{
	free(f->seen);
	/* without memory for it all are stale: that costs, and breaks nothing
	 */
	f->seen = calloc(f->count + 1, sizeof *f->seen);
	for (size_t i = 0; f->seen && i < f->count; i++)
		f->seen[i] = identity_of(f->paths[i]);
}

/* The number of the path that is the first `n` octets; `count`: none. */
static size_t
path_find(const struct parser_folders *f, const char *path, size_t n)
{
	size_t low = 0, high = f->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int c = strncmp(f->paths[middle], path, n);

		if (c == 0)
			c = f->paths[middle][n] != 0;
		if (c == 0)
			return middle;
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return f->count;
}

bool
parser_folders_are_stale(const struct parser_folders *f, const char *file)
{
	size_t n = folder_bytes(file, strlen(file));
	struct folder_identity now;

	for (; n > 0; n = n > 1 ? folder_bytes(file, n) : 0) {
		size_t i = path_find(f, file, n);

		if (i == f->count)
			continue;
		now = identity_of(f->paths[i]);
		return !f->seen || now.inode == 0 ||
		       now.device != f->seen[i].device ||
		       now.inode != f->seen[i].inode;
	}
	return true;
}
