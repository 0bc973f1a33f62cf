/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Fuzz target: zone text of any octets through zonefile_parse(), as holdfastd
 * reads it. The input is copied to a heap block of its exact size, so that the
 * sanitizer sees a read one octet behind it. What parses must pass the check
 * once more. Text with $INCLUDE goes through zonefile_load() and files instead:
 * what is behind a form feed is the file "inc", what is before it "zone".
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/source/zonefile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
warn_nowhere(void *arg, const char *text)
{
	*(size_t *)arg += strlen(text);
}

static char folder[64], zone_path[80], include_path[80];

static void
remove_files(void)
{
	unlink(zone_path);
	unlink(include_path);
	rmdir(folder);
}

static void
make_folder(void)
{
	if (*folder)
		return;
	strcpy(folder, "/tmp/holdfast-fuzz-XXXXXX");
	if (!mkdtemp(folder))
		abort();
	snprintf(zone_path, sizeof zone_path, "%s/zone", folder);
	snprintf(include_path, sizeof include_path, "%s/inc", folder);
	atexit(remove_files);
}

static void
write_file(const char *path, const void *data, size_t size)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
}

static int
load(struct zone_records **z, const char *text, size_t size,
    const uint8_t *apex, const struct zonefile_options *options)
{
	const char *cut = memchr(text, '\f', size);
	size_t zone = cut ? (size_t)(cut - text) : size;
	struct err err;

	make_folder();
	write_file(zone_path, text, zone);
	write_file(include_path, text + zone + (cut != NULL),
	    size - zone - (cut != NULL));
	return zonefile_load(z, zone_path, apex, options, &err);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t apex[] = "\7example";
	size_t heard = 0;
	/* little, so that $GENERATE can't make an input slow */
	struct zonefile_stamp stamp = {0};
	struct zonefile_options options = {.bytes_max = 1 << 18,
	    .warn = warn_nowhere,
	    .arg = &heard,
	    .stamp = &stamp};
	struct zone_records *z = NULL;
	char *text = malloc(size ? size : 1);
	struct err err;
	int rc;

	if (!text)
		return 0;
	memcpy(text, data, size);
	if (memmem(text, size, "$INCLUDE", 8))
		rc = load(&z, text, size, apex, &options);
	else
		rc = zonefile_parse(
		    &z, "fuzz", text, size, apex, &options, &err);
	if (rc == 0) {
		if (zone_check(z, warn_nowhere, &heard, &err))
			abort();
		zone_records_free(z);
	}
	zonefile_stamp_unchanged(&stamp);
	zonefile_stamp_fini(&stamp);
	free(text);
	return 0;
}
