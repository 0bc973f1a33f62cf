/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The names of the counters of holdfast-sockets, and where their values are.
 * Run by the main thread at start and at the end; the blocks are written by
 * the workers. Allocates the names and, without a run directory, the values.
 */
#include "dataplane/sockets/sockets_counters.h"

#include <stdio.h>
#include <stdlib.h>

#include "snapshot/dataplane_protocol.h"

enum { COUNTER_BLOCKS_MAX = 65 };

struct sockets_counters {
	struct counters *file; /* NULL: private */
	counter_t *private;
	unsigned nblocks;
};

static const char *const plain_names[COUNT_PLAIN] = {
#define COUNTER_NAME(name, text) [COUNT_##name] = text,
    SOCKETS_COUNTERS(COUNTER_NAME)
#undef COUNTER_NAME
};

static const char *const rcode_names[COUNT_RCODES] = {"noerror", "formerr",
    "servfail", "nxdomain", "notimp", "refused", "yxdomain", "yxrrset",
    "nxrrset", "notauth", "notzone", "dsotypeni", "12", "13", "14", "15",
    "badvers", "badkey", "badtime", "badmode", "badname", "badalg", "badtrunc",
    "badcookie"};

static void
name_make(char *dst, unsigned counter)
{
	const size_t n = COUNTERS_NAME_MAX;

	if (counter < COUNT_PLAIN)
		snprintf(dst, n, "%s", plain_names[counter]);
	else if (counter < COUNT_VERDICT_TCP)
		snprintf(dst, n, "verdict_udp{%s}",
		    verdict_name(counter - COUNT_VERDICT_UDP));
	else if (counter < COUNT_RCODE)
		snprintf(dst, n, "verdict_tcp{%s}",
		    verdict_name(counter - COUNT_VERDICT_TCP));
	else if (counter < COUNT_CYCLES_LOG2)
		snprintf(
		    dst, n, "rcode{%s}", rcode_names[counter - COUNT_RCODE]);
	else
		snprintf(
		    dst, n, "cycles_log2{%u}", counter - COUNT_CYCLES_LOG2);
}

static int
file_make(struct sockets_counters *c, const char *run_dir, struct err *err)
{
	static char names[COUNT_ALL][COUNTERS_NAME_MAX];
	static char labels[COUNTER_BLOCKS_MAX][COUNTERS_NAME_MAX];
	const char *name_at[COUNT_ALL], *label_at[COUNTER_BLOCKS_MAX];
	char path[4096];

	for (unsigned i = 0; i < COUNT_ALL; i++) {
		name_make(names[i], i);
		name_at[i] = names[i];
	}
	for (unsigned i = 0; i < c->nblocks; i++) {
		if (i + 1 < c->nblocks)
			snprintf(labels[i], sizeof labels[i], "thread %u", i);
		else
			snprintf(labels[i], sizeof labels[i], "management");
		label_at[i] = labels[i];
	}
	snprintf(path, sizeof path, "%s/%s", run_dir, SOCKETS_COUNTERS_NAME);
	return counters_create(
	    &c->file, path, name_at, COUNT_ALL, label_at, c->nblocks, err);
}

int
sockets_counters_new(struct sockets_counters **out, const char *run_dir,
    unsigned nworkers, struct err *err)
{
	struct sockets_counters *c = calloc(1, sizeof *c);
	int rc = 0;

	if (c == NULL)
		return err_set(err, ERR_NO_MEMORY, "counters: out of memory");
	c->nblocks = nworkers + 1;
	if (run_dir) {
		rc = file_make(c, run_dir, err);
	} else {
		c->private = calloc((size_t)c->nblocks * COUNT_ALL, 8);
		if (c->private == NULL)
			rc = err_set(
			    err, ERR_NO_MEMORY, "counters: out of memory");
	}
	if (rc) {
		free(c);
		return rc;
	}
	*out = c;
	return 0;
}

void
sockets_counters_free(struct sockets_counters **c)
{
	if (*c == NULL)
		return;
	if ((*c)->file)
		counters_close(&(*c)->file);
	free((*c)->private);
	free(*c);
	*c = NULL;
}

counter_t *
sockets_counters_block(struct sockets_counters *c, unsigned block)
{
	if (c->file)
		return counters_block(c->file, block);
	return c->private + (size_t)block * COUNT_ALL;
}

uint64_t
sockets_counters_sum(struct sockets_counters *c, unsigned counter)
{
	uint64_t sum = 0;

	for (unsigned b = 0; b < c->nblocks; b++)
		sum +=
		    atomic_load_explicit(&sockets_counters_block(c, b)[counter],
			memory_order_relaxed);
	return sum;
}
