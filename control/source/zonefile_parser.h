/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the parts of the zone file reader share: the state of one load. Private
 * to control/source. One load, one thread; the stack of open files stands in
 * for recursion.
 */
#ifndef HOLDFAST_ZONEFILE_PARSER_H
#define HOLDFAST_ZONEFILE_PARSER_H

#include <stdbool.h>

#include "base/dns.h"
#include "control/source/zonefile.h"
#include "control/source/zonefile_lexer.h"
#include "control/source/zonefile_rdata.h"

enum zonefile_parser_limits {
	ZONEFILE_DEPTH_MAX = 16,       /* files open within one another */
	ZONEFILE_FILES_MAX = 65536,    /* $INCLUDE lines in all */
	ZONEFILE_GENERATE_MAX = 65536, /* records of one $GENERATE */
};

/* A file that is being read: the last of the stack is current. */
struct zonefile_frame {
	char *path;
	char *text; /* NULL: the caller's */
	uint64_t device, inode;
	struct zonefile_lexer lexer;
	/* of the file that includes this one, to go back to */
	uint8_t origin_before[DNS_NAME_MAX + 1], owner_before[DNS_NAME_MAX + 1];
	bool has_owner_before;
};

struct zonefile_parser {
	struct zone_records *zone;
	const struct zonefile_options *options;
	unsigned depth;
	/* canonical, no slash at its end; made when it is needed */
	char *include_root;
	/* of the zone file, with a slash at its end, or ""; NULL: there is no
	 * file, and $INCLUDE is refused */
	char *folder;
	struct zonefile_stamp stamp;
	uint64_t bytes_left;

	uint8_t origin[DNS_NAME_MAX + 1], owner[DNS_NAME_MAX + 1];
	bool has_owner;
	uint32_t default_ttl, last_ttl; /* $TTL; that of the record before */
	bool has_default_ttl, has_last_ttl;

	uint32_t fault_line; /* 0: the record's first line */

	/* large, and not set before they are used: among a million small zones
	 * that shows */
	struct zonefile_frame frames[ZONEFILE_DEPTH_MAX];
	uint8_t rdata[ZONEFILE_RDATA_MAX];
};

static inline struct zonefile_frame *
zonefile_frame_current(struct zonefile_parser *p)
{
	return &p->frames[p->depth - 1];
}

/* --- zonefile_input.c: files --- */

/* Opens a file on top of the stack. */
int zonefile_push_file(
    struct zonefile_parser *p, const char *path, bool include, struct err *err);
/* The same with the caller's bytes. */
int zonefile_push_text(struct zonefile_parser *p, const char *path,
    const void *text, size_t bytes, struct err *err);
/* Closes the current file; origin and owner go back. */
void zonefile_pop(struct zonefile_parser *p);
/* ERR_BUSY if a file that was read is no longer what it was. */
int zonefile_check_unchanged(const struct zonefile_parser *p, struct err *err);
/* Sets the folder. */
int zonefile_set_folder(
    struct zonefile_parser *p, const char *path, struct err *err);

/* --- zonefile_directives.c, zonefile_generate.c: lines that begin with $ ---
 */
int zonefile_directive(struct zonefile_parser *p, struct err *err);
int zonefile_generate(struct zonefile_parser *p, struct err *err);

/* --- zonefile_rr.c: records --- */

/* TTL and class in either order, then the type. */
struct zonefile_head {
	uint32_t ttl;
	uint16_t type;
	bool has_ttl;
};
/* Reads a head from *at on and moves it behind. */
int zonefile_read_head(struct zonefile_parser *p, struct zonefile_head *head,
    const struct zonefile_token **at, const struct zonefile_token *end,
    struct err *err);
/* Adds the record in the lexer. */
int zonefile_record(
    struct zonefile_parser *p, const struct zonefile_lexer *l, struct err *err);
/* A TTL; one over 2^31-1 counts as 0, with a warning (RFC 2181 section 8). */
int zonefile_read_ttl(struct zonefile_parser *p, uint32_t *ttl,
    const struct zonefile_token *t, struct err *err);
/* "FILE:LINE: text" to the caller's warn. */
void zonefile_warn(struct zonefile_parser *p, uint32_t line, const char *format,
    ...) __attribute__((format(printf, 3, 4)));

#endif
