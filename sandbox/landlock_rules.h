/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Landlock: what of the file system a process may still use. A ruleset denies
 * all that it handles; rules give folders and files back. Holds for the thread
 * that enforces it and what it starts, for good. Kernels before 5.13, and those
 * that were told not to, have none: then `version` is 0 and nothing is
 * enforced, which the caller says.
 */
#ifndef HOLDFAST_LANDLOCK_RULES_H
#define HOLDFAST_LANDLOCK_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum landlock_grant {
	LANDLOCK_GRANT_READ,  /* files, and what is in folders */
	LANDLOCK_GRANT_WRITE, /* that, and all but executing and devices */
};

struct landlock_rules {
	int fd;           /* -1: there is no Landlock */
	unsigned version; /* 0: none */
};

int landlock_rules_open(struct landlock_rules *r, struct err *err);
/* The file, or the folder and all below it. What is not there gets no rule:
 * that is no error. */
int landlock_rules_grant(struct landlock_rules *r, const char *path,
    enum landlock_grant grant, struct err *err);
/* On this thread, and those that it will start. Needs no_new_privs. */
int landlock_rules_bind(const struct landlock_rules *r, struct err *err);
/* The same, then closes. */
int landlock_rules_enforce(struct landlock_rules *r, struct err *err);
void landlock_rules_close(struct landlock_rules *r);

#endif
