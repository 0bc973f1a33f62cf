/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The cage of the programs that answer, holdfast-dataplane and
 * holdfast-sockets: what is left to them once their ports and sockets are open.
 *
 *   opened   while the process is still who it was: which files
 *   entered  by each thread: capabilities, Landlock
 *   locked   once, for all threads: seccomp, what is not listed fails (EPERM)
 *
 * Nothing here stops answers: what a kernel does not have is said in the log.
 */
#ifndef HOLDFAST_ANSWER_CAGE_H
#define HOLDFAST_ANSWER_CAGE_H

#include <linux/capability.h>

#include "sandbox/landlock_rules.h"

/* Root without them could not read and write what other users own: it stays
 * root where no user is set. */
#define ANSWER_CAGE_ROOT_CAPABILITIES                                          \
	(1ull << CAP_DAC_OVERRIDE | 1ull << CAP_DAC_READ_SEARCH |              \
	    1ull << CAP_FOWNER)

struct answer_cage {
	struct landlock_rules rules;
	uint64_t capabilities; /* kept: 1 << CAP_... */
};

/* What is not there gets no rule. */
struct answer_cage_files {
	const char *const *writable; /* files and folders; ends with NULL */
	/* Files that people replace as they edit them: the folders that they
	 * are in are readable. NULL among them is none. */
	const char *const *edited;
	unsigned nedited;
};

int answer_cage_open(struct answer_cage *c,
    const struct answer_cage_files *files, uint64_t capabilities,
    struct err *err);
int answer_cage_enter(const struct answer_cage *c, struct err *err);
int answer_cage_lock(struct err *err);
void answer_cage_close(struct answer_cage *c);

/* What a program that somebody has taken over would do: tests of debug and asan
 * builds switch these on by name (snapshot/fault.h has them: open, write, exec,
 * fork, trace, socket behind `prefix`). Each is told in the log, with what came
 * of it; `hit` says which are on. */
void answer_cage_try(bool (*hit)(const char *what));

#endif
