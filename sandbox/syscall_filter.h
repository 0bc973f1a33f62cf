/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A seccomp filter from a table: which system calls a process may still make,
 * some of them only with such arguments. Holds for the thread that loads it and
 * what it starts, for good. Calls of other architectures kill.
 */
#ifndef HOLDFAST_SYSCALL_FILTER_H
#define HOLDFAST_SYSCALL_FILTER_H

#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Allowed if (argument & mask) == value; more rows for one call: any of them.
 */
struct syscall_limit {
	int number; /* SCMP_SYS() */
	unsigned argument;
	uint64_t mask, value;
};

/* Fails with that errno, whatever the rest is told. */
struct syscall_failure {
	int number, cause;
};

struct syscall_table {
	const int *allowed;
	size_t nallowed;
	const struct syscall_limit *limits;
	size_t nlimits;
	const struct syscall_failure *failures;
	size_t nfailures;
	uint32_t otherwise; /* SCMP_ACT_... */
	bool all_threads;   /* those that run already too */
};

/* Sets no_new_privs. */
int syscall_filter_load(const struct syscall_table *t, struct err *err);

#endif
