/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Quarantined queries as files, a file each, in the store's folder crash/: what
 * the daemons read, what the operator lists and releases, and what goes with a
 * bug report. Text:
 *
 *   holdfast-quarantine 1
 *   program holdfast-dataplane 0.1
 *   crashed 1764350000          seconds since 1970
 *   expires 1764353600
 *   signal 11                   of the crash
 *   replay crash                or "hang": what it did when it was tried
 *   transport udp               or "tcp"
 *   client 192.0.2.1            or "-"
 *   capacity 1998               octets of the buffer that it was answered in
 *   generation HEX              zeros: none was loaded
 *   message HEX
 *
 * ID.query is in force until it expires, ID.released is not; ID is the start of
 * the SHA-256 of the message without its two octets of message ID. Main and
 * management threads, tools.
 */
#ifndef HOLDFAST_QUARANTINE_FILE_H
#define HOLDFAST_QUARANTINE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "snapshot/digest.h"

#define QUARANTINE_FOLDER "crash" /* in the store */
enum {
	QUARANTINE_NAME_MAX = 17, /* 16 hexadecimal digits */
	QUARANTINE_FILES_MAX = 256,
	QUARANTINE_TEXT_MAX = 160 << 10,
	QUARANTINE_WORD_MAX = 32,
};

struct quarantine_record {
	char id[QUARANTINE_NAME_MAX];
	char program[QUARANTINE_WORD_MAX], build[QUARANTINE_WORD_MAX];
	uint64_t crashed_at, expires_at;
	unsigned signal;
	bool hung, released, stream;
	uint8_t client_bytes; /* 0, 4, 16 */
	uint8_t client[16];
	uint32_t capacity;
	struct digest generation;
	struct bytes message;
};

void quarantine_record_fini(struct quarantine_record *r);

/* The ID of a message of at least 3 octets. */
void quarantine_id(
    char id[QUARANTINE_NAME_MAX], const uint8_t *message, size_t bytes);

/* From bytes that anybody may have written; does not fill `released`. */
int quarantine_record_parse(struct quarantine_record *out, const void *text,
    size_t bytes, struct err *err);
void quarantine_record_print(
    struct bytes *text, const struct quarantine_record *r);

/* Writes ID.query, synced, and removes what was released of that ID. */
int quarantine_record_write(
    int dir_fd, const struct quarantine_record *r, struct err *err);

/* All records of the folder, newest crash first, at most QUARANTINE_FILES_MAX.
 * A file that can't be used is named to `complain` (may be NULL) and left out.
 * Caller frees with quarantine_list_free(). */
int quarantine_list(struct quarantine_record **out, size_t *count, int dir_fd,
    void (*complain)(const char *text), struct err *err);
void quarantine_list_free(struct quarantine_record **list, size_t count);

/* Removes what is more than `keep` files, those first that are not in force at
 * `now`, then the oldest. */
void quarantine_prune(int dir_fd, size_t keep, uint64_t now);

/* Releases one: it is answered again. ERR_NOT_FOUND if it is not in force. */
int quarantine_release(int dir_fd, const char *id, struct err *err);

#endif
