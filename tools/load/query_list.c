/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Lists of queries (query_list.h). Words are read by the code that reads zone
 * files, so that a name means the same in both.
 */
#include "tools/load/query_list.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "control/source/zonefile_text.h"

enum { LINE_WORDS_MAX = 3, LINE_BYTES_MAX = 4096, LIST_ENOUGH = 1 };
#define LIST_BYTES_MAX (4ull << 30)

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Cuts a line into words; those that have no place are not kept, but there
 * being one too many shows. */
static unsigned
words_cut(struct zonefile_token words[LINE_WORDS_MAX], const char *at,
    const char *end)
{
	unsigned n = 0;

	while (n < LINE_WORDS_MAX) {
		while (at < end && is_blank(*at))
			at++;
		if (at == end)
			break;
		words[n] = (struct zonefile_token){.at = at};
		while (at < end && !is_blank(*at)) {
			/* what a backslash stands before is of the word */
			at += *at == '\\' && at + 1 < end ? 2 : 1;
		}
		words[n].bytes = (uint32_t)(at - words[n].at);
		n++;
	}
	return n;
}

static int
line_read(const char *at, const char *end, query_list_line line, void *arg,
    struct err *err)
{
	static const uint8_t root[1] = {0};
	struct zonefile_token words[LINE_WORDS_MAX];
	uint8_t name[DNS_NAME_MAX];
	uint16_t type;
	unsigned n;
	int rc;

	if (end - at > LINE_BYTES_MAX)
		return err_set(err, ERR_SYNTAX,
		    "a line over %d octets; write NAME TYPE", LINE_BYTES_MAX);
	n = words_cut(words, at, end);
	if (n == 0 || *words[0].at == ';' || *words[0].at == '#')
		return 0;
	if (n != 2)
		return err_set(err, ERR_SYNTAX, "%s; write NAME TYPE",
		    n < 2 ? "a name without a type" : "more than two words");
	rc = zonefile_name(name, &words[0], root, err);
	if (rc < 0)
		return rc;
	rc = zonefile_type(&type, &words[1], err);
	return rc < 0 ? rc : line(arg, name, type, err);
}

int
query_list_parse(const char *path, const void *text, size_t bytes,
    query_list_line line, void *arg, struct err *err)
{
	const char *at = bytes ? text : "", *last = at + bytes;
	unsigned long number = 1;
	int rc = 0;

	for (; at < last && rc == 0; number++) {
		const char *end = memchr(at, '\n', (size_t)(last - at));

		if (!end)
			end = last;
		rc = line_read(at, end, line, arg, err);
		at = end < last ? end + 1 : last;
	}
	if (rc < 0)
		err_add(err, "%s:%lu", path, number - 1);
	return rc;
}

struct list_reading {
	struct query_build *build;
	const struct query_zones *zones;
	const struct query_mix *mix;
	struct draw *d;
};

static int
listed_add(void *arg, const uint8_t *name, uint16_t type, struct err *err)
{
	struct list_reading *l = arg;
	uint8_t message[QUERY_MESSAGE_MAX];
	size_t zone = query_zones_find(l->zones, name);
	uint32_t count;
	int rc = query_build_add(l->build, message,
	    query_compose(message, name, type, l->mix, l->d), QUERY_LISTED,
	    zone == SIZE_MAX ? QUERY_ZONE_NONE : (uint32_t)zone, err);

	count = l->build->set->count;
	query_progress(l->mix, "queries", count, l->mix->count);
	return rc == 0 && count == l->mix->count ? LIST_ENOUGH : rc;
}

int
query_list_add(struct query_build *b, const struct query_zones *z,
    const struct query_mix *mix, struct draw *d, struct err *err)
{
	struct list_reading l = {b, z, mix, d};
	struct bytes text;
	int rc;

	bytes_init(&text);
	rc = file_read(AT_FDCWD, mix->list, LIST_BYTES_MAX, &text, err);
	if (rc == 0)
		rc = query_list_parse(
		    mix->list, text.data, text.len, listed_add, &l, err);
	bytes_fini(&text);
	if (rc == 0 && b->set->count == 0)
		rc = err_set(err, ERR_SEMANTIC,
		    "%s: no queries in it; write lines NAME TYPE", mix->list);
	return rc < 0 ? rc : 0;
}
