/* SPDX-License-Identifier: BSD-2-Clause
 *
 * holdfast cookies: the file of cookie secrets, which the daemons look at once
 * a second. Nothing here prints a secret: people see marks. The steps of a
 * roll-over over an anycast set are in docs/operating.md.
 *
 *   A    --stage-->  A, new   --swap-->  new, A    (over many nodes)
 *   A    --roll--------------------->    new, A    (on one)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/cookie_file.h"
#include "dataplane/answer/cookie.h"
#include "tools/daemons.h"
#include "tools/tool_output.h"

static int
stage(struct cookie_file *f, struct err *err)
{
	f->count = 2;
	return cookie_secret_random(f->secrets[1], err);
}

static int
swap(struct cookie_file *f, struct err *err)
{
	uint8_t first[COOKIE_FILE_SECRET_BYTES];

	if (f->count < 2)
		return err_set(err, ERR_REFUSED,
		    "there is one cookie secret, nothing to swap it with; say "
		    "`holdfast cookies stage` first");
	memcpy(first, f->secrets[0], sizeof first);
	memcpy(f->secrets[0], f->secrets[1], sizeof first);
	memcpy(f->secrets[1], first, sizeof first);
	explicit_bzero(first, sizeof first);
	return 0;
}

/* What was made with the secret before last is not accepted any more. */
static int
roll(struct cookie_file *f, struct err *err)
{
	f->count = 2;
	memcpy(f->secrets[1], f->secrets[0], sizeof f->secrets[1]);
	return cookie_secret_random(f->secrets[0], err);
}

static const struct {
	const char *word;
	int (*change)(struct cookie_file *f, struct err *err);
} words[] = {{"show", NULL}, {"stage", stage}, {"swap", swap}, {"roll", roll}};

/* A file that is not there is begun with one secret, for stage and roll. */
static int
change(unsigned word, const char *path, struct cookie_file *f, struct err *err)
{
	int rc = cookie_file_read(f, path, err);

	if (rc == ERR_NOT_FOUND && words[word].change) {
		f->count = 1;
		rc = cookie_secret_random(f->secrets[0], err);
	}
	if (rc || !words[word].change)
		return rc;
	rc = words[word].change(f, err);
	return rc ? rc : cookie_file_write(f, path, true, err);
}

static void
print(struct tool *t, const char *path, const struct cookie_secrets *s,
    bool ask_dataplane)
{
	char buffer[DATAPLANE_MESSAGE_MAX + 1], first[16], second[16] = "";
	const char *used = NULL;
	struct dataplane_message m;
	struct err ignored;

	/* an older data plane says nothing of cookies */
	if (ask_dataplane &&
	    daemons_ask_dataplane(t, "status", buffer, &m, &ignored) == 0)
		used = dataplane_field_find(&m, "cookies");
	snprintf(first, sizeof first, "%08x", cookie_secret_mark(s, 0));
	if (s->count > 1)
		snprintf(
		    second, sizeof second, "%08x", cookie_secret_mark(s, 1));
	if (t->json) {
		output_json(json_pack("{s:b, s:s, s:s, s:s*, s:s*}", "ok", 1,
		    "file", path, "makes", first, "accepts_too",
		    s->count > 1 ? second : NULL, "dataplane", used));
		return;
	}
	printf("file         %s\n", path);
	printf("makes        %s\n", first);
	if (s->count > 1)
		printf("accepts too  %s\n", second);
	if (used)
		printf("data plane   %s\n", used);
}

static int
word_find(const char *text, unsigned *out, struct err *err)
{
	for (*out = 0; *out < sizeof words / sizeof *words; ++*out)
		if (strcmp(words[*out].word, text) == 0)
			return 0;
	return err_set(err, ERR_USAGE,
	    "\"%s\": after `holdfast cookies` comes show, stage, swap or roll",
	    text);
}

enum tool_status
command_cookies(struct tool *t)
{
	bool place_given = t->store_dir != NULL;
	bool ask_dataplane = !place_given || t->run_dir != NULL;
	struct cookie_file f = {0};
	struct cookie_secrets s;
	char *path = NULL;
	struct err err;
	unsigned word;
	int rc = word_find(t->nargs ? t->args[0] : "show", &word, &err);

	if (!rc)
		rc = tool_places(t, &err);
	if (!rc) {
		path = cookie_file_path(
		    place_given ? NULL : t->loaded->answer.cookie_secret_file,
		    t->store_dir);
		rc = path ? change(word, path, &f, &err)
		          : err_set(&err, ERR_NO_MEMORY, "out of memory");
	}
	if (!rc) {
		cookie_secrets_set(&s, (const void *)f.secrets, f.count);
		print(t, path, &s, ask_dataplane);
		explicit_bzero(&s, sizeof s);
	}
	explicit_bzero(&f, sizeof f);
	free(path);
	return rc ? tool_fail(t, &err) : TOOL_OK;
}
