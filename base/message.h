/* SPDX-License-Identifier: BSD-2-Clause
 *
 * DNS messages, record by record: of responses whose sender is trusted to mean
 * well and checked all the same. Allocates nothing, any thread; bounded by the
 * octets given. Not for the query path: the engine knows what it writes.
 */
#ifndef HOLDFAST_MESSAGE_H
#define HOLDFAST_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum message_section {
	MESSAGE_ANSWER,
	MESSAGE_AUTHORITY,
	MESSAGE_ADDITIONAL,
	MESSAGE_SECTIONS,
};

struct message_record {
	enum message_section section;
	uint16_t type, rdata_bytes;
	uint32_t owner; /* offsets */
	uint32_t rdata; /* its TTL stands 6 octets in front of it */
};

struct message_walk {
	const uint8_t *message;
	uint32_t bytes, at;
	uint32_t question_end;
	uint16_t left[MESSAGE_SECTIONS];
	bool failed; /* it is no sound message */
};

/* Behind header and question (one at most). False if there is none or it is
 * unsound. */
bool message_walk_start(
    struct message_walk *w, const uint8_t *message, size_t bytes);

/* False at the end, and where `failed` is set. */
bool message_next(struct message_walk *w, struct message_record *out);

/* A number for what a response says, whenever it is said: flags, counts,
 * question and records, without its id, TTLs (which may be capped) and OPT.
 * Never 0; 0 if it is no sound message. */
uint32_t message_hash(const uint8_t *message, size_t bytes);

/* The name at `at`, pointers followed, into `name` (in lower case); octets, or
 * 0 if there is no sound one. */
size_t message_name(
    const uint8_t *message, size_t bytes, uint32_t at, uint8_t name[256]);

#endif
