/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Losses that guards let pass, kept over a restart (accepted_losses.h).
 */
#include "control/publish/accepted_losses.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

#define LOSSES_FILE "accepted-losses"
#define LOSSES_HEAD "holdfast-accepted-losses 1"

enum {
	KEY_DIGITS = 16,
	LINE_MAX = 80,
	LOSSES_BYTES_MAX = (EVIDENCE_NAMES_MAX + 2) * LINE_MAX,
};

static int
folder_open(struct store *s, struct err *err)
{
	int fd = open(store_dir(s), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 ? fd : err_set_errno(err, "can't open %s", store_dir(s));
}

static int
none_write(int dir, struct err *err)
{
	if (unlinkat(dir, LOSSES_FILE, 0) == 0 || errno == ENOENT)
		return 0;
	return err_set_errno(err, LOSSES_FILE);
}

static int
keys_write(int dir, const struct digest *generation, const uint64_t *keys,
    size_t count, struct err *err)
{
	char digest[DIGEST_TEXT_MAX];
	struct bytes text = {0};
	int rc;

	bytes_printf(&text, LOSSES_HEAD "\ngeneration %s\n",
	    digest_to_text(digest, generation));
	for (size_t i = 0; i < count; i++)
		bytes_printf(&text, "name %016lx\n", (unsigned long)keys[i]);
	rc = text.failed ? err_set(err, ERR_NO_MEMORY, "no memory")
	                 : file_write(dir, LOSSES_FILE, 0640, text.data,
			       text.len, FILE_SYNC | FILE_REPLACE, err);
	bytes_fini(&text);
	return rc;
}

int
accepted_losses_write(struct store *s, const struct digest *generation,
    const struct evidence *e, struct err *err)
{
	uint64_t *keys = malloc(EVIDENCE_NAMES_MAX * sizeof *keys);
	size_t count = 0;
	int dir, rc;

	if (!keys)
		return err_set(err, ERR_NO_MEMORY, "no memory");
	count = evidence_accepted(e, keys, EVIDENCE_NAMES_MAX);
	dir = rc = folder_open(s, err);
	if (dir >= 0) {
		rc = count ? keys_write(dir, generation, keys, count, err)
		           : none_write(dir, err);
		close(dir);
	}
	free(keys);
	return rc;
}

/* Lower case, as they are written. */
static bool
key_read(uint64_t *key, const char *digits, size_t n)
{
	static const char hex[] = "0123456789abcdef";

	*key = 0;
	for (size_t i = 0; i < n; i++) {
		const char *at = memchr(hex, digits[i], sizeof hex - 1);

		if (!at)
			return false;
		*key = *key << 4 | (uint64_t)(at - hex);
	}
	return n == KEY_DIGITS && evidence_key_is_sound(*key);
}

/* What follows `word` in a line of n octets; NULL: it is another line. */
static const char *
line_value_find(const char *line, size_t *n, const char *word)
{
	size_t w = strlen(word);

	if (*n < w || memcmp(line, word, w) != 0)
		return NULL;
	*n -= w;
	return line + w;
}

static bool
line_read(unsigned number, const char *line, size_t n,
    struct digest *generation, uint64_t *keys, size_t *count)
{
	char text[DIGEST_TEXT_MAX];
	const char *value;

	if (number == 1)
		return n == strlen(LOSSES_HEAD) &&
		       memcmp(line, LOSSES_HEAD, n) == 0;
	value =
	    line_value_find(line, &n, number == 2 ? "generation " : "name ");
	if (!value)
		return false;
	if (number > 2)
		return *count < EVIDENCE_NAMES_MAX &&
		       key_read(&keys[(*count)++], value, n);
	if (n != DIGEST_TEXT_MAX - 1)
		return false;
	memcpy(text, value, n);
	text[n] = '\0';
	return digest_from_text(generation, text, NULL) == 0;
}

int
accepted_losses_parse(const void *text, size_t bytes, struct digest *generation,
    uint64_t *keys, size_t *count, struct err *err)
{
	const char *at = text, *end = at + bytes;
	unsigned number = 0;

	*count = 0;
	while (at < end) {
		const char *eol = memchr(at, '\n', (size_t)(end - at));

		if (!eol || !line_read(++number, at, (size_t)(eol - at),
				generation, keys, count))
			return err_set(err, ERR_CORRUPT,
			    LOSSES_FILE ":%u: not a line of this file",
			    eol ? number : number + 1);
		at = eol + 1;
	}
	return number >= 2
	           ? 0
	           : err_set(err, ERR_CORRUPT, LOSSES_FILE ": it is not whole");
}

static int
keys_read(int dir, const struct digest *generation, uint64_t *keys,
    size_t *count, struct err *err)
{
	struct bytes text = {0};
	struct digest of;
	int rc = file_read(dir, LOSSES_FILE, LOSSES_BYTES_MAX, &text, err);

	if (rc == 0)
		rc = accepted_losses_parse(
		    text.data, text.len, &of, keys, count, err);
	if (rc == 0 && !digest_equal(&of, generation))
		rc = err_set(err, ERR_NOT_FOUND,
		    LOSSES_FILE ": it is of another generation");
	bytes_fini(&text);
	return rc;
}

int
accepted_losses_read(struct store *s, const struct digest *generation,
    struct evidence *e, struct err *err)
{
	uint64_t *keys = malloc(EVIDENCE_NAMES_MAX * sizeof *keys);
	size_t count = 0;
	int dir, rc;

	if (!keys)
		return err_set(err, ERR_NO_MEMORY, "no memory");
	dir = rc = folder_open(s, err);
	if (dir >= 0) {
		rc = keys_read(dir, generation, keys, &count, err);
		close(dir);
	}
	for (size_t i = 0; rc == 0 && i < count; i++)
		evidence_accept_key(e, keys[i]);
	free(keys);
	return rc;
}
