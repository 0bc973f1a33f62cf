/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What holdfastd and its parser say to each other over a stream socket: zone
 * files to be read, and what became of them. Requests are holdfastd's and
 * trusted. Replies come from a process that has read anybody's text: each
 * octet is checked, and what a reply may make its reader allocate is bounded.
 *
 *   reply_d                 counts; verdict
 *   head                    text of the error, stamp, warnings
 *   for each 4096 records, or what is left of them, in canonical order:
 *     chunk_d
 *     record_d[4096]        with "a new owner" in the TTL's first bit
 *     names, RDATA          of owners that are new; of the records
 *
 * Numbers are the machine's: both ends are one program.
 */
#ifndef HOLDFAST_PARSER_MESSAGE_H
#define HOLDFAST_PARSER_MESSAGE_H

#include "base/bytes.h"
#include "base/err.h"
#include "control/source/zonefile.h"

enum {
	PARSER_PATH_MAX = 4096,     /* of a zone file */
	PARSER_HEAD_MAX = 32 << 20, /* paths and warnings */
	PARSER_WARNINGS_MAX = 1000, /* then they are counted only */
	PARSER_FILES_MAX = 1 << 17,
	PARSER_FOLDERS_MAX = 1024,
	PARSER_CHUNK_RECORDS = 4096,
	PARSER_HOLD_MS = 100, /* a finished reply may wait for the next ones */
};

#define PARSER_MAGIC 0x31534650u

struct parser_start_d { /* the first message to a parser */
	uint32_t magic;
	uint32_t memory_mib;    /* that reading may take; 0: no limit */
	uint32_t nfolders;      /* with zone files in them */
	uint32_t folders_bytes; /* their paths, each terminated */
	uint8_t confined;       /* apply the filters */
	uint8_t zero[7];
};

struct parser_ready_d { /* the answer to it */
	uint32_t magic;
	int32_t code; /* of text */
	uint32_t
	    landlock; /* the kernel's version of it that is used; 0: none */
	char text[ERR_TEXT_MAX];
};

struct parser_request_d {
	uint32_t magic;
	uint32_t path_bytes; /* behind the apex; not terminated */
	uint64_t bytes_max;
	uint32_t apex_bytes;
	uint32_t zero;
};

struct parser_reply_d {
	uint32_t magic;
	int32_t code; /* of zonefile_load() */
	uint32_t head_bytes;
	uint32_t records;
	uint32_t names_bytes, rdata_bytes;
};

/* Of a stamp, in the head. */
enum { PARSER_STAMP_RACY = 1, PARSER_STAMP_DENIED = 2 };

struct parser_chunk_d {
	uint32_t names_bytes;
};

struct parser_record_d {
	uint32_t new_owner_and_ttl;
	uint16_t type, rdata_bytes;
};
#define PARSER_NEW_OWNER 0x80000000u

/* Reads exactly so many octets, or fails. */
struct parser_stream {
	int (*read)(void *arg, void *to, size_t bytes, struct err *err);
	void *arg;
};

/* What became of a file. */
struct parser_reply {
	int code; /* 0, or of `why` */
	struct err why;
	struct zonefile_stamp stamp;
	struct zone_records *records; /* sealed, checked; NULL: code is not 0 */
	struct bytes warnings;        /* texts, each terminated */
};

/* The part of a reply before the records; parser's side. `records` NULL: there
 * are none. */
int parser_reply_write_head(struct bytes *out, int code,
    const struct zone_records *records, const struct err *why,
    const struct zonefile_stamp *stamp, const struct bytes *warnings);

/* And the rest: sorted records, in pieces. */
void parser_reply_write_records(const struct zone_records *z,
    void (*add)(void *arg, const void *p, size_t bytes), void *arg);

/* A reply to a request for `path` and `apex`. 0: it is sound, whatever it
 * says; its owner ends it with parser_reply_fini(). Records that take more than
 * `memory_max` octets are refused. */
int parser_reply_read(struct parser_reply *out, const struct parser_stream *s,
    const char *path, const uint8_t *apex, uint64_t memory_max,
    struct err *err);
void parser_reply_fini(struct parser_reply *r);

#endif
