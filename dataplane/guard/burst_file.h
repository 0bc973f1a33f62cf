/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The file that the fault handler leaves: what crashed, and the burst or bursts
 * that were in hand. Little-endian, written by a dying process, read by the
 * next; anybody may have damaged it meanwhile, so everything is checked.
 *
 *   burst_file_d | burst_section_d, queries (burst_log.h) | ... | uint64_t sum
 *
 * The sum (FNV-1a, 64 bit) is over all before it: against half a file, not
 * against malice.
 */
#ifndef HOLDFAST_BURST_FILE_H
#define HOLDFAST_BURST_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "dataplane/guard/burst_log.h"

#define BURST_FILE_MAGIC 0x3154535255424648ull /* "HFBURST1" */
enum {
	BURST_FILE_VERSION = 1,
	BURST_FILE_NAME_MAX = 32,
	BURST_FILE_SECTIONS_MAX = 256,
	/* two bursts of the largest UDP messages, and any number of usual ones
	 */
	BURST_FILE_BYTES_MAX = 8 << 20,
	BURST_FILE_CAPACITY_MAX = 65536 + 4096,
};

struct burst_file_d {
	uint64_t magic;
	uint32_t version;
	uint32_t signal;
	int32_t code; /* siginfo_t.si_code */
	uint32_t pid;
	uint64_t crashed_ms; /* since 1970 */
	uint64_t address;    /* of the fault; 0 where there is none */
	uint32_t sections;
	uint32_t reserved;
	char program[BURST_FILE_NAME_MAX]; /* terminated */
	char build[BURST_FILE_NAME_MAX];   /* its version, terminated */
};
_Static_assert(sizeof(struct burst_file_d) == 112, "burst file header");

/* Of one thread and one generation. */
struct burst_section_d {
	uint32_t bytes; /* of the queries that follow */
	uint32_t queries;
	struct digest generation;
};
_Static_assert(sizeof(struct burst_section_d) == 40, "burst section");

#define BURST_FILE_SUM_START 0xcbf29ce484222325ull

/* Async-signal-safe. */
uint64_t burst_file_sum(uint64_t sum, const void *data, size_t bytes);

/* A query of a file, pointing into its bytes. */
struct held_query {
	struct held_query_d head;
	const uint8_t *message;
	struct digest generation;
};

/* A walk over a checked file. */
struct burst_file {
	struct burst_file_d head;
	const uint8_t *at, *end;
	uint32_t sections_left, queries_left;
	struct digest generation;
};

/* Checks all of it: sum, sizes, counts, every query's fields. ERR_CORRUPT or
 * ERR_VERSION says what is wrong. `data` must outlive the walk. */
int burst_file_open(
    struct burst_file *f, const void *data, size_t bytes, struct err *err);

/* The next query; false behind the last. */
bool burst_file_next(struct burst_file *f, struct held_query *out);

#endif
