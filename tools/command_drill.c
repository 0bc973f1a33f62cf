/* SPDX-License-Identifier: BSD-2-Clause
 *
 * `holdfast drill`: finds the drill, which is Python (tools/drill/), and the
 * programs beside this one, and becomes it. What the configuration's zones are
 * is told by a list in a sealed file of memory, so that the drill need not read
 * YAML. One thread; allocates paths.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/command.h"

/* The drill as it is installed, or in the tree that this was built in. */
static const char *const places[] = {
    "../lib/holdfast/drill/drill.py",
    "../../tools/drill/drill.py",
};

/* Where the other programs are: beside this one, or in sbin beside its bin. */
static const char *const folders[] = {".", "../sbin"};
enum { FOLDERS = sizeof folders / sizeof *folders };

static int
own_folder(char folder[PATH_MAX], struct err *err)
{
	ssize_t n = readlink("/proc/self/exe", folder, PATH_MAX - 1);

	if (n <= 0)
		return err_set_errno(err, "/proc/self/exe: cannot read");
	folder[n] = '\0';
	*strrchr(folder, '/') = '\0';
	return 0;
}

static int
drill_find(const char *folder, char path[PATH_MAX], struct err *err)
{
	for (unsigned i = 0; i < sizeof places / sizeof *places; i++) {
		int n = snprintf(path, PATH_MAX, "%s/%s", folder, places[i]);

		if (n > 0 && n < PATH_MAX && access(path, R_OK) == 0)
			return 0;
	}
	return err_set(err, ERR_NOT_FOUND,
	    "the drill is not installed: %s/%s is not there", folder,
	    places[0]);
}

/* A line NAME<TAB>FILE a zone, in a file that has no name. */
static int
zones_tell(struct tool *t, char path[PATH_MAX], struct err *err)
{
	FILE *out;
	int fd, rc = config_load(&t->loaded, t->config, err);

	if (rc)
		return rc;
	fd = memfd_create("zones", 0);
	out = fd < 0 ? NULL : fdopen(dup(fd), "w");
	if (!out)
		return err_set_errno(err, "cannot make a list of zones");
	for (unsigned i = 0; i < t->loaded->nzones; i++)
		fprintf(out, "%s\t%s\n", t->loaded->zones[i].name,
		    t->loaded->zones[i].file);
	if (fclose(out) != 0)
		return err_set_errno(err, "cannot write a list of zones");
	snprintf(path, PATH_MAX, "/proc/self/fd/%d", fd);
	return 0;
}

/* "--name=value", for the time until exec. */
static int
passed_words(
    const struct tool *t, const char **words, size_t *n, struct err *err)
{
	for (size_t i = 0; i < t->npassed; i++) {
		const char *value = t->passed[i].value;
		char *word;

		if (asprintf(&word, "--%s%s%s", t->passed[i].name,
			value ? "=" : "", value ? value : "") < 0)
			return err_set(err, ERR_NO_MEMORY, "no memory");
		words[(*n)++] = word;
	}
	return 0;
}

enum tool_status
command_drill(struct tool *t)
{
	char folder[PATH_MAX], drill[PATH_MAX], list[PATH_MAX];
	char beside[FOLDERS][PATH_MAX + 16];
	const char *words[TOOL_PASSED_MOST + 16] = {"python3", drill};
	size_t n = 2;
	struct err err;
	int rc = own_folder(folder, &err);

	if (rc == 0)
		rc = drill_find(folder, drill, &err);
	if (rc == 0 && t->config)
		rc = zones_tell(t, list, &err);
	if (rc)
		return tool_fail(t, &err);
	for (unsigned i = 0; i < FOLDERS; i++) {
		snprintf(
		    beside[i], sizeof beside[i], "%s/%s", folder, folders[i]);
		words[n++] = "--programs";
		words[n++] = beside[i];
	}
	if (t->config) {
		words[n++] = "--zones-from";
		words[n++] = list;
	}
	if (t->json)
		words[n++] = "--json";
	rc = passed_words(t, words, &n, &err);
	if (rc)
		return tool_fail(t, &err);
	words[n] = NULL;
	execvp(words[0], (char *const *)words);
	err_set_errno(&err, "python3, which the drill is written in");
	return tool_fail(t, &err);
}
