/* SPDX-License-Identifier: BSD-2-Clause
 *
 * On SIGSEGV, SIGBUS, SIGABRT, SIGILL and SIGFPE: writes the burst in hand
 * (burst_file.h) to a file that was opened beforehand, then lets the signal do
 * what it does, so that core dumps and the service manager see it. Everything
 * in the handler is async-signal-safe and runs on a stack of its own.
 *
 * Whose burst: of the thread that the fault is of, if it answers queries. An
 * abort from outside (a watchdog's SIGABRT for a core that hangs) is of no
 * thread: then those of all.
 *
 * One handler a process. Opened and closed by the main thread; each answering
 * thread enters once, before its loop.
 */
#ifndef HOLDFAST_FAULT_HANDLER_H
#define HOLDFAST_FAULT_HANDLER_H

#include "base/err.h"
#include "dataplane/guard/burst_log.h"

enum { FAULT_HANDLER_THREADS_MAX = 256 };

/* `fd`: an empty file, open for writing; borrowed until close. `program` and
 * `build` live on. */
int fault_handler_open(
    int fd, const char *program, const char *build, struct err *err);
/* The signals do what they did before; nothing is borrowed any more. All
 * threads that entered have ended. */
void fault_handler_close(void);

/* The calling thread answers queries and holds them in `log` (borrowed). */
int fault_handler_enter(struct burst_log *log, struct err *err);
void fault_handler_leave(struct burst_log *log);

#endif
