/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The data plane's page: a small file on tmpfs (RUN/dataplane.page) with one
 * writer (the data plane's management thread), mapped read-only by everyone
 * else. It says which generations are live, how clients are split between
 * them and which zones are on probation, so that holdfast-sockets answers as
 * the poll cores do. It never decides which bytes exist: readers load and
 * verify from the store by these digests.
 *
 * Guarded by a sequence number: odd while it is written; readers copy and try
 * again. The heartbeat tells a dead writer's page from a live one.
 */
#ifndef HOLDFAST_PAGE_H
#define HOLDFAST_PAGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "snapshot/digest.h"
#include "snapshot/probation.h"

#define PAGE_MAGIC 0x3145474150464821ull
#define PAGE_BYTES (10 * 4096)

/* Zones on probation: so many of the page's list, or all there are. */
#define PAGE_PROBATION_ALL UINT32_MAX

struct page_state {
	uint64_t activation; /* number of the last activation */
	struct digest stable;
	struct digest candidate;  /* zeros: none */
	uint32_t canary_permille; /* clients that get the candidate */
	uint32_t reserved;
	uint64_t canary_key[2]; /* keys the hash of client addresses */
	uint64_t deadline_ms;   /* CLOCK_BOOTTIME; 0: none */
	uint64_t soak_until_ms; /* the stable one's probation ends; 0: none */
	/* Zones on probation in the stable generation and in the candidate: the
	 * first so many of the list. */
	uint32_t stable_probation, candidate_probation;
};
_Static_assert(sizeof(struct page_state) == 120, "no padding: compared");

struct page_d {
	uint64_t magic;
	uint32_t version; /* 2 */
	uint32_t writer_pid;
	_Atomic uint32_t sequence;
	uint32_t reserved;
	_Atomic uint64_t heartbeat_ms; /* CLOCK_BOOTTIME, every 100 ms or so */
	struct page_state state;
	uint64_t probation[PROBATION_ZONES_MAX];
};

struct page;

/* Writer: makes or takes over the file (0644). */
int page_create(struct page **out, const char *path, struct err *err);
/* With nobody on probation, whatever the state says. */
void page_write(struct page *p, const struct page_state *state);
/* With the zones on probation in the stable generation and in the candidate
 * (either may be NULL: none); the state's two numbers follow from them. */
void page_write_probation(struct page *p, const struct page_state *state,
    const struct probation *stable, const struct probation *candidate);
void page_beat(struct page *p, uint64_t now_ms);

/* Reader. ERR_NOT_FOUND where there is none. */
int page_open(struct page **out, const char *path, struct err *err);
/* False if the writer never finished (killed while writing). */
bool page_read(const struct page *p, struct page_state *out,
    uint64_t *heartbeat_ms, uint32_t *writer_pid);
/* The sets of zones too, as they were with this state: *stable and *candidate
 * are the caller's to free, NULL where there is nobody. False: never finished,
 * or out of memory. */
bool page_read_probation(const struct page *p, struct page_state *out,
    struct probation **stable, struct probation **candidate);
void page_close(struct page **p);

/* Which clients get the candidate: 0..999 by keyed hash of the address bytes (4
 * or 16); the candidate's if below canary_permille. Inline in the poll loop. */
static inline unsigned
page_client_permille(
    const uint64_t key[2], const uint8_t *address, unsigned bytes)
{
	uint64_t lo = 0, hi = 0;

	if (bytes == 4) {
		__builtin_memcpy(&lo, address, 4);
	} else {
		__builtin_memcpy(&lo, address, 8);
		__builtin_memcpy(&hi, address + 8, 8);
	}
	__uint128_t m = (__uint128_t)(lo ^ key[0]) * (hi ^ (key[1] | 1));
	uint64_t h = (uint64_t)m ^ (uint64_t)(m >> 64);

	/* neighbours' products lie on a lattice: mixed once more */
	h = (h ^ h >> 32) * 0x9e3779b97f4a7c15ull;
	return (unsigned)(((h >> 32) * 1000) >> 32);
}

#endif
