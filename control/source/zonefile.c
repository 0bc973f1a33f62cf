/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A zone file to sealed records, see zonefile.h: the loop over records, and
 * where an error was. The stack of open files (zonefile_input.c) takes the
 * place of recursion. Runs in holdfastd and `holdfast`; the state of the load
 * (80 KB) is on the stack; allocates the texts of the open files, and frees
 * them.
 */
#include "control/source/zonefile.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "control/source/zonefile_parser.h"

#define ZONEFILE_BYTES_MAX_DEFAULT (8ull << 30)

enum { EXCERPT_MAX = 64, PATH_SHOWN_MAX = 300 };

/* Puts FILE:LINE in front of the error and the text of that line behind it. */
static int
locate_error(struct zonefile_parser *p, struct err *err)
{
	const struct zonefile_frame *f = zonefile_frame_current(p);
	const struct zonefile_lexer *l = &f->lexer;
	uint32_t line = l->record_line, at;
	uint32_t fault = p->fault_line ? p->fault_line : line;
	const char *text = l->record;
	char excerpt[EXCERPT_MAX + 4];
	size_t n = 0, used;

	for (at = line; at < fault && text < l->end; text++)
		at += *text == '\n';
	for (; text < l->end && (*text == ' ' || *text == '\t'); text++)
		;
	for (; text < l->end && *text != '\n' && *text != '\r'; text++) {
		if (n == EXCERPT_MAX) {
			memcpy(excerpt + n, "...", 3);
			n += 3;
			break;
		}
		excerpt[n++] = *text >= ' ' && *text <= '~' ? *text
		               : *text == '\t'              ? ' '
		                                            : '?';
	}
	excerpt[n] = 0;
	if (!err)
		return 0;
	/* of a long path the end says more, and the cause must have room */
	used = strlen(f->path);
	err_add(err, "%s%s:%u", used > PATH_SHOWN_MAX ? "..." : "",
	    used > PATH_SHOWN_MAX ? f->path + used - PATH_SHOWN_MAX : f->path,
	    fault);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof err->text - used, " [%s]", excerpt);
	return err->code;
}

static int
read_record(struct zonefile_parser *p, struct err *err)
{
	const struct zonefile_lexer *l = &zonefile_frame_current(p)->lexer;
	const struct zonefile_token *first = &l->tokens[0];

	p->fault_line = 0;
	if (!l->blank_owner && !first->quoted && *first->at == '$')
		return zonefile_directive(p, err);
	return zonefile_record(p, l, err);
}

static int
read_all(struct zonefile_parser *p, struct err *err)
{
	struct zonefile_lexer *l;
	int rc;

	while (p->depth) {
		l = &zonefile_frame_current(p)->lexer;
		rc = zonefile_lexer_next(l, err);
		if (rc == 0) {
			zonefile_pop(p);
			continue;
		}
		if (rc < 0)
			p->fault_line = l->line;
		else
			rc = read_record(p, err);
		if (rc) {
			locate_error(p, err);
			return rc;
		}
	}
	return 0;
}

static int
parser_init(struct zonefile_parser *p, const uint8_t *apex,
    const struct zonefile_options *options, struct err *err)
{
	static const struct zonefile_options defaults;

	memset(p, 0, offsetof(struct zonefile_parser, frames));
	if (options && options->stamp)
		*options->stamp = (struct zonefile_stamp){0};
	p->options = options ? options : &defaults;
	p->bytes_left = p->options->bytes_max ? p->options->bytes_max
	                                      : ZONEFILE_BYTES_MAX_DEFAULT;
	p->zone = zone_records_new(apex, err);
	if (!p->zone)
		return ERR_NO_MEMORY;
	memcpy(p->origin, p->zone->apex, name_length(p->zone->apex));
	return 0;
}

static void
parser_fini(struct zonefile_parser *p)
{
	while (p->depth)
		zonefile_pop(p);
	if (p->options->stamp)
		*p->options->stamp = p->stamp;
	else
		zonefile_stamp_fini(&p->stamp);
	zone_records_free(p->zone);
	free(p->include_root);
	free(p->folder);
}

/* Warnings of the whole zone have a file but no line. */
struct whole_warn {
	const struct zonefile_options *options;
	const char *path;
};

static void
warn_with_path(void *arg, const char *text)
{
	const struct whole_warn *w = arg;
	char line[ERR_TEXT_MAX];

	snprintf(line, sizeof line, "%s: %s", w->path, text);
	w->options->warn(w->options->arg, line);
}

static int
finish(struct zonefile_parser *p, const char *path, struct err *err)
{
	struct whole_warn w = {p->options, path};
	void (*warn)(void *, const char *) =
	    p->options->warn ? warn_with_path : NULL;
	int rc;

	if (p->zone->count == 0)
		rc = err_set(err, ERR_SEMANTIC,
		    "no records: an empty zone is not served; write at least "
		    "a SOA and a NS record, or restore the file");
	else
		rc = zone_records_sort(p->zone, warn, &w, err);
	if (!rc && !p->options->only_sorted)
		rc = zone_records_mark(p->zone, err);
	if (!rc && !p->options->only_sorted)
		rc = zone_check(p->zone, warn, &w, err);
	if (rc)
		err_add(err, "%s", path);
	return rc;
}

static void
hand_over(struct zonefile_parser *p, struct zone_records **out)
{
	*out = p->zone;
	p->zone = NULL;
}

int
zonefile_load(struct zone_records **out, const char *path, const uint8_t *apex,
    const struct zonefile_options *options, struct err *err)
{
	struct zonefile_parser p;
	struct err busy;
	int rc = parser_init(&p, apex, options, err);

	if (rc)
		return rc;
	rc = zonefile_set_folder(&p, path, err);
	if (!rc)
		rc = zonefile_push_file(&p, path, false, err);
	if (!rc)
		rc = read_all(&p, err);
	/* what looks wrong may only be half written */
	if (zonefile_check_unchanged(&p, &busy)) {
		rc = busy.code;
		if (err)
			*err = busy;
	}
	if (!rc)
		rc = finish(&p, path, err);
	if (!rc)
		hand_over(&p, out);
	parser_fini(&p);
	return rc;
}

int
zonefile_parse(struct zone_records **out, const char *path, const void *text,
    size_t bytes, const uint8_t *apex, const struct zonefile_options *options,
    struct err *err)
{
	struct zonefile_parser p;
	int rc = parser_init(&p, apex, options, err);

	if (rc)
		return rc;
	rc = zonefile_push_text(&p, path, text, bytes, err);
	if (!rc)
		rc = read_all(&p, err);
	if (!rc)
		rc = finish(&p, path, err);
	if (!rc)
		hand_over(&p, out);
	parser_fini(&p);
	return rc;
}
