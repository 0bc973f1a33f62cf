/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The cages of holdfastd and of its parser: what each may still ask of the
 * kernel, in one place. Both are entered once, before threads and before
 * anything of somebody else's is read, and never left.
 */
#ifndef HOLDFAST_CONFINE_H
#define HOLDFAST_CONFINE_H

#include "base/err.h"

/* ASan and LSan ask more of the kernel than we do. */
#ifdef __SANITIZE_ADDRESS__
#define CONFINE_SANITIZER 1
#else
#define CONFINE_SANITIZER 0
#endif

/* The parser: reads below the folders, and a few files of the system; writes
 * to standard error and to the descriptor `out`. No other file, no network, no
 * process, no executable memory; who tries dies of SIGSYS. `landlock`: its
 * version that is used, 0 without. */
int confine_parser(char *const *folders, size_t nfolders, int out,
    unsigned *landlock, struct err *err);

struct confine_control {
	const char *const *writable; /* folders: store, run, keys */
	const char *const *readable; /* files and folders beside the system's */
};

/* holdfastd: what is listed may be written or read, besides what libraries
 * read; calls that it has no reason to make fail with EPERM: execute, trace,
 * fork, mount and all else. Lists end with NULL. */
int confine_control(
    const struct confine_control *c, unsigned *landlock, struct err *err);

#endif
