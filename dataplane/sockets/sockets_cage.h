/* SPDX-License-Identifier: BSD-2-Clause
 *
 * How holdfast-sockets gives up what it had to have at its start, when its
 * sockets are open and before its workers start: its user, its capabilities,
 * files and system calls. It reads the store and what is beside it (a store
 * that is put back from a backup is another folder of the same name), and
 * writes the run directory and what it crashed of. Main thread.
 */
#ifndef HOLDFAST_SOCKETS_CAGE_H
#define HOLDFAST_SOCKETS_CAGE_H

#include "dataplane/sockets/sockets_options.h"

/* `files`: of our own, which the user has to own; NULL at the end. */
int sockets_cage_enter(
    const struct sockets_options *o, const char *const *files, struct err *err);

/* Tests of debug builds: tries to leave (sandbox/answer_cage.h). */
void sockets_cage_try(void);

#endif
