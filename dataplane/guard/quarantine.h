/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The queries that are not answered, because answering them has crashed this
 * program: byte for byte, but for the message ID, which every sender chooses
 * anew. One set a process. The management (or main) thread adds and releases;
 * threads that answer look, without a lock. Entries are never freed while the
 * process runs, they are switched on and off: so nobody waits for readers, and
 * a process can have QUARANTINE_MAX different ones in its life.
 */
#ifndef HOLDFAST_QUARANTINE_H
#define HOLDFAST_QUARANTINE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "dataplane/answer/answer.h"

enum {
	QUARANTINE_MAX = 256,
	QUARANTINE_BUCKETS = 1024,
	QUARANTINE_ID_BYTES = 2, /* of a message, not compared */
};

struct quarantine_entry {
	_Atomic uint64_t expires_at; /* seconds since 1970; 0: off */
	uint32_t hash;
	uint32_t bytes; /* of the whole message */
	uint32_t seen;  /* the scan that it was last added in */
	uint8_t *tail;  /* the message behind its ID */
};

struct quarantine {
	_Atomic unsigned active; /* entries that are on */
	/* a bit a length, modulo its bits: most queries go no further */
	_Atomic uint64_t lengths[16];
	_Atomic uint16_t buckets[QUARANTINE_BUCKETS]; /* entry + 1; 0: free */
	struct quarantine_entry entries[QUARANTINE_MAX];
	unsigned count;
	uint32_t scan;
};

int quarantine_new(struct quarantine **out, struct err *err);
void quarantine_free(struct quarantine **q);

/* Management. Switches the message on until `expires_at`; one that is there
 * already gets the new time. ERR_LIMIT when the set is full. */
int quarantine_add(struct quarantine *q, const uint8_t *message, size_t bytes,
    uint64_t expires_at, struct err *err);
/* Switches off what has expired; returns how many were. */
unsigned quarantine_expire(struct quarantine *q, uint64_t now);
/* What is added between the two is what there is: the end switches off what was
 * not, but what was added before the first scan and never since. Meanwhile
 * everything stays in force. */
void quarantine_scan_begin(struct quarantine *q);
void quarantine_scan_end(struct quarantine *q);

/* Whether anything is in it: asked once a burst. */
static inline bool
quarantine_is_active(const struct quarantine *q)
{
	return q && atomic_load_explicit(&q->active, memory_order_acquire) != 0;
}

/* Whether the message is in it. Any thread. */
bool quarantine_holds(
    const struct quarantine *q, const uint8_t *message, size_t bytes);

#endif
