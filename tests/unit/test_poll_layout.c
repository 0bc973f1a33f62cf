/* SPDX-License-Identifier: BSD-2-Clause
 *
 * No two poll cores write to one cache line. What cores write is gathered here
 * as spans of memory, made as launch.c makes it, and the spans are compared
 * with each other; sizes that DPDK's own per-core parts must have are asserted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mempool.h>
#include <rte_ring.h>

#include "base/cache_line.h"
#include "dataplane/answer/answer_batch.h"
#include "dataplane/poll/burst.h"
#include "dataplane/poll/core_counters.h"
#include "tests/unit/unit_run.h"

enum { CORES = 5, PORTS = 2, SPANS_MAX = 128 };

/* An array of these has each on lines of its own. */
#define IS_APART(type, bytes)                                                  \
	_Static_assert(                                                        \
	    sizeof(type) % (bytes) == 0 && _Alignof(type) % (bytes) == 0,      \
	    #type " shares a line with its neighbour in an array")

IS_APART(struct core, CORE_ALIGN);
IS_APART(struct answer_batch, CACHE_LINE_BYTES);
IS_APART(struct exception_queue, CORE_ALIGN);
IS_APART(struct rte_mempool_cache, CACHE_LINE_BYTES);
/* Written when a generation is swapped, not in every turn. */
IS_APART(struct rte_rcu_qsbr_cnt, CACHE_LINE_BYTES);
/* A pair that cores read, and what management notes beside it. */
IS_APART(struct live, CACHE_LINE_BYTES);

/* A core writes its limits, while management reads which ring there is. */
_Static_assert(offsetof(struct exception_queue, to_kernel) >=
		   offsetof(struct exception_queue, neighbours) + CORE_ALIGN -
		       CACHE_LINE_BYTES,
    "limits and rings of a core");
/* The two ends of a ring are two threads'. */
_Static_assert(
    offsetof(struct rte_ring, cons) - offsetof(struct rte_ring, prod) >=
	2 * CACHE_LINE_BYTES,
    "a ring's ends");
_Static_assert(
    offsetof(struct live, slots) >= CACHE_LINE_BYTES, "the pointer to a pair");

/* Memory with one writer, or with none once it is made (owner ANYBODY). */
struct span {
	const char *what;
	unsigned owner;
	uintptr_t from, to;
};
enum { MANAGEMENT = CORES, ANYBODY };

static struct span spans[SPANS_MAX];
static unsigned nspans;

static void
note(const char *what, unsigned owner, const void *p, size_t bytes)
{
	ck_assert_uint_lt(nspans, SPANS_MAX);
	spans[nspans++] =
	    (struct span){what, owner, (uintptr_t)p, (uintptr_t)p + bytes - 1};
}

static bool
share(const struct span *a, const struct span *b, unsigned line)
{
	return a->owner != b->owner && a->from / line <= b->to / line &&
	       b->from / line <= a->to / line;
}

/* Returns how many pairs of spans of two owners have a line in common. */
static unsigned
shared_lines(unsigned line, bool shown)
{
	unsigned n = 0;

	for (unsigned i = 0; i < nspans; i++)
		for (unsigned j = 0; j < i; j++) {
			if (!share(&spans[i], &spans[j], line))
				continue;
			n++;
			if (shown)
				printf("%s of %u shares %u bytes with %s of "
				       "%u\n",
				    spans[i].what, spans[i].owner, line,
				    spans[j].what, spans[j].owner);
		}
	return n;
}

START_TEST(shared_lines_are_found)
{
	static _Alignas(512) char block[512];

	note("a", 0, block, 64);
	note("b", 1, block + 256, 8);
	ck_assert_uint_eq(shared_lines(64, false), 0);
	note("c", 2, block + 63, 1);
	ck_assert_uint_eq(shared_lines(64, false), 1);
	note("d", 0, block + 62, 1); /* the same owner's */
	ck_assert_uint_ge(shared_lines(64, false), 2);
}
END_TEST

static struct counters *
note_counters(const char *path)
{
	const char *cores[CORES], *ports[PORTS] = {"wan", "lan"};
	char text[CORES][COUNTERS_NAME_MAX];
	size_t bytes = CORE_COUNTERS * sizeof(uint64_t);
	struct counters *c;
	struct err err = {0};

	for (unsigned i = 0; i < CORES; i++) {
		snprintf(text[i], sizeof text[i], "core %u", i);
		cores[i] = text[i];
	}
	ck_assert_msg(core_counters_create(
			  &c, path, cores, CORES, ports, PORTS, &err) == 0,
	    "%s", err.text);
	for (unsigned i = 0; i < CORES; i++)
		note("counters", i, counters_block(c, i), bytes);
	note("counters", MANAGEMENT, counters_block(c, CORES),
	    (PORTS + 1) * bytes);
	return c;
}

static struct live *
note_live(void)
{
	struct live *live;
	struct err err = {0};

	ck_assert_int_eq(live_new(&live, CORES, &err), 0);
	note("pair", ANYBODY, &live->pair, sizeof live->pair);
	note("slots", MANAGEMENT, live->slots, sizeof live->slots);
	note("token", MANAGEMENT, live->readers, sizeof *live->readers);
	for (unsigned i = 0; i < CORES; i++)
		note("quiescence", i, &live->readers->qsbr_cnt[i],
		    sizeof live->readers->qsbr_cnt[i]);
	return live;
}

/* As launch.c has them: arrays whose element is a core's. */
static void
note_arrays(struct core *cores, struct exception_queue *queues)
{
	for (unsigned i = 0; i < CORES; i++) {
		note("core", i, &cores[i], sizeof cores[i]);
		note("limits", i, &queues[i],
		    offsetof(struct exception_queue, to_kernel));
		note("rings", ANYBODY, &queues[i].to_kernel,
		    2 * sizeof queues[i].to_kernel);
	}
}

START_TEST(no_line_has_two_writers)
{
	size_t n = CORES;
	struct core *cores = aligned_alloc(CORE_ALIGN,
	    (n * sizeof *cores + CORE_ALIGN - 1) / CORE_ALIGN * CORE_ALIGN);
	struct exception_queue *queues =
	    aligned_alloc(CORE_ALIGN, n * sizeof *queues);
	struct answer_batch *batches[CORES];
	struct counters *counters;
	char dir[UNIT_PATH_MAX], path[UNIT_PATH_MAX];
	struct live *live;

	unit_directory_make(dir);
	unit_path(path, dir, "counters");
	ck_assert(cores && queues);
	note_arrays(cores, queues);
	counters = note_counters(path);
	live = note_live();
	for (unsigned i = 0; i < CORES; i++) {
		batches[i] = answer_batch_new();
		ck_assert_ptr_nonnull(batches[i]);
		note("batch", i, batches[i], sizeof *batches[i]);
	}
	ck_assert_uint_eq(shared_lines(CACHE_LINE_BYTES, true), 0);
	printf("%u spans of %d cores, management and nobody: no common line; "
	       "%u common pairs of lines\n",
	    nspans, CORES, shared_lines(CORE_ALIGN, false));
	for (unsigned i = 0; i < CORES; i++)
		answer_batch_free(batches[i]);
	live_free(&live);
	counters_close(&counters);
	free(queues);
	free(cores);
	unit_directory_remove(dir);
}
END_TEST

UNIT_MAIN("poll_layout", shared_lines_are_found, no_line_has_two_writers)
