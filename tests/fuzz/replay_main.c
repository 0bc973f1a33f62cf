/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Runs a fuzz target over the files of its corpus, without libFuzzer: built
 * with ASan for `make fuzz-replay`, with clang's counters for coverage. Each
 * input lies in a heap block of its exact size.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

enum { INPUT_BYTES_MAX = 1 << 26 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

static int
file_replay(const char *dir, const char *name)
{
	struct bytes b = {0};
	struct err err = {0};
	char path[4096];
	uint8_t *exact;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	if (file_read(AT_FDCWD, path, INPUT_BYTES_MAX, &b, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	exact = malloc(b.len ? b.len : 1);
	if (!exact)
		abort();
	if (b.len)
		memcpy(exact, b.data, b.len);
	/* the last line before a report names the input */
	printf("%s\n", path);
	fflush(stdout);
	LLVMFuzzerTestOneInput(exact, b.len);
	free(exact);
	bytes_fini(&b);
	return 0;
}

static int
directory_replay(const char *dir)
{
	struct dirent **entries;
	int n = scandir(dir, &entries, NULL, alphasort);
	int done = 0;

	if (n < 0) {
		perror(dir);
		return -1;
	}
	for (int i = 0; i < n; i++) {
		if (entries[i]->d_name[0] != '.' && done >= 0)
			done = file_replay(dir, entries[i]->d_name) < 0
			           ? -1
			           : done + 1;
		free(entries[i]);
	}
	free(entries);
	return done;
}

int
main(int argc, char **argv)
{
	int done = 0;

	if (LLVMFuzzerInitialize)
		LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++) {
		int n = directory_replay(argv[i]);

		if (n < 0)
			return EXIT_FAILURE;
		done += n;
	}
	if (!done) {
		fprintf(
		    stderr, "usage: %s DIR...; no input was found\n", argv[0]);
		return EXIT_FAILURE;
	}
	printf("%d inputs\n", done);
	return EXIT_SUCCESS;
}
