/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Many small pieces of work on all CPUs that there are: the caller's thread
 * works too, and tells the progress.
 */
#ifndef HOLDFAST_DNSSEC_THREADS_H
#define HOLDFAST_DNSSEC_THREADS_H

#include <stdint.h>

struct dnssec_work {
	uint64_t count;   /* pieces: numbers 0 .. count - 1 */
	unsigned chunk;   /* taken at once */
	unsigned threads; /* at most; 0: one for each CPU */
	/* Each thread's own; NULL on failure. Both may be NULL. */
	void *(*begin)(void *arg);
	void (*end)(void *own);
	/* Pieces from .. to - 1. 0, or negative: the rest is left. */
	int (*run)(void *arg, void *own, uint64_t from, uint64_t to);
	void (*progress)(void *arg, uint64_t done, uint64_t total);
	void *arg, *progress_arg;
};

/* 0; or negative when a piece failed or a thread could not begin (that is: out
 * of memory). */
int dnssec_work_do(const struct dnssec_work *w);

#endif
