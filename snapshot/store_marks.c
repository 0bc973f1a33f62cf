/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What an operator marks in a store: generations that are kept (`pins`), and
 * that nothing is to be published (`hold`). Written by who holds the commit
 * lock, read by everyone; both files may be edited by hand.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "snapshot/store_parts.h"

#define HOLD "hold"

static int
marks_may_write(const struct store *s, struct err *err)
{
	if (s->lock_fd[1] >= 0)
		return store_may_write(s, err);
	return err_set(err, ERR_USAGE,
	    "%s: this needs the commit lock, which is not held", s->dir);
}

/* The file as it is, without the lines that name `generation`. */
static int
pins_without(struct store *s, const struct digest *generation,
    struct bytes *out, bool *found, struct err *err)
{
	char hex[DIGEST_TEXT_MAX];
	struct bytes text;
	int rc;

	digest_to_text(hex, generation);
	bytes_init(&text);
	rc = file_read(s->fd, STORE_PINS, STORE_TEXT_MOST, &text, err);
	if (rc == ERR_NOT_FOUND)
		rc = 0;
	bytes_append(&text, "", 1);
	if (text.failed)
		rc = err_set(err, ERR_NO_MEMORY, "out of memory");
	for (char *at = (char *)text.data; rc == 0 && *at;) {
		size_t n = strcspn(at, "\n");
		size_t blank = strspn(at, " \t");

		if (strncmp(at + blank, hex, strlen(hex)) == 0) {
			*found = true;
		} else {
			bytes_append(out, at, n);
			bytes_append(out, "\n", 1);
		}
		at += n + (at[n] == '\n');
	}
	bytes_fini(&text);
	return rc;
}

/* Behind the writing of a name: retention, which runs at the same time under
 * the other lock, has seen it, or says here that it has not. */
static int
not_removed(struct store *s, const struct digest *generation, struct err *err)
{
	char hex[DIGEST_TEXT_MAX];
	struct digest *list = NULL;
	size_t count = 0;
	struct err unread; /* a damaged list must not stop a rollback */
	int rc = store_digests_read(s, STORE_REMOVING, &list, &count, &unread);
	bool gone = !store_has(s, STORE_GENERATION, generation) &&
	            !store_has(s, STORE_CANDIDATE, generation);

	for (size_t i = 0; i < count; i++)
		gone |= digest_equal(&list[i], generation);
	if (rc == 0)
		free(list);
	if (!gone)
		return 0;
	return err_set(err, ERR_NOT_FOUND,
	    "%s: retention has removed generation %s", s->dir,
	    digest_to_text(hex, generation));
}

int
store_want(struct store *s, const struct digest *generation, struct err *err)
{
	char hex[DIGEST_TEXT_MAX];
	struct bytes text;
	int rc = marks_may_write(s, err);

	if (rc < 0)
		return rc;
	bytes_init(&text);
	bytes_printf(&text, "%s\n", digest_to_text(hex, generation));
	rc = store_text_write(
	    s, STORE_WANTED, &text, STORE_TEMPORARY_COMMIT, err);
	bytes_fini(&text);
	return rc ? rc : not_removed(s, generation, err);
}

int
store_pin_set(struct store *s, const struct digest *generation, bool pinned,
    struct err *err)
{
	char hex[DIGEST_TEXT_MAX];
	struct digest *list = NULL;
	bool found = false;
	struct bytes text;
	size_t count;
	/* a file that cannot be read is not written over */
	int rc = store_digests_read(s, STORE_PINS, &list, &count, err);

	free(list);
	if (rc == 0)
		rc = marks_may_write(s, err);
	if (rc < 0)
		return rc;
	bytes_init(&text);
	rc = pins_without(s, generation, &text, &found, err);
	if (rc == 0 && pinned)
		bytes_printf(&text, "%s\n", digest_to_text(hex, generation));
	if (rc == 0 && found != pinned)
		rc = store_text_write(
		    s, STORE_PINS, &text, STORE_TEMPORARY_COMMIT, err);
	bytes_fini(&text);
	if (rc == 0 && pinned && !found) {
		struct err err_unpin;

		rc = not_removed(s, generation, err);
		if (rc < 0)
			store_pin_set(s, generation, false, &err_unpin);
	}
	return rc;
}

bool
store_is_held(const struct store *s)
{
	struct stat st;

	return fstatat(s->fd, HOLD, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

int
store_hold_set(struct store *s, bool held, struct err *err)
{
	struct bytes text;
	int rc = marks_may_write(s, err);

	if (rc < 0 || held == store_is_held(s))
		return rc;
	if (!held) {
		if (unlinkat(s->fd, HOLD, 0) < 0)
			return err_set_errno(
			    err, "%s/" HOLD ": cannot remove", s->dir);
		return store_folder_sync(s, ".", err);
	}
	bytes_init(&text);
	bytes_printf(&text,
	    "# Nothing is published while this file is here; it goes with "
	    "`holdfast release`.\nsince %" PRIu64 "\n",
	    clock_ms(CLOCK_REALTIME) / 1000);
	rc = store_text_write(s, HOLD, &text, STORE_TEMPORARY_COMMIT, err);
	bytes_fini(&text);
	return rc;
}
